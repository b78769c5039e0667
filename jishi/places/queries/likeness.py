"""Drawn grids beside what was calculated: do they part the houses as a plan with a fault does, and how many households
has each? (spec 21 §17.1: no path leads from a plan with a fault to an edition, and a mark in a file can be taken away.)
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from jishi.foundation.actor import Actor
from jishi.kernels.geo.partition import PolygonIndex
from jishi.kernels.geo.validate import WARNING, Finding
from jishi.places import plan_files, shapes
from jishi.places.drawings import Drawn, Report
from jishi.places.models import PlanRun, RunStatus
from jishi.places.queries import plans
from jishi.places.refusals import FileOfFaultyPlan

LOOKED_AT = 20  # calculations of the community, the newest first


def ensure_no_faulty_plan(report: Report, *, by: Actor) -> None:
    """Refuse drawn grids that part the houses exactly as a calculation with faults did, whatever they are called.

    Grids that part them as the edition did from which was calculated are that edition's, and let through.

    :raises FileOfFaultyPlan: they are that plan.
    """
    rows = PlanRun.objects.filter(
        tenant_id=by.tenant_id, community=report.division, status=RunStatus.DONE, faults__gt=0
    ).order_by("-id")[:LOOKED_AT]
    index = None
    for run in rows:
        index = index if index is not None else _index(report.grids)
        frozen, plan = plan_files.plan_of(run)
        units, plane = frozen.problem.units, frozen.plane
        at = index.locate(units.x / plane.east + plane.lng, units.y / plane.north + plane.lat).grid
        was = frozen.problem.previous
        if _same(at, plan.assignment) and (was is None or not _same(at, was)):
            raise FileOfFaultyPlan


def households_out_of_band(report: Report, *, by: Actor) -> Sequence[Finding]:
    """Warn of general grids whose households, as the register counts them, lie outside the band that was last asked
    for; where nothing was ever calculated no band is known, and nothing is said."""
    rows = PlanRun.objects.filter(tenant_id=by.tenant_id, community=report.division, status=RunStatus.DONE)
    band = rows.order_by("-id").values_list("lo", "hi").first()
    if band is None:
        return ()
    houses = plans.units_for_planning(report.division, by=by)
    index = _index(report.grids)
    at = np.asarray(index.locate(houses.lng, houses.lat).grid)
    homes = np.bincount(at[at >= 0], np.array(houses.households)[at >= 0], len(index.codes))
    held: Mapping[str, int] = {code: int(n) for code, n in zip(index.codes, homes, strict=True)}
    return [
        Finding("households_out_of_band", (n,), None, 0.0, f"{held[g.code]}:{band[0]}:{band[1]}", WARNING)
        for n, g in enumerate(report.grids)
        if g.kind == "general" and held.get(g.code) and not band[0] <= held[g.code] <= band[1]
    ]


def _index(grids: Sequence[Drawn]) -> PolygonIndex:
    return PolygonIndex({g.code: shapes.rings(shapes.read(g.wkb)) for g in grids})


def _same(one: Any, other: Any) -> bool:
    """Whether two divisions part the units alike; units that lie in no drawn grid tell nothing."""
    inside = np.asarray(one) >= 0
    pairs = np.unique(np.stack([np.asarray(one)[inside], np.asarray(other)[inside]]), axis=1)
    return bool(inside.any()) and all(len(np.unique(row)) == pairs.shape[1] for row in pairs)

"""The map of a plan: its grids, or those it was calculated from (spec 21 §12)."""

from typing import Any

import shapely

from jishi.places import shapes
from jishi.places.models import PlanGrid, PlanMove, PlanRun
from jishi.places.queries import plans
from jishi.places.refusals import FileOfFaultyPlan


def as_geojson(run: PlanRun, *, side: str = "after") -> dict[str, Any]:
    """Give the grids of a run, or those of the edition it was calculated from, for the map (RFC 7946, CGCS2000)."""
    if side == "before":
        base = plans.grids_of(run.base_id)
        rows: list[Any] = [(g.grid.code, g.name, shapes.read(g.polygon), {}) for g in base]
    else:
        grids = PlanGrid.objects.filter(run=run).order_by("code")
        moved = set(PlanMove.objects.filter(run=run).values_list("after_code", flat=True).distinct())
        rows = [
            (g.code, g.name, shapes.read(g.polygon), {
                "households": g.households, "mean_walk_m": g.mean_walk_m, "walks": g.walks, "changed": g.code in moved,
                "faulty": g.at_fault, "exempt": g.exempt,
            })
            for g in grids
        ]  # fmt: skip
        special = plans.specials_of(run)
        rows += [(g.grid.code, g.name, shapes.read(g.polygon), {"kind": g.grid.kind}) for g in special]
    features = [
        {
            "type": "Feature", "geometry": shapely.geometry.mapping(shape),
            "properties": {"code": code, "name": code[-3:], "title": name, "fill": f"k{n % 8 + 1}", **more},
        }
        for n, (code, name, shape, more) in enumerate(rows)
        if not shape.is_empty
    ]  # fmt: skip
    page: dict[str, Any] = {"type": "FeatureCollection", "crs_name": "cgcs2000", "features": features}
    if side != "before" and (run.faults or not run.verdict.startswith("legal")):
        page[FileOfFaultyPlan.mark] = {"verdict": run.verdict, "faults": run.faults}
    return page

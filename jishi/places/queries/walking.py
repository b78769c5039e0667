"""Walks and routes of a day: over the barriers and crossings in force, estimated without a net (spec 20 §9)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db.models import Q

from jishi.foundation import scope
from jishi.foundation.refusals import Invalid
from jishi.kernels.geo import routes
from jishi.kernels.geo.walking import Pass
from jishi.places import shapes
from jishi.places.models import Barrier, Crossing
from jishi.places.shapes import E7, Plane

METRES_A_MINUTE = 66.0  # (T) 4 km/h with stops to look
MOST_STOPS = 200


@dataclass(frozen=True, slots=True)
class WalkRoute:
    """A suggestion: stops in order (places in the list given), metres, minutes on foot, the line of each leg.

    `net` is ``estimated``: straight lines × 1.35, hard barriers crossed at crossings. Nothing of it is stored.
    """

    order: tuple[int, ...]
    length_m: float
    given_m: float
    minutes: int
    legs: tuple[tuple[tuple[float, float], ...], ...]
    left_out: tuple[int, ...]
    net: str = "estimated"


def barriers(day: date) -> list[Barrier]:
    """List the barriers in force on a day, by ref."""
    return list(_in_force(Barrier.objects, day).order_by("ref"))


def crossings(day: date, *, step_free: bool = False) -> list[Crossing]:
    """List the crossings in force on a day, by ref; with `step_free` those alone of which it is known."""
    rows = _in_force(Crossing.objects, day).select_related("barrier").order_by("ref")
    return list(rows.filter(step_free=True) if step_free else rows)


def route_for(
    stops: Sequence[tuple[int, int]], start: tuple[int, int], *, day: date, closed: bool = True, step_free: bool = False
) -> WalkRoute:
    """Order stops (longitude and latitude in 1e-7°) on a walk from `start`; never longer than the order given.

    :raises Invalid: no stop, or more than 200.
    """
    if not 1 <= len(stops) <= MOST_STOPS:
        raise Invalid(detail=f"一条路线 1 到 {MOST_STOPS} 个点")
    plane = Plane(start[0] / E7, start[1] / E7)
    hard = [b for b in barriers(day) if b.hard]
    at = {b.id: n for n, b in enumerate(hard)}
    passes = [
        Pass(*plane.xy(c.lng_e7 / E7, c.lat_e7 / E7), at[c.barrier_id])
        for c in crossings(day, step_free=step_free)
        if c.barrier_id in at
    ]
    found = routes.route_for(
        [plane.xy(x / E7, y / E7) for x, y in stops], (0.0, 0.0), closed=closed,
        barriers=[plane.shape(shapes.read(b.geometry)) for b in hard], passes=passes,
    )  # fmt: skip
    legs = tuple(tuple(_degrees(plane, p) for p in leg) for leg in found.legs)
    minutes = round(found.length_m / METRES_A_MINUTE)
    return WalkRoute(found.order, found.length_m, found.given_m, minutes, legs, found.left_out)


def _degrees(plane: Plane, point: tuple[float, float]) -> tuple[float, float]:
    x, y = plane.degrees(*point)
    return round(x, 7), round(y, 7)


def _in_force(rows: Any, day: date) -> Any:
    mine = rows.filter(tenant_id=scope.current().actor.tenant_id, active_from__lte=day)
    return mine.filter(Q(active_to=None) | Q(active_to__gt=day))

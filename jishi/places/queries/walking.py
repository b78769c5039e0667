"""Walks and routes of a day: on the net of ways in force, over its barriers and crossings (spec 20 §9).

Where the net does not lead, or none was adopted, the straight line × 1.35 stands and is marked.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import shapely
from django.db.models import Q
from shapely.geometry import mapping

from jishi.foundation import scope
from jishi.foundation.actor import Actor
from jishi.foundation.refusals import Invalid, NotFound
from jishi.kernels.geo import routes
from jishi.kernels.geo.validate import Finding
from jishi.kernels.geo.walking import Doubles, Pass
from jishi.kernels.geo.walknet import Net, around, metres_between
from jishi.places import drawings, shapes, walknets
from jishi.places.models import Barrier, Crossing, WalkNet
from jishi.places.policies import ensure_may_keep_ground
from jishi.places.shapes import E7, Plane

METRES_A_MINUTE = 66.0  # (T) 4 km/h with stops to look
MOST_STOPS = 200
LEAST_AROUND_M = 1000.0  # of the net beside the stops; a detour farther out is not looked for
DRAWN_M = 2.0  # a map shows a way as near as this
MOST_DRAWN, COARSE_M = 200_000, 25.0  # edges drawn as they are; above, their ends on so many metres, doubled as needed
ESTIMATED = "estimated"


@dataclass(frozen=True, slots=True)
class WalkRoute:
    """A suggestion: stops in order (places in the list given), metres, minutes on foot, the line of each leg.

    `net` is the number of the net of ways, or ``estimated`` where there is none: straight lines × 1.35, hard barriers
    crossed at crossings. `straight` says it of each leg. Nothing of it is stored.
    """

    order: tuple[int, ...]
    length_m: float
    given_m: float
    minutes: int
    legs: tuple[tuple[tuple[float, float], ...], ...]
    left_out: tuple[int, ...]
    net: str = ESTIMATED
    straight: tuple[bool, ...] = ()
    metres: tuple[float, ...] = ()  # of each leg


@dataclass(frozen=True, slots=True)
class Walked:
    """Metres on foot between two places; None: nobody gets there. `straight`: an estimate by straight line."""

    metres: float | None
    straight: bool


def walk_net(day: date) -> WalkNet | None:
    """Give the net of ways in force on a day, without its arrays."""
    rows = _in_force(WalkNet.objects.filter(state="adopted"), day)
    found: WalkNet | None = rows.defer("arrays", "report").first()
    return found


def walk_nets(*, by: Actor, limit: int = 20) -> list[WalkNet]:
    """List the nets that came in as files, the newest first. :raises NotAllowed: as the verbs do."""
    ensure_may_keep_ground(by)
    return list(WalkNet.objects.filter(tenant_id=by.tenant_id).defer("arrays").order_by("-checked_at", "-id")[:limit])


def one_walk_net(net_id: int, *, by: Actor) -> WalkNet:
    """Give one net with its report. :raises NotFound: there is none. :raises NotAllowed: as the verbs do."""
    ensure_may_keep_ground(by)
    row: WalkNet | None = WalkNet.objects.filter(tenant_id=by.tenant_id, id=net_id).defer("arrays").first()
    if row is None:
        raise NotFound
    return row


def ways_of(row: WalkNet) -> tuple[Plane, Net]:
    """Give the ways of a net in metres of a plane."""
    mine = WalkNet.objects.filter(tenant_id=row.tenant_id, id=row.id)
    return walknets.kept(row.id, row.sha256, lambda: mine.values_list("arrays", flat=True).get())


def told(row: WalkNet, lang: str) -> list[dict[str, Any]]:
    """Give the findings of a net's report with their sentences."""
    return [
        {**f, "words": drawings.told(Finding(
            f["code"], tuple(f["features"]), f["place"] and (f["place"][0], f["place"][1]), f["size_m2"], f["proposal"],
            f["level"],
        ), lang)}
        for f in row.report["findings"]
    ]  # fmt: skip


def drawn(row: WalkNet) -> dict[str, Any]:
    """Give the map of a net: its ways as one line, coarser for a large one, each finding's place by its number.

    :raises NotFound: it was dropped.
    """
    if row.state == "dropped":
        raise NotFound
    plane, net = ways_of(row)
    ends = _few(np.stack([np.stack([net.x[n], net.y[n]], axis=1) for n in (net.u, net.v)], axis=1))
    ways = shapely.simplify(shapely.line_merge(shapely.multilinestrings(shapely.linestrings(ends))), DRAWN_M)
    at = {"type": "Feature", "properties": {"code": "ways", "kind": "line"}}
    shape = shapely.transform(ways, lambda c: c / (plane.east, plane.north) + (plane.lng, plane.lat))
    points = [
        {"type": "Feature", "properties": {"code": f"f{n}", "name": str(n)},
         "geometry": {"type": "Point", "coordinates": f["place"]}}
        for n, f in enumerate(row.report["findings"], start=1)
        if f["place"]
    ]  # fmt: skip
    return {"type": "FeatureCollection", "features": [{**at, "geometry": mapping(shape)}, *points[:300]]}


def _few(ends: Doubles) -> Doubles:
    """At most so many edges as a map is drawn of, [edge, end, x or y]."""
    metres = COARSE_M
    while len(ends) > MOST_DRAWN:
        cells = np.round(ends / metres).astype(np.int64)
        cells = cells[(cells[:, 0] != cells[:, 1]).any(axis=1)].reshape(-1, 4)
        turned = (cells[:, 0] > cells[:, 2]) | ((cells[:, 0] == cells[:, 2]) & (cells[:, 1] > cells[:, 3]))
        cells[turned] = cells[turned][:, [2, 3, 0, 1]]
        ends, metres = np.unique(cells, axis=0).reshape(-1, 2, 2) * metres, metres * 2
    return ends


def hard_barriers(day: date, plane: Plane, *, step_free: bool = False) -> tuple[list[Any], list[Pass]]:
    """Give the hard barriers of a day as shapes of a plane, and the crossings by which they are passed."""
    hard = [b for b in barriers(day) if b.hard]
    at = {b.id: n for n, b in enumerate(hard)}
    passes = [
        Pass(*plane.xy(c.lng_e7 / E7, c.lat_e7 / E7), at[c.barrier_id])
        for c in crossings(day, step_free=step_free)
        if c.barrier_id in at
    ]
    return [plane.shape(shapes.read(b.geometry)) for b in hard], passes


def walks_between(pairs: Sequence[tuple[tuple[int, int], tuple[int, int]]], *, day: date) -> list[Walked]:
    """Give the metres on foot of many pairs of places (longitude and latitude in 1e-7°), in their order."""
    if not pairs:
        return []
    flat = [place for pair in pairs for place in pair]
    metres, straight = metres_of(flat, [(2 * n, 2 * n + 1) for n in range(len(pairs))], day=day)
    return [
        Walked(round(far, 2) if np.isfinite(far) else None, guess)
        for far, guess in zip(metres.tolist(), straight.tolist(), strict=True)
    ]


def metres_of(
    flat: Sequence[tuple[int, int]], pairs: Sequence[tuple[int, int]] | Any, *, day: date
) -> tuple[Doubles, Any]:
    """Give the metres on foot of pairs of places (rows of `flat`, in 1e-7°), infinite where nobody gets there, and
    which of them are straight lines × 1.35."""
    row = walk_net(day)
    nothing = Net(*(np.empty(0, t) for t in (float, float, np.int32, np.int32, float, bool)))
    plane, net = (Plane(flat[0][0] / E7, flat[0][1] / E7), nothing) if row is None else ways_of(row)
    hard, passes = hard_barriers(day, plane)
    places = np.array([plane.xy(x / E7, y / E7) for x, y in flat])
    return metres_between(_beside(net, places), pairs, places, hard, passes)


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
    row = walk_net(day)
    plane, net = (Plane(start[0] / E7, start[1] / E7), None) if row is None else ways_of(row)
    hard, passes = hard_barriers(day, plane, step_free=step_free)
    begin, *others = [plane.xy(x / E7, y / E7) for x, y in (start, *stops)]
    found = routes.route_for(
        others, begin, closed=closed, barriers=hard, passes=passes, step_free=step_free,
        net=None if net is None else _beside(net, [begin, *others]),
    )  # fmt: skip
    legs = tuple(tuple(_degrees(plane, p) for p in leg) for leg in found.legs)
    return WalkRoute(
        found.order, found.length_m, found.given_m, round(found.length_m / METRES_A_MINUTE), legs, found.left_out,
        ESTIMATED if row is None else str(row.number), found.straight, found.metres,
    )  # fmt: skip


def _beside(net: Net, places: Sequence[tuple[float, float]] | Doubles) -> Net:
    """The net around the places, so far out as they lie from each other: a town's whole net is not searched."""
    (west, south), (east, north) = np.min(places, axis=0).tolist(), np.max(places, axis=0).tolist()
    more = max(LEAST_AROUND_M, east - west, north - south)
    return around(net, (west - more, south - more, east + more, north + more))


def _degrees(plane: Plane, point: tuple[float, float]) -> tuple[float, float]:
    x, y = plane.degrees(*point)
    return round(x, 7), round(y, 7)


def _in_force(rows: Any, day: date) -> Any:
    mine = rows.filter(tenant_id=scope.current().actor.tenant_id, active_from__lte=day)
    return mine.filter(Q(active_to=None) | Q(active_to__gt=day))

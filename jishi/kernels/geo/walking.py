"""How far do people walk between places, when some lines cannot be crossed but at bridges, underpasses and gates?

Without a net of paths: straight lines, 1.35 times as long as they are (T), hard barriers crossed at crossings only or
walked around at their ends. An estimate, and marked as one by whoever shows it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import shapely

DETOUR = 1.35  # (T) walked metres for each metre of a straight line
ON_IT_M = 15.0  # a crossing lies on its barrier if it is no farther away (spec 20 §10)
_CLEAR_M, _MOST_CORNERS = 2.0, 240
Doubles = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Pass:
    """A crossing at (x, y) in metres, of the barrier with this place in the list of barriers."""

    x: float
    y: float
    barrier: int


@dataclass(frozen=True, slots=True)
class Walks:
    """Metres between any two places (infinite where nobody gets), and the way points of each walk."""

    metres: Doubles
    nodes: Doubles
    towards: npt.NDArray[np.int32]  # [from, to] → the next node on the way

    def path(self, a: int, b: int) -> list[tuple[float, float]]:
        """This will give the points of the walk from place a to place b; nothing where nobody gets there."""
        if not np.isfinite(self.metres[a, b]):
            return []
        found = [a]
        while found[-1] != b:
            found.append(int(self.towards[found[-1], b]))
        return [(float(self.nodes[n, 0]), float(self.nodes[n, 1])) for n in found]


def walks(places: Sequence[tuple[float, float]], barriers: Sequence[Any] = (), passes: Sequence[Pass] = ()) -> Walks:
    """This will give the walks between places (metres of a plane) that cross no hard barrier away from a crossing.

    `barriers` are lines or polygons of the same plane. A crossing is put onto its barrier; a polygon (a river) is
    crossed within one and a half times the way from the crossing to its bank.
    """
    corners = _corners(barriers)
    points = [_onto(p, barriers[p.barrier]) for p in passes]
    nodes = np.array([*places, *points, *corners], np.float64).reshape(-1, 2)
    open_ = _open_lines(nodes, len(places), barriers, passes)
    east, north = nodes[:, 0], nodes[:, 1]
    metres = np.hypot(east[:, None] - east, north[:, None] - north) * DETOUR
    metres[~open_] = np.inf
    np.fill_diagonal(metres, 0.0)
    towards = np.broadcast_to(np.arange(len(nodes), dtype=np.int32), metres.shape).copy()
    for via in range(len(places), len(nodes)):
        through = metres[:, via, None] + metres[None, via, :]
        better = through < metres - 1e-9
        if better.any():
            metres = np.where(better, through, metres)
            towards = np.where(better, towards[:, via, None], towards)
    return Walks(metres, nodes, towards)


def _onto(one: Pass, barrier: Any) -> tuple[float, float]:
    """A crossing of a line stands on the line; one of a polygon stays where it is."""
    point = shapely.Point(one.x, one.y)
    if barrier.area:
        return one.x, one.y
    on = barrier.interpolate(barrier.project(point)) if barrier.geom_type == "LineString" else (
        shapely.shortest_line(barrier, point).interpolate(0.0)
    )  # fmt: skip
    return float(on.x), float(on.y)


def _corners(barriers: Sequence[Any]) -> list[tuple[float, float]]:
    """Where a walk around a barrier turns: just beside its ends and corners."""
    rings = [shapely.simplify(b.buffer(_CLEAR_M, cap_style="square", join_style="mitre"), 1.0) for b in barriers]
    found = [p for r in rings for part in getattr(r, "geoms", [r]) for p in part.exterior.coords[:-1]]
    if len(found) > _MOST_CORNERS:  # many bends: only the ends of lines are walked around
        lines = [b for b in barriers if b.geom_type == "LineString"]
        found = [p for b in lines for p in _ends(b)]
    return [(float(x), float(y)) for x, y, *_ in found[:_MOST_CORNERS]]


def _ends(line: Any) -> list[tuple[float, float]]:
    box = line.buffer(_CLEAR_M, cap_style="square").exterior.coords
    points = np.array(box[:-1])[:, :2]
    near = [np.argsort(np.hypot(*(points - line.coords[at][:2]).T))[:2] for at in (0, -1)]
    return [tuple(points[n]) for pair in near for n in pair]


def _open_lines(nodes: Doubles, places: int, barriers: Sequence[Any], passes: Sequence[Pass]) -> Any:
    """Which straight lines between nodes meet no barrier, or meet it at the crossing that they begin or end with."""
    count = len(nodes)
    clear = np.ones((count, count), bool)
    if not barriers or count < 2:
        return clear
    a, b = np.triu_indices(count, 1)
    lines = shapely.linestrings(np.stack((nodes[a], nodes[b]), axis=1))
    line_of, of_barrier = shapely.STRtree(list(barriers)).query(lines, predicate="intersects")
    crossing = {places + n: p for n, p in enumerate(passes)}
    for at, n in zip(line_of.tolist(), of_barrier.tolist(), strict=True):
        ends = [e for e in (int(a[at]), int(b[at])) if e in crossing and crossing[e].barrier == n]
        if not ends or not _crossed_there(lines[at], barriers[n], [nodes[e] for e in ends]):
            clear[a[at], b[at]] = clear[b[at], a[at]] = False
    return clear


def _crossed_there(line: Any, barrier: Any, points: Sequence[Any]) -> bool:
    """Whether all that the line shares with the barrier lies around these crossings."""
    shared = shapely.intersection(line, barrier)
    for point in points:
        at = shapely.Point(point)
        bank = at.distance(barrier.boundary) if barrier.area and barrier.covers(at) else 0.0
        reach = max(1.0, 1.5 * bank + ON_IT_M) if barrier.area else 1.0
        shared = shapely.difference(shared, at.buffer(reach))
    return bool(shared.is_empty)

"""From points to ground: each point's nearest ground inside a border, and how long two of them touch.

Shapes are shapely's, in metres of one plane. The order of points has no influence: they are sorted by place first.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import shapely

from .values import Doubles, Ints

NEAR = 0.01  # m: two cells that come as near touch; Voronoi's corners differ by rounding
SHORTEST = 0.5  # m of common border below which two cells only meet in a corner
GOLDEN = np.pi * (3.0 - np.sqrt(5.0))
TOUCHING = 1.0  # m around which points at one place are spread
DISC = 10.0  # m: the ground of a point whose border leaves it none

Shapes = Sequence[Any]


def parts_of(shape: Any) -> list[Any]:
    """Give the polygons of a polygon or multipolygon, the largest first."""
    found = [p for p in shapely.get_parts(shape) if p.geom_type == "Polygon" and p.area > 0]
    return sorted(found, key=lambda p: (-p.area, p.bounds))


def spread(x: Doubles, y: Doubles) -> tuple[Doubles, Doubles, Ints]:
    """This will set points at one place a metre apart (each needs ground of its own); gives which were moved."""
    _, which, times = np.unique(np.stack([x, y]), axis=1, return_inverse=True, return_counts=True)
    moved = np.flatnonzero(times[which] > 1)
    nth = np.zeros(len(x))
    for place in np.unique(which[moved]).tolist():
        rows = np.flatnonzero(which == place)
        nth[rows] = np.arange(len(rows))
    turn, far = nth * GOLDEN, TOUCHING * np.sqrt(nth)
    return x + far * np.cos(turn), y + far * np.sin(turn), moved


def sunflower(x: float, y: float, radius: float, count: int) -> tuple[Doubles, Doubles]:
    """This will give `count` points spread evenly over a disc: where the inside of a compound is not known."""
    nth = np.arange(count)
    turn, far = nth * GOLDEN, radius * np.sqrt((nth + 0.5) / count)
    return x + far * np.cos(turn), y + far * np.sin(turn)


def voronoi(x: Doubles, y: Doubles, ground: Any) -> list[Any]:
    """This will give each point the part of `ground` (one polygon) that is nearest to it, in one piece each.

    What a bend of the border cuts off from its point goes to the cell it touches longest.
    """
    order = np.lexsort((y, x))
    points = shapely.points(x[order], y[order])
    if len(order) == 1:
        return [ground]
    hull = shapely.union_all([ground, shapely.MultiPoint(points)])
    diagram = shapely.voronoi_polygons(shapely.MultiPoint(points), extend_to=hull.envelope, ordered=True)
    shapely.prepare(ground)
    clipped = shapely.get_parts(diagram)
    crossing = ~shapely.contains_properly(ground, clipped)
    clipped[crossing] = shapely.intersection(clipped[crossing], ground)
    whole = _in_one_piece(clipped, points)
    cells: list[Any] = [None] * len(order)
    for place, cell in zip(order.tolist(), whole, strict=True):
        cells[place] = cell
    return cells


def _in_one_piece(clipped: Any, points: Any) -> list[Any]:
    cells, loose = list(clipped), []
    for i, cell in enumerate(cells):
        pieces = parts_of(cell)
        if not pieces:
            cells[i] = shapely.buffer(points[i], DISC)
            continue
        nearest = min(range(len(pieces)), key=lambda p: (pieces[p].distance(points[i]), p))
        cells[i] = pieces.pop(nearest)
        loose += pieces
    while loose:  # a cut-off piece may touch only another one: then it waits for that
        left = [piece for piece in loose if not _given(piece, cells)]
        if len(left) == len(loose):
            break
        loose = left
    return cells


def _given(piece: Any, cells: list[Any]) -> bool:
    near = shapely.STRtree(cells).query(piece, predicate="dwithin", distance=NEAR).tolist()
    lengths = [(common(cells[i], piece), -i) for i in near]
    if not lengths or max(lengths)[0] <= 0:
        return False
    to = -max(lengths)[1]
    joined = shapely.union_all([shapely.buffer(cells[to], NEAR, join_style="mitre"), piece])
    cells[to] = parts_of(joined)[0]
    return True


def common(one: Any, other: Any) -> float:
    """Give the metres of border that two cells have in common."""
    return float(shapely.length(shapely.intersection(shapely.boundary(one), shapely.buffer(other, NEAR))))


def touching(cells: Shapes) -> tuple[Ints, Ints, Doubles, Any]:
    """This will give which cells touch (u < v), along how many metres, and the lines along which they do."""
    shapes = np.asarray(cells, dtype=object)
    u, v = shapely.STRtree(shapes).query(shapes, predicate="dwithin", distance=NEAR)
    u, v = u[u < v], v[u < v]
    order = np.lexsort((v, u))
    u, v = u[order].astype(np.int64), v[order].astype(np.int64)
    lines = shapely.intersection(shapely.boundary(shapes[u]), shapely.buffer(shapes[v], NEAR))
    length = np.round(shapely.length(lines), 2)
    keep = length >= SHORTEST
    return u[keep], v[keep], length[keep], lines[keep]

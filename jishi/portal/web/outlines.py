"""The ground of a grid as a drawing that needs no script, no map server and no colour: it prints in every stairwell."""

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import shapely

from jishi.places.queries import GridRow

SIDE = 600  # units of the drawing's longer side
MARGIN = 24
METRES_PER_DEGREE = 111_320.0


@dataclass(frozen=True, slots=True)
class Outline:
    """Paths of an SVG drawing, north above. `ruler`: the line at its foot that stands for `metres`."""

    width: int
    height: int
    own: str
    others: tuple[tuple[str, float, float, str], ...]  # path, where its number stands, number
    ruler: str
    metres: int


def outline(row: GridRow, near: Sequence[GridRow]) -> Outline:
    """Draw one grid with its neighbours of the same community around it, in true proportions."""
    shape = shapely.from_wkb(bytes(row.polygon))
    west, south, east, north = shape.bounds
    squeeze = float(shapely.get_coordinates(shape)[:, 1].mean())
    wide = math.cos(math.radians(squeeze))
    spread = max((east - west) * wide, north - south) or 1e-6
    scale = (SIDE - 2 * MARGIN) / spread
    width = round((east - west) * wide * scale) + 2 * MARGIN
    height = round((north - south) * scale) + 2 * MARGIN

    def at(x: float, y: float) -> tuple[float, float]:
        return (x - west) * wide * scale + MARGIN, (north - y) * scale + MARGIN

    window = shapely.box(west - spread, south - spread, east + spread, north + spread)
    others = []
    for other in near:
        cut = shapely.intersection(shapely.from_wkb(bytes(other.polygon)), window)
        middle = shapely.intersection(cut, shapely.box(west, south, east, north)).representative_point()
        if cut.is_empty:
            continue
        x, y = at(middle.x, middle.y) if not middle.is_empty else (-99.0, -99.0)
        others.append((_path(cut, at), round(x, 1), round(y, 1), other.code[12:]))
    metres = _round_length(spread * METRES_PER_DEGREE / 4)
    bar, foot = metres / METRES_PER_DEGREE * scale, height - 8
    ruler = f"M8 {foot - 6}V{foot}H{8 + bar:.1f}V{foot - 6}"
    return Outline(width, height, _path(shape, at), tuple(others), ruler, metres)


def _path(shape: shapely.Geometry, at: Callable[[float, float], tuple[float, float]]) -> str:
    parts = []
    for polygon in _polygons(shape):
        for ring in (polygon.exterior, *polygon.interiors):
            points = [at(x, y) for x, y in ring.coords]
            parts.append("M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in points) + "Z")
    return "".join(parts)


def _polygons(shape: shapely.Geometry) -> Iterable[shapely.Polygon]:
    return [p for p in shapely.get_parts(shape) if isinstance(p, shapely.Polygon)]


def _round_length(metres: float) -> int:
    """Give 1, 2 or 5 times a power of ten, the next below.

    >>> _round_length(387.0), _round_length(99.0)
    (200, 50)
    """
    size = 1
    while size * 10 <= metres:
        size *= 10
    return next(size * n for n in (5, 2, 1) if size * n <= max(metres, 1))

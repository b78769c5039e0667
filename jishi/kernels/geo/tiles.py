"""Vector tiles: what of a layer lies in one square of the map, as the Mapbox Vector Tile specification 2.1 has it.

Own and small: the format is a protobuf of four messages. Shapes come in as degrees and are laid once on the square of
the map (spherical Mercator, north above); a tile cuts its own out. Nothing is guessed: what does not fit into a tile is
left out by one rule (the largest stays, then the first), and how many were is said.
"""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import shapely

EXTENT: Final = 4096  # units of a side
BUFFER: Final = 64  # units beyond the edge, so that lines join
LEAST_Z, MOST_Z = 8, 18  # spec 20 §8
MOST_FEATURES: Final = 12_000  # of one tile; about 300 kB packed
_POINT, _LINE, _POLYGON = 1, 2, 3
_LARGEST_LAT: Final = 85.05

Value = str | int | float | bool


@dataclass(frozen=True, slots=True)
class Layer:
    """A layer of a day, laid on the map: made once, asked for many tiles."""

    name: str
    ids: Sequence[int]
    shapes: Any  # array of shapes, sides of the whole map being 1
    sizes: Any  # area of each; 0 of points and lines
    tree: Any
    keys: tuple[str, ...]
    values: tuple[bytes, ...]  # as they stand in a tile
    tags: tuple[tuple[int, ...], ...]  # of each feature: places in keys and values, in turn

    @classmethod
    def of(cls, name: str, rows: Iterable[tuple[int, Any, Mapping[str, Value | None]]]) -> "Layer":
        """Lay rows (id, shape in degrees, what is said of it) on the map. What is empty is not said."""
        kept = list(rows)
        keys: dict[str, int] = {}
        values: dict[bytes, int] = {}
        tags = []
        for _, _, said in kept:
            mine: list[int] = []
            for key, value in said.items():
                if value is not None and value != "":
                    mine += (keys.setdefault(key, len(keys)), values.setdefault(_value(value), len(values)))
            tags.append(tuple(mine))
        drawn = shapely.transform(np.array([shape for _, shape, _ in kept], object), _laid)
        return cls(
            name, [number for number, _, _ in kept], drawn, shapely.area(drawn), shapely.STRtree(drawn), tuple(keys),
            tuple(values), tuple(tags),
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Tile:
    """A tile, not packed; `left_out`: features that lie in it and found no room."""

    content: bytes
    features: int
    left_out: int


def encode(layer: Layer, z: int, x: int, y: int, *, most: int = MOST_FEATURES) -> Tile:
    """Cut a tile out of a layer. Order of rows does not change which features stand in it, only ties do.

    :raises ValueError: no such tile.
    """
    if not (LEAST_Z <= z <= MOST_Z and 0 <= x < 2**z and 0 <= y < 2**z):
        raise ValueError(f"{z}/{x}/{y}")
    side, edge = 1 / 2**z, BUFFER / EXTENT
    box = ((x - edge) * side, (y - edge) * side, (x + 1 + edge) * side, (y + 1 + edge) * side)
    hit = np.sort(layer.tree.query(shapely.box(*box), predicate="intersects"))
    room = _with_room(layer, hit, side, most)
    shapes = _cut(layer.shapes[room], box)
    shapes = shapely.transform(shapes, lambda c: np.rint((c - (x * side, y * side)) * (EXTENT / side)))
    words: dict[int, int] = {}  # the values that this tile says, and no others
    features = list(_features(layer, room, shapes, words))
    content = _layer(layer, b"".join(features), words) if features else b""
    return Tile(content, len(features), len(hit) - len(room))


def place(lng: float, lat: float, z: int) -> tuple[int, int]:
    """Give the tile in which a point in degrees lies.

    >>> place(0.0, 0.0, 8)
    (128, 128)
    """
    x, y = _laid(np.array([[lng, lat]]))[0]
    return min(int(x * 2**z), 2**z - 1), min(int(y * 2**z), 2**z - 1)


def _laid(degrees: Any) -> Any:
    """Degrees on the square of the map: 0 … 1 to the east, 0 … 1 to the south."""
    lat = np.radians(np.clip(degrees[:, 1], -_LARGEST_LAT, _LARGEST_LAT))
    return np.column_stack((degrees[:, 0] / 360 + 0.5, 0.5 - np.arcsinh(np.tan(lat)) / (2 * math.pi)))


def _with_room(layer: Layer, hit: Any, side: float, most: int) -> Any:
    """Choose what stands in a crowded tile: of each cell the largest, the first of equals; cells grow until it fits."""
    if len(hit) <= most:
        return hit
    order = hit[np.lexsort((hit, -layer.sizes[hit]))]
    middle = shapely.get_coordinates(shapely.centroid(layer.shapes[order]))
    cell = 16
    while True:
        at = np.floor(middle * (EXTENT / side / cell)).astype(np.int64)
        _, first = np.unique(at, axis=0, return_index=True)
        if len(first) <= most or cell >= EXTENT:
            return np.sort(order[np.sort(first)[:most]])
        cell *= 2


def _cut(shapes: Any, box: tuple[float, float, float, float]) -> Any:
    """Cut at the tile's edge what reaches over it."""
    bounds = shapely.bounds(shapes)
    over = (bounds[:, 0] < box[0]) | (bounds[:, 1] < box[1]) | (bounds[:, 2] > box[2]) | (bounds[:, 3] > box[3])
    if over.any():
        shapes = shapes.copy()
        shapes[over] = shapely.clip_by_rect(shapes[over], *box)
    return shapes


def _features(layer: Layer, room: Any, shapes: Any, words: dict[int, int]) -> Iterator[bytes]:
    """Write each feature; one that is smaller than a unit stays as the point where it lies."""
    points, owner = shapely.get_coordinates(shapes, return_index=True)
    begins = np.searchsorted(owner, np.arange(len(shapes) + 1)).tolist()
    units = list(map(tuple, points.astype(np.int64).tolist()))
    plain = ((shapely.get_type_id(shapes) == 3) & (shapely.get_num_interior_rings(shapes) == 0)).tolist()
    for n, at in enumerate(room.tolist()):
        kind, geometry = _house(units[begins[n] : begins[n + 1]]) if plain[n] else _geometry(shapes[n])
        if geometry:
            said = layer.tags[at]
            tags = [words.setdefault(tag, len(words)) if n & 1 else tag for n, tag in enumerate(said)]
            yield _bytes(2, b"".join((
                b"\x08", _varint(layer.ids[at]), _bytes(2, b"".join(map(_varint, tags))), b"\x18", _SHORT[kind],
                _bytes(4, b"".join(map(_varint, geometry))),
            )))  # fmt: skip


def _house(ring: list[tuple[int, int]]) -> tuple[int, list[int]]:
    """A polygon without holes, as nearly all of them are: its points are known, no shape is asked."""
    turned = _turned(ring, inner=False)
    if not turned:
        return (_POINT, _points(ring[:1])) if ring else (0, [])
    said: list[int] = []
    _path(said, turned, (0, 0))
    said.append(15)
    return _POLYGON, said


def _geometry(shape: Any) -> tuple[int, list[int]]:
    if shape.is_empty:
        return 0, []
    kind = shape.geom_type
    if kind in ("Point", "MultiPoint"):
        return _POINT, _points([(int(p.x), int(p.y)) for p in getattr(shape, "geoms", [shape])])
    if "Polygon" in kind:
        found = _polygons(shape)
        return (_POLYGON, found) if found else (_POINT, _points([_first(shape)]))
    if "LineString" in kind:
        found = _lines(shape)
        return (_LINE, found) if found else (_POINT, _points([_first(shape)]))
    return 0, []  # a corner that only touches the edge


def _first(shape: Any) -> tuple[int, int]:
    x, y = shapely.get_coordinates(shape)[0]
    return int(x), int(y)


def _points(points: Sequence[tuple[int, int]]) -> list[int]:
    said, x, y = [1 | len(points) << 3], 0, 0
    for nx, ny in points:
        said += (_zigzag(nx - x), _zigzag(ny - y))
        x, y = nx, ny
    return said


def _lines(shape: Any) -> list[int]:
    said: list[int] = []
    pen = (0, 0)
    for part in getattr(shape, "geoms", [shape]):
        line = _once(_units(part))
        if len(line) >= 2:
            pen = _path(said, line, pen)
    return said


def _polygons(shape: Any) -> list[int]:
    said: list[int] = []
    pen = (0, 0)
    for part in getattr(shape, "geoms", [shape]):
        outer = _turned(_units(part.exterior), inner=False)
        if not outer:
            continue  # shrunk to nothing, and its holes with it
        pen = _path(said, outer, pen)
        said.append(15)
        for hole in part.interiors:
            ring = _turned(_units(hole), inner=True)
            if ring:
                pen = _path(said, ring, pen)
                said.append(15)
    return said


def _units(line: Any) -> list[tuple[int, int]]:
    return list(map(tuple, shapely.get_coordinates(line).astype(np.int64).tolist()))


def _once(line: list[tuple[int, int]]) -> list[tuple[int, int]]:
    return [point for at, point in enumerate(line) if not at or point != line[at - 1]]


def _turned(ring: list[tuple[int, int]], *, inner: bool) -> list[tuple[int, int]]:
    """A ring without its last point, turned as the specification wants it; empty where it holds no area."""
    line = _once(ring)
    if line and line[0] == line[-1]:
        line.pop()
    if len(line) < 3:
        return []
    twice = sum(x * b - a * y for (x, y), (a, b) in zip(line, line[1:] + line[:1], strict=True))
    if twice == 0:
        return []
    return line if (twice > 0) != inner else line[::-1]


def _path(said: list[int], line: Sequence[tuple[int, int]], pen: tuple[int, int]) -> tuple[int, int]:
    x, y = line[0]
    said += (9, _zigzag(x - pen[0]), _zigzag(y - pen[1]), 2 | (len(line) - 1) << 3)
    for nx, ny in line[1:]:
        said += (_zigzag(nx - x), _zigzag(ny - y))
        x, y = nx, ny
    return x, y


# --- the four messages -----------------------------------------------------------------------------------------


def _layer(layer: Layer, features: bytes, words: Iterable[int]) -> bytes:
    keys = b"".join(_bytes(3, key.encode()) for key in layer.keys)
    values = b"".join(_bytes(4, layer.values[word]) for word in words)
    head = b"\x78\x02" + _bytes(1, layer.name.encode())
    return _bytes(3, head + features + keys + values + b"\x28" + _varint(EXTENT))


def _value(said: Value) -> bytes:
    if isinstance(said, bool):
        return b"\x38" + _varint(int(said))
    if isinstance(said, int):
        return b"\x30" + _varint(_zigzag(said))
    if isinstance(said, float):
        return b"\x19" + np.float64(said).tobytes()
    return _bytes(1, said.encode())


def _bytes(field: int, content: bytes) -> bytes:
    return _varint(field << 3 | 2) + _varint(len(content)) + content


def _zigzag(number: int) -> int:
    return number << 1 if number >= 0 else (-number << 1) - 1


_SHORT: Final = tuple(bytes((n,)) for n in range(128))


def _varint(number: int) -> bytes:
    if number < 128:
        return _SHORT[number]
    if number < 16384:
        return bytes((number & 127 | 128, number >> 7))
    said = bytearray()
    while number >= 128:
        said.append(number & 127 | 128)
        number >>= 7
    said.append(number)
    return bytes(said)

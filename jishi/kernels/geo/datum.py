"""One coordinate system inside: CGCS2000 degrees. Others are converted here, at the edge, both ways.

GCJ-02 and BD-09 have no published formula; the constants are those that open converters agree on (`shifts`). A large
batch is converted by compiled loops over the same functions: a point has the same bytes alone and in a batch.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt

from . import shifts
from .mainland import MAINLAND

Doubles = npt.NDArray[np.float64]
Rings = Sequence[Sequence[tuple[float, float]]]
KNOWN = ("cgcs2000", "wgs84", "gcj02", "bd09")
_MANY = 200_000  # points for which the compiler is loaded; that takes a second or two
_PART, _FEW = 4096, 16  # points that are converted together without it (they stay in the cache), and one by one


class UnknownDatum(ValueError):
    """A pair of numbers without a known coordinate system is not a place."""

    code = "unknown_datum"


class SwappedAxes(ValueError):
    """Latitude and longitude stand in each other's place; `corrected` holds them the right way round."""

    code = "swapped_axes"

    def __init__(self, corrected: tuple[Doubles, Doubles]) -> None:
        super().__init__("longitude and latitude are swapped")
        self.corrected = corrected


@dataclass(frozen=True)
class Converted:
    """CGCS2000 degrees, row by row; a row with `bad` is not a place and holds NaN."""

    lng: Doubles
    lat: Doubles
    bad: npt.NDArray[np.bool_]
    source_crs: str


def within(lng: Doubles, lat: Doubles, rings: Rings) -> npt.NDArray[np.bool_]:
    """This will tell which points lie inside the rings taken together (even-odd).

    Half-degree cells that no edge touches answer by look-up; the points of the others are tested.
    """
    cells = _cells(rings)
    column = np.clip(np.floor((lng - cells.west) * 2).astype(np.int64) + 1, 0, cells.state.shape[1] - 1)
    row = np.clip(np.floor((lat - cells.south) * 2).astype(np.int64) + 1, 0, cells.state.shape[0] - 1)
    state = cells.state[row, column]
    inside: npt.NDArray[np.bool_] = state == 1
    open_rows = np.flatnonzero(state == 2)
    if len(open_rows):
        inside[open_rows] = _even_odd(lng[open_rows], lat[open_rows], cells.rings)
    return inside


@dataclass(frozen=True)
class _Cells:
    rings: Rings
    west: float
    south: float
    state: npt.NDArray[np.int8]  # 0 outside, 1 inside, 2 touched by an edge; one empty cell around
    edges: Doubles  # x1, y1, x2, y2, those that reach into a row of cells together
    row_first: npt.NDArray[np.int64]


def _cells(rings: Rings) -> _Cells:
    if rings is MAINLAND:  # not read again for every point
        return _mainland_cells()
    return _cells_of(tuple(tuple((float(x), float(y)) for x, y in ring) for ring in rings))


@lru_cache(maxsize=1)
def _mainland_cells() -> _Cells:
    return _cells_of(MAINLAND)


@lru_cache(maxsize=8)
def _cells_of(rings: tuple[tuple[tuple[float, float], ...], ...]) -> _Cells:
    points = np.array([p for ring in rings for p in ring] or [(0.0, 0.0)])
    west, south = np.floor(points.min(axis=0) * 2) / 2
    size = (np.ceil((points.max(axis=0) - (west, south)) * 2)).astype(int) + 3
    state = np.zeros((int(size[1]), int(size[0])), np.int8)
    for ring in rings:
        for (x1, y1), (x2, y2) in zip(ring, (*ring[1:], ring[0]), strict=True):
            steps = int(max(abs(x2 - x1), abs(y2 - y1)) * 4) + 1
            for k in range(steps):
                xs = sorted((x1 + (x2 - x1) * k / steps, x1 + (x2 - x1) * (k + 1) / steps))
                ys = sorted((y1 + (y2 - y1) * k / steps, y1 + (y2 - y1) * (k + 1) / steps))
                c1, c2 = (int(np.floor((v - west) * 2 + e)) + 1 for v, e in zip(xs, (-1e-6, 1e-6), strict=True))
                r1, r2 = (int(np.floor((v - south) * 2 + e)) + 1 for v, e in zip(ys, (-1e-6, 1e-6), strict=True))
                state[max(r1, 0) : r2 + 1, max(c1, 0) : c2 + 1] = 2
    row, column = np.nonzero(state == 0)
    state[row, column] = _even_odd(west + (column - 0.5) / 2, south + (row - 0.5) / 2, rings)
    return _Cells(rings, float(west), float(south), state, *_edges_by_row(rings, float(south), len(state)))


def _edges_by_row(rings: Rings, south: float, rows: int) -> tuple[Doubles, npt.NDArray[np.int64]]:
    """The edges that reach into each row of half a degree, row after row; an edge in several rows stands in each."""
    ends = [np.asarray(ring, np.float64) for ring in rings]
    edges = np.concatenate([np.empty((0, 4)), *(np.hstack((e, np.roll(e, -1, axis=0))) for e in ends)])
    low, high = (np.floor((f(edges[:, 1], edges[:, 3]) - south) * 2).astype(int) + 1 for f in (np.minimum, np.maximum))
    held = [np.flatnonzero((low <= row) & (high >= row)) for row in range(rows)]
    first = np.concatenate(([0], np.cumsum([len(h) for h in held]))).astype(np.int64)
    return edges[np.concatenate(held)], first


def _even_odd(lng: Doubles, lat: Doubles, rings: Rings) -> npt.NDArray[np.bool_]:
    inside = np.zeros(lng.shape, bool)
    for ring in rings:
        points = np.asarray(ring, np.float64)
        low, high = points.min(axis=0), points.max(axis=0)
        near = np.flatnonzero((lng >= low[0]) & (lng <= high[0]) & (lat >= low[1]) & (lat <= high[1]))
        for (x1, y1), (x2, y2) in zip(points, np.roll(points, -1, axis=0), strict=True) if len(near) else ():
            if y1 == y2:
                continue
            y = lat[near]
            crossed = ((y1 > y) != (y2 > y)) & (lng[near] < x1 + (y - y1) * (x2 - x1) / (y2 - y1))
            inside[near[crossed]] ^= True
    return inside


def _gcj_to_plain(lng: Doubles, lat: Doubles, mainland: Rings) -> tuple[Doubles, Doubles]:
    x, y = _moved("unshifted", lng, lat)
    return _unless(_inside(x, y, mainland), x, y, lng, lat)


def _plain_to_gcj(lng: Doubles, lat: Doubles, mainland: Rings) -> tuple[Doubles, Doubles]:
    x, y = _moved("shifted", lng, lat)
    return _unless(_inside(lng, lat, mainland), x, y, lng, lat)


def _unless(
    shifted: npt.NDArray[np.bool_], x: Doubles, y: Doubles, lng: Doubles, lat: Doubles
) -> tuple[Doubles, Doubles]:
    kept = ~shifted
    np.copyto(x, lng, where=kept)
    np.copyto(y, lat, where=kept)
    return x, y


def _plainly(way: str, lng: Any, lat: Any) -> tuple[Any, Any]:
    """A point, or a part of a small batch, by the functions that the compiled loops are made of."""
    if way in ("first", "second"):
        formula: Callable[..., Any] = getattr(shifts, way)
        x, y, *_slopes = formula(lng, lat)
        return x, y
    near = _clipped(lng, shifts.WEST, shifts.EAST), _clipped(lat, shifts.SOUTH, shifts.NORTH)
    if way == "unshifted":
        x, y = shifts.unshifted(*near)
        return x, y
    east, north, *_slopes = shifts.shift(*near)
    return lng + east, lat + north


def _clipped(value: Any, low: float, high: float) -> Any:
    return min(max(value, low), high) if isinstance(value, float) else np.clip(value, low, high)


def _moved(way: str, lng: Doubles, lat: Doubles) -> tuple[Doubles, Doubles]:
    x, y = np.empty(len(lng)), np.empty(len(lng))
    if len(lng) >= _MANY:
        getattr(_quick(), way)(lng, lat, x, y)
    elif len(lng) <= _FEW:
        for i, (one, other) in enumerate(zip(lng.tolist(), lat.tolist(), strict=True)):
            x[i], y[i] = _plainly(way, one, other)
    else:
        for at in range(0, len(lng), _PART):
            part = slice(at, at + _PART)
            x[part], y[part] = _plainly(way, lng[part], lat[part])
    return x, y


def _inside(lng: Doubles, lat: Doubles, mainland: Rings) -> npt.NDArray[np.bool_]:
    if len(lng) < _MANY:
        return within(lng, lat, mainland)
    cells, inside = _cells(mainland), np.empty(len(lng), np.bool_)
    _quick().within(lng, lat, inside, cells.state, cells.west, cells.south, cells.edges, cells.row_first)
    return inside


def _quick() -> Any:
    from jishi.kernels.geo import compiled  # noqa: PLC0415 — the compiler is loaded at the first large batch

    return compiled


def ensure_known(crs: str | None) -> str:
    """This will give the system's name in small letters.

    :raises UnknownDatum: nothing said, or a system that needs parameters of its own (xian80, beijing54, local).
    """
    name = (crs or "").lower().replace("-", "").replace("_", "")
    name = {"epsg:4490": "cgcs2000", "epsg4490": "cgcs2000", "epsg:4326": "wgs84", "epsg4326": "wgs84"}.get(name, name)
    if name not in KNOWN:
        raise UnknownDatum(f"the coordinate system {crs!r} is not known; say one of {', '.join(KNOWN)}")
    return name


def swapped(lng: npt.ArrayLike, lat: npt.ArrayLike) -> npt.NDArray[np.bool_]:
    """This will tell which pairs read as (lat, lng) of a place in China: first 3–54, second 73–136."""
    x, y = np.asarray(lng, np.float64), np.asarray(lat, np.float64)
    with np.errstate(invalid="ignore"):
        result: npt.NDArray[np.bool_] = (x >= 3) & (x <= 54) & (y >= 73) & (y <= 136)
    return result


def to_cgcs2000(lng: npt.ArrayLike, lat: npt.ArrayLike, crs: str | None, *, mainland: Rings = MAINLAND) -> Converted:
    """This will convert degrees of a named system. Rows that are no numbers or no place on earth come back as `bad`.

    `wgs84` differs by less than 1 m and is kept as it is. The shift applies inside `mainland` only.

    :raises UnknownDatum: no system, or one not known.
    :raises SwappedAxes: every good row reads as latitude first (and there is one); the corrected columns are in
    the error.
    """
    name = ensure_known(crs)
    x, y = np.atleast_1d(np.asarray(lng, np.float64)), np.atleast_1d(np.asarray(lat, np.float64))
    turned = swapped(x, y)
    finite = np.isfinite(x) & np.isfinite(y)
    if finite.any() and turned[finite].all():
        raise SwappedAxes((y, x))
    with np.errstate(invalid="ignore"):
        bad = ~finite | (np.abs(x) > 180) | (np.abs(y) > 90)
    if bad.any():
        x, y = np.where(bad, 0.0, x), np.where(bad, 0.0, y)
    if name == "bd09":
        # Outside the mainland the second shift is applied by its maker all the same.
        x, y = _moved("first", x, y)
    if name in ("gcj02", "bd09"):
        x, y = _gcj_to_plain(x, y, mainland)
    else:
        x, y = x.copy(), y.copy()  # the caller's own columns stay his
    if bad.any():
        x, y = np.where(bad, np.nan, x), np.where(bad, np.nan, y)
    return Converted(x, y, bad, name)


def from_cgcs2000(
    lng: npt.ArrayLike, lat: npt.ArrayLike, crs: str | None, *, mainland: Rings = MAINLAND
) -> tuple[Doubles, Doubles]:
    """This will convert to a named system, for a base map or a neighbour that needs it.

    :raises UnknownDatum: no system, or one not known.
    """
    name = ensure_known(crs)
    x, y = np.atleast_1d(np.asarray(lng, np.float64)), np.atleast_1d(np.asarray(lat, np.float64))
    if name in ("gcj02", "bd09"):
        x, y = _plain_to_gcj(x, y, mainland)
    if name == "bd09":
        x, y = _moved("second", x, y)
    return x, y

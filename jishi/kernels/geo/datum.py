"""One coordinate system inside: CGCS2000 degrees. Others are converted here, at the edge, both ways.

GCJ-02 and BD-09 have no published formula; the constants are those that open converters agree on. The inverse
is found by iteration.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from .mainland import MAINLAND

Doubles = npt.NDArray[np.float64]
Rings = Sequence[Sequence[tuple[float, float]]]
KNOWN = ("cgcs2000", "wgs84", "gcj02", "bd09")
_A, _E2 = 6378245.0, 0.00669342162296594323  # Krassowsky 1940, as the shift uses it
_X_PI = np.pi * 3000.0 / 180.0


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
    cells = _cells(tuple(tuple((float(x), float(y)) for x, y in ring) for ring in rings))
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


@lru_cache(maxsize=8)
def _cells(rings: tuple[tuple[tuple[float, float], ...], ...]) -> _Cells:
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
    return _Cells(rings, float(west), float(south), state)


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


def _shift(lng: Doubles, lat: Doubles) -> tuple[Doubles, Doubles]:
    """The GCJ-02 shift in degrees at a place given in WGS 84."""
    x, y = lng - 105.0, lat - 35.0
    root = np.sqrt(np.abs(x))
    wave = (20.0 * np.sin(6.0 * x * np.pi) + 20.0 * np.sin(2.0 * x * np.pi)) * 2.0 / 3.0
    d_lat = -100.0 + 2.0 * x + 3.0 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * root + wave
    d_lat += (20.0 * np.sin(y * np.pi) + 40.0 * np.sin(y / 3.0 * np.pi)) * 2.0 / 3.0
    d_lat += (160.0 * np.sin(y / 12.0 * np.pi) + 320.0 * np.sin(y * np.pi / 30.0)) * 2.0 / 3.0
    d_lng = 300.0 + x + 2.0 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * root + wave
    d_lng += (20.0 * np.sin(x * np.pi) + 40.0 * np.sin(x / 3.0 * np.pi)) * 2.0 / 3.0
    d_lng += (150.0 * np.sin(x / 12.0 * np.pi) + 300.0 * np.sin(x / 30.0 * np.pi)) * 2.0 / 3.0
    phi = np.radians(lat)
    magic = 1 - _E2 * np.sin(phi) ** 2
    root_magic = np.sqrt(magic)
    d_lat = d_lat * 180.0 / (_A * (1 - _E2) / (magic * root_magic) * np.pi)
    d_lng = d_lng * 180.0 / (_A / root_magic * np.cos(phi) * np.pi)
    return d_lng, d_lat


def _gcj_to_plain(lng: Doubles, lat: Doubles, mainland: Rings) -> tuple[Doubles, Doubles]:
    x, y = lng.copy(), lat.copy()
    for _ in range(4):  # each round makes the error some hundred times smaller; the fourth is below 0.1 mm
        d_lng, d_lat = _shift(x, y)
        x, y = lng - d_lng, lat - d_lat
    shifted = within(x, y, mainland)
    return np.where(shifted, x, lng), np.where(shifted, y, lat)


def _plain_to_gcj(lng: Doubles, lat: Doubles, mainland: Rings) -> tuple[Doubles, Doubles]:
    d_lng, d_lat = _shift(lng, lat)
    shifted = within(lng, lat, mainland)
    return np.where(shifted, lng + d_lng, lng), np.where(shifted, lat + d_lat, lat)


def _gcj_to_bd(lng: Doubles, lat: Doubles) -> tuple[Doubles, Doubles]:
    z = np.hypot(lng, lat) + 0.00002 * np.sin(lat * _X_PI)
    theta = np.arctan2(lat, lng) + 0.000003 * np.cos(lng * _X_PI)
    return z * np.cos(theta) + 0.0065, z * np.sin(theta) + 0.006


def _bd_to_gcj(lng: Doubles, lat: Doubles) -> tuple[Doubles, Doubles]:
    x, y = lng - 0.0065, lat - 0.006
    for _ in range(6):
        there_lng, there_lat = _gcj_to_bd(x, y)
        x, y = x + (lng - there_lng), y + (lat - there_lat)
    return x, y


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
    x, y = np.where(bad, 0.0, x), np.where(bad, 0.0, y)
    if name == "bd09":
        # Outside the mainland the second shift is applied by its maker all the same.
        x, y = _bd_to_gcj(x, y)
    if name in ("gcj02", "bd09"):
        x, y = _gcj_to_plain(x, y, mainland)
    return Converted(np.where(bad, np.nan, x), np.where(bad, np.nan, y), bad, name)


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
        x, y = _gcj_to_bd(x, y)
    return x, y

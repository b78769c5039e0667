"""Between stored geometry (WKB, degrees; integers of 1e-7°) and shapes that can be asked."""

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import shapely

from jishi.kernels.geo.metres import scale

E7 = 10_000_000
Coord = tuple[int, int]


def polygon_wkb(ring: Sequence[Coord]) -> bytes | None:
    """Give the WKB of one closed or open ring of 1e-7°; None for an empty one."""
    return shapely.to_wkb(shapely.Polygon([(x / E7, y / E7) for x, y in ring])) if ring else None


def line_wkb(line: Sequence[Coord]) -> bytes | None:
    """Give the WKB of a line of 1e-7°; None for an empty one."""
    return shapely.to_wkb(shapely.LineString([(x / E7, y / E7) for x, y in line])) if line else None


def read(wkb: bytes | memoryview | None) -> Any:
    """Give the shape of stored WKB, or None."""
    return None if wkb is None else shapely.from_wkb(bytes(wkb))


def rings(shape: Any) -> list[list[tuple[float, float]]]:
    """Give all rings of a polygon or multipolygon, outer rings and holes alike, in degrees."""
    parts = getattr(shape, "geoms", [shape])
    return [list(ring.coords) for part in parts for ring in (part.exterior, *part.interiors)]


class Plane:
    """Metres east and north of a centre; exact to 1e-4 of a length within 50 km (spec 20 §6)."""

    def __init__(self, lng: float, lat: float) -> None:
        self.lng, self.lat = float(lng), float(lat)
        east, north = scale(lat)
        self.east, self.north = float(east), float(north)

    def xy(self, lng: float, lat: float) -> tuple[float, float]:
        return (lng - self.lng) * self.east, (lat - self.lat) * self.north

    def degrees(self, x: float, y: float) -> tuple[float, float]:
        return x / self.east + self.lng, y / self.north + self.lat

    def shape(self, shape: Any) -> Any:
        """Give the same shape in metres."""
        return shapely.transform(shape, lambda c: (c - (self.lng, self.lat)) * (self.east, self.north))

    def points(self, lngs: Iterable[float], lats: Iterable[float]) -> Any:
        """Give an array of points in metres."""
        x = (np.fromiter(lngs, np.float64) - self.lng) * self.east
        y = (np.fromiter(lats, np.float64) - self.lat) * self.north
        return shapely.points(x, y)

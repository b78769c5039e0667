"""Lengths and areas in metres on a local plane that touches the ellipsoid (CGCS2000: a = 6378137 m, f =
1/298.257222101)."""

import numpy as np
import numpy.typing as npt

Doubles = npt.NDArray[np.float64]
_A = 6378137.0
_F = 1 / 298.257222101
_E2 = _F * (2 - _F)


def scale(lat: npt.ArrayLike) -> tuple[Doubles, Doubles]:
    """This will give metres per degree of longitude and of latitude at a latitude (degrees)."""
    phi = np.radians(np.asarray(lat, np.float64))
    w = np.sqrt(1 - _E2 * np.sin(phi) ** 2)
    east: Doubles = np.asarray(np.radians(1.0) * _A * np.cos(phi) / w)
    north: Doubles = np.asarray(np.radians(1.0) * _A * (1 - _E2) / w**3)
    return east, north


def distance_m(lng_a: npt.ArrayLike, lat_a: npt.ArrayLike, lng_b: npt.ArrayLike, lat_b: npt.ArrayLike) -> Doubles:
    """This will give distances in metres, exact to 1e-4 of the length within 50 km."""
    lng1, lat1, lng2, lat2 = (np.asarray(v, np.float64) for v in (lng_a, lat_a, lng_b, lat_b))
    east, north = scale((lat1 + lat2) / 2)
    result: Doubles = np.hypot((lng2 - lng1) * east, (lat2 - lat1) * north)
    return result


def plane(lng: npt.ArrayLike, lat: npt.ArrayLike, centre: tuple[float, float]) -> tuple[Doubles, Doubles]:
    """This will give metres east and north of a centre (lng, lat) on its tangent plane."""
    east, north = scale(centre[1])
    x: Doubles = (np.asarray(lng, np.float64) - centre[0]) * east
    y: Doubles = (np.asarray(lat, np.float64) - centre[1]) * north
    return x, y


def ring_area_m2(ring: npt.ArrayLike) -> float:
    """This will give the signed area of a ring of (lng, lat), counter-clockwise positive."""
    points = np.asarray(ring, np.float64)
    if len(points) < 3:
        return 0.0
    x, y = plane(points[:, 0], points[:, 1], (float(points[:, 0].mean()), float(points[:, 1].mean())))
    return float(np.sum(x * np.roll(y, -1) - np.roll(x, -1) * y) / 2)

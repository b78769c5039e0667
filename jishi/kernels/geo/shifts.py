"""The two public shifts, GCJ-02 and BD-09, in sums, products, quotients and square roots alone.

Every one of these is rounded alike by every machine, so a point has the same bytes alone (numpy) and among ten million
(`compiled` takes the same functions, word for word), here and elsewhere; a library's sine has not. All angles of the
shift are multiples of one, whose sine and cosine a polynomial gives. What is called `rows_…` is a loop for `compiled`.

The way back is Newton's: three steps from a guess that is 0.006° off leave less than 2 µm, beside meridian 105, where
the shift has a root, and less than a rounding elsewhere.
"""

from typing import Any

import numpy as np

_A, _E2 = 6378245.0, 0.00669342162296594323  # Krassowsky 1940, as the shift uses it
_DEGREE = np.pi / 180
_SIN_35, _COS_35 = 0.573576436351046, 0.8191520442889918
_NORTH, _EAST = 180 / (_A * (1 - _E2) * np.pi), 180 / (_A * np.pi)  # degrees of a metre at the equator
_S3, _S5, _S7, _S9 = -1 / 6, 1 / 120, -1 / 5040, 1 / 362880
_S11, _S13, _S15 = -1 / 39916800, 1 / 6227020800, -1 / 1307674368000
_C2, _C4, _C6, _C8 = -1 / 2, 1 / 24, -1 / 720, 1 / 40320
_C10, _C12, _C14, _C16 = -1 / 3628800, 1 / 479001600, -1 / 87178291200, 1 / 20922789888000
WEST, EAST, SOUTH, NORTH = 69.0, 141.0, 2.0, 55.0  # the shift is computed here alone; the mainland lies inside


def _turned(v: Any) -> Any:
    """Sine and cosine of an angle of at most 0.63 (36°), to a rounding."""
    q = v * v
    sine = v * (1 + q * (_S3 + q * (_S5 + q * (_S7 + q * (_S9 + q * (_S11 + q * (_S13 + q * _S15)))))))
    cosine = 1 + q * (_C2 + q * (_C4 + q * (_C6 + q * (_C8 + q * (_C10 + q * (_C12 + q * (_C14 + q * _C16)))))))
    return sine, cosine


def _double(s: Any, c: Any) -> Any:
    return 2 * s * c, 1 - 2 * s * s


def _triple(s: Any, c: Any) -> Any:
    return s * (3 - 4 * s * s), c * (4 * c * c - 3)


def _waves(s: Any, c: Any) -> Any:
    """Sine and cosine of tπ/30, tπ/12, tπ/3 and tπ from those of tπ/180."""
    s3, c3 = _triple(s, c)
    s6, c6 = _double(s3, c3)
    s12, c12 = _double(s6, c6)
    s15, c15 = s12 * c3 + c12 * s3, c12 * c3 - s12 * s3
    s30, c30 = _double(s15, c15)
    s60, c60 = _double(s30, c30)
    s180, c180 = _triple(s60, c60)
    return s6, c6, s15, c15, s60, c60, s180, c180


def shift(lng: Any, lat: Any) -> Any:
    """This will give the shift of GCJ-02 in degrees at a place, east and north, and its four slopes.

    In the order: east, north, east by longitude, east by latitude, north by longitude, north by latitude.
    """
    x, y = lng - 105.0, lat - 35.0
    s, c = _turned(x * _DEGREE)
    s30, c30, s12, c12, s3, c3, s1, c1 = _waves(s, c)
    s2, c2 = _double(s1, c1)
    s6, c6 = _triple(s2, c2)
    root = np.sqrt(np.abs(x))
    wave, wave_x = (s6 + s2) * (40 / 3), (6 * c6 + 2 * c2) * (40 / 3 * np.pi)
    e = 300 + x + 2 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * root + wave
    e = e + (s1 + 2 * s3 + 7.5 * s12 + 15 * s30) * (40 / 3)
    e_x = 1 + 0.2 * x + 0.1 * y + wave_x + (c1 + 2 / 3 * c3 + 0.625 * c12 + 0.5 * c30) * (40 / 3 * np.pi)
    e_y = 2 + 0.1 * x
    s, c = _turned(y * _DEGREE)
    s30, c30, s12, c12, s3, c3, s1, c1 = _waves(s, c)
    n = -100 + 2 * x + 3 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * root + wave
    n = n + (s1 + 2 * s3 + 8 * s12 + 16 * s30) * (40 / 3)
    n_x = 2 + 0.1 * y + wave_x
    n_y = 3 + 0.4 * y + 0.1 * x + (c1 + 2 / 3 * c3 + 2 / 3 * c12 + 8 / 15 * c30) * (40 / 3 * np.pi)
    sine, cosine = s * _COS_35 + c * _SIN_35, c * _COS_35 - s * _SIN_35
    flat = 1 - _E2 * sine * sine
    root = np.sqrt(flat)
    by_east, by_north = _EAST * root / cosine, _NORTH * flat * root
    e = e * by_east
    e_y = e_y * by_east + e * (sine / cosine * _DEGREE)
    return e, n * by_north, e_x * by_east, e_y, n_x * by_north, n_y * by_north


def _stepped(to_x: Any, to_y: Any, x: Any, y: Any) -> Any:
    e, n, e_x, e_y, n_x, n_y = shift(x, y)
    off_x, off_y = x + e - to_x, y + n - to_y
    e_x, n_y = 1 + e_x, 1 + n_y
    share = 1 / (e_x * n_y - e_y * n_x)
    return x - (off_x * n_y - e_y * off_y) * share, y - (off_y * e_x - n_x * off_x) * share


def unshifted(lng: Any, lat: Any) -> Any:
    """This will give the place that GCJ-02 shows at these degrees."""
    x, y = _stepped(lng, lat, lng, lat)
    x, y = _stepped(lng, lat, x, y)
    return _stepped(lng, lat, x, y)


def _around(half_turns: Any) -> Any:
    """Sine and cosine of any angle, in half turns."""
    s, c = _turned((half_turns - 2 * np.rint(half_turns / 2)) * (np.pi / 8))
    s, c = _double(s, c)
    s, c = _double(s, c)
    return _double(s, c)


def second(lng: Any, lat: Any) -> Any:
    """This will give BD-09 of GCJ-02: a little farther from 0, 0, a little turned, and moved. And four slopes.

    Of the slopes those below a millionth are left out.
    """
    s_x, c_x = _around(lng * (50 / 3))
    s_y, c_y = _around(lat * (50 / 3))
    far = np.sqrt(lng * lng + lat * lat) + 1e-300  # of 0, 0 too
    longer, longer_y = 1 + 0.00002 * s_y / far, 0.001 / 3 * np.pi * c_y / far
    b, b_x = 0.000003 * c_x, -0.00005 * np.pi * s_x
    cosine, sine = 1 - b * b / 2, b - b * b * b / 6
    east, north = lng * cosine - lat * sine, lng * sine + lat * cosine
    return (
        longer * east + 0.0065, longer * north + 0.006,
        1 - lat * b_x, lng * longer_y - b, b + lng * b_x, 1 + lat * longer_y,
    )  # fmt: skip


def _second_step(to_x: Any, to_y: Any, x: Any, y: Any) -> Any:
    at_x, at_y, e_x, e_y, n_x, n_y = second(x, y)
    off_x, off_y = at_x - to_x, at_y - to_y
    share = 1 / (e_x * n_y - e_y * n_x)
    return x - (off_x * n_y - e_y * off_y) * share, y - (off_y * e_x - n_x * off_x) * share


def first(lng: Any, lat: Any) -> Any:
    """This will give GCJ-02 of BD-09."""
    x, y = _second_step(lng, lat, lng - 0.0065, lat - 0.006)
    return _second_step(lng, lat, x, y)


def rows_unshifted(lng: Any, lat: Any, x: Any, y: Any) -> None:
    """Fill x and y with the places of GCJ-02 degrees."""
    for i in range(len(lng)):
        x[i], y[i] = unshifted(min(max(lng[i], WEST), EAST), min(max(lat[i], SOUTH), NORTH))


def rows_shifted(lng: Any, lat: Any, x: Any, y: Any) -> None:
    """Fill x and y with the GCJ-02 degrees of places."""
    for i in range(len(lng)):
        moved = shift(min(max(lng[i], WEST), EAST), min(max(lat[i], SOUTH), NORTH))
        x[i], y[i] = lng[i] + moved[0], lat[i] + moved[1]


def rows_first(lng: Any, lat: Any, x: Any, y: Any) -> None:
    """Fill x and y with the GCJ-02 degrees of BD-09 degrees."""
    for i in range(len(lng)):
        x[i], y[i] = first(lng[i], lat[i])


def rows_second(lng: Any, lat: Any, x: Any, y: Any) -> None:
    """Fill x and y with the BD-09 degrees of GCJ-02 degrees."""
    for i in range(len(lng)):
        moved = second(lng[i], lat[i])
        x[i], y[i] = moved[0], moved[1]


def rows_within(
    lng: Any, lat: Any, inside: Any, state: Any, west: float, south: float, edges: Any, row_first: Any
) -> None:
    """Fill in which points lie inside rings: by the cell, and where an edge touches it by the edges of its row."""
    for i in range(len(lng)):
        column = min(max(int(np.floor((lng[i] - west) * 2)) + 1, 0), state.shape[1] - 1)
        row = min(max(int(np.floor((lat[i] - south) * 2)) + 1, 0), state.shape[0] - 1)
        held = state[row, column] == 1
        if state[row, column] == 2:
            for e in range(row_first[row], row_first[row + 1]):
                x1, y1, x2, y2 = edges[e, 0], edges[e, 1], edges[e, 2], edges[e, 3]
                if (y1 > lat[i]) != (y2 > lat[i]) and lng[i] < x1 + (lat[i] - y1) * (x2 - x1) / (y2 - y1):
                    held = not held
        inside[i] = held

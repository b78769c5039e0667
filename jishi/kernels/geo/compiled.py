"""The inner loops of locating and converting, compiled by numba for large batches: the same whole numbers as
`partition`, the same functions as `datum` takes from `shifts`.

Loaded at the first large batch, never when the platform starts (docs/decisions/0012). No threads, no fast-math: the
answer of a row depends on that row alone.
"""

from collections.abc import Callable
from typing import Any, TypeVar, cast

import numpy as np
from numba import njit
from numba.extending import register_jitable

from jishi.kernels.geo import shifts

F = TypeVar("F", bound=Callable[..., Any])


def _compiled(function: F) -> F:
    """Compile at the first call, kept beside the source if that can be written, else in memory."""
    try:
        return cast(F, njit(cache=True, nogil=True)(function))
    except RuntimeError:  # no folder to keep it in
        return cast(F, njit(nogil=True)(function))


def _converting(loop: F) -> F:
    """Compile a loop of `shifts`: no check for zero, so that the processor takes several points at once."""
    try:
        return cast(F, njit(cache=True, nogil=True, error_model="numpy")(loop))
    except RuntimeError:
        return cast(F, njit(nogil=True, error_model="numpy")(loop))


for _part in (shifts._turned, shifts._double, shifts._triple, shifts._waves, shifts.shift, shifts._stepped,
              shifts.unshifted, shifts._around, shifts.second, shifts._second_step, shifts.first):  # fmt: skip
    register_jitable(error_model="numpy", forceinline=True)(_part)
unshifted, shifted = _converting(shifts.rows_unshifted), _converting(shifts.rows_shifted)
first, second, within = _converting(shifts.rows_first), _converting(shifts.rows_second), _converting(shifts.rows_within)


@_compiled
def _claims(px: int, py: int, edges: Any, start: int, stop: int) -> bool:
    """Whether the polygon of these edges, its border included, holds the point; exact."""
    inside = False
    for e in range(start, stop):
        x, y = px - edges[e, 0], py - edges[e, 1]
        dx, dy = edges[e, 2] - edges[e, 0], edges[e, 3] - edges[e, 1]
        if (y < 0 and y < dy) or (y > 0 and y > dy):
            continue
        side = dx * y - x * dy
        if side == 0:
            if min(0, dx) <= x <= max(0, dx) and min(0, dy) <= y <= max(0, dy):
                return True
        elif (y < 0) != (y < dy) and (side > 0) == (dy > 0):
            inside = not inside
    return inside


@_compiled
def _away(px: int, py: int, east: float, north: float, edges: Any, start: int, stop: int) -> float:
    """Metres to the nearest edge, on the tangent plane at the point."""
    best = np.inf
    for e in range(start, stop):
        ax, ay = (edges[e, 0] - px) * east, (edges[e, 1] - py) * north
        dx, dy = (edges[e, 2] - edges[e, 0]) * east, (edges[e, 3] - edges[e, 1]) * north
        along = -(ax * dx + ay * dy) / max(dx * dx + dy * dy, 1e-30)
        along = min(max(along, 0.0), 1.0)
        x, y = ax + along * dx, ay + along * dy
        square = x * x + y * y
        best = min(best, square)
    return float(np.sqrt(best))


@_compiled
def grids(
    x: Any, y: Any, edges: Any, first: Any, box: Any, cell_first: Any, candidate: Any, owner: Any, lattice: Any
) -> Any:
    """Give the lowest polygon that claims each point, −1 for none. `lattice`: west, south, cell, columns, rows."""
    west, south, cell, columns, rows = lattice
    found = np.full(len(x), -1, np.int32)
    for n in range(len(x)):
        px, py = x[n], y[n]
        column, row = (px - west) // cell, (py - south) // cell
        if column < 0 or row < 0 or column >= columns or row >= rows:
            continue
        at = row * columns + column
        if owner[at] != -2:
            found[n] = owner[at]
            continue
        best = -1
        for k in range(cell_first[at], cell_first[at + 1]):
            p = candidate[k]
            if best >= 0 and p >= best:
                continue
            if px < box[p, 0] or py < box[p, 1] or px > box[p, 2] or py > box[p, 3]:
                continue
            if _claims(px, py, edges, first[p], first[p + 1]):
                best = p
        found[n] = best
    return found


@_compiled
def borders(x: Any, y: Any, east: Any, north: Any, grid: Any, edges: Any, first: Any) -> Any:
    """Give the metres from each point to the border of its grid; NaN for a point in none."""
    metres = np.full(len(x), np.nan, np.float64)
    for n in range(len(x)):
        if grid[n] >= 0:
            metres[n] = _away(x[n], y[n], east[n], north[n], edges, first[grid[n]], first[grid[n] + 1])
    return metres


@_compiled
def nearest_others(
    x: Any, y: Any, east: Any, north: Any, reach_x: Any, reach_y: Any, grid: Any, reach_m: float, edges: Any,
    first: Any, box: Any, cell_first: Any, candidate: Any, lattice: Any,
) -> Any:
    """Give the nearest polygon other than `grid` within `reach_m` of each point and the metres; ties: the lower one."""
    west, south, cell, columns, rows = lattice
    other = np.full(len(x), -1, np.int32)
    metres = np.full(len(x), np.inf, np.float64)
    for n in range(len(x)):
        px, py, rx, ry = x[n], y[n], reach_x[n], reach_y[n]
        low_c, high_c = (px - rx - west) // cell, (px + rx - west) // cell
        low_r, high_r = (py - ry - south) // cell, (py + ry - south) // cell
        low_c, high_c = min(max(low_c, 0), columns - 1), min(max(high_c, 0), columns - 1)
        low_r, high_r = min(max(low_r, 0), rows - 1), min(max(high_r, 0), rows - 1)
        best, nearest = -1, reach_m
        for row in range(low_r, high_r + 1):
            at = row * columns
            for k in range(cell_first[at + low_c], cell_first[at + high_c + 1]):
                p = candidate[k]
                if p == grid[n] or p == best:
                    continue
                if px + rx < box[p, 0] or py + ry < box[p, 1] or px - rx > box[p, 2] or py - ry > box[p, 3]:
                    continue
                away = _away(px, py, east[n], north[n], edges, first[p], first[p + 1])
                if away < nearest or (away == nearest and best >= 0 and p < best):
                    best, nearest = p, away
        if best >= 0:
            other[n], metres[n] = best, nearest
    return other, metres

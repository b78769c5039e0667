"""In which grid is a point? Exact, in whole numbers of 1e-7 degree, for a batch of any size.

A point on a shared edge or corner belongs to the lower code. So the grids of a valid edition part their ground:
no point has two,
none has no grid. The answer does not depend on the order of points or grids.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from .metres import scale

Ints = npt.NDArray[np.int64]
Doubles = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]
Ring = Sequence[Sequence[float]]

UNIT = 10_000_000  # whole numbers per degree
BORDER_M = 10.0
STATUSES = ("inside", "border", "gap", "outside", "bad_input")
INSIDE, BORDER, GAP, OUTSIDE, BAD_INPUT = range(5)
_PAIRS = 20_000
_MANY = 20_000  # from here on the compiled loops are worth loading


class TooWide(ValueError):
    """Polygons wider than half the globe (or over the 180th meridian) cannot be told apart in 64 bits."""

    code = "too_wide"


@dataclass(frozen=True)
class Located:
    """One row per point, in the order asked: `grid` and `other` are places in `PolygonIndex.codes` (−1 none),
    `status` a place in
    `STATUSES`, `border_m` the metres to the nearest border of the grid (NaN without one)."""

    grid: npt.NDArray[np.int32]
    status: npt.NDArray[np.int8]
    border_m: npt.NDArray[np.float32]
    other: npt.NDArray[np.int32]


def to_units(degrees: npt.ArrayLike) -> Ints:
    """This will round degrees to whole 1e-7 degrees."""
    result: Ints = np.rint(np.asarray(degrees, np.float64) * UNIT).astype(np.int64)
    return result


def _ranges(start: Ints, length: Ints) -> Ints:
    """start[0], start[0]+1, … (length[0] of them), start[1], …"""
    if not len(length):
        return np.empty(0, np.int64)
    before = np.concatenate(([0], np.cumsum(length)[:-1]))
    result: Ints = np.repeat(start - before, length) + np.arange(int(length.sum()))
    return result


class PolygonIndex:
    """Grids of one edition, ready for questions. `polygons` maps a code to its rings (outer rings and holes
    alike, degrees)."""

    def __init__(self, polygons: Mapping[str, Sequence[Ring]], *, ground: Sequence[Ring] | None = None) -> None:
        self.codes = tuple(sorted(polygons))
        rings = [polygons[code] for code in self.codes]
        self.edges, of_ring = _edges([ring for one in rings for ring in one])
        of_polygon = np.concatenate(([0], np.cumsum(of_ring)))[np.cumsum([0, *map(len, rings)])]
        self.first = of_polygon.astype(np.int64)
        self.box = _boxes(self.edges, self.first)
        self.ground = PolygonIndex({"ground": ground}) if ground is not None else None
        if len(self.edges):
            self._cells()

    def _cells(self) -> None:
        west, south = self.box[:, :2].min(axis=0)
        east, north = self.box[:, 2:].max(axis=0)
        if east - west > 180 * UNIT:
            raise TooWide("the polygons reach over more than half the globe")
        target = max(1, min(4_000_000, 16 * len(self.codes)))
        self.cell = max(1, int(np.sqrt(float(east - west + 1) * float(north - south + 1) / target)))
        self.origin = np.array([west, south])
        self.columns, self.rows = int((east - west) // self.cell) + 1, int((north - south) // self.cell) + 1
        boxes = self.box - np.tile(self.origin, 2)
        polygon, cell = self._touched_by(boxes)
        order = np.lexsort((polygon, cell))
        self.candidate, cell = polygon[order], cell[order]
        self.cell_first = np.searchsorted(cell, np.arange(self.columns * self.rows + 1))
        x, y = self.edges[:, ::2] - west, self.edges[:, 1::2] - south
        edge_boxes = np.column_stack((x.min(axis=1), y.min(axis=1), x.max(axis=1), y.max(axis=1)))
        crossed = np.zeros(self.columns * self.rows, bool)
        crossed[self._touched_by(edge_boxes)[1]] = True
        # −2: ask the candidates; otherwise the whole cell belongs to one grid (or to none, −1).
        self.owner = np.full(self.columns * self.rows, -2, np.int32)
        whole = np.flatnonzero(~crossed)
        # Between two whole cells of a row that touch there is no edge: they belong to one grid, asked for once.
        begins = np.diff(whole, prepend=-2) > 1
        begins |= whole % self.columns == 0
        run = whole[begins]
        centre_x = west + (run % self.columns) * self.cell + self.cell // 2
        centre_y = south + (run // self.columns) * self.cell + self.cell // 2
        self.owner[whole] = self._ask(centre_x, centre_y, run)[np.cumsum(begins) - 1]

    def _touched_by(self, boxes: Ints) -> tuple[Ints, Ints]:
        """(box, cell) for every cell that a box touches."""
        low, high = boxes[:, :2] // self.cell, boxes[:, 2:] // self.cell
        wide, tall = high[:, 0] - low[:, 0] + 1, high[:, 1] - low[:, 1] + 1
        row = _ranges(low[:, 1], tall)
        of_row = np.repeat(np.arange(len(boxes)), tall)
        column = _ranges(low[of_row, 0], wide[of_row])
        return np.repeat(of_row, wide[of_row]), np.repeat(row, wide[of_row]) * self.columns + column

    def _claims(self, x: Ints, y: Ints, polygon: Ints) -> Flags:
        """Whether polygon[i], its edges included, holds the point (x[i], y[i]); exact."""
        count = self.first[polygon + 1] - self.first[polygon]
        pair = np.repeat(np.arange(len(x)), count)
        edge = self.edges[_ranges(self.first[polygon], count)]
        px, py = x[pair] - edge[:, 0], y[pair] - edge[:, 1]
        dx, dy = edge[:, 2] - edge[:, 0], edge[:, 3] - edge[:, 1]
        side = dx * py - px * dy
        crossing = ((py < 0) != (py < dy)) & ((side > 0) == (dy > 0)) & (side != 0)
        on_edge = (
            (side == 0)
            & (np.minimum(0, dx) <= px)
            & (px <= np.maximum(0, dx))
            & (np.minimum(0, dy) <= py)
            & (py <= np.maximum(0, dy))
        )
        inside: Flags = np.bincount(pair[crossing], minlength=len(x)) % 2 == 1
        inside[pair[on_edge]] = True
        return inside

    def _ask(self, x: Ints, y: Ints, cell: Ints) -> npt.NDArray[np.int32]:
        """The lowest candidate that claims each point, or −1."""
        best = np.full(len(x), len(self.codes), np.int64)
        count = self.cell_first[cell + 1] - self.cell_first[cell]
        point = np.repeat(np.arange(len(x)), count)
        polygon = self.candidate[_ranges(self.cell_first[cell], count)]
        box = self.box[polygon]
        near = (x[point] >= box[:, 0]) & (y[point] >= box[:, 1]) & (x[point] <= box[:, 2]) & (y[point] <= box[:, 3])
        point, polygon = point[near], polygon[near]
        for part in _parts(len(point)):
            claimed = self._claims(x[point[part]], y[point[part]], polygon[part])
            np.minimum.at(best, point[part][claimed], polygon[part][claimed])
        return np.where(best < len(self.codes), best, -1).astype(np.int32)

    @property
    def _lattice(self) -> tuple[int, int, int, int, int]:
        return int(self.origin[0]), int(self.origin[1]), self.cell, self.columns, self.rows

    def grid_of(self, x: Ints, y: Ints) -> npt.NDArray[np.int32]:
        """This will give the grid of points in whole 1e-7 degrees, −1 where none."""
        grid = np.full(len(x), -1, np.int32)
        if not len(self.edges):
            return grid
        if len(x) >= _MANY:
            table = (self.edges, self.first, self.box, self.cell_first, self.candidate, self.owner, self._lattice)
            result: npt.NDArray[np.int32] = _quick().grids(x, y, *table)
            return result
        column, row = (x - self.origin[0]) // self.cell, (y - self.origin[1]) // self.cell
        known = np.flatnonzero((column >= 0) & (row >= 0) & (column < self.columns) & (row < self.rows))
        cell = row[known] * self.columns + column[known]
        grid[known] = self.owner[cell]
        ask = grid[known] == -2
        grid[known[ask]] = self._ask(x[known[ask]], y[known[ask]], cell[ask])
        return grid

    def _metres(self, x: Ints, y: Ints, polygon: Ints) -> Doubles:
        """Metres from each point to the nearest edge of its polygon, on the tangent plane at the point."""
        if len(x) >= _MANY:
            wide, tall = scale(y / UNIT)
            quick: Doubles = _quick().borders(x, y, wide / UNIT, tall / UNIT, polygon, self.edges, self.first)
            return quick
        result = np.empty(len(x))
        for part in _parts(len(x)):
            px, py, own = x[part], y[part], polygon[part]
            count = self.first[own + 1] - self.first[own]
            pair = np.repeat(np.arange(len(px)), count)
            edge = self.edges[_ranges(self.first[own], count)]
            east, north = scale(py / UNIT)
            east, north = east[pair] / UNIT, north[pair] / UNIT
            ax, ay = (edge[:, 0] - px[pair]) * east, (edge[:, 1] - py[pair]) * north
            dx, dy = (edge[:, 2] - edge[:, 0]) * east, (edge[:, 3] - edge[:, 1]) * north
            along = np.clip(-(ax * dx + ay * dy) / np.maximum(dx * dx + dy * dy, 1e-30), 0.0, 1.0)
            away = np.hypot(ax + along * dx, ay + along * dy)
            result[part] = (
                np.minimum.reduceat(away, np.concatenate(([0], np.cumsum(count)[:-1]))) if len(pair) else np.inf
            )
        return result

    def _nearest_other(
        self, x: Ints, y: Ints, grid: npt.NDArray[np.int32], reach_m: float
    ) -> tuple[npt.NDArray[np.int32], Doubles]:
        """The nearest grid other than `grid` within `reach_m`, and the metres; ties go to the lower code."""
        other, best = np.full(len(x), -1, np.int32), np.full(len(x), np.inf)
        east, north = scale(y / UNIT)
        reach_x, reach_y = (np.ceil(reach_m / s * UNIT).astype(np.int64) for s in (east, north))
        if len(x) >= _MANY // 10:
            table = (self.edges, self.first, self.box, self.cell_first, self.candidate, self._lattice)
            quick: tuple[npt.NDArray[np.int32], Doubles] = _quick().nearest_others(
                x, y, east / UNIT, north / UNIT, reach_x, reach_y, grid, reach_m, *table
            )
            return quick
        low_c, high_c = (
            (np.clip((x + k * reach_x - self.origin[0]) // self.cell, 0, self.columns - 1)) for k in (-1, 1)
        )
        low_r, high_r = ((np.clip((y + k * reach_y - self.origin[1]) // self.cell, 0, self.rows - 1)) for k in (-1, 1))
        of_row = np.repeat(np.arange(len(x)), high_r - low_r + 1)
        row = _ranges(low_r, high_r - low_r + 1)
        cell = row * self.columns + low_c[of_row]
        start, stop = self.cell_first[cell], self.cell_first[cell + (high_c - low_c)[of_row] + 1]
        point, polygon = np.repeat(of_row, stop - start), self.candidate[_ranges(start, stop - start)]
        pairs = np.unique(point * len(self.codes) + polygon)
        point, polygon = pairs // len(self.codes), pairs % len(self.codes)
        box, rx, ry = self.box[polygon], reach_x[point], reach_y[point]
        near = (
            (x[point] + rx >= box[:, 0])
            & (y[point] + ry >= box[:, 1])
            & (x[point] - rx <= box[:, 2])
            & (y[point] - ry <= box[:, 3])
        )
        near &= polygon != grid[point]
        point, polygon = point[near], polygon[near]
        away = self._metres(x[point], y[point], polygon)
        order = np.lexsort((polygon, away, point))
        first = order[np.unique(point[order], return_index=True)[1]]
        first = first[away[first] < reach_m]
        other[point[first]], best[point[first]] = polygon[first], away[first]
        return other, best

    def locate(self, lngs: npt.ArrayLike, lats: npt.ArrayLike, *, nearest_m: float = 0.0) -> Located:
        """This will say for each point (degrees, CGCS2000) its grid, how near its border is, and whose ground
        begins there.

        `border`: another grid is nearer than 10 m, named in `other`. `gap`: on the given ground, in no grid.
        `outside`: neither.
        With `nearest_m` a point in no grid names the nearest one within that reach in `other`. NaN or infinity:
        `bad_input`.
        """
        lng, lat = np.atleast_1d(np.asarray(lngs, np.float64)), np.atleast_1d(np.asarray(lats, np.float64))
        if len(lng) < _MANY or not len(self.edges):
            return self._locate(lng, lat, nearest_m)
        order = self._side_by_side(lng, lat)  # what lies together is asked together: the edges stay in the cache
        found = self._locate(lng[order], lat[order], nearest_m)
        back = np.empty_like(order)
        back[order] = np.arange(len(order))
        return Located(found.grid[back], found.status[back], found.border_m[back], found.other[back])

    def _side_by_side(self, lng: Doubles, lat: Doubles) -> Ints:
        size = self.cell / UNIT * 4
        with np.errstate(invalid="ignore"):
            column, row = (
                np.clip(np.nan_to_num((v - o / UNIT) / size), 0, 4000).astype(np.int32)
                for v, o in zip((lng, lat), self.origin, strict=True)
            )
        order: Ints = np.argsort(row * 4096 + column)
        return order

    def _locate(self, lng: Doubles, lat: Doubles, nearest_m: float) -> Located:
        with np.errstate(invalid="ignore"):
            bad = ~(np.isfinite(lng) & np.isfinite(lat) & (np.abs(lng) <= 180) & (np.abs(lat) <= 90))
        x, y = to_units(np.where(bad, 0.0, lng)), to_units(np.where(bad, 0.0, lat))
        grid = np.where(bad, -1, self.grid_of(x, y)).astype(np.int32)
        status = np.where(grid >= 0, INSIDE, OUTSIDE).astype(np.int8)
        border, other = np.full(len(x), np.nan, np.float32), np.full(len(x), -1, np.int32)
        held = np.flatnonzero(grid >= 0)
        border[held] = self._metres(x[held], y[held], grid[held].astype(np.int64))
        close = held[border[held] < BORDER_M]
        if len(close):
            other[close] = self._nearest_other(x[close], y[close], grid[close], BORDER_M)[0]
            status[close[other[close] >= 0]] = BORDER
        lost = np.flatnonzero((grid < 0) & ~bad)
        if len(lost) and self.ground is not None:
            status[lost[self.ground.grid_of(x[lost], y[lost]) >= 0]] = GAP
        if len(lost) and nearest_m > 0 and len(self.edges):
            near, metres = self._nearest_other(x[lost], y[lost], grid[lost], nearest_m)
            other[lost], border[lost] = near, np.where(near >= 0, metres, np.nan)
        status[bad] = BAD_INPUT
        return Located(grid, status, border, other)


def _quick() -> Any:
    from jishi.kernels.geo import compiled  # noqa: PLC0415 — the compiler is loaded at the first large batch

    return compiled


def _parts(count: int) -> Iterator[slice]:
    for first in range(0, count, _PAIRS):
        yield slice(first, min(first + _PAIRS, count))


def _edges(rings: Sequence[Ring]) -> tuple[Ints, Ints]:
    """The edges of all rings, one after the other, and how many each has; a closing point stands once."""
    corners = [_corners(ring) for ring in rings]
    points = to_units(np.concatenate([np.empty((0, 2)), *corners]))
    size = np.array([len(c) for c in corners], np.int64)
    last = np.cumsum(size) - 1
    closed = np.flatnonzero(size)
    closed = closed[(points[(last - size + 1)[closed]] == points[last[closed]]).all(axis=1)]
    kept = np.ones(len(points), bool)
    kept[last[closed]] = False
    size[closed] -= 1
    points, last = points[kept], np.cumsum(size) - 1
    after = np.arange(1, len(points) + 1)
    after[last[size > 0]] = (last - size + 1)[size > 0]
    return np.hstack((points, points[after])), size


def _corners(ring: Ring) -> Doubles:
    if isinstance(ring, np.ndarray) and ring.ndim == 2:
        return np.asarray(ring[:, :2], np.float64)
    return np.array([(p[0], p[1]) for p in ring], np.float64).reshape(-1, 2)


def _boxes(edges: Ints, first: Ints) -> Ints:
    """West, south, east, north of every polygon; (1, 1, 0, 0) of one without edges."""
    box = np.tile(np.array([1, 1, 0, 0], np.int64), (len(first) - 1, 1))
    there = np.flatnonzero(np.diff(first))
    if len(there):
        box[there, :2] = np.minimum.reduceat(edges[:, :2], first[there], axis=0)
        box[there, 2:] = np.maximum.reduceat(edges[:, :2], first[there], axis=0)
    return box

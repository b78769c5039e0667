"""How far people walk: along the ways where a table of them is given, elsewhere straight line × 1.35 (spec 21 H7).

A grid keeps the limit if some unit of it, its middle, has every home of the grid within so many metres.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from . import covering
from .contract import Ground
from .values import Array, Doubles, Flags, Ints, Problem, Walk

BY_ROAD = 1.35  # metres walked per metre of straight line, where nobody told the ways
SETS_AT_ONCE, MIDDLES_AT_ONCE = 2_000, 512


def walk_between(n: int, pairs: npt.ArrayLike, metres: npt.ArrayLike) -> Walk:
    """This will put the metres of pairs of units (rows, below n) into a table, both ways; a pair is given once."""
    a, b = np.asarray(pairs, dtype=np.int64).reshape(-1, 2).T
    far = np.asarray(metres, dtype=np.float64)
    u, v, far = np.concatenate([a, b]), np.concatenate([b, a]), np.concatenate([far, far])
    order = np.lexsort((v, u))
    pointer = np.zeros(n + 1, np.int64)
    pointer[1:] = np.cumsum(np.bincount(u, minlength=n))
    return Walk(pointer, v[order].astype(np.int32), far[order])


def metres(problem: Problem, rows: Array, columns: Array) -> tuple[Doubles, Flags]:
    """This will give the metres from each unit of `rows` to each of `columns`, and which of them go along the ways."""
    x, y = (np.asarray(a, dtype=np.float64) for a in (problem.units.x, problem.units.y))
    far = np.hypot(x[rows][:, None] - x[columns], y[rows][:, None] - y[columns]) * BY_ROAD
    by_ways = np.zeros(far.shape, bool)
    if problem.walk is None or not len(columns):
        return far, by_ways
    pointer = np.asarray(problem.walk.indptr)
    size = pointer[rows + 1] - pointer[rows]
    of = np.repeat(np.arange(len(rows)), size)
    at = np.arange(len(of)) - np.repeat(np.cumsum(size) - size, size) + np.repeat(pointer[rows], size)
    order = np.argsort(columns, kind="stable")
    to = np.asarray(problem.walk.indices)[at]
    place = order[np.minimum(np.searchsorted(columns[order], to), len(columns) - 1)]
    hit = columns[place] == to
    far[of[hit], place[hit]] = np.asarray(problem.walk.metres, dtype=np.float64)[at[hit]]
    by_ways[of[hit], place[hit]] = True
    return far, by_ways


def between_neighbours(problem: Problem) -> Doubles:
    """This will give the metres between the two units of each edge."""
    units, u, v = problem.units, np.asarray(problem.edges.u), np.asarray(problem.edges.v)
    x, y = (np.asarray(a, dtype=np.float64) for a in (units.x, units.y))
    far = np.hypot(x[u] - x[v], y[u] - y[v]) * BY_ROAD
    if problem.walk is not None and len(problem.walk.indices):
        of = np.repeat(np.arange(len(x)), np.diff(problem.walk.indptr))
        key, asked = of * len(x) + problem.walk.indices, u * len(x) + v
        place = np.minimum(np.searchsorted(key, asked), len(key) - 1)
        far = np.where(key[place] == asked, np.asarray(problem.walk.metres, dtype=np.float64)[place], far)
    return np.asarray(far)


def middle(problem: Problem, rows: Array) -> tuple[int, Doubles, Flags]:
    """This will give the unit (row) of a grid with the smallest greatest walk, the metres to each of its units, and
    which of these go along the ways."""
    far, by_ways = metres(problem, rows, rows)
    homes = np.asarray(problem.units.households)[rows] > 0
    best = int(np.argmin(far[:, homes].max(axis=1))) if homes.any() else 0
    return int(rows[best]), far[best], by_ways[best]


def middles(problem: Problem, order: Ints, starts: Ints) -> tuple[Ints, Doubles, Doubles, Doubles]:
    """This will give for each grid its middle and the longest, mean and mean square walk of its households to it.
    `order`: rows by grid, `starts`: where each begins."""
    k, w = len(starts) - 1, np.asarray(problem.units.households, dtype=np.float64)
    anchor, told = np.zeros(k, np.int64), np.zeros((k, 3))
    for g in range(k):
        rows = order[starts[g] : starts[g + 1]]
        anchor[g], far, _ = middle(problem, rows)
        homes = max(float(w[rows].sum()), 1.0)
        told[g] = far[w[rows] > 0].max(initial=0.0), w[rows] @ far / homes, w[rows] @ far**2 / homes
    return anchor, told[:, 0], told[:, 1], told[:, 2]


def walked_by(problem: Problem, assignment: Array) -> dict[int, str]:
    """This will say of each grid how its walks were measured: by ``ways``, ``partly``, or ``straight`` lines."""
    grid, w = np.asarray(assignment), np.asarray(problem.units.households)
    found = {}
    for g in np.unique(grid).tolist():
        rows = np.flatnonzero(grid == g)
        _, far, by_ways = middle(problem, rows)
        told = by_ways[(w[rows] > 0) & (far > 0)]  # 0 m is no estimate
        every = problem.walk is not None and bool(told.all())
        found[g] = "ways" if every else "partly" if told.any() else "straight"
    return found


@dataclass(frozen=True, eq=False)
class Reach:
    """Of atoms (rows) to each of their units (columns), the middles that a grid of them could have: `longest` metres
    of a home, `sums` and `squares` over households; `of`: the atom of each unit."""

    longest: Doubles
    sums: Doubles
    squares: Doubles
    of: Ints

    def within(self, sets: list[int], limit: float) -> list[int]:
        """Give the sets that have a middle with every home within the limit."""
        kept: list[int] = []
        too_far = (self.longest > limit).astype(np.float64)
        for some, members in self._shares(sets):
            fits = (members @ too_far == 0) & (members[:, self.of] > 0)
            kept += [s for s, fit in zip(some, fits.any(axis=1).tolist(), strict=True) if fit]
        return kept

    def longest_of(self, sets: list[int]) -> Doubles:
        """Give for each set the longest walk of a home to the middle where that is shortest."""
        found = np.empty(len(sets))
        for nth, one in enumerate(sets):
            inside = np.array([one >> i & 1 for i in range(len(self.longest))], bool)
            found[nth] = self.longest[np.ix_(inside, inside[self.of])].max(axis=0).min()
        return found

    def costs(self, sets: list[int]) -> Doubles:
        """Give for each set the squared metres, summed over households, to the unit where they are least."""
        least = [np.where(members[:, self.of] > 0, members @ self.squares, np.inf).min(axis=1)
                 for _, members in self._shares(sets)]  # fmt: skip
        return np.concatenate([np.zeros(0), *least])

    def _shares(self, sets: list[int]) -> Iterator[tuple[list[int], Doubles]]:
        for first in range(0, len(sets), SETS_AT_ONCE):
            some = sets[first : first + SETS_AT_ONCE]
            yield some, covering.matrix(len(self.longest), some)


def reach(ground: Ground, rows: Ints) -> Reach:
    """This will measure from the homes of these atoms to each of their units."""
    ends, listed = ground.members
    place = np.argsort(ground.laid.order, kind="stable")  # in curve order: the order of rows changes no bit
    shares = [listed[ends[r] : ends[r + 1]] for r in rows.tolist()]
    shares = [share[np.argsort(place[share], kind="stable")] for share in shares]
    units = np.concatenate(shares)
    size = np.array([len(share) for share in shares])
    starts, w = np.cumsum(size) - size, np.asarray(ground.problem.units.households, dtype=np.float64)[units]
    longest, sums, squares = np.empty((3, len(rows), len(units)))
    for first in range(0, len(units), MIDDLES_AT_ONCE):
        some = slice(first, first + MIDDLES_AT_ONCE)
        far, _ = metres(ground.problem, units, units[some])
        longest[:, some] = np.maximum.reduceat(np.where(w[:, None] > 0, far, 0.0), starts, axis=0)
        sums[:, some] = np.add.reduceat(w[:, None] * far, starts, axis=0)
        squares[:, some] = np.add.reduceat(w[:, None] * far**2, starts, axis=0)
    return Reach(longest, sums, squares, np.repeat(np.arange(len(rows)), size))

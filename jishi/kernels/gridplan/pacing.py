"""Where ways or a longest walk are told, houses at a border change grid if people then walk less (spec 21 §6 step 7).

The annealing of a large piece is led by straight lines. Here J is reckoned along the ways, one atom or an exchange of
two at a time, and a piece is never left worse than it was found: J and the faults of the piece by itself are compared.
"""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from . import covering, reporting, solving, walking
from .auditing import audit
from .certifying import units_of
from .contract import Ground
from .loosening import Division
from .problem import restricted
from .searching import Search
from .values import Array, Ints, Problem

MOST_CELLS = 4_000_000  # atoms × units of a piece that are measured at once: a larger one stays as it was searched
PASSES = 40
MOST_EXCHANGES = 100  # between two grids in one pass
GAIN = 1e-9  # of J, below which nobody moves
TOO_FAR = 10.0  # what a walk of twice the limit costs beside a J of about 1
Grid = frozenset[int]


def paced(division: Division, search: Search) -> Array:
    """This will give the division with shorter walks along the ways, or the same. Pieces that were enumerated with the
    ways stay, and everything where a change of grid has a price: nobody moves for a shorter walk alone."""
    ground, pieces, part = division
    part = part.copy()
    problem = ground.problem
    if (problem.walk is None and problem.max_walk_m is None) or search.price > 0 or problem.count is not None:
        return part
    for piece in pieces:
        if search.stop("walks", 0, len(pieces), 0, lambda: 0.0):
            break
        if len(np.unique(part[piece.rows])) > 1 and _was_searched(ground, piece.rows):
            _pace(ground, piece.rows, part, search)
    return part


def _was_searched(ground: Ground, rows: Ints) -> bool:
    if len(rows) > solving.SMALL:
        return len(rows) * len(units_of(ground, rows)) <= MOST_CELLS
    near, band = covering.bits(ground.indptr, ground.indices, rows), ground.problem.band
    sets = covering.fitting(near, ground.w[rows].tolist(), band.lo, band.hi, most=solving.LOOKS)
    return sets is None or len(sets) > covering.MOST_COLUMNS


def _pace(ground: Ground, rows: Ints, part: Array, search: Search) -> None:
    units, told, before = np.array(units_of(ground, rows)), _Piece(ground, rows), part[rows].copy()
    was = part[ground.atom_of[units]]
    for nth in range(PASSES):
        if search.stop("walks", nth, PASSES, 0, lambda: 0.0) or not told.better(part):
            break
    own, now = _by_itself(ground.problem, units), part[ground.atom_of[units]]
    if (len(audit(now, own)), _cost(own, now)) > (len(audit(was, own)), _cost(own, was)):
        part[rows] = before


def _by_itself(problem: Problem, units: Ints) -> Problem:
    further = {name: replace(soft, values=np.asarray(soft.values)[units]) for name, soft in problem.workloads.items()}
    return replace(restricted(problem, units), workloads=further)


def _cost(problem: Problem, grid: Array) -> float:
    return reporting.objective(problem, np.unique(grid, return_inverse=True)[1])["J"]


class _Piece:
    """The atoms of a piece by their place in it: who is beside whom, and what a grid of some of them would cost."""

    def __init__(self, ground: Ground, rows: Ints) -> None:
        self.ground, self.rows, self.band = ground, rows, ground.problem.band
        place = {int(r): i for i, r in enumerate(rows.tolist())}
        self.near: list[dict[int, float]] = [{} for _ in rows]
        self.around = np.zeros(len(rows))
        for i, row in enumerate(rows.tolist()):
            for e in range(int(ground.indptr[row]), int(ground.indptr[row + 1])):
                self.around[i] += ground.border[e]
                j = place.get(int(ground.indices[e]))
                if j is not None:
                    self.near[i][j] = float(ground.border[e])
        self.w, self.kin = ground.w[rows], ground.kin[rows]
        self.is_free = ~ground.fixed[rows].astype(bool)
        self.reach = walking.reach(ground, rows)
        ends = np.searchsorted(self.reach.of, np.arange(len(rows) + 1))
        self.units = [np.arange(ends[i], ends[i + 1]) for i in range(len(rows))]
        self.known: dict[Grid, float] = {}

    def better(self, part: Array) -> bool:
        """Make the changes that gain most, each grid in one of them at most; tell whether there was one."""
        grids: dict[int, set[int]] = {}
        for i, g in enumerate(part[self.rows].tolist()):
            grids.setdefault(g, set()).add(i)
        self.total, self.k = max(float(self.w.sum()), 1.0), len(grids)
        here = {g: frozenset(some) for g, some in grids.items()}
        found = []
        for g, h, some, others in self._changes(here, part[self.rows].tolist()):
            gain = self.cost(here[g]) + self.cost(here[h]) - self.cost(some) - self.cost(others)
            if gain > GAIN:
                found.append((-gain, g, h, some, others))
        changed = set[int]()
        for _, g, h, some, others in sorted(found, key=lambda one: (one[0], sorted(one[3]), sorted(one[4]))):
            if not changed & {g, h} and self.holds(some) and self.holds(others):
                part[self.rows[list(some)]], part[self.rows[list(others)]] = g, h
                changed |= {g, h}
        return bool(changed)

    def _changes(self, here: dict[int, Grid], of: list[int]) -> Iterator[tuple[int, int, Grid, Grid]]:
        """Give two grids beside each other with what they would hold: one atom goes over, or two are exchanged."""
        border = self._border(of)
        for (g, h), going in sorted(border.items()):
            for i in going:
                if len(here[g]) > 1 and self._fits(here[g], here[h], int(self.w[i])):
                    yield g, h, here[g] - {i}, here[h] | {i}
            if g < h:
                pairs = [(i, j) for i in going for j in border.get((h, g), ())]
                for i, j in pairs[:MOST_EXCHANGES]:
                    if self._fits(here[g], here[h], int(self.w[i] - self.w[j])):
                        yield g, h, here[g] - {i} | {j}, here[h] - {j} | {i}

    def _border(self, of: list[int]) -> dict[tuple[int, int], list[int]]:
        """Give the atoms of one grid that touch another, by the two grids."""
        border: dict[tuple[int, int], list[int]] = {}
        for i, g in enumerate(of):
            for h in {of[j] for j in self.near[i]} - {g} if self.is_free[i] else ():
                border.setdefault((g, h), []).append(i)
        return border

    def _fits(self, giving: Grid, taking: Grid, homes: int) -> bool:
        left, more = (int(self.w[list(some)].sum()) for some in (giving, taking))
        lo, hi = self.band.lo, self.band.hi
        return lo <= left - homes <= hi and lo <= more + homes <= hi

    def cost(self, some: Grid) -> float:
        """Give what these atoms add to J as one grid, and a high price where somebody walks farther than the limit."""
        if some not in self.known:
            self.known[some] = self._reckoned(sorted(some))
        return self.known[some]

    def _reckoned(self, atoms: list[int]) -> float:
        units = np.concatenate([self.units[i] for i in atoms])
        longest = self.reach.longest[np.ix_(np.array(atoms), units)].max(axis=0)
        middle, limit = int(np.argmin(longest)), self.ground.problem.max_walk_m
        nodes, weights = self.ground.nodes[self.rows[atoms]].sum(axis=0), self.ground.problem.weights
        k, mean = self.k, self.total / self.k
        found = weights.walk * float(self.reach.sums[atoms, units[middle]].sum()) / self.total / self._radius
        inside = set(atoms)
        length = float(self.around[atoms].sum()) - sum(m for i in atoms for j, m in self.near[i].items() if j in inside)
        if nodes[4] > 0:
            found += weights.shape * (length**2 / (4 * np.pi * nodes[4]) - 1) / k
        found += weights.balance * (nodes[0] / mean - 1) ** 2 / k
        soft = self.ground.problem.workloads
        for d, name in enumerate(sorted(soft)):
            of_all = float(self.ground.nodes[self.rows, 5 + d].sum()) / k
            found += soft[name].weight * (nodes[5 + d] / max(of_all, 1e-9) - 1) ** 2 / k
        if limit is not None:
            found += TOO_FAR * max(float(longest[middle]) / limit - 1, 0.0)
        return float(found)

    @property
    def _radius(self) -> float:
        middle = max((self.band.lo + self.band.hi) / 2, 1.0)
        area = max(float(self.ground.nodes[self.rows, 4].sum()), 1e-9)
        return float(np.sqrt(area / np.pi / max(self.total / middle, 1.0)))

    def holds(self, some: Grid) -> bool:
        """Tell whether these atoms hang together, pieces of one split compound by themselves, none of them apart."""
        kin = {int(c) for c in self.kin[list(some)]} - {-1}
        parts = [some, *(frozenset(i for i in some if self.kin[i] == c) for c in kin)]
        return all(self._touch(one) for one in parts) and not self._has_foes(some)

    def _touch(self, some: Grid) -> bool:
        waiting = [min(some)]
        reached = set(waiting)
        while waiting:
            fresh = [j for j in self.near[waiting.pop()] if j in some and j not in reached]
            reached.update(fresh)
            waiting += fresh
        return len(reached) == len(some)

    def _has_foes(self, some: Grid) -> bool:
        ground, members = self.ground, self.rows[sorted(some)]
        if not ground.foes.size:
            return False
        foes = (ground.foes[ground.foe_ptr[r] : ground.foe_ptr[r + 1]] for r in members.tolist())
        return any(np.isin(members, one).any() for one in foes)

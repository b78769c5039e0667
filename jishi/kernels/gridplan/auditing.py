"""Is this division of the ground legal? Every fault, with its place and number.

The auditor trusts nothing of the planner and shares no code with it: of this package it imports values, the refusals
of senseless input, and nothing else (a test reads the imports). It judges plans drawn by hand as well.
"""

import math
from collections.abc import Sequence

import numpy as np

from .problem import check
from .values import HARD, Array, Doubles, Exemption, Fault, Flags, Ints, Problem

BY_ROAD = 1.35  # metres walked per metre of straight line, where no walking net is given: an estimate
MOST_NAMED = 20


def _said(far: float, limit: float) -> int:
    """Give whole metres as every table rounds them, but never a number that the limit allows."""
    return max(round(far), math.floor(limit) + 1)


def audit(assignment: Array, problem: Problem, exemptions: Sequence[Exemption] = ()) -> tuple[Fault, ...]:
    """This will give every fault of a plan; an empty tuple means that it is legal.

    `assignment` (n,): one grid ≥ 0 per unit. `exemptions`: those that the plan lists; one that is not needed, not
    allowed or not listed is a fault.

    :raises BadInput: if the problem itself makes no sense.
    """
    problem = check(problem)
    given = np.asarray(assignment)
    n = len(problem.units.id)
    if given.shape != (n,) or given.dtype.kind not in "iu":
        return (Fault("H1", "not_one_grid_per_unit", number=abs(n - len(given))),)
    if (given < 0).any():
        rows = np.flatnonzero(given < 0)
        return (Fault("H1", "without_grid", number=len(rows), units=_named(rows)),)
    return _Audit(given.astype(np.int64), problem).faults(tuple(exemptions))


def _named(rows: Array) -> tuple[int, ...]:
    return tuple(int(r) for r in rows[:MOST_NAMED])


def _linked(n: int, u: Array, v: Array) -> Ints:
    """Label the pieces of a graph, 0, 1, 2 …"""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    links = coo_array((np.ones(len(u), np.int8), (u, v)), shape=(n, n))
    return np.asarray(connected_components(links, directed=False)[1], dtype=np.int64)


class _Audit:
    """One plan before the rules. Grids are numbered anew, 0 … k−1; `names` holds their own numbers."""

    def __init__(self, given: Ints, problem: Problem) -> None:
        self.problem = problem
        self.names, self.grid = np.unique(given, return_inverse=True)
        self.n, self.k = len(given), len(self.names)
        self.w = np.asarray(problem.units.households, dtype=np.int64)
        self.sum = np.bincount(self.grid, self.w, self.k).astype(np.int64)
        free = problem.atoms is None or problem.compounds == "free"
        self.atom = np.full(self.n, -1, np.int64) if free else np.asarray(problem.atoms, dtype=np.int64)
        edges = problem.edges
        self.u, self.v = np.asarray(edges.u), np.asarray(edges.v)
        self.is_hard = np.asarray(edges.barrier) >= HARD
        held = problem.community is not None and problem.communities == "hard"
        self.community = np.asarray(problem.community, dtype=np.int64) if held else None

    def faults(self, exemptions: tuple[Exemption, ...]) -> tuple[Fault, ...]:
        found = [*self._connected(), *self._compounds(), *self._band(exemptions), *self._borders()]
        found += [*self._walks(), *self._count(), *self._pins()]
        return tuple(found)

    def _name(self, grid: int) -> int:
        return int(self.names[grid])

    # --- H2, H5 ------------------------------------------------------------------------------------------

    def _ties(self) -> tuple[Ints, Ints]:
        """A compound is one place: its units in one grid hang together."""
        rows = np.flatnonzero(self.atom >= 0)
        rows = rows[np.lexsort((self.grid[rows], self.atom[rows]))]
        same = (self.atom[rows[1:]] == self.atom[rows[:-1]]) & (self.grid[rows[1:]] == self.grid[rows[:-1]])
        return rows[:-1][same], rows[1:][same]

    def _pieces_per_grid(self, links: Flags) -> tuple[Ints, Ints]:
        a, b = self._ties()
        label = _linked(self.n, np.concatenate([self.u[links], a]), np.concatenate([self.v[links], b]))
        _, first = np.unique(label, return_index=True)
        return label, np.bincount(self.grid[first], minlength=self.k).astype(np.int64)

    def _connected(self) -> list[Fault]:
        inside = self.grid[self.u] == self.grid[self.v]
        label, pieces = self._pieces_per_grid(inside & ~self.is_hard)
        broken = np.flatnonzero(pieces > 1)
        if not len(broken):
            return []
        _, whole = self._pieces_per_grid(inside)
        found = []
        for g in broken.tolist():
            rows = np.flatnonzero(self.grid == g)
            loose = rows[label[rows] != label[rows[np.argmax(self.w[rows])]]]
            rule, code = ("H5", "crosses_barrier") if whole[g] == 1 else ("H2", "in_pieces")
            found.append(Fault(rule, code, self._name(g), int(pieces[g]), _named(loose)))
        return found

    # --- H3 ----------------------------------------------------------------------------------------------

    def _compounds(self) -> list[Fault]:
        if (self.atom < 0).all():
            return []
        codes, which = np.unique(self.atom, return_inverse=True)
        which = np.where(self.atom >= 0, which, -1)
        weight = np.bincount(which[which >= 0], self.w[which >= 0], len(codes)).astype(np.int64)
        pairs = np.unique(which[which >= 0] * self.k + self.grid[which >= 0])
        parts = np.bincount(pairs // self.k, minlength=len(codes))
        split = np.flatnonzero((parts > 1) & (weight <= self.problem.whole_up_to))
        found = [Fault("H3", "compound_split", number=int(codes[a]), units=_named(np.flatnonzero(which == a)))
                 for a in split.tolist()]  # fmt: skip
        return [*found, *self._loose_pieces(which, codes, parts), *self._own_grids(which, codes, weight)]

    def _loose_pieces(self, which: Ints, codes: Array, parts: Array) -> list[Fault]:
        """A piece of a compound that is split hangs together along its buildings, where the compound does."""
        inner = (which[self.u] == which[self.v]) & (which[self.u] >= 0) & (parts[which[self.u]] > 1) & ~self.is_hard
        fragment = _linked(self.n, self.u[inner], self.v[inner])
        inner &= self.grid[self.u] == self.grid[self.v]
        piece = _linked(self.n, self.u[inner], self.v[inner])
        found = []
        split = np.flatnonzero((which >= 0) & (parts[which] > 1))
        key = which[split] * self.k + self.grid[split]
        order = split[np.argsort(key, kind="stable")]
        for rows in np.split(order, np.flatnonzero(np.diff(np.sort(key))) + 1):
            if len(rows) and len(np.unique(fragment[rows])) == 1 and len(np.unique(piece[rows])) > 1:
                grid, atom = int(self.grid[rows[0]]), int(codes[which[rows[0]]])
                found.append(Fault("H3", "piece_in_pieces", self._name(grid), atom, _named(rows)))
        return found

    def _own_grids(self, which: Ints, codes: Array, weight: Ints) -> list[Fault]:
        if self.problem.compounds != "own_grid":
            return []
        band, found = self.problem.band, []
        peopled = self.w > 0
        for a in np.flatnonzero((weight >= band.lo) & (weight <= band.hi) & (codes >= 0)).tolist():
            grid = int(self.grid[np.flatnonzero(which == a)[0]])
            others = np.flatnonzero((self.grid == grid) & (which != a) & peopled)
            if len(others):
                found.append(Fault("H3", "not_its_own_grid", self._name(grid), int(codes[a]), _named(others)))
        return found

    # --- H4 and the exemptions ------------------------------------------------------------------------------

    def _band(self, exemptions: tuple[Exemption, ...]) -> list[Fault]:
        band = self.problem.band
        out = np.flatnonzero((self.sum < band.lo) | (self.sum > band.hi))
        listed = {(e.grid, e.kind): e for e in exemptions}
        found, used = [], set()
        components = self._components() if len(out) else None
        for g in out.tolist():
            kind = self._exemption(g, components)
            name = self._name(g)
            if kind and (name, kind) in listed and listed[name, kind].households == self.sum[g]:
                used.add((name, kind))
                continue
            code = "under" if self.sum[g] < band.lo else "over"
            found.append(Fault("H4", f"{code}_exemption_not_listed" if kind else code, name, int(self.sum[g])))
        found += [Fault("exemption", "needless_or_false", grid, e.households)
                  for (grid, kind), e in sorted(listed.items()) if (grid, kind) not in used]  # fmt: skip
        return found

    def _components(self) -> Ints:
        """What hangs together at all, before anybody plans."""
        keep = ~self.is_hard
        if self.community is not None:
            keep &= self.community[self.u] == self.community[self.v]
        rows = np.flatnonzero(self.atom >= 0)
        rows = rows[np.argsort(self.atom[rows], kind="stable")]
        same = self.atom[rows[1:]] == self.atom[rows[:-1]]
        return _linked(self.n, np.concatenate([self.u[keep], rows[:-1][same]]),
                       np.concatenate([self.v[keep], rows[1:][same]]))  # fmt: skip

    def _exemption(self, grid: int, components: Ints | None) -> str | None:
        """Name the exemption that a grid out of its band may have, if the town allows it."""
        assert components is not None
        rows, exempt = np.flatnonzero(self.grid == grid), self.problem.exempt
        if self.sum[grid] > self.problem.band.hi:
            return "oversize_alone" if exempt.oversize_alone and self._is_alone(rows) else None
        all_of_it = (components == components[rows[0]]).sum() == len(rows)
        if self.sum[grid] == 0:
            return "unpeopled" if exempt.unpeopled and all_of_it else None
        return "small_island" if exempt.allow_islands and all_of_it else None

    def _is_alone(self, rows: Array) -> bool:
        peopled = rows[self.w[rows] > 0]
        if len(peopled) == 1:
            return True
        atoms = np.unique(self.atom[peopled])
        if len(atoms) != 1 or atoms[0] < 0:
            return False
        whole = int(self.w[self.atom == atoms[0]].sum())
        return whole == int(self.w[rows].sum()) and whole <= self.problem.whole_up_to

    # --- H6 – H9 -----------------------------------------------------------------------------------------------

    def _borders(self) -> list[Fault]:
        if self.community is None:
            return []
        low = np.full(self.k, np.iinfo(np.int64).max)
        high = np.full(self.k, np.iinfo(np.int64).min)
        np.minimum.at(low, self.grid, self.community)
        np.maximum.at(high, self.grid, self.community)
        return [Fault("H6", "crosses_community", self._name(g)) for g in np.flatnonzero(low < high).tolist()]

    def _walks(self) -> list[Fault]:
        """From every home to the anchor: along the ways where they are told, else straight line × 1.35, an estimate."""
        limit = self.problem.max_walk_m
        if limit is None:
            return []
        order = np.argsort(self.grid, kind="stable")
        found = []
        for rows in np.split(order, np.flatnonzero(np.diff(self.grid[order])) + 1):
            x, y = (np.asarray(a, dtype=np.float64)[rows] for a in (self.problem.units.x, self.problem.units.y))
            homes = self.w[rows] > 0
            if not homes.any():
                continue
            metres = np.hypot(x[:, None] - x, y[:, None] - y) * BY_ROAD
            self._along_ways(rows, metres)
            far = metres[:, homes].max(axis=1).min()
            if far > limit:
                found.append(Fault("H7", "walk_too_far", self._name(int(self.grid[rows[0]])), _said(far, limit)))
        return found

    def _along_ways(self, rows: Array, metres: Doubles) -> None:
        """Put the metres of the ways in the place of estimates, between the units of one grid."""
        walk = self.problem.walk
        if walk is None:
            return
        for nth, row in enumerate(rows.tolist()):
            told = slice(int(walk.indptr[row]), int(walk.indptr[row + 1]))
            _, here, there = np.intersect1d(rows, walk.indices[told], assume_unique=True, return_indices=True)
            metres[nth, here] = np.asarray(walk.metres[told], dtype=np.float64)[there]

    def _count(self) -> list[Fault]:
        wanted = self.problem.count
        peopled = int((self.sum > 0).sum())
        return [] if wanted is None or peopled == wanted else [Fault("H8", "other_count", number=peopled)]

    def _pins(self) -> list[Fault]:
        pins, found = self.problem.pins, []
        for one in pins.together:
            if len(np.unique(self.grid[list(one)])) > 1:
                found.append(Fault("H9", "not_together", units=tuple(one)))
        for a, b in pins.apart:
            if self.grid[a] == self.grid[b]:
                found.append(Fault("H9", "not_apart", self._name(int(self.grid[a])), units=(a, b)))
        if len(pins.stay):
            previous = np.asarray(self.problem.previous)
            gone = [r for r in pins.stay if self.names[self.grid[r]] != previous[r]]
            found += [Fault("H9", "did_not_stay", self._name(int(self.grid[r])), units=(r,)) for r in gone]
        return found

"""Questions about a plan: why is this house here, what if it went there, what differs (spec 21 §4)."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from . import refusals, reporting, walking
from .contract import usable
from .problem import fewer_walks
from .values import Doubles, Edges, Fault, Flags, Ints, Plan, Problem, Sheet, Units


@dataclass(frozen=True)
class Because:
    """Why a unit is not in a neighbouring grid: what would break there or here, or what it would cost."""

    grid: int
    breaks: tuple[str, ...]
    sentence: str
    household_km: float


@dataclass(frozen=True)
class Explanation:
    """A unit's grid and, for each neighbouring grid, why it is not there."""

    unit: int
    grid: int
    together_with: tuple[int, ...]
    others: tuple[Because, ...]


@dataclass(frozen=True)
class Tried:
    """The touched grids after some moves: their sheets, what breaks, ΔJ and households moved."""

    legal: bool
    faults: tuple[Fault, ...]
    grids: tuple[Sheet, ...]
    delta: float
    households_moved: int


@dataclass(frozen=True)
class Compared:
    """What differs between two plans of the same units."""

    households_moved: int
    opened: tuple[int, ...]
    dissolved: tuple[int, ...]
    metrics: Mapping[str, tuple[float, float]]


class Desk:
    """A plan laid open for questions; each is answered from the touched grids alone. `move` stays open for more."""

    def __init__(self, plan: Plan) -> None:
        self.plan, problem = plan, plan.problem
        self.grid = np.array(plan.assignment, dtype=np.int64)
        self.row = {value: i for i, value in enumerate(np.asarray(problem.units.id).tolist())}
        self.w = np.asarray(problem.units.households, dtype=np.int64)
        self.x, self.y = (np.asarray(a, dtype=np.float64) for a in (problem.units.x, problem.units.y))
        keep = usable(problem)
        self.pointer, self.others, _ = self._adjacency(keep)
        self.around = self._adjacency(np.ones(len(keep), bool))  # with those across barriers: their borders count
        self.atom = self._atoms()
        self.members: dict[int, set[int]] = {}
        for i, g in enumerate(self.grid.tolist()):
            self.members.setdefault(g, set()).add(i)

    def _adjacency(self, keep: Flags) -> tuple[Ints, Ints, Doubles]:
        """Give the neighbours of each unit by these edges, with the borders."""
        edges = self.plan.problem.edges
        u, v, border = (np.asarray(a)[keep] for a in (edges.u, edges.v, edges.border))
        ends, others = np.concatenate([u, v]), np.concatenate([v, u])
        order = np.argsort(ends, kind="stable")
        pointer = np.searchsorted(ends[order], np.arange(len(self.grid) + 1))
        return pointer, others[order], np.concatenate([border, border])[order]

    def _atoms(self) -> Ints:
        """Units that go together: −1 alone."""
        problem = self.plan.problem
        if problem.atoms is None or problem.compounds == "free":
            return np.full(len(self.grid), -1, np.int64)
        atoms = np.asarray(problem.atoms, dtype=np.int64)
        codes, which = np.unique(atoms, return_inverse=True)
        heavy = np.bincount(which, self.w) > problem.whole_up_to
        return np.where((atoms >= 0) & ~heavy[which], atoms, -1)

    def near(self, row: int) -> list[int]:
        """Give the neighbours of a unit that a grid may use."""
        return [int(i) for i in self.others[self.pointer[row] : self.pointer[row + 1]]]

    def with_it(self, row: int) -> list[int]:
        """Give the units that move with this one: its compound."""
        return [row] if self.atom[row] < 0 else np.flatnonzero(self.atom == self.atom[row]).tolist()

    def place(self, unit: object) -> int:
        """Give the row of an id.

        :raises NoSuchUnit: if the plan has no such unit.
        """
        if unit not in self.row:
            raise refusals.NoSuchUnit(unit=unit)
        return self.row[unit]

    def pieces(self, rows: set[int]) -> list[list[int]]:
        """Give the connected parts of some units, the heaviest first."""
        left, found = set(rows), []
        by_atom: dict[int, list[int]] = {}
        for r in rows:
            if self.atom[r] >= 0:
                by_atom.setdefault(int(self.atom[r]), []).append(r)
        while left:
            waiting, part = [min(left)], []
            left.discard(waiting[0])
            while waiting:
                one = waiting.pop()
                part.append(one)
                for other in [*self.near(one), *by_atom.get(int(self.atom[one]), ())]:
                    if other in left:
                        left.discard(other)
                        waiting.append(other)
            found.append(part)
        return sorted(found, key=lambda p: (-int(self.w[p].sum()), min(p)))

    def breaks(self, grids: Sequence[int]) -> tuple[Fault, ...]:
        """Say what is wrong with these grids as they stand now."""
        band, found = self.plan.problem.band, []
        exempt = {e.grid for e in self.plan.exemptions}
        for g in grids:
            rows = self.members.get(g, set())
            homes = int(self.w[list(rows)].sum()) if rows else 0
            parts = self.pieces(rows)
            if rows and g not in exempt and not band.lo <= homes <= band.hi:
                found.append(Fault("H4", "under" if homes < band.lo else "over", g, homes))
            if len(parts) > 1:
                found.append(Fault("H2", "in_pieces", g, len(parts), tuple(sorted(parts[1]))[:20]))
            found += self._walks(g, rows)
        return tuple(found)

    def _walks(self, grid: int, rows: set[int]) -> list[Fault]:
        problem, some = self.plan.problem, np.array(sorted(rows), dtype=np.int64)
        if problem.max_walk_m is None or not len(some):
            return []
        far = walking.middle(problem, some)[1][self.w[some] > 0].max(initial=0.0)
        limit = problem.max_walk_m
        return [Fault("H7", "walk_too_far", grid, max(round(far), math.floor(limit) + 1))] if far > limit else []

    def scatter(self, rows: set[int]) -> float:
        """Give the household-metres along the ways to the middle of some units; without ways, straight from the mean
        of their homes."""
        some = list(rows)
        w = self.w[some]
        if not w.sum():
            return 0.0
        if self.plan.problem.walk is not None:
            some = sorted(rows)
            return float(self.w[some] @ walking.middle(self.plan.problem, np.array(some))[1])
        x, y = self.x[some], self.y[some]
        return float((w * np.hypot(x - (w @ x) / w.sum(), y - (w @ y) / w.sum())).sum())

    def move(self, rows: Sequence[int], to: int) -> None:
        """Put units into a grid, without a judgement."""
        for row in rows:
            self.members[int(self.grid[row])].discard(row)
            self.members.setdefault(to, set()).add(row)
            self.grid[row] = to


def explain(plan: Plan, unit: object, desk: Desk | None = None) -> Explanation:
    """This will say why a unit (by its id) is in its grid: for each grid beside it what would break, or cost.

    :raises NoSuchUnit: if the plan has no such unit.
    """
    desk = desk or Desk(plan)
    row = desk.place(unit)
    here, rows = int(desk.grid[row]), desk.with_it(row)
    beside = sorted({int(desk.grid[j]) for r in rows for j in desk.near(r)} - {here})
    others = tuple(_because(desk, rows, here, to) for to in beside)
    return Explanation(row, here, tuple(r for r in rows if r != row), others)


def _because(desk: Desk, rows: list[int], here: int, to: int) -> Because:
    before = desk.scatter(desk.members[here]) + desk.scatter(desk.members[to])
    desk.move(rows, to)
    faults = desk.breaks((here, to))
    after = desk.scatter(desk.members[here]) + desk.scatter(desk.members[to])
    desk.move(rows, here)
    km = (after - before) / 1000
    told = [_told(desk, f) for f in faults] or [f"{km:+.1f} household-km"]
    if not desk.members[here] - set(rows):
        told.append(f"grid {here} would be dissolved")
    codes = tuple(f"{f.rule}:{f.code}:{f.grid}" for f in faults)
    return Because(to, codes, "; ".join(told), km)


def _told(desk: Desk, fault: Fault) -> str:
    if fault.rule == "H4":
        return f"grid {fault.grid} would have {fault.number}"
    if fault.rule == "H7":
        return f"in grid {fault.grid} somebody would walk {fault.number} m"
    at = desk.plan.problem.units.id[fault.units[0]]
    return f"grid {fault.grid} would fall in {fault.number} at {at}"


def what_if(plan: Plan, moves: Mapping[object, int], desk: Desk | None = None) -> Tried:
    """This will try some moves (id → grid): new numbers of the touched grids, legal or not, ΔJ of walking.

    With a `desk` of one's own the moves stay, for more of them.

    :raises NoSuchUnit: if the plan has no such unit.
    """
    desk = desk or Desk(plan)
    rows = {desk.place(unit): int(to) for unit, to in moves.items()}
    touched = sorted({int(desk.grid[r]) for r in rows} | set(rows.values()))
    before = sum(desk.scatter(desk.members.get(g, set())) for g in touched)
    moved = sum(int(desk.w[r]) for r, to in rows.items() if desk.grid[r] != to)
    for row, to in rows.items():
        desk.move([row], to)
    faults = desk.breaks(touched) + _split(desk, rows)
    after = sum(desk.scatter(desk.members.get(g, set())) for g in touched)
    share = (after - before) / max(float(desk.w.sum()), 1.0) * plan.problem.weights.walk
    radius = plan.metrics.get("mean_walk_m", 1.0) / max(plan.metrics.get("walk", 1.0), 1e-9)
    return Tried(not faults, faults, _sheets(desk, touched, faults), share / max(radius, 1e-9), moved)


def _split(desk: Desk, rows: Mapping[int, int]) -> tuple[Fault, ...]:
    found = []
    for atom in sorted({int(desk.atom[r]) for r in rows} - {-1}):
        units = np.flatnonzero(desk.atom == atom)
        if len(np.unique(desk.grid[units])) > 1:
            found.append(Fault("H3", "compound_split", number=atom, units=tuple(units[:20].tolist())))
    return tuple(found)


def _sheets(desk: Desk, grids: Sequence[int], faults: tuple[Fault, ...]) -> tuple[Sheet, ...]:
    """Give the sheets of some grids from their own units and their neighbours alone."""
    inside = sorted({r for g in grids for r in desk.members.get(g, set())})
    pointer, others, border = desk.around
    place = {r: i for i, r in enumerate(inside)}
    links: list[tuple[int, int, float]] = []
    for i, r in enumerate(inside):
        a, b = int(pointer[r]), int(pointer[r + 1])
        for other, metres in zip(others[a:b].tolist(), border[a:b].tolist(), strict=True):
            j = place.setdefault(other, len(place))
            if j > i:
                links.append((i, j, metres))
    some = np.array(list(place), dtype=np.int64)
    told = reporting.sheets(_part(desk, some, links), desk.grid[some], faults, only=np.array(grids))
    return tuple(replace(one, anchor=int(some[one.anchor])) for one in told)


def _part(desk: Desk, some: Ints, links: list[tuple[int, int, float]]) -> Problem:
    """Give the problem of some units and what links them."""
    whole = desk.plan.problem
    area = None if whole.units.area is None else np.asarray(whole.units.area)[some]
    units = Units(some, desk.x[some], desk.y[some], desk.w[some], area)
    u, v, border = (np.array(column) for column in zip(*links, strict=True)) if links else (np.zeros(0, np.int64),) * 3
    further = {name: replace(soft, values=np.asarray(soft.values)[some]) for name, soft in whole.workloads.items()}
    walk = None
    if whole.walk is not None:
        place = np.full(len(desk.w), -1, np.int64)
        place[some] = np.arange(len(some))
        walk = fewer_walks(whole.walk, some, place)
    return Problem(units, Edges(u, v, border), whole.band, further, weights=whole.weights, walk=walk)


def compare(a: Plan, b: Plan) -> Compared:
    """This will say what differs between two plans of the same units in the same order."""
    first, second = np.asarray(a.assignment), np.asarray(b.assignment)
    if first.shape != second.shape:
        raise refusals.PreviousDoesNotFit(units=len(first), given=len(second))
    differ: Flags = first != second
    w = np.asarray(a.problem.units.households)
    names = set(np.unique(first).tolist()), set(np.unique(second).tolist())
    both = {key: (a.metrics[key], b.metrics[key]) for key in a.metrics if key in b.metrics}
    return Compared(int(w[differ].sum()), tuple(sorted(names[1] - names[0])), tuple(sorted(names[0] - names[1])), both)


def sheet(plan: Plan, grid: int) -> Sheet:
    """This will give one grid in numbers.

    :raises NoSuchUnit: if no unit is in it.
    """
    found = [s for s in plan.grids if s.grid == grid]
    if not found:
        raise refusals.NoSuchUnit(grid=grid)
    return found[0]

"""Refuse what makes no sense, before anybody plans or audits (spec 21 §11)."""

from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from . import refusals
from .values import HARD, Array, Edges, Ints, Pins, Problem, Units, Walk

MOST_UNITS = 10_000_000
MOST_HOMES = 2**53  # in a band: beyond it numbers are not exact
DEGREES_WITHIN = (180.0, 90.0)
SPREAD_OF_DEGREES = 1.0  # metres: a ground with neighbours that spans less than this was not projected


def check(problem: Problem) -> Problem:
    """This will give the problem with clean arrays, doubled edges merged.

    :raises BadInput: one of `refusals`, with the first twenty places and how many there are.
    """
    _band(problem)
    _options(problem)
    _units(problem)
    edges = _edges(problem)
    _labels(problem)
    clean = Problem(**{**vars(problem), "edges": edges})
    _walk(clean)
    _atoms(clean)
    _previous(clean)
    _pins(clean)
    return clean


def restricted(problem: Problem, rows: Array) -> Problem:
    """This will give the problem of some of the units alone, without pins and count."""
    place = np.full(len(problem.units.id), -1, np.int64)
    place[rows] = np.arange(len(rows))
    units, edges = problem.units, problem.edges
    keep = (place[edges.u] >= 0) & (place[edges.v] >= 0)
    labels: dict[str, Any] = {name: None if column is None else np.asarray(column)[rows]
            for name, column in (("atoms", problem.atoms), ("community", problem.community))}  # fmt: skip
    columns = {name: None if column is None else np.asarray(column)[rows] for name, column in vars(units).items()}
    fewer = Units(**columns)  # type: ignore[arg-type]
    inner = Edges(place[edges.u[keep]], place[edges.v[keep]], np.asarray(edges.border)[keep],
                  np.asarray(edges.barrier)[keep])  # fmt: skip
    walk = None if problem.walk is None else fewer_walks(problem.walk, rows, place)
    return replace(problem, units=fewer, edges=inner, pins=Pins(), count=None, previous=None, workloads={}, walk=walk,
                   **labels)  # fmt: skip


def fewer_walks(walk: Walk, rows: Array, place: Array) -> Walk:
    """This will give the walks between some of the units; `place` (n,): which of `rows` a unit is, −1 none."""
    pointer = np.asarray(walk.indptr)
    size = pointer[rows + 1] - pointer[rows]
    of = np.repeat(np.arange(len(rows)), size)
    at = np.arange(len(of)) - np.repeat(np.cumsum(size) - size, size) + np.repeat(pointer[rows], size)
    to = place[np.asarray(walk.indices)[at]]
    of, at, to = of[to >= 0], at[to >= 0], to[to >= 0]
    order = np.lexsort((to, of))
    fresh = np.zeros(len(rows) + 1, np.int64)
    fresh[1:] = np.cumsum(np.bincount(of, minlength=len(rows)))
    return Walk(fresh, to[order].astype(np.int32), np.asarray(walk.metres)[at[order]])


def some(rows: npt.ArrayLike) -> dict[str, Any]:
    """Give the first twenty of these and their count."""
    listed = np.asarray(rows).tolist()
    return {"first": listed[: refusals.MOST_NAMED], "count": len(listed)}


def _is_whole(value: object) -> bool:
    return isinstance(value, (int, np.integer)) and not isinstance(value, bool)


def _band(problem: Problem) -> None:
    lo, hi = problem.band.lo, problem.band.hi
    if not (_is_whole(lo) and _is_whole(hi)) or lo < 0 or lo > hi or not 1 <= hi <= MOST_HOMES:
        raise refusals.BandMakesNoSense(lo=lo, hi=hi)
    if problem.cap is not None and not (_is_whole(problem.cap) and 1 <= problem.cap <= MOST_HOMES):
        raise refusals.BandMakesNoSense(cap=problem.cap)


def _options(problem: Problem) -> None:
    wanted = {"compounds": ("whole", "own_grid", "free"), "communities": ("hard", "soft", "ignore")}
    for name, allowed in wanted.items():
        if getattr(problem, name) not in allowed:
            raise refusals.BadOption(option=name, value=getattr(problem, name))
    if problem.count is not None and (not _is_whole(problem.count) or problem.count < 1):
        raise refusals.BadOption(option="count", value=problem.count)
    limit = problem.max_walk_m
    if limit is not None and (not np.isfinite(limit) or limit <= 0):
        raise refusals.BadOption(option="max_walk_m", value=limit)
    for name, weight in vars(problem.weights).items():
        if not np.isfinite(weight) or weight < 0:
            raise refusals.BadOption(option=name, value=weight)
    if not np.isfinite(problem.change_price) or problem.change_price < 0:
        raise refusals.BadOption(option="change_price", value=problem.change_price)


def _units(problem: Problem) -> None:
    units = problem.units
    ids = np.asarray(units.id)
    n = len(ids)
    if n == 0:
        raise refusals.NoUnits()
    if n >= MOST_UNITS:
        raise refusals.TooBigForOneCall(units=n)
    if not all(np.shape(a) == (n,) for a in (units.x, units.y, units.households)):
        raise refusals.BadUnit(reason="columns of different length")
    _, first, times = np.unique(ids, return_index=True, return_counts=True)
    if len(first) != n:
        raise refusals.DuplicateUnit(**some(ids[np.sort(first[times > 1])]))
    x, y = (np.asarray(a, dtype=np.float64) for a in (units.x, units.y))
    w = np.asarray(units.households, dtype=np.float64)
    bad = ~(np.isfinite(x) & np.isfinite(y) & np.isfinite(w)) | (w < 0) | (w != np.floor(w)) | (w > 2**31 - 1)
    if bad.any():
        raise refusals.BadUnit(**some(ids[bad]))
    if not w.any():
        raise refusals.NobodyLivesHere(units=n)
    _degrees(x, y)
    _further(problem, n)


def _degrees(x: npt.NDArray[np.float64], y: npt.NDArray[np.float64]) -> None:
    far, flat = DEGREES_WITHIN
    if len(x) > 1 and abs(x).max() <= far and abs(y).max() <= flat:
        spread = max(np.ptp(x), np.ptp(y))
        if 0 < spread < SPREAD_OF_DEGREES * max(1.0, np.sqrt(len(x)) / 10):
            raise refusals.LooksLikeDegrees(spread=float(spread))


def _further(problem: Problem, n: int) -> None:
    columns = {name: soft.values for name, soft in problem.workloads.items()}
    if problem.units.area is not None:
        columns["area"] = problem.units.area
    for name, values in columns.items():
        if np.shape(values) != (n,) or not np.isfinite(values).all() or (np.asarray(values) < 0).any():
            raise refusals.BadUnit(column=name)


def _walk(problem: Problem) -> None:
    if problem.walk is None:
        return
    n = len(problem.units.id)
    pointer, to, far = (np.asarray(a) for a in (problem.walk.indptr, problem.walk.indices, problem.walk.metres))
    size = np.diff(pointer) if pointer.shape == (n + 1,) else np.full(1, -1)
    if (size < 0).any() or pointer[0] != 0 or pointer[-1] != len(to) or far.shape != to.shape:
        raise refusals.BadWalk(reason="columns of different length")
    of = np.repeat(np.arange(n), size)
    if (to < 0).any() or (to >= n).any() or not np.isfinite(far).all() or (far < 0).any():
        raise refusals.BadWalk(reason="a unit that is none, or metres that are none")
    key = of * n + to
    back = np.argsort(to.astype(np.int64) * n + of, kind="stable")
    if (np.diff(key) <= 0).any() or (key != (to.astype(np.int64) * n + of)[back]).any() or (far != far[back]).any():
        raise refusals.BadWalk(reason="a pair out of order, twice, or other metres there than back")


def _edges(problem: Problem) -> Edges:
    n, edges = len(problem.units.id), problem.edges
    m = len(edges.u)
    barrier = np.zeros(m, np.int64) if edges.barrier is None else np.asarray(edges.barrier, dtype=np.int64)
    if not all(np.shape(a) == (m,) for a in (edges.v, edges.border, barrier)):
        raise refusals.BadEdge(reason="columns of different length")
    u, v = np.asarray(edges.u, dtype=np.int64), np.asarray(edges.v, dtype=np.int64)
    nowhere = (u < 0) | (u >= n) | (v < 0) | (v >= n)
    if nowhere.any():
        raise refusals.EdgeToNowhere(**some(np.flatnonzero(nowhere)))
    if (u == v).any():
        raise refusals.Loop(**some(np.asarray(problem.units.id)[u[u == v]]))
    border = np.asarray(edges.border, dtype=np.float64)
    wrong = ~np.isfinite(border) | (border <= 0) | (barrier < 0) | (barrier > 3)
    if wrong.any():
        raise refusals.BadEdge(**some(np.flatnonzero(wrong)))
    return _merged(n, np.minimum(u, v), np.maximum(u, v), border, barrier)


def _merged(n: int, u: Ints, v: Ints, border: npt.NDArray[np.float64], barrier: Ints) -> Edges:
    key = u * n + v
    order = np.argsort(key, kind="stable")
    if not (np.diff(key[order]) == 0).any():
        return Edges(u[order], v[order], border[order], barrier[order])
    _, first, which = np.unique(key, return_index=True, return_inverse=True)
    if len(first) < len(u):
        differ = (border != border[first[which]]) | (barrier != barrier[first[which]])
        if differ.any():
            raise refusals.EdgeTwice(**some(np.flatnonzero(differ)))
    return Edges(u[first], v[first], border[first], barrier[first])


def _labels(problem: Problem) -> None:
    n = len(problem.units.id)
    for name in ("atoms", "community"):
        column = getattr(problem, name)
        if column is not None and (np.shape(column) != (n,) or np.asarray(column).dtype.kind not in "iu"):
            raise refusals.BadOption(option=name, value="one whole number per unit")


def _atoms(problem: Problem) -> None:
    if problem.atoms is None or problem.compounds == "free":
        return
    atoms = np.asarray(problem.atoms)
    inside = atoms >= 0
    if problem.community is not None and problem.communities == "hard":
        seen = np.unique(np.stack([atoms[inside], np.asarray(problem.community)[inside]]), axis=1)[0]
        _refuse_twice(seen)
    _across_barrier(problem, atoms)


def _refuse_twice(seen: Array) -> None:
    which, times = np.unique(seen, return_counts=True)
    if (times > 1).any():
        raise refusals.AtomAcrossCommunity(**some(which[times > 1]))


def _across_barrier(problem: Problem, atoms: Array) -> None:
    """A compound with a hard barrier inside must hang together without it."""
    u, v, barrier = problem.edges.u, problem.edges.v, np.asarray(problem.edges.barrier)
    parted = (barrier >= HARD) & (atoms[u] == atoms[v]) & (atoms[u] >= 0)
    for atom in np.unique(atoms[u[parted]]).tolist():
        rows = np.flatnonzero(atoms == atom)
        place = {int(r): i for i, r in enumerate(rows)}
        group = list(range(len(rows)))
        inner = (atoms[u] == atom) & (atoms[v] == atom) & (barrier < HARD)
        for a, b in zip(u[inner].tolist(), v[inner].tolist(), strict=True):
            _join(group, place[a], place[b])
        for a, b in zip(u[parted].tolist(), v[parted].tolist(), strict=True):
            if a in place and _root(group, place[a]) != _root(group, place[b]):
                crossing = bool((barrier[(u == a) & (v == b)] == 3).any())
                raise refusals.AtomAcrossBarrier(atom=atom, between=(a, b), crossing_could_be_listed=crossing)


def _root(group: list[int], one: int) -> int:
    while group[one] != one:
        group[one] = group[group[one]]
        one = group[one]
    return one


def _join(group: list[int], a: int, b: int) -> None:
    group[_root(group, a)] = _root(group, b)


def _previous(problem: Problem) -> None:
    if problem.previous is None:
        return
    n, given = len(problem.units.id), np.asarray(problem.previous)
    if given.shape != (n,):
        raise refusals.PreviousDoesNotFit(
            unknown=max(len(given) - n, 0), missing=max(n - len(given), 0), units=n, given=len(given)
        )
    if given.dtype.kind not in "iu" or (given < -1).any():
        raise refusals.PreviousDoesNotFit(reason="grids are whole numbers from 0, −1 for a new unit")
    if (given == -1).all():
        raise refusals.PreviousDoesNotFit(unknown=0, missing=n)


def _pins(problem: Problem) -> None:
    pins, n = problem.pins, len(problem.units.id)
    named = [*pins.stay, *(r for one in pins.together for r in one), *(r for pair in pins.apart for r in pair)]
    outside = [r for r in named if not 0 <= r < n]
    if outside:
        raise refusals.NoSuchUnit(**some(outside))
    group = list(range(n)) if pins.together else []
    for one in pins.together:
        for row in one[1:]:
            _join(group, one[0], row)
    for a, b in pins.apart:
        if a == b or (group and _root(group, a) == _root(group, b)):
            raise refusals.PinsContradict(together=_chain(pins.together, a, b), apart=(a, b))
    if pins.stay and problem.previous is None:
        raise refusals.PinsContradict(stay=list(pins.stay)[:2], reason="no plan in force")
    if pins.stay:
        _stay(problem, group)


def _stay(problem: Problem, group: list[int]) -> None:
    previous = np.asarray(problem.previous)
    home: dict[int, tuple[int, int]] = {}
    for row in problem.pins.stay:
        root, grid = _root(group, row) if group else row, int(previous[row])
        if grid < 0 or home.setdefault(root, (row, grid))[1] != grid:
            raise refusals.PinsContradict(stay=sorted({row, home.get(root, (row, grid))[0]}))
    for a, b in problem.pins.apart:
        if {a, b} <= set(problem.pins.stay) and previous[a] == previous[b]:
            raise refusals.PinsContradict(stay=[a, b], apart=(a, b))


def _chain(together: Any, a: int, b: int) -> list[list[int]]:
    """Give the fewest `together` pins that tie a to b (breadth first over pins)."""
    before: dict[int, tuple[int, int]] = {a: (-1, -1)}
    ring = [a]
    while ring and b not in before:
        following = []
        for row in ring:
            for i, one in enumerate(together):
                if row in one:
                    fresh = [r for r in one if r not in before]
                    before.update(dict.fromkeys(fresh, (row, i)))
                    following += fresh
        ring = following
    pins, row = [], b
    while row != a and row in before:
        row, i = before[row]
        pins.append(list(together[i]))
    return pins[::-1]

"""From units to atoms: one order, compounds as one place, barriers taken out, pieces found (spec 21 §6, step 0).

The order of rows has no influence: units are numbered along a Hilbert curve, ties by id, and everything after sees
only that numbering.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from .values import HARD, Array, Doubles, Flags, Ints, Problem

EVERY = None  # of all compounds that may be split
NOBODY: frozenset[int] = frozenset()
FREE, OVERSIZE, OWN = 0, 1, 2  # why an atom is sealed: it is a grid by itself


@dataclass(frozen=True, eq=False)
class Ground:
    """The graph of atoms. `row_of` (n,) unit rows in curve order; `atom_of` (n,) atom of each unit row; CSR of atoms
    (`indptr`, `indices`, `border`); `nodes` one row per atom: households w, w·x, w·y, w·(x²+y²), area, workloads;
    `sealed`: see FREE, OVERSIZE, OWN. `kin`: atoms of one compound that is split and touch along its buildings (−1
    none), listed by `kin_ptr`, `kin_rows`: those in one grid must hang together by themselves."""

    problem: Problem
    atom_of: Ints
    w: Ints
    x: Doubles
    y: Doubles
    indptr: Array
    indices: Array
    border: Doubles
    nodes: Doubles
    sealed: Array
    home: Array
    moving: Doubles
    fixed: Array
    foe_ptr: Array
    foes: Array
    kin: Array
    kin_ptr: Array
    kin_rows: Array
    laid: "Lay"

    @property
    def size(self) -> int:
        """Give the number of atoms."""
        return len(self.w)

    @cached_property
    def members(self) -> tuple[Ints, Ints]:
        """Give where the unit rows of each atom begin, and all of them, by atom."""
        ends = np.concatenate([[0], np.cumsum(np.bincount(self.atom_of, minlength=self.size))])
        return ends, np.argsort(self.atom_of, kind="stable")

    def anew(self, loose: frozenset[int] | None) -> "Ground":
        """Contract the same problem with these compounds loose; with all of them it is made once."""
        if loose is not EVERY:
            return build(self.problem, loose=loose, laid=self.laid)
        if self.laid.finest is None:
            self.laid.finest = build(self.problem, loose=EVERY, laid=self.laid)
        return self.laid.finest


def curve(x: Doubles, y: Doubles, side: Doubles | float, bits: int = 16) -> Ints:
    """This will give the place of each point along a Hilbert curve over a square of this side from (0, 0)."""
    from . import compiled

    a, b = ((c / side * (2**bits - 1)).astype(np.int64) for c in (x, y))
    return np.asarray(compiled.along_curve(a, b, bits))


def usable(problem: Problem) -> Flags:
    """Tell which edges a grid may use to hang together."""
    keep = np.asarray(problem.edges.barrier) < HARD
    if problem.community is not None and problem.communities == "hard":
        community = np.asarray(problem.community)
        keep &= community[problem.edges.u] == community[problem.edges.v]
    return np.asarray(keep)


@dataclass(eq=False)
class Lay:
    """How units lie: `order`, their rows by component and along the curve in it; `x`, `y` from the middle of their
    component. What a component looks like is told by itself alone, so its plan does not depend on others. `finest`:
    the ground of which each building of a compound above the cap is an atom, once somebody asked for it."""

    order: Ints
    x: Doubles
    y: Doubles
    finest: Ground | None = None


def lay(problem: Problem) -> Lay:
    """This will order units: components along a curve over all, units along a curve over their own, ties by id."""
    x, y = (np.asarray(a, dtype=np.float64) for a in (problem.units.x, problem.units.y))
    names, which = np.unique(_components(problem), return_inverse=True)
    k, by_id = len(names), np.argsort(np.asarray(problem.units.id), kind="stable")
    rank = np.empty(len(x), np.int64)
    rank[by_id] = np.arange(len(x))
    low, high = np.full((2, k), np.inf), np.full((2, k), -np.inf)
    for i, axis in enumerate((x, y)):
        np.minimum.at(low[i], which, axis)
        np.maximum.at(high[i], which, axis)
    first = np.full(k, len(x))
    np.minimum.at(first, which, rank)
    side = max(float(np.ptp(x)), float(np.ptp(y)), 1e-9)
    turn = np.empty(k, np.int64)
    turn[np.lexsort((first, curve(low[0] - x.min(), low[1] - y.min(), side)))] = np.arange(k)
    own = np.maximum(np.maximum(high[0] - low[0], high[1] - low[1]), 1e-9)
    place = curve(x - low[0][which], y - low[1][which], own[which])
    middle = (low + high) / 2
    return Lay(np.lexsort((rank, place, turn[which])), x - middle[0][which], y - middle[1][which])


def _components(problem: Problem) -> Ints:
    """Give a number to each unit, the same for those that a grid could join, or that stay together by rule."""
    from . import compiled

    keep = usable(problem)
    pairs = [np.stack([problem.edges.u[keep], problem.edges.v[keep]]).astype(np.int64)]
    if problem.atoms is not None and problem.compounds != "free":
        codes = np.asarray(problem.atoms)
        rows = np.argsort(codes, kind="stable")
        rows = rows[codes[rows] >= 0]
        same = codes[rows[1:]] == codes[rows[:-1]]
        pairs.append(np.stack([rows[:-1][same], rows[1:][same]]))
    tied = [(one[0], other) for one in problem.pins.together for other in one[1:]]
    pairs.append(np.array(tied, np.int64).reshape(-1, 2).T)
    u, v = np.concatenate(pairs, axis=1)
    return np.asarray(compiled.joined(len(problem.units.id), np.ascontiguousarray(u), np.ascontiguousarray(v)))


def build(problem: Problem, *, loose: frozenset[int] | None = NOBODY, laid: Lay | None = None) -> Ground:
    """This will contract a checked problem. `loose`: compounds above the cap of which each building is an atom (None:
    all of them); the others are cut into the fewest pieces. `laid`: how its units lie, if that was found before."""
    laid = laid or lay(problem)
    order = laid.order
    rank = np.empty(len(order), np.int64)
    rank[order] = np.arange(len(order))
    households = np.asarray(problem.units.households, dtype=np.int64)
    group = _groups(problem, rank, households, loose)
    first = np.full(group.max() + 1, len(order))
    np.minimum.at(first, group, rank)
    place = np.empty(len(first), np.int64)
    place[np.argsort(first, kind="stable")] = np.arange(len(first))
    return _ground(problem, place[group], rank, households, laid, _ties(problem, group) if loose != NOBODY else None)


def _ties(problem: Problem, group: Ints) -> tuple[Ints, Ints]:
    """Give pairs of buildings that are in different fragments of one compound whose buildings are atoms."""
    from . import compiled

    none = np.zeros(0, np.int64)
    if problem.atoms is None or problem.compounds == "free":
        return none, none
    codes, n = np.asarray(problem.atoms), len(group)
    u, v = problem.edges.u, problem.edges.v
    inner = (codes[u] == codes[v]) & (codes[u] >= 0) & (np.asarray(problem.edges.barrier) < HARD)
    indptr, indices, _ = csr(n, u[inner], v[inner], np.ones(int(inner.sum())))
    fragment, _ = compiled.pieces(indptr, indices, np.zeros(n, np.int32))
    found_u, found_v = [none], [none]
    inside = np.flatnonzero(codes >= 0)
    which = np.unique(codes[inside], return_inverse=True)[1]
    several = np.flatnonzero((_kinds(which, group[inside]) > 1) & (_kinds(which, fragment[inside]) > 1))
    for some in _by_label(which, several):
        rows = inside[some]
        a, b = np.triu_indices(len(rows), 1)
        apart = fragment[rows[a]] != fragment[rows[b]]
        found_u.append(rows[a[apart]])
        found_v.append(rows[b[apart]])
    return np.concatenate(found_u), np.concatenate(found_v)


def _kinds(which: Ints, label: Ints) -> Ints:
    """Count the labels that are in each class, 0 … of `which`."""
    pairs = np.unique(which.astype(np.int64) * (int(label.max(initial=0)) + 1) + label)
    return np.bincount(pairs // (int(label.max(initial=0)) + 1), minlength=int(which.max(initial=-1)) + 1)


def _groups(problem: Problem, rank: Ints, w: Ints, loose: frozenset[int] | None) -> Ints:
    """Give an atom to each unit, in any numbering."""
    n = len(w)
    group = np.arange(n)
    if problem.atoms is not None and problem.compounds != "free":
        codes = np.asarray(problem.atoms)
        inside = codes >= 0
        known, which = np.unique(codes[inside], return_inverse=True)
        total = np.bincount(which, w[inside]).astype(np.int64)
        group[inside] = n + which
        heavy = total > problem.whole_up_to
        free = heavy if loose is None else heavy & np.isin(known, list(loose))
        label, rows = np.where(inside, group - n, -1), np.flatnonzero(inside)
        apart = free[which]
        group[rows[apart]] = rows[apart]
        _cut(problem, label, np.flatnonzero(heavy & ~free), total, rank, w, group)
    for one in problem.pins.together:
        for row in one[1:]:
            group[group == group[row]] = group[one[0]]
    return np.unique(group, return_inverse=True)[1]


def _by_label(label: Ints, wanted: Ints) -> list[Ints]:
    """Give the places of each of these labels."""
    order = np.argsort(label, kind="stable")
    starts, ends = (np.searchsorted(label[order], wanted, side=side) for side in ("left", "right"))
    return [order[a:b] for a, b in zip(starts.tolist(), ends.tolist(), strict=True)]


def _cut(problem: Problem, label: Ints, heavy: Ints, total: Ints, rank: Ints, w: Ints, group: Ints) -> None:
    """Cut these compounds (labels of their units) into connected pieces of about equal weight along their buildings,
    none above the band if the buildings allow; writes a number below n into `group`."""
    from . import compiled

    if not len(heavy):
        return
    u, v = problem.edges.u, problem.edges.v
    is_heavy = np.zeros(len(total) + 1, bool)
    is_heavy[heavy] = True
    inner = (label[u] == label[v]) & (label[u] >= 0) & is_heavy[label[u]]
    inner &= np.asarray(problem.edges.barrier) < HARD
    n, row_of = len(label), np.argsort(rank)
    indptr, indices, _ = csr(n, rank[u[inner]], rank[v[inner]], np.ones(int(inner.sum())))
    members = _by_label(label[row_of], heavy)
    starts = np.concatenate([[0], np.cumsum([len(some) for some in members])])
    rows = np.concatenate(members)
    x, y = (np.asarray(a, dtype=np.float64)[row_of] for a in (problem.units.x, problem.units.y))
    found = np.full(n, -1, np.int64)
    compiled.cut_along(starts, rows, -(-total[heavy] // problem.band.hi), indptr, indices, x, y,
                       w[row_of].astype(np.float64), problem.band.hi, found)  # fmt: skip
    group[row_of[rows]] = row_of[found[rows]]


def csr(n: int, u: Ints, v: Ints, border: Doubles) -> tuple[Array, Array, Doubles]:
    """Give both directions of each edge, sorted by node and neighbour; parallel edges become one of their length."""
    key = np.concatenate([u * n + v, v * n + u])
    order = np.argsort(key, kind="stable")
    key, both = key[order], np.concatenate([border, border])[order]
    if len(key):
        start = np.flatnonzero(np.concatenate([[True], key[1:] != key[:-1]]))
        key, both = key[start], np.add.reduceat(both, start)
    indptr = np.zeros(n + 1, np.int32)
    indptr[1:] = np.cumsum(np.bincount(key // n, minlength=n))
    return indptr, (key % n).astype(np.int32), both


def _ground(
    problem: Problem, atom: Ints, rank: Ints, w: Ints, laid: Lay, ties: tuple[Ints, Ints] | None
) -> Ground:
    n = int(atom.max()) + 1
    edges, keep = problem.edges, usable(problem)
    x, y = laid.x, laid.y
    u, v = atom[edges.u[keep]], atom[edges.v[keep]]
    length = np.asarray(edges.border)[keep]
    if ties is not None:
        u, v = np.concatenate([u, atom[ties[0]]]), np.concatenate([v, atom[ties[1]]])
        length = np.concatenate([length, np.full(len(ties[0]), 1e-3)])
    between = u != v
    indptr, indices, border = csr(n, u[between], v[between], length[between])
    columns = [w, w * x, w * y, w * (x * x + y * y), _areas(problem, keep)]
    columns += [np.asarray(problem.workloads[name].values, dtype=np.float64) for name in sorted(problem.workloads)]
    by_rank = np.argsort(rank)  # sums in curve order: the order of rows changes no bit
    nodes = np.stack([np.bincount(atom[by_rank], np.asarray(c, float)[by_rank], n) for c in columns], axis=1)
    total = np.bincount(atom, w, n).astype(np.int64)
    members = np.bincount(atom, minlength=n)
    mean = [np.bincount(atom[by_rank], a[by_rank], n) / members for a in (x, y)]
    heavy = np.maximum(total, 1)
    ax, ay = (np.where(total > 0, nodes[:, 1 + i] / heavy, mean[i]) for i in (0, 1))
    foe_ptr, foes = _foes(problem, atom, n)
    return Ground(
        problem, atom, total, ax, ay, indptr, indices, border, np.ascontiguousarray(nodes),
        _sealed(problem, atom, total), *_homes(problem, atom, w, n), _fixed(problem, atom, n), foe_ptr, foes,
        *_kin(problem, atom, n), laid,
    )  # fmt: skip


def areas(problem: Problem) -> Doubles:
    """This will give m² per unit: as told, else Σ border × distance ÷ 4, exact for inner cells of a Voronoi diagram."""
    if problem.units.area is not None:
        return np.asarray(problem.units.area, dtype=np.float64)
    return _areas(problem, np.ones(len(problem.edges.u), bool))


def _areas(problem: Problem, keep: Flags) -> Doubles:
    """Give m² per unit as told, else by these edges: the rim of a ground counts none, whoever lies beyond it."""
    if problem.units.area is not None:
        return np.asarray(problem.units.area, dtype=np.float64)
    u, v = problem.edges.u[keep], problem.edges.v[keep]
    x, y = (np.asarray(a, dtype=np.float64) for a in (problem.units.x, problem.units.y))
    quarter = np.asarray(problem.edges.border)[keep] * np.hypot(x[u] - x[v], y[u] - y[v]) / 4.0
    n = len(x)
    return np.asarray(np.bincount(u, quarter, n) + np.bincount(v, quarter, n), dtype=np.float64)


def _sealed(problem: Problem, atom: Ints, total: Ints) -> Array:
    """Which atoms are grids by themselves: too heavy to be parted, or a compound in the band that is one by rule."""
    sealed = np.where(total > problem.band.hi, OVERSIZE, FREE).astype(np.int8)
    if problem.compounds == "own_grid" and problem.atoms is not None:
        inside = np.asarray(problem.atoms) >= 0
        known, which = np.unique(np.asarray(problem.atoms)[inside], return_inverse=True)
        homes = np.asarray(problem.units.households, dtype=np.int64)[inside]
        whole = np.bincount(which, homes, len(known))[which]
        own = np.zeros(len(total), bool)
        own[atom[inside][(whole >= problem.band.lo) & (whole <= problem.band.hi)]] = True
        sealed[own & (total <= problem.band.hi)] = OWN
    return sealed


def _homes(problem: Problem, atom: Ints, w: Ints, n: int) -> tuple[Array, Doubles]:
    """The grid in force of each atom (that of most of its households, then the lowest), and what moves with it."""
    home = np.full(n, -1, np.int32)
    moving = np.bincount(atom, w, n).astype(np.float64)
    if problem.previous is None:
        return home, moving
    previous = np.asarray(problem.previous, dtype=np.int64)
    known = previous >= 0
    order = np.lexsort((previous[known], atom[known]))
    a, g, weight = atom[known][order], previous[known][order], w[known][order] + 1e-6
    start = np.flatnonzero(np.concatenate([[True], (a[1:] != a[:-1]) | (g[1:] != g[:-1])]))
    sums = np.add.reduceat(weight, start)
    best = np.lexsort((g[start], -sums, a[start]))
    _, first = np.unique(a[start][best], return_index=True)
    chosen = start[best[first]]
    home[a[chosen]] = g[chosen]
    return home, moving


def _fixed(problem: Problem, atom: Ints, n: int) -> Array:
    fixed = np.zeros(n, np.uint8)
    fixed[atom[list(problem.pins.stay)]] = 1
    return fixed


def _kin(problem: Problem, atom: Ints, n: int) -> tuple[Array, Array, Array]:
    """Number the connected parts of compounds that are more than one atom."""
    from . import compiled

    kin = np.full(n, -1, np.int32)
    if problem.atoms is not None and problem.compounds != "free":
        codes = np.asarray(problem.atoms, dtype=np.int64)
        inside = np.flatnonzero(codes >= 0)
        which = np.unique(codes[inside], return_inverse=True)[1]
        split = np.zeros(len(codes), bool)
        split[inside] = (_kinds(which, atom[inside]) > 1)[which]
        u, v = problem.edges.u, problem.edges.v
        inner = (codes[u] == codes[v]) & split[u] & (np.asarray(problem.edges.barrier) < HARD)
        indptr, indices, _ = csr(len(codes), u[inner], v[inner], np.ones(int(inner.sum())))
        part, _ = compiled.pieces(indptr, indices, np.where(split, 0, -1).astype(np.int32))
        low, high = np.full(n, len(codes)), np.full(n, -1)
        np.minimum.at(low, atom, part)
        np.maximum.at(high, atom, part)
        whole = (low == high) & (low >= 0)  # an atom that is of two parts is free of both
        kin[whole] = np.unique(low[whole], return_inverse=True)[1]
    order = np.argsort(kin, kind="stable").astype(np.int32)[int((kin < 0).sum()) :]
    pointer = np.zeros(int(kin.max(initial=-1)) + 2, np.int64)
    pointer[1:] = np.cumsum(np.bincount(kin[kin >= 0], minlength=len(pointer) - 1))
    return kin, pointer, order


def _foes(problem: Problem, atom: Ints, n: int) -> tuple[Any, Any]:
    pairs = np.array([p for a, b in problem.pins.apart for p in ((atom[a], atom[b]), (atom[b], atom[a]))], np.int64)
    pairs = pairs.reshape(-1, 2)
    pairs = pairs[np.lexsort((pairs[:, 1], pairs[:, 0]))]
    pointer = np.zeros(n + 1, np.int32)
    pointer[1:] = np.cumsum(np.bincount(pairs[:, 0], minlength=n))
    return pointer, pairs[:, 1].astype(np.int32)


def part_of(ground: Ground, rows: Ints) -> Ground:
    """This will give the ground of these atoms alone, in their order: for the search, which asks for no unit."""
    place = np.full(ground.size, -1, np.int64)
    place[rows] = np.arange(len(rows))
    ends, kept = _rows_of(ground.indptr, rows)
    near = place[ground.indices[kept]]
    foe_ends, foes = _rows_of(ground.foe_ptr, rows)
    foe = place[ground.foes[foes]]
    kin = np.unique(np.concatenate([[-1], ground.kin[rows]]), return_inverse=True)[1][1:] - 1
    order = np.argsort(kin, kind="stable")[int((kin < 0).sum()) :]
    kin_ptr = np.concatenate([[0], np.cumsum(np.bincount(kin[order]))]).astype(np.int64)
    return Ground(
        ground.problem, np.zeros(0, np.int64), ground.w[rows], ground.x[rows], ground.y[rows],
        _pointer(ends, near >= 0, len(rows)), near[near >= 0].astype(np.int32), ground.border[kept][near >= 0],
        np.ascontiguousarray(ground.nodes[rows]), ground.sealed[rows], ground.home[rows], ground.moving[rows],
        ground.fixed[rows], _pointer(foe_ends, foe >= 0, len(rows)), foe[foe >= 0].astype(np.int32),
        kin.astype(np.int32), kin_ptr, order.astype(np.int32), ground.laid,
    )  # fmt: skip


def _rows_of(pointer: Array, rows: Ints) -> tuple[Ints, Ints]:
    """Give the row, by its place, and the place of each entry of some rows of a sparse table."""
    size = np.asarray(pointer[rows + 1] - pointer[rows], dtype=np.int64)
    of = np.repeat(np.arange(len(rows)), size)
    return of, np.arange(len(of)) - np.repeat(np.cumsum(size) - size, size) + np.repeat(pointer[rows], size)


def _pointer(of: Ints, kept: Flags, n: int) -> Array:
    pointer = np.zeros(n + 1, np.int32)
    pointer[1:] = np.cumsum(np.bincount(of[kept], minlength=n))
    return pointer

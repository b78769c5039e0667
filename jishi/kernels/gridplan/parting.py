"""Pieces of a split compound that lie apart inside one grid: put right, since each must hang together (H3)."""

import numpy as np

from .contract import FREE, Ground
from .values import HARD, Array, Ints

ROUNDS = 3


def rejoin(ground: Ground, part: Array) -> Array:
    """This will give the lighter part of a compound that lies in two parts inside one grid to a neighbouring grid
    with room, if both grids keep their band and stay connected; what cannot be given stays as it was."""
    part = part.copy()
    for _ in range(ROUNDS):
        given = [_given(ground, part, rows) for rows in _apart(ground, part)]
        if not any(given):
            break
    return part


def _apart(ground: Ground, part: Array) -> list[Ints]:
    """Give the lighter parts (atoms) of compounds inside one grid that do not touch, where the compound does."""
    from . import compiled

    problem = ground.problem
    if problem.atoms is None or problem.compounds == "free":
        return []
    codes = np.asarray(problem.atoms, dtype=np.int64)
    u, v = problem.edges.u, problem.edges.v
    inner = (codes[u] == codes[v]) & (codes[u] >= 0) & (np.asarray(problem.edges.barrier) < HARD)
    n = len(codes)
    grid = part[ground.atom_of]
    fragment = _label(n, u[inner], v[inner], compiled)
    same = inner & (grid[u] == grid[v])
    piece = _label(n, u[same], v[same], compiled)
    rows = np.flatnonzero(codes >= 0)
    key = fragment[rows] * (int(grid.max()) + 1) + grid[rows]  # a fragment is of one compound
    key = np.unique(key, return_inverse=True)[1]
    pairs = np.unique(key * n + piece[rows])
    several = np.flatnonzero(np.bincount(pairs // n) > 1)
    found = []
    w = np.asarray(problem.units.households)
    for one in several.tolist():
        units = rows[key == one]
        parts = [units[piece[units] == p] for p in np.unique(piece[units]).tolist()]
        parts.sort(key=lambda some: (int(w[some].sum()), int(some[0])))
        found += [np.unique(ground.atom_of[some]) for some in parts[:-1]]
    return found


def _label(n: int, u: Array, v: Array, compiled: object) -> Ints:
    from .contract import csr

    indptr, indices, _ = csr(n, u, v, np.ones(len(u)))
    return np.asarray(compiled.pieces(indptr, indices, np.zeros(n, np.int32))[0], dtype=np.int64)  # type: ignore[attr-defined]


def _given(ground: Ground, part: Array, rows: Ints) -> bool:
    from . import compiled

    here, homes = int(part[rows[0]]), int(ground.w[rows].sum())
    lo, hi = ground.problem.band.lo, ground.problem.band.hi
    sums = np.bincount(part, ground.w)
    around = {int(part[j]) for r in rows.tolist() for j in ground.indices[ground.indptr[r] : ground.indptr[r + 1]]}
    if sums[here] - homes < lo or (ground.sealed[rows] != FREE).any():
        return False
    for to in sorted(around - {here}, key=lambda g: (sums[g], g)):
        closed = (ground.sealed[part == to] != FREE).any()
        if closed or sums[to] + homes > hi:
            continue
        tried = part.copy()
        tried[rows] = to
        two = np.where((tried == here) | (tried == to), tried, -1).astype(np.int32)
        if compiled.pieces(ground.indptr, ground.indices, two)[1] == 2:
            part[rows] = to
            return True
    return False

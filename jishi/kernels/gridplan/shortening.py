"""Grids in which somebody walks too far are divided anew, exactly, a few at a time (spec 21 H7, §6 step 6)."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import combinations

import numpy as np

from . import contract, loosening, solving, walking
from .auditing import audit
from .certifying import units_of
from .contract import FREE, Ground
from .loosening import Division
from .problem import restricted
from .searching import Search
from .solving import SMALL
from .values import HARD, Array, Ints, Pins, Problem

MOST_PATCHES = 24  # tried around one grid
ROUNDS = 3


def too_far(ground: Ground, part: Array) -> Ints:
    """This will give the grids in which somebody walks farther than the limit to every middle."""
    limit, problem = ground.problem.max_walk_m, ground.problem
    if limit is None:
        return np.zeros(0, np.int64)
    of_unit = part[ground.atom_of]
    order = np.argsort(of_unit, kind="stable")
    names, starts = np.unique(of_unit[order], return_index=True)
    _, longest, _, _ = walking.middles(problem, order, np.append(starts, len(order)))
    return np.asarray(names[longest > limit], dtype=np.int64)


def shortened(ground: Ground, part: Array, search: Search) -> Array:
    """This will divide anew, exactly and a few grids at a time, where somebody walks too far: the grid by itself, with
    one beside it, with two, with all; at last the whole piece if it is small. What cannot be mended stays."""
    part = part.copy()
    for round_ in range(ROUNDS):
        bad = too_far(ground, part)
        if search.stop("walks", round_, ROUNDS, len(bad), lambda: 0.0):
            return part
        done = sum([_divided_anew(ground, part, grid, search) for grid in bad.tolist()])
        if not done:
            return part
    return part


def shorten(division: Division, search: Search) -> Division:
    """This will give the division with fewer grids in which somebody walks too far, or the same. Patches first; what
    they do not mend is searched from the beginning, each piece by itself, and no grid joins neighbours between whom
    the way is longer than the limit."""
    ground, pieces, part = division
    problem, part = ground.problem, shortened(ground, part, search)
    bad = np.isin(part, too_far(ground, part))
    alone = [np.array(units_of(ground, p.rows)) for p in pieces if bad[p.rows].any()]
    if not alone or problem.count is not None or problem.pins != Pins():
        return ground, pieces, part
    grid, k, is_new = part[ground.atom_of], int(part.max()) + 1, False
    for rows in alone:
        own = restricted(problem, rows)
        if problem.previous is not None:
            own = replace(own, previous=np.asarray(problem.previous)[rows])
        found = _around(own, replace(search, threads=1))
        if len(audit(found, own)) < len(audit(np.unique(grid[rows], return_inverse=True)[1], own)):
            grid[rows] = k + found
            k, is_new = k + int(found.max()) + 1, True
    if not is_new:
        return ground, pieces, part
    finer = ground.anew(contract.EVERY)
    fresh = np.zeros(finer.size, np.int64)
    fresh[finer.atom_of] = np.unique(grid, return_inverse=True)[1]
    return finer, solving.divide(finer), fresh


def _around(problem: Problem, search: Search) -> Ints:
    """Give the grid of each unit as if what is far on foot lay behind a barrier."""
    edges, limit = problem.edges, float(problem.max_walk_m or np.inf)
    far = walking.between_neighbours(problem) > limit
    apart = replace(problem, edges=replace(edges, barrier=np.where(far, HARD, np.asarray(edges.barrier))))
    ground = contract.build(apart)
    pieces = solving.divide(ground)
    part, _ = solving.solve(ground, pieces, search)
    ground, _, part = loosening.loosen((ground, pieces, part), search)
    part = shortened(ground, part, search)
    return np.asarray(np.unique(part[ground.atom_of], return_inverse=True)[1], dtype=np.int64)


def _divided_anew(ground: Ground, part: Array, grid: int, search: Search) -> bool:
    """Put a grid right with some beside it; False: none of these patches has a legal division."""
    rows = np.flatnonzero(part == grid)
    if not len(rows) or (ground.sealed[rows] != FREE).any():  # gone by a patch before it, or not to be parted
        return False
    for some in _patches(ground, part, grid):
        rows = np.flatnonzero(np.isin(part, some))
        if len(rows) > SMALL or ground.fixed[rows].any():
            continue
        piece = solving.piece_of(ground, rows, len(some))
        sought = solving.aim(ground, piece, search)
        cover = solving.best(ground, piece, sought, search.price, walks=True)
        if cover is not None and cover.sets is not None:
            _write(part, rows, cover.sets)
            return True
    return False


def _write(part: Array, rows: Ints, sets: Sequence[int]) -> None:
    fresh = int(part.max()) + 1
    for nth, one in enumerate(sets):
        part[rows[[i for i in range(len(rows)) if one >> i & 1]]] = fresh + nth


def _patches(ground: Ground, part: Array, grid: int) -> list[list[int]]:
    """Give the grids to divide together: those that touch most first."""
    inside = part == grid
    ends = np.repeat(inside, np.diff(ground.indptr))
    free = np.where(ground.sealed == FREE, part, -1)
    touched, times = np.unique(free[ground.indices[ends]], return_counts=True)
    order = np.lexsort((touched, -times))
    near = [g for g in touched[order].tolist() if g >= 0 and g != grid]
    few = [[grid], *([grid, a] for a in near), *([grid, a, b] for a, b in combinations(near, 2))]
    return [*few[:MOST_PATCHES], [grid, *near], _piece_around(ground, part, grid)]


def _piece_around(ground: Ground, part: Array, grid: int) -> list[int]:
    """Give all grids of the piece that a grid lies in."""
    from . import compiled

    label, _ = compiled.pieces(ground.indptr, ground.indices, np.where(ground.sealed == FREE, 0, -1).astype(np.int32))
    rows = np.flatnonzero(label == label[np.flatnonzero(part == grid)[0]])
    return [int(g) for g in np.unique(part[rows])]

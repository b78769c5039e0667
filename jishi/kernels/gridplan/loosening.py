"""A second look where no legal grid was found: compounds above the cap are cut anew, building by building.

At first such a compound is cut into the fewest pieces, which keeps it as whole as it can be. Around grids that miss
their band these cuts are taken back, in ever wider rings, and the search goes on from what it had.
"""

from dataclasses import replace

import numpy as np

from . import certifying, contract, mending, parting, searching, solving
from .contract import FREE, Ground
from .problem import restricted
from .searching import Search, State
from .solving import SMALL, Piece, best, divide
from .values import Array, Flags, Ints, Pins, Problem

RINGS = ((1, 32), (3, 48), (8, 64))  # steps between grids from one that misses its band, rounds of mending
TIMES_ANEW, ROUNDS_ANEW = 6, 48  # how often a piece is searched anew, rounds of mending
Division = tuple[Ground, tuple[Piece, ...], Array]


def loosen(division: Division, search: Search, hopeless: frozenset[int] = frozenset()) -> Division:
    """This will give the division with fewer grids out of their bands, or the same. `hopeless`: pieces, by number, of
    which somebody proved that they have no legal division."""
    ground, pieces, part = division
    parted = may_part(ground)
    gone = np.zeros(ground.size, bool)
    for i in hopeless if len(parted) else ():
        gone[pieces[i].rows] = True
    lost = gone[ground.atom_of]
    if lost.any():
        parted = np.setdiff1d(parted, np.asarray(ground.problem.atoms)[lost])
    loose: frozenset[int] = frozenset()
    if len(parted) and ground.problem.previous is None:
        loose, (ground, pieces, part) = _small_ones(ground, pieces, part, parted, search, lost)
    for ring, rounds in RINGS if len(parted) else ():
        bad = _missing(ground, pieces, part, lost)
        if not len(bad) or search.stop("loosen", ring, RINGS[-1][0], len(bad), lambda: 0.0):
            break
        near = np.intersect1d(_compounds_near(ground, part, bad, ring), parted)
        fresh = np.setdiff1d(near, list(loose))
        if not len(fresh):
            continue
        concerned = np.isin(np.asarray(ground.problem.atoms), fresh)
        loose |= frozenset(fresh.tolist())
        finer = ground.anew(loose)
        start = np.full(finer.size, -1, np.int64)
        start[finer.atom_of] = part[ground.atom_of]
        ground, pieces = finer, divide(finer)
        part = _resumed(ground, pieces, start, search, rounds, lost, concerned)
    part = parting.rejoin(ground, part) if len(parted) else part
    return _anew((ground, pieces, part), search, lost) if len(parted) else (ground, pieces, part)


def _anew(division: Division, search: Search, lost: Flags) -> Division:
    """Search pieces that still miss their band from the beginning, each by itself and with other luck."""
    ground, pieces, part = division
    problem = ground.problem
    bad = np.isin(part, _missing(ground, pieces, part, lost))
    alone = [certifying.units_of(ground, p.rows) for p in pieces if bad[p.rows].any()]
    if not alone or problem.previous is not None or problem.count is not None or problem.pins != Pins():
        return division
    grid, k = part[ground.atom_of], int(part.max()) + 1
    for units in alone:
        rows = np.array(units)
        for nth in range(1, TIMES_ANEW + 1):
            if search.stop("anew", nth, TIMES_ANEW, len(alone), lambda: 0.0):
                return division
            found = _by_itself(restricted(problem, rows), replace(search, seed=search.seed + nth, threads=1))
            if found is not None:
                grid[rows] = k + found
                k += int(found.max()) + 1
                break
    finer = ground.anew(contract.EVERY)
    fresh = np.zeros(finer.size, np.int64)
    fresh[finer.atom_of] = np.unique(grid, return_inverse=True)[1]
    return finer, divide(finer), fresh


def _by_itself(problem: Problem, search: Search) -> Ints | None:
    """Give the grid of each unit if a division without a fault was found: in few pieces, then building by building."""
    ground = contract.build(problem)
    pieces, nobody = divide(ground), np.zeros(len(problem.units.id), bool)
    part, _ = solving.solve(ground, pieces, replace(search, mending=ROUNDS_ANEW, starts=1))
    if len(_missing(ground, pieces, part, nobody)):
        finer = ground.anew(contract.EVERY)
        start = np.zeros(finer.size, np.int64)
        start[finer.atom_of] = part[ground.atom_of]
        ground, pieces = finer, divide(finer)
        part = _resumed(ground, pieces, start, search, ROUNDS_ANEW, nobody, ~nobody)
    found = np.asarray(np.unique(part[ground.atom_of], return_inverse=True)[1], dtype=np.int64)
    return None if len(_missing(ground, pieces, part, nobody)) else found


def _small_ones(
    ground: Ground, pieces: tuple[Piece, ...], part: Array, parted: Ints, search: Search, lost: Flags
) -> tuple[frozenset[int], Division]:
    """Divide small pieces that have a grid out of its band exactly, building by building."""
    atoms = np.asarray(ground.problem.atoms)
    units, bad = np.bincount(ground.atom_of, minlength=ground.size), _missing(ground, pieces, part, lost)
    small = [p.rows for p in pieces if int(units[p.rows].sum()) <= SMALL and np.isin(part[p.rows], bad).any()]
    inside = np.zeros(ground.size, bool)
    inside[np.concatenate([np.zeros(0, np.int64), *small])] = True
    loose = frozenset(np.intersect1d(atoms[inside[ground.atom_of]], parted).tolist())
    if not loose:
        return loose, (ground, pieces, part)
    finer = ground.anew(loose)
    found = np.full(finer.size, -1, np.int64)
    found[finer.atom_of] = part[ground.atom_of]
    wanted = np.zeros(finer.size, bool)
    wanted[finer.atom_of] = inside[ground.atom_of]
    cut = divide(finer)
    for piece in cut:
        is_tried = piece.fits and piece.homes and wanted[piece.rows].all()
        cover = best(finer, piece, solving.aim(finer, piece, search)) if is_tried else None
        for one in cover.sets or () if cover is not None else ():
            members = piece.rows[[i for i in range(len(piece.rows)) if one >> i & 1]]
            found[members] = found.max() + 1
    return loose, (finer, cut, np.unique(found, return_inverse=True)[1])


def may_part(ground: Ground) -> Ints:
    """This will give the codes of compounds that are above the cap and have more than one building."""
    problem = ground.problem
    if problem.atoms is None or problem.compounds == "free":
        return np.zeros(0, np.int64)
    atoms = np.asarray(problem.atoms, dtype=np.int64)
    codes, which, units = np.unique(atoms, return_inverse=True, return_counts=True)
    homes = np.bincount(which, np.asarray(problem.units.households))
    return codes[(codes >= 0) & (units > 1) & (homes > problem.whole_up_to)]


def _missing(ground: Ground, pieces: tuple[Piece, ...], part: Array, lost: Flags) -> Ints:
    """Give the grids that miss their band, or hold a torn compound, in pieces where a number of grids fits."""
    from . import compiled

    homes = np.bincount(part, ground.w)
    able, torn = np.zeros(len(homes), bool), np.zeros(len(homes), np.int64)
    for piece in pieces:
        if piece.homes and piece.fits:
            able[part[piece.rows]] = True
    able[part[ground.atom_of[lost]]] = False
    compiled.torn_kin(ground.indptr, ground.indices, part.astype(np.int32), ground.kin, ground.kin_ptr,
                      ground.kin_rows, torn)  # fmt: skip
    return np.flatnonzero(able & ((homes < ground.problem.band.lo) | (homes > ground.problem.band.hi) | (torn > 0)))


def _compounds_near(ground: Ground, part: Array, bad: Ints, ring: int) -> Array:
    near = np.zeros(int(part.max()) + 1, bool)
    near[bad] = True
    a, b = part[np.repeat(np.arange(ground.size), np.diff(ground.indptr))], part[ground.indices]
    for _ in range(ring):
        near[b[near[a]]] = True
    return np.asarray(ground.problem.atoms)[near[part][ground.atom_of]]


def _resumed(
    ground: Ground, pieces: tuple[Piece, ...], start: Array, search: Search, rounds: int, lost: Flags,
    concerned: Flags,
) -> Array:  # fmt: skip
    """Go on from a division in pieces where a grid misses its band and one of these units may part from others now;
    everything else keeps what it has."""
    bad, able = np.isin(start, _missing(ground, pieces, start, lost)), np.zeros(ground.size, bool)
    able[ground.atom_of[concerned]] = True
    resumed = [p.rows for p in pieces if bad[p.rows].any() and able[p.rows].any()]
    if not resumed:
        return start
    rows = np.concatenate(resumed)
    rows = rows[ground.sealed[rows] == FREE]
    names, number = np.unique(start[rows], return_inverse=True)
    part = np.full(ground.size, -1, np.int32)
    part[rows] = number
    which = np.full(ground.size, -1, np.int64)
    for i, piece in enumerate(pieces):
        which[piece.rows] = i
    label = np.zeros(len(names), np.int64)
    label[number] = which[rows]
    sought = searching.aims(ground, search.weights, [(p.rows, p.wanted) for p in pieces])
    state = State(ground, search, part, label, sought)
    if ground.problem.previous is not None and search.price > 0:
        state.home[rows] = _home_now(ground, rows, number, len(names))
    mending.mend(state, rounds)
    found = start.copy()
    found[rows] = int(start.max()) + 1 + state.part[rows]
    return np.unique(found, return_inverse=True)[1]


def _home_now(ground: Ground, rows: Ints, number: Ints, k: int) -> Ints:
    """Give the grid of today in which most of each old grid is, for the atoms of that old grid; −1 for others."""
    home = ground.home[rows]
    known = home >= 0
    pair, back = np.unique(np.stack([home[known], number[known]]), axis=1, return_inverse=True)
    common = np.bincount(back, ground.moving[rows][known] + 1e-6)
    at, taken = np.full(int(home.max(initial=0)) + 1, -1, np.int64), np.zeros(k, bool)
    for i in np.lexsort((pair[1], pair[0], -common)).tolist():
        old, now = int(pair[0, i]), int(pair[1, i])
        if at[old] < 0 and not taken[now]:
            at[old], taken[now] = now, True
    return np.where(known, at[np.maximum(home, 0)], -1)

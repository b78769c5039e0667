"""Patches around what is out of its band are annealed, worse ones undone; grids are opened and closed (spec 21 §6)."""

from typing import Any

import numpy as np

from .contract import part_of
from .searching import STAGES, State
from .values import Doubles, Flags, Ints

PATCHES = ((6, 60.0), (10, 60.0), (16, 90.0), (24, 120.0), (40, 120.0))
MENDING = (1.0, 0.01)


def patches(state: State, middles: Ints, size: int) -> tuple[Ints, int]:
    """Give a tile to the grids around each of these, breadth first up to `size`, none in two."""
    from . import patching

    g = state.ground
    tile, found = patching.grown(state.part, state.k, g.indptr, g.indices, np.asarray(middles, dtype=np.int64), size)
    return tile, int(found)


def mend(state: State, rounds: int = 120, first: int = 0) -> bool:
    """This will anneal patches around what is out of its band, larger ones after smaller; worse patches are undone.

    Every fourth round tries another number of grids in each patch, unless it is to stay. Pieces of the ground without a
    fault are left out, as soon as they are most of it; `first` is the round to begin with.
    """
    pieces = -1
    for round_ in range(first, rounds):
        faults = state.faulty()
        if not len(faults):
            return True
        concerned = len(set(state.label[faults].tolist()))
        alone = _with_faults(state, faults) if concerned != pieces else None
        pieces = concerned
        if alone is not None:
            rows, own = alone
            is_mended = mend(own, rounds, round_)
            _put_back(state, rows, own)
            return is_mended
        faults = faults[np.argsort(-np.abs(state.homes[faults] - state.aims.mean[state.label[faults]]), kind="stable")]
        if state.search.stop("mend", round_, rounds, len(faults), lambda: state.objective() / state.k):
            return False
        state.round = STAGES["mend"] + round_
        size, sweeps = PATCHES[min(round_ * len(PATCHES) // (rounds // 4), len(PATCHES) - 1)]
        turn = round_ % 4 == 2 and not state.keeps_number
        tile, tiles = patches(state, faults, max(size, 14) if turn else size)
        over = state.homes > state.band[1]
        if round_ % 8 == 6:
            over = ~over
        attempt(state, tile, tiles, sweeps, 3.0 + round_ / 8, opens=faults[over[faults]] if turn else (),
                closes=faults[~over[faults]] if turn else ())  # fmt: skip
    return not len(state.faulty())


def _with_faults(state: State, faults: Ints) -> tuple[Ints, State] | None:
    """Give the pieces of the ground that have a fault as a ground of their own (and which atoms these are), None if
    they are most of it."""
    concerned = np.isin(state.label, state.label[faults])
    inside = concerned[state.part] & (state.part >= 0)
    if concerned.all() or not inside.any() or 2 * int(inside.sum()) > len(inside):
        return None
    beside = inside.copy()
    g = state.ground
    beside[g.indices[np.repeat(inside, np.diff(g.indptr))]] = True  # sealed ones at its border
    rows = np.flatnonzero(beside)
    number = np.where(concerned, np.cumsum(concerned) - 1, -1)
    part = np.where(inside[rows], number[state.part[rows]], -1)
    own = State(part_of(g, rows), state.search, part, state.label[concerned], state.aims)
    home = state.home[rows]
    own.home[:] = np.where(inside[rows] & (home >= 0), number[home], -1)
    own.coef, own.price, own.effort = state.coef, state.price[rows], state.effort
    own.is_free, own.keeps_number = state.is_free, state.keeps_number
    return rows, own


def _put_back(state: State, rows: Ints, own: State) -> None:
    """Take over what was found in some pieces of the ground."""
    inside, k = own.part >= 0, state.k
    concerned = np.isin(state.label, own.label)
    here = rows[inside]
    elsewhere = (state.home[here] >= 0) & ~concerned[state.home[here]]
    home = np.where(own.home[inside] >= 0, k + own.home[inside], -1)
    state.home[here] = np.where(elsewhere, state.home[here], home)
    state.part[here] = k + own.part[inside]
    state.label, state.k = np.concatenate([state.label, own.label]), k + own.k
    state.compact()


def attempt(
    state: State, tile: Ints, tiles: int, sweeps: float, strict: float, *, opens: Any = (), closes: Any = ()
) -> None:
    """Open and close grids, anneal their tiles, and undo each tile that misses its bands by more than before."""
    from . import patching

    g = state.ground
    before, missed = state.part.copy(), _missed(state, tile, tiles)
    state.sums, state.label, tile, state.stamp = patching.begun(
        np.asarray(closes, np.int64), np.asarray(opens, np.int64), g.indptr, g.indices, g.border, g.nodes, state.part,
        state.sums, g.w, g.fixed, state.label, state.is_free, tile, tiles, state.seen, state.queue, state.stamp,
    )  # fmt: skip
    state.k = len(state.label)
    state.anneal(tile, tiles, sweeps, MENDING, strict)
    patching.undone(before, state.part, tile, missed, _missed(state, tile, tiles))
    state.compact()


def _missed(state: State, tile: Ints, tiles: int) -> Doubles:
    """Give how bad each tile is."""
    from . import patching

    g, bad = state.ground, np.empty(tiles)
    patching.missed(g.indptr, g.indices, state.part, state.sums, state.home, g.moving, g.kin, g.kin_ptr, g.kin_rows,
                    state.band[0], state.band[1], tile, bad)  # fmt: skip
    return bad


def return_home(state: State, rounds: int = 60) -> None:
    """This will search for divisions with fewer households moved around those that moved. Every fourth round tries to
    dissolve grids that were fed with more than they had left."""
    for round_ in range(rounds):
        moved = (state.home >= 0) & (state.home != state.part) & (state.part >= 0) & (state.ground.w > 0)
        if not moved.any() or state.search.stop("home", round_, rounds, len(state.faulty()), lambda: 0.0):
            return
        middles = np.unique(state.part[moved])
        state.round = STAGES["home"] + round_
        turn = np.random.default_rng([state.search.seed, round_]).permutation(len(middles))
        tile, tiles = patches(state, middles[turn], (4, 8, 14)[round_ % 3])
        is_turn = round_ % 4 == 3 and state.ground.problem.count is None
        attempt(state, tile, tiles, 60.0, (20.0, 6.0)[round_ % 2], closes=_fed(state, moved) if is_turn else ())


def _fed(state: State, moved: Flags) -> Ints:
    """Give the grids to which more households came than stayed in them."""
    stayed = (state.home >= 0) & (state.home == state.part)
    came, left = (np.bincount(state.part[some], state.ground.moving[some], state.k) for some in (moved, stayed))
    return np.flatnonzero(came > left)


def recount(state: State, target: int, rounds: int = 60) -> bool:
    """This will open or close grids one by one until there are as many as wanted, each with its patch in its band."""
    rng = np.random.default_rng([state.search.seed, 19])
    for round_ in range(rounds):
        differ = target - state.k
        if not differ:
            return True
        if state.search.stop("count", round_, rounds, abs(differ), lambda: 0.0):
            return False
        state.round = STAGES["count"] + round_
        middles = rng.permutation(state.k)[: abs(differ)]
        tile, tiles = patches(state, middles, 16 + round_ // 4)
        middles = np.array([m for i, m in enumerate(middles.tolist()) if tile[m] not in tile[middles[:i]]], np.int64)
        more, fewer = (middles, ()) if differ > 0 else ((), middles)
        attempt(state, tile, tiles, 90.0, 5.0, opens=more, closes=fewer)
    return state.k == target

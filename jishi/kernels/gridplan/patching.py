"""Patches of grids around what is out of its band, compiled: grown, dissolved, opened, judged, numbered anew.

What a round of mending does to a small ground takes less time than asking numpy for it would.
"""

import numpy as np

from .annealing import hangs_together
from .compiled import HOMES, MEMBERS, compiled, torn_kin, total_up
from .values import Array

HOUSEHOLD, TORN = 1e9, 1e11  # a household out of its band, a torn compound: before any number of households that move


@compiled
def listed(label: Array, k: int) -> tuple[Array, Array]:
    """Give where each label 0 … k−1 begins, and its members in their order; −1 is left out."""
    pointer = np.zeros(k + 1, np.int64)
    for i in range(len(label)):
        if label[i] >= 0:
            pointer[label[i] + 1] += 1
    for g in range(k):
        pointer[g + 1] += pointer[g]
    place = pointer[:-1].copy()
    members = np.empty(pointer[k], np.int32)
    for i in range(len(label)):
        g = label[i]
        if g >= 0:
            members[place[g]] = i
            place[g] += 1
    return pointer, members


@compiled
def grown(part: Array, k: int, indptr: Array, indices: Array, middles: Array, size: int) -> tuple[Array, int]:
    """Give each grid the number of its patch (−1: none) and how many there are: the grids around each of these, breadth
    first up to `size`, lower numbers first, none in two."""
    pointer, rows = listed(part, k)
    tile, seen = np.full(k, -1, np.int64), np.full(k, -1, np.int64)
    members, near = np.empty(k, np.int64), np.empty(k, np.int64)
    found = 0
    for grid in middles:
        if tile[grid] >= 0:
            continue
        members[0], tile[grid] = grid, found
        head, tail = 0, 1
        while head < tail < size:
            here = members[head]
            count = 0
            for p in range(pointer[here], pointer[here + 1]):
                for e in range(indptr[rows[p]], indptr[rows[p] + 1]):
                    g = part[indices[e]]
                    if g >= 0 and tile[g] < 0 and seen[g] != here:
                        seen[g] = here
                        near[count] = g
                        count += 1
            ordered = np.sort(near[:count])
            for g in ordered:
                if tail < size:
                    tile[g] = found
                    members[tail] = g
                    tail += 1
            head += 1
        found += 1
    return tile, found


@compiled
def missed(
    indptr: Array, indices: Array, part: Array, sums: Array, home: Array, moving: Array, kin: Array, kin_ptr: Array,
    kin_rows: Array, lo: float, hi: float, tile: Array, bad: Array,
) -> None:
    """Write how bad each tile is: households out of their bands before everything, then households that moved."""
    k = len(tile)
    torn = np.zeros(k, np.int64)
    if len(kin_rows):
        torn_kin(indptr, indices, part, kin, kin_ptr, kin_rows, torn)
    bad[:] = 0.0
    for g in range(k):
        if tile[g] >= 0:
            homes = np.rint(sums[g, HOMES])
            if sums[g, MEMBERS] > 0:  # one that is closed is forgotten after this
                bad[tile[g]] += max(lo - homes, 0.0) * HOUSEHOLD + max(homes - hi, 0.0) * HOUSEHOLD
            bad[tile[g]] += torn[g] * TORN
    for i in range(len(part)):
        if part[i] >= 0 and 0 <= home[i] != part[i] and tile[part[i]] >= 0:
            bad[tile[part[i]]] += moving[i]


@compiled
def close_grid(
    grid: int, indptr: Array, indices: Array, part: Array, sums: Array, fixed: Array, tile: Array, given: Array
) -> None:
    """Give the units of a grid to neighbours of its tile; as it was, if they cannot all be given. `given` (n,) is −1
    everywhere, before and after."""
    rows = np.flatnonzero(part == grid)
    for row in rows:
        if fixed[row]:
            return
    left, ready = len(rows), np.empty(len(rows), np.int64)
    while left:
        count = 0
        for i in range(len(rows)):
            ready[i] = -1
            if given[rows[i]] >= 0:
                continue
            for e in range(indptr[rows[i]], indptr[rows[i] + 1]):
                j = indices[e]
                t = given[j] if given[j] >= 0 else part[j]
                if t < 0 or t == grid or t >= len(tile) or tile[t] != tile[grid]:
                    continue
                best = ready[i]
                if best < 0 or sums[t, HOMES] < sums[best, HOMES] or (sums[t, HOMES] == sums[best, HOMES] and t < best):
                    ready[i] = t
            if ready[i] >= 0:
                count += 1
        if not count:
            break
        for i in range(len(rows)):
            if ready[i] >= 0:
                given[rows[i]] = ready[i]
        left -= count
    for row in rows:
        if not left:
            part[row] = given[row]
        given[row] = -1


@compiled
def open_grid(
    grid: int, fresh: int, indptr: Array, indices: Array, part: Array, w: Array, fixed: Array, seen: Array,
    queue: Array, stamp: int,
) -> tuple[bool, int]:
    """Let the heaviest unit that can leave its grid be the grid `fresh`; tells whether, and the last stamp used."""
    rows = np.flatnonzero(part == grid)
    for i in np.argsort(-w[rows], kind="mergesort"):
        row = rows[i]
        if fixed[row] or w[row] == 0:
            continue
        stamp += 2
        if hangs_together(row, indptr, indices, part, seen, queue, stamp):
            part[row] = fresh
            return True, stamp
    return False, stamp


@compiled
def begun(
    closes: Array, opens: Array, indptr: Array, indices: Array, border: Array, nodes: Array, part: Array, sums: Array,
    w: Array, fixed: Array, label: Array, is_free: Array, tile: Array, tiles: int, seen: Array, queue: Array,
    stamp: int,
) -> tuple[Array, Array, Array, int]:
    """Close and open grids, add an empty one to each tile in a piece of the ground where their number is free; gives
    the sums, the piece and the tile of all grids there are now, and the last stamp used."""
    k = len(label)
    given = np.full(len(part), -1, np.int64)
    for grid in closes:
        close_grid(grid, indptr, indices, part, sums, fixed, tile, given)
    labels, inside = np.empty(k + len(opens) + tiles, np.int64), np.empty(k + len(opens) + tiles, np.int64)
    labels[:k], inside[:k] = label, tile
    more = k
    for grid in opens:
        is_open, stamp = open_grid(grid, more, indptr, indices, part, w, fixed, seen, queue, stamp)
        if is_open:
            labels[more], inside[more] = label[grid], tile[grid]
            more += 1
    piece = np.full(tiles, -1, np.int64)
    for g in range(more):
        if inside[g] >= 0 and piece[inside[g]] < 0:
            piece[inside[g]] = labels[g]
    for t in range(tiles):
        if piece[t] >= 0 and is_free[piece[t]]:
            labels[more], inside[more] = piece[t], t
            more += 1
    wider = np.zeros((more, sums.shape[1]))
    total_up(indptr, indices, border, nodes, part, wider)
    return wider, labels[:more].copy(), inside[:more].copy(), stamp


@compiled
def undone(before: Array, part: Array, tile: Array, bad: Array, now: Array) -> None:
    """Put back the tiles that are worse than before."""
    for i in range(len(part)):
        if before[i] >= 0 and tile[before[i]] >= 0 and now[tile[before[i]]] > bad[tile[before[i]]]:
            part[i] = before[i]


@compiled
def compacted(part: Array, home: Array, label: Array) -> Array:
    """Forget grids without units and number the others in their order; gives the piece of each."""
    k = len(label)
    number = np.full(k, -1, np.int64)
    for i in range(len(part)):
        if part[i] >= 0:
            number[part[i]] = 0
    kept = np.empty(k, np.int64)
    count = 0
    for g in range(k):
        if number[g] == 0:
            number[g] = count
            kept[count] = label[g]
            count += 1
    for i in range(len(part)):
        if part[i] >= 0:
            part[i] = number[part[i]]
        if home[i] >= 0:
            home[i] = number[home[i]]
    return kept[:count].copy()


@compiled
def tiled_units(part: Array, tile: Array, tiles: int, label: Array) -> tuple[Array, Array, Array, Array, Array, Array]:
    """Give the units of each tile, its grids (both as a list and where each tile begins), the piece of the ground that
    it lies in, and the how manieth tile of it that is."""
    where = np.full(len(part), -1, np.int32)
    for i in range(len(part)):
        if part[i] >= 0:
            where[i] = tile[part[i]]
    pointer, units = listed(where, tiles)
    grid_ptr, grids = listed(tile, tiles)
    piece, nth = np.zeros(tiles, np.int64), np.empty(tiles, np.int64)
    for g in range(len(tile)):
        if tile[g] >= 0:
            piece[tile[g]] = label[g]
    seen = np.zeros(label.max() + 1 if len(label) else 1, np.int64)
    for t in range(tiles):
        nth[t] = seen[piece[t]]
        seen[piece[t]] += 1
    return pointer, units, grid_ptr, grids, piece, nth

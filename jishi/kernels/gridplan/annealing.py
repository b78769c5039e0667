"""The search itself, compiled: moves and exchanges between the grids of a tile, hot at first, cold at the end.

A tile is a set of whole grids of which no other thread changes a unit: moves go from a grid of the tile to a grid of
the same tile, so that what a neighbour tile does at the same moment is never seen. Each tile draws from a generator
of its own, keyed by (seed, round, number of the tile in its piece of the ground). Whole numbers wherever a rule is
checked; floats only in the objective.
"""

from typing import Any

import numpy as np

from .compiled import AREA, BORDER, FIRST_WORKLOAD, HOMES, MEMBERS, SQUARES, SUM_X, SUM_Y, compiled
from .values import Array

FOUR_PI = 4.0 * np.pi
HALF = np.uint64(32)
LOW = np.uint64(0xFFFFFFFF)
UNLIKELY = 37.0  # −ln of the least share drawn

# places in the array of coefficients that `anneal` takes
WALK, SHAPE, BALANCE, LAMBDA, STEP, HOT, COLD, SWAPS, OPENS, LINE = range(10)


@compiled
def draw(state: Array) -> Any:
    """Give 64 bits of the generator (splitmix64)."""
    state[0] += np.uint64(0x9E3779B97F4A7C15)
    z = state[0]
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return z ^ (z >> np.uint64(31))


@compiled
def share(state: Array) -> float:
    """Give a number above 0, at most 1."""
    return float(((draw(state) >> np.uint64(11)) + np.uint64(1)) * 1.1102230246251565e-16)


@compiled
def below(bits: Any, n: Any) -> Any:
    """Give a whole number from 0 up to n − 1 by 32 bits."""
    return np.int64((np.uint64(bits) * np.uint64(n)) >> HALF)


@compiled
def worth(
    w: float, sx: float, sy: float, squares: float, border: float, area: float, coef: Array, band: Array
) -> float:
    """Give what one grid adds to the objective, its distance from the band included, workloads left out."""
    e: float = 0.0
    if w > 0:
        e += coef[WALK] * (squares - (sx * sx + sy * sy) / w)
    if area > 0:
        e += coef[SHAPE] * (border * border / (FOUR_PI * area))
    e += coef[LINE] * border
    r = w / band[2] - 1.0
    e += coef[BALANCE] * r * r
    out = 0.0
    if w < band[0]:
        out = (band[0] - w) / band[2]
    elif w > band[1]:
        out = (w - band[1]) / band[2]
    if out > 0:
        e += coef[LAMBDA] * (out + out * out) + coef[STEP]
    return e


@compiled
def uneven(row: Array, nodes: Array, gone: int, come: int, means: Array) -> float:
    """Give what the workloads of a grid add when one unit is gone and another has come (−1: nobody)."""
    e: float = 0.0
    for d in range(len(means)):
        x = row[FIRST_WORKLOAD + d]
        if gone >= 0:
            x -= nodes[gone, 5 + d]
        if come >= 0:
            x += nodes[come, 5 + d]
        r = x * means[d, 0] - 1.0
        e += means[d, 1] * r * r
    return e


@compiled
def whole_cost(row: Array, coef: Array, band: Array, nodes: Array, means: Array) -> float:
    """Give what a grid adds as it stands; one without units adds nothing."""
    if row[MEMBERS] == 0:
        return 0.0
    e = worth(row[HOMES], row[SUM_X], row[SUM_Y], row[SQUARES], row[BORDER], row[AREA], coef, band)
    return e + uneven(row, nodes, -1, -1, means)


@compiled
def exchanged(row: Array, nodes: Array, gone: int, come: int, border: float, means: Array) -> None:
    """Keep the sums of a grid of which one unit is gone and to which another has come (−1: nobody)."""
    if gone >= 0:
        row[HOMES] -= nodes[gone, 0]
        row[SUM_X] -= nodes[gone, 1]
        row[SUM_Y] -= nodes[gone, 2]
        row[SQUARES] -= nodes[gone, 3]
        row[AREA] -= nodes[gone, 4]
        row[MEMBERS] -= 1
        for d in range(len(means)):
            row[FIRST_WORKLOAD + d] -= nodes[gone, 5 + d]
    if come >= 0:
        row[HOMES] += nodes[come, 0]
        row[SUM_X] += nodes[come, 1]
        row[SUM_Y] += nodes[come, 2]
        row[SQUARES] += nodes[come, 3]
        row[AREA] += nodes[come, 4]
        row[MEMBERS] += 1
        for d in range(len(means)):
            row[FIRST_WORKLOAD + d] += nodes[come, 5 + d]
    row[BORDER] = border


@compiled
def hangs_together(u: int, indptr: Array, indices: Array, part: Array, seen: Array, queue: Array, stamp: int) -> bool:
    """Tell whether the grid of u stays in one piece without u. `stamp` and `stamp + 1` were never used before."""
    a = part[u]
    wanted = 0
    first = -1
    for e in range(indptr[u], indptr[u + 1]):
        j = indices[e]
        if part[j] == a:
            wanted += 1
            first = j
            seen[j] = stamp
    if wanted <= 1:
        return wanted == 1
    seen[u] = stamp + 1
    seen[first] = stamp + 1
    wanted -= 1
    queue[0] = first
    head, tail = 0, 1
    while head < tail:
        i = queue[head]
        head += 1
        for e in range(indptr[i], indptr[i + 1]):
            j = indices[e]
            if part[j] == a and seen[j] != stamp + 1:
                if seen[j] == stamp:
                    wanted -= 1
                    if wanted == 0:
                        return True
                seen[j] = stamp + 1
                queue[tail] = j
                tail += 1
    return False


@compiled
def has_foe(u: int, grid: int, foe_ptr: Array, foes: Array, part: Array) -> bool:
    """Tell whether somebody who must never be with u is in the grid."""
    if len(foes) == 0:
        return False
    for e in range(foe_ptr[u], foe_ptr[u + 1]):
        if part[foes[e]] == grid:
            return True
    return False


@compiled
def keeps_kin(
    u: int,
    to: int,
    indptr: Array,
    indices: Array,
    part: Array,
    kin: Array,
    kin_ptr: Array,
    kin_rows: Array,
    seen: Array,
    queue: Array,
    stamp: int,
) -> bool:
    """Tell whether the pieces of u's compound in both grids hang together by themselves once u is moved."""
    c = kin[u]
    if c < 0:
        return True
    a = part[u]
    left = 0
    first = -1
    is_there = False
    for p in range(kin_ptr[c], kin_ptr[c + 1]):
        r = kin_rows[p]
        if part[r] == to:
            is_there = True
        elif part[r] == a and r != u:
            left += 1
            first = r
    if is_there:
        joined = False
        for e in range(indptr[u], indptr[u + 1]):
            j = indices[e]
            if kin[j] == c and part[j] == to:
                joined = True
                break
        if not joined:
            return False
    if left <= 1:
        return True
    seen[u] = stamp
    seen[first] = stamp
    left -= 1
    queue[0] = first
    head, tail = 0, 1
    while head < tail:
        i = queue[head]
        head += 1
        for e in range(indptr[i], indptr[i + 1]):
            j = indices[e]
            if kin[j] == c and part[j] == a and seen[j] != stamp:
                seen[j] = stamp
                left -= 1
                queue[tail] = j
                tail += 1
    return left == 0


@compiled
def empty_one(tile: int, grid_ptr: Array, grids: Array, sums: Array) -> int:
    """Give a grid of the tile without units, −1 if there is none."""
    for p in range(grid_ptr[tile], grid_ptr[tile + 1]):
        if sums[grids[p], MEMBERS] == 0:
            return grids[p]  # type: ignore[no-any-return]
    return -1


@compiled
def anneal(
    tiles: Array,
    tile_ptr: Array,
    tile_units: Array,
    tile_of: Array,
    grid_ptr: Array,
    grids: Array,
    piece_of: Array,
    nth: Array,
    sweeps: Array,
    seed: int,
    indptr: Array,
    indices: Array,
    border: Array,
    nodes: Array,
    part: Array,
    sums: Array,
    costs: Array,
    coefs: Array,
    bands: Array,
    all_means: Array,
    home: Array,
    price: Array,
    fixed: Array,
    foe_ptr: Array,
    foes: Array,
    kin: Array,
    kin_ptr: Array,
    kin_rows: Array,
    seen: Array,
    stamp_from: int,
) -> int:
    """Propose moves and exchanges in each of these tiles, hot at first, cold at the end; gives the accepted.

    What counts (`coefs`, `bands`, `all_means`) and how long (`sweeps` per atom) is said per piece of the ground:
    `piece_of` each tile, of which it is the `nth`. With coef[OPENS] > 0 a grid may lose its last unit, and that share
    of proposals opens an empty one. What is asked first is cheap: whether the grids hang together is looked at when
    the change is wanted.
    """
    accepted = 0
    state = np.empty(1, np.uint64)
    for t in tiles:
        begin, end = tile_ptr[t], tile_ptr[t + 1]
        m = end - begin
        if m == 0:
            continue
        coef, band, means = coefs[piece_of[t]], bands[piece_of[t]], all_means[piece_of[t]]
        may_open, may_swap = coef[OPENS], coef[SWAPS]
        for p in range(grid_ptr[t], grid_ptr[t + 1]):
            costs[grids[p]] = whole_cost(sums[grids[p]], coef, band, nodes, means)
        own = np.uint64(nth[t] + 1) * np.uint64(0x2545F4914F6CDD1D)
        state[0] = np.uint64(seed) * np.uint64(0xD1342543DE82EF95) + own
        queue = np.empty(m + 1, np.int32)
        stamp = stamp_from
        steps = int(m * sweeps[piece_of[t]])
        cooling = np.log(coef[COLD] / coef[HOT])
        heat = coef[HOT]
        for step in range(steps):
            if step % 32 == 0:
                heat = coef[HOT] * np.exp(cooling * step / steps)
            bits = draw(state)
            u = tile_units[begin + below(bits >> HALF, m)]
            first = indptr[u]
            degree = indptr[u + 1] - first
            if degree == 0:
                continue
            a = part[u]
            v = indices[first + below(bits & LOW, degree)]
            b = part[v]
            opens = False
            if may_open > 0 and share(state) < may_open:
                b = empty_one(t, grid_ptr, grids, sums)
                opens = True
                if b < 0 or sums[a, MEMBERS] == 1:
                    continue
            if a == b or b < 0 or tile_of[b] != t or fixed[u] or has_foe(u, b, foe_ptr, foes, part):
                continue
            empties = sums[a, MEMBERS] == 1
            if empties and may_open == 0:
                continue
            before = costs[a] + costs[b]
            change = 0.0
            if home[u] >= 0:
                change = price[u] * ((home[u] != b) * 1.0 - (home[u] != a) * 1.0)
            # the borders after the move, without moving yet
            edge_a, edge_b = sums[a, BORDER], sums[b, BORDER]
            for e in range(first, first + degree):
                g = part[indices[e]]
                edge_a += border[e] if g == a else -border[e]
                edge_b += -border[e] if g == b else border[e]
            wa, xa, ya = sums[a, HOMES] - nodes[u, 0], sums[a, SUM_X] - nodes[u, 1], sums[a, SUM_Y] - nodes[u, 2]
            wb, xb, yb = sums[b, HOMES] + nodes[u, 0], sums[b, SUM_X] + nodes[u, 1], sums[b, SUM_Y] + nodes[u, 2]
            qa, qb = sums[a, SQUARES] - nodes[u, 3], sums[b, SQUARES] + nodes[u, 3]
            ra, rb = sums[a, AREA] - nodes[u, 4], sums[b, AREA] + nodes[u, 4]
            cost_a = 0.0
            if not empties:
                cost_a = worth(wa, xa, ya, qa, edge_a, ra, coef, band) + uneven(sums[a], nodes, u, -1, means)
            cost_b = worth(wb, xb, yb, qb, edge_b, rb, coef, band) + uneven(sums[b], nodes, -1, u, means)
            delta = change + cost_a + cost_b - before
            luck = 1.0
            if delta > 0:
                luck = share(state)
            if delta <= 0 or (delta < UNLIKELY * heat and delta <= -heat * np.log(luck)):
                stamp += 4
                if (empties or hangs_together(u, indptr, indices, part, seen, queue, stamp)) and keeps_kin(
                    u, b, indptr, indices, part, kin, kin_ptr, kin_rows, seen, queue, stamp + 2
                ):
                    exchanged(sums[a], nodes, u, -1, edge_a, means)
                    exchanged(sums[b], nodes, -1, u, edge_b, means)
                    costs[a], costs[b] = cost_a, cost_b
                    part[u] = b
                    accepted += 1
                continue
            if opens or empties or share(state) >= may_swap:
                continue
            # an exchange: u goes to b, somebody near goes the other way
            other = v
            bits = draw(state)
            if bits & np.uint64(1):
                other = indices[indptr[v] + below(bits >> HALF, indptr[v + 1] - indptr[v])]
            if part[other] != b or fixed[other] or has_foe(other, a, foe_ptr, foes, part):
                continue
            touching = False
            for e in range(indptr[other], indptr[other + 1]):
                j = indices[e]
                g = part[j]
                if j == u:
                    g = b
                elif g == a:
                    touching = True
                edge_b += border[e] if g == b else -border[e]
                edge_a += -border[e] if g == a else border[e]
            if not touching:
                continue
            if home[other] >= 0:
                change += price[other] * ((home[other] != a) * 1.0 - (home[other] != b) * 1.0)
            cost_a = worth(
                wa + nodes[other, 0], xa + nodes[other, 1], ya + nodes[other, 2], qa + nodes[other, 3], edge_a,
                ra + nodes[other, 4], coef, band,
            ) + uneven(sums[a], nodes, u, other, means)  # fmt: skip
            cost_b = worth(
                wb - nodes[other, 0], xb - nodes[other, 1], yb - nodes[other, 2], qb - nodes[other, 3], edge_b,
                rb - nodes[other, 4], coef, band,
            ) + uneven(sums[b], nodes, other, u, means)  # fmt: skip
            delta = change + cost_a + cost_b - before
            if delta > 0 and (delta >= UNLIKELY * heat or delta > -heat * np.log(luck)):
                continue
            stamp += 8
            if not hangs_together(u, indptr, indices, part, seen, queue, stamp - 4) or not keeps_kin(
                u, b, indptr, indices, part, kin, kin_ptr, kin_rows, seen, queue, stamp - 2
            ):
                continue
            part[u] = b
            if hangs_together(other, indptr, indices, part, seen, queue, stamp) and keeps_kin(
                other, a, indptr, indices, part, kin, kin_ptr, kin_rows, seen, queue, stamp + 2
            ):
                part[other] = a
                exchanged(sums[a], nodes, u, other, edge_a, means)
                exchanged(sums[b], nodes, other, u, edge_b, means)
                costs[a], costs[b] = cost_a, cost_b
                accepted += 1
            else:
                part[u] = a
    return accepted

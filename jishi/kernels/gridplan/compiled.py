"""The inner loops, compiled by numba when somebody plans. Everything here works on atoms in curve order.

A tile is a set of whole grids of which no other thread changes a unit: moves go from a grid of the tile to a grid of
the same tile, so that what a neighbour tile does at the same moment is never seen. Each tile draws from a generator
of its own, keyed by (seed, round, tile). Whole numbers wherever a rule is checked; floats only in the objective.
"""

from collections.abc import Callable
from typing import Any, TypeVar, cast

import numpy as np
from numba import njit

from .values import Array

F = TypeVar("F", bound=Callable[..., Any])
FOUR_PI = 4.0 * np.pi

# places in the array of coefficients that `anneal` takes
WALK, SHAPE, BALANCE, LAMBDA, STEP, HOT, COLD, SWAPS, OPENS = range(9)
# places in the table of sums, one row per grid
HOMES, SUM_X, SUM_Y, SQUARES, BORDER, AREA, MEMBERS, FIRST_WORKLOAD = range(8)


def compiled(function: F) -> F:
    """Compile at the first call, kept beside the source if that can be written, else in memory."""
    try:
        return cast(F, njit(cache=True, nogil=True)(function))
    except RuntimeError:  # no folder to keep it in
        return cast(F, njit(nogil=True)(function))


@compiled
def draw(state: Array) -> int:
    """Give 31 bits of the generator (splitmix64)."""
    state[0] += np.uint64(0x9E3779B97F4A7C15)
    z = state[0]
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    z = z ^ (z >> np.uint64(31))
    return np.int64(z >> np.uint64(33))  # type: ignore[return-value]


@compiled
def pieces(indptr: Array, indices: Array, group: Array) -> tuple[Array, int]:
    """Label the connected pieces of each group (−1: left out), numbered in order of their first node."""
    n = len(indptr) - 1
    label = np.full(n, -1, np.int32)
    queue = np.empty(n, np.int32)
    found = 0
    for start in range(n):
        if label[start] >= 0 or group[start] < 0:
            continue
        label[start] = found
        queue[0] = start
        head, tail = 0, 1
        while head < tail:
            i = queue[head]
            head += 1
            for e in range(indptr[i], indptr[i + 1]):
                j = indices[e]
                if label[j] < 0 and group[j] == group[i]:
                    label[j] = found
                    queue[tail] = j
                    tail += 1
        found += 1
    return label, found


@compiled
def select(order: Array, key: Array, w: Array, a: int, b: int, need: float) -> int:
    """Sort order[a:b] by key so far that the first places hold about `need`; gives where they end."""
    lo, hi = a, b - 1
    while lo < hi:
        x, y, z = key[order[lo]], key[order[(lo + hi) // 2]], key[order[hi]]
        pivot = max(min(x, y), min(max(x, y), z))
        i, j = lo, hi
        while i <= j:
            while key[order[i]] < pivot:
                i += 1
            while key[order[j]] > pivot:
                j -= 1
            if i <= j:
                order[i], order[j] = order[j], order[i]
                i += 1
                j -= 1
        left = 0.0
        for p in range(lo, j + 1):
            left += w[order[p]]
        if left >= need:
            hi = j
        else:
            need -= left
            lo = j + 1
            if lo < i:  # one that equals the pivot stands between
                need -= w[order[lo]]
                if need <= 0:
                    return lo + 1 if need > -0.5 * w[order[lo]] else lo
                lo = i
    return lo


@compiled
def bisect(order: Array, starts: Array, counts: Array, x: Array, y: Array, w: Array, part: Array) -> int:
    """Cut each component into counts[c] parts of about equal weight, across its longer side."""
    key = np.empty(len(x))
    stack = np.empty((128, 3), np.int64)
    grid = 0
    for c in range(len(counts)):
        stack[0, 0], stack[0, 1], stack[0, 2] = starts[c], starts[c + 1], counts[c]
        top = 1
        while top:
            top -= 1
            a, b, k = stack[top, 0], stack[top, 1], stack[top, 2]
            if k == 1:
                for p in range(a, b):
                    part[order[p]] = grid
                grid += 1
                continue
            total = mx = my = sxx = sxy = syy = 0.0
            for p in range(a, b):
                i = order[p]
                v = w[i] + 1e-3
                total += v
                mx += v * x[i]
                my += v * y[i]
            mx /= total
            my /= total
            for p in range(a, b):
                i = order[p]
                v = w[i] + 1e-3
                dx, dy = x[i] - mx, y[i] - my
                sxx += v * dx * dx
                sxy += v * dx * dy
                syy += v * dy * dy
            angle = 0.5 * np.arctan2(2 * sxy, sxx - syy)
            ca, sa = np.cos(angle), np.sin(angle)
            for p in range(a, b):
                key[order[p]] = ca * x[order[p]] + sa * y[order[p]]
            k1 = k // 2
            homes = 0.0
            for p in range(a, b):
                homes += w[order[p]]
            m = select(order, key, w, a, b, homes * k1 / k)
            m = min(max(m, a + k1), b - (k - k1))
            stack[top, 0], stack[top, 1], stack[top, 2] = m, b, k - k1
            stack[top + 1, 0], stack[top + 1, 1], stack[top + 1, 2] = a, m, k1
            top += 2
    return grid


@compiled
def attach(indptr: Array, indices: Array, w: Array, part: Array, k: int) -> int:
    """Keep the heaviest piece of each part, give the rest to neighbours breadth first; gives how many were loose."""
    n = len(part)
    label, found = pieces(indptr, indices, part)
    weight = np.zeros(found, np.float64)
    for i in range(n):
        if label[i] >= 0:
            weight[label[i]] += w[i] + 1e-6
    best = np.full(k, -1, np.int32)
    for i in range(n):
        f, g = label[i], part[i]
        if f >= 0 and (best[g] < 0 or weight[f] > weight[best[g]]):
            best[g] = f
    queue = np.empty(n, np.int32)
    tail = 0
    for i in range(n):
        if part[i] >= 0 and label[i] != best[part[i]]:
            part[i] = -1
    for i in range(n):
        if part[i] >= 0:
            for e in range(indptr[i], indptr[i + 1]):
                if part[indices[e]] < 0:
                    queue[tail] = i
                    tail += 1
                    break
    head = loose = 0
    while head < tail:
        i = queue[head]
        head += 1
        for e in range(indptr[i], indptr[i + 1]):
            j = indices[e]
            if part[j] < 0:
                part[j] = part[i]
                loose += 1
                queue[tail] = j
                tail += 1
    return loose


@compiled
def total_up(indptr: Array, indices: Array, border: Array, nodes: Array, part: Array, sums: Array) -> None:
    """Fill the table of sums of every grid."""
    sums[:] = 0.0
    for i in range(len(part)):
        g = part[i]
        if g < 0:
            continue
        for d in range(nodes.shape[1]):
            sums[g, SUM_COLUMN[d]] += nodes[i, d]
        sums[g, MEMBERS] += 1
        for e in range(indptr[i], indptr[i + 1]):
            if part[indices[e]] != g:
                sums[g, BORDER] += border[e]


# columns of the table of atoms → columns of the table of sums
SUM_COLUMN = np.array([HOMES, SUM_X, SUM_Y, SQUARES, AREA, *range(FIRST_WORKLOAD, FIRST_WORKLOAD + 16)])


@compiled
def cost(row: Array, coef: Array, band: Array, means: Array) -> float:
    """Give what one grid adds to the objective, its distance from the band included; one without units adds nothing."""
    if row[MEMBERS] == 0:
        return 0.0
    w = row[HOMES]
    e: float = 0.0
    if w > 0:
        e += coef[WALK] * (row[SQUARES] - (row[SUM_X] * row[SUM_X] + row[SUM_Y] * row[SUM_Y]) / w)
    if coef[SHAPE] > 0 and row[AREA] > 0:
        e += coef[SHAPE] * (row[BORDER] * row[BORDER] / (FOUR_PI * row[AREA]))
    r = w / band[2] - 1.0
    e += coef[BALANCE] * r * r
    for d in range(len(means)):
        r = row[FIRST_WORKLOAD + d] * means[d, 0] - 1.0
        e += means[d, 1] * r * r
    out = 0.0
    if w < band[0]:
        out = (band[0] - w) / band[2]
    elif w > band[1]:
        out = (w - band[1]) / band[2]
    if out > 0:
        e += coef[LAMBDA] * (out + out * out) + coef[STEP]
    return e


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
def shift(
    u: int, to: int, indptr: Array, indices: Array, border: Array, nodes: Array, part: Array, sums: Array
) -> None:
    """Move u to another grid and keep the sums."""
    a = part[u]
    for d in range(nodes.shape[1]):
        sums[a, SUM_COLUMN[d]] -= nodes[u, d]
        sums[to, SUM_COLUMN[d]] += nodes[u, d]
    sums[a, MEMBERS] -= 1
    sums[to, MEMBERS] += 1
    for e in range(indptr[u], indptr[u + 1]):
        g = part[indices[e]]
        if g == a:
            sums[a, BORDER] += border[e]
        else:
            sums[a, BORDER] -= border[e]
        if g == to:
            sums[to, BORDER] -= border[e]
        else:
            sums[to, BORDER] += border[e]
    part[u] = to


@compiled
def touches(u: int, grid: int, indptr: Array, indices: Array, part: Array) -> bool:
    """Tell whether u has a neighbour in the grid."""
    for e in range(indptr[u], indptr[u + 1]):
        if part[indices[e]] == grid:
            return True
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
    u: int, to: int, indptr: Array, indices: Array, part: Array,
    kin: Array, kin_ptr: Array, kin_rows: Array, seen: Array, queue: Array, stamp: int,
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
def torn_kin(
    indptr: Array, indices: Array, part: Array, kin: Array, kin_ptr: Array, kin_rows: Array, torn: Array
) -> None:
    """Count in `torn` (k,) what of split compounds lies in each grid apart from the rest of its compound there."""
    torn[:] = 0
    label = np.full(len(part), -1, np.int32)
    queue = np.empty(len(part), np.int32)
    for c in range(len(kin_ptr) - 1):
        for p in range(kin_ptr[c], kin_ptr[c + 1]):
            start = kin_rows[p]
            if part[start] < 0 or label[start] >= 0:
                continue
            for q in range(kin_ptr[c], p):
                if part[kin_rows[q]] == part[start]:
                    torn[part[start]] += 1
                    break
            label[start] = start
            queue[0] = start
            head, tail = 0, 1
            while head < tail:
                i = queue[head]
                head += 1
                for e in range(indptr[i], indptr[i + 1]):
                    j = indices[e]
                    if label[j] < 0 and kin[j] == c and part[j] == part[start]:
                        label[j] = start
                        queue[tail] = j
                        tail += 1


@compiled
def empty_one(tile: int, grid_ptr: Array, grids: Array, sums: Array) -> int:
    """Give a grid of the tile without units, −1 if there is none."""
    for p in range(grid_ptr[tile], grid_ptr[tile + 1]):
        if sums[grids[p], MEMBERS] == 0:
            return grids[p]  # type: ignore[no-any-return]
    return -1


@compiled
def anneal(
    tiles: Array, tile_ptr: Array, tile_units: Array, tile_of: Array, grid_ptr: Array, grids: Array,
    sweeps: float, seed: int,
    indptr: Array, indices: Array, border: Array, nodes: Array, part: Array, sums: Array,
    coef: Array, band: Array, means: Array, home: Array, price: Array, fixed: Array,
    foe_ptr: Array, foes: Array, kin: Array, kin_ptr: Array, kin_rows: Array, seen: Array, stamp_from: int,
) -> int:
    """Propose moves and exchanges in each of these tiles, hot at first, cold at the end; gives the accepted.

    With coef[OPENS] > 0 a grid may lose its last unit, and that share of proposals opens an empty one.
    """
    accepted = 0
    state = np.empty(1, np.uint64)
    before, after = np.empty(sums.shape[1]), np.empty(sums.shape[1])
    for t in tiles:
        begin, end = tile_ptr[t], tile_ptr[t + 1]
        m = end - begin
        if m == 0:
            continue
        state[0] = np.uint64(seed) * np.uint64(0xD1342543DE82EF95) + np.uint64(t + 1) * np.uint64(0x2545F4914F6CDD1D)
        queue = np.empty(m + 1, np.int32)
        stamp = stamp_from
        steps = int(m * sweeps)
        cooling = np.log(coef[COLD] / coef[HOT])
        heat = coef[HOT]
        for step in range(steps):
            if step % 32 == 0:
                heat = coef[HOT] * np.exp(cooling * step / steps)
            u = tile_units[begin + draw(state) % m]
            degree = indptr[u + 1] - indptr[u]
            if degree == 0 or fixed[u]:
                continue
            a = part[u]
            v = indices[indptr[u] + draw(state) % degree]
            b = part[v]
            opens = False
            if coef[OPENS] > 0 and draw(state) < coef[OPENS] * 2147483648.0:
                b = empty_one(t, grid_ptr, grids, sums)
                opens = True
                if b < 0 or sums[a, MEMBERS] == 1:
                    continue
            if a == b or b < 0 or tile_of[b] != t or has_foe(u, b, foe_ptr, foes, part):
                continue
            if sums[a, MEMBERS] == 1 and coef[OPENS] == 0:
                continue
            threshold = -heat * np.log((draw(state) + 1) / 2147483649.0)
            both = cost(sums[a], coef, band, means) + cost(sums[b], coef, band, means)
            change = 0.0
            if home[u] >= 0:
                change = price[u] * ((home[u] != b) * 1.0 - (home[u] != a) * 1.0)
            # the sums after the move, without moving yet
            before[:] = sums[a]
            after[:] = sums[b]
            for d in range(nodes.shape[1]):
                before[SUM_COLUMN[d]] -= nodes[u, d]
                after[SUM_COLUMN[d]] += nodes[u, d]
            before[MEMBERS] -= 1
            after[MEMBERS] += 1
            for e in range(indptr[u], indptr[u + 1]):
                g = part[indices[e]]
                before[BORDER] += border[e] if g == a else -border[e]
                after[BORDER] += -border[e] if g == b else border[e]
            delta = change + cost(before, coef, band, means) + cost(after, coef, band, means) - both
            if delta <= threshold:
                stamp += 4
                if (before[MEMBERS] == 0 or hangs_together(u, indptr, indices, part, seen, queue, stamp)) and keeps_kin(
                    u, b, indptr, indices, part, kin, kin_ptr, kin_rows, seen, queue, stamp + 2
                ):
                    for d in range(sums.shape[1]):
                        sums[a, d] = before[d]
                        sums[b, d] = after[d]
                    part[u] = b
                    accepted += 1
                continue
            if opens or before[MEMBERS] == 0 or draw(state) >= coef[SWAPS] * 2147483648.0:
                continue
            # an exchange: u goes to b, somebody near goes the other way
            other = v
            if draw(state) & 1:
                other = indices[indptr[v] + draw(state) % (indptr[v + 1] - indptr[v])]
            if part[other] != b or fixed[other] or has_foe(other, a, foe_ptr, foes, part):
                continue
            stamp += 4
            if not hangs_together(u, indptr, indices, part, seen, queue, stamp) or not keeps_kin(
                u, b, indptr, indices, part, kin, kin_ptr, kin_rows, seen, queue, stamp + 2
            ):
                continue
            shift(u, b, indptr, indices, border, nodes, part, sums)
            stamp += 4
            good = touches(other, a, indptr, indices, part)
            if (
                good
                and hangs_together(other, indptr, indices, part, seen, queue, stamp)
                and keeps_kin(other, a, indptr, indices, part, kin, kin_ptr, kin_rows, seen, queue, stamp + 2)
            ):
                shift(other, a, indptr, indices, border, nodes, part, sums)
                if home[other] >= 0:
                    change += price[other] * ((home[other] != a) * 1.0 - (home[other] != b) * 1.0)
                delta = change + cost(sums[a], coef, band, means) + cost(sums[b], coef, band, means) - both
                if delta <= threshold:
                    accepted += 1
                    continue
                shift(other, b, indptr, indices, border, nodes, part, sums)
            shift(u, a, indptr, indices, border, nodes, part, sums)
    return accepted


@compiled
def anchors(order: Array, starts: Array, x: Array, y: Array, w: Array) -> tuple[Array, Array]:
    """Give the unit of each grid with the smallest greatest distance to a home, and that distance."""
    k = len(starts) - 1
    best = np.zeros(k, np.int64)
    longest = np.zeros(k)
    for g in range(k):
        best[g] = order[starts[g]]
        least = np.inf
        for p in range(starts[g], starts[g + 1]):
            i = order[p]
            far = 0.0
            for q in range(starts[g], starts[g + 1]):
                j = order[q]
                if w[j] > 0:
                    far = max(far, (x[i] - x[j]) ** 2 + (y[i] - y[j]) ** 2)
                    if far >= least:
                        break
            if far < least:
                least = far
                best[g] = i
        longest[g] = np.sqrt(least)
    return best, longest

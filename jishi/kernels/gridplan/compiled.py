"""The loops over graphs, compiled by numba when somebody plans. Everything here works on atoms in curve order."""

from collections.abc import Callable
from typing import Any, TypeVar, cast

import numpy as np
from numba import njit

from .values import Array

F = TypeVar("F", bound=Callable[..., Any])

# places in the table of sums, one row per grid
HOMES, SUM_X, SUM_Y, SQUARES, BORDER, AREA, MEMBERS, FIRST_WORKLOAD = range(8)


def compiled(function: F) -> F:
    """Compile at the first call, kept beside the source if that can be written, else in memory."""
    try:
        return cast(F, njit(cache=True, nogil=True, error_model="numpy")(function))
    except RuntimeError:  # no folder to keep it in
        return cast(F, njit(nogil=True, error_model="numpy")(function))


@compiled
def along_curve(x: Array, y: Array, bits: int) -> Array:
    """Give the place of each cell of a square of 2^bits cells along its Hilbert curve."""
    place = np.zeros(len(x), np.int64)
    for i in range(len(x)):
        a, b = x[i], y[i]
        step = 1 << (bits - 1)
        while step:
            right, up = (a & step) > 0, (b & step) > 0
            place[i] += step * step * ((3 if right else 0) ^ (1 if up else 0))
            if not up:
                if right:
                    a, b = step - 1 - (a & (step - 1)), step - 1 - (b & (step - 1))
                a, b = b, a
            step >>= 1
    return place


@compiled
def peeled(indptr: Array, indices: Array, group: Array) -> tuple[Array, Array]:
    """Take off, again and again, nodes with one neighbour left; gives them in order, and for each node the one it hung
    on (−1: the last of a tree, or never taken off). Nodes of group −1 are not there."""
    n = len(indptr) - 1
    degree, is_gone = np.zeros(n, np.int64), np.zeros(n, np.bool_)
    parent, order = np.full(n, -1, np.int64), np.empty(n, np.int64)
    tail = 0
    for i in range(n):
        if group[i] < 0:
            continue
        for e in range(indptr[i], indptr[i + 1]):
            degree[i] += group[indices[e]] >= 0
        if degree[i] <= 1:
            order[tail] = i
            tail += 1
    head = 0
    while head < tail:
        i = order[head]
        head += 1
        is_gone[i] = True
        for e in range(indptr[i], indptr[i + 1]):
            j = indices[e]
            if group[j] >= 0 and not is_gone[j]:
                parent[i] = j
                degree[j] -= 1
                if degree[j] == 1:
                    order[tail] = j
                    tail += 1
    return order[:tail], parent


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
def joined(n: int, u: Array, v: Array) -> Array:
    """Give each of n nodes the lowest node that these pairs join it to."""
    lead = np.arange(n)
    for e in range(len(u)):
        a, b = u[e], v[e]
        while lead[a] != a:
            lead[a] = lead[lead[a]]
            a = lead[a]
        while lead[b] != b:
            lead[b] = lead[lead[b]]
            b = lead[b]
        if a < b:
            lead[b] = a
        else:
            lead[a] = b
    for i in range(n):
        lead[i] = lead[lead[i]]
    return lead


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


@compiled
def cut_along(
    starts: Array, rows: Array, wanted: Array, indptr: Array, indices: Array, x: Array, y: Array, w: Array,
    hi: int, label: Array,
) -> None:
    """Cut each of these sets of nodes (`rows`, from `starts`) into at least `wanted` connected pieces of about equal
    weight, none above `hi` if its nodes allow; `label` of each node is the first node of its piece. The graph has no
    edge between two sets; what does not touch inside of one is joined to the nearest first."""
    place = np.empty(len(indptr), np.int64)
    for c in range(len(starts) - 1):
        a = starts[c]
        n = starts[c + 1] - a
        own = rows[a : a + n]
        heaviest = 0.0
        lx, ly, lw = np.empty(n), np.empty(n), np.empty(n)
        ends = np.zeros(n + 1, np.int64)
        for i in range(n):
            r = own[i]
            place[r] = i
            lx[i], ly[i], lw[i] = x[r], y[r], w[r]
            heaviest = max(heaviest, lw[i])
            ends[i + 1] = ends[i] + indptr[r + 1] - indptr[r]
        others = np.empty(ends[n], np.int32)
        for i in range(n):
            for e in range(indptr[own[i]], indptr[own[i] + 1]):
                others[ends[i] + e - indptr[own[i]]] = place[indices[e]]
        one = np.zeros(n, np.int32)
        part, found = pieces(ends, others, one)
        while found > 1:
            least, u, v = np.inf, -1, -1
            for i in range(n):
                if part[i] == 0:
                    for j in range(n):
                        if part[j] != 0:
                            far = np.hypot(lx[i] - lx[j], ly[i] - ly[j])
                            if far < least:
                                least, u, v = far, i, j
            ends, others = tied(ends, others, u, v)
            part, found = pieces(ends, others, one)
        most = max(float(hi), heaviest)
        whole, count = np.array([0, n]), np.empty(1, np.int64)
        for k in range(min(wanted[c], n), n + 1):
            count[0] = k
            part[:] = 0
            bisect(np.arange(n), whole, count, lx, ly, lw, part)
            attach(ends, others, lw, part, k)
            weight = np.zeros(k)
            for i in range(n):
                weight[part[i]] += lw[i]
            if weight.max() <= most:
                break
        leader = np.full(n, -1, np.int64)
        for i in range(n):
            if leader[part[i]] < 0:
                leader[part[i]] = own[i]
            label[own[i]] = leader[part[i]]


@compiled
def tied(indptr: Array, indices: Array, u: int, v: int) -> tuple[Array, Array]:
    """Add an edge to a graph; neighbours stay sorted."""
    n = len(indptr) - 1
    ends, others = np.empty(n + 1, np.int64), np.empty(len(indices) + 2, np.int32)
    p = 0
    for i in range(n):
        ends[i] = p
        new = v if i == u else u if i == v else -1
        for e in range(indptr[i], indptr[i + 1]):
            if 0 <= new < indices[e]:
                others[p] = new
                new = -1
                p += 1
            others[p] = indices[e]
            p += 1
        if new >= 0:
            others[p] = new
            p += 1
    ends[n] = p
    return ends, others

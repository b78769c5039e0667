"""Connected sets of a small ground, listed by compiled code: atoms are bits of machine words."""

import numpy as np

from .compiled import compiled
from .values import Array

BITS = np.int64(64)
ONE = np.uint64(1)
NONE = np.uint64(0)


@compiled
def longer(stack: Array) -> Array:
    """Give a stack with twice the room."""
    more = np.empty((2 * stack.shape[0], *stack.shape[1:]), stack.dtype)
    more[: len(stack)] = stack
    return more


@compiled
def connected(near: Array, w: Array, lo: int, hi: int, most: int, only: int) -> tuple[Array, int]:
    """Give the connected sets with lo ≤ Σw ≤ hi in the order of a search in depth, and how many sets were looked at:
    above `most` it was broken off. `near` (n, words): neighbours of each atom as bits; `only` ≥ 0: the sets with this
    atom."""
    n, words = near.shape
    found, kept = np.empty((256, words), np.uint64), 0
    sets, rings = np.empty((256, words), np.uint64), np.empty((256, words), np.uint64)
    closed, weights = np.empty((256, words), np.uint64), np.empty(256, np.int64)
    mask, ring, banned = np.empty(words, np.uint64), np.empty(words, np.uint64), np.empty(words, np.uint64)
    roots, looked = np.zeros(words, np.uint64), 0
    for root in range(n):
        if 0 <= only != root:
            continue
        home, bit = root // BITS, ONE << np.uint64(root % BITS)
        for k in range(words):
            sets[0, k] = NONE
            rings[0, k] = near[root, k] & ~roots[k]
            closed[0, k] = roots[k]
        sets[0, home] = bit
        closed[0, home] |= bit
        roots[home] |= bit
        weights[0] = w[root]
        top = 1
        while top:
            top -= 1
            weight = weights[top]
            looked += 1
            if looked > most:
                return found[:kept], looked
            if weight > hi:
                continue
            for k in range(words):
                mask[k], banned[k] = sets[top, k], closed[top, k]
                ring[k] = rings[top, k] & ~banned[k]
            if weight >= lo:
                if kept == len(found):
                    found = longer(found)
                found[kept] = mask
                kept += 1
            while top + n >= len(sets):
                sets, rings, closed, weights = longer(sets), longer(rings), longer(closed), longer(weights)
            for j in range(words):
                left, one = ring[j], j * BITS
                while left:
                    while not left & ONE:
                        left >>= ONE
                        one += 1
                    bit = ONE << np.uint64(one % BITS)
                    left &= ~ONE
                    ring[j] &= ~bit
                    banned[j] |= bit
                    if weight + w[one] <= hi:
                        for k in range(words):
                            sets[top, k], closed[top, k] = mask[k], banned[k]
                            rings[top, k] = ring[k] | (near[one, k] & ~banned[k])
                        sets[top, j] |= bit
                        weights[top] = weight + w[one]
                        top += 1
    return found[:kept], looked

"""Small grounds, exactly: every connected set inside the band, and the best exact cover by them (spec 21 §5, §6).

Sets are bits of a whole number. What is said to be complete was enumerated to the end; a limit that was reached gives
None, never a proof.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from .values import Array, Doubles

MOST_COLUMNS = 1_500  # more than these the solver is not asked
MOST_STEPS = 200_000
MOST_NEAR = 20_000  # steps around the fractional optimum before the solver is asked
BY_CHECKER = 22  # atoms up to which a stranger replays the search


@dataclass(frozen=True)
class Covered:
    """The best division and its cost; `sets` None: there is none. `by_solver`: proved by HiGHS, not by own search."""

    sets: tuple[int, ...] | None
    cost: float
    is_optimal: bool
    by_solver: bool = False


def fitting(
    near: Sequence[int] | Array, w: Sequence[int], lo: int, hi: int, *, most: int, only: int = -1
) -> list[int] | None:
    """This will give every connected set with lo ≤ Σw ≤ hi; `only`: those with this atom. None: too many.

    `near`: neighbours of each atom as bits, or `packed`.
    """
    from . import enumerating

    words = near if isinstance(near, np.ndarray) else packed(near)
    told, looked = enumerating.connected(words, np.array(w, np.int64), lo, hi, most, only)
    return None if looked > most else _numbers(told)


def has_home(near: Sequence[int], w: Sequence[int], lo: int, hi: int, one: int, *, most: int) -> bool | None:
    """This will tell whether a connected set with lo ≤ Σw ≤ hi holds this atom; None: looked at too many."""
    stack, looked = [(w[one], near[one], 1 << one)], 0
    while stack:
        weight, ring, banned = stack.pop()
        looked += 1
        if looked > most:
            return None
        if lo <= weight <= hi:
            return True
        ring &= ~banned
        while ring:
            bit = ring & -ring
            ring ^= bit
            banned |= bit
            further = bit.bit_length() - 1
            if weight + w[further] <= hi:
                stack.append((weight + w[further], ring | (near[further] & ~banned), banned))
    return False


def clash(choices: Mapping[int, Sequence[int]], *, most: int = 20_000) -> tuple[int, ...] | None:
    """This will give a few of these atoms that no disjoint choice of their sets covers, none of them needless; None
    if all can be covered at once, or that was not found out. `choices`: every set that may hold an atom."""
    core = sorted(choices, key=lambda one: (len(choices[one]), one))
    if _disjoint(choices, core, most) is not False:
        return None
    for one in core[::-1]:
        fewer = [c for c in core if c != one]
        if _disjoint(choices, fewer, most) is False:
            core = fewer
    return tuple(core)


def _disjoint(choices: Mapping[int, Sequence[int]], atoms: Sequence[int], most: int) -> bool | None:
    """Tell whether each of the atoms can be in one of its sets, no two sets sharing anything; None: too long."""
    steps = 0

    def follow(place: int, covered: int) -> bool | None:
        nonlocal steps
        while place < len(atoms) and covered >> atoms[place] & 1:
            place += 1
        if place == len(atoms):
            return True
        steps += 1
        if steps > most:
            return None
        for s in choices[atoms[place]]:
            if not s & covered:
                further = follow(place + 1, covered | s)
                if further is not False:
                    return further
        return False

    return follow(0, 0)


def any_cover(n: int, sets: Sequence[int], *, most: int = MOST_STEPS) -> tuple[int, ...] | None | bool:
    """This will give some exact cover, False if there is none, None if the search was too long."""
    by_atom: list[list[int]] = [[s for s in sets if s >> i & 1] for i in range(n)]
    order = sorted(range(n), key=lambda i: len(by_atom[i]))
    whole = (1 << n) - 1
    dead: set[int] = set()
    steps = 0

    def follow(covered: int, used: tuple[int, ...]) -> tuple[int, ...] | None | bool:
        nonlocal steps
        if covered == whole:
            return used
        if covered in dead:
            return False
        steps += 1
        if steps > most:
            return None
        first = next(i for i in order if not covered >> i & 1)
        for s in by_atom[first]:
            if not s & covered:
                further = follow(covered | s, (*used, s))
                if further is not False:
                    return further
        dead.add(covered)
        return False

    return follow(0, ())


def best_cover(
    n: int, sets: Sequence[int], costs: Doubles, *, count: int | None = None, nodes: int = 2_000,
    most: int = MOST_COLUMNS,
) -> Covered | None:  # fmt: skip
    """This will give the cheapest exact cover; None if the solver was not asked or did not finish."""
    if not sets or len(sets) > most:
        return None
    if n == 1:
        return Covered((sets[0],), float(costs[0]), is_optimal=True) if count in (None, 1) else Covered(None, 0.0, True)
    from scipy.optimize import linprog
    from scipy.sparse import csc_array

    rows: list[Array] = [matrix(n, sets).T]
    right = np.ones(n + (count is not None))
    if count is not None:
        rows.append(np.ones((1, len(sets))))
        right[n] = count
    members = csc_array(np.vstack(rows))
    eased = linprog(costs, A_eq=members, b_eq=right, bounds=(0, None), method="highs")
    if eased.status == 2:
        return Covered(None, float("inf"), is_optimal=True, by_solver=True)
    if eased.status != 0:
        return None
    dearer = np.maximum(costs - members.T @ eased.eqlin.marginals, 0.0)  # beyond the fractional optimum
    return _near(n, sets, dearer, float(eased.fun), count) or _solved(sets, costs, (members, right), nodes)


def _near(n: int, sets: Sequence[int], dearer: Doubles, least: float, count: int | None) -> Covered | None:
    """Look for covers of small excess. A cover costs the fractional optimum and what its sets are dearer than that,
    so among those within what was looked at the cheapest of all is found. None: it took too long."""
    order = np.argsort(dearer, kind="stable")
    excess = [float(dearer[i]) for i in order]
    within = max(abs(least), 1e-6) / 256
    for _ in range(6):
        some = [(excess[i], sets[j]) for i, j in enumerate(order.tolist()) if excess[i] <= within]
        found = _within(n, some, within, count)
        if found is None:
            return None
        if found[1]:
            return Covered(found[1], least + found[0], is_optimal=True, by_solver=True)
        within *= 2
    return None


def _within(
    n: int, some: Sequence[tuple[float, int]], within: float, count: int | None
) -> tuple[float, tuple[int, ...]] | None:
    """Give the cover of least excess by these sets (dearer ones last), empty if none is within; None: too long."""
    by_atom = [[one for one in some if one[1] >> i & 1] for i in range(n)]
    ranks = sorted(range(n), key=lambda i: len(by_atom[i]))
    whole, steps, best = (1 << n) - 1, 0, (within, tuple[int, ...]())
    seen: dict[tuple[int, int], float] = {}
    stack: list[tuple[float, int, tuple[int, ...]]] = [(0.0, 0, ())]
    while stack:
        spent, covered, used = stack.pop()
        key = (covered, len(used) if count is not None else 0)
        if spent > best[0] or seen.get(key, np.inf) <= spent:
            continue
        seen[key] = spent
        steps += 1
        if steps > MOST_NEAR:
            return None
        if covered == whole:
            if count in (None, len(used)):
                best = (spent, used)
            continue
        first = next(i for i in ranks if not covered >> i & 1)
        further = [(spent + more, covered | s, (*used, s)) for more, s in by_atom[first]
                   if not s & covered and spent + more <= best[0]]  # fmt: skip
        stack += further[::-1]
    return best


def _solved(sets: Sequence[int], costs: Doubles, equal: tuple[Any, Doubles], nodes: int) -> Covered | None:
    from scipy.optimize import Bounds, LinearConstraint, milp

    members, right = equal
    told = milp(costs, constraints=LinearConstraint(members, right, right), integrality=np.ones(len(sets)),
                bounds=Bounds(0, 1), options={"node_limit": nodes, "mip_rel_gap": 0.0})  # fmt: skip
    if told.status == 2:
        return Covered(None, float("inf"), is_optimal=True, by_solver=True)
    if told.x is None:
        return None
    chosen = tuple(sets[i] for i in np.flatnonzero(told.x > 0.5).tolist())
    return Covered(chosen, float(told.fun), told.status == 0, by_solver=True)


def matrix(n: int, sets: Sequence[int]) -> Doubles:
    """Give one row per set, one column per atom."""
    if n < 64:
        bits_of = np.array(sets, dtype=np.uint64).reshape(-1, 1) >> np.arange(n, dtype=np.uint64)
        return np.asarray(bits_of & np.uint64(1), dtype=np.float64)
    return np.array([[s >> i & 1 for i in range(n)] for s in sets], dtype=np.float64).reshape(-1, n)


def bits(indptr: Array, indices: Array, rows: Array) -> list[int]:
    """Give the neighbours of each of these atoms among them, as bits in their order."""
    order = np.argsort(rows, kind="stable")
    own = np.concatenate([np.zeros(0, np.int64), *(indices[indptr[r] : indptr[r + 1]] for r in rows.tolist())])
    of = np.repeat(np.arange(len(rows)), indptr[rows + 1] - indptr[rows])
    place = np.minimum(np.searchsorted(rows[order], own), len(rows) - 1)
    inside = rows[order][place] == own
    table = np.zeros((len(rows), 64 * _words(len(rows))), np.uint8)
    table[of[inside], order[place[inside]]] = 1
    return _numbers(np.packbits(table, axis=1, bitorder="little"))


def packed(near: Sequence[int]) -> Array:
    """Give sets of atoms as rows of machine words."""
    size = 8 * _words(len(near))
    return np.frombuffer(b"".join(one.to_bytes(size, "little") for one in near), np.uint64).reshape(len(near), -1)


def _words(n: int) -> int:
    return -(-max(n, 1) // 64)


def _numbers(rows: Array) -> list[int]:
    """Give each row of words or bytes as one whole number."""
    size, whole = rows.shape[1] * rows.itemsize, np.ascontiguousarray(rows).tobytes()
    return [int.from_bytes(whole[i : i + size], "little") for i in range(0, len(whole), size)]

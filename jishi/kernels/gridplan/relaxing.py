"""Which rule would have to give way, and for how much: each relaxation offered was tried and audited (spec 21 §5)."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, Literal

import numpy as np

from . import contract, covering, shortening, solving, walking
from .auditing import audit
from .certifying import at_once, units_of
from .contract import Ground
from .problem import restricted
from .searching import Search
from .solving import Piece
from .values import CLOSED, Array, Doubles, Fault, Problem, Relaxation

CROSSING, SPLIT, PER_HUNDRED, COMMUNITY, ISLAND = 3.0, 5.0, 1.0, 8.0, 10.0  # prices, a town's setting
FARTHER = (1.1, 1.25, 1.5, 2.0)  # how much longer a walk is tried where the shortest is not found exactly
TRIES = 24  # plans tried in one call
LOOKS = 120  # changes looked at in one call: whether what was proved still holds
MENDING = 24  # rounds of patches in a plan that is tried
FEW_PIECES = 12  # without a legal plan, up to which the least price of each is found exactly and each rule is tried
WIDER = 0.5  # how far out of the band a grid may be to be offered
WIDEST = 300.0  # percents out of the band looked at where band and longest walk give way together
TRIED_ATOMS = 400
BOTH_SETS = 6_000  # sets looked at where band and longest walk give way together
Kind = Literal["split", "crossing", "community", "walk"]
ORDER: Mapping[Kind, int] = {"crossing": 0, "split": 1, "community": 2, "walk": 3}
Change = tuple[Kind, float, str, Problem, Sequence[int]]


def cheapest(
    ground: Ground, faulty: list[Piece], assignment: Array, faults: tuple[Fault, ...], search: Search
) -> tuple[Relaxation, ...]:
    """This will give the relaxations that make a checked plan, the cheapest of each piece first. Where many pieces
    have no legal plan, what a piece with a way out could do instead is told when it is planned by itself."""
    found, trials = [], _Trials(ground, search)
    grids = np.asarray(assignment, dtype=np.int64)
    for piece in faulty:
        units = np.array(units_of(ground, piece.rows))
        is_small = len(faulty) <= FEW_PIECES
        exact = _exact_band(ground, piece, grids) if is_small else None
        offers = [exact or _band_as_found(ground.problem, grids, units, faults)]
        farther = _exact_walk(ground, piece, grids) if is_small else None
        offers.append(farther or _walk_as_found(ground.problem, grids, units, faults))
        below = min((o.price for o in offers if o is not None), default=float("inf"))
        both = _exact_both(ground, piece, grids, below) if is_small else None
        offers.append(both or _both_as_found(ground.problem, grids, units, faults))
        if 0 < piece.homes < ground.problem.band.lo and _is_near(ground.problem, units):
            told = f"Accept {piece.homes} households as an island."
            offers.append(Relaxation("island", ISLAND, told, _named(units), (_named(units),)))
        if (is_small or not any(offers)) and len(piece.rows) <= TRIED_ATOMS:  # of a whole city one way out is enough
            offers += trials.singly(units, walks=not any(o is not None and o.kind == "walk" for o in offers))
            offers += trials.in_pairs(units, min((o.price for o in offers if o is not None), default=float("inf")))
        found.append(sorted((o for o in offers if o is not None), key=lambda o: (o.price, o.kind, o.sentence)))
    return tuple({(o.kind, o.sentence): o for offers in found for o in offers}.values())


class _Trials:
    """Changes tried, cheapest first, until so many were looked at or planned in one call."""

    def __init__(self, ground: Ground, search: Search) -> None:
        self.ground, self.search, self.tries, self.looks = ground, search, TRIES, LOOKS

    def singly(self, units: Array, *, walks: bool) -> list[Relaxation]:
        """Give each single change that makes a checked plan; of longer walks the first."""
        found: list[Relaxation] = []
        for change in _changes(self.ground.problem, units):
            if change[0] == "walk" and (not walks or any(o.kind == "walk" for o in found)):
                break
            if self._helps(change[3], units, change[4]):
                found.append(self._offer(change, units))
        return found

    def in_pairs(self, units: Array, below: float) -> list[Relaxation]:
        """Give the cheapest two changes that make a checked plan together, if they cost less than any rule alone."""
        pairs = [(one, other) for one in _changes(self.ground.problem, units) for other in _changes(one[3], units)
                 if ORDER[one[0]] <= ORDER[other[0]] and one[2] != other[2] and one[1] + other[1] < below]  # fmt: skip
        for one, other in sorted(pairs, key=lambda p: (p[0][1] + p[1][1], p[0][2], p[1][2])):
            if one[0] == other[0] == "walk" or one[0] == other[0] and one[2] > other[2]:
                continue
            if self._helps(other[3], units, [*one[4], *other[4]]):
                parts = self._offer(one, units), self._offer(other, units)
                told = " ".join(p.sentence for p in parts)
                price = float(one[1] + other[1])
                return [Relaxation("pair", price, told, _named(units), walk_m=parts[1].walk_m, parts=parts)]
        return []

    def _helps(self, changed: Problem, units: Array, others: Sequence[int]) -> bool:
        if self.tries <= 0 or self.looks <= 0:
            return False
        self.looks -= 1
        concerned = np.union1d(units, _hanging(self.ground, others)) if others else units
        part = restricted(changed, concerned)
        if _is_hopeless(part):
            return False
        self.tries -= 1
        return _makes_legal(part, self.search)

    def _offer(self, change: Change, units: Array) -> Relaxation:
        kind, price, told, changed, _ = change
        upto = None if kind != "walk" else int(np.ceil(float(changed.max_walk_m or 0)))
        return Relaxation(kind, price, told, _named(units), walk_m=upto)


def _is_near(problem: Problem, units: Array) -> bool:
    """Tell whether one grid of all these units keeps the longest walk."""
    return problem.max_walk_m is None or _longest(problem, [units.tolist()]) <= problem.max_walk_m


def _named(units: Array) -> tuple[int, ...]:
    return tuple(int(u) for u in units)


def price_of(homes: int, lo: int, hi: int) -> float:
    """This will give 1 for each percent that a grid lies out of its band."""
    over = max(homes - hi, 0) * 100 / hi if hi else 0.0
    return float(np.ceil(max(over, max(lo - homes, 0) * 100 / lo if lo else 0.0) - 1e-9))


def _exact_band(ground: Ground, piece: Piece, assignment: Array) -> Relaxation | None:
    """The division of a small piece that misses the band by the least percents in all and breaks no other rule."""
    if len(piece.rows) > covering.BY_CHECKER * 2:
        return None
    lo, hi = ground.problem.band.lo, ground.problem.band.hi
    near, w = covering.bits(ground.indptr, ground.indices, piece.rows), ground.w[piece.rows].tolist()
    sets = covering.fitting(near, w, int(lo * (1 - WIDER)), max(int(hi * (1 + WIDER)), max(w)), most=20_000)
    sets = solving.allowed(ground, piece.rows, near, sets or [])
    if ground.problem.max_walk_m is not None and sets:
        sets = walking.reach(ground, piece.rows).within(sets, ground.problem.max_walk_m)
    homes = [sum(w[i] for i in range(len(w)) if s >> i & 1) for s in sets]
    prices = np.array([price_of(h, lo, hi) for h in homes])
    count = piece.wanted if ground.problem.count is not None else None
    cover = covering.best_cover(len(w), sets, prices + 1e-6, count=count)
    if cover is None or cover.sets is None:
        return None
    out = [(h, p, s) for s, h, p in zip(sets, homes, prices.tolist(), strict=True) if s in cover.sets and p]
    told = "Accept " + ", ".join(f"{h} in one grid ({p:.0f})" for h, p, _ in out) + "."
    grids = tuple(units_of(ground, piece.rows[[i for i in range(len(w)) if s >> i & 1]]) for s in cover.sets)
    if not out or not _keeps_the_rest(ground.problem, assignment, grids, "H4"):
        return None
    return Relaxation("band", float(sum(p for _, p, _ in out)), told, units_of(ground, piece.rows), grids)


def _exact_walk(ground: Ground, piece: Piece, assignment: Array) -> Relaxation | None:
    """The division of a small piece inside the band in which the longest walk is shortest, and no other rule broken."""
    limit, rows = ground.problem.max_walk_m, piece.rows
    if limit is None or len(rows) > covering.BY_CHECKER * 2:
        return None
    band, near, w = ground.problem.band, covering.bits(ground.indptr, ground.indices, rows), ground.w[rows].tolist()
    sets = solving.allowed(
        ground, rows, near, covering.fitting(near, w, band.lo, band.hi, most=covering.MOST_COLUMNS) or []
    )
    if not sets:
        return None
    reach = walking.reach(ground, rows)
    longest = np.maximum(reach.longest_of(sets), limit)
    count = piece.wanted if ground.problem.count is not None else None
    cover, upto = _bottleneck(len(rows), sets, longest, reach.costs(sets), count)
    if cover is None or upto <= limit:
        return None
    grids = tuple(units_of(ground, rows[[i for i in range(len(rows)) if s >> i & 1]]) for s in cover)
    if not _keeps_the_rest(ground.problem, assignment, grids, "H7"):
        return None
    return _farther(upto, limit, units_of(ground, rows), grids)


def _exact_both(ground: Ground, piece: Piece, assignment: Array, below: float) -> Relaxation | None:
    """The division of a small piece that misses band and longest walk by the least percents together, if that is
    less than `below`, and no other rule. Grids more than half out of the band are looked at where others would cost
    as much; what was left out is dearer than `wide` says."""
    limit, rows, band = ground.problem.max_walk_m, piece.rows, ground.problem.band
    if limit is None or len(rows) > covering.BY_CHECKER * 2:
        return None
    wide, found = WIDER, _together(ground, piece, WIDER, below)
    if found is not None and found[0] > WIDER * 100:
        farther = _together(ground, piece, min(found[0], WIDEST) / 100, found[0] + 0.5)
        wide, found = (min(found[0], WIDEST) / 100, farther) if farther is not None else (wide, found)
    if found is None:
        return None
    _, cover, upto, least = found
    w = ground.w[rows]
    held = [[i for i in range(len(rows)) if s >> i & 1] for s in cover]
    grids = tuple(units_of(ground, rows[some]) for some in held)
    homes = [int(w[some].sum()) for some in held]
    out = [(h, p) for h in homes if (p := price_of(h, band.lo, band.hi))]
    if not _keeps_the_rest(ground.problem, assignment, grids, "H4", "H7"):
        return None
    return _both(out, upto, limit, (units_of(ground, rows), grids), min(least, wide * 100 + 1))


def _together(
    ground: Ground, piece: Piece, wide: float, below: float
) -> tuple[float, Sequence[int], float, float] | None:
    """Give price, sets, longest walk and what no price can be under, of grids at most so far out of the band."""
    limit, rows, band = float(ground.problem.max_walk_m or 0), piece.rows, ground.problem.band
    near, w = covering.bits(ground.indptr, ground.indices, rows), ground.w[rows].tolist()
    top = max(int(band.hi * (1 + wide)), max(w))
    sets = covering.fitting(near, w, max(int(np.ceil(band.lo * (1 - wide))), 0), top, most=BOTH_SETS * 4)
    sets = solving.allowed(ground, rows, near, sets or [])
    if not sets or len(sets) > BOTH_SETS:
        return None
    prices = np.array([price_of(sum(w[i] for i in range(len(w)) if s >> i & 1), band.lo, band.hi) for s in sets])
    longest = np.maximum(walking.reach(ground, rows).longest_of(sets), limit)
    count = piece.wanted if ground.problem.count is not None else None
    cover, price, least = _least_together(len(rows), sets, prices, _steps(longest, limit), below=below, count=count)
    if cover is None:
        return None
    upto = max(float(far) for s, far in zip(sets, longest, strict=True) if s in cover)
    return price, cover, upto, least


def _steps(longest: Doubles, limit: float) -> Doubles:
    return np.maximum(np.ceil((np.ceil(longest) - limit) * 100 / limit - 1e-9), 0.0)


def _least_together(
    n: int, sets: list[int], prices: Doubles, steps: Doubles, *, below: float, count: int | None
) -> tuple[Sequence[int] | None, float, float]:
    """Give the exact cover of which the dearest walk and the prices of all sets are least together, that price, and
    what no cover can be under. Between two walks nothing is cheaper than the next walk and the longer one's band."""
    walks, best, under = np.unique(steps), (below, tuple[int, ...]()), float("inf")

    def at(place: int) -> float:
        nonlocal best, under
        some = np.flatnonzero(steps <= walks[place])
        told = covering.best_cover(
            n, [sets[i] for i in some.tolist()], prices[some] + 1e-6, count=count, most=BOTH_SETS
        )
        if told is None or (told.sets is not None and not told.is_optimal):
            under = min(under, float(walks[place]))
        if told is None or told.sets is None:
            return 0.0 if told is None else float("inf")
        chosen = set(told.sets)
        rows = [i for i in some.tolist() if sets[i] in chosen]
        band = float(prices[rows].sum())
        best = min(best, (band + float(steps[rows].max()), told.sets))
        return band if told.is_optimal else 0.0

    waiting = [(-1, len(walks) - 1, at(len(walks) - 1))]
    while waiting:
        low, high, band = waiting.pop()
        if high - low < 2 or walks[low + 1] + band >= best[0]:
            continue
        middle = (low + high) // 2
        waiting += [(middle, high, band), (low, middle, at(middle))]
    return best[1] or None, best[0], min(under, best[0])


def _both(
    out: Sequence[tuple[int, float]], upto: float, limit: float, where: tuple[tuple[int, ...], Any], least: float | None
) -> Relaxation:
    """Two limits that bind together give way together; how far this is from the least that could do is said."""
    if not out:
        return _farther(upto, limit, *where)
    metres = int(np.ceil(upto))
    price = (walk_price(metres, limit) if upto > limit else 0.0) + float(sum(p for _, p in out))
    told = ", ".join(f"{h} in one grid ({p:.0f})" for h, p in out)
    if upto <= limit:
        return Relaxation("band", price, f"Accept {told}.", *where)
    sure = "how much less would do is not known"
    if least is not None:
        sure = "nothing less would do" if least >= price else f"less than {least:.0f} would not do"
    sentence = f"Let the longest walk be {metres} m, not {limit:g} m, and accept {told}; {sure}."
    return Relaxation("both", price, sentence, where[0], where[1], metres, None if least is None else min(least, price))


def _bottleneck(
    n: int, sets: list[int], longest: Doubles, costs: Doubles, count: int | None
) -> tuple[Sequence[int] | None, float]:
    """Give an exact cover of which the longest is as short as can be, of those the least costly; None: not found."""
    steps = np.unique(longest)
    low, high, best = 0, len(steps) - 1, None
    while low <= high:
        at = (low + high) // 2
        some = np.flatnonzero(longest <= steps[at])
        cover = covering.best_cover(n, [sets[i] for i in some.tolist()], costs[some], count=count)
        if cover is not None and cover.sets is not None:
            best, high = (cover.sets, float(steps[at])), at - 1
        else:
            low = at + 1
    return best or (None, 0.0)


def _farther(upto: float, limit: float, units: tuple[int, ...], grids: tuple[tuple[int, ...], ...]) -> Relaxation:
    metres = int(np.ceil(upto))
    told = f"Let the longest walk be {metres} m, not {limit:g} m."
    return Relaxation("walk", walk_price(metres, limit), told, units, grids, metres)


def walk_price(metres: float, limit: float) -> float:
    """This will give 1 for each percent that the longest walk lies above the limit."""
    return float(np.ceil((metres - limit) * 100 / limit - 1e-9))


def _walk_as_found(problem: Problem, grids: Array, units: Array, faults: tuple[Fault, ...]) -> Relaxation | None:
    """The best attempt, with the longest walk it has; None if it breaks another rule."""
    inside = set(grids[units].tolist())
    here = [f for f in faults if f.grid in inside]
    if problem.max_walk_m is None or not here or any(f.rule != "H7" for f in here):
        return None
    rows = tuple(_named(np.flatnonzero(grids == f.grid)) for f in here)
    return _farther(_longest(problem, rows), problem.max_walk_m, _named(units), rows)


def _longest(problem: Problem, rows: Sequence[Sequence[int]]) -> float:
    walked = [walking.middle(problem, np.array(some))[1] for some in rows]
    homes = [np.asarray(problem.units.households)[list(some)] > 0 for some in rows]
    return max(float(far[peopled].max(initial=0.0)) for far, peopled in zip(walked, homes, strict=True))


def _both_as_found(problem: Problem, grids: Array, units: Array, faults: tuple[Fault, ...]) -> Relaxation | None:
    """The best attempt, with the grids that miss the band and the longest walk it has; None if it breaks more."""
    inside = set(grids[units].tolist())
    here = [f for f in faults if f.grid in inside]
    if problem.max_walk_m is None or {f.rule for f in here} != {"H4", "H7"}:
        return None
    homes = [f.number for f in here if f.rule == "H4"]
    out = [(h, price_of(h, problem.band.lo, problem.band.hi)) for h in homes]
    rows = tuple(_named(np.flatnonzero(grids == g)) for g in dict.fromkeys(f.grid for f in here))
    return _both(out, _longest(problem, rows), problem.max_walk_m, (_named(units), rows), None)


def _keeps_the_rest(problem: Problem, assignment: Array, grids: Sequence[Sequence[int]], *but: str) -> bool:
    """Tell whether the plan with these grids breaks no rule but these, as far as they are concerned."""
    divided, stay = np.array(assignment, dtype=np.int64), set(problem.pins.stay)
    others = np.setdiff1d(np.arange(len(divided)), np.concatenate([np.array(g, np.int64) for g in grids]))
    free, named = int(divided.max()) + 1, set[int]()
    if problem.previous is not None:
        free = max(free, int(np.max(problem.previous)) + 1)
    for i, rows in enumerate(grids):
        held = {int(np.asarray(problem.previous)[r]) for r in rows if r in stay}
        divided[list(rows)] = held.pop() if len(held) == 1 else free + i
        named.add(int(divided[rows[0]]))
    if len(named) < len(grids) or np.isin(divided[others], list(named)).any():
        return False
    inside = {r for rows in grids for r in rows}
    return not any(
        f.rule not in (*but, "exemption") and (f.grid in named or f.grid < 0 and (not f.units or inside & set(f.units)))
        for f in audit(divided, problem)
    )


def _band_as_found(problem: Problem, grids: Array, units: Array, faults: tuple[Fault, ...]) -> Relaxation | None:
    """The best attempt, with the grids that miss the band named; None if it breaks another rule."""
    inside = set(grids[units].tolist())
    here = [f for f in faults if f.grid in inside]
    if not here or any(f.rule != "H4" for f in here):
        return None
    prices = [price_of(f.number, problem.band.lo, problem.band.hi) for f in here]
    told = "Accept " + ", ".join(f"{f.number} in one grid ({p:.0f})" for f, p in zip(here, prices, strict=True)) + "."
    rows = tuple(_named(np.flatnonzero(grids == f.grid)) for f in here)
    return Relaxation("band", float(sum(prices)), told, _named(units), rows)


def _changes(problem: Problem, units: Array) -> Iterator[Change]:
    """Give (kind, price, sentence, problem with one rule given way) in order of price."""
    inside = np.zeros(len(problem.units.id), bool)
    inside[units] = True
    yield from _crossings(problem, inside)
    yield from _splits(problem, units)
    yield from _communities(problem, inside)
    for more in FARTHER if problem.max_walk_m is not None else ():
        metres = int(np.ceil(float(problem.max_walk_m or 0) * more))
        told = f"Let the longest walk be {metres} m, not {problem.max_walk_m:g} m."
        price = walk_price(metres, float(problem.max_walk_m or 1))
        yield "walk", price, told, replace(problem, max_walk_m=float(metres)), []


def _crossings(problem: Problem, inside: Array) -> Iterator[Change]:
    edges, barrier = problem.edges, np.asarray(problem.edges.barrier)
    closed = np.flatnonzero(barrier == CLOSED)
    for e in closed[inside[edges.u[closed]] != inside[edges.v[closed]]][:4].tolist():
        listed = barrier.copy()
        listed[e] = 0
        told = f"List the crossing between {problem.units.id[edges.u[e]]} and {problem.units.id[edges.v[e]]}."
        yield "crossing", CROSSING, told, replace(problem, edges=replace(edges, barrier=listed)), [
            int(edges.v[e] if inside[edges.u[e]] else edges.u[e])
        ]


def _splits(problem: Problem, units: Array) -> Iterator[Change]:
    if problem.atoms is None or problem.compounds == "free":
        return
    atoms, w = np.asarray(problem.atoms), np.asarray(problem.units.households)
    concerned = np.flatnonzero(np.isin(atoms, atoms[units]) & (atoms >= 0))
    codes, which, times = np.unique(atoms[concerned], return_inverse=True, return_counts=True)
    total = np.bincount(which, w[concerned], len(codes)).astype(np.int64)
    whole = np.flatnonzero((times > 1) & (total <= problem.whole_up_to))
    for i in whole[np.lexsort((codes[whole], -total[whole]))][:3].tolist():
        code, homes = int(codes[i]), int(total[i])
        told = f"Split compound {code} ({homes} households) along its buildings."
        freed = np.where(atoms == code, -1, atoms)
        yield "split", SPLIT + PER_HUNDRED * -(-homes // 100), told, replace(problem, atoms=freed), []


def _communities(problem: Problem, inside: Array) -> Iterator[Change]:
    if problem.community is None or problem.communities != "hard":
        return
    edges, community = problem.edges, np.asarray(problem.community)
    leaving = np.flatnonzero(inside[edges.u] != inside[edges.v])
    apart = leaving[community[edges.u[leaving]] != community[edges.v[leaving]]]
    pairs = np.unique(np.sort(np.stack([community[edges.u[apart]], community[edges.v[apart]]]), axis=0), axis=1)
    for a, b in pairs.T[:2].tolist():
        joined = np.where(community == b, a, community)
        told = f"Let one grid cross the border of {a} and {b}."
        yield "community", COMMUNITY, told, replace(problem, community=joined), _named(
            np.flatnonzero(np.isin(community, (a, b)) & ~inside)
        )


def _hanging(ground: Ground, units: Sequence[int]) -> Array:
    """Give the units of all pieces that these units are of."""
    touched = np.zeros(ground.size, bool)
    touched[ground.atom_of[list(units)]] = True
    rows = [r for p in solving.divide(ground) if touched[p.rows].any() for r in p.rows.tolist()]
    return np.array(units_of(ground, np.array([*rows, *np.flatnonzero(touched)], np.int64)), np.int64)


def _is_hopeless(problem: Problem) -> bool:
    """Tell whether it is plain that these units alone have no legal plan under the changed rule."""
    if not np.asarray(problem.units.households).any() or len(problem.units.id) > TRIED_ATOMS * 10:
        return True
    ground = contract.build(problem)
    pieces = solving.divide(ground)
    return any(p.homes and not p.fits for p in pieces) or bool(at_once(ground, pieces))


def _makes_legal(problem: Problem, search: Search) -> bool:
    """Tell whether these units alone have a legal plan under the changed rule."""
    ground = contract.build(problem)
    shorter = replace(search, mending=MENDING, starts=1, polishes=False)
    found, _ = solving.solve(ground, solving.divide(ground), shorter)
    if problem.max_walk_m is not None:
        found = shortening.shortened(ground, found, shorter)
    return not audit(found[ground.atom_of], problem)

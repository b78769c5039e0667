"""Which rule would have to give way, and for how much: each relaxation offered was tried and audited (spec 21 §5)."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Literal

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
TRIED_ATOMS = 400
Kind = Literal["band", "split", "crossing", "community", "island", "walk"]
Change = tuple[Kind, float, str, Problem, Sequence[int]]


def cheapest(
    ground: Ground, faulty: list[Piece], assignment: Array, faults: tuple[Fault, ...], search: Search
) -> tuple[Relaxation, ...]:
    """This will give the relaxations that make a checked plan, the cheapest of each piece first. Where many pieces
    have no legal plan, what a piece with a way out could do instead is told when it is planned by itself."""
    found, tries, looks = [], TRIES, LOOKS
    grids = np.asarray(assignment, dtype=np.int64)
    for piece in faulty:
        units = np.array(units_of(ground, piece.rows))
        is_small = len(faulty) <= FEW_PIECES
        exact = _exact_band(ground, piece, grids) if is_small else None
        offers = [exact or _band_as_found(ground.problem, grids, units, faults)]
        farther = _exact_walk(ground, piece, grids) if is_small else None
        offers.append(farther or _walk_as_found(ground.problem, grids, units, faults))
        if 0 < piece.homes < ground.problem.band.lo:
            told = f"Accept {piece.homes} households as an island."
            offers.append(Relaxation("island", ISLAND, told, _named(units), (_named(units),)))
        is_asked = len(faulty) <= FEW_PIECES or not any(offers)  # of a whole city one way out of each is enough
        is_tried = is_asked and tries > 0 and looks > 0 and len(piece.rows) <= TRIED_ATOMS
        for kind, price, told, changed, others in _changes(ground.problem, units) if is_tried else ():
            if tries <= 0 or looks <= 0 or kind == "walk" and any(o is not None and o.kind == kind for o in offers):
                break
            looks -= 1
            concerned = np.union1d(units, _hanging(ground, others)) if others else units
            part = restricted(changed, concerned)
            if _is_hopeless(part):
                continue
            tries -= 1
            if _makes_legal(part, search):
                offers.append(Relaxation(kind, price, told, _named(units), walk_m=_raised(ground.problem, part)))
                if kind == "walk":
                    break
        found.append(sorted((o for o in offers if o is not None), key=lambda o: (o.price, o.kind, o.sentence)))
    return tuple({(o.kind, o.sentence): o for offers in found for o in offers}.values())


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
    if not out or not _keeps_the_rest(ground.problem, assignment, grids):
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
    walked = [walking.middle(problem, np.array(some))[1] for some in rows]
    homes = [np.asarray(problem.units.households)[list(some)] > 0 for some in rows]
    upto = max(float(far[peopled].max(initial=0.0)) for far, peopled in zip(walked, homes, strict=True))
    return _farther(upto, problem.max_walk_m, _named(units), rows)


def _raised(before: Problem, after: Problem) -> int | None:
    return None if after.max_walk_m in (None, before.max_walk_m) else int(np.ceil(float(after.max_walk_m or 0)))


def _keeps_the_rest(problem: Problem, assignment: Array, grids: Sequence[Sequence[int]], but: str = "H4") -> bool:
    """Tell whether the plan with these grids breaks no rule but this one, as far as they are concerned."""
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
        f.rule not in (but, "exemption") and (f.grid in named or f.grid < 0 and (not f.units or inside & set(f.units)))
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

"""Why no legal plan exists, so that a stranger can check it (spec 21 §5); `proving.py` does, with its own code."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from . import contract, covering, hanging, walking
from .contract import OVERSIZE, Ground
from .solving import Piece, divide
from .values import Array, Certificate, Ints, model_hash

MOST_SETS = 200_000  # enumerated for one proof
MOST_SUSPECTS = 200  # of those in grids that miss their band
FEW_LOOKS = 300  # sets looked at for one atom before anybody searches
MOST_ATOMS = 20  # asked for their home in one piece


def by_count(ground: Ground, pieces: tuple[Piece, ...]) -> tuple[Certificate, ...]:
    """This will certify what a division or a sum shows."""
    band, found = ground.problem.band, []
    for row in np.flatnonzero(ground.sealed == OVERSIZE).tolist():
        homes = int(ground.w[row])
        found.append(Certificate("too_big", units_of(ground, np.array([row])), homes,
                                 f"{homes} households cannot be parted, a grid holds {band.hi} at most."))  # fmt: skip
    for piece in pieces:
        if piece.fits or not piece.homes:
            continue
        units, homes = units_of(ground, piece.rows), piece.homes
        if homes < band.lo:
            told = f"{homes} households lie alone, a grid needs {band.lo}."
            found.append(Certificate("too_small", units, homes, told))
        else:
            told = (f"{homes} households need {piece.least} grids or more to stay below {band.hi},"
                    f" {piece.most} or fewer to reach {band.lo}.")  # fmt: skip
            found.append(Certificate("no_count", units, homes, told, {"least": piece.least, "most": piece.most}))
    return (*found, *_other_count(ground, pieces))


def _other_count(ground: Ground, pieces: tuple[Piece, ...]) -> tuple[Certificate, ...]:
    count = ground.problem.count
    if count is None or not all(p.fits for p in pieces if p.homes):
        return ()
    sealed = int(((ground.sealed != contract.FREE) & (ground.w > 0)).sum())
    least = sealed + sum(p.least for p in pieces if p.homes)
    most = sealed + sum(min(p.most, len(p.rows)) for p in pieces if p.homes)
    if least <= count <= most:
        return ()
    told = f"{count} grids are asked for, between {least} and {most} fit."
    everything = tuple(range(len(ground.problem.units.id)))
    shown = {"least": least, "most": most, "count": count}
    return (Certificate("no_count", everything, int(ground.w.sum()), told, shown),)


def units_of(ground: Ground, rows: Array) -> tuple[int, ...]:
    """Give the rows of the units of some atoms."""
    ends, units = ground.members
    return tuple(sorted(u for row in rows.tolist() for u in units[ends[row] : ends[row + 1]].tolist()))


def _numbers(ground: Ground, pieces: Sequence[Piece]) -> Ints:
    """Give the number of the piece of each unit, −1 outside of them."""
    number = np.full(ground.size, -1, np.int64)
    for i, piece in enumerate(pieces):
        number[piece.rows] = i
    return number[ground.atom_of]


def at_once(ground: Ground, pieces: tuple[Piece, ...]) -> dict[int, Certificate]:
    """This will prove, before anybody searches, that small compounds of a piece (by its number) have no home, or not
    all of them at once. Compounds that may be split are looked at building by building."""
    if not len(ground.kin_rows) or ground.problem.previous is not None:
        return {}
    loose = ground.anew(contract.EVERY)
    parted = np.zeros(ground.size, bool)
    parted[ground.kin_rows] = True
    able = np.array([*(i if p.fits and p.homes and parted[p.rows].any() else -1 for i, p in enumerate(pieces)), -1])
    which = able[_numbers(ground, pieces)]
    finer = divide(loose)  # a piece of buildings may hold several: what is a grid by itself in one may be none here
    inside = np.full(len(finer) + 1, -1, np.int64)
    np.maximum.at(inside, _numbers(loose, finer), which)
    found = {}
    for piece, last in zip(finer, inside.tolist(), strict=False):
        certificate = _cramped(loose, piece.rows) if last >= 0 else None
        if certificate is not None:
            named = int(which[list(certificate.units)].max())
            found[named if named >= 0 else last] = certificate
    return found


def hung(ground: Ground, pieces: tuple[Piece, ...]) -> dict[int, Certificate]:
    """This will prove of pieces, by number, that what hangs on one place has no legal division, or that a few places
    cannot take in all that is too small without them. It is exact for trees."""
    loose = ground.anew(contract.EVERY) if len(ground.kin_rows) else ground
    finer = divide(loose) if len(ground.kin_rows) else pieces
    which = _numbers(ground, pieces)
    found = {}
    for dead in hanging.dead(loose, finer).values():
        units = units_of(loose, dead.atoms)
        found[int(which[list(units)].max())] = _hung(loose, dead, units)
    return found


def _hung(ground: Ground, dead: hanging.Dead, units: tuple[int, ...]) -> Certificate:
    band, homes = ground.problem.band, int(ground.w[dead.atoms].sum())
    count: dict[str, int] = {} if dead.count is None else {"count": dead.count}
    some = f"grids of {band.lo}–{band.hi}" if dead.count is None else f"{dead.count} grids of {band.lo}–{band.hi}"
    if dead.hubs:
        told = (f"Without {len(dead.hubs)} places the rest of {homes} households falls into parts too small: each needs"
                f" a grid that holds one of these places, and {some} do not take them all in.")  # fmt: skip
        hubs = tuple(units_of(ground, np.array([hub]))[0] for hub in dead.hubs)
        return Certificate("cut", units, homes, told, {"hubs": hubs, **count})
    told = f"{homes} households hang together by one way each: however they are parted, they are no {some}."
    return Certificate("cut", units, homes, told, {"at": units_of(ground, np.array([dead.at]))[0], **count})


def _cramped(ground: Ground, rows: Ints) -> Certificate | None:
    """Look at the atoms that need others: those with few sets may have none, or get into each other's way; then at
    what hangs on the rest by one atom."""
    band = ground.problem.band
    small = np.flatnonzero((ground.w[rows] < band.lo) & (ground.w[rows] > 0) & (ground.kin[rows] < 0)).tolist()
    near, w = covering.bits(ground.indptr, ground.indices, rows), ground.w[rows].tolist()
    choices, words = {}, covering.packed(near)
    for one in small:
        home = covering.has_home(near, w, band.lo, band.hi, one, most=FEW_LOOKS)
        if home is False:
            return _no_home(ground, rows, one)
        sets = covering.fitting(words, w, band.lo, band.hi, most=FEW_LOOKS, only=one) if home else None
        if sets is not None:
            choices[one] = sets
    core = covering.clash(choices)
    if core is None:
        return _cut_off(ground, rows, near, w)
    units, homes = units_of(ground, rows[list(core)]), int(ground.w[rows[list(core)]].sum())
    told = f"No choice of connected ground inside {band.lo}–{band.hi} holds all of these {len(core)} places at once."
    return Certificate("packing", units, homes, told, {"core": len(core), "piece": units_of(ground, rows)})


def _cut_off(ground: Ground, rows: Ints, near: list[int], w: list[int]) -> Certificate | None:
    """Find atoms that hang on the rest by one indivisible atom, and whose households fit no number of grids whatever
    share of them goes with that atom."""
    band, whole = ground.problem.band, (1 << len(rows)) - 1
    for one in np.flatnonzero((ground.kin[rows] < 0) & (ground.w[rows] > 0)).tolist():
        parts = _parts(whole & ~(1 << one), near)
        if len(parts) < 2:
            continue
        sums = [sum(w[i] for i in range(len(rows)) if part >> i & 1) for part in parts]
        widest = max(range(len(parts)), key=lambda i: (sums[i], i), default=0)
        lesser = [i for i in range(len(parts)) if i != widest]
        for some in [*([i] for i in range(len(parts))), *([lesser] if len(lesser) > 1 else [])]:
            homes = sum(sums[i] for i in some)
            if not homes or fits_beside(homes, w[one], band.lo, band.hi):
                continue
            inside = [i for i in range(len(rows)) if sum(parts[j] for j in some) >> i & 1]
            told = (f"{homes} households hang on the rest by a place of {w[one]} alone: whatever goes with it, the"
                    f" others are no grids of {band.lo}–{band.hi}.")  # fmt: skip
            by = units_of(ground, rows[[one]])
            return Certificate("cut", units_of(ground, rows[inside]), homes, told, {"by": by[0]})
    return None


def fits_beside(homes: int, held: int, lo: int, hi: int) -> bool:
    """Tell whether some share of these households beside `held` in one grid leaves a number of whole grids."""
    most = max(min(hi - held, homes), 0)
    return any(n * lo <= homes and n * hi >= homes - most for n in range(homes // max(lo, 1) + 1))


def _parts(some: int, near: list[int]) -> list[int]:
    """Give the connected parts of these atoms (bits)."""
    found = []
    while some:
        reached = waiting = some & -some
        while waiting:
            bit = waiting & -waiting
            waiting ^= bit
            fresh = near[bit.bit_length() - 1] & some & ~reached
            reached |= fresh
            waiting |= fresh
        found.append(reached)
        some &= ~reached
    return found


def _no_home(ground: Ground, rows: Ints, one: int, limit: float | None = None) -> Certificate:
    band, homes = ground.problem.band, int(ground.w[rows[one]])
    told = f"No connected ground inside {band.lo}–{band.hi} {_walked(limit)}holds these {homes} households."
    shown = {"piece": units_of(ground, rows)} | ({} if limit is None else {"max_walk_m": limit})
    return Certificate("homeless", units_of(ground, rows[[one]]), homes, told, shown)


def _walked(limit: float | None) -> str:
    return "" if limit is None else f"in which nobody walks more than {limit:g} m "


def by_search(ground: Ground, faulty: list[Piece], missing: Ints) -> tuple[Certificate, ...]:
    """This will look for an atom without a home, then for the lack of an exact cover, in pieces that nobody divided.

    `missing`: rows of units whose grid is out of its band; where they are is looked first. Compounds that may be split
    are looked at building by building: what is proved holds however they are cut.
    """
    if not faulty:
        return ()
    loose = ground.anew(contract.EVERY)
    suspect = np.unique(loose.atom_of[missing])
    finer, concerned = divide(loose), _numbers(ground, faulty) >= 0
    found = []
    for i in np.setdiff1d(_numbers(loose, finer)[concerned], [-1]).tolist():
        piece = finer[i]
        certificate = _homeless(loose, piece.rows, suspect) or _packing(loose, piece.rows)
        if certificate is not None:
            found.append(certificate)
    return tuple(found)


def _homeless(ground: Ground, rows: Ints, suspect: Ints) -> Certificate | None:
    """Those whose grid missed its band are asked first, then the heaviest atoms and those with few neighbours."""
    band, w = ground.problem.band, ground.w[rows]
    near = covering.bits(ground.indptr, ground.indices, rows)
    degree, words = np.array([bin(n).count("1") for n in near]), covering.packed(near)
    order = np.lexsort((-w, degree)).tolist()
    asked = order[: MOST_ATOMS // 2] + np.argsort(-w, kind="stable").tolist()[: MOST_ATOMS // 2]
    if len(rows) <= MOST_ATOMS * 2:
        asked = order
    first, limit, reach = np.flatnonzero(np.isin(rows, suspect)), ground.problem.max_walk_m, None
    for one in dict.fromkeys([*first[np.argsort(-w[first], kind="stable")][:MOST_SUSPECTS].tolist(), *asked]):
        sets = covering.fitting(words, w.tolist(), band.lo, band.hi, most=3_000, only=one)
        if sets == []:
            return _no_home(ground, rows, one)
        if limit is not None and sets is not None:
            reach = reach or walking.reach(ground, rows)
            if not reach.within(sets, limit):
                return _no_home(ground, rows, one, limit)
    return None


def _packing(ground: Ground, rows: Ints) -> Certificate | None:
    if len(rows) > 60:
        return None
    band, w = ground.problem.band, ground.w[rows]
    near = covering.bits(ground.indptr, ground.indices, rows)
    sets = covering.fitting(near, w.tolist(), band.lo, band.hi, most=MOST_SETS)
    if sets is None:
        return None
    limit = ground.problem.max_walk_m
    if limit is not None:
        sets = walking.reach(ground, rows).within(sets, limit)
    told = (f"{len(sets)} connected sets {_walked(limit)}are inside {band.lo}–{band.hi};"
            " no choice of them holds every atom once.")  # fmt: skip
    certificate = Certificate("packing", units_of(ground, rows), int(w.sum()), told, {"sets": len(sets)})
    answer = covering.any_cover(len(rows), sets)
    if answer is False and len(rows) <= covering.BY_CHECKER:
        return certificate
    if answer is None:
        cover = covering.best_cover(len(rows), sets, np.ones(len(sets)))
        answer = cover is None or cover.sets is not None
    if answer:
        return None
    asked = {**certificate.evidence, "model": _model(ground, rows, sets)}
    return replace(certificate, solver_proof=True, evidence=asked)


def _model(ground: Ground, rows: Ints, sets: Sequence[int]) -> str:
    ids = ground.problem.units.id
    names = [[str(ids[u]) for u in units_of(ground, rows[i : i + 1])] for i in range(len(rows))]
    return model_hash((name for i, held in enumerate(names) if one >> i & 1 for name in held) for one in sets)

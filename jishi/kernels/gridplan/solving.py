"""Which method divides which piece of the ground: by rule, exactly, or by search.

A piece is what hangs together once barriers, community borders and sealed atoms are taken out; pieces do not know of
each other, except that an exact number of grids is shared out among them.
"""

from collections.abc import Container
from dataclasses import dataclass, replace

import numpy as np

from . import covering, mending, searching, walking
from .contract import FREE, Ground
from .searching import Heats, Search, State
from .values import Array, Doubles, Ints

SMALL = 60  # atoms up to which a piece is tried exactly
LOOKS = 30_000  # sets looked at in one piece
FEW, LONGER = 64, 24.0  # atoms of a piece that is searched several times, and how much longer each may be
LED_ATOMS, LED_LONGER = 100_000, 28.0  # short borders take longer to find than short walks, as long as there is time
PARTED = 24  # rounds of mending where compounds may be cut anew: the others come after
HOPELESS = 8  # where it is proved that these atoms have no legal division


@dataclass(frozen=True, eq=False)
class Piece:
    """`rows` (atoms in curve order), their households, and the numbers of grids that fit: least > most is none."""

    rows: Ints
    homes: int
    least: int
    most: int
    wanted: int

    @property
    def fits(self) -> bool:
        """Tell whether any number of grids fits."""
        return self.least <= self.most


def divide(ground: Ground) -> tuple[Piece, ...]:
    """This will find the pieces of a ground, without its sealed atoms, in curve order."""
    from . import compiled

    group = np.where(ground.sealed == FREE, 0, -1).astype(np.int32)
    label, found = compiled.pieces(ground.indptr, ground.indices, group)
    order = np.argsort(label, kind="stable")
    order = order[label[order] >= 0]
    starts = np.searchsorted(label[order], np.arange(found + 1))
    homes = np.bincount(label[order], ground.w[order], found).astype(np.int64)
    pieces = [_piece(ground, order[starts[i] : starts[i + 1]], int(homes[i])) for i in range(found)]
    return tuple(_shared(ground, pieces))


def _piece(ground: Ground, rows: Ints, homes: int) -> Piece:
    lo, hi = ground.problem.band.lo, ground.problem.band.hi
    least, most = -(-homes // hi), homes // lo if lo else len(rows)
    best = max(1, round(homes * 2 / (lo + hi)))
    wanted = min(max(best, least), max(most, least, 1), len(rows))
    return Piece(rows, homes, max(least, 1) if homes else 0, most, wanted)


def _shared(ground: Ground, pieces: list[Piece]) -> list[Piece]:
    """Share an exact number of grids out among the pieces, the largest errors first."""
    count = ground.problem.count
    if count is None:
        return pieces
    peopled = int(((ground.sealed != FREE) & (ground.w > 0)).sum())
    open_ = [i for i, p in enumerate(pieces) if p.homes and p.fits]
    left = count - peopled - sum(1 for p in pieces if p.homes and not p.fits)
    wanted = {i: pieces[i].wanted for i in open_}
    mean = max(sum(pieces[i].homes for i in open_) / max(left, 1), 1e-9)
    while sum(wanted.values()) != left:
        step = 1 if sum(wanted.values()) < left else -1
        able = [i for i in open_ if pieces[i].least <= wanted[i] + step <= min(pieces[i].most, len(pieces[i].rows))]
        if not able:
            break
        wanted[max(able, key=lambda i: (step * (pieces[i].homes / mean - wanted[i]), -i))] += step
    return [Piece(**{**vars(p), "wanted": wanted.get(i, p.wanted)}) for i, p in enumerate(pieces)]


def solve(
    ground: Ground, pieces: tuple[Piece, ...], search: Search, hopeless: Container[int] = ()
) -> tuple[Array, dict[str, float]]:
    """This will give a grid to every atom, as good as was found, and how many pieces were divided in which way.

    `hopeless`: pieces, by number, that have no legal division: they are not searched for long.
    """
    part = np.full(ground.size, -1, np.int64)
    sealed = np.flatnonzero(ground.sealed != FREE)
    part[sealed] = np.arange(len(sealed))
    rest: dict[int, list[Piece]] = {}
    exact, kept, k = 0, 0, len(sealed)
    parted = np.zeros(ground.size, bool)
    parted[ground.kin_rows] = True
    for i, piece in enumerate(pieces):
        if not piece.homes or (not piece.fits and piece.homes <= ground.problem.band.hi):
            part[piece.rows] = _beside(ground, piece, part, k)
            k += 1
            continue
        before = as_before(ground, piece) if search.price > 0 else None
        if before is not None:
            part[piece.rows] = k + before
            k += int(before.max()) + 1
            kept += 1
            continue
        is_tried = piece.fits and len(piece.rows) <= SMALL and i not in hopeless
        cover = best(ground, piece, aim(ground, piece, search), search.price) if is_tried else None
        sets = cover.sets if cover is not None and cover.is_optimal else None
        if sets is None:
            is_parted = parted[piece.rows].any()
            rounds = min(search.mending, PARTED) if is_parted else search.mending
            if i in hopeless or (not is_parted and _has_none(ground, piece, cover)):
                rounds = min(rounds, HOPELESS)
            rest.setdefault(rounds, []).append(piece)
            continue
        exact += 1
        for one in sets:
            part[piece.rows[[j for j in range(len(piece.rows)) if one >> j & 1]]] = k
            k += 1
    for rounds, some in sorted(rest.items()):
        found = searched(ground, some, replace(search, mending=rounds))
        part[found >= 0] = found[found >= 0] + k
        k += int(found.max()) + 1
    return part, {"exact_pieces": exact, "kept_pieces": kept, "searched_pieces": sum(map(len, rest.values()))}


def _has_none(ground: Ground, piece: Piece, cover: covering.Covered | None) -> bool:
    """Tell whether all sets were looked at and no division is legal, of so few atoms that the cheapest way out is told
    exactly: what is searched for then is no more than the attempt that is shown."""
    is_proved = cover is not None and cover.is_optimal and cover.sets is None and ground.problem.count is None
    return is_proved and len(piece.rows) <= 2 * covering.BY_CHECKER


def aim(ground: Ground, piece: Piece, search: Search) -> searching.Aims:
    """Give what counts in one piece."""
    return searching.aims(ground, search.weights, [(piece.rows, piece.wanted)])


def as_before(ground: Ground, piece: Piece) -> Ints | None:
    """Give the grids in force of a piece, 0 … k−1, if nothing is wrong with them there: then nobody moves.

    What changed elsewhere touches no piece that is legal as it stands.
    """
    from . import compiled

    if ground.problem.previous is None or (ground.home[piece.rows] < 0).any() or ground.foes.size:
        return None
    names, which = np.unique(ground.home[piece.rows], return_inverse=True)
    homes, band = np.bincount(which, ground.w[piece.rows]), ground.problem.band
    if ((homes < band.lo) | (homes > band.hi)).any() or ground.problem.count is not None:
        return None
    group = np.full(ground.size, -1, np.int32)
    group[piece.rows] = which
    if compiled.pieces(ground.indptr, ground.indices, group)[1] != len(names):
        return None
    return np.asarray(which, dtype=np.int64) if _is_whole(ground, piece.rows) else None


def _is_whole(ground: Ground, rows: Ints) -> bool:
    """Tell whether all units of these atoms are in one grid of the plan in force."""
    previous = np.asarray(ground.problem.previous)
    inside = np.zeros(ground.size, bool)
    inside[rows] = True
    units = np.flatnonzero(inside[ground.atom_of])
    return bool((previous[units] == ground.home[ground.atom_of[units]]).all())


def _beside(ground: Ground, piece: Piece, part: Array, fresh: int) -> int:
    """Ground without homes behind a sealed atom goes with that; everything else is a grid of its own."""
    if piece.homes:
        return fresh
    for row in piece.rows.tolist():
        for other in ground.indices[ground.indptr[row] : ground.indptr[row + 1]].tolist():
            if ground.sealed[other] != FREE:
                return int(part[other])
    return fresh


def piece_of(ground: Ground, rows: Ints, k: int) -> Piece:
    """Give some atoms as a piece of their own; exactly `k` grids where their number is told."""
    piece = _piece(ground, rows, int(ground.w[rows].sum()))
    return piece if ground.problem.count is None else replace(piece, wanted=k)


def best(
    ground: Ground, piece: Piece, sought: searching.Aims, price: float = 0.0, *, walks: bool = False
) -> covering.Covered | None:
    """Give the best division of a small piece by complete enumeration; None: too many. Where ways are told, or with
    `walks`, no grid breaks the limit of walking."""
    band, rows = ground.problem.band, piece.rows
    reach = walking.reach(ground, rows) if walks or ground.problem.walk is not None else None
    if piece.most == 1 and not ground.foes.size and reach is None:
        return covering.Covered(((1 << len(rows)) - 1,), 0.0, is_optimal=True)
    near = covering.bits(ground.indptr, ground.indices, rows)
    sets = covering.fitting(near, ground.w[rows].tolist(), band.lo, band.hi, most=LOOKS)
    if sets is None:
        return None
    sets = allowed(ground, rows, near, sets)
    if reach is not None and ground.problem.max_walk_m is not None:
        sets = reach.within(sets, ground.problem.max_walk_m)
    if len(sets) > covering.MOST_COLUMNS:
        return None
    count = piece.wanted if ground.problem.count is not None else None
    costs = column_costs(ground, rows, sets, sought, reach if ground.problem.walk is not None else None)
    if ground.problem.previous is not None and price > 0 and sets:
        costs = 0.05 * costs + price / sought.mean[0] * _moved(ground, rows, sets)
    return covering.best_cover(len(rows), sets, costs, count=count)


def _moved(ground: Ground, rows: Ints, sets: list[int]) -> Doubles:
    """Give the households of each set that are not of the old grid most of it comes from."""
    members, home = covering.matrix(len(rows), sets), ground.home[rows]
    moving = np.where(home >= 0, ground.moving[rows], 0.0)
    common = np.stack([members @ np.where(home == g, moving, 0.0) for g in np.unique(home).tolist()], axis=1)
    return np.asarray(members @ moving - common.max(axis=1), dtype=np.float64)


def allowed(ground: Ground, rows: Ints, near: list[int], sets: list[int]) -> list[int]:
    """This will leave out sets with two that must be apart, and those that tear a split compound."""
    sets = [s for s in sets if not _has_foes(ground, rows, s)] if ground.foes.size else sets
    return _untorn(ground, rows, near, sets)


def _has_foes(ground: Ground, rows: Ints, one: int) -> bool:
    members = rows[[i for i in range(len(rows)) if one >> i & 1]]
    foes = (ground.foes[ground.foe_ptr[r] : ground.foe_ptr[r + 1]] for r in members.tolist())
    return any(np.isin(some, members).any() for some in foes)


def _untorn(ground: Ground, rows: Ints, near: list[int], sets: list[int]) -> list[int]:
    """Leave out sets in which pieces of one split compound do not hang together by themselves."""
    kin = ground.kin[rows]
    groups = [sum(1 << i for i in np.flatnonzero(kin == c).tolist()) for c in np.unique(kin[kin >= 0]).tolist()]
    several = [g for g in groups if g & (g - 1)]
    return [s for s in sets if all(_touch(s & g, near) for g in several)] if several else sets


def _touch(some: int, near: list[int]) -> bool:
    """Tell whether these atoms (bits) hang together."""
    reached = some & -some
    waiting = reached
    while waiting:
        bit = waiting & -waiting
        waiting ^= bit
        fresh = near[bit.bit_length() - 1] & some & ~reached
        reached |= fresh
        waiting |= fresh
    return reached == some


def column_costs(
    ground: Ground, rows: Ints, sets: list[int], sought: searching.Aims, reach: walking.Reach | None = None
) -> Doubles:
    """Give what each set would cost as a grid; with `reach` the walk is that along the ways."""
    members = covering.matrix(len(rows), sets)
    inner = np.zeros((len(rows), len(rows)))
    place = {int(r): i for i, r in enumerate(rows.tolist())}
    around = np.zeros(len(rows))
    for i, row in enumerate(rows.tolist()):
        for e in range(int(ground.indptr[row]), int(ground.indptr[row + 1])):
            around[i] += ground.border[e]
            j = place.get(int(ground.indices[e]))
            if j is not None:
                inner[i, j] = ground.border[e]
    nodes = members @ ground.nodes[rows]
    sums = np.zeros((len(sets), 7 + ground.nodes.shape[1] - 5))
    sums[:, :4], sums[:, 5], sums[:, 7:] = nodes[:, :4], nodes[:, 4], nodes[:, 5:]
    sums[:, 4] = members @ around - ((members @ inner) * members).sum(axis=1)
    if reach is not None:
        straight = sums[:, 3] - (sums[:, 1] ** 2 + sums[:, 2] ** 2) / np.maximum(sums[:, 0], 1e-9)
        differ: Doubles = reach.costs(sets) / walking.BY_ROAD**2 - straight
        return np.asarray(sought.costs(sums) + sought.coef[0, 0] * differ)
    return sought.costs(sums)


def searched(ground: Ground, pieces: list[Piece], search: Search) -> Array:
    """Divide pieces by seed, annealing, patches and polish; grids 0 … of these atoms, −1 elsewhere. A piece of a few
    atoms costs next to nothing: it is searched for longer and with other luck, and the best is kept."""
    several = search.starts > 1 and ground.problem.previous is None and search.mending > PARTED
    few = [p for p in pieces if several and len(p.rows) <= FEW]
    many = [p for p in pieces if not several or len(p.rows) > FEW]
    part, k = np.full(ground.size, -1, np.int64), 0
    if many:
        state = _searched_once(ground, many, search)
        inside = state.part >= 0
        part[inside], k = state.part[inside], state.k
    if few:
        longer = np.array([min(LONGER, FEW * LONGER / (2 * len(p.rows))) for p in few])
        found = [_searched_once(ground, few, replace(search, seed=search.seed + i), longer, searching.BOLD)
                 for i in range(search.starts)]  # fmt: skip
        for one, piece in enumerate(few):
            luck = min(range(len(found)), key=[state.judged(one) for state in found].__getitem__)
            own = found[luck].part[piece.rows]
            part[piece.rows] = k + np.unique(own, return_inverse=True)[1]
            k = int(part[piece.rows].max()) + 1
    return part


def _searched_once(
    ground: Ground, pieces: list[Piece], search: Search, longer: Doubles | None = None, heats: Heats = searching.HEATS
) -> State:
    state, target = _start(ground, pieces, search)
    if longer is not None:
        state.effort = state.effort * longer
    elif searching.is_led_by_border(search.weights):
        state.effort = state.effort * np.clip(LED_ATOMS / state.aims.atoms, 1.0, LED_LONGER)
    if ground.problem.previous is not None and search.price > 0:
        near_home(state, pieces)
    elif searching.improve(state, "anneal", heats):
        mending.mend(state, search.mending)
        if search.polishes:
            searching.polish(state)
    if ground.problem.count is not None and not len(state.faulty()):
        mending.recount(state, target)
    if ground.problem.count is not None and (state.k != target or len(state.faulty())):
        _counted(state, target, search)
    return state


def _counted(state: State, target: int, search: Search) -> None:
    """Mend with the number of grids that is asked for; what was mended with another number is no plan."""
    state.keeps_number = True
    if mending.recount(state, target) and mending.mend(state, search.mending) and search.polishes:
        searching.polish(state)


def near_home(state: State, pieces: list[Piece]) -> None:
    """Mend with as few households moved as can be found."""
    state.coef = state.coef.copy()
    state.coef[:, :3] *= 0.05
    least, most = sum(p.least for p in pieces), sum(max(p.most, p.least) for p in pieces)
    if not least <= state.k <= most:
        mending.recount(state, min(max(state.k, least), most))
    if not mending.mend(state) and searching.improve(state, "anneal"):
        mending.mend(state)
    mending.return_home(state)


def _start(ground: Ground, pieces: list[Piece], search: Search) -> tuple[State, int]:
    from . import compiled

    sought = searching.aims(ground, search.weights, [(p.rows, p.wanted) for p in pieces])

    order = np.concatenate([p.rows for p in pieces])
    starts = np.concatenate([[0], np.cumsum([len(p.rows) for p in pieces])])
    which = np.full(ground.size, -1, np.int64)
    which[order] = np.repeat(np.arange(len(pieces)), np.diff(starts))
    counts = np.array([p.wanted for p in pieces])
    if ground.problem.previous is None:
        part = searching.seeded(ground, order, starts, counts)
        return State(ground, search, part, np.repeat(np.arange(len(pieces)), counts), sought), int(counts.sum())
    width = int(ground.home.max()) + 2
    known = (which >= 0) & (ground.home >= 0)
    key = np.where(known, which * width + ground.home, -1)
    names, number = np.unique(key[known], return_inverse=True)
    part = np.full(ground.size, -1, np.int32)
    part[known] = number
    label = names // width
    bare = np.setdiff1d(np.arange(len(pieces)), label)
    k = len(names)
    for c in bare.tolist():
        part[pieces[c].rows[0]] = k
        label, k = np.append(label, c), k + 1
    home = np.where(known, part, -1).astype(np.int32)
    compiled.attach(ground.indptr, ground.indices, ground.w.astype(np.float64), part, k)
    state = State(ground, search, part, label, sought)
    state.home[:] = home
    state.compact()
    return state, int(counts.sum())

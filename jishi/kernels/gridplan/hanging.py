"""What hangs on the rest by one place, and what a few places hold together (spec 21 §5, `cut`).

A tree is decided exactly: from the leaves inwards, which households the open grid around an atom can have while every
grid behind it is inside the band. They are the bits of a whole number; where grids are counted, one lane of bits for
each number of grids closed. What a rule besides the band forbids is not seen, so only the lack of a plan is proved.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from . import searching
from .contract import FREE, Ground
from .searching import Search, State
from .solving import Piece
from .values import Array, Ints

MOST_WORK = 200_000_000  # words shifted for one piece
MOST_BITS = 4_000_000  # of one number
MOST_HUBS = 16  # places that may hold a piece together, each with more neighbours than this


@dataclass(frozen=True)
class Dead:
    """Why a piece has no legal division: `atoms` have none, whatever goes on beyond `at`; or `hubs` hold them all."""

    atoms: Ints
    at: int = -1
    hubs: tuple[int, ...] = ()
    count: int | None = None


class _TooLong(Exception):
    pass


class _Sums:
    """Sets of households of an open grid, by the number of grids closed behind it, as bits."""

    def __init__(self, lo: int, hi: int, count: int | None) -> None:
        self.lo, self.hi, self.lanes = lo, hi, 1 if count is None else count + 1
        self.counts, self.stride, self.work = count is not None, 2 * hi + 2, 0
        if self.stride * self.lanes > MOST_BITS:
            raise _TooLong
        each = self._lane(0, hi)
        self.open_, self.band = self._every(each), self._every(each >> lo << lo)

    def _lane(self, low: int, high: int) -> int:
        return (1 << (high + 1)) - (1 << low)

    def _every(self, lane: int) -> int:
        return sum(lane << (i * self.stride) for i in range(self.lanes))

    def join(self, some: int, other: int) -> int:
        """Give every sum of one of each."""
        few, many = sorted((some, other), key=int.bit_count)
        self.work += few.bit_count() * (many.bit_length() // 64 + 1)
        if self.work > MOST_WORK:
            raise _TooLong
        found = 0
        for place in places(few):
            found |= many << place
        return found & self.open_

    def closed(self, some: int) -> int:
        """Give what is left when the open grid ends here, if it may."""
        inside = some & self.band
        if not self.counts:
            return 1 if inside else 0
        lane = self._lane(0, self.hi)
        return sum(1 << ((i + 1) * self.stride) for i in range(self.lanes - 1) if inside >> (i * self.stride) & lane)


def places(bits: int) -> list[int]:
    """Give the places of the bits that are set."""
    return [i for i, one in enumerate(bin(bits)[:1:-1]) if one == "1"]


def dead(ground: Ground, pieces: Sequence[Piece]) -> dict[int, Dead]:
    """This will tell which pieces have no legal division, by what hangs in them or by the few places that hold them."""
    band = ground.problem.band
    if band.lo < 1:
        return {}
    order, parent = _peeled(ground)
    number = np.full(ground.size, -1, np.int64)
    for i, piece in enumerate(pieces):
        if piece.homes and piece.fits:
            number[piece.rows] = i
    found: dict[int, Dead] = {}
    which = number[order]
    turn = np.argsort(which, kind="stable")
    turn = turn[which[turn] >= 0]
    ends = np.searchsorted(which[turn], np.arange(len(pieces) + 1))  # most pieces of a map have none
    degree = np.diff(ground.indptr)
    for i in np.unique(number[number >= 0]).tolist():
        some = order[turn[ends[i] : ends[i + 1]]]
        count = _asked(ground, pieces, i)
        if len(some):
            told = _dry(ground, pieces[i], some, parent, count)
            if told is not None:
                found[i] = told
                continue
        scattered = _scattered(ground, pieces[i], degree, count)
        if scattered is not None:
            found[i] = scattered
    return found


def _peeled(ground: Ground) -> tuple[Ints, Ints]:
    from . import compiled

    group = np.where(ground.sealed == FREE, 0, -1).astype(np.int32)
    return compiled.peeled(ground.indptr, ground.indices, group)


def _asked(ground: Ground, pieces: Sequence[Piece], one: int) -> int | None:
    """Give the exact number of grids of a piece, if that is known: it is the only one with homes."""
    count, alone = ground.problem.count, all(not p.homes for i, p in enumerate(pieces) if i != one)
    return count if alone and not ((ground.sealed != FREE) & (ground.w > 0)).any() else None


def _dry(ground: Ground, piece: Piece, order: Ints, parent: Ints, count: int | None) -> Dead | None:
    """Find the first atom, from the leaves inwards, around which no open grid is possible; and only of a whole tree,
    whether the number of grids asked for is: a branch that needs more grids than that is not dead by itself."""
    band = ground.problem.band
    try:
        for at, bits in _inwards(sums := _Sums(band.lo, band.hi, None), ground, order, parent):
            if not bits or parent[at] < 0 and not _ends(sums, bits, None):
                return Dead(_behind(order, parent, at), at)
        if count is not None and len(order) == len(piece.rows):
            open_, root = dict(_inwards(sums := _Sums(band.lo, band.hi, count), ground, order, parent)), int(order[-1])
            if not _ends(sums, open_.get(root, 0), count):
                return Dead(np.sort(piece.rows), root, count=count)
    except _TooLong:
        pass
    return None


def _inwards(sums: _Sums, ground: Ground, order: Ints, parent: Ints) -> "list[tuple[int, int]]":
    """Give what each atom can have, from the leaves inwards, and at last the atoms that hold them."""
    open_: dict[int, int] = {}
    found = []
    for at in order.tolist():
        bits = open_.pop(at, 1)
        weight = int(ground.w[at])
        bits = bits << weight & sums.open_ if weight <= sums.hi else 0
        found.append((at, bits))
        if not bits:
            return found
        up = int(parent[at])
        if up >= 0:
            open_[up] = sums.join(open_.get(up, 1), bits | sums.closed(bits))
            if not open_[up] << int(ground.w[up]) & sums.open_:
                return [*found, (up, 0)]
    return found


def _ends(sums: _Sums, bits: int, count: int | None) -> bool:
    """Tell whether the last grid may end, with the number of grids that is asked for."""
    last = sums.closed(bits)
    return bool(last if count is None else last >> (count * sums.stride) & 1)


def _behind(order: Ints, parent: Ints, at: int) -> Ints:
    """Give an atom and all that hang on the rest by it."""
    inside = {at}
    for one in order[::-1].tolist():
        if int(parent[one]) in inside:
            inside.add(one)
    return np.array(sorted(inside), dtype=np.int64)


def _scattered(ground: Ground, piece: Piece, degree: Ints, count: int | None) -> Dead | None:
    """Find a few places without which the rest falls into parts too small for a grid, and too many of them: each of
    those needs a grid that holds one of the places."""
    rows = piece.rows
    own = degree[rows]
    if own.max() <= MOST_HUBS or own.max() < 4 * own.mean():
        return None  # a map: nothing has many times the neighbours of the others
    by_degree = rows[np.argsort(-own, kind="stable")]
    for h in range(1, min(MOST_HUBS, len(rows) - 1) + 1):
        hubs = by_degree[:h]
        if _is_short(ground, rows, hubs, count):
            for one in hubs.tolist():
                fewer = hubs[hubs != one]
                hubs = fewer if len(fewer) and _is_short(ground, rows, fewer, count) else hubs
            return Dead(rows, hubs=tuple(hubs.tolist()), count=count)
    return None


def _is_short(ground: Ground, rows: Ints, hubs: Ints, count: int | None) -> bool:
    from . import compiled

    lo, hi = ground.problem.band.lo, ground.problem.band.hi
    group = np.full(ground.size, -1, np.int32)
    group[rows] = 0
    group[hubs] = -1
    label, k = compiled.pieces(ground.indptr, ground.indices, group)
    inside = label >= 0
    homes = np.bincount(label[inside], ground.w[inside], k).astype(np.int64)
    alone = homes // lo
    left = int(np.maximum(homes - alone * hi, 0).sum() + ground.w[hubs].sum())
    most = len(hubs) + int(np.minimum(alone, np.bincount(label[inside], minlength=k)).sum())
    return left > len(hubs) * hi or (count is not None and count > most)


def arranged(ground: Ground, pieces: Sequence[Piece], one: int) -> Ints | None:
    """This will divide a piece that is a tree, grids 0 … of its rows; None: it is none, cannot be, or took too long."""
    piece, band = pieces[one], ground.problem.band
    order, parent = _peeled(ground)
    mine = np.zeros(ground.size, bool)
    mine[piece.rows] = True
    order = order[mine[order]]
    if len(order) < len(piece.rows) or band.lo < 1:
        return None
    count = _asked(ground, pieces, one)
    try:
        sums = _Sums(band.lo, band.hi, count)
        open_ = dict(_inwards(sums, ground, order, parent))
        root = int(order[-1])
        if not _ends(sums, open_.get(root, 0), count):
            return None
        return _outwards(sums, ground, (order, parent), open_, piece, count)
    except _TooLong:
        return None


def _outwards(
    sums: _Sums, ground: Ground, tree: tuple[Ints, Ints], open_: dict[int, int], piece: Piece, count: int | None
) -> Ints:
    """Give each atom the grid of the one before it, or its own, so that all sums are as they must be."""
    order, parent = tree
    behind: dict[int, list[int]] = {}
    for at in order.tolist():
        behind.setdefault(int(parent[at]), []).append(at)
    mean = piece.homes / max(piece.wanted, 1)

    def end(bits: int, lane: int) -> int:
        """Give what a grid that ends here holds, as near the middle as can be."""
        some = places(bits >> (lane * sums.stride) & (sums.band & sums._lane(0, sums.hi)))
        return lane * sums.stride + min(some, key=lambda held: (abs(held - mean), held))

    root = int(order[-1])
    grid, k = {root: 0}, 1
    wanted = {root: end(open_[root], count - 1 if count is not None else 0)}
    for at in order[::-1].tolist():
        ways = [(one, open_[one] | sums.closed(open_[one])) for one in behind.get(at, ())]
        first = [1]
        for _, bits in ways:
            first.append(sums.join(first[-1], bits))
        left = wanted[at] - int(ground.w[at])
        for i in range(len(ways) - 1, -1, -1):
            one, bits = ways[i]
            taken = next(t for t in _near(bits, left) if first[i] >> (left - t) & 1)
            left -= taken
            if sums.closed(open_[one]) >> taken & 1:
                grid[one], k = k, k + 1
                wanted[one] = end(open_[one], taken // sums.stride - 1 if sums.counts else 0)
            else:
                grid[one], wanted[one] = grid[at], taken
    return np.array([grid[row] for row in piece.rows.tolist()], dtype=np.int64)


def _near(bits: int, most: int) -> Sequence[int]:
    """Give the places of the bits up to `most`."""
    return places(bits & ((1 << (most + 1)) - 1))


def untangle(ground: Ground, pieces: tuple[Piece, ...], part: Array, search: Search) -> Array:
    """This will divide the trees anew of which a grid missed its band, since for them a division can be told; it is
    polished as long as that keeps it."""
    band, kept = ground.problem.band, len(ground.kin_rows) + len(ground.foes)
    homes = np.bincount(part, ground.w)
    bad = (homes < band.lo) | (homes > band.hi)
    if kept or not bad.any():
        return part
    found = part.copy()
    for one, piece in enumerate(pieces):
        if ground.problem.count is not None and _asked(ground, pieces, one) is None:
            continue  # how many grids of them are this piece's is not known: dividing it anew could change them all
        if piece.homes and piece.fits and bad[part[piece.rows]].any():
            grid = arranged(ground, pieces, one)
            if grid is not None:
                found[piece.rows] = int(found.max()) + 1 + _polished(ground, piece, grid, search)
    return np.asarray(np.unique(found, return_inverse=True)[1])


def _polished(ground: Ground, piece: Piece, grid: Ints, search: Search) -> Ints:
    label = np.zeros(int(grid.max()) + 1, np.int64)
    start = np.full(ground.size, -1, np.int32)
    start[piece.rows] = grid
    state = State(ground, search, start, label, searching.aims(ground, search.weights, [(piece.rows, len(label))]))
    if search.price > 0 or not search.polishes:
        return grid
    searching.polish(state)
    state.compact()
    return grid if len(state.faulty()) or state.k != len(label) else state.part[piece.rows].astype(np.int64)

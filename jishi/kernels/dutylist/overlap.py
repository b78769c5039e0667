"""A search for facts on which given conditions are true or false together: disjoint boxes of cells, split
until decided.

A box gives each fact a set of cells. A condition over a box is judged to the *set* of truth values it may
take
there; a box on which something is still mixed is split on one fact. The search is exact and stops at its
limit.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Final, TypeAlias

from .cells import Cell, TooComplex, cells_of
from .conditions import All, Any, Cond, Not, Test, leaves
from .evaluation import Truth
from .facts import Facts, FactValue
from .vocabulary import Vocabulary

MOST_BOXES: Final = 50_000
TRUE: Final = 1
FALSE: Final = 2
UNKNOWN: Final = 4
Mask: TypeAlias = int
Box: TypeAlias = Mapping[str, tuple[int, ...]]
NOTHING: Final[Mapping[str, Callable[[FactValue], object]]] = {}
_BIT: Final[Mapping[Truth, Mask]] = {True: TRUE, False: FALSE, None: UNKNOWN}


def _bits(mask: Mask) -> list[Mask]:
    return [bit for bit in (TRUE, FALSE, UNKNOWN) if mask & bit]


def _and(a: Mask, b: Mask) -> Mask:
    pairs = ((x, y) for x in _bits(a) for y in _bits(b))
    return _union(FALSE if FALSE in pair else UNKNOWN if UNKNOWN in pair else TRUE for pair in pairs)


def _or(a: Mask, b: Mask) -> Mask:
    pairs = ((x, y) for x in _bits(a) for y in _bits(b))
    return _union(TRUE if TRUE in pair else UNKNOWN if UNKNOWN in pair else FALSE for pair in pairs)


def _union(masks: Iterable[Mask]) -> Mask:
    joined = 0
    for mask in masks:
        joined |= mask
    return joined


_AND: Final = [[_and(a, b) for b in range(8)] for a in range(8)]
_OR: Final = [[_or(a, b) for b in range(8)] for a in range(8)]
_NOT: Final = [(m & UNKNOWN) | (FALSE if m & TRUE else 0) | (TRUE if m & FALSE else 0) for m in range(8)]


@dataclass
class Space:
    """The cells of every fact that the conditions ask about, and how many boxes have been looked at."""

    cells: Mapping[str, tuple[Cell, ...]]
    places: Mapping[Test, int]
    limit: int = MOST_BOXES
    looked: int = field(default=0)

    @property
    def whole(self) -> dict[str, tuple[int, ...]]:
        """The box of everything."""
        return {fact: tuple(range(len(cells))) for fact, cells in self.cells.items()}

    def facts(self, box: Box) -> Facts:
        """The first point of a box, as facts."""
        found = {}
        for fact in sorted(box):
            shown = self.cells[fact][box[fact][0]].fact
            if shown is not None:
                found[fact] = shown
        return found

    def bit(self, test: Test, cell: int) -> Mask:
        """The verdict of a test in a cell."""
        return _BIT[self.cells[test.fact][cell].verdicts[self.places[test]]]

    def mask(self, cond: Cond, box: Box) -> Mask:
        """The truth values that a condition may take on a box (some of them perhaps never together)."""
        match cond:
            case Test():
                return _union(self.bit(cond, cell) for cell in box[cond.fact])
            case Not(part):
                return _NOT[self.mask(part, box)]
            case All(parts):
                joined = TRUE
                for part in parts:
                    joined = _AND[joined][self.mask(part, box)]
                return joined
            case Any(parts):
                joined = FALSE
                for part in parts:
                    joined = _OR[joined][self.mask(part, box)]
                return joined

    def split(self, conds: Iterable[Cond], box: Box) -> Iterator[dict[str, tuple[int, ...]]] | None:
        """Parts of the box on which the first undecided test is decided; true goes first. None: nothing to
        split."""
        for cond in conds:
            for _, test in leaves(cond):
                groups = {bit: [c for c in box[test.fact] if self.bit(test, c) == bit] for bit in (1, 2, 4)}
                kept = [cells for cells in groups.values() if cells]
                if len(kept) > 1:
                    return _parted(box, test.fact, kept)
        return None


def space_for(
    conds: Iterable[Cond],
    vocabulary: Vocabulary,
    start: date,
    *,
    also: Mapping[str, Callable[[FactValue], object]] = NOTHING,
    limit: int = MOST_BOXES,
) -> Space:
    """The cells for these conditions; `also` (by fact) tells apart values that answer alike but mean
    another thing.

    :raises TooComplex: too many values of one fact
    """
    by_fact: dict[str, dict[Test, None]] = {fact: {} for fact in also}
    for cond in conds:
        for _, test in leaves(cond):
            by_fact.setdefault(test.fact, {})[test] = None
    cells = {
        fact: cells_of(fact, tuple(tests), vocabulary, start, also.get(fact, lambda value: None))
        for fact, tests in by_fact.items()
    }
    places = {test: at for tests in by_fact.values() for at, test in enumerate(tests)}
    return Space(cells, places, limit)


def search(
    space: Space,
    wanted: tuple[Cond, ...],
    others: tuple[Cond, ...],
    accepts: Callable[[Facts], bool],
) -> Facts | None:
    """This will find facts on which every wanted condition is true and `accepts` says yes; None if there
    are none.

    `others` are the conditions on which the answer of `accepts` depends besides the wanted ones: where one
    of them
    is not simply false or simply true, all its tests are decided before `accepts` is asked.

    :raises TooComplex: more boxes than the limit
    """
    stack = [space.whole]
    while stack:
        box = stack.pop()
        space.looked += 1
        if space.looked > space.limit:
            raise TooComplex(f"more than {space.limit} boxes")
        masks = [space.mask(cond, box) for cond in wanted]
        if not all(mask & TRUE for mask in masks):
            continue
        open_ones = [cond for cond, mask in zip(wanted, masks, strict=True) if mask != TRUE]
        parts = (
            space.split(open_ones, box)
            or space.split(_undecided(space, others, box), box)
            or _apart(space, box)
        )
        if parts is not None:
            stack.extend(reversed(list(parts)))
        elif all(mask == TRUE for mask in masks) and accepts(space.facts(box)):
            return space.facts(box)
    return None


def _undecided(space: Space, conds: Iterable[Cond], box: Box) -> list[Cond]:
    return [cond for cond in conds if space.mask(cond, box) not in (TRUE, FALSE)]


def _apart(space: Space, box: Box) -> Iterator[dict[str, tuple[int, ...]]] | None:
    """Values that answer alike but mean other things (another street's body, another depth) are parted
    last."""
    for fact in sorted(box):
        kinds: dict[object, list[int]] = {}
        for cell in box[fact]:
            kinds.setdefault(space.cells[fact][cell].also, []).append(cell)
        if len(kinds) > 1:
            return _parted(box, fact, kinds.values())
    return None


def _parted(box: Box, fact: str, groups: Iterable[Iterable[int]]) -> Iterator[dict[str, tuple[int, ...]]]:
    return ({**box, fact: tuple(cells)} for cells in groups)

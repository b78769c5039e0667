"""The life of one subject told again from its entries, by the table: where it must stand now."""

from collections.abc import Iterable
from dataclasses import dataclass

from jishi.kernels.procedure.table import BIRTH, Procedure


@dataclass(frozen=True, slots=True)
class Told:
    """One entry: its number, its verb, and the state that it says it led to (empty: it says none)."""

    seq: int
    verb: str
    state: str = ""


@dataclass(frozen=True, slots=True)
class Replayed:
    """Where the life stands, the state it stepped aside from (empty on the road), and the numbers of the entries
    that the table does not know at their place."""

    state: str
    origin: str
    strange: tuple[int, ...]


def replay(life: Procedure, entries: Iterable[Told]) -> Replayed:
    """This will walk the entries of one subject, oldest first, through the table.

    An entry of a move leads where its row says; if it names a state, one of the rows must lead there. Entries that
    are no move of this life leave it where it is. A strange entry is believed and named: the walk goes on from the
    state that it tells.
    """
    moving = {move.trail for move in life.moves}
    state, origin, strange = BIRTH, "", []
    for entry in entries:
        rows = [m for m in (*life.moves, *life.acts) if m.trail == entry.verb and m.fits(state, origin)]
        targets = {row.target(state) for row in rows} or ({state} if entry.verb not in moving else set())
        told = entry.state or (min(targets) if len(targets) == 1 else state)
        if told not in targets:
            strange.append(entry.seq)
        if told != state:
            here, there = (s != BIRTH and life.state(s).is_aside for s in (state, told))
            origin = "" if not there else origin if here else state
            state = told
    return Replayed(state, origin, tuple(strange))

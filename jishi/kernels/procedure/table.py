"""A life written as data: states, moves, clocks, who may, who is told.

One format for every life of the platform (`README.md`). Nothing here knows what a case is.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import TypeVar

BIRTH = ""  # the state before the first move


class Chip(StrEnum):
    """How a state is shown: waiting for somebody, being worked on, held, gone back, over."""

    WAIT = "wait"
    RUN = "run"
    HOLD = "hold"
    BACK = "back"
    DONE = "done"


class Standing(StrEnum):
    """How far the table was checked against its source (40 §2)."""

    CONFIRMED = "confirmed"
    CARRIED_OVER = "carried_over"
    UNVERIFIED = "unverified"


class Suspension(StrEnum):
    """Whether a suspended life stops the clock; `IF_TOLD`: only on a ground that the caller was told."""

    YES = "yes"
    NO = "no"
    IF_TOLD = "if_told"


class Act(StrEnum):
    """What happens to a clock. `CONTINUE` runs a stopped clock on with what was left of it;
    `RESUME` does so for a paused one, leaves any other alone; `RESTART` ends the old, starts afresh."""

    START = "start"
    STOP = "stop"
    PAUSE = "pause"
    RESUME = "resume"
    CONTINUE = "continue"
    RESTART = "restart"


@dataclass(frozen=True, slots=True)
class Spoken:
    """The same words in both languages."""

    zh: str
    en: str

    def in_(self, lang: str) -> str:
        return self.en if lang.startswith("en") else self.zh


@dataclass(frozen=True, slots=True)
class State:
    code: str
    name: Spoken
    chip: Chip
    is_end: bool
    is_aside: bool  # beside the road: the life remembers the state it was entered from (its origin)
    runs: tuple[str, ...]  # at least one of these clocks runs whenever the life is here


@dataclass(frozen=True, slots=True)
class Party:
    code: str
    name: Spoken


@dataclass(frozen=True, slots=True)
class Clock:
    kind: str
    name: Spoken
    owner: str
    amount: str  # "2nh", "5wd", or relative to another clock: "promise-1hd", "handling/2"
    emergency_amount: str  # empty: as `amount`
    floor: str  # never less than this, empty: no floor
    source: str
    at_expiry: str  # a verb
    then: str  # the clock that starts when this one expires
    stopped_by_suspension: Suspension
    outlives: bool = False  # it may run on when the life beside which this one runs has ended


@dataclass(frozen=True, slots=True)
class Message:
    code: str
    to: str
    text: Spoken


@dataclass(frozen=True, slots=True)
class Move:
    """One row of the table. `to` is empty when the verb acts on clocks and leaves the state alone."""

    no: str
    verb: str
    sources: tuple[str, ...]  # empty: birth
    to: str
    origins: tuple[str, ...]  # only if the life stepped aside from one of these; empty: from any
    who: tuple[str, ...]  # party codes, or "clock:<kind>"
    guard: Spoken
    starts: tuple[str, ...]
    stops: tuple[str, ...]
    pauses: tuple[str, ...]
    resumes: tuple[str, ...]
    continues: tuple[str, ...]
    trail: str
    tells: tuple[str, ...]
    title: Spoken
    decides: tuple[str, ...]  # verbs of asking that this move answers
    evidence: tuple[str, ...]
    publishes: str

    @property
    def is_birth(self) -> bool:
        return not self.sources

    def target(self, state: str) -> str:
        return self.to or state

    def fits(self, state: str, origin: str | None) -> bool:
        here = state in self.sources if self.sources else state == BIRTH
        return here and (origin is None or not self.origins or origin in self.origins)


@dataclass(frozen=True, slots=True)
class Separation:
    """Two verbs that one person may not both do on one subject."""

    verbs: tuple[str, str]
    why: Spoken


@dataclass(frozen=True, slots=True)
class WrongMoment:
    """The answer to a verb that this state does not know, with the moves that are open instead."""

    verb: str
    state: str
    open_moves: tuple[Move, ...]


class OriginNeeded(LookupError):
    """The verb leads to different states, by the state that the life stepped aside from."""


class ConflictingClocks(ValueError):
    """Two moves made together want different things of one clock."""


@dataclass(frozen=True, slots=True)
class Procedure:
    code: str
    name: Spoken
    law: tuple[str, ...]
    edition: str
    valid_from: date
    jurisdiction: str
    standing: Standing
    outside: tuple[str, ...]  # verbs (with a dot) and clocks named here that belong to another life
    states: tuple[State, ...]
    parties: tuple[Party, ...]
    clocks: tuple[Clock, ...]
    messages: tuple[Message, ...]
    moves: tuple[Move, ...]
    acts: tuple[Move, ...]  # verbs that touch clocks and do not move the life
    separations: tuple[Separation, ...]

    @property
    def ends(self) -> frozenset[str]:
        return frozenset(s.code for s in self.states if s.is_end)

    @property
    def open_states(self) -> frozenset[str]:
        return frozenset(s.code for s in self.states if not s.is_end)

    def state(self, code: str) -> State:
        return _named(self.states, "code", code)

    def party(self, code: str) -> Party:
        return _named(self.parties, "code", code)

    def clock(self, kind: str) -> Clock:
        return _named(self.clocks, "kind", kind)

    def message(self, code: str) -> Message:
        return _named(self.messages, "code", code)

    def open_moves(self, state: str, origin: str | None = None) -> tuple[Move, ...]:
        """This will list what may follow in `state` (`BIRTH`: what may begin), in the order of the table."""
        return tuple(m for m in self.moves if m.fits(state, origin))

    def move(self, verb: str, state: str, origin: str | None = None) -> Move | WrongMoment:
        """This will find the row for `verb` in `state`.

        `origin` is the state that the life stepped aside from; it matters only to verbs that go back there.
        :raises OriginNeeded: when the origin alone decides and was not given.
        """
        rows = [m for m in (*self.moves, *self.acts) if m.verb == verb and m.fits(state, origin)]
        if not rows:
            return WrongMoment(verb, state, self.open_moves(state, origin))
        if len(rows) > 1:
            raise OriginNeeded(f"{verb} from {state}: say where the life stepped aside from")
        return rows[0]

    def may_not_also(self, verb: str) -> frozenset[str]:
        """This will name the verbs closed to the person who did `verb` on the same subject."""
        pairs = [p.verbs for p in self.separations if verb in p.verbs]
        return frozenset(b if a == verb else a for a, b in pairs)


def effects(moves: Iterable[Move]) -> dict[str, Act]:
    """This will say what happens to each clock when the moves are made in one act.

    A case and its handover move together and may name the same clock: named twice alike counts once.
    Stopped by one and started by another means: the old one ends, a fresh one runs.
    :raises ConflictingClocks: when no single act is meant.
    """
    wanted: dict[str, set[Act]] = {}
    for move in moves:
        for act, kinds in clock_columns(move):
            for kind in kinds:
                wanted.setdefault(kind, set()).add(act)
    return {kind: _one_act(kind, acts) for kind, acts in wanted.items()}


def clock_columns(move: Move) -> tuple[tuple[Act, tuple[str, ...]], ...]:
    return (
        (Act.STOP, move.stops),
        (Act.PAUSE, move.pauses),
        (Act.RESUME, move.resumes),
        (Act.CONTINUE, move.continues),
        (Act.START, move.starts),
    )


def _one_act(kind: str, acts: set[Act]) -> Act:
    if acts == {Act.START, Act.STOP}:
        return Act.RESTART
    if len(acts) > 1:
        raise ConflictingClocks(f"{kind}: {', '.join(sorted(acts))}")
    return next(iter(acts))


_Row = TypeVar("_Row", State, Party, Clock, Message)


def _named(rows: Iterable[_Row], key: str, code: str) -> _Row:
    for row in rows:
        if getattr(row, key) == code:
            return row
    raise KeyError(code)

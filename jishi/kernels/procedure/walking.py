"""Every road through a table, with what the clocks do on it.

A place on a road is a state, the state it stepped aside from, and the standing of the watched clocks.
There are finitely many, so breadth first finds each one, and the shortest road to it.
"""

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from jishi.kernels.procedure.table import BIRTH, Act, Clock, Move, Procedure, effects


class Hand(StrEnum):
    """Where a clock stands."""

    NEVER = "never"
    RUNNING = "running"
    PAUSED = "paused"
    STOPPED = "stopped"

    @property
    def is_open(self) -> bool:
        return self in (Hand.RUNNING, Hand.PAUSED)


AFTER: dict[Act, dict[Hand, Hand]] = {
    Act.START: dict.fromkeys(Hand, Hand.RUNNING),
    Act.RESTART: dict.fromkeys(Hand, Hand.RUNNING),
    Act.STOP: {
        Hand.NEVER: Hand.NEVER,
        Hand.RUNNING: Hand.STOPPED,
        Hand.PAUSED: Hand.STOPPED,
        Hand.STOPPED: Hand.STOPPED,
    },
    Act.PAUSE: {h: Hand.PAUSED if h is Hand.RUNNING else h for h in Hand},
    Act.RESUME: {h: Hand.RUNNING if h is Hand.PAUSED else h for h in Hand},
    Act.CONTINUE: {h: Hand.RUNNING if h is Hand.STOPPED else h for h in Hand},
}


@dataclass(frozen=True, slots=True)
class Place:
    state: str
    origin: str  # empty on the road itself
    hands: tuple[Hand, ...]


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a road: the verb (or `clock:<kind>`, an expiry that starts another clock), where it led."""

    before: Place
    label: str
    move: Move | None
    after: Place


class Walk:
    """All places that can be reached while `kinds` are watched, each with its shortest road."""

    def __init__(self, procedure: Procedure, kinds: Iterable[str]) -> None:
        self.kinds = tuple(kinds)
        self._asides = frozenset(s.code for s in procedure.states if s.is_aside)
        self._clocks = {c.kind: c for c in procedure.clocks}
        self._rows: dict[str, list[tuple[Move, dict[str, Act]]]] = {}
        for move in (*procedure.moves, *procedure.acts):
            acts = effects([move])
            for source in move.sources or (BIRTH,):
                self._rows.setdefault(source, []).append((move, acts))
        start = Place(BIRTH, "", tuple(Hand.NEVER for _ in self.kinds))
        self.steps: list[Step] = []
        self._first: dict[Place, Step | None] = {start: None}
        waiting = deque([start])
        while waiting:
            for step in self._from(waiting.popleft()):
                self.steps.append(step)
                if step.after not in self._first:
                    self._first[step.after] = step
                    waiting.append(step.after)

    @property
    def places(self) -> tuple[Place, ...]:
        return tuple(self._first)

    def road(self, place: Place) -> tuple[str, ...]:
        """This will tell the shortest road to `place` as labels, from birth."""
        labels: list[str] = []
        step = self._first[place]
        while step is not None:
            labels.append(step.label)
            step = self._first[step.before]
        return tuple(reversed(labels))

    def _from(self, place: Place) -> Iterator[Step]:
        for move, acts in self._rows.get(place.state, []):
            if move.origins and place.origin not in move.origins:
                continue
            hands = tuple(
                AFTER[acts[k]][h] if k in acts else h for k, h in zip(self.kinds, place.hands, strict=True)
            )
            target = move.target(place.state)
            yield Step(place, move.verb, move, Place(target, self._origin(place, target), hands))
        for i, kind in enumerate(self.kinds):
            yield from self._expiry(place, i, self._clocks.get(kind))

    def _origin(self, place: Place, target: str) -> str:
        if target not in self._asides:
            return ""
        return place.origin if place.state in self._asides else place.state

    def _expiry(self, place: Place, i: int, clock: Clock | None) -> Iterator[Step]:
        if clock is None or clock.then not in self.kinds or place.hands[i] is not Hand.RUNNING:
            return
        j = self.kinds.index(clock.then)
        if not place.hands[j].is_open:
            hands = (*place.hands[:j], Hand.RUNNING, *place.hands[j + 1 :])
            yield Step(place, f"clock:{clock.kind}", None, Place(place.state, place.origin, hands))

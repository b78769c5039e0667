"""What the home pages show of the rooms below. `config/wiring.py` names the sources; nothing is made up here.

A source that is not wired is a section that is not drawn.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from jishi.foundation.actor import Actor


@dataclass(frozen=True, slots=True)
class Matter:
    """One matter of a resident: what, what is being waited for, the promised day, where to read it."""

    title: str
    now_at: str
    url: str
    answer_by: date | None = None
    aside: str = ""


@dataclass(frozen=True, slots=True)
class Around:
    """What residents of one area said in one period; four counts that add up, and the matters named most."""

    area: str
    from_day: date
    to_day: date
    said: int
    answered: int
    overdue: int
    running: int
    most: Sequence[tuple[str, int]] = ()
    how_url: str = ""


@dataclass(frozen=True, slots=True)
class Offered:
    """One thing a person may ask for, as a tile."""

    label: str
    url: str
    icon: str = "file"


@dataclass(frozen=True, slots=True)
class Figure:
    """One count on a board: how many, of what, where they are (empty where no list shows just these).

    `kind`: near or late where the clock presses.
    """

    label: str
    n: int
    url: str = ""
    kind: str = ""


@dataclass(frozen=True, slots=True)
class First:
    """One thing to begin with: what, where, the clock that presses (as the chip reads it) and its name."""

    title: str
    url: str
    clock: Any = None
    clock_name: Any = ""  # a word, or a thing with .zh and .en
    urgency: str = ""


@dataclass(frozen=True, slots=True)
class Board:
    """What one office has before it today: counts, what has waited longest, where to begin."""

    title: str
    url: str
    go: str
    figures: Sequence[Figure]
    first: Sequence[First] = ()
    oldest: datetime | None = None
    empty: str = ""


@dataclass(frozen=True, slots=True)
class Sources:
    """Where the figures come from. Each takes the actor and the moment; absent means: not drawn."""

    matters: Callable[[Actor, datetime], Sequence[Matter]] | None = None
    around: Callable[[Actor, datetime], Around | None] | None = None
    counts: Callable[[Actor, datetime], Mapping[str, int]] | None = None
    boards: Callable[[Actor, datetime], Sequence[Board]] | None = None
    offers: Callable[[Actor, datetime], Sequence[Offered]] | None = None
    speak_up: Callable[[Any], Mapping[str, Any]] | None = (
        None  # request -> context of cases/parts/speak_up.html
    )


@dataclass(slots=True)
class _Wired:
    sources: Sources


_wired = _Wired(Sources())


def wire(sources: Sources) -> None:
    """This will name the sources, once, at start."""
    _wired.sources = sources


def sources() -> Sources:
    """This will give what is wired."""
    return _wired.sources

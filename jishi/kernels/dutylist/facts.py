"""What is known about one matter: facts, each with the source it came from.

A fact that is not in the mapping (or whose value is None or of the wrong type) is *unknown*, never false.
Moments are aware datetimes **in the local zone of the place**: the kernel reads their wall clock and
converts nothing.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Literal, TypeAlias

SourceKind: TypeAlias = Literal["said", "derived", "guessed", "entered"]
FactType: TypeAlias = Literal["code", "set", "place", "ref", "number", "moment", "bool"]
Json: TypeAlias = None | bool | int | float | str | list["Json"] | dict[str, "Json"]

ANSWER = "answers."
FACT_TYPES: Mapping[str, FactType] = {
    "matter": "code",
    "caller_kind": "code",
    "channel": "code",
    "urgency": "code",
    "kind": "code",
    "tags": "set",
    "risk_marks": "set",
    "place": "place",
    "facility_owner": "ref",
    "compound_manager": "ref",
    "road_owner": "ref",
    "reports_joined": "number",
    "said_at": "moment",
    "has_photo": "bool",
    "in_emergency": "bool",
    "same_as_earlier": "bool",
}
ANSWER_TYPES: tuple[FactType, ...] = ("code", "set", "number")


@dataclass(frozen=True, slots=True)
class Source:
    """Where a fact's value comes from; `score` (0–1) only for what triage guessed."""

    kind: SourceKind
    text: str = ""
    score: float | None = None

    def __post_init__(self) -> None:
        if self.score is not None and not 0 <= self.score <= 1:
            raise ValueError("a score lies between 0 and 1")


@dataclass(frozen=True, slots=True)
class Place:
    """One place: divisions from the province down (12-digit codes), grid, zones, kinds.

    `exact=False` says that the place is known only as far as its divisions go: what is not named in `grid`,
    `zones`, `kinds` is then unknown, not false. A division below the last one named is always unknown.
    """

    divisions: tuple[str, ...] = ()
    community: str | None = None
    grid: str | None = None
    zones: frozenset[str] = frozenset()
    kinds: frozenset[str] = frozenset()
    exact: bool = True

    @property
    def chain(self) -> tuple[str, ...]:
        """The divisions with the community at the end, if it is known."""
        if self.community and self.community not in self.divisions:
            return (*self.divisions, self.community)
        return self.divisions


@dataclass(frozen=True, slots=True)
class Ref:
    """A body as a fact: who owns the road, who manages the compound; `kind` as the bodies room names it."""

    code: str
    kind: str = ""


@dataclass(frozen=True, slots=True)
class Moment:
    """An aware local moment; `working` is what the calendar of the place says about it, None when not
    asked."""

    at: datetime
    working: bool | None = None


FactValue: TypeAlias = (
    str | bool | int | float | Decimal | AbstractSet[str] | Place | Ref | Moment | datetime | None
)


@dataclass(frozen=True, slots=True)
class Fact:
    """A value and its source."""

    value: FactValue
    source: Source = Source("entered")


Facts: TypeAlias = Mapping[str, Fact]


def said(value: FactValue, text: str = "") -> Fact:
    """A fact that the caller said."""
    return Fact(value, Source("said", text))


def derived(value: FactValue, text: str = "") -> Fact:
    """A fact that follows from the place or from a register."""
    return Fact(value, Source("derived", text))


def guessed(value: FactValue, score: float, text: str = "") -> Fact:
    """A fact that triage guessed, with its score."""
    return Fact(value, Source("guessed", text, score))


def entered(value: FactValue, text: str = "") -> Fact:
    """A fact that a person entered or chose."""
    return Fact(value, Source("entered", text))


def type_of(fact: str) -> FactType | None:
    """The one type of a named fact; None for an answer (its question says) and for an unknown name."""
    return FACT_TYPES.get(fact)


def is_answer(fact: str) -> bool:
    """Is this the answer to a matter's extra question?"""
    return fact.startswith(ANSWER) and len(fact) > len(ANSWER)


def number(value: object) -> Decimal | int | None:
    """The value as an exact number; None if it is none (a bool is no number, nor is infinity)."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return value
    if isinstance(value, float):
        value = Decimal(repr(value))
    if isinstance(value, Decimal) and value.is_finite():
        return value
    return None


def number_json(value: Decimal | int) -> int | float:
    """An integer where it is one, else a float; both print the same way for the same number."""
    return int(value) if value == int(value) else float(value)


def value_json(value: FactValue) -> Json:
    """The value as plain JSON, the same for equal values whatever their order or spelling."""
    if value is None or isinstance(value, str | bool):
        return value
    if isinstance(value, Place):
        return {
            "divisions": list(value.chain),
            "grid": value.grid,
            "zones": list[Json](sorted(value.zones)),
            "kinds": list[Json](sorted(value.kinds)),
            "exact": value.exact,
        }
    if isinstance(value, Ref):
        return {"body": value.code, "kind": value.kind}
    if isinstance(value, Moment):
        return {"at": value.at.isoformat(), "working": value.working}
    if isinstance(value, datetime):
        return {"at": value.isoformat(), "working": None}
    if isinstance(value, AbstractSet):
        return list[Json](sorted(str(v) for v in value))
    exact = number(value)
    return None if exact is None else number_json(exact)


def source_json(source: Source) -> Json:
    """The source as plain JSON."""
    page: dict[str, Json] = {"kind": source.kind, "text": source.text}
    if source.score is not None:
        page["score"] = round(float(source.score), 6)
    return page


def facts_json(facts: Facts) -> dict[str, Json]:
    """All facts as plain JSON, by name."""
    return {
        name: {"value": value_json(facts[name].value), "source": source_json(facts[name].source)}
        for name in sorted(facts)
    }


def canonical(page: object) -> str:
    """JSON with sorted keys, no spaces, characters as they are: equal pages give equal bytes."""
    return json.dumps(page, ensure_ascii=False, sort_keys=True, separators=(",", ":"))

"""The words a condition may use, and the check of a condition against them for its whole period."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Final, Literal, TypeAlias

from .conditions import Cond, Test, leaves
from .facts import ANSWER, Facts, Json, facts_json, is_answer, type_of
from .items import COMMUNITY, STREET
from .operators import KNOWN, type_by_operator

Severity: TypeAlias = Literal["blocker", "warning"]
Period: TypeAlias = tuple[date, date | None]
_PLACES: Final = {"in_division": "division", "in_grid": "grid", "in_zone": "zone", "in_kind": "kind"}


@dataclass(frozen=True, slots=True)
class Question:
    """An extra question of a matter: a choice, several choices, or a number with a unit and bounds."""

    type: Literal["code", "set", "number"]
    choices: frozenset[str] = frozenset()
    unit: str = ""
    minimum: int | Decimal | None = None
    maximum: int | Decimal | None = None
    whole: bool = False


@dataclass(frozen=True, slots=True)
class Finding:
    """What a check found: code, severity, items it is about, where in the condition, what; facts that prove
    it."""

    code: str
    severity: Severity
    items: tuple[tuple[str, int, str], ...] = ()
    path: str = ""
    detail: str = ""
    witness: Facts | None = None
    day: date | None = None

    def page(self) -> dict[str, Json]:
        """The finding as JSON."""
        return {
            "code": self.code,
            "severity": self.severity,
            "items": [list(item) for item in self.items],
            "path": self.path,
            "detail": self.detail,
            "witness": None if self.witness is None else dict(facts_json(self.witness)),
            "day": None if self.day is None else self.day.isoformat(),
        }


@dataclass(frozen=True)
class Vocabulary:
    """What exists: matters, divisions, grids and zones (with where they lie), kinds, bodies, questions,
    choices.

    `grids`: grid → its division. `zones`: zone → the divisions it touches (empty: anywhere). `bodies`: body
    → kind.
    `values`: choices of caller_kind, channel, urgency, kind, risk_marks. `lives`: "body:X", "matter:05.02",
    "zone:Z", "division:…", "grid:…" → half-open period in which it exists; not named means always.
    """

    matters: Collection[str] = frozenset()
    divisions: Collection[str] = frozenset()
    grids: Mapping[str, str] = field(default_factory=dict)
    zones: Mapping[str, Collection[str]] = field(default_factory=dict)
    kinds: Collection[str] = frozenset()
    bodies: Mapping[str, str] = field(default_factory=dict)
    tags: Collection[str] = frozenset()
    questions: Mapping[str, Question] = field(default_factory=dict)
    values: Mapping[str, Collection[str]] = field(default_factory=dict)
    lives: Mapping[str, tuple[date | None, date | None]] = field(default_factory=dict)

    def known(self, space: str) -> Collection[str]:
        """All words of a space: matter, division, grid, zone, kind, body, body_kind, tag, or a fact's
        choices."""
        spaces: Mapping[str, Collection[str]] = {
            "matter": self.matters,
            "division": self.divisions,
            "grid": self.grids,
            "zone": self.zones,
            "kind": self.kinds,
            "body": self.bodies,
            "body_kind": frozenset(self.bodies.values()),
            "tag": self.tags,
        }
        if space.startswith(ANSWER):
            question = self.questions.get(space[len(ANSWER) :])
            return question.choices if question else frozenset()
        return (
            spaces[space] if space in spaces else self.values.get(space.removeprefix("value."), frozenset())
        )


def space_of(test: Test) -> str:
    """The space that the codes of a test belong to; "" where its value is no code."""
    fact_type = type_of(test.fact) or type_by_operator(test.op)
    if test.op in (KNOWN, "empty") or fact_type in ("number", "moment", "bool", None):
        return ""
    if fact_type == "place":
        return _PLACES[test.op]
    if fact_type == "ref":
        return "body_kind" if test.op == "is_kind" else "body"
    if test.fact == "tags":
        return "tag"
    return test.fact if test.fact == "matter" or is_answer(test.fact) else f"value.{test.fact}"


def codes_of(test: Test) -> tuple[str, ...]:
    """The codes a test names, as they stand."""
    if not space_of(test):
        return ()
    return tuple(str(v) for v in test.value) if isinstance(test.value, tuple) else (str(test.value),)


def validate(cond: Cond, vocabulary: Vocabulary, period: Period | None = None) -> list[Finding]:
    """This will name every word of the condition that does not exist, or not for the whole period; [] when
    all do."""
    found: list[Finding] = []
    for path, test in leaves(cond):
        if is_answer(test.fact):
            found += _question_findings(path, test, vocabulary)
        space = space_of(test)
        if space.startswith(ANSWER) and test.fact[len(ANSWER) :] not in vocabulary.questions:
            continue
        for at, code in enumerate(codes_of(test)):
            where = f"{path.rstrip('/')}/value" + (f"/{at}" if isinstance(test.value, tuple) else "")
            found += word_findings(space, code, vocabulary, period, where)
    return found


def word_findings(
    space: str, code: str, vocabulary: Vocabulary, period: Period | None, path: str
) -> Iterable[Finding]:
    """One word: does it exist, and as long as it is needed?"""
    name = "value" if space.startswith((ANSWER, "value.")) else space
    if code in (STREET, COMMUNITY) and space == "body":
        return
    if code not in vocabulary.known(space):
        yield Finding(f"unknown_{name}", "blocker", path=path, detail=f"there is no {name} {code!r}")
        return
    start, end = vocabulary.lives.get(f"{space}:{code}", (None, None))
    if period is None:
        return
    if start is not None and start > period[0]:
        yield Finding(f"{name}_begins_later", "blocker", path=path, detail=f"{code} exists from {start}")
    if end is not None and (period[1] is None or end < period[1]):
        yield Finding(f"{name}_ends_earlier", "blocker", path=path, detail=f"{code} ends on {end}")


def _question_findings(path: str, test: Test, vocabulary: Vocabulary) -> Iterable[Finding]:
    name = test.fact[len(ANSWER) :]
    question = vocabulary.questions.get(name)
    if question is None:
        where = f"{path.rstrip('/')}/fact"
        yield Finding("unknown_question", "blocker", path=where, detail=f"no matter asks {name!r}")
        return
    wanted = type_by_operator(test.op)
    if wanted is not None and wanted != question.type:
        detail = f"{name} is answered by a {question.type}; {test.op} is for a {wanted}"
        yield Finding("wrong_operator", "blocker", path=f"{path.rstrip('/')}/op", detail=detail)
    if test.unit and test.unit != question.unit:
        detail = f"{name} is asked in {question.unit or 'no unit'}, not in {test.unit}"
        yield Finding("wrong_unit", "blocker", path=f"{path.rstrip('/')}/unit", detail=detail)

"""The cells of a fact: its possible values sorted by what a given set of tests says about them.

Two values that answer every test alike are one cell, shown by one concrete value; "not known" is a value as
well.
So a condition over any facts is a condition over finitely many cells, and looking at every cell is exact.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, timezone
from decimal import Decimal
from itertools import chain, combinations, product
from typing import Final

from .conditions import Test
from .evaluation import Truth, judge
from .facts import ANSWER, Fact, FactType, FactValue, Moment, Place, Ref, Source, number, type_of
from .operators import division_head, type_by_operator
from .vocabulary import Question, Vocabulary, codes_of, space_of

MOST_VALUES: Final = 50_000
HORIZON: Final = 28 * 366  # every day of the year has then met every weekday
SUPPOSED: Final = Source("entered", "假设")
LOCAL: Final = timezone(timedelta(hours=8))
OTHER: Final = "~"  # a code that nothing names; sorts last


class TooComplex(Exception):
    """More cells or boxes than the limit: the item wants a split."""


@dataclass(frozen=True, slots=True)
class Cell:
    """One value standing for all that answer the same; None: not known."""

    value: FactValue
    verdicts: tuple[Truth, ...]
    also: object = None

    @property
    def fact(self) -> Fact | None:
        """The value as a fact of a witness."""
        return None if self.value is None else Fact(self.value, SUPPOSED)


def cells_of(
    fact: str,
    tests: Sequence[Test],
    vocabulary: Vocabulary,
    start: date,
    also: Callable[[FactValue], object] = lambda value: None,
) -> tuple[Cell, ...]:
    """This will give one cell for each way to answer the tests (and for each `also`), unknown last.

    :raises TooComplex: more than 50,000 values would have to be looked at
    """
    found: dict[tuple[object, ...], Cell] = {}
    for value in chain(_values(fact, tests, vocabulary, start), (None,)):
        facts = {} if value is None else {fact: Fact(value, SUPPOSED)}
        verdicts = tuple(judge(test, facts) for test in tests)
        extra = also(value)
        found.setdefault((verdicts, extra, value is None), Cell(value, verdicts, extra))
    return tuple(found.values())


def _values(fact: str, tests: Sequence[Test], vocabulary: Vocabulary, start: date) -> Iterable[FactValue]:
    makers: dict[FactType, Callable[[str, Sequence[Test], Vocabulary, date], Iterable[FactValue]]] = {
        "code": _codes,
        "set": _sets,
        "place": _places,
        "ref": _refs,
        "number": _numbers,
        "moment": _moments,
        "bool": lambda *_: (True, False),
    }
    return makers[_type(fact, tests, vocabulary)](fact, tests, vocabulary, start)


def _type(fact: str, tests: Sequence[Test], vocabulary: Vocabulary) -> FactType:
    named = type_of(fact)
    if named is not None:
        return named
    question = vocabulary.questions.get(fact.removeprefix(ANSWER))
    if question is not None:
        return question.type
    return next((kind for test in tests if (kind := type_by_operator(test.op))), "code")


def _mentioned(tests: Sequence[Test], space: str) -> list[str]:
    return sorted({code for test in tests if space_of(test) == space for code in codes_of(test)})


def _space(fact: str) -> str:
    if fact == "tags":
        return "tag"
    return fact if fact == "matter" or fact.startswith(ANSWER) else f"value.{fact}"


def _codes(fact: str, tests: Sequence[Test], vocabulary: Vocabulary, start: date) -> Iterable[FactValue]:
    """The words that exist; where none are listed, those that are mentioned, one below each, and one
    other."""
    listed = vocabulary.known(_space(fact))
    if listed:
        return sorted(listed)
    named = _mentioned(tests, _space(fact))
    below = [f"{code}.{OTHER}" for test in tests if test.op == "under" for code in codes_of(test)]
    return sorted({*named, *below, OTHER})


def _sets(fact: str, tests: Sequence[Test], vocabulary: Vocabulary, start: date) -> Iterable[FactValue]:
    listed = vocabulary.known(_space(fact))
    named = [code for code in _mentioned(tests, _space(fact)) if not listed or code in listed]
    rest = next((code for code in sorted(listed) if code not in named), None) if listed else OTHER
    words = [*named, rest] if rest else named
    return (frozenset(each) for each in _subsets(words))


def _subsets(words: Sequence[str]) -> Iterable[tuple[str, ...]]:
    if 2 ** len(words) > MOST_VALUES:
        raise TooComplex(f"{len(words)} words of one set give too many combinations")
    return chain.from_iterable(combinations(words, size) for size in range(len(words) + 1))


def _refs(fact: str, tests: Sequence[Test], vocabulary: Vocabulary, start: date) -> Iterable[FactValue]:
    if vocabulary.bodies:
        return [Ref(code, vocabulary.bodies[code]) for code in sorted(vocabulary.bodies)]
    codes = [*_mentioned(tests, "body"), OTHER]
    kinds = [*_mentioned(tests, "body_kind"), OTHER]
    return [Ref(code, kind) for code in codes for kind in kinds]


def _numbers(fact: str, tests: Sequence[Test], vocabulary: Vocabulary, start: date) -> Iterable[FactValue]:
    """Every bound, a number between each two, one below and one above all; inside what the question
    allows."""
    question = vocabulary.questions.get(fact.removeprefix(ANSWER))
    if fact == "reports_joined":
        question = Question("number", minimum=1, whole=True)
    bounds: set[Decimal] = set()
    for test in tests:
        values = test.value if isinstance(test.value, tuple) else (test.value,)
        bounds.update(Decimal(exact) for each in values if (exact := number(each)) is not None)
    limits = (question.minimum, question.maximum) if question else (None, None)
    bounds.update(Decimal(limit) for limit in limits if limit is not None)
    whole = question is not None and question.whole
    low, high = limits
    for value in _around(sorted(bounds) or [Decimal(0)], whole=whole):
        if (low is None or value >= low) and (high is None or value <= high):
            yield value


def _around(bounds: Sequence[Decimal], *, whole: bool) -> Iterable[Decimal]:
    if whole:
        floors = {
            bound.to_integral_value(rounding="ROUND_FLOOR") + step for bound in bounds for step in (-1, 0, 1)
        }
        yield from sorted(floors)
        return
    yield bounds[0] - 1
    for low, high in zip(bounds, bounds[1:], strict=False):
        yield low
        yield (low + high) / 2
    yield bounds[-1]
    yield bounds[-1] + 1


def _moments(fact: str, tests: Sequence[Test], vocabulary: Vocabulary, start: date) -> Iterable[FactValue]:
    days = _days(tests, start)
    clocks = {"00:00"} | {str(each) for test in tests if test.op == "time_between" for each in _pair(test)}
    minutes = [time.fromisoformat(clock) for clock in sorted(clocks)]
    workings: tuple[bool | None, ...] = (None,)
    if any(test.op == "is_working" for test in tests):
        workings = (True, False, None)
    for day, minute, working in product(days, minutes, workings):
        yield Moment(datetime.combine(day, minute, LOCAL), working)


def _pair(test: Test) -> tuple[object, ...]:
    return test.value if isinstance(test.value, tuple) else (test.value,)


def _days(tests: Sequence[Test], start: date) -> list[date]:
    """Days enough for every combination of period, season and weekday that exists."""
    marks = {date.fromisoformat(str(each)) for test in tests if test.op in _DATED for each in _pair(test)}
    starts = sorted({start, *marks, *(mark + timedelta(1) for mark in marks)})
    first = starts[0] - timedelta(HORIZON)
    seasons = any(test.op == "season_between" for test in tests)
    weekdays = any(test.op == "weekday_in" for test in tests)
    span = HORIZON if seasons and weekdays else 1462 * 2 if seasons else 7 if weekdays else 1
    day_tests = [test for test in tests if test.op in (*_DATED, "season_between", "weekday_in")]
    found: dict[tuple[Truth, ...], date] = {}
    for low, high in zip([first, *starts], [*starts, date.max], strict=True):
        for step in range(min(span, (high - low).days)):
            day = low + timedelta(step)
            at = {"said_at": Fact(Moment(datetime.combine(day, time(), LOCAL)), SUPPOSED)}
            found.setdefault(tuple(judge(test, at) for test in day_tests), day)
    return list(found.values())


_DATED: Final = ("before", "after", "between_days")


def _places(fact: str, tests: Sequence[Test], vocabulary: Vocabulary, start: date) -> Iterable[FactValue]:
    """Every division that exists, each grid in its division, each set of zones and kinds that can meet
    there."""
    divisions = set(vocabulary.divisions) | set(_mentioned(tests, "division"))
    grids: list[str | None] = [*_mentioned(tests, "grid"), None]
    zones, kinds = _mentioned(tests, "zone"), _mentioned(tests, "kind")
    if any(test.op == "in_grid" for test in tests):
        grids.append(OTHER)
    marks = list(product(_subsets(zones), _subsets(kinds)))
    if len(marks) * max(1, len(grids)) * 2 * max(1, len(_plain(divisions))) > MOST_VALUES * 4:
        raise TooComplex("too many zones, kinds and divisions meet")
    for grid, (in_zones, in_kinds), exact in product(grids, marks, (True, False)):
        home = vocabulary.grids.get(grid) if grid else None
        for chained in [_chain(home)] if home else _plain(divisions):
            if all(_can_meet(zone, chained, vocabulary) for zone in in_zones):
                yield Place(chained, None, grid, frozenset(in_zones), frozenset(in_kinds), exact)


def _plain(divisions: Iterable[str]) -> list[tuple[str, ...]]:
    return [_chain(code) for code in sorted(divisions)] or [()]


def _chain(code: str) -> tuple[str, ...]:
    head = division_head(code)
    return tuple(head[:size].ljust(12, "0") for size in (2, 4, 6, 9, 12) if size <= len(head))


def _can_meet(zone: str, chained: tuple[str, ...], vocabulary: Vocabulary) -> bool:
    """A zone lies in the divisions it names, in those above them, and may lie in those below."""
    homes = vocabulary.zones.get(zone, ())
    if not homes or not chained:
        return True
    last = division_head(chained[-1])
    return any(last.startswith(division_head(home)) or division_head(home).startswith(last) for home in homes)

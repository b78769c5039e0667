"""The closed table of operators: which exist for which type of fact, what value they take, what they answer.

A judge answers True, False or None (unknown) and cannot raise: a value of the wrong type is unknown.
Days, times and seasons stay ISO text ("2026-10-01", "22:00", "06-01"): ISO text sorts as the calendar does.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from functools import lru_cache
from typing import TypeAlias, cast

from .facts import ANSWER_TYPES, FactType, FactValue, Json, Moment, Place, Ref, is_answer, number, type_of

Number: TypeAlias = int | Decimal
Value: TypeAlias = None | bool | int | Decimal | str | tuple[str, ...] | tuple[Number, ...]
Reader: TypeAlias = Callable[[Json], Value]
Judge: TypeAlias = Callable[[FactValue, Value], bool | None]

LONGEST_CODE = 100
LONGEST_LIST = 500
LARGEST = 10**15
_CODE = re.compile(r"[^\s\x00-\x1f\x7f]+(?: [^\s\x00-\x1f\x7f]+)*")
_DIVISION = re.compile(r"[0-9]{12}")
_TIME = re.compile(r"(?:[01][0-9]|2[0-3]):[0-5][0-9]")


class BadValue(ValueError):
    """A test's value that its operator does not take; `code` names the fault, `at` the place inside the
    value."""

    def __init__(self, code: str, detail: str, at: str = "") -> None:
        super().__init__(detail)
        self.code, self.detail, self.at = code, detail, at


# ---- readers: JSON → value, or BadValue -------------------------------------------------------------------


def _code(raw: Json) -> str:
    if not isinstance(raw, str):
        raise BadValue("wrong_type", "a code (text) is needed")
    if len(raw) > LONGEST_CODE or not _CODE.fullmatch(raw):
        raise BadValue("bad_code", f"{raw[:LONGEST_CODE]!r} is no code")
    return raw


def _division(raw: Json) -> str:
    code = _code(raw)
    if not _DIVISION.fullmatch(code):
        raise BadValue("bad_code", f"{code!r} is no division code of 12 digits")
    return code


def _many(one: Callable[[Json], str]) -> Reader:
    def read(raw: Json) -> tuple[str, ...]:
        if not isinstance(raw, list):
            raise BadValue("wrong_type", "a list of codes is needed")
        if not raw:
            raise BadValue("empty_list", "the list names nothing")
        if len(raw) > LONGEST_LIST:
            raise BadValue("too_many_values", f"a list holds at most {LONGEST_LIST} values")
        codes = []
        for at, each in enumerate(raw):
            try:
                codes.append(one(each))
            except BadValue as fault:
                raise BadValue(fault.code, fault.detail, f"/{at}") from fault
        if len(set(codes)) < len(codes):
            raise BadValue("duplicate_value", "a value stands in the list twice")
        return tuple(sorted(codes))

    return read


def _one_or_many(one: Callable[[Json], str]) -> Reader:
    many = _many(one)
    return lambda raw: many(raw) if isinstance(raw, list) else one(raw)


def _truth(raw: Json) -> bool:
    if not isinstance(raw, bool):
        raise BadValue("wrong_type", "true or false is needed")
    return raw


def _nothing(raw: Json) -> None:
    if raw not in (None, True):
        raise BadValue("wrong_type", "this operator takes no value")


def _number(raw: Json) -> Number:
    exact: Number | None = number(raw)
    if exact is None:
        raise BadValue(
            "wrong_type" if not isinstance(raw, float) else "bad_number", "a finite number is needed"
        )
    if not -LARGEST < exact < LARGEST:
        raise BadValue("bad_number", "the number is too large")
    return int(exact) if exact == int(exact) else exact


def _pair(raw: Json) -> list[Json]:
    if not isinstance(raw, list) or len(raw) != 2:
        raise BadValue("wrong_type", "a pair [from, to] is needed")
    return raw


def _numbers(raw: Json) -> tuple[Number, ...]:
    first, second = _pair(raw)
    if Decimal(_number(first)) > Decimal(_number(second)):
        raise BadValue("bad_range", "the range is empty: from is above to")
    return (_number(first), _number(second))


def _day(raw: Json) -> str:
    if not isinstance(raw, str):
        raise BadValue("wrong_type", "a day such as 2026-10-01 is needed")
    try:
        if date.fromisoformat(raw).isoformat() == raw:
            return raw
    except ValueError:
        pass
    raise BadValue("bad_day", f"{raw[:40]!r} is no day such as 2026-10-01")


def _days(raw: Json) -> tuple[str, ...]:
    first, last = [_day(each) for each in _pair(raw)]
    if first > last:
        raise BadValue("bad_range", "the period is empty: from is after to")
    return (first, last)


def _clock(raw: Json) -> str:
    if not isinstance(raw, str) or not _TIME.fullmatch(raw):
        raise BadValue("bad_time", "a time such as 22:00 is needed")
    return raw


def _clocks(raw: Json) -> tuple[str, ...]:
    first, last = (_clock(each) for each in _pair(raw))
    if first == last:
        raise BadValue(
            "bad_range", "from and to are the same moment: say the whole day by leaving the test out"
        )
    return (first, last)


def _season_day(raw: Json) -> str:
    if isinstance(raw, str) and len(raw) == 5:
        try:
            date.fromisoformat(f"2024-{raw}")  # a leap year, so that 02-29 is a day
        except ValueError:
            pass
        else:
            return raw
    raise BadValue("bad_season", "a day of the year such as 06-01 is needed")


def _season(raw: Json) -> tuple[str, ...]:
    first, last = (_season_day(each) for each in _pair(raw))
    return (first, last)


def _weekdays(raw: Json) -> tuple[Number, ...]:
    if not isinstance(raw, list):
        raise BadValue("wrong_type", "a list of weekdays, 1 (Monday) to 7, is needed")
    if not raw:
        raise BadValue("empty_list", "the list names nothing")
    days: list[int] = []
    for at, each in enumerate(raw):
        if isinstance(each, bool) or not isinstance(each, int) or not 1 <= each <= 7:
            raise BadValue("bad_weekday", "a weekday is 1 (Monday) to 7 (Sunday)", f"/{at}")
        days.append(each)
    if len(set(days)) < len(days):
        raise BadValue("duplicate_value", "a weekday stands in the list twice")
    return tuple(sorted(days))


# ---- judges: fact's value, test's value → True, False, None ------------------------------------------------


def _as_tuple(wanted: Value) -> tuple[str, ...]:
    return cast("tuple[str, ...]", wanted if isinstance(wanted, tuple) else (wanted,))


def _is_code(value: FactValue, wanted: Value) -> bool | None:
    """A code above the wanted one (a branch still undecided) leaves the test unknown."""
    if not isinstance(value, str):
        return None
    if value == wanted:
        return True
    return None if wanted.startswith(value + ".") else False  # type: ignore[union-attr]


def _in_codes(value: FactValue, wanted: Value) -> bool | None:
    if not isinstance(value, str):
        return None
    if value in wanted:  # type: ignore[operator]
        return True
    below = value + "."
    return None if any(code.startswith(below) for code in wanted) else False  # type: ignore[union-attr]


def _under(value: FactValue, wanted: Value) -> bool | None:
    if not isinstance(value, str):
        return None
    below = value + "."
    answer: bool | None = False
    for branch in _as_tuple(wanted):
        if below.startswith(branch + "."):
            return True
        if branch.startswith(below):
            answer = None
    return answer


def _has(value: FactValue, wanted: Value) -> bool | None:
    return wanted in value if isinstance(value, AbstractSet) else None


def _has_any(value: FactValue, wanted: Value) -> bool | None:
    return not value.isdisjoint(wanted) if isinstance(value, AbstractSet) else None  # type: ignore[arg-type]


def _has_all(value: FactValue, wanted: Value) -> bool | None:
    return all(w in value for w in wanted) if isinstance(value, AbstractSet) else None  # type: ignore[union-attr]


def _empty(value: FactValue, wanted: Value) -> bool | None:
    return (not value) is wanted if isinstance(value, AbstractSet) else None


@lru_cache(maxsize=200_000)
def division_head(code: str) -> str:
    """The digits that name the division itself: 330302001000 → 330302001, 330302000000 → 330302."""
    for size in (2, 4, 6, 9):
        if not code[size:].strip("0"):
            return code[:size]
    return code


def _in_division(value: FactValue, wanted: Value) -> bool | None:
    """Unknown where the place is known only to a division above the wanted one."""
    if not isinstance(value, Place):
        return None
    chain = value.chain
    if not chain:
        return None
    last = division_head(max(chain, key=lambda code: len(division_head(code))))
    answer: bool | None = False
    for code in _as_tuple(wanted):
        if code in chain:
            return True
        head = division_head(code)
        if last.startswith(head):
            return True
        if head.startswith(last):
            answer = None
    return answer


def _named(value: FactValue, names: AbstractSet[str], wanted: Value) -> bool | None:
    if not names.isdisjoint(_as_tuple(wanted)):
        return True
    return False if value.exact else None  # type: ignore[union-attr]


def _in_grid(value: FactValue, wanted: Value) -> bool | None:
    if not isinstance(value, Place):
        return None
    if value.grid is not None:
        return value.grid in _as_tuple(wanted)
    return False if value.exact else None


def _in_zone(value: FactValue, wanted: Value) -> bool | None:
    return _named(value, value.zones, wanted) if isinstance(value, Place) else None


def _in_kind(value: FactValue, wanted: Value) -> bool | None:
    return _named(value, value.kinds, wanted) if isinstance(value, Place) else None


def _is_ref(value: FactValue, wanted: Value) -> bool | None:
    return value.code in _as_tuple(wanted) if isinstance(value, Ref) else None


def _is_kind(value: FactValue, wanted: Value) -> bool | None:
    return value.kind in _as_tuple(wanted) if isinstance(value, Ref) and value.kind else None


def _compare(holds: Callable[[Number, Value], bool]) -> Judge:
    def judge(value: FactValue, wanted: Value) -> bool | None:
        exact = number(value)
        return None if exact is None else holds(exact, wanted)

    return judge


def _at(value: FactValue) -> datetime | None:
    at = value.at if isinstance(value, Moment) else value
    return at if isinstance(at, datetime) and at.tzinfo is not None else None


def _by_day(holds: Callable[[str, Value], bool]) -> Judge:
    def judge(value: FactValue, wanted: Value) -> bool | None:
        at = _at(value)
        return None if at is None else holds(at.date().isoformat(), wanted)

    return judge


def _round(low: str, high: str, at: str, *, closed: bool) -> bool:
    """Between two marks of a circle (day, year) that may pass its start."""
    after, before = low <= at, at <= high if closed else at < high
    return (after and before) if low <= high else (after or before)


def _time_between(value: FactValue, wanted: Value) -> bool | None:
    at = _at(value)
    low, high = _as_tuple(wanted)
    return None if at is None else _round(low, high, at.strftime("%H:%M"), closed=False)


def _season_between(value: FactValue, wanted: Value) -> bool | None:
    at = _at(value)
    low, high = _as_tuple(wanted)
    return None if at is None else _round(low, high, at.strftime("%m-%d"), closed=True)


def _weekday_in(value: FactValue, wanted: Value) -> bool | None:
    at = _at(value)
    return None if at is None else at.isoweekday() in wanted  # type: ignore[operator]


def _is_working(value: FactValue, wanted: Value) -> bool | None:
    if not isinstance(value, Moment) or value.working is None or _at(value) is None:
        return None
    return value.working is wanted


def _is_bool(value: FactValue, wanted: Value) -> bool | None:
    return value is wanted if isinstance(value, bool) else None


@dataclass(frozen=True, slots=True)
class Operator:
    """How a value is read from JSON and how the test is judged."""

    read: Reader
    judge: Judge


OPERATORS: Mapping[FactType, Mapping[str, Operator]] = {
    "code": {
        "is": Operator(_code, _is_code),
        "in": Operator(_many(_code), _in_codes),
        "under": Operator(_one_or_many(_code), _under),
    },
    "set": {
        "has": Operator(_code, _has),
        "has_any": Operator(_many(_code), _has_any),
        "has_all": Operator(_many(_code), _has_all),
        "empty": Operator(_truth, _empty),
    },
    "place": {
        "in_division": Operator(_one_or_many(_division), _in_division),
        "in_grid": Operator(_one_or_many(_code), _in_grid),
        "in_zone": Operator(_one_or_many(_code), _in_zone),
        "in_kind": Operator(_one_or_many(_code), _in_kind),
    },
    "ref": {
        "is": Operator(_code, _is_ref),
        "in": Operator(_many(_code), _is_ref),
        "is_kind": Operator(_one_or_many(_code), _is_kind),
    },
    "number": {
        "=": Operator(_number, _compare(lambda a, b: a == b)),
        "<": Operator(_number, _compare(lambda a, b: a < b)),  # type: ignore[operator]
        "≤": Operator(_number, _compare(lambda a, b: a <= b)),  # type: ignore[operator]
        ">": Operator(_number, _compare(lambda a, b: a > b)),  # type: ignore[operator]
        "≥": Operator(_number, _compare(lambda a, b: a >= b)),  # type: ignore[operator]
        "between": Operator(_numbers, _compare(lambda a, b: b[0] <= a <= b[1])),  # type: ignore[index, operator]
    },
    "moment": {
        "before": Operator(_day, _by_day(lambda a, b: a < b)),  # type: ignore[operator]
        "after": Operator(_day, _by_day(lambda a, b: a > b)),  # type: ignore[operator]
        "between_days": Operator(_days, _by_day(lambda a, b: b[0] <= a <= b[1])),  # type: ignore[index, operator]
        "time_between": Operator(_clocks, _time_between),
        "weekday_in": Operator(_weekdays, _weekday_in),
        "is_working": Operator(_truth, _is_working),
        "season_between": Operator(_season, _season_between),
    },
    "bool": {"is": Operator(_truth, _is_bool)},
}
KNOWN = "known"
_KNOWN = Operator(_nothing, lambda value, wanted: value is not None)


def operator_for(fact: str, op: str) -> Operator | None:
    """The operator of this name for the type of this fact; None if it does not exist for it."""
    if op == KNOWN:
        return _KNOWN
    kind = type_of(fact)
    for each in (kind,) if kind else ANSWER_TYPES if is_answer(fact) else ():
        if op in OPERATORS[each]:
            return OPERATORS[each][op]
    return None


def operators_of(fact: str) -> tuple[str, ...]:
    """All operators that this fact has, `known` last."""
    kind = type_of(fact)
    kinds = (kind,) if kind else ANSWER_TYPES if is_answer(fact) else ()
    return (*(op for each in kinds for op in OPERATORS[each]), KNOWN)


def type_by_operator(op: str) -> FactType | None:
    """The type of an answer that this operator asks for; None for `known`."""
    return next((kind for kind in ANSWER_TYPES if op in OPERATORS[kind]), None)

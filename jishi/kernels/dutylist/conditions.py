"""Conditions: a closed, typed, total tree of tests. Read from JSON, written back the same, evaluated
elsewhere.

    {"all": […]}  {"any": […]}  {"not": …}  {"fact": "matter", "op": "under", "value": "05.02"}

None, {} and {"all": []} at the root are the condition that always holds.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Final, TypeAlias

from .facts import Json, canonical, is_answer, number_json, type_of
from .operators import BadValue, Value, operator_for, operators_of

DEEPEST: Final = 8
MOST_TESTS: Final = 200


class ConditionRefused(ValueError):
    """A tree that is no condition: where (JSON pointer), which fault, in words."""

    def __init__(self, path: str, code: str, detail: str) -> None:
        super().__init__(f"{path or '/'}: {detail}")
        self.path, self.code, self.detail = path or "/", code, detail


@dataclass(frozen=True, slots=True)
class Test:
    """One question to one fact."""

    __test__ = False  # not a test class for pytest

    fact: str
    op: str
    value: Value = None
    unit: str = ""


@dataclass(frozen=True, slots=True)
class All:
    """True when every part is."""

    parts: tuple[Cond, ...]


@dataclass(frozen=True, slots=True)
class Any:
    """True when one part is."""

    parts: tuple[Cond, ...]


@dataclass(frozen=True, slots=True)
class Not:
    """True when its part is false; unknown when that is unknown."""

    part: Cond


Cond: TypeAlias = All | Any | Not | Test
ALWAYS: Final = All(())


def parse_condition(page: Json) -> Cond:
    """This will read a condition from JSON.

    :raises ConditionRefused: unknown key, fact or operator, a value its operator does not take, depth > 8,
    tests > 200
    """
    if page is None or page == {} or page == {"all": []}:
        return ALWAYS
    cond = _read(page, "", 1)
    count = sum(1 for _ in leaves(cond))
    if count > MOST_TESTS:
        raise ConditionRefused("", "too_many_tests", f"{count} tests, at most {MOST_TESTS} are allowed")
    return cond


def _read(page: Json, path: str, depth: int) -> Cond:
    if depth > DEEPEST:
        raise ConditionRefused(path, "too_deep", f"deeper than {DEEPEST} levels")
    if not isinstance(page, dict):
        raise ConditionRefused(path, "not_an_object", "a condition is an object with all, any, not or fact")
    if "fact" in page:
        return _read_test(page, path)
    return _read_group(page, path, depth)


def _read_group(page: dict[str, Json], path: str, depth: int) -> Cond:
    if len(page) != 1 or not set(page) <= {"all", "any", "not"}:
        raise ConditionRefused(
            path, "unknown_key", f"exactly one of all, any, not, fact is needed; found {sorted(page)}"
        )
    key, inner = next(iter(page.items()))
    if key == "not":
        return Not(_read(inner, f"{path}/not", depth + 1))
    if not isinstance(inner, list):
        raise ConditionRefused(f"{path}/{key}", "wrong_type", f"{key} takes a list of conditions")
    if not inner:
        raise ConditionRefused(f"{path}/{key}", "empty_group", f"{key} holds no condition")
    if len(inner) > MOST_TESTS:
        raise ConditionRefused(f"{path}/{key}", "too_many_tests", f"at most {MOST_TESTS} tests are allowed")
    parts = tuple(_read(each, f"{path}/{key}/{at}", depth + 1) for at, each in enumerate(inner))
    return All(parts) if key == "all" else Any(parts)


def _read_test(page: dict[str, Json], path: str) -> Test:
    for key in sorted(page):
        if key not in ("fact", "op", "value", "unit"):
            raise ConditionRefused(
                f"{path}/{key}", "unknown_key", f"a test has fact, op, value, unit; found {key!r}"
            )
    fact, op, unit = page["fact"], page.get("op"), page.get("unit", "")
    if not isinstance(fact, str) or not (type_of(fact) or is_answer(fact)):
        raise ConditionRefused(f"{path}/fact", "unknown_fact", f"there is no fact {fact!r}")
    found = operator_for(fact, op) if isinstance(op, str) else None
    if not isinstance(op, str) or found is None:
        known = ", ".join(operators_of(fact))
        raise ConditionRefused(
            f"{path}/op", "unknown_operator", f"{fact} has no operator {op!r}; it has {known}"
        )
    if not isinstance(unit, str) or (unit and type_of(fact) not in (None, "number")):
        raise ConditionRefused(f"{path}/unit", "wrong_type", "only a number has a unit, and it is text")
    if "value" not in page and op != "known":
        raise ConditionRefused(f"{path}/value", "missing_value", f"{op} needs a value")
    try:
        value = found.read(page.get("value"))
    except BadValue as fault:
        raise ConditionRefused(f"{path}/value{fault.at}", fault.code, fault.detail) from fault
    return Test(fact, op, value, unit)


def leaf_json(test: Test) -> dict[str, Json]:
    """One test as JSON."""
    page: dict[str, Json] = {"fact": test.fact, "op": test.op}
    if test.op != "known":
        page["value"] = _plain(test.value)
    if test.unit:
        page["unit"] = test.unit
    return page


def _plain(value: Value) -> Json:
    if isinstance(value, tuple):
        return [_plain(each) for each in value]
    return number_json(value) if isinstance(value, Decimal) else value


def to_json(cond: Cond) -> dict[str, Json]:
    """This will write the tree as its author ordered it; `parse_condition` reads it back as an equal tree."""
    match cond:
        case Test():
            return leaf_json(cond)
        case Not(part):
            return {"not": to_json(part)}
        case All(parts):
            return {"all": [to_json(part) for part in parts]} if parts else {}
        case Any(parts):
            return {"any": [to_json(part) for part in parts]}


def ordered(cond: Cond) -> Cond:
    """The same condition with its parts in canonical order: equal for every order its author may have
    written."""
    match cond:
        case Test():
            return cond
        case Not(part):
            return Not(ordered(part))
        case All(parts) | Any(parts):
            inner = tuple(
                sorted((ordered(part) for part in parts), key=lambda part: canonical(to_json(part)))
            )
            return All(inner) if isinstance(cond, All) else Any(inner)


def leaves(cond: Cond, path: str = "") -> Iterator[tuple[str, Test]]:
    """Every test with its JSON pointer, in the author's order."""
    match cond:
        case Test():
            yield path or "/", cond
        case Not(part):
            yield from leaves(part, f"{path}/not")
        case All(parts) | Any(parts):
            key = "all" if isinstance(cond, All) else "any"
            for at, part in enumerate(parts):
                yield from leaves(part, f"{path}/{key}/{at}")

"""Facts from plain JSON: what a stored decision kept, and what somebody asks through the API."""

from collections.abc import Callable, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any, cast

from jishi.foundation.refusals import Invalid
from jishi.kernels.dutylist import Fact, Facts, Moment, Place, Ref, Source
from jishi.kernels.dutylist.facts import FactValue, SourceKind, is_answer, type_of

MOST_FACTS = 60
_PARTS = (2, 4, 6, 9, 12)  # digits that name province, city, county, street, community


def chain_of(division: str) -> tuple[str, ...]:
    """Give the codes from the province down to this division (12 digits each)."""
    found = dict.fromkeys(division[:size].ljust(12, "0") for size in _PARTS if division[:size].strip("0"))
    return tuple(code for code in found if int(code) <= int(division))


def place_at(division: str, *, kinds: frozenset[str] = frozenset(), exact: bool = False) -> Place:
    """Give the place as far as a division names it. Not exact: zones, grid and other kinds stay unknown."""
    chain = chain_of(division)
    community = division if division[9:] != "000" else None
    streets = tuple(code for code in chain if code != community)
    return Place(streets, community=community, kinds=kinds, exact=exact)


def facts_from(page: Mapping[str, Any], *, source: SourceKind = "entered") -> Facts:
    """Read facts: each is a plain value, or {"value", "source"} as a decision stores it.

    :raises Invalid: an unknown fact, or a value of another type than the fact has.
    """
    if len(page) > MOST_FACTS:
        raise Invalid(detail=f"facts: ≤ {MOST_FACTS}")
    found: dict[str, Fact] = {}
    for name, given in page.items():
        if type_of(name) is None and not is_answer(name):
            raise Invalid(detail=f"facts/{name}")
        stored = isinstance(given, dict) and set(given) == {"value", "source"}
        try:
            value = _value(name, given["value"] if stored else given)
        except (TypeError, ValueError, KeyError, ArithmeticError, AttributeError) as fault:
            raise Invalid(detail=f"facts/{name}") from fault
        if value is not None:
            found[name] = Fact(value, _source(given["source"]) if stored else Source(source))
    return found


def _source(page: Mapping[str, Any]) -> Source:
    return Source(cast(SourceKind, page["kind"]), str(page.get("text", "")), page.get("score"))


def _value(name: str, raw: Any) -> FactValue:
    kind = type_of(name)
    if raw is None:
        return None
    if kind in _READERS:
        return _READERS[kind](raw)
    if kind == "set" or isinstance(raw, list):
        return frozenset(_text(each) for each in raw)
    if kind is None and isinstance(raw, bool):
        return "yes" if raw else "no"
    if kind == "number" or (kind is None and isinstance(raw, int | float)):
        return Decimal(str(raw))
    return _text(raw)


def _ref(raw: Any) -> Ref:
    return Ref(_text(raw["body"]), str(raw.get("kind", ""))) if isinstance(raw, dict) else Ref(_text(raw))


def _truth(raw: Any) -> bool:
    if not isinstance(raw, bool):
        raise TypeError("true or false")
    return raw


def _text(raw: Any) -> str:
    if not isinstance(raw, str) or not 0 < len(raw) <= 100:
        raise TypeError("text")
    return raw


def _place(raw: Mapping[str, Any]) -> Place:
    if "division" in raw:
        division = _text(raw["division"])
        if len(division) != 12 or not (division.isascii() and division.isdigit()):
            raise ValueError("division")
        return place_at(division, kinds=frozenset(_text(k) for k in raw.get("kinds", ())), exact=bool(raw.get("exact")))
    return Place(
        tuple(_text(d) for d in raw["divisions"]), raw.get("community"), raw.get("grid"),
        frozenset(raw.get("zones", ())), frozenset(raw.get("kinds", ())), bool(raw.get("exact", True)),
    )  # fmt: skip


def _moment(raw: Any) -> Moment:
    at, working = (raw["at"], raw.get("working")) if isinstance(raw, dict) else (raw, None)
    moment = datetime.fromisoformat(at)
    if moment.tzinfo is None:
        raise ValueError("a moment needs an offset")
    return Moment(moment, working)


_READERS: Mapping[str | None, Callable[[Any], FactValue]] = {
    "place": _place, "ref": _ref, "moment": _moment, "bool": _truth,
}  # fmt: skip

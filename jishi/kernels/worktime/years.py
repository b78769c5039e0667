"""What a calendar is made of: year tables, hours by season, exceptional days, and how they are written."""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any, TypeVar

from jishi.kernels.worktime.errors import CalendarRefused

T = TypeVar("T")
Span = tuple[int, int]  # minutes of the local day, half open, 0 … 1440
_SPAN = re.compile(r"(\d\d):(\d\d)\s*[-–—]\s*(\d\d):(\d\d)")


@dataclass(frozen=True)
class YearTable:
    """The holidays and make-up workdays 调休 of one year, each day with the name of its holiday.

    :raises CalendarRefused: a day of another year, or one that is both off and made up.
    """

    year: int
    off_days: Mapping[date, str]
    make_up_days: Mapping[date, str]
    source: str
    edition: str
    provisional: bool = False

    def __post_init__(self) -> None:
        for day in (*self.off_days, *self.make_up_days):
            if day.year != self.year:
                raise CalendarRefused(f"{day} does not belong into the table of {self.year}")
        if both := sorted(self.off_days.keys() & self.make_up_days.keys()):
            raise CalendarRefused(f"{both[0]} is both off and worked in the table of {self.year}")
        if self.provisional and self.make_up_days:
            raise CalendarRefused(f"the provisional table of {self.year} may not invent make-up days")
        if not self.source.strip() or not self.edition.strip():
            raise CalendarRefused(f"the table of {self.year} names no source or no edition")


@dataclass(frozen=True)
class SeasonHours:
    """Business hours from one day of the year until the next season begins.

    :raises CalendarRefused: no hours at all, hours out of order, or a day that not every year has.
    """

    morning: Span | None
    afternoon: Span | None
    since: tuple[int, int] = (1, 1)  # month, day
    name: str = ""

    def __post_init__(self) -> None:
        try:
            date(2023, *self.since)
        except ValueError as e:
            raise CalendarRefused(f"no year-round day: {self.since}") from e
        spans = [s for s in (self.morning, self.afternoon) if s is not None]
        edges = [edge for s in spans for edge in s]
        if not spans or any(a >= b for a, b in spans) or edges != sorted(edges):
            raise CalendarRefused(f"hours are missing or out of order: {self.morning} {self.afternoon}")
        if edges[0] < 0 or edges[-1] > 1440:
            raise CalendarRefused("hours lie within one day, 00:00 to 24:00")


class DayKind(StrEnum):
    OFF = "off"
    FULL = "full"
    MORNING = "morning"
    AFTERNOON = "afternoon"


HALVES = {
    DayKind.OFF: (False, False),
    DayKind.FULL: (True, True),
    DayKind.MORNING: (True, False),
    DayKind.AFTERNOON: (False, True),
}


@dataclass(frozen=True)
class DayException:
    """One day that is unlike its weekday, by an order that can be named: a flood, a move, an election."""

    day: date
    kind: DayKind
    name: str
    source: str = ""

    def __post_init__(self) -> None:
        if not isinstance(self.kind, DayKind):
            raise CalendarRefused(f"{self.kind!r} is not off, full, morning or afternoon")


def span(text: str | None) -> Span | None:
    """This will read "08:30–12:00" as minutes of the day; 24:00 is the end of the day, "" is no hours."""
    if text is None or not text.strip():
        return None
    found = _SPAN.fullmatch(text.strip())
    if found is None:
        raise CalendarRefused(f"{text!r} is not a span such as 08:30-12:00")
    h1, m1, h2, m2 = (int(part) for part in found.groups())
    if max(m1, m2) > 59:
        raise CalendarRefused(f"{text!r} has no such minute")
    return h1 * 60 + m1, h2 * 60 + m2


def season(morning: str | None, afternoon: str | None, since: str = "01-01", name: str = "") -> SeasonHours:
    """This will build the hours of one season from words: season("08:30-12:00", "14:00-18:00", "06-01")."""
    found = re.fullmatch(r"(\d\d)-(\d\d)", since)
    if found is None:
        raise CalendarRefused(f"{since!r} is not a day of the year such as 06-01")
    return SeasonHours(span(morning), span(afternoon), (int(found[1]), int(found[2])), name)


def parse_year(text_toml: str) -> YearTable:
    """This will read one year table (`institutions/calendars/cn-2026.toml`).

    :raises CalendarRefused: not TOML, a missing field, a day twice, a table that contradicts itself.
    """
    data = _toml(text_toml)
    try:
        return YearTable(
            year=_is(data["year"], int),
            off_days=_days(data["off"]),
            make_up_days=_days(data.get("make_up", [])),
            source=_is(data["source"], str),
            edition=_is(data["edition"], str),
            provisional=_is(data["provisional"], bool),
        )
    except KeyError as e:
        raise CalendarRefused(f"the year table has no field {e.args[0]}") from e


def parse_hours(text_toml: str) -> tuple[SeasonHours, ...]:
    """This will read hours by season (`institutions/calendars/hours-demo.toml`), earliest season first.

    :raises CalendarRefused: not TOML, no season, two that begin on one day, or hours out of order.
    """
    rows = _toml(text_toml).get("season", [])
    if not isinstance(rows, list) or not rows:
        raise CalendarRefused("the hours name no season")
    seasons = [
        season(row.get("morning"), row.get("afternoon"), row.get("since", "01-01"), row.get("name", ""))
        for row in rows
    ]
    return in_order(seasons)


def in_order(hours: list[SeasonHours]) -> tuple[SeasonHours, ...]:
    """This will sort seasons by their first day and refuse two that begin together."""
    ordered = tuple(sorted(hours, key=lambda h: h.since))
    for a, b in zip(ordered, ordered[1:], strict=False):
        if a.since == b.since:
            raise CalendarRefused(f"two seasons begin on {a.since[0]:02}-{a.since[1]:02}")
    return ordered


def _toml(text: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as e:
        raise CalendarRefused(f"not readable as TOML: {e}") from e


def _is(value: Any, kind: type[T]) -> T:  # bool is an int, so the type must be exact
    if type(value) is not kind:
        raise CalendarRefused(f"{value!r} is not a {kind.__name__}")
    return value


def _days(rows: Any) -> dict[date, str]:
    days: dict[date, str] = {}
    for row in _is(rows, list):
        name = _is(row["name"], str)
        for day in _is(row["days"], list):
            day = _is(day, date)
            if day in days:
                raise CalendarRefused(f"{day} is listed twice")
            days[day] = name
    return days

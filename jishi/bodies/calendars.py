"""Working calendars, read from institutions/calendars: national years, office hours, all hours."""

from dataclasses import dataclass
from functools import cache

from django.conf import settings

from jishi.foundation.refusals import Refused
from jishi.kernels import worktime

OFFICE, ALWAYS = "office", "always"
NAMES = frozenset({OFFICE, ALWAYS})


class UnknownCalendar(Refused):
    code, status = "unknown_calendar", 422
    zh, en = "没有“{calendar}”这份工作日历。", "There is no working calendar {calendar}."
    next_zh, next_en = "写 office（办公时间）或 always（全天）。", "Write office (working hours) or always (all hours)."


@dataclass(frozen=True, slots=True)
class Hours:
    """A calendar and the name under which a clock remembers it: ``office@2024-2026+2027p``."""

    calendar: worktime.Calendar
    label: str


@cache
def named(code: str) -> Hours:
    """Give the calendar `code`: ``office`` (working hours, national holidays) or ``always`` (all hours).

    :raises UnknownCalendar: no such calendar; office hours are not guessed in its place.
    """
    if code not in NAMES:
        raise UnknownCalendar(calendar=code or "—")
    if code == ALWAYS:
        return Hours(worktime.calendar([], [], round_the_clock=True), ALWAYS)
    folder = settings.INSTITUTIONS_DIR / "calendars"
    years = [worktime.parse_year(p.read_text(encoding="utf-8")) for p in sorted(folder.glob("cn-*.toml"))]
    hours = worktime.parse_hours((folder / "hours-demo.toml").read_text(encoding="utf-8"))
    label = ",".join(f"{y.year}{'p' if y.provisional else ''}{_later(y.edition)}" for y in years)
    return Hours(worktime.calendar(years, hours), f"{OFFICE}@{label}")


def _later(edition: str) -> str:
    """Name an edition after the first: a clock remembers which table of the year it was counted on."""
    number = edition.rpartition("/")[2]
    return "" if number in ("", "1") else f".{number}"


def by_label(label: str) -> Hours:
    """Give the calendar a clock was pinned with, by the name it remembers."""
    return named(label.split("@")[0])

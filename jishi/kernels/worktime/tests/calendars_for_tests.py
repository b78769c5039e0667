"""Calendars that tests count with: the shipped tables, and random ones of three years."""

from datetime import date, datetime, timedelta
from functools import cache
from pathlib import Path
from random import Random
from zoneinfo import ZoneInfo

from hypothesis import strategies as st

from jishi.kernels.worktime import (
    Amount,
    Calendar,
    Clock,
    DayException,
    DayKind,
    Pause,
    Unit,
    YearTable,
    calendar,
    parse_hours,
    parse_year,
    season,
)

FILES = Path(__file__).resolve().parents[4] / "institutions" / "calendars"
BEIJING = ZoneInfo("Asia/Shanghai")
YEARS = (2024, 2025, 2026, 2027)
FIRST, LAST = date(2025, 1, 1), date(2027, 12, 31)  # of the random calendars


def at(*parts: int, zone: ZoneInfo = BEIJING) -> datetime:
    return datetime(*parts, tzinfo=zone)


def local(moment: datetime | None, zone: ZoneInfo = BEIJING) -> str:
    return "none" if moment is None else moment.astimezone(zone).strftime("%Y-%m-%d %H:%M")


@cache
def shipped() -> Calendar:
    years = [parse_year((FILES / f"cn-{year}.toml").read_text("utf-8")) for year in YEARS]
    return calendar(years, parse_hours((FILES / "hours-demo.toml").read_text("utf-8")))


def table(year: int, off: dict[date, str] | None = None, made_up: dict[date, str] | None = None) -> YearTable:
    return YearTable(year, off or {}, made_up or {}, f"table of {year}", f"test-{year}")


HOURS = (
    (season("08:30-12:00", "13:30-17:30"),),
    (season("08:30-12:00", "14:00-18:00", "06-01"), season("08:30-12:00", "13:30-17:30", "10-01")),
    (season("09:00-12:00", "12:00-17:00"),),
    (season("09:00-13:00", None, "07-01"), season("00:00-12:00", "12:00-24:00", "09-01")),
)


def calendars() -> st.SearchStrategy[Calendar]:
    """Three years with random holidays, make-up days, closures, half days and one or two seasons.

    One of 300, each built once: drawing every day of a calendar anew took most of the time of a property. The first
    has no holiday and no exception; that is where a failing example shrinks to.
    """
    return _CALENDARS


@cache
def random_calendar(number: int) -> Calendar:
    rng, span = Random(number), (LAST - FIRST).days
    holidays, made, odd = (rng.randint(0, min(most, number)) for most in (20, 15, 15))
    some = [FIRST + timedelta(rng.randint(0, span)) for _ in range(holidays + made + odd)]
    off = {d + timedelta(i) for d in some[:holidays] for i in range(rng.randint(1, 9)) if d + timedelta(i) <= LAST}
    made_up = {d for d in some[holidays : holidays + made] if d not in off and d.weekday() > 4}
    exceptions = {d: rng.choice(list(DayKind)) for d in some[holidays + made :] if d not in off}
    years = [
        table(
            y,
            {d: "holiday" for d in off if d.year == y},
            {d: "make-up" for d in made_up if d.year == y},
        )
        for y in range(FIRST.year, LAST.year + 1)
    ]
    odd_days = [DayException(d, k, "order") for d, k in exceptions.items()]
    return calendar(years, HOURS[number % len(HOURS)], exceptions=odd_days)


def moments() -> st.SearchStrategy[datetime]:
    """Minutes of the first two years, half of them near the edges of business hours."""
    return _MOMENTS


_CALENDARS = st.integers(0, 299).map(random_calendar)
_EDGES = (0, 509, 510, 540, 720, 721, 810, 1020, 1050, 1439)
_MINUTES = st.one_of(st.integers(0, 1439), st.sampled_from(_EDGES))
_MOMENTS = st.builds(lambda d, m: at(2025, 1, 1) + timedelta(days=d, minutes=m), st.integers(0, 700), _MINUTES)


WORK_UNITS = (Unit.WORKDAY, Unit.HALF_DAY, Unit.WORK_HOUR, Unit.WORK_MINUTE)
MOST = {
    Unit.WORKDAY: 40,
    Unit.HALF_DAY: 60,
    Unit.WORK_HOUR: 60,
    Unit.WORK_MINUTE: 2000,
    Unit.NATURAL_HOUR: 100,
    Unit.NATURAL_MINUTE: 3000,
    Unit.NATURAL_DAY: 90,
    Unit.MONTH: 3,
}


@cache
def amounts(*units: Unit) -> st.SearchStrategy[Amount]:
    """A unit and how many of it; the share of the most keeps the draw flat."""
    return st.builds(
        lambda unit, n: Amount(unit, 1 + n % MOST[unit]), st.sampled_from(units or tuple(Unit)), st.integers(0, 2999)
    )


_PAUSES = st.lists(st.tuples(st.integers(-3000, 40_000), st.integers(0, 15_000)), max_size=4)


@cache
def clocks(*units: Unit) -> st.SearchStrategy[Clock]:
    return st.builds(_clock, moments(), amounts(*units), _PAUSES, st.lists(amounts(*units), max_size=2))


def _clock(start: datetime, amount: Amount, near: list[tuple[int, int]], more: list[Amount]) -> Clock:
    """`near`: pauses, as minutes after the start and how long."""
    pauses = tuple(
        Pause(start + timedelta(minutes=a), start + timedelta(minutes=a + n), f"ground {i}")
        for i, (a, n) in enumerate(near)
    )
    return Clock(start, amount, pauses, tuple(more))

"""Calendars that tests count with: the shipped tables, and random ones of three years."""

from datetime import date, datetime, timedelta
from functools import cache
from pathlib import Path
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


@st.composite
def calendars(draw: st.DrawFn) -> Calendar:
    """Three years with random holidays, make-up days, closures, half days and one or two seasons."""
    span = (LAST - FIRST).days
    some_day = st.integers(0, span).map(lambda n: FIRST + timedelta(n))
    holidays = draw(st.lists(st.tuples(some_day, st.integers(1, 9)), max_size=20))
    off = {d + timedelta(i) for d, n in holidays for i in range(n) if d + timedelta(i) <= LAST}
    made_up = {d for d in draw(st.lists(some_day, max_size=15)) if d not in off and d.weekday() > 4}
    kinds = st.sampled_from(DayKind)
    exceptions = {d: k for d, k in draw(st.lists(st.tuples(some_day, kinds), max_size=15)) if d not in off}
    years = [
        table(
            y,
            {d: "holiday" for d in off if d.year == y},
            {d: "make-up" for d in made_up if d.year == y},
        )
        for y in range(FIRST.year, LAST.year + 1)
    ]
    hours = draw(
        st.sampled_from(
            [
                [season("08:30-12:00", "13:30-17:30")],
                [
                    season("08:30-12:00", "14:00-18:00", "06-01"),
                    season("08:30-12:00", "13:30-17:30", "10-01"),
                ],
                [season("09:00-12:00", "12:00-17:00")],
                [season("09:00-13:00", None, "07-01"), season("00:00-12:00", "12:00-24:00", "09-01")],
            ]
        )
    )
    return calendar(years, hours, exceptions=[DayException(d, k, "order") for d, k in exceptions.items()])


def moments() -> st.SearchStrategy[datetime]:
    """Minutes of the first two years, half of them near the edges of business hours."""
    days = st.integers(0, 700)
    minutes = st.one_of(
        st.integers(0, 1439), st.sampled_from([0, 509, 510, 540, 720, 721, 810, 1020, 1050, 1439])
    )
    return st.builds(lambda d, m: at(2025, 1, 1) + timedelta(days=d, minutes=m), days, minutes)


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


def amounts(*units: Unit) -> st.SearchStrategy[Amount]:
    return st.sampled_from(units or tuple(Unit)).flatmap(
        lambda unit: st.integers(1, MOST[unit]).map(lambda n: Amount(unit, n))
    )


@st.composite
def pauses(draw: st.DrawFn, near: datetime | None = None) -> tuple[Pause, ...]:
    start = near or draw(moments())
    found = draw(st.lists(st.tuples(st.integers(-3000, 40_000), st.integers(0, 15_000)), max_size=4))
    return tuple(
        Pause(start + timedelta(minutes=a), start + timedelta(minutes=a + n), f"ground {i}")
        for i, (a, n) in enumerate(found)
    )


@st.composite
def clocks(draw: st.DrawFn, *units: Unit) -> Clock:
    start = draw(moments())
    return Clock(
        start,
        draw(amounts(*units)),
        draw(pauses(near=start)),
        tuple(draw(st.lists(amounts(*units), max_size=2))),
    )

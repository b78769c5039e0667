"""Calendars: which minutes of which days a body is at work, and the tables that answer it at once."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from functools import cached_property, lru_cache
from itertools import accumulate
from typing import TypeAlias
from zoneinfo import ZoneInfo

from jishi.kernels.worktime.errors import CalendarNotKnown, CalendarRefused, HolidayCancelled, NaiveMoment
from jishi.kernels.worktime.years import HALVES, DayException, DayKind, SeasonHours, Span, YearTable, in_order

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICRO = timedelta(microseconds=1)
MINUTE = 60_000_000  # moments are whole microseconds since 1970 UTC inside this kernel
_DAY = 1440 * MINUTE
_EPOCH_ORDINAL = date(1970, 1, 1).toordinal()
_ALWAYS = range(2000, 2101)  # the years that a calendar of all hours answers for: it needs no table


def micros(moment: datetime) -> int:
    """This will give the moment as whole microseconds since 1970 UTC.

    :raises NaiveMoment: the date-time carries no offset.
    """
    if not isinstance(moment, datetime) or moment.utcoffset() is None:
        raise NaiveMoment(f"{moment!r} has no offset from UTC")
    return (moment - EPOCH) // MICRO


def moment_of(micro: int) -> datetime:
    return EPOCH + micro * MICRO


class Rest(StrEnum):
    """Why nobody works on a day."""

    WEEKEND = "weekend"
    HOLIDAY = "holiday"
    CLOSED = "closed"


@dataclass(frozen=True)
class Day:
    """What one day is: its hours in minutes of the local day, or why it has none."""

    date: date
    morning: Span | None
    afternoon: Span | None
    rest: Rest | None = None
    make_up: bool = False
    name: str = ""  # of the holiday, the make-up day's holiday, or the exception
    source: str = ""

    @property
    def spans(self) -> tuple[Span, ...]:
        if self.morning is not None and self.afternoon is not None:
            return self.morning, self.afternoon
        half = self.morning or self.afternoon
        return () if half is None else (half,)

    @property
    def is_worked(self) -> bool:
        return self.morning is not None or self.afternoon is not None


Worked: TypeAlias = tuple[int, tuple[Span, ...]]  # the ordinal of a day that is worked, and its hours


class Table:
    """The prefix sums of one unbroken run of known years. Days are ordinals, moments microseconds."""

    def __init__(self, days: Sequence[Worked], years: range, zone: ZoneInfo) -> None:
        self.years = years
        self.opens: list[int] = []  # of every half-day
        self.closes: list[int] = []
        self.sums: list[int] = [0]  # working time before each half-day
        self.workdays: list[int] = []  # ordinals
        self.noons: list[int] = []  # their first closings: the one instant that a pause must cover
        self.ends: list[int] = []  # their last closings
        offsets = _offsets(zone, years)
        if len(offsets) == 1:
            self._fill(days, offsets[0])
            return
        first = date(years[0], 1, 1).toordinal()
        for ordinal, spans in days:
            offset, after = offsets[ordinal - first : ordinal - first + 2]
            self._add(ordinal, spans, offset, zone if offset != after else None)

    def _fill(self, days: Sequence[Worked], offset: int) -> None:
        """Put all working days at once where one offset serves them all; the same lists as `_add` gives."""
        hours = {spans: tuple((a * MINUTE, b * MINUTE) for a, b in spans) for spans in {s for _, s in days}}
        shift = _EPOCH_ORDINAL * _DAY + offset
        placed = [(ordinal * _DAY - shift, hours[spans]) for ordinal, spans in days]
        self.opens = [midnight + a for midnight, spans in placed for a, _ in spans]
        self.closes = [midnight + b for midnight, spans in placed for _, b in spans]
        self.sums = list(accumulate([b - a for _, spans in placed for a, b in spans], initial=0))
        self.workdays = [ordinal for ordinal, _ in days]
        self.noons = [midnight + spans[0][1] for midnight, spans in placed]
        self.ends = [midnight + spans[-1][1] for midnight, spans in placed]

    def _add(self, ordinal: int, spans: tuple[Span, ...], offset: int, changing: ZoneInfo | None) -> None:
        """Put a working day behind the others; without a changing clock one offset serves all of it."""
        midnight = (ordinal - _EPOCH_ORDINAL) * _DAY - offset
        is_new = True
        for a, b in spans:
            opens, closes = midnight + a * MINUTE, midnight + b * MINUTE
            if changing:
                day = date.fromordinal(ordinal)
                opens, closes = wall(changing, day, a), wall(changing, day, b)
            if closes <= opens:  # hours that a changing clock swallows whole are no hours
                continue
            self.opens.append(opens)
            self.closes.append(closes)
            self.sums.append(self.sums[-1] + closes - opens)
            if is_new:
                self.workdays.append(ordinal)
                self.noons.append(closes)
                self.ends.append(closes)
                is_new = False
            self.ends[-1] = closes

    def worked(self, moment: int) -> int:
        """Working time of the run before this moment."""
        i = bisect_right(self.opens, moment)
        return self.sums[i] - max(0, self.closes[i - 1] - moment) if i else 0

    def when(self, worked: int) -> int:
        """The earliest moment before which so much working time (more than none) lies."""
        if worked > self.sums[-1]:
            raise self.beyond()
        i = bisect_left(self.sums, worked)
        return self.closes[i - 1] - (self.sums[i] - worked)

    def beyond(self) -> CalendarNotKnown:
        return CalendarNotKnown(self.years[-1] + 1)


@dataclass(frozen=True)
class Calendar:
    """The working time of one body. Build it with `calendar`, refine it for a lower layer with `layered`."""

    years: Mapping[int, YearTable]
    hours: tuple[SeasonHours, ...]
    zone: str
    week: frozenset[int]
    exceptions: Mapping[date, DayException]
    round_the_clock: bool

    def layered(
        self, exceptions: Sequence[DayException] = (), hours: Sequence[SeasonHours] | None = None
    ) -> "Calendar":
        """This will give the calendar of a lower layer: nation → province → city → body.

        It may close days, work on days that are merely weekend, and change the hours.

        :raises HolidayCancelled: it opens what a higher layer has closed, a national holiday above all.
        """
        if hours is not None and self.round_the_clock:
            raise CalendarRefused("a calendar of all hours has no hours to change")
        added = _by_day(exceptions)
        for day, new in added.items():
            old = self.exceptions.get(day)
            if old and any(n and not o for n, o in zip(HALVES[new.kind], HALVES[old.kind], strict=True)):
                raise HolidayCancelled(f"{day} is {old.kind} by {old.name or 'a higher layer'}")
        changed = self if hours is None else replace(self, hours=in_order(list(hours)))
        return _checked(replace(changed, exceptions={**self.exceptions, **added}))

    @cached_property
    def tz(self) -> ZoneInfo:
        return ZoneInfo(self.zone)

    def day(self, day: date) -> Day:
        """This will say what this day is.

        :raises CalendarNotKnown: nobody has loaded the table of its year.
        """
        morning, afternoon = self._hours_on(day)
        exception = self.exceptions.get(day)
        if self.round_the_clock:
            return _excepted(Day(day, morning, afternoon), exception)
        table = self.years.get(day.year)
        if table is None:
            raise CalendarNotKnown(day.year)
        if name := table.off_days.get(day):
            plain = Day(day, None, None, Rest.HOLIDAY, name=name, source=table.source)
        elif name := table.make_up_days.get(day):
            plain = Day(day, morning, afternoon, None, make_up=True, name=name, source=table.source)
        elif day.weekday() in self.week:
            plain = Day(day, morning, afternoon)
        else:
            plain = Day(day, None, None, Rest.WEEKEND)
        return _excepted(plain, exception, (morning, afternoon))

    def provisional(self, first: int, last: int) -> bool:
        """This will say whether a year from first to last rests on a provisional table."""
        return not self.round_the_clock and any(
            year in self.years and self.years[year].provisional for year in range(first, last + 1)
        )

    def table(self, year: int) -> Table:
        """This will give the prefix sums of the run of known years around this one, built once.

        :raises CalendarNotKnown: nobody has loaded the table of this year.
        """
        found = self._tables.get(year)
        if found is None:
            run = self._run(year)
            found = Table(self._worked(run), run, self.tz)
            self._tables.update(dict.fromkeys(run, found))
        return found

    @cached_property
    def _tables(self) -> dict[int, Table]:
        return {}

    def __getstate__(self) -> dict[str, object]:
        return {k: v for k, v in self.__dict__.items() if k != "_tables"}  # another machine builds its own

    def _run(self, year: int) -> range:
        if self.round_the_clock:
            if year not in _ALWAYS:
                raise CalendarNotKnown(year)
            return _ALWAYS
        if year not in self.years:
            raise CalendarNotKnown(year)
        first = last = year
        while first - 1 in self.years:
            first -= 1
        while last + 1 in self.years:
            last += 1
        return range(first, last + 1)

    def _worked(self, run: range) -> list[Worked]:
        """Every day of the run that is worked, in order.

        `day` tells the exceptional ones; the others are told by the table of the year and their weekday alone.
        """
        found: list[Worked] = []
        week = frozenset(range(7)) if self.round_the_clock else self.week
        for year in run:
            odd = {day.toordinal(): self.day(day).spans for day in self.exceptions if day.year == year}
            found += [(ordinal, spans) for ordinal, spans in odd.items() if spans]
            off: set[int] = set()
            made_up: set[int] = set()
            if not self.round_the_clock:
                off = {day.toordinal() for day in self.years[year].off_days}
                made_up = {day.toordinal() for day in self.years[year].make_up_days}
            for stretch, plain in self._stretches(year):
                usual = {o for o in stretch if (o - 1) % 7 in week}  # ordinal 1 was a Monday
                found += [(o, plain) for o in (usual - off | made_up.intersection(stretch)) - odd.keys()]
        return sorted(found)

    def _stretches(self, year: int) -> Iterator[tuple[range, tuple[Span, ...]]]:
        """The ordinals of the year in stretches of the same hours, where there are any."""
        starts = [date(year, 1, 1)]
        if not self.round_the_clock:
            starts += [date(year, *h.since) for h in self.hours if h.since > (1, 1)]
        for start, end in zip(starts, [*starts[1:], date(year + 1, 1, 1)], strict=True):
            if plain := tuple(s for s in self._hours_on(start) if s is not None):
                yield range(start.toordinal(), end.toordinal()), plain

    def _hours_on(self, day: date) -> tuple[Span | None, Span | None]:
        if self.round_the_clock:
            return (0, 720), (720, 1440)
        season = self.hours[-1]  # before the first season of the year the last one of the year before goes on
        for hours in self.hours:
            if hours.since <= (day.month, day.day):
                season = hours
        return season.morning, season.afternoon

    def date_at(self, micro: int) -> date:
        """The local day of a moment; midnight belongs to the day that begins."""
        return moment_of(micro).astimezone(self.tz).date()

    def at(self, day: date, minute: int) -> int:
        """The moment of a minute of the local day; 1440 is its end."""
        return wall(self.tz, day, minute)


def calendar(
    years: Sequence[YearTable],
    hours: Sequence[SeasonHours],
    *,
    zone: str = "Asia/Shanghai",
    week: frozenset[int] = frozenset({0, 1, 2, 3, 4}),
    exceptions: Sequence[DayException] = (),
    round_the_clock: bool = False,
) -> Calendar:
    """This will build a calendar from year tables, hours by season and exceptional days.

    A calendar of all hours (emergency, hotline) knows no holidays and needs neither years nor hours.

    :raises CalendarRefused: a year or season twice, no hours, an unknown zone, a weekday that is none.
    :raises HolidayCancelled: an exception opens a national holiday.
    """
    by_year = {table.year: table for table in years}
    if len(by_year) != len(years):
        raise CalendarRefused("two tables of one year")
    if not hours and not round_the_clock:
        raise CalendarRefused("no hours")
    if not week <= frozenset(range(7)) or (not week and not round_the_clock):
        raise CalendarRefused(f"not a week: {sorted(week)}")
    made = Calendar(by_year, in_order(list(hours)), zone, week, _by_day(exceptions), round_the_clock)
    try:
        made.tz  # noqa: B018 — an unknown zone is refused now, not on the first question
    except (KeyError, ValueError, OSError) as e:
        raise CalendarRefused(f"no such zone: {zone!r}") from e
    return _checked(made)


def is_working(t: datetime, cal: Calendar) -> bool:
    """This will say whether the body is at work at this moment; the closing moment itself is not work."""
    micro = micros(t)
    table = cal.table(cal.date_at(micro).year)
    i = bisect_right(table.opens, micro)
    return bool(i) and micro < table.closes[i - 1]


def next_opening(t: datetime, cal: Calendar) -> datetime:
    """This will give the moment (UTC) from which the body is at work: t itself, or the next opening."""
    micro = micros(t)
    table = cal.table(cal.date_at(micro).year)
    i = bisect_right(table.closes, micro)
    if i == len(table.closes):
        raise table.beyond()
    return moment_of(max(micro, table.opens[i]))


def wall(zone: ZoneInfo, day: date, minute: int) -> int:
    """The moment of a local minute: of two the earlier, of none the first valid one after it."""
    local = datetime.combine(day, time(), zone) + timedelta(minutes=minute)
    naive = (day.toordinal() - _EPOCH_ORDINAL) * _DAY + minute * MINUTE
    a, b = naive - _shift(local), naive - _shift(local.replace(fold=1))
    if a <= b:  # the usual case, or a time that exists twice
        return a
    low, high = b // 1_000_000, a // 1_000_000  # the clock jumps between these seconds
    before = _utcoffset(zone, low)
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if _utcoffset(zone, middle) == before else (low, middle)
    return high * 1_000_000


def clock_change(zone: ZoneInfo, day: date, minute: int) -> str:
    """This will say whether a changing clock skips ("missing") or repeats ("twice") a local minute."""
    local = datetime.combine(day, time()) + timedelta(minutes=minute)
    early, late = (local.replace(tzinfo=zone, fold=f).astimezone(UTC) for f in (0, 1))
    return "missing" if early > late else "twice" if early < late else ""


def _utcoffset(zone: ZoneInfo, second: int) -> timedelta | None:
    return moment_of(second * 1_000_000).astimezone(zone).utcoffset()


@lru_cache(maxsize=256)
def _offsets(zone: ZoneInfo, years: range) -> tuple[int, ...]:
    """The offset at every midnight of the years and at the one behind them; a single one where none differs."""
    first, last = date(years[0], 1, 1).toordinal(), date(years[-1] + 1, 1, 1).toordinal()
    midnights = (datetime.combine(date.fromordinal(o), time(), zone) for o in range(first, last + 1))
    found = tuple(map(_shift, midnights))
    return found if len(set(found)) > 1 else found[:1]


def _shift(local: datetime) -> int:
    offset = local.utcoffset()
    assert offset is not None
    return offset // MICRO


def _by_day(exceptions: Sequence[DayException]) -> dict[date, DayException]:
    found = {e.day: e for e in exceptions}
    if len(found) != len(exceptions):
        raise CalendarRefused("two exceptions of one layer for one day")
    return found


def _checked(cal: Calendar) -> Calendar:
    for day, exception in cal.exceptions.items():
        table = cal.years.get(day.year)
        if table and day in table.off_days and exception.kind is not DayKind.OFF and not cal.round_the_clock:
            raise HolidayCancelled(f"{day} is {table.off_days[day]} by {table.source}")
    return cal


def _excepted(
    day: Day, exception: DayException | None, hours: tuple[Span | None, Span | None] | None = None
) -> Day:
    if exception is None or day.rest is Rest.HOLIDAY:  # a holiday that is also closed stays a holiday
        return day
    kept = HALVES[exception.kind]
    morning, afternoon = hours or (day.morning, day.afternoon)
    spans = (morning if kept[0] else None, afternoon if kept[1] else None)
    rest = None if any(spans) else Rest.CLOSED
    return replace(
        day, morning=spans[0], afternoon=spans[1], rest=rest, name=exception.name, source=exception.source
    )

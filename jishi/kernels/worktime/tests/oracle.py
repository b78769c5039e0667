"""The naive walk: one day, one half-day or one minute after the other. It shares no table with the kernel."""

import math
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from itertools import groupby

from jishi.kernels.worktime import Amount, Calendar, Clock, Pause, Unit

MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)
BY_CLOCK = (Unit.NATURAL_HOUR, Unit.NATURAL_MINUTE)
BY_DAY = (Unit.WORKDAY, Unit.NATURAL_DAY, Unit.MONTH)


def walk(clock: Clock, cal: Calendar) -> datetime:
    """The due moment, in a zone whose clock does not change."""
    moment, day = clock.start.astimezone(cal.tz), clock.start.astimezone(cal.tz).date()
    for amount in [clock.amount, *_summed(clock.extensions)]:
        moment, day = _leg(moment, day, amount, clock.pauses, cal)
    return moment.astimezone(UTC)


def _summed(extensions: tuple[Amount, ...]) -> Iterator[Amount]:
    """Extensions that follow each other in one unit, as one."""
    for family, group in groupby(extensions, key=lambda a: str(a.unit)[0] if a.minutes else str(a.unit)):
        same = list(group)
        total = sum(a.minutes or a.n for a in same)
        unit = {"w": Unit.WORK_MINUTE, "n": Unit.NATURAL_MINUTE}.get(family, same[0].unit)
        yield Amount(unit, total)


def _leg(
    moment: datetime, day: date, amount: Amount, pauses: tuple[Pause, ...], cal: Calendar
) -> tuple[datetime, date]:
    if amount.minutes:
        return _minutes(moment, amount.minutes, amount.unit in BY_CLOCK, pauses, cal)
    if amount.unit is Unit.HALF_DAY:
        return _halves(moment, amount.n, pauses, cal)
    if amount.unit is Unit.WORKDAY:
        return _workdays(day, amount.n, pauses, cal)
    return _calendar_days(day, amount, pauses, cal)


def _workdays(day: date, n: int, pauses: tuple[Pause, ...], cal: Calendar) -> tuple[datetime, date]:
    while n:
        day += DAY
        spans = cal.day(day).spans
        if spans and not _paused(_at(day, spans[0][1], cal), pauses):
            n -= 1
    return _at(day, cal.day(day).spans[-1][1], cal), day


def _halves(moment: datetime, n: int, pauses: tuple[Pause, ...], cal: Calendar) -> tuple[datetime, date]:
    day = moment.date()
    while True:
        for a, b in cal.day(day).spans:
            if _at(day, a, cal) >= moment and not _paused(_at(day, b, cal), pauses):
                n -= 1
                if not n:
                    return _at(day, b, cal), day
        day += DAY


def _minutes(
    moment: datetime, n: int, always: bool, pauses: tuple[Pause, ...], cal: Calendar
) -> tuple[datetime, date]:
    stops = [((p.starts - moment) / MINUTE, (p.ends - moment) / MINUTE if p.ends else math.inf) for p in pauses]
    day, first, walked = moment.date(), moment.hour * 60 + moment.minute, 0
    while True:
        works_at = _worked_minutes(((0, 1440),) if always else cal.day(day).spans)
        for minute in range(first, 1440):
            walked += 1
            if works_at[minute] and not any(starts < walked <= ends for starts, ends in stops):
                n -= 1
                if not n:
                    end = moment + walked * MINUTE
                    return end, (end if always else end - MINUTE).date()
        day, first = day + DAY, 0


@cache
def _worked_minutes(spans: tuple[tuple[int, int], ...]) -> bytes:
    return bytes(any(a <= minute < b for a, b in spans) for minute in range(1440))


def _calendar_days(
    day: date, amount: Amount, pauses: tuple[Pause, ...], cal: Calendar
) -> tuple[datetime, date]:
    n = amount.n if amount.unit is Unit.NATURAL_DAY else (_same_date(day, amount.n) - day).days
    while n:
        day += DAY
        n -= not _paused(_at(day, 720, cal), pauses)
    while not cal.day(day).spans or _paused(_at(day, 720, cal), pauses):
        day += DAY
    return _at(day, cal.day(day).spans[-1][1], cal), day


def _same_date(day: date, n: int) -> date:
    year, month = day.year + (day.month - 1 + n) // 12, (day.month - 1 + n) % 12 + 1
    for last in (day.day, 30, 29, 28):
        try:
            return date(year, month, min(last, day.day))
        except ValueError:
            continue
    raise AssertionError


def works(moment: datetime, cal: Calendar) -> bool:
    here = moment.astimezone(cal.tz)
    minute = here.hour * 60 + here.minute
    return any(a <= minute < b for a, b in cal.day(here.date()).spans)


def _paused(closing: datetime, pauses: tuple[Pause, ...]) -> bool:
    return any(p.starts < closing and (p.ends is None or closing <= p.ends) for p in pauses)


def _at(day: date, minute: int, cal: Calendar) -> datetime:
    return datetime.combine(day, time(), cal.tz) + timedelta(minutes=minute)

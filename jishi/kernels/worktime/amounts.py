"""Amounts of time: so many of one unit, whole, more than nothing, at most three years."""

import re
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from functools import lru_cache

from jishi.kernels.worktime.errors import AmountRefused


class Unit(StrEnum):
    WORKDAY = "wd"
    HALF_DAY = "hd"
    WORK_HOUR = "wh"
    WORK_MINUTE = "wm"
    NATURAL_HOUR = "nh"
    NATURAL_MINUTE = "nm"
    NATURAL_DAY = "nd"
    MONTH = "mo"


# Three years: 3 × 261 weekdays at most, 3 × 365 + 1 calendar days.
_WORKDAYS, _DAYS = 783, 1096
LONGEST = {
    Unit.WORKDAY: _WORKDAYS,
    Unit.HALF_DAY: 2 * _WORKDAYS,
    Unit.WORK_HOUR: 8 * _WORKDAYS,
    Unit.WORK_MINUTE: 480 * _WORKDAYS,
    Unit.NATURAL_HOUR: 24 * _DAYS,
    Unit.NATURAL_MINUTE: 1440 * _DAYS,
    Unit.NATURAL_DAY: _DAYS,
    Unit.MONTH: 36,
}
MINUTES = {Unit.WORK_HOUR: 60, Unit.WORK_MINUTE: 1, Unit.NATURAL_HOUR: 60, Unit.NATURAL_MINUTE: 1}
COUNTED_AT_WORK = frozenset({Unit.WORKDAY, Unit.HALF_DAY, Unit.WORK_HOUR, Unit.WORK_MINUTE})
_WRITTEN = re.compile(r"([1-9][0-9]{0,6})(wd|hd|wh|wm|nh|nm|nd|mo)")


@dataclass(frozen=True)
class Amount:
    """So many of one unit. One working day is a day, not eight hours.

    :raises AmountRefused: n is not a whole number, below 1, or longer than three years.
    """

    unit: Unit
    n: int

    def __post_init__(self) -> None:
        if not isinstance(self.unit, Unit):
            raise AmountRefused(f"{self.unit!r} is not a unit of time")
        if isinstance(self.n, bool) or not isinstance(self.n, int):
            raise AmountRefused(f"{self.n!r} is not a whole number")
        if self.n < 1:
            raise AmountRefused(f"{self.n} is not more than nothing")
        if self.n > LONGEST[self.unit]:
            raise AmountRefused(f"{self.n}{self.unit} is longer than three years")

    @property
    def minutes(self) -> int | None:
        """Minutes of an amount of hours or minutes; None for days and months."""
        return self.n * MINUTES[self.unit] if self.unit in MINUTES else None

    def __str__(self) -> str:
        return f"{self.n}{self.unit}"


def workdays(n: int) -> Amount:
    """This will count whole working days."""
    return Amount(Unit.WORKDAY, n)


def half_days(n: int) -> Amount:
    """This will count mornings and afternoons of working days."""
    return Amount(Unit.HALF_DAY, n)


def natural_days(n: int) -> Amount:
    """This will count calendar days."""
    return Amount(Unit.NATURAL_DAY, n)


def months(n: int) -> Amount:
    """This will count calendar months."""
    return Amount(Unit.MONTH, n)


def work_hours(hours: int | Fraction = 0, minutes: int = 0) -> Amount:
    """This will count working time to the minute: whole hours as hours (`4wh`), else minutes (`90wm`)."""
    return _timed(hours, minutes, Unit.WORK_HOUR, Unit.WORK_MINUTE)


def natural_hours(hours: int | Fraction = 0, minutes: int = 0) -> Amount:
    """This will count clock time, exact to the minute, by day and by night."""
    return _timed(hours, minutes, Unit.NATURAL_HOUR, Unit.NATURAL_MINUTE)


def _timed(hours: int | Fraction, minutes: int, in_hours: Unit, in_minutes: Unit) -> Amount:
    if isinstance(hours, bool) or not isinstance(hours, int | Fraction):
        raise AmountRefused(f"{hours!r} is neither a whole number nor an exact fraction of hours")
    if isinstance(minutes, bool) or not isinstance(minutes, int) or minutes < 0 or hours < 0:
        raise AmountRefused(f"{hours!r} h {minutes!r} min is not an amount of time")
    total = Fraction(hours) * 60 + minutes
    if total.denominator != 1:
        raise AmountRefused(f"{hours} h is not a whole number of minutes")
    if total.numerator % 60 == 0:
        return Amount(in_hours, total.numerator // 60)
    return Amount(in_minutes, total.numerator)


def parse_amount(text: str) -> Amount:
    """This will read what `str(amount)` writes: 5wd, 1hd, 4wh, 90wm, 2nh, 10nm, 15nd, 6mo.

    :raises AmountRefused: anything else.
    """
    if not isinstance(text, str):
        raise AmountRefused(f"{text!r} is not an amount of time such as 5wd, 1hd, 4wh, 2nh, 15nd, 6mo")
    return _read(text)


@lru_cache(maxsize=512)
def _read(text: str) -> Amount:
    found = _WRITTEN.fullmatch(text)
    if found is None:
        raise AmountRefused(f"{text!r} is not an amount of time such as 5wd, 1hd, 4wh, 2nh, 15nd, 6mo")
    unit, n = Unit(found[2]), int(found[1])
    if unit in (Unit.WORK_HOUR, Unit.WORK_MINUTE):
        return work_hours(minutes=n * MINUTES[unit])
    if unit in (Unit.NATURAL_HOUR, Unit.NATURAL_MINUTE):
        return natural_hours(minutes=n * MINUTES[unit])
    return Amount(unit, n)

"""The algebra of due moments: add, between, due, remaining.

Civil Code art. 201: by days, the day of the start is not counted; by hours, counting starts at once.
Art. 202: months end on the same date of the last month, or on its last day. Art. 203: a last day of
rest moves to the next working day, and the last day ends with business (24:00 where there are no
closing hours).
"""

from bisect import bisect_left, bisect_right
from calendar import monthrange
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from fractions import Fraction
from functools import cached_property
from itertools import groupby

from jishi.kernels.worktime.amounts import COUNTED_AT_WORK, MINUTES, Amount, Unit
from jishi.kernels.worktime.calendars import MINUTE, Calendar, Table, micros, moment_of
from jishi.kernels.worktime.errors import AmountRefused, PauseRefused, TimesReversed
from jishi.kernels.worktime.steps import Block, Leg, Step, Story, steps_of

_NOON = 720


@dataclass(frozen=True)
class Pause:
    """The clock stands still from `starts` up to `ends`; None while nobody knows the end.

    :raises PauseRefused: it ends before it starts.
    :raises NaiveMoment: a moment without an offset.
    """

    starts: datetime
    ends: datetime | None = None
    ground: str = ""

    def __post_init__(self) -> None:
        starts = micros(self.starts)
        if self.ends is not None and micros(self.ends) < starts:
            raise PauseRefused(f"a pause from {self.starts} to {self.ends} ends before it starts")


@dataclass(frozen=True)
class Clock:
    """A start, an amount, what stopped it and what lengthened it. An extension counts from the old expiry."""

    start: datetime
    amount: Amount
    pauses: tuple[Pause, ...] = ()
    extensions: tuple[Amount, ...] = ()

    def __post_init__(self) -> None:
        micros(self.start)
        object.__setattr__(self, "pauses", tuple(self.pauses))
        object.__setattr__(self, "extensions", tuple(self.extensions))
        if not all(isinstance(a, Amount) for a in (self.amount, *self.extensions)):
            raise AmountRefused("a clock runs for amounts of time")


@dataclass(frozen=True)
class Due:
    """When it ends and why. While an open pause keeps it open `moment` is None and `at_least` the earliest.

    `last_day` is the local day on which it ends, `nominal_day` that day before rest days moved it (art. 203);
    both are None when it is counted in hours. `provisional`: a year it touched rests on a provisional table.
    """

    moment: datetime | None
    provisional: bool
    at_least: datetime | None = None
    last_day: date | None = None
    nominal_day: date | None = None
    _story: Story | None = field(default=None, repr=False, compare=False)

    @cached_property
    def steps(self) -> tuple[Step, ...]:
        """Every step from the start to the end, without gap or overlap; the last one is the result."""
        return steps_of(self._story) if self._story else ()

    @property
    def story(self) -> Story | None:
        return self._story


@dataclass(frozen=True)
class Remaining:
    """What a ring on the screen shows: whole units and minutes left, the share used, and whether it is late.

    Months are shown as days. While a pause lasts nothing is used up. `minutes` are of working time for
    amounts that are counted at work, of clock time for the others, the begun minute included.
    """

    left: int
    unit: Unit
    minutes: int
    share_used: Fraction
    late: bool
    paused: bool
    due: Due

    @property
    def amount(self) -> Amount | None:
        """What is left as an amount; None when it is less than one unit."""
        return Amount(self.unit, self.left) if self.left else None


@dataclass(frozen=True)
class _Mark:
    """Where counting stands: a moment, and the local day (ordinal) whose count it closes."""

    moment: int
    day: int
    nominal: int | None = None


def add(t: datetime, amount: Amount, cal: Calendar) -> Due:
    """This will count the amount from t and say when it ends and why.

    :raises NaiveMoment: t has no offset.
    :raises CalendarNotKnown: the counting reaches a year without table.
    """
    return due(Clock(t, amount), cal)


def due(clock: Clock, cal: Calendar) -> Due:
    """This will say when the clock runs out; pauses and extensions take effect where they fall.

    For days every working day whose noon closing lies inside a pause is not counted (rule `day_pause`),
    for half days every half-day whose closing does, for calendar days every 12:00, for hours the paused
    part of the time counted. A closing lies inside when the minute before it does: `starts < closing <=
    ends`.

    :raises CalendarNotKnown: the counting reaches a year without table.
    """
    return _due(clock, cal, None)


def between(t1: datetime, t2: datetime, unit: Unit, cal: Calendar) -> int:
    """This will count the whole units that have ended by t2 when counted from t1: the inverse of `add`.

    :raises TimesReversed: t2 lies before t1.
    :raises CalendarNotKnown: a year between them has no table (natural days and months: the year of t2).
    """
    a, b = micros(t1), micros(t2)
    if b < a:
        raise TimesReversed(f"{t2} lies before {t1}")
    return _between(cal, a, b, Unit(unit), ())


def remaining(clock: Clock, cal: Calendar, now: datetime) -> Remaining:
    """This will say how much of the clock is left at this moment.

    :raises NaiveMoment: now has no offset.
    """
    at = micros(now)
    found = _due(clock, cal, at)
    end = micros(found.moment or found.at_least or now)
    start, unit = micros(clock.start), Unit(clock.amount.unit)
    blocks = [(f, max(f, at) if t is None else t) for f, t in _merged(clock.pauses)]
    here = min(max(at, start), end)
    total, used = (_passed(cal, unit, start, to, blocks) for to in (end, here))
    shown = Unit.NATURAL_DAY if unit is Unit.MONTH else unit
    return Remaining(
        left=_between(cal, here, end, shown, blocks) if here < end else 0,
        unit=shown,
        minutes=-((used - total) // MINUTE),
        share_used=Fraction(used, total),
        late=found.moment is not None and at > end,
        paused=at < end and any(f <= at and (t is None or at < t) for f, t in _merged(clock.pauses)),
        due=found,
    )


def _due(clock: Clock, cal: Calendar, now: int | None) -> Due:
    pauses = _merged(clock.pauses)
    start = micros(clock.start)
    legs = _walk(cal, start, _amounts(clock), pauses)
    if legs is None:  # an open pause: count as if it ended now, or at once
        known = [(f, max(f, now or f) if t is None else t) for f, t in pauses]
        legs = _walk(cal, start, _amounts(clock), known)
        assert legs is not None
        at_least = moment_of(legs[-1].ends)
        story = Story(cal, start, tuple(legs), tuple(known), _grounds(clock), is_open=True)
        return Due(None, _provisional(cal, legs), at_least, _story=story)
    leg = legs[-1]
    by_day = leg.amounts[0].unit in (Unit.WORKDAY, Unit.NATURAL_DAY, Unit.MONTH)
    return Due(
        moment_of(leg.ends),
        _provisional(cal, legs),
        last_day=date.fromordinal(leg.last_day) if by_day else None,
        nominal_day=date.fromordinal(leg.nominal or leg.last_day) if by_day else None,
        _story=Story(cal, start, tuple(legs), tuple(pauses), _grounds(clock), is_open=False),
    )


def _walk(
    cal: Calendar, start: int, amounts: Sequence[Sequence[Amount]], pauses: Sequence[Block]
) -> list[Leg] | None:
    """The legs of the way, each from the end of the one before; None while an open pause keeps it open."""
    mark = _Mark(start, cal.date_at(start).toordinal())
    legs = []
    for group in amounts:
        n = sum(a.minutes or a.n for a in group)
        end = _leg(cal, mark, group[0].unit, n, pauses)
        if end is None:
            return None
        legs.append(Leg(tuple(group), mark.moment, end.moment, mark.day, end.day, end.nominal))
        mark = end
    return legs


def _amounts(clock: Clock) -> list[list[Amount]]:
    """The first amount, then the extensions; neighbours of one unit are summed: a chain equals its total."""
    groups = groupby(clock.extensions, key=lambda a: _family(a.unit))
    return [[clock.amount], *(list(g) for _, g in groups)]


def _family(unit: Unit) -> Unit:
    return {Unit.WORK_HOUR: Unit.WORK_MINUTE, Unit.NATURAL_HOUR: Unit.NATURAL_MINUTE}.get(unit, unit)


def _leg(cal: Calendar, mark: _Mark, unit: Unit, n: int, pauses: Sequence[Block]) -> _Mark | None:
    match _family(unit):
        case Unit.NATURAL_MINUTE:
            end = _spend(mark.moment, n * MINUTE, pauses)
            return None if end is None else _Mark(end, cal.date_at(end).toordinal())
        case Unit.WORK_MINUTE:
            table = cal.table(cal.date_at(mark.moment).year)
            end = _spend(table.worked(mark.moment), n * MINUTE, _scaled(pauses, table.worked))
            return None if end is None else _closing(cal, table.when(end))
        case Unit.HALF_DAY:
            table = cal.table(cal.date_at(mark.moment).year)
            end = _spend(bisect_left(table.opens, mark.moment), n, _halves(table, pauses))
            if end is None:
                return None
            return _closing(cal, _found(table, table.closes, end - 1))
        case Unit.WORKDAY:
            table = cal.table(date.fromordinal(mark.day + 1).year)
            end = _spend(bisect_right(table.workdays, mark.day), n, _noons(table, pauses))
            if end is None:
                return None
            return _Mark(_found(table, table.ends, end - 1), table.workdays[end - 1])
        case _:
            days = n if unit is Unit.NATURAL_DAY else add_months(mark.day, n) - mark.day
            return _natural(cal, mark.day, days, pauses)


def _natural(cal: Calendar, day: int, n: int, pauses: Sequence[Block]) -> _Mark | None:
    blocks = _scaled(pauses, lambda m: _noon_after(cal, m))
    end = _spend(day + 1, n, blocks)
    if end is None:
        return None
    last = end - 1
    table = cal.table(date.fromordinal(last).year)
    i = bisect_left(table.workdays, last)
    for low, high in blocks:  # a last day that is moved does not land in a pause
        if i < len(table.workdays) and low <= table.workdays[i]:
            if high is None:
                return None
            i = max(i, bisect_left(table.workdays, high))
    return _Mark(_found(table, table.ends, i), table.workdays[i], last)


def _spend(here: int, need: int, blocks: Iterable[Block]) -> int | None:
    """Where `need` units from `here` end on a scale without the blocks; None if one of these never ends."""
    for low, high in blocks:
        if here + need <= low:
            break
        if high is None:
            return None
        if high > here:
            need -= max(0, low - here)
            here = high
    return here + need


def _scaled(pauses: Sequence[Block], scale: Callable[[int], int]) -> list[Block]:
    return [(scale(f), None if t is None else scale(t)) for f, t in pauses]


def _halves(table: Table, pauses: Sequence[Block]) -> list[Block]:
    return _scaled(pauses, lambda m: bisect_right(table.closes, m))


def _noons(table: Table, pauses: Sequence[Block]) -> list[Block]:
    return _scaled(pauses, lambda m: bisect_right(table.noons, m))


def _noon_after(cal: Calendar, moment: int) -> int:
    """The first calendar day (ordinal) whose 12:00 lies after the moment."""
    day = cal.date_at(moment)
    return day.toordinal() + (cal.at(day, _NOON) <= moment)


def _found(table: Table, moments: Sequence[int], index: int) -> int:
    if index >= len(moments):
        raise table.beyond()
    return moments[index]


def _closing(cal: Calendar, moment: int) -> _Mark:
    return _Mark(moment, cal.date_at(moment - 1).toordinal())  # 24:00 closes the day before it


def add_months(day: int, n: int) -> int:
    """This will give the same date n months later, or that month's last day (202). Days are ordinals."""
    start = date.fromordinal(day)
    year, month = divmod(start.year * 12 + start.month - 1 + n, 12)
    return date(year, month + 1, min(start.day, monthrange(year, month + 1)[1])).toordinal()


def _between(cal: Calendar, a: int, b: int, unit: Unit, pauses: Sequence[Block]) -> int:
    first, last = cal.date_at(a), cal.date_at(b)
    if unit in MINUTES:
        return _passed(cal, unit, a, b, pauses) // (MINUTES[unit] * MINUTE)
    if unit is Unit.WORKDAY:
        table = cal.table(first.year if last == first else (first + timedelta(1)).year)
        low, high = bisect_right(table.workdays, first.toordinal()), bisect_right(table.ends, b)
        _ensure_within(table, cal, b)
        return _unpaused(low, high, _noons(table, pauses))
    if unit is Unit.HALF_DAY:
        table = cal.table(first.year)
        _ensure_within(table, cal, b)
        return _unpaused(bisect_left(table.opens, a), bisect_right(table.closes, b), _halves(table, pauses))
    ended = last.toordinal() - (b < _end_of(cal, last))
    if unit is Unit.NATURAL_DAY:
        return _unpaused(first.toordinal() + 1, ended + 1, _scaled(pauses, lambda m: _noon_after(cal, m)))
    n = (last.year - first.year) * 12 + last.month - first.month
    return max(0, n - (add_months(first.toordinal(), n) > ended))


def _end_of(cal: Calendar, day: date) -> int:
    """The close of business of a working day, 24:00 of another one."""
    ordinal, table = day.toordinal(), cal.table(day.year)
    i = bisect_left(table.workdays, ordinal)
    if i < len(table.workdays) and table.workdays[i] == ordinal:
        return table.ends[i]
    return cal.at(day, 1440)


def _ensure_within(table: Table, cal: Calendar, moment: int) -> None:
    if cal.date_at(moment - 1).year > table.years[-1]:
        raise table.beyond()


def _unpaused(low: int, high: int, blocks: Iterable[Block]) -> int:
    """The length of [low, high) on a scale without the blocks."""
    lost = sum(max(0, min(high, high if t is None else t) - max(low, f)) for f, t in blocks)
    return max(0, high - low - lost)


def _passed(cal: Calendar, unit: Unit, a: int, b: int, pauses: Sequence[Block]) -> int:
    """The time (µs) that counts between two moments: working time for what is counted at work, else all."""
    if unit not in COUNTED_AT_WORK:
        return _unpaused(a, b, pauses)
    table = cal.table(cal.date_at(a).year)
    _ensure_within(table, cal, b)
    return _unpaused(table.worked(a), table.worked(b), _scaled(pauses, table.worked))


def _merged(pauses: Iterable[Pause]) -> list[Block]:
    """Overlapping and adjoining pauses as one, in order of time; empty ones are gone."""
    merged: list[tuple[int, int | None]] = []
    for starts, ends in sorted(
        ((micros(p.starts), None if p.ends is None else micros(p.ends)) for p in pauses), key=lambda b: b[0]
    ):
        if starts == ends:
            continue
        if merged and ((old := merged[-1][1]) is None or starts <= old):
            later = None if old is None or ends is None else max(old, ends)
            merged[-1] = (merged[-1][0], later)
        else:
            merged.append((starts, ends))
    return merged


def _grounds(clock: Clock) -> tuple[tuple[int, int | None, str], ...]:
    return tuple(
        (micros(p.starts), None if p.ends is None else micros(p.ends), p.ground) for p in clock.pauses
    )


def _provisional(cal: Calendar, legs: Sequence[Leg]) -> bool:
    """Hours by the clock ask no table, calendar days that of the day they end on, work that of every day."""
    for leg in legs:
        unit = leg.amounts[0].unit
        if unit in COUNTED_AT_WORK and cal.provisional(
            cal.date_at(leg.begins).year, cal.date_at(leg.ends - 1).year
        ):
            return True
        if leg.nominal is not None and cal.provisional(
            date.fromordinal(leg.nominal).year, date.fromordinal(leg.last_day).year
        ):
            return True
    return False

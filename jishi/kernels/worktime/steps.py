"""The way from the start to the end of a clock, cut into steps that a reader can check one by one."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from enum import StrEnum

from jishi.kernels.worktime.amounts import Amount, Unit
from jishi.kernels.worktime.calendars import MINUTE, Calendar, Day, Rest, clock_change, moment_of

Block = tuple[int, int | None]  # a pause on some scale, half open; None: it has not ended
_NOON = 720
_DAYS = frozenset({Unit.WORKDAY, Unit.NATURAL_DAY, Unit.MONTH})
_CLOCK = frozenset({Unit.NATURAL_HOUR, Unit.NATURAL_MINUTE})


class StepKind(StrEnum):
    RECEIVED = "received"  # when it began; a day that is not counted, or the moment itself
    WAITING = "waiting"  # nobody is at work yet
    COUNTED = "counted"
    WEEKEND = "weekend"
    HOLIDAY = "holiday"
    CLOSED = "closed"
    PAUSED = "paused"
    EXPIRY = "expiry"  # the old expiry, from which an extension counts on
    RESULT = "result"
    OPEN = "open"  # the earliest end while a pause is still open


@dataclass(frozen=True)
class Leg:
    """One amount on its way: moments in microseconds, days as ordinals. `first_day` is not counted."""

    amounts: tuple[Amount, ...]
    begins: int
    ends: int
    first_day: int
    last_day: int
    nominal: int | None  # last calendar day before rest days moved it; None for hours and workdays


@dataclass(frozen=True)
class Story:
    """All that the steps are told from: the legs, and the pauses as they were counted."""

    cal: Calendar
    start: int
    legs: tuple[Leg, ...]
    pauses: tuple[Block, ...]
    grounds: tuple[tuple[int, int | None, str], ...]
    is_open: bool

    def pause_at(self, moment: int) -> str | None:
        """The ground of the pause in which a closing lies ("" if unnamed); None if it lies in no pause."""
        if not any(f < moment and (t is None or moment <= t) for f, t in self.pauses):
            return None
        return next((g for f, t, g in self.grounds if f < moment and (t is None or moment <= t)), "")


@dataclass(frozen=True)
class Step:
    """One step: the moments it covers (half open, UTC), the local days it speaks of, and what it adds.

    `n` and `total` are whole units, minutes for hours; `total` is counted from the start of its leg.
    `leg` is 0 for the first amount, then one for each extension. `moved` is why the last day is not the
    nominal one; `clock_change` is "missing" or "twice" when the closing time is skipped or repeated by
    a changing clock.
    """

    kind: StepKind
    begins: datetime
    ends: datetime
    first: date
    last: date
    unit: Unit
    n: int = 0
    total: int = 0
    name: str = ""
    source: str = ""
    make_up: bool = False
    leg: int = 0
    goal: tuple[Amount, ...] = ()
    nominal: date | None = None
    moved: StepKind | None = None
    clock_change: str = ""


@dataclass(frozen=True)
class _Atom:
    """A day, a half-day or a piece of working time; it lasts until the next one begins."""

    begins: int
    day: date
    kind: StepKind
    n: int = 0
    name: str = ""
    source: str = ""
    make_up: bool = False


def steps_of(story: Story) -> tuple[Step, ...]:
    """This will cut the whole way into steps."""
    steps = [_received(story)]
    for number, leg in enumerate(story.legs):
        is_last = number == len(story.legs) - 1
        begins = _micro(steps[-1].ends)
        atoms = list(_atoms(story, leg, begins))
        end = StepKind.EXPIRY if not is_last else StepKind.OPEN if story.is_open else StepKind.RESULT
        steps += _joined(story, leg, number, atoms, begins, end)
    return tuple(steps)


def _received(story: Story) -> Step:
    leg = story.legs[0]
    day = story.cal.date_at(story.start)
    by_day = leg.amounts[0].unit in _DAYS
    ends = story.cal.at(day, 1440) if by_day else story.start
    return Step(
        StepKind.RECEIVED,
        moment_of(story.start),
        moment_of(ends),
        day,
        day,
        leg.amounts[0].unit,
        goal=leg.amounts,
    )


def _micro(moment: datetime) -> int:
    return (moment - moment_of(0)) // timedelta(microseconds=1)


def _atoms(story: Story, leg: Leg, begins: int) -> Iterator[_Atom]:
    unit = leg.amounts[0].unit
    if unit in _CLOCK:
        return _clock_atoms(story, leg, begins)
    if unit is Unit.WORKDAY:
        return _workday_atoms(story, leg)
    if unit in _DAYS:
        return _calendar_atoms(story, leg)
    return _hour_atoms(story, leg, begins)


def _workday_atoms(story: Story, leg: Leg) -> Iterator[_Atom]:
    cal = story.cal
    for ordinal in range(leg.first_day + 1, leg.last_day + 1):
        day = cal.day(date.fromordinal(ordinal))
        noon = day.spans[0][1] if day.is_worked else _NOON
        ground = story.pause_at(cal.at(day.date, noon)) if story.pauses else None
        begins = cal.at(day.date, 0)
        if ground is not None:
            yield _Atom(begins, day.date, StepKind.PAUSED, name=ground)
        elif day.is_worked:
            yield _Atom(begins, day.date, StepKind.COUNTED, 1, day.name, day.source, day.make_up)
        else:
            yield _rest(begins, day)


def _calendar_atoms(story: Story, leg: Leg) -> Iterator[_Atom]:
    cal, nominal = story.cal, leg.nominal or leg.last_day
    for ordinal in range(leg.first_day + 1, leg.last_day + 1):
        day = date.fromordinal(ordinal)
        ground = story.pause_at(cal.at(day, _NOON)) if story.pauses else None
        if ground is not None:
            yield _Atom(cal.at(day, 0), day, StepKind.PAUSED, name=ground)
        else:
            yield _Atom(cal.at(day, 0), day, StepKind.COUNTED, int(ordinal <= nominal))


def _hour_atoms(story: Story, leg: Leg, begins: int) -> Iterator[_Atom]:
    """Half-days, or pieces of them; what lies between them belongs to the piece before."""
    cal = story.cal
    by_half = leg.amounts[0].unit is Unit.HALF_DAY
    for ordinal in range(cal.date_at(begins).toordinal(), leg.last_day + 1):
        day = cal.day(date.fromordinal(ordinal))
        if not day.is_worked:
            yield _rest(max(begins, cal.at(day.date, 0)), day)
        for a, b in day.spans:
            opens, closes = cal.at(day.date, a), min(cal.at(day.date, b), leg.ends)
            if by_half:
                if opens >= begins and closes > opens:
                    yield _half(story, day, opens, closes)
            elif closes > max(opens, begins):
                yield from _pieces(story, day, max(opens, begins), closes)


def _half(story: Story, day: Day, opens: int, closes: int) -> _Atom:
    ground = story.pause_at(closes)
    if ground is not None:
        return _Atom(opens, day.date, StepKind.PAUSED, name=ground)
    return _Atom(opens, day.date, StepKind.COUNTED, 1, day.name, day.source, day.make_up)


def _pieces(story: Story, day: Day, opens: int, closes: int) -> Iterator[_Atom]:
    for begins, ends, ground in _cut(story, opens, closes):
        if ground is None:
            yield _Atom(begins, day.date, StepKind.COUNTED, ends - begins, day.name, day.source, day.make_up)
        else:
            yield _Atom(begins, day.date, StepKind.PAUSED, name=ground)


def _clock_atoms(story: Story, leg: Leg, begins: int) -> Iterator[_Atom]:
    for piece, ends, ground in _cut(story, begins, leg.ends):
        day = story.cal.date_at(piece)
        if ground is None:
            yield _Atom(piece, day, StepKind.COUNTED, ends - piece)
        else:
            yield _Atom(piece, day, StepKind.PAUSED, name=ground)


def _cut(story: Story, begins: int, ends: int) -> Iterator[tuple[int, int, str | None]]:
    """The pieces of [begins, ends) outside and inside the pauses, in order, with the ground if inside."""
    here = begins
    for f, t in story.pauses:
        low, high = max(f, begins), ends if t is None else min(t, ends)
        if low >= high:
            continue
        if here < low:
            yield here, low, None
        yield low, high, story.pause_at(low + 1) or ""
        here = high
    if here < ends:
        yield here, ends, None


def _rest(begins: int, day: Day) -> _Atom:
    kind = {Rest.WEEKEND: StepKind.WEEKEND, Rest.HOLIDAY: StepKind.HOLIDAY, Rest.CLOSED: StepKind.CLOSED}
    return _Atom(begins, day.date, kind[day.rest or Rest.CLOSED], name=day.name, source=day.source)


def _joined(
    story: Story, leg: Leg, number: int, atoms: Sequence[_Atom], begins: int, end: StepKind
) -> Iterator[Step]:
    """Neighbours of one kind as one step; the last counted atom and what follows is the end of the leg."""
    cal, unit = story.cal, leg.amounts[0].unit
    last = max(i for i, a in enumerate(atoms) if a.n)
    while number and last and _alike(atoms[last - 1], atoms[last]):
        last -= 1  # the last unbroken stretch of an extension is told in one step
    if atoms[0].begins > begins and unit not in _DAYS:
        day = cal.date_at(begins)
        waiting = _Atom(begins, day, StepKind.WAITING)
        yield _step(waiting.kind, begins, atoms[0].begins, waiting, day, leg, number)
        begins = atoms[0].begins
    total, i = 0, 0
    while i < last:
        j, n = i, 0
        while j < last and _alike(atoms[j], atoms[i]):
            n += atoms[j].n
            j += 1
        total += n
        step = _step(atoms[i].kind, begins, atoms[j].begins, atoms[i], atoms[j - 1].day, leg, number)
        yield replace(step, n=_whole(unit, n), total=_whole(unit, total))
        begins, i = atoms[j].begins, j
    rest = sum(a.n for a in atoms[last:])
    ending = _step(end, begins, leg.ends, atoms[last], date.fromordinal(leg.last_day), leg, number)
    moved = _moved(story, leg)
    yield replace(
        ending,
        n=_whole(unit, rest),
        total=_whole(unit, total + rest),
        nominal=date.fromordinal(leg.nominal or leg.last_day),
        name=moved.name if moved else ending.name,
        moved=moved.kind if moved else None,
        clock_change=_change(cal, leg),
    )


def _step(kind: StepKind, begins: int, ends: int, atom: _Atom, last: date, leg: Leg, number: int) -> Step:
    unit = leg.amounts[0].unit
    return Step(
        kind, moment_of(begins), moment_of(ends), atom.day, last, unit,
        name=atom.name, source=atom.source, make_up=atom.make_up, leg=number, goal=leg.amounts,
    )  # fmt: skip


def _alike(a: _Atom, b: _Atom) -> bool:
    return (a.kind, a.name, a.source, a.make_up) == (b.kind, b.name, b.source, b.make_up)


def _whole(unit: Unit, n: int) -> int:
    return n if unit in _DAYS or unit is Unit.HALF_DAY else n // MINUTE


def _moved(story: Story, leg: Leg) -> _Atom | None:
    """The rest day for which the nominal last day is not the last day."""
    if leg.nominal is None or leg.nominal == leg.last_day:
        return None
    return _rest(0, story.cal.day(date.fromordinal(leg.nominal)))


def _change(cal: Calendar, leg: Leg) -> str:
    if leg.amounts[0].unit in _CLOCK:
        return ""
    day = cal.day(date.fromordinal(leg.last_day))
    for _, minute in day.spans:
        if cal.at(day.date, minute) == leg.ends and (change := clock_change(cal.tz, day.date, minute)):
            return change
    return ""

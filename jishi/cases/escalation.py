"""Whom the clock tells, and when: a pure function of one clock, its calendar and the rules (spec 10 §7).

Nothing that people write beside a case is an input: a comment, an urging, a visit resets nothing. Worked out again at
any later moment, it gives the same rungs.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from jishi.cases.limits import Rung
from jishi.kernels import worktime

MINUTE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Reached:
    """One rung and the moment at which this clock reaches it."""

    rung: Rung
    at: datetime


def ladder(clock: worktime.Clock, calendar: worktime.Calendar, rungs: Sequence[Rung]) -> tuple[Reached, ...]:
    """This will say when each rung is reached if nobody stops the clock; none while a pause is open.

    :raises CalendarNotKnown: the counting reaches a year without table.
    """
    due = worktime.due(clock, calendar)
    if due.moment is None:
        return ()
    found = [
        Reached(rung, _share_used(clock, calendar, rung, due.moment) if rung.share is not None
                else _after(due.moment, rung.workdays, calendar))
        for rung in rungs
    ]  # fmt: skip
    return tuple(sorted(found, key=lambda r: r.at))


def reached(
    clock: worktime.Clock,
    calendar: worktime.Calendar,
    rungs: Sequence[Rung],
    *,
    stopped_at: datetime | None,
    now: datetime,
) -> tuple[Reached, ...]:
    """This will give the rungs reached by `now`, or by the moment the clock stopped."""
    end = now if stopped_at is None else min(now, stopped_at)
    return tuple(r for r in ladder(clock, calendar, rungs) if r.at <= end)


def _after(due: datetime, workdays: int, calendar: worktime.Calendar) -> datetime:
    """The same time of day so many working days later: what fell due on Monday evening is one over on Tuesday."""
    if workdays == 0:
        return due
    end = worktime.add(due, worktime.workdays(workdays), calendar).moment
    assert end is not None
    return end


def _share_used(clock: worktime.Clock, calendar: worktime.Calendar, rung: Rung, due: datetime) -> datetime:
    """The first minute at which the share is used up: time of work where work is counted, pauses left out."""
    low, high = 0, max(1, int((due - clock.start) / MINUTE))
    assert rung.share is not None
    while low < high:
        middle = (low + high) // 2
        if worktime.remaining(clock, calendar, clock.start + middle * MINUTE).share_used >= rung.share:
            high = middle
        else:
            low = middle + 1
    return clock.start + low * MINUTE

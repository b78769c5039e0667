"""Where a term ends: at 24:00 of its last day, not at 00:00 of the next (民法典 art. 203).

Whoever reads "25 November 00:00" believes that the 25th is his; the term ended with the 24th.
"""

from datetime import date, datetime, time, timedelta

from django.utils.timezone import localdate, localtime


def last_day(end: datetime) -> date:
    """Give the local calendar day that a term leaves last: midnight closes the day before it."""
    return localdate(end - timedelta(microseconds=1))


def named(end: datetime) -> str:
    """Write the end of a term alike in every language: "2026-11-24 24:00"."""
    return f"{last_day(end)} {clock(end)}"


def clock(end: datetime) -> str:
    """Give the hour at which a term ends on its last day, "17:30"; midnight is "24:00"."""
    local = localtime(end)
    return "24:00" if local.time() == time.min else f"{local:%H:%M}"

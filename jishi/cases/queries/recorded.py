"""The record, checked: a number for each day, and each night whether the cases stand where their entries say."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from django.utils.timezone import get_current_timezone, localdate

from jishi.cases.actions import replaying
from jishi.cases.models import Case
from jishi.foundation import anchors, trail
from jishi.foundation.actor import Actor

DAYS = 14
STANDS_STILL = timedelta(hours=26)
ANCHORED_BY = time(1, 0)  # a day that has no anchor by then is missing one (spec 90 §6: within one hour)


@dataclass(frozen=True, slots=True)
class Day:
    """A day with its anchor: how many entries and subjects it closes, its root, and the characters to read aloud."""

    day: date
    entries: int
    subjects: int
    root: str
    words: str


@dataclass(frozen=True, slots=True)
class Night:
    """One comparison: how many cases, how many differ, in what, and the first of them (id, number)."""

    at: datetime
    cases: int
    different: int
    what: Mapping[str, int]
    first: Sequence[tuple[int, str]]


@dataclass(frozen=True, slots=True)
class Checked:
    """`missing`: days of the last two weeks that have ended, and no anchor; newest first. `late`: the comparison has
    stood still for more than a day."""

    days: Sequence[Day]
    missing: Sequence[date]
    nights: Sequence[Night]
    late: bool


def checked(*, by: Actor, now: datetime) -> Checked:
    """Read the last two weeks, 3 statements."""
    rows = anchors.latest(DAYS)
    days = [Day(r.day, r.entries, r.subjects, r.root, anchors.words_of(r)) for r in rows]
    nights = _nights(by)
    return Checked(days, _missing(days, now), nights, bool(nights) and now - nights[0].at > STANDS_STILL)


def _missing(days: Sequence[Day], now: datetime) -> list[date]:
    """Days since the first known anchor that have none."""
    here = now.astimezone(get_current_timezone())
    last = localdate(now) - timedelta(days=1 if here.time() >= ANCHORED_BY else 2)
    known = {d.day for d in days}
    first = min(known, default=last + timedelta(days=1))
    return [d for d in (last - timedelta(days=n) for n in range(DAYS)) if first <= d and d not in known]


def _nights(by: Actor) -> list[Night]:
    entries = list(
        trail.Entry.objects.filter(
            tenant_id=by.tenant_id, subject_kind="tenant", subject_id=by.tenant_id, verb=replaying.COMPARED
        ).order_by("-seq")[:DAYS]
    )
    named = {i for e in entries for i in e.codes["first"]}
    numbers = dict(Case.objects.filter(tenant_id=by.tenant_id, id__in=named).values_list("id", "number"))
    return [_night(e.at, e.codes, numbers) for e in entries]


def _night(at: datetime, codes: Mapping[str, Any], numbers: Mapping[int, str]) -> Night:
    first = [(i, numbers[i]) for i in codes["first"] if i in numbers]
    return Night(at, codes["cases"], codes["different"], codes["in"], first)

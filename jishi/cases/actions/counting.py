"""What an indicator of a topic counts, from the record alone (spec 10 §12; definitions in rules/topics.toml).

What was found is never among what was asked. Cases that accuse a body are counted for nobody: the figure is public.
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from django.db.models import Exists, OuterRef, QuerySet
from django.utils.timezone import make_aware

from jishi.cases.models import Case, Feedback, Membership
from jishi.cases.states import FOUND, Solved, Status
from jishi.cases.topic_rules import Indicator


@dataclass(frozen=True, slots=True)
class Counted:
    """A count over 1, or an exact share; a share of nothing is 0 of 0."""

    n: int
    of: int = 1


def value(indicator: Indicator, matters: Collection[str], *, until: date) -> Counted:
    """Count an indicator over its days before `until`; one or two statements. The same day counts the same again."""
    end = make_aware(datetime.combine(until, time.min))
    return _COUNTS[indicator.code](_cases(matters), end - timedelta(days=indicator.days), end)


def asked(matters: Collection[str], *, now: datetime, days: int = 90) -> int:
    """Count the cases of these matters that residents raised in the last days."""
    return _asked(_cases(matters), now - timedelta(days=days), now).n


def banked(matters: Collection[str]) -> int:
    """Count the cases of these matters that are banked now."""
    return _cases(matters).filter(status=Status.BANKED).count()


def _cases(matters: Collection[str]) -> QuerySet[Case]:
    return Case.objects.filter(matter__in=list(matters), accused_body_ids=[])


def _within(rows: QuerySet[Case], start: datetime, end: datetime) -> QuerySet[Case]:
    return rows.filter(received_at__gte=start, received_at__lt=end)


def _found(rows: QuerySet[Case]) -> QuerySet[Case]:
    by_us = Membership.objects.filter(case=OuterRef("pk"), report__channel__in=FOUND)
    return rows.filter(Exists(by_us))


def _asked(rows: QuerySet[Case], start: datetime, end: datetime) -> Counted:
    by_people = Membership.objects.filter(case=OuterRef("pk")).exclude(report__channel__in=FOUND)
    return Counted(_within(rows, start, end).filter(Exists(by_people)).count())


def _returned(rows: QuerySet[Case], start: datetime, end: datetime) -> Counted:
    all_ = _within(rows, start, end)
    return Counted(all_.filter(returns_count__gt=0).count(), all_.count())


def _not_solved(rows: QuerySet[Case], start: datetime, end: datetime) -> Counted:
    told = Feedback.objects.filter(case__in=rows, answered_at__gte=start, answered_at__lt=end, superseded_by=None)
    said = told.filter(solved__in=(Solved.YES, Solved.PARTLY, Solved.NO))
    return Counted(said.filter(solved=Solved.NO).count(), said.count())


def _found_first(rows: QuerySet[Case], start: datetime, end: datetime) -> Counted:
    all_ = _within(rows, start, end)
    return Counted(_found(all_).count(), all_.count())


_COUNTS: Mapping[str, Callable[[QuerySet[Case], datetime, datetime], Counted]] = {
    "asked": _asked, "returned": _returned, "not_solved": _not_solved, "found_first": _found_first,
}  # fmt: skip

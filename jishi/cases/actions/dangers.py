"""Marks of urgent danger: made once at intake, gone when the desk has acted (spec 12 §7)."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta

from django.db.models import F
from django.utils.timezone import localdate

from jishi.cases import triage
from jishi.cases.models import Case, Report, RiskLook, RiskMark
from jishi.cases.triage import danger
from jishi.foundation.actor import Actor
from jishi.foundation.together import Together

FRESH = timedelta(days=7)  # what was said longer ago is brought in by a file, and calls nobody to the telephone
ACTING = ("operator", "dispatcher")  # who reads the marks; the list itself acts for nobody
KEPT = timedelta(days=30)  # a mark that nobody acted upon is no fact about a person either
WAITED = (1.0, 5.0, 10.0, 30.0, 60.0, 240.0, 1440.0)  # minutes; what is kept is the step, not the moment


def mark(
    reports: Sequence[Report], looked: Sequence[triage.Looked], cases: Mapping[int, Case], *, now: datetime,
    into: Together,
) -> None:  # fmt: skip
    """Store the marks of reports that have just come in, with what is gathered in `into`."""
    edition = danger.load().edition
    rows = [
        RiskMark(
            tenant_id=report.tenant_id, report=report, case=cases[i], code=one.code, words=list(one.words),
            edition=edition, marked_at=now,
        )
        for i, (report, seen) in enumerate(zip(reports, looked, strict=True))
        if is_fresh(report, now=now)
        for one in seen.dangers
    ]  # fmt: skip
    into.rows(rows)


def is_fresh(report: Report, *, now: datetime) -> bool:
    """Whether it was said lately enough for somebody to be called."""
    return report.said_at >= now - FRESH


def acted(
    case_ids: Collection[int], *, by: Actor, now: datetime, is_danger: bool | None = None, over: bool = False
) -> int:
    """End the marks of cases on which somebody who receives for the town has acted; gives how many they were.

    `over`: the case has ended, whoever ended it: no mark outlives it. What is kept is in which week they waited how
    long, by steps: neither the kind nor the moment leads back to a case.
    """
    if not over and not by.has(*ACTING):
        return 0
    rows = list(RiskMark.objects.filter(tenant_id=by.tenant_id, case__in=case_ids))
    if not rows:
        return 0
    week = localdate(now) - timedelta(days=localdate(now).weekday())
    RiskLook.objects.bulk_create(
        RiskLook(
            tenant_id=row.tenant_id, week=week, minutes=_step((now - row.marked_at).total_seconds() / 60),
            is_danger=is_danger, edition=row.edition,
        )
        for row in rows
    )  # fmt: skip
    RiskMark.objects.filter(tenant_id=by.tenant_id, id__in=[row.id for row in rows]).delete()
    return len(rows)


def carry(report_ids: Collection[int], *, into: int, by: Actor) -> int:
    """Let the marks of reports stand on the case to which these belong from now on; gives how many.

    To put two cases together, or apart again, is no act upon a danger: nobody was called, nobody was sent.
    """
    rows = RiskMark.objects.filter(tenant_id=by.tenant_id, report__in=report_ids).exclude(case=into)
    return rows.update(case=into, version=F("version") + 1)


def forget_old(*, tenant_id: int, now: datetime) -> int:
    """Delete marks upon which nobody has acted for a month; gives how many."""
    return RiskMark.objects.filter(tenant_id=tenant_id, marked_at__lt=now - KEPT).delete()[0]


def _step(minutes: float) -> float:
    return next((step for step in WAITED if minutes <= step), WAITED[-1])

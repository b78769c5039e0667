"""Marks of urgent danger: made once at intake, gone when the desk has acted (spec 12 §7)."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta

from django.utils.timezone import localdate

from jishi.cases import triage
from jishi.cases.models import Case, Report, RiskLook, RiskMark
from jishi.cases.triage import danger
from jishi.foundation.actor import Actor

FRESH = timedelta(days=7)  # what was said longer ago is brought in by a file, and calls nobody to the telephone
ACTING = ("operator", "dispatcher", "grid_worker")  # who receives for the town; the list itself acts for nobody


def mark(
    reports: Sequence[Report], looked: Sequence[triage.Looked], cases: Mapping[int, Case], *, now: datetime
) -> None:
    """Store the marks of reports that have just come in; no statement where no word speaks of danger."""
    edition = danger.load().edition
    rows = [
        RiskMark(
            tenant_id=report.tenant_id, report=report, case=cases[i], code=one.code, words=list(one.words),
            edition=edition, marked_at=now,
        )
        for i, (report, seen) in enumerate(zip(reports, looked, strict=True))
        if report.said_at >= now - FRESH
        for one in seen.dangers
    ]  # fmt: skip
    if rows:
        RiskMark.objects.bulk_create(rows)


def acted(case_ids: Collection[int], *, by: Actor, now: datetime, is_danger: bool | None = None) -> int:
    """End the marks of cases on which somebody who receives for the town has acted; gives how many they were.

    What is kept is how long they waited, with the kind of danger where it says nothing about a person.
    """
    if not by.has(*ACTING):
        return 0
    rows = list(RiskMark.objects.filter(tenant_id=by.tenant_id, case__in=case_ids))
    if not rows:
        return 0
    known = danger.load().dangers
    shown = {code for code, one in known.items() if not one.desk_only}
    RiskLook.objects.bulk_create(
        RiskLook(
            tenant_id=row.tenant_id, day=localdate(now), code=row.code if row.code in shown else "",
            minutes=max(0.0, (now - row.marked_at).total_seconds() / 60), is_danger=is_danger, edition=row.edition,
        )
        for row in rows
    )  # fmt: skip
    RiskMark.objects.filter(tenant_id=by.tenant_id, id__in=[row.id for row in rows]).delete()
    return len(rows)

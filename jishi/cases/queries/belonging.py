"""Who belonged to what, at any moment: later merges never change the answer (spec 10 §4)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q, QuerySet

from jishi.cases import policies
from jishi.cases.models import Case, Membership
from jishi.foundation.actor import Actor


@dataclass(frozen=True, slots=True)
class Spell:
    """One report in one case, from a moment to a moment. `other`: the case it came from or went to, if any."""

    report: str
    from_at: datetime
    to_at: datetime | None
    why: str
    end: str
    part_text: str
    promise_due_at: datetime | None


def members_at(case_id: int, at: datetime) -> frozenset[int]:
    """Give the reports that belonged to a case at a moment."""
    return frozenset(_at(Membership.objects.filter(case=case_id), at).values_list("report_id", flat=True))


def cases_at(report_id: int, at: datetime) -> frozenset[int]:
    """Give the cases that a report belonged to at a moment."""
    return frozenset(_at(Membership.objects.filter(report=report_id), at).values_list("case_id", flat=True))


def spells_of(case: Case) -> Sequence[Spell]:
    """Give every stay of a report in this case, those that last first, then the newest."""
    rows = Membership.objects.filter(case=case).select_related("report").order_by("-from_at", "-id")
    found = [
        Spell(m.report.number, m.from_at, m.to_at, m.why, m.end, m.part_text, m.promise_due_at) for m in rows
    ]  # fmt: skip
    return sorted(found, key=lambda s: s.to_at is not None)


def absorbed_by(case: Case, *, by: Actor) -> Sequence[Case]:
    """Give the cases that live on in this one, whose merge may be undone."""
    rows = Case.objects.filter(tenant_id=case.tenant_id, absorbed_into=case)
    return list(policies.visible_to(by, rows).order_by("id"))


def _at(rows: QuerySet[Membership], at: datetime) -> QuerySet[Membership]:
    return rows.filter(Q(to_at=None) | Q(to_at__gt=at), from_at__lte=at)

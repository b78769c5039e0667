"""Who belonged to what, at any moment: later merges never change the answer (spec 10 §4)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Q, QuerySet

from jishi.cases import policies
from jishi.cases.models import Case, Membership
from jishi.cases.queries import listing
from jishi.foundation.actor import Actor
from jishi.foundation.refusals import Invalid, NotFound


@dataclass(frozen=True, slots=True)
class Spell:
    """One report in one case, from a moment to a moment. `other`: the case it came from or went to, if any."""

    report: str
    report_version: int
    from_at: datetime
    to_at: datetime | None
    why: str
    end: str
    part_text: str
    promise_due_at: datetime | None
    reason: str = ""  # what spoke for a merge


def members_at(case_id: int, at: datetime) -> frozenset[int]:
    """Give the reports that belonged to a case at a moment."""
    return frozenset(_at(Membership.objects.filter(case=case_id), at).values_list("report_id", flat=True))


def spells_of(case: Case) -> Sequence[Spell]:
    """Give every stay of a report in this case, those that last first, then the newest."""
    rows = Membership.objects.filter(case=case).select_related("report").order_by("-from_at", "-id")
    found = [
        Spell(
            m.report.number, m.report.version, m.from_at, m.to_at, m.why, m.end, m.part_text, m.promise_due_at,
            str(m.evidence.get("reason", "")),
        )
        for m in rows
    ]  # fmt: skip
    return sorted(found, key=lambda s: s.to_at is not None)


def told(number: str, *, by: Actor) -> list[dict[str, Any]]:
    """Give the stays in a case as programs read them. :raises NotFound: no such case for this actor."""
    rows = spells_of(Case.objects.get(id=listing.id_of(number, by=by)))
    own = None
    if by.kind in ("resident", "reporter"):  # the other callers are nobody's business
        own = set(policies.reports_of(by).values_list("number", flat=True))
    return [
        {
            "report": s.report, "from_at": s.from_at.isoformat(), "to_at": s.to_at.isoformat() if s.to_at else None,
            "why": s.why, "end": s.end, "part_text": s.part_text,
            "promise_due_at": s.promise_due_at.isoformat() if s.promise_due_at else None,
        }
        for s in rows
        if own is None or s.report in own
    ]  # fmt: skip


def case_to_split(report_id: int, number: str, *, by: Actor) -> int:
    """Give the one case that a report belongs to, or the one that is named among several.

    :raises Invalid: it belongs to several and none is named. :raises NotFound: not to that one.
    """
    rows = Membership.objects.filter(report=report_id, to_at=None)
    if number:
        rows = rows.filter(case=listing.id_of(number, by=by))
    found = list(rows.values_list("case_id", flat=True)[:2])
    if not found:
        raise NotFound
    if len(found) > 1:
        raise Invalid(detail="case")
    return found[0]


def absorbed_by(case: Case, *, by: Actor) -> Sequence[Case]:
    """Give the cases that live on in this one, whose merge may be undone."""
    rows = Case.objects.filter(tenant_id=case.tenant_id, absorbed_into=case)
    return list(policies.visible_to(by, rows).order_by("id"))


def _at(rows: QuerySet[Membership], at: datetime) -> QuerySet[Membership]:
    return rows.filter(Q(to_at=None) | Q(to_at__gt=at), from_at__lte=at)

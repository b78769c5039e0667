"""Who speaks may join what others said: open cases that are alike, as a stranger may see them (spec 10 §3)."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Q

from jishi.bodies import queries as bodies
from jishi.cases.actions.making import AFTER_REVIEW
from jishi.cases.models import Case, Membership
from jishi.cases.states import ENDS, Kind, Visibility, Voice
from jishi.duties import queries as duties
from jishi.foundation import numbers


@dataclass(frozen=True, slots=True)
class Near:
    """An open case that may be the same matter: nothing in it is anybody's words."""

    case_id: int
    what: str
    where: str
    body: str
    status: str
    due_at: datetime | None
    count: int


def alike(candidates: Iterable[Mapping[str, Any]], *, tenant_id: int, lang: str) -> list[Near]:
    """Give those open cases among triage's candidates that a stranger may join: no hidden caller, no accused body, and
    none that strangers will never read. Else whoever names a house would hear what is said of it.
    """
    ids = [int(c["value"]) for c in candidates if numbers.names_a_row(c.get("value") or "")]
    if not ids:
        return []
    closed = Membership.objects.filter(case__in=ids, to_at=None, report__voice=Voice.CONFIDENTIAL).values("case")
    rows = Case.objects.filter(tenant_id=tenant_id, id__in=ids, accused_body_ids=[]).exclude(id__in=closed)
    book, known = duties.matters(), bodies.names()
    waiting = [m.code for m in book.values() if m.default_visibility == AFTER_REVIEW]
    rows = rows.filter(Q(visibility=Visibility.PUBLIC) | Q(visibility=Visibility.PARTIES, matter__in=waiting))
    rows = rows.exclude(kind=Kind.TIP_OFF).exclude(status__in=ENDS)
    return [
        Near(
            case_id=c.id,
            what=book[c.matter].called(lang) if c.matter in book else "",
            where=c.place_name,
            body=known[c.lead_id].called(lang) if c.lead_id else "",
            status=c.status,
            due_at=c.promise_due_at,
            count=c.reports_count,
        )
        for c in sorted(rows, key=lambda c: ids.index(c.id))
    ]

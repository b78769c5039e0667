"""What may be the same matter as a case, for whoever may merge: with reasons, only what is open (spec 12 §4)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import OuterRef, Subquery
from django.utils.translation import get_language

from jishi.bodies import queries as bodies
from jishi.cases import policies, triage
from jishi.cases.models import Case, Membership, Report
from jishi.cases.states import CASE, Status
from jishi.foundation.actor import Actor

LATELY, MOST = timedelta(days=60), 3
NEW = frozenset({Status.RECEIVED.value, Status.OFFERED.value})


@dataclass(frozen=True, slots=True)
class Proposal:
    """One open case that may be the same. `reason`: as triage said it, in Chinese."""

    case: Case
    reason: str
    p: float
    body: str
    said: str


def proposals(case: Case, first: Report | None, *, by: Actor, now: datetime) -> Sequence[Proposal]:
    """Give at most three open cases that may be the same, the likeliest first; four statements."""
    if first is None:
        return []
    found: dict[int, dict[str, Any]] = {int(c["case_id"]): c for c in triage.alike_to(first, case, now=now)}
    if not found:
        return []
    rows = Case.objects.filter(id__in=list(found), status__in=sorted(CASE.open_states)).exclude(id=case.id)
    first_said = Membership.objects.filter(case=OuterRef("pk"), to_at=None).order_by("report")
    rows = rows.annotate(said=Subquery(first_said.values("report__text_shown")[:1]))
    seen = {c.id: c for c in policies.visible_to(by, rows)}
    lang = get_language() or "zh"
    return [
        Proposal(
            seen[i], str(c.get("reason") or ""), float(c["p"]),
            _called(seen[i], lang), vars(seen[i])["said"] or seen[i].title,
        )
        for i, c in found.items()
        if i in seen
    ]  # fmt: skip


def closed_before(case: Case, *, by: Actor) -> list[Case]:
    """Give at most three cases of the same matter in the same grid that were closed in the weeks before this one came.

    What was closed and is reported again shows itself beside the new report, whoever reports it, to the desk that
    places it and the body that is asked; one statement.
    """
    if case.grid_id is None or not case.matter or case.status not in NEW:
        return []
    rows = Case.objects.filter(
        grid=case.grid_id, matter=case.matter, status=Status.CLOSED, closed_at__lte=case.received_at,
        closed_at__gte=case.received_at - LATELY,
    )  # fmt: skip
    return list(policies.visible_to(by, rows).exclude(id=case.id).select_related("lead").order_by("-closed_at")[:MOST])


def _called(case: Case, lang: str) -> str:
    body = bodies.names().get(case.lead_id or 0)
    return body.called(lang) if body else ""

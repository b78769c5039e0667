"""The resident's own corner, and what the home page shows of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.timezone import localdate
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from jishi.cases.queries import resident
from jishi.cases.queries.resident import Row
from jishi.cases.states import ENDS
from jishi.cases.web.resident.following import now_at, rows_of, waits
from jishi.foundation.actor import Actor

AT_HOME = 3


@dataclass(frozen=True, slots=True)
class OwnMatter:
    """One matter as the home page shows it."""

    title: str
    now_at: str
    url: str
    answer_by: date | None
    aside: str


@require_safe
def me(request: HttpRequest) -> HttpResponse:
    """Lead to everything that is one's own."""
    rows = rows_of(request)
    facts = {"running": sum(r.status not in ENDS for r in rows), "all": len(rows)}
    return render(request, "cases/resident/me.html", facts)


def for_home(actor: Actor, now: datetime) -> Sequence[OwnMatter]:
    """Give the first matters of an account for the home page (wired as `looks.Sources.matters`)."""
    if actor.kind != "resident":
        return []
    rows = resident.mine(resident.own_ids(actor), tenant_id=actor.tenant_id, lang=get_language() or "zh")
    return [_at_home(row) for row in rows[:AT_HOME]]


def _at_home(row: Row) -> OwnMatter:
    return OwnMatter(
        title=row.title,
        now_at=now_at(row),
        url=reverse("timeline", args=[row.number]),
        answer_by=localdate(row.due_at) if waits(row) and row.due_at else None,
        aside=_("看经过"),
    )

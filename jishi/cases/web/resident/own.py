"""The resident's own corner."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from jishi.cases.states import ENDS
from jishi.cases.web.resident.following import rows_of


@require_safe
def me(request: HttpRequest) -> HttpResponse:
    """Lead to everything that is one's own."""
    rows = rows_of(request)
    facts = {"running": sum(r.status not in ENDS for r in rows), "all": len(rows)}
    return render(request, "cases/resident/me.html", facts)

"""留痕核对: the anchors of the last days, and the nights in which cases were compared with their entries."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from jishi.cases.actions.replaying import WORDS
from jishi.cases.queries import recorded
from jishi.cases.web.desk.edge import lang, staffed


@never_cache
@require_safe
@staffed("auditor", "system_admin", "security_admin")
def page(request: HttpRequest) -> HttpResponse:
    """Show what was anchored, what is missing, and what differs."""
    told = recorded.checked(by=request.actor, now=request.now)
    own = 0 if lang() == "zh" else 1
    nights = [(n, [f"{WORDS[name][own]} {count}" for name, count in n.what.items()]) for n in told.nights]
    return render(request, "cases/desk/record.html", {"told": told, "nights": nights})

"""我的录音: what a colleague spoke himself: confirmed, put right, deleted. Whoever spoke it, wherever it happened.

The address rests on the voice being one's own (`recordings.is_speaker`), not on a grid: a volunteer sees no case, and a
report that got no grid is in nobody's area.
"""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from jishi.cases.actions import recordings
from jishi.cases.web.desk.edge import lang, staffed
from jishi.foundation import numbers
from jishi.foundation.refusals import NotFound, Refused


@never_cache
@require_http_methods(["GET", "POST"])
@staffed()
def page(request: HttpRequest) -> HttpResponse:
    """Show one's own voice; POST confirms or deletes one. :raises NotFound: not his."""
    if request.method == "GET":
        return _show(request)
    try:
        _do(request)
    except NotFound:
        raise
    except Refused as no:
        return _show(request, refused=no)
    return redirect("pocket-voices")


def _do(request: HttpRequest) -> None:
    row, seen = str(request.POST.get("recording", "")), str(request.POST.get("version", ""))
    do = request.POST.get("do")
    if not numbers.names_a_row(row) or do not in ("confirm", "unsay"):
        raise NotFound
    version = int(seen) if numbers.names_a_row(seen) else None
    if do == "unsay":
        recordings.take_back(int(row), version=version, by=request.actor, now=request.now)
        return
    said = str(request.POST.get("said", ""))
    recordings.confirm(int(row), text=said, version=version, by=request.actor, now=request.now)


def _show(request: HttpRequest, *, refused: Refused | None = None) -> HttpResponse:
    facts = {
        "voices": recordings.own_voices(request.actor),
        "refused_what": refused.sentence(lang()) if refused else "",
        "refused_now": refused.next_step(lang()) if refused else "",
        "typed": request.POST,
    }
    return render(request, "cases/pocket/voices.html", facts, status=refused.status if refused else 200)

"""审核: replies by their clock, the four elements beside the reply and the words it answers."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from jishi.cases.actions import publishing
from jishi.cases.actions import review as verbs
from jishi.cases.models import Case
from jishi.cases.queries import casepage, second_look, work
from jishi.cases.states import Status
from jishi.cases.web.desk import dispatch
from jishi.cases.web.desk.edge import lang, seen_version, staffed
from jishi.cases.web.work.forms import ReviewForm
from jishi.foundation.refusals import NotFound, Refused


@never_cache
@require_GET
@staffed("reviewer")
def queue(request: HttpRequest) -> HttpResponse:
    """Show the replies that wait, the most pressing first, and one of them opened."""
    return page(request, request.GET.get("case", ""))


def page(
    request: HttpRequest, number: str, *, form: Any = None, refused: Refused | None = None, status: int = 200
) -> HttpResponse:
    """Render the queue with one reply opened, also after a press that was refused."""
    by, language = request.actor, lang()
    rows = work.to_review(by=by, now=request.now, lang=language)
    opened = next((r for r in rows if r.case.number == number), rows[0] if rows and not number else None)
    context: dict[str, Any] = {
        "rows": rows, "dense": True, "states": dispatch.states(), "number": number,
        "replies": len(rows), "again": second_look.count(by=by),
        "refused_what": refused.sentence(language) if refused else "",
        "refused_now": refused.next_step(language) if refused else "",
    }  # fmt: skip
    if opened is not None:
        shown = work.reply_shown(opened.case, by=by)
        context |= {
            "opened": opened, "case": opened.case, "shown": shown, "reply": shown.reply, "files": shown.files,
            "form": form or ReviewForm(auto_id="review_%s"), "said": casepage.said_of(opened.case),
            "closed": publishing.must_stay_closed(opened.case),
            "channels": dispatch.CHANNELS, "matter": dispatch._matter(opened.case, language),
            "next": next((r.case.number for r in rows if r is not opened), ""),
        }  # fmt: skip
    return render(request, "cases/work/review.html", context, status=status)


@require_POST
@staffed("reviewer")
def act(request: HttpRequest, number: str) -> HttpResponse:
    """Approve the reply, or send it back with what is missing; on the version that was seen."""
    found, version = _waiting(request, number), seen_version(request)
    form = ReviewForm(request.POST, auto_id="review_%s")
    approves = request.POST.get("verdict") == "approve"
    if not form.is_valid():
        return page(request, number, form=form, status=422)
    who = {"by": request.actor, "now": request.now, "version": version}
    try:
        if approves:
            verbs.approve(found.id, elements=form.elements(), **who)
        else:
            verbs.send_back(found.id, elements=form.elements(), why=form.cleaned_data["why"], **who)
    except Refused as no:
        if no.status == 404:
            raise
        return page(request, number, form=form, refused=no, status=no.status)
    done = _("通过了，居民收到答复：%(title)s") if approves else _("退回给承办单位：%(title)s")
    messages.success(request, done % {"title": found.title})
    return redirect("review")


def _waiting(request: HttpRequest, number: str) -> Case:
    found = casepage.find(number, by=request.actor)
    if found.status != Status.REPLIED:
        raise NotFound
    return found

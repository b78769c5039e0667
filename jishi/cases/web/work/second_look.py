"""复核: what a caller calls not solved, beside the reply; sent back, or not, by another person than its author."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from jishi.cases.actions import rechecking
from jishi.cases.queries import casepage, second_look, work
from jishi.cases.states import Status
from jishi.cases.web.desk import dispatch
from jishi.cases.web.desk.edge import lang, seen_version, staffed
from jishi.cases.web.work.forms import SecondLookForm
from jishi.foundation import numbers
from jishi.foundation.refusals import Refused


@never_cache
@require_GET
@staffed("reviewer", "office")
def queue(request: HttpRequest) -> HttpResponse:
    """Show the cases that are called not solved, the most pressing first, and one of them opened."""
    return page(request, request.GET.get("case", ""))


def page(
    request: HttpRequest, number: str, *, form: Any = None, refused: Refused | None = None, status: int = 200
) -> HttpResponse:
    """Render the queue with one case opened, also after a press that was refused."""
    by, language = request.actor, lang()
    rows = second_look.waiting(by=by, now=request.now, lang=language)
    asked_for = next((r for r in rows if r.case.number == number), None)
    opened = asked_for or (rows[0] if rows else None)
    gone = bool(number) and asked_for is None
    if gone and form is not None:  # what was written belongs to the case that is gone
        lost, form = [str(form[name].value() or "") for name in ("todo", "told")], None
    else:
        lost = []
    context: dict[str, Any] = {
        "rows": rows, "dense": True, "number": number, "again": len(rows), "gone": gone,
        "lost": [words for words in lost if words.strip()],
        "replies": work.count_to_review(by=by) if by.has("reviewer") else None,
        "refused_what": refused.sentence(language) if refused else "",
        "refused_now": refused.next_step(language) if refused else "",
    }  # fmt: skip
    if opened is not None:
        found = second_look.opened(opened.case, by=by)
        context |= {
            "opened": opened, "case": opened.case, "found": found, "reply": found.reply, "one": found.to_judge,
            "form": form or SecondLookForm(auto_id="again_%s"), "said": casepage.said_of(opened.case),
            "channels": dispatch.CHANNELS,
        }  # fmt: skip
    return render(request, "cases/work/second_look.html", context, status=status)


@require_POST
@staffed("reviewer", "office")
def act(request: HttpRequest, number: str) -> HttpResponse:
    """Send the case back, or leave it with a ground and a sentence for its caller; on the version that was seen."""
    found, version = casepage.find(number, by=request.actor), seen_version(request)
    form, agrees = SecondLookForm(request.POST, auto_id="again_%s"), request.POST.get("verdict") == "agree"
    if found.status != Status.FEEDBACK:
        return page(request, number, form=form, status=409)
    if not form.is_valid():
        return page(request, number, form=form, status=422)
    who = {"answer_id": _answer(request), "by": request.actor, "now": request.now, "version": version}
    try:
        if agrees:
            rechecking.agree(found.id, why=form.cleaned_data["todo"], **who)
        else:
            said = form.cleaned_data
            rechecking.disagree(found.id, ground=said["ground"], why=said["told"], **who)
    except Refused as no:
        if no.status == 404:
            raise
        return page(request, number, form=form, refused=no, status=no.status)
    done = _("退回重办了：%(title)s") if agrees else _("写下了为什么不退，诉求人看得到：%(title)s")
    messages.success(request, done % {"title": found.title})
    return redirect("second-look")


def _answer(request: HttpRequest) -> int:
    said = str(request.POST.get("answer", ""))
    return int(said) if numbers.names_a_row(said) else 0

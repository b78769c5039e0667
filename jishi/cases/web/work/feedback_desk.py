"""回访台: whom to ask, three answers as they were given, calls that reached nobody, and what follows."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.timezone import localdate
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from jishi.accounts.actions import reading
from jishi.cases.actions import feedback as verbs
from jishi.cases.actions import sampling
from jishi.cases.models import Case
from jishi.cases.queries import casepage, samples, work
from jishi.cases.states import Status
from jishi.cases.web.desk import dispatch
from jishi.cases.web.desk.edge import lang, seen_version, staffed
from jishi.cases.web.work.forms import AnswersForm
from jishi.foundation import ends, numbers
from jishi.foundation.refusals import NotFound, Refused

CLOSED_TO_US = ("answered", "anonymous", "not_drawn")  # whose three answers the desk does not take down


@never_cache
@require_GET
@staffed("feedback")
def desk(request: HttpRequest) -> HttpResponse:
    """Show the cases whose callers are asked, by clock, and one of them opened."""
    return page(request, request.GET.get("case", ""))


def page(
    request: HttpRequest, number: str, *, answering: int = 0, form: Any = None, refused: Refused | None = None,
    contact: dict[str, Any] | None = None, status: int = 200,
) -> HttpResponse:  # fmt: skip
    """Render the desk with one case opened, also after a press that was refused or one look at a contact."""
    by, now, language = request.actor, request.now, lang()
    rows = work.to_ask(by=by, now=now, lang=language)
    asked_for = next((r for r in rows if r.case.number == number), None)
    opened = asked_for or _first(rows)  # the keys always reach somebody who waits
    context: dict[str, Any] = {
        "rows": rows, "gone": bool(number) and asked_for is None, "draw": samples.of_desk(now=now), "dense": True,
        "states": dispatch.states(), "number": number,
        "contact": contact or {},
        "refused_what": refused.sentence(language) if refused else "",
        "refused_now": refused.next_step(language) if refused else "",
    }  # fmt: skip
    if opened is not None:
        asked = work.asked_of(opened.case, now=now)
        context |= {
            "opened": opened, "case": opened.case, "said": casepage.said_of(opened.case),
            "asked": [
                {"one": a, "form": form if a.row.id == answering and form else AnswersForm(auto_id=f"f{a.row.id}_%s"),
                 "fixed": a.row.id == answering and form is not None}
                for a in asked
            ],
            "replies": casepage.replies_of(opened.case)[:1], "channels": dispatch.CHANNELS,
            "may_conclude": work.may_conclude(asked, opened.clock is not None and opened.clock.late),
            "said_no": opened.said_no,
            "may_try": any(a.may_try for a in asked), "turn": work.turn_of(opened.case),
            "again_until": _until(opened.case, now),
            "why": str(request.POST.get("why", ""))[:500],
            "first_open": _whom_the_keys_reach(asked),
            "next_case": _next(rows, opened),
            "why_not": next((a.why_not for a in asked if a.why_not in ("hours", "half_day", "not_drawn")), ""),
        }  # fmt: skip
    return render(request, "cases/work/feedback_desk.html", context, status=status)


@require_POST
@staffed("feedback")
def act(request: HttpRequest, number: str, code: str) -> HttpResponse:
    """Do one act on a case in feedback.

    :raises NotFound: no such case here, or no such act. :raises PreconditionMissing: no version.
    """
    run = {"answer": _answer, "attempt": _attempt, "conclude": _conclude, "send-back": _send_back}.get(code)
    if run is None:
        raise NotFound
    found = _asked_case(request, number)
    try:
        return run(request, found)
    except Refused as no:
        if no.status == 404:
            raise
        return page(request, number, refused=no, status=no.status)


def _answer(request: HttpRequest, found: Case) -> HttpResponse:
    row = _row(request)
    form = AnswersForm(request.POST, auto_id=f"f{row}_%s")
    if not form.is_valid():
        return page(request, found.number, answering=row, form=form, status=422)
    verbs.answer(row, answers=form.value(), by=request.actor, now=request.now, version=seen_version(request))
    messages.success(request, _("记下了三个回答：%(title)s") % {"title": found.title})
    return _back(request, found)


def _attempt(request: HttpRequest, found: Case) -> HttpResponse:
    version = seen_version(request)
    verbs.note_attempt(found.id, result="no_answer", by=request.actor, now=request.now, version=version)
    messages.success(request, _("记下没打通：%(title)s") % {"title": found.title})
    return _back(request, found)


def _conclude(request: HttpRequest, found: Case) -> HttpResponse:
    verbs.conclude(found.id, by=request.actor, now=request.now, version=seen_version(request))
    messages.success(request, _("办结：%(title)s") % {"title": found.title})
    return _on(request)


def _send_back(request: HttpRequest, found: Case) -> HttpResponse:
    why = str(request.POST.get("why", ""))
    verbs.send_back(found.id, why=why, by=request.actor, now=request.now, version=seen_version(request))
    messages.success(request, _("退回重办：%(title)s") % {"title": found.title})
    return _on(request)


@require_POST
@staffed("feedback")
def commit(request: HttpRequest) -> HttpResponse:
    """Bind tomorrow's draw to a value that nobody else knows."""
    value = request.POST.get("value", "")
    try:
        sampling.commit(localdate(request.now) + timedelta(days=1), value=value, by=request.actor, now=request.now)
    except Refused as no:
        return page(request, "", refused=no, status=no.status)
    messages.success(request, _("明天的抽样值约定好了，抽出来以后一起公布。"))
    return redirect("feedback")


@never_cache
@require_POST
@staffed("feedback")
def contact(request: HttpRequest, number: str) -> HttpResponse:
    """Open one caller's contact for one call; who looked is written down and the person sees it."""
    found, row = _asked_case(request, number), _row(request)
    asked = next((a for a in work.asked_of(found, now=request.now) if a.row.id == row), None)
    if asked is None or asked.voice != "open" or not asked.row.sampled:
        raise NotFound
    owner = ("cases_report", asked.row.membership.report_id)
    opened = reading.read(
        [owner], ["caller_name", "caller_contact"], purpose="contact.caller", reason="回访：问三个问题",
        by=request.actor, now=request.now,
    )  # fmt: skip
    return page(request, number, contact={"row": row, **opened.get(owner, {})})


def _asked_case(request: HttpRequest, number: str) -> Case:
    """A case in feedback, or one that ended at once and whose caller was drawn."""
    found = casepage.find(number, by=request.actor)
    if found.status != Status.FEEDBACK and not any(a.row.sampled for a in work.asked_of(found, now=request.now)):
        raise NotFound
    return found


def _first(rows: Any) -> Any:
    """Whom to call first; with nobody to call, what ends first."""
    return next((r for r in rows if r.to_call), rows[0] if rows else None)


def _until(case: Case, now: datetime) -> str:
    until = work.again_until(case, now)
    return ends.named(until) if until is not None else ""


def _whom_the_keys_reach(asked: Sequence[work.Asked]) -> int:
    """The first who is to be called; else the first whose answers the desk may take down; 0 for nobody."""
    open_to_us = [a.row for a in asked if a.why_not not in CLOSED_TO_US]
    return next((row.id for row in open_to_us if work.to_be_called(row)), open_to_us[0].id if open_to_us else 0)


def _next(rows: Any, opened: Any) -> str:
    """Name the next case on the list in which somebody is to be called, after this one and then from the top."""
    at = rows.index(opened)
    return next((r.case.number for r in [*rows[at + 1 :], *rows[:at]] if r.to_call), "")


def _row(request: HttpRequest) -> int:
    said = str(request.POST.get("row", ""))
    if not (numbers.names_a_row(said)):
        raise NotFound
    return int(said)


def _back(request: HttpRequest, found: Case) -> HttpResponse:
    """Stay while somebody of this case can be called now; then the next one on the list."""
    found.refresh_from_db()
    open_still = found.status == Status.FEEDBACK and any(a.may_try for a in work.asked_of(found, now=request.now))
    return _on(request) if not open_still else redirect(f"{reverse('feedback')}?case={found.number}")


def _on(request: HttpRequest) -> HttpResponse:
    coming = str(request.POST.get("next", ""))
    return redirect(f"{reverse('feedback')}?{urlencode({'case': coming})}" if coming else "feedback")

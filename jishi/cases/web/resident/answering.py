"""Feedback: three questions in three rows. By the link of a message, or from one's own timeline."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import get_language
from django.views.decorators.http import require_http_methods, require_safe

from jishi.cases.actions import feedback
from jishi.cases.models import Feedback
from jishi.cases.queries import resident
from jishi.cases.queries.resident import Asked
from jishi.cases.refusals import LinkIsOver
from jishi.cases.states import Solved
from jishi.cases.web import letters
from jishi.cases.web.desk.edge import seen_version
from jishi.cases.web.resident import holding
from jishi.cases.web.resident.forms import ThreeAnswers
from jishi.foundation import scope
from jishi.foundation.actor import Actor
from jishi.foundation.refusals import NotFound, Stale


@letters.by_code("feedback-link")
def by_link(request: HttpRequest, token: str) -> HttpResponse:
    """Answer by the link. It works once; afterwards number and word lead to the same questions."""
    try:
        row = feedback.by_link(token, now=request.now)
    except LinkIsOver:
        return render(request, "cases/resident/link_over.html", status=LinkIsOver.status)
    feedback.ensure_not_rated(row, request.actor)
    asked = resident.asked(row, lang=get_language() or "zh")
    by = Actor(tenant_id=request.tenant.id, kind="reporter", report_id=asked.report_id)
    with scope.within(by):
        return _ask(request, asked, row, by)


@require_http_methods(["GET", "HEAD", "POST"])
def by_number(request: HttpRequest, number: str) -> HttpResponse:
    """Answer from one's own timeline; a later answer stands, the earlier one stays on record."""
    try:
        with holding.holder(request, number) as (by, report):
            row = resident.feedback_of(report, str(request.GET.get("part", ""))[:30])
            return _ask(request, resident.asked(row, lang=get_language() or "zh"), row, by)
    except NotFound:
        return redirect(f"{reverse('mine')}?{urlencode({'number': number})}")


@require_safe
def done(request: HttpRequest) -> HttpResponse:
    """Say what happens with the answers."""
    return render(request, "cases/resident/judged.html", {"then": request.GET.get("then", "")})


def _ask(request: HttpRequest, asked: Asked, row: Feedback, by: Actor) -> HttpResponse:
    form, facts = ThreeAnswers(request.POST or None), {"asked": asked, "version": row.version}
    status = 422 if request.method == "POST" else 200
    if request.method == "POST" and form.is_valid():
        given = form.answers()
        try:
            feedback.answer(row.id, answers=given, by=by, now=request.now, version=seen_version(request))
        except Stale as no:
            lang = get_language() or "zh"
            facts, status = facts | {"refused_what": f"{no.sentence(lang)} {no.next_step(lang)}"}, no.status
        else:
            then = feedback.what_follows(row.case_id) if given.solved == Solved.NO else ""
            return redirect(f"{reverse('judged')}?{urlencode({'then': then})}")
    return render(request, "cases/resident/feedback.html", {"form": form, **facts}, status=status)

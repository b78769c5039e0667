"""The mediator's own page, and the page of a case where a mediation is proposed."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods

from jishi.cases import mediation_rules
from jishi.cases.actions import mediation, papers
from jishi.cases.models import Case
from jishi.cases.queries import casepage, mediations
from jishi.cases.web.desk.edge import lang, seen_version, staffed
from jishi.cases.web.mediating import acts
from jishi.cases.web.mediating.forms import ProposeForm
from jishi.cases.web.mediating.party import addresses, shown
from jishi.foundation.refusals import NotAllowed, NotFound, Refused

WATCHING = ("operator", "dispatcher", "handler", "head", "reviewer", "supervisor", "office", "ruler", "auditor")


@never_cache
@require_GET
@staffed("mediator")
def mine(request: HttpRequest) -> HttpResponse:
    """List what this mediator has before him."""
    rows = mediations.mine(by=request.actor, lang=lang())
    return render(request, "cases/mediation/mine.html", {"rows": rows, "dense": True, "now": request.now})


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@staffed("mediator", *WATCHING)
def one(request: HttpRequest, row: int, code: str = "") -> HttpResponse:
    """Show one mediation; its papers open for its mediator alone, on his press, and that is kept."""
    if not 0 < row < 2**63:
        raise NotFound
    found = mediations.one(row, by=request.actor, lang=lang())
    if request.method != "POST" or code == "papers":
        return _page(request, found, open_papers=code == "papers" and request.method == "POST")
    return _press(request, found, code)


def _press(request: HttpRequest, found: mediations.OneMediation, code: str) -> HttpResponse:
    """Do one act on the version that was seen; a refusal comes back with what was typed."""
    act, row = acts.chosen(acts.STAFF, code), found.row.id
    if act is None:
        raise NotFound
    if not (found.leads or papers.is_chair(found.row, request.actor)):
        raise NotAllowed(verb=f"mediation.{act.verb}")
    form = act.form(request.POST, auto_id=f"m{row}_{code}_%s", now=request.now, lang=lang(), one=found)
    again, version = acts.Offered(act, form, open=True), seen_version(request)
    if not form.is_valid():
        return _page(request, found, again=again, status=422)
    try:
        made = act.run(row, form, {"by": request.actor, "now": request.now, "version": version})
    except Refused as no:
        if no.status not in (409, 412, 422):
            raise
        return _page(request, mediations.one(row, by=request.actor, lang=lang()), again=again, refused=no,
                     status=no.status)  # fmt: skip
    if isinstance(made, mediation.Proposed):
        fresh = mediations.one(row, by=request.actor, lang=lang())
        return _page(request, fresh, links=addresses(request, made))
    if code == "recuse":
        return redirect("mediations")
    return redirect("mediation-one", row=row)


def _page(
    request: HttpRequest, found: mediations.OneMediation, *, again: acts.Offered | None = None,
    refused: Refused | None = None, links: Any = (), open_papers: bool = False, status: int = 200,
) -> HttpResponse:  # fmt: skip
    chairs = papers.is_chair(found.row, request.actor)
    opened = papers.open_(found.row, by=request.actor, now=request.now) if open_papers else papers.Papers()
    return render(request, "cases/mediation/one.html", {
        "m": found, "chairs": chairs, "opened": open_papers, "links": links, **shown(found, opened),
        "offered": acts.offered(acts.STAFF, found, request.now, lang(), again),
        "sees_case": request.actor.has(*WATCHING), "refused_what": refused.sentence(lang()) if refused else "",
        "refused_now": refused.next_step(lang()) if refused else "", "dense": True,
    }, status=status)  # fmt: skip


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@staffed(*WATCHING)
def of_case(request: HttpRequest, number: str) -> HttpResponse:
    """Show the mediations of a case, and let its lead propose one."""
    case = casepage.find(number, by=request.actor)
    data = request.POST if request.method == "POST" else None
    form = ProposeForm(data, now=request.now, lang=lang())
    if data is None:
        return _case_page(request, case, form)
    version = seen_version(request)
    if not form.is_valid():
        return _case_page(request, case, form, status=422)
    try:
        made = mediation.propose(
            case.id, proposal=form.value(), by=request.actor, now=request.now, version=version
        )
    except Refused as no:
        if no.status not in (409, 412, 422):
            raise
        said = {"refused_what": no.sentence(lang()), "refused_now": no.next_step(lang())}
        return _case_page(request, casepage.find(number, by=request.actor), form, status=no.status, **said)
    return _case_page(request, casepage.find(number, by=request.actor), ProposeForm(now=request.now, lang=lang()),
                      links=addresses(request, made))  # fmt: skip


def _case_page(
    request: HttpRequest, case: Case, form: ProposeForm, *, status: int = 200, **facts: Any
) -> HttpResponse:
    stand = casepage.stand_of(case)
    return render(request, "cases/mediation/case.html", {
        "case": case, "rows": mediations.of_case(case.id, by=request.actor, lang=lang()), "form": form,
        "may_propose": mediations.may_propose(case, stand, request.actor), "rules": mediation_rules.load(),
        "said": casepage.said_of(case), "dense": True, **facts,
    }, status=status)  # fmt: skip

"""The page of a party: by a link, or by the number and word (or the account) of the report that he made."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import urlencode
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from jishi.cases import mediation_rules
from jishi.cases.actions import linking, mediation, papers
from jishi.cases.actions.papers import MediationLinkOver
from jishi.cases.models import Case, Mediation, Report
from jishi.cases.queries import mediations, resident
from jishi.cases.web import letters
from jishi.cases.web.desk.edge import lang, seen_version
from jishi.cases.web.mediating import acts
from jishi.cases.web.mediating.forms import ProposeForm
from jishi.cases.web.resident import holding
from jishi.foundation import scope
from jishi.foundation.actor import Actor
from jishi.foundation.refusals import NotFound, Refused


@dataclass(frozen=True, slots=True)
class Came:
    """Who came, to which mediation (none yet: a caller who may propose one), and where the page lies."""

    by: Actor
    row: Mediation | None
    base: str
    report: Report | None = None
    case: Case | None = None


@letters.by_code("mediation-link")
def by_link(request: HttpRequest, token: str, code: str = "") -> HttpResponse:
    """Show a party his mediation, or do what he pressed. A link that is over answers 410."""
    try:
        by, row = papers.holder_of(token, tenant_id=request.tenant.id)
    except MediationLinkOver as no:
        said = {"what": no.sentence(lang()), "now_do": no.next_step(lang())}
        return render(request, "cases/together/link_over.html", said, status=no.status)
    with scope.within(by):
        return _answer(request, Came(by, row, reverse("mediation-link")), code)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def by_number(request: HttpRequest, number: str, code: str = "") -> HttpResponse:
    """Show a caller the mediation in which he is a party, or let him propose one."""
    try:
        with _caller(request, number) as came:
            if came.row is not None:
                with scope.within(came.by):
                    return _answer(request, came, code)
            return _propose(request, came, code)
    except NotFound:
        return redirect(f"{reverse('mine')}?{urlencode({'number': number})}")


@contextmanager
def _caller(request: HttpRequest, number: str) -> Iterator[Came]:
    with holding.holder(request, number) as (by, report):
        base = reverse("timeline-mediation", args=[report.number])
        row = mediations.of_report(report.id)
        case = Case.objects.get(id=resident.case_of(report, ""))
        if row is not None and (row.status not in ("ENDED", "PERFORMED", "BROKEN") or "again" not in request.GET):
            yield Came(papers.caller_as_party(row, [report.id]), row, base, report, case)
        else:
            yield Came(by, None, base, report, case)


def _answer(request: HttpRequest, came: Came, code: str) -> HttpResponse:
    assert came.row is not None
    if request.method != "POST":
        return _page(request, came)
    act = acts.chosen(acts.PARTY, code)
    if act is None:
        raise NotFound
    one = mediations.one(came.row.id, by=came.by, lang=lang())
    form = act.form(request.POST, auto_id=f"m{came.row.id}_{code}_%s", now=request.now, lang=lang(), one=one)
    again = acts.Offered(act, form, open=True)
    version = seen_version(request)
    if not form.is_valid():
        return _page(request, came, again=again, status=422)
    try:
        act.run(came.row.id, form, {"by": came.by, "now": request.now, "version": version})
    except Refused as no:
        if no.status not in (409, 412, 422):
            raise
        return _page(request, came, again=again, refused=no, status=no.status)
    letter: letters.Letter | None = getattr(request, "letter", None)
    return redirect(letter.here if letter else came.base)


def _page(
    request: HttpRequest, came: Came, *, again: acts.Offered | None = None, refused: Refused | None = None,
    status: int = 200,
) -> HttpResponse:  # fmt: skip
    assert came.row is not None
    one = mediations.one(came.row.id, by=came.by, lang=lang())
    opened = papers.open_(one.row, by=came.by, now=request.now)
    return render(request, "cases/mediation/party.html", {
        "m": one, "base": came.base, "report": came.report,
        "offered": acts.offered(acts.PARTY, one, request.now, lang(), again), **shown(one, opened),
        "rules": mediation_rules.load(), "refused_what": refused.sentence(lang()) if refused else "",
        "refused_now": refused.next_step(lang()) if refused else "",
    }, status=status)  # fmt: skip


def shown(one: mediations.OneMediation, opened: papers.Papers) -> dict[str, Any]:
    """Give the opened papers as pages show them: names beside parties, notes beside sittings."""
    return {
        "parties": [
            (p, opened.names.get(p.row.id, ""), opened.contacts.get(p.row.id, "")) for p in one.parties
        ],
        "sittings": [
            (s, opened.notes.get(s.id, ""), [p for p in one.parties if p.row.id in s.came]) for s in one.sittings
        ],
        "terms": opened.terms,
    }  # fmt: skip


def _propose(request: HttpRequest, came: Came, code: str) -> HttpResponse:
    """Let a caller propose: the links of the others are shown to him once, for him to pass on."""
    data = request.POST if request.method == "POST" and code == "propose" else None
    form = ProposeForm(data, now=request.now, lang=lang())
    facts: dict[str, Any] = {"form": form, "base": came.base, "case": came.case, "report": came.report}
    if data is None or not form.is_valid():
        return _form(request, facts, status=422 if data is not None else 200)
    assert came.case is not None
    try:
        made = mediation.propose(
            came.case.id, proposal=form.value(), by=came.by, now=request.now, version=seen_version(request)
        )
    except Refused as no:
        if no.status not in (409, 412, 422):
            raise
        said = {"refused_what": no.sentence(lang()), "refused_now": no.next_step(lang())}
        return _form(request, {**facts, **said}, status=no.status)
    return _form(request, {**facts, "links": addresses(request, made)})


def _form(request: HttpRequest, facts: dict[str, Any], *, status: int = 200) -> HttpResponse:
    rules = mediation_rules.load()
    return render(request, "cases/mediation/propose.html", {**facts, "rules": rules}, status=status)


def addresses(request: HttpRequest, made: mediation.Proposed) -> list[str]:
    """Give the addresses to pass on; shown once, kept by nobody."""
    return [request.build_absolute_uri(linking.path("mediation-link", token)) for _party, token in made.links]


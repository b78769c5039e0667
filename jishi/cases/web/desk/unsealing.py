"""解封: asked, decided by another body, looked at once; the page says each time that the reporter knows."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods

from jishi.cases.actions import unsealing
from jishi.cases.models import Case, Report, Unsealing
from jishi.cases.queries import casepage, unsealings
from jishi.cases.states import UNSEALING, UnsealGround
from jishi.cases.web.desk.edge import lang, staffed
from jishi.foundation import numbers
from jishi.foundation.refusals import NotFound, Refused

GROUNDS: Mapping[str, Any] = {
    UnsealGround.VERIFY.value: _("不问本人就无法核实"), UnsealGround.DANGER.value: _("本人或者他人有危险"),
    UnsealGround.COURT.value: _("法院、检察院、监察机关依法调取"),
    UnsealGround.PROTECT.value: _("保护举报人免受打击报复"),
}  # fmt: skip


@never_cache
@require_http_methods(["GET", "POST"])
@staffed()
def page(request: HttpRequest, number: str) -> HttpResponse:
    """Show the unsealings of a case; POST asks, decides, looks or ends."""
    case = casepage.find(number, by=request.actor)
    if request.method == "GET":
        return _show(request, case)
    try:
        return _do(request, case)
    except NotFound:
        raise
    except Refused as no:
        return _show(request, case, refused=no, status=no.status)


@never_cache
@require_GET
@staffed("supervisor", "office")
def queue(request: HttpRequest) -> HttpResponse:
    """List what waits for a second person of another body."""
    return render(request, "cases/desk/unsealings.html", {"rows": unsealings.waiting(by=request.actor)})


def _do(request: HttpRequest, case: Case) -> HttpResponse:
    do, why = str(request.POST.get("do", "")), str(request.POST.get("why", ""))[:2000]
    who: dict[str, Any] = {"by": request.actor, "now": request.now}
    if do == "ask":
        report = Report.objects.filter(memberships__case=case, number=str(request.POST.get("report", ""))).first()
        if report is None:
            raise NotFound
        unsealing.ask(report.id, ground=str(request.POST.get("ground", "")), why=why, **who)
        return redirect("case-unsealing", case.number)
    row = _row(request, case)
    if do == "look":
        return _show(request, case, looked=row.id, found=unsealing.look(row.id, **who))
    if do == "approve":
        unsealing.approve(row.id, version=_seen(request), **who)
    elif do == "deny":
        unsealing.deny(row.id, why=why, version=_seen(request), **who)
    elif do == "end":
        unsealing.end(row.id, **who)
    return redirect("case-unsealing", case.number)


def _show(request: HttpRequest, case: Case, *, refused: Refused | None = None, looked: int = 0,
          found: Mapping[str, str] | None = None, status: int = 200) -> HttpResponse:  # fmt: skip
    by, stand = request.actor, casepage.stand_of(case)
    rows = [_line(row, by, replace(stand, asked=row.asked_body_id), looked) for row in unsealings.of_case(case)]
    facts = {
        "case": case, "rows": rows, "found": found, "grounds": GROUNDS.items(),
        "reports": unsealings.confidential(case), "may_ask": unsealings.may("unsealing.ask", None, stand, by),
        "typed": request.POST, "refused_what": refused.sentence(lang()) if refused else "",
        "refused_now": refused.next_step(lang()) if refused else "",
    }  # fmt: skip
    return render(request, "cases/desk/unsealing.html", facts, status=status)


def _line(row: Unsealing, by: Any, stand: Any, looked: int) -> dict[str, Any]:
    mine = by.account_id == row.asked_account
    state = UNSEALING.state(row.status)
    return {
        "row": row, "chip": str(state.chip), "state": state.name.in_(lang()), "mine": mine, "looked": row.id == looked,
        "ground": unsealings.ground_named(row.ground, lang()),
        "may_decide": not mine and unsealings.may("unsealing.approve", row, stand, by),
        "may_look": mine and row.status == "GRANTED", "may_end": mine and row.status in ("ASKED", "GRANTED"),
    }  # fmt: skip


def _row(request: HttpRequest, case: Case) -> Unsealing:
    said = str(request.POST.get("unsealing", ""))
    found = Unsealing.objects.filter(case=case, id=int(said)).first() if numbers.names_a_row(said) else None
    if found is None:
        raise NotFound
    return found


def _seen(request: HttpRequest) -> int | None:
    said = str(request.POST.get("version", ""))
    return int(said) if numbers.names_a_row(said) else None

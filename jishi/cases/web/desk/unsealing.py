"""解封: asked, decided by another body, looked at once; the page says each time that the reporter knows."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods

from jishi.accounts import queries as accounts
from jishi.bodies import queries as bodies
from jishi.cases.actions import unsealing
from jishi.cases.models import Case, Report, Unsealing
from jishi.cases.queries import casepage, unsealings
from jishi.cases.states import UNSEALING, UnsealGround
from jishi.cases.web.desk.edge import lang, staffed
from jishi.foundation import keys, numbers
from jishi.foundation.broker.refusals import TooCostlyWait
from jishi.foundation.refusals import NotFound, Refused

DONE: Mapping[str, Any] = {
    "ask": _("申请了解封，等另一单位决定"), "approve": _("批准了：只给申请人看 24 小时，诉求人已被告知"),
    "deny": _("没有批准，理由给了申请人"), "end": _("收回了，不能再看"),
}  # fmt: skip
SIGNED = 8000  # characters of what a browser gives back

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
        request.afterwards = no.afterwards  # type: ignore[attr-defined]
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
        unsealing.ask(_report(request, case).id, ground=str(request.POST.get("ground", "")), why=why, **who)
        return _done(request, case, do)
    shown = str(request.POST.get("credential", ""))[:SIGNED].encode()
    if do == "receive":
        found = unsealing.receive(_report(request, case).id, why=why, shown=shown, **who)
        return _show(request, case, found=found, received=True)
    row = _row(request, case)
    if do == "look":
        return _show(request, case, looked=row.id, found=unsealing.look(row.id, shown=shown, **who))
    if do == "approve":
        unsealing.approve(row.id, version=_seen(request), shown=shown, **who)
    elif do == "deny":
        unsealing.deny(row.id, why=why, version=_seen(request), **who)
    elif do == "end":
        unsealing.end(row.id, **who)
    return _done(request, case, do)


def _done(request: HttpRequest, case: Case, do: str) -> HttpResponse:
    if do in DONE:
        messages.success(request, DONE[do])
    return redirect("case-unsealing", case.number)


def _show(request: HttpRequest, case: Case, *, refused: Refused | None = None, looked: int = 0,
          found: Mapping[str, str] | None = None, status: int = 200, received: bool = False,
          ) -> HttpResponse:  # fmt: skip
    by, stand = request.actor, casepage.stand_of(case)
    rows = [_line(row, by, replace(stand, asked=row.asked_body_id), looked) for row in unsealings.of_case(case)]
    reports, ours = unsealings.confidential(case), unsealings.received_by(case, by)
    facts = {
        "sentence": keys.sentence(lang()), "received": received, "ours": ours,
        "elsewhere": [(number, body_name(body)) for number, body in unsealings.received_elsewhere(case, by)],
        "broker": keys.provider().level != "K0",
        "case": case, "rows": rows, "found": found, "grounds": GROUNDS.items(),
        "reports": reports, "may_ask": unsealings.may("unsealing.ask", None, stand, by),
        "typed": request.POST, "refused_what": refused.sentence(lang()) if refused else "",
        "refused_now": refused.next_step(lang()) if refused else "",
    }  # fmt: skip
    try:
        if found is None:  # what the broker opened must arrive with its reading: this page asks it no more
            _sign(request, facts)
    except (keys.KeyNotAvailable, TooCostlyWait) as away:  # the page stands; it says that nothing can be opened now
        facts |= {"sentence": f"{away.sentence(lang())} {away.next_step(lang())}", "away": True}
    return render(request, "cases/desk/unsealing.html", facts, status=status)


def body_name(body_id: int | None) -> str:
    """Name a body in the reader's language; empty for none."""
    return bodies.names()[body_id].called(lang()) if body_id is not None else ""


def _sign(request: HttpRequest, facts: dict[str, Any]) -> None:
    """Put beside each press that opens or approves what the passkey has to sign for it; nothing at level K0."""
    for line in facts["rows"]:
        act = "approve" if line["may_decide"] else "look" if line["may_look"] else ""
        line["asks"] = _asks(request, unsealing.wish_of(line["row"], act)) if act else None
    wanted = facts["typed"].get("report") or request.GET.get("report") or next(iter(facts["ours"]), "")
    report = Report.objects.filter(number=wanted).first() if wanted in facts["ours"] else None
    if report is not None:
        wish = unsealing.wish_to_receive(report.id, tenant_id=report.tenant_id)
        facts |= {"receives": wanted, "asks": _asks(request, wish)}


def _asks(request: HttpRequest, wish: keys.Wish) -> dict[str, Any] | None:
    challenge = keys.provider().challenge(wish, who=request.actor.account_id or 0)
    if not challenge:
        return None
    return accounts.asked_of_passkey(challenge, request.actor.account_id or 0, host=request.get_host())


def _report(request: HttpRequest, case: Case) -> Report:
    report = Report.objects.filter(memberships__case=case, number=str(request.POST.get("report", ""))).first()
    if report is None:
        raise NotFound
    return report


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

"""My matters, and the honest timeline of one of them."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import NoReverseMatch, reverse
from django.utils.http import urlencode
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from jishi.cases.actions import intake, reopening, safekeeping, urging, withdrawing
from jishi.cases.models import Report
from jishi.cases.queries import resident
from jishi.cases.queries.resident import Row
from jishi.cases.queries.story import Cited
from jishi.cases.refusals import WrongWord
from jishi.cases.states import CASE, ENDS, HandoverStatus, Status
from jishi.cases.web.desk.edge import seen_version
from jishi.cases.web.resident import codes, holding, telling
from jishi.cases.web.resident.forms import NumberAndWord, Words
from jishi.foundation import purposes
from jishi.foundation.refusals import NotFound, Refused

# Which clock the first lines of the page name, by state; the first that runs.
AWAITED: Mapping[str, Sequence[str]] = {
    Status.RECEIVED: ("dispatch",),
    Status.CONSULTING: ("ruling", "consult"),
    Status.OFFERED: ("return_answer", "sign"),
    Status.HANDLING: ("return_answer", "contact", "reopen", "handling"),
    Status.REPLIED: ("review",),
}


@require_http_methods(["GET", "HEAD", "POST"])
def mine(request: HttpRequest) -> HttpResponse:
    """List what is mine; open one matter by number and word."""
    form = NumberAndWord(request.POST or None, initial={"number": request.GET.get("number", "")[:30]})
    status = 200
    if request.method == "POST":
        status = 422
        if form.is_valid():
            try:
                return _open(request, form.cleaned_data["number"], form.cleaned_data["word"])
            except WrongWord as wrong:
                lang = get_language() or "zh"
                form.add_error(None, f"{wrong.sentence(lang)} {wrong.next_step(lang)}")
                status = wrong.status
    facts = {
        "form": form,
        "rows": [_listed(r) for r in rows_of(request)],
        "signed_in_here": request.actor.kind == "resident",
        "shown_here": bool(holding.shown(request)),
    }
    return render(request, "cases/resident/mine.html", facts, status=status)


@require_POST
def leave(request: HttpRequest) -> HttpResponse:
    """Forget here which reports were shown."""
    holding.let_go(request)
    return redirect("mine")


@require_safe
def timeline(request: HttpRequest, number: str) -> HttpResponse:
    """Show the whole story of one matter to the one who raised it."""
    try:
        with holding.holder(request, number) as (_actor, report):
            return _show(request, report)
    except NotFound:
        return redirect(f"{reverse('mine')}?{urlencode({'number': number})}")


@require_POST
def add(request: HttpRequest, number: str) -> HttpResponse:
    """Add a later word."""
    return _act(
        request,
        number,
        lambda report, who, words: intake.add_addendum(report.id, text=words, **who),
    )


@require_POST
def object_(request: HttpRequest, number: str) -> HttpResponse:
    """Disagree with a decline, once."""
    return _act(
        request,
        number,
        lambda report, who, words: intake.object_to_decline(
            resident.case_of(report, _part(request)), text=words, **who
        ),
    )


@require_POST
def reopen(request: HttpRequest, number: str) -> HttpResponse:
    """Say that it is not solved, within thirty days of the close."""
    return _act(
        request,
        number,
        lambda report, who, words: reopening.reopen(resident.case_of(report, _part(request)), why=words, **who),
    )


@require_POST
def urge(request: HttpRequest, number: str) -> HttpResponse:
    """Urge whoever has it, once a week."""
    return _act(
        request,
        number,
        lambda report, who, words: urging.urge(resident.case_of(report, _part(request)), words=words, **who),
    )


@require_POST
def withdraw(request: HttpRequest, number: str) -> HttpResponse:
    """Take back what was asked for; no reason is needed."""
    return _act(
        request,
        number,
        lambda report, who, words: withdrawing.withdraw(report.id, why=words, tenant_code=request.tenant.code, **who),
    )


def now_at(row: Row) -> str:
    """Say where a matter is, in one line: who has it, and what is being waited for."""
    if row.waiting_for:
        return _("%(body)s在等：%(what)s") % {"body": row.body, "what": row.waiting_for}
    told = {
        Status.RECEIVED: _("在定归哪个单位办"),
        Status.CONSULTING: _("几个单位在会商归谁办"),
        Status.OFFERED: _("派给了%(body)s，等它签收") % {"body": row.body},
        Status.HANDLING: _("%(body)s在办") % {"body": row.body},
        Status.SUSPENDED: _("暂停了，%(body)s办到一半") % {"body": row.body},
        Status.BANKED: _("现在办不了，挂账，到日子再看"),
        Status.REPLIED: _("%(body)s写好答复，在审核") % {"body": row.body},
        Status.FEEDBACK: _("%(body)s答复了，等您评价") % {"body": row.body} if row.body else _("已经答复，等您评价"),
        Status.CLOSED: _("办结"),
        Status.DECLINED: _("没有受理，您可以不同意"),
        Status.WITHDRAWN: _("您撤回了"),
        Status.ABSORBED: _("和同一件事合在一起办"),
    }
    return told[Status(row.status)]


def waits(row: Row) -> bool:
    """Tell whether an answer is still owed, so that its day is what to show."""
    return row.status not in ENDS and row.status != Status.FEEDBACK


def rows_of(request: HttpRequest) -> list[Row]:
    """Give the matters of this person: the account's, and those shown in this browser."""
    own = resident.own_ids(request.actor) if request.actor.kind == "resident" else []
    ids = [*own, *(i for i in holding.shown(request) if i not in own)]
    return resident.mine(ids, tenant_id=request.tenant.id, lang=get_language() or "zh") if ids else []


def state_of(status: str) -> dict[str, Any]:
    """Give a state as the chip shows it."""
    state = CASE.state(status)
    return {"chip": str(state.chip), "zh": state.name.zh, "en": state.name.en}


def item_url(item: Cited | None) -> str:
    """Give where a duty item can be read, if the lists have a page."""
    if item is None:
        return ""
    try:
        return reverse("duty-item", args=[item.id])
    except NoReverseMatch:
        return ""


# --- pieces ------------------------------------------------------------------------------------------------


def _open(request: HttpRequest, number: str, word: str) -> HttpResponse:
    found = safekeeping.holder_of(number, word, tenant_id=request.tenant.id)
    holding.keep(request, found.report_id or 0)
    return redirect("timeline", number=number.strip().upper())


def _part(request: HttpRequest) -> str:
    """Give the case that the page is about, where one report belongs to several."""
    return str(request.POST.get("part") or request.GET.get("part") or "")[:30]


def _act(request: HttpRequest, number: str, do: Callable[[Report, dict[str, Any], str], object]) -> HttpResponse:
    """Perform one verb of the caller with his words on the version he saw; a refusal comes back, words kept.

    :raises PreconditionMissing: the page did not say which version it showed.
    """
    form, version = Words(request.POST), seen_version(request)
    try:
        with holding.holder(request, number) as (by, report):
            try:
                if not form.is_valid():
                    return _show(request, report, words=form, status=422)
                do(report, {"by": by, "now": request.now, "version": version}, form.cleaned_data["words"])
            except NotFound:
                raise
            except Refused as no:
                lang = get_language() or "zh"
                form.add_error("words", f"{no.sentence(lang)} {no.next_step(lang)}".strip())
                return _show(request, report, words=form, status=no.status)
    except NotFound:
        return redirect(f"{reverse('mine')}?{urlencode({'number': number})}")
    part = _part(request)
    return redirect(reverse("timeline", args=[report.number]) + (f"?{urlencode({'part': part})}" if part else ""))


def _listed(row: Row) -> dict[str, Any]:
    return {
        "number": row.number,
        "part": row.part,
        "title": row.title,
        "said_at": row.said_at,
        "due_at": row.due_at,
        "now_at": now_at(row),
        "waits": waits(row),
        "state": state_of(row.status),
    }


def _show(request: HttpRequest, report: Report, *, words: Words | None = None, status: int = 200) -> HttpResponse:
    lang = get_language() or "zh"
    f = resident.follow(report, now=request.now, lang=lang, part=_part(request))
    lines = [t for h in f.happened if (t := telling.line(h, others=f.others)) is not None]
    for told in lines:
        told["item_url"] = item_url(told["item"])
    facts = {
        "f": f,
        "lines": lines,
        "state": state_of(f.case.status),
        "part": f.case.number if f.parts else "",
        "parts": [(p, state_of(p.status)) for p in f.parts],
        "words": words or Words(),
        "failed": request.resolver_match.url_name if words is not None and request.resolver_match else "",
        "late": f.promise.is_late(request.now),
        "channel": codes.say(codes.CHANNELS, report.channel),
        "ground": codes.say(codes.DECLINES, f.case.decline_ground),
        "item_url": item_url(f.holder.item if f.holder else None),
        "overdue": _is_overdue(f, request.now),
        "returning": f.holder is not None and f.holder.status == HandoverStatus.RETURN_ASKED,
        "asks": f.feedback is not None and f.feedback.answered_at is None and f.case.status == Status.FEEDBACK,
        "judged": f.feedback is not None and f.feedback.answered_at is not None,
        "readings": [_reading(r, lang) for r in f.readings],
        "by_account": request.actor.kind == "resident" and request.actor.account_id == report.reporter_id,
    }
    return render(request, "cases/resident/timeline.html", facts, status=status)


def _is_overdue(f: resident.Following, now: datetime) -> bool:
    """Tell whether the moment that the first lines name has passed: it is said, not hidden."""
    named = next((k for k in AWAITED.get(f.case.status, ()) if k in f.due), None)
    return named is not None and f.due[named] < now


def _reading(looked: resident.Looked, lang: str) -> dict[str, Any]:
    place = 0 if lang.startswith("zh") else 1
    known = {p.code: p for p in purposes.every()}.get(looked.purpose)
    labels = known.labels if known else {}
    what = (_("、")).join(labels.get(f, (f, f))[place] for f in looked.fields)
    if looked.by_platform:
        return {"at": looked.at, "who": _("平台"), "what": what, "why": _(looked.why)}
    return {"at": looked.at, "who": looked.who, "what": what, "why": looked.why}

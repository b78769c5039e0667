"""我单位: what waits for a body, by clock, and the page on which it signs, returns, contacts and answers."""

from collections.abc import Callable, Mapping
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.timezone import localdate
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from jishi.bodies import queries as bodies
from jishi.cases.actions import handling, handover, publishing
from jishi.cases.models import Case
from jishi.cases.policies import Stand
from jishi.cases.queries import casepage, judging, ticking, together, work
from jishi.cases.states import HandoverStatus, Status
from jishi.cases.web.desk import dispatch
from jishi.cases.web.desk.edge import lang, seen_version, staffed
from jishi.cases.web.desk.forms import ContactForm, ProgressForm
from jishi.cases.web.resident.photos import ACCEPTED
from jishi.cases.web.work.forms import ReplyForm, ReturnForm, local_minute
from jishi.foundation import uploads
from jishi.foundation.refusals import NotFound, Refused

TABS = (
    ("", gettext_lazy("全部")), ("sign", gettext_lazy("待签收")), ("running", gettext_lazy("办理中")),
    ("soon", gettext_lazy("快到期")), ("late", gettext_lazy("过期")), ("returned", gettext_lazy("退回的")),
    ("handed", gettext_lazy("答复了的")),
)  # fmt: skip


@never_cache
@require_GET
@staffed("handler")
def inbox(request: HttpRequest) -> HttpResponse:
    """Show what waits for the actor's bodies; the tab stands in the address."""
    found = work.inbox(by=request.actor, now=request.now, lang=lang())
    tab = request.GET.get("show", "")
    if tab not in dict(TABS):
        raise NotFound
    names = bodies.names()
    mine = [names[i].called(lang()) for i in sorted(request.actor.body_ids) if i in names]
    shown = found.works if tab == "" else found.of(tab)
    return render(request, "cases/work/inbox.html", {
        "body": ("、" if lang() == "zh" else ", ").join(mine), "tab": tab, "inbox": found, "dense": True,
        "tabs": [{"code": c, "label": label, "here": c == tab, "count": len(found.of(c) if c else found.works)}
                 for c, label in TABS],
        "sign": [w for w in shown if w.stage == "sign"], "running": [w for w in shown if w.stage == "running"],
        "returned": [w for w in shown if w.stage == "returned"],
        "handed": [w for w in shown if w.stage == "handed"], "states": dispatch.states(),
        "today": localdate(request.now), "answered": found.answered if tab in ("", "returned") else (),
        "sent_back": [w for w in found.works if w.sent_back and w.stage == "running"],
        "together": together.count(by=request.actor),
    })  # fmt: skip


@never_cache
@require_GET
@staffed("handler")
def one(request: HttpRequest, number: str) -> HttpResponse:
    """Show one matter of the body with what it may do now and what stands in the way."""
    return page(request, _ours(request, number))


def page(
    request: HttpRequest, found: Case, *, act: str = "", form: Any = None, refused: Refused | None = None,
    status: int = 200,
) -> HttpResponse:  # fmt: skip
    """Render the page of one matter, also after a press that was refused: what was typed is kept."""
    now, language = request.now, lang()
    stand = casepage.stand_of(found)
    contacts = casepage.contacts_of(found)
    cited = judging.items_looked_at(judging.judge(found, lang=language, now=now).routed)
    open_forms = _forms(found, request, contacts)
    if act:
        open_forms[act] = form
    rows = casepage.clocks_of(found)
    blocked = _blocked(stand, rows, request, bool(contacts) or _all_anonymous(found))
    return render(request, "cases/work/inbox_case.html", {
        "case": found, "lead": stand.lead, "states": dispatch.states(), "dense": True, "forms": open_forms, "act": act,
        "blocked": blocked, "refused": refused, "refused_what": refused.sentence(language) if refused else "",
        "refused_now": refused.next_step(language) if refused else "",
        "clocks": ticking.shown([c for c in rows if _counts_still(c, now)], lang=language, now=now),
        "said": casepage.said_of(found), "contacts": contacts, "progress": work.progress_of(found),
        "replies": casepage.replies_of(found)[:3], "matter": dispatch._matter(found, language),
        "grid": dispatch.grid_of(found), "channels": dispatch.CHANNELS,
        "accepted": ACCEPTED, "most": uploads.MANY,
        "item_options": _items(cited, language, now), "body_options": [
            b.called(language) for b in bodies.all_bodies(on=localdate(now))
        ],
    }, status=status)  # fmt: skip


def _ours(request: HttpRequest, number: str) -> Case:
    """Find a case that the actor's bodies hold. :raises NotFound: it is with nobody of them."""
    found = casepage.find(number, by=request.actor)
    lead = casepage.lead_of(found)
    if lead is None or lead.body_id not in request.actor.body_ids:
        raise NotFound
    return found


def _forms(found: Case, request: HttpRequest, contacts: Any) -> dict[str, Any]:
    last = contacts[0] if contacts else None
    known = {"contacted_at": local_minute(last.at), "contacted_how": last.how} if last else {}
    return {
        "return": ReturnForm(auto_id="return_%s", now=request.now, lang=lang()),
        "contact": ContactForm(auto_id="contact_%s"), "progress": ProgressForm(auto_id="progress_%s"),
        "reply": ReplyForm(
            now=request.now, closed=publishing.must_stay_closed(found), auto_id="reply_%s", initial=known
        ),
    }  # fmt: skip


def _items(cited: Any, language: str, now: Any) -> list[str]:
    """Name every line of the lists, those that were looked at for this matter first."""
    rows = judging.duties.law(localdate(now)).by_item_id.values()
    named = [judging.item_label(i, language) for i in cited] + [judging.item_label(i, language) for i, _k in rows]
    return list(dict.fromkeys(named))



def _all_anonymous(found: Case) -> bool:
    return not found.memberships.filter(to_at=None).exclude(report__voice="anonymous").exists()


def _blocked(stand: Stand, rows: Any, request: HttpRequest, contacted: bool) -> Mapping[str, str]:  # noqa: FBT001
    """Say, act by act, why it cannot be done now; an act that is not named may be done."""
    lead, case = stand.lead, stand.case
    if lead is None:
        return {}
    no = {"return": _no_return(case, lead, rows, request), "reply": _no_reply(case, lead, contacted)}
    if lead.status != HandoverStatus.OFFERED:
        no["sign"] = _("退单还没有答复，先等派单台的决定") if _pending(lead) else _("已经签收")
    if case.status != Status.HANDLING:
        why = _("签收以后才记") if case.status == Status.OFFERED else _("不在办理中")
        no |= {"contact": why, "progress": why}
    return {act: why for act, why in no.items() if why}


def _pending(lead: Any) -> bool:
    return lead.status in (HandoverStatus.RETURN_ASKED, HandoverStatus.CONTESTED)


def _no_return(case: Case, lead: Any, rows: Any, request: HttpRequest) -> str:
    if _pending(lead):
        return _("退单还没有答复，先等派单台的决定")
    if lead.designated:
        return _("已经裁定由你们办，不能再退")
    if work.returned_before(case, lead):
        return _("你们退过这一件了，每件只能退一次")
    if lead.status == HandoverStatus.SIGNED and not _window_open(rows, request):
        return _("退单期限已过；可以请派单台会商")
    return ""


def _no_reply(case: Case, lead: Any, contacted: bool) -> str:  # noqa: FBT001
    if _pending(lead):
        return _("退单还没有答复，先等派单台的决定")
    if case.status != Status.HANDLING:
        return _("先签收，才能写答复") if case.status == Status.OFFERED else _("已经答复，在等审核")
    return "" if contacted else _("还没有联系诉求人的记录，先记一次联系")


def _counts_still(clock: Any, now: Any) -> bool:
    """Running clocks; the time to return is a right, not a debt: when it is over, nothing is late."""
    over = clock.kind == "return_window" and clock.due_at is not None and clock.due_at < now
    return clock.stopped_at is None and not over


def _window_open(rows: Any, request: HttpRequest) -> bool:
    window = next((c for c in rows if c.kind == "return_window" and c.stopped_at is None), None)
    return window is not None and (window.due_at is None or window.due_at >= request.now)


# --- a press -----------------------------------------------------------------------------------------------


def _sign(case: Case, form: Any, who: Mapping[str, Any]) -> object:
    return handover.sign(case.id, **who)


def _return(case: Case, form: Any, who: Mapping[str, Any]) -> object:
    return handover.return_(case.id, why=form.value(), **who)


def _reply(case: Case, form: Any, who: Mapping[str, Any]) -> object:
    return handling.reply(case.id, answer=form.value(), given=form.enclosed(), **who)


def _contact(case: Case, form: Any, who: Mapping[str, Any]) -> object:
    said = form.cleaned_data
    return handling.note_contact(
        case.id, how=said["how"], reached=said["reached"], gist=said["gist"], **who
    )


def _progress(case: Case, form: Any, who: Mapping[str, Any]) -> object:
    said = form.cleaned_data
    return handling.note_progress(
        case.id, text=said["text"], waiting_for=said["waiting_for"], until=said["until"], **who
    )


ACTS: Mapping[str, tuple[Callable[..., object], Any]] = {
    "sign": (_sign, gettext_lazy("已签收：%(title)s")),
    "return": (_return, gettext_lazy("已请求退回：%(title)s")),
    "contact": (_contact, gettext_lazy("记下了一次联系：%(title)s")),
    "progress": (_progress, gettext_lazy("记下了进展，居民看得到：%(title)s")),
    "reply": (_reply, gettext_lazy("答复交审核了：%(title)s")),
}


@require_POST
@staffed("handler")
def act(request: HttpRequest, number: str, code: str) -> HttpResponse:
    """Do one act on the version that was seen; a stale one shows the matter as it is now, with what was typed.

    :raises NotFound: not ours, or no such act. :raises PreconditionMissing: no version.
    """
    if code not in ACTS:
        raise NotFound
    found, version = _ours(request, number), seen_version(request)
    form = _bound(code, found, request)
    if form is not None and not form.is_valid():
        return page(request, found, act=code, form=form, status=422)
    run, told = ACTS[code]
    try:
        run(found, form, {"by": request.actor, "now": request.now, "version": version})
    except Refused as no:
        return _no(request, found, code, form, no)
    messages.success(request, told % {"title": found.title})
    if code in ("sign", "contact", "progress") and request.POST.get("back") != "inbox":
        return redirect("inbox-case", number=found.number)
    return redirect("inbox")


def _no(request: HttpRequest, found: Case, code: str, form: Any, no: Refused) -> HttpResponse:
    if no.status not in (409, 412, 413, 415, 422):
        raise no
    if form is None:
        return page(request, found, refused=no, status=no.status)
    return page(request, found, act=code, form=form, refused=no, status=no.status)


def _bound(code: str, found: Case, request: HttpRequest) -> forms.Form | None:
    data, now = request.POST, request.now
    if code == "return":
        return ReturnForm(data, auto_id="return_%s", now=now, lang=lang())
    if code == "contact":
        return ContactForm(data, auto_id="contact_%s")
    if code == "progress":
        return ProgressForm(data, auto_id="progress_%s")
    if code != "reply":
        return None
    closed = publishing.must_stay_closed(found)
    return ReplyForm(data, files=request.FILES, now=now, closed=closed, auto_id="reply_%s")

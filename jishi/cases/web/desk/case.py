"""The list of cases, the page of one, every press on one, and one look at a caller's contact."""

from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.timezone import localdate
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from jishi.accounts.actions import reading
from jishi.bodies import queries as bodies
from jishi.cases import policies
from jishi.cases.models import Case
from jishi.cases.queries import alike, casepage, differing, judging, mediations, pushing, risks, ticking, whereabouts
from jishi.cases.states import HandoverStatus, Status
from jishi.cases.web.desk import acts, belonging, dispatch, kept
from jishi.cases.web.desk.edge import lang, seen_version, staffed
from jishi.cases.web.desk.forms import ReadingForm
from jishi.foundation import numbers
from jishi.foundation.refusals import NotAllowed, NotFound, Refused, Stale, WrongMoment

WORKING = ("operator", "dispatcher", "handler", "reviewer", "feedback", "office", "ruler", "auditor", "grid_worker",
    "supervisor", "head",
)  # fmt: skip
FIELDS = {
    "status": gettext_lazy("状态"), "lead": gettext_lazy("单位"), "matter": gettext_lazy("事项"),
    "urgency": gettext_lazy("急不急"), "due": gettext_lazy("承诺"), "tags": gettext_lazy("标签"),
}  # fmt: skip
TABS = (
    ("life", gettext_lazy("经过")), ("facts", gettext_lazy("事实")), ("members", gettext_lazy("归并")),
    ("handovers", gettext_lazy("派单")), ("replies", gettext_lazy("答复")), ("feedback", gettext_lazy("回访")),
    ("trail", gettext_lazy("留痕")),
)  # fmt: skip


# --- one case ----------------------------------------------------------------------------------------------


@never_cache
@require_GET
@staffed(*WORKING)
def case(request: HttpRequest, number: str) -> HttpResponse:
    """Show one case: clocks, life, what may be done."""
    found = casepage.find(number, by=request.actor)
    return page(request, found)


def page(
    request: HttpRequest, found: Case, *, act: acts.Act | None = None, form: Any = None, refused: Refused | None = None,
    reading_form: ReadingForm | None = None, contact: list[dict[str, str]] | None = None, status: int = 200,
) -> HttpResponse:  # fmt: skip
    """Render the page of one case, also after a press that was refused or a look at the contact."""
    by, now, language = request.actor, request.now, lang()
    handovers = casepage.handovers_of(found)
    stand = casepage.stand_of(found, handovers)
    entries = casepage.entries_of(found)
    said = casepage.said_of(found)
    objected = found.status == Status.DECLINED and any(e.verb == "case.objected" for e in entries)
    beside = pushing.of_case(found, {e.verb for e in entries})
    moves = casepage.open_moves(by, stand) | casepage.open_beside(by, stand)
    moves = pushing.open_to(moves, beside, by=by, stand=stand)
    open_acts = acts.open_to(stand, moves, objected=objected)
    if any(a.code in ("offer", "rule") for a in open_acts):  # placing is the desk's page: it shows the lists beside it
        open_acts = [a for a in open_acts if a.code not in ("offer",)]
    listed = [a for a in open_acts if a.code not in belonging.IN_THE_TAB]
    contacts = casepage.contacts_of(found)
    clocks = ticking.shown(casepage.clocks_of(found), lang=language, now=now)
    tab = "members" if act is not None and act.code in belonging.IN_THE_TAB else request.GET.get("tab", "life")
    counts = {"members": found.reports_count, "handovers": len(handovers), "trail": len(entries)}
    context = {
        "case": found, "lead": stand.lead, "states": dispatch.states(), "dense": True, "tab": tab,
        "tabs": [{"label": label, "url": f"?tab={c}", "here": c == tab, "n": counts.get(c)} for c, label in TABS],
        "clocks": clocks, "stopped": sum(not c.running for c in clocks), "said": said,
        "handovers": handovers,
        "unsigned": divmod(casepage.handed_over_for(handovers, found, now=now) // timedelta(minutes=1), 60),
        "matter": dispatch._matter(found, language), "grid": dispatch.grid_of(found),
        "around": whereabouts.around(found, now=now),
        "seq": entries[-1].seq if entries else 0,
        "acts": dispatch.forms_of(listed, act, form, now=now, language=language, first=()),
        "alike": belonging.alike_to(found, said, open_acts, by=by, now=now), "ending": belonging.asked(found),
        "may_move": {a.code for a in open_acts} & set(belonging.IN_THE_TAB), "pressed": act, "pressed_form": form,
        "blocked": acts.why_not(stand, by, contacted=bool(contacts)), "refused": refused, "channels": dispatch.CHANNELS,
        "refused_what": refused.sentence(language) if refused else "",
        "refused_now": refused.next_step(language) if refused else "",
        "may_dispatch": by.has("ruler") or policies.PARTIES["dispatcher"](by, stand),
        "queue": _queue_of(found, stand, objected=objected),
        "may_read": casepage.may_read_contact(by, stand) and any(s.report.voice == "open" for s in said),
        "reading_form": reading_form or ReadingForm(auto_id="reading_%s"), "contact": contact, "contacts": contacts,
        "body_options": [b.called(language) for b in bodies.all_bodies(on=localdate(now))],
        "readings": casepage.readings_of(said), "beside": beside, "talked": _talked(found, open_acts, language),
        "closed_before": alike.closed_before(found, by=by),
        "may_mediate": mediations.may_propose(found, stand, by),
        "dangers": risks.waiting(by=by, case_id=found.id),
    } | _of_tab(tab, found, entries, handovers, said, by, language)  # fmt: skip
    context |= kept.offered(said, context["acts"], request.GET, now=now, lang=language)
    return render(request, "cases/desk/case.html", context, status=status)


def _talked(found: Case, open_acts: list[acts.Act], language: str) -> list[casepage.Talk]:
    """Give what is asked and was said beside the form in which a body answers; nothing for anybody else."""
    if not any(a.code == "position" for a in open_acts):
        return []
    return [t for t in casepage.talks_of(found, lang=language) if t.row.concluded_at is None]


def _of_tab(
    tab: str, found: Case, entries: list[Any], handovers: list[Any], said: list[Any], by: Any, language: str
) -> dict[str, Any]:
    """Look up what the open tab shows, and nothing of the others."""
    if tab == "members":
        return belonging.of_tab(found, by=by)
    if tab == "facts":
        return {"guesses": casepage.guesses_of(said)}
    if tab == "handovers":
        told = [(h, casepage.judged_then(h, lang=language)) for h in handovers]
        return {"told": told, "talks": casepage.talks_of(found, lang=language), "rulings": casepage.rulings_of(found)}
    if tab == "replies":
        return {"replies": casepage.replies_of(found)}
    if tab == "feedback":
        return {"feedback": casepage.feedback_of(found, by=by)}
    if tab == "trail":
        links = casepage.chain(entries, case=found, by=by)
        return {"links": links, "sound": all(link.sound for link in links)}
    return {"life": casepage.life(found, entries, by=by, handovers=handovers, lang=language)}


def _queue_of(found: Case, stand: Any, *, objected: bool) -> str:
    """Name the queue in which the desk finds this case; empty when it waits for nobody there."""
    if found.status == Status.CONSULTING:
        return "consulting"
    if found.status == Status.DECLINED:
        return "objections" if objected else ""
    if found.status == Status.RECEIVED:
        return "waiting"
    return "returns" if stand.lead is not None and stand.lead.status == HandoverStatus.RETURN_ASKED else ""


# --- a press -----------------------------------------------------------------------------------------------


@require_http_methods(["POST"])
@staffed(*WORKING)
def act(request: HttpRequest, number: str, code: str) -> HttpResponse:
    """Do one act on the version that was seen; a stale one answers 412 with what differs.

    :raises NotFound: no such case for this actor, or no such act. :raises PreconditionMissing: no version.
    """
    chosen = acts.BY_CODE.get(code)
    if chosen is None:
        raise NotFound
    found = casepage.find(number, by=request.actor)
    version = seen_version(request)
    form = acts.form_of(chosen, request.POST, now=request.now, lang=lang(), first=_first(chosen, found, request))
    if not form.is_valid():
        return _again(request, found, chosen, form, None)
    doing = acts.Doing(found.id, version, form.cleaned_data, request.actor, request.now, request.tenant.code)
    try:
        chosen.run(doing)
    except Stale as no:
        return _stale(request, found, chosen, form, no)
    except Refused as no:
        if no.status not in (409, 422) or isinstance(no, WrongMoment):  # then there is no form left to say it beside
            raise
        request.afterwards = no.afterwards
        return _again(request, found, chosen, form, no)
    return _done(request, found, chosen)


def _first(chosen: acts.Act, found: Case, request: HttpRequest) -> list[Any]:
    if chosen.code not in ("offer", "deny-return", "rule", "uphold", "position"):
        return []
    return judging.items_looked_at(judging.judge(found, lang=lang(), now=request.now).routed)


def _again(request: HttpRequest, found: Case, chosen: acts.Act, form: Any, refused: Refused | None) -> HttpResponse:
    """Show the form again with what was typed, and beside it what was refused."""
    status = refused.status if refused is not None else 422
    if request.POST.get("back") == "dispatch":
        query = {"queue": str(request.POST.get("queue", "waiting")), "after": str(request.POST.get("after", ""))}
        return dispatch.page(
            request, act=chosen, form=form, refused=refused, number=found.number, query=query, status=status
        )
    return page(request, found, act=chosen, form=form, refused=refused, status=status)


def _done(request: HttpRequest, found: Case, chosen: acts.Act) -> HttpResponse:
    messages.success(request, _("%(act)s：%(title)s") % {"act": chosen.label, "title": found.title})
    if chosen.code == "stand-aside":  # from now on the case is nowhere for this reader
        return redirect("cases")
    if request.POST.get("back") != "dispatch":
        return redirect("case", number=found.number)
    said = {
        "queue": request.POST.get("queue", "waiting"),
        "after": request.POST.get("after", ""),
        "case": request.POST.get("next", ""),
    }
    return redirect(f"{reverse('dispatch')}?{urlencode({k: v for k, v in said.items() if v})}")


def _stale(request: HttpRequest, found: Case, chosen: acts.Act, form: Any, no: Stale) -> HttpResponse:
    """Show what has happened since the page was made, beside what was about to be done; nothing is lost."""
    seen = str(request.POST.get("seq", "0"))
    entries = casepage.entries_of(found)
    counted = numbers.names_a_row(seen) and len(seen) < 10
    since = [e for e in entries if e.seq > int(seen)] if counted else entries[-3:]
    handovers = casepage.handovers_of(found)
    told = casepage.life(found, since, by=request.actor, handovers=handovers, lang=lang())
    by_seq = {h.seq: h for h in told}
    version = int(no.facts["seen"])
    context = {
        "case": found, "refused_what": no.sentence(lang()), "refused_now": no.next_step(lang()),
        "states": dispatch.states(), "since": told, "act": chosen, "fields": FIELDS,
        "differs": [(d, by_seq.get(d.seq)) for d in differing.since(found, entries, version, lang=lang())],
        "again": _carried(request) if _still_open(found, chosen, request) else (),
        "dense": True,
        "lead": next((h for h in handovers if h.ended_at is None), None), "stale": no,
        "typed": [_typed(form, name) for name in form.fields if form[name].value() not in (None, "", "other")],
        "back": request.POST.get("back", ""), "queue": request.POST.get("queue", "waiting"),
        "seq": entries[-1].seq if entries else 0,
    }  # fmt: skip
    return render(request, "cases/desk/case_stale.html", context, status=412)


def _typed(form: Any, name: str) -> tuple[Any, Any]:
    """Give what was typed into a field, a body that was chosen by its name."""
    value = form[name].value()
    if name != "to":
        return form[name].label or "", value
    key = str(value).partition(":")[0]
    body = bodies.names().get(int(key)) if numbers.names_a_row(key) else None
    return _("派给谁"), body.called(lang()) if body else value


def _still_open(found: Case, chosen: acts.Act, request: HttpRequest) -> bool:
    """Tell whether what was about to be done can be done on the case as it is now."""
    stand, by = casepage.stand_of(found), request.actor
    open_ = casepage.open_moves(by, stand) | casepage.open_beside(by, stand)
    return chosen in acts.open_to(stand, open_, objected=chosen.code == "accept-objection")


def _carried(request: HttpRequest) -> list[tuple[str, str]]:
    """What was typed, to be sent once more when the person has seen what differs."""
    own = ("csrfmiddlewaretoken", "version", "seq")
    return [(name, str(v)) for name, values in request.POST.lists() if name not in own for v in values]


# --- one look at a contact ---------------------------------------------------------------------------------


@never_cache
@require_POST
@staffed(*WORKING)
def contact(request: HttpRequest, number: str) -> HttpResponse:
    """Read the callers' contact once, for a purpose and a reason that the person sees; never kept in a page.

    :raises NotAllowed: the case is not in this colleague's hands.
    """
    found = casepage.find(number, by=request.actor)
    if not casepage.may_read_contact(request.actor, casepage.stand_of(found)):
        raise NotAllowed(_("这件事现在不在你们单位，不能看联系方式。"))
    form = ReadingForm(request.POST, auto_id="reading_%s")
    if not form.is_valid():
        return page(request, found, reading_form=form, status=422)
    said = casepage.said_of(found)
    owners = [("cases_report", s.report.id) for s in said if s.report.voice == "open"]
    opened = reading.read(
        owners,
        ["caller_name", "caller_contact"],
        purpose="contact.caller",
        reason=form.reason(),
        by=request.actor,
        now=request.now,
    )
    shown = [
        {"number": s.report.number, "voice": s.report.voice, **opened.get(("cases_report", s.report.id), {})}
        for s in said
    ]
    return page(request, found, contact=shown)

"""话务台: what is said on the phone becomes a report in under a minute; suggestions come while typing."""

import hashlib
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.timezone import localdate
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from jishi.bodies import queries as bodies
from jishi.cases import policies, triage
from jishi.cases.actions import choosing, dispatch, intake, photos, receivers, recordings
from jishi.cases.actions.arrival import Incoming
from jishi.cases.actions.intake import Received
from jishi.cases.models import Case, Clock, Membership, Report
from jishi.cases.queries import casepage, judging, risks, ticking
from jishi.cases.states import CASE, Urgency
from jishi.cases.triage import Looked, Stage
from jishi.cases.web.desk import strip
from jishi.cases.web.desk.edge import lang, staffed
from jishi.cases.web.desk.forms import DeclineForm, IntakeForm, matter_label, within
from jishi.duties import queries as duties
from jishi.foundation import idempotency, numbers, scope, uploads
from jishi.foundation.actor import Actor, system
from jishi.foundation.refusals import PreconditionMissing, Refused
from jishi.kernels.text.minimise import minimise_one


@dataclass(frozen=True, slots=True)
class Receipt:
    """What is read out to the caller. `word` is there once; `offered` says to whom, `not_offered` why not yet.

    No case where it complains about the operator's own body: it left her sight as it was saved. `seen_by`: who sees it.
    """

    number: str
    case: Case | None
    word: str
    promise: ticking.Ticking | None
    offered: str = ""
    not_offered: str = ""
    apart: bool = False  # asked to join, stands alone: told in confidence, or about another body
    outcome: str = ""  # saved, joined, offered, answered, declined, aside
    seen_by: str = ""
    due_at: datetime | None = None


@never_cache
@require_http_methods(["GET", "POST"])
@staffed("operator")
def console(request: HttpRequest) -> HttpResponse:
    """Show the console; POST takes the call in, or (without script) shows the suggestions."""
    if request.method == "GET":
        return _page(request, IntakeForm(now=request.now))
    form = IntakeForm(_taken(request), now=request.now, spoken=bool(request.FILES.getlist("recording")))
    if "take" in request.POST or request.POST.get("do") == "look":
        return _page(request, form, looked=True)
    declining = DeclineForm(request.POST, prefix="decline") if request.POST.get("do") == "decline" else None
    sound = form.is_valid() and (declining is None or declining.is_valid())
    if not sound:
        return _page(request, form, looked=True, declining=declining, status=422)
    try:
        receipt = _save(request, form, declining)
    except Refused as no:
        if no.status not in (413, 415, 422):
            raise
        return _page(request, form, looked=True, declining=declining, refused=no, status=422)
    return _page(request, IntakeForm(now=request.now), receipt=receipt)


@never_cache
@require_POST
@staffed("operator")
def look(request: HttpRequest) -> HttpResponse:
    """Give the suggestions for a half-filled form; nothing is stored."""
    form = IntakeForm(request.POST, now=request.now)
    return render(request, "cases/desk/operator_looked.html", _looked(request, form) | {"swapped": True})


@require_POST
@staffed("operator")
def add(request: HttpRequest) -> HttpResponse:
    """Add what is being said to an open case of the same number; the report that is there is not edited."""
    number, _at, seen = str(request.POST.get("case", "")).partition("~")
    if not numbers.names_a_row(seen):
        raise PreconditionMissing
    case = casepage.find(number, by=request.actor)
    if case.version != int(seen):  # the list beside is read again, what was typed is kept
        return _page(request, IntakeForm(request.POST, now=request.now), looked=True, status=412)
    mine = strip.own_reports(str(request.POST.get("tel", "")), by=request.actor, now=request.now)
    member = Membership.objects.filter(case=case, to_at=None, report__in=mine).order_by("id").first()
    if member is None:
        return _page(request, IntakeForm(request.POST, now=request.now), looked=True, status=409)
    intake.add_addendum(member.report_id, text=str(request.POST.get("text", "")), by=request.actor, now=request.now)
    receipt = Receipt(case.number, case, "", _promise(case, request), outcome="added")
    return _page(request, IntakeForm(now=request.now), receipt=receipt)


# --- saving ------------------------------------------------------------------------------------------------


def _save(request: HttpRequest, form: IntakeForm, declining: DeclineForm | None) -> Receipt:
    """Take the report in once, keep what was chosen, and do what the pressed button says, in one transaction."""
    by, now = request.actor, request.now
    shots = photos.ready(uploads.sent(request.FILES.getlist("photos")))
    voices = recordings.ready(uploads.sent(request.FILES.getlist("recording")))
    if voices:
        recordings.ensure_may_speak(form.cleaned_data["voice"])
    key, body = str(request.POST.get("idempotency_key", "")), _digest(request)
    slot = idempotency.claim(key, route="desk.operator", body=body, by=by, now=now)
    if not slot.is_first:
        return _again(slot.answer, request)
    looked = triage.with_answer(strip.unaided(form, now=now), now=now)
    joined = _to_join(form, by)
    said = form.incoming()
    incoming = replace(said, join_case_id=joined.id if joined else None, **_kind(request, said, by))
    taken, refused = intake.receive_many(
        [incoming], by=by, now=now, tenant_code=request.tenant.code, suggested=[looked]
    )
    if refused:
        raise refused[0].refusal
    received = taken[0]
    stood = joined
    joined = joined if joined is not None and received.case_id == joined.id else None
    slot.fill({"report": received.report_id, "case": received.case_id})
    with receivers.keeping([received.aside], by=by):
        photos.add(received.report_id, shots, may_publish=False, by=by, now=now)
        recordings.add(received.report_id, voices, by=by, now=now)
        _keep_choices(received, form, joined, kept=_kept(request), by=by, now=now)
    if received.aside is not None:
        return _aside(received, received.aside)
    receipt = _then(request, form, received, looked, declining, joined)
    return replace(receipt, apart=stood is not None and joined is None)


def _aside(received: Received, aside: receivers.Aside) -> Receipt:
    """Whoever is of the body complained about reads number and word to the caller, and does nothing else with it."""
    desk = bodies.names()[aside.body_id].called(lang()) if aside.body_id is not None else ""
    return Receipt(
        received.number, None, received.word, None, outcome="aside", seen_by=desk,
        due_at=received.promise_due_at,
    )  # fmt: skip


def _then(
    request: HttpRequest, form: IntakeForm, received: Received, looked: Looked, declining: DeclineForm | None,
    joined: Case | None
) -> Receipt:  # fmt: skip
    by, now, do = request.actor, request.now, request.POST.get("do", "offer")
    facts: dict[str, Any] = {"outcome": "joined" if joined else "saved"}
    if joined is None and do == "answer":
        said, kept = str(request.POST.get("answer", "")), _kept(request)
        intake.answer_at_once(received.case_id, text=said, knowledge=kept, by=by, now=now)
        facts = {"outcome": "answered"}
    elif joined is None and declining is not None:
        intake.decline(received.case_id, by=by, now=now, **declining.cleaned_data)
        facts = {"outcome": "declined"}
    elif joined is None and do == "offer":
        facts = _offer(request, form, received, looked)
    case = Case.objects.get(id=received.case_id)
    return Receipt(received.number, case, received.word, _promise(case, request), **facts)


def _offer(request: HttpRequest, form: IntakeForm, received: Received, looked: Looked) -> dict[str, Any]:
    """Offer at once when the list names one body and a person has said the matter; else the desk places it."""
    judged = judging.told(looked.routed, lang=lang()) if looked.routed is not None else None
    if not form.cleaned_data["matter"] or judged is None or judged.outcome not in ("named", "named_with_assist"):
        return {"outcome": "saved", "not_offered": judged.head if judged else ""}
    target = judged.targets[0]
    offer = dispatch.Offer(target.body.id, item_id=target.item.id if target.item else None)
    try:
        dispatch.offer(received.case_id, to=offer, by=_offerer(request.actor), now=request.now)
    except Refused as no:  # the report is in; who takes it is the desk's question
        if no.afterwards is not None:
            no.afterwards()
        return {"outcome": "saved", "not_offered": no.sentence(lang())}
    return {"outcome": "offered", "offered": target.body.called(lang())}


def _offerer(by: Actor) -> Actor:
    """The table lets a dispatcher offer, or the rule itself: a person has said the matter, one item names one body."""
    return by if by.has("dispatcher") else Actor(tenant_id=by.tenant_id, kind="system", run="one_body_named")


def _kept(request: HttpRequest) -> int:
    """The number of the kept answer that was taken, where the press answers."""
    said = str(request.POST.get("knowledge", ""))
    return int(said) if request.POST.get("do") == "answer" and numbers.names_a_row(said) else 0


def _keep_choices(
    received: Received, form: IntakeForm, joined: Case | None, *, kept: int, by: Actor, now: datetime
) -> None:
    said = form.cleaned_data
    to = str(said.get("to") or "").partition(":")[0]
    chosen = {
        Stage.CLASSIFY: said["matter"], Stage.DUPLICATES: str(joined.id) if joined else "", Stage.ROUTE: to,
        Stage.DEADLINE: said["due"], Stage.LOCATE: _place_chosen(received, form),
        Stage.KNOWLEDGE: str(kept or ""),
    }  # fmt: skip
    choosing.choose(received.report_id, chosen={str(k): v for k, v in chosen.items()}, by=by, now=now)
    others = [n for n in str(said.get("other_than") or "").split(",") if n]
    if others:
        ids = Case.objects.filter(tenant_id=by.tenant_id, number__in=others[:10]).values_list("id", flat=True)
        choosing.refuse_pairs(received.report_id, case_ids=list(ids), by=by, now=now)


def _place_chosen(received: Received, form: IntakeForm) -> str:
    """The value of the candidate whose words stand in the field; other words of the person are a change."""
    where = str(form.cleaned_data["where"]).strip()
    stage = next(s for s in received.suggestions if s.stage == Stage.LOCATE)
    return next(
        (str(c.get("value")) for c in stage.candidates if c.get("label") == where),
        minimise_one(where).shown if where else "",
    )


def _to_join(form: IntakeForm, by: Actor) -> Case | None:
    number = str(form.cleaned_data.get("join") or "").strip().upper()
    if not number:
        return None
    found = policies.visible_to(by, Case.objects.filter(number=number)).first()
    return found if found is not None and found.status in CASE.open_states else None


def _kind(request: HttpRequest, said: Incoming, by: Actor) -> dict[str, Any]:
    """What is answered at once is an inquiry (spec 10 §5, 2); what complains about one's own body is not answered."""
    own = (by.body_ids | by.tied_to).intersection(said.accused_body_ids)
    return {"kind": "inquiry"} if request.POST.get("do") == "answer" and not own else {}


def _opened(request: HttpRequest) -> str:
    """The dialog in which what was taken is looked through and may be put in other words."""
    return "answer" if request.POST.get("take") == Stage.KNOWLEDGE else ""


def _digest(request: HttpRequest) -> bytes:
    said = sorted((k, v) for k, v in request.POST.items() if k not in ("csrfmiddlewaretoken", "idempotency_key"))
    return hashlib.sha256(repr(said).encode()).digest()


def _again(answer: dict[str, int], request: HttpRequest) -> Receipt:
    """The same press arrived twice: the same receipt, without the word, which is said once."""
    case = Case.objects.select_related("lead").filter(id=answer["case"]).first()
    if case is None:  # it complains about her own body: the number alone, which the caller may have missed
        with scope.within(system(request.actor.tenant_id)):
            return Receipt(Report.objects.get(id=answer["report"]).number, None, "", None, outcome="aside")
    number = (
        Membership.objects.select_related("report").get(report_id=answer["report"], case=case, to_at=None).report.number
    )
    offered = bodies.names()[case.lead_id].called(lang()) if case.lead_id else ""
    return Receipt(
        number, case, "", _promise(case, request), offered=offered, outcome="offered" if offered else "saved"
    )


def _promise(case: Case, request: HttpRequest) -> ticking.Ticking | None:
    rows = Clock.objects.filter(case=case, kind="promise").order_by("-id")[:1]
    return next(iter(ticking.shown(rows, lang=lang(), now=request.now)), None)


# --- the page ----------------------------------------------------------------------------------------------


def _taken(request: HttpRequest) -> Any:
    """Fill in what a press on "take" asks for, where no script has done it."""
    stage = request.POST.get("take")
    if not stage:
        return request.POST
    data = request.POST.copy()
    kind, _sep, code = str(stage).partition(":")
    if kind in ("branch", "matter", "urgency"):
        data[kind] = code
        return data
    found = strip.of(IntakeForm(data, now=request.now), by=request.actor, now=request.now, lang=lang())
    if stage == Stage.KNOWLEDGE and found.kept is not None:
        data["answer"], data["knowledge"] = found.kept.of.answer, str(found.kept.of.number)
    for row in found.rows:
        if row.stage == stage:
            for name, value in row.fill.items():
                data[name] = value
    return data


def _looked(request: HttpRequest, form: IntakeForm) -> dict[str, Any]:
    found = strip.of(form, by=request.actor, now=request.now, lang=lang()) if form.is_bound else strip.EMPTY
    own = strip.own_open(str(form.data.get("tel", "")), by=request.actor, now=request.now) if form.is_bound else []
    warned = risks.of_words(found.looked, by=request.actor)
    return {
        "strip": found,
        "warned": warned,
        "warned_numbers": risks.numbers_of(warned),
        "hurried": str(form.data.get("urgency", "")) == Urgency.EMERGENCY,
        "soon": risks.soon(lang()),
        "own": own,
        "form": form,
        "asked": {q["name"] for q in found.questions},
        "matters": _matters(form) if form.data.get("branch") else None,
        "states": _states(),
    }


def _matters(form: IntakeForm) -> list[str]:
    """Name what the field of the matter offers: the book, or the branch that was chosen."""
    return [matter_label(m, lang()) for m in within(str(form.data.get("branch", "")), duties.leaves())]


def _states() -> dict[str, Any]:
    return {s.code: {"chip": s.chip, "zh": s.name.zh, "en": s.name.en} for s in CASE.states}


def _page(
    request: HttpRequest, form: IntakeForm, *, looked: bool = False, receipt: Receipt | None = None,
    declining: DeclineForm | None = None, refused: Refused | None = None, status: int = 200,
) -> HttpResponse:  # fmt: skip
    facts = _looked(request, form) if looked else {"strip": strip.EMPTY, "own": [], "states": _states()}
    context = facts | {
        "form": form, "receipt": receipt, "dense": True, "soon": risks.soon(lang()),
        "dangers": risks.waiting(by=request.actor, case_id=receipt.case.id) if receipt and receipt.case else [],
        "declining": declining or DeclineForm(prefix="decline"),
        "matters": _matters(form),
        "bodies": [b.called(lang()) for b in bodies.all_bodies(on=localdate(request.now))], "refused": refused,
        "refused_what": refused.sentence(lang()) if refused else "",
        "refused_now": refused.next_step(lang()) if refused else "",
        "open_dialog": "decline" if declining is not None and declining.errors else _opened(request),
        "answer": str(form.data.get("answer", "")), "knowledge": str(form.data.get("knowledge", "")),
    }  # fmt: skip
    return render(request, "cases/desk/operator.html", context, status=status)

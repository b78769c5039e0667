"""Intake, looking, the moves of a case: translate in, make one call, translate out (spec 10 §16)."""

from dataclasses import replace
from datetime import datetime
from hashlib import sha256
from typing import Annotated, Any

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import get_language
from ninja import Header

from jishi.accounts import queries as accounts
from jishi.cases.actions import (
    archiving,
    arrival,
    consultation,
    correcting,
    dispatch,
    feedback,
    handling,
    handover,
    intake,
    parts,
    rechecking,
    recordings,
    recusing,
    reopening,
    review,
    ruling,
)  # fmt: skip
from jishi.cases.queries import dossier, listing, retold, risks, sifting
from jishi.cases.rest.edge import case_id_of, moved, press, router
from jishi.cases.shapes import (
    AnswersIn,
    AsideIn,
    ConsultIn,
    ContactIn,
    DeclineIn,
    LetBackIn,
    LineIn,
    OfferIn,
    ProgressIn,
    ReceivedOut,
    RecheckIn,
    ReplyIn,
    ReportIn,
    ReturnIn,
    ReviewIn,
    RulingIn,
    TextIn,
    TriageIn,
    UrgencyIn,
    WordsIn,
    version_seen,
)  # fmt: skip
from jishi.foundation import idempotency
from jishi.foundation.refusals import Invalid, KeyMissing, NotAllowed


@router.post("/reports", response={201: ReceivedOut}, exclude_unset=True, summary="Take a report in")
def create_report(request: HttpRequest, response: HttpResponse, payload: ReportIn) -> tuple[int, dict[str, Any]]:
    """Take a report in: placed, classified, routed and promised when this answers; readable at once.

    Where its words warn of danger, `danger` says whom to call: show that to whoever wrote, before any day of reply.
    """
    actor, now = request.actor, timezone.now()  # type: ignore[attr-defined]
    key = request.headers.get("Idempotency-Key", "")
    if not key:
        raise KeyMissing
    if actor.kind == "resident" and payload.voice != "open":  # the kept answer must not lead from account to report
        key, actor = sha256(f"{actor.label}:{key}".encode()).hexdigest(), replace(actor, kind="anonymous")
    slot = idempotency.claim(key, route="reports", body=request.body, by=actor, now=now, marked=True)
    word = _receive(request, payload, now, slot) if slot.is_first else ""
    if not slot.answer.get("recused"):
        response["Location"] = f"/api/v1/reports/{slot.answer['number']}"
    told = {name: value for name, value in slot.answer.items() if name != "heard"}
    danger = risks.as_told(slot.answer.get("heard", ()), get_language() or "zh")
    # the word is said once: nobody keeps it, a repeated answer has none
    return 201, {**told, "danger": danger, "word": word}


def _receive(request: HttpRequest, payload: ReportIn, now: datetime, slot: idempotency.Slot) -> str:
    """Take it in, with its answer under the key in the same statement; gives the word."""
    actor = request.actor  # type: ignore[attr-defined]
    if actor.kind not in ("client", "staff", "resident"):
        raise NotAllowed(why="接口要用登记过的密钥。")
    given = payload.dict(exclude={"join_case", "spoken"})
    join = listing.id_of(payload.join_case, by=actor) if payload.join_case else None
    own = actor.account_id if actor.kind == "resident" else None
    given["accused_body_ids"] = tuple(payload.accused_body_ids)
    one = arrival.Incoming(**given, join_case_id=join, wants_word=payload.voice != "open", reporter_id=own)
    if payload.spoken:
        recordings.ensure_may_speak(payload.voice)
        one = recordings.only_spoken(one)
    code, keep = request.tenant.code, lambda done, kept: slot.fill(_answer(done), into=kept)  # type: ignore[attr-defined]
    return intake.receive(one, by=actor, now=now, tenant_code=code, also=keep).word


def _answer(done: intake.Received) -> dict[str, Any]:
    """Give what is kept under the key. Violence and self-harm are for the desk alone and are not among `heard`."""
    heard = risks.kept_of(risks.of_own_words(done.heard))
    if done.aside is not None:  # its sender finds nothing of it any more: the number for the caller, and who goes on
        due = done.promise_due_at.isoformat() if done.promise_due_at else None
        told = {"recused": True, "seen_by": done.aside.body_id}
        return {"number": done.number, "case": None, "promise_due_at": due, "suggestions": [], "heard": heard, **told}
    return {
        "number": done.number,
        "case": done.case_number,
        "promise_due_at": done.promise_due_at.isoformat() if done.promise_due_at else None,
        "suggestions": [
            {"stage": s.stage, "candidates": list(s.candidates), "abstained": s.abstained, "edition": s.edition}
            for s in done.suggestions
        ],
        "heard": heard,
    }


@router.get("/reports/{number}", summary="One report and its cases")
def get_report(request: HttpRequest, response: HttpResponse, number: str) -> dict[str, Any]:
    """Give a report that this actor may see, with the cases it belongs to."""
    page = listing.report(number, by=request.actor)  # type: ignore[attr-defined]
    response["ETag"] = f'"{page["version"]}"'
    return page


@router.post("/reports/{number}/addenda", summary="Add a later word")
def add_addendum(request: HttpRequest, number: str, payload: TextIn) -> dict[str, Any]:
    """Add a later word of the same person; If-Match is the version of the report."""
    actor, version = request.actor, version_seen(request)  # type: ignore[attr-defined]
    report = listing.report_id_of(number, by=actor)
    row = intake.add_addendum(report, text=payload.text, by=actor, now=timezone.now(), version=version)
    return {"at": row.at.isoformat(), "text": row.text_shown}


@router.get("/reports/{number}/suggestions", summary="What triage said")
def get_suggestions(request: HttpRequest, number: str) -> list[dict[str, Any]]:
    """Give what triage suggested, with reasons, editions and what people did with it."""
    return listing.suggestions(number, by=request.actor)  # type: ignore[attr-defined]


@router.get("/cases", summary="List cases")
def list_cases(
    request: HttpRequest,
    status: str = "",
    matter: str = "",
    tag: str = "",
    body: str = "",
    role: str = "",
    grid: str = "",
    urgency: str = "",
    clock: str = "",
    due_before: str = "",
    changed_after: str = "",
    q: str = "",
    sort: str = "",
    after: str = "",
    limit: int = 50,
) -> dict[str, Any]:
    """List cases this actor may see, keyset paging; never by person. The same words as in the address of the page.

    `status`: states, comma between, or `open`; `sort`: -received (newest first), received, due.
    """
    filters = sifting.asked(request.GET.dict(), now=timezone.now())
    return listing.page(filters, by=request.actor, after=after, limit=min(max(limit, 1), 200))  # type: ignore[attr-defined]


@router.get("/cases/{number}", summary="One case")
def get_case(request: HttpRequest, response: HttpResponse, number: str) -> dict[str, Any]:
    """Give one case; its version is the ETag."""
    return moved(request, response, number)


@router.get("/cases/{number}/trail", summary="The record of a case")
def get_trail(request: HttpRequest, number: str) -> list[dict[str, Any]]:
    """Give the entries with their hashes; words are not among them."""
    return listing.trail_of(number, by=request.actor)  # type: ignore[attr-defined]


@router.get("/cases/{number}/timeline", summary="What happened to a case, in order")
def get_timeline(request: HttpRequest, response: HttpResponse, number: str) -> dict[str, Any]:
    """Give the honest timeline to a caller of the case, its life to colleagues and programs; newest first."""
    by, now = request.actor, request.now  # type: ignore[attr-defined]
    told = retold.timeline(number, by=by, now=now, lang=get_language() or "zh")
    response["ETag"] = f'"{told["version"]}"'
    return told


@router.get("/cases/{number}/clocks", summary="All clocks of a case")
def get_clocks(request: HttpRequest, number: str) -> list[dict[str, Any]]:
    """Give every clock, running or not, with its explanation."""
    return listing.clocks_of(number, by=request.actor)  # type: ignore[attr-defined]


@router.get("/cases/{number}/dossier", summary="One case as one signed file")
def get_dossier(request: HttpRequest, number: str) -> HttpResponse:
    """Give a zip: case, reports, clocks, replies, its record with proofs, a manifest and its signature."""
    by, now = request.actor, request.now  # type: ignore[attr-defined]
    content = dossier.build(number, by=by, now=now)
    archiving.note_taken(case_id_of(request, number), sha256=sha256(content).hexdigest(), by=by, now=now)
    answer = HttpResponse(content, content_type="application/zip")
    answer["Content-Disposition"] = f'attachment; filename="{number.upper()}.zip"'
    answer["Cache-Control"] = "no-store"
    return answer


@router.post("/cases/{number}/offer", summary="Offer to a body")
def offer(request: HttpRequest, response: HttpResponse, number: str, payload: OfferIn) -> dict[str, Any]:
    """Offer the case to a body as lead."""
    asked = payload.part
    part = parts.Asking(asked.body, asked.what, asked.due_at, asked.item) if asked else None
    to = dispatch.Offer(payload.body, payload.item, payload.instruction, payload.why, part=part)
    return press(request, response, number, dispatch.offer, to=to)


@router.post("/cases/{number}/take-back", summary="Take an offer back")
def take_back(request: HttpRequest, response: HttpResponse, number: str, payload: WordsIn) -> dict[str, Any]:
    """Take back an offer that nobody has signed."""
    return press(request, response, number, dispatch.take_back, reason=payload.words)


@router.post("/cases/{number}/sign", summary="Sign for it")
def sign(request: HttpRequest, response: HttpResponse, number: str) -> dict[str, Any]:
    """Sign for the case."""
    return press(request, response, number, handover.sign)


@router.post("/cases/{number}/return", summary="Ask to return it")
def return_(request: HttpRequest, response: HttpResponse, number: str, payload: ReturnIn) -> dict[str, Any]:
    """Ask to return the case, with ground and citation."""
    why = handover.Return(payload.ground, payload.words, payload.item, payload.proposed_body)
    return press(request, response, number, handover.return_, why=why)


@router.post("/cases/{number}/return/accept", summary="Accept a return")
def accept_return(request: HttpRequest, response: HttpResponse, number: str, payload: WordsIn) -> dict[str, Any]:
    """Accept a return."""
    return press(request, response, number, handover.accept_return, words=payload.words)


@router.post("/cases/{number}/return/deny", summary="Deny a return")
def deny_return(request: HttpRequest, response: HttpResponse, number: str, payload: WordsIn) -> dict[str, Any]:
    """Deny a return, citing an item."""
    return press(request, response, number, handover.deny_return, words=payload.words, cited_item_id=payload.item)


@router.post("/cases/{number}/urgency", summary="Say how urgent it is")
def urgency(request: HttpRequest, response: HttpResponse, number: str, payload: UrgencyIn) -> dict[str, Any]:
    """Say how urgent the case is, with a reason."""
    return press(request, response, number, correcting.set_urgency, urgency=payload.urgency, why=payload.why)


@router.post("/cases/{number}/recusal", summary="Say which bodies above the accused stand aside")
def line(request: HttpRequest, response: HttpResponse, number: str, payload: LineIn) -> dict[str, Any]:
    """Say which bodies above an accused one find nothing of this case: the whole list, with a reason."""
    return press(request, response, number, recusing.say_line, line=payload.line, why=payload.why)


@router.post("/cases/{number}/stand-aside", summary="Stand aside oneself", response={204: None})
def stand_aside(request: HttpRequest, number: str, payload: AsideIn) -> tuple[int, None]:
    """Stand aside as kin or interested; the case is nowhere for this colleague from now on."""
    version = version_seen(request)
    recusing.stand_aside(
        case_id_of(request, number), ground=payload.ground, words=payload.words, by=request.actor,  # type: ignore[attr-defined]
        now=timezone.now(), version=version,
    )  # fmt: skip
    return 204, None


@router.post("/cases/{number}/let-back", summary="Undo a standing aside by mistake")
def let_back(request: HttpRequest, response: HttpResponse, number: str, payload: LetBackIn) -> dict[str, Any]:
    """Let a colleague find the case again who stood aside by mistake: another person's word, with a reason."""
    account = accounts.by_username(payload.username) or 0
    return press(request, response, number, recusing.let_back, account_id=account, why=payload.why)


@router.post("/cases/{number}/decline", summary="Decline by a ground")
def decline(request: HttpRequest, response: HttpResponse, number: str, payload: DeclineIn) -> dict[str, Any]:
    """Decline by a coded ground."""
    return press(
        request, response, number, intake.decline, ground=payload.ground, text=payload.text, channel=payload.channel
    )


@router.post("/cases/{number}/consultations", summary="Open a consultation")
def consult(request: HttpRequest, response: HttpResponse, number: str, payload: ConsultIn) -> dict[str, Any]:
    """Open a consultation of at least two bodies."""
    return press(request, response, number, consultation.open_, question=payload.question, invited=payload.invited)


@router.post("/cases/{number}/positions", summary="State a position in a consultation")
def position(request: HttpRequest, response: HttpResponse, number: str, payload: WordsIn) -> dict[str, Any]:
    """Say what an invited body holds, with the item it rests on."""
    return press(request, response, number, consultation.state_position, text=payload.words, cited_item_id=payload.item)


@router.post("/cases/{number}/rulings", summary="Rule")
def rule(request: HttpRequest, response: HttpResponse, number: str, payload: RulingIn) -> dict[str, Any]:
    """Name the body by a ruling."""
    why = ruling.Reasons(payload.items, payload.reasons, payload.precedent)
    return press(
        request, response, number, ruling.rule, named_body_id=payload.named_body, why=why,
        tenant_code=request.tenant.code,
    )  # fmt: skip


@router.post("/cases/{number}/contacts", summary="Note a contact")
def contact(request: HttpRequest, response: HttpResponse, number: str, payload: ContactIn) -> dict[str, Any]:
    """Note a contact with the caller."""
    return press(
        request, response, number, handling.note_contact, how=payload.how, reached=payload.reached, gist=payload.gist
    )


@router.post("/cases/{number}/progress", summary="Tell the caller where it stands")
def progress(request: HttpRequest, response: HttpResponse, number: str, payload: ProgressIn) -> dict[str, Any]:
    """Tell the caller where it stands."""
    return press(
        request, response, number, handling.note_progress, text=payload.text, waiting_for=payload.waiting_for,
        until=payload.until,
    )  # fmt: skip


@router.post("/cases/{number}/reply", summary="Answer")
def reply(request: HttpRequest, response: HttpResponse, number: str, payload: ReplyIn) -> dict[str, Any]:
    """Answer; the resident sees it after review."""
    return press(request, response, number, handling.reply, answer=handling.Answer(**payload.dict()))


@router.post("/cases/{number}/review", summary="Review a reply")
def review_(request: HttpRequest, response: HttpResponse, number: str, payload: ReviewIn) -> dict[str, Any]:
    """Approve a reply, or send it back naming what is missing."""
    elements = review.Elements(payload.time_of_contact, payload.with_whom, payload.measures, payload.by_when)
    case_id, actor, now, version = case_id_of(request, number), request.actor, timezone.now(), version_seen(request)  # type: ignore[attr-defined]
    if payload.verdict == "approved":
        review.approve(case_id, elements=elements, by=actor, now=now, version=version)
    elif payload.verdict == "sent_back":
        review.send_back(case_id, elements=elements, why=payload.why, by=actor, now=now, version=version)
    else:
        raise Invalid(detail="verdict: approved | sent_back")
    return moved(request, response, number)


@router.post("/cases/{number}/recheck", summary="Judge an answer 'not solved'")
def recheck(request: HttpRequest, response: HttpResponse, number: str, payload: RecheckIn) -> dict[str, Any]:
    """Send the case back (`approved`), or leave it by a ground and a sentence that its caller reads (`denied`)."""
    case_id, actor, now, version = case_id_of(request, number), request.actor, timezone.now(), version_seen(request)  # type: ignore[attr-defined]
    answer = rechecking.answer_of(case_id, payload.report)
    if payload.verdict == "approved":
        rechecking.agree(case_id, answer_id=answer, why=payload.why, by=actor, now=now, version=version)
    elif payload.verdict == "denied":
        rechecking.disagree(
            case_id, answer_id=answer, ground=payload.ground, why=payload.why, by=actor, now=now, version=version
        )
    else:
        raise Invalid(detail="verdict: approved | denied")
    return moved(request, response, number)


@router.post("/cases/{number}/reopen", summary="Open a closed case again")
def reopen(request: HttpRequest, response: HttpResponse, number: str, payload: WordsIn) -> dict[str, Any]:
    """Open a closed case again."""
    return press(request, response, number, reopening.reopen, why=payload.words)


@router.post("/cases/{number}/redispatch", summary="Put a closed case back on the desk")
def redispatch(request: HttpRequest, response: HttpResponse, number: str, payload: WordsIn) -> dict[str, Any]:
    """Put a closed case back on the desk."""
    return press(request, response, number, reopening.redispatch, why=payload.words)


Letter = Annotated[str, Header(max_length=100, description="The code of a letter: what stands after # in its link.")]


@router.get("/feedback", summary="What a link asks")
def asked(request: HttpRequest, response: HttpResponse, letter: Letter) -> dict[str, Any]:
    """Say what whoever holds the link is asked about; its version is the ETag."""
    row, _holder = feedback.holder_of_link(letter, opener=request.actor, now=timezone.now())  # type: ignore[attr-defined]
    # one address for every letter: a cache in between would give one reader the other's
    response["ETag"], response["Cache-Control"], response["Vary"] = f'"{row.version}"', "no-store", "Letter"
    return {"title": row.case.title, "asked_at": row.asked_at.isoformat(), "round": row.round, "version": row.version}


@router.post("/feedback", summary="Three answers by link")
def give_feedback(request: HttpRequest, letter: Letter, payload: AnswersIn) -> dict[str, Any]:
    """Keep three answers of whoever holds the link."""
    now, version = timezone.now(), version_seen(request)
    row, holder = feedback.holder_of_link(letter, opener=request.actor, now=now)  # type: ignore[attr-defined]
    feedback.answer(row.id, answers=feedback.Answers(**payload.dict()), by=holder, now=now, version=version)
    return {"kept": True}


@router.post("/triage", summary="Look at texts, store nothing")
def triage_(request: HttpRequest, payload: TriageIn) -> list[dict[str, Any]]:
    """Run the pipeline over at most 500 texts; nothing is stored."""
    actor = request.actor  # type: ignore[attr-defined]
    if actor.kind not in ("client", "staff"):
        raise NotAllowed(why="试算只供工作人员和登记过的系统。")
    rows = [arrival.Incoming(text=t, channel="api") for t in payload.texts]
    looked = arrival.look(rows, now=timezone.now())
    return [
        {
            "shown": one.shown,
            "stages": [
                {
                    "stage": s.stage,
                    "candidates": list(s.candidates),
                    "abstained": s.abstained,
                    "edition": s.edition,
                    "ms": s.ms,
                }
                for s in one.suggested
            ],
            "dangers": [{"code": m.danger.code, "words": list(m.words), "call": m.danger.call}
                for m in risks.of_words(one, by=actor)],
        }
        for one in looked
    ]  # fmt: skip

"""办理: contact, progress, reply (spec 10 §§2, 5)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db import transaction
from django.utils.timezone import localdate

from jishi.cases.actions import asking, belonging, enclosing, moving, publishing, reckoning, running
from jishi.cases.actions.handover import from_outside
from jishi.cases.actions.moving import Held
from jishi.cases.actions.photos import Ready
from jishi.cases.models import Case, ContactNote, Part, Progress, Reply, Termination
from jishi.cases.refusals import (
    ContactNeeded,
    GroundNeeded,
    NothingForThePublic,
    PublicTextChanged,
    ReplyTooShort,
    ReturnPending,
    TooFewAttempts,
)
from jishi.cases.states import CASE, HandoverStatus, Outcome, PartStatus
from jishi.foundation import procedures
from jishi.foundation.actor import Actor
from jishi.kernels.procedure import effects
from jishi.kernels.text.minimise import minimise_one

LOOKING_BACK = timedelta(days=1)  # somebody was called before the report was written down
ATTEMPTED_DAYS = 2  # with a dated attempt each, before a case may be terminated (spec 10 §5, 28)
LEAST_WORDS = 20  # of what the caller is told of a termination
ATTEMPTS = 3  # dated attempts after which "not reached" counts as contact (spec 10 §5.1)


@dataclass(frozen=True, slots=True)
class Answer:
    """What the lead answers. The four elements: when and with whom contacted, what was done, by when."""

    outcome: str
    text_for_caller: str
    what_was_done: str
    contacted_at: datetime
    contacted_how: str
    done_by: date | None = None
    legal_basis: str = ""
    text_public: str = ""


@transaction.atomic
def note_contact(case_id: int, *, how: str, reached: str, gist: str = "", by: Actor, now: datetime,
                 version: int | None = None) -> ContactNote:  # fmt: skip
    """Note a contact with the caller; the contact clock stops when reached, or after three dated attempts."""
    held, body_id = _held_by_us(case_id, by, version)
    procedures.ensure_move(CASE, "handling.note_contact", held.case.status)
    if how not in ("phone", "visit", "message") or reached not in ("yes", "no", "refused"):
        raise GroundNeeded(what="怎么联系的、联系上没有", what_en="how, and whether the caller was reached")
    note = ContactNote.objects.create(
        tenant_id=by.tenant_id, case=held.case, body_id=body_id, at=now, how=how, reached=reached, by=by.label,
        gist=gist.strip(),
    )  # fmt: skip
    if reached == "yes" or ContactNote.objects.filter(case=held.case, body_id=body_id).count() >= ATTEMPTS:
        row = procedures.ensure_move(CASE, "handling.note_contact", held.case.status)
        reckoning.save(reckoning.turn(held.case, held.lead, held.clocks, effects([row]), now=now))
    moving.beside(
        held, "case.contacted", by=by, now=now,
        codes={"body": body_id, "how": how, "reached": reached},
        words={"gist": note.gist} if note.gist else None,
    )  # fmt: skip
    return note


@transaction.atomic
def note_progress(case_id: int, *, text: str, waiting_for: str = "", until: date | None = None, by: Actor,
                  now: datetime, version: int | None = None) -> Progress:  # fmt: skip
    """Tell the caller where it stands; not empty, no copy of the last one."""
    held, body_id = _held_by_us(case_id, by, version)
    words = text.strip()
    last = Progress.objects.filter(case=held.case).order_by("-id").first()
    if not words or (last is not None and last.text == words):
        raise GroundNeeded(
            what="新的进展（不能为空，也不能和上一条一样）", what_en="something new, not a copy of the last"
        )
    row = Progress.objects.create(
        tenant_id=by.tenant_id, case=held.case, body_id=body_id, at=now, text=words,
        waiting_for=waiting_for.strip(), until_date=until,
    )  # fmt: skip
    moving.beside(
        held, "case.progressed", by=by, now=now, codes={"body": body_id},
        words={"text": row.text, "waiting_for": row.waiting_for},
    )  # fmt: skip
    return row


@transaction.atomic
def reply(
    case_id: int, *, answer: Answer, given: Sequence[Ready] = (), by: Actor, now: datetime, version: int | None = None
) -> Case:
    """Answer: handling pauses, the review clock starts; the resident sees it, and the files given, only after review.

    :raises ContactNeeded: no contact noted. :raises ReplyTooShort: the text has not 20–4,000 characters.
    :raises ReturnPending: a return waits for its answer. :raises TooManyFiles: more than three.
    :raises PublicTextChanged: the public text names what strangers must not read.
    :raises NothingForThePublic: a public text in a case that nobody may open.
    """
    held = moving.hold(case_id, by=by, version=version)
    move = moving.ensure(held, "handling.reply", by=by)
    lead = held.lead
    assert lead is not None
    if lead.status == HandoverStatus.RETURN_ASKED:
        raise ReturnPending(due="")
    _ensure_complete(held, answer, now)
    _ensure_covered(held.case, answer.text_public.strip())
    row = Reply.objects.create(
        tenant_id=by.tenant_id, case=held.case, handover=lead, by_body_id=lead.body_id, author=by.label,
        outcome=answer.outcome, contacted_at=answer.contacted_at, contacted_how=answer.contacted_how,
        what_was_done=answer.what_was_done.strip(), done_by_date=answer.done_by, legal_basis=answer.legal_basis.strip(),
        text_for_caller=answer.text_for_caller.strip(), replied_at=now,
        text_public=answer.text_public.strip(),
    )  # fmt: skip
    kept = enclosing.keep(row, given, now=now)
    more = {"files": kept} if kept else {}
    return moving.carry_out(
        held, move, by=by, now=now, codes={"body": lead.body_id, "reply": row.id, "outcome": row.outcome, **more},
        words={"text": row.text_for_caller},
    )  # fmt: skip


def _ensure_covered(case: Case, text: str) -> None:
    """Insist that whoever sends a public text has seen what the machine leaves of it (spec 10 §13).

    :raises NothingForThePublic: nobody may ever open this case: no word for strangers is kept of it.
    :raises PublicTextChanged: it would be covered; the refusal says what would stand there, to be sent as it is.
    """
    if text and publishing.must_stay_closed(case):
        raise NothingForThePublic
    shown = minimise_one(text).shown if text else ""
    if shown != text:
        raise PublicTextChanged(shown=shown)


@transaction.atomic
def ask_termination(case_id: int, *, what_was_needed: str, told_caller: str, by: Actor, now: datetime,
                    version: int | None = None) -> Termination:  # fmt: skip
    """Ask to end a case because the caller refuses what only he can give (row 28); nothing moves until it is decided.

    :raises TooFewAttempts: contact notes of fewer than two days say refused or not reached.
    :raises StillRunning: another body still works on it. :raises GroundNeeded: a text is missing.
    :raises AskedAlready: one waits. :raises ReturnPending: it is being given back.
    """
    held = moving.hold(case_id, by=by, version=version)
    row = moving.ensure_beside(held, "handling.ask_termination", by=by)
    lead = asking.signed_lead(held)
    asking.ensure_words(needed=(what_was_needed, "要诉求人配合什么", "what was needed of the caller"))
    if len(told_caller.strip()) < LEAST_WORDS:
        raise GroundNeeded(what="写给诉求人的话，至少 20 个字", what_en="at least 20 characters for the caller")
    _ensure_attempted(held)
    running.ensure_nothing_runs(held.case)
    waiting = Termination.objects.filter(case=held.case, verdict="")
    asking.ensure_none_waits(waiting, still=waiting.filter(handover=lead).exists(), now=now)
    asked = Termination.objects.create(
        tenant_id=by.tenant_id, case=held.case, handover=lead, what_was_needed=what_was_needed.strip(),
        told_caller=told_caller.strip(), asked_body_id=lead.body_id, asked_at=now, asked_by=by.label,
    )  # fmt: skip
    moving.carry_out_beside(
        held, row, by=by, now=now, codes={"body": lead.body_id},
        words={"needed": asked.what_was_needed, "told": asked.told_caller},
    )  # fmt: skip
    return asked


@transaction.atomic
def terminate(case_id: int, *, by: Actor, now: datetime, version: int | None = None) -> Case:
    """Agree that the case ends; the caller is told why, and may have it reopened when he can give what was needed.

    :raises NothingAsked: nobody asked. :raises StillRunning: another body still works on it.
    """
    held = moving.hold(case_id, by=by, version=version)
    move = moving.ensure(held, "handling.terminate", by=by)
    asked = _termination_of(held)
    running.ensure_nothing_runs(held.case)
    asked.change(**asking.approved(by, now))
    belonging.conclude_beside(held.case, by=by, now=now)
    row = moving.handover_row(held, move.verb)
    return moving.carry_out(
        held, move, by=by, now=now, handover_move=row, case_values={"closed_at": now, "outcome": "explained"},
        handover_values={"ended_at": now, "end": "terminated"}, codes={"body": asked.asked_body_id},
        words={"text": asked.told_caller},
    )  # fmt: skip


@transaction.atomic
def deny_termination(case_id: int, *, why: str, by: Actor, now: datetime, version: int | None = None) -> Case:
    """Do not agree; the body goes on. :raises NothingAsked: nobody asked. :raises GroundNeeded: no reason."""
    held = moving.hold(case_id, by=by, version=version)
    row = moving.ensure_beside(held, "handling.deny_termination", by=by)
    asked = _termination_of(held)
    asking.deny(asked, why, by=by, now=now)
    moving.carry_out_beside(
        held, row, by=by, now=now, codes={"body": asked.asked_body_id}, words={"why": asked.why_not}
    )
    return held.case


def _ensure_attempted(held: Held) -> None:
    notes = ContactNote.objects.filter(case=held.case, reached__in=("no", "refused")).values_list("at", flat=True)
    days = len({localdate(at) for at in notes})
    if days < ATTEMPTED_DAYS:
        raise TooFewAttempts(least=ATTEMPTED_DAYS, days=days)


def _termination_of(held: Held) -> Termination:
    found = Termination.objects.filter(case=held.case, verdict="", handover=held.lead).first()
    if found is None:
        raise asking.NothingAsked
    asking.signed_lead(held)
    return found


def _ensure_complete(held: Held, answer: Answer, now: datetime) -> None:
    if answer.outcome not in Outcome.values:
        raise GroundNeeded(what="办理结果", what_en="the outcome")
    if not held.case.received_at - LOOKING_BACK <= answer.contacted_at <= now:
        raise GroundNeeded(
            what="联系时间（不能在将来，也不能早于诉求）", what_en="when: not ahead, not before the report"
        )
    length = len(answer.text_for_caller.strip())
    if not 20 <= length <= 4000:
        raise ReplyTooShort(length=length)
    if not answer.what_was_done.strip():
        raise GroundNeeded(what="做了什么", what_en="what was done")
    anonymous = (
        not held.members or held.case.memberships.filter(to_at=None).exclude(report__voice="anonymous").count() == 0
    )
    if not anonymous and not ContactNote.objects.filter(case=held.case).exists():
        raise ContactNeeded


def _held_by_us(case_id: int, by: Actor, version: int | None) -> tuple[Held, int]:
    """Lock a case that the actor's body leads, or of which it does a part (spec 10 §5.1); gives which body acts."""
    held = moving.hold(case_id, by=by, version=version)
    if held.lead is not None and by.has("handler"):
        if held.lead.body_id in by.body_ids:
            return held, held.lead.body_id
        part = Part.objects.filter(case=held.case, asked_body__in=by.body_ids, status=PartStatus.SIGNED).first()
        if part is not None:
            return held, part.asked_body_id
    return from_outside(held, by)

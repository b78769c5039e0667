"""办理: contact, progress, reply (spec 10 §§2, 5)."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db import transaction

from jishi.cases.actions import moving, reckoning
from jishi.cases.actions.handover import from_outside
from jishi.cases.actions.moving import Held
from jishi.cases.models import Case, ContactNote, Progress, Reply
from jishi.cases.refusals import ContactNeeded, GroundNeeded, ReplyTooShort, ReturnPending
from jishi.cases.states import CASE, HandoverStatus, Outcome
from jishi.foundation import procedures
from jishi.foundation.actor import Actor
from jishi.foundation.refusals import NotFound
from jishi.kernels.procedure import effects

LOOKING_BACK = timedelta(days=1)  # somebody was called before the report was written down
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
    held = _held_by_us(case_id, by, version)
    procedures.ensure_move(CASE, "handling.note_contact", held.case.status)
    if how not in ("phone", "visit", "message") or reached not in ("yes", "no", "refused"):
        raise GroundNeeded(what="怎么联系的、联系上没有", what_en="how, and whether the caller was reached")
    body_id = holder(held)
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
    held = _held_by_us(case_id, by, version)
    words = text.strip()
    last = Progress.objects.filter(case=held.case).order_by("-id").first()
    if not words or (last is not None and last.text == words):
        raise GroundNeeded(
            what="新的进展（不能为空，也不能和上一条一样）", what_en="something new, not a copy of the last"
        )
    body_id = holder(held)
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
def reply(case_id: int, *, answer: Answer, by: Actor, now: datetime, version: int | None = None) -> Case:
    """Answer: handling pauses, the review clock starts; the resident sees it only after review.

    :raises ContactNeeded: no contact noted. :raises ReplyTooShort: the text has not 20–4,000 characters.
    :raises ReturnPending: a return waits for its answer.
    """
    held = moving.hold(case_id, by=by, version=version)
    move = moving.ensure(held, "handling.reply", by=by)
    lead = held.lead
    assert lead is not None
    if lead.status == HandoverStatus.RETURN_ASKED:
        raise ReturnPending(due="")
    _ensure_complete(held, answer, now)
    row = Reply.objects.create(
        tenant_id=by.tenant_id, case=held.case, handover=lead, by_body_id=lead.body_id, author=by.label,
        outcome=answer.outcome, contacted_at=answer.contacted_at, contacted_how=answer.contacted_how,
        what_was_done=answer.what_was_done.strip(), done_by_date=answer.done_by, legal_basis=answer.legal_basis.strip(),
        text_for_caller=answer.text_for_caller.strip(), text_public=answer.text_public.strip(), replied_at=now,
    )  # fmt: skip
    return moving.carry_out(
        held, move, by=by, now=now, codes={"body": lead.body_id, "reply": row.id, "outcome": row.outcome},
        words={"text": row.text_for_caller},
    )  # fmt: skip


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


def holder(held: Held) -> int:
    """Give the body that holds the case. :raises NotFound: nobody does."""
    if held.lead is None:
        raise NotFound
    return held.lead.body_id


def _held_by_us(case_id: int, by: Actor, version: int | None) -> Held:
    held = moving.hold(case_id, by=by, version=version)
    if held.lead is None or not by.has("handler") or held.lead.body_id not in by.body_ids:
        from_outside(held, by)
    return held

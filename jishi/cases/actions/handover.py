"""签收 · 退单: what the offered body does, and what the desk answers (spec 10 §6)."""

from dataclasses import dataclass
from datetime import datetime
from typing import NoReturn

from django.db import transaction

from jishi.cases import policies
from jishi.cases.actions import consultation, dispatch, moving, naming
from jishi.cases.actions.moving import Held
from jishi.cases.models import Case, Handover
from jishi.cases.refusals import (
    CitationNeeded,
    DesignatedMayNotReturn,
    GroundNeeded,
    NoReturnAsked,
    ProposedBodyNeeded,
    ReturnedBefore,
    ReturnPending,
    ReturnWindowClosed,
)  # fmt: skip
from jishi.cases.states import CASE, HANDOVER, HandoverStatus, ReturnGround, Role
from jishi.duties.actions import deciding
from jishi.foundation.actor import Actor
from jishi.foundation.procedures import ensure_move
from jishi.foundation.refusals import NotAllowed, NotFound

NEEDS_CITATION = frozenset({ReturnGround.NOT_OUR_DUTY, ReturnGround.WRONG_PLACE})


@dataclass(frozen=True, slots=True)
class Return:
    """Why it comes back: ground, the body's own words, the item it rests on, whose it is instead."""

    ground: str
    words: str
    cited_item_id: int | None = None
    proposed_body_id: int | None = None


@transaction.atomic
def sign(case_id: int, *, by: Actor, now: datetime, version: int | None = None) -> Case:
    """Sign for the case: the sign clock stops; contact, handling and the return window start."""
    held = moving.hold(case_id, by=by, version=version)
    move = moving.ensure(held, "handover.sign", by=by)
    return _sign(held, move.verb, by=by, now=now, by_clock=False)


@transaction.atomic
def sign_by_time(case_id: int, *, by: Actor, now: datetime) -> Case:
    """Sign in the body's place, because its time to sign has run out."""
    held = moving.hold(case_id, by=by)
    move = moving.ensure(held, "handover.sign_by_time", by=by)
    return _sign(held, move.verb, by=by, now=now, by_clock=True)


def _sign(held: Held, verb: str, *, by: Actor, now: datetime, by_clock: bool) -> Case:
    if held.lead is not None and held.lead.status == HandoverStatus.RETURN_ASKED:
        raise ReturnPending(due=_when(held, "return_answer"))
    row = moving.handover_row(held, verb)
    move = moving.ensure(held, verb, by=by)
    lead = held.lead
    assert lead is not None
    return moving.carry_out(
        held, move, by=by, now=now, handover_move=row, amounts=dispatch.promises_of(lead),
        handover_values={"signed_at": now, "signed_by_clock": by_clock},
        codes={"body": lead.body_id, "handover": lead.id},
    )  # fmt: skip


@transaction.atomic
def return_(case_id: int, *, why: Return, by: Actor, now: datetime, version: int | None = None) -> Case:
    """Ask to return the case; the body's clocks pause, the promise runs on. A second return goes to consultation.

    :raises CitationNeeded, ProposedBodyNeeded, GroundNeeded: what a return must carry is missing.
    :raises ReturnWindowClosed, ReturnedBefore, DesignatedMayNotReturn: this body may not return it any more.
    """
    held = moving.hold(case_id, by=by, version=version)
    if held.lead is None or not (by.has("handler") and held.lead.body_id in by.body_ids):
        from_outside(held, by)
    row = moving.handover_row(held, "handover.return_")
    ensure_move(CASE, "handover.accept_return", held.case.status, held.case.status_before)  # else nobody could answer
    _ensure_returnable(held, why, now)
    naming.ensure_bodies([why.proposed_body_id], case=held.case, now=now)
    cited = deciding.ensure_item(why.cited_item_id) if why.cited_item_id else None
    case = moving.carry_out_handover(
        held, row, by=by, now=now,
        handover_values={
            "return_asked_at": now, "return_ground": why.ground, "return_words": why.words.strip(),
            "cited_item_id": cited, "proposed_body_id": why.proposed_body_id,
        },
        codes={"body": held.lead.body_id if held.lead else None, "ground": why.ground, "item": cited,
               "proposed": why.proposed_body_id},
        words={"words": why.words.strip()},
    )  # fmt: skip
    return _contest_if_second(case, held, by=by, now=now)


def sign_again(held: Held, verb: str, *, now: datetime) -> Handover:
    """Give the case to the body that answered last: a new row, signed at once (spec 10 §6)."""
    ensure_move(HANDOVER, verb, "")
    last = Handover.objects.filter(case=held.case, role=Role.LEAD, status=HandoverStatus.ENDED).order_by("-id").first()
    if last is None:
        raise NotFound
    return Handover.objects.create(
        tenant_id=held.case.tenant_id, case=held.case, received_at=held.case.received_at, body_id=last.body_id,
        role=Role.LEAD, status=HandoverStatus.SIGNED,
        duty_item_id=last.duty_item_id, duty_edition=last.duty_edition, decision_id=last.decision_id,
        designated=last.designated, offered_at=now, signed_at=now,
    )  # fmt: skip


def from_outside(held: Held, by: Actor) -> NoReturn:
    """Refuse an actor who does not hold the case: 404 if it may not be seen, 403 otherwise."""
    policies.ensure_may_see(by, held.stand)
    raise NotAllowed(why="这件事现在不在你们单位。")


def _ensure_returnable(held: Held, why: Return, now: datetime) -> None:
    lead = held.lead
    assert lead is not None
    if lead.designated:
        raise DesignatedMayNotReturn
    if why.ground not in ReturnGround.values or not why.words.strip():
        raise GroundNeeded(what="退单理由和原话", what_en="the ground, in your own words")
    if why.ground in NEEDS_CITATION and why.cited_item_id is None:
        raise CitationNeeded
    if why.ground == ReturnGround.NOT_OUR_DUTY and why.proposed_body_id is None:
        raise ProposedBodyNeeded
    before = Handover.objects.filter(case=held.case, body=lead.body_id).exclude(return_asked_at=None)
    if before.exists():
        raise ReturnedBefore
    window = held.clock("return_window")
    if lead.status == HandoverStatus.SIGNED and (window is None or (window.due_at and now > window.due_at)):
        raise ReturnWindowClosed(closed=_when(held, "return_window"))


def _contest_if_second(case: Case, held: Held, *, by: Actor, now: datetime) -> Case:
    """The second return on a case, or one that names a body which returned it, is settled together (spec 10 §6)."""
    lead = held.lead
    assert lead is not None
    others = Handover.objects.filter(case=case).exclude(id=lead.id).exclude(return_asked_at=None)
    if not others.exclude(status=HandoverStatus.OFFERED).exists():
        return case
    return consultation.contest_held(held, by=by, now=now, question="第二次退单，请各方说明依据。", verb_by_rule=True)


@transaction.atomic
def accept_return(case_id: int, *, words: str = "", by: Actor, now: datetime, version: int | None = None) -> Case:
    """Accept the return: the case goes back to the desk, the time lost is charged to hand-over."""
    held = moving.hold(case_id, by=by, version=version)
    return _return_stands(held, "handover.accept_return", words, by=by, now=now)


@transaction.atomic
def return_by_time(case_id: int, *, by: Actor, now: datetime) -> Case:
    """Let an unanswered return stand."""
    held = moving.hold(case_id, by=by)
    return _return_stands(held, "handover.return_by_time", "", by=by, now=now)


def _return_stands(held: Held, verb: str, words: str, *, by: Actor, now: datetime) -> Case:
    move = moving.ensure(held, verb, by=by)
    lead = _ensure_return_asked(held)
    row = moving.handover_row(held, verb)
    return moving.carry_out(
        held, move, by=by, now=now, handover_move=row,
        case_values={"lead_id": None, "returns_count": held.case.returns_count + 1},
        handover_values={"ended_at": now, "end": "returned", "return_answer_words": words.strip()},
        codes={"body": lead.body_id, "ground": lead.return_ground, "item": lead.cited_item_id},
        words={"words": words.strip()} if words.strip() else None,
    )  # fmt: skip


@transaction.atomic
def deny_return(case_id: int, *, words: str, cited_item_id: int | None, by: Actor, now: datetime,
                version: int | None = None) -> Case:  # fmt: skip
    """Deny the return with reasons that cite an item; the body's clocks run on.

    :raises GroundNeeded: no reasons. :raises CitationNeeded: no item cited.
    """
    held = moving.hold(case_id, by=by, version=version)
    if not policies.PARTIES["dispatcher"](by, held.stand):
        from_outside(held, by)
    _ensure_return_asked(held)
    if not words.strip():
        raise GroundNeeded(what="不同意退单的理由", what_en="why the return is denied")
    if cited_item_id is None:
        raise CitationNeeded
    item = deciding.ensure_item(cited_item_id)
    row = moving.handover_row(held, "handover.deny_return")
    return moving.carry_out_handover(
        held, row, by=by, now=now, codes={"item": item}, words={"words": words.strip()},
        handover_values={"return_answer_words": words.strip()},
    )  # fmt: skip


def _ensure_return_asked(held: Held) -> Handover:
    if held.lead is None or held.lead.status != HandoverStatus.RETURN_ASKED:
        raise NoReturnAsked
    return held.lead


def _when(held: Held, kind: str) -> str:
    clock = next((c for c in held.clocks if c.kind == kind), None)
    return clock.due_at.isoformat() if clock and clock.due_at else ""

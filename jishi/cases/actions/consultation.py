"""会商: several bodies, one question; ends with an agreed body, or goes to the ruler (spec 10 §5, 6–8)."""

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction

from jishi.cases import policies
from jishi.cases.actions import dispatch, moving, naming
from jishi.cases.actions.moving import Held
from jishi.cases.models import Case, Consultation, Position
from jishi.cases.refusals import GroundNeeded, NoReturnAsked, TooFewBodies
from jishi.cases.states import HandoverStatus
from jishi.cases.triage import routing
from jishi.duties.actions import deciding
from jishi.foundation.actor import Actor
from jishi.foundation.refusals import NotAllowed, NotFound, Refused

MOST_PASSES = 2  # by a returned offer or an agreement; the third needs somebody who rules


class RulingNeeded(Refused):
    code, status = "ruling_needed", 409
    zh = "这件事已经转过 {passed} 次，再转要由裁定单位裁定。"
    en = "This case has been passed on {passed} times; a third pass needs a ruling."
    next_zh, next_en = "请裁定单位裁定：另指一家，或由现在的单位接着办。", "Ask for a ruling: another body or this."


@transaction.atomic
def open_(case_id: int, *, question: str, invited: Sequence[int], by: Actor, now: datetime,
          version: int | None = None) -> Case:  # fmt: skip
    """Open a consultation before anybody is asked; the desk's clock pauses, the promise runs on.

    :raises TooFewBodies: fewer than two. :raises GroundNeeded: no question.
    """
    held = moving.hold(case_id, by=by, version=version)
    move = moving.ensure(held, "consultation.open", by=by)
    _ensure_question(question, invited)
    naming.ensure_bodies(invited, case=held.case, now=now)
    row = _write(held, question, invited, now)
    return moving.carry_out(
        held, move, by=by, now=now, codes={"consultation": row.id, "invited": list(row.invited)},
        words={"question": row.question},
    )  # fmt: skip


@transaction.atomic
def contest(case_id: int, *, question: str, by: Actor, now: datetime, version: int | None = None) -> Case:
    """Take an asked return to consultation instead of answering it."""
    held = moving.hold(case_id, by=by, version=version)
    moving.ensure(held, "consultation.contest", by=by)
    if held.lead is None or held.lead.status != HandoverStatus.RETURN_ASKED:
        raise NoReturnAsked
    return contest_held(held, by=by, now=now, question=question, verb_by_rule=False)


def contest_held(held: Held, *, by: Actor, now: datetime, question: str, verb_by_rule: bool) -> Case:
    """Contest a held case. `verb_by_rule`: the table's rule does it, not the person whose verb led here."""
    actor = Actor(tenant_id=by.tenant_id, kind="system", run="second_return") if verb_by_rule else by
    move = moving.ensure(held, "consultation.contest", by=actor)
    row = moving.handover_row(held, "consultation.contest")
    lead = held.lead
    assert lead is not None
    invited = {lead.body_id, lead.proposed_body_id or lead.body_id}
    earlier = held.case.handovers.exclude(return_asked_at=None).values_list("body_id", flat=True)
    talk = _write(held, question or "请各方说明依据。", sorted(invited | set(earlier)), now)
    return moving.carry_out(
        held, move, by=actor, now=now, handover_move=row,
        codes={"consultation": talk.id, "invited": list(talk.invited)}, words={"question": talk.question},
    )  # fmt: skip


@transaction.atomic
def state_position(case_id: int, *, text: str, cited_item_id: int | None, by: Actor, now: datetime,
                   version: int | None = None) -> Position:  # fmt: skip
    """Say what an invited body holds, with the item it rests on.

    :raises NotAllowed: not invited. :raises GroundNeeded: nothing said.
    """
    held = moving.hold(case_id, by=by, version=version)
    talk = _open_talk(held)
    body = next((b for b in sorted(by.body_ids) if b in talk.invited), None)
    if body is None:
        policies.ensure_may_see(by, held.stand)
        raise NotAllowed(why="没有邀请你们单位会商。")
    if not text.strip():
        raise GroundNeeded(what="意见", what_en="your position")
    item = deciding.ensure_item(cited_item_id) if cited_item_id else None
    row = Position.objects.create(
        tenant_id=by.tenant_id, consultation=talk, body_id=body, text=text.strip(), cited_item_id=item, at=now
    )
    moving.beside(
        held, "case.position_stated", by=by, now=now, codes={"body": body, "item": item}, words={"text": row.text}
    )
    return row


@transaction.atomic
def conclude(case_id: int, *, agreed_body_id: int, by: Actor, now: datetime, version: int | None = None) -> Case:
    """End the consultation: one body agreed. The case goes back to the desk, which offers it there.

    :raises PushDownRefused: agreeing is no way round the guard of 11 §4.
    :raises RulingNeeded: it was passed on twice; whether a third time, and to whom, is ruled.
    """
    held = moving.hold(case_id, by=by, version=version)
    move = moving.ensure(held, "consultation.conclude", by=by)
    talk = _open_talk(held)
    naming.ensure_bodies([agreed_body_id], case=held.case, now=now)
    _ensure_not_agreed_down(held, agreed_body_id, by=by, now=now)
    if held.lead is not None and held.case.returns_count >= MOST_PASSES:
        raise RulingNeeded(passed=held.case.returns_count)
    row = moving.handover_row(held, "consultation.conclude") if held.lead is not None else None
    talk.change(concluded_at=now, agreed_body_id=agreed_body_id)
    return moving.carry_out(
        held, move, by=by, now=now, handover_move=row,
        case_values={"lead_id": None, "returns_count": held.case.returns_count + (1 if row else 0)},
        handover_values={"ended_at": now, "end": "returned"} if row else None,
        codes={"consultation": talk.id, "agreed": agreed_body_id},
    )  # fmt: skip


def _ensure_not_agreed_down(held: Held, body_id: int, *, by: Actor, now: datetime) -> None:
    routed = routing.route_case(held.case, now=now)
    chosen = routed.offer_to(body_id)
    item_id = chosen.item_id if chosen else None
    dispatch.ensure_may_lead(routed, item_id, body_id, is_chosen=chosen is not None, case=held.case, by=by, now=now)


def close_talk(held: Held, *, now: datetime) -> Consultation:
    """End the running consultation, for a ruling."""
    talk = _open_talk(held)
    talk.change(concluded_at=now)
    return talk


def _open_talk(held: Held) -> Consultation:
    talk = Consultation.objects.filter(case=held.case, concluded_at=None).order_by("-id").first()
    if talk is None:
        raise NotFound
    return talk


def _ensure_question(question: str, invited: Sequence[int]) -> None:
    if len(set(invited)) < 2:
        raise TooFewBodies
    if not question.strip():
        raise GroundNeeded(what="会商的问题", what_en="the question of the consultation")


def _write(held: Held, question: str, invited: Sequence[int], now: datetime) -> Consultation:
    return Consultation.objects.create(
        tenant_id=held.case.tenant_id, case=held.case, handover=held.lead, question=question.strip(),
        invited=sorted(set(invited)), opened_at=now,
    )  # fmt: skip

"""督办: a supervisor asks a body, the body answers, the same supervisor lifts it or asks again (spec 10 §7).

Where whoever opened it stands aside by now, another supervisor or the office of the leading group judges the answer:
the upper level leads (济南市12345条例 32). Its life is institutions/procedures/supervision.toml.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from django.db import transaction

from jishi.accounts import queries as accounts
from jishi.cases import policies
from jishi.cases.actions import moving, reckoning
from jishi.cases.actions.moving import Held
from jishi.cases.models import Case, Clock, Supervision
from jishi.cases.refusals import GroundNeeded
from jishi.cases.states import CASE, SUPERVISION, SupervisionGround, SupervisionStatus
from jishi.foundation import procedures
from jishi.foundation.actor import Actor
from jishi.foundation.refusals import Refused, WrongMoment
from jishi.kernels.procedure import BIRTH, Move, effects

LEAST, MOST = 20, 2000  # characters of an answer


class NobodyToSupervise(Refused):
    code, status = "nobody_to_supervise", 409
    zh, en = "这件事现在没有承办单位。", "No body holds this case now."
    next_zh, next_en = "先催派单台派出去。", "Urge the desk to place it first."


class SupervisedAlready(Refused):
    code, status = "supervised_already", 409
    zh, en = "这件事已经在督办，还没有解除。", "This case is under supervision already."
    next_zh, next_en = "等回复，或由提出督办的人再次督办。", "Wait for the answer; the same supervisor may ask again."


class NotOverdue(Refused):
    code, status = "not_overdue", 409
    zh, en = "这件事现在没有过期的时限。", "No clock of this case is late now."
    next_zh, next_en = "换一个理由，或等到期以后。", "Choose another ground, or wait until it is late."


class OnlyTheSameSupervisor(Refused):
    code, status = "only_the_same_supervisor", 403
    zh, en = "督办由提出的人解除。", "A supervision is lifted by whoever opened it, while he may see the case."
    next_zh, next_en = "请提出督办的同事来做。", "Ask the colleague who opened it."


class AnswerLength(Refused):
    code, status = "answer_length", 422
    zh, en = "回复要 20 到 2,000 字，现在 {length} 字。", "An answer has 20 to 2,000 characters; this has {length}."
    next_zh, next_en = "写明做了什么、何时办完。", "Say what was done, and by when it will be finished."


@transaction.atomic
def open_(
    case_id: int, *, ground: str, demand: str, by: Actor, now: datetime, version: int | None = None
) -> Supervision:
    """Ask the body that holds the case for an answer within its own two working days.

    :raises NobodyToSupervise, SupervisedAlready, NotOverdue: the moment. :raises GroundNeeded: ground or demand.
    """
    held = moving.hold(case_id, by=by, version=version)
    move = _row(held, None, "supervision.open", by)
    _ensure_goes_on(held)
    lead = held.lead
    if lead is None:
        raise NobodyToSupervise
    if ground not in SupervisionGround.values or not demand.strip():
        raise GroundNeeded(what="督办的理由和要求", what_en="the ground, and what is asked")
    if ground == SupervisionGround.OVERDUE and not any(_is_late(c, now) for c in held.clocks):
        raise NotOverdue
    if Supervision.objects.filter(case=held.case).exclude(status=SupervisionStatus.LIFTED).exists():
        raise SupervisedAlready
    row = Supervision.objects.create(
        tenant_id=by.tenant_id, case=held.case, body_id=lead.body_id, ground=ground, demand=demand.strip(),
        opened_at=now, opened_by=by.label, post_id=by.post_id,
    )  # fmt: skip
    _move(held, row, move, by=by, now=now, words={"demand": row.demand}, ground=ground)
    return row


@transaction.atomic
def answer(case_id: int, *, text: str, by: Actor, now: datetime, version: int | None = None) -> Supervision:
    """Answer for the supervised body; its clock stops. :raises AnswerLength: not 20 to 2,000 characters."""
    held = moving.hold(case_id, by=by, version=version)
    row = _open_one(held, "supervision.answer", by)
    move = _row(held, row, "supervision.answer", by)
    said = text.strip()
    if not LEAST <= len(said) <= MOST:
        raise AnswerLength(length=len(said))
    _move(held, row, move, by=by, now=now, words={"text": said}, answer=said, answered_at=now)
    return row


@transaction.atomic
def lift(case_id: int, *, why: str, by: Actor, now: datetime, version: int | None = None) -> Supervision:
    """Lift it, by the same supervisor. :raises OnlyTheSameSupervisor, GroundNeeded."""
    held, row, move = _judged(case_id, "supervision.lift", by, version, now)
    if not why.strip():
        raise GroundNeeded(what="为什么解除", what_en="why it is lifted")
    _move(held, row, move, by=by, now=now, words={"why": why.strip()}, lifted_at=now)
    return row


@transaction.atomic
def open_again(case_id: int, *, missing: str, by: Actor, now: datetime, version: int | None = None) -> Supervision:
    """Ask again, by the same supervisor: the answer is not enough; its clock starts anew.

    :raises OnlyTheSameSupervisor, GroundNeeded. :raises WrongMoment: the case has ended.
    """
    held, row, move = _judged(case_id, "supervision.open_again", by, version, now)
    _ensure_goes_on(held)
    if not missing.strip():
        raise GroundNeeded(what="还缺什么", what_en="what is missing")
    _move(
        held, row, move, by=by, now=now, words={"demand": missing.strip()}, demand=missing.strip(),
        rounds=row.rounds + 1,
    )  # fmt: skip
    return row


def _judged(
    case_id: int, verb: str, by: Actor, version: int | None, now: datetime
) -> tuple[Held, Supervision, Move]:  # fmt: skip
    held = moving.hold(case_id, by=by, version=version)
    row = _open_one(held, verb, by)
    move = _row(held, row, verb, by)
    same_post = row.post_id is not None and row.post_id == by.post_id
    same = same_post or moving.person(row.opened_by) == moving.person(by.label)
    if not (same or _stands_aside(row.opened_by, held.case, now)):
        raise OnlyTheSameSupervisor
    return held, row, move


def _stands_aside(opened_by: str, case: Case, now: datetime) -> bool:
    """Tell whether whoever opened it finds the case nowhere any more: himself, or a body for which he acts."""
    kind, _, number = moving.person(opened_by).partition(":")
    if kind != "staff" or not (case.recused_body_ids or case.aside_account_ids):
        return False
    account = int(number)
    if account in case.aside_account_ids:
        return True
    return bool(accounts.bodies_of(account, now=now).intersection(case.recused_body_ids))


def _open_one(held: Held, verb: str, by: Actor) -> Supervision:
    row = Supervision.objects.filter(case=held.case).exclude(status=SupervisionStatus.LIFTED).first()
    if row is None:
        policies.ensure_may_see(by, held.stand)
        procedures.ensure_move(SUPERVISION, verb, BIRTH)
        raise NobodyToSupervise
    return row


def _row(held: Held, row: Supervision | None, verb: str, by: Actor) -> Move:
    """Find the row of the life and insist that this person may make it on this case."""
    state = row.status if row is not None else BIRTH
    stand = replace(held.stand, asked=row.body_id if row is not None else None)
    rows = [m for m in SUPERVISION.moves if m.verb == verb]
    policies.ensure_may(rows[0], by, stand)
    moving.ensure_another_person(held, verb, by=by)
    return procedures.ensure_move(SUPERVISION, verb, state)


def _move(
    held: Held, row: Supervision, move: Move, *, by: Actor, now: datetime, words: Mapping[str, str], **values: Any
) -> None:
    turn = reckoning.turn(held.case, held.lead, held.clocks, effects([move]), now=now)
    for clock in turn.new:
        clock.owner_body_id = row.body_id
    reckoning.save(turn)
    held.clocks += turn.new
    started = next(iter(turn.new), None)
    row.change(status=move.target(row.status), **values, **({"clock": started} if started is not None else {}))
    due = started.due_at.isoformat() if started is not None and started.due_at else ""
    moving.carry_out_beside(
        held, move, by=by, now=now, words=words,
        codes={"supervision": row.id, "body": row.body_id, "ground": row.ground, "due": due},
    )  # fmt: skip


def _ensure_goes_on(held: Held) -> None:
    if held.case.status in CASE.ends:
        state = CASE.state(held.case.status).name
        raise WrongMoment(
            state=held.case.status, state_zh=state.zh, state_en=state.en, open=[], open_zh="重办", open_en="reopen"
        )


def _is_late(clock: Clock, now: datetime) -> bool:
    return clock.stopped_at is None and clock.due_at is not None and clock.due_at < now

"""撤回: the caller takes back what he asked for (spec 10 §5, 25). What endangers the public goes on without him."""

from datetime import datetime

from django.db import transaction

from jishi.cases.actions import belonging, moving, promises, running
from jishi.cases.actions.moving import Held
from jishi.cases.events import CaseMoved
from jishi.cases.models import Case, Membership, Report
from jishi.cases.states import CASE, MembershipEnd, Urgency
from jishi.foundation import outbox
from jishi.foundation.actor import Actor
from jishi.foundation.procedures import ensure_move
from jishi.kernels.procedure import Move


@transaction.atomic
def withdraw(report_id: int, *, why: str = "", tenant_code: str, by: Actor, now: datetime,
             version: int | None = None) -> list[Case]:  # fmt: skip
    """Withdraw a report from every case in which nobody has answered yet; gives the cases in which it ends.

    The last caller ends the case. Where others said the same, the matter endangers the public, or another body is still
    at work for it, his report becomes a case of its own that ends here, and the matter goes on (a community case).
    `version` is that of the report.
    :raises WrongMoment: there is an answer already, or it has ended. :raises NotFound, NotAllowed: not his.
    """
    report, all_held = belonging.hold_report(report_id, by=by, version=version)
    open_now = [h for h in all_held if _row_of(h) is not None] or all_held[:1]
    ended = []
    for held in open_now:
        move = moving.ensure(held, "withdrawing.withdraw", by=by)
        there = belonging.members_of(held.case)
        stay = [m for m in there if m.report_id != report.id]
        if stay or _goes_on(held):
            ended.append(_step_out(held, report, there, why, by=by, now=now, tenant_code=tenant_code))
        else:
            ended.append(_end(held, move, why, by=by, now=now))
    report.change()
    return ended


def _row_of(held: Held) -> Move | None:
    rows = CASE.open_moves(held.case.status, held.case.status_before or None)
    return next((m for m in rows if m.verb == "withdrawing.withdraw"), None)


def _goes_on(held: Held) -> bool:
    """Danger to the public, a matter kept as everybody's, or another body still at work (spec 10 §§5, 7)."""
    return held.case.urgency == Urgency.EMERGENCY or held.case.community or bool(running.of([held.case.id]))


def _end(held: Held, move: Move, why: str, *, by: Actor, now: datetime) -> Case:
    belonging.conclude_beside(held.case, by=by, now=now)
    row = moving.handover_row(held, move.verb) if held.lead is not None else None
    return moving.carry_out(
        held, move, by=by, now=now, handover_move=row, handover_values={"ended_at": now, "end": "withdrawn"},
        tells=move.tells if held.lead is not None else ("withdrawn_caller",),
        words={"why": why.strip()} if why.strip() else None,
    )  # fmt: skip


def _step_out(
    held: Held, report: Report, there: list[Membership], why: str, *, by: Actor, now: datetime, tenant_code: str
) -> Case:
    """Let one caller leave, his report ending on its own; the case goes on with the others, or as everybody's."""
    member = next(m for m in there if m.report_id == report.id)
    member.case = held.case
    stay = [m for m in there if m.id != member.id]
    own = promises.of_member(member, promises.last(held.clocks))
    belonging.end([member], MembershipEnd.WITHDRAWN, now=now)
    birth = ensure_move(CASE, "withdrawing.withdraw", "")
    case = belonging.new_case(
        member, birth, own, by=by, now=now, tenant_code=tenant_code, words={"why": why.strip()} if why.strip() else None
    )
    promises.bind(held.case, held.clock("promise"), stay, now=now)
    belonging.count(held.case, stay, community=held.case.community or not stay)
    codes = {"report": report.number, "withdrawn": True, "community": held.case.community}
    moving.beside(held, "case.left", by=by, now=now, codes=codes)
    outbox.announce(CaseMoved(held.case.id, birth.verb, held.case.status, ("added_lead",)), at=now)
    return case

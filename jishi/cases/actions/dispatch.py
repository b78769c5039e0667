"""派单: offer a case to a body by its duty item, or take the offer back (spec 10 §§5–6)."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.timezone import localdate

from jishi.bodies import queries as bodies
from jishi.cases.actions import moving, naming, parts
from jishi.cases.actions.moving import Held
from jishi.cases.models import Case, Handover
from jishi.cases.refusals import WhyNotTheList
from jishi.cases.states import HANDOVER, Role, Urgency
from jishi.cases.triage import routing
from jishi.duties.actions import deciding
from jishi.duties.actions.deciding import PushDownRefused
from jishi.duties.queries import Routed
from jishi.foundation import procedures
from jishi.foundation.actor import Actor


@dataclass(frozen=True, slots=True)
class Offer:
    """Whom to ask. `why` is needed when the list did not choose this body."""

    body_id: int
    item_id: int | None = None
    instruction: str = ""
    why: str = ""
    designated: bool = False
    part: parts.Asking | None = None  # 双派: asked of another body in the same act


@transaction.atomic
def offer(case_id: int, *, to: Offer, by: Actor, now: datetime, version: int | None = None) -> Case:
    """Offer the case to a body as lead; its sign clock starts, the desk's stops.

    :raises BodyDoesNotExist: not on that day. :raises PushDownRefused: the guard of 11 §4.
    :raises WhyNotTheList: the list chose otherwise and no reason is given. :raises NotAllowed: the body is recused.
    """
    held = moving.hold(case_id, by=by, version=version)
    move = moving.ensure(held, "dispatch.offer", by=by)
    lead = make_offer(held, to, by=by, now=now)
    case = moving.carry_out(
        held, move, by=by, now=now, new_lead=lead, amounts=promises_of(lead),
        case_values={"lead_id": lead.body_id},
        codes={"body": lead.body_id, "item": lead.duty_item_id, "handover": lead.id, "decision": lead.decision_id},
        words={k: v for k, v in (("instruction", to.instruction), ("why", to.why)) if v} or None,
    )  # fmt: skip
    if to.part is not None:
        parts.ask_held(held, to.part, by=by, now=now)
    return case


def make_offer(held: Held, to: Offer, *, by: Actor, now: datetime) -> Handover:
    """Decide again by the lists of today, check the guard, and write the handover."""
    case = held.case
    naming.ensure_bodies([to.body_id], case=case, now=now)
    body = bodies.existing([to.body_id], on=localdate(now))[to.body_id]
    routed = routing.route_case(case, now=now)
    chosen = routed.offer_to(body.id, to.item_id)
    if chosen is None and not to.why.strip() and not to.designated:
        raise WhyNotTheList(body=body.name)
    item_id = chosen.item_id if chosen else to.item_id
    ensure_may_lead(routed, item_id, body.id, is_chosen=chosen is not None, case=case, by=by, now=now)
    decision_id = deciding.keep([routed], made_at=now, effective_on=localdate(now))[0]
    procedures.ensure_move(HANDOVER, "ruling.rule" if to.designated else "dispatch.offer", "")
    return Handover.objects.create(
        tenant_id=case.tenant_id, case=case, received_at=case.received_at, body_id=body.id, role=Role.LEAD,
        duty_item_id=item_id,
        duty_edition=chosen.edition if chosen else None, decision_id=decision_id, instruction=to.instruction.strip(),
        why_not_the_list=to.why.strip(), offered_at=now, designated=to.designated,
        copied_to_id=bodies.district_above(body.id) if body.level == "street" else None,
    )  # fmt: skip


def ensure_may_lead(
    routed: Routed, item_id: int | None, body_id: int, *, is_chosen: bool, case: Case, by: Actor, now: datetime
) -> None:
    """Hold the guard against the line that is cited and, where the lists did not choose this body, against theirs.

    Naming no line, or another one, is no way round: one line of the lists must let the matter go there (11 §4).
    :raises PushDownRefused: none does, or a community is named without a line of its own.
    """
    facts: dict[str, Any] = {"role": Role.LEAD.value, "part_text": "", "emergency": case.urgency == Urgency.EMERGENCY}
    deciding.ensure_not_pushed_down(item_id, body_id, by=by, now=now, **facts)
    if is_chosen:
        return
    refused: list[PushDownRefused] = []
    lines = [routed.item] if routed.item is not None else [row for _body, row in routed.candidates]
    for line in lines:
        try:
            deciding.ensure_not_pushed_down(line.id, body_id, by=by, now=now, **facts)
        except PushDownRefused as no:
            refused.append(no)
    if refused and len(refused) == len(lines):
        raise refused[0]
    if not lines and not item_id:
        deciding.ensure_no_community(body_id, matter=case.matter, by=by, now=now)


def promises_of(lead: Handover) -> dict[str, str]:
    """Give the amounts that the duty item itself promises, by kind of clock."""
    return deciding.promises_of(lead.duty_item_id) if lead.duty_item_id else {}


@transaction.atomic
def take_back(case_id: int, *, reason: str, by: Actor, now: datetime, version: int | None = None) -> Case:
    """Take an offer back that nobody has signed."""
    held = moving.hold(case_id, by=by, version=version)
    move = moving.ensure(held, "dispatch.take_back", by=by)
    row = moving.handover_row(held, "dispatch.take_back")
    return moving.carry_out(
        held, move, by=by, now=now, handover_move=row, case_values={"lead_id": None},
        handover_values={"ended_at": now, "end": "superseded"},
        codes={"body": held.lead.body_id if held.lead else None}, words={"reason": reason} if reason else None,
    )  # fmt: skip

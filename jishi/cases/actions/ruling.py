"""终审: a ruling names the body; it may become a precedent (spec 10 §§2, 5 (8, 8a), 6)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.utils.timezone import localdate

from jishi.cases.actions import consultation, dispatch, moving, naming
from jishi.cases.actions.moving import Held
from jishi.cases.models import Case, Consultation, Ruling
from jishi.cases.refusals import CitationNeeded, GroundNeeded
from jishi.cases.triage import routing
from jishi.duties.actions import deciding
from jishi.foundation import numbers
from jishi.foundation.actor import Actor
from jishi.foundation.refusals import NotAllowed


@dataclass(frozen=True, slots=True)
class Reasons:
    """What a ruling rests on: cited items and 20–2,000 characters."""

    cited_item_ids: Sequence[int]
    text: str
    precedent: bool = False


@transaction.atomic
def rule(case_id: int, *, named_body_id: int, why: Reasons, by: Actor, now: datetime, tenant_code: str,
         version: int | None = None) -> Case:  # fmt: skip
    """Name the body that must take the case; a new, designated offer follows and may not be returned.

    :raises GroundNeeded, CitationNeeded: reasons or items are missing. :raises NotAllowed: the ruler is a party.
    """
    held = moving.hold(case_id, by=by, version=version)
    move = moving.ensure(held, "ruling.rule", by=by)
    _ensure_no_party(held, by)
    _ensure_reasoned(why)
    naming.ensure_bodies([named_body_id], case=held.case, now=now)
    ruling = _write(held, named_body_id, why, by=by, now=now, tenant_code=tenant_code)
    consultation.close_talk(held, now=now)
    row = moving.handover_row(held, "ruling.rule") if held.lead is not None else None
    if row is not None and held.lead is not None:
        moving.settle(held.lead, row, {"ended_at": now, "end": "superseded"})
    offered = dispatch.Offer(named_body_id, item_id=why.cited_item_ids[0], designated=True)
    lead = dispatch.make_offer(held, offered, by=by, now=now)
    return moving.carry_out(
        held, move, by=by, now=now, new_lead=lead, amounts=dispatch.promises_of(lead),
        case_values={"lead_id": lead.body_id},
        codes={"ruling": ruling.number, "body": named_body_id, "items": list(why.cited_item_ids), "handover": lead.id},
        words={"reasons": ruling.reasons},
    )  # fmt: skip


@transaction.atomic
def uphold(case_id: int, *, why: Reasons, by: Actor, now: datetime, tenant_code: str,
           version: int | None = None) -> Case:  # fmt: skip
    """Rule that the body which had signed keeps the case; its pauses end, it may not return it again.

    :raises PushDownRefused: upholding is no way round the guard of 11 §4.
    """
    held = moving.hold(case_id, by=by, version=version)
    move = moving.ensure(held, "ruling.uphold", by=by)
    _ensure_no_party(held, by)
    _ensure_reasoned(why)
    row = moving.handover_row(held, "ruling.uphold")
    lead = held.lead
    assert lead is not None
    _ensure_not_upheld_down(held, lead.body_id, why.cited_item_ids[0], by=by, now=now)
    ruling = _write(held, lead.body_id, why, by=by, now=now, tenant_code=tenant_code)
    consultation.close_talk(held, now=now)
    return moving.carry_out(
        held, move, by=by, now=now, handover_move=row, handover_values={"designated": True},
        codes={"ruling": ruling.number, "body": lead.body_id, "items": list(why.cited_item_ids)},
        words={"reasons": ruling.reasons},
    )  # fmt: skip


def _ensure_no_party(held: Held, by: Actor) -> None:
    """Who was asked, returned it or states a position does not rule on it, in whichever post (spec 10 §5, 8)."""
    ours = by.body_ids | by.tied_to
    parties = set(held.case.handovers.values_list("body_id", flat=True))
    for invited in Consultation.objects.filter(case=held.case, concluded_at=None).values_list("invited", flat=True):
        parties |= set(invited)
    if ours & parties:
        raise NotAllowed(why="你们单位是当事的一方，不能裁定。")


def _ensure_not_upheld_down(held: Held, body_id: int, item_id: int, *, by: Actor, now: datetime) -> None:
    """A body that signed before the matter was corrected does not keep what the lists forbid it."""
    routed = routing.route_case(held.case, now=now)
    is_chosen = routed.offer_to(body_id, item_id) is not None
    dispatch.ensure_may_lead(routed, item_id, body_id, is_chosen=is_chosen, case=held.case, by=by, now=now)


def _ensure_reasoned(why: Reasons) -> None:
    if not why.cited_item_ids:
        raise CitationNeeded
    for item_id in why.cited_item_ids:
        deciding.ensure_item(item_id)
    if not 20 <= len(why.text.strip()) <= 2000:
        raise GroundNeeded(
            what="裁定理由（20 到 2,000 字）", what_en="the reasons of the ruling, 20 to 2,000 characters"
        )


def _write(held: Held, body_id: int, why: Reasons, *, by: Actor, now: datetime, tenant_code: str) -> Ruling:
    ruler = min(by.body_ids, default=None)
    if ruler is None:
        raise NotAllowed(why="裁定要以一个单位的名义作出。")
    return Ruling.objects.create(
        tenant_id=by.tenant_id, case=held.case, number=numbers.take("Z", tenant_code, localdate(now))[0],
        ruler_body_id=ruler, named_body_id=body_id, cited_items=list(why.cited_item_ids), reasons=why.text.strip(),
        ruled_at=now, precedent=why.precedent, matter=held.case.matter,
        facts={"matter": held.case.matter, "division": held.case.division_code},
    )  # fmt: skip

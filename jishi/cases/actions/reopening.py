"""重办 · 改派: after the end (spec 10 §5, 23–24; §9)."""

from datetime import datetime

from django.db import transaction

from jishi.cases import policies
from jishi.cases.actions import handover, moving
from jishi.cases.models import Case
from jishi.cases.refusals import GroundNeeded, ReopenWindowClosed
from jishi.foundation.actor import Actor


@transaction.atomic
def reopen(case_id: int, *, why: str, by: Actor, now: datetime, version: int | None = None) -> Case:
    """Open a closed case again for the body that answered it; the caller may, without review, within the window of
    its matter and place.

    :raises ReopenWindowClosed: too late; a new case is linked to this one instead. :raises GroundNeeded: no words.
    """
    held = moving.hold(case_id, by=by, version=version)
    move = moving.ensure(held, "reopening.reopen", by=by)
    if not why.strip():
        raise GroundNeeded(what="哪里没解决，或有什么新情况", what_en="what is not solved, or what is new")
    if held.case.closed_at is None or now > held.case.closed_at + policies.window_of(held.case):
        raise ReopenWindowClosed(days=policies.window_of(held.case).days)
    lead = handover.sign_again(held, move.verb, now=now)
    return moving.carry_out(
        held, move, by=by, now=now, new_lead=lead, case_values={"lead_id": lead.body_id, "closed_at": None},
        codes={"body": lead.body_id, "handover": lead.id}, words={"why": why.strip()},
    )  # fmt: skip


@transaction.atomic
def redispatch(case_id: int, *, why: str, by: Actor, now: datetime, version: int | None = None) -> Case:
    """Put a closed case back on the desk, because the body was wrong. The promise does not start again."""
    held = moving.hold(case_id, by=by, version=version)
    move = moving.ensure(held, "reopening.redispatch", by=by)
    if not why.strip():
        raise GroundNeeded(what="为什么要换单位", what_en="why another body")
    return moving.carry_out(
        held, move, by=by, now=now, case_values={"lead_id": None, "closed_at": None}, words={"why": why.strip()}
    )

"""审核: four elements, by another person than the author (spec 10 §5, 19–20)."""

from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from jishi.cases.actions import feedback, moving
from jishi.cases.actions.moving import Held
from jishi.cases.models import Case, Reply, Review
from jishi.cases.refusals import ElementsMissing, GroundNeeded
from jishi.foundation.actor import Actor
from jishi.foundation.refusals import NotFound

NAMES = {
    "time_of_contact": ("联系时间", "time of contact"),
    "with_whom": ("与谁联系", "with whom"),
    "measures": ("措施", "measures"),
    "by_when": ("时限", "by when"),
}


@dataclass(frozen=True, slots=True)
class Elements:
    """审核四要素: which of them the reply holds."""

    time_of_contact: bool
    with_whom: bool
    measures: bool
    by_when: bool

    @property
    def missing(self) -> list[str]:
        return [name for name in NAMES if not getattr(self, name)]


@transaction.atomic
def approve(case_id: int, *, elements: Elements, by: Actor, now: datetime, version: int | None = None) -> Case:
    """Approve the reply: now the resident has the answer, so the promise stops; feedback is asked of every member.

    :raises ElementsMissing: one of the four is not there. :raises SamePerson: the reviewer answered in this case.
    """
    held = moving.hold(case_id, by=by, version=version)
    move = moving.ensure(held, "review.approve", by=by)
    reply = _waiting(held)
    if elements.missing:
        raise ElementsMissing(missing="、".join(NAMES[m][0] for m in elements.missing))
    _write(held, reply, elements, "approved", "", by=by, now=now)
    reply.change(approved_at=now)
    row = moving.handover_row(held, "review.approve")
    case = moving.carry_out(
        held, move, by=by, now=now, handover_move=row, case_values={"outcome": reply.outcome},
        handover_values={"ended_at": now, "end": "replied"}, codes={"reply": reply.id, "outcome": reply.outcome},
    )  # fmt: skip
    feedback.ask(case, now=now)
    return case


@transaction.atomic
def send_back(case_id: int, *, elements: Elements, why: str, by: Actor, now: datetime,
              version: int | None = None) -> Case:  # fmt: skip
    """Send the reply back, naming what is missing; the handling clock runs on with what was left, not fresh."""
    held = moving.hold(case_id, by=by, version=version)
    move = moving.ensure(held, "review.send_back", by=by)
    reply = _waiting(held)
    if not why.strip():
        raise GroundNeeded(what="退回的原因", what_en="why it is sent back")
    _write(held, reply, elements, "sent_back", why, by=by, now=now)
    return moving.carry_out(
        held, move, by=by, now=now, codes={"reply": reply.id, "missing": elements.missing}, words={"why": why.strip()}
    )


def _waiting(held: Held) -> Reply:
    reply = Reply.objects.filter(case=held.case, approved_at=None).order_by("-id").first()
    if reply is None:
        raise NotFound
    return reply


def _write(held: Held, reply: Reply, elements: Elements, verdict: str, why: str, *, by: Actor, now: datetime) -> None:
    Review.objects.create(
        tenant_id=by.tenant_id, reply=reply, case=held.case, reviewer=by.label, verdict=verdict, why=why.strip(),
        at=now,
        time_of_contact=elements.time_of_contact, with_whom=elements.with_whom, measures=elements.measures,
        by_when=elements.by_when,
    )  # fmt: skip

"""挂账: what cannot be solved now is put aside in the open, with what it waits for and a day (10 §5, 16–17)."""

from dataclasses import dataclass
from datetime import date, datetime

from django.db import transaction

from jishi.bodies import queries as bodies
from jishi.cases import limits
from jishi.cases.actions import asking, moving
from jishi.cases.actions.asking import NothingAsked
from jishi.cases.actions.dispatch import promises_of
from jishi.cases.actions.moving import Held
from jishi.cases.models import Banking, Case
from jishi.cases.refusals import GroundNeeded
from jishi.foundation.actor import Actor

LEAST_WORDS = 20  # of what the caller is told


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is asked: why it cannot be solved, what it waits for, what the caller is told, when it is looked at."""

    why_unsolvable: str
    waits_for: str
    told_caller: str
    review_on: date


@transaction.atomic
def ask(case_id: int, *, what: Wanted, by: Actor, now: datetime, version: int | None = None) -> Banking:
    """Ask to put the case aside; nothing moves until the leading group office agrees.

    :raises GroundNeeded: a text is missing. :raises NotAhead, TooFar: the review day. :raises AskedAlready: one waits.
    """
    held = moving.hold(case_id, by=by, version=version)
    row = moving.ensure_beside(held, "banking.ask", by=by)
    lead = asking.signed_lead(held)
    asking.ensure_words(
        why=(what.why_unsolvable, "为什么现在办不了", "why it cannot be solved now"),
        waits=(what.waits_for, "等什么条件", "what it waits for"),
    )
    if len(what.told_caller.strip()) < LEAST_WORDS:
        raise GroundNeeded(what="写给诉求人的话，至少 20 个字", what_en="at least 20 characters for the caller")
    calendar = bodies.hours_of([lead.body_id])[lead.body_id].calendar
    asking.ensure_day(what.review_on, longest=(limits.load().review_within,), now=now, calendar=calendar)
    waiting = Banking.objects.filter(case=held.case, verdict="", ended_at=None)
    asking.ensure_none_waits(waiting, still=waiting.filter(handover=lead).exists(), now=now, ended_at=now)
    asked = Banking.objects.create(
        tenant_id=by.tenant_id, case=held.case, handover=lead, why_unsolvable=what.why_unsolvable.strip(),
        waits_for=what.waits_for.strip(), told_caller=what.told_caller.strip(), review_date=what.review_on,
        asked_body_id=lead.body_id, asked_at=now, asked_by=by.label,
    )  # fmt: skip
    moving.carry_out_beside(
        held, row, by=by, now=now, codes={"body": lead.body_id, "review_on": what.review_on.isoformat()},
        words={"why": asked.why_unsolvable, "waits_for": asked.waits_for},
    )  # fmt: skip
    return asked


@transaction.atomic
def bank(case_id: int, *, by: Actor, now: datetime, version: int | None = None) -> Case:
    """Agree: handling stops, the promise stands still, the caller is told why and when it is looked at again.

    :raises NothingAsked: nobody asked. :raises NotAhead: the review day has come meanwhile.
    """
    held = moving.hold(case_id, by=by, version=version)
    move = moving.ensure(held, "banking.bank", by=by)
    asked = _asked_of(held)
    amount = asking.days_until(asked.review_date, now)
    if amount[0] in "-0":
        raise asking.NotAhead(given=asked.review_date.isoformat())
    case = moving.carry_out(
        held, move, by=by, now=now, amounts={"bank_review": amount},
        codes={"banking": asked.id, "body": asked.asked_body_id, "review_on": asked.review_date.isoformat()},
        words={"told": asked.told_caller, "waits_for": asked.waits_for},
    )  # fmt: skip
    asked.change(**asking.approved(by, now), from_at=now)
    return case


@transaction.atomic
def deny(case_id: int, *, why: str, by: Actor, now: datetime, version: int | None = None) -> Case:
    """Do not agree; the body goes on. :raises NothingAsked: nobody asked. :raises GroundNeeded: no reason."""
    held = moving.hold(case_id, by=by, version=version)
    row = moving.ensure_beside(held, "banking.deny", by=by)
    asked = _asked_of(held)
    asking.deny(asked, why, by=by, now=now)
    asked.change(ended_at=now)
    moving.carry_out_beside(
        held, row, by=by, now=now, codes={"banking": asked.id, "body": asked.asked_body_id},
        words={"why": asked.why_not},
    )  # fmt: skip
    return held.case


@transaction.atomic
def note_came_true(case_id: int, *, words: str, by: Actor, now: datetime, version: int | None = None) -> Banking:
    """Say that what the case waited for has come true: it is offered to the office each week until it is taken up.

    :raises GroundNeeded: no words. :raises NothingAsked: it is not banked.
    """
    held = moving.hold(case_id, by=by, version=version)
    row = moving.ensure_beside(held, "banking.note_came_true", by=by)
    asking.ensure_words(words=(words, "什么条件有了", "what has come true"))
    asleep = asleep_of(held.case)
    asleep.change(came_true_at=now, came_true_words=words.strip())
    moving.carry_out_beside(
        held, row, by=by, now=now, codes={"banking": asleep.id, "body": held.case.lead_id},
        words={"words": asleep.came_true_words},
    )  # fmt: skip
    return asleep


@transaction.atomic
def take_up(case_id: int, *, words: str = "", by: Actor, now: datetime, version: int | None = None) -> Case:
    """Take the case up again, on its review day at the latest: a new handling clock, the promise runs on."""
    held = moving.hold(case_id, by=by, version=version)
    move = moving.ensure(held, "banking.take_up", by=by)
    asleep = asleep_of(held.case)
    assert held.lead is not None
    case = moving.carry_out(
        held, move, by=by, now=now, amounts=promises_of(held.lead),
        codes={"banking": asleep.id, "body": held.lead.body_id},
        words={"words": words.strip()} if words.strip() else None,
    )  # fmt: skip
    asleep.change(ended_at=now, ended_by=by.label)
    return case


def asleep_of(case: Case) -> Banking:
    """Give the banking under which the case sleeps. :raises NothingAsked: it does not."""
    found = Banking.objects.filter(case=case, verdict="approved", ended_at=None).first()
    if found is None:
        raise NothingAsked
    return found


def _asked_of(held: Held) -> Banking:
    lead = held.lead
    found = Banking.objects.filter(case=held.case, verdict="", ended_at=None, handover=lead).first()
    if found is None or lead is None:
        raise NothingAsked
    asking.signed_lead(held)
    return found

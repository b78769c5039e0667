"""Requests that wait for another person: what both the one who asks and the one who decides look at."""

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from typing import Any

from django.db.models import QuerySet
from django.utils.timezone import localdate

from jishi.cases.actions.moving import Held
from jishi.cases.models import Handover
from jishi.cases.models.moving_time import Asked
from jishi.cases.refusals import GroundNeeded, ReturnPending
from jishi.cases.states import HandoverStatus, Verdict
from jishi.foundation.actor import Actor
from jishi.foundation.refusals import Refused
from jishi.kernels import worktime


class NothingAsked(Refused):
    code, status = "nothing_asked", 409
    zh, en = "没有等您审批的申请。", "No request waits for a decision."
    next_zh, next_en = "承办单位先申请，另一个人再审批。", "The body asks first; another person decides."


class AskedAlready(Refused):
    code, status = "asked_already", 409
    zh, en = "已经申请过，还在等审批。", "This was asked already and waits for a decision."
    next_zh, next_en = "等审批的结果。", "Wait for the decision."


class TooFar(Refused):
    code, status = "too_far", 422
    zh, en = "最远到 {limit}，写的是 {given}。", "At the latest {limit}; you wrote {given}."
    next_zh, next_en = "改近一些；到时还不行，可以再申请。", "Choose a nearer day; if it is not enough, ask again."


class NotAhead(Refused):
    code, status = "not_ahead", 422
    zh, en = "要写今天以后的日子，写的是 {given}。", "The day must lie ahead; you wrote {given}."
    next_zh, next_en = "改成以后的一天。", "Choose a later day."


def ensure_words(**said: tuple[str, str, str]) -> None:
    """Insist on each text. :raises GroundNeeded: names what is missing."""
    for text, zh, en in said.values():
        if not text.strip():
            raise GroundNeeded(what=zh, what_en=en)


def ensure_day(day: date, *, longest: Iterable[str], now: datetime, calendar: worktime.Calendar) -> None:
    """Insist that the day lies ahead and within the shortest of the limits that are set.

    :raises NotAhead, TooFar: names the day up to which it may go.
    """
    if day <= localdate(now):
        raise NotAhead(given=day.isoformat())
    ends = [worktime.add(now, worktime.parse_amount(limit), calendar).moment for limit in longest if limit]
    # a day ends at its midnight: the last day allowed is the one in which the limit's last instant lies
    last = min(localdate(end - timedelta(microseconds=1)) for end in ends if end is not None)
    if day > last:
        raise TooFar(given=day.isoformat(), limit=last.isoformat())


def days_until(day: date, now: datetime) -> str:
    """Give the amount that ends with `day`, counted from today."""
    return f"{(day - localdate(now)).days}nd"


def signed_lead(held: Held) -> Handover:
    """Give the handover of the body that works on it. :raises ReturnPending: it has asked to give the case back."""
    lead = held.lead
    assert lead is not None
    if lead.status != HandoverStatus.SIGNED:
        raise ReturnPending(due="")
    return lead


def ensure_none_waits(rows: QuerySet[Any], *, still: bool, now: datetime, **ends: datetime) -> None:
    """Insist that nothing waits. What was asked by a former holder of the case has lapsed with its handover.

    :raises AskedAlready: a request of this holder waits.
    """
    if still:
        raise AskedAlready
    for row in rows:
        row.change(verdict=Verdict.DENIED, decided_at=now, why_not="承办单位或办理时限已经变了，申请失效。", **ends)


def deny(row: Asked, why: str, *, by: Actor, now: datetime) -> None:
    """Write that a request is not granted. :raises GroundNeeded: no reason."""
    if not why.strip():
        raise GroundNeeded(what="为什么不同意", what_en="why not")
    row.change(verdict=Verdict.DENIED, decided_at=now, decided_by=by.label, why_not=why.strip())


def approved(by: Actor, now: datetime) -> dict[str, object]:
    """Give the columns of a granted request."""
    return {"verdict": Verdict.APPROVED, "decided_at": now, "decided_by": by.label}

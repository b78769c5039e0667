"""协办: a piece of the work asked from another body (spec 10 §7). It blocks the answer; nobody above cancels it."""

from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from jishi.bodies import queries as bodies
from jishi.cases.actions import alongside, moving, naming
from jishi.cases.actions.alongside import Beside, worded
from jishi.cases.actions.moving import Held
from jishi.cases.models import Case, Part
from jishi.cases.refusals import (
    CitationNeeded,
    ContestedBefore,
    DesignatedMayNotReturn,
    GroundNeeded,
    NotFromOneself,
    NoTimeForAPart,
    StopNotAsked,
)
from jishi.cases.states import PART, PartStatus, ReturnGround, Status
from jishi.cases.triage import routing
from jishi.duties.actions import deciding
from jishi.foundation.actor import Actor
from jishi.kernels import worktime
from jishi.kernels.worktime import Unit

ASKABLE = frozenset({Status.OFFERED.value, Status.HANDLING.value})
LEAST_HALVES = 2  # the floor of 11 §9: a second body is not punished for the time that the first has used


@dataclass(frozen=True, slots=True)
class Asking:
    """Whom to ask for what. `due_at` empty: as late as the promise to the caller lets it be."""

    body_id: int
    what: str
    due_at: datetime | None = None
    item_id: int | None = None


@dataclass(frozen=True, slots=True)
class Returning:
    """Why a part comes back: ground, the body's own words, the item it rests on."""

    ground: str
    words: str
    cited_item_id: int | None


@transaction.atomic
def ask(case_id: int, *, asking: Asking, by: Actor, now: datetime, version: int | None = None) -> Part:
    """Ask another body for a piece of the work; its own clocks start. `version` is that of the case.

    :raises PushDownRefused: the guard of 11 §4. :raises NoTimeForAPart: due later than half a day before the promise.
    :raises BodyDoesNotExist: not on that day. :raises NotAllowed: the body is complained about, or not the lead asks.
    """
    held = moving.hold(case_id, by=by, version=version)
    alongside.ensure_case_in(held, ASKABLE, by=by)
    return ask_held(held, asking, by=by, now=now)


def ask_held(held: Held, asking: Asking, *, by: Actor, now: datetime) -> Part:
    """Ask on a case that is locked already: in the act by which the lead is offered it (双派)."""
    move = alongside.ensure_birth(held.stand, PART, "parts.ask", by=by)
    case = held.case
    what = worded(asking.what, least=5, most=200, what="请它做哪一部分", what_en="which part it is asked to do")
    naming.ensure_bodies([asking.body_id], case=case, now=now)
    if asking.body_id == case.lead_id:
        raise NotFromOneself(body=bodies.names()[asking.body_id].name)
    item_id = _line(case, asking, what, by=by, now=now)
    amount = _amount(case, asking, now)
    part = Part.objects.create(
        tenant_id=case.tenant_id, case=case, asked_body_id=asking.body_id, asked_by_id=_asker(held, by), what=what,
        duty_item_id=item_id, asked_at=now,
    )  # fmt: skip
    beside = Beside(held, part)
    alongside.turn_clocks(beside, move, now=now, amounts={"part": amount})
    alongside.tell(beside, move, by=by, now=now, codes={"item": item_id, "asked_by": part.asked_by_id},
                   words={"what": what})  # fmt: skip
    return part


def _asker(held: Held, by: Actor) -> int | None:
    """The body that asks: the lead, where it is the lead that acts; else the desk's own."""
    if held.lead is not None and by.has("handler") and held.lead.body_id in by.body_ids:
        return held.lead.body_id
    return min(by.body_ids, default=None)


def _line(case: Case, asking: Asking, what: str, *, by: Actor, now: datetime) -> int | None:
    routed = routing.route_case(case, now=now)
    item_id = deciding.ensure_item(asking.item_id) if asking.item_id else alongside.line_for(routed, asking.body_id)
    alongside.ensure_may_help(
        routed, item_id, asking.body_id, what=what, emergency=False, case=case, by=by, now=now
    )
    return item_id


def _amount(case: Case, asking: Asking, now: datetime) -> str:
    """Count the time in half days, by the asked body's calendar; at most half a day before the promise.

    :raises NoTimeForAPart: later than that. :raises GroundNeeded: in the past.
    """
    if asking.due_at is not None and asking.due_at <= now:
        raise GroundNeeded(what="什么时候做完（不能在过去）", what_en="by when, not in the past")
    calendar = bodies.hours_of([asking.body_id])[asking.body_id].calendar
    try:
        most = _most_halves(case, now, calendar)
        if asking.due_at is None:
            return str(worktime.half_days(most)) if most else PART_TIME
        wanted = max(worktime.between(now, asking.due_at, Unit.HALF_DAY, calendar), 1)
        if most and wanted > most:
            latest = worktime.add(now, worktime.half_days(most), calendar).moment
            raise NoTimeForAPart(latest=_said(latest), due=_said(asking.due_at))
    except worktime.CalendarNotKnown:  # a year without table: the table's own amount, open in plain sight
        return PART_TIME
    return str(worktime.half_days(wanted))


def _most_halves(case: Case, now: datetime, calendar: worktime.Calendar) -> int:
    """Half days until half a day before the promise, at least the floor; 0 where nothing was promised."""
    if case.promise_due_at is None:
        return 0
    if case.promise_due_at <= now:
        return LEAST_HALVES
    return max(worktime.between(now, case.promise_due_at, Unit.HALF_DAY, calendar) - 1, LEAST_HALVES)


PART_TIME = next(c.amount for c in PART.clocks if c.kind == "part")


def _said(moment: datetime | None) -> str:
    return moment.isoformat(timespec="minutes") if moment else ""


@transaction.atomic
def sign(part_id: int, *, by: Actor, now: datetime, version: int | None = None) -> Part:
    """Sign for a part; its time has been running since it was asked."""
    beside, part = alongside.hold_part(part_id, by=by, version=version)
    move = alongside.ensure(beside, "parts.sign", by=by)
    alongside.carry_out(beside, move, by=by, now=now, values={"signed_at": now})
    return part


@transaction.atomic
def sign_by_time(part_id: int, *, by: Actor, now: datetime) -> Part:
    """Sign in the body's place, because its time to sign has run out."""
    beside, part = alongside.hold_part(part_id, by=by)
    move = alongside.ensure(beside, "parts.sign_by_time", by=by)
    alongside.carry_out(beside, move, by=by, now=now, values={"signed_at": now, "signed_by_clock": True})
    return part


@transaction.atomic
def return_(part_id: int, *, why: Returning, by: Actor, now: datetime, version: int | None = None) -> Part:
    """Return a part, citing the item on which that rests. The lead may contest it.

    :raises CitationNeeded, GroundNeeded: what a return must carry. :raises DesignatedMayNotReturn: a ruling said so.
    """
    beside, part = alongside.hold_part(part_id, by=by, version=version)
    move = alongside.ensure(beside, "parts.return_", by=by)
    if part.designated:
        raise DesignatedMayNotReturn
    if why.ground not in ReturnGround.values or not why.words.strip():
        raise GroundNeeded(what="退回理由和原话", what_en="the ground, in your own words")
    if why.cited_item_id is None:
        raise CitationNeeded
    item = deciding.ensure_item(why.cited_item_id)
    words = why.words.strip()
    alongside.carry_out(
        beside, move, by=by, now=now, codes={"ground": why.ground, "item": item}, words={"words": words},
        values={"returned_at": now, "return_ground": why.ground, "return_words": words, "cited_item_id": item,
                "ended_at": now},
    )  # fmt: skip
    return part


@transaction.atomic
def contest(part_id: int, *, words: str, by: Actor, now: datetime, version: int | None = None) -> Part:
    """Contest a return: the ruling body decides, once.

    :raises ContestedBefore: it was ruled on. :raises GroundNeeded: no reasons.
    """
    beside, part = alongside.hold_part(part_id, by=by, version=version)
    move = alongside.ensure(beside, "parts.contest", by=by)
    alongside.ensure_case_in(beside.held, ASKABLE, by=by)
    if part.contested_at is not None:
        raise ContestedBefore
    said = worded(words, least=2, most=2000, what="不同意退回的理由", what_en="why you contest the return")
    alongside.carry_out(
        beside, move, by=by, now=now, words={"words": said},
        values={"contested_at": now, "contest_words": said, "ended_at": None},
    )  # fmt: skip
    return part


@transaction.atomic
def uphold(part_id: int, *, words: str, by: Actor, now: datetime, version: int | None = None) -> Part:
    """Rule that the return stands. :raises GroundNeeded: no reasons."""
    beside, part = alongside.hold_part(part_id, by=by, version=version)
    move = alongside.ensure(beside, "parts.uphold", by=by)
    said = worded(words, least=2, most=2000, what="裁定理由", what_en="the reasons of the ruling")
    alongside.carry_out(
        beside, move, by=by, now=now, words={"words": said},
        values={"ruled_at": now, "ruling_words": said, "ended_at": now},
    )  # fmt: skip
    return part


@transaction.atomic
def deny(
    part_id: int, *, words: str, cited_item_id: int | None, by: Actor, now: datetime, version: int | None = None
) -> Part:
    """Rule that the part is the body's; its time runs on with what was left, and it may not return it again.

    :raises CitationNeeded: no item cited. :raises GroundNeeded: no reasons.
    """
    beside, part = alongside.hold_part(part_id, by=by, version=version)
    move = alongside.ensure(beside, "parts.deny", by=by)
    said = worded(words, least=2, most=2000, what="裁定理由", what_en="the reasons of the ruling")
    if cited_item_id is None:
        raise CitationNeeded
    item = deciding.ensure_item(cited_item_id)
    alongside.carry_out(
        beside, move, by=by, now=now, codes={"item": item}, words={"words": said},
        values={"ruled_at": now, "ruling_words": said, "designated": True, "signed_at": part.signed_at or now},
    )  # fmt: skip
    return part


@transaction.atomic
def finish(part_id: int, *, result: str, by: Actor, now: datetime, version: int | None = None) -> Part:
    """Say what was done; only the asked body can.

    :raises TooShortOrLong: the result has not 10 to 2,000 characters.
    """
    beside, part = alongside.hold_part(part_id, by=by, version=version)
    move = alongside.ensure(beside, "parts.finish", by=by)
    said = worded(result, least=10, most=2000, what="做了什么、结果怎样", what_en="what was done, with what result")
    alongside.carry_out(
        beside, move, by=by, now=now, words={"result": said}, values={"result": said, "ended_at": now}
    )
    return part


@transaction.atomic
def ask_release(part_id: int, *, words: str, by: Actor, now: datetime, version: int | None = None) -> Part:
    """Ask the body that signed whether it agrees to stop; it goes on until it does."""
    beside, part = alongside.hold_part(part_id, by=by, version=version)
    move = alongside.ensure(beside, "parts.ask_release", by=by)
    said = worded(words, least=2, most=1000, what="为什么不用做了", what_en="why it is no longer needed")
    alongside.carry_out(
        beside, move, by=by, now=now, words={"words": said},
        values={"release_asked_at": now, "release_words": said},
    )  # fmt: skip
    return part


@transaction.atomic
def keep(part_id: int, *, words: str, by: Actor, now: datetime, version: int | None = None) -> Part:
    """Go on although the asker would have it stopped. :raises StopNotAsked: nobody asked."""
    beside, part = alongside.hold_part(part_id, by=by, version=version)
    move = alongside.ensure(beside, "parts.keep", by=by)
    _ensure_stop_asked(part)
    said = worded(words, least=2, most=1000, what="为什么接着做", what_en="why you go on")
    alongside.carry_out(beside, move, by=by, now=now, words={"words": said}, values={"release_asked_at": None})
    return part


@transaction.atomic
def release(part_id: int, *, words: str = "", by: Actor, now: datetime, version: int | None = None) -> Part:
    """Let a part go: by the asker with a reason before it is signed; afterwards by the asked body's own consent.

    :raises GroundNeeded: no reason. :raises StopNotAsked: the asker has not asked for it.
    """
    beside, part = alongside.hold_part(part_id, by=by, version=version)
    move = alongside.ensure(beside, "parts.release", by=by)
    if part.status == PartStatus.SIGNED:
        _ensure_stop_asked(part)
        said = words.strip() or part.release_words
    else:
        said = worded(words, least=2, most=1000, what="为什么不用做了", what_en="why it is no longer needed")
    alongside.carry_out(
        beside, move, by=by, now=now, words={"words": said}, values={"release_words": said, "ended_at": now}
    )
    return part


def _ensure_stop_asked(part: Part) -> None:
    if part.release_asked_at is None:
        raise StopNotAsked

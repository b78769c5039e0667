"""挂起 · 恢复 · 延期 · 重算: time that lawfully moves (10 §5, 14–15; 11 §9). One asks, another decides."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from django.db import transaction
from django.db.models import QuerySet

from jishi.bodies import queries as bodies
from jishi.cases import limits
from jishi.cases.actions import asking, moving, reckoning
from jishi.cases.actions.asking import AskedAlready, NothingAsked
from jishi.cases.actions.dispatch import promises_of
from jishi.cases.actions.moving import Held
from jishi.cases.models import Case, Clock, Extension, Suspension
from jishi.cases.refusals import GroundNeeded
from jishi.foundation import trail
from jishi.foundation.actor import Actor
from jishi.foundation.refusals import NotAllowed, Refused
from jishi.kernels import worktime
from jishi.kernels.procedure import Act

WORKING_CLOCKS = ("handling", "reopen")
LEAST_WORDS = 10  # of what the caller reads
LOOKED_AT = 1000  # running clocks of one page


class NotAGround(Refused):
    """Waiting for a budget is banking (spec 11 §9)."""

    code, status = "not_a_ground", 422
    zh, en = "“{ground}”不是挂起的理由。", "{ground} is no ground to suspend."
    next_zh, next_en = "从清单里选；等资金、等立项的走挂账。", "Choose from the list; waiting for money is banking."


class NoTimeToExtend(Refused):
    code, status = "no_time_to_extend", 409
    zh, en = "现在没有可以延长的办理时限。", "No handling time runs that could be extended."
    next_zh, next_en = "看一下各个时限。", "Look at the clocks."


class TooLateToExtend(Refused):
    code, status = "too_late_to_extend", 409
    zh = "延期要在到期前至少一个工作日提出，{due} 就到期了。"
    en = "Ask at least one working day ahead; it ends on {due}."
    next_zh, next_en = "写进展，告诉诉求人到哪一步了，尽快答复。", "Tell the caller how far it is, and reply soon."


class TooLong(Refused):
    code, status = "extended_too_long", 422
    zh = "一件事总共最多延 {most} 个工作日，已经延了 {had} 个。"
    en = "At most {most} working days in all; {had} are used."
    next_zh, next_en = "改短一些。", "Ask for less."


@dataclass(frozen=True, slots=True)
class Pause:
    """What is asked: on what ground, until when, what the caller is told (nothing: his promise runs on)."""

    ground: str
    words: str
    until: date
    told_caller: str = ""
    evidence: str = ""


# --- suspension --------------------------------------------------------------------------------------------


@transaction.atomic
def ask_suspension(
    case_id: int, *, what: Pause, by: Actor, now: datetime, version: int | None = None
) -> Suspension:
    """Ask that the clocks stand still; nothing moves until another person agrees.

    :raises NotAGround: not on the list. :raises GroundNeeded: words, evidence or what the caller is asked are missing.
    :raises NotAhead, TooFar: the day. :raises AskedAlready: one waits. :raises ReturnPending: it is being given back.
    """
    held = moving.hold(case_id, by=by, version=version)
    row = moving.ensure_beside(held, "clocks.ask_suspension", by=by)
    lead = asking.signed_lead(held)
    _ensure_ground(what)
    _ensure_within(what, held, now)
    waiting = Suspension.objects.filter(case=held.case, verdict="", ended_at=None)
    asking.ensure_none_waits(waiting, still=waiting.filter(handover=lead).exists(), now=now, ended_at=now)
    asked = Suspension.objects.create(
        tenant_id=by.tenant_id, case=held.case, handover=lead, asked_body_id=lead.body_id, asked_at=now,
        asked_by=by.label, ground=what.ground, words=what.words.strip(), evidence=what.evidence.strip(),
        told_caller=what.told_caller.strip(), until_date=what.until,
    )  # fmt: skip
    moving.carry_out_beside(
        held, row, by=by, now=now, codes={"body": lead.body_id, "ground": what.ground, "until": what.until.isoformat()},
        words={"words": asked.words, "evidence": asked.evidence},
    )  # fmt: skip
    return asked


@transaction.atomic
def suspend(case_id: int, *, by: Actor, now: datetime, version: int | None = None) -> Case:
    """Agree: handling stands still until the day asked for, and the promise with it if the caller is told why.

    :raises NothingAsked: nobody asked. :raises NotAhead: the day has come meanwhile.
    """
    held = moving.hold(case_id, by=by, version=version)
    move = moving.ensure(held, "clocks.suspend", by=by)
    asked = _asked_of(held)
    if asking.days_until(asked.until_date, now)[0] in "-0":
        raise asking.NotAhead(given=asked.until_date.isoformat())
    told = bool(asked.told_caller)
    case = moving.carry_out(
        held, move, by=by, now=now, amounts={"suspension": asking.days_until(asked.until_date, now)},
        spares=() if told else ("promise",), also={"part": Act.PAUSE}, tells=None if told else (),
        codes={"suspension": asked.id, "body": asked.asked_body_id, "ground": asked.ground, "told": told,
               "until": asked.until_date.isoformat()},
        words={"told": asked.told_caller} if told else None,
    )  # fmt: skip
    clock = next(c for c in held.clocks if c.kind == "suspension" and c.stopped_at is None)
    asked.change(**asking.approved(by, now), from_at=now, until_at=clock.due_at)
    return case


@transaction.atomic
def deny_suspension(case_id: int, *, why: str, by: Actor, now: datetime, version: int | None = None) -> Case:
    """Do not agree; time runs on. :raises NothingAsked: nobody asked. :raises GroundNeeded: no reason."""
    held = moving.hold(case_id, by=by, version=version)
    row = moving.ensure_beside(held, "clocks.deny_suspension", by=by)
    asked = _asked_of(held)
    asking.deny(asked, why, by=by, now=now)
    asked.change(ended_at=now)
    moving.carry_out_beside(
        held, row, by=by, now=now, codes={"suspension": asked.id, "body": asked.asked_body_id},
        words={"why": asked.why_not},
    )  # fmt: skip
    return held.case


@transaction.atomic
def resume(case_id: int, *, words: str = "", by: Actor, now: datetime, version: int | None = None) -> Case:
    """Let time run on: earlier by the lead or the supervisor, at its end by the clock. What was left is left."""
    held = moving.hold(case_id, by=by, version=version)
    move = moving.ensure(held, "clocks.resume", by=by)
    case = moving.carry_out(
        held, move, by=by, now=now, also={"part": Act.RESUME},
        codes={"body": held.case.lead_id, "due": _written(held, "promise")},
        words={"words": words.strip()} if words.strip() else None,
    )  # fmt: skip
    Suspension.objects.filter(case=case, ended_at=None).update(ended_at=now, ended_by=by.label)
    return case


def _asked_of(held: Held) -> Suspension:
    lead = held.lead
    found = Suspension.objects.filter(case=held.case, verdict="", ended_at=None, handover=lead).first()
    if found is None or lead is None:
        raise NothingAsked
    asking.signed_lead(held)
    return found


def _ensure_ground(what: Pause) -> None:
    ground = limits.load().suspension.get(what.ground)
    if ground is None:
        raise NotAGround(ground=what.ground)
    asking.ensure_words(words=(what.words, "要等什么", "what is waited for"))
    if ground.needs_evidence and not what.evidence.strip():
        raise GroundNeeded(what="佐证：文号、计划或发布的预警", what_en="the evidence: a number, a plan, a warning")
    if what.ground == "awaiting_caller" and len(what.told_caller.strip()) < LEAST_WORDS:
        raise GroundNeeded(what="请诉求人补充什么", what_en="what the caller is asked for")


def _ensure_within(what: Pause, held: Held, now: datetime) -> None:
    rules = limits.load()
    assert held.lead is not None
    calendar = bodies.hours_of([held.lead.body_id])[held.lead.body_id].calendar
    longest = (rules.suspension[what.ground].longest, rules.suspension_furthest)
    asking.ensure_day(what.until, longest=longest, now=now, calendar=calendar)


# --- extension ---------------------------------------------------------------------------------------------


@transaction.atomic
def ask_extension(
    case_id: int, *, workdays: int, reason_for_caller: str, by: Actor, now: datetime, version: int | None = None
) -> Extension:
    """Ask for more time, at least one working day ahead; what is written is what the caller will read.

    :raises NoTimeToExtend: no handling clock runs. :raises TooLateToExtend, TooLong, GroundNeeded, AskedAlready.
    """
    held = moving.hold(case_id, by=by, version=version)
    row = moving.ensure_beside(held, "clocks.ask_extension", by=by)
    lead = asking.signed_lead(held)
    clock = _working(held)
    if len(reason_for_caller.strip()) < LEAST_WORDS:
        raise GroundNeeded(what="给诉求人看的理由", what_en="the reason that the caller reads")
    _ensure_early(clock, now)
    _ensure_not_too_long(held, workdays)
    waiting = Extension.objects.filter(case=held.case, verdict="")
    asking.ensure_none_waits(waiting, still=waiting.filter(clock=clock).exists(), now=now)
    asked = Extension.objects.create(
        tenant_id=by.tenant_id, case=held.case, clock=clock, amount=str(worktime.workdays(workdays)),
        reason_for_caller=reason_for_caller.strip(), asked_body_id=lead.body_id, asked_at=now, asked_by=by.label,
    )  # fmt: skip
    moving.carry_out_beside(
        held, row, by=by, now=now, codes={"body": lead.body_id, "clock": clock.kind, "amount": asked.amount},
        words={"reason": asked.reason_for_caller},
    )  # fmt: skip
    return asked


@transaction.atomic
def extend(case_id: int, *, by: Actor, now: datetime, version: int | None = None) -> Case:
    """Agree to more time, counted from the old expiry; the promise moves with it, told to the caller and the hotline.

    :raises NothingAsked: nobody asked, or the clock has stopped meanwhile. :raises TooLong: the total.
    """
    held = moving.hold(case_id, by=by, version=version)
    row = moving.ensure_beside(held, "clocks.extend", by=by)
    asked = _extension_of(held)
    _ensure_not_too_long(held, worktime.parse_amount(asked.amount).n)
    promise = held.clock("promise")
    before = {c.kind: c.due_at for c in held.clocks}
    longer = [c for c in held.clocks if c.id == asked.clock_id]
    if promise is not None and not reckoning.is_paused(promise):
        longer.append(promise)
    for clock in longer:
        reckoning.extend(clock, asked.amount, now=now)
    reckoning.save(reckoning.Turn(changed=longer))
    own = longer[0]
    asked.change(
        **asking.approved(by, now), due_before=before[own.kind], due_after=own.due_at, told_caller_at=now,
        told_hotline_at=now,
    )  # fmt: skip
    due = promise.due_at if promise is not None else held.case.promise_due_at
    moving.carry_out_beside(
        held, row, by=by, now=now, case_values={"promise_due_at": due}, words={"reason": asked.reason_for_caller},
        codes={"extension": asked.id, "body": asked.asked_body_id, "amount": asked.amount, "clock": own.kind,
               "due_from": _iso(before.get("promise", before[own.kind])), "due": _iso(due)},
    )  # fmt: skip
    return held.case


@transaction.atomic
def deny_extension(case_id: int, *, why: str, by: Actor, now: datetime, version: int | None = None) -> Case:
    """Do not agree to more time. :raises NothingAsked: nobody asked. :raises GroundNeeded: no reason."""
    held = moving.hold(case_id, by=by, version=version)
    row = moving.ensure_beside(held, "clocks.deny_extension", by=by)
    asked = _extension_of(held)
    asking.deny(asked, why, by=by, now=now)
    moving.carry_out_beside(
        held, row, by=by, now=now, codes={"extension": asked.id, "body": asked.asked_body_id},
        words={"why": asked.why_not},
    )  # fmt: skip
    return held.case


def _working(held: Held) -> Clock:
    found = next((c for kind in WORKING_CLOCKS if (c := held.clock(kind)) is not None), None)
    if found is None or found.due_at is None:
        raise NoTimeToExtend
    return found


def _extension_of(held: Held) -> Extension:
    running = [c.id for c in held.clocks if c.stopped_at is None and not reckoning.is_paused(c)]
    found = Extension.objects.filter(case=held.case, verdict="", clock__in=running).first()
    if found is None:
        raise NothingAsked
    return found


def _ensure_early(clock: Clock, now: datetime) -> None:
    least = worktime.parse_amount(limits.load().extension_ask_before)
    earliest = worktime.add(now, least, reckoning.calendar_of(clock)).moment
    if clock.due_at is None or earliest is None or earliest > clock.due_at:
        raise TooLateToExtend(due=_iso(clock.due_at))


def _ensure_not_too_long(held: Held, workdays: int) -> None:
    """Count what was granted on the whole case, whoever held it; the item may allow less (11 §9)."""
    most = limits.load().extension_most_workdays
    own = promises_of(held.lead).get("extension") if held.lead is not None else None
    most = min(most, worktime.parse_amount(own).n) if own else most
    granted = Extension.objects.filter(case=held.case, verdict="approved").values_list("amount", flat=True)
    had = sum(worktime.parse_amount(amount).n for amount in granted)
    if workdays < 1 or had + workdays > most:
        raise TooLong(most=most, had=had)


# --- a new edition of the calendar -------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Moved:
    """One running clock whose day a newer calendar moves."""

    clock: Clock
    due_from: datetime | None
    due: datetime | None


@dataclass(frozen=True, slots=True)
class Counted:
    """What one page of clocks gave: how many days moved; `after`: where the next page begins, None at the end."""

    moved: int
    after: int | None


def preview(*, after: int = 0, by: Actor, now: datetime) -> tuple[list[Moved], int | None]:
    """Say which of the next LOOKED_AT running clocks the calendars of today would move; nothing is stored.

    Second: the number behind which the next page begins, None when none is left.
    A day promised on a provisional table moves, for the resident, only to an earlier or equal one, for a body to the
    true one (11 §7). Any other day never moves earlier (11 §9). A paused clock is counted when it runs on.
    :raises NotAllowed: not the office that keeps the calendars.
    """
    _ensure_keeps_calendars(by)
    bodies.look_at_calendars_again()
    rows = list(_running(by, after).select_related("case").order_by("id")[:LOOKED_AT])
    return _would_move(rows), rows[-1].id if len(rows) == LOOKED_AT else None


def _running(by: Actor, after: int) -> QuerySet[Clock]:
    return Clock.objects.filter(tenant_id=by.tenant_id, stopped_at=None, id__gt=after)


def _would_move(rows: Sequence[Clock]) -> list[Moved]:
    hours = bodies.hours_of({row.owner_body_id for row in rows})
    found = []
    for row in rows:
        own = hours[row.owner_body_id]
        if row.calendar == own.label or reckoning.is_paused(row):
            continue
        before, was_provisional = row.due_at, row.provisional
        reckoning.pin(row, own.calendar)
        row.due_at = _never_against(row.kind, before, row.due_at, provisional=was_provisional)
        row.calendar = own.label
        found.append(Moved(row, before, row.due_at))
    return found


@transaction.atomic
def recompute(*, after: int = 0, by: Actor, now: datetime) -> Counted:
    """Count the next LOOKED_AT running clocks again on the calendars of today; whoever asks goes on with `after`.

    One entry on each case whose day moved, seen by its owner and its caller; one on the town with the count. Asked
    twice, it moves nothing more.
    """
    _ensure_keeps_calendars(by)
    bodies.look_at_calendars_again()
    wanted = dict(_running(by, after).order_by("id").values_list("id", "case_id")[:LOOKED_AT])
    list(Case.objects.select_for_update().filter(id__in=set(wanted.values())).order_by("id").values_list("id"))
    rows = _running(by, after).filter(id__in=list(wanted)).select_related("case").order_by("case_id", "id")
    counted = _would_move(list(rows))
    for one in counted:
        one.clock.version += 1
    Clock.objects.bulk_update(
        [one.clock for one in counted], ["due_at", "tell_at", "provisional", "calendar", "version"], batch_size=500
    )
    moved = [one for one in counted if one.due != one.due_from]
    _tell_moved(moved, by=by, now=now)
    if counted:
        trail.record(
            "calendar.recomputed", ("tenant", by.tenant_id), by=by, at=now,
            codes={"clocks": len(counted), "moved": len(moved)},
        )  # fmt: skip
    return Counted(len(moved), max(wanted) if len(wanted) == LOOKED_AT else None)


def _ensure_keeps_calendars(by: Actor) -> None:
    if not by.has("office", "system"):
        raise NotAllowed(why="日历由领导小组办公室维护。")


def _tell_moved(moved: Sequence[Moved], *, by: Actor, now: datetime) -> None:
    cases = {one.clock.case_id: one.clock.case for one in moved}  # several clocks of a case: one row, one count
    notes = []
    for one in moved:
        case = cases[one.clock.case_id]
        if one.clock.kind == "promise":
            case.promise_due_at = one.due
        case.version, case.changed_at = case.version + 1, now
        codes = {"version": case.version, "kind": one.clock.kind, "body": one.clock.owner_body_id,
                 "due_from": _iso(one.due_from), "due": _iso(one.due), "calendar": one.clock.calendar}  # fmt: skip
        notes.append(trail.Note("clock.recomputed", ("case", case.id), now, codes))
    Case.objects.bulk_update(cases.values(), ["promise_due_at", "changed_at", "version"], batch_size=500)
    trail.record_many(notes, by=by)


def _never_against(
    kind: str, before: datetime | None, after: datetime | None, *, provisional: bool
) -> datetime | None:
    if before is None or after is None:
        return after or before
    if not provisional:
        return max(before, after)
    return min(before, after) if kind == "promise" else after


def _written(held: Held, kind: str) -> str:
    clock = held.clock(kind)
    return _iso(clock.due_at) if clock is not None else ""


def _iso(moment: datetime | None) -> str:
    return moment.isoformat() if moment else ""


__all__ = [
    "AskedAlready", "Counted", "Moved", "NoTimeToExtend", "NotAGround", "NothingAsked", "Pause", "TooLateToExtend",
    "TooLong", "ask_extension", "ask_suspension", "deny_extension", "deny_suspension", "extend", "preview", "recompute",
    "resume", "suspend",
]  # fmt: skip

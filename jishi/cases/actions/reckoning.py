"""Clocks of a case: started, stopped, paused, resumed as the table of the life says (spec 11 §§8–9)."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from jishi.bodies import queries as bodies
from jishi.cases.models import Case, Clock, Handover
from jishi.cases.states import CASE, LIVES, Urgency
from jishi.kernels import worktime
from jishi.kernels.procedure import Act

# Whose clock it is: these belong to the body that holds the case, all others to the desk.
OF_THE_BODY = frozenset({"sign", "return_window", "contact", "handling", "reopen", "suspension", "supervision"})
OF_THE_HANDOVER = OF_THE_BODY | {"return_answer"}
BY_HAND = frozenset({"suspension", "bank_review"})  # how long is decided each time, within the rules


@dataclass(slots=True)
class Turn:
    """What one move does to the clocks: rows to insert, rows to update."""

    new: list[Clock] = field(default_factory=list)
    changed: list[Clock] = field(default_factory=list)


def turn(
    case: Case,
    lead: Handover | None,
    clocks: Sequence[Clock],
    acts: Mapping[str, Act],
    *,
    now: datetime,
    amounts: Mapping[str, str] | None = None,
) -> Turn:
    """Work out what `acts` do to `clocks` at `now`; nothing is stored. `amounts` are the duty item's own promises."""
    result = Turn()
    for kind, act in sorted(acts.items(), key=lambda one: (one[1] in (Act.START, Act.RESTART), one[0])):
        mine = [c for c in clocks if c.kind == kind]
        running = [c for c in mine if c.stopped_at is None]
        if act in (Act.STOP, Act.RESTART):
            for clock in running:
                _stop(clock, now)
                result.changed.append(clock)
        if act is Act.PAUSE:
            result.changed += [c for c in running if _pause(c, now)]
        if act is Act.RESUME:
            result.changed += [c for c in running if _resume(c, now)]
            _keep_promise(case, result)  # a clock that starts now may lean on the promise that goes on now
        if act is Act.CONTINUE and mine:
            result.changed.append(_continue(max(mine, key=lambda c: c.started_at), now))
        if act in (Act.START, Act.RESTART):
            result.new.append(start(case, lead, clocks, kind, now=now, amounts=amounts or {}))
    return result


def _keep_promise(case: Case, result: Turn) -> None:
    for clock in result.changed:
        if clock.kind == "promise":
            case.promise_due_at = clock.due_at


def start(
    case: Case, lead: Handover | None, clocks: Iterable[Clock], kind: str, *, now: datetime, amounts: Mapping[str, str]
) -> Clock:
    """Make one clock with its due moment pinned; a year without table leaves it open, in plain sight."""
    owner = lead.body_id if lead is not None and kind in OF_THE_BODY else None
    hours = bodies.hours_of([owner])[owner]
    amount = amount_of(case, kind, clocks, hours.calendar, now, amounts)
    clock = Clock(
        tenant_id=case.tenant_id, case=case, kind=kind, owner_body_id=owner, amount=str(amount),
        handover=lead if kind in OF_THE_HANDOVER else None, rule=_rule(kind, amounts), calendar=hours.label,
        started_at=now,
    )  # fmt: skip
    return pin(clock, hours.calendar)


def pin(clock: Clock, calendar: worktime.Calendar) -> Clock:
    """Set `due_at` from start, amount, pauses and extensions."""
    try:
        due = worktime.due(as_kernel(clock), calendar)
    except worktime.CalendarNotKnown:
        clock.due_at, clock.provisional = None, True
        return clock
    clock.due_at, clock.provisional, clock.tell_at = due.moment, due.provisional, None
    return clock


def as_kernel(clock: Clock) -> worktime.Clock:
    """Give the clock as the kernel reads it."""
    pauses = tuple(worktime.Pause(_read(a), _read(b) if b else None) for a, b in clock.pauses)
    more = tuple(worktime.parse_amount(amount) for amount in clock.extensions)
    return worktime.Clock(clock.started_at, worktime.parse_amount(clock.amount), pauses=pauses, extensions=more)


def amount_of(
    case: Case,
    kind: str,
    clocks: Iterable[Clock],
    calendar: worktime.Calendar,
    now: datetime,
    amounts: Mapping[str, str],
) -> worktime.Amount:
    """Say how long: the duty item's promise, else the table's amount, which may lean on another clock."""
    rule = table_clock(kind)
    if kind in amounts and kind != "handling":
        return worktime.parse_amount(amounts[kind])
    text: str = rule.emergency_amount if case.urgency == Urgency.EMERGENCY and rule.emergency_amount else rule.amount
    if text.startswith("promise-"):
        return _to_the_promise(case, calendar, now, rule.floor)
    if text.endswith("/2"):
        return _half_of(text.removesuffix("/2"), clocks, rule.floor)
    return worktime.parse_amount(text)


def save(result: Turn) -> None:
    """Store a turn in at most two statements."""
    if result.changed:
        for clock in result.changed:
            clock.version += 1
        Clock.objects.bulk_update(result.changed, _KEPT)
    if result.new:
        Clock.objects.bulk_create(result.new)


_KEPT = ("stopped_at", "how", "pauses", "extensions", "due_at", "tell_at", "expired_at", "provisional", "version")


def extend(clock: Clock, amount: str, *, now: datetime) -> None:
    """Count `amount` more, from the old expiry; not stored yet."""
    clock.extensions = [*clock.extensions, amount]
    pin(clock, calendar_of(clock))
    _run_out_again(clock, now)


def _run_out_again(clock: Clock, now: datetime) -> None:
    """A clock whose day has moved ahead runs out another time; one that is over stays so."""
    if clock.due_at is None or clock.due_at > now:
        clock.expired_at = None


def calendar_of(clock: Clock) -> worktime.Calendar:
    """Give the working calendar of whoever owes it."""
    return bodies.hours_of([clock.owner_body_id])[clock.owner_body_id].calendar


def is_paused(clock: Clock) -> bool:
    return bool(clock.pauses) and clock.pauses[-1][1] is None


def _to_the_promise(case: Case, calendar: worktime.Calendar, now: datetime, floor: str) -> worktime.Amount:
    least = worktime.parse_amount(floor)
    if case.promise_due_at is None or case.promise_due_at <= now:
        return least
    halves = worktime.between(now, case.promise_due_at, worktime.Unit.HALF_DAY, calendar) - 1
    return worktime.half_days(halves) if halves > 2 * least.n else least


def _half_of(kind: str, clocks: Iterable[Clock], floor: str) -> worktime.Amount:
    least = worktime.parse_amount(floor)
    before = [c for c in clocks if c.kind == kind]
    if not before:
        return least
    whole = worktime.parse_amount(max(before, key=lambda c: c.started_at).amount)
    halves = whole.n if whole.unit == worktime.Unit.WORKDAY else whole.n // 2
    return worktime.half_days(halves) if halves > 2 * least.n else least


def _stop(clock: Clock, now: datetime) -> None:
    if is_paused(clock):
        clock.pauses = [*clock.pauses[:-1], [clock.pauses[-1][0], _write(now)]]
    clock.stopped_at = max(now, clock.started_at)


def _pause(clock: Clock, now: datetime) -> bool:
    if is_paused(clock):
        return False
    clock.pauses = [*clock.pauses, [_write(now), None]]
    clock.due_at = clock.tell_at = None
    return True


def _resume(clock: Clock, now: datetime) -> bool:
    if not is_paused(clock):
        return False
    clock.pauses = [*clock.pauses[:-1], [clock.pauses[-1][0], _write(now)]]
    pin(clock, calendar_of(clock))
    _run_out_again(clock, now)
    return True


def run_on(clock: Clock, now: datetime) -> None:
    """Store a stopped clock as running again, with what was left of it and nothing more."""
    _run_on(clock, now)
    _run_out_again(clock, now)
    save(Turn(changed=[clock]))


def _run_on(clock: Clock, now: datetime) -> worktime.Calendar:
    if clock.stopped_at is not None:
        clock.pauses = [*clock.pauses, [_write(clock.stopped_at), _write(now)]]
        clock.stopped_at = None
    calendar = calendar_of(clock)
    pin(clock, calendar)
    return calendar


def _continue(clock: Clock, now: datetime) -> Clock:
    """Run a stopped clock on with what was left, at least one working day (11 §9, floor)."""
    calendar = _run_on(clock, now)
    least = worktime.add(now, worktime.workdays(1), calendar).moment
    if clock.due_at and least and clock.due_at < least:
        clock.due_at = least
    _run_out_again(clock, now)
    return clock


def table_clock(kind: str) -> Any:
    """Give the row of the tables for this kind of clock."""
    for life in LIVES:
        for clock in life.clocks:
            if clock.kind == kind:
                return clock
    raise KeyError(kind)


def _rule(kind: str, amounts: Mapping[str, str]) -> str:
    if kind in amounts and kind not in ("handling", *BY_HAND):
        return f"duty_item:{kind}"
    life = next((life for life in LIVES if any(c.kind == kind for c in life.clocks)), CASE)
    return f"{life.code}@{life.edition}:{kind}"


def _write(moment: datetime) -> str:
    return moment.isoformat()


def _read(text: str) -> datetime:
    return datetime.fromisoformat(text)

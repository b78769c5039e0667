"""Each caller keeps his own promise; the earliest one binds the case (spec 10 §4, 11 §9).

A promise is a start, an amount, pauses and extensions. As long as nobody came from elsewhere, the clock of the case
says it for all. When reports move, each takes his own along (`Membership.promise`), and the clock shows the one that
binds.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from jishi.bodies import queries as bodies
from jishi.cases.actions import reckoning
from jishi.cases.models import Case, Clock, Membership

Pauses = list[list[str | None]]


@dataclass(frozen=True, slots=True)
class Own:
    """What one caller was promised. A pause that still lasts is the clock's, not his: nobody knows its end.

    `answered`: he had his answer before he came here (a reopened case): his promise is kept, it binds nobody again.
    """

    started_at: datetime
    amount: str
    pauses: Pauses
    extensions: list[Any]
    answered: bool = False

    def kept(self, clock: Clock | None = None) -> dict[str, Any]:
        """Give it as a membership of the case of `clock` keeps it: what that clock had by then is not his."""
        return {
            "started_at": self.started_at.isoformat(), "amount": self.amount, "pauses": self.pauses,
            "extensions": self.extensions, "answered": self.answered,
            "seen": [len(_ended(clock)), len(clock.extensions)] if clock is not None else [0, 0],
        }  # fmt: skip


def of_member(member: Membership, clock: Clock | None) -> Own:
    """Give what the caller of `member` was promised, with the pauses and extensions of the case while he was in it.

    `member` comes with its report; `clock` is the promise of the case, running or stopped.
    """
    if clock is None:
        return Own(member.report.received_at, reckoning.table_clock("promise").amount, [], [])
    said = member.promise
    if not said:
        since = member.from_at
        mine = [p for p in _ended(clock) if datetime.fromisoformat(str(p[1])) > since]
        return Own(member.report.received_at, clock.amount, mine, list(clock.extensions))
    pauses, extensions = said["seen"]
    return Own(
        datetime.fromisoformat(said["started_at"]), said["amount"], [*said["pauses"], *_ended(clock)[pauses:]],
        [*said["extensions"], *clock.extensions[extensions:]], said["answered"],
    )  # fmt: skip


def answered(own: Own) -> Own:
    """Say of a promise that it was kept."""
    return replace(own, answered=True)


def due_of(own: Own, clock: Clock) -> datetime | None:
    """Give the moment by which this caller has to be answered; None: that year has no calendar yet."""
    return _pinned(own, clock).due_at


def bind(case: Case, clock: Clock | None, members: Sequence[Membership], *, now: datetime) -> None:
    """Let the earliest promise of `members` bind the case: its running clock counts as that one counts.

    Every other keeps his own beside it. Where everybody has had his answer, the clock stops. `case` is given its new
    day and not stored: that is the verb's.
    """
    if clock is None or clock.stopped_at is not None or not members:
        return
    own = {m.id: of_member(m, clock) for m in members}
    owed = [m for m in members if not own[m.id].answered]
    if not owed:
        clock.change(stopped_at=max(now, clock.started_at))
        return
    due = {m.id: due_of(own[m.id], clock) for m in owed}
    first = min(owed, key=lambda m: (due[m.id] is None, due[m.id] or clock.started_at, m.id))
    chosen, lasting = own[first.id], clock.pauses[len(_ended(clock)) :]
    counted = _pinned(chosen, clock)
    clock.change(
        started_at=chosen.started_at, amount=chosen.amount, pauses=[*chosen.pauses, *lasting],
        extensions=chosen.extensions, due_at=None if lasting else counted.due_at, provisional=counted.provisional,
        tell_at=None, expired_at=clock.expired_at if _is_over(counted, now) else None,
    )  # fmt: skip
    _keep(members, own, clock)
    if not lasting:
        case.promise_due_at = clock.due_at


def revive(case: Case, clocks: Sequence[Clock], members: Sequence[Membership], newcomer: Own) -> Clock:
    """Let a promise run again on a reopened case, because somebody comes who never had an answer."""
    kept = last(clocks)
    own = {m.id: answered(of_member(m, kept)) for m in members}
    amounts = {"promise": newcomer.amount}
    clock = reckoning.start(case, None, [], "promise", now=newcomer.started_at, amounts=amounts)
    clock.save()
    _keep(members, own, clock)
    return clock


def last(clocks: Iterable[Clock]) -> Clock | None:
    """Give the promise of a case, the running one or the one that was kept last."""
    return max((c for c in clocks if c.kind == "promise"), key=lambda c: (c.stopped_at is None, c.id), default=None)


def begin(case: Case, own: Own) -> Clock:
    """Make the promise clock of a new case for somebody who was promised `own`; not stored yet."""
    clock = reckoning.start(case, None, [], "promise", now=own.started_at, amounts={"promise": own.amount})
    clock.pauses, clock.extensions = own.pauses, own.extensions
    return reckoning.pin(clock, bodies.calendar_by_label(clock.calendar).calendar)


def say_again(members: Iterable[Membership], amount: str) -> None:
    """Give every caller of a case the new amount, each from his own start: the matter of all was corrected."""
    brought = [m for m in members if m.promise]
    for member in brought:
        member.promise = {**member.promise, "amount": amount}
        member.version += 1
    Membership.objects.bulk_update(brought, ["promise", "version"])


def _keep(members: Sequence[Membership], own: Mapping[int, Own], clock: Clock) -> None:
    for member in members:
        member.promise = own[member.id].kept(clock)
        member.version += 1
    Membership.objects.bulk_update(members, ["promise", "version"])


def _ended(clock: Clock) -> Pauses:
    return [p for p in clock.pauses if p[1] is not None]


def _is_over(clock: Clock, now: datetime) -> bool:
    return clock.due_at is not None and clock.due_at <= now


def _pinned(own: Own, clock: Clock) -> Clock:
    row = Clock(
        started_at=own.started_at, amount=own.amount, pauses=own.pauses, extensions=own.extensions,
        calendar=clock.calendar,
    )  # fmt: skip
    return reckoning.pin(row, bodies.calendar_by_label(clock.calendar).calendar)

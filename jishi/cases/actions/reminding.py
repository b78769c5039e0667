"""逐级提醒: whom the clock reminds, by the ladder of `escalation.py` (spec 10 §7), in one digest a half day.

Every running clock is looked at, however many there are. Nothing goes out outside working hours, but danger at once.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils.timezone import localdate, localtime

from jishi.accounts import queries as accounts
from jishi.bodies import queries as bodies
from jishi.cases import escalation, limits, policies
from jishi.cases.actions import reckoning
from jishi.cases.models import Banking, Clock, Digest, Escalation
from jishi.cases.states import LIVES, Urgency
from jishi.foundation import scope
from jishi.foundation.actor import Actor
from jishi.kernels import worktime

BATCH = 500
LOOKED_FOR = 5000  # numbers of one statement
NEVER = datetime(9999, 1, 1, tzinfo=UTC)  # no rung is left
WEEK = timedelta(days=7)
# What only tells somebody when it runs out; clocks whose expiry is a verb move the case themselves.
TOLD = frozenset(
    clock.kind
    for life in LIVES
    for clock in life.clocks
    if clock.at_expiry in life.outside and not clock.at_expiry.startswith("clocks.end_")
)
# Desk parties of the tables and the role that sits there; any other owner is a body.
DESKS = {"dispatcher": "dispatcher", "reviewer": "reviewer", "ruling_body": "ruler", "leading_office": "office"}


def remind(*, by: Actor, now: datetime) -> dict[str, int]:
    """Note every rung reached by `now`, then tell whoever is at work; gives how many rungs and digests there were."""
    rungs = 0
    while True:
        with scope.work(by), transaction.atomic():
            noted, more = _note(now, by)
        rungs += noted
        if not more:
            break
    with scope.work(by), transaction.atomic():
        digests = _tell(now, by)
    return {"rungs": rungs, "digests": digests}


# --- rungs -------------------------------------------------------------------------------------------------


def _note(now: datetime, by: Actor) -> tuple[int, bool]:
    """Write what one batch of clocks has reached and when each is looked at next. Second: whether there are more."""
    rows = Clock.objects.select_for_update(of=("self",), skip_locked=True).filter(
        Q(tell_at=None) | Q(tell_at__lte=now), tenant_id=by.tenant_id, stopped_at=None, kind__in=TOLD,
        due_at__isnull=False,
    )  # fmt: skip
    batch = list(rows.select_related("case").order_by("id")[:BATCH])
    reached: list[Escalation] = []
    for clock in batch:
        found = ladder_of(clock)
        reached += [_escalation(clock, one, now) for one in found if one.at <= now]
        clock.tell_at = next((one.at for one in found if one.at > now), NEVER)
    before = Escalation.objects.filter(clock__in=batch).values_list("clock_id", "step", "fell_at")
    known = set(before)
    new = [e for e in reached if (e.clock_id, e.step, e.fell_at) not in known]
    Escalation.objects.bulk_create(new)
    Clock.objects.bulk_update(batch, ["tell_at"])
    return len(new), len(batch) == BATCH


def ladder_of(clock: Clock) -> tuple[escalation.Reached, ...]:
    """Work the ladder of a clock out from the clock alone."""
    try:
        return escalation.ladder(reckoning.as_kernel(clock), reckoning.calendar_of(clock), limits.load().rungs)
    except worktime.CalendarNotKnown:
        return ()


def _escalation(clock: Clock, one: escalation.Reached, now: datetime) -> Escalation:
    owner = reckoning.table_clock(clock.kind).owner
    body = clock.owner_body_id or (clock.case.lead_id if owner not in DESKS else None)
    return Escalation(
        tenant_id=clock.tenant_id, case_id=clock.case_id, clock=clock, step=one.rung.step, fell_at=one.at,
        noted_at=now, to=list(one.rung.to), body_id=body, desk="" if body else DESKS.get(owner, "dispatcher"),
        urgent=clock.case.urgency == Urgency.EMERGENCY,
    )  # fmt: skip


# --- digests -----------------------------------------------------------------------------------------------


@dataclass(slots=True)
class _Person:
    account_id: int
    body_id: int | None
    rungs: dict[int, bool] = field(default_factory=dict)  # number → whether it is urgent
    bankings: list[int] = field(default_factory=list)


def _tell(now: datetime, by: Actor) -> int:
    """Read what nobody was told yet, BATCH rows at a time; what is kept of all of them is numbers.

    Two that tell at once would tell a person twice: who comes second leaves it to the first, and to the next sweep.
    """
    if not scope.nobody_else_at("remind"):
        return 0
    people: dict[int, _Person] = {}
    waiting: list[int] = []
    over: list[int] = []
    roles = accounts.people_of_many(("dispatcher", "reviewer", "ruler", "supervisor", "office"), now=now)
    for batch in _untold(by):
        gone = {e.id for e in batch if e.clock.stopped_at is not None or reckoning.is_paused(e.clock)}
        rest = [e for e in batch if e.id not in gone]
        _reach(people, rest, roles, now)
        waiting += [e.id for e in rest]
        over += sorted(gone)
    _offer_asleep(people, now, by)
    told = _told_before(people, now)
    made = [d for person in people.values() for d in _digests(person, told, now, by)]
    Digest.objects.bulk_create(made)
    _close(waiting, over, people, made, told, now)
    return len(made)


def _untold(by: Actor) -> Iterator[list[Escalation]]:
    rows = Escalation.objects.filter(tenant_id=by.tenant_id, digested_at=None).select_related("case", "clock")
    last = 0
    while batch := list(rows.filter(id__gt=last).order_by("id")[:BATCH]):
        last = batch[-1].id
        yield batch


def _reach(
    found: dict[int, _Person], waiting: Sequence[Escalation], roles: Mapping[str, Sequence[accounts.Holder]],
    now: datetime,
) -> None:  # fmt: skip
    """Add the people of each rung, without anybody of a body that the case accuses; a handful of statements."""
    concerned = {e.body_id for e in waiting if e.body_id is not None}
    above = {b: bodies.district_above(b) for b in concerned}
    every = concerned | {b for b in above.values() if b is not None} | _accused(waiting)
    handlers = accounts.accounts_of_bodies(every, "handler", now=now)
    heads = accounts.accounts_of_bodies(every, "head", now=now)
    anybody = accounts.accounts_of_bodies(_accused(waiting), now=now)

    def reach(e: Escalation, ids: Iterable[tuple[int, int | None]]) -> None:
        recused = {a for body in e.case.recused_body_ids for a in anybody.get(body, [])} | {*e.case.aside_account_ids}
        for account, body in ids:
            person = found.setdefault(account, _Person(account, body))
            if account not in recused:
                person.rungs[e.id] = e.urgent

    def desk(role: str, e: Escalation) -> list[tuple[int, int | None]]:
        if _nobody_sits_there(role, e):
            role = "office"
        return [(h.account_id, h.body_id) for h in roles[role] if e.case.division_code.startswith(h.area)]

    for e in waiting:
        over = above.get(e.body_id or 0)
        parties = {
            "holder": [(a, e.body_id) for a in handlers.get(e.body_id or 0, [])] if e.body_id else desk(e.desk, e),
            "head": [(a, e.body_id) for a in heads.get(e.body_id or 0, [])]
            or [(a, over) for a in (heads.get(over or 0) or handlers.get(over or 0, []))],
            "supervisor": desk("supervisor", e) or desk("office", e),
            "leading_office": desk("office", e),
        }
        for party in e.to:
            reach(e, parties[party])


def _nobody_sits_there(role: str, e: Escalation) -> bool:
    """Whether everybody of a desk must stand aside, so that the office does its work on this case."""
    if role == "reviewer":
        return e.clock.kind == "recheck" and policies.nobody_looks_again(e.case)
    return role == "dispatcher" and policies.nobody_places(e.case)


def _accused(waiting: Iterable[Escalation]) -> set[int]:
    return {body for e in waiting for body in e.case.recused_body_ids}


def _offer_asleep(people: dict[int, _Person], now: datetime, by: Actor) -> None:
    """Once a week the office is offered the banked cases whose day comes, or whose condition has come true.

    Nobody of a body that a case accuses is offered that case, nor told that there is one.
    """
    found = [(b.id, b.case.division_code, b.case) for b in asleep(now, by).select_related("case")]
    if not found:
        return
    anybody = accounts.accounts_of_bodies({b for _, _, case in found for b in case.recused_body_ids}, now=now)
    offices = accounts.people_of("office", now=now)
    monday = localdate(now) - timedelta(days=localdate(now).weekday())
    ids = [h.account_id for h in offices]
    had = set(
        Digest.objects.filter(tenant_id=by.tenant_id, account__in=ids, half_day__gte=monday.isoformat(), urgent=False)
        .exclude(bankings=[]).values_list("account_id", flat=True)
    )  # fmt: skip
    for holder in offices:
        if holder.account_id not in had:
            person = people.setdefault(holder.account_id, _Person(holder.account_id, holder.body_id))
            person.bankings = [
                i for i, division, case in found
                if division.startswith(holder.area) and holder.account_id not in case.aside_account_ids
                and not any(holder.account_id in anybody.get(body, ()) for body in case.recused_body_ids)
            ]  # fmt: skip


def asleep(now: datetime, by: Actor) -> QuerySet[Banking]:
    """Give the banked cases that are offered again this week (spec 10 §12, sleeping cases)."""
    comes = Q(review_date__lte=localdate(now) + WEEK) | Q(came_true_at__isnull=False)
    return Banking.objects.filter(comes, tenant_id=by.tenant_id, verdict="approved", ended_at=None).order_by(
        "review_date", "id"
    )


def _told_before(people: Mapping[int, _Person], now: datetime) -> dict[int, set[int]]:
    """Give, by person, the rungs told already; a person of whom there is a digest of this half day is marked by 0."""
    told: dict[int, set[int]] = {account: set() for account in people}
    wanted = sorted({i for p in people.values() for i in p.rungs})
    mine = Digest.objects.filter(account__in=list(people))
    for account in mine.filter(half_day=half_day(now), urgent=False).values_list("account_id", flat=True):
        told[account].add(0)
    for start in range(0, len(wanted), LOOKED_FOR):
        same = mine.filter(rungs__overlap=wanted[start : start + LOOKED_FOR])
        for account, rungs in same.values_list("account_id", "rungs"):
            told[account] |= set(rungs)
    return told


def _digests(person: _Person, told: Mapping[int, set[int]], now: datetime, by: Actor) -> list[Digest]:
    had = told[person.account_id]
    new = {i: urgent for i, urgent in person.rungs.items() if i not in had}
    made = []
    if urgent := [i for i, is_urgent in new.items() if is_urgent]:
        made.append(_digest(person, urgent, [], now, by, urgent=True))
    calm = [i for i, is_urgent in new.items() if not is_urgent]
    hours = bodies.hours_of([person.body_id])[person.body_id].calendar
    if (calm or person.bankings) and 0 not in had and worktime.is_working(now, hours):
        made.append(_digest(person, calm, person.bankings, now, by, urgent=False))
    return made


def _digest(
    person: _Person, rungs: list[int], bankings: list[int], now: datetime, by: Actor, *, urgent: bool
) -> Digest:
    return Digest(
        tenant_id=by.tenant_id, account_id=person.account_id, half_day=half_day(now), urgent=urgent, rungs=rungs,
        bankings=bankings, made_at=now,
    )  # fmt: skip


def _close(
    waiting: Sequence[int], over: Sequence[int], people: Mapping[int, _Person], made: Sequence[Digest],
    told: Mapping[int, set[int]], now: datetime,
) -> None:  # fmt: skip
    """A rung is done with when everybody whom it reaches has been told, or when what it was about is over."""
    said = {account: set(rungs) for account, rungs in told.items()}
    for digest in made:
        said[digest.account_id] |= set(digest.rungs)
    missing = {i for p in people.values() for i in p.rungs if i not in said[p.account_id]}
    done = [i for i in waiting if i not in missing] + [*over]
    for start in range(0, len(done), LOOKED_FOR):
        Escalation.objects.filter(id__in=done[start : start + LOOKED_FOR]).update(digested_at=now)


def half_day(now: datetime) -> str:
    """Name the half day: 2026-11-20a before one o'clock, 2026-11-20p after."""
    local = localtime(now)
    return f"{local.date().isoformat()}{'a' if local.hour < 13 else 'p'}"


def next_half_day(now: datetime) -> datetime:
    """Give the moment at which the next half day begins: one o'clock, or midnight."""
    local = localtime(now)
    if local.hour < 13:
        return local.replace(hour=13, minute=0, second=0, microsecond=0)
    return datetime.combine(local.date() + timedelta(days=1), time.min, local.tzinfo)

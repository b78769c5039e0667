"""Saying what matter a case is, and how urgent, after it came in (spec 10 §5.1).

The case stays where it is, its promise is counted again.
"""

from collections.abc import Mapping
from datetime import datetime

from django.db import transaction
from django.utils.timezone import localdate

from jishi.bodies import queries as bodies
from jishi.cases import policies
from jishi.cases.actions import choosing, moving, publishing, reckoning
from jishi.cases.actions import promises as own_promises
from jishi.cases.actions.handover import from_outside
from jishi.cases.actions.moving import Held
from jishi.cases.events import CaseMoved
from jishi.cases.models import Case, Clock, Membership
from jishi.cases.refusals import GroundNeeded, UnknownMatter
from jishi.cases.states import CASE, Urgency
from jishi.cases.triage import Stage, routing
from jishi.duties import queries as duties
from jishi.foundation import outbox, trail
from jishi.foundation.actor import Actor
from jishi.foundation.refusals import NotAllowed, WrongMoment
from jishi.kernels.procedure import Act


@transaction.atomic
def correct_matter(case_id: int, *, matter: str, by: Actor, now: datetime, version: int | None = None) -> Case:
    """Say which matter it is; the promise runs from its original start by the new item, pauses kept (spec 11 §9).

    :raises UnknownMatter: not a matter of the book in force, a whole branch, or one that has become another.
    :raises WrongMoment: the case has ended.
    :raises NotAllowed, NotFound: not the desk's to say.
    """
    held = moving.hold(case_id, by=by, version=version)
    if not policies.PARTIES["dispatcher"](by, held.stand):
        from_outside(held, by)
    case = held.case
    _ensure_open(case)
    row = duties.matter(matter)
    if row is None or not row.is_leaf or row.becomes.get("codes"):
        raise UnknownMatter(matter=matter, successor=duties.successor_sentence(matter))
    before, due_before = case.matter, case.promise_due_at
    case.matter = row.code
    routed = routing.route_case(case, now=now)
    case.change(
        matter=row.code, book_edition=duties.book_edition(day=localdate(now)), changed_at=now, routed=routed.outcome,
        **publishing.narrowed(case, row.default_visibility),
    )  # fmt: skip
    count_promise_again(held, routed.promises, now)
    report = Membership.objects.filter(case=case, to_at=None).order_by("id").values_list("report_id", flat=True).first()
    if report is not None:
        choosing.keep(report, chosen={Stage.CLASSIFY.value: row.code}, by=by, now=now)
    trail.record(
        "case.matter_corrected", ("case", case.id), by=by, at=now,
        codes={"version": case.version, "from": before, "matter": row.code, "due_from": written(due_before),
            "due": written(case.promise_due_at)},
    )  # fmt: skip
    outbox.announce(CaseMoved(case.id, "intake.correct_matter", case.status, ()), at=now)
    return case


@transaction.atomic
def set_urgency(case_id: int, *, urgency: str, why: str, by: Actor, now: datetime, version: int | None = None) -> Case:
    """Say how urgent it is. In an emergency the running clocks that have an emergency amount start anew with it;
    after one they are counted by the usual amount from their own start. The promise stays as it is.

    :raises GroundNeeded: no reason, an unknown degree, or the one it has. :raises WrongMoment: the case has ended.
    :raises NotAllowed, NotFound: not the dispatcher's; the risk rule goes upwards only.
    """
    held = moving.hold(case_id, by=by, version=version)
    rule = policies.PARTIES["rule"](by, held.stand)
    if not rule and not policies.PARTIES["dispatcher"](by, held.stand):
        policies.ensure_may_see(by, held.stand)
        raise NotAllowed(why="多急由派单员说定。")
    case = held.case
    _ensure_open(case)
    if urgency not in Urgency.values or urgency == case.urgency or not why.strip():
        raise GroundNeeded(what="另一个紧急程度和理由", what_en="another degree of urgency, and why")
    before = case.urgency
    if rule and Urgency.values.index(urgency) < Urgency.values.index(before):
        raise NotAllowed(why="规则只能调高，调低由派单员来。")
    case.urgency = urgency
    _hurry(held, now) if urgency == Urgency.EMERGENCY else _calm(held, before)
    case.change(urgency=urgency)
    trail.record(
        "case.urgency_set", ("case", case.id), by=by, at=now, words={"why": why.strip()},
        codes={"version": case.version, "from": before, "urgency": urgency},
    )  # fmt: skip
    outbox.announce(CaseMoved(case.id, "intake.set_urgency", case.status, ()), at=now)
    return case


def _hurry(held: Held, now: datetime) -> None:
    acts = {clock.kind: Act.RESTART for clock in _with_emergency(held)}
    reckoning.save(reckoning.turn(held.case, held.lead, held.clocks, acts, now=now))


def _calm(held: Held, before: str) -> None:
    if before != Urgency.EMERGENCY:
        return
    for clock in _with_emergency(held):
        clock.amount = reckoning.table_clock(clock.kind).amount
        reckoning.pin(clock, bodies.hours_of([clock.owner_body_id])[clock.owner_body_id].calendar)
        clock.change(amount=clock.amount, due_at=clock.due_at, provisional=clock.provisional, tell_at=None)


def _with_emergency(held: Held) -> list[Clock]:
    """The running clocks, none of them paused, for which the table knows an emergency amount."""
    running = [c for c in held.clocks if c.stopped_at is None and not reckoning.is_paused(c)]
    return [c for c in running if reckoning.table_clock(c.kind).emergency_amount]


def _ensure_open(case: Case) -> None:
    if case.status in CASE.ends:
        state = CASE.state(case.status).name
        raise WrongMoment(state=case.status, state_zh=state.zh, state_en=state.en, open=[], open_zh="—", open_en="—")


def count_promise_again(held: Held, promises: Mapping[str, str], now: datetime) -> None:
    clock = held.clock("promise")
    if clock is None:
        return
    amount = promises.get("promise", CASE.clock("promise").amount)
    if amount == clock.amount:
        return
    clock.amount, clock.rule = (
        amount,
        "duty_item:promise" if "promise" in promises else f"{CASE.code}@{CASE.edition}:promise",
    )
    reckoning.pin(clock, bodies.hours_of([None])[None].calendar)
    clock.change(
        amount=clock.amount, rule=clock.rule, due_at=clock.due_at, provisional=clock.provisional, tell_at=None
    )
    held.case.promise_due_at = clock.due_at
    members = list(Membership.objects.filter(case=held.case, to_at=None).select_related("report").order_by("id"))
    if any(m.promise for m in members):  # some came from elsewhere: each from his own start, the earliest binds
        own_promises.say_again(members, amount)
        own_promises.bind(held.case, clock, members, now=now)
    held.case.change(promise_due_at=held.case.promise_due_at)


def written(moment: datetime | None) -> str:
    return moment.isoformat() if moment else ""

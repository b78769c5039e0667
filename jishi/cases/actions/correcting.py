"""Saying what matter a case is, after it came in (spec 10 §5.1).

The case stays where it is, its promise is counted again.
"""

from datetime import datetime

from django.db import transaction
from django.utils.timezone import localdate

from jishi.bodies import queries as bodies
from jishi.cases import policies
from jishi.cases.actions import choosing, clocks, moving
from jishi.cases.actions.handover import from_outside
from jishi.cases.actions.moving import Held
from jishi.cases.events import CaseMoved
from jishi.cases.models import Case, Membership
from jishi.cases.refusals import UnknownMatter
from jishi.cases.states import CASE
from jishi.cases.triage import Stage, routing
from jishi.duties import queries as duties
from jishi.foundation import outbox, trail
from jishi.foundation.actor import Actor
from jishi.foundation.refusals import WrongMoment


@transaction.atomic
def correct_matter(case_id: int, *, matter: str, by: Actor, now: datetime, version: int | None = None) -> Case:
    """Say which matter it is; the promise runs from its original start by the new item, pauses kept (spec 11 §9).

    :raises UnknownMatter: not a matter of the book in force, or a whole branch.
    :raises WrongMoment: the case has ended.
    :raises NotAllowed, NotFound: not the desk's to say.
    """
    held = moving.hold(case_id, by=by, version=version)
    if not policies.PARTIES["dispatcher"](by, held.stand):
        from_outside(held, by)
    case = held.case
    if case.status in CASE.ends:
        state = CASE.state(case.status).name
        raise WrongMoment(state=case.status, state_zh=state.zh, state_en=state.en, open=[], open_zh="—", open_en="—")
    row = duties.matter(matter)
    if row is None or not row.is_leaf:
        raise UnknownMatter(matter=matter, successor=duties.successor_sentence(matter))
    before, due_before = case.matter, case.promise_due_at
    case.change(matter=row.code, book_edition=duties.book_edition(day=localdate(now)))
    _count_promise_again(held, now)
    report = Membership.objects.filter(case=case, to_at=None).order_by("id").values_list("report_id", flat=True).first()
    if report is not None:
        choosing.choose(report, chosen={Stage.CLASSIFY.value: row.code}, by=by, now=now)
    trail.record(
        "case.matter_corrected", ("case", case.id), by=by, at=now,
        codes={"from": before, "matter": row.code, "due_from": _written(due_before),
            "due": _written(case.promise_due_at)},
    )  # fmt: skip
    outbox.announce(CaseMoved(case.id, "intake.correct_matter", case.status, ()), at=now)
    return case


def _count_promise_again(held: Held, now: datetime) -> None:
    clock = held.clock("promise")
    if clock is None:
        return
    promises = routing.route_case(held.case, now=now).promises
    amount = promises.get("promise", CASE.clock("promise").amount)
    if amount == clock.amount:
        return
    clock.amount, clock.rule = (
        amount,
        "duty_item:promise" if "promise" in promises else f"{CASE.code}@{CASE.edition}:promise",
    )
    clocks.pin(clock, bodies.hours_of([None])[None].calendar)
    clock.change(amount=clock.amount, rule=clock.rule, due_at=clock.due_at, provisional=clock.provisional)
    held.case.change(promise_due_at=clock.due_at)


def _written(moment: datetime | None) -> str:
    return moment.isoformat() if moment else ""

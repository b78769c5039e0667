"""A case that passes through three bodies: one promise, three handling clocks, hand-over time of its own (11 §12)."""

from datetime import datetime, timedelta

from conftest import MONDAY_TEN
from jishi.bodies import queries as bodies
from jishi.cases.actions import dispatch, handover
from jishi.cases.models import Case, Clock, Handover
from jishi.cases.queries import casepage
from jishi.cases.states import Status
from jishi.cases.tests import factories as f
from jishi.cases.tests.desk_steps import colleague
from jishi.foundation import scope
from jishi.foundation.actor import system

HOUR = timedelta(hours=1)


def placed_with(case: Case, code: str, now: datetime) -> Case:
    """Offer the case to this body, an hour later it signs."""
    to = dispatch.Offer(f.body_id(case.tenant_id, code), f.some_item(case.tenant_id), why="会商商定")
    f.do(f.dispatcher(case.tenant_id), dispatch.offer, case.id, to=to, now=now)
    case = f.again(case.tenant_id, case.id)
    f.do(f.handler_of(case), handover.sign, case.id, now=now + HOUR)
    return f.again(case.tenant_id, case.id)


def passed_on(town: int) -> Case:
    """Three bodies sign for it in turn; the first two are taken off it by an accepted return and a consultation."""
    case = f.a_case_at(town, Status.HANDLING)
    f.ask_return(case, MONDAY_TEN + 3 * HOUR)
    f.do(f.dispatcher(town), handover.accept_return, case.id, now=MONDAY_TEN + 4 * HOUR)
    case = placed_with(case, "cgj", MONDAY_TEN + 6 * HOUR)
    second = MONDAY_TEN + timedelta(days=1)
    why = handover.Return("missing_facts", "没有写清是哪一口井。")
    f.do(f.handler_of(case), handover.return_, case.id, why=why, now=second)
    from jishi.cases.actions import consultation

    agreed = f.body_id(town, "swj")
    f.do(f.dispatcher(town), consultation.conclude, case.id, agreed_body_id=agreed, now=second + HOUR)
    return placed_with(f.again(town, case.id), "swj", second + 3 * HOUR)


def test_shows_one_promise_three_handling_clocks_and_the_time_between_them(town: int) -> None:
    promised = f.a_case(town).promise_due_at

    case = passed_on(town)

    with scope.work(system(town)):
        clocks = list(Clock.objects.filter(case=case).order_by("id"))
        spent = casepage.handed_over_for(casepage.handovers_of(case), case, now=MONDAY_TEN + timedelta(days=2))
        names = {b.id: b.code for b in bodies.names().values()}
        held = Handover.objects.filter(case=case).count()
    promises = [c for c in clocks if c.kind == "promise"]
    handling = [c for c in clocks if c.kind == "handling"]
    assert [p.due_at for p in promises] == [promised]
    assert [p.stopped_at for p in promises] == [None]
    assert (len(handling), held) == (3, 3)
    assert len({names[c.owner_body_id or 0] for c in handling}) == 3
    assert [c.stopped_at is None for c in handling] == [False, False, True]
    page = colleague(town, "dispatcher").get(f"/cases/{case.number}?tab=handovers").content.decode()
    assert "没有单位签收的时间，一共 8 小时 0 分" in page
    assert spent == HOUR + HOUR + 2 * HOUR + HOUR + 2 * HOUR + HOUR  # before the first signature and between the others

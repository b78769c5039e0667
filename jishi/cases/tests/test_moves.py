"""Every move of the table: it works, refuses the wrong person and the wrong moment, leaves one entry,
and a refusal changes nothing (spec 10 §19.2)."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import pytest

from conftest import MONDAY_TEN, TOWN
from jishi.cases.actions import (
    banking,
    clocks,
    consultation,
    dispatch,
    feedback,
    handling,
    handover,
    intake,
    merging,
    rechecking,
    reopening,
    review,
    ruling,
    withdrawing,
)  # fmt: skip
from jishi.cases.models import Case, Clock, Handover, Membership
from jishi.cases.states import CASE, Status
from jishi.cases.tests import factories as f
from jishi.foundation import scope, trail
from jishi.foundation.actor import Actor, system
from jishi.foundation.refusals import NotAllowed, NotFound, WrongMoment

LATER = MONDAY_TEN + timedelta(hours=8)
Perform = Callable[[Case, Actor, datetime], Any]


@dataclass(frozen=True)
class Way:
    """How a move is made: from where, by whom, what is prepared before, where it leads."""

    no: str
    verb: str
    start: Status
    right: Callable[[Case], Actor]
    perform: Perform
    end: Status
    entry: str
    prepare: Callable[[Case, datetime], Any] | None = None
    facts: tuple[tuple[str, Any], ...] = ()


def _run(verb: Callable[..., Any], **given: Any) -> Perform:
    def perform(case: Case, actor: Actor, now: datetime) -> Any:
        late = {k: v(case, now) if callable(v) else v for k, v in given.items()}
        return f.do(actor, verb, case.id, now=now, **late)

    return perform


def _offer_to(case: Case, now: datetime) -> dispatch.Offer:
    body, item = f.routed_body(case)
    return dispatch.Offer(body, item)


def _object(case: Case, now: datetime) -> None:
    f.do(
        Actor(tenant_id=case.tenant_id, kind="system", roles=frozenset({"system"})),
        intake.object_to_decline, case.id, text="我没有去法院", now=now,
    )  # fmt: skip


def _contact_first(case: Case, now: datetime) -> None:
    f.contact(case, now)


def _caller_of(case: Case) -> Actor:
    with scope.work(system(case.tenant_id)):
        mine = Membership.objects.filter(case=case, to_at=None).order_by("id")
        report = mine.values_list("report_id", flat=True).first()
    assert report is not None, "nobody owns it"
    return Actor(tenant_id=case.tenant_id, kind="reporter", report_id=report)


def _withdraw(case: Case, actor: Actor, now: datetime) -> Any:
    report = _caller_of(case).report_id
    return f.do(actor, withdrawing.withdraw, report, tenant_code=TOWN, now=now)


def _ask_termination(case: Case, now: datetime) -> None:
    by, told = f.handler_of(case), "需要您开门才能查漏点，两次联系您都不同意进门，这一件先终止。"
    for at in (now, now + timedelta(days=1)):
        f.do(by, handling.note_contact, case.id, how="phone", reached="refused", now=at)
    f.do(by, handling.ask_termination, case.id, what_was_needed="进门查漏点", told_caller=told, now=now)


WAYS = [
    Way("2", "intake.answer_at_once", Status.RECEIVED, lambda c: f.operator(c.tenant_id),
        _run(intake.answer_at_once, text="每周三上午办理。"), Status.CLOSED, "case.answered_at_once",
        facts=(("kind", "inquiry"),)),
    Way("3", "intake.settle_on_spot", Status.RECEIVED,
        lambda c: f.staff(c.tenant_id, "grid_worker", account=41, area=c.division_code),
        _run(intake.settle_on_spot, text="当场清走"), Status.CLOSED, "case.settled_on_spot",
        facts=(("matter", "SPOT"),)),
    Way("4", "intake.decline", Status.RECEIVED, lambda c: f.dispatcher(c.tenant_id),
        _run(intake.decline, ground="other_procedure", text="正在法院审理。", channel="法院"), Status.DECLINED,
        "case.declined"),
    Way("5", "intake.accept_after_objection", Status.DECLINED, lambda c: f.dispatcher(c.tenant_id, account=99),
        _run(intake.accept_after_objection, why="核对后应当受理"), Status.RECEIVED, "case.decline_overturned", _object),
    Way("6", "consultation.open", Status.RECEIVED, lambda c: f.dispatcher(c.tenant_id),
        _run(consultation.open_, question="归谁？",
            invited=lambda c, n: [f.body_id(c.tenant_id, "swj"), f.body_id(c.tenant_id, "cgj")]),
        Status.CONSULTING, "case.consultation_opened"),
    Way("7", "consultation.conclude", Status.CONSULTING, lambda c: f.dispatcher(c.tenant_id),
        _run(consultation.conclude, agreed_body_id=lambda c, n: f.body_id(c.tenant_id, "swj")), Status.RECEIVED,
        "case.consultation_concluded"),
    Way("8", "ruling.rule", Status.CONSULTING, lambda c: f.ruler(c.tenant_id),
        _run(ruling.rule, named_body_id=lambda c, n: f.body_id(c.tenant_id, "psyh"), tenant_code=TOWN,
             why=lambda c, n: f.reasons(c.tenant_id)), Status.OFFERED, "case.ruled"),
    Way("8a", "ruling.uphold", Status.CONSULTING, lambda c: f.ruler(c.tenant_id),
        _run(ruling.uphold, why=lambda c, n: f.reasons(c.tenant_id), tenant_code=TOWN), Status.HANDLING, "case.upheld"),
    Way("9", "dispatch.offer", Status.RECEIVED, lambda c: f.dispatcher(c.tenant_id), _run(dispatch.offer, to=_offer_to),
        Status.OFFERED, "case.offered"),
    Way("10", "handover.sign", Status.OFFERED, f.handler_of, _run(handover.sign), Status.HANDLING, "handover.signed"),
    Way("10", "handover.sign_by_time", Status.OFFERED, lambda c: f.the_clock(c.tenant_id), _run(handover.sign_by_time),
        Status.HANDLING, "handover.signed_by_time"),
    Way("11", "handover.accept_return", Status.HANDLING, lambda c: f.dispatcher(c.tenant_id),
        _run(handover.accept_return),
        Status.RECEIVED, "handover.returned", f.ask_return),
    Way("11", "handover.return_by_time", Status.HANDLING, lambda c: f.the_clock(c.tenant_id),
        _run(handover.return_by_time),
        Status.RECEIVED, "handover.returned_by_time", f.ask_return),
    Way("12", "consultation.contest", Status.HANDLING, lambda c: f.dispatcher(c.tenant_id),
        _run(consultation.contest, question="归谁？"), Status.CONSULTING, "case.contested", f.ask_return),
    Way("13", "dispatch.take_back", Status.OFFERED, lambda c: f.dispatcher(c.tenant_id),
        _run(dispatch.take_back, reason="派错了"), Status.RECEIVED, "case.offer_taken_back"),
    Way("14", "clocks.suspend", Status.HANDLING, lambda c: f.supervisor(c.tenant_id), _run(clocks.suspend),
        Status.SUSPENDED, "case.suspended", f.ask_suspension),
    Way("15", "clocks.resume", Status.SUSPENDED, f.handler_of, _run(clocks.resume), Status.HANDLING, "case.resumed"),
    Way("16", "banking.bank", Status.HANDLING, lambda c: f.office(c.tenant_id), _run(banking.bank), Status.BANKED,
        "case.banked", f.ask_banking),
    Way("17", "banking.take_up", Status.BANKED, lambda c: f.office(c.tenant_id), _run(banking.take_up),
        Status.HANDLING, "case.taken_up"),
    Way("18", "handling.reply", Status.HANDLING, f.handler_of, _run(handling.reply, answer=lambda c, n: f.answer_of(n)),
        Status.REPLIED, "case.replied", _contact_first),
    Way("19", "review.send_back", Status.REPLIED, lambda c: f.reviewer(c.tenant_id),
        _run(review.send_back, elements=review.Elements(True, True, True, False), why="没写何时做完"), Status.HANDLING,
        "case.sent_back"),
    Way("20", "review.approve", Status.REPLIED, lambda c: f.reviewer(c.tenant_id),
        _run(review.approve, elements=f.ALL_FOUR),
        Status.FEEDBACK, "case.reply_approved"),
    Way("21", "feedback.conclude", Status.FEEDBACK, lambda c: f.caller_desk(c.tenant_id), _run(feedback.conclude),
        Status.CLOSED, "case.closed", f.say_not_solved_and_stay),
    Way("22", "rechecking.agree", Status.FEEDBACK, lambda c: f.reviewer(c.tenant_id),
        _run(rechecking.agree, answer_id=f.said_no, why=f.STILL), Status.HANDLING, "case.sent_back_by_feedback",
        f.say_not_solved),
    Way("22", "feedback.send_back", Status.FEEDBACK, lambda c: f.caller_desk(c.tenant_id),
        _run(feedback.send_back, why=f.STILL), Status.HANDLING, "case.sent_back_by_feedback",
        f.say_not_solved_again),
    Way("23", "reopening.reopen", Status.CLOSED, lambda c: f.reviewer(c.tenant_id),
        _run(reopening.reopen, why="又堵了"),
        Status.HANDLING, "case.reopened"),
    Way("24", "reopening.redispatch", Status.CLOSED, lambda c: f.dispatcher(c.tenant_id),
        _run(reopening.redispatch, why="应当由水务办"), Status.RECEIVED, "case.reopened_elsewhere"),
    Way("25", "withdrawing.withdraw", Status.HANDLING, _caller_of, _withdraw, Status.WITHDRAWN, "case.withdrawn"),
    Way("26", "merging.absorb", Status.HANDLING, lambda c: f.dispatcher(c.tenant_id),
        _run(merging.absorb, into=lambda c, n: f.a_case(c.tenant_id, now=n).id), Status.ABSORBED, "case.absorbed"),
    Way("27", "merging.restore", Status.ABSORBED, lambda c: f.dispatcher(c.tenant_id), _run(merging.restore),
        Status.RECEIVED, "case.restored"),
    Way("28", "handling.terminate", Status.HANDLING, lambda c: f.supervisor(c.tenant_id), _run(handling.terminate),
        Status.CLOSED, "case.terminated", _ask_termination),
]  # fmt: skip

every_way = pytest.mark.parametrize("way", WAYS, ids=lambda w: w.verb)


def _facts(way: Way, town: int) -> dict[str, Any]:
    facts = dict(way.facts)
    if facts.get("matter") == "SPOT":
        from jishi.duties import queries as duties

        with scope.work(system(town)):
            facts["matter"] = next(m.code for m in duties.leaves() if m.spot)
    return facts


def _ready(way: Way, town: int) -> tuple[Case, datetime]:
    case = f.a_case_at(town, way.start, **_facts(way, town))
    now = MONDAY_TEN + timedelta(hours=6)
    if way.prepare:
        way.prepare(case, now)
    return f.again(town, case.id), now + timedelta(minutes=5)


def _picture(town: int, case_id: int) -> tuple[Any, ...]:
    with scope.work(system(town)):
        case = Case.objects.get(id=case_id)
        return (
            case.version, case.status, case.lead_id,
            tuple(Handover.objects.filter(case=case).order_by("id").values_list("id", "status", "version")),
            tuple(Clock.objects.filter(case=case).order_by("id").values_list("id", "stopped_at", "due_at", "version")),
            len(trail.of("case", case.id)),
        )  # fmt: skip


def test_every_verb_of_the_table_has_its_way_here() -> None:
    assert {m.verb for m in CASE.moves if not m.is_birth} == {w.verb for w in WAYS}


class TestEveryMove:
    @every_way
    def test_leads_where_the_table_says_and_leaves_one_entry(self, way: Way, town: int) -> None:
        case, now = _ready(way, town)
        before = _picture(town, case.id)

        way.perform(case, way.right(case), now)

        after = _picture(town, case.id)
        assert after[1] == way.end
        assert after[0] > before[0]
        with scope.work(system(town)):
            entries = trail.of("case", case.id)
        assert len(entries) == before[5] + 1
        assert entries[-1].verb == way.entry

    @every_way
    def test_refuses_the_wrong_person_and_changes_nothing(self, way: Way, town: int) -> None:
        case, now = _ready(way, town)
        before = _picture(town, case.id)

        with pytest.raises((NotAllowed, NotFound)):
            way.perform(case, f.stranger(town), now)

        assert _picture(town, case.id) == before

    @every_way
    def test_refuses_the_wrong_moment_and_changes_nothing(self, way: Way, town: int) -> None:
        allowed = {s for m in CASE.moves if m.verb == way.verb for s in m.sources}
        wrong = next(s for s in (Status.CLOSED, Status.RECEIVED, Status.REPLIED) if s not in allowed)
        case = f.a_case_at(town, wrong)
        before = _picture(town, case.id)
        actor = f.handler_of(case) if way.right is f.handler_of and case.lead_id else _somebody(way, case)

        with pytest.raises((WrongMoment, NotAllowed, NotFound)) as no:
            way.perform(case, actor, MONDAY_TEN + timedelta(hours=9))

        assert _picture(town, case.id) == before
        if isinstance(no.value, WrongMoment):
            assert no.value.facts["state"] == wrong

    @every_way
    def test_leaves_no_running_clock_on_an_ended_case_and_one_where_the_state_needs_it(
        self, way: Way, town: int
    ) -> None:
        case, now = _ready(way, town)

        way.perform(case, way.right(case), now)

        with scope.work(system(town)):
            running = set(Clock.objects.filter(case=case, stopped_at=None).values_list("kind", flat=True))
        state = CASE.state(f.again(town, case.id).status)
        assert not running if state.is_end else running & set(state.runs), (state.code, running)


def _somebody(way: Way, case: Case) -> Actor:
    """The right actor as far as the case has one."""
    try:
        return way.right(case)
    except AssertionError:
        return f.dispatcher(case.tenant_id)

"""A case at any moment of its life, reached by living it. Other rooms' tests use these."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from django.utils.timezone import localdate

from conftest import MONDAY_TEN, TOWN
from jishi.bodies import queries as bodies
from jishi.cases.actions import (
    arrival,
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
    review,
    ruling,
)
from jishi.cases.actions import exclusion as excluding
from jishi.cases.models import Case, Exclusion, Feedback, Handover
from jishi.cases.states import Status
from jishi.duties import queries as duties
from jishi.foundation import scope
from jishi.foundation.actor import Actor, clock, system
from jishi.foundation.refusals import NotFound

DRAIN = "翠竹苑3号楼北门口的雨水井堵了，一下雨就积水，老人出门要踩着砖走。"
ANSWER = "11月18日已与您电话联系。雨水井已清掏，水能下去，两天后再看一次。"
REASON = "要等备件到货，厂家说三天以后能到，到了当天就装。"  # for more time, as the caller reads it
ALL_FOUR = review.Elements(time_of_contact=True, with_whom=True, measures=True, by_when=True)


def staff(town: int, *roles: str, account: int = 1, body: str = "", area: str = "") -> Actor:
    """Somebody in a post with these roles, for this body."""
    ids = frozenset({body_id(town, body)}) if body else frozenset()
    return Actor(
        tenant_id=town,
        kind="staff",
        account_id=account,
        post_id=account,
        roles=frozenset(roles),
        body_ids=ids,
        area=area,
    )


def body_id(town: int, code: str) -> int:
    with scope.work(system(town)):
        return next(b.id for b in bodies.names().values() if b.code == code)


def operator(town: int) -> Actor:
    return staff(town, "operator", account=11, body="sqzx")


def dispatcher(town: int, account: int = 12) -> Actor:
    return staff(town, "dispatcher", account=account, body="sqzx")


def reviewer(town: int) -> Actor:
    return staff(town, "reviewer", account=13, body="sqzx")


def caller_desk(town: int) -> Actor:
    return staff(town, "feedback", account=14, body="hfzx")


def ruler(town: int) -> Actor:
    return staff(town, "ruler", account=15, body="ldxz")


def supervisor(town: int, account: int = 17) -> Actor:
    return staff(town, "supervisor", account=account, body="sqzx")


def office(town: int, account: int = 18) -> Actor:
    return staff(town, "office", account=account, body="ldxz")


def handler(town: int, body: str) -> Actor:
    return staff(town, "handler", account=21, body=body)


def handler_of(case: Case) -> Actor:
    """Somebody of the body that holds the case."""
    assert case.lead_id is not None
    return Actor(
        tenant_id=case.tenant_id, kind="staff", account_id=21, post_id=21, roles=frozenset({"handler"}),
        body_ids=frozenset({case.lead_id}),
    )  # fmt: skip


def stranger(town: int) -> Actor:
    """Somebody of a body that has nothing to do with the case."""
    return staff(town, "handler", account=31, body="wlj") if _has(town, "wlj") else staff(town, "handler", account=31)


def the_clock(town: int) -> Actor:
    return clock(town, "sweep:test")


def _has(town: int, code: str) -> bool:
    with scope.work(system(town)):
        return any(b.code == code for b in bodies.names().values())


def receive(town: int, *, now: datetime = MONDAY_TEN, by: Actor | None = None, **facts: Any) -> intake.Received:
    """Take a report in; by default a phone call about a blocked drain."""
    given = {"text": DRAIN, "channel": "phone", "matter": "01.02.01", "caller_contact": "13900000417", **facts}
    actor = by or operator(town)
    with scope.work(actor):
        return intake.receive(arrival.Incoming(**given), by=actor, now=now, tenant_code=TOWN)


def a_case(town: int, *, now: datetime = MONDAY_TEN, **facts: Any) -> Case:
    """A case that has just come in."""
    done = receive(town, now=now, **facts)
    return again(town, done.case_id)


def again(town: int, case_id: int) -> Case:
    """Read a case afresh."""
    with scope.work(system(town)):
        return Case.objects.get(id=case_id)


def routed_body(case: Case) -> tuple[int, int | None]:
    """The body that the lists name for the case, and the item; the street where they name several."""
    from jishi.cases.triage import routing

    with scope.work(system(case.tenant_id)):
        routed = routing.route_case(case, now=MONDAY_TEN)
        if routed.body_id is not None and routed.item is not None:
            return routed.body_id, routed.item.id
        body, row = routed.candidates[0]
        return body, row.id


def some_item(town: int) -> int:
    """Any line of the lists, to cite."""
    from django.utils.timezone import localdate

    with scope.work(system(town)):
        return min(row.id for row in duties.law(localdate(MONDAY_TEN)).items.values())


def do(actor: Actor, verb: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    """Perform a verb in a scope of its own, as an edge does."""
    with scope.work(actor):
        return verb(*args, by=actor, **kwargs)


def a_case_at(town: int, status: Status, *, now: datetime = MONDAY_TEN, **facts: Any) -> Case:
    """A case that has lived up to `status`, an hour a step."""
    case = a_case(town, now=now, **facts)
    for reached, live in _ROAD[status]:
        now += timedelta(hours=1)
        live(case, now)
        case = again(town, case.id)
        assert case.status == reached, (case.status, reached)
    return case


def _offer(case: Case, now: datetime) -> None:
    body, item = routed_body(case)
    do(dispatcher(case.tenant_id), dispatch.offer, case.id, to=dispatch.Offer(body, item), now=now)


def _sign(case: Case, now: datetime) -> None:
    do(handler_of(case), handover.sign, case.id, now=now)


def contact(case: Case, now: datetime) -> None:
    do(handler_of(case), handling.note_contact, case.id, how="phone", reached="yes", gist="问清了位置", now=now)


def answer_of(now: datetime) -> handling.Answer:
    return handling.Answer(
        outcome="solved", text_for_caller=ANSWER, what_was_done="清掏", contacted_at=now, contacted_how="phone"
    )


def _reply(case: Case, now: datetime) -> None:
    contact(case, now)
    do(handler_of(case), handling.reply, case.id, answer=answer_of(now), now=now)


def _approve(case: Case, now: datetime) -> None:
    do(reviewer(case.tenant_id), review.approve, case.id, elements=ALL_FOUR, now=now)


def _conclude(case: Case, now: datetime) -> None:
    do(the_clock(case.tenant_id), feedback.conclude, case.id, now=now)


def _decline(case: Case, now: datetime) -> None:
    do(
        dispatcher(case.tenant_id), intake.decline, case.id, ground="other_procedure",
        text="这件事正在法院审理，请等判决。", channel="县人民法院诉讼服务中心", now=now,
    )  # fmt: skip


def _absorb(case: Case, now: datetime) -> None:
    home = a_case(case.tenant_id, now=now)
    do(dispatcher(case.tenant_id), merging.absorb, case.id, into=home.id, now=now)


def ask_return(case: Case, now: datetime, *, ground: str = "not_our_duty") -> None:
    town = case.tenant_id
    proposed = body_id(town, "cgj")
    why = handover.Return(ground, "井盖和路面没有损坏，是井内堵塞。", some_item(town), proposed)
    do(handler_of(case), handover.return_, case.id, why=why, now=now)


def _contest(case: Case, now: datetime) -> None:
    ask_return(case, now)
    do(dispatcher(case.tenant_id), consultation.contest, case.id, question="雨水井堵塞归谁？", now=now)


def pause(now: datetime, *, ground: str = "awaiting_caller", days: int = 8, evidence: str = "",
          told: str = "请告诉我们哪天有人在家，好上门看。") -> clocks.Pause:  # fmt: skip
    return clocks.Pause(ground, "上门三次都没有人", localdate(now) + timedelta(days=days), told, evidence)


def ask_suspension(case: Case, now: datetime, **what: Any) -> None:
    do(handler_of(case), clocks.ask_suspension, case.id, what=pause(now, **what), now=now)


def suspend(case: Case, now: datetime) -> None:
    ask_suspension(case, now)
    do(supervisor(case.tenant_id), clocks.suspend, case.id, now=now)


def ask_extension(case: Case, now: datetime, *, workdays: int = 3, reason: str = REASON) -> None:
    do(handler_of(case), clocks.ask_extension, case.id, workdays=workdays, reason_for_caller=reason, now=now)


def wanted(now: datetime, *, days: int = 90, told: str = "") -> banking.Wanted:
    told = told or "要接通上游的管网才能根治，已列入明年的改造，每季度告诉您到哪一步了。"
    return banking.Wanted("上游管网还没有改造", "上游管网改造完成", told, localdate(now) + timedelta(days=days))


def ask_banking(case: Case, now: datetime, **what: Any) -> None:
    do(handler_of(case), banking.ask, case.id, what=wanted(now, **what), now=now)


def _bank(case: Case, now: datetime) -> None:
    ask_banking(case, now)
    do(office(case.tenant_id), banking.bank, case.id, now=now)


PROVED = "现场照片和台账都对得上，诉求里说的设施不存在。"  # why an exclusion is granted


def exclusion(**more: Any) -> excluding.Wanted:
    given = {"rates": ["solved"], "ground": "not_true", "evidence": "现场照片三张", "from_period": "2026-03",
             "told_caller": "核查后没有找到您说的设施，这一件不计入解决率。"}  # fmt: skip
    return excluding.Wanted(**{**given, **more})


def ask_exclusion(case: Case, now: datetime, **what: Any) -> None:
    do(handler_of(case), excluding.ask, case.id, what=exclusion(**what), now=now)


def exclude(case: Case, now: datetime) -> None:
    ask_exclusion(case, now)
    row = exclusion_of(case)
    do(supervisor(case.tenant_id), excluding.decide, row.id, verdict="approved", why=PROVED, now=now)


def exclusion_of(case: Case) -> Exclusion:
    with scope.work(system(case.tenant_id)):
        return Exclusion.objects.filter(case=case).order_by("-id")[0]


def offer_to(case: Case, body: str, now: datetime) -> None:
    """Offer a case to a body that the lists did not choose."""
    to = dispatch.Offer(body_id(case.tenant_id, body), some_item(case.tenant_id), why="现场看过，是他们的设施")
    do(dispatcher(case.tenant_id), dispatch.offer, case.id, to=to, now=now)


_TO_OFFERED = [(Status.OFFERED, _offer)]
_TO_HANDLING = [*_TO_OFFERED, (Status.HANDLING, _sign)]
_TO_REPLIED = [*_TO_HANDLING, (Status.REPLIED, _reply)]
_TO_FEEDBACK = [*_TO_REPLIED, (Status.FEEDBACK, _approve)]
_ROAD: dict[Status, list[tuple[Status, Callable[[Case, datetime], None]]]] = {
    Status.RECEIVED: [],
    Status.OFFERED: _TO_OFFERED,
    Status.HANDLING: _TO_HANDLING,
    Status.CONSULTING: [*_TO_HANDLING, (Status.CONSULTING, _contest)],
    Status.SUSPENDED: [*_TO_HANDLING, (Status.SUSPENDED, suspend)],
    Status.BANKED: [*_TO_HANDLING, (Status.BANKED, _bank)],
    Status.REPLIED: _TO_REPLIED,
    Status.FEEDBACK: _TO_FEEDBACK,
    Status.CLOSED: [*_TO_FEEDBACK, (Status.CLOSED, _conclude)],
    Status.DECLINED: [(Status.DECLINED, _decline)],
    Status.ABSORBED: [(Status.ABSORBED, _absorb)],
}


def lead_of(case: Case) -> Handover:
    with scope.work(system(case.tenant_id)):
        return Handover.objects.filter(case=case, role="lead").order_by("-id")[0]


def say_not_solved(case: Case, now: datetime) -> None:
    with scope.work(system(case.tenant_id)):
        row = Feedback.objects.filter(case=case).order_by("-id").first()
    if row is None:
        raise NotFound
    do(caller_desk(case.tenant_id), feedback.answer, row.id, answers=feedback.Answers("yes", "no", "not"), now=now)


STILL = "只清了一半，北门口还积水，请把整段管道疏通。"  # what a body still has to do
NOT_BACK = "今天上午到现场看过，井是通的，雨后没有积水。"  # why it does not go back


def said_no(case: Case, now: datetime) -> int:
    """The answer "not solved" that waits for a reviewer, the oldest first."""
    with scope.work(system(case.tenant_id)):
        return next((row.id for row in rechecking.standing(case)), 0)


def agree(case: Case, now: datetime, by: Actor | None = None) -> None:
    do(by or reviewer(case.tenant_id), rechecking.agree, case.id, answer_id=said_no(case, now), why=STILL, now=now)


def disagree(case: Case, now: datetime, by: Actor | None = None) -> None:
    do(by or reviewer(case.tenant_id), rechecking.disagree, case.id, answer_id=said_no(case, now),
       ground="done_as_said", why=NOT_BACK, now=now)  # fmt: skip


def say_not_solved_and_stay(case: Case, now: datetime) -> None:
    """Somebody says it is not solved, twice, and two reviewers find that it is: nobody needs to wait any more."""
    for account in (62, 63):
        say_not_solved(case, now)
        disagree(case, now, replace(reviewer(case.tenant_id), account_id=account))


def to_feedback_again(case: Case, now: datetime) -> Case:
    """From HANDLING on, as far as the callers being asked once more."""
    _reply(again(case.tenant_id, case.id), now)
    _approve(case, now)
    return again(case.tenant_id, case.id)


def say_not_solved_again(case: Case, now: datetime) -> None:
    """It is said not to be solved, handled again, and said a second time."""
    say_not_solved(case, now)
    agree(case, now)
    say_not_solved(to_feedback_again(case, now), now)


def drawn(case: Case) -> Case:
    """Let every caller of the case be among those whom the draw names; the draw itself is tests/test_samples.py."""
    with scope.work(system(case.tenant_id)):
        Feedback.objects.filter(case=case).update(sampled=True)
    return case


def reasons(town: int) -> ruling.Reasons:
    return ruling.Reasons([some_item(town)], "井内堵塞的疏通养护在清单上写明，由被点名的单位办理，理由见条目。")

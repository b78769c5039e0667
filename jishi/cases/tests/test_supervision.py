"""People who push: urging moves nothing, a supervision has a life and a clock of its own (spec 10 §7)."""

from datetime import timedelta
from typing import Any

import pytest

from conftest import MONDAY_TEN
from jishi.accounts.tests.factories import a_grant, an_account
from jishi.cases.actions import feedback, handling, supervision, sweeping, urging
from jishi.cases.models import Case, Clock, Supervision, Urging
from jishi.cases.refusals import GroundNeeded, SamePerson
from jishi.cases.states import Status
from jishi.cases.tests import factories as f
from jishi.foundation import scope, trail
from jishi.foundation.actor import Actor, system
from jishi.foundation.refusals import NotAllowed, NotFound, WrongMoment

NOON = MONDAY_TEN + timedelta(hours=4)
DAY = timedelta(days=1)
ANSWER = "已经派人到现场，备件明天到，后天下午四点前装好并回访。"
GIVEN: dict[str, Any] = {"ground": "shirking", "demand": "三天没有到现场，请说明原因和办完的日子。"}


def caller_of(case: Case) -> Actor:
    with scope.work(system(case.tenant_id)):
        report = case.memberships.order_by("id").values_list("report_id", flat=True)[0]
    return Actor(tenant_id=case.tenant_id, kind="reporter", report_id=report)


def entries(case: Case) -> list[str]:
    with scope.work(system(case.tenant_id)):
        return [e.verb for e in trail.of("case", case.id)]


def supervised(town: int) -> Case:
    case = f.a_case_at(town, Status.HANDLING)
    f.do(f.supervisor(town), supervision.open_, case.id, now=NOON, **GIVEN)
    return f.again(town, case.id)


def answered(town: int) -> Case:
    case = supervised(town)
    f.do(f.handler_of(case), supervision.answer, case.id, text=ANSWER, now=NOON + DAY)
    return f.again(town, case.id)


def row_of(case: Case) -> Supervision:
    with scope.work(system(case.tenant_id)):
        return Supervision.objects.get(case=case)


def clocks_of(case: Case) -> list[tuple[Any, ...]]:
    with scope.work(system(case.tenant_id)):
        return list(Clock.objects.filter(case=case).order_by("id").values_list("kind", "due_at", "stopped_at"))


class TestUrge:
    @pytest.mark.parametrize("status", [Status.RECEIVED, Status.OFFERED, Status.HANDLING, Status.SUSPENDED])
    def test_leaves_state_and_clocks_as_they_are_and_one_entry(self, status: Status, town: int) -> None:
        case = f.a_case_at(town, status)
        before, had = clocks_of(case), entries(case)

        f.do(f.dispatcher(town), urging.urge, case.id, words="雨天将到，请尽快", now=NOON)

        again = f.again(town, case.id)
        assert (again.status, again.status_since) == (case.status, case.status_since)
        assert clocks_of(case) == before
        assert entries(case) == [*had, "case.urged"]

    def test_is_once_a_day_from_the_same_person_in_whichever_post(self, town: int) -> None:
        case = f.a_case_at(town, Status.HANDLING)
        one = f.supervisor(town)
        f.do(one, urging.urge, case.id, words="请尽快", now=NOON)

        with pytest.raises(urging.UrgedAlready):
            f.do(f.staff(town, "office", account=one.account_id or 0, body="ldxz"), urging.urge, case.id,
                 words="请尽快", now=NOON + timedelta(hours=2))  # fmt: skip
        f.do(f.dispatcher(town), urging.urge, case.id, words="请尽快", now=NOON)
        f.do(one, urging.urge, case.id, words="请尽快", now=NOON + DAY)

    def test_is_once_a_week_from_the_caller(self, town: int) -> None:
        case = f.a_case_at(town, Status.HANDLING)
        caller = caller_of(case)
        f.do(caller, urging.urge, case.id, words="还没有人来看", now=NOON)

        with pytest.raises(urging.UrgedAlready) as no:
            f.do(caller, urging.urge, case.id, words="还没有人来看", now=NOON + 6 * DAY)
        f.do(caller, urging.urge, case.id, words="还没有人来看", now=NOON + 7 * DAY)

        assert no.value.facts["next"] == "2026-03-16"

    def test_keeps_no_phone_number_that_was_typed_into_it(self, town: int) -> None:
        case = f.a_case_at(town, Status.HANDLING)

        f.do(caller_of(case), urging.urge, case.id, words="打我电话 13900000418", now=NOON)

        with scope.work(system(town)):
            assert "13900000418" not in Urging.objects.get(case=case).words

    def test_refuses_the_holder_itself_a_stranger_and_an_ended_case(self, town: int) -> None:
        case, ended = f.a_case_at(town, Status.HANDLING), f.a_case_at(town, Status.CLOSED)

        for who in (f.handler_of(case), f.stranger(town)):
            with pytest.raises((NotAllowed, NotFound)):
                f.do(who, urging.urge, case.id, words="快", now=NOON)
        with pytest.raises(WrongMoment):
            f.do(f.dispatcher(town), urging.urge, ended.id, words="快", now=NOON)

        assert f.again(town, case.id).version == case.version

    @pytest.mark.parametrize("words", ["", "  "])
    def test_says_something(self, words: str, town: int) -> None:
        case = f.a_case_at(town, Status.HANDLING)

        with pytest.raises(GroundNeeded):
            f.do(f.dispatcher(town), urging.urge, case.id, words=words, now=NOON)


class TestSupervise:
    def test_opens_with_a_clock_of_two_working_days_of_the_body(self, town: int) -> None:
        case = f.a_case_at(town, Status.HANDLING)
        had = entries(case)

        f.do(f.supervisor(town), supervision.open_, case.id, now=NOON, **GIVEN)

        row = row_of(case)
        with scope.work(system(town)):
            clock = Clock.objects.get(id=row.clock_id or 0)
        assert (row.status, clock.kind, clock.amount, clock.owner_body_id) == (
            "OPENED", "supervision", "2wd", case.lead_id
        )  # fmt: skip
        assert entries(case) == [*had, "supervision.opened"]
        assert f.again(town, case.id).status == Status.HANDLING

    def test_is_answered_by_that_body_and_its_clock_stops(self, town: int) -> None:
        case = answered(town)

        row = row_of(case)
        assert row.status == "ANSWERED"
        assert {k: s for k, _d, s in clocks_of(case)}["supervision"] is not None

    def test_is_lifted_by_the_same_supervisor_only(self, town: int) -> None:
        case = answered(town)
        other = f.supervisor(town, account=91)

        with pytest.raises(supervision.OnlyTheSameSupervisor):
            f.do(other, supervision.lift, case.id, why="办完了", now=NOON + DAY)
        assert row_of(case).status == "ANSWERED"

        f.do(f.supervisor(town), supervision.lift, case.id, why="办完了", now=NOON + DAY)
        assert row_of(case).status == "LIFTED"

    def test_may_be_lifted_by_whoever_holds_the_same_post_now(self, town: int) -> None:
        case = answered(town)
        successor = Actor(
            tenant_id=town, kind="staff", account_id=92, post_id=f.supervisor(town).post_id,
            roles=frozenset({"supervisor"}), body_ids=f.supervisor(town).body_ids,
        )  # fmt: skip

        f.do(successor, supervision.lift, case.id, why="办完了", now=NOON + DAY)

        assert row_of(case).status == "LIFTED"

    @pytest.mark.parametrize("shut_out", ["his body", "himself", "nobody"])
    def test_is_judged_by_the_next_above_where_whoever_opened_it_stands_aside_by_now(
        self, shut_out: str, town: int
    ) -> None:
        opener = an_account(town)
        a_grant(opener, "supervisor", body_id=f.body_id(town, "sqzx"), post_id=9902, post_title="督办员")
        case = f.a_case_at(town, Status.HANDLING)
        f.do(f.supervisor(town, account=opener.id), supervision.open_, case.id, now=NOON, **GIVEN)
        f.do(f.handler_of(case), supervision.answer, case.id, text=ANSWER, now=NOON + DAY)
        with scope.work(system(town)):
            if shut_out == "his body":
                Case.objects.filter(id=case.id).update(accused_body_ids=[f.body_id(town, "sqzx")], visibility="parties")
            if shut_out == "himself":
                Case.objects.filter(id=case.id).update(aside_account_ids=[opener.id])
        office = f.office(town)
        if shut_out == "nobody":
            with pytest.raises(supervision.OnlyTheSameSupervisor):
                f.do(office, supervision.lift, case.id, why="办完了", now=NOON + DAY)
            return
        with pytest.raises(NotFound):
            f.do(f.supervisor(town, account=opener.id), supervision.lift, case.id, why="办完了", now=NOON + DAY)

        f.do(office, supervision.open_again, case.id, missing="没写何时办完", now=NOON + 2 * DAY)
        f.do(f.handler_of(case), supervision.answer, case.id, text=ANSWER, now=NOON + 2 * DAY)
        f.do(office, supervision.lift, case.id, why="办完了", now=NOON + 2 * DAY)

        assert row_of(case).status == "LIFTED"

    def test_is_opened_again_with_a_new_clock(self, town: int) -> None:
        case = answered(town)

        f.do(f.supervisor(town), supervision.open_again, case.id, missing="没写何时办完", now=NOON + 2 * DAY)

        row = row_of(case)
        assert (row.status, row.rounds, row.demand) == ("OPENED", 2, "没写何时办完")
        assert [s for k, _d, s in clocks_of(case) if k == "supervision"][-1] is None

    @pytest.mark.parametrize("who", ["handler", "dispatcher", "stranger", "other"])
    def test_is_opened_by_a_supervisor_outside_the_matter(self, who: str, town: int) -> None:
        case = f.a_case_at(town, Status.HANDLING)
        own = f.handler_of(case)
        actor = {
            "handler": own, "dispatcher": f.dispatcher(town), "stranger": f.stranger(town),
            "other": Actor(tenant_id=town, kind="staff", account_id=93, roles=frozenset({"supervisor"}),
                           body_ids=own.body_ids),
        }[who]  # fmt: skip

        with pytest.raises((NotAllowed, NotFound)):
            f.do(actor, supervision.open_, case.id, now=NOON, **GIVEN)

        assert f.again(town, case.id).version == case.version

    def test_is_answered_by_nobody_else(self, town: int) -> None:
        case = supervised(town)

        for who in (f.stranger(town), f.supervisor(town), f.dispatcher(town)):
            with pytest.raises((NotAllowed, NotFound)):
                f.do(who, supervision.answer, case.id, text=ANSWER, now=NOON)
        assert row_of(case).status == "OPENED"

    def test_is_not_lifted_by_the_person_who_answered(self, town: int) -> None:
        case = answered(town)
        same = f.staff(town, "supervisor", account=f.handler_of(case).account_id or 0, body="sqzx")

        with pytest.raises(SamePerson):
            f.do(same, supervision.lift, case.id, why="办完了", now=NOON + DAY)

    def test_refuses_the_wrong_moment(self, town: int) -> None:
        free, opened, closed = a_free_case(town), supervised(town), f.a_case_at(town, Status.CLOSED)

        with pytest.raises(supervision.NobodyToSupervise):
            f.do(f.supervisor(town), supervision.open_, free.id, now=NOON, **GIVEN)
        with pytest.raises(supervision.SupervisedAlready):
            f.do(f.supervisor(town), supervision.open_, opened.id, now=NOON, **GIVEN)
        with pytest.raises(WrongMoment):
            f.do(f.supervisor(town), supervision.lift, opened.id, why="好", now=NOON)
        with pytest.raises(WrongMoment):
            f.do(f.supervisor(town), supervision.open_, closed.id, now=NOON, **GIVEN)
        with pytest.raises(supervision.AnswerLength):
            f.do(f.handler_of(opened), supervision.answer, opened.id, text="马上办", now=NOON)

    def test_on_the_ground_overdue_needs_a_late_clock(self, town: int) -> None:
        case = f.a_case_at(town, Status.HANDLING)
        late = MONDAY_TEN + 30 * DAY

        with pytest.raises(supervision.NotOverdue):
            f.do(f.supervisor(town), supervision.open_, case.id, ground="overdue", demand="请说明", now=NOON)
        f.do(f.supervisor(town), supervision.open_, case.id, ground="overdue", demand="请说明", now=late)

    def test_leaves_no_clock_on_a_case_that_ends_and_can_still_be_answered(self, town: int) -> None:
        case = supervised(town)
        f._reply(case, NOON)
        f._approve(case, NOON)
        f.do(f.the_clock(town), feedback.conclude, case.id, now=NOON + 9 * DAY)

        f.do(f.handler(town, "psyh"), supervision.answer, case.id, text=ANSWER, now=NOON + 9 * DAY)

        assert all(stopped for _k, _d, stopped in clocks_of(case))
        assert row_of(case).status == "ANSWERED"

    def test_expires_before_the_leading_office_and_stays_open(self, town: int) -> None:
        case = supervised(town)

        sweeping.sweep(by=f.the_clock(town), now=NOON + 5 * DAY)

        with scope.work(system(town)):
            told = [e.codes for e in trail.of("case", case.id) if e.verb == "clock.expired"]
        assert {"kind": "supervision", "then": "clocks.tell_leading_office"} in told
        assert row_of(case).status == "OPENED"


def a_free_case(town: int) -> Case:
    return f.a_case(town)


def test_a_word_of_progress_changes_no_supervision(town: int) -> None:
    case = supervised(town)
    before = clocks_of(case)

    f.do(f.handler_of(case), handling.note_progress, case.id, text="在等备件。", now=NOON + DAY)

    assert clocks_of(case) == before

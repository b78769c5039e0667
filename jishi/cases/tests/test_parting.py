"""Joining, leaving, splitting, withdrawing: no report is ever without a case (spec 10 §4; row 25)."""

from datetime import timedelta
from typing import Any

import pytest

from conftest import MONDAY_TEN, TOWN
from jishi.accounts.tests.factories import an_account
from jishi.cases.actions import intake, merging
from jishi.cases.models import Banking, Case, Feedback, Membership
from jishi.cases.refusals import (
    AlreadyAMember,
    CommunityAlready,
    ConfidentialStandsAlone,
    GroundNeeded,
    LastReport,
    NotAMember,
    TooFewParts,
    UnknownMatter,
)  # fmt: skip
from jishi.cases.states import Status
from jishi.cases.tests import factories as f
from jishi.cases.tests.merge_steps import (
    LATER,
    NEXT_DAY,
    absorb,
    entries,
    leave,
    members,
    picture,
    report_of,
    the_caller,
    withdraw,
)  # fmt: skip
from jishi.foundation import scope
from jishi.foundation.actor import Actor, system
from jishi.foundation.refusals import NotAllowed, NotFound, Stale, WrongMoment


@pytest.fixture
def two(town: int) -> tuple[Case, Case]:
    """One that has just come in, and an older one that somebody handles."""
    home = f.a_case_at(town, Status.HANDLING, now=MONDAY_TEN)
    return f.a_case(town, now=MONDAY_TEN + timedelta(hours=5)), home


class TestJoinAndLeave:
    def test_joining_belongs_to_both(self, two: tuple[Case, Case]) -> None:
        case, home = two
        said = report_of(case)

        f.do(f.dispatcher(case.tenant_id), merging.join, home.id, report_id=said.id, why="也说了这件", now=LATER)

        assert members(case) == {said.id}
        assert said.id in members(home)
        assert entries(home)[-1] == "case.joined"

    def test_a_desk_of_another_place_takes_no_report_that_it_does_not_see(self, two: tuple[Case, Case]) -> None:
        case, home = two
        with scope.work(system(case.tenant_id)):
            Case.objects.filter(id=case.id).update(division_code="999999000000")
        there = f.staff(case.tenant_id, "dispatcher", account=12, body="sqzx", area=home.division_code[:6])
        before = picture(case.tenant_id, case.id, home.id)

        with pytest.raises(NotFound):
            f.do(there, merging.join, home.id, report_id=report_of(case).id, now=LATER)

        assert picture(case.tenant_id, case.id, home.id) == before

    def test_joining_twice_is_refused(self, two: tuple[Case, Case]) -> None:
        case, _home = two

        with pytest.raises(AlreadyAMember):
            f.do(f.dispatcher(case.tenant_id), merging.join, case.id, report_id=report_of(case).id, now=LATER)

    def test_joining_keeps_the_confidential_apart(self, town: int) -> None:
        sealed, plain = f.a_case(town, voice="confidential"), f.a_case(town)

        with pytest.raises(ConfidentialStandsAlone):
            f.do(f.dispatcher(town), merging.join, plain.id, report_id=report_of(sealed).id, now=LATER)

    def test_leaving_gives_a_case_of_its_own_like_the_one_it_left(self, two: tuple[Case, Case]) -> None:
        case, home = two
        said = report_of(case)
        absorb(case, home)

        fresh = leave(home, said.id)

        assert members(fresh) == {said.id}
        assert (fresh.status, fresh.matter, fresh.previous_case_id) == (Status.RECEIVED, home.matter, home.id)
        assert (entries(home)[-1], entries(fresh)) == ("case.left", ["case.parted"])

    def test_leaving_where_it_belongs_elsewhere_makes_no_case(self, two: tuple[Case, Case]) -> None:
        case, home = two
        said = report_of(case)
        f.do(f.dispatcher(case.tenant_id), merging.join, home.id, report_id=said.id, now=LATER)

        stays = leave(home, said.id, now=NEXT_DAY)

        assert stays.id == case.id
        assert said.id not in members(home)

    def test_the_last_report_does_not_leave(self, two: tuple[Case, Case]) -> None:
        before = picture(two[0].tenant_id, two[0].id)

        with pytest.raises(LastReport):
            leave(two[0], report_of(two[0]).id)

        assert picture(two[0].tenant_id, two[0].id) == before

    def test_but_from_a_community_case_it_may(self, two: tuple[Case, Case]) -> None:
        case = two[0]
        said = report_of(case)
        f.do(f.dispatcher(case.tenant_id), merging.keep_as_community, case.id, why="井盖没了，谁都会摔", now=LATER)

        fresh = leave(case, said.id, now=NEXT_DAY)

        left = f.again(case.tenant_id, case.id)
        assert (left.community, left.reports_count, left.status) == (True, 0, Status.RECEIVED)
        assert members(fresh) == {said.id}

    def test_a_community_case_needs_a_reason_and_the_desk(self, two: tuple[Case, Case]) -> None:
        town = two[0].tenant_id
        keep = merging.keep_as_community
        with pytest.raises(GroundNeeded):
            f.do(f.dispatcher(town), keep, two[0].id, why=" ", now=LATER)
        with pytest.raises((NotAllowed, NotFound)):
            f.do(f.stranger(town), keep, two[0].id, why="危险", now=LATER)
        f.do(f.dispatcher(town), keep, two[0].id, why="危险", now=LATER)
        with pytest.raises(CommunityAlready):
            f.do(f.dispatcher(town), keep, two[0].id, why="危险", now=LATER)

    def test_a_stranger_to_the_case_cannot_leave_it(self, two: tuple[Case, Case]) -> None:
        with pytest.raises(NotAMember):
            leave(two[0], report_of(two[1]).id)

    @pytest.mark.parametrize("ended", [Status.CLOSED, Status.DECLINED])
    def test_neither_is_possible_on_an_ended_case(self, ended: Status, town: int) -> None:
        over, case = f.a_case_at(town, ended), f.a_case(town)

        with pytest.raises(WrongMoment):
            f.do(f.dispatcher(town), merging.join, over.id, report_id=report_of(case).id, now=LATER)
        with pytest.raises(WrongMoment):
            leave(over, report_of(over).id)

    @pytest.mark.parametrize("who", [f.stranger, f.reviewer, f.operator])
    def test_both_are_for_the_dispatcher(self, who: Any, two: tuple[Case, Case]) -> None:
        case, home = two
        before = picture(case.tenant_id, case.id, home.id)

        with pytest.raises((NotAllowed, NotFound)):
            f.do(who(case.tenant_id), merging.join, home.id, report_id=report_of(case).id, now=LATER)
        with pytest.raises((NotAllowed, NotFound)):
            given = {"report_id": report_of(home).id, "tenant_code": TOWN, "now": LATER}
            f.do(who(case.tenant_id), merging.leave, home.id, **given)

        assert picture(case.tenant_id, case.id, home.id) == before


class TestSplit:
    PARTS = (merging.Part("雨水井堵了"), merging.Part("楼道灯不亮", ""))

    def split(self, case: Case, parts: Any = PARTS, by: Actor | None = None, **more: Any) -> list[Case]:
        given = {"case_id": case.id, "parts": parts, "tenant_code": TOWN, "now": LATER, **more}
        done: list[Case] = f.do(by or f.dispatcher(case.tenant_id), merging.split, report_of(case).id, **given)
        return done

    def test_makes_one_case_for_each_part(self, town: int) -> None:
        case = f.a_case(town)
        said = report_of(case)

        first, second = self.split(case)

        assert first.id == case.id
        assert members(second) == members(first) == {said.id}
        with scope.work(system(town)):
            rows = Membership.objects.filter(report=said, to_at=None).values_list("case_id", "part_text")
        assert dict(rows) == {first.id: "雨水井堵了", second.id: "楼道灯不亮"}
        assert (second.title, second.matter, second.promise_due_at) == ("楼道灯不亮", "", case.promise_due_at)
        assert (entries(case)[-1], entries(second)) == ("case.split", ["case.parted_of"])

    def test_refuses_fewer_than_two_parts(self, town: int) -> None:
        case = f.a_case(town)
        before = picture(town, case.id)

        for parts in ((), self.PARTS[:1], (*self.PARTS[:1], merging.Part("  "))):
            with pytest.raises(TooFewParts):
                self.split(case, parts)
        with pytest.raises(UnknownMatter):
            self.split(case, (self.PARTS[0], merging.Part("灯", "99.99")))

        assert picture(town, case.id) == before

    def test_is_for_the_dispatcher_on_an_open_case_as_it_was_seen(self, town: int) -> None:
        case = f.a_case(town)

        with pytest.raises((NotAllowed, NotFound)):
            self.split(case, by=f.stranger(town))
        with pytest.raises(Stale):
            self.split(case, version=report_of(case).version + 1)
        with pytest.raises(WrongMoment):
            self.split(f.a_case_at(town, Status.CLOSED))

    def test_each_part_is_asked_for_itself(self, town: int) -> None:
        case = f.a_case(town)
        _first, second = self.split(case)
        for live in (f._offer, f._sign, f._reply, f._approve):
            live(f.again(town, case.id), NEXT_DAY)

        with scope.work(system(town)):
            assert Feedback.objects.filter(case=case).count() == 1
            assert not Feedback.objects.filter(case=second).exists()


class TestWithdraw:
    def test_by_the_last_caller_ends_the_case(self, town: int) -> None:
        case = f.a_case_at(town, Status.HANDLING)
        said = report_of(case)

        (ended,) = withdraw(said, why="已经好了")

        assert (ended.id, f.again(town, case.id).status) == (case.id, Status.WITHDRAWN)
        assert members(case) == {said.id}
        assert (f.lead_of(case).status, f.lead_of(case).end) == ("ENDED", "withdrawn")
        assert entries(case)[-1] == "case.withdrawn"

    def test_by_one_of_several_ends_his_own_part_and_the_rest_goes_on(self, two: tuple[Case, Case]) -> None:
        case, home = two
        said = report_of(case)
        absorb(case, home)

        (ended,) = withdraw(said, now=NEXT_DAY)

        assert (ended.status, members(ended)) == (Status.WITHDRAWN, {said.id})
        assert f.again(home.tenant_id, home.id).status == Status.HANDLING
        assert said.id not in members(home)
        assert entries(home)[-1] == "case.left"

    def test_leaves_the_name_of_nobody_beside_the_case(self, town: int) -> None:
        person = an_account(town, staff=False)
        case = f.a_case_at(town, Status.BANKED, reporter_id=person.id)
        he = Actor(tenant_id=town, kind="resident", account_id=person.id)

        withdraw(report_of(case), by=he)

        with scope.work(system(town)):
            ended_by = Banking.objects.get(case=case).ended_by
        assert ended_by.startswith("resident:")
        assert ended_by != he.label

    def test_of_a_danger_to_the_public_leaves_a_community_case(self, town: int) -> None:
        case = f.a_case(town, urgency="emergency")
        said = report_of(case)

        (ended,) = withdraw(said)

        left = f.again(town, case.id)
        assert (left.status, left.community, left.reports_count) == (Status.RECEIVED, True, 0)
        assert (f.again(town, ended.id).status, members(ended)) == (Status.WITHDRAWN, {said.id})

    def test_is_the_callers_alone(self, town: int) -> None:
        case = f.a_case(town)
        before = picture(town, case.id)

        for who in (f.stranger(town), f.dispatcher(town), f.operator(town), the_caller(report_of(f.a_case(town)))):
            with pytest.raises((NotAllowed, NotFound)):
                withdraw(report_of(case), by=who)

        assert picture(town, case.id) == before

    @pytest.mark.parametrize("moment", [Status.REPLIED, Status.FEEDBACK, Status.CLOSED, Status.DECLINED])
    def test_is_too_late_once_there_is_an_answer(self, moment: Status, town: int) -> None:
        case = f.a_case_at(town, moment)
        before = picture(town, case.id)

        with pytest.raises(WrongMoment):
            withdraw(report_of(case))

        assert picture(town, case.id) == before

    def test_on_an_old_version_is_refused(self, town: int) -> None:
        said = report_of(f.a_case(town))
        f.do(f.operator(town), intake.add_addendum, said.id, text="又想起一点", now=LATER)

        with pytest.raises(Stale):
            withdraw(said, version=said.version)

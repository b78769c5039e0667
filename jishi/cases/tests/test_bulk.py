"""Many cases in one go: looked at first, done row by row, put back while nobody has moved them (spec 10 §14)."""

from datetime import timedelta
from typing import Any

import pytest

from conftest import MONDAY_TEN
from jishi.cases.actions import bulk, clocks, tagging
from jishi.cases.actions.bulk import Told
from jishi.cases.models import BulkPlan, BulkRow, Case, Clock, Extension, Handover, Tagged, Urging
from jishi.cases.states import BulkState, BulkVerb, Status
from jishi.cases.tests import factories as f
from jishi.cases.tests.desk_steps import statements
from jishi.foundation import scope, trail
from jishi.foundation.actor import Actor, system
from jishi.foundation.models import News
from jishi.foundation.refusals import Invalid, NotAllowed, NotFound, Stale

LATER = MONDAY_TEN + timedelta(hours=8)
MOST_STATEMENTS = 25 + 4  # of one row: a verb's own, and what tries and keeps it


def looked(by: Actor, verb: str, cases: list[Case], *, now: Any = LATER, **told: Any) -> BulkPlan:
    return f.do(by, bulk.preview, verb, [c.id for c in cases], told=Told(**told), now=now)


def rows_of(plan: BulkPlan) -> list[BulkRow]:
    with scope.work(system(plan.tenant_id)):
        return list(BulkRow.objects.filter(plan=plan).order_by("case_id"))


def states(plan: BulkPlan) -> list[str]:
    return [r.state for r in rows_of(plan)]


def three(town: int) -> list[Case]:
    return [f.a_case(town, now=MONDAY_TEN + timedelta(minutes=n), caller_contact=f"1390000041{n}") for n in range(3)]


def entries(case: Case) -> list[str]:
    with scope.work(system(case.tenant_id)):
        return [e.verb for e in trail.of("case", case.id)]


class TestLooking:
    def test_changes_nothing_and_announces_nothing(self, town: int) -> None:
        cases = three(town)
        with scope.work(system(town)):
            before = (list(Case.objects.order_by("id").values()), Handover.objects.count(), Clock.objects.count(),
                      News.objects.count())  # fmt: skip

        plan = looked(f.dispatcher(town), "offer", cases)

        assert states(plan) == ["ready"] * 3
        with scope.work(system(town)):
            assert before == (list(Case.objects.order_by("id").values()), Handover.objects.count(),
                              Clock.objects.count(), News.objects.count())  # fmt: skip
        assert all("case.offered" not in entries(c) for c in cases)

    def test_says_of_each_row_what_is_what_would_be_or_why_not(self, town: int) -> None:
        free, offered = f.a_case(town), f.a_case_at(town, Status.OFFERED, caller_contact="13900000418")
        body, _item = f.routed_body(free)

        rows = rows_of(looked(f.dispatcher(town), "offer", [free, offered]))

        assert (rows[0].before["status"], rows[0].before["lead"]) == ("RECEIVED", None)
        assert (rows[0].after["status"], rows[0].after["lead"]) == ("OFFERED", body)
        assert (rows[1].state, rows[1].code) == (BulkState.REFUSED, "wrong_moment")

    def test_refuses_nothing_too_many_an_unknown_verb_and_a_case_that_is_not_ones_own(self, town: int) -> None:
        desk, case = f.dispatcher(town), f.a_case(town)

        with pytest.raises(bulk.NothingChosen):
            looked(desk, "offer", [])
        with pytest.raises(bulk.TooMany):
            f.do(desk, bulk.preview, "offer", list(range(1, 502)), told=Told(), now=LATER)
        for verb in ("reply", "close", "exclude", "unseal", "decline"):
            with pytest.raises(Invalid):
                looked(desk, verb, [case])
        with pytest.raises(NotFound):
            looked(f.stranger(town), "tag", [case], add=("汛期",))
        with pytest.raises(NotAllowed):
            looked(Actor(tenant_id=town, kind="resident", account_id=1), "urge", [case], words="快一点")
        with scope.work(system(town)):
            assert not BulkPlan.objects.exists()

    def test_throws_away_a_plan_of_long_ago_with_rows_that_one_does_not_see(self, town: int) -> None:
        old = looked(f.dispatcher(town), "offer", [f.a_case(town, accused_body_ids=(f.body_id(town, "zjj"),))])
        accused = f.staff(town, "dispatcher", account=33, body="zjj")

        looked(accused, "offer", three(town), now=LATER + timedelta(days=40))

        with scope.work(system(town)):
            assert not BulkPlan.objects.filter(id=old.id).exists()
            assert not BulkRow.objects.filter(plan_id=old.id).exists()

    def test_offers_no_verb_that_ends_or_answers(self) -> None:
        assert set(BulkVerb.values) == set(bulk._VERBS) == {"offer", "take_back", "tag", "matter", "urge", "extend"}


class TestDoing:
    def test_agrees_with_the_look_row_by_row(self, town: int) -> None:
        cases = [*three(town), f.a_case_at(town, Status.HANDLING, caller_contact="13900000419")]
        plan = looked(f.dispatcher(town), "offer", cases)
        would = [(r.state, r.after) for r in rows_of(plan)]

        done = f.do(f.dispatcher(town), bulk.apply, plan.id, now=LATER + timedelta(minutes=1))

        assert done.left == 0
        for (state, after), row in zip(would, rows_of(plan), strict=True):
            now = f.again(town, row.case_id)
            assert row.state == {"ready": "done", "refused": "refused"}[state]
            stands = {"status": now.status, "lead": now.lead_id, "matter": now.matter}
            assert not after or stands.items() <= after.items()
        assert entries(cases[0]).count("case.offered") == 1

    def test_leaves_alone_what_somebody_moved_since_the_look(self, town: int) -> None:
        cases = three(town)
        plan = looked(f.dispatcher(town), "tag", cases, add=("汛期",))
        f._offer(cases[1], LATER)

        f.do(f.dispatcher(town), bulk.apply, plan.id, now=LATER + timedelta(minutes=1))

        assert states(plan) == ["done", "moved", "done"]
        assert f.again(town, cases[1].id).tags == []

    def test_a_row_that_is_refused_takes_no_other_with_it(self, town: int) -> None:
        cases = [f.a_case_at(town, Status.HANDLING, caller_contact=f"1390000042{n}") for n in range(2)]
        for case in cases:
            f.ask_extension(case, LATER)
        lead = f.handler_of(cases[0])
        twice = Actor(tenant_id=town, kind="staff", account_id=lead.account_id, post_id=77,
                      roles=frozenset({"supervisor"}), body_ids=frozenset({f.body_id(town, "sqzx")}))  # fmt: skip

        plan = looked(twice, "extend", [*cases, f.a_case(town)])

        assert [(r.state, r.code) for r in rows_of(plan)] == [
            ("refused", "same_person_twice"), ("refused", "same_person_twice"), ("refused", "wrong_moment")
        ]  # fmt: skip

    def test_is_done_in_parts_and_a_part_is_not_done_twice(self, town: int) -> None:
        cases, desk = three(town), f.dispatcher(town)
        plan = looked(desk, "tag", cases, add=("汛期",))

        first = f.do(desk, bulk.apply, plan.id, now=LATER, most=2)
        second = f.do(desk, bulk.apply, plan.id, now=LATER, most=2)

        assert (first.left, second.left) == (1, 0)
        assert [entries(c).count("case.tagged") for c in cases] == [1, 1, 1]
        with pytest.raises(bulk.NothingLeft):
            f.do(desk, bulk.apply, plan.id, now=LATER)

    def test_is_refused_after_fifteen_minutes_on_an_old_version_and_to_anybody_else(self, town: int) -> None:
        cases, desk = three(town), f.dispatcher(town)
        plan = looked(desk, "tag", cases, add=("汛期",))

        with pytest.raises(bulk.PlanIsOver):
            f.do(desk, bulk.apply, plan.id, now=LATER + timedelta(minutes=15, seconds=1))
        with pytest.raises(Stale):
            f.do(desk, bulk.apply, plan.id, now=LATER, version=plan.version + 1)
        with pytest.raises(NotFound):
            f.do(f.dispatcher(town, account=99), bulk.apply, plan.id, now=LATER)
        assert states(plan) == ["ready"] * 3

    def test_leaves_one_entry_on_the_plan_and_one_on_each_case(self, town: int) -> None:
        cases, desk = three(town), f.dispatcher(town)
        plan = looked(desk, "tag", cases, add=("汛期",))
        f.do(desk, bulk.apply, plan.id, now=LATER)

        with scope.work(system(town)):
            told = [(e.verb, e.codes) for e in trail.of("bulk", plan.id)]
        assert told == [
            ("bulk.looked_at", {"verb": "tag", "rows": 3, "ready": 3}), ("bulk.applied", {"verb": "tag", "done": 3})
        ]  # fmt: skip

    def test_a_row_costs_a_bounded_number_of_statements(self, town: int) -> None:
        cases, desk = three(town), f.dispatcher(town)
        looked(desk, "offer", cases[:1])  # what is looked up once per process is known
        cost = []
        for chosen in (cases[:1], cases):
            with statements() as made:
                plan = looked(desk, "offer", chosen)
            with statements() as more:
                f.do(desk, bulk.apply, plan.id, now=LATER)
            cost.append((len(made), len(more)))
            f.do(desk, bulk.undo, plan.id, now=LATER)
            cases = [f.again(town, c.id) for c in cases]

        looks, deeds = ((cost[1][i] - cost[0][i]) / 2 for i in (0, 1))
        assert looks <= MOST_STATEMENTS, cost
        assert deeds <= MOST_STATEMENTS, cost


class TestUndoing:
    def test_of_an_offer_restores_what_nobody_touched_and_reports_the_rest(self, town: int) -> None:
        cases, desk = three(town), f.dispatcher(town)
        plan = looked(desk, "offer", cases)
        f.do(desk, bulk.apply, plan.id, now=LATER)
        f._sign(f.again(town, cases[1].id), LATER + timedelta(minutes=5))

        f.do(desk, bulk.undo, plan.id, now=LATER + timedelta(minutes=20))

        rows = rows_of(plan)
        assert [r.state for r in rows] == ["undone", "kept", "undone"]
        assert rows[1].code == "stale"
        now = [f.again(town, c.id) for c in cases]
        assert [(c.status, c.lead_id is None) for c in now] == [
            (Status.RECEIVED, True), (Status.HANDLING, False), (Status.RECEIVED, True)
        ]  # fmt: skip
        with scope.work(system(town)):
            running = set(Clock.objects.filter(case=cases[0], stopped_at=None).values_list("kind", flat=True))
        assert running == {"promise", "dispatch"}

    def test_of_taking_back_offers_again_as_before(self, town: int) -> None:
        case, desk = f.a_case_at(town, Status.OFFERED), f.dispatcher(town)
        was = f.lead_of(case)
        plan = looked(desk, "take_back", [case], words="先等一等")
        f.do(desk, bulk.apply, plan.id, now=LATER)
        assert f.again(town, case.id).status == Status.RECEIVED

        f.do(desk, bulk.undo, plan.id, now=LATER)

        lead = f.lead_of(case)
        assert (lead.status, lead.body_id, lead.duty_item_id) == ("OFFERED", was.body_id, was.duty_item_id)

    def test_of_tags_takes_off_what_was_put_on_and_nothing_else(self, town: int) -> None:
        cases, desk = three(town), f.dispatcher(town)
        f.do(desk, tagging.tag, cases[0].id, add=["汛期", "夜间"], now=LATER)
        plan = looked(desk, "tag", cases, add=("汛期", "积水"), remove=("夜间",))
        f.do(desk, bulk.apply, plan.id, now=LATER)
        assert [set(f.again(town, c.id).tags) for c in cases] == [{"汛期", "积水"}] * 3

        f.do(desk, bulk.undo, plan.id, now=LATER)

        assert [set(f.again(town, c.id).tags) for c in cases] == [{"汛期", "夜间"}, set(), set()]
        with scope.work(system(town)):
            assert set(Tagged.objects.values_list("case_id", "tag")) == {(cases[0].id, "汛期"), (cases[0].id, "夜间")}

    def test_of_a_matter_says_the_old_one_again_or_none(self, town: int) -> None:
        said, unsaid, desk = f.a_case(town), f.a_case(town, matter="", text="这里有点不对劲。"), f.dispatcher(town)
        due = [said.promise_due_at, unsaid.promise_due_at]
        plan = looked(desk, "matter", [said, unsaid], matter="01.02.02")
        f.do(desk, bulk.apply, plan.id, now=LATER)
        assert {f.again(town, c.id).matter for c in (said, unsaid)} == {"01.02.02"}

        f.do(desk, bulk.undo, plan.id, now=LATER)

        now = [f.again(town, c.id) for c in (said, unsaid)]
        assert [c.matter for c in now] == ["01.02.01", ""]
        assert [c.promise_due_at for c in now] == due
        assert entries(unsaid)[-1] == "case.matter_unsaid"

    def test_of_an_extension_lets_it_wait_again_and_the_days_be_as_before(self, town: int) -> None:
        case, desk = f.a_case_at(town, Status.HANDLING), f.supervisor(town)
        f.ask_extension(case, LATER)
        before = f.again(town, case.id).promise_due_at
        plan = looked(desk, "extend", [case])
        f.do(desk, bulk.apply, plan.id, now=LATER)
        assert (f.again(town, case.id).promise_due_at or LATER) > (before or LATER)

        f.do(desk, bulk.undo, plan.id, now=LATER)

        assert states(plan) == ["undone"]
        assert f.again(town, case.id).promise_due_at == before
        with scope.work(system(town)):
            assert Extension.objects.get(case=case).verdict == ""
            assert {c.due_at for c in Clock.objects.filter(case=case, kind="promise")} == {before}
        f.do(f.supervisor(town), clocks.extend, case.id, now=LATER)  # and it can be decided

    def test_of_an_urging_is_impossible_and_says_so(self, town: int) -> None:
        case, desk = f.a_case_at(town, Status.HANDLING), f.supervisor(town)
        plan = looked(desk, "urge", [case], words="今天请给居民打个电话。")
        f.do(desk, bulk.apply, plan.id, now=LATER)

        f.do(desk, bulk.undo, plan.id, now=LATER)

        assert [(r.state, r.code) for r in rows_of(plan)] == [("kept", "said_is_said")]
        with scope.work(system(town)):
            assert Urging.objects.count() == 1

    def test_is_refused_before_the_deed_and_after_thirty_minutes(self, town: int) -> None:
        cases, desk = three(town), f.dispatcher(town)
        plan = looked(desk, "offer", cases)
        with pytest.raises(bulk.PlanIsOver):
            f.do(desk, bulk.undo, plan.id, now=LATER)
        f.do(desk, bulk.apply, plan.id, now=LATER)

        with pytest.raises(bulk.PlanIsOver):
            f.do(desk, bulk.undo, plan.id, now=LATER + timedelta(minutes=30, seconds=1))

        assert states(plan) == ["done"] * 3

    def test_ends_the_plan(self, town: int) -> None:
        cases, desk = three(town), f.dispatcher(town)
        plan = looked(desk, "offer", cases)
        f.do(desk, bulk.apply, plan.id, now=LATER, most=1)
        f.do(desk, bulk.undo, plan.id, now=LATER)

        with pytest.raises(bulk.PlanIsOver):
            f.do(desk, bulk.apply, plan.id, now=LATER)


class TestTags:
    def test_are_refused_when_they_name_somebody_or_are_a_sentence(self, town: int) -> None:
        case = f.a_case(town)

        for wrong in ("", "两个 词", "13900000417", "一" * 21, "甲,乙"):
            with pytest.raises(tagging.NotATag):
                f.do(f.dispatcher(town), tagging.tag, case.id, add=[wrong], now=LATER)
        with pytest.raises(tagging.TooManyTags):
            f.do(f.dispatcher(town), tagging.tag, case.id, add=[f"类{n}" for n in range(11)], now=LATER)
        with pytest.raises(tagging.NothingToTag):
            f.do(f.dispatcher(town), tagging.tag, case.id, remove=["汛期"], now=LATER)
        assert "case.tagged" not in entries(case)

    def test_are_the_desks_and_the_holders_and_nobody_elses(self, town: int) -> None:
        case = f.a_case_at(town, Status.HANDLING)

        f.do(f.handler_of(case), tagging.tag, case.id, add=["汛期"], now=LATER)
        with pytest.raises(NotFound):
            f.do(f.stranger(town), tagging.tag, case.id, add=["积水"], now=LATER)
        with pytest.raises(NotAllowed):
            f.do(f.operator(town), tagging.tag, case.id, add=["积水"], now=LATER)

        assert f.again(town, case.id).tags == ["汛期"]
        assert entries(case).count("case.tagged") == 1


def test_the_verbs_that_put_back_refuse_the_wrong_person_and_the_wrong_moment(town: int) -> None:
    from jishi.cases.actions import putting_back
    from jishi.foundation.refusals import WrongMoment

    waiting, handled = f.a_case(town), f.a_case_at(town, Status.HANDLING, caller_contact="13900000431")

    with pytest.raises(NotAllowed):
        f.do(f.operator(town), putting_back.unsay_matter, waiting.id, now=LATER)
    with pytest.raises(WrongMoment):
        f.do(f.dispatcher(town), putting_back.unsay_matter, handled.id, now=LATER)
    with pytest.raises(NotAllowed):
        f.do(f.dispatcher(town), putting_back.unextend, handled.id, now=LATER)
    with pytest.raises(putting_back.NotLonger):
        f.do(f.supervisor(town), putting_back.unextend, handled.id, now=LATER)
    assert f.again(town, waiting.id).matter == "01.02.01"



"""Whom the clock tells: a pure function of clocks, looked at for every one, told in one digest a half day (10 §7)."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import transaction

from conftest import MONDAY_TEN
from jishi.accounts import queries as accounts
from jishi.bodies import queries as bodies
from jishi.cases import escalation, limits
from jishi.cases.actions import (
    banking,
    clocks,
    correcting,
    handling,
    handover,
    reckoning,
    reminding,
    supervision,
    sweeping,
    urging,
)  # fmt: skip
from jishi.cases.models import Banking, Case, Clock, Digest, Escalation
from jishi.cases.queries import stuck
from jishi.cases.states import Status
from jishi.cases.tests import factories as f
from jishi.cases.tests import together_steps as t
from jishi.foundation import scope
from jishi.foundation.actor import system
from jishi.foundation.tests.test_outbox import held_by_somebody_else
from jishi.kernels import worktime

RUNGS = limits.load().rungs
NIGHT = MONDAY_TEN + timedelta(days=20, hours=12)
DAY = timedelta(days=1)


def remind(town: int, now: datetime) -> dict[str, int]:
    return reminding.remind(by=f.the_clock(town), now=now)


def rungs_of(case: Case, kind: str = "handling") -> list[tuple[str, datetime]]:
    with scope.work(system(case.tenant_id)):
        rows = Escalation.objects.filter(case=case, clock__kind=kind).order_by("fell_at", "id")
        return list(rows.values_list("step", "fell_at"))


def digests(town: int, username: str = "") -> list[Digest]:
    with scope.work(system(town)):
        rows = Digest.objects.filter(tenant_id=town).order_by("id")
        if username:
            rows = rows.filter(account__username=username)
        return list(rows)


def a_case_of_an_office(town: int, **facts: Any) -> Case:
    case = f.a_case(town, **facts)
    f.offer_to(case, "cgj", MONDAY_TEN + timedelta(hours=1))
    case = f.again(town, case.id)
    f.do(f.handler_of(case), handover.sign, case.id, now=MONDAY_TEN + timedelta(hours=2))
    return f.again(town, case.id)


def handling_of(case: Case) -> Clock:
    with scope.work(system(case.tenant_id)):
        return Clock.objects.get(case=case, kind="handling")


class TestTheLadder:
    def test_has_its_four_rungs_in_order_and_the_days_are_working_days(self, town: int) -> None:
        clock = handling_of(a_case_of_an_office(town))

        with scope.work(system(town)):
            calendar = bodies.hours_of([clock.owner_body_id])[clock.owner_body_id].calendar
            found = escalation.ladder(reckoning.as_kernel(clock), calendar, RUNGS)

        assert [r.rung.step for r in found] == ["near", "expired", "day_after", "three_days_after"]
        assert clock.due_at is not None
        assert found[1].at == clock.due_at
        assert found[2].at == worktime.add(clock.due_at, worktime.workdays(1), calendar).moment
        used = worktime.remaining(reckoning.as_kernel(clock), calendar, found[0].at).share_used
        before = worktime.remaining(reckoning.as_kernel(clock), calendar, found[0].at - escalation.MINUTE).share_used
        assert before < RUNGS[0].share <= used

    def test_has_no_rung_while_time_stands_still(self, town: int) -> None:
        case = f.a_case_at(town, Status.SUSPENDED)

        remind(town, MONDAY_TEN + 5 * DAY)

        assert rungs_of(case) == []
        assert rungs_of(case, "promise") == []


class TestReplay:
    def test_of_a_clock_gives_the_rungs_that_were_noted_day_by_day(self, town: int) -> None:
        case = a_case_of_an_office(town)
        for hours in range(0, 24 * 20, 7):
            remind(town, MONDAY_TEN + timedelta(hours=hours))

        clock, end = handling_of(case), MONDAY_TEN + timedelta(hours=24 * 20)
        with scope.work(system(town)):
            calendar = reckoning.calendar_of(clock)
        again = escalation.reached(reckoning.as_kernel(clock), calendar, RUNGS, stopped_at=None, now=end)

        assert rungs_of(case) == [(r.rung.step, r.at) for r in again]
        assert len(again) == 4

    def test_in_one_go_gives_the_same_as_day_by_day(self, town: int) -> None:
        one, two = a_case_of_an_office(town), a_case_of_an_office(town)
        remind(town, NIGHT)

        assert rungs_of(one) == rungs_of(two)
        remind(town, NIGHT + DAY)
        assert len(rungs_of(one)) == 4

    def test_is_not_moved_by_anything_that_is_said(self, town: int) -> None:
        case, quiet = a_case_of_an_office(town), a_case_of_an_office(town)
        at = MONDAY_TEN + DAY
        f.do(f.handler_of(case), handling.note_progress, case.id, text="在查。", now=at)
        f.do(f.dispatcher(town), urging.urge, case.id, words="请尽快", now=at)
        f.do(f.supervisor(town), supervision.open_, case.id, ground="shirking", demand="请说明", now=at)

        remind(town, NIGHT)

        assert rungs_of(case) == rungs_of(quiet)

    def test_after_an_extension_counts_to_the_new_day(self, town: int) -> None:
        case = a_case_of_an_office(town)
        f.ask_extension(case, MONDAY_TEN + timedelta(hours=3))
        f.do(f.supervisor(town), f.clocks.extend, case.id, now=MONDAY_TEN + timedelta(hours=3))
        due = handling_of(case).due_at

        remind(town, NIGHT)

        assert dict(rungs_of(case))["expired"] == due


class TestEveryClock:
    def test_is_climbed_anew_when_the_danger_is_over(self, town: int) -> None:
        case = f.a_case_at(town, Status.HANDLING, urgency="emergency")
        with scope.work(system(town)):
            Clock.objects.filter(case=case, kind="contact").update(tell_at=NIGHT)

        f.do(f.dispatcher(town), correcting.set_urgency, case.id, urgency="normal", why="水退了", now=MONDAY_TEN + DAY)

        with scope.work(system(town)):
            assert Clock.objects.get(case=case, kind="contact").tell_at is None

    def test_is_looked_at_however_many_there_are(self, town: int, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(reminding, "BATCH", 3)
        cases = [a_case_of_an_office(town) for _ in range(5)]

        remind(town, NIGHT)

        assert all(len(rungs_of(case)) == 4 for case in cases)

    def test_that_ran_out_is_acted_upon_in_one_sweep(self, town: int) -> None:
        cases = [f.a_case_at(town, Status.OFFERED) for _ in range(5)]

        done = sweeping.sweep(by=f.the_clock(town), now=MONDAY_TEN + DAY, limit=2)

        assert done["handover.sign_by_time"] == 5
        assert {f.again(town, c.id).status for c in cases} == {Status.HANDLING}

    def test_does_not_wait_for_another_that_the_program_fails_on(self, town: int, monkeypatch) -> None:
        broken, *others = [f.a_case_at(town, Status.OFFERED) for _ in range(3)]
        real = sweeping.MOVES["handover.sign_by_time"]

        def faulty(case_id: int, **more: Any) -> object:
            if case_id == broken.id:
                raise ZeroDivisionError
            return real(case_id, **more)

        monkeypatch.setattr(sweeping, "MOVES", {**sweeping.MOVES, "handover.sign_by_time": faulty})
        done = sweeping.sweep(by=f.the_clock(town), now=MONDAY_TEN + DAY, limit=2)
        monkeypatch.undo()
        again = sweeping.sweep(by=f.the_clock(town), now=MONDAY_TEN + DAY)

        assert (done["failed"], done["handover.sign_by_time"]) == (1, 2)
        assert again["handover.sign_by_time"] == 1
        assert f.again(town, broken.id).status == Status.HANDLING

    def test_is_left_alone_where_somebody_was_quicker_than_the_sweep(self, town: int) -> None:
        case = f.a_case_at(town, Status.SUSPENDED)
        with scope.work(system(town)):
            first = Clock.objects.get(case=case, kind="suspension")
        when = first.due_at
        assert when is not None
        f.do(f.handler_of(case), clocks.resume, case.id, now=when)
        f.suspend(f.again(town, case.id), when)

        with scope.work(f.the_clock(town)):
            done = sweeping._expire(
                first.id, case.id, "suspension", "clocks.resume", whose=case.id, by=f.the_clock(town), now=when
            )

        assert done == "too_late:moved"
        assert f.again(town, case.id).status == Status.SUSPENDED


class TestDigests:
    def test_are_one_a_person_and_half_day_however_much_there_is(self, town: int) -> None:
        [a_case_of_an_office(town) for _ in range(3)]
        nine = MONDAY_TEN + timedelta(days=10, minutes=-60)

        for minutes in (0, 20, 60):
            remind(town, nine + timedelta(minutes=minutes))
        morning = digests(town, "chengguan1")
        remind(town, nine + timedelta(hours=6))

        assert len(morning) == 1
        assert len(digests(town, "chengguan1")) == 1  # nothing new in the afternoon
        assert len(morning[0].rungs) >= 6

    def test_are_the_same_however_many_rows_are_read_at_once(self, town: int, monkeypatch: Any) -> None:
        [a_case_of_an_office(town) for _ in range(3)]
        nine = MONDAY_TEN + timedelta(days=10, minutes=-60)
        whole, parts = [], []

        for batch, found in ((500, whole), (2, parts)):
            monkeypatch.setattr(reminding, "BATCH", batch)
            with transaction.atomic():
                while remind(town, nine)["rungs"]:
                    pass
                found += [(d.account_id, d.half_day, d.urgent, len(d.rungs)) for d in digests(town)]
                transaction.set_rollback(True)

        assert sum(n for *_, n in whole) > 4
        assert parts == whole

    def test_wait_for_working_hours(self, town: int) -> None:
        a_case_of_an_office(town)

        remind(town, NIGHT)
        at_night = digests(town, "chengguan1")
        remind(town, NIGHT + timedelta(hours=13))

        assert at_night == []
        assert len(digests(town, "chengguan1")) == 1

    def test_of_danger_go_out_at_once(self, town: int) -> None:
        a_case_of_an_office(town, urgency="emergency")

        remind(town, NIGHT)

        assert [d.urgent for d in digests(town, "chengguan1")] == [True]

    def test_reach_the_supervisor_a_day_late_and_the_leading_office_after_three(self, town: int) -> None:
        case = a_case_of_an_office(town)
        due = handling_of(case).due_at
        assert due is not None
        noon_after = due + DAY - timedelta(hours=6)

        remind(town, noon_after)
        first = rungs_of(case)
        remind(town, NIGHT + timedelta(hours=13))

        assert [s for s, _ in first] == ["near", "expired"]
        with scope.work(system(town)):
            to = {e.step: e.to for e in Escalation.objects.filter(case=case)}
            office = {h.username for h in accounts.people_of("office", now=NIGHT)}
        assert to["day_after"] == ["supervisor"]
        assert to["three_days_after"] == ["leading_office"]
        assert office
        assert all(digests(town, name) for name in office)

    def test_offer_sleeping_cases_once_a_week_until_they_are_taken_up(self, town: int) -> None:
        case = f.a_case_at(town, Status.BANKED)
        f.do(f.handler_of(case), banking.note_came_true, case.id, words="资金到了", now=MONDAY_TEN + DAY)
        monday = MONDAY_TEN + 7 * DAY

        for when in (monday, monday + timedelta(hours=5), monday + DAY, monday + 7 * DAY):
            remind(town, when)

        offered = [d for d in digests(town, "qingdan1") if d.bankings]
        assert [d.made_at for d in offered] == [monday, monday + 7 * DAY]

    def test_offer_no_sleeping_case_to_somebody_of_the_body_that_it_accuses(self, town: int) -> None:
        case, accused = f.a_case_at(town, Status.BANKED), f.body_id(town, "ldxz")
        with scope.work(system(town)):
            Banking.objects.update(came_true_at=MONDAY_TEN)
            Case.objects.filter(id=case.id).update(accused_body_ids=[accused], visibility="parties")

        remind(town, MONDAY_TEN + 7 * DAY)

        assert not [d for d in digests(town, "qingdan1") if d.bankings or not d.rungs]


class TestStuck:
    def test_names_each_thing_once_and_why(self, town: int) -> None:
        late, asleep, watched = a_case_of_an_office(town), f.a_case_at(town, Status.BANKED), a_case_of_an_office(town)
        f.do(f.handler_of(asleep), banking.note_came_true, asleep.id, words="资金到了", now=MONDAY_TEN + DAY)
        asked = {"ground": "shirking", "demand": "请说明"}
        f.do(f.supervisor(town), supervision.open_, watched.id, now=MONDAY_TEN + DAY, **asked)
        remind(town, NIGHT)

        with scope.work(f.office(town)):
            found = {lot.code: [one.number for one in lot.lines] for lot in
                     stuck.stuck(by=f.office(town), now=NIGHT, lang="zh").lots}  # fmt: skip

        assert late.number in found["overdue"]
        assert found["asleep"] == [asleep.number]
        assert found["supervised"] == [watched.number]
        assert len(set(found["overdue"])) == len(found["overdue"])

    def test_costs_the_same_whatever_the_rows(self, town: int, django_assert_max_num_queries: Any) -> None:
        [a_case_of_an_office(town) for _ in range(3)]
        remind(town, NIGHT)

        by = f.office(town)
        with scope.work(by):
            bodies.names()
            with django_assert_max_num_queries(9):
                stuck.stuck(by=by, now=NIGHT, lang="zh")

    @pytest.mark.parametrize("ask", [f.ask_suspension, f.ask_banking, f.ask_extension])
    def test_asks_nobody_to_decide_what_cannot_be_decided_now(self, ask: Any, town: int) -> None:
        case = a_case_of_an_office(town)
        ask(case, MONDAY_TEN + timedelta(hours=3))
        by = f.staff(town, "supervisor", "office", account=17)
        with scope.work(by):
            before = [one.number for lot in stuck.asked(by=by, lang="zh") for one in lot.lines]

        f._reply(f.again(town, case.id), MONDAY_TEN + timedelta(hours=4))

        with scope.work(by):
            after = [one.number for lot in stuck.asked(by=by, lang="zh") for one in lot.lines]
        assert (before, after) == ([case.number], [])

    def test_names_no_whistle_that_was_blown_again(self, town: int) -> None:
        made = t.a_whistle(town)
        sweeping.sweep(by=f.the_clock(town), now=t.AT + timedelta(days=2))
        by = f.office(town)

        def lapsed() -> int:
            with scope.work(by):
                lots = stuck.stuck(by=by, now=t.AT + timedelta(days=2), lang="zh").lots
            return next(len(lot.lines) for lot in lots if lot.code == "lapsed")

        before = lapsed()
        t.blow(f.again(town, made.case_id), t.AT + timedelta(days=2))
        assert (before, lapsed()) == (1, 0)


def test_two_that_remind_at_once_tell_nobody_twice_and_the_second_fails_not(town: int) -> None:
    a_case_of_an_office(town)

    with held_by_somebody_else(town, lambda: scope.nobody_else_at("remind")):
        beside = remind(town, MONDAY_TEN + 20 * DAY)
    alone = remind(town, MONDAY_TEN + 20 * DAY)

    assert (beside["rungs"] > 0, beside["digests"]) == (True, 0)
    assert alone["digests"] == len(digests(town)) > 0
    assert remind(town, MONDAY_TEN + 20 * DAY)["digests"] == 0

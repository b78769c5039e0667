"""Suspension, extension, banking: who asks, who decides, what stands still and what runs on (spec 10 §5, 11 §9)."""

import shutil
from collections.abc import Callable, Iterator
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.utils.timezone import localdate

from conftest import MONDAY_TEN
from jishi.bodies import queries as bodies
from jishi.cases.actions import asking, banking, clocks, handling, handover, moving, sweeping
from jishi.cases.models import Banking, Case, Clock, Extension, Suspension
from jishi.cases.queries import desks, ticking, today
from jishi.cases.refusals import GroundNeeded, SamePerson
from jishi.cases.states import Status
from jishi.cases.tests import factories as f
from jishi.foundation import scope, trail
from jishi.foundation.actor import Actor, system
from jishi.foundation.refusals import NotAllowed, NotFound, WrongMoment
from jishi.kernels import worktime

NOON = MONDAY_TEN + timedelta(hours=4)  # a case is signed two hours after it came in
WEEK = timedelta(days=7)
ASKED_OF_HIM = "请告诉我们哪天有人在家，好上门看。"


def clock_of(case: Case, kind: str) -> Clock:
    with scope.work(system(case.tenant_id)):
        return Clock.objects.filter(case=case, kind=kind).order_by("-id")[0]


@pytest.fixture
def another_calendar(settings: Any, tmp_path: Path) -> Iterator[Callable[..., None]]:
    """A town that adopts another table of the year, as its files: one more day closed, or none."""
    shipped = settings.INSTITUTIONS_DIR
    made = iter(range(100))

    def adopt(*, closed: date | None) -> None:
        folder = tmp_path / f"edition{len(list(tmp_path.iterdir()))}"
        shutil.copytree(shipped / "calendars", folder / "calendars")
        year = folder / "calendars" / "cn-2026.toml"
        text = year.read_text(encoding="utf-8").replace("cn-2026/1", f"cn-2026/{next(made) + 2}")
        more = f'\n[[off]]\nname = "停工"\ndays = [{closed.isoformat()}]\n' if closed is not None else ""
        year.write_text(text + more, encoding="utf-8")
        settings.INSTITUTIONS_DIR = folder
        bodies.look_at_calendars_again()

    yield adopt
    bodies.look_at_calendars_again()


def office_calendar(town: int) -> worktime.Calendar:
    with scope.work(system(town)):
        return bodies.hours_of([None])[None].calendar


def a_handled_case(town: int, **facts: Any) -> Case:
    return f.a_case_at(town, Status.HANDLING, **facts)


def a_case_of_an_office(town: int) -> Case:
    """Held by a body with office hours; the drains are a body's that works round the clock."""
    case = f.a_case(town)
    f.offer_to(case, "cgj", MONDAY_TEN + timedelta(hours=1))
    case = f.again(town, case.id)
    f.do(f.handler_of(case), handover.sign, case.id, now=MONDAY_TEN + timedelta(hours=2))
    return f.again(town, case.id)


class TestSuspend:
    def test_stops_the_body_and_the_promise_and_names_the_day(self, town: int) -> None:
        case = f.a_case_at(town, Status.SUSPENDED)

        handling_, promise = clock_of(case, "handling"), clock_of(case, "promise")
        with scope.work(system(town)):
            row = Suspension.objects.get(case=case)
        assert handling_.due_at is None
        assert promise.due_at is None
        assert case.promise_due_at is None
        assert row.verdict == "approved"
        assert row.until_at is not None
        assert localdate(row.until_at) >= row.until_date

    def test_leaves_the_promise_running_when_the_caller_is_told_nothing(self, town: int) -> None:
        case = a_handled_case(town)
        before = clock_of(case, "promise").due_at
        f.ask_suspension(case, NOON, ground="weather", told="", evidence="气象台暴雨橙色预警 12 号")

        f.do(f.supervisor(town), clocks.suspend, case.id, now=NOON)

        assert clock_of(case, "handling").due_at is None
        assert clock_of(case, "promise").due_at == before
        assert f.again(town, case.id).promise_due_at == before

    def test_leaves_first_contact_running_and_lets_it_be_noted(self, town: int) -> None:
        case = f.a_case_at(town, Status.SUSPENDED)
        assert clock_of(case, "contact").stopped_at is None

        f.contact(case, NOON + timedelta(hours=1))

        assert clock_of(case, "contact").stopped_at is not None

    @pytest.mark.parametrize(
        ("ground", "days", "evidence", "told", "refusal"),
        [
            ("waiting_for_budget", 5, "", ASKED_OF_HIM, clocks.NotAGround),
            ("awaiting_caller", 40, "", ASKED_OF_HIM, asking.TooFar),
            ("awaiting_caller", 0, "", ASKED_OF_HIM, asking.NotAhead),
            ("awaiting_caller", 5, "", "", GroundNeeded),
            ("weather", 5, "", ASKED_OF_HIM, GroundNeeded),
            ("construction_window", 300, "施工计划", ASKED_OF_HIM, asking.TooFar),
        ],
    )
    def test_is_not_asked_beyond_its_ground(
        self, ground: str, days: int, evidence: str, told: str, refusal: type[Exception], town: int
    ) -> None:
        case = a_handled_case(town)

        with pytest.raises(refusal):
            f.ask_suspension(case, NOON, ground=ground, days=days, told=told, evidence=evidence)

        assert f.again(town, case.id).version == case.version

    def test_is_approved_by_nobody_of_the_body_that_asked(self, town: int) -> None:
        case = a_handled_case(town)
        f.ask_suspension(case, NOON)
        of_the_body = Actor(
            tenant_id=town, kind="staff", account_id=77, post_id=77, roles=frozenset({"supervisor", "handler"}),
            body_ids=frozenset({case.lead_id or 0}),
        )  # fmt: skip

        with pytest.raises(NotAllowed):
            f.do(of_the_body, clocks.suspend, case.id, now=NOON)

    def test_is_asked_once_at_a_time(self, town: int) -> None:
        case = a_handled_case(town)
        f.ask_suspension(case, NOON)

        with pytest.raises(asking.AskedAlready):
            f.ask_suspension(case, NOON)

    def test_needs_somebody_who_asked(self, town: int) -> None:
        case = a_handled_case(town)

        with pytest.raises(asking.NothingAsked):
            f.do(f.supervisor(town), clocks.suspend, case.id, now=NOON)

    def test_that_was_denied_runs_on_and_may_be_asked_again(self, town: int) -> None:
        case = a_handled_case(town)
        f.ask_suspension(case, NOON)
        before = clock_of(case, "handling").due_at

        f.do(f.supervisor(town), clocks.deny_suspension, case.id, why="可以先约时间上门", now=NOON)

        assert clock_of(case, "handling").due_at == before
        f.ask_suspension(case, NOON + timedelta(hours=1))

    def test_lapses_when_the_case_goes_to_another_body(self, town: int) -> None:
        case = a_handled_case(town)
        f.ask_suspension(case, NOON)
        f.ask_return(case, NOON)
        f.do(f.dispatcher(town), handover.accept_return, case.id, now=NOON)
        f.offer_to(f.again(town, case.id), "cgj", NOON)
        again = f.again(town, case.id)
        f.do(f.handler_of(again), handover.sign, case.id, now=NOON)

        with pytest.raises(asking.NothingAsked):
            f.do(f.supervisor(town), clocks.suspend, case.id, now=NOON)
        f.ask_suspension(f.again(town, case.id), NOON)


class TestResume:
    def test_gives_back_what_was_left(self, town: int) -> None:
        case = a_handled_case(town)
        before = clock_of(case, "promise").due_at
        assert before is not None
        f.suspend(case, NOON)

        f.do(f.handler_of(case), clocks.resume, case.id, now=NOON + WEEK)

        calendar = office_calendar(town)
        assert clock_of(case, "promise").due_at == worktime.add(before, worktime.workdays(5), calendar).moment
        assert f.again(town, case.id).promise_due_at == clock_of(case, "promise").due_at

    def test_comes_by_itself_at_the_end(self, town: int) -> None:
        case = f.a_case_at(town, Status.SUSPENDED)
        with scope.work(system(town)):
            row = Suspension.objects.get(case=case)
        assert row.until_at is not None

        before = sweeping.sweep(by=f.the_clock(town), now=row.until_at - timedelta(minutes=1))
        after = sweeping.sweep(by=f.the_clock(town), now=row.until_at + timedelta(minutes=1))

        assert "clocks.resume" not in before
        assert after["clocks.resume"] == 1
        assert f.again(town, case.id).status == Status.HANDLING

    def test_after_a_pause_over_a_weekend_has_lost_no_day(self, town: int) -> None:
        """Asked on Friday evening, back on Monday morning: no working day lay between."""
        friday = MONDAY_TEN + timedelta(days=4)
        case = a_handled_case(town, now=friday - timedelta(hours=1))
        before = clock_of(case, "promise").due_at
        evening = friday.replace(hour=10)  # 18:00 in town, after closing

        f.suspend(case, evening)
        f.do(f.handler_of(case), clocks.resume, case.id, now=evening + timedelta(days=2, hours=12))

        assert clock_of(case, "promise").due_at == before


class TestAPausedClock:
    def test_is_never_late_on_any_list(self, town: int) -> None:
        case = f.a_case_at(town, Status.SUSPENDED)
        much_later = MONDAY_TEN + timedelta(days=200)

        with scope.work(f.office(town)):
            shown = ticking.shown([clock_of(case, "handling"), clock_of(case, "promise")], lang="zh", now=much_later)
            promised = today.promises(by=f.office(town), now=much_later)
            rows = desks.cases(desks.Filters(status="SUSPENDED"), by=f.office(town), now=much_later).rows
        assert not any(c.late for c in shown)
        assert all(c.paused for c in shown)
        assert promised.late == 0
        assert [r.clock for r in rows] == [None]


class TestExtend:
    def test_counts_from_the_old_expiry_and_moves_the_promise_with_it(self, town: int) -> None:
        case = a_case_of_an_office(town)
        old = {kind: clock_of(case, kind).due_at for kind in ("handling", "promise")}
        f.ask_extension(case, NOON, workdays=3)

        f.do(f.supervisor(town), clocks.extend, case.id, now=NOON + timedelta(hours=1))

        calendar = office_calendar(town)
        for kind, due in old.items():
            assert due is not None
            assert clock_of(case, kind).due_at == worktime.add(due, worktime.workdays(3), calendar).moment
        assert f.again(town, case.id).promise_due_at == clock_of(case, "promise").due_at

    def test_twice_equals_once_of_the_sum(self, town: int) -> None:
        twice, once = a_handled_case(town), a_handled_case(town)
        for case, parts in ((twice, (2, 3)), (once, (5,))):
            for days in parts:
                f.ask_extension(case, NOON, workdays=days)
                f.do(f.supervisor(town), clocks.extend, case.id, now=NOON)

        assert clock_of(twice, "promise").due_at == clock_of(once, "promise").due_at

    def test_says_when_caller_and_hotline_were_told(self, town: int) -> None:
        case = a_handled_case(town)
        f.ask_extension(case, NOON)

        f.do(f.supervisor(town), clocks.extend, case.id, now=NOON)

        with scope.work(system(town)):
            row = Extension.objects.get(case=case)
        assert (row.told_caller_at, row.told_hotline_at) == (NOON, NOON)

    def test_is_refused_above_ten_working_days_in_all(self, town: int) -> None:
        case = a_handled_case(town)
        f.ask_extension(case, NOON, workdays=6)
        f.do(f.supervisor(town), clocks.extend, case.id, now=NOON)

        with pytest.raises(clocks.TooLong):
            f.ask_extension(case, NOON, workdays=5)

    def test_is_refused_on_the_day_it_runs_out(self, town: int) -> None:
        case = a_handled_case(town)
        due = clock_of(case, "handling").due_at
        assert due is not None

        with pytest.raises(clocks.TooLateToExtend):
            f.ask_extension(case, due - timedelta(hours=3))

    def test_needs_a_reason_that_the_caller_can_read(self, town: int) -> None:
        case = a_handled_case(town)

        with pytest.raises(GroundNeeded):
            f.ask_extension(case, NOON, reason="忙")

    def test_lapses_when_the_clock_has_stopped(self, town: int) -> None:
        case = a_handled_case(town)
        f.ask_extension(case, NOON)
        f._reply(case, NOON)

        with pytest.raises(WrongMoment):
            f.do(f.supervisor(town), clocks.extend, case.id, now=NOON)


class TestBank:
    def test_stops_handling_and_lets_the_promise_stand_still(self, town: int) -> None:
        case = f.a_case_at(town, Status.BANKED)

        assert clock_of(case, "handling").stopped_at is not None
        assert clock_of(case, "contact").stopped_at is not None
        assert clock_of(case, "promise").due_at is None
        assert clock_of(case, "bank_review").due_at is not None

    @pytest.mark.parametrize("days", [0, 200])
    def test_is_not_asked_for_today_nor_beyond_half_a_year(self, days: int, town: int) -> None:
        case = a_handled_case(town)

        with pytest.raises((asking.NotAhead, asking.TooFar)):
            f.ask_banking(case, NOON, days=days)

    def test_tells_the_caller_why(self, town: int) -> None:
        case = a_handled_case(town)

        with pytest.raises(GroundNeeded):
            f.ask_banking(case, NOON, told="没钱")

    def test_is_taken_up_by_the_clock_on_its_day_with_new_time(self, town: int) -> None:
        case = f.a_case_at(town, Status.BANKED)
        due = clock_of(case, "bank_review").due_at
        assert due is not None

        done = sweeping.sweep(by=f.the_clock(town), now=due + timedelta(minutes=1))

        again = f.again(town, case.id)
        handling_ = clock_of(case, "handling")
        assert done["banking.take_up"] == 1
        assert again.status == Status.HANDLING
        assert handling_.due_at is not None
        assert handling_.due_at > due
        assert again.promise_due_at is not None
        assert again.promise_due_at > due

    def test_remembers_that_its_condition_came_true(self, town: int) -> None:
        case = f.a_case_at(town, Status.BANKED)

        f.do(f.handler_of(case), banking.note_came_true, case.id, words="改造资金已经下达", now=NOON + WEEK)

        with scope.work(system(town)):
            assert Banking.objects.get(case=case).came_true_words == "改造资金已经下达"


class TestRecompute:
    def test_is_the_calendar_offices(self, town: int) -> None:
        with pytest.raises(NotAllowed):
            f.do(f.dispatcher(town), clocks.recompute, now=NOON)

    def test_moves_a_promise_later_and_never_earlier(self, town: int, another_calendar: Any) -> None:
        case = a_case_of_an_office(town)
        before = clock_of(case, "promise").due_at
        assert before is not None
        another_calendar(closed=date(2026, 3, 11))

        moved = f.do(f.office(town), clocks.recompute, now=NOON).moved
        later = clock_of(case, "promise").due_at
        another_calendar(closed=None)
        f.do(f.office(town), clocks.recompute, now=NOON)

        assert moved >= 2
        assert later is not None
        assert later > before
        assert clock_of(case, "promise").due_at == later
        with scope.work(system(town)):
            told = [e for e in trail.of("case", case.id) if e.verb == "clock.recomputed"]
        assert {e.codes["kind"] for e in told} >= {"promise", "handling"}
        versions = [e.codes["version"] for e in told]
        assert versions == sorted(set(versions))
        assert versions[-1] == f.again(town, case.id).version
        assert f.again(town, case.id).promise_due_at == later

    def test_goes_through_a_town_page_by_page_and_leaves_nobody_out(
        self, town: int, another_calendar: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        cases = [a_case_of_an_office(town) for _ in range(3)]
        another_calendar(closed=date(2026, 3, 11))
        monkeypatch.setattr(clocks, "LOOKED_AT", 4)

        seen, looked, after = [], [], 0
        while after is not None:
            rows, more = f.do(f.office(town), clocks.preview, after=after, now=NOON)
            seen += [one.clock.id for one in rows if one.due != one.due_from]
            done = f.do(f.office(town), clocks.recompute, after=after, now=NOON)
            assert done.after == more
            looked.append(done.moved)
            after = more
        rest = f.do(f.office(town), clocks.preview, now=NOON)[0]

        assert len(looked) >= 2
        assert len(seen) == len(set(seen)) == sum(looked)
        assert {c.id for c in cases} <= set(_cases_of(town, seen))
        assert rest == []


def _cases_of(town: int, ids: list[int]) -> list[int]:
    with scope.work(system(town)):
        return list(Clock.objects.filter(id__in=ids).values_list("case_id", flat=True))


ASKS = {
    "clocks.ask_suspension": lambda c, by, now: f.do(by, clocks.ask_suspension, c.id, what=f.pause(now), now=now),
    "clocks.ask_extension": lambda c, by, now: f.do(
        by, clocks.ask_extension, c.id, workdays=3, reason_for_caller=f.REASON, now=now
    ),
    "banking.ask": lambda c, by, now: f.do(by, banking.ask, c.id, what=f.wanted(now), now=now),
}
DECIDED = {
    "clocks.deny_suspension": ("clocks.ask_suspension", clocks.deny_suspension, f.supervisor),
    "clocks.extend": ("clocks.ask_extension", clocks.extend, f.supervisor),
    "clocks.deny_extension": ("clocks.ask_extension", clocks.deny_extension, f.supervisor),
    "banking.deny": ("banking.ask", banking.deny, f.office),
}
TRAILS = moving._ENTRIES


def _entries(case: Case) -> list[str]:
    with scope.work(system(case.tenant_id)):
        return [e.verb for e in trail.of("case", case.id)]


class TestEveryAct:
    """The verbs that ask and decide without moving the case; those that move it stand in test_moves."""

    @pytest.mark.parametrize("verb", ASKS)
    def test_of_asking_leaves_one_entry(self, verb: str, town: int) -> None:
        case = a_handled_case(town)
        before = _entries(case)

        ASKS[verb](case, f.handler_of(case), NOON)

        assert _entries(case) == [*before, *TRAILS[verb]]

    @pytest.mark.parametrize("verb", ASKS)
    def test_of_asking_refuses_the_wrong_person_and_changes_nothing(self, verb: str, town: int) -> None:
        case = a_handled_case(town)

        with pytest.raises((NotAllowed, NotFound)):
            ASKS[verb](case, f.stranger(town), NOON)
        with pytest.raises((NotAllowed, NotFound)):
            ASKS[verb](case, f.supervisor(town), NOON)

        assert f.again(town, case.id).version == case.version

    @pytest.mark.parametrize("verb", ASKS)
    def test_of_asking_refuses_the_wrong_moment(self, verb: str, town: int) -> None:
        case = f.a_case_at(town, Status.REPLIED)

        with pytest.raises(WrongMoment):
            ASKS[verb](case, f.handler_of(case), NOON)

        assert f.again(town, case.id).version == case.version

    @pytest.mark.parametrize("verb", DECIDED)
    def test_of_deciding_leaves_one_entry_and_is_another_persons(self, verb: str, town: int) -> None:
        asks, decide, whose = DECIDED[verb]
        case = a_handled_case(town)
        more: dict[str, Any] = {} if verb == "clocks.extend" else {"why": "可以按时办完"}
        ASKS[asks](case, f.handler_of(case), NOON)
        before, asked = _entries(case), f.again(town, case.id)

        with pytest.raises((NotAllowed, NotFound, SamePerson)):
            f.do(f.handler_of(case), decide, case.id, now=NOON, **more)
        with pytest.raises(SamePerson):
            same = f.staff(town, "supervisor", "office", account=f.handler_of(case).account_id or 0, body="ldxz")
            f.do(same, decide, case.id, now=NOON, **more)
        assert f.again(town, case.id).version == asked.version

        f.do(whose(town), decide, case.id, now=NOON, **more)
        assert _entries(case) == [*before, *TRAILS[verb]]

    @pytest.mark.parametrize("verb", DECIDED)
    def test_of_deciding_needs_something_asked(self, verb: str, town: int) -> None:
        _asks, decide, whose = DECIDED[verb]
        case = a_handled_case(town)
        more: dict[str, Any] = {} if verb == "clocks.extend" else {"why": "可以按时办完"}

        with pytest.raises(asking.NothingAsked):
            f.do(whose(town), decide, case.id, now=NOON, **more)


def test_progress_may_be_told_while_time_stands_still(town: int) -> None:
    case = f.a_case_at(town, Status.SUSPENDED)
    later: datetime = NOON + timedelta(days=2)

    f.do(f.handler_of(case), handling.note_progress, case.id, text="材料已经到了，等约定的时间上门。", now=later)

    assert f.again(town, case.id).status == Status.SUSPENDED

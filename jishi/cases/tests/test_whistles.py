"""Whistles: every row works, refuses the wrong person and moment, leaves one entry; each body's own result (10 §8)."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest

from jishi.cases.actions import feedback, handling, rating, review, sweeping, whistle
from jishi.cases.models import Case, Clock, Participant, Rating, Whistle
from jishi.cases.refusals import (
    CitationNeeded,
    ComeFirst,
    GroundNeeded,
    NothingToObject,
    OnlyAStreetBlows,
    QuorumUnclear,
    RatedBefore,
    ResultsMissing,
    SamePerson,
    StillRunning,
    TooShortOrLong,
    WhistleRuns,
    WhyThisBody,
)
from jishi.cases.states import PARTICIPANT, WHISTLE, Status
from jishi.cases.tests import factories as f
from jishi.cases.tests import together_steps as t
from jishi.duties.actions.deciding import PushDownRefused
from jishi.foundation import scope
from jishi.foundation.actor import Actor, system
from jishi.foundation.refusals import NotAllowed, NotFound, Stale, WrongMoment

LATER = t.AT + timedelta(hours=1)
Given = Callable[[Any], dict[str, Any]]


@dataclass(frozen=True)
class Way:
    verb: str
    start: str
    right: Callable[[int], Actor]
    given: Given
    end: str
    entry: str
    of: str = "participant"  # or whistle
    prepare: Callable[[Any], Any] | None = None
    entries: int = 1


def _street(town: int) -> Actor:
    return f.handler(town, t.STREET)


def _clock(town: int) -> Actor:
    return f.the_clock(town)


def _system(town: int) -> Actor:
    return system(town)


def _nothing(row: Any) -> dict[str, Any]:
    return {}


def _words(row: Any) -> dict[str, Any]:
    return {"words": "写明理由，情况属实，照此办理。"}


def _objection(row: Any) -> dict[str, Any]:
    return {"why": whistle.Objection("not_our_duty", "不归我们管", f.some_item(row.tenant_id))}


def _first_to_answer(made: Whistle) -> None:
    """All but one have answered, past the verb that would gather them."""
    with scope.work(system(made.tenant_id)):
        Participant.objects.filter(whistle=made).update(status="ACCEPTED")


def _all_reported(made: Whistle) -> None:
    t.each(made, whistle.arrive, LATER, words="来了两个人")
    t.each(made, whistle.report, LATER, result=t.RESULT)


RATED = {"rated": rating.Rated(t.YES, "来得快")}
WAYS = [
    Way("whistle.gather", "CALLED", _system, _nothing, "GATHERED", "whistle.gathered", "whistle", _first_to_answer),
    Way("whistle.lapse", "CALLED", _clock, _nothing, "LAPSED", "whistle.lapsed", "whistle"),
    Way("whistle.start", "GATHERED", _street, _nothing, "ACTING", "whistle.started", "whistle"),
    Way("whistle.conclude", "ACTING", _street, _words, "CONCLUDED", "whistle.concluded", "whistle", _all_reported),
    Way("whistle.rate", "CONCLUDED", _clock, _nothing, "RATED", "whistle.rated", "whistle"),
    Way("whistle.call_off", "CALLED", _street, _words, "CALLED_OFF", "whistle.called_off", "whistle"),
    Way("whistle.call_off", "GATHERED", _street, _words, "CALLED_OFF", "whistle.called_off", "whistle"),
    Way("whistle.answer", "CALLED", t.helper, _nothing, "ACCEPTED", "whistle.answered"),
    Way("whistle.object_", "CALLED", t.helper, _objection, "OBJECTED", "whistle.objected"),
    Way("whistle.uphold", "OBJECTED", t.office, _words, "RELEASED", "whistle.objection_ruled"),
    Way("whistle.deny", "OBJECTED", t.office, _words, "ACCEPTED", "whistle.objection_ruled"),
    Way("whistle.arrive", "ACCEPTED", t.helper, _words, "ARRIVED", "whistle.arrived"),
    Way("whistle.arrive", "ACCEPTED", _street, _words, "ARRIVED", "whistle.arrived"),
    Way("whistle.miss", "ACCEPTED", _street, _words, "ABSENT", "whistle.missed"),
    Way("whistle.miss", "CALLED", _clock, _nothing, "ABSENT", "whistle.missed"),
    Way("whistle.report", "ARRIVED", t.helper, lambda r: {"result": t.RESULT}, "REPORTED", "whistle.result_reported"),
    Way("rating.rate_body", "REPORTED", _street, lambda r: RATED, "REPORTED", "whistle.body_rated"),
    Way("rating.rate_whistle", "REPORTED", t.helper, lambda r: RATED, "REPORTED", "whistle.whistle_rated"),
]  # fmt: skip
every_way = pytest.mark.parametrize("way", WAYS, ids=lambda w: f"{w.verb}-{w.start}-{w.right.__name__}")
VERBS = {"whistle": whistle, "rating": rating}


def _verb(way: Way) -> Callable[..., Any]:
    room, name = way.verb.split(".")
    found: Callable[..., Any] = getattr(VERBS[room], name)
    return found


def _ready(way: Way, town: int) -> Any:
    row = t.a_whistle(town, way.start) if way.of == "whistle" else t.a_participant(town, way.start)
    if way.prepare:
        way.prepare(row)
    return _again(row)


def _again(row: Any) -> Any:
    with scope.work(system(row.tenant_id)):
        return type(row).objects.select_related(*(["whistle"] if isinstance(row, Participant) else [])).get(id=row.id)


def _case(row: Any) -> int:
    found: int = row.case_id if isinstance(row, Whistle) else row.whistle.case_id
    return found


def test_every_verb_of_both_tables_has_its_way_here() -> None:
    named = {m.verb for life in (WHISTLE, PARTICIPANT) for m in (*life.moves, *life.acts)}

    assert named - {"whistle.blow", "rating.object_", "rating.rule"} == {w.verb for w in WAYS}


class TestEveryRow:
    @every_way
    def test_leads_where_the_table_says_and_leaves_one_entry(self, way: Way, town: int) -> None:
        row = _ready(way, town)
        before = t.entries(town, _case(row))

        f.do(way.right(town), _verb(way), row.id, now=LATER, **way.given(row))

        assert _again(row).status == way.end
        assert t.entries(town, _case(row)) == [*before, way.entry]

    @every_way
    def test_refuses_the_wrong_person_and_changes_nothing(self, way: Way, town: int) -> None:
        row = _ready(way, town)
        before = t.picture(town, _case(row))

        wrong = [f.stranger(town), t.helper(town, t.SECOND) if way.of == "participant" else f.dispatcher(town)]
        for actor in wrong:
            with pytest.raises((NotAllowed, NotFound)):
                f.do(actor, _verb(way), row.id, now=LATER, **way.given(row))

        assert t.picture(town, _case(row)) == before

    @every_way
    def test_refuses_the_wrong_moment_and_changes_nothing(self, way: Way, town: int) -> None:
        row = t.a_whistle(town, "CALLED_OFF") if way.of == "whistle" else t.a_participant(town, "RELEASED")
        before = t.picture(town, _case(row))

        with pytest.raises(WrongMoment) as no:
            f.do(way.right(town), _verb(way), row.id, now=LATER, **way.given(row))

        assert no.value.facts["state"] == row.status
        assert t.picture(town, _case(row)) == before

    @every_way
    def test_on_an_old_version_changes_nothing(self, way: Way, town: int) -> None:
        if way.right in (_clock, _system):
            return  # a clock has seen nothing
        row = _ready(way, town)
        before = t.picture(town, _case(row))

        with pytest.raises(Stale):
            f.do(way.right(town), _verb(way), row.id, now=LATER, version=row.version + 1, **way.given(row))

        assert t.picture(town, _case(row)) == before


class TestBlowing:
    def test_calls_each_body_with_its_own_clock_and_one_entry(self, town: int) -> None:
        case = t.a_case_of_the_street(town)
        before = t.entries(town, case.id)

        made = t.blow(case)

        clocks = t.running_clocks(town, case.id, "whistle_answer", "body_answer")
        assert sorted(c.kind for c in clocks) == ["body_answer", "body_answer", "whistle_answer"]
        assert {c.owner_body_id for c in clocks} == {None, *(r.body_id for r in t.rows_of(made))}
        assert t.entries(town, case.id) == [*before, "whistle.blown"]

    def test_gives_half_a_working_day_and_thirty_minutes_in_an_emergency(self, town: int) -> None:
        calm, urgent = t.a_whistle(town), t.a_whistle(town, kind="emergency")

        (slow,) = t.running_clocks(town, calm.case_id, "whistle_answer")
        (fast,) = t.running_clocks(town, urgent.case_id, "whistle_answer")
        assert (slow.amount, fast.amount) == ("1hd", "30nm")
        assert fast.due_at == fast.started_at + timedelta(minutes=30)

    def test_needs_a_duty_item_or_a_reason_for_each_body_but_not_in_an_emergency(self, town: int) -> None:
        case = t.a_case_of_the_street(town)
        called = [whistle.Called(f.body_id(town, "rsj"))]
        before = t.picture(town, case.id)

        with pytest.raises(WhyThisBody):
            t.blow(case, bodies=called)
        assert t.picture(town, case.id) == before
        made = t.blow(case, bodies=called, kind="emergency")

        assert made.status == "CALLED"

    def test_holds_the_guard_of_pushing_down(self, town: int) -> None:
        case = t.a_case_of_the_street(town)

        with pytest.raises(PushDownRefused):
            t.blow(case, bodies=[whistle.Called(f.body_id(town, "sqcz"), why="离得近")])

    def test_an_accused_body_is_not_called(self, town: int) -> None:
        case = t.a_case_of_the_street(town, accused_body_ids=(f.body_id(town, t.HELPER),))
        before = t.picture(town, case.id)

        with pytest.raises(NotAllowed, match="回避|stand|post"):
            t.blow(case)

        assert t.picture(town, case.id) == before

    @pytest.mark.parametrize("who", ["swj", "qdjd", "stranger"])
    def test_is_the_streets_of_the_place_alone(self, town: int, who: str) -> None:
        case = t.a_case_of_the_street(town)
        actor = f.stranger(town) if who == "stranger" else f.handler(town, who)

        with pytest.raises((OnlyAStreetBlows, NotFound)):
            f.do(actor, whistle.blow, case.id, call=t.call_of(town), now=t.AT)

    def test_while_one_runs_is_refused_and_after_a_lapse_says_it_was_blown_again(self, town: int) -> None:
        made = t.a_whistle(town)
        case = t.case_of(made)
        with pytest.raises(WhistleRuns):
            t.blow(case, LATER)
        f.do(f.the_clock(town), whistle.lapse, made.id, now=LATER)

        again = t.blow(case, LATER)

        assert again.previous_id == made.id

    def test_of_an_unclear_quorum_is_refused(self, town: int) -> None:
        case = t.a_case_of_the_street(town)
        helper = f.body_id(town, t.HELPER)

        for wrong in ({"quorum_count": 3}, {"quorum_bodies": (helper,), "quorum_count": 1},
                      {"quorum_bodies": (f.body_id(town, "swj"),)}):  # fmt: skip
            with pytest.raises(QuorumUnclear):
                t.blow(case, **wrong)

    def test_of_what_is_not_sound_is_refused(self, town: int) -> None:
        case = t.a_case_of_the_street(town)

        for wrong in ({"kind": "x"}, {"bodies": []}, {"gather_at": t.AT - timedelta(hours=1)}, {"act_amount": "99wd"},
                      {"act_amount": "soon"},
                      {"bodies": [whistle.Called(f.body_id(town, t.STREET), why="自己")]}):  # fmt: skip
            with pytest.raises(GroundNeeded):
                t.blow(case, **wrong)
        with pytest.raises(TooShortOrLong):
            t.blow(case, what="来")

    @pytest.mark.parametrize("state", [Status.REPLIED, Status.CLOSED])
    def test_on_an_answered_case_is_refused(self, town: int, state: Status) -> None:
        case = f.a_case_at(town, state)

        with pytest.raises((WrongMoment, NotFound)):
            t.blow(case, t.AT + timedelta(days=1))


class TestTheQuorum:
    def test_of_named_bodies_gathers_with_the_last_of_them(self, town: int) -> None:
        made = t.a_whistle(town, quorum_bodies=(f.body_id(town, t.HELPER),))

        f.do(t.helper(town, t.SECOND), whistle.answer, t.of_body(made, t.SECOND).id, now=LATER)
        assert t.whistle_again(made).status == "CALLED"
        f.do(t.helper(town), whistle.answer, t.of_body(made).id, now=LATER)

        assert t.whistle_again(made).status == "GATHERED"
        assert t.entries(town, made.case_id)[-2:] == ["whistle.answered", "whistle.gathered"]

    def test_of_n_of_m_gathers_with_the_nth_and_the_rest_may_still_answer_or_is_absent_by_time(self, town: int) -> None:
        made = t.a_whistle(town, quorum_count=1)
        f.do(t.helper(town), whistle.answer, t.of_body(made).id, now=LATER)
        assert t.whistle_again(made).status == "GATHERED"

        sweeping.sweep(by=f.the_clock(town), now=t.AT + timedelta(days=2))

        assert t.of_body(made, t.SECOND).status == "ABSENT"
        assert t.whistle_again(made).status == "GATHERED"

    def test_does_not_wait_for_a_body_whose_objection_was_upheld(self, town: int) -> None:
        made = t.a_whistle(town)
        f.do(t.helper(town, t.SECOND), whistle.answer, t.of_body(made, t.SECOND).id, now=LATER)
        t.object_to(t.of_body(made), LATER)

        f.do(t.office(town), whistle.uphold, t.of_body(made).id, words="确实不归它", now=LATER)

        assert t.whistle_again(made).status == "GATHERED"

    def test_is_not_ruled_on_by_the_body_that_hosts_it(self, town: int) -> None:
        made = t.a_whistle(town, lead_body_id=f.body_id(town, t.SECOND))
        t.object_to(t.of_body(made), LATER)
        host = f.staff(town, "office", account=64, body=t.SECOND)

        with pytest.raises(NotAllowed):
            f.do(host, whistle.deny, t.of_body(made).id, words="写明理由，照此办理。", now=LATER)

    def test_is_not_ruled_on_by_who_blew_in_another_post(self, town: int) -> None:
        made = t.a_whistle(town)
        t.object_to(t.of_body(made), LATER)
        street = f.handler(town, t.STREET).account_id
        assert street is not None
        same = f.staff(town, "office", account=street, body="ldxz")

        for verb in (whistle.uphold, whistle.deny):
            with pytest.raises(SamePerson):
                f.do(same, verb, t.of_body(made).id, words="写明理由，照此办理。", now=LATER)

    def test_that_is_missing_when_time_is_up_lapses_and_every_body_is_told_where_it_stands(self, town: int) -> None:
        made = t.a_whistle(town)
        f.do(t.helper(town), whistle.answer, t.of_body(made).id, now=LATER)

        done = sweeping.sweep(by=f.the_clock(town), now=t.AT + timedelta(days=2))

        assert done["whistle.lapse"] == 1
        assert t.whistle_again(made).status == "LAPSED"
        assert [r.status for r in t.rows_of(made)] == ["RELEASED", "ABSENT"]
        assert not t.running_clocks(town, made.case_id, "whistle_answer", "body_answer", "objection")


class TestAnswering:
    def test_in_an_emergency_a_body_comes_first(self, town: int) -> None:
        made = t.a_whistle(town, kind="emergency")

        with pytest.raises(ComeFirst):
            t.object_to(t.of_body(made), t.AT + timedelta(minutes=6))

    def test_an_objection_cites_an_item(self, town: int) -> None:
        row = t.a_participant(town, "CALLED")

        with pytest.raises(CitationNeeded):
            f.do(t.helper(town), whistle.object_, row.id, why=whistle.Objection("wrong_place", "不在", None), now=LATER)

    def test_the_office_of_the_street_itself_does_not_rule(self, town: int) -> None:
        row = t.a_participant(town, "OBJECTED")
        own = f.staff(town, "office", account=62, body=t.STREET)

        with pytest.raises(NotAllowed):
            f.do(own, whistle.deny, row.id, words="要来", now=LATER)

    def test_two_bodies_answer_at_once_and_neither_is_stale(self, town: int) -> None:
        made = t.a_whistle(town)
        first, second = t.of_body(made), t.of_body(made, t.SECOND)

        f.do(t.helper(town), whistle.answer, first.id, now=LATER, version=first.version)
        f.do(t.helper(town, t.SECOND), whistle.answer, second.id, now=LATER, version=second.version)

        assert t.whistle_again(made).status == "GATHERED"

    def test_a_result_is_written_by_the_body_itself_and_not_before_the_start(self, town: int) -> None:
        made = t.a_whistle(town, "GATHERED")
        row = t.of_body(made)
        f.do(t.helper(town), whistle.arrive, row.id, words="来了两个人", now=LATER)

        with pytest.raises(WrongMoment):
            f.do(t.helper(town), whistle.report, row.id, result=t.RESULT, now=LATER)
        t.start(made, LATER)
        with pytest.raises(NotAllowed):
            f.do(_street(town), whistle.report, row.id, result=t.RESULT, now=LATER)
        with pytest.raises(TooShortOrLong):
            f.do(t.helper(town), whistle.report, row.id, result="办了", now=LATER)


class TestConcluding:
    def test_waits_for_every_body_to_have_its_own_result_or_a_recorded_absence(self, town: int) -> None:
        made = t.a_whistle(town, "ACTING")
        first, second = t.rows_of(made)
        f.do(t.helper(town), whistle.arrive, first.id, words="来了两个人", now=LATER)
        f.do(t.helper(town), whistle.report, first.id, result=t.RESULT, now=LATER)
        before = t.picture(town, made.case_id)

        with pytest.raises(ResultsMissing) as no:
            f.do(_street(town), whistle.conclude, made.id, words="棚子清了，井通了。", now=LATER)

        assert [one["body"] for one in no.value.facts["open"]] == [second.body_id]
        assert t.picture(town, made.case_id) == before
        f.do(_street(town), whistle.miss, second.id, words="电话里说抽不出人", now=LATER)
        f.do(_street(town), whistle.conclude, made.id, words="棚子清了，井通了，都看过。", now=LATER)
        assert t.whistle_again(made).status == "CONCLUDED"

    def test_a_body_that_came_and_wrote_nothing_holds_it_up(self, town: int) -> None:
        made = t.a_whistle(town, "ACTING")
        for row in t.rows_of(made):
            f.do(t.helper(town, row.body.code), whistle.arrive, row.id, words="来了两个人", now=LATER)

        with pytest.raises(ResultsMissing):
            f.do(_street(town), whistle.conclude, made.id, words="棚子清了，井通了。", now=LATER)

    @pytest.mark.parametrize("status", ["CALLED", "GATHERED", "ACTING"])
    def test_until_then_the_lead_does_not_answer(self, town: int, status: str) -> None:
        made = t.a_whistle(town, status)
        case = t.case_of(made)
        f.contact(case, LATER)

        with pytest.raises(StillRunning) as no:
            f.do(f.handler_of(case), handling.reply, case.id, answer=f.answer_of(LATER), now=LATER)

        assert [one["kind"] for one in no.value.facts["open"]] == ["whistle"]

    def test_rating_holds_nobody_up(self, town: int) -> None:
        made = t.a_whistle(town, "CONCLUDED")
        case = t.case_of(made)
        f.contact(case, LATER)

        f.do(f.handler_of(case), handling.reply, case.id, answer=f.answer_of(LATER), now=LATER)

        assert f.again(town, case.id).status == Status.REPLIED


class TestRating:
    def _ratings(self, made: Whistle) -> list[Rating]:
        with scope.work(system(made.tenant_id)):
            return list(Rating.objects.filter(participant__whistle=made).order_by("id"))

    def test_of_both_sides_stands_apart_and_the_last_ends_it(self, town: int) -> None:
        made = t.a_whistle(town, "RATED")

        rows = self._ratings(made)
        assert sorted((r.participant_id, r.side) for r in rows) == sorted(
            (p.id, side) for p in t.rows_of(made) for side in ("street", "body")
        )
        for one in rows:
            of_street, of_body = {"came", "did_its_part", "result_holds"}, {"needed", "right_body", "prepared"}
            own, others = (of_street, of_body) if one.side == "street" else (of_body, of_street)
            assert {getattr(one, q) for q in own} == {"yes"}
            assert {getattr(one, q) for q in others} == {""}

    def test_neither_side_reads_the_others_before_both_are_done(self, town: int) -> None:
        from jishi.cases.queries import together

        made = t.a_whistle(town, "CONCLUDED")
        row = t.of_body(made)
        f.do(t.helper(town), rating.rate_whistle, row.id, rated=rating.Rated(t.YES, "没准备好"), now=LATER)

        def read(by: Actor) -> list[str]:
            with scope.work(by):
                (shown,) = together.of_case(t.case_of(made), by=by, now=LATER, lang="zh").whistles
                return [r.words for p in shown.bodies for r in p.ratings]

        assert read(_street(town)) == []
        assert read(t.helper(town)) == ["没准备好"]
        sweeping.sweep(by=f.the_clock(town), now=t.AT + timedelta(days=30))
        assert read(_street(town)) == ["没准备好"]

    def test_that_time_ends_shows_who_has_not_rated(self, town: int) -> None:
        made = t.a_whistle(town, "CONCLUDED")

        done = sweeping.sweep(by=f.the_clock(town), now=t.AT + timedelta(days=30))

        assert done["whistle.rate"] == 1
        assert (t.whistle_again(made).status, self._ratings(made)) == ("RATED", [])

    def test_goes_on_when_the_case_has_ended_and_ends_by_its_own_clock(self, town: int) -> None:
        made = t.a_whistle(town, "CONCLUDED")
        case = t.case_of(made)
        f.contact(case, LATER)
        f.do(f.handler_of(case), handling.reply, case.id, answer=f.answer_of(LATER), now=LATER)
        f.do(f.reviewer(town), review.approve, case.id, elements=f.ALL_FOUR, now=LATER)
        f.do(f.the_clock(town), feedback.conclude, case.id, now=LATER)

        f.do(t.helper(town), rating.rate_whistle, t.of_body(made).id, rated=rating.Rated(t.YES), now=LATER)
        running = self._running(case)
        sweeping.sweep(by=f.the_clock(town), now=t.AT + timedelta(days=30))

        assert (f.again(town, case.id).status, running) == (Status.CLOSED, {"whistle_rate"})
        assert (t.whistle_again(made).status, self._running(case)) == ("RATED", set())

    def _running(self, case: Case) -> set[str]:
        with scope.work(system(case.tenant_id)):
            return set(Clock.objects.filter(case=case, stopped_at=None).values_list("kind", flat=True))

    def test_is_not_changed(self, town: int) -> None:
        made = t.a_whistle(town, "CONCLUDED")
        row = t.of_body(made)
        f.do(_street(town), rating.rate_body, row.id, rated=rating.Rated(t.YES), now=LATER)

        with pytest.raises(RatedBefore):
            f.do(_street(town), rating.rate_body, row.id, rated=rating.Rated(t.YES), now=LATER)
        with pytest.raises(GroundNeeded):
            f.do(t.helper(town), rating.rate_whistle, row.id, rated=rating.Rated({"needed": "yes"}), now=LATER)

    def test_before_the_work_is_over_is_refused(self, town: int) -> None:
        row = t.a_participant(town, "ABSENT")

        with pytest.raises(WrongMoment):
            f.do(_street(town), rating.rate_body, row.id, rated=rating.Rated(t.YES), now=LATER)

    @pytest.mark.parametrize("side", ["street", "body"])
    def test_is_objected_to_by_the_rated_side_alone_and_both_stay_on_record(self, town: int, side: str) -> None:
        made = t.a_whistle(town, "RATED")
        row = t.of_body(made)
        rated, rater = (t.helper(town), _street(town)) if side == "street" else (_street(town), t.helper(town))
        with pytest.raises(NothingToObject):
            f.do(rater, rating.object_, row.id, side=side, words="我自己评的", now=LATER)

        f.do(rated, rating.object_, row.id, side=side, words="我们当天就到了", now=LATER)
        with pytest.raises(NothingToObject):
            f.do(rated, rating.object_, row.id, side=side, words="再说一次", now=LATER)
        with pytest.raises(NotAllowed):
            f.do(rated, rating.rule, row.id, side=side, ruling="upheld", words="成立", now=LATER)
        f.do(t.office(town), rating.rule, row.id, side=side, ruling="upheld", words="有到场记录", now=LATER)

        (one,) = [r for r in self._ratings(made) if r.participant_id == row.id and r.side == side]
        assert (one.ruling, one.objection_words, one.ruling_words) == ("upheld", "我们当天就到了", "有到场记录")
        assert {one.came or one.needed} == {"yes"}, "the rating itself is not changed"
        assert t.entries(town, made.case_id)[-2:] == ["whistle.rating_objected", "whistle.rating_ruled"]

    def test_is_not_objected_to_before_both_have_rated(self, town: int) -> None:
        made = t.a_whistle(town, "CONCLUDED")
        row = t.of_body(made)
        f.do(_street(town), rating.rate_body, row.id, rated=rating.Rated(t.YES), now=LATER)

        with pytest.raises(NothingToObject):
            f.do(t.helper(town), rating.object_, row.id, side="street", words="不符", now=LATER)

"""复核: a "not solved" is judged by another person, and closed by nobody before (spec 10 §5, rows 21 and 22)."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from conftest import MONDAY_TEN, TOWN
from jishi.accounts import queries as accounts
from jishi.cases import policies
from jishi.cases.actions import feedback, merging, rechecking, reopening, sweeping
from jishi.cases.models import Case, Clock, Feedback, Membership, Recheck
from jishi.cases.queries import second_look
from jishi.cases.queries.story import Happened
from jishi.cases.refusals import (
    GroundNeeded,
    MayAnswerAgain,
    NothingToLookAt,
    NotSolvedAgain,
    NotSolvedNeedsReview,
    NotSolvedWaits,
    SamePerson,
)
from jishi.cases.states import Status
from jishi.cases.tests import factories as f
from jishi.cases.web.resident import second_look as telling
from jishi.foundation import ends, scope, trail
from jishi.foundation.actor import Actor, system
from jishi.foundation.refusals import NotAllowed, NotFound

NO = feedback.Answers("yes", "no", "not", "还是积水")
AT = MONDAY_TEN + timedelta(hours=6)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def asked(case: Case) -> list[Feedback]:
    with scope.work(system(case.tenant_id)):
        rows = Feedback.objects.filter(case=case, superseded_by=None, membership__to_at=None).order_by("-round", "id")
        found = list(rows.select_related("membership"))
    return [r for r in found if r.round == found[0].round]


def caller(row: Feedback) -> Actor:
    return Actor(tenant_id=row.tenant_id, kind="reporter", report_id=row.membership.report_id)


def say(case: Case, answers: feedback.Answers, at: datetime = AT, *, who: int = 0) -> None:
    """One of the callers answers himself, as by his link."""
    row = asked(case)[who]
    f.do(caller(row), feedback.answer, row.id, answers=answers, now=at)


def clock(case: Case, kind: str) -> Clock | None:
    with scope.work(system(case.tenant_id)):
        return Clock.objects.filter(case=case, kind=kind, stopped_at=None).first()


def entries(case: Case) -> list[str]:
    with scope.work(system(case.tenant_id)):
        return [e.verb for e in trail.of("case", case.id)]


def conclude(case: Case, at: datetime = AT + HOUR) -> None:
    f.do(f.caller_desk(case.tenant_id), feedback.conclude, case.id, now=at)


def shared(town: int) -> Case:
    """A case of two callers that waits for their answers."""
    case, other = f.a_case_at(town, Status.HANDLING), f.a_case(town, now=MONDAY_TEN)
    f.do(f.dispatcher(town), merging.absorb, other.id, into=case.id, now=MONDAY_TEN + 3 * HOUR)
    return f.to_feedback_again(case, MONDAY_TEN + 4 * HOUR)


@pytest.fixture
def case(town: int) -> Case:
    return f.a_case_at(town, Status.FEEDBACK)


class TestNotSolved:
    def test_is_put_before_a_reviewer_with_his_own_clock_and_the_other_stands_still(self, case: Case) -> None:
        say(case, NO)

        own, feedbacks = clock(case, "recheck"), clock(case, "feedback")
        assert own is not None and own.due_at is not None
        assert feedbacks is not None and feedbacks.due_at is None
        assert entries(case)[-2:] == ["feedback.answered", "case.recheck_called"]

    def test_is_not_closed_by_the_feedback_body_before_somebody_has_looked(self, case: Case) -> None:
        say(case, NO)

        with pytest.raises(NotSolvedWaits) as no:
            conclude(case)

        assert "审核人" in no.value.next_step("zh")
        assert f.again(case.tenant_id, case.id).status == Status.FEEDBACK

    def test_is_not_closed_by_the_clock_however_long_nobody_looks(self, case: Case) -> None:
        say(case, NO)

        f.do(f.the_clock(case.tenant_id), sweeping.sweep, now=AT + 60 * DAY)

        assert f.again(case.tenant_id, case.id).status == Status.FEEDBACK
        assert "clock.expired" in entries(case)  # the reviewer's, and it agrees to nothing

    def test_that_was_said_before_there_were_second_looks_is_put_before_one_by_the_clock(self, case: Case) -> None:
        with scope.work(system(case.tenant_id)):
            Feedback.objects.filter(case=case).update(solved="no", answered_at=AT)

        f.do(f.the_clock(case.tenant_id), sweeping.sweep, now=AT + 9 * DAY)
        f.disagree(case, AT + 10 * DAY)
        f.do(f.the_clock(case.tenant_id), sweeping.sweep, now=AT + 12 * DAY)

        assert entries(case).count("case.recheck_called") == 1
        assert f.again(case.tenant_id, case.id).status == Status.CLOSED

    def test_that_was_said_before_there_were_second_looks_is_not_judged_by_who_took_it_down(self, case: Case) -> None:
        both = f.staff(case.tenant_id, "feedback", "reviewer", account=14, body="hfzx")
        with scope.work(system(case.tenant_id)):
            Feedback.objects.filter(case=case).update(solved="no", answered_at=AT, recorded_by=both.label)
        f.do(f.the_clock(case.tenant_id), sweeping.sweep, now=AT + 9 * DAY)

        with pytest.raises(SamePerson):
            f.disagree(case, AT + 10 * DAY, both)
        with scope.work(both):
            said = second_look.opened(f.again(case.tenant_id, case.id), by=both).said
        assert [one.why_not for one in said] == ["wrote_down"]

    def test_taken_back_and_said_again_does_not_start_the_reviewers_clock_anew(self, case: Case) -> None:
        say(case, NO)
        first = clock(case, "recheck")
        say(case, feedback.Answers("yes", "unclear", "no_answer"), AT + HOUR)
        say(case, NO, AT + 2 * HOUR)
        say(case, feedback.Answers("yes", "unclear", "no_answer"), AT + 3 * HOUR)
        say(case, NO, AT + 4 * HOUR)

        last = clock(case, "recheck")
        assert first is not None and last is not None
        assert (last.id, last.started_at, len(last.pauses)) == (first.id, first.started_at, 2)
        assert [datetime.fromisoformat(last.pauses[n][n]) for n in (0, 1)] == [AT + HOUR, AT + 4 * HOUR]

    def test_said_again_when_the_reviewer_was_late_gets_a_time_at_whose_end_those_above_are_told(
        self, case: Case
    ) -> None:
        say(case, NO)
        first = clock(case, "recheck")
        f.do(f.the_clock(case.tenant_id), sweeping.sweep, now=AT + 5 * DAY)
        say(case, feedback.Answers("yes", "unclear", "no_answer"), AT + 5 * DAY + HOUR)
        say(case, NO, AT + 5 * DAY + 2 * HOUR)

        anew = clock(case, "recheck")
        assert first is not None and anew is not None
        assert (anew.id != first.id, anew.expired_at) == (True, None)

    def test_that_is_corrected_is_looked_at_no_more(self, case: Case) -> None:
        say(case, NO)
        say(case, feedback.Answers("yes", "unclear", "no_answer"), AT + HOUR)

        assert clock(case, "recheck") is None
        feedbacks = clock(case, "feedback")
        assert feedbacks is not None and feedbacks.due_at is not None
        conclude(case, AT + 2 * HOUR)
        assert f.again(case.tenant_id, case.id).status == Status.CLOSED

    def test_of_one_who_said_nothing_is_never_heard_and_never_counts_as_satisfied(self, case: Case) -> None:
        f.do(f.the_clock(case.tenant_id), sweeping.sweep, now=AT + 60 * DAY)

        assert f.again(case.tenant_id, case.id).status == Status.CLOSED
        assert asked(case)[0].satisfied == "no_answer"
        assert "case.recheck_called" not in entries(case)


class TestAgreeing:
    def test_sends_it_back_with_the_clock_of_a_reopening_and_says_what_is_still_to_be_done(self, case: Case) -> None:
        say(case, NO)
        f.agree(case, AT + HOUR)

        back = f.again(case.tenant_id, case.id)
        assert (back.status, back.lead_id) == (Status.HANDLING, case.lead_id)
        assert clock(case, "reopen") is not None
        assert clock(case, "recheck") is clock(case, "feedback") is None
        with scope.work(system(case.tenant_id)):
            words = trail.words_of("case", case.id)
            last = trail.of("case", case.id)[-1]
        assert last.verb == "case.sent_back_by_feedback"
        assert f.STILL in str(words[last.seq])

    def test_is_nothing_that_the_feedback_desk_can_say_for_somebody_else(self, case: Case) -> None:
        say(case, NO)

        with pytest.raises(NotSolvedNeedsReview):
            f.do(f.caller_desk(case.tenant_id), feedback.send_back, case.id, why=f.STILL, now=AT + HOUR)
        with pytest.raises(NotAllowed):
            f.agree(case, AT + HOUR, f.caller_desk(case.tenant_id))

    def test_needs_an_answer_that_waits(self, case: Case) -> None:
        row = asked(case)[0].id
        say(case, feedback.Answers("yes", "unclear", "no_answer"))

        with pytest.raises(NothingToLookAt):
            f.do(f.reviewer(case.tenant_id), rechecking.agree, case.id, answer_id=row, why=f.STILL, now=AT)


class TestDisagreeing:
    def test_is_written_down_with_its_ground_and_lets_the_case_be_closed(self, case: Case) -> None:
        say(case, NO)
        f.disagree(case, AT + HOUR)

        feedbacks = clock(case, "feedback")
        assert clock(case, "recheck") is None
        assert feedbacks is not None and feedbacks.due_at is not None
        conclude(case, AT + 2 * DAY)
        assert f.again(case.tenant_id, case.id).status == Status.CLOSED
        assert entries(case)[-2:] == ["case.recheck_denied", "case.closed"]

    def test_leaves_the_caller_a_working_day_to_answer_again_before_anybody_closes_it(self, case: Case) -> None:
        say(case, NO)
        f.disagree(case, AT + HOUR)
        with scope.work(system(case.tenant_id)):
            until = Recheck.objects.get(case=case).answer_until

        assert until is not None
        with pytest.raises(MayAnswerAgain) as no:
            conclude(case, until - HOUR)
        assert ends.named(until) in no.value.sentence("zh")
        conclude(case, until)
        assert f.again(case.tenant_id, case.id).status == Status.CLOSED

    def test_at_the_end_of_the_feedback_time_leaves_the_caller_his_working_day_before_the_clock_closes_it(
        self, case: Case
    ) -> None:
        own = clock(case, "feedback")
        assert own is not None and own.due_at is not None
        say(case, NO, own.due_at - HOUR)
        f.disagree(case, own.due_at - HOUR / 2)
        with scope.work(system(case.tenant_id)):
            until = Recheck.objects.get(case=case).answer_until
        assert until is not None and until > own.due_at

        f.do(f.the_clock(case.tenant_id), sweeping.sweep, now=until - HOUR)
        assert f.again(case.tenant_id, case.id).status == Status.FEEDBACK
        f.do(f.the_clock(case.tenant_id), sweeping.sweep, now=until + HOUR)
        assert f.again(case.tenant_id, case.id).status == Status.CLOSED

    def test_of_whoever_says_meanwhile_that_it_is_solved_holds_nobody_up(self, case: Case) -> None:
        say(case, NO)
        f.disagree(case, AT + HOUR)
        say(case, feedback.Answers("yes", "yes", "satisfied"), AT + 2 * HOUR)

        assert f.again(case.tenant_id, case.id).status == Status.CLOSED

    def test_is_read_by_its_caller_with_the_moment_until_which_he_may_answer_again(self, case: Case) -> None:
        say(case, NO)
        f.disagree(case, AT + HOUR)
        with scope.work(system(case.tenant_id)):
            until = Recheck.objects.get(case=case).answer_until
            entry = trail.of("case", case.id)[-1]

        assert until is not None
        line = telling.TELL["case.recheck_denied"](
            Happened(entry.at, entry.verb, codes=entry.codes, words={"why": f.NOT_BACK}, own=True)
        )
        assert ends.named(until) in line["sub"]

    @pytest.mark.parametrize("said", [{"ground": "he_always_complains"}, {"why": "解决了"}, {"why": "好" * 501}])
    def test_without_a_ground_of_the_list_or_a_sentence_is_refused_and_changes_nothing(
        self, case: Case, said: dict[str, str]
    ) -> None:
        say(case, NO)
        before = f.again(case.tenant_id, case.id).version

        with pytest.raises(GroundNeeded):
            f.do(f.reviewer(case.tenant_id), rechecking.disagree, case.id, answer_id=f.said_no(case, AT),
                 now=AT, **{"ground": "planned", "why": f.NOT_BACK} | said)  # fmt: skip

        assert f.again(case.tenant_id, case.id).version == before
        with scope.work(system(case.tenant_id)):
            assert not Recheck.objects.filter(case=case).exists()

    def test_is_answered_by_its_caller_and_then_another_person_looks(self, case: Case) -> None:
        say(case, NO)
        f.disagree(case, AT + HOUR)
        say(case, NO, AT + 2 * HOUR)

        with pytest.raises(NotSolvedWaits):
            conclude(case, AT + 3 * HOUR)
        with pytest.raises(SamePerson):
            f.disagree(case, AT + 3 * HOUR)
        f.agree(case, AT + 3 * HOUR, replace(f.reviewer(case.tenant_id), account_id=63))
        assert f.again(case.tenant_id, case.id).status == Status.HANDLING

    def test_by_two_persons_is_the_end_of_looking_in_this_round(self, case: Case) -> None:
        say(case, NO)
        f.disagree(case, AT + HOUR)
        say(case, NO, AT + 2 * HOUR)
        f.disagree(case, AT + 3 * HOUR, replace(f.reviewer(case.tenant_id), account_id=63))
        say(case, NO, AT + 4 * HOUR)

        assert clock(case, "recheck") is None
        conclude(case, AT + 5 * HOUR)
        assert f.again(case.tenant_id, case.id).status == Status.CLOSED

    def test_after_the_clock_ran_out_meanwhile_lets_the_sweep_close_it(self, case: Case) -> None:
        say(case, NO, AT + 4 * DAY)
        f.disagree(case, AT + 30 * DAY)

        f.do(f.the_clock(case.tenant_id), sweeping.sweep, now=AT + 60 * DAY)

        assert f.again(case.tenant_id, case.id).status == Status.CLOSED


class TestTheSecondTime:
    def test_goes_back_by_the_feedback_body_without_a_review(self, case: Case) -> None:
        f.say_not_solved_again(case, AT)

        assert clock(case, "recheck") is None
        with pytest.raises(NotSolvedAgain):
            conclude(case)
        with pytest.raises(NotSolvedAgain):
            f.agree(case, AT + HOUR)
        with pytest.raises(GroundNeeded):
            f.do(f.caller_desk(case.tenant_id), feedback.send_back, case.id, why=" ", now=AT + HOUR)
        f.do(f.caller_desk(case.tenant_id), feedback.send_back, case.id, why=f.STILL, now=AT + HOUR)
        assert f.again(case.tenant_id, case.id).status == Status.HANDLING

    def test_goes_back_by_the_clock_where_the_feedback_body_does_nothing(self, case: Case) -> None:
        f.say_not_solved_again(case, AT)

        f.do(f.the_clock(case.tenant_id), sweeping.sweep, now=AT + 9 * DAY)

        assert entries(case)[-1] == "case.sent_back_by_feedback"
        assert f.again(case.tenant_id, case.id).status == Status.HANDLING

    def test_counts_what_was_said_in_an_earlier_round_also_where_a_reviewer_did_not_agree(self, case: Case) -> None:
        say(case, NO)
        f.disagree(case, AT + HOUR)
        conclude(case, AT + 2 * DAY)
        f.do(caller(asked(case)[0]), reopening.reopen, case.id, why="又堵了", now=AT + 3 * DAY)
        again = f.to_feedback_again(case, AT + 3 * DAY + HOUR)
        say(again, NO, AT + 3 * DAY + 2 * HOUR)

        f.do(f.caller_desk(case.tenant_id), feedback.send_back, case.id, why=f.STILL, now=AT + 3 * DAY + 3 * HOUR)
        assert f.again(case.tenant_id, case.id).status == Status.HANDLING


class TestSeveralCallers:
    def test_each_judges_for_himself_and_one_that_is_unjudged_holds_the_case(self, town: int) -> None:
        case = shared(town)
        say(case, NO)
        say(case, NO, AT + HOUR, who=1)
        f.disagree(case, AT + 2 * HOUR)

        assert clock(case, "recheck") is not None
        with pytest.raises(NotSolvedWaits):
            conclude(case, AT + 3 * HOUR)
        f.agree(case, AT + 3 * HOUR)
        assert f.again(town, case.id).status == Status.HANDLING

    def test_who_says_so_after_another_took_it_back_gets_the_whole_time_of_a_reviewer(self, town: int) -> None:
        case = shared(town)
        say(case, NO)
        first = clock(case, "recheck")
        say(case, feedback.Answers("yes", "unclear", "no_answer"), AT + HOUR)
        other = next(row for row in asked(case) if row.answered_at is None)
        f.do(caller(other), feedback.answer, other.id, answers=NO, now=AT + 2 * HOUR)

        anew = clock(case, "recheck")
        assert first is not None and anew is not None
        assert (anew.id != first.id, anew.started_at) == (True, AT + 2 * HOUR)

    def test_who_leaves_the_case_takes_his_answer_along(self, town: int) -> None:
        case = shared(town)
        say(case, NO)
        row = asked(case)[0]
        f.do(f.dispatcher(town), merging.leave, case.id, report_id=row.membership.report_id, tenant_code=TOWN,
             now=AT + HOUR)  # fmt: skip

        feedbacks = clock(case, "feedback")
        assert clock(case, "recheck") is None
        assert feedbacks is not None and feedbacks.due_at is not None

    def test_an_answer_is_not_lost_when_the_desk_parts_what_its_caller_said(self, case: Case) -> None:
        say(case, NO)
        with scope.work(system(case.tenant_id)):
            report = Membership.objects.get(case=case, to_at=None).report_id
            leaf = f.again(case.tenant_id, case.id).matter
        f.do(f.dispatcher(case.tenant_id), merging.split, report, case_id=case.id, tenant_code=TOWN,
             parts=[merging.Part("雨水井堵了", leaf), merging.Part("路灯也不亮", leaf)], now=AT + HOUR)  # fmt: skip

        with pytest.raises(NotSolvedWaits):
            conclude(case, AT + 2 * HOUR)


class TestWhoLooks:
    @pytest.mark.parametrize("act", [f.agree, f.disagree])
    def test_is_not_who_took_the_answer_down(self, case: Case, act: Any) -> None:
        f.say_not_solved(case, AT)
        both = f.staff(case.tenant_id, "feedback", "reviewer", account=14, body="hfzx")

        with pytest.raises(SamePerson):
            act(case, AT + HOUR, both)

    @pytest.mark.parametrize("act", [f.agree, f.disagree])
    def test_is_nobody_of_the_body_that_answered_nor_of_another_place(self, case: Case, act: Any) -> None:
        say(case, NO)
        assert case.lead_id is not None
        theirs = replace(f.reviewer(case.tenant_id), body_ids=frozenset({case.lead_id}))
        elsewhere = f.staff(case.tenant_id, "reviewer", account=65, area="999999")

        with pytest.raises(NotAllowed):
            act(case, AT + HOUR, theirs)
        with pytest.raises(NotFound):
            act(case, AT + HOUR, elsewhere)

    def test_is_the_leading_group_office_where_no_reviewer_is_left(
        self, case: Case, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        say(case, NO)
        author, other = (accounts.Hand(one, frozenset({""}), frozenset()) for one in (21, 13))
        monkeypatch.setattr(accounts, "hands_of", lambda role, now: [author, other])
        with pytest.raises(NotAllowed):  # one who did not answer is left
            f.agree(case, AT + HOUR, f.office(case.tenant_id))

        monkeypatch.setattr(accounts, "hands_of", lambda role, now: [author])  # who answered, and nobody else
        f.agree(case, AT + HOUR, f.office(case.tenant_id))

        assert f.again(case.tenant_id, case.id).status == Status.HANDLING


    def test_is_no_number_of_a_report_that_happens_to_be_an_account(
        self, case: Case, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        say(case, NO)  # as the holder of a report: its number is no person's
        report = asked(case)[0].membership.report_id
        free = accounts.Hand(report, frozenset({""}), frozenset())
        monkeypatch.setattr(accounts, "hands_of", lambda role, now: [free])

        with scope.work(system(case.tenant_id)):
            assert not policies.nobody_looks_again(f.again(case.tenant_id, case.id))


class TestTheBodyThatAnswered:
    def test_reads_what_is_still_to_be_done_and_not_what_its_caller_said(self, case: Case) -> None:
        say(case, NO)
        f.agree(case, AT + HOUR)

        back, theirs = f.again(case.tenant_id, case.id), f.handler_of(case)
        readable = {v for v in entries(case) if policies.may_read(theirs, back, v)}
        assert "case.sent_back_by_feedback" in readable
        assert not readable & {"feedback.answered", "case.recheck_called", "case.recheck_denied"}

"""Rules that a table of moves does not hold: who is a party, what a return, a link, a join and a promise may not do."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from conftest import MONDAY_TEN, TOWN
from jishi.cases import policies
from jishi.cases.actions import (
    consultation,
    dispatch,
    feedback,
    handling,
    handover,
    intake,
    reopening,
    ruling,
    sweeping,
)  # fmt: skip
from jishi.cases.models import Case, Clock, Feedback, Membership, Suggestion
from jishi.cases.queries import listing
from jishi.cases.refusals import CitationNeeded, GroundNeeded, LinkIsOver, SamePerson
from jishi.cases.states import Status
from jishi.cases.tests import factories as f
from jishi.duties import queries as duties
from jishi.duties.actions.deciding import PushDownRefused
from jishi.foundation import scope
from jishi.foundation.actor import Actor, system
from jishi.foundation.refusals import NotAllowed, NotFound, Refused, WrongMoment

LATER = MONDAY_TEN + timedelta(hours=8)


def promise_of(case: Case) -> Clock:
    with scope.work(system(case.tenant_id)):
        return Clock.objects.filter(case=case, kind="promise").order_by("-id")[0]


class TestPartiesOfTheMatter:
    def test_the_body_that_answered_does_not_conclude_its_own_feedback(self, town: int) -> None:
        case = f.a_case_at(town, Status.FEEDBACK)
        own = replace(f.caller_desk(town), body_ids=frozenset({case.lead_id or 0}))

        with pytest.raises(NotAllowed):
            f.do(own, feedback.conclude, case.id, now=LATER)

    def test_the_body_that_answered_does_not_note_calls_about_its_answer(self, town: int) -> None:
        case = f.a_case_at(town, Status.FEEDBACK)
        own = replace(f.caller_desk(town), body_ids=frozenset({case.lead_id or 0}))

        with pytest.raises(NotAllowed):
            f.do(own, feedback.note_attempt, case.id, result="no_answer", now=LATER)

    def test_a_body_that_returned_the_case_does_not_rule_on_it(self, town: int) -> None:
        case = f.a_case_at(town, Status.HANDLING)
        first = case.lead_id
        f.ask_return(case, LATER)
        f.do(f.dispatcher(town), handover.accept_return, case.id, now=LATER)
        f.do(
            f.dispatcher(town), consultation.open_, case.id, question="归谁？",
            invited=[f.body_id(town, "swj"), f.body_id(town, "cgj")], now=LATER,
        )  # fmt: skip
        party = replace(f.ruler(town), body_ids=frozenset({first or 0}))

        with pytest.raises(NotAllowed):
            f.do(
                party, ruling.rule, case.id, named_body_id=f.body_id(town, "cgj"), why=f.reasons(town), now=LATER,
                tenant_code=TOWN,
            )  # fmt: skip

    def test_who_asked_for_the_return_does_not_answer_it_in_another_post(self, town: int) -> None:
        case = f.a_case_at(town, Status.HANDLING)
        f.ask_return(case, LATER)
        same = replace(f.dispatcher(town), account_id=f.handler_of(case).account_id, post_id=77)

        with pytest.raises(SamePerson):
            f.do(same, handover.accept_return, case.id, now=LATER)

    def test_only_the_caller_or_the_operator_for_him_objects_to_a_decline(self, town: int) -> None:
        case = f.a_case_at(town, Status.DECLINED)

        with pytest.raises(NotAllowed):
            f.do(f.reviewer(town), intake.object_to_decline, case.id, text="不同意", now=LATER)

    def test_a_dispatcher_of_another_place_does_not_move_the_case(self, town: int) -> None:
        case = f.a_case(town)
        body, item = f.routed_body(case)
        elsewhere = replace(f.dispatcher(town), area="110101")

        with pytest.raises(NotFound):
            f.do(elsewhere, dispatch.offer, case.id, to=dispatch.Offer(body, item), now=LATER)


class TestNoPushingDown:
    """Spec 11 §4: there is no way round the guard."""

    def _assist(self, town: int) -> tuple[Case, int, int]:
        """A case whose matter is on an assist or taken-back line, and a street to push it to."""
        with scope.work(system(town)):
            rows = duties.law(MONDAY_TEN.date()).by_item_id.values()
            row, known = next((r, k) for r, k in rows if k.list_kind == "taken_back" and k.matters)
            matter, item = sorted(known.matters)[0], row.id
        case = f.a_case(town, matter=matter)
        return case, f.body_id(town, "hxjd"), item

    def test_by_giving_no_item(self, town: int) -> None:
        case, street, _item = self._assist(town)

        with pytest.raises(PushDownRefused):
            f.do(f.dispatcher(town), dispatch.offer, case.id, to=dispatch.Offer(street, why="离得近"), now=LATER)

    def test_by_citing_another_line(self, town: int) -> None:
        case, street, _item = self._assist(town)
        with scope.work(system(town)):
            rows = duties.law(MONDAY_TEN.date()).by_item_id.values()
            other = next(row.id for row, known in rows if known.list_kind == "basic")

        with pytest.raises(PushDownRefused):
            f.do(f.dispatcher(town), dispatch.offer, case.id, to=dispatch.Offer(street, other, why="离得近"), now=LATER)


class TestReturns:
    def test_an_answered_case_is_not_returned_while_its_review_waits(self, town: int) -> None:
        case = f.a_case_at(town, Status.REPLIED)

        with pytest.raises(WrongMoment):
            f.ask_return(case, LATER)

    @pytest.mark.parametrize("ground", ["not_our_duty", "wrong_place"])
    def test_a_return_that_names_nobody_known_is_refused(self, town: int, ground: str) -> None:
        case = f.a_case_at(town, Status.OFFERED)
        why = handover.Return(ground, "不是我们的", f.some_item(town), 999_999_999)

        with pytest.raises(Refused):
            f.do(f.handler_of(case), handover.return_, case.id, why=why, now=LATER)

    @pytest.mark.parametrize("ground", ["not_our_duty", "wrong_place"])
    def test_a_return_that_cites_no_item_is_refused(self, town: int, ground: str) -> None:
        case = f.a_case_at(town, Status.OFFERED)
        why = handover.Return(ground, "不是我们的", None, f.body_id(town, "cgj"))

        with pytest.raises(CitationNeeded):
            f.do(f.handler_of(case), handover.return_, case.id, why=why, now=LATER)

    def test_a_designated_body_may_not_return(self, town: int) -> None:
        case = f.a_case_at(town, Status.CONSULTING)
        f.do(f.ruler(town), ruling.uphold, case.id, why=f.reasons(town), now=LATER, tenant_code=TOWN)

        with pytest.raises(Refused) as no:
            f.ask_return(f.again(town, case.id), LATER)

        assert no.value.code == "designated_may_not_return"


class TestConsulting:
    def test_an_unknown_or_accused_body_is_not_invited(self, town: int) -> None:
        accused = f.body_id(town, "cgj")
        case = f.a_case(town, accused_body_ids=(accused,), kind="complaint")

        for invited in ([f.body_id(town, "swj"), accused], [f.body_id(town, "swj"), 999_999_999]):
            with pytest.raises(Refused):
                f.do(f.dispatcher(town), consultation.open_, case.id, question="归谁？", invited=invited, now=LATER)

    def test_a_body_that_does_not_exist_is_not_agreed_upon(self, town: int) -> None:
        case = f.a_case_at(town, Status.CONSULTING)

        with pytest.raises(Refused):
            f.do(f.dispatcher(town), consultation.conclude, case.id, agreed_body_id=999_999_999, now=LATER)


class TestPromise:
    def test_does_not_start_again_when_a_case_is_placed_elsewhere_after_its_end(self, town: int) -> None:
        case = f.a_case_at(town, Status.CLOSED)
        before = promise_of(case).started_at

        f.do(f.dispatcher(town), reopening.redispatch, case.id, why="应当由水务办", now=LATER)

        assert promise_of(case).started_at == before

    def test_does_not_start_again_when_a_case_is_reopened(self, town: int) -> None:
        case = f.a_case_at(town, Status.CLOSED)
        before = promise_of(case)

        f.do(f.reviewer(town), reopening.reopen, case.id, why="又堵了", now=LATER)

        assert (promise_of(case).id, promise_of(case).started_at) == (before.id, before.started_at)

    def test_is_not_paused_by_a_return(self, town: int) -> None:
        case = f.a_case_at(town, Status.HANDLING)

        f.ask_return(case, LATER)

        assert promise_of(case).pauses == []


class TestFeedback:
    def _asked(self, town: int) -> tuple[Case, Feedback]:
        case = f.a_case_at(town, Status.FEEDBACK)
        with scope.work(system(town)):
            return case, Feedback.objects.get(case=case)

    def test_a_used_link_is_over(self, town: int) -> None:
        _case, row = self._asked(town)
        with scope.work(system(town)):
            token = feedback.link_for(row.id)
            _, holder = feedback.holder_of_link(token, opener=system(town), now=LATER)
        f.do(holder, feedback.answer, row.id, answers=feedback.Answers("yes", "no", "not"), now=LATER)

        with scope.work(system(town)), pytest.raises(LinkIsOver):
            feedback.holder_of_link(token, opener=system(town), now=LATER)

    def test_a_link_of_a_closed_case_is_over(self, town: int) -> None:
        case, row = self._asked(town)
        with scope.work(system(town)):
            token = feedback.link_for(row.id)
        f.do(f.the_clock(town), feedback.conclude, case.id, now=LATER)

        with scope.work(system(town)), pytest.raises(LinkIsOver):
            feedback.holder_of_link(token, opener=system(town), now=LATER)

    def test_is_not_concluded_by_a_person_before_anybody_was_reached(self, town: int) -> None:
        case, _row = self._asked(town)

        with pytest.raises(GroundNeeded):
            f.do(f.caller_desk(town), feedback.conclude, case.id, now=LATER)

    def test_an_answer_replaced_meanwhile_is_kept_beside_the_new_one(self, town: int) -> None:
        _case, row = self._asked(town)
        desk = f.caller_desk(town)
        f.do(desk, feedback.answer, row.id, answers=feedback.Answers("yes", "no", "not"), now=LATER)
        f.do(desk, feedback.answer, row.id, answers=feedback.Answers("yes", "partly", "not"), now=LATER)

        f.do(desk, feedback.answer, row.id, answers=feedback.Answers("no", "no", "not"), now=LATER)

        with scope.work(system(town)):
            assert Feedback.objects.filter(membership=row.membership_id).count() == 3
            assert Feedback.objects.get(membership=row.membership_id, superseded_by=None).contacted == "no"


class TestJoining:
    def _joined(self, town: int, case: Case, **facts: Any) -> intake.Received:
        return f.receive(town, join_case_id=case.id, text=f.DRAIN + "又积水了。", **facts)

    def test_a_confidential_word_does_not_join_an_open_case(self, town: int) -> None:
        case = f.a_case_at(town, Status.HANDLING)

        assert self._joined(town, case, voice="confidential").case_id != case.id

    def test_a_complaint_about_a_body_does_not_join_a_case_that_body_holds(self, town: int) -> None:
        case = f.a_case_at(town, Status.HANDLING)

        done = self._joined(town, case, accused_body_ids=(case.lead_id,), kind="complaint")

        assert done.case_id != case.id

    def test_a_case_that_is_answered_takes_nobody_more_in(self, town: int) -> None:
        """Who joins after the approval would never be asked."""
        case = f.a_case_at(town, Status.FEEDBACK)

        assert self._joined(town, case).case_id != case.id

    def test_an_open_case_takes_another_voice_in(self, town: int) -> None:
        case = f.a_case_at(town, Status.HANDLING)

        assert self._joined(town, case).case_id == case.id


class TestSaidAnonymously:
    def test_leaves_no_trace_of_the_account_that_was_signed_in(self, town: int) -> None:
        resident = Actor(tenant_id=town, kind="resident", account_id=4711, roles=frozenset({"resident"}))

        done = f.receive(town, by=resident, voice="anonymous", caller_contact="", channel="web")

        with scope.work(system(town)):
            report = Membership.objects.select_related("report").get(case=done.case_id)
            entries = listing.trail.of("case", done.case_id)
        said = " ".join([report.by, report.report.entered_by, *(e.actor for e in entries)])
        assert "4711" not in said

    def test_a_confidential_word_does_not_carry_the_accounts_number_into_the_record(self, town: int) -> None:
        resident = Actor(tenant_id=town, kind="resident", account_id=4711, roles=frozenset({"resident"}))

        done = f.receive(town, by=resident, voice="confidential", channel="web")

        with scope.work(system(town)):
            report = Membership.objects.select_related("report").get(case=done.case_id)
            entries = listing.trail.of("case", done.case_id)
        said = " ".join([report.by, report.report.entered_by, *(e.actor for e in entries)])
        assert "4711" not in said


class TestLikelyDuplicates:
    def test_do_not_name_a_case_that_the_reader_may_not_see(self, town: int) -> None:
        """Suggestions were made for the desk; a handler reads them later, and may be the accused of the other case."""
        hidden = f.a_case(town)
        shown = f.receive(town, text=f.DRAIN + "没人管。")
        with scope.work(system(town)):
            said = Suggestion.objects.get(report=shown.report_id, stage="duplicates")
        assert hidden.number in str(said.candidates)  # the desk was told
        body, item = f.routed_body(f.again(town, shown.case_id))
        f.do(f.dispatcher(town), dispatch.offer, shown.case_id, to=dispatch.Offer(body, item), now=LATER)
        reader = f.handler_of(f.again(town, shown.case_id))

        with scope.work(reader):
            told = listing.suggestions(shown.number, by=reader)

        assert hidden.number not in str(told)
        assert hidden.title not in str([s["candidates"] for s in told if s["stage"] == "duplicates"])


class TestRecusal:
    def test_follows_the_person_into_another_post(self, town: int) -> None:
        accused = f.body_id(town, "cgj")
        case = f.a_case(town, accused_body_ids=(accused,), kind="complaint")
        both = replace(f.dispatcher(town), tied_to=frozenset({accused}))

        with scope.work(both):
            assert not policies.visible_to(both, Case.objects.filter(id=case.id)).exists()


class TestMoments:
    def test_a_moment_before_our_calendar_is_refused(self, town: int) -> None:
        """Year 1 west of here is before the calendar that our readers know; the row could never be read again."""
        with pytest.raises(Refused):
            f.receive(town, said_at=datetime(1, 1, 1, tzinfo=UTC))

    def test_a_contact_in_the_future_is_refused(self, town: int) -> None:
        case = f.a_case_at(town, Status.HANDLING)
        f.contact(case, LATER)
        answer = replace(f.answer_of(LATER), contacted_at=datetime(9999, 12, 31, tzinfo=UTC))

        with pytest.raises(GroundNeeded):
            f.do(f.handler_of(case), handling.reply, case.id, answer=answer, now=LATER)


class TestSweep:
    def test_twice_at_once_signs_once(self, town: int) -> None:
        case = f.a_case_at(town, Status.OFFERED)
        late = LATER + timedelta(days=3)

        first = sweeping.sweep(by=f.the_clock(town), now=late)
        second = sweeping.sweep(by=f.the_clock(town), now=late)

        assert first["handover.sign_by_time"] == 1
        assert second == {}
        assert f.again(town, case.id).status == Status.HANDLING

"""Lessons of handover, routing and feedback (14: C, H, F). Reference of each in its docstring."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from conftest import MONDAY_TEN
from jishi.cases.actions import correcting, dispatch, feedback, handover, reopening, ruling
from jishi.cases.models import Clock, Feedback
from jishi.cases.queries import listing
from jishi.cases.refusals import CitationNeeded, DesignatedMayNotReturn, NoCallNow
from jishi.cases.states import CASE, Status
from jishi.cases.tests import factories as f
from jishi.foundation import scope
from jishi.foundation.actor import system
from jishi.foundation.refusals import NotAllowed, NotFound, Refused

pytestmark = pytest.mark.django_db
LATER = MONDAY_TEN + timedelta(hours=8)


def asked(town: int) -> tuple[Any, Feedback]:
    case = f.a_case_at(town, Status.FEEDBACK)
    with scope.work(system(town)):
        return case, Feedback.objects.get(case=case)


def test_a_status_that_may_be_chosen_can_also_be_reached() -> None:
    """C01. sig code: `ON_HOLD` offered, no state may enter it."""
    reached, waiting = set(), {"RECEIVED"}
    while waiting:
        state = waiting.pop()
        reached.add(state)
        waiting |= {m.to for m in CASE.moves if state in m.sources and m.to} - reached

    assert set(Status.values) - reached == set()


def test_every_state_has_a_road_to_an_end() -> None:
    """C02. sig code, same table."""
    ending = set(CASE.ends)
    for _ in Status.values:
        ending |= {source for m in CASE.moves if m.to in ending for source in m.sources}

    assert set(Status.values) - ending == set()


def test_a_report_is_readable_in_the_answer_after_its_creation(town: int) -> None:
    """C11. dig benchmark: > 1 s between the answer and the readable record."""
    done = f.receive(town)

    with scope.work(f.dispatcher(town)):
        page = listing.report(done.number, by=f.dispatcher(town))
    assert (page["number"], page["cases"][0]["number"]) == (done.number, done.case_number)


def test_routing_is_done_when_the_creation_answers(town: int) -> None:
    """C12. sig code: routing follows later in a queue."""
    done = f.receive(town)

    assert {"classify", "route"} <= {s.stage for s in done.suggestions}
    assert done.promise_due_at is not None


def test_a_body_that_says_not_ours_is_named_with_its_ground(town: int) -> None:
    """H04. fms 4457."""
    case = f.a_case_at(town, Status.HANDLING)
    f.ask_return(case, LATER)

    row = f.lead_of(case)

    assert (row.body_id, row.return_ground, row.cited_item_id) == (case.lead_id, "not_our_duty", f.some_item(town))


def test_a_wrong_matter_can_be_corrected_and_the_case_goes_to_the_right_body(town: int) -> None:
    """H06. fms 1114, 400, 737, 16."""
    case = f.a_case(town, matter="02.02.04")
    f.do(f.dispatcher(town), correcting.correct_matter, case.id, matter="01.02.01", now=LATER)
    body, item = f.routed_body(f.again(town, case.id))

    f.do(f.dispatcher(town), dispatch.offer, case.id, to=dispatch.Offer(body, item), now=LATER)

    assert f.again(town, case.id).lead_id == f.body_id(town, "psyh")


def test_unassigning_leaves_nobody_and_says_so(town: int) -> None:
    """H07. fms 3903."""
    case = f.a_case_at(town, Status.OFFERED)

    f.do(f.dispatcher(town), dispatch.take_back, case.id, reason="派错了", now=LATER)

    after = f.again(town, case.id)
    assert (after.status, after.lead_id) == (Status.RECEIVED, None)


def test_a_return_without_a_cited_duty_item_is_refused(town: int) -> None:
    """H10. practice (退单拉锯)."""
    case = f.a_case_at(town, Status.HANDLING)
    why = handover.Return("not_our_duty", "井盖和路面没有损坏。", None, f.body_id(town, "cgj"))

    with pytest.raises(CitationNeeded):
        f.do(f.handler_of(case), handover.return_, case.id, why=why, now=LATER)


def test_after_a_ruling_the_named_body_may_not_return(town: int) -> None:
    """H12. 潍坊市12345条例 22."""
    case = f.a_case_at(town, Status.CONSULTING)
    named = {"named_body_id": f.body_id(town, "psyh"), "why": f.reasons(town), "tenant_code": "990181"}
    f.do(f.ruler(town), ruling.rule, case.id, now=LATER, **named)

    with pytest.raises(DesignatedMayNotReturn):
        f.ask_return(f.again(town, case.id), LATER + timedelta(hours=1))


def test_reopening_without_a_word_is_impossible_and_status_and_timeline_agree(town: int) -> None:
    """F02. fms 2357."""
    case = f.a_case_at(town, Status.CLOSED)

    with pytest.raises(Refused):
        f.do(f.reviewer(town), reopening.reopen, case.id, why="  ", now=LATER)

    assert f.again(town, case.id).status == Status.CLOSED


def test_contacted_solved_and_satisfied_are_three_answers(town: int) -> None:
    """F04. sig code: one boolean."""
    _, row = asked(town)

    f.do(f.caller_desk(town), feedback.answer, row.id, answers=feedback.Answers("yes", "no", "basically"), now=LATER)

    with scope.work(system(town)):
        said = Feedback.objects.get(id=row.id)
    assert (said.contacted, said.solved, said.satisfied) == ("yes", "no", "basically")


def test_silence_is_never_counted_as_satisfied(town: int) -> None:
    """F05. practice."""
    case, row = asked(town)

    f.do(f.the_clock(town), feedback.conclude, case.id, now=LATER + timedelta(days=30))

    with scope.work(system(town)):
        said = Feedback.objects.get(id=row.id)
    assert {said.contacted, said.solved, said.satisfied} == {"no_answer"}


def test_the_handling_body_cannot_record_feedback_on_its_own_case(town: int) -> None:
    """F06. practice."""
    case, row = asked(town)
    own = replace(f.staff(town, "feedback", account=77), body_ids=frozenset({case.lead_id}))

    with pytest.raises((NotAllowed, NotFound)):
        f.do(own, feedback.answer, row.id, answers=feedback.Answers("yes", "yes", "satisfied"), now=LATER)


def test_nobody_can_choose_who_is_called_back(town: int) -> None:
    """F08. practice. Who is drawn may be called, and nobody else: see jishi/cases/tests/test_samples.py."""
    case, _ = asked(town)

    with pytest.raises(NoCallNow):
        f.do(f.caller_desk(town), feedback.note_attempt, case.id, result="no_answer", now=MONDAY_TEN)


def test_a_deadline_exists_for_every_case_of_a_city(town: int) -> None:
    """T13. dig 1028 (NULL for a whole city)."""
    ids = [f.a_case(town, matter=matter).id for matter in ("01.02.01", "02.02.04", "")]

    with scope.work(system(town)):
        due = Clock.objects.filter(case__in=ids, kind="promise", stopped_at=None).exclude(due_at=None)
        assert set(due.values_list("case_id", flat=True)) == set(ids)

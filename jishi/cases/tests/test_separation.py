"""What one person may not both do on one case: every pair of the tables, over its whole life (spec 10 §5, 90 §4.2)."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings

from conftest import MONDAY_TEN
from jishi.cases.actions import banking, clocks, exclusion, feedback, handling, handover, rechecking, review, ruling
from jishi.cases.actions.moving import _ENTRIES
from jishi.cases.models import Case, Feedback, Handover
from jishi.cases.refusals import SamePerson
from jishi.cases.states import CASE, HANDOVER, HandoverStatus, Status
from jishi.cases.tests import factories as f
from jishi.cases.tests.test_moves import WAYS, Way, _ask_termination, _ready, _run
from jishi.cases.tests.test_reply_photos_public import _publish, _replied
from jishi.foundation import scope, trail
from jishi.foundation.actor import Actor, system
from jishi.foundation.refusals import NotAllowed

LATER = MONDAY_TEN + timedelta(hours=9)
DENY = Way(
    "5", "handover.deny_return", Status.HANDLING, lambda c: f.dispatcher(c.tenant_id),
    _run(handover.deny_return, words="清单写的是贵单位", cited_item_id=lambda c, n: f.some_item(c.tenant_id)),
    Status.HANDLING, "handover.return_denied", f.ask_return,
)  # fmt: skip
NO = "可以按时办完，不用延，也不用停。"


def _decide(verb: Callable[..., Any], **given: Any) -> Callable[[Case, Actor, datetime], Any]:
    """A verb that names the exclusion, not the case."""

    def perform(case: Case, actor: Actor, now: datetime) -> Any:
        return f.do(actor, verb, f.exclusion_of(case).id, now=now, **given)

    return perform


def _beside(verb: str, perform: Any, prepare: Any, right: Any = None, start: Status = Status.HANDLING) -> Way:
    row = next(a for a in CASE.acts if a.verb == verb)
    return Way(row.no, verb, start, right or (lambda c: f.supervisor(c.tenant_id)), perform, start, row.trail, prepare)


MOVING = [
    _beside("clocks.deny_suspension", _run(clocks.deny_suspension, why=NO), f.ask_suspension),
    _beside("clocks.extend", _run(clocks.extend), f.ask_extension),
    _beside("clocks.deny_extension", _run(clocks.deny_extension, why=NO), f.ask_extension),
    _beside("banking.deny", _run(banking.deny, why=NO), f.ask_banking, lambda c: f.office(c.tenant_id)),
    _beside("handling.deny_termination", _run(handling.deny_termination, why=NO), _ask_termination),
    _beside("exclusion.decide", _decide(exclusion.decide, verdict="approved", why=f.PROVED), f.ask_exclusion,
            start=Status.CLOSED),
    _beside("exclusion.revoke", _decide(exclusion.revoke, why=NO), f.exclude, start=Status.CLOSED),
    _beside("rechecking.disagree",
            _run(rechecking.disagree, answer_id=f.said_no, ground="planned", why=f.NOT_BACK), f.say_not_solved,
            lambda c: f.reviewer(c.tenant_id), start=Status.FEEDBACK),
    _beside("answer_photos.publish", lambda case, actor, now: _publish(case, by=actor, now=now), None,
            lambda c: f.reviewer(c.tenant_id), start=Status.REPLIED),
]  # fmt: skip
BY_VERB = {w.verb: w for w in (*WAYS, DENY, *MOVING)}
PAIRS = sorted({p.verbs for life in (CASE, HANDOVER) for p in life.separations})


def _lived(first: str, second: str, town: int) -> tuple[Case, datetime]:
    """A case in which `first` has happened and `second` is about to."""
    if (first, second) in {("handling.reply", "ruling.rule"), ("handling.reply", "ruling.uphold")}:
        case = f.a_case_at(town, Status.REPLIED)
        f.do(f.reviewer(town), review.send_back, case.id, elements=review.Elements(True, True, True, False),
             why="没写何时做完", now=LATER)  # fmt: skip
        f._contest(case, LATER + timedelta(hours=1))
        return f.again(town, case.id), LATER + timedelta(hours=2)
    if second == "answer_photos.publish":
        return _replied(town), LATER + timedelta(minutes=5)
    return _ready(BY_VERB[second], town)


def who_did(verb: str, case: Case) -> int:
    with scope.work(system(case.tenant_id)):
        actor = [e.actor for e in trail.of("case", case.id) if e.verb in _ENTRIES[verb]][-1]
    return int(actor.split("/")[0].split(":")[1])


class TestEveryPair:
    @pytest.fixture(autouse=True)
    def store(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(settings, "FILES_DIR", tmp_path)

    @pytest.mark.parametrize(("first", "second"), PAIRS, ids=[" / ".join(p) for p in PAIRS])
    def test_is_refused_to_one_person_and_open_to_another(self, first: str, second: str, town: int) -> None:
        case, now = _lived(first, second, town)
        way, before = BY_VERB[second], f.again(town, case.id)
        same = replace(way.right(case), account_id=who_did(first, case))

        with pytest.raises(SamePerson) as no:
            way.perform(case, same, now)

        assert no.value.sentence("zh")
        assert f.again(town, case.id).version == before.version
        way.perform(case, way.right(case), now)
        assert f.again(town, case.id).version > before.version

    def test_of_the_specification_is_in_the_tables(self) -> None:
        wanted = {
            ("handling.reply", "review.approve"), ("handling.reply", "review.send_back"),
            ("handling.reply", "feedback.conclude"), ("handling.reply", "feedback.send_back"),
            ("intake.decline", "intake.accept_after_objection"), ("handover.return_", "handover.accept_return"),
            ("handover.return_", "handover.deny_return"), ("handover.return_", "ruling.rule"),
            ("handover.return_", "ruling.uphold"),
        }  # fmt: skip

        assert wanted <= set(PAIRS)


class TestOverTheWholeLife:
    def test_who_answered_before_a_colleague_does_not_review_the_colleagues_answer(self, town: int) -> None:
        case = f.a_case_at(town, Status.REPLIED)
        f.do(f.reviewer(town), review.send_back, case.id, elements=review.Elements(True, True, True, False),
             why="没写何时做完", now=LATER)  # fmt: skip
        colleague = replace(f.handler_of(case), account_id=22)
        again = LATER + timedelta(hours=1)
        f.do(colleague, handling.reply, case.id, answer=f.answer_of(again), now=again)

        with pytest.raises(SamePerson):
            f.do(replace(f.reviewer(town), account_id=21), review.approve, case.id, elements=f.ALL_FOUR, now=again)

    def test_who_reviewed_does_not_answer_afterwards(self, town: int) -> None:
        case = f.a_case_at(town, Status.REPLIED)
        judge = f.reviewer(town)
        f.do(judge, review.send_back, case.id, elements=review.Elements(True, True, True, False), why="缺", now=LATER)

        with pytest.raises(SamePerson):
            f.do(replace(f.handler_of(case), account_id=judge.account_id), handling.reply, case.id,
                 answer=f.answer_of(LATER), now=LATER)  # fmt: skip

    def test_another_post_is_the_same_person(self, town: int) -> None:
        case = f.a_case_at(town, Status.REPLIED)

        with pytest.raises(SamePerson):
            f.do(replace(f.reviewer(town), account_id=21, post_id=77), review.approve, case.id, elements=f.ALL_FOUR,
                 now=LATER)  # fmt: skip


class TestTheFeedbackTaker:
    @pytest.fixture
    def asked(self, town: int) -> tuple[Case, Actor]:
        case = f.a_case_at(town, Status.FEEDBACK)
        return case, replace(f.caller_desk(town), account_id=21)  # who answered sits at the feedback desk by now

    def test_is_not_who_answered_when_answers_are_recorded(self, town: int, asked: tuple[Case, Actor]) -> None:
        case, answered = asked
        with scope.work(system(town)):
            row = Feedback.objects.get(case=case)

        with pytest.raises(SamePerson):
            f.do(answered, feedback.answer, row.id, answers=feedback.Answers("yes", "yes", "satisfied"), now=LATER)

    def test_is_not_who_answered_when_a_call_is_noted(self, town: int, asked: tuple[Case, Actor]) -> None:
        case, answered = asked

        with pytest.raises(SamePerson):
            f.do(answered, feedback.note_attempt, case.id, result="no_answer", now=MONDAY_TEN + timedelta(days=1))


    def test_is_not_of_a_body_that_ever_had_the_case(self, town: int) -> None:
        """One that gave it back, too: what the caller says of the answer speaks of it."""
        case = f.a_case_at(town, Status.FEEDBACK)
        earlier = f.body_id(town, "cgj")
        with scope.work(system(town)):
            row, held = Feedback.objects.get(case=case), Handover.objects.get(case=case)
            held.pk, held.body_id, held.status, held.ended_at = None, earlier, HandoverStatus.RETURNED, LATER
            held.save(force_insert=True)

        with pytest.raises(NotAllowed):
            f.do(replace(f.caller_desk(town), body_ids=frozenset({earlier})), feedback.answer, row.id,
                 answers=feedback.Answers("yes", "yes", "satisfied"), now=LATER)  # fmt: skip


class TestThePartyBodies:
    def test_a_ruler_of_an_invited_body_does_not_rule(self, town: int) -> None:
        case = f.a_case_at(town, Status.CONSULTING)
        party = replace(f.ruler(town), tied_to=frozenset({f.body_id(town, "cgj")}))

        with pytest.raises(NotAllowed):
            f.do(party, ruling.uphold, case.id, why=f.reasons(town), tenant_code="990181", now=LATER)

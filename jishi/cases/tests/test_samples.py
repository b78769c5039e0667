"""Who is called is drawn by what nobody holds alone, published, and drawn again by anybody (spec 10 §9, §19.11)."""

import json
import subprocess
import sys
from datetime import datetime, timedelta
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from django.urls import reverse
from django.utils.timezone import localdate

from conftest import MONDAY_TEN
from jishi.cases.actions import feedback, intake, sampling
from jishi.cases.models import Case, Feedback, FeedbackSample, Membership
from jishi.cases.queries import work
from jishi.cases.refusals import CommittedAlready, NoCallNow, TooLateToCommit, ValueTooShort
from jishi.cases.states import Status
from jishi.cases.tests import factories as f
from jishi.cases.tests.desk_steps import colleague
from jishi.foundation import anchors, scope, trail
from jishi.foundation.actor import system
from jishi.foundation.refusals import NotAllowed, NotFound
from jishi.kernels import rates

pytestmark = pytest.mark.django_db
DAY = localdate(MONDAY_TEN)
BEFORE, MIDNIGHT = MONDAY_TEN - timedelta(days=1), MONDAY_TEN + timedelta(hours=15)
VALUE = "青石桥下的水向东流"


def asked(town: int, n: int = 6) -> list[Case]:
    return [f.a_case_at(town, Status.FEEDBACK, caller_contact=f"1390000{n:04d}") for n in range(n)]


def drawn(town: int, *, now: datetime = MIDNIGHT) -> FeedbackSample:
    with scope.work(system(town)):
        anchors.make(day=DAY, now=now)
    row: FeedbackSample = f.do(f.the_clock(town), sampling.draw, DAY, now=now)
    return row


def bind(town: int, **said: Any) -> FeedbackSample:
    row: FeedbackSample = f.do(f.caller_desk(town), sampling.commit, DAY, **{"now": BEFORE, "value": VALUE, **said})
    return row


def rows(town: int, **where: Any) -> list[Feedback]:
    with scope.work(system(town)):
        return list(Feedback.objects.filter(**where).order_by("id"))


class TestBinding:
    def test_publishes_the_hash_and_not_the_value(self, town: int) -> None:
        row = bind(town)

        with scope.work(system(town)):
            (entry,) = trail.of("feedback_sample", row.id)
            with pytest.raises(NotFound):
                sampling.published(DAY)
        assert entry.codes["commitment"] == rates.commitment(VALUE)
        assert VALUE not in str(entry.codes)

    def test_is_the_feedback_bodys_or_the_clocks_and_before_the_day(self, town: int) -> None:
        with pytest.raises(NotAllowed):
            f.do(f.dispatcher(town), sampling.commit, DAY, now=BEFORE)
        with pytest.raises(TooLateToCommit):
            bind(town, now=MONDAY_TEN)
        with pytest.raises(ValueTooShort):
            bind(town, value="1234")

    def test_cannot_be_changed_once_it_is_done(self, town: int) -> None:
        bind(town)

        with pytest.raises(CommittedAlready):
            bind(town, value="另外一句想不到的话")

    def test_happens_at_midnight_where_nobody_did_it(self, town: int) -> None:
        with scope.work(f.the_clock(town)) as work_scope:
            sampling.nightly(by=work_scope.actor, now=MONDAY_TEN)

        with scope.work(system(town)):
            (row,) = FeedbackSample.objects.all()
        assert (row.day, len(row.commitment)) == (DAY + timedelta(days=1), 64)


class TestDrawing:
    def test_follows_from_what_is_published_alone(self, town: int) -> None:
        asked(town)
        bind(town, share=Fraction(1, 2))

        drawn(town)

        with scope.work(system(town)):
            said: Any = sampling.published(DAY)
        assert rates.commitment(said["value"]) == said["commitment"]
        again = rates.sample(rates.seed(said["head"], said["value"]), said["ids"], Fraction(said["share"]))
        assert (len(said["ids"]), list(again.ids)) == (6, said["drawn"])
        assert [r.sampled for r in rows(town)].count(True) == 3

    def test_once_is_for_good(self, town: int) -> None:
        asked(town)
        first = drawn(town)
        f.a_case_at(town, Status.FEEDBACK)

        second: FeedbackSample = f.do(f.the_clock(town), sampling.draw, DAY, now=MIDNIGHT + timedelta(hours=1))

        assert (second.ids, second.drawn) == (first.ids, first.drawn)

    def test_waits_until_the_day_is_over_and_anchored(self, town: int) -> None:
        with pytest.raises(NotFound):
            f.do(f.the_clock(town), sampling.draw, DAY, now=MIDNIGHT)
        with pytest.raises(NotFound):
            drawn(town, now=MONDAY_TEN)
        with pytest.raises(NotAllowed):
            f.do(f.caller_desk(town), sampling.draw, DAY, now=MIDNIGHT)

    def test_takes_in_what_was_answered_at_once_and_leaves_out_who_cannot_be_called(self, town: int) -> None:
        at_once = f.a_case(town, kind="inquiry")
        f.do(f.operator(town), intake.answer_at_once, at_once.id, text="每周三上午办理。", now=MONDAY_TEN)
        f.a_case_at(town, Status.FEEDBACK, voice="anonymous", caller_contact="", channel="web")
        bind(town, share=Fraction(1))

        row = drawn(town)

        assert len(row.drawn) == 1
        (one,) = rows(town, sampled=True)
        assert one.case_id == at_once.id
        with scope.work(f.caller_desk(town)):
            waiting = work.to_ask(by=f.caller_desk(town), now=MIDNIGHT, lang="zh")
        assert [(r.case.id, r.to_call) for r in waiting if r.clock is None] == [(at_once.id, 1)]

    def test_lists_hashes_that_name_nobodys_matter(self, town: int) -> None:
        case = asked(town, 1)[0]
        row = drawn(town)

        said = json.dumps([*row.ids, *row.drawn])

        assert case.number not in said
        assert all(len(one) == 64 for one in row.ids)


class TestCalling:
    def test_reaches_at_the_desk_who_was_answered_at_once_and_drawn_and_opens_the_next(self, town: int) -> None:
        at_once = f.a_case(town, kind="inquiry")
        f.do(f.operator(town), intake.answer_at_once, at_once.id, text="每周三上午办理。", now=MONDAY_TEN)
        other = asked(town, 1)[0]
        bind(town, share=Fraction(1))
        drawn(town)
        desk = colleague(town, "feedback", body="hfzx")
        one = next(r for r in rows(town, sampled=True) if r.case_id == at_once.id)

        opened = desk.post(reverse("feedback-contact", args=[at_once.number]), {"row": one.id})
        said = {"row": one.id, "version": one.version, "next": other.number, "contacted": "yes", "solved": "yes"}
        answer = desk.post(reverse("feedback-act", args=[at_once.number, "answer"]), said | {"satisfied": "satisfied"})

        assert "13900000417" in opened.content.decode()
        assert answer["Location"].endswith(f"?case={other.number}")
        assert [r.solved for r in rows(town, case=at_once.id, superseded_by=None)] == ["yes"]

    def test_is_offered_for_nobody_whose_report_belongs_elsewhere_by_now(self, town: int) -> None:
        case = asked(town, 1)[0]
        bind(town, share=Fraction(1))
        drawn(town)
        with scope.work(system(town)):
            Membership.objects.filter(case=case).update(to_at=MIDNIGHT, end="left")

        with scope.work(f.caller_desk(town)):
            (row,) = work.to_ask(by=f.caller_desk(town), now=MIDNIGHT, lang="zh")

        assert (row.case.id, row.open, row.to_call) == (case.id, 0, 0)

    def test_is_refused_for_who_was_not_drawn(self, town: int) -> None:
        case = asked(town, 1)[0]

        with pytest.raises(NoCallNow):
            f.do(f.caller_desk(town), feedback.note_attempt, case.id, result="no_answer", now=MONDAY_TEN)

    def test_of_the_drawn_is_shown_at_the_desk_with_how_to_draw_again(self, town: int) -> None:
        asked(town)
        bind(town)
        drawn(town)

        html = colleague(town, "feedback", body="hfzx").get("/desk/feedback").content.decode()

        assert "6 位里抽到 2 位" in html
        assert "抽到 1 位，要打电话" in html
        assert "jishi sample FILE" in html


class TestDrawingAgainElsewhere:
    def test_another_machine_with_the_published_file_alone_draws_the_same(self, town: int, tmp_path: Path) -> None:
        asked(town)
        bind(town)
        drawn(town)
        client = colleague(town, "feedback", body="hfzx")
        file = tmp_path / "sample.json"
        file.write_bytes(client.get(f"/api/v1/feedback/samples/{DAY}").content)

        assert again(file) == 0
        said = json.loads(file.read_bytes())
        for changed in ({"value": "x" * 12}, {"drawn": said["drawn"][::-1]}, {"ids": said["ids"][1:]}):
            file.write_text(json.dumps({**said, **changed}))
            assert again(file) == 1
        file.write_text("{}")
        assert again(file) == 2

    def test_a_day_without_a_draw_is_not_there(self, town: int) -> None:
        assert colleague(town, "feedback", body="hfzx").get("/api/v1/feedback/samples/2026-03-01").status_code == 404


def again(file: Path) -> int:
    """Draw again in a process that knows no database."""
    command = [sys.executable, "-m", "config.cli", "sample", str(file)]
    return subprocess.run(command, env={"PYTHONPATH": "."}, capture_output=True, check=False).returncode

"""回访台: three answers as given, calls only at human hours, silence is never satisfaction."""

from datetime import UTC, datetime, timedelta

import pytest
from django.urls import reverse

from conftest import MONDAY_TEN
from jishi.accounts import queries as accounts
from jishi.bodies import queries as bodies
from jishi.cases.actions import feedback
from jishi.cases.models import Feedback
from jishi.cases.queries import work
from jishi.cases.states import Status
from jishi.cases.tests import factories as f
from jishi.cases.tests.desk_steps import colleague
from jishi.cases.tests.letter_steps import opened, pressed
from jishi.foundation import scope

pytestmark = pytest.mark.django_db
NOW = datetime.now(UTC)
AT_SEVEN = MONDAY_TEN.replace(hour=23)  # 07:00 of the next day in Shanghai


@pytest.fixture
def case(town):
    return f.drawn(f.a_case_at(town, Status.FEEDBACK, now=NOW - timedelta(hours=6)))


@pytest.fixture
def desk(town):
    return colleague(town, "feedback", body="hfzx")


def row_of(case):
    with scope.work(f.the_clock(case.tenant_id)):
        return Feedback.objects.filter(case=case).order_by("-id")[0]


def press(client, case, code, **said):
    return client.post(reverse("feedback-act", args=[case.number, code]), {"version": case.version, **said})


def asked(case, now):
    with scope.work(f.the_clock(case.tenant_id)):
        return work.asked_of(f.again(case.tenant_id, case.id), now=now)


class TestTheDesk:
    def test_shows_words_and_answer_and_no_phone(self, case, desk):
        html = desk.get(reverse("feedback")).content.decode()

        assert f.DRAIN in html
        assert f.ANSWER in html
        assert "不选就是没有回答" in html
        assert "13900000417" not in html

    def test_a_case_that_is_gone_is_said_and_the_next_one_is_opened_with_its_keys(self, town, case, desk):
        ended = f.a_case_at(town, Status.CLOSED, now=NOW - timedelta(hours=9))

        page = desk.get(reverse("feedback"), {"case": ended.number})

        assert (page.context["gone"], page.context["opened"].case.id) == (True, case.id)
        assert f"{ended.number} 不在回访台了" in page.content.decode()
        assert "data-main" in page.content.decode()
        assert desk.get(reverse("feedback"), {"case": case.number}).context["gone"] is False

    def test_opens_a_phone_once_and_the_person_sees_who_looked(self, town, case, desk):
        answer = desk.post(reverse("feedback-contact", args=[case.number]), {"row": row_of(case).id})

        assert "13900000417" in answer.content.decode()
        assert "no-store" in answer["Cache-Control"]
        with scope.work(f.the_clock(town)):
            report = row_of(case).membership.report_id
            assert [r.reason for r in accounts.readings_of("cases_report", [report], limit=5)] == ["回访：问三个问题"]

    def test_has_no_phone_of_an_anonymous_or_confidential_caller(self, town, desk):
        for voice in ("anonymous", "confidential"):
            more = {"caller_contact": ""} if voice == "anonymous" else {}
            case = f.a_case_at(town, Status.FEEDBACK, now=NOW - timedelta(hours=6), voice=voice, **more)
            row = row_of(case)
            assert desk.post(reverse("feedback-contact", args=[case.number]), {"row": row.id}).status_code == 404

    def test_is_not_for_the_body_that_handled_it(self, town, case):
        with scope.work(f.the_clock(town)):
            code = bodies.names()[case.lead_id].code
        own = colleague(town, "feedback", body=code)

        assert case.title not in own.get(reverse("feedback")).content.decode()


class TestAnswers:
    def test_are_kept_as_given_and_what_is_not_said_is_no_answer(self, town, case, desk):
        row = row_of(case)

        said = {"contacted": "yes", "solved": "no", "satisfied": "no_answer", "text": "水还在"}
        press(desk, case, "answer", row=row.id, version=row.version, **said)

        with scope.work(f.the_clock(town)):
            row.refresh_from_db()
        assert (row.contacted, row.solved, row.satisfied, row.text_shown) == ("yes", "no", "no_answer", "水还在")
        assert f.again(town, case.id).status == Status.FEEDBACK

    def test_outside_the_list_are_refused(self, case, desk):
        answer = press(desk, case, "answer", row=row_of(case).id, version=1, contacted="yes", solved="very")

        assert answer.status_code == 422


    def test_are_given_by_nobody_of_the_body_that_is_rated_whatever_link_he_was_handed(self, town, case):
        with scope.work(f.the_clock(town)):
            token = feedback.link_for(row_of(case).id)
            rated = bodies.names()[case.lead_id].code
        handler = colleague(town, "handler", body=rated)
        said = {"contacted": "yes", "solved": "yes", "satisfied": "satisfied", "version": row_of(case).version}

        page, press, letter = f"/feedback#{token}", "/api/v1/feedback", {"Letter": token}
        answers = [opened(handler, page), pressed(handler, page, said), handler.get(press, headers=letter),
                   handler.post(press, said, content_type="application/json",
                                headers={"If-Match": '"1"', **letter})]  # fmt: skip

        assert [a.status_code for a in answers] == [403] * 4
        assert row_of(case).answered_at is None


class TestCalls:
    def test_count_once_a_half_day_between_half_past_eight_and_eight(self, town, case):
        assert asked(case, AT_SEVEN)[0].why_not == "hours"
        assert asked(case, MONDAY_TEN)[0].may_try

        f.do(f.caller_desk(town), feedback.note_attempt, case.id, result="no_answer", now=MONDAY_TEN)

        assert asked(case, MONDAY_TEN + timedelta(hours=1))[0].why_not == "half_day"
        assert asked(case, MONDAY_TEN + timedelta(hours=4))[0].may_try

    def test_end_after_three_half_days_and_then_it_may_be_concluded(self, town, case):
        for hours in (0, 4, 24):
            one = asked(case, MONDAY_TEN + timedelta(hours=hours))
            assert not work.may_conclude(one, clock_over=False)
            at = MONDAY_TEN + timedelta(hours=hours)
            f.do(f.caller_desk(town), feedback.note_attempt, case.id, result="no_answer", now=at)

        done = asked(case, MONDAY_TEN + timedelta(hours=28))

        assert done[0].why_not == "exhausted"
        assert work.may_conclude(done, clock_over=False)


class TestWhatFollows:
    def test_the_first_not_solved_is_the_reviewers_and_no_tick_here_stands_for_him(self, town, case, desk):
        f.say_not_solved(case, NOW)
        case = f.again(town, case.id)

        html = desk.get(reverse("feedback") + f"?case={case.number}").content.decode()

        assert "轮到审核人" in html
        assert 'name="agrees"' not in html
        assert press(desk, case, "send-back", agrees="1", why=f.STILL).status_code == 409
        assert press(desk, case, "conclude").status_code == 409
        assert f.again(town, case.id).status == Status.FEEDBACK

    def test_the_second_not_solved_goes_back_from_here(self, town, case, desk):
        f.say_not_solved_again(case, NOW)
        case = f.again(town, case.id)

        html = desk.get(reverse("feedback") + f"?case={case.number}").content.decode()

        assert "不再复核" in html
        assert press(desk, case, "send-back", why=" ").status_code == 422
        assert press(desk, case, "send-back", why=f.STILL).status_code == 302
        assert f.again(town, case.id).status == Status.HANDLING

    def test_nobody_said_so_is_refused(self, town, case, desk):
        assert press(desk, case, "send-back", why=f.STILL).status_code == 422

    def test_of_a_stale_version_changes_nothing(self, town, case, desk):
        answer = desk.post(reverse("feedback-act", args=[case.number, "conclude"]), {"version": case.version - 1})

        assert answer.status_code == 412
        assert f.again(town, case.id).status == Status.FEEDBACK

"""审核: the four elements beside the reply and the words it answers; never by its author."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from django.urls import reverse

from jishi.accounts import queries as accounts
from jishi.cases.actions import handling
from jishi.cases.models import Review
from jishi.cases.queries import work
from jishi.cases.states import Status
from jishi.cases.tests import factories as f
from jishi.cases.tests.desk_steps import colleague, statements
from jishi.foundation import scope

pytestmark = pytest.mark.django_db
NOW = datetime.now(UTC)
FOUR = {"time_of_contact": "on", "with_whom": "on", "measures": "on", "by_when": "on"}


@pytest.fixture
def case(town):
    return f.a_case_at(town, Status.REPLIED, now=NOW - timedelta(hours=6))


@pytest.fixture
def desk(town):
    return colleague(town, "reviewer")


def press(client, case, verdict, *, version=None, **said):
    version = case.version if version is None else version
    return client.post(reverse("review-act", args=[case.number]), {"version": version, "verdict": verdict, **said})


class TestTheQueue:
    def test_shows_reply_words_contacts_and_four_elements(self, case, desk):
        html = desk.get(reverse("review")).content.decode()

        for words in (f.DRAIN, f.ANSWER, "问清了位置", "审核四要素", "什么时候好，写了"):
            assert words in html
        assert "13900000417" not in html

    def test_is_refused_to_others_and_empty_says_what_comes(self, town, desk):
        assert colleague(town, "handler").get(reverse("review")).status_code == 403
        assert "没有等审核的答复" in desk.get(reverse("review")).content.decode()

    def test_puts_the_most_pressing_first_in_a_bounded_number_of_statements(self, town):
        words = "翠竹苑{}号楼的雨水井堵了，积水很深。"
        cases = [
            f.a_case_at(town, Status.REPLIED, now=NOW - timedelta(days=d), text=words.format(d)) for d in (4, 9, 2)
        ]
        by = f.reviewer(town)
        with scope.work(by):
            work.to_review(by=by, now=NOW, lang="zh")
            with statements() as made:
                rows = work.to_review(by=by, now=NOW, lang="zh")

        assert [r.case.id for r in rows] == [cases[1].id, cases[0].id, cases[2].id]
        assert len(made) <= 2


class TestApproving:
    def test_with_four_elements_gives_the_resident_the_answer(self, town, case, desk):
        assert press(desk, case, "approve", **FOUR).status_code == 302

        assert f.again(town, case.id).status == Status.FEEDBACK

    @pytest.mark.parametrize("missing", list(FOUR))
    def test_without_one_of_them_is_refused_and_names_it(self, town, case, desk, missing):
        said = {k: v for k, v in FOUR.items() if k != missing}

        answer = press(desk, case, "approve", **said)

        assert answer.status_code == 422
        assert "审核四要素还缺" in answer.content.decode()
        assert f.again(town, case.id).status == Status.REPLIED

    def test_of_a_stale_version_changes_nothing(self, town, case, desk):
        assert press(desk, case, "approve", version=case.version - 1, **FOUR).status_code == 412
        assert f.again(town, case.id).status == Status.REPLIED

    def test_by_the_author_is_refused_and_the_page_says_why(self, town, case, desk):
        with scope.work(f.the_clock(town)):
            me = max(holder.account_id for holder in accounts.people_of("reviewer", now=datetime.now(UTC)))
        now = datetime.now(UTC)
        case = f.a_case_at(town, Status.HANDLING, now=now - timedelta(hours=6))
        f.contact(case, now)
        own = replace(f.handler_of(case), account_id=me)
        f.do(own, handling.reply, case.id, answer=f.answer_of(now), now=now)
        case = f.again(town, case.id)

        html = desk.get(f"{reverse('review')}?case={case.number}").content.decode()

        assert "这份答复是您写的，要由另一位审核" in html
        assert press(desk, case, "approve", **FOUR).status_code == 403
        assert f.again(town, case.id).status == Status.REPLIED


class TestSendingBack:
    def test_needs_the_reason(self, town, case, desk):
        assert press(desk, case, "send_back", measures="on").status_code == 422
        assert f.again(town, case.id).status == Status.REPLIED

    def test_keeps_what_was_missing(self, town, case, desk):
        press(desk, case, "send_back", measures="on", why="没有写和谁联系、什么时候")

        with scope.work(f.the_clock(town)):
            row = Review.objects.get(case=case)
        assert f.again(town, case.id).status == Status.HANDLING
        assert (row.measures, row.with_whom, row.why) == (True, False, "没有写和谁联系、什么时候")

"""The desk of the second look: what it shows, what it refuses, what it costs (spec 10 §5, row 22)."""

import pytest
from django.urls import reverse

from jishi.cases import policies
from jishi.cases.models import Case
from jishi.cases.queries import second_look
from jishi.cases.states import Status
from jishi.cases.tests import factories as f
from jishi.cases.tests.desk_steps import colleague, statements
from jishi.cases.tests.test_rechecking import AT, HOUR, NO, case, entries, say
from jishi.foundation import scope

__all__ = ["case"]  # a fixture


class TestTheDesk:
    def test_shows_the_answer_beside_the_reply_and_keeps_why_it_does_not_go_back(self, case: Case) -> None:
        say(case, NO)
        desk = colleague(case.tenant_id, "reviewer")
        html = desk.get(reverse("second-look")).content.decode()
        for words in ("还是积水", f.ANSWER, f.DRAIN):
            assert words in html

        now = f.again(case.tenant_id, case.id)
        said = {"version": now.version, "answer": f.said_no(case, AT), "verdict": "deny", "ground": "planned"}
        refused = desk.post(reverse("second-look-act", args=[case.number]), said)
        assert refused.status_code == 422
        done = desk.post(reverse("second-look-act", args=[case.number]), {**said, "told": f.NOT_BACK})
        assert done.status_code == 302
        assert "case.recheck_denied" in entries(case)
        assert "没有等复核的" in desk.get(reverse("second-look")).content.decode()

    def test_of_the_office_shows_nothing_that_a_reviewer_may_judge(self, case: Case) -> None:
        say(case, NO)
        colleague(case.tenant_id, "reviewer")  # who holds a post, and may look

        html = colleague(case.tenant_id, "office").get(reverse("second-look")).content.decode()

        assert case.title not in html

    def test_of_the_office_looks_past_what_reviewers_may_judge(
        self, town: int, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        first, second = f.a_case_at(town, Status.FEEDBACK), f.a_case_at(town, Status.FEEDBACK)
        say(first, NO)
        say(second, NO, AT + HOUR)
        monkeypatch.setattr(policies, "none_looks_again", lambda cases: {c.id for c in cases if c.id == second.id})
        monkeypatch.setattr(second_look, "CHUNK", 1)

        with scope.work(f.office(town)):
            rows = second_look.waiting(by=f.office(town), now=AT + 2 * HOUR, lang="zh", limit=1)

        assert [row.case.id for row in rows] == [second.id]

    @pytest.mark.parametrize("how", ["judged by another", "sent back"])
    def test_says_that_a_case_is_gone_and_keeps_what_was_written(self, case: Case, how: str) -> None:
        say(case, NO)
        desk, seen = colleague(case.tenant_id, "reviewer"), f.again(case.tenant_id, case.id)
        said = {"answer": f.said_no(case, AT), "verdict": "agree", "todo": "雨水井下游也要清一遍，别只清井口。"}
        (f.disagree if how == "judged by another" else f.agree)(case, AT + HOUR)

        page = desk.post(reverse("second-look-act", args=[case.number]), {"version": seen.version, **said})

        html = page.content.decode()
        assert page.status_code in (409, 412)
        assert f"{case.number} 不用再复核了" in html and 'role="alert"' in html
        assert "雨水井下游也要清一遍" in html

    def test_with_one_opened_takes_no_more_statements_for_more_that_wait(self, town: int) -> None:
        desk, made = colleague(town, "reviewer"), []
        for n in (1, 3):
            for _ in range(n):
                say(f.a_case_at(town, Status.FEEDBACK), NO)
            with statements() as one:
                assert desk.get(reverse("second-look")).status_code == 200
            made.append(len(one))

        assert made[1] <= made[0] <= 25, made

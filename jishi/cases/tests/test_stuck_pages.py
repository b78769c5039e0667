"""The pages of those who watch: what is stuck, what is banked, the exclusion desk; asking and deciding on a case."""

from datetime import UTC, datetime, timedelta

import pytest
from django.test import Client
from django.utils.timezone import localdate

from jishi.accounts.web import tenants
from jishi.cases.actions import banking
from jishi.cases.models import Case, Suspension
from jishi.cases.states import Status
from jishi.cases.tests import factories as f
from jishi.cases.tests.desk_steps import colleague, statements, version_on
from jishi.foundation import scope
from jishi.foundation.actor import system

pytestmark = pytest.mark.django_db
TOLD = "请告诉我们哪天有人在家，好上门看。"


@pytest.fixture(autouse=True)
def _hosts():
    tenants.forget()
    yield
    tenants.forget()


def hours_ago(n: float) -> datetime:
    return datetime.now(UTC) - timedelta(hours=n)


def handled(town: int) -> Case:
    return f.a_case_at(town, Status.HANDLING, now=hours_ago(6))


def page(client: Client, path: str) -> str:
    answer = client.get(path)
    assert answer.status_code == 200, answer.content[:300]
    return answer.content.decode()


def press(client: Client, case: Case, code: str, **said: str):
    version = version_on(page(client, f"/cases/{case.number}"))
    return client.post(f"/cases/{case.number}/do/{code}", {"version": version, **said})


class TestTheCasePage:
    def test_lets_the_body_ask_and_the_supervisor_decide(self, town: int) -> None:
        case = handled(town)
        body, desk = colleague(town, "handler", body="psyh"), colleague(town, "supervisor")
        until = (localdate() + timedelta(days=7)).isoformat()

        asked = press(body, case, "ask-suspension", ground="awaiting_caller", words="三次没人", until=until,
                      told_caller=TOLD)  # fmt: skip
        shown = page(desk, f"/cases/{case.number}")
        done = press(desk, case, "suspend")

        assert (asked.status_code, done.status_code) == (302, 302)
        assert "act-suspend" in shown
        assert TOLD in shown
        assert "act-suspend" not in page(body, f"/cases/{case.number}").replace("act-suspension", "")
        assert f.again(town, case.id).status == Status.SUSPENDED

    def test_keeps_what_was_typed_when_the_day_is_too_far(self, town: int) -> None:
        case = handled(town)
        body = colleague(town, "handler", body="psyh")
        far = (localdate() + timedelta(days=90)).isoformat()

        answer = press(body, case, "ask-suspension", ground="awaiting_caller", words="三次没人", until=far,
                       told_caller=TOLD)  # fmt: skip

        assert answer.status_code == 422
        assert TOLD in answer.content.decode()
        with scope.work(system(town)):
            assert not Suspension.objects.exists()

    def test_shows_no_decision_where_nobody_asked(self, town: int) -> None:
        shown = page(colleague(town, "supervisor"), f"/cases/{handled(town).number}")

        assert 'id="act-suspend"' not in shown
        assert 'id="act-supervise"' in shown
        assert 'id="act-urge"' in shown


class TestTheStuckList:
    def test_puts_what_waits_for_me_first_and_names_what_is_supervised(self, town: int) -> None:
        waits, watched = handled(town), handled(town)
        f.ask_suspension(waits, hours_ago(1))
        desk = colleague(town, "supervisor")
        press(desk, watched, "supervise", ground="shirking", words="请说明何时办完")

        shown = page(desk, "/desk/stuck")

        assert shown.index(waits.number) < shown.index(watched.number)

    def test_is_not_for_handlers_and_costs_the_same_whatever_the_rows(self, town: int) -> None:
        desk, body = colleague(town, "office", body="ldxz"), colleague(town, "handler", body="psyh")
        f.ask_banking(handled(town), hours_ago(1))
        page(desk, "/desk/stuck")
        with statements() as few:
            page(desk, "/desk/stuck")
        for _ in range(3):
            f.ask_banking(handled(town), hours_ago(1))
        with statements() as more:
            page(desk, "/desk/stuck")

        assert body.get("/desk/stuck").status_code == 403
        assert len(more) == len(few) <= 16

    def test_offers_the_banked_with_what_they_wait_for(self, town: int) -> None:
        case = f.a_case_at(town, Status.BANKED, now=hours_ago(6))

        shown = page(colleague(town, "office", body="ldxz"), "/desk/banked")

        assert case.number in shown
        assert "上游管网改造完成" in shown

    def test_puts_first_what_is_offered_again_this_week(self, town: int) -> None:
        sleeping, woken = (f.a_case_at(town, Status.BANKED, now=hours_ago(6 + n)) for n in range(2))
        f.do(f.handler_of(woken), banking.note_came_true, woken.id, words="资金到了", now=hours_ago(1))

        shown = page(colleague(town, "office", body="ldxz"), "/desk/banked")

        first, _, all_ = shown.partition('id="lot-banked"')
        assert (woken.number in first, sleeping.number in first) == (True, False)
        assert "资金到了" in first
        assert all(case.number in all_ for case in (sleeping, woken))


class TestTheExclusionDesk:
    def test_decides_outside_the_asking_line_and_counts_in_public(self, town: int) -> None:
        case = f.a_case_at(town, Status.CLOSED, now=hours_ago(30))
        f.ask_exclusion(case, hours_ago(1))
        row = f.exclusion_of(case)
        desk = colleague(town, "supervisor")
        version = version_on(page(desk, "/desk/exclusions"))

        short = desk.post(f"/desk/exclusions/{row.id}/approve", {"version": version, "why": "同意"})
        done = desk.post(f"/desk/exclusions/{row.id}/approve", {"version": version, "why": f.PROVED})

        assert (short.status_code, done.status_code) == (422, 302)
        assert f.exclusion_of(case).verdict == "approved"


class TestTheResident:
    def test_reads_the_pause_in_the_first_line_and_may_urge_once(self, town: int) -> None:
        client = Client(headers={"host": "town.example", "accept-language": "zh"})
        done = f.receive(town, now=hours_ago(8), channel="web", wants_word=True)
        case = f.again(town, done.case_id)
        f._offer(case, hours_ago(7))
        f._sign(f.again(town, case.id), hours_ago(6))
        f.suspend(f.again(town, case.id), hours_ago(5))
        client.post("/mine", {"number": done.number, "word": done.word})

        shown = page(client, f"/mine/{done.number}")
        version = f.again(town, case.id).version
        urged = client.post(f"/mine/{done.number}/urge", {"version": version, "words": "天要下雨了"})
        after = page(client, f"/mine/{done.number}")

        assert shown.index("这件事暂停了，答复日也停着") < shown.index("经过")
        assert TOLD in shown
        assert urged.status_code == 302
        assert "起可以再催" in after

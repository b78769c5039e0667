"""Merging at the desk, following and withdrawing at home: by the browser's door, no script (spec 10 §§4, 15, 17)."""

import re
from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from jishi.cases.actions import merging
from jishi.cases.models import Case, Membership, RefusedPair
from jishi.cases.states import Status
from jishi.cases.tests import factories as f
from jishi.cases.tests.desk_steps import colleague, statements, version_on
from jishi.cases.tests.merge_steps import absorb, members, report_of, restore
from jishi.cases.tests.test_resident_pages import open_with, said
from jishi.foundation import data_keys, keys, scope
from jishi.foundation.actor import system

NOW = timezone.now() - timedelta(hours=9)


@pytest.fixture(autouse=True)
def _keys(town: int) -> Iterator[None]:
    data_keys.forget()
    with keys.using(keys.NullKeys()):
        yield
    data_keys.forget()


@pytest.fixture
def two(town: int) -> tuple[Case, Case]:
    """One that just came in, and one that somebody handles: the same drain."""
    home = f.a_case_at(town, Status.HANDLING, now=NOW)
    return f.a_case(town, now=NOW + timedelta(hours=5)), home


@pytest.fixture
def desk(town: int) -> Client:
    return colleague(town, "dispatcher")


def post(client: Client, case: Case, code: str, **given: str):
    page = client.get(f"/cases/{case.number}").content.decode()
    return client.post(f"/cases/{case.number}/do/{code}", {"version": version_on(page), **given})


class TestTheProposal:
    def test_stands_on_the_dispatch_desk_with_its_reasons(self, two: tuple[Case, Case], desk: Client) -> None:
        case, home = two

        page = desk.get(f"/desk/dispatch?case={case.number}").content.decode()

        assert "这可能是同一件事" in page
        assert home.number in page
        assert "同一栋楼" in page

    def test_is_said_in_english_too(self, two: tuple[Case, Case], desk: Client) -> None:
        page = desk.get(f"/desk/dispatch?case={two[0].number}", headers={"accept-language": "en"}).content.decode()

        assert "This may be the same matter" in page
        assert "the same building" in page.lower() or "same building" in page.lower()

    def test_taken_merges_and_goes_to_the_next(self, two: tuple[Case, Case], desk: Client, town: int) -> None:
        case, home = two
        page = desk.get(f"/desk/dispatch?case={case.number}").content.decode()
        given = {"version": version_on(page), "into": home.number, "words": "", "back": "dispatch", "queue": "waiting"}

        answer = desk.post(f"/cases/{case.number}/do/absorb", given)

        assert (answer.status_code, answer["Location"]) == (302, "/desk/dispatch?queue=waiting")
        assert f.again(town, case.id).absorbed_into_id == home.id

    def test_refused_is_not_made_again_from_either_side(
        self, two: tuple[Case, Case], desk: Client, town: int
    ) -> None:
        case, home = two

        answer = post(desk, case, "not-same", other=home.number)

        assert answer.status_code == 302
        with scope.work(system(town)):
            assert RefusedPair.objects.filter(case=home).count() == 1
        assert "这可能是同一件事" not in desk.get(f"/cases/{case.number}").content.decode()
        assert "这可能是同一件事" not in desk.get(f"/cases/{home.number}").content.decode()

    def test_is_for_whoever_may_merge(self, two: tuple[Case, Case], town: int) -> None:
        reviewer = colleague(town, "reviewer")

        assert "这可能是同一件事" not in reviewer.get(f"/cases/{two[0].number}").content.decode()


class TestAtTheDesk:
    def test_a_wrong_number_comes_back_with_what_was_typed(self, two: tuple[Case, Case], desk: Client) -> None:
        answer = post(desk, two[0], "absorb", into="C000", words="同一口井")

        page = answer.content.decode()
        assert answer.status_code == 422
        assert "没有编号是 C000 的事件" in page
        assert "同一口井" in page

    def test_the_absorbed_case_says_where_it_lives_on_and_can_be_undone(
        self, two: tuple[Case, Case], desk: Client, town: int
    ) -> None:
        case, home = two
        absorb(case, home, now=NOW + timedelta(hours=6))

        page = desk.get(f"/cases/{case.number}").content.decode()
        answer = post(desk, case, "restore", words="")

        assert f'/cases/{home.number}"' in page
        assert "已并入" in page
        assert answer.status_code == 302
        assert f.again(town, case.id).status == Status.RECEIVED

    def test_what_came_back_is_offered_to_whom_it_was_with(self, town: int, desk: Client) -> None:
        case, home = f.a_case_at(town, Status.HANDLING, now=NOW), f.a_case(town, now=NOW)
        body = case.lead_id
        absorb(case, home, now=NOW + timedelta(hours=6))
        restore(case, now=NOW + timedelta(hours=7))

        page = desk.get(f"/desk/dispatch?case={case.number}").content.decode()

        assert re.search(rf'name="to" value="{body}:\d+" checked', page)
        assert "从归并里拆回来的" in page

    def test_the_tab_tells_each_stay_and_undoes_a_merge(
        self, two: tuple[Case, Case], desk: Client, town: int
    ) -> None:
        case, home = two
        mine, other = report_of(case), report_of(home)
        absorb(case, home, now=NOW + timedelta(hours=6))

        page = desk.get(f"/cases/{home.number}?tab=members").content.decode()

        assert mine.number in page
        assert other.number in page
        assert f"/cases/{case.number}/do/restore" in page
        assert "并入" in page

    def test_a_report_is_taken_out_of_the_tab(self, two: tuple[Case, Case], desk: Client, town: int) -> None:
        case, home = two
        mine = report_of(case)
        absorb(case, home, now=NOW + timedelta(hours=6))

        answer = post(desk, home, "leave", report=mine.number, words="不是一口井")

        assert answer.status_code == 302
        assert mine.id not in members(home)

    def test_a_report_is_split(self, town: int, desk: Client) -> None:
        case = f.a_case(town, now=NOW)
        said = report_of(case)
        given = {"report": said.number, "report_version": str(said.version), "first": "雨水井堵了"}

        missing = post(desk, case, "split", **given)
        answer = post(desk, case, "split", **given, second="楼道灯不亮")

        assert missing.status_code == 422
        assert "雨水井堵了" in missing.content.decode()
        assert answer.status_code == 302
        with scope.work(system(town)):
            assert Membership.objects.filter(report=said, to_at=None).count() == 2

    def test_a_case_is_kept_as_everybodys(self, town: int, desk: Client) -> None:
        case = f.a_case(town, now=NOW)

        assert post(desk, case, "community", words="谁都会摔").status_code == 302

        assert "社区件：没有人再要求" in desk.get(f"/cases/{case.number}").content.decode()

    def test_a_termination_is_asked_shown_and_decided(self, town: int) -> None:
        case = f.a_case_at(town, Status.HANDLING, now=NOW - timedelta(days=2))
        for days in (2, 1):
            at = NOW - timedelta(days=days) + timedelta(hours=3)
            f.do(f.handler_of(case), f.handling.note_contact, case.id, how="visit", reached="refused", now=at)
        with scope.work(system(town)):
            code = case.lead.code if case.lead else ""
        lead, supervisor = colleague(town, "handler", body=code), colleague(town, "supervisor")
        told = "需要您开门才能查漏点，两次上门您都不同意，这一件先终止。"

        asked = post(lead, case, "ask-termination", what_was_needed="进门查漏点", told_caller=told)
        page = supervisor.get(f"/cases/{case.number}").content.decode()
        done = post(supervisor, case, "terminate")

        assert (asked.status_code, done.status_code) == (302, 302)
        assert "申请终止办理，等督办人审批" in page
        assert "进门查漏点" in page
        assert f.again(town, case.id).status == Status.CLOSED

    def test_the_page_costs_a_bounded_number_of_statements(self, town: int, desk: Client) -> None:
        home = f.a_case(town, now=NOW)
        for n in range(4):
            absorb(f.a_case(town, now=NOW + timedelta(minutes=n)), home, now=NOW + timedelta(hours=1, minutes=n))
        desk.get(f"/cases/{home.number}?tab=members")

        with statements() as made:
            desk.get(f"/cases/{home.number}?tab=members")

        assert len(made) <= 45, len(made)


class TestAtHome:
    def withdraw(self, client: Client, number: str, **given: str):
        page = client.get(f"/mine/{number}").content.decode()
        form = re.search(rf'action="/mine/{number}/withdraw">.*?name="version" value="(\d+)"', page, re.DOTALL)
        assert form
        return client.post(f"/mine/{number}/withdraw", {"version": form[1], "words": "", **given})

    @pytest.fixture
    def client(self, town: int) -> Client:
        return Client(headers={"host": "town.example", "accept-language": "zh"})

    def case_of(self, town: int, number: str) -> Case:
        with scope.work(system(town)):
            return Membership.objects.select_related("case").get(report__number=number, to_at=None).case

    def test_number_and_word_keep_working_through_merge_and_undo(self, client: Client, town: int) -> None:
        number, word = said(client)
        case, home = self.case_of(town, number), f.a_case_at(town, Status.HANDLING, now=NOW)
        open_with(client, number, word)
        now = timezone.now()
        absorb(case, home, now=now)

        merged = client.get(f"/mine/{number}").content.decode()
        restore(case, now=now + timedelta(seconds=1))
        undone = client.get(f"/mine/{number}").content.decode()

        assert f"和 {home.number} 合在一起办" in merged
        assert f"从 {home.number} 拆回来" in undone
        assert report_of(home).number not in merged + undone

    def test_restored_after_a_reply_he_is_told_that_it_did_not_settle_his(self, client: Client, town: int) -> None:
        number, word = said(client)
        case, home = self.case_of(town, number), f.a_case_at(town, Status.OFFERED, now=NOW)
        open_with(client, number, word)
        absorb(case, home, now=timezone.now())
        for live in (f._sign, f._reply, f._approve):
            live(f.again(town, home.id), timezone.now())
        answered = client.get(f"/mine/{number}").content.decode()

        restore(case, now=timezone.now())

        assert f.ANSWER in answered
        assert "先前的答复没有解决您这一件" in client.get(f"/mine/{number}").content.decode()

    def test_a_caller_withdraws_with_a_press(self, client: Client, town: int) -> None:
        number, word = said(client)
        open_with(client, number, word)
        case = self.case_of(town, number)

        answer = self.withdraw(client, number)
        page = client.get(f"/mine/{number}").content.decode()

        assert answer.status_code == 302
        assert f.again(town, case.id).status == Status.WITHDRAWN
        assert "撤回了，不再办" in page
        assert f"/mine/{number}/withdraw" not in page

    def test_who_is_not_alone_is_told_that_it_goes_on(self, client: Client, town: int) -> None:
        number, word = said(client)
        open_with(client, number, word)
        home = f.a_case(town, now=NOW)
        absorb(self.case_of(town, number), home, now=timezone.now())

        page = client.get(f"/mine/{number}").content.decode()
        self.withdraw(client, number)

        assert "别人也说了这件事，会接着办" in page
        assert f.again(town, home.id).status == Status.RECEIVED
        assert "您撤回了" in client.get(f"/mine/{number}").content.decode()

    def test_an_old_page_does_not_withdraw(self, client: Client, town: int) -> None:
        number, word = said(client)
        open_with(client, number, word)

        answer = self.withdraw(client, number, version="99")

        assert answer.status_code == 412
        assert self.case_of(town, number).status == Status.RECEIVED

    def test_each_of_several_things_has_a_history_of_its_own(self, client: Client, town: int) -> None:
        number, word = said(client)
        open_with(client, number, word)
        case = self.case_of(town, number)
        parts = (merging.Part("雨水井堵了"), merging.Part("楼道灯不亮"))
        given = {"case_id": case.id, "parts": parts, "tenant_code": "990181", "now": timezone.now()}
        _first, second = f.do(f.dispatcher(town), merging.split, report_of(case).id, **given)

        page = client.get(f"/mine/{number}?part={second.number}").content.decode()
        mine = client.get("/mine").content.decode()

        assert "您一次说了几件事，分开办" in page
        assert f"从 {case.number} 分出来，另立一件办" in page
        assert mine.count(f"/mine/{number}?part=") == 2
        nowhere = client.get(f"/mine/{number}?part=C0")
        assert nowhere.status_code == 302

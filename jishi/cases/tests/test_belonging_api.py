"""Merging, parting, withdrawing and terminating through the API (spec 10 §16)."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from conftest import MONDAY_TEN
from jishi.accounts.tests.factories import an_account, signed_in
from jishi.cases.models import Case, Membership
from jishi.cases.states import Status
from jishi.cases.tests import factories as f
from jishi.cases.tests.merge_steps import LATER, members, report_of
from jishi.cases.tests.test_locking import client_of, send
from jishi.foundation import scope
from jishi.foundation.actor import system


def tagged(version: int) -> dict[str, str]:
    return {"If-Match": f'"{version}"'}


@pytest.fixture
def desk(town: int) -> Client:
    return client_of(town, "dispatcher")


@pytest.fixture
def two(town: int) -> tuple[Case, Case]:
    return f.a_case(town), f.a_case_at(town, Status.HANDLING)


class TestMerging:
    def test_absorb_says_where_the_case_lives_on_and_restore_brings_it_back(
        self, two: tuple[Case, Case], desk: Client
    ) -> None:
        case, home = two

        merged = send(desk, f"/cases/{case.number}/absorb", {"into": home.number}, **tagged(case.version))
        page = merged.json()
        undone = send(desk, f"/cases/{case.number}/restore", {}, **tagged(page["version"]))

        assert (merged.status_code, page["status"], page["absorbed_into"]) == (200, "ABSORBED", home.number)
        assert (undone.status_code, undone.json()["status"]) == (200, "RECEIVED")
        assert merged["ETag"] == f'"{page["version"]}"'

    def test_absorb_into_what_is_not_there_is_404_and_a_refusal_names_its_reason(
        self, two: tuple[Case, Case], desk: Client
    ) -> None:
        case, home = two
        path = f"/cases/{home.number}/absorb"

        nowhere = send(desk, path, {"into": "C990181260309999999"}, **tagged(home.version))
        itself = send(desk, path, {"into": home.number}, **tagged(home.version))
        stale = send(desk, path, {"into": case.number}, **tagged(home.version - 1))

        assert [a.status_code for a in (nowhere, itself, stale)] == [404, 422, 412]
        assert itself.json()["code"] == "one_and_the_same"

    def test_a_move_on_the_absorbed_case_names_the_living_one(self, two: tuple[Case, Case], desk: Client) -> None:
        case, home = two
        page = send(desk, f"/cases/{case.number}/absorb", {"into": home.number}, **tagged(case.version)).json()

        answer = send(desk, f"/cases/{case.number}/decline", {
            "ground": "unlawful", "text": "不受理"}, **tagged(page["version"]))  # fmt: skip

        assert (answer.status_code, answer.json()["code"]) == (409, "lives_on_elsewhere")
        assert answer.json()["facts"]["number"] == home.number

    def test_join_and_leave_move_one_report(self, two: tuple[Case, Case], desk: Client, town: int) -> None:
        case, home = two
        said = report_of(case)

        joined = send(desk, f"/cases/{home.number}/join", {"report": said.number}, **tagged(home.version))
        assert joined.status_code == 200, joined.content
        left = send(desk, f"/cases/{case.number}/leave", {"report": said.number}, **tagged(case.version))

        assert left.json()["code"] == "last_report"
        out = send(
            desk, f"/cases/{home.number}/leave", {"report": said.number}, **tagged(joined.json()["version"])
        ).json()
        assert out["number"] == case.number
        stays = desk.get(f"/api/v1/cases/{home.number}/reports").json()
        assert [(s["report"], s["end"]) for s in stays if s["report"] == said.number] == [(said.number, "left")]

    def test_split_gives_every_case_of_the_report(self, desk: Client, town: int) -> None:
        case = f.a_case(town)
        said = report_of(case)
        parts = {"parts": [{"text": "雨水井堵了"}, {"text": "楼道灯不亮"}]}

        answer = send(desk, f"/reports/{said.number}/split", parts, **tagged(said.version))

        assert answer.status_code == 200, answer.content
        assert [c["number"] for c in answer.json()][0] == case.number
        again = desk.get(f"/api/v1/reports/{said.number}").json()["cases"]
        assert sorted(c["part_text"] for c in again) == ["楼道灯不亮", "雨水井堵了"]
        unnamed = send(desk, f"/reports/{said.number}/split", parts, **tagged(said.version + 1))
        assert unnamed.status_code == 422

    def test_a_community_case_is_said_with_a_reason(self, desk: Client, town: int) -> None:
        case = f.a_case(town)

        answer = send(desk, f"/cases/{case.number}/community", {"words": "谁都会摔"}, **tagged(case.version))

        assert (answer.status_code, answer.json()["community"]) == (200, True)

    def test_is_for_the_desk(self, two: tuple[Case, Case], town: int) -> None:
        case, home = two
        handler = client_of(town, "handler", bodies=(home.lead_id or 0,))
        before = members(case), members(home)

        answers = [
            send(handler, f"/cases/{home.number}/absorb", {"into": home.number}, **tagged(home.version)),
            send(handler, f"/cases/{home.number}/absorb", {"into": case.number}, **tagged(home.version)),
            send(handler, f"/cases/{home.number}/community", {"words": "x"}, **tagged(home.version)),
        ]

        assert [a.status_code for a in answers] == [422, 404, 403]
        assert (members(case), members(home)) == before


class TestWithdrawing:
    def resident(self, town: int) -> tuple[Client, Case]:
        account = an_account(town, staff=False)
        case = f.a_case(town, reporter_id=account.id, voice="open")
        return signed_in(Client(SERVER_NAME="town.example"), account), case

    def test_a_caller_withdraws_his_own_report(self, town: int) -> None:
        browser, case = self.resident(town)
        said = report_of(case)

        answer = send(browser, f"/reports/{said.number}/withdraw", {"words": "已经好了"}, **tagged(said.version))

        assert answer.status_code == 200, answer.content
        assert [c["status"] for c in answer.json()["cases"]] == ["WITHDRAWN"]

    def test_nobody_elses(self, town: int, desk: Client) -> None:
        browser, _case = self.resident(town)
        other = report_of(f.a_case(town))

        assert send(browser, f"/reports/{other.number}/withdraw", {}, **tagged(1)).status_code == 404
        assert send(desk, f"/reports/{other.number}/withdraw", {}, **tagged(1)).status_code == 403
        with scope.work(system(town)):
            assert Membership.objects.filter(report=other, to_at=None, case__status="RECEIVED").exists()

    def test_a_caller_reads_the_stays_of_his_own_report_alone(self, town: int) -> None:
        browser, case = self.resident(town)
        f.receive(town, join_case_id=case.id, now=LATER)

        stays = browser.get(f"/api/v1/cases/{case.number}/reports").json()

        assert [s["report"] for s in stays] == [report_of(case).number]


class TestTerminating:
    TOLD = "需要您开门才能查漏点，两次联系您都不同意，这一件先终止。"
    NEEDED = {"what_was_needed": "进门查漏点", "told_caller": TOLD}

    def ask(self, town: int, *, days: int = 2) -> tuple[Any, Case, Any]:
        case = f.a_case_at(town, Status.HANDLING)
        lead = client_of(town, "handler", bodies=(case.lead_id or 0,))
        for day in range(days):
            at = MONDAY_TEN + timedelta(days=day, hours=9)
            f.do(f.handler_of(case), f.handling.note_contact, case.id, how="phone", reached="refused", now=at)
        case = f.again(town, case.id)
        return send(lead, f"/cases/{case.number}/terminate", self.NEEDED, **tagged(case.version)), case, lead

    def test_the_lead_asks_and_a_supervisor_approves(self, town: int) -> None:
        asked, case, lead = self.ask(town)
        assert asked.status_code == 200, asked.content
        path, seen = f"/cases/{case.number}/terminate", asked.json()["version"]

        by_lead = send(lead, path, {"verdict": "approved"}, **tagged(seen))
        answer = send(client_of(town, "supervisor"), path, {"verdict": "approved"}, **tagged(seen))

        assert by_lead.status_code == 403
        assert (answer.status_code, answer.json()["status"]) == (200, "CLOSED")

    def test_one_day_of_attempts_is_not_enough(self, town: int) -> None:
        asked, _case, _lead = self.ask(town, days=1)

        assert (asked.status_code, asked.json()["code"]) == (409, "too_few_attempts")

    def test_a_supervisor_may_deny_with_a_reason_and_the_case_goes_on(self, town: int) -> None:
        asked, case, _lead = self.ask(town)
        path, seen = f"/cases/{case.number}/terminate", asked.json()["version"]
        supervisor = client_of(town, "supervisor")

        silent = send(supervisor, path, {"verdict": "denied"}, **tagged(seen))
        answer = send(supervisor, path, {"verdict": "denied", "words": "再约一次"}, **tagged(seen))
        unknown = send(supervisor, path, {"verdict": "maybe"}, **tagged(seen))

        assert [a.status_code for a in (silent, answer, unknown)] == [422, 200, 422]
        assert f.again(town, case.id).status == Status.HANDLING

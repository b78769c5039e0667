"""Unsealing: two persons of two bodies, one named reader, one day, and the reporter knows at once (spec 10 §13)."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from conftest import MONDAY_TEN
from jishi.accounts import queries as accounts
from jishi.accounts.actions import reading
from jishi.cases.actions import unsealing
from jishi.cases.models import Case, Unsealing
from jishi.cases.queries import resident
from jishi.cases.refusals import AskedBefore, GroundNeeded, NotConfidential, SamePerson, TooShortOrLong, UnsealingOver
from jishi.cases.states import Status
from jishi.cases.tests import factories as f
from jishi.cases.tests import photo_steps as p
from jishi.cases.tests.desk_steps import HOST, colleague
from jishi.foundation import scope
from jishi.foundation.actor import Actor, system
from jishi.foundation.refusals import NotAllowed, NotFound, WrongMoment

WHY = "只有举报人知道是哪一间仓库，不问本人没法核实。"
HOUR = timedelta(hours=1)
NAME, PHONE = "李秀英", "13800138009"


@pytest.fixture
def case(town: int) -> Case:
    return f.a_case_at(town, Status.HANDLING, voice="confidential", caller_name=NAME, caller_contact=PHONE)


def asker(case: Case) -> Actor:
    return f.handler_of(case)


def approver(town: int) -> Actor:
    return f.office(town)


def ask(case: Case, *, by: Actor | None = None, **more: Any) -> Unsealing:
    given = {"ground": "verify", "why": WHY, "now": MONDAY_TEN + HOUR, **more}
    return f.do(by or asker(case), unsealing.ask, p.report_of(case).id, **given)


def granted(case: Case) -> Unsealing:
    row = ask(case)
    return f.do(approver(case.tenant_id), unsealing.approve, row.id, now=MONDAY_TEN + 2 * HOUR)


def again(row: Unsealing) -> Unsealing:
    with scope.work(system(row.tenant_id)):
        return Unsealing.objects.get(id=row.id)


def told(case: Case) -> list[Any]:
    with scope.work(p.the_caller(case)):
        return list(resident.follow(p.report_of(case), now=MONDAY_TEN + 3 * HOUR, lang="zh").happened)


class TestTheWholeWay:
    def test_one_named_person_reads_the_name_and_the_reporter_knows_who_and_why(self, case: Case) -> None:
        before = p.entries(case)
        row = granted(case)

        found = f.do(asker(case), unsealing.look, row.id, now=MONDAY_TEN + 3 * HOUR)

        assert found == {"caller_name": NAME, "caller_contact": PHONE}
        assert p.entries(case) == [*before, "unsealing.asked", "unsealing.granted", "unsealing.looked"]
        seen = {h.what: h for h in told(case)}
        assert seen["unsealing.granted"].words["text"] == WHY
        assert seen["unsealing.granted"].body
        with scope.work(system(case.tenant_id)):
            (read,) = accounts.readings_of("cases_report", p.report_of(case).id)
        assert (read.reason, read.actor, read.purpose) == (WHY, asker(case).label, "identity.reporter")

    def test_there_is_no_silent_mode(self, case: Case) -> None:
        """Before anybody can look, the reporter's page says so."""
        granted(case)

        assert "unsealing.granted" in [h.what for h in told(case)]
        assert NAME not in str([(h.codes, h.words) for h in told(case)])

    def test_without_it_nobody_but_the_receiving_body_reads(self, case: Case) -> None:
        owner = ("cases_report", p.report_of(case).id)
        for by in (asker(case), approver(case.tenant_id), f.supervisor(case.tenant_id)):
            with pytest.raises(NotAllowed):
                given = {"purpose": "identity.reporter", "reason": "x", "now": MONDAY_TEN}
                f.do(by, reading.read, [owner], ["caller_name"], **given)


class TestAsk:
    @pytest.mark.parametrize(
        ("more", "refusal"),
        [({"ground": "curious"}, GroundNeeded), ({"why": "想知道"}, TooShortOrLong), ({"why": " "}, GroundNeeded)],
    )
    def test_needs_a_ground_and_a_sentence_and_a_refusal_changes_nothing(
        self, more: Any, refusal: Any, case: Case
    ) -> None:
        before = p.entries(case)

        with pytest.raises(refusal):
            ask(case, **more)

        assert p.entries(case) == before

    def test_once_at_a_time(self, case: Case) -> None:
        ask(case)

        with pytest.raises(AskedBefore):
            ask(case)

    @pytest.mark.parametrize("voice", ["open", "anonymous"])
    def test_of_a_report_that_is_not_confidential_there_is_nothing_to_unseal(self, voice: str, town: int) -> None:
        facts = {"caller_contact": ""} if voice == "anonymous" else {}

        with pytest.raises(NotConfidential):
            ask(f.a_case_at(town, Status.HANDLING, voice=voice, **facts))

    def test_a_stranger_and_an_accused_body_find_nothing(self, town: int) -> None:
        accused = f.body_id(town, "cgj")
        case = f.a_case(town, voice="confidential", accused_body_ids=(accused,))

        for by in (f.stranger(town), f.staff(town, "handler", "supervisor", body="cgj")):
            with pytest.raises(NotFound):
                ask(case, by=by)


class TestDecide:
    def test_nobody_approves_his_own_in_whatever_post(self, case: Case) -> None:
        both = replace(f.office(case.tenant_id), account_id=21)
        row = ask(case)

        with pytest.raises((SamePerson, NotAllowed)):
            f.do(replace(both, post_id=99), unsealing.approve, row.id, now=MONDAY_TEN + HOUR)

        assert again(row).status == "ASKED"

    def test_nobody_of_the_same_body_does(self, case: Case) -> None:
        row = ask(case)
        colleague_ = replace(f.supervisor(case.tenant_id), body_ids=asker(case).body_ids)

        with pytest.raises(NotAllowed):
            f.do(colleague_, unsealing.approve, row.id, now=MONDAY_TEN + HOUR)

    @pytest.mark.parametrize("who", [f.operator, f.dispatcher, f.reviewer])
    def test_no_other_desk_does(self, who: Any, case: Case) -> None:
        row = ask(case)

        with pytest.raises(NotAllowed):
            f.do(who(case.tenant_id), unsealing.approve, row.id, now=MONDAY_TEN + HOUR)

    def test_a_denial_says_why_and_opens_nothing(self, case: Case) -> None:
        row = ask(case)
        f.do(approver(case.tenant_id), unsealing.deny, row.id, why="可以去现场一间一间看", now=MONDAY_TEN + HOUR)

        assert p.last(case).verb == "unsealing.denied"
        with pytest.raises(UnsealingOver):
            f.do(asker(case), unsealing.look, row.id, now=MONDAY_TEN + 2 * HOUR)
        with pytest.raises(WrongMoment):
            f.do(approver(case.tenant_id), unsealing.approve, row.id, now=MONDAY_TEN + 2 * HOUR)


class TestLook:
    @pytest.mark.parametrize("who", ["a colleague", "the approver", "an operator"])
    def test_is_the_named_person_s_alone(self, who: str, case: Case) -> None:
        row = granted(case)
        by = {"a colleague": replace(asker(case), account_id=77), "the approver": approver(case.tenant_id),
              "an operator": f.operator(case.tenant_id)}[who]  # fmt: skip

        with pytest.raises(NotAllowed):
            f.do(by, unsealing.look, row.id, now=MONDAY_TEN + 3 * HOUR)

    def test_is_over_after_24_hours_whether_the_sweep_came_or_not(self, case: Case) -> None:
        row = granted(case)
        late = MONDAY_TEN + timedelta(hours=26)

        with pytest.raises(UnsealingOver):
            f.do(asker(case), unsealing.look, row.id, now=late)
        assert unsealing.end_due(by=f.the_clock(case.tenant_id), now=late) == 1

        assert (again(row).status, p.last(case).verb) == ("ENDED", "unsealing.ended")
        assert unsealing.end_due(by=f.the_clock(case.tenant_id), now=late) == 0

    def test_before_approval_it_is_closed(self, case: Case) -> None:
        row = ask(case)

        with pytest.raises(UnsealingOver):
            f.do(asker(case), unsealing.look, row.id, now=MONDAY_TEN + HOUR)


class TestEnd:
    def test_its_asker_withdraws_it_and_nobody_else_does(self, case: Case) -> None:
        row = ask(case)
        with pytest.raises(NotAllowed):
            f.do(f.supervisor(case.tenant_id), unsealing.end, row.id, now=MONDAY_TEN + HOUR)

        f.do(asker(case), unsealing.end, row.id, now=MONDAY_TEN + HOUR)

        assert again(row).status == "ENDED"

    def test_what_nobody_approved_ends_after_a_week(self, case: Case) -> None:
        row = ask(case)

        assert unsealing.end_due(by=f.the_clock(case.tenant_id), now=MONDAY_TEN + timedelta(days=8)) == 1
        assert again(row).status == "ENDED"


class TestPagesAndInterface:
    def test_asked_on_the_page_approved_by_another_body_and_read_once(
        self, case: Case, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        town, number = case.tenant_id, p.report_of(case).number
        body = next(code for code, i in _codes(town).items() if i == case.lead_id)
        mine, other = colleague(town, "handler", body=body), colleague(town, "office", body="ldxz")
        address = f"/cases/{case.number}/unsealing"

        asked = mine.post(address, {"do": "ask", "report": number, "ground": "verify", "why": WHY})
        with scope.work(system(town)):
            row = Unsealing.objects.get()
        yes = other.post(address, {"do": "approve", "unsealing": row.id, "version": row.version})
        told = other.get(yes.headers["Location"]).content.decode()
        seen = mine.post(address, {"do": "look", "unsealing": row.id})

        assert "批准了：只给申请人看 24 小时，诉求人已被告知" in told
        assert (asked.status_code, yes.status_code, seen.status_code) == (302, 302, 200)
        assert PHONE in seen.content.decode() and "no-store" in seen["Cache-Control"]
        assert PHONE not in mine.get(address).content.decode()
        assert NAME not in other.get(address).content.decode()

    def test_programs_ask_the_same_way(self, case: Case) -> None:
        town, number = case.tenant_id, p.report_of(case).number
        body = next(code for code, i in _codes(town).items() if i == case.lead_id)
        mine = colleague(town, "handler", body=body)

        made = mine.post(
            f"/api/v1/reports/{number}/unsealings", {"ground": "verify", "why": WHY}, content_type="application/json"
        )
        no = mine.post(
            f"/api/v1/unsealings/{made.json()['id']}/approve", {}, content_type="application/json",
            headers={"If-Match": '"1"'},
        )  # fmt: skip

        assert (made.status_code, made.json()["status"]) == (201, "ASKED")
        assert (no.status_code, no.json()["code"]) == (403, "not_allowed")
        assert Client(headers=HOST).post(f"/api/v1/unsealings/{made.json()['id']}/look").status_code in (401, 403, 404)


def _codes(town: int) -> dict[str, int]:
    from jishi.bodies import queries as bodies

    with scope.work(system(town)):
        return {b.code: b.id for b in bodies.names().values()}

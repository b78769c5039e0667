"""How urgent a case is, and of which matter: said by the desk; an emergency starts its own clocks (spec 10 §5.1)."""

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from conftest import MONDAY_TEN
from jishi.accounts.tests.factories import an_account, signed_in
from jishi.cases.actions import correcting
from jishi.cases.models import Case, Clock
from jishi.cases.refusals import GroundNeeded, UnknownMatter
from jishi.cases.states import Status
from jishi.cases.tests import factories as f
from jishi.cases.tests.desk_steps import colleague
from jishi.cases.tests.test_attacks import client_of, create
from jishi.duties.actions import codebook
from jishi.duties.actions.codebook import NewMatter
from jishi.foundation import scope, trail
from jishi.foundation.actor import Actor, system
from jishi.foundation.refusals import NotAllowed, WrongMoment

LATER = MONDAY_TEN + timedelta(hours=1)


def say(case: Case, urgency: str, *, by: Actor | None = None, why: str = "煤气味很重") -> Case:
    actor = by or f.dispatcher(case.tenant_id)
    return f.do(actor, correcting.set_urgency, case.id, urgency=urgency, why=why, now=LATER)


def running(case: Case, kind: str) -> Clock:
    with scope.work(system(case.tenant_id)):
        return Clock.objects.get(case=case, kind=kind, stopped_at=None)


class TestAnEmergency:
    def test_gives_the_desk_ten_minutes_from_now_and_leaves_the_promise(self, town: int) -> None:
        case = f.a_case(town)
        promised = running(case, "promise").due_at

        say(case, "emergency")

        assert running(case, "dispatch").due_at == LATER + timedelta(minutes=10)
        assert running(case, "promise").due_at == promised
        with scope.work(system(town)):
            last = trail.of("case", case.id)[-1]
        assert (last.verb, last.codes["from"], last.codes["urgency"]) == ("case.urgency_set", "normal", "emergency")

    def test_that_is_none_counts_the_usual_time_from_the_clocks_own_start(self, town: int) -> None:
        case = f.a_case(town)
        say(case, "emergency")

        say(case, "normal", why="只是下水道味")

        assert running(case, "dispatch").due_at == LATER + timedelta(hours=2)

    def test_gives_the_lead_two_hours_for_the_first_contact(self, town: int) -> None:
        case = f.a_case_at(town, Status.HANDLING, now=MONDAY_TEN - timedelta(hours=3))

        say(case, "emergency")

        assert running(case, "contact").due_at == LATER + timedelta(hours=2)


class TestWhoSaysIt:
    def test_is_the_dispatcher_and_the_rule_upwards_only(self, town: int) -> None:
        case = f.a_case(town)

        with pytest.raises(NotAllowed):
            say(case, "urgent", by=f.operator(town))
        say(case, "emergency", by=system(town))
        with pytest.raises(NotAllowed):
            say(case, "normal", by=system(town))

        assert f.again(town, case.id).urgency == "emergency"

    def test_needs_a_reason_another_degree_and_an_open_case(self, town: int) -> None:
        case = f.a_case(town)

        for urgency, why in (("urgent", " "), ("normal", "x"), ("yesterday", "x")):
            with pytest.raises(GroundNeeded):
                say(case, urgency, why=why)
        with pytest.raises(WrongMoment):
            say(f.a_case_at(town, Status.DECLINED), "urgent")

    def test_a_resident_sets_neither_urgency_nor_channel_at_the_api(self, town: int) -> None:
        resident = signed_in(Client(headers={"host": "town.example"}), an_account(town, staff=False))

        for n, facts in enumerate(({"urgency": "emergency"}, {"channel": "phone"})):
            assert create(resident, key=f"k{n}", **facts).status_code == 403, facts
        assert create(resident, key="plain").status_code == 201

    def test_a_program_names_the_accused_body(self, town: int) -> None:
        accused = f.body_id(town, "cgj")

        made = create(client_of(town, "operator"), voice="confidential", kind="tip_off", accused_body_ids=[accused])

        assert made.status_code == 201, made.content
        with scope.work(f.staff(town, "dispatcher", account=75, body="cgj")):
            assert not Case.objects.filter(number=made.json()["case"]).exists()


def test_the_button_stands_on_the_page_of_an_open_case(town: int) -> None:
    case = f.a_case_at(town, Status.HANDLING, now=timezone.now() - timedelta(hours=4))
    desk = colleague(town, "dispatcher")

    page = desk.get(f"/cases/{case.number}").content.decode()
    said = {"urgency": "urgent", "words": "有老人摔倒", "version": case.version}
    answer = desk.post(f"/cases/{case.number}/do/urgency", said)

    assert "说定有多急" in page
    assert answer.status_code == 302, answer.content.decode()[:500]
    assert f.again(town, case.id).urgency == "urgent"


def test_a_matter_that_has_become_another_is_refused_with_what_it_is_now_and_nothing_changes(town: int) -> None:
    case, by = f.a_case(town), system(town)
    rows = [NewMatter("01", "水"), NewMatter("01.02", "排"), NewMatter("01.02.01", "井"),
            NewMatter("01.02.09", "旧", becomes={"codes": ["01.02.01"]})]  # fmt: skip
    with scope.work(by):
        codebook.adopt_book(
            rows, number=2, effective_from=timezone.localdate(), source="test", by=by, now=timezone.now()
        )
        before = len(trail.of("case", case.id))

    for code in ("01.02.09", "01.02", "99"):
        with pytest.raises(UnknownMatter) as refused:
            f.do(f.dispatcher(town), correcting.correct_matter, case.id, matter=code, now=LATER)
        assert ("01.02.01" in str(refused.value.facts.get("successor", ""))) == (code == "01.02.09")

    with scope.work(by):
        assert len(trail.of("case", case.id)) == before
    assert f.again(town, case.id).version == case.version

"""A resident in the record of a case is a pseudonym of this case: nothing links two cases of one person."""

from datetime import timedelta

from django.test import Client
from django.utils import timezone

from conftest import MONDAY_TEN
from jishi.accounts.tests.factories import an_account
from jishi.cases.actions import feedback, intake
from jishi.cases.models import Addendum, Case, Feedback, Membership, Report
from jishi.cases.queries import casepage
from jishi.cases.states import Status
from jishi.cases.tests import factories as f
from jishi.cases.tests.desk_steps import colleague
from jishi.foundation import scope, trail
from jishi.foundation.actor import Actor, system

WINDOW = {"text": f.DRAIN, "channel": "web", "caller_contact": ""}


def resident(town: int) -> Actor:
    return Actor(tenant_id=town, kind="resident", account_id=an_account(town, staff=False).id)


def said_by(person: Actor, *, join: int | None = None) -> Case:
    """Something that a signed-in resident says, with a later word."""
    done = f.receive(person.tenant_id, by=person, reporter_id=person.account_id, join_case_id=join, **WINDOW)
    f.do(person, intake.add_addendum, done.report_id, text="今天又积水了。", now=MONDAY_TEN + timedelta(hours=1))
    return f.again(person.tenant_id, done.case_id)


def actors_of(case: Case) -> list[str]:
    with scope.work(system(case.tenant_id)):
        return [e.actor for e in trail.of("case", case.id)]


class TestTheTrail:
    def test_names_one_resident_equally_within_a_case_and_differently_in_the_next(self, town: int) -> None:
        person = resident(town)

        first, second = said_by(person), said_by(person)

        assert len(set(actors_of(first))) == len(set(actors_of(second))) == 1
        assert set(actors_of(first)).isdisjoint(actors_of(second))
        assert all(a.startswith("resident:") and str(person.account_id) != a[9:] for a in actors_of(first))

    def test_tells_two_residents_of_one_case_apart(self, town: int) -> None:
        first, second = resident(town), resident(town)
        case = said_by(first)

        said_by(second, join=case.id)

        assert len(set(actors_of(case))) == 2

    def test_says_to_the_caller_himself_what_he_did(self, town: int) -> None:
        from jishi.cases.actions import naming

        person = resident(town)
        case = said_by(person)

        with scope.work(system(town)):
            report = Report.objects.get(memberships__case=case)

            assert set(actors_of(case)) <= naming.names_of_caller(report, case)


class TestWhatStaffRead:
    def test_the_page_numbers_residents_and_names_none(self, town: int) -> None:
        case = said_by(resident(town))
        said_by(resident(town), join=case.id)

        page = colleague(town, "dispatcher").get(f"/cases/{case.number}?tab=trail").content.decode()

        assert '<td class="s">居民</td>' in page
        assert '<td class="s">居民2</td>' in page
        assert "resident:" not in page

    def test_the_record_of_the_api_still_verifies_and_holds_no_account(self, town: int) -> None:
        person = resident(town)
        case = said_by(person)
        desk = colleague(town, "dispatcher")

        record = desk.get(f"/api/v1/cases/{case.number}/trail")

        assert record.status_code == 200
        assert f"resident:{person.account_id}" not in record.content.decode()
        with scope.work(system(town)):
            assert all(link.sound for link in casepage.chain(trail.of("case", case.id), case=case, by=system(town)))


class TestTheRowsBeside:
    def test_of_two_cases_of_one_person_share_no_name(self, town: int) -> None:
        person = resident(town)
        first, second = said_by(person), said_by(person)

        with scope.work(system(town)):
            names = [
                {*Membership.objects.filter(case=c).values_list("by", flat=True)} for c in (first, second)
            ]
            wrote = {*Report.objects.values_list("entered_by", flat=True)}
            wrote |= {*Addendum.objects.values_list("entered_by", flat=True)}

        assert names[0].isdisjoint(names[1])
        assert wrote == {"resident"}

    def test_an_answer_for_feedback_names_no_account(self, town: int) -> None:
        person = resident(town)
        case = f.a_case_at(town, Status.FEEDBACK, by=person, reporter_id=person.account_id, **WINDOW)
        with scope.work(system(town)):
            asked = Feedback.objects.get(case=case)

        said = feedback.Answers("yes", "no", "not")
        f.do(person, feedback.answer, asked.id, answers=said, now=timezone.now())

        with scope.work(system(town)):
            assert str(person.account_id) not in Feedback.objects.get(case=case).recorded_by.split(":")


def test_a_stranger_client_reads_no_trail_at_all(town: int) -> None:
    case = said_by(resident(town))

    assert Client(headers={"host": "town.example"}).get(f"/api/v1/cases/{case.number}/trail").status_code == 404

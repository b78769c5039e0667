"""受理单位: the body of record that alone opens a confidential name without an unsealing, by whichever road it came."""

import json
from dataclasses import replace
from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from django.test import Client
from django.utils import timezone

from conftest import MONDAY_TEN
from jishi.accounts import queries as accounts
from jishi.accounts.actions import clients
from jishi.accounts.tests.factories import a_grant, an_account
from jishi.bodies import queries as bodies
from jishi.cases import policies
from jishi.cases.actions import unsealing
from jishi.cases.models import Report
from jishi.cases.tests import factories as f
from jishi.cases.tests import photo_steps as p
from jishi.cases.tests.desk_steps import HOST, colleague, key_on
from jishi.cases.tests.import_steps import HOTLINE, csv_of, run_through
from jishi.foundation import scope
from jishi.foundation.actor import system
from jishi.foundation.broker.refusals import NotTheReceivingBody
from jishi.portal.demo import export_rows

NAME, PHONE, WHY = "李秀英", "13800138009", "打电话核实是哪一间仓库"
DRAIN = "翠竹苑3号楼北门口的雨水井堵了，一下雨就积水。"
HERE, ELSEWHERE = "sqzx", "hfzx"
pytestmark = pytest.mark.django_db


@pytest.fixture
def desks(town: int) -> dict[str, Client]:
    """Two bodies have operators: the town's desk, and one that reaches one street alone."""
    narrow = an_account(town)
    a_grant(narrow, "operator", body_id=f.body_id(town, ELSEWHERE), post_id=9900, area="330199")
    return {HERE: colleague(town, "operator", body=HERE)}


def by_the_form(town: int, desks: dict[str, Client]) -> None:
    client = Client(headers=HOST)
    sent = {"idempotency_key": key_on(client.get("/speak").content.decode()), "text": DRAIN, "where": ""}
    assert client.post("/speak", {**sent, "voice": "confidential", "tel": PHONE}).status_code == 302


def at_the_desk(town: int, desks: dict[str, Client]) -> None:
    desk = desks[HERE]
    sent = {"idempotency_key": key_on(desk.get("/desk/operator").content.decode()), "do": "save", "text": DRAIN}
    more = {"where": "", "matter": "", "kind": "report", "urgency": "normal", "voice": "confidential", "tel": PHONE}
    assert desk.post("/desk/operator", {**sent, **more}).status_code in (200, 302)


def by_a_program(town: int, desks: dict[str, Client]) -> None:
    with scope.work(system(town)):
        _, key = clients.issue("a street's", roles=["handler"], body_ids=[f.body_id(town, "cgj")], by=system(town),
                               now=timezone.now() - timedelta(days=1))  # fmt: skip
    said = {"text": DRAIN, "channel": "api", "voice": "confidential", "caller_contact": PHONE}
    given = {"HTTP_AUTHORIZATION": f"Bearer {key}", "HTTP_IDEMPOTENCY_KEY": "k"}
    sent = Client(headers=HOST).post("/api/v1/reports", json.dumps(said), content_type="application/json", **given)
    assert sent.status_code == 201, sent.content


def by_a_file(town: int, desks: dict[str, Client]) -> None:
    rows = export_rows(1)
    rows[0] |= {"是否保密": "是", "来电人": "王女士", "联系电话": PHONE}
    run_through(town, csv_of(rows), columns=HOTLINE)


def by_open311(town: int, desks: dict[str, Client]) -> None:
    """Its edge sends no confidential word today; whatever it sends passes here."""
    by = replace(system(town), kind="client", account_id=None, roles=frozenset({policies.PROGRAM}))
    f.receive(town, by=by, channel="open311", voice="confidential", caller_contact=PHONE)


def by_a_grid_worker(town: int, desks: dict[str, Client]) -> None:
    by = f.staff(town, "grid_worker", account=71, body="sqcz", area="330199")
    f.receive(town, by=by, channel="grid", voice="confidential", caller_contact=PHONE)


ROADS = (by_the_form, at_the_desk, by_a_program, by_a_file, by_open311, by_a_grid_worker)


def only(town: int) -> Report:
    with scope.work(system(town)):
        return Report.objects.get()


def look(town: int, report: Report, body: str):
    by = f.staff(town, "operator", account=41, body=body)
    return f.do(by, unsealing.receive, report.id, why=WHY, now=timezone.now())


class TestEveryRoadIn:
    @pytest.mark.parametrize("road", ROADS)
    def test_names_the_desk_that_alone_opens_the_name(self, road, town: int, desks: dict[str, Client]) -> None:
        road(town, desks)

        report = only(town)
        assert report.receiving_body_id == f.body_id(town, HERE)
        assert look(town, report, HERE)["caller_contact"] == PHONE
        with pytest.raises(NotTheReceivingBody):
            look(town, report, ELSEWHERE)

    def test_gives_an_open_or_anonymous_report_none(self, town: int, desks: dict[str, Client]) -> None:
        for voice, contact in (("open", PHONE), ("anonymous", "")):
            f.receive(town, voice=voice, caller_contact=contact)

        with scope.work(system(town)):
            assert set(Report.objects.values_list("receiving_body", flat=True)) == {None}

    def test_takes_the_narrowest_place_around_the_matter(self, town: int, desks: dict[str, Client]) -> None:
        report = Report(voice="confidential", division_code="330199001000")
        other = Report(voice="confidential", division_code="330177001000")
        from jishi.cases.actions import receivers

        with scope.work(system(town)):
            receivers.set_receivers([report, other], by=system(town), now=MONDAY_TEN)

        assert report.receiving_body_id == f.body_id(town, ELSEWHERE)
        assert other.receiving_body_id == f.body_id(town, HERE)

    def test_never_names_the_body_complained_about(self, town: int, desks: dict[str, Client]) -> None:
        facts = {"voice": "confidential", "caller_contact": PHONE, "accused_body_ids": (f.body_id(town, HERE),)}
        case = f.a_case(town, by=system(town), **facts)

        assert p.report_of(case).receiving_body_id is None
        with pytest.raises(NotTheReceivingBody):
            by = replace(f.staff(town, "operator", account=41, body=ELSEWHERE), area="")
            f.do(by, unsealing.receive, p.report_of(case).id, why=WHY, now=MONDAY_TEN)

    def test_is_held_by_the_database_for_confidential_names_alone(self, town: int) -> None:
        report = p.report_of(f.a_case(town))

        with pytest.raises(IntegrityError), scope.work(system(town)), transaction.atomic():
            Report.objects.filter(id=report.id).update(receiving_body=f.body_id(town, HERE))


class TestAnotherBodysDesk:
    def test_is_told_why_and_the_record_keeps_that_it_tried(self, town: int) -> None:
        case = f.a_case(town, voice="confidential", caller_name=NAME, caller_contact=PHONE)
        number, other = p.report_of(case).number, colleague(town, "operator", body=ELSEWHERE)
        address = f"/cases/{case.number}/unsealing"

        shown = other.get(address).content.decode()
        said = other.post(address, {"do": "receive", "report": number, "why": WHY})

        with scope.work(system(town)):
            receiver = bodies.names()[f.body_id(town, HERE)].name
        assert f"由{receiver}受理，只有它的话务台能为核查看姓名" in shown and "下一步：" in shown
        assert "24 小时" not in shown and 'value="receive"' not in shown
        assert said.status_code == 403 and PHONE not in said.content.decode()
        assert "不是您的单位受理的" in said.content.decode()
        assert p.last(case).verb == "case.name_refused"
        assert dict(p.last(case).codes)["report"] == number
        with scope.work(system(town)):
            assert accounts.readings_of("cases_report", p.report_of(case).id) == []

    def test_of_the_receiving_body_is_shown_the_press(self, town: int) -> None:
        case = f.a_case(town, voice="confidential", caller_name=NAME, caller_contact=PHONE)

        page = colleague(town, "operator", body=HERE).get(f"/cases/{case.number}/unsealing").content.decode()

        assert 'value="receive"' in page and "别的单位受理的" not in page

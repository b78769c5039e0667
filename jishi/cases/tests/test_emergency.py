"""Emergency access and a case: for an hour one more body's cases, never those that accuse the own body (spec 90 §3)."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from jishi.accounts import queries as accounts
from jishi.accounts.actions import break_glass, reading
from jishi.accounts.tests.factories import a_grant, an_account, signed_in
from jishi.accounts.web import tenants
from jishi.cases.models import Membership, Message
from jishi.cases.states import Status
from jishi.cases.tests import factories as f
from jishi.cases.tests.news_steps import in_the_house
from jishi.foundation import carriers, data_keys, keys, scope
from jishi.foundation.actor import Actor, clock, system

pytestmark = pytest.mark.django_db
WHY = "那边值班没人接，停水要替他们派人。"


@pytest.fixture(autouse=True)
def _afresh() -> Iterator[None]:
    tenants.forget()
    data_keys.forget()
    with keys.using(keys.NullKeys()):
        yield
    data_keys.forget()
    tenants.forget()


def a_person(town: int, role: str, body: str, post: int) -> tuple[Client, Actor]:
    account = an_account(town)
    a_grant(account, role, body_id=f.body_id(town, body), post_id=post, post_title=role)
    with scope.work(system(town)):
        found = accounts.actor_for(account.id, post, timezone.now())
    assert found is not None
    return signed_in(Client(SERVER_NAME="town.example"), account, post=post), found


def test_shows_the_other_bodys_case_while_it_is_open_and_the_own_bodys_secret_never(town: int) -> None:
    case = f.a_case_at(town, Status.HANDLING)
    with scope.work(system(town)):
        lead = case.lead_id or 0
        theirs = f.bodies.names()[lead].code
    accuses = {"voice": "confidential", "kind": "tip_off", "accused_body_ids": (f.body_id(town, "scjg"),)}
    secret = f.a_case_at(town, Status.HANDLING, **accuses)
    a_person(town, "handler", theirs, 91001)
    client, by = a_person(town, "handler", "scjg", 91002)
    _, second = a_person(town, "supervisor", "sqzx", 91003)

    def answers() -> list[int]:
        return [client.get(f"/api/v1/cases/{c.number}").status_code for c in (case, secret)]

    assert answers() == [404, 404]
    row = f.do(by, break_glass.ask, ground="danger", why=WHY, body_id=lead, area=None, now=timezone.now())
    assert answers() == [404, 404]
    f.do(second, break_glass.approve, row.id, now=timezone.now())
    assert answers() == [200, 404]
    f.do(by, break_glass.end, row.id, now=timezone.now() + timedelta(seconds=1))
    assert answers()[1] == 404
    with scope.work(system(town)):
        later = accounts.actor_for(by.account_id or 0, by.post_id, timezone.now() + timedelta(seconds=2))
    assert later is not None
    assert later.body_ids == by.body_ids


def test_whoever_was_read_by_it_is_told_when_it_is_over_and_nobody_else(town: int) -> None:
    read, other = f.a_case_at(town, Status.HANDLING), f.a_case(town, caller_contact="13900000418")
    with scope.work(system(town)):
        report, unread = (Membership.objects.get(case=c).report_id for c in (read, other))
        lead = read.lead_id or 0
        theirs = f.bodies.names()[lead].code
    a_person(town, "handler", theirs, 91001)
    _, by = a_person(town, "handler", "scjg", 91002)
    _, second = a_person(town, "supervisor", "sqzx", 91003)
    start = timezone.now()
    row = f.do(by, break_glass.ask, ground="danger", why=WHY, body_id=lead, area=None, now=start)
    f.do(second, break_glass.approve, row.id, now=start)
    with scope.work(system(town)):
        wider = accounts.actor_for(by.account_id or 0, by.post_id, start)
    owner = ("cases_report", report)
    look = {"purpose": "contact.caller", "reason": WHY, "now": start + timedelta(minutes=1)}
    f.do(wider, reading.read, [owner], ["caller_contact"], **look)

    def told() -> list[tuple[int | None, str]]:
        in_the_house(town, start + timedelta(hours=2))
        with scope.work(system(town)):
            return list(Message.objects.filter(code="glass_read_caller").values_list("report_id", "channel"))

    with carriers.using({carriers.SMS: carriers.Recorder()}):
        assert told() == []
        break_glass.end_due(by=clock(town, "sweep:1"), now=start + timedelta(minutes=61))
        assert told() == [(report, "sms")] and unread != report
        later = start + timedelta(hours=3)
        again = f.do(by, break_glass.ask, ground="drill", why=WHY, body_id=lead, area=None, now=later)
        f.do(by, break_glass.end, again.id, now=later)  # taken back: nothing was opened
        assert len(told()) == 1

"""The page of the key broker's list: two approvers, each with a passkey, change it; nobody else does."""

import html
import json
import re
from pathlib import Path

import pytest
from allauth.mfa.models import Authenticator
from django.test import Client
from django.urls import include, path
from fido2.utils import websafe_decode

from conftest import MONDAY_TEN
from jishi.accounts.actions import key_list
from jishi.accounts.tests.factories import a_grant, an_account, signed_in
from jishi.accounts.web import tenants
from jishi.foundation import data_keys, keys, scope, trail
from jishi.foundation.actor import Actor, system
from jishi.foundation.broker.client import BrokerKeys
from jishi.foundation.broker.refusals import TooCostlyWait
from jishi.foundation.refusals import NotAllowed
from jishi.foundation.tests.broker_steps import Moved
from jishi.foundation.tests.device import Device

urlpatterns = [path("", include("jishi.accounts.web.urls")), path("", include("jishi.portal.web.urls"))]
pytestmark = [pytest.mark.django_db, pytest.mark.urls(__name__)]
SITE = "testserver"


class Office:
    """Two approvers at their browsers, a broker, and a new colleague with a passkey."""

    def __init__(self, tenant: int, home: Path) -> None:
        self.tenant = tenant
        self.accounts = [an_account(tenant, name=name) for name in ("甲", "乙", "丙")]
        for number, account in enumerate(self.accounts):
            role = "security_admin" if number == 1 else "office"
            a_grant(account, role, body_id=number + 1, post_id=number + 1, now=MONDAY_TEN)
        first, second, new = self.accounts
        self.moved = Moved(home, tenant, host=SITE, approvers=(first.id, second.id))
        self.new = Device(SITE)
        with scope.work(system(tenant)):
            for account, device in ((first, self.moved.first), (new, self.new)):
                data = {"name": "手机", "credential": device.registered()}
                Authenticator.objects.create(user_id=account.id, type="webauthn", data=data)
        self.first, self.second = (signed_in(Client(), account) for account in (first, second))

    def press(self, browser: Client, said: dict, page: str, by: Device):
        """Press a button of this page that asks for the passkey."""
        asked = json.loads(re.search(r'<script id="d\w+" type="application/json">(.+?)</script>', page)[1])
        challenge = websafe_decode(asked["request_options"]["publicKey"]["challenge"])
        return browser.post("/key-list", {**said, "credential": by.signed(challenge).decode()})

    def prepared(self, browser: Client, **said) -> tuple[str, str]:
        page = browser.post("/key-list", said).content.decode()
        found = re.search(r'name="wish" value="([^"]+)"', page)
        return page, html.unescape(found[1]) if found else ""

    def listed(self) -> set[int]:
        return {one["account"] for one in self.moved.keys.people()["people"]}


@pytest.fixture
def office(tenant: int, tmp_path: Path):
    tenants.forget()
    keys.provider()
    made = Office(tenant, tmp_path)
    with made.moved.running():
        yield made
    data_keys.forget()
    tenants.forget()


def test_one_asks_and_another_confirms_and_both_are_on_the_trail(office: Office) -> None:
    new = office.accounts[2]
    page, wish = office.prepared(office.first, do="add", username=new.username, may=["receive"])
    asked = office.press(office.first, {"do": "ask", "wish": wish}, page, office.moved.first)
    before = office.listed()
    page = office.second.get("/key-list").content.decode()
    number = re.search(r'name="number" value="(\d+)"', page)[1]

    made = office.press(office.second, {"do": "make", "number": number}, page, office.moved.second)

    assert (asked.status_code, made.status_code) == (302, 302)
    assert (new.id in before, new.id in office.listed()) == (False, True)
    with scope.work(system(office.tenant)):
        verbs = [trail.of("account", [account.id])[-1].verb for account in office.accounts[:2]]
    assert verbs == ["key_list.change_asked", "key_list.changed"]


def test_the_one_who_asked_is_offered_no_confirmation_and_gets_none_by_force(office: Office) -> None:
    page, wish = office.prepared(office.first, do="add", username=office.accounts[2].username, may=["unseal"])
    office.press(office.first, {"do": "ask", "wish": wish}, page, office.moved.first)
    page = office.first.get("/key-list").content.decode()
    assert "等另一位批准人" in page or "Waits for another approver" in page
    assert 'name="number"' not in page
    number = office.moved.keys.people()["waiting"][0]["number"]
    shown = office.moved.first.signed(office.moved.keys.challenge_for(key_list.wish_to_make(number))).decode()

    forced = office.first.post("/key-list", {"do": "make", "number": number, "credential": shown})

    assert forced.status_code == 403
    assert office.accounts[2].id not in office.listed()


def test_a_change_that_the_site_made_up_is_refused(office: Office) -> None:
    """The approver signs one person; the site sends another one."""
    page, wish = office.prepared(office.first, do="add", username=office.accounts[2].username, may=["receive"])
    other = json.loads(wish)
    other["about"]["public_key"] = Device(SITE).public_key.hex()

    answer = office.press(office.first, {"do": "ask", "wish": json.dumps(other)}, page, office.moved.first)

    assert answer.status_code == 403
    assert office.moved.keys.people()["waiting"] == []


@pytest.mark.parametrize("depth", [300, 700, 950, 3900])
def test_a_wish_nested_too_deeply_is_refused(depth: int, office: Office) -> None:
    nested = "[" * depth + "]" * depth
    for wish in ("[" * 8000, nested, f'{{"act":"ask_change","kind":"add","about":{nested}}}'):
        answer = office.first.post("/key-list", {"do": "ask", "wish": wish, "credential": "[" * 8000})
        assert answer.status_code in (403, 422)
    assert office.moved.keys.people()["waiting"] == []


def test_who_has_no_passkey_is_not_put_on_the_list(office: Office) -> None:
    answer = office.first.post("/key-list", {"do": "add", "username": office.accounts[1].username, "may": ["receive"]})

    assert answer.status_code == 422


def test_is_shown_to_approvers_and_to_the_two_administrators_who_look_after_it(office: Office) -> None:
    assert signed_in(Client(), office.accounts[2]).get("/key-list").status_code == 403
    assert office.first.get("/key-list").status_code == 200
    assert office.moved.first.credential.hex()[:12] in office.second.get("/key-list").content.decode()


def test_the_broker_is_asked_for_nobody_who_could_not_be_an_approver(office: Office) -> None:
    other = an_account(office.tenant, name="丁")
    a_grant(other, "office", body_id=4, post_id=4, now=MONDAY_TEN)
    away = BrokerKeys(f"unix:{office.moved.home}/nobody", office.moved.site)

    for account, refused in ((other, NotAllowed), (office.accounts[2], keys.KeyNotAvailable)):
        by = Actor(tenant_id=office.tenant, kind="staff", account_id=account.id)
        with keys.using(away), scope.work(by), pytest.raises(refused):
            key_list.shown_to(by)


def test_what_is_asked_of_the_list_takes_no_challenge_from_anybody(office: Office) -> None:
    said = [None]
    while said[-1] is None and len(said) < 400:
        try:
            office.moved.keys.people()
            said.append(None)
        except TooCostlyWait as wait:
            said.append(wait)

    assert said[-1] is not None
    assert len(office.moved.keys.challenge_for(key_list.wish_to_make(1))) == 32


def test_without_a_broker_the_page_says_that_there_is_none(tenant: int) -> None:
    tenants.forget()
    admin = an_account(tenant)
    a_grant(admin, "security_admin", post_id=1, now=MONDAY_TEN)

    page = signed_in(Client(headers={"accept-language": "zh"}), admin).get("/key-list")

    assert page.status_code == 200
    assert "这里没有钥匙服务" in page.content.decode()

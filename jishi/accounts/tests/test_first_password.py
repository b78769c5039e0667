"""A password that another person gave opens until a stated moment, and only until it is changed (ASVS 6.4.1)."""

import json
import re
from datetime import UTC, datetime, timedelta

import pytest
from allauth.mfa.models import Authenticator
from django.db import connection
from django.http import HttpRequest, JsonResponse
from django.test import Client
from django.urls import include, path

from conftest import MONDAY_TEN
from jishi.accounts.actions import accounts
from jishi.accounts.models import Account
from jishi.accounts.tests.factories import a_grant, an_account, an_actor
from jishi.foundation import scope
from jishi.foundation.actor import system
from jishi.foundation.tenants import Tenant
from jishi.foundation.tests.device import Device
from jishi.portal import starting

GIVEN, CHOSEN = "gegeben-von-anderen-31", "石桥下的水向东流 1987"


def who(request: HttpRequest) -> JsonResponse:
    return JsonResponse({"account": request.actor.account_id, "roles": sorted(request.actor.roles)})


urlpatterns = [
    path("api/who", who),
    path("private", who),
    path("", include("jishi.accounts.web.urls")),
    path("", include("jishi.portal.web.urls")),
]
pytestmark = [pytest.mark.django_db, pytest.mark.urls(__name__), pytest.mark.usefixtures("in_one_town")]


def opened(tenant: int, *, at: datetime) -> Account:
    by = system(tenant)
    with scope.work(by):
        account = accounts.open_account("chen.yu", "陈宇", GIVEN, staff=True, by=by, now=at)
    a_grant(account, "handler", body_id=3, post_id=8, post_title="承办岗", now=MONDAY_TEN)
    return account


def try_in(client: Client, password: str):
    return client.post("/sign-in", {"login": "chen.yu", "password": password}, headers={"accept-language": "zh"})


def first_until(account: Account) -> datetime | None:
    with scope.work(system(account.tenant_id)):
        return Account.objects.get(id=account.id).first_until


def test_opens_the_page_to_change_it_and_nothing_else(client: Client, tenant: int) -> None:
    opened(tenant, at=datetime.now(UTC))

    assert try_in(client, GIVEN)["Location"] == "/me/password"
    assert client.get("/private")["Location"] == "/me/password"
    assert client.get("/api/who").json()["code"] == "first_password"
    assert "别人给您的" in client.get("/me/password", headers={"accept-language": "zh"}).content.decode()


WAYS_IN = ("passkeys/add", "app", "codes/new", "unified/end")


def test_plants_no_way_in_for_whoever_saw_the_slip(client: Client, tenant: int) -> None:
    account = opened(tenant, at=datetime.now(UTC))
    try_in(client, GIVEN)
    given = {"name": "k", "credential": json.dumps(Device("testserver").registered()), "code": "000000"}
    pages = [*(f"/me/sign-in/{way}" for way in WAYS_IN), "/me/number", "/me/sessions/end", "/post", "/sign-in/unified"]

    for ask in (client.get, client.head, client.post, client.put, client.delete):
        assert {ask(page, given)["Location"] for page in pages} == {"/me/password"}, ask
        assert ask("/api/who", given).status_code == 403
    part = client.post("/me/sign-in/passkeys/add", given, headers={"hx-request": "true"})

    assert part["HX-Redirect"] == "/me/password"
    with scope.work(system(tenant)):
        assert not Authenticator.objects.filter(user_id=account.id).exists()


def test_leaves_the_language_and_the_way_out(client: Client, tenant: int) -> None:
    opened(tenant, at=datetime.now(UTC))
    try_in(client, GIVEN)

    assert client.post("/display", {"language": "en", "next": "/me/password"})["Location"] == "/me/password"
    assert client.get("/me/sign-in/again").status_code == 200
    client.post("/sign-out")
    assert client.get("/api/who").json()["account"] is None


def test_changed_once_it_is_the_holders_own_and_opens_no_more(client: Client, tenant: int) -> None:
    account = opened(tenant, at=datetime.now(UTC))
    try_in(client, GIVEN)

    assert client.post("/me/password", {"password": CHOSEN})["Location"] == "/sign-in"

    assert first_until(account) is None
    assert try_in(Client(), GIVEN).status_code == 200
    assert try_in(client, CHOSEN)["Location"] == "/me/sign-in"


def test_after_its_moment_it_opens_nothing_and_says_whom_to_ask(client: Client, tenant: int) -> None:
    opened(tenant, at=datetime.now(UTC) - accounts.FIRST_OPENS - timedelta(minutes=1))

    answer = try_in(client, GIVEN)

    assert answer.status_code == 200
    assert "首次密码过期了" in answer.content.decode()
    assert client.get("/api/who").json()["account"] is None
    wrong = try_in(Client(), "wrong-wrong-wrong").content.decode()
    assert not re.search("首次密码", wrong)


def test_what_the_security_administrator_gives_is_a_first_one_and_what_one_gives_oneself_is_not(tenant: int) -> None:
    account, admin = an_account(tenant, password=CHOSEN), an_actor(tenant, "security_admin", body_id=None)
    assert first_until(account) is None

    with scope.work(admin):
        accounts.set_password(account.id, GIVEN, by=admin, now=MONDAY_TEN)

    assert first_until(account) == MONDAY_TEN + accounts.FIRST_OPENS


def test_who_moves_here_with_a_hash_of_his_own_keeps_it(tenant: int) -> None:
    by = system(tenant)
    with scope.work(by):
        hashed = an_account(tenant, password=CHOSEN).password
        (moved,) = accounts.open_many([accounts.Opening("m", "M", None, True, hashed)], by=by, now=MONDAY_TEN)

    assert first_until(moved) is None


def test_the_four_that_founding_prints_are_first_ones(db: None) -> None:
    with connection.cursor() as cursor:
        cursor.execute("RESET ROLE")  # the word `found` works as the owner
    starting.begin("330302", "试建区", ("start.example",), now=MONDAY_TEN)

    with scope.work(system(Tenant.objects.get(code="330302").id)):
        assert set(Account.objects.values_list("first_until", flat=True)) == {MONDAY_TEN + accounts.FIRST_OPENS}

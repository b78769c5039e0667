"""Step-up: what matters asks once more who it is, unless that was shown within ten minutes (spec 90 §3)."""

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from urllib.parse import unquote

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import (
    TOTP,
    format_hotp_value,
    generate_totp_secret,
    hotp_value,
    yield_hotp_counters_from_time,
)
from django.http import HttpRequest, HttpResponse
from django.test import Client
from django.urls import include, path

from conftest import MONDAY_TEN
from jishi.accounts.actions import accounts, clients, grants, proving, reading
from jishi.accounts.models import Grant, Reading
from jishi.accounts.tests.factories import an_account, an_actor, signed_in
from jishi.foundation import scope
from jishi.foundation.actor import system

WORD = "石桥下的水向东流 1987"
NOW = MONDAY_TEN + timedelta(hours=1)


def press(request: HttpRequest) -> HttpResponse:
    proving.ensure_fresh(request.actor, now=request.now)
    return HttpResponse(f"done {request.POST.get('text', '')}")


urlpatterns = [
    path("press", press),
    path("api/v1/press", press),
    path("", include("jishi.accounts.web.urls")),
    path("", include("jishi.portal.web.urls")),
]
pytestmark = [pytest.mark.django_db, pytest.mark.urls(__name__), pytest.mark.usefixtures("in_one_town")]


@pytest.fixture
def resident(tenant: int):
    return an_account(tenant, username="wang", name="王芳", password=WORD, staff=False)


def minutes_ago(n: int) -> datetime:
    return datetime.now(UTC) - timedelta(minutes=n)


class TestTheVerbs:
    ACTS = (
        lambda by, who: accounts.open_account("new", "新人", None, staff=True, by=by, now=NOW),
        lambda by, who: accounts.set_password(who.account_id, WORD, by=by, now=NOW),
        lambda by, who: accounts.close_account(who.account_id, by=by, now=NOW),
        lambda by, who: grants.grant(who.account_id, role="handler", by=by, now=NOW),
        lambda by, who: grants.end_grants(account_id=who.account_id, by=by, now=NOW),
        lambda by, who: clients.issue("x", roles=[], by=by, now=NOW),
    )

    @pytest.mark.parametrize("act", ACTS)
    def test_that_give_or_take_rights_refuse_an_old_proof_and_change_nothing(self, tenant, act):
        by, other = an_actor(tenant, "security_admin", body_id=None), an_actor(tenant, post_id=2)
        old, fresh = (replace(by, proved_at=NOW - timedelta(minutes=n)) for n in (11, 9))
        with scope.work(system(tenant)):
            before = list(Grant.objects.values_list("id", "version"))

        with pytest.raises(proving.FreshSignInNeeded), scope.work(old):
            act(old, other)
        with scope.work(system(tenant)):
            assert list(Grant.objects.values_list("id", "version")) == before
        with scope.work(fresh):
            act(fresh, other)

    def test_that_open_a_confidential_name_refuse_an_old_proof_and_read_nothing(self, tenant):
        by = replace(an_actor(tenant, "operator"), proved_at=NOW - timedelta(minutes=11))
        asked = {"purpose": "identity.reporter", "reason": "核查", "by": by, "now": NOW}

        with scope.work(by), pytest.raises(proving.FreshSignInNeeded):
            reading.read([("cases_report", 1)], ["caller_name"], **asked)
        with scope.work(by):
            assert not Reading.objects.exists()
            reading.read([("cases_report", 1)], ["caller_name"], **{**asked, "purpose": "contact.caller"})

    def test_of_workers_and_programs_are_not_asked(self, tenant):
        proving.ensure_fresh(system(tenant), now=NOW)


class TestThePage:
    def test_leads_to_the_proof_and_back_and_keeps_what_was_typed(self, client: Client, resident):
        signed_in(client, resident, at=minutes_ago(11))

        answer = client.post("/press", {"text": "井盖坏了"})
        assert answer["Location"].startswith("/me/sign-in/again?next=")
        onward = client.post(answer["Location"], {"password": WORD})["Location"]
        page = client.get(onward).content.decode()

        assert unquote(onward) == "/sign-in/continue"
        assert 'action="/press"' in page
        assert "井盖坏了" in page
        assert client.post("/press", {"text": "井盖坏了"}).content.decode() == "done 井盖坏了"

    def test_asks_nobody_who_signed_in_within_ten_minutes(self, client: Client, resident):
        signed_in(client, resident, at=minutes_ago(9))

        assert client.post("/press").status_code == 200

    def test_asks_again_ten_minutes_after_the_proof(self, client: Client, resident):
        signed_in(client, resident, at=minutes_ago(60))
        client.post("/me/sign-in/again", {"password": WORD})
        assert client.post("/press").status_code == 200
        session = client.session
        for one in session["account_authentication_methods"]:
            one["at"] -= 601
        session.save()

        assert client.post("/press").status_code == 302

    def test_of_a_program_with_a_cookie_hears_the_name_of_the_refusal(self, client: Client, resident):
        signed_in(client, resident, at=minutes_ago(11))

        answer = client.get("/api/v1/press")

        assert (answer.status_code, answer.json()["code"]) == (403, "fresh_sign_in_needed")

    def test_speaks_both_languages(self):
        refused = proving.FreshSignInNeeded()

        assert re.search("再确认一次", refused.sentence("zh"))
        assert "once more" in refused.sentence("en")


class TestStaff:
    def test_prove_it_by_the_second_factor_and_not_by_a_password(self, client: Client, tenant: int):
        clerk = an_account(tenant, username="chen.yu", password=WORD)
        secret = generate_totp_secret()
        with scope.work(system(tenant)):
            TOTP.activate(clerk, secret)
        assert Authenticator.objects.filter(user_id=clerk.id).exists()
        signed_in(client, clerk, at=minutes_ago(11))

        by_password = client.post("/me/sign-in/again", {"password": WORD})
        still = client.post("/press").status_code
        counter = next(iter(yield_hotp_counters_from_time()))
        client.post("/me/sign-in/again/code", {"code": format_hotp_value(hotp_value(secret, counter))})

        assert by_password["Location"].startswith("/me/sign-in/again/code")
        assert (still, client.post("/press").status_code) == (302, 200)

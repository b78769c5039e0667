"""Signing in: equal words for all, slow for who guesses, never locked for the owner."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from django.conf import settings
from django.contrib.sessions.models import Session
from django.http import HttpRequest, HttpResponse
from django.test import Client, RequestFactory
from django.urls import include, path

from jishi.accounts.actions import accounts, signing_in
from jishi.accounts.models import SignedIn, SignInFailure
from jishi.accounts.tests.factories import a_grant, an_account, signed_in
from jishi.accounts.web import backend, devices, middleware, sessions
from jishi.foundation import scope
from jishi.foundation.actor import system
from jishi.foundation.refusals import NotAvailableNow, SignInNeeded

WORD = "石桥下的水向东流 1987"
LONG_AGO = datetime.now(UTC) - timedelta(days=30)


def private(request: HttpRequest) -> HttpResponse:
    if request.actor.account_id is None:
        raise SignInNeeded
    return HttpResponse(f"{request.actor.account_id} {request.POST.get('text', '')}")


urlpatterns = [
    path("private", private),
    path("", include("jishi.accounts.web.urls")),
    path("", include("jishi.portal.web.urls")),
]

pytestmark = [pytest.mark.django_db, pytest.mark.urls(__name__), pytest.mark.usefixtures("in_one_town")]


@pytest.fixture
def clerk(tenant: int):
    return an_account(tenant, username="chen.yu", name="陈雨", password=WORD, now=LONG_AGO)


@pytest.fixture
def resident(tenant: int):
    return an_account(tenant, username="wang", name="王芳", password=WORD, staff=False, now=LONG_AGO)


def try_in(client: Client, username: str, password: str, **more):
    return client.post("/sign-in", {"login": username, "password": password, **more}, headers={"accept-language": "zh"})


def _without_tokens(page: str) -> str:
    return re.sub(r'(csrfmiddlewaretoken" value=|X-CSRFToken": ")"?[^"]+', "", page)


def in_scope(tenant: int, ask):
    with scope.work(system(tenant)):
        return ask()


def test_the_page_is_drawn_in_both_languages(client: Client, tenant: int) -> None:
    page = client.get("/sign-in", headers={"accept-language": "zh"}).content.decode()
    assert "登录名" in page
    assert 'id="passkey_login" form="mfa_login"' in page  # the ceremony submits the form that the button belongs to
    assert client.get("/sign-in", headers={"accept-language": "en"}).status_code == 200


def test_the_right_password_signs_in_and_returns_to_the_page(client: Client, resident) -> None:
    answer = try_in(client, "wang", WORD, next="/private")

    assert answer["Location"] == "/private"
    assert client.get("/private").content.decode().startswith(str(resident.id))


def test_a_new_session_id_is_given_at_sign_in(client: Client, resident) -> None:
    session = client.session
    session["x"] = 1
    session.save()
    before = session.session_key

    try_in(client, "wang", WORD)

    assert client.session.session_key != before
    assert not Session.objects.filter(session_key=before).exists()


def test_every_cookie_of_signing_in_is_bound_to_this_host_and_kept_from_scripts(client: Client, resident) -> None:
    client.get("/sign-in")
    try_in(client, "wang", WORD)

    named = {settings.SESSION_COOKIE_NAME, settings.CSRF_COOKIE_NAME, devices.COOKIE}
    held = {name: client.cookies[name] for name in named}
    assert all(name.startswith("__Host-") for name in named)
    assert all(c["secure"] and c["httponly"] and c["samesite"] == "Lax" and c["path"] == "/" for c in held.values())


def test_known_and_unknown_names_hear_the_same(client: Client, resident) -> None:
    known = try_in(client, "wang", "wrong wrong wrong").content.decode()
    unknown = try_in(client, "nobody", "wrong wrong wrong").content.decode()

    assert "登录名或密码不对" in known
    assert _without_tokens(known).replace("wang", "") == _without_tokens(unknown).replace("nobody", "")


def test_known_and_unknown_names_cost_one_comparison_each(client: Client, resident, monkeypatch) -> None:
    from django.contrib.auth.hashers import Argon2PasswordHasher

    compared = []
    real = Argon2PasswordHasher.verify
    monkeypatch.setattr(Argon2PasswordHasher, "verify", lambda s, p, e: compared.append(1) or real(s, p, e))

    try_in(client, "wang", "wrong wrong wrong")
    try_in(client, "nobody", "wrong wrong wrong")

    assert len(compared) == 2


def test_the_same_name_in_another_town_is_another_account(
    client: Client, resident, other_tenant: int, settings
) -> None:
    settings.ALLOWED_HOSTS = ["*"]
    there = client.post("/sign-in", {"login": "wang", "password": WORD}, headers={"host": "other.example"})

    assert there.status_code == 200
    assert not SignedIn.objects.exists()


def test_no_next_leads_outside(client: Client, resident) -> None:
    assert try_in(client, "wang", WORD, next="https://evil.example/")["Location"] == "/home"


class TestSlow:
    @pytest.fixture(autouse=True)
    def _the_clock_stands(self, monkeypatch) -> None:
        """A slow machine must not outwait the second that the fifth failure costs."""
        moment = datetime.now(UTC)
        monkeypatch.setattr(middleware.timezone, "now", lambda: moment)

    def fail(self, client: Client, times: int, username: str = "wang") -> str:
        for _ in range(times):
            answer = try_in(client, username, "wrong wrong wrong")
        return answer.content.decode()

    def test_after_five_failures_the_next_try_waits_even_with_the_right_password(
        self, client: Client, resident
    ) -> None:
        self.fail(client, 5)

        assert "请等" in try_in(client, "wang", WORD).content.decode()

    def test_an_unknown_name_waits_just_so(self, client: Client, tenant: int) -> None:
        self.fail(client, 5, "nobody")

        assert "请等" in try_in(client, "nobody", WORD).content.decode()

    def test_wrong_passwords_do_not_lock_the_owner_out(self, client: Client, resident, tenant: int) -> None:
        try_in(client, "wang", WORD)
        client.post("/sign-out")
        attacker = Client()
        self.fail(attacker, 9)

        assert "请等" in try_in(attacker, "wang", WORD).content.decode()
        assert try_in(client, "wang", WORD).status_code == 302  # the owner's own device has its own bucket

    def test_a_forged_device_cookie_is_an_unknown_device(self, client: Client, resident) -> None:
        client.cookies[devices.COOKIE] = "WyJhIixbXV0:forged:forged"
        self.fail(client, 5)

        assert SignInFailure.objects.get().device == ""

    def test_the_wait_doubles_to_a_minute_and_ends(self, client: Client, resident, tenant: int) -> None:
        by, now = system(tenant), datetime.now(UTC)

        def waits() -> list[int]:
            found = []
            for _ in range(13):
                signing_in.failed("wang", "", by=by, now=now)
                found.append(signing_in.wait_for("wang", "", by=by, now=now))
            return found

        with scope.work(by):
            assert waits() == [0, 0, 0, 0, 1, 2, 4, 8, 16, 32, 60, 60, 60]
            assert signing_in.wait_for("wang", "", by=by, now=now + timedelta(seconds=61)) == 0

    def test_what_was_typed_as_a_name_is_not_stored(self, client: Client, tenant: int) -> None:
        self.fail(client, 1, "mein-passwort-im-falschen-feld")

        assert "passwort" not in str(SignInFailure.objects.values())

    def test_failures_leave_after_six_months(self, client: Client, tenant: int) -> None:
        self.fail(client, 1)
        by = system(tenant)

        with scope.work(by):
            assert signing_in.forget_old(by=by, now=datetime.now(UTC) + timedelta(days=179)) == 0
            assert signing_in.forget_old(by=by, now=datetime.now(UTC) + timedelta(days=181)) == 1


class TestSecondFactor:
    @pytest.fixture
    def secret(self, clerk, tenant: int) -> str:
        secret = generate_totp_secret()
        request = RequestFactory().get("/")
        with scope.work(system(tenant)):
            TOTP.activate(clerk, secret)
        assert request
        return secret

    def code(self, secret: str) -> str:
        from allauth.mfa.totp.internal.auth import (
            format_hotp_value,
            hotp_value,
            yield_hotp_counters_from_time,
        )

        return format_hotp_value(hotp_value(secret, next(iter(yield_hotp_counters_from_time()))))

    def test_the_secret_is_wrapped_in_the_open_table(self, clerk, secret: str) -> None:
        assert secret not in str(Authenticator.objects.get().data)

    def test_the_password_alone_does_not_sign_in(self, client: Client, clerk, secret: str) -> None:
        answer = try_in(client, "chen.yu", WORD)

        assert answer["Location"] == "/sign-in/code"
        assert client.get("/private")["Location"].startswith("/sign-in?")
        assert client.get("/sign-in/code").status_code == 200

    def test_the_right_code_signs_in_with_rights(self, client: Client, clerk, secret: str) -> None:
        a_grant(clerk, "handler", body_id=3, post_id=8, post_title="承办岗", now=LONG_AGO)
        try_in(client, "chen.yu", WORD)

        answer = client.post("/sign-in/code", {"code": self.code(secret)})

        assert answer.status_code == 302
        assert client.session[sessions.FACTOR] is True
        assert client.get("/private").status_code == 200

    def test_second_factor_cannot_be_skipped_by_password_reset(self, client: Client, clerk, tenant: int) -> None:
        Authenticator.objects.create(user_id=clerk.id, type="webauthn", data={"name": "k"})
        by, fresh = system(tenant), "一座新桥横在旧河上 2026"
        in_scope(tenant, lambda: accounts.set_password(clerk.id, fresh, by=by, now=datetime.now(UTC)))

        assert try_in(client, "chen.yu", fresh)["Location"] == "/sign-in/code"
        assert client.get("/private").status_code == 302

    def test_codes_cannot_be_guessed_quickly(self, client: Client, clerk, secret: str) -> None:
        try_in(client, "chen.yu", WORD)
        for _ in range(5):
            client.post("/sign-in/code", {"code": "000000"})

        late = client.post("/sign-in/code", {"code": self.code(secret)}, headers={"accept-language": "zh"})

        assert "请等" in late.content.decode()

    def test_staff_without_one_set_it_up_first(self, client: Client, clerk) -> None:
        assert try_in(client, "chen.yu", WORD)["Location"] == "/me/sign-in"
        page = client.get("/me/sign-in", headers={"accept-language": "zh"}).content.decode()
        assert "工作人员登录要两步" in page

    def test_setting_up_the_app_gives_the_rights_at_once(self, client: Client, clerk) -> None:
        try_in(client, "chen.yu", WORD)
        page = client.get("/me/sign-in/app")  # whoever has just signed in is not asked again
        secret = page.context["form"].secret

        client.post("/me/sign-in/app", {"code": self.code(secret)})

        assert client.session[sessions.FACTOR] is True
        assert client.get("/me/sign-in/codes").status_code == 200

    def test_a_passkey_challenge_is_given_to_anybody_and_opens_nothing(self, client: Client, tenant: int) -> None:
        asked = client.get("/sign-in/passkey", headers={"accept": "application/json"})

        assert asked.json()["request_options"]["publicKey"]["userVerification"] == "required"
        answer = client.post("/sign-in/passkey", {"credential": '{"response": {"userHandle": "MQ"}}'})
        assert answer["Location"] == "/sign-in"


    def test_a_passkey_is_never_slowed_for_an_office_behind_one_address(self, client: Client, tenant: int) -> None:
        said = [client.post("/sign-in/passkey", {"credential": "{}"}).status_code for _ in range(30)]

        assert set(said) == {302}


class TestPosts:
    def test_several_posts_are_chosen_from_and_the_session_gets_a_new_id(self, client: Client, clerk) -> None:
        a_grant(clerk, "dispatcher", body_id=3, post_id=8, post_title="调度岗", now=LONG_AGO)
        a_grant(clerk, "reviewer", body_id=4, post_id=9, post_title="审核岗", now=LONG_AGO)
        signed_in(client, clerk)
        before = client.session.session_key
        assert client.get("/private")["Location"] == "/post?next=%2Fprivate"
        assert "审核岗" in client.get("/post").content.decode()

        answer = client.post("/post", {"post": "9", "next": "/private"})

        assert answer["Location"] == "/private"
        assert client.session.session_key != before
        assert client.session[sessions.POST] == 9

    def test_a_post_that_is_not_held_is_not_found(self, client: Client, clerk) -> None:
        a_grant(clerk, "dispatcher", body_id=3, post_id=8, now=LONG_AGO)
        signed_in(client, clerk)

        assert client.post("/post", {"post": "9"}).status_code == 404


class TestSessions:
    def test_a_person_sees_her_sessions_and_ends_one(self, client: Client, resident, tenant: int) -> None:
        try_in(client, "wang", WORD)
        phone = Client(headers={"user-agent": "Mozilla/5.0 (Linux; Android 14) Chrome/130.0"})
        try_in(phone, "wang", WORD)
        row = in_scope(tenant, lambda: SignedIn.objects.get(device="Chrome · Android"))
        assert "Chrome · Android" in client.get("/me/sign-in").content.decode()

        client.post(f"/me/sessions/{row.id}/end")

        assert phone.get("/private")["Location"].startswith("/sign-in?")
        assert client.get("/private").status_code == 200

    def test_nobody_ends_the_session_of_another(self, client: Client, resident, clerk, tenant: int) -> None:
        try_in(client, "wang", WORD)
        row = in_scope(tenant, lambda: SignedIn.objects.get())
        other = signed_in(Client(), clerk)

        assert other.post(f"/me/sessions/{row.id}/end").status_code == 404
        assert client.get("/private").status_code == 200

    def test_one_press_ends_all_of_them(self, client: Client, resident) -> None:
        phone = Client()
        try_in(client, "wang", WORD)
        try_in(phone, "wang", WORD)

        client.post("/me/sessions/end")

        assert phone.get("/private").status_code == 302
        assert client.get("/private").status_code == 302

    def test_signing_out_forgets_the_session(self, client: Client, resident, tenant: int) -> None:
        try_in(client, "wang", WORD)

        client.post("/sign-out")

        assert client.get("/private").status_code == 302
        assert in_scope(tenant, lambda: SignedIn.objects.count()) == 0

    def test_opening_the_address_of_signing_out_changes_nothing(self, client: Client, resident) -> None:
        try_in(client, "wang", WORD)

        assert client.get("/sign-out").status_code == 200
        assert client.get("/private").status_code == 200

    def test_a_new_password_needs_a_fresh_sign_in_and_ends_every_session(self, client: Client, resident) -> None:
        signed_in(client, resident, at=datetime.now(UTC) - timedelta(minutes=11))
        assert client.get("/me/password")["Location"].startswith("/me/sign-in/again")
        client.post("/me/sign-in/again", {"password": WORD})

        assert client.post("/me/password", {"password": "kurz"}).status_code == 200
        answer = client.post("/me/password", {"password": "新的一句话 要记得住 2026"})

        assert answer["Location"] == "/sign-in"
        assert try_in(Client(), "wang", WORD).status_code == 200
        assert try_in(Client(), "wang", "新的一句话 要记得住 2026").status_code == 302


class TestDraft:
    def ended(self, client: Client, account) -> None:
        signed_in(client, account, at=datetime.now(UTC) - timedelta(days=31))

    def test_the_browser_still_says_whose_session_it_was_when_it_ended_by_its_full_length(
        self, client: Client, resident
    ) -> None:
        try_in(client, "wang", WORD)

        assert client.cookies[settings.SESSION_COOKIE_NAME]["max-age"] > sessions.RESIDENT_ALL.total_seconds()

    def test_an_ended_session_keeps_what_was_typed_for_the_same_person(
        self, client: Client, resident, tenant: int
    ) -> None:
        self.ended(client, resident)

        sent = client.post("/private", {"text": "井盖响了三天"})

        assert sent["Location"] == "/sign-in?next=%2F"
        assert "井盖" not in str(Session.objects.get(session_key=client.session.session_key).get_decoded())
        assert try_in(client, "wang", WORD)["Location"] == "/sign-in/continue"
        page = client.get("/sign-in/continue").content.decode()
        assert 'name="text" value="井盖响了三天"' in page
        assert 'action="/private"' in page
        assert client.get("/sign-in/continue")["Location"] == "/home"  # kept no longer

    def test_somebody_else_on_the_same_browser_does_not_get_it(self, client: Client, resident, tenant: int) -> None:
        an_account(tenant, username="li", password=WORD, staff=False, now=LONG_AGO)
        self.ended(client, resident)
        client.post("/private", {"text": "井盖响了三天"})

        assert try_in(client, "li", WORD)["Location"] != "/sign-in/continue"
        assert client.get("/sign-in/continue")["Location"] == "/home"

    def test_a_page_that_was_only_read_is_returned_to(self, client: Client, resident) -> None:
        self.ended(client, resident)

        led = client.get("/private?x=1")["Location"]

        assert led == "/sign-in?next=%2Fprivate%3Fx%3D1&why=ended"
        assert "登录时间到了" in client.get(led).content.decode()

    @pytest.mark.parametrize(
        ("came", "to"),
        [
            ("http://testserver/private?x=1#y", "%2Fprivate%3Fx%3D1"),
            ("http://elsewhere.example/private", "%2Fhome"),
            ("http://testserver//elsewhere.example", "%2Fhome"),
            ("http://[", "%2Fhome"),
            ("", "%2Fhome"),
        ],
    )
    def test_a_lost_cookie_is_said_and_leads_back_to_the_page_of_the_form(
        self, client: Client, resident, came: str, to: str
    ) -> None:
        try_in(client, "wang", WORD)
        del client.cookies[settings.SESSION_COOKIE_NAME]

        led = client.post("/private", {"text": "井盖响了三天"}, headers={"referer": came})["Location"]

        assert led == f"/sign-in?next={to}&why=lost"
        assert "刚才提交的没有存下" in client.get(led).content.decode()

    @pytest.mark.parametrize("ask", ["head", "options"])
    def test_who_only_looks_lost_no_form(self, client: Client, resident, ask: str) -> None:
        try_in(client, "wang", WORD)
        del client.cookies[settings.SESSION_COOKIE_NAME]

        assert "why=lost" not in getattr(client, ask)("/private")["Location"]

    def test_a_stranger_reads_that_the_page_needs_signing_in(self, client: Client, tenant: int) -> None:
        assert "要先登录，登录后就到那一页。" in client.get("/sign-in?next=/private").content.decode()
        assert "要先登录" not in client.get("/sign-in").content.decode()


class TestDemonstration:
    def test_elsewhere_nobody_signs_in_by_a_press(self, client: Client, resident) -> None:
        assert client.post("/sign-in/as", {"account": resident.id}).status_code == 404
        assert "王芳" not in client.get("/sign-in").content.decode()

    def test_a_press_signs_in_in_that_post(self, client: Client, clerk, resident, settings) -> None:
        settings.DEMO = True
        a_grant(clerk, "dispatcher", body_id=3, post_id=8, post_title="调度岗", now=LONG_AGO)
        a_grant(clerk, "reviewer", body_id=3, post_id=9, post_title="审核岗", now=LONG_AGO)
        page = client.get("/sign-in").content.decode()
        assert "调度岗" in page
        assert "王芳" in page

        answer = client.post("/sign-in/as", {"account": clerk.id, "post": "8", "next": "/private"})

        assert answer["Location"] == "/private"
        assert client.get("/private").content.decode().startswith(str(clerk.id))

    def test_who_is_signed_in_changes_people_by_a_press(self, client: Client, clerk, resident, settings) -> None:
        settings.DEMO = True
        client.post("/sign-in/as", {"account": clerk.id})
        assert "王芳" in client.get("/sign-in").content.decode()

        client.post("/sign-in/as", {"account": resident.id})

        assert client.get("/private").content.decode().startswith(str(resident.id))


class TestALaneOfHashing:
    def test_refuses_at_once_whom_it_cannot_serve_soon_and_leaves_the_known_alone(self, monkeypatch) -> None:
        strangers, known = backend._Lane(1, 0), backend._Lane(1, 0)
        calls = iter(["a stranger", "somebody known", "the next stranger"])

        def hashing(password: str, encoded: str) -> bool:
            if next(calls) == "a stranger":
                with pytest.raises(NotAvailableNow):  # a second stranger, while the first is served
                    strangers.check("x", "y")
                return known.check("x", "y")
            return True

        monkeypatch.setattr(backend, "check_password", hashing)

        assert strangers.check("x", "y") is True
        assert strangers.check("x", "y") is True  # its place is free again

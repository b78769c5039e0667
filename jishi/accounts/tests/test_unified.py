"""Unified sign-in: what is signed for us, now, for this browser opens; everything else is refused with a sentence."""

import json
import time
from collections.abc import Callable

import pytest
from allauth.mfa.models import Authenticator
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from django.test import Client

from jishi.accounts.models import Account, OutsideIdentity, SignedIn
from jishi.accounts.tests import issuer as twin
from jishi.accounts.tests.factories import a_grant, an_account, signed_in
from jishi.accounts.tests.issuer import Issuer
from jishi.accounts.web import sessions
from jishi.foundation import scope
from jishi.foundation.actor import system
from jishi.foundation.models import Entry

TOKEN, STATE, AWAY = "凭据对不上", "隔得太久", "统一认证不可用，可用通行密钥登录。"

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("in_one_town")]


@pytest.fixture
def issuer(settings):
    with twin.running() as one:
        settings.OIDC_ISSUER = settings.OIDC_ISSUER_ORIGIN = one.url
        settings.OIDC_CLIENT, settings.OIDC_SECRET = twin.CLIENT, twin.SECRET
        settings.OIDC_TWO_FACTORS = ("aal2",)
        settings.INSIDE = f"127.0.0.1=127.0.0.1/32:{one.url.rsplit(':', 1)[1]}"
        yield one


def begin(client: Client, **said: str) -> str:
    return client.post("/sign-in/unified", said, headers={"accept-language": "zh"})["Location"]


def come(client: Client, with_: dict[str, str]):
    return client.get("/sign-in/unified/back", with_, headers={"accept-language": "zh"})


def go(client: Client, issuer: Issuer, *, subject: str = "zhang", process: str = "", asked: str = "", **claims):
    return come(client, issuer.press(begin(client, process=process, next=asked), subject=subject, **claims))


def page(client: Client, answer) -> str:
    return client.get(answer["Location"], headers={"accept-language": "zh"}).content.decode()


def in_scope(tenant: int, ask: Callable):
    with scope.work(system(tenant)):
        return ask()


def nobody_entered(tenant: int) -> bool:
    return in_scope(tenant, lambda: not SignedIn.objects.filter(tenant_id=tenant).exists())


def joined(tenant: int, issuer: Issuer, *, role: str = "handler", subject: str = "li") -> tuple[Account, Client]:
    """A clerk who has joined the own account to a subject."""
    clerk = an_account(tenant)
    a_grant(clerk, role, body_id=1, post_id=1, post_title=role)
    client = signed_in(Client(), clerk, post=1)
    assert go(client, issuer, subject=subject, process="join")["Location"] == "/me/sign-in"
    return clerk, Client()


def test_who_comes_for_the_first_time_gets_an_account_without_a_name_and_the_same_one_again(
    tenant: int, issuer: Issuer
) -> None:
    clients = [Client(), Client()]
    answers = [go(client, issuer, asked="/mine", name="张三", phone_number="13900001234") for client in clients]

    assert [a["Location"] for a in answers] == ["/mine", "/mine"]
    assert clients[1].get("/mine").status_code == 200
    one = in_scope(tenant, lambda: Account.objects.get(tenant_id=tenant))
    assert (one.is_staff_member, one.name, one.has_usable_password()) == (False, "", False)
    row = in_scope(tenant, lambda: OutsideIdentity.objects.get(tenant_id=tenant))
    assert row.account_id == one.id and "zhang" not in row.subject_mac
    joined = in_scope(tenant, lambda: Entry.objects.filter(tenant_id=tenant, verb="account.joined").count())
    assert joined == 1


def test_oidc_mail_does_not_join_accounts(tenant: int, issuer: Issuer) -> None:
    """Issuer and subject do, and neither name nor number."""
    known = an_account(tenant, username="zhang", staff=False)

    go(Client(), issuer, preferred_username="zhang", email="zhang@example.org", phone_number="13900001234")

    row = in_scope(tenant, lambda: OutsideIdentity.objects.get(tenant_id=tenant))
    assert row.account_id != known.id


def _another_key(issuer: Issuer) -> None:
    issuer.signs_with = ec.generate_private_key(ec.SECP256R1())


def _none(issuer: Issuer) -> None:
    issuer.algorithm, issuer.signs_with = "none", None


def _shared(issuer: Issuer) -> None:
    issuer.algorithm, issuer.signs_with = "HS256", "the public key read as a secret of thirty-two bytes"


BENT = {
    "nonce": lambda i: i.claims.update(nonce="of another sign-in"),
    "no nonce": lambda i: i.claims.update(nonce=None),
    "issuer": lambda i: i.claims.update(iss="https://elsewhere.example"),
    "audience": lambda i: i.claims.update(aud="another-client"),
    "for others too": lambda i: i.claims.update(aud=[twin.CLIENT, "another"]),
    "expired": lambda i: i.claims.update(exp=int(time.time()) - 5),
    "no end": lambda i: i.claims.update(exp=None),
    "no subject": lambda i: i.claims.update(sub=None),
    "unknown key": lambda i: i.header.update(kid="two"),
    "no key named": lambda i: i.header.clear(),
    "signed by another": _another_key,
    "algorithm none": _none,
    "a shared secret": _shared,
}


@pytest.mark.parametrize(("bits", "strong"), [(2048, False), (3072, True)])
def test_a_short_rsa_key_of_the_issuer_is_not_believed(
    tenant: int, issuer: Issuer, caplog: pytest.LogCaptureFixture, *, bits: int, strong: bool
) -> None:
    issuer.key = issuer.signs_with = rsa.generate_private_key(65537, bits)
    issuer.algorithm = "RS256"

    answer = go(Client(), issuer, asked="/mine")

    assert (answer["Location"] == "/mine") == strong
    assert strong or answer["Location"].endswith("why=token")
    assert ("has 2048 bits, fewer than 3072" in caplog.text) != strong


def test_a_token_with_one_thing_wrong_opens_nothing(tenant: int, issuer: Issuer) -> None:
    whole = (issuer.signs_with, issuer.algorithm)
    for name, bend in BENT.items():
        issuer.claims, issuer.header = {}, {"kid": "one"}
        issuer.signs_with, issuer.algorithm = whole
        bend(issuer)
        client = Client()
        answer = go(client, issuer)

        assert answer["Location"].endswith("why=token"), name
        assert TOKEN in page(client, answer), name
    assert nobody_entered(tenant)
    assert in_scope(tenant, lambda: not Account.objects.filter(tenant_id=tenant).exists())


def test_a_state_of_another_browser_or_a_second_use_opens_nothing(tenant: int, issuer: Issuer) -> None:
    mine, other = Client(), Client()
    given = issuer.press(begin(mine))

    for with_ in (given, {**given, "state": "made-up"}, {"code": given["code"]}):
        assert STATE in page(other, come(other, with_))
    assert STATE in page(mine, come(mine, {**issuer.press(begin(mine)), "iss": "https://elsewhere.example"}))
    assert come(mine, given)["Location"] == "/home"
    assert STATE in page(mine, come(mine, given))


def test_a_code_of_another_sign_in_is_refused_there(tenant: int, issuer: Issuer) -> None:
    """PKCE: a stolen code is worth nothing in another browser."""
    mine, other = Client(), Client()
    stolen = issuer.press(begin(mine))["code"]

    answer = come(other, {**issuer.press(begin(other)), "code": stolen})

    assert TOKEN in page(other, answer) and nobody_entered(tenant)


def test_a_cancelled_sign_in_says_so(tenant: int, issuer: Issuer) -> None:
    client = Client()
    state = issuer.press(begin(client))["state"]

    assert "取消" in page(client, come(client, {"error": "access_denied", "state": state}))


@pytest.mark.parametrize("how", ["answers nothing", "another issuer", "keys elsewhere", "not listed inside"])
def test_an_issuer_that_is_away_is_said_and_passwords_work(tenant: int, issuer: Issuer, settings, how: str) -> None:
    word = "石桥下的水向东流 1987"
    an_account(tenant, username="wang", password=word, staff=False)
    issuer.broken = how == "answers nothing"
    issuer.says = {
        "another issuer": {"issuer": "https://elsewhere.example"},
        "keys elsewhere": {"jwks_uri": "https://elsewhere.example/keys"},
    }.get(how, {})
    if how == "not listed inside":
        settings.INSIDE = ""
    client = Client()

    answer = client.post("/sign-in/unified", headers={"accept-language": "zh"})

    assert AWAY in page(client, answer)
    english = client.get(answer["Location"], headers={"accept-language": "en"}).content.decode()
    assert "Unified sign-in is off; passkeys work." in english
    entered = client.post("/sign-in", {"login": "wang", "password": word})
    assert entered.status_code == 302 and entered["Location"] == "/home"
    if how == "not listed inside":
        assert issuer.asked == []  # the one outgoing door did not open


def test_staff_enter_only_when_two_factors_were_shown(tenant: int, issuer: Issuer) -> None:
    clerk, _ = joined(tenant, issuer)
    for claims in ({}, {"acr": "aal1"}, {"amr": ["pwd"]}, {"amr": ["pwd", "sms"]}, {"amr": "otp pwd"}):
        client = Client()
        assert "只认了一步" in page(client, go(client, issuer, subject="li", **claims)), claims
    for claims in ({"acr": "aal2"}, {"amr": ["pwd", "otp"]}):
        client = Client()
        assert go(client, issuer, subject="li", asked="/post", **claims)["Location"] == "/post"
        assert client.session[sessions.FACTOR] is True and client.get("/break-glass").status_code == 200
    assert in_scope(tenant, lambda: SignedIn.objects.filter(account_id=clerk.id).count()) == 2


def test_the_three_administrators_enter_by_passkey_alone(tenant: int, issuer: Issuer) -> None:
    _, client = joined(tenant, issuer, role="auditor")

    answer = go(client, issuer, subject="li", acr="aal2")

    assert "只用通行密钥登录" in page(client, answer) and nobody_entered(tenant)


def test_a_resident_with_a_second_factor_is_asked_for_it_here(tenant: int, issuer: Issuer) -> None:
    go(Client(), issuer)
    who = in_scope(tenant, lambda: Account.objects.get(tenant_id=tenant))
    Authenticator.objects.create(user_id=who.id, type="totp", data={"secret": "x"})

    assert go(Client(), issuer)["Location"] == "/sign-in/code"


def test_a_subject_belongs_to_one_account_and_is_parted_when_another_way_is_left(tenant: int, issuer: Issuer) -> None:
    clerk, _ = joined(tenant, issuer)
    other = an_account(tenant)
    a_grant(other, "handler", body_id=1, post_id=2, post_title="x")
    theirs = signed_in(Client(), other, post=2)
    assert "连着另一个账号" in page(theirs, go(theirs, issuer, subject="li", process="join"))

    mine = signed_in(Client(), clerk, post=1)
    assert mine.post("/me/sign-in/unified/end").status_code == 409  # the only way in
    Authenticator.objects.create(user_id=clerk.id, type="webauthn", data={"name": "k"})
    assert mine.post("/me/sign-in/unified/end").status_code == 302
    assert mine.post("/me/sign-in/unified/end").status_code == 404
    entries = in_scope(tenant, lambda: Entry.objects.filter(tenant_id=tenant, verb="account.parted").count())
    assert entries == 1


def test_who_it_is_is_shown_once_more_there(tenant: int, issuer: Issuer) -> None:
    joined(tenant, issuer)
    client = Client()
    go(client, issuer, subject="li", acr="aal2")
    stale = int(time.time()) - 3600

    assert "why=token" in go(client, issuer, subject="li", process="again", acr="aal2", auth_time=stale)["Location"]
    assert go(client, issuer, subject="li", process="again", asked="/break-glass", acr="aal2")["Location"] == (
        "/break-glass"
    )
    assert "subject_taken" in go(client, issuer, subject="somebody", process="again")["Location"]


def test_the_same_subject_is_another_person_in_another_town(tenant: int, other_tenant: int, issuer: Issuer) -> None:
    for host in ("testserver", "other.example"):
        client = Client(headers={"host": host})
        assert go(client, issuer)["Location"] == "/home"
    rows = [in_scope(t, lambda: OutsideIdentity.objects.get().subject_mac) for t in (tenant, other_tenant)]
    assert rows[0] != rows[1]


def test_only_the_subject_is_asked_for_and_the_page_offers_it(client: Client, tenant: int, issuer: Issuer) -> None:
    shown = client.get("/sign-in", headers={"accept-language": "zh"})
    to = begin(client)

    assert "统一身份认证登录" in shown.content.decode()
    assert issuer.url in shown["Content-Security-Policy"]
    assert "scope=openid&" in to and "acr_values=aal2" in to and "nonce=" in to and "code_challenge=" in to
    assert json.dumps(issuer.asked) == '["/.well-known/openid-configuration"]'


def test_without_a_configured_issuer_nothing_of_it_is_there(client: Client, tenant: int) -> None:
    assert "统一身份认证登录" not in client.get("/sign-in", headers={"accept-language": "zh"}).content.decode()
    assert client.post("/sign-in/unified").status_code == 404
    assert client.get("/sign-in/unified/back").status_code == 404

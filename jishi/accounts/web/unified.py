"""统一身份认证 by OIDC: code flow with PKCE, state and nonce. The pieces of the ceremony are django-allauth's.

Issuer, client and assurance levels are configuration; each endpoint must be of the issuer's own origin. Every call
goes through the one outgoing door, when all of the request is stored and no transaction is open. Only `openid` is
asked: no name, number or mail comes here.
"""

import json
import logging
import secrets
from base64 import b64encode
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

import jwt
from allauth.account.internal.flows.login import perform_login, record_authentication
from allauth.account.models import Login
from allauth.core.context import request_context
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from allauth.socialaccount.internal import jwtkit, statekit
from allauth.socialaccount.providers.oauth2.client import OAuth2Client, OAuth2Error
from allauth.socialaccount.providers.oauth2.utils import generate_code_challenge
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST, require_safe

from jishi.accounts.actions import proving, unified
from jishi.accounts.models import Account
from jishi.accounts.web import adapters
from jishi.accounts.web.sign_in import safe
from jishi.foundation import outgoing, scope
from jishi.foundation.actor import Actor
from jishi.foundation.outgoing import NotDelivered
from jishi.foundation.refusals import FreshSignInNeeded, NotFound, Refused

LOG = logging.getLogger(__name__)
PROVIDER = "unified"
ALGORITHMS = frozenset({"RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512"})
ENDPOINTS = ("authorization_endpoint", "token_endpoint", "jwks_uri")
WHY = {
    "away": (503, _("统一认证不可用，可用通行密钥登录。")),
    "state": (403, _("登录隔得太久，或者不是在这个浏览器里开始的。请重新开始。")),
    "cancelled": (403, _("您在统一认证那边取消了，没有登录。")),
    "token": (403, _("统一认证给的凭据对不上，没有登录。请重新开始；还不行，请告诉系统管理员。")),
    "one_factor_only": (403, _("统一认证这次只认了一步，工作人员登录要两步。请在那边用两步登录，或用通行密钥登录。")),
    "passkey_only": (403, _("系统、安全、审计管理员只用通行密钥登录。")),
    "subject_taken": (409, _("这个统一身份已经连着另一个账号。用它登录那个账号，断开，再来连。")),
}


class Away(Exception):
    """The issuer does not answer, or not as an issuer."""


class Refusal(Exception):
    """What came back does not hold; `code` is one of `WHY`."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class _Answer:
    """An answer of the door in the shape that django-allauth reads."""

    def __init__(self, answer: outgoing.Answer) -> None:
        self.status_code, self.content = answer.status, answer.body
        self.headers = {"content-type": answer.kind}
        self.text = answer.body.decode("utf-8", "replace")

    def json(self) -> Any:
        return json.loads(self.content)

    def raise_for_status(self) -> None:
        if self.status_code >= 400:
            raise NotDelivered(f"status_{self.status_code}")


class _Door:
    """Stands where django-allauth asks for a session of its HTTP client: the one outgoing door."""

    def __enter__(self) -> "_Door":
        return self

    def __exit__(self, *gone: object) -> None:
        return None

    def get(self, url: str, headers: Mapping[str, str] | None = None) -> _Answer:
        return _Answer(outgoing.ask("GET", url, None, {"Accept": "application/json", **(headers or {})}))

    def request(
        self, method: str, url: str, *, params: object = None, data: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None, auth: Any = None,
    ) -> _Answer:  # fmt: skip
        told = {"Accept": "application/json", "Content-Type": "application/x-www-form-urlencoded", **(headers or {})}
        if auth is not None:
            pair = f"{quote(auth.username, safe='')}:{quote(auth.password, safe='')}"
            told["Authorization"] = "Basic " + b64encode(pair.encode()).decode()
        return _Answer(outgoing.ask(method, url, urlencode(data or {}).encode(), told))


class Outside(DefaultSocialAccountAdapter):
    """Nothing of django-allauth's own HTTP client is used."""

    def get_requests_session(self) -> _Door:
        return _Door()


@require_POST
def start(request: HttpRequest) -> HttpResponse:
    """Go to the issuer: to sign in, to join the own account, or to show once more who it is."""
    _ensure_on()
    process = request.POST.get("process", "")
    if process not in ("join", "again") or not request.user.is_authenticated:
        process = "enter"
    if process == "join":
        proving.ensure_fresh(request.actor, now=request.now)
    asked = safe(request, request.POST.get("next", ""))
    state = {"process": process, "next": asked, "nonce": secrets.token_urlsafe(24)}
    back = request.build_absolute_uri(reverse("unified-back"))
    request.sending = _outside(request, lambda: _to_issuer(request, state, back))
    return redirect(_no("away"))


@require_safe
def back(request: HttpRequest) -> HttpResponse:
    """Come back from the issuer with a code."""
    _ensure_on()
    state = statekit.unstash_state(request, provider_id=PROVIDER, state_id=request.GET.get("state", ""))
    if state is None or request.GET.get("iss", settings.OIDC_ISSUER).rstrip("/") != settings.OIDC_ISSUER:
        request.way_in_failed = True  # a line of the log (ASVS V16.3.1)
        return redirect(_no("state"))
    if "error" in request.GET or not request.GET.get("code"):
        request.way_in_failed = True
        return redirect(_no("cancelled" if request.GET.get("error") == "access_denied" else "token"))
    code, here = request.GET["code"], request.build_absolute_uri(reverse("unified-back"))
    request.sending = _outside(request, lambda: _arrive(request, state, code, here))
    return redirect(_no("away"))


@require_safe
def no(request: HttpRequest) -> HttpResponse:
    """Say why nobody was signed in, and what works."""
    _ensure_on()
    status, sentence = WHY.get(request.GET.get("why", ""), WHY["token"])
    return render(request, "accounts/unified_no.html", {"sentence": sentence}, status=status)


@login_required
@require_POST
def part(request: HttpRequest) -> HttpResponse:
    """Part the own account from the unified sign-in."""
    _ensure_on()
    unified.part(settings.OIDC_ISSUER, by=request.actor, now=request.now)
    return redirect("mfa_index")


# --- outside: no transaction is open ------------------------------------------------------------------------


def _outside(request: HttpRequest, call: Callable[[], HttpResponse]) -> Callable[[], HttpResponse]:
    def send() -> HttpResponse:
        try:
            with request_context(request):
                return call()
        except Refusal as refused:
            request.way_in_failed = True
            return redirect(_no(refused.code))
        except FreshSignInNeeded:
            return redirect("account_reauthenticate")
        except (Away, NotDelivered, outgoing.AddressRefused):
            return redirect(_no("away"))
        except Refused as refused:
            request.way_in_failed = True
            return redirect(_no(refused.code))

    return send


def _to_issuer(request: HttpRequest, state: dict[str, Any], back: str) -> HttpResponse:
    told = discovered()
    challenge = generate_code_challenge()
    kept = {**state, "pkce": challenge.pop("code_verifier"), "began": int(request.now.timestamp())}
    client = _client(request, told, back)
    more = {**challenge, "nonce": state["nonce"]}
    if settings.OIDC_TWO_FACTORS:
        more["acr_values"] = " ".join(settings.OIDC_TWO_FACTORS)
    if state["process"] == "again":
        more |= {"prompt": "login", "max_age": "0"}
    with scope.work(request.actor):
        client.state = statekit.stash_state(request, provider_id=PROVIDER, state=kept)
    return redirect(client.get_redirect_url(told["authorization_endpoint"], ["openid"], more))


def _arrive(request: HttpRequest, state: dict[str, Any], code: str, here: str) -> HttpResponse:
    told = discovered()
    try:
        answer = _client(request, told, here).get_access_token(code, pkce_code_verifier=state["pkce"])
    except (OAuth2Error, ValueError, TypeError):
        raise Refusal("token") from None
    claims = verified(str(answer.get("id_token") or ""), told, nonce=state["nonce"])
    if state["process"] == "again" and int(claims.get("auth_time") or 0) < state["began"] - 60:
        raise Refusal("token")
    amr = claims.get("amr")
    strong = unified.shows_two_factors(
        str(claims.get("acr") or ""), amr if isinstance(amr, list) else (), levels=settings.OIDC_TWO_FACTORS
    )
    with scope.work(request.actor):
        return _inside(request, state, str(claims["sub"]), strong=strong)


def _inside(request: HttpRequest, state: dict[str, Any], subject: str, *, strong: bool) -> HttpResponse:
    issuer, by, now = settings.OIDC_ISSUER, request.actor, request.now
    if state["process"] == "join":
        unified.join(issuer, subject, by=by, now=now)
        return redirect("mfa_index")
    account = unified.enter(issuer, subject, two_factors=strong, by=_anybody(by), now=now)
    if state["process"] == "again":
        if account.id != by.account_id:
            raise Refusal("subject_taken")
        record_authentication(request, request.user, PROVIDER, reauthenticated=True)
        return redirect(state["next"])
    return _signed_in(request, account, state["next"], strong=strong)


def _signed_in(request: HttpRequest, account: Account, asked: str, *, strong: bool) -> HttpResponse:
    """Two factors were shown there: no second one is asked here. Else whoever has one is asked for it."""
    adapter = adapters.AccountAdapter(request)
    if request.user.is_authenticated:
        adapter.logout(request)
    login = Login(user=account, redirect_url=asked)
    request.entered_by = "unified"
    if not (account.is_staff_member and strong):
        return perform_login(request, login)
    request.two_factors_shown = True
    adapter.login(request, account)
    record_authentication(request, account, PROVIDER)
    return redirect(adapters.way_on(request, account, asked, request.now))


def discovered() -> dict[str, Any]:
    """Give what the configured issuer says of itself.

    :raises Away: it does not answer, names another issuer, or an endpoint of another origin.
    """
    if not _is_secret(settings.OIDC_ISSUER):
        raise Away
    try:
        answer = outgoing.ask(
            "GET", settings.OIDC_ISSUER + "/.well-known/openid-configuration", None, {"Accept": "application/json"}
        )
        told = json.loads(answer.body)
        fine = answer.status == 200 and told["issuer"].rstrip("/") == settings.OIDC_ISSUER
        fine = fine and all(_origin(told[name]) == settings.OIDC_ISSUER_ORIGIN for name in ENDPOINTS)
    except (ValueError, KeyError, TypeError, AttributeError):
        raise Away from None
    if not fine:
        raise Away
    return dict(told)


def verified(id_token: str, told: Mapping[str, Any], *, nonce: str) -> dict[str, Any]:
    """Give the claims of an ID token that is signed by a key of the issuer, for us, now, for this very sign-in.

    :raises Refusal: anything else: algorithm, key, issuer, audience, time, nonce, subject.
    """
    try:
        header = jwt.get_unverified_header(id_token)
        if header.get("alg") not in ALGORITHMS or not header.get("kid"):
            raise Refusal("token")
        claims: dict[str, Any] = jwtkit.verify_and_decode(
            credential=id_token, keys_url=told["jwks_uri"], issuer=told["issuer"], audience=settings.OIDC_CLIENT,
            lookup_kid=_strong_key,
        )  # fmt: skip
    except (OAuth2Error, jwt.PyJWTError, ValueError, KeyError, TypeError, AttributeError):
        raise Refusal("token") from None
    for_others = isinstance(claims.get("aud"), list) and len(claims["aud"]) > 1
    if for_others and claims.get("azp") != settings.OIDC_CLIENT:
        raise Refusal("token")
    whole = all(claims.get(name) for name in ("sub", "exp", "iat", "nonce"))
    if not whole or not secrets.compare_digest(str(claims["nonce"]), nonce):
        raise Refusal("token")
    return claims


def _strong_key(listed: Any, kid: str) -> Any:
    """Give the issuer's key of this name. :raises ValueError: an RSA key that is shorter than we believe."""
    found = jwtkit.lookup_kid_jwk(listed, kid)
    if isinstance(found, RSAPublicKey) and found.key_size < settings.OIDC_RSA_BITS:
        LOG.warning("the issuer's RSA key has %d bits, fewer than %d", found.key_size, settings.OIDC_RSA_BITS)
        raise ValueError
    return found


def _client(request: HttpRequest, told: Mapping[str, Any], back: str) -> OAuth2Client:
    ways = told.get("token_endpoint_auth_methods_supported") or ["client_secret_basic"]
    return OAuth2Client(
        request, settings.OIDC_CLIENT, settings.OIDC_SECRET, "POST", told["token_endpoint"], back,
        basic_auth="client_secret_basic" in ways and bool(settings.OIDC_SECRET),
    )  # fmt: skip


def _is_secret(url: str) -> bool:
    """TLS, or an issuer inside a network that the operator has listed."""
    at = urlsplit(url)
    listed = {(one.host, one.port) for one in outgoing.inside()}
    return at.scheme == "https" or (str(at.hostname), at.port or 80) in listed


def _origin(url: str) -> str:
    return "/".join(url.split("/")[:3])


def _anybody(by: Actor) -> Actor:
    return Actor(tenant_id=by.tenant_id, kind="anonymous")


def _no(why: str) -> str:
    return f"{reverse('unified-no')}?why={quote(why)}"


def _ensure_on() -> None:
    if not (settings.OIDC_ISSUER and settings.OIDC_CLIENT):
        raise NotFound

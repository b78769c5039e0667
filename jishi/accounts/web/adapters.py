"""Where the ceremonies of django-allauth meet our rules: slow and never locked, second factor, sealed secrets."""

import base64
from datetime import datetime
from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.core import context
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.models import Authenticator
from allauth.mfa.utils import is_mfa_enabled
from django.conf import settings
from django.contrib import messages
from django.contrib.auth import authenticate
from django.contrib.auth import login as begin_session
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from jishi.accounts import queries
from jishi.accounts.actions import signing_in
from jishi.accounts.models import Account
from jishi.accounts.web import devices, drafts, proofs, sessions
from jishi.foundation import keys

SECOND_FACTORS = (Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN)
BACKEND = "jishi.accounts.web.backend.ScopedBackend"


class AccountAdapter(DefaultAccountAdapter):
    """Signing in. Nobody signs up here: accounts are opened by a verb, residents' by the unified sign-in."""

    error_messages = {
        **DefaultAccountAdapter.error_messages,
        "username_password_mismatch": _("登录名或密码不对。"),
        "incorrect_password": _("密码不对。"),
        "account_inactive": _("登录名或密码不对。"),
    }

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False

    def authenticate(self, request: HttpRequest, **credentials: Any) -> Account | None:
        """Ask for patience, then check; a failure is counted for this name on this device."""
        username = str(credentials.get("username", ""))
        device = devices.of(request, username)
        ensure_no_wait(request, username, device)
        account = authenticate(
            request, username=username, password=credentials.get("password"), known_browser=bool(device)
        )
        if account is None:
            signing_in.failed(username, device, by=request.actor, now=request.now)
            request.way_in_failed = True  # a line of the log: config/refused.py
            if getattr(request, "first_is_over", False):
                raise ValidationError(_("这个首次密码过期了，请安全管理员再给一个。"), code="first_is_over")
        return account  # type: ignore[return-value]

    def login(self, request: HttpRequest, user: Account) -> None:
        """Begin the session: a new id, its limits, the tenant, the device; and whether a second factor was shown."""
        user.backend = BACKEND  # type: ignore[attr-defined]
        begin_session(request, user)
        ends_at = sessions.begin(request.session, tenant_id=user.tenant_id, staff=user.is_staff_member, now=request.now)
        request.session[sessions.FACTOR] = (
            settings.DEMO
            or not user.is_staff_member
            or getattr(request, "two_factors_shown", False)  # by the unified sign-in, whose level says so
            or is_mfa_enabled(user, SECOND_FACTORS)
        )
        if user.first_until is not None and proofs.came_by_password(request, user):
            request.session[sessions.FIRST] = True
        device = devices.of(request, user.username)
        signing_in.succeeded(
            user.id,
            username=user.username,
            device=device,
            label=devices.label(request.headers.get("User-Agent", "")),
            way=proofs.way_of(request, user),
            session_key=request.session.session_key or "",
            ends_at=ends_at,
            by=request.actor,
            now=request.now,
        )
        request.remember_as = user.username

    def logout(self, request: HttpRequest) -> None:
        signing_in.signed_out(request.session.session_key or "", by=request.actor)
        super().logout(request)

    def post_login(self, request: HttpRequest, user: Account, **rest: Any) -> HttpResponse:
        """Go on to what waits: the draft of an ended session, the choice of a post, the page asked for."""
        response = super().post_login(request, user, **rest)
        return redirect(way_on(request, user, response["Location"], request.now))

    def add_message(
        self,
        request: HttpRequest,
        level: int,
        message_template: str | None = None,
        message_context: dict[str, Any] | None = None,
        extra_tags: str = "",
        message: str | None = None,
    ) -> None:
        """Say what went wrong; that something went right shows on the page itself."""
        if level >= messages.WARNING and message:
            messages.add_message(request, level, message, extra_tags=extra_tags)

    def is_reauthentication_required(self, *, app: str, **rest: Any) -> bool:
        """A sign-in of the last ten minutes counts: whoever has just signed in is not asked again."""
        if proofs.is_fresh(context.request):
            return False
        return bool(super().is_reauthentication_required(app=app, **rest))

    def get_reauthentication_methods(self, user: Account) -> list[dict[str, Any]]:
        """Staff with a second factor show that one: a password alone proves little (spec 90 §3)."""
        ways: list[dict[str, Any]] = super().get_reauthentication_methods(user)
        strong = [way for way in ways if way["id"] != "reauthenticate"]
        return strong if strong and user.is_authenticated and user.is_staff_member else ways

    def is_safe_url(self, url: str) -> bool:
        return url_has_allowed_host_and_scheme(url, allowed_hosts={context.request.get_host()})

    def respond_user_inactive(self, request: HttpRequest, user: Account) -> HttpResponse:
        return HttpResponseRedirect("/sign-in")


class FactorAdapter(DefaultMFAAdapter):
    """Second factors. Their secrets are wrapped by the key provider before they reach the open table."""

    error_messages = {
        **DefaultMFAAdapter.error_messages,
        "incorrect_code": _("验证码不对。"),
        "cannot_delete_authenticator": _("至少要留一种第二步。"),
    }

    def encrypt(self, text: str) -> str:
        wrapped = keys.provider().wrap(text.encode(), context=b"sign-in-factor", suite="a")
        return base64.b64encode(wrapped).decode()

    def decrypt(self, encrypted_text: str) -> str:
        return keys.provider().unwrap(base64.b64decode(encrypted_text), context=b"sign-in-factor", suite="a").decode()

    def can_delete_authenticator(self, authenticator: Authenticator) -> bool:
        """Staff keep at least one second factor; the demonstration asks for none."""
        if settings.DEMO or not authenticator.user.is_staff_member:
            return True
        others = Authenticator.objects.filter(user_id=authenticator.user_id, type__in=SECOND_FACTORS)
        return others.exclude(pk=authenticator.pk).exists()

    def get_totp_issuer(self) -> str:
        return self._get_site_name()

    def _get_site_name(self) -> str:
        return f"基石 {context.request.tenant.name}"


def ensure_no_wait(request: HttpRequest, username: str, device: str) -> None:
    """Let whoever guesses wait, known name or not.

    :raises ValidationError: not yet; says how long.
    """
    seconds = signing_in.wait_for(username, device, by=request.actor, now=request.now)
    if seconds:
        text = ngettext("试的次数多了，请等 %(n)d 秒再试。", "试的次数多了，请等 %(n)d 秒再试。", seconds)
        raise ValidationError(text % {"n": seconds}, code="wait")


def way_on(request: HttpRequest, user: Account, asked: str, now: datetime) -> str:
    """Give the page after a sign-in: what waits there first, then the one asked for."""
    if drafts.waiting(request, user.id):
        return "/sign-in/continue"
    if request.session.get(sessions.FIRST):
        return "/me/password"
    if not request.session[sessions.FACTOR]:
        return "/me/sign-in"
    held = queries.identity_of(user.id, now=now)
    if held is not None and len(held.posts) > 1:
        return sessions.with_next("/post", asked)
    return asked

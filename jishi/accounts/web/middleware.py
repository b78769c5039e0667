"""The edge of every request: one tenant, one actor, one transaction, one scope.

A refusal or an error stores nothing. An ended term has no rights from the same second: they are read each time.
"""

import zoneinfo
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from urllib.parse import urlsplit

from django.contrib.auth import HASH_SESSION_KEY, SESSION_KEY
from django.contrib.auth.models import AnonymousUser
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.middleware.csrf import CsrfViewMiddleware
from django.shortcuts import redirect
from django.utils import timezone, translation
from django.utils.crypto import constant_time_compare

from jishi.accounts import queries
from jishi.accounts.actions import clients, reading
from jishi.accounts.actions.proving import FreshSignInNeeded
from jishi.accounts.web import devices, drafts, proofs, sessions, tenants
from jishi.foundation import scope
from jishi.foundation.actor import Actor
from jishi.foundation.refusals import Invalid, NotAllowed, Refused, SignInNeeded
from jishi.foundation.tenants import Tenant

Answer = Callable[[HttpRequest], HttpResponse]
OUTSIDE = ("/health/", "/static/", "/csp")  # answered without tenant, scope or database
CHOOSING = ("/post", "/sign-", "/api/", "/display", "/help", "/me/")  # reachable before a post is chosen
FIRST_MAY = frozenset({"/me/password", "/me/sign-in/again", "/me/sign-in/again/code", "/me/sign-in/again/passkey",
                       "/sign-out", "/display"})  # fmt: skip  # all that a first password opens
UNSAFE = frozenset({"POST", "PUT", "PATCH", "DELETE"})


class FirstPassword(Refused):
    """Whoever saw the slip on which it stood could plant a way in of his own: it opens the change alone."""

    code, status = "first_password", 403
    zh = "这个密码是别人给您的，先改密码。"
    en = "Somebody else gave you this password: change it first."
    next_zh, next_en = "到 /me/password 改好，再登录一次。", "Change it at /me/password, then sign in again."


class Scoped:
    """Opens the transaction and the scope of one request; sets `request.tenant`, `.actor`, `.user`, `.now`.

    Also `.posts` (what the account holds now) and `.acting_as` (title of the chosen post). Statements for a signed-in
    request: the session, `jishi_enter`, the scope. A program's: `jishi_enter_program`. A stranger's: the scope.
    """

    def __init__(self, get_response: Answer) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.path.startswith(OUTSIDE):
            request.user, request.tenant, request.actor = AnonymousUser(), None, None
            return self.get_response(request)
        if _has_nul(request):
            return problem(Invalid(detail="U+0000"))
        tenant = tenants.of_host(request.get_host())
        if tenant is None:
            raise Http404
        request.tenant, request.now = tenant, timezone.now()
        with timezone.override(zoneinfo.ZoneInfo(tenant.zone)):
            response = self._in_one_transaction(request, tenant)
            if after := getattr(request, "afterwards", None):  # a refused attempt that is counted all the same
                with scope.work(request.actor):
                    after()
            if send := getattr(request, "sending", None):  # leaves when all is stored and nothing is open
                response = send() or response
            if username := getattr(request, "remember_as", ""):
                devices.remember(request, response, username)
            return response

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        """Speak a refusal to programs, and lead whoever must sign in there. Pages are spoken by the shell."""
        if not isinstance(exception, Refused):
            return None
        request.afterwards = exception.afterwards
        if _wants_json(request):
            return problem(exception)
        if isinstance(exception, FreshSignInNeeded):
            transaction.set_rollback(True)
            return _to_proof(request)
        ended = getattr(request, "ended_account", None)
        if isinstance(exception, SignInNeeded) or (isinstance(exception, NotAllowed) and ended is not None):
            transaction.set_rollback(True)
            return _to_sign_in(request, ended)
        return None

    def _in_one_transaction(self, request: HttpRequest, tenant: Tenant) -> HttpResponse:
        with transaction.atomic():
            try:
                actor, entered_at = _actor(request, tenant)
            except Refused as refused:
                transaction.set_rollback(True)
                return problem(refused)
            request.actor = actor
            with (
                reading.noticed() as opened,
                scope.entered(actor, entered_at) if entered_at is not None else scope.within(actor),
            ):
                response = _only_the_change(request) or _ask_for_a_post(request) or self.get_response(request)
            if opened:  # a sealed field stands in it: no browser keeps it, not for going back either (ASVS V14.3.2)
                response["Cache-Control"] = "no-store"
            if response.status_code >= 400:
                transaction.set_rollback(True)
        return response


def _has_nul(request: HttpRequest) -> bool:
    """No address, no question to the API, no field that is written holds U+0000: no column can (spec 90 §9)."""
    if request.path.startswith("/open311/"):  # it takes such characters out and answers in its own form (spec 13)
        return False
    if "\x00" in request.path:
        return True
    if request.path.startswith("/api/"):
        return "%00" in request.META.get("QUERY_STRING", "")
    if request.method not in UNSAFE:
        return False
    return any("\x00" in value for _, values in request.POST.lists() for value in values)


def problem(refused: Refused) -> HttpResponse:
    """Give one refusal as problem+json in the reader's language."""
    language = translation.get_language() or "zh-hans"
    response = JsonResponse(
        refused.as_problem(language), status=refused.status, content_type="application/problem+json"
    )
    if refused.status == 401:
        response["WWW-Authenticate"] = "Bearer"
    if refused.status in (429, 503):
        response["Retry-After"] = str(refused.facts.get("seconds", 5))
    return response


def _actor(request: HttpRequest, tenant: Tenant) -> tuple[Actor, datetime | None]:
    """Who asks; for a program also when its scope was entered, by the statement that looked at its key."""
    request.user, request.posts, request.acting_as = AnonymousUser(), (), ""
    authorization = request.headers.get("Authorization", "")
    if request.path.startswith("/api/") and authorization:
        return clients.enter(authorization, tenant_id=tenant.id, now=request.now)
    if request.session.session_key is None:
        return Actor(tenant_id=tenant.id, kind="anonymous"), None
    found = _from_session(request, tenant, request.now)
    if found.kind != "anonymous":
        _ensure_own_page(request)
    return found, None


def _from_session(request: HttpRequest, tenant: Tenant, now: datetime) -> Actor:
    session = request.session
    account_id = session.get(SESSION_KEY)
    if account_id is None:
        return _reporter(request, tenant)
    if session.get(sessions.TENANT) != tenant.id:  # a cookie of another town is nobody here, and stays valid there
        return Actor(tenant_id=tenant.id, kind="anonymous")
    identity = queries.enter(tenant.id, int(account_id), now=now)
    if identity is None or not _still_good(request, identity, now):
        session.flush()
        request.ended_account = int(account_id)
        return Actor(tenant_id=tenant.id, kind="anonymous")
    request.user = identity.account
    request.posts = identity.posts
    if session.get(sessions.FIRST, False):  # a first password: changed, or nothing
        request.posts, request.first_password = (), True
        return queries.Identity(identity.account, ()).actor(tenant.id, None)
    if not session.get(sessions.FACTOR, False):  # staff without a second factor: signed in, and nothing more
        request.posts, request.factor_missing = (), True
        return queries.Identity(identity.account, ()).actor(tenant.id, None)
    post = identity.chosen(session.get(sessions.POST))
    request.acting_as, request.shown_at = post.title if post else "", proofs.shown_at(request)
    return replace(identity.actor(tenant.id, session.get(sessions.POST)), proved_at=proofs.last(request))


def _still_good(request: HttpRequest, identity: queries.Identity, now: datetime) -> bool:
    """A changed password and the limits of time end a session (spec 90 §3)."""
    known = request.session.get(HASH_SESSION_KEY, "")
    if not constant_time_compare(known, identity.account.get_session_auth_hash()):
        return False
    return sessions.is_alive(request.session, staff=identity.account.is_staff_member, now=now)


def _reporter(request: HttpRequest, tenant: Tenant) -> Actor:
    """Who proved receipt number and word (`cases` writes it) is the reporter of that one report."""
    proof = request.session.get(sessions.REPORT)
    if isinstance(proof, list) and len(proof) == 2 and proof[0] == tenant.id:
        return Actor(tenant_id=tenant.id, kind="reporter", report_id=int(proof[1]))
    return Actor(tenant_id=tenant.id, kind="anonymous")


class _OwnPage(CsrfViewMiddleware):
    """Django's check of the token, answering with the reason instead of a page."""

    def _reject(self, request: HttpRequest, reason: str) -> str:
        return reason


def _ensure_own_page(request: HttpRequest) -> None:
    """The API is free of Django's token for programs with keys; a cookie needs it (spec 90 §9)."""
    if not request.path.startswith("/api/") or request.method not in UNSAFE:
        return
    check = _OwnPage(lambda _: HttpResponse())
    check.process_request(request)
    if check.process_view(request, None, (), {}) is not None:  # type: ignore[arg-type]  # no view is asked
        raise NotAllowed("X-CSRFToken")


def _only_the_change(request: HttpRequest) -> HttpResponse | None:
    """A first password opens the page to change it, whatever the method; everything else is not even asked."""
    if not getattr(request, "first_password", False) or request.path in FIRST_MAY:
        return None
    if _wants_json(request):
        return problem(FirstPassword())
    if request.headers.get("HX-Request") == "true":
        return HttpResponse(headers={"HX-Redirect": "/me/password"})
    return redirect("/me/password")


def _ask_for_a_post(request: HttpRequest) -> HttpResponse | None:
    """Lead on, pages only: a missing second factor is set up, one of several posts chosen."""
    if request.method != "GET" or request.path.startswith(CHOOSING):
        return None
    if getattr(request, "factor_missing", False):
        return redirect("/me/sign-in")
    if len(request.posts) > 1 and request.actor.post_id is None:
        return redirect(sessions.with_next("/post", request.get_full_path()))
    return None


def _to_sign_in(request: HttpRequest, ended: int | None) -> HttpResponse:
    """Lead to the sign-in page and back, and say why; what was typed into a form is kept for the same account.

    Where the browser lost its session nobody knows whose the form was: it is not kept, and that is said.
    """
    back, why = request.get_full_path(), "ended" if ended is not None else ""
    if request.method not in ("GET", "HEAD", "OPTIONS"):
        kept = request.method == "POST" and ended is not None and drafts.keep(request, ended)
        back, why = ("/", "") if kept else (_page_before(request), "lost")
    where = sessions.with_next("/sign-in", back) + (f"&why={why}" if why else "")
    if request.headers.get("HX-Request") == "true":
        return HttpResponse(headers={"HX-Redirect": where})
    return redirect(where)


def _page_before(request: HttpRequest) -> str:
    """Give the page of ours on which the form stood, else the home page."""
    try:
        came = urlsplit(request.headers.get("Referer", ""))
    except ValueError:
        return "/home"
    if came.netloc != request.get_host() or not came.path.startswith("/") or came.path.startswith("//"):
        return "/home"
    return came._replace(scheme="", netloc="", fragment="").geturl()


def _to_proof(request: HttpRequest) -> HttpResponse:
    """Lead to the page that asks once more who it is, and back; what was typed is kept for the same account."""
    back = request.get_full_path() if request.method == "GET" else "/home"
    if request.method == "POST" and drafts.keep(request, request.actor.account_id or 0):
        back = "/sign-in/continue"
    where = sessions.with_next("/me/sign-in/again", back)
    if request.headers.get("HX-Request") == "true":
        return HttpResponse(headers={"HX-Redirect": where})
    return redirect(where)


def _wants_json(request: HttpRequest) -> bool:
    if request.path.startswith("/api/"):
        return True
    accepted = request.headers.get("Accept", "")
    return "json" in accepted and "text/html" not in accepted

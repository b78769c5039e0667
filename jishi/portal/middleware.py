"""What every answer of the site carries: content policy, language, large print, and refusals in words.

Source of the policy: strict CSP without inline or evaluated script (design §5, trust §9).
"""

import re
from collections.abc import Callable
from typing import Final

from django.conf import settings
from django.contrib.messages.storage.cookie import CookieStorage
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.response import SimpleTemplateResponse
from django.utils import translation
from django.utils.cache import patch_vary_headers
from django.utils.translation import gettext

from jishi.foundation.refusals import NotAllowed, Refused

Answer = Callable[[HttpRequest], HttpResponse]

POLICY: Final = {
    "default-src": "'none'",
    "script-src": "'self'",
    "style-src": "'self'",
    "img-src": "'self' data: blob:",
    "font-src": "'self'",
    "connect-src": "'self'",
    "media-src": "'self' blob:",  # a voice note is listened to before it is sent
    "worker-src": "'self'",  # the CSP build of MapLibre loads its worker from our own address
    "manifest-src": "'self'",
    "base-uri": "'none'",
    "form-action": "'self'",
    "frame-ancestors": "'none'",
    "report-uri": "/csp",  # to ourselves: config/crossing.py writes no address
}
PERMISSIONS: Final = ", ".join(
    [f"{f}=()" for f in ("accelerometer", "browsing-topics", "display-capture", "gyroscope", "magnetometer")]
    + [f"{f}=()" for f in ("midi", "payment", "usb")]
    + [f"{f}=(self)" for f in ("camera", "geolocation", "microphone")]
    + [f"publickey-credentials-{f}=(self)" for f in ("get", "create")]
)
ELDER_COOKIE: Final = "__Host-jishi_elder" if settings.SESSION_COOKIE_SECURE else "jishi_elder"
_ELDER: Final = {ELDER_COOKIE, "__Host-jishi_elder"}  # a demonstration behind TLS: the page's script writes this one
LANGUAGES: Final = ("zh-hans", "en")


def content_policy() -> str:
    """This will spell the policy; forms may also go to the sign-in issuer that the installation names."""
    issuer = getattr(settings, "OIDC_ISSUER_ORIGIN", "")
    rules = {**POLICY, "form-action": f"{POLICY['form-action']} {issuer}".strip()}
    return "; ".join(f"{kind} {source}" for kind, source in rules.items())


class PageSafety:
    """Sets the security headers and speaks refusals. A response with its own policy (a download) keeps it."""

    def __init__(self, get_response: Answer) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        headers = response.headers
        headers.setdefault("Content-Security-Policy", content_policy())
        headers.setdefault("Permissions-Policy", PERMISSIONS)
        headers.setdefault("Referrer-Policy", "same-origin")
        headers.setdefault("Cross-Origin-Opener-Policy", "same-origin")
        headers.setdefault("Cross-Origin-Resource-Policy", "same-origin")
        headers.setdefault("X-Content-Type-Options", "nosniff")
        # no cache in between keeps what somebody was answered; an answer for a program nobody keeps (ASVS V14.2.2)
        headers.setdefault("Cache-Control", "no-store" if request.path.startswith("/api/") else "private, no-cache")
        return response

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        """This will turn a refusal into its page: what, why, what now. Nothing of the request is stored."""
        if not isinstance(exception, Refused) or request.path.startswith("/api/"):
            return None
        response = refusal_page(request, exception)
        if transaction.get_connection().in_atomic_block:
            transaction.set_rollback(True)
        return response


def refusal_page(request: HttpRequest, refused: Refused) -> HttpResponse:
    """This will render one refusal in the reader's language, with its status; htmx gets the note alone."""
    language = translation.get_language() or "zh-hans"
    facts = {
        "refused": refused,
        "status": refused.status,
        **_said(request, refused, language),
        "why": refused.facts.get("why", "") if "{why}" not in refused.zh else "",
    }
    part = request.headers.get("HX-Request") == "true" and request.headers.get("HX-Boosted") != "true"
    template = "portal/parts/refusal.html" if part else "portal/refused.html"
    response = render(request, template, facts, status=refused.status)
    if refused.status in (429, 503):
        response["Retry-After"] = str(refused.facts.get("seconds", 5))
    return response


def _said(request: HttpRequest, refused: Refused, language: str) -> dict[str, str]:
    """Give what and what now. Who has no post is not told to change it."""
    actor = getattr(request, "actor", None)
    if type(refused) is NotAllowed and (actor is None or actor.kind != "staff"):
        what, now = gettext("这一页或这一步是给工作人员的。"), gettext("您要说的、要看的，从首页和“我的事”进去。")
        return {"what": refused.reason(language) or what, "now": now}
    return {"what": refused.sentence(language), "now": refused.next_step(language)}


class Language:
    """Chooses the language (cookie, then browser, else Chinese) and reads the large-print cookie."""

    def __init__(self, get_response: Answer) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        language = language_of(
            request.COOKIES.get(settings.LANGUAGE_COOKIE_NAME, ""), request.headers.get("Accept-Language", "")
        )
        request.LANGUAGE_CODE = language
        request.elder = any(request.COOKIES.get(name) == "1" for name in _ELDER)  # type: ignore[attr-defined]
        with translation.override(language):
            response = self.get_response(request)
            if isinstance(response, SimpleTemplateResponse) and not response.is_rendered:
                response.render()  # inside the language, not after it
        response.headers.setdefault("Content-Language", "zh-Hans" if language == "zh-hans" else language)
        patch_vary_headers(response, ["Accept-Language", "Cookie"])
        return response


class Told(CookieStorage):
    """What a page says once after a press, kept in the reader's browser until then, under a name of this host alone."""

    cookie_name = "__Host-jishi_told" if settings.SESSION_COOKIE_SECURE else "jishi_told"


_WISH = re.compile(r"^([a-zA-Z]{1,8}(?:-[a-zA-Z0-9]{1,8})*|\*)(?:\s*;\s*q=([01](?:\.\d{0,3})?))?$")


def language_of(cookie: str, wishes: str) -> str:
    """This will choose `zh-hans` or `en`. An unknown cookie, an unreadable or foreign wish: Chinese.

    >>> language_of("", "fr-FR,en;q=0.8,zh;q=0.7")
    'en'
    """
    if cookie in LANGUAGES:
        return cookie
    found: list[tuple[float, int, str]] = []
    for place, wish in enumerate(wishes[:500].split(",")):
        match = _WISH.match(wish.strip())
        if not match:
            continue
        known = {"zh": "zh-hans", "en": "en"}.get(match[1].lower().split("-")[0])
        quality = float(match[2] or 1)
        if known and quality > 0:
            found.append((-quality, place, known))
    return min(found)[2] if found else LANGUAGES[0]

"""Pages behind the link of a letter: its code stands after # and reaches us in a body alone (ASVS V14.2.1).

`/feedback#CODE` asks for the bare address; a script, or the person, posts the code there once, and the page lies at
`/feedback?of=PLACE`. The place is chance and opens nothing: a signed cookie of that name holds the code for half an
hour, in this browser, for what is only read. Each letter has a cookie of its own, so that two of them in two tabs do
not meet, and one that somebody planted here stands at no place of ours. What is sent counts by the code of its form.
"""

import re
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any

from django.conf import settings
from django.core import signing
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

COOKIE = "__Host-jishi_letter_" if settings.SESSION_COOKIE_SECURE else "jishi_letter_"
SALT, LIVES = "jishi.letter", 30 * 60
MESSAGE = 2000  # characters that may be pasted
AT_MOST = 5  # letters open in one browser; the oldest is asked for again
_CODE = re.compile(r"[\w-]{16,100}", re.ASCII)
# The address before the code may be pasted too; each part is bounded, for anybody may send any text.
_LINK = re.compile(r"((?:/[\w/-]{0,60})?)(?:\?[^\s#]{0,200})?(?:#|%23)([\w-]{16,100})(?![\w-])", re.ASCII)
_NAMES: set[str] = set()  # of the bare addresses
_PLACE = re.compile(r"[0-9a-f]{16}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Letter:
    """The letter that is open on this page: its code, the bare address it belongs to, and its place in this browser."""

    code: str
    at: str
    of: str = ""

    @property
    def here(self) -> str:
        return f"{self.at}?of={self.of}" if self.of else self.at


def by_code(name: str) -> Callable[[Callable[..., HttpResponse]], Callable[..., HttpResponse]]:
    """Give a view the code of its letter as `token`; without one, ask for it. `name` is that of the bare address."""
    _NAMES.add(name)

    def around(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
        @never_cache
        @require_http_methods(["GET", "HEAD", "POST"])
        @wraps(view)
        def page(request: HttpRequest, **more: str) -> HttpResponse:
            at, given = reverse(name), request.POST.get("letter", "")[:MESSAGE]
            sent = code_in(given)
            if sent and "open" in request.POST:
                return hand_over(request, address_in(given) or at, sent)
            of = place(request)
            kept = held(request, at, of)
            code = sent if request.method == "POST" else kept
            if not code:
                return _ask(request, at, of)
            request.letter = Letter(code, at, of)  # type: ignore[attr-defined]
            response = view(request, code, **more)
            over = response.status_code == 410 or response.headers.get("Location", at).partition("?")[0] != at
            if over and code == kept:
                response.delete_cookie(COOKIE + of, samesite="Strict")
            response["X-Robots-Tag"] = "noindex, nofollow"
            return response

        return page

    return around


def code_in(given: str) -> str:
    """Give the code in what was posted: the code, its link, or the message around it; none: nothing.

    >>> code_in("请打开：12345.town-of-the-river.example/link#AbCdEfGhIjKl-MnO_pQr。"), code_in("#h-1")
    ('AbCdEfGhIjKl-MnO_pQr', '')
    """
    found = _LINK.search(given)
    return found[2] if found else given.strip() if _CODE.fullmatch(given.strip()) else ""


def address_in(given: str) -> str:
    """Give the bare address of ours that a pasted link names: one of another page leads to that page; none: nothing."""
    found = _LINK.search(given)
    return next((a for a in map(reverse, _NAMES) if found and found[1] == a), "")


def place(request: HttpRequest) -> str:
    """Give the place that the address names, in the one form it has."""
    named = request.GET.get("of", "")
    return named if _PLACE.fullmatch(named) else ""


def hand_over(request: HttpRequest, at: str, code: str) -> HttpResponse:
    """This will keep the code in this browser, at a place of its own, for this address of this town alone."""
    before = [name.removeprefix(COOKIE) for name in request.COOKIES if name.startswith(COOKIE)]
    before = [p for p in before if _PLACE.fullmatch(p)]  # a name that somebody planted is not written back
    of = next((p for p in before if held(request, at, p) == code), "") or secrets.token_hex(8)
    value = signing.dumps([request.tenant.id, at, of, code], salt=SALT)
    response = redirect(Letter(code, at, of).here)
    response.set_cookie(
        COOKIE + of, value, max_age=LIVES, httponly=True, samesite="Strict",
        secure=settings.SESSION_COOKIE_SECURE,
    )  # fmt: skip
    for old in [p for p in before if p != of][: -(AT_MOST - 1)]:
        response.delete_cookie(COOKIE + old, samesite="Strict")
    return response


def held(request: HttpRequest, at: str, of: str) -> str:
    """Read the code kept at this place; none, an old one, another place's or another town's: nothing."""
    try:
        kept: Any = signing.loads(request.COOKIES.get(COOKIE + of, ""), salt=SALT, max_age=LIVES)
        town, where, whose, code = kept
    except (signing.BadSignature, ValueError, TypeError):
        return ""
    return str(code) if (town, where, whose) == (request.tenant.id, at, of) else ""


def _ask(request: HttpRequest, at: str, of: str) -> HttpResponse:
    posted = request.method == "POST"
    facts = {"at": at, "none": posted, "over": bool(of) and not posted}
    response = render(request, "cases/letter/ask.html", facts, status=422 if posted else 200)
    response["X-Robots-Tag"] = "noindex, nofollow"
    return response

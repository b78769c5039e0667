"""What other sites send: a form that a foreign page fills in, and what a browser blocked of theirs (spec 90 §9)."""

import json
import logging
import threading
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from django.http import HttpRequest, HttpResponse
from django.urls import Resolver404, resolve
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from jishi.accounts.web.middleware import UNSAFE, problem
from jishi.foundation.refusals import Refused
from jishi.portal.middleware import POLICY, refusal_page

log = logging.getLogger("jishi.csp")
LARGEST = 8 * 1024  # bytes of a report that are read
LINES = 60  # an hour and a process: a broken extension must not fill the disk
KEYWORDS = frozenset({"inline", "eval", "wasm-eval", "trusted-types-policy", "trusted-types-sink", "data", "blob"})


class FromAnotherSite(Refused):
    code, status = "from_another_site", 403
    zh, en = "这个提交是别的网站发来的，没有受理。", "Another site sent this; nothing was done."
    next_zh, next_en = "请在本平台的页面上自己提交。", "Please send it yourself, from a page of this platform."


class OwnSite:
    """Refuses writing that a foreign page starts, beside the token: the browser itself says where it comes from."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        foreign = request.headers.get("Sec-Fetch-Site", "").lower() == "cross-site"
        keyed = request.path.startswith("/open311/")  # a program's key decides there, no cookie is looked at
        if request.method in UNSAFE and foreign and not keyed:
            api = request.path.startswith("/api/")
            return problem(FromAnotherSite()) if api else refusal_page(request, FromAnotherSite())
        return self.get_response(request)


class Hourly:
    """Lets through so many an hour and counts the rest; thread-safe."""

    def __init__(self, at_most: int, clock: Callable[[], float] = time.monotonic) -> None:
        self.at_most, self.clock = at_most, clock
        self.began, self.count = clock(), 0
        self.lock = threading.Lock()

    def lets_through(self) -> bool:
        """This will count one and say whether it is among the first of this hour."""
        with self.lock:
            if self.clock() - self.began >= 3600:
                self.began, self.count = self.clock(), 0
            self.count += 1
            return self.count <= self.at_most


hourly = Hourly(LINES)


@csrf_exempt
@require_POST
def blocked(request: HttpRequest) -> HttpResponse:
    """Hear what a browser blocked: a line of directive, kind of source and route. No address, nothing is stored."""
    try:
        length = int(request.headers.get("Content-Length") or 0)
    except ValueError:
        length = LARGEST + 1
    if length <= LARGEST and hourly.lets_through():
        for line in told(request.read(LARGEST)):
            log.warning("%s", line)
    return HttpResponse(status=204)


def told(body: bytes) -> list[str]:
    """Give what may be written of a report, in either form of it; what a browser did not send is not believed.

    >>> told(b'{"csp-report": {"effective-directive": "script-src", "blocked-uri": "inline", "document-uri": "x"}}')
    ['blocked script-src inline on (no route)']
    """
    try:
        said = json.loads(body)
    except (ValueError, RecursionError):
        return []
    found = [one.get("body") for one in said if isinstance(one, dict)] if isinstance(said, list) else []
    found += [said.get("csp-report")] if isinstance(said, dict) else []
    return [_line(one) for one in found[:5] if isinstance(one, dict)]


def _line(one: dict[str, Any]) -> str:
    directive = _text(one, "effective-directive", "effectiveDirective", "violated-directive").split(" ")[0]
    directive = directive.removesuffix("-elem").removesuffix("-attr")
    source = _source(_text(one, "blocked-uri", "blockedURL"))
    where = _route(_text(one, "document-uri", "documentURL"))
    return f"blocked {directive if directive in POLICY else '(unknown)'} {source} on {where}"


def _text(one: dict[str, Any], *names: str) -> str:
    return next((str(one[name]) for name in names if one.get(name)), "")


def _source(told: str) -> str:
    """A keyword, or that it came from elsewhere: a host may be somebody's own, a path may name a person."""
    return told if told in KEYWORDS else "(elsewhere)"


def _route(address: str) -> str:
    try:
        return "/" + resolve(urlsplit(address).path or "/").route
    except (Resolver404, ValueError):
        return "(no route)"

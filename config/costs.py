"""Cost points instead of counted requests (spec 90 §9), and patience for whoever guesses safe words (§3).

A source is the HMAC of an address with a key that lives an hour in memory; no address is written down, and with the
key the bucket is gone. Three buckets stand beside each other, so that who floods pages or sign-in takes nothing from
a neighbour behind the same address who reports. An empty bucket means a wait of at most ten seconds, never a refusal.
"""

import hashlib
import hmac
import ipaddress
import math
import re
import secrets
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from jishi.accounts.actions import signing_in
from jishi.accounts.web.middleware import UNSAFE, problem
from jishi.cases.open311 import calls as open311
from jishi.foundation.refusals import Refused
from jishi.portal.middleware import refusal_page

PAGE, SEARCH, CREATE, LOGIN, SYNC, EXPORT = 1, 5, 2, 20, 50, 200
KEY_LIVES = 3600.0  # seconds
AT_MOST = 20_000  # buckets kept; the ones unused for longest go, and are full again when they come back
WORDS_AN_HOUR = 20  # wrong safe words per source
OUTSIDE = ("/health/", "/static/", "/csp")


@dataclass(frozen=True, slots=True)
class Limit:
    """How many points a bucket holds, and how many flow in each second."""

    holds: float
    each_second: float


PUBLIC = {"page": Limit(6000, 60), "report": Limit(6000, 20), "sign_in": Limit(6000, 20)}  # one village, one address
KNOWN = {"page": Limit(20_000, 200), "report": Limit(20_000, 200), "sign_in": Limit(6000, 20)}  # account or client
WORDS = Limit(WORDS_AN_HOUR, WORDS_AN_HOUR / 3600)

_PRICES: tuple[tuple[re.Pattern[str], str, str, int], ...] = tuple(
    (re.compile(route), method, kind, points)
    for route, method, kind, points in (
        (r"/sign-in/phone|/me/number", "POST", "sign_in", EXPORT),  # a message costs the town money
        (r"/me/number/code", "POST", "sign_in", LOGIN),
        (r"/sign-in(/.*)?", "POST", "sign_in", LOGIN),
        (r"/mine", "POST", "sign_in", LOGIN),
        (r"/mine/[^/]+|/feedback|/api/v1/feedback", "GET", "page", 0),  # one's own timeline never waits
        (r"/speak/look", "POST", "report", SEARCH),
        (r"/speak|/api/v1/reports", "POST", "report", CREATE),
        (r"/speak|/receipt(/.*)?", "", "report", PAGE),
        (r"/api/v1/triage|/duties/whose|/desk/operator/look", "", "page", SEARCH),
        (r"/gridplans/\d+", "POST", "page", EXPORT),  # a wish is tried on the whole community
        (r"/gridplans/\d+(/map)?", "GET", "page", SEARCH),
        (r"/api/v1/sync", "POST", "report", SYNC),  # up to 500 rows cost as many statements as five
        (r"/api/v1/sync/[^/]+/(photos|recordings)/\d+", "POST", "report", CREATE),
        (r"/api/v1/reports/[^/]+/recordings", "POST", "report", CREATE),
        (r"/cases\.csv|/api/v1/cases/[^/]+/dossier", "GET", "page", EXPORT),
        (r"/api/v1/imports(/places)?", "POST", "page", EXPORT),
        (r"/api/v1/export/[^/]+", "GET", "page", EXPORT),
        (r"/desk/duties/\d+/file|/map/grids|/desk/map/grids", "GET", "page", SEARCH),
    )
)


class TooCostlyWait(Refused):
    code, status = "too_costly_wait", 429
    zh = "这会儿来的请求太多，请等 {seconds} 秒再试。"
    en = "Too much is being asked just now; please wait {seconds} seconds."
    next_zh = "退回上一页，写的还在，稍等再提交。急事请打电话。"
    next_en = "Go back: what you wrote is still there; send it again in a moment. If it is urgent, telephone."


@dataclass
class Purse:
    """The buckets of this process; thread-safe. `clock` is seconds that only grow."""

    clock: Callable[[], float] = time.monotonic
    key: bytes = b""
    key_until: float = -1.0
    buckets: "OrderedDict[tuple[str, str], tuple[float, float]]" = field(default_factory=OrderedDict)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def source(self, address: str) -> str:
        """Give the name of a source for this hour; a new key ends all buckets of the old one."""
        with self.lock:
            if self.clock() >= self.key_until:
                self.key, self.key_until = secrets.token_bytes(32), self.clock() + KEY_LIVES
                self.buckets.clear()
            return hmac.new(self.key, address.encode(), hashlib.sha256).hexdigest()

    def wait(self, owner: str, kind: str, limit: Limit, points: float) -> int:
        """Give the seconds until so many points are there; 0: they are now. Takes nothing."""
        with self.lock:
            lacks = points - self._level(owner, kind, limit)
        return 0 if lacks <= 1e-9 else max(1, math.ceil(lacks / limit.each_second))

    def take(self, owner: str, kind: str, limit: Limit, points: float) -> None:
        """This will take points out; what is not there is not owed."""
        with self.lock:
            self.buckets[owner, kind] = (max(0.0, self._level(owner, kind, limit) - points), self.clock())
            self.buckets.move_to_end((owner, kind))
            while len(self.buckets) > AT_MOST:
                self.buckets.popitem(last=False)

    def forget(self) -> None:
        """This will throw key and buckets away, as a new process would."""
        with self.lock:
            self.key_until = -1.0
            self.buckets.clear()

    def _level(self, owner: str, kind: str, limit: Limit) -> float:
        level, at = self.buckets.get((owner, kind), (limit.holds, self.clock()))
        return min(limit.holds, level + (self.clock() - at) * limit.each_second)


purse = Purse()


class Costs:
    """Stands inside the request's scope: it knows who asks. A wait is spoken like every refusal."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.path.startswith(OUTSIDE) or getattr(request, "actor", None) is None:
            return self.get_response(request)
        try:
            _pay(request)
            if is_word(request):
                _ensure_patience(request)
        except TooCostlyWait as wait:
            return _spoken(request, wait)
        response = self.get_response(request)
        if is_word(request) and response.status_code == 404:
            _count_wrong_word(request)
        return response


def _spoken(request: HttpRequest, wait: TooCostlyWait) -> HttpResponse:
    """Speak a wait as the asker reads: a problem, the form of Open311, a page."""
    if request.path.startswith("/open311/"):
        return open311.refuse(request, wait.status, wait.sentence("en"), str(wait.facts.get("seconds", 5)))
    return problem(wait) if request.path.startswith("/api/") else _page(request, wait)


def price(method: str, path: str, *, searches: bool = False) -> tuple[str, int]:
    """Give the bucket and the points of a request.

    >>> price("POST", "/speak"), price("GET", "/mine/R990181-1"), price("GET", "/cases", searches=True)
    (('report', 2), ('page', 0), ('page', 5))
    """
    for route, wanted, kind, points in _PRICES:
        if wanted in ("", method) and route.fullmatch(path):
            return kind, points
    if method in UNSAFE:
        return "page", CREATE
    return "page", SEARCH if searches else PAGE


def address(request: HttpRequest) -> str:
    """Give where a request comes from: the proxy's last word where a proxy stands in front, IPv6 by its network."""
    told = str(request.META.get("REMOTE_ADDR", ""))
    passed_on = request.headers.get("X-Forwarded-For", "").rpartition(",")[2].strip()
    if passed_on and (settings.SECURE_PROXY_SSL_HEADER is not None or _is_loopback(told)):
        told = passed_on
    try:
        found = ipaddress.ip_address(told)
    except ValueError:
        return ""
    if isinstance(found, ipaddress.IPv6Address):
        return str(found.ipv4_mapped or ipaddress.ip_network((found, 64), strict=False))
    return str(found)


def is_word(request: HttpRequest) -> bool:
    """Say whether somebody shows a receipt number and its word."""
    return request.method == "POST" and request.path == "/mine"


def _pay(request: HttpRequest) -> None:
    kind, points = price(request.method or "", request.path, searches=bool(request.GET.get("q")))
    owner, limits = _owner(request)
    seconds = purse.wait(owner, kind, limits[kind], points)
    if seconds:
        raise TooCostlyWait(seconds=seconds)
    purse.take(owner, kind, limits[kind], points)


def _owner(request: HttpRequest) -> tuple[str, dict[str, Limit]]:
    actor = request.actor  # type: ignore[attr-defined]
    if actor.kind in ("staff", "client"):
        return f"{actor.tenant_id}:{actor.label}", KNOWN
    return purse.source(address(request)), PUBLIC


def _ensure_patience(request: HttpRequest) -> None:
    """:raises TooCostlyWait: this source guessed too often, or this number was guessed at too often."""
    by, now = request.actor, request.now  # type: ignore[attr-defined]
    seconds = purse.wait(purse.source(address(request)), "words", WORDS, 1)
    seconds = max(seconds, signing_in.wait_for_word(request.POST.get("number", ""), by=by, now=now))
    if seconds:
        raise TooCostlyWait(seconds=seconds)


def _count_wrong_word(request: HttpRequest) -> None:
    """The request is rolled back; what must last is written after it, in a transaction of its own."""
    purse.take(purse.source(address(request)), "words", WORDS, 1)
    by, now = request.actor, request.now  # type: ignore[attr-defined]
    number, before = request.POST.get("number", ""), getattr(request, "afterwards", None)

    def count() -> None:
        if before is not None:
            before()
        signing_in.word_failed(number, by=by, now=now)

    request.afterwards = count  # type: ignore[attr-defined]


def _page(request: HttpRequest, wait: TooCostlyWait) -> HttpResponse:
    response = refusal_page(request, wait)
    response["Retry-After"] = str(wait.facts["seconds"])
    return response


def _is_loopback(told: str) -> bool:
    try:
        return ipaddress.ip_address(told).is_loopback
    except ValueError:
        return False

"""Writes down that somebody was refused: when, which route, which status, which account of staff or program; no person.

A refusal is answered and forgotten by the page; whoever looks for an attack needs the line (ASVS V16.3.2, V16.3.3).
Of residents and of nobody no number is written, of an address its pattern alone (`config/logs.py`).
"""

import logging
import threading
import time
from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

log = logging.getLogger("jishi.refused")
ALWAYS = frozenset({401, 403, 429})
AT_MOST, MINUTE = 120, 60.0  # lines a minute and a process: a flood of refusals must not fill the disk


class Book:
    """Lets so many lines a minute through, and says afterwards how many it left out; thread-safe."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.clock, self.began, self.count = clock, clock(), 0
        self.lock = threading.Lock()

    def write(self, request: HttpRequest, status: int) -> None:
        """This will write one refusal, or count it."""
        with self.lock:
            left = 0
            if self.clock() - self.began >= MINUTE:
                left = max(0, self.count - AT_MOST)
                self.began, self.count = self.clock(), 0
            self.count += 1
            through = self.count <= AT_MOST
        if left:
            log.warning("%s more were refused and not written", left)
        if through:
            log.warning("refused", extra={"request": request, "status_code": status})


book = Book()


class Written:
    """Stands outside everything that refuses."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if is_refusal(request, response.status_code):
            book.write(request, response.status_code)
        return response


def is_refusal(request: HttpRequest, status: int) -> bool:
    """Say whether this was refused for who asks: 404 is what a thing outside one's scope answers (spec 90 §4.2)."""
    if status in ALWAYS or getattr(request, "way_in_failed", False):  # a wrong password, code or half is a page of 200
        return True
    if getattr(request, "afterwards", None) is not None:  # what is counted though it was refused: a wrong word
        return True
    known = getattr(getattr(request, "actor", None), "kind", "") in ("staff", "client")
    return status == 404 and known and getattr(request, "resolver_match", None) is not None

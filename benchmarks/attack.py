"""Hostile sign-in, 200 a second (spec 90 §18 F15, accepted-when 14): other pages stay quick, the owner comes in."""

import itertools
import random
import statistics
import threading
import time
from collections.abc import Callable

from benchmarks.run import Figure
from benchmarks.site import Browser, Site, site

A_SECOND, SECONDS, THREADS = 200, 60, 24
OWNER, PAGES = "dispatcher", ("/", "/speak", "/sign-in")
SLOWER, WITHIN = 1.5, 5.0


def attack(seconds: int = SECONDS) -> list[Figure]:
    """Found a site, flood its sign-in from many addresses with known and unknown names, and use it meanwhile."""
    with site() as made:
        return measured(made, seconds)


def measured(made: Site, seconds: int) -> list[Figure]:
    """Measure on a running site."""
    from jishi.portal.founding import PASSWORD

    name = _a_name(made)
    owner = Browser(made.url, "198.51.100.7")
    owner.sign_in(name, PASSWORD)  # the browser is known from now on
    owner.jar.clear_session_cookies()
    calm = _pages(made, 4)
    flood = _Flood(made, name)
    flood.begin(seconds)
    time.sleep(2)
    busy = _pages(made, max(4, seconds - 8))
    again = Browser(made.url, "198.51.100.7", jar=_device_alone(owner))
    status, came_in, took = again.sign_in(name, PASSWORD)
    village = Browser(made.url, "203.0.113.9").ask("/speak")
    flood.end()
    slower = _p95(busy) / max(0.001, _p95(calm))
    rate = flood.sent / max(0.1, flood.lasted)
    told = ", ".join(f"{code}: {n}" for code, n in sorted(flood.answers.items()))
    return [
        Figure(f"hostile sign-in, {seconds} s", f"{rate:.0f}/s ({told})", f"{A_SECOND}/s", rate >= 0.9 * A_SECOND),
        Figure("p95 of other pages under it", f"{_p95(calm) * 1000:.0f} → {_p95(busy) * 1000:.0f} ms, {slower:.2f} ×",
               f"≤ {SLOWER} ×", slower <= SLOWER),
        Figure("the owner signs in from a known browser", f"{took:.2f} s ({status})", f"≤ {WITHIN} s",
               came_in and took <= WITHIN),
        Figure("a report can be begun behind one address", f"{village[2] * 1000:.0f} ms ({village[0]})", "200",
               village[0] == 200),
    ]  # fmt: skip


def _a_name(made: Site) -> str:
    """Take the first name of the page that the demonstration prints."""
    from jishi.portal.demo.people import PEOPLE

    return PEOPLE[0][0]


def _device_alone(browser: Browser) -> "object":
    for cookie in [c for c in browser.jar if c.name != "jishi_device"]:
        browser.jar.clear(cookie.domain, cookie.path, cookie.name)
    return browser.jar


def _pages(made: Site, seconds: float) -> list[float]:
    reader, took, until = Browser(made.url, "192.0.2.1"), [], time.monotonic() + seconds
    for path in itertools.cycle(PAGES):
        if time.monotonic() >= until:
            return took
        took.append(reader.ask(path)[2])
        time.sleep(0.05)
    return took


def _p95(took: list[float]) -> float:
    return statistics.quantiles(took, n=20)[-1] if len(took) > 1 else max(took, default=0.0)


class _Flood:
    """Threads that try to sign in, half at the owner's name and half at names of nobody, each from an own address."""

    def __init__(self, made: Site, name: str) -> None:
        self.made, self.name, self.sent, self.lasted = made, name, 0, 0.0
        self.answers: dict[int, int] = {}
        self.lock, self.stop, self.threads = threading.Lock(), threading.Event(), []  # type: ignore[var-annotated]

    def begin(self, seconds: float) -> None:
        self.began = time.monotonic()
        for n in range(THREADS):
            thread = threading.Thread(target=self._run, args=(n, self.began + seconds + 10), daemon=True)
            self.threads.append(thread)
            thread.start()

    def end(self) -> None:
        self.lasted = time.monotonic() - self.began
        self.stop.set()
        for thread in self.threads:
            thread.join(timeout=35)

    def _run(self, n: int, until: float) -> None:
        rng = random.Random(n)
        source = f"10.{rng.randrange(256)}.{n}.{rng.randrange(256)}"
        browser = Browser(self.made.url, source)
        page = browser.ask("/sign-in")[1]
        token = page.partition('name="csrfmiddlewaretoken" value="')[2].partition('"')[0]
        while not self.stop.is_set() and time.monotonic() < until:
            due = self.began + self.sent / A_SECOND
            time.sleep(max(0.0, due - time.monotonic()))
            browser.source = f"10.{rng.randrange(256)}.{n}.{rng.randrange(256)}"
            name = self.name if rng.random() < 0.5 else f"nobody-{rng.randrange(10**6)}"
            form = {"csrfmiddlewaretoken": token, "login": name, "password": f"wrong-{rng.randrange(10**9)}"}
            with self.lock:
                self.sent += 1
            status = browser.ask("/sign-in", form)[0]
            with self.lock:
                self.answers[status] = self.answers.get(status, 0) + 1


ALL: dict[str, Callable[[], list[Figure]]] = {"attack": attack}

"""What everybody does all day: whole lives, many cases at once, five hundred devices, two hundred and fifty people."""

import itertools
import json
import re
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from http.cookiejar import CookieJar
from statistics import quantiles
from typing import Any

from benchmarks.run import BASE, Figure, scratch

LIVES, MANY, DEVICES, PEOPLE = 60, 500, 500, 250
AREA = "990181001002"


def p95(taken: list[float]) -> float:
    return quantiles(taken, n=20)[18] if len(taken) > 1 else taken[0]


# ---------------------------------------------------------------- whole lives


def by_the_wall(run: Callable[[], Any]) -> float:
    """Run it and give the milliseconds."""
    began = time.perf_counter()
    run()
    return (time.perf_counter() - began) * 1000


def lived(count: int, spent: Callable[[Callable[[], Any]], Any] = by_the_wall) -> tuple[float, dict[str, list[Any]]]:
    """Live so many lives from the report to its end through the verbs; gives the seconds, and what each verb took."""
    from benchmarks.measures import said, town

    tenant, words = town(), said()
    from jishi.cases.states import Status
    from jishi.cases.tests import factories

    with _timed(factories, spent) as taken:
        began = time.perf_counter()
        for _ in range(count):
            factories.a_case_at(tenant, Status.CLOSED, text=next(words))
        return time.perf_counter() - began, taken


@contextmanager
def _timed(factories: Any, spent: Callable[[Callable[[], Any]], Any]) -> Iterator[dict[str, list[Any]]]:
    taken: dict[str, list[Any]] = defaultdict(list)
    do, receive = factories.do, factories.receive

    def note(name: str, run: Callable[[], Any]) -> Any:
        given: list[Any] = []
        taken[name].append(spent(lambda: given.append(run())))
        return given[0]

    factories.do = lambda by, verb, *a, **k: note(verb.__name__, lambda: do(by, verb, *a, **k))
    factories.receive = lambda *a, **k: note("receive", lambda: receive(*a, **k))
    try:
        yield taken
    finally:
        factories.do, factories.receive = do, receive


def lives() -> list[Figure]:
    """Measure whole lives in one process: how many a second, and p95 of each verb."""
    from benchmarks.measures import remembered

    remembered(2000)
    lived(5)
    seconds, taken = lived(LIVES)
    verbs = ", ".join(f"{name} {p95(ms):.0f}" for name, ms in sorted(taken.items()))
    return [
        Figure("whole lives, one process", f"{LIVES / seconds:.1f} a second", "–", None),
        Figure("p95 per verb, ms", verbs, "–", None),
    ]


# ---------------------------------------------------------------- many cases, many devices


def bulk() -> list[Figure]:
    """Tag five hundred cases at once: look, do, put back."""
    from benchmarks.measures import create, remembered

    tenant = remembered(2000)  # stands the program up: what follows may be imported then
    from django.utils import timezone

    from jishi.cases.actions import bulk as many
    from jishi.cases.models import Case
    from jishi.cases.tests import factories
    from jishi.foundation import scope

    for _ in range(MANY):
        create()
    by = factories.dispatcher(tenant)
    with scope.work(by):
        ids = list(Case.objects.filter(status="RECEIVED").order_by("-id").values_list("id", flat=True)[:MANY])
    took = {}
    began = time.perf_counter()
    with scope.work(by):
        plan = many.preview("tag", ids, told=many.Told(add=("夜查",)), by=by, now=timezone.now())
    took["look"] = time.perf_counter() - began
    for name, verb in (("do", many.apply), ("put back", many.undo)):
        began, left = time.perf_counter(), len(ids)
        while left > 0:
            with scope.work(by):
                verb(plan.id, by=by, now=timezone.now())
            left -= many.PART
        took[name] = time.perf_counter() - began
    told = ", ".join(f"{name} {seconds:.1f} s" for name, seconds in took.items())
    return [Figure(f"{len(ids)} cases at once", told, "–", None)]


def sync() -> list[Figure]:
    """Take in what five hundred devices bring: three reports each, one after the other."""
    from benchmarks.measures import remembered

    tenant = remembered(2000)
    from django.test import Client
    from django.utils import timezone

    from jishi.accounts.tests.factories import a_grant, an_account, signed_in
    from jishi.cases.tests import factories
    from jishi.foundation import scope
    from jishi.foundation.actor import system

    with scope.work(system(tenant)):
        account = an_account(tenant)
        a_grant(account, "grid_worker", body_id=factories.body_id(tenant, "sqcz"), post_id=9901, post_title="网格员",
                area=AREA)  # fmt: skip
        device = signed_in(Client(SERVER_NAME="localhost"), account, post=9901)
    taken, states = [], Counter[str]()
    for n in range(DEVICES):
        rows = [
            {
                "key": f"bench-{n:04d}-{k}", "verb": "report", "seq": k, "text": f"翠竹苑{k}号楼前第{n}盏路灯不亮。",
                "said_at": (timezone.now() - timedelta(hours=k)).isoformat(),
            }
            for k in range(3)
        ]  # fmt: skip
        began = time.perf_counter()
        answer = device.post("/api/v1/sync", json.dumps({"rows": rows}), content_type="application/json")
        taken.append((time.perf_counter() - began) * 1000)
        states.update(r["state"] for r in answer.json()["rows"])
    whole = sum(taken) / 1000
    told = f"{whole:.1f} s, p95 {p95(taken):.0f} ms, {dict(states)}"
    return [Figure(f"{DEVICES} devices of 3 reports", told, "nothing lost", states["done"] == 3 * DEVICES)]


# ---------------------------------------------------------------- a burst


def burst() -> list[Figure]:
    """Let two hundred and fifty people come at once to the running platform: look, speak, follow."""
    from benchmarks.measures import _stop

    data = scratch()
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    up = subprocess.Popen(
        [sys.executable, "-m", "config.cli", "up", "--port", str(port), "--data", str(data)], env=_alone(), cwd=BASE,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        _wait_for(f"http://127.0.0.1:{port}/health/ready")
        answers, taken, seconds = _come(f"http://127.0.0.1:{port}")
    finally:
        up.terminate()
        up.wait(timeout=60)
        _stop(data)
    wrong = {status: n for status, n in answers.items() if status not in (200, 503)}
    told = f"{sum(answers.values()) / seconds:.0f} answers a second, p95 {p95(taken):.1f} s, {dict(answers)}"
    return [Figure(f"{PEOPLE} people at once, three steps each", told, "200, or 503 with Retry-After", not wrong)]


def _come(site: str) -> tuple[Counter[int], list[float], float]:
    answers, taken, lock = Counter[int](), list[float](), threading.Lock()
    start = threading.Barrier(PEOPLE)

    def person(n: int) -> None:
        browser = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(CookieJar()))
        start.wait()
        page = step(browser, f"{site}/speak")
        form = dict(re.findall(r'name="(idempotency_key|csrfmiddlewaretoken)" value="(\w+)"', page))
        words = f"翠竹苑{n % 6 + 1}号楼北门口的雨水井堵了，第{n}次。"
        form |= {"text": words, "where": "", "voice": "anonymous", "join": "none"}
        step(browser, f"{site}/speak", form)
        step(browser, f"{site}/map")

    def step(browser: Any, url: str, form: dict[str, str] | None = None) -> str:
        data, began = urllib.parse.urlencode(form).encode() if form else None, time.perf_counter()
        try:
            answer = browser.open(urllib.request.Request(url, data, {"Referer": url}), timeout=120)
            status, page = answer.status, answer.read().decode()
        except urllib.error.HTTPError as no:
            status, page = (no.code if no.code != 503 or no.headers.get("Retry-After") else -503), ""
        except OSError:
            status, page = 0, ""
        with lock:
            answers[status] += 1
            taken.append(time.perf_counter() - began)
        return page

    people = [threading.Thread(target=person, args=(n,)) for n in range(PEOPLE)]
    began = time.perf_counter()
    for one in people:
        one.start()
    for one in people:
        one.join()
    return answers, taken, time.perf_counter() - began


def _alone() -> dict[str, str]:
    import os

    kept = {k: v for k, v in os.environ.items() if k not in ("JISHI_ROLE", "JISHI_PG_OWNER", "JISHI_PG_WEB")}
    return {**kept, "PYTHONPATH": str(BASE)}


def _wait_for(url: str) -> None:
    for _ in itertools.repeat(None, 1200):
        try:
            urllib.request.urlopen(url, timeout=10).read()
        except OSError:
            time.sleep(0.25)
        else:
            return
    raise TimeoutError(url)


ALL: dict[str, Callable[[], list[Figure]]] = {"lives": lives, "bulk": bulk, "sync": sync, "burst": burst}

"""The measurements. Each founds what it needs in a folder of its own and stops what it started."""

import itertools
import json
import os
import re
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

from benchmarks.run import BASE, Figure, scratch

SHARED = Path(os.environ.get("JISHI_SHARED", BASE.parent / "shared"))
MESSAGES = SHARED / "data/cases/hot_messages.csv"
DIVISIONS = SHARED / "data/geo"


# ---------------------------------------------------------------- a town to measure in


@cache
def town() -> int:
    """Found the demonstration town in a fresh database, as the owner, and give its tenant id."""
    folder = scratch()
    os.environ["JISHI_DATA"], os.environ["JISHI_DEMO"] = str(folder), "1"
    from config.cli.standing import stand

    stand(str(folder), role="owner")
    from django.core.management import call_command
    from django.utils import timezone

    call_command("migrate", verbosity=0)
    from jishi.portal import founding

    tenant = founding.found(now=timezone.now(), say=lambda line: None)
    _step_down()
    return tenant


def _step_down() -> None:
    """Work as the web role, under row security, as requests do."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("SET ROLE jishi_web")


def remembered(count: int) -> int:
    """Fill the town up to `count` cases through the door for past lives; gives the tenant id."""
    tenant = town()
    from django.utils import timezone

    from jishi.cases.actions import history
    from jishi.cases.models import Case
    from jishi.foundation import scope
    from jishi.foundation.actor import system
    from jishi.portal import founding
    from jishi.portal.demo import past_cases
    from jishi.portal.demo import town as drawn

    now, by = timezone.now(), system(tenant)
    with scope.work(by):
        there = Case.objects.count()
    while there < count:
        cases = past_cases(min(5000, count - there), seed=1000 + there, today=founding.shanghai_today(now))
        for start in range(0, len(cases), history.BATCH):
            with scope.work(by):
                known = founding.Known(drawn(), day=founding.shanghai_today(now))
                lives = [known.life(c, prefix=f"b{there}-") for c in cases[start : start + history.BATCH]]
                ids, _ = history.take_in(lives, by=by, now=now, tenant_code=founding.CODE)
            there += len(ids)
        print(f"   {there} / {count}", file=sys.stderr, flush=True)
    with as_owner() as cursor:
        cursor.execute("ANALYZE")
    return tenant


@contextmanager
def as_owner() -> Iterator[Any]:
    """Give a cursor of the owner: who copies, analyses and vacuums."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("RESET ROLE")
        yield cursor
    _step_down()


@cache
def client() -> Any:
    """Give a test client with an API key of the town, and one signed in as the dispatcher."""
    from django.test import Client
    from django.utils import timezone

    from jishi.accounts.actions import clients
    from jishi.foundation import scope
    from jishi.foundation.actor import system

    tenant = town()
    with scope.work(system(tenant)):
        key = clients.issue("bench", roles=["operator", "dispatcher"], by=system(tenant), now=timezone.now())
    return Client(SERVER_NAME="localhost", HTTP_AUTHORIZATION=f"Bearer {key[1] if isinstance(key, tuple) else key.key}")


def dispatcher() -> Any:
    """Give a client signed in as a dispatcher."""
    return signed_in("paidan1")


@cache
def signed_in(who: str) -> Any:
    """Give a client signed in as somebody of the demonstration, through the sign-in page; empty: a stranger."""
    from django.test import Client

    from jishi.portal.founding import PASSWORD

    town()
    made = Client(SERVER_NAME="localhost")
    if who:
        answer = made.post("/sign-in", {"login": who, "password": PASSWORD})
        assert answer.status_code == 302, answer.content[:300]
    return made


@cache
def said() -> Iterator[str]:
    """Give one generated message after the other, each about its own place and matter, over and over."""
    town()
    from django.utils import timezone

    from jishi.portal.demo import past_cases
    from jishi.portal.founding import shanghai_today

    return itertools.cycle([c.text for c in past_cases(600, seed=77, today=shanghai_today(timezone.now()))])


def create() -> Any:
    """Create one report through the API."""
    return client().post(
        "/api/v1/reports", data=json.dumps({"text": next(said()), "caller_contact": "13900000417"}),
        content_type="application/json", headers={"Idempotency-Key": f"bench-{time.time_ns()}"},
    )  # fmt: skip


def api_list() -> Any:
    return client().get("/api/v1/cases?limit=50")


def desk_page() -> Any:
    _fill_the_desk()
    return dispatcher().get("/desk/dispatch")


def open311_requests() -> Any:
    return client().get("/open311/v2/requests.json")


@cache
def _fill_the_desk() -> None:
    """Bring in as many reports as a page of the desk has rows: a short queue would be a cheap page."""
    for _ in range(60):
        create()
    rows = dispatcher().get("/desk/dispatch").content.count(b"data-choose")
    assert rows >= 50, rows


DOORS: dict[str, Callable[[], Any]] = {
    "create": create,
    "API list of 50": api_list,
    "desk page of 50": desk_page,
}


# ---------------------------------------------------------------- statements


@contextmanager
def counting() -> Iterator[list[str]]:
    """Count every statement that goes to the database."""
    from django.db import connection

    said: list[str] = []

    def note(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:  # noqa: FBT001
        said.append(sql)
        return execute(sql, params, many, context)

    with connection.execute_wrapper(note):
        yield said


def statements() -> list[Figure]:
    """Count statements of the three doors, warm."""
    remembered(2000)
    goals = {"create": 25, "API list of 50": 8, "desk page of 50": 8}
    out = []
    for name, door in DOORS.items():
        for _ in range(2):
            answer = door()
        assert answer.status_code in (200, 201), (name, answer.status_code, answer.content[:300])
        with counting() as said:
            door()
        out.append(Figure(f"SQL statements: {name}", str(len(said)), f"≤ {goals[name]}", len(said) <= goals[name]))
    return out


# ---------------------------------------------------------------- pipeline


def pipeline() -> list[Figure]:
    """Time the stages over 2,000 generated messages on one core."""
    tenant = town()
    from django.utils import timezone

    from config import warming
    from jishi.cases.actions import arrival
    from jishi.foundation import scope
    from jishi.foundation.actor import system
    from jishi.portal.demo import past_cases
    from jishi.portal.founding import shanghai_today

    now = timezone.now()
    cases = past_cases(2000, seed=7, today=shanghai_today(now))
    rows = [arrival.Incoming(text=c.text, channel="import") for c in cases]
    with scope.work(system(tenant)):
        arrival.look(rows[:50], now=now, compare=False)
        warming.settle()  # as the server and the import do
        began = time.process_time()
        looked = [one for s in range(0, 2000, 500) for one in arrival.look(rows[s : s + 500], now=now, compare=False)]
        whole = (time.process_time() - began) / 2
        alone = sorted(_spent(lambda row=row: arrival.look([row], now=now)) for row in rows[:400])
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    p95 = alone[int(0.95 * len(alone))]
    stages: dict[str, list[float]] = {}
    for one in looked:
        for s in one.suggested:
            spent = stages.setdefault(s.stage, [0.0, 0.0])
            spent[0] += s.cpu_ms / 2
            spent[1] += s.ms / 2
    out = [
        Figure(f"   {stage}", f"{cpu:.0f} ms CPU, {wall:.0f} by the wall / 1,000", "", None)
        for stage, (cpu, wall) in stages.items()
    ]
    return [
        Figure("pipeline in batch, one core, per 1,000 reports", f"{whole:.2f} s", "≤ 0.6 s", whole <= 0.6), *out,
        Figure("one report, p95", f"{p95:.1f} ms of this process, compared with open cases", "≤ 120 ms", p95 <= 120),
        Figure("resident memory", f"{most:.0f} MiB at its most", "≤ 400 MiB", most <= 400),
    ]  # fmt: skip


def _spent(work: Callable[[], object]) -> float:
    """Milliseconds of processor that this process spends on it."""
    began = time.process_time()
    work()
    return (time.process_time() - began) * 1000


# ---------------------------------------------------------------- the program's own commands


def _jishi(*words: str, data: Path, **more: str) -> tuple[float, str]:
    env = {**os.environ, "JISHI_DATA": str(data), "PYTHONPATH": str(BASE)}
    for name in ("JISHI_ROLE", "JISHI_PG_OWNER", "JISHI_PG_WEB"):
        env.pop(name, None)
    env |= more
    began = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-m", "config.cli", *words], env=env, capture_output=True, text=True, check=False, cwd=BASE
    )
    if done.returncode:
        print(done.stdout[-2000:], done.stderr[-2000:], file=sys.stderr)
    return time.perf_counter() - began, done.stdout


def messages() -> list[Figure]:
    """Take the real messages in: dry run, apply, apply again."""
    if not MESSAGES.exists():
        return [Figure("import of 4,326 messages", "not run: no data beside the checkout", "≤ 30 s each", None)]
    town()
    data = Path(os.environ["JISHI_DATA"])
    out = []
    for name, flags in (("dry run", ["--dry-run"]), ("apply", []), ("apply again", [])):
        seconds, said = _jishi("import", str(MESSAGES), "--map", "messages", "--json", *flags, data=data)
        counts = json.loads(said) if said.strip().startswith("{") else {}
        told = f"{seconds:.1f} s, " + ", ".join(f"{k} {counts.get(k)}" for k in ("created", "known", "refused"))
        fits = bool(counts) and seconds <= 30 and (name != "apply again" or counts["created"] == 0)
        out.append(Figure(f"import of 4,326 messages: {name}", told, "≤ 30 s; second creates 0", fits))
    return out


def divisions() -> list[Figure]:
    """Load the national division table."""
    if not DIVISIONS.exists():
        return [Figure("load 620,573 communities", "not run: no data beside the checkout", "≤ 60 s", None)]
    data = scratch()
    _jishi("migrate", "--data", str(data), data=data)
    _jishi("manage", "found_demo", data=data, JISHI_ROLE="owner")
    seconds, said = _jishi("divisions", str(DIVISIONS), "--year", "2023", "--data", str(data), data=data)
    first = said.strip().splitlines()[0] if said.strip() else "it failed"
    _stop(data)
    return [divisions_figure(first, seconds)]


def divisions_figure(said: str, seconds: float) -> Figure:
    """Judge the load by both of its goals: the seconds, and the peak of memory that the command itself told."""
    peak = re.search(r"([\d,]+) MiB$", said)
    met = peak is not None and int(peak[1].replace(",", "")) <= 300 and seconds <= 60
    return Figure("load 620,573 communities", said, "≤ 60 s, ≤ 300 MiB", met)


def start() -> list[Figure]:
    """Start the whole platform twice in a fresh folder; wait for the first page each time."""
    data = scratch()
    out = []
    for name, goal in (("first", 60), ("again", 10)):
        seconds, resident = _one_start(data)
        out.append(Figure(f"first page after up, {name}", f"{seconds:.1f} s", f"≤ {goal} s", seconds <= goal))
    out.append(Figure("whole demonstration resident", f"{resident:.0f} MiB", "≤ 600 MiB", resident <= 600))
    return out


def _one_start(data: Path) -> tuple[float, float]:
    import socket
    import urllib.request

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    env = {k: v for k, v in os.environ.items() if k not in ("JISHI_ROLE", "JISHI_PG_OWNER", "JISHI_PG_WEB")}
    env |= {"PYTHONPATH": str(BASE)}
    began = time.perf_counter()
    up = subprocess.Popen(
        [sys.executable, "-m", "config.cli", "up", "--port", str(port), "--data", str(data)], env=env, cwd=BASE,
        stdout=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        while time.perf_counter() - began < 300:
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=20).read()
                break
            except OSError:
                time.sleep(0.1)
        seconds = time.perf_counter() - began
        time.sleep(5)
        return seconds, _resident(up.pid, data)
    finally:
        up.terminate()
        up.wait(timeout=60)


def _resident(pid: int, data: Path) -> float:
    """Sum the proportional set size of the program's processes and its database, in MiB."""
    total = 0
    for folder in Path("/proc").iterdir():
        if not folder.name.isdigit():
            continue
        try:
            command = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
            environment = (folder / "environ").read_bytes().decode(errors="replace")
            ours = folder.name == str(pid) or str(data) in command or f"JISHI_DATA={data}" in environment
            parent = int((folder / "stat").read_text().rsplit(")", 1)[1].split()[1])
            ours = ours or _is_backend_of(parent, data)
            if ours:
                rows = (folder / "smaps_rollup").read_text().splitlines()
                total += next(int(r.split()[1]) for r in rows if r.startswith("Pss:"))
        except (OSError, StopIteration):
            continue
    return total / 1024


def _is_backend_of(parent: int, data: Path) -> bool:
    try:
        return str(data) in Path(f"/proc/{parent}/cmdline").read_bytes().decode(errors="replace")
    except OSError:
        return False


def _stop(data: Path) -> None:
    from jishi.foundation.database import stop

    stop(data / "database")


ALL: dict[str, Callable[[], list[Figure]]] = {
    "statements": statements,
    "pipeline": pipeline,
    "import": messages,
    "divisions": divisions,
    "start": start,
}

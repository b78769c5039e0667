"""The program as `up` starts it, on a database of its own, and how to kill a part of it at a chosen point.

A point is a place in the work, not a time: the killer holds a table, waits until somebody stands before it, and kills.
Beside the program stands the twin: it takes what leaves the house, remembers it, and can keep an answer back.
"""

import http.client
import http.server
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any
from urllib.parse import urlsplit

import psycopg
from django.conf import settings
from django.db import connection, connections
from procrastinate.contrib.django import app
from procrastinate.exceptions import AlreadyEnqueued

from config.cli import serving
from tests.conftest import a_port

ROOT = Path(__file__).resolve().parents[2]
HOST = "town.example"
PATIENCE = 240  # seconds, on a machine that does other things as well
WHILE_IT_DELIVERS = 10.0  # seconds; a worker that has nothing left is killed where it waits
A_LOOK = 0.005
TICKS, LOCKED = ("deliver", "send_out", "take_again"), {"send_out": "send_out"}  # as config/work.py asks for them
Answer = tuple[int, dict[str, Any], str]

# A web process stands before one of these tables, in the order in which a verb comes to them.
OF_THE_WEB = ("foundation_idempotencyrecord", "cases_case", "cases_clock", "foundation_trailhead", "foundation_entry",
              "foundation_news", "foundation_delivery", "committed", "anywhere")  # fmt: skip
# A worker: job taken, in the effect, sent and not marked, between.
OF_THE_WORKER = ("procrastinate_jobs", "foundation_delivery", "cases_message", "held", "unmarked", "anywhere")


def wait_until(what: Callable[[], Any], why: str | Callable[[], str], look: float = A_LOOK) -> Any:
    """Look until something is there, with long patience."""
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        if found := what():
            return found
        time.sleep(look)
    raise AssertionError(f"waited in vain: {why() if callable(why) else why}")


# --- the database of its own -----------------------------------------------------------------------------------


@dataclass
class Own:
    """A copy of the founded test database; `params` are how its owner connects."""

    name: str
    params: dict[str, Any]
    town: int = 0
    eye: "psycopg.Connection[Any] | None" = None

    def owner(self, database: str = "") -> "psycopg.Connection[Any]":
        return psycopg.connect(**{**self.params, "dbname": database or self.name}, autocommit=True)

    def url(self) -> str:
        given = os.environ.get("JISHI_PG_OWNER") or os.environ["JISHI_DATABASE_URL"]
        return urlsplit(given)._replace(path=f"/{self.name}").geturl().replace("postgresql:/", "postgresql:/", 1)

    def run(self, statement: str, *values: Any) -> list[tuple[Any, ...]]:
        """Ask as the owner in the scope of the town: row security holds for him too."""
        if self.eye is None:
            self.eye = self.owner()
            self.eye.execute("SELECT set_config('jishi.tenant', %s, false)", (str(self.town),))
        cursor = self.eye.execute(statement, values)
        return cursor.fetchall() if cursor.description else []


@contextmanager
def a_database_of_its_own() -> Iterator[Own]:
    """Copy the founded test database; this process looks into the copy meanwhile, as the web role."""
    before = connection.settings_dict["NAME"]
    asked = {k: v for k, v in connection.get_connection_params().items() if k in ("host", "port", "user", "password")}
    with suppress(KeyError):
        asked["passfile"] = connection.get_connection_params()["passfile"]
    own = Own(f"{before}_killed", asked)
    connections.close_all()
    with own.owner("postgres") as root:
        _drop(root, own.name)
        root.execute(f'CREATE DATABASE "{own.name}" TEMPLATE "{before}"')
    connection.settings_dict["NAME"] = own.name
    try:
        with connection.cursor() as cursor:
            cursor.execute("SET ROLE jishi_web")
        yield own
    finally:
        connection.close()
        connection.settings_dict["NAME"] = before
        if own.eye is not None:
            own.eye.close()
        with own.owner("postgres") as root:
            _drop(root, own.name)


def _drop(root: Any, name: str) -> None:
    """Drop a database; a vacuum of the server's own in it may not be ended by us and is waited for."""
    until = time.monotonic() + 120
    while True:
        try:
            root.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
        except psycopg.errors.InsufficientPrivilege:
            if time.monotonic() > until:
                raise
            time.sleep(0.5)
        else:
            return


# --- the twin --------------------------------------------------------------------------------------------------


@dataclass
class Twin:
    """Takes text messages and webhooks. `hold`: keep the next answer back until it is let go."""

    port: int = 0
    letters: list[dict[str, Any]] = field(default_factory=list)
    calls: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    hold: bool = False
    held: threading.Event = field(default_factory=threading.Event)
    let_go: threading.Event = field(default_factory=threading.Event)

    def took(self, path: str, headers: dict[str, str], body: bytes) -> None:
        said = json.loads(body)
        if path == "/sms":
            self.letters.append(said)
        else:
            self.calls.append((headers["Jishi-Event"], said))
        if self.hold:
            self.hold = False
            self.held.set()
            self.let_go.wait(PATIENCE)

    def keep_back(self) -> None:
        self.held.clear()
        self.let_go.clear()
        self.hold = True


@contextmanager
def listening() -> Iterator[Twin]:
    twin = Twin()

    class Ear(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            twin.took(self.path, dict(self.headers.items()), self.rfile.read(int(self.headers["Content-Length"])))
            with suppress(OSError):  # whoever asked may be dead by now
                self.send_response(200)
                self.send_header("Content-Length", "0")
                self.end_headers()

        def log_message(self, *_args: Any) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Ear)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    twin.port = server.server_address[1]
    try:
        yield twin
    finally:
        twin.let_go.set()
        server.shutdown()
        server.server_close()


# --- the program -----------------------------------------------------------------------------------------------


@dataclass
class Program:
    """`up` on a port and a folder: a master and its web process, a worker. Each is found by its parent."""

    own: Own
    twin: Twin
    folder: Path
    port: int = 0
    process: "subprocess.Popen[bytes] | None" = None

    def start(self) -> None:
        """Start it, where it does not run, and wait for its first answer."""
        if self.process is None:
            self.port = a_port()
            if serving._schema_is_old(self.folder):  # the copy's schema is that of the test database
                (self.folder / "schema.next").replace(self.folder / "schema.stamp")
        command = [sys.executable, "-m", "config.cli", "up", "--no-demo", "--port", str(self.port)]
        with (self.folder / "program.log").open("ab") as log:
            self.process = subprocess.Popen(
                [*command, "--data", str(self.folder)], env=self._environment(), cwd=ROOT, stdout=log, stderr=log,
                start_new_session=True,
            )  # fmt: skip
        wait_until(lambda: self._answers() and self.worker(), lambda: f"no first answer: {self.said()}", 0.1)

    def ensure(self) -> None:
        """Start it again where it has ended: the master ends when its web process dies twice in five seconds."""
        if self.process is None or self.process.poll() is not None:
            self.start()

    def stop(self) -> None:
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            with suppress(subprocess.TimeoutExpired):
                self.process.wait(timeout=30)
            with suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)

    def said(self) -> str:
        return (self.folder / "program.log").read_text(encoding="utf-8", errors="replace")[-3000:]

    def web(self) -> list[int]:
        """Give the processes that answer requests."""
        return [child for master in self._children("jishi-site") for child in children_of(master, "jishi-site")]

    def worker(self) -> list[int]:
        return self._children("jishi-worker")

    def kill(self, pids: list[int]) -> None:
        for pid in pids:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)

    def kill_all(self) -> None:
        """Kill `up` and everything it started, at once: as when the power of the machine goes."""
        assert self.process is not None
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        self.bury()

    def nudge(self) -> None:
        """Let the worker look now for what is due, and not at its next five or ten seconds."""
        for task in TICKS:
            with suppress(AlreadyEnqueued):
                app.configure_task(f"config.work.{task}", queueing_lock=task, lock=LOCKED.get(task)).defer(
                    timestamp=int(time.time())
                )

    def bury(self) -> None:
        """Let the time pass after which a dead worker counts as dead, and what it had taken is due again."""
        self.own.run("UPDATE procrastinate_workers SET last_heartbeat = 'epoch'")
        self.own.run("UPDATE foundation_delivery SET next_at = now() WHERE done_at IS NULL AND next_at > now()")

    def everybody(self) -> list[int]:
        """Give all that `up` started."""
        return [*self._children("jishi-site"), *self.web(), *self.worker()]

    def kill_up(self) -> None:
        """Kill `up` alone, which can tell nobody any more."""
        assert self.process is not None
        self.kill([self.process.pid])
        self.process.wait()

    def _children(self, name: str) -> list[int]:
        return children_of(self.process.pid, name) if self.process is not None else []

    def _answers(self) -> bool:
        with suppress(OSError, http.client.HTTPException):
            there = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
            there.request("GET", "/health/live", headers={"Host": HOST})
            return there.getresponse().status == 200
        return False

    def _environment(self) -> dict[str, str]:
        kept = {k: v for k, v in os.environ.items() if not k.startswith("JISHI_")}
        return {
            **kept, "PYTHONPATH": str(ROOT), "JISHI_DATABASE_URL": self.own.url(), "JISHI_KEYS": str(settings.KEYS_DIR),
            "JISHI_SECRET": settings.SECRET_KEY, "JISHI_HOSTS": f"127.0.0.1,{HOST}", "JISHI_FILES_FREE": "0",
            "JISHI_SMS": f"http://localhost:{self.twin.port}/sms",
            "JISHI_INSIDE": f"localhost=127.0.0.0/8:{self.twin.port}",
        }  # fmt: skip


def children_of(pid: int, name: str) -> list[int]:
    """Give the living children of a process that bear this name (config/cli/forked.py), by /proc."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            state, parent = stat.read_text().rpartition(")")[2].split()[:2]
            if int(parent) == pid and state != "Z" and _name(stat.parent) == name:
                found.append(int(stat.parent.name))
    return found


def is_alive(pid: int) -> bool:
    """Tell whether a process runs; one that nobody has buried yet does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def _name(process: Path) -> str:
    return (process / "comm").read_text(encoding="utf-8", errors="replace").strip()


# --- asking, and killing while it is asked ---------------------------------------------------------------------


@dataclass
class Asker:
    """Sends requests as a client does; at the points named beforehand something is killed meanwhile.

    A lost answer is asked again: a create with its key, a move with the version it saw.
    """

    program: Program
    rng: Random
    points: dict[int, tuple[str, str]] = field(default_factory=dict)  # step → (who is killed, where)
    step: int = 0
    reached: list[str] = field(default_factory=list)  # what was killed, and where it stood

    def __call__(self, key: str, method: str, path: str, body: Any = None, **headers: str) -> Answer:
        """Ask once or, where something is killed, until it is answered; gives the answer that was heard."""
        who, where = self.points.get(self.step, ("", "")) if method == "POST" else ("", "")
        self.step += method == "POST"
        ask = lambda: self.ask(key, method, path, body, **headers)  # noqa: E731
        if who == "web":
            self._kill_web(where, ask)
            self.program.ensure()
            return self._until_answered(ask)
        answer = ask()
        assert answer is not None, f"{method} {path}: no answer; {self.program.said()}"
        if who == "worker":
            self._kill_worker(where)
        elif who == "all":
            self.reached.append("all")
            self.program.kill_all()
            self.program.start()
        return answer

    def ask(self, key: str, method: str, path: str, body: Any = None, **headers: str) -> Answer | None:
        """Ask once; None: the connection broke."""
        sent = json.dumps(body).encode() if body is not None else None
        said = {"Host": HOST, "Content-Type": "application/json", "Authorization": f"Bearer {key}", **headers}
        there = http.client.HTTPConnection("127.0.0.1", self.program.port, timeout=PATIENCE)
        try:
            there.request(method, f"/api/v1{path}", body=sent, headers=said if key else {**said, "Authorization": ""})
            answer = there.getresponse()
            return answer.status, json.loads(answer.read() or b"{}"), answer.headers.get("ETag", "")
        except (OSError, http.client.HTTPException):
            return None
        finally:
            there.close()

    def _until_answered(self, ask: Callable[[], Answer | None]) -> Answer:
        found: list[Answer] = []

        def heard() -> bool:
            self.program.ensure()
            answer = ask()
            if answer is not None and answer[0] not in (502, 503):
                found.append(answer)
            return bool(found)

        wait_until(heard, lambda: f"no answer after a kill; {self.program.said()}", 0.1)
        return found[0]

    def _kill_web(self, where: str, ask: Callable[[], Answer | None]) -> None:
        self.program.ensure()
        wait_until(self.program.web, "no web process", 0.05)
        lost = threading.Thread(target=ask, daemon=True)
        if where in ("committed", "anywhere"):
            before = self._entries()
            lost.start()
            if where == "committed":
                wait_until(lambda: self._entries() > before or not lost.is_alive(), "nothing was committed", 0.001)
            else:
                lost.join(self.rng.random() * 0.25)
            self.program.kill(self.program.web())
            self.reached.append(f"web {where}")
        else:
            with self._before_the_table(where) as stands:
                lost.start()
                came = wait_until(lambda: stands() or not lost.is_alive(), f"nobody came to {where}")
                self.reached.append(f"web {where if stands() else 'answered'}")
                assert came
                self.program.kill(self.program.web())
        lost.join(PATIENCE)

    def _kill_worker(self, where: str) -> None:
        self.program.ensure()
        there = wait_until(self.program.worker, "no worker", 0.05)
        twin, met = self.program.twin, where
        if where in ("held", "unmarked"):
            twin.keep_back()
            wait_until(twin.held.is_set, lambda: f"nothing left the house; {self.program.said()}")
            if where == "held":
                self.program.kill(there)
            else:
                with self._before_the_table("foundation_delivery", stop=False) as stands:
                    twin.let_go.set()
                    wait_until(stands, "nobody came to mark what was sent")
                    self.program.kill(there)
            twin.let_go.set()
        elif where == "anywhere":
            before, until = self._deliveries(), time.monotonic() + WHILE_IT_DELIVERS
            while self._deliveries() == before and time.monotonic() < until:  # it may have delivered all of it by now
                time.sleep(0.001)
            time.sleep(self.rng.random() * 0.05)
            self.program.kill(there)
        else:
            with self._before_the_table(where, stop=False) as stands:
                wait_until(stands, f"the worker did not come to {where}")
                self.program.kill(there)
        self.reached.append(f"worker {met}")
        self.program.bury()
        wait_until(lambda: self._new_worker(there), "the worker was not started again", 0.1)

    def _new_worker(self, before: list[int]) -> bool:
        self.program.ensure()
        return self.program.worker() not in ([], before)

    @contextmanager
    def _before_the_table(self, table: str, *, stop: bool = True) -> Iterator[Callable[[], bool]]:
        """Hold a table against everybody who would write in it; tells whether somebody new stands before it.

        `stop`: the worker sleeps meanwhile, so that it is a web process who stands there.
        """
        asleep = self.program.worker() if stop else []
        with self.program.own.owner() as holder, holder.transaction():
            holder.execute(f"LOCK TABLE {table} IN EXCLUSIVE MODE")
            for pid in asleep:
                os.kill(pid, signal.SIGSTOP)
            with self.program.own.owner() as eye:
                waiting = "SELECT pid FROM pg_locks WHERE NOT granted AND relation = %s::regclass"
                there = {row[0] for row in eye.execute(waiting, (table,)).fetchall()} if stop else set()
                try:
                    yield lambda: bool({r[0] for r in eye.execute(waiting, (table,)).fetchall()} - there)
                finally:
                    for pid in asleep:
                        with suppress(ProcessLookupError):
                            os.kill(pid, signal.SIGCONT)

    def _entries(self) -> int:
        return int(self.program.own.run("SELECT count(*) FROM foundation_entry")[0][0])

    def _deliveries(self) -> int:
        return int(self.program.own.run("SELECT count(*) FROM foundation_delivery WHERE done_at IS NOT NULL")[0][0])

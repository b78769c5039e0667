"""The whole platform in a folder of its own, for measurements that need a real door: started, asked, stopped."""

import http.cookiejar
import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.run import BASE, scratch
from jishi.foundation.database import stop as stop_database

STARTS_WITHIN = 300  # seconds


@dataclass
class Site:
    """A running installation: its address and its folder."""

    url: str
    folder: Path


@dataclass
class Browser:
    """Somebody before the site, with cookies; `source` is the address from which a proxy would say that it came."""

    url: str
    source: str = ""
    jar: http.cookiejar.CookieJar = field(default_factory=http.cookiejar.CookieJar)

    def ask(self, path: str, form: Mapping[str, str] | None = None, seconds: float = 30) -> tuple[int, str, float]:
        """Ask once and give status, text and seconds; 0: no answer."""
        data = urllib.parse.urlencode(form).encode() if form is not None else None
        headers = {"X-Forwarded-For": self.source} if self.source else {}
        request = urllib.request.Request(self.url + path, data=data, headers=headers)
        opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(self.jar))
        began = time.monotonic()
        try:
            with opener.open(request, timeout=seconds) as answer:
                return answer.status, answer.read().decode("utf-8", "replace"), time.monotonic() - began
        except urllib.error.HTTPError as no:
            return no.code, no.read().decode("utf-8", "replace"), time.monotonic() - began
        except OSError:
            return 0, "", time.monotonic() - began

    def sign_in(self, name: str, password: str) -> tuple[int, bool, float]:
        """Sign in by the form; gives the status, whether the browser is in, and the seconds of both requests."""
        _, page, first = self.ask("/sign-in")
        found = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', page)
        form = {"csrfmiddlewaretoken": found[1] if found else "", "login": name, "password": password}
        status, text, second = self.ask("/sign-in", form)
        return status, status == 200 and 'name="password"' not in text, first + second


@contextmanager
def site(more: Mapping[str, str] | None = None) -> Iterator[Site]:
    """Start the demonstration in a fresh folder; stop it, by its own number, in the end. The folder stays."""
    folder = scratch()
    (folder / "demo.past").touch()
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    kept = {k: v for k, v in os.environ.items() if not k.startswith("JISHI_") or k == "JISHI_PG_BIN"}
    paths = ":".join(p for p in ((more or {}).get("PYTHONPATH", ""), str(BASE)) if p)
    environment = {**kept, "JISHI_FILES_FREE": "0", **(more or {}), "PYTHONPATH": paths}
    command = [sys.executable, "-m", "config.cli", "up", "--port", str(port), "--data", str(folder)]
    with (folder / "site.log").open("wb") as log:
        process = subprocess.Popen(command, env=environment, cwd=BASE, stdout=log, stderr=log)
    made = Site(f"http://127.0.0.1:{port}", folder)
    try:
        _wait(made, process)
        yield made
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(timeout=30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        stop_database(folder / "database")  # one that was cut off while it started leaves its server


def _wait(made: Site, process: "subprocess.Popen[bytes]") -> None:
    until = time.monotonic() + STARTS_WITHIN
    while time.monotonic() < until and process.poll() is None:
        if Browser(made.url).ask("/health/live", seconds=5)[0] == 200:
            return
        time.sleep(0.2)
    raise SystemExit((made.folder / "site.log").read_text(encoding="utf-8", errors="replace")[-2000:])

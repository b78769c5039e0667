"""The real program, started once, and a real Chromium to look at it: for tests/browser and tests/journeys.

`site` is `up` on a folder and a port of its own, with the demonstration town and the newest 400 of its past.
JISHI_TEST_SITE names a folder to keep between runs; without it everything is made anew and thrown away.
JISHI_SHOTS names a folder for pictures of every page that is looked at.
"""

import json
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[1]
STARTS_WITHIN = 900  # seconds, on a machine that does other things as well
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
QUIET = (
    "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update",
    "--disable-sync", "--no-first-run", "--no-default-browser-check", "--disable-default-apps", "--mute-audio",
)  # fmt: skip
SHELL = """
import contextlib, io, json, sys, traceback
from django.db import connections
for line in sys.stdin:
    printed, fault = io.StringIO(), ""
    with contextlib.redirect_stdout(printed):
        try:
            exec(compile(json.loads(line), "<test>", "exec"), {})
        except BaseException:
            fault = traceback.format_exc()
    connections.close_all()
    print(json.dumps([printed.getvalue(), fault]), flush=True)
"""
PHONE, DESK = (360, 760), (1280, 800)


@dataclass
class Site:
    """A running installation: its address, its folder, what it says."""

    url: str
    folder: Path
    process: "subprocess.Popen[bytes]"
    shell: "subprocess.Popen[str] | None" = None

    def said(self) -> str:
        """Give the end of what the program printed, for a test that fails."""
        return (self.folder / "site.log").read_text(encoding="utf-8", errors="replace")[-4000:]

    def run(self, code: str) -> str:
        """Run Python in this installation as the web role, under row security; give what it prints.

        In one process for all: the program's own start would be most of the time.
        """
        if self.shell is None or self.shell.poll() is not None:
            command = [sys.executable, "-m", "config.cli", "manage", "shell", "-v", "0", "-c", SHELL]
            env = {**_environment(), "JISHI_DATA": str(self.folder), "JISHI_ROLE": "web"}
            self.shell = subprocess.Popen(
                command, env=env, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, encoding="utf-8"
            )
        assert self.shell.stdin is not None
        assert self.shell.stdout is not None
        self.shell.stdin.write(json.dumps(code) + "\n")
        self.shell.stdin.flush()
        printed, fault = json.loads(self.shell.stdout.readline() or '["", "the shell ended"]')
        assert not fault, fault
        return str(printed).strip()

    def stop(self) -> None:
        if self.shell is not None:
            _stop(self.shell)
        _stop(self.process)


@dataclass
class Seen:
    """What a browser context heard besides the page: complaints of the console, requests to other hosts, failures."""

    host: str
    complaints: list[str] = field(default_factory=list)
    foreign: list[str] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)

    def listen(self, context: Any) -> None:
        context.on("console", lambda m: self.complaints.append(m.text) if m.type == "error" else None)
        context.on("weberror", lambda e: self.complaints.append(str(e.error)))
        context.on("request", self._asked)
        context.on("response", lambda r: self.broken.append(f"{r.status} {r.url}") if r.status >= 500 else None)

    def _asked(self, request: Any) -> None:
        if request.url.startswith(("http:", "https:", "ws:")) and not request.url.startswith(self.host):
            self.foreign.append(request.url)

    def forget(self) -> None:
        for kept in (self.complaints, self.foreign, self.broken):
            kept.clear()


@dataclass
class House:
    """A browser before the site: contexts per person, signed in once and reused."""

    site: Site
    browser: Any
    kept: dict[str, Any]

    def context(
        self, who: str = "", *, size: tuple[int, int] = DESK, lang: str = "zh-hans", keep: bool = False, **more: Any
    ) -> Any:
        """Open a context as nobody, or as the person with this name to sign in with. Its `.seen` says what it heard.

        It is closed with the test that opened it; what several tests of a file share says `keep`.
        """
        state = self._state(who) if who else None
        context = self.browser.new_context(
            base_url=self.site.url, storage_state=state, viewport={"width": size[0], "height": size[1]},
            locale="en-GB" if lang == "en" else "zh-CN", timezone_id="Asia/Shanghai", **more,
        )  # fmt: skip
        context.set_default_timeout(30_000)
        context.add_cookies([{"name": "jishi_language", "value": lang, "url": self.site.url}])
        context.seen = Seen(self.site.url)
        context.seen.listen(context)
        if not keep:
            OPEN.append(context)
        return context

    def page(self, who: str = "", **more: Any) -> Any:
        return self.context(who, **more).new_page()

    def _state(self, who: str) -> Any:
        if who not in self.kept:
            from jishi.portal.founding import PASSWORD

            context = self.browser.new_context(base_url=self.site.url)
            page = context.new_page()
            page.goto("/sign-in")
            page.fill('input[name="login"]', who)
            page.fill('input[name="password"]', PASSWORD)
            page.click('form[action="/sign-in"] button[type="submit"]')
            page.wait_for_url(lambda url: "/sign-in" not in url)
            self.kept[who] = context.storage_state()
            context.close()
        return self.kept[who]


def follow(page: Any, spot: Any, **more: Any) -> None:
    """Press what leads to a page, and wait until that page is there: until then the one before answers every question.

    A press alone may end before the browser has asked: a form is sent in a turn of its own.
    """
    with page.expect_navigation(**more):
        spot.click()


def seen(page: Any) -> None:
    """Wait until something of the page is on the screen: nobody presses a key on what is not there yet.

    A browser may throw away a key that comes before its first picture; scripts run long before that.
    """
    page.wait_for_function("() => performance.getEntriesByName('first-contentful-paint').length > 0")


OPEN: list[Any] = []  # the contexts of the test that runs now, and before them those of the fixtures it shares


@pytest.fixture(autouse=True)
def _contexts_end_with_their_test() -> Iterator[None]:
    """A page that stays open goes on costing the machine. Fixtures of a file open theirs before this, and keep them."""
    shared = len(OPEN)
    yield
    while len(OPEN) > shared:
        OPEN.pop().close()


@pytest.fixture(scope="session")
def site() -> Iterator[Site]:
    """Start the program; stop it, by its own number, when the tests are through."""
    named = os.environ.get("JISHI_TEST_SITE")
    folder = Path(named or tempfile.mkdtemp(prefix="jishi-site-"))
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o711)  # the database's own account must get through
    (folder / "demo.past").touch()  # the newest of the year is enough here: the archive would only take time
    started = _start(folder)
    try:
        _wait_until_alive(started)
        yield started
    finally:
        started.stop()
        if not named:
            shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def _signed_in() -> dict[str, Any]:
    return {}


@pytest.fixture(scope="module")
def house(site: Site, _signed_in: dict[str, Any]) -> Iterator[House]:
    """Open Chromium for one file: the driver's loop must not stay open while other tests use the database."""
    found = next((path for name in BROWSERS if (path := shutil.which(name))), None)
    if found is None:
        pytest.fail("No Chromium here. Install one: apt-get install chromium (Debian, Ubuntu), dnf install chromium.")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=found, args=list(QUIET))
        try:
            yield House(site, browser, _signed_in)
        finally:
            browser.close()
            OPEN.clear()


@pytest.fixture(scope="session")
def axe() -> str:
    """Give the source of axe-core, evaluated beside the page: its content policy stays in force."""
    return (ROOT / "tests/browser/vendor/axe.min.js").read_text(encoding="utf-8")


def _environment() -> dict[str, str]:
    """The test run's own database and folders are not the site's."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith("JISHI_") or k == "JISHI_PG_BIN"}
    return {**kept, "JISHI_DEMO": "1", "JISHI_FILES_FREE": "0", "PYTHONPATH": str(ROOT)}


def a_port() -> int:
    """Find a port that nobody has, below those that the system hands out by itself.

    The program takes it minutes later, after founding: one of the system's own would be another test's by then.
    """
    for port in random.SystemRandom().sample(range(20_000, 32_000), 100):
        with suppress(OSError), socket.socket() as probe:
            probe.bind(("127.0.0.1", port))
            return port
    raise AssertionError("no free port of a hundred")


def _start(folder: Path) -> Site:
    command = [sys.executable, "-m", "config.cli", "up", "--port", str(port := a_port()), "--data", str(folder)]
    log = (folder / "site.log").open("wb")
    process = subprocess.Popen(command, env=_environment(), cwd=ROOT, stdout=log, stderr=log)
    log.close()
    return Site(f"http://127.0.0.1:{port}", folder, process)


def _wait_until_alive(site: Site) -> None:
    until = time.monotonic() + STARTS_WITHIN
    while time.monotonic() < until:
        assert site.process.poll() is None, f"the program ended: {site.said()}"
        try:
            urllib.request.urlopen(f"{site.url}/health/live", timeout=10).read()
        except (urllib.error.URLError, OSError):
            time.sleep(0.2)
        else:
            return
    pytest.fail(f"the site did not answer within {STARTS_WITHIN} s: {site.said()}")


def _stop(process: "subprocess.Popen[Any]") -> None:
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(timeout=30)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait(timeout=10)

"""The site and the background process are forked from `up`: the code lies in memory once; nothing else is shared."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from config.cli import forked, running, serving, using

ROOT = Path(__file__).parents[2]
BEFORE_A_FORK = """
import os, threading
from config.cli import forked
forked.read_the_code()
import sys
from django.db import connections
open_ones = [c.alias for c in connections.all(initialized_only=True) if c.connection is not None]
sockets = [n for n in os.listdir("/proc/self/fd") if os.path.exists(f"/proc/self/fd/{n}")
           and os.readlink(f"/proc/self/fd/{n}").startswith("socket:")]
print(threading.active_count(), open_ones, len(sockets), "config.work" in sys.modules)
"""


@pytest.fixture
def child():
    """Start children that do as told; whoever lives on is killed in the end."""
    started = []

    def start(work):
        started.append(forked.Child("jishi-trial", work))
        return started[-1]

    yield start
    for one in started:
        if one.poll() is None:
            one.kill()
            one.wait(10)


def until(true, seconds=30):
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it did not come"
        time.sleep(0.02)


def test_no_thread_and_no_connection_is_there_before_anything_is_forked(tmp_path):
    env = {**os.environ, "JISHI_DATA": str(tmp_path), "DJANGO_SETTINGS_MODULE": "config.settings", "JISHI_ROLE": "web"}

    said = subprocess.run(
        [sys.executable, "-c", BEFORE_A_FORK], env=env | {"PYTHONPATH": str(ROOT)}, cwd=ROOT, capture_output=True,
        text=True, check=True,
    )  # fmt: skip

    assert said.stdout.split() == ["1", "[]", "0", "True"]


class TestAChild:
    def test_holds_no_lock_of_up(self, child, tmp_path):
        running.hold(tmp_path, 8000)
        using.enter(tmp_path)
        try:
            told = tmp_path / "told"
            one = child(lambda: told.write_text(f"{len(running._held)} {len(using._held)}"))

            assert one.wait(30) == 0
            assert told.read_text() == "0 0"
            assert running.who(tmp_path).startswith(str(os.getpid()))  # what is up's own stays held
        finally:
            running.let_go(tmp_path)
            using.forget()

    def test_ends_when_it_is_told_to_whatever_up_does_with_that_signal(self, child, tmp_path):
        before = signal.signal(signal.SIGTERM, lambda *_: None)
        try:
            begun = tmp_path / "begun"
            one = child(lambda: (begun.touch(), time.sleep(60)))
            until(begun.exists)

            one.terminate()

            assert one.wait(30) == -signal.SIGTERM
        finally:
            signal.signal(signal.SIGTERM, before)

    def test_bears_its_own_name(self, child, tmp_path):
        told = tmp_path / "told"
        one = child(lambda: told.write_text(Path("/proc/self/comm").read_text()))

        assert one.wait(30) == 0
        assert told.read_text().strip() == "jishi-trial"

    def test_that_lives_on_is_said_to_and_its_code_is_its_own(self, child):
        one = child(lambda: time.sleep(60))
        with pytest.raises(subprocess.TimeoutExpired):
            one.wait(0.1)
        assert one.poll() is one.returncode is None

        assert child(lambda: sys.exit(7)).wait(30) == 7


def test_whatever_goes_wrong_in_up_no_child_is_left_behind(monkeypatch, tmp_path):
    started = []

    class Beside(forked.Child):
        def __init__(self, name, work):
            super().__init__(name, lambda: time.sleep(600))
            started.append(self)

    def gone(*_, **__):
        raise BrokenPipeError  # nobody reads any more what up says

    for name, fake in (("_wait_for_page", lambda *_: None), ("_say_where", gone)):
        monkeypatch.setattr(serving, name, fake)
    monkeypatch.setattr(forked, "read_the_code", lambda: None)
    monkeypatch.setattr(forked, "Child", Beside)

    with pytest.raises(BrokenPipeError):
        serving._serve(0, tmp_path, 0.0, demo=False)

    assert [one.poll() for one in started] == [-signal.SIGTERM] * 2

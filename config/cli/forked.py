"""What `up` starts beside itself: forked from it once it has read the code, which then lies in memory once for all."""

import ctypes
import gc
import multiprocessing
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from config import lineage
from config.cli import running, using

PR_SET_NAME = 15  # prctl(2), Linux: at most fifteen letters
M_ARENA_MAX = -8  # mallopt(3), glibc: a heap of its own for every thread keeps what the others could use


def read_the_code() -> None:
    """Import what site and background process work with. Neither a thread nor a connection may begin here: both are
    lost, or shared, where a process is forked. What is there now is never looked through by the collector again, which
    would copy it page by page."""
    import django

    django.setup()
    from django.urls import get_resolver

    import config.work  # noqa: F401

    _ = get_resolver().reverse_dict  # every page with all it imports
    if sys.platform == "linux" and hasattr(ctypes.CDLL(None), "mallopt"):
        ctypes.CDLL(None).mallopt(M_ARENA_MAX, 2)
    gc.collect()
    gc.freeze()


class Child:
    """A process forked from this one; answers as `subprocess.Popen` does to whoever waits for it."""

    def __init__(self, name: str, work: Callable[[], object]) -> None:
        self._process = multiprocessing.get_context("fork").Process(target=_live, args=(name, work), name=name)
        self._process.start()

    @property
    def returncode(self) -> int | None:
        return self._process.exitcode

    def poll(self) -> int | None:
        return self._process.exitcode

    def terminate(self) -> None:
        self._process.terminate()

    def kill(self) -> None:
        self._process.kill()

    def wait(self, timeout: float | None = None) -> int:
        """Wait for its end. :raises subprocess.TimeoutExpired: it lives on."""
        self._process.join(timeout)
        if self._process.exitcode is None:
            raise subprocess.TimeoutExpired(self._process.name, timeout or 0)
        return self._process.exitcode


def _live(name: str, work: Callable[[], object]) -> None:
    """Be a process of its own: ends with `up`, hears its own signals, holds none of its locks."""
    lineage.end_with_parent()
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_NAME, name.encode(), 0, 0, 0)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    running.forget()
    using.forget()
    work()


def site(port: int) -> Callable[[], None]:
    """Give what answers requests on this port."""

    def work() -> None:
        from granian.constants import Interfaces
        from granian.log import LogLevels
        from granian.server import Server

        multiprocessing.set_start_method("fork", force=True)  # its own child shares the code too
        Server(
            "config.wsgi:application", address="127.0.0.1", port=port, interface=Interfaces.WSGI, workers=1,
            blocking_threads=4, websockets=False, log_level=LogLevels.warning, respawn_failed_workers=True,
            workers_kill_timeout=8,  # one that is told to stop while it starts hears nothing
        ).serve()  # fmt: skip

    return work


def background() -> None:
    """Deliver news, act on clocks, make anchors."""
    from config.work import run

    run()


def past(log: Path) -> Callable[[], None]:
    """Give what takes the rest of the demonstration's year in behind the pages, through the verbs, as the web role."""

    def work() -> None:
        from django.core.management import call_command

        os.nice(10)
        with log.open("wb") as written:
            os.dup2(written.fileno(), 1)
            os.dup2(written.fileno(), 2)
        call_command("found_demo", all=True)

    return work

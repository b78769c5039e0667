"""A warden keeps one child process: it asks, and starts another child where one was killed.

Both engines work through wardens, so a task that takes its process down ends the same way on one machine and on many.
"""

import os
import signal
import subprocess
import sys
from typing import BinaryIO, cast

from . import wire
from .values import Reply, Work

TRIES = 2  # a killed task is tried again once: the machine may have been short of memory
ALONE = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS")  # one task, one core


class Closed(Exception):
    """The run is over; nobody waits for this answer."""


class Warden:
    """One child at a time, started when it is first needed. For one thread."""

    def __init__(self, work: Work) -> None:
        self.work = work
        self.closed = False
        self.child: subprocess.Popen[bytes] | None = None

    def ask(self, given: bytes) -> Reply:
        """This will give the answer, or why there is none; what the function refuses is not tried again.

        :raises Closed: if the run ended meanwhile.
        """
        ends: list[str] = []
        while len(ends) < TRIES:
            try:
                refused = self._ready()
                return refused or self._asked(given)
            except wire.Ended:
                ends.append(self._buried())
        return Reply(False, f"process_ended: {', then '.join(ends)}".encode())

    def close(self) -> None:
        """This will end the child; whoever waits for it hears that the run is closed."""
        self.closed = True
        if self.child is not None:
            self.child.kill()
            self.child.wait()

    def _ready(self) -> Reply | None:
        """Start a child if there is none; gives its refusal if it has another edition."""
        if self.closed:
            raise Closed
        if self.child is not None:
            return None
        self.child = subprocess.Popen(
            [sys.executable, "-m", "jishi.batch.child"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=_quiet()
        )
        wire.send(self._way("stdin"), wire.ASK, self.work.edition.encode())
        wire.send(self._way("stdin"), wire.ASK, self.work.place)
        kind, said = wire.receive(self._way("stdout"))
        if kind == wire.ANSWER:
            return None
        self._buried()
        return Reply(False, said)

    def _asked(self, given: bytes) -> Reply:
        wire.send(self._way("stdin"), wire.ASK, given)
        kind, content = wire.receive(self._way("stdout"))
        return Reply(kind == wire.ANSWER, content)

    def _way(self, name: str) -> BinaryIO:
        return cast(BinaryIO, getattr(self.child, name))

    def _buried(self) -> str:
        """Take the dead child away and say how it ended."""
        child, self.child = self.child, None
        if self.closed or child is None:
            raise Closed
        child.kill()  # its pipe may be shut while it lives on
        code = child.wait()
        for way in (child.stdin, child.stdout):
            _shut(cast(BinaryIO, way))
        return signal.Signals(-code).name if code < 0 else f"exit {code}"


def _quiet() -> dict[str, str]:
    """The child finds what its parent finds, keeps to one core and orders sets as every other child does."""
    path = os.pathsep.join(p for p in sys.path if p)
    return {**os.environ, "PYTHONPATH": path, "PYTHONHASHSEED": "0", **dict.fromkeys(ALONE, "1")}


def _shut(way: BinaryIO) -> None:
    try:
        way.close()
    except OSError:  # what was still to be written has no reader
        return

"""Who uses the database of a folder. What a passing command had to start, the last one that leaves turns off."""

import atexit
import fcntl
import os
import time
from contextlib import suppress
from pathlib import Path

PASSING = b"passing"  # stands in the file while the database runs only because a command needed it
_held: dict[Path, tuple[int, int]] = {}  # folder → (descriptor, process)


def enter(folder: Path) -> None:
    """Use the database of `folder` until this process ends, however it ends; waits for one that turns it off."""
    if folder in _held and _held[folder][1] == os.getpid():
        return
    descriptor = os.open(folder / "use.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    fcntl.flock(descriptor, fcntl.LOCK_SH)
    _held[folder] = descriptor, os.getpid()
    atexit.register(_pass, folder)


def started(folder: Path) -> None:
    """Note that the database runs for passing commands alone."""
    if folder in _held:
        os.pwrite(_held[folder][0], PASSING, 0)


def stays(folder: Path) -> None:
    """Note that the platform runs here now: no passing command turns its database off."""
    if folder in _held:
        os.truncate(_held[folder][0], 0)


def leave(folder: Path, *, patience: float = 0.0) -> bool:
    """Give the folder back and turn its database off; False if others still use it: the last of them does it then."""
    from jishi.foundation.database import stop

    descriptor, process = _held.pop(folder, (None, 0))
    if descriptor is None or process != os.getpid():
        return False
    try:
        os.pwrite(descriptor, PASSING, 0)  # first: whoever leaves while we wait turns it off
        if not _alone(descriptor, patience):
            return False
        os.truncate(descriptor, 0)
        stop(folder / "database")
    finally:
        os.close(descriptor)
    return True


def _alone(descriptor: int, patience: float) -> bool:
    until = time.monotonic() + patience
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() >= until:
                return False
            time.sleep(0.1)
        else:
            return True


def _pass(folder: Path) -> None:
    """At the end of a command: turn off what runs for passing commands alone, quietly."""
    from jishi.foundation.database import DatabaseUnavailable

    descriptor, process = _held.get(folder, (None, 0))
    if descriptor is None or process != os.getpid() or os.pread(descriptor, 16, 0) != PASSING:
        return
    with suppress(DatabaseUnavailable, OSError):  # it runs on; the next command, or `up`, finds it so
        leave(folder)


def forget() -> None:
    """Hold nothing in a process that was forked: what its parent uses, its parent gives back."""
    while _held:
        os.close(_held.popitem()[1][0])

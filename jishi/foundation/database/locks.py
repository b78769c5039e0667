"""Two file locks. Both are released by the kernel when their holders die, however they die.

`lock`   held by a supervisor while it starts, stops, backs up or restores.
`alive`  inherited by initdb, the postmaster and all its children: free means that no database process
         of this folder
         lives, whatever numbers processes have now and in whichever container they run.
"""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from .unavailable import unavailable

STEP = 0.02


def _open(path: Path) -> int:
    try:
        return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    except OSError as error:
        raise unavailable("folder_not_writable", folder=path.parent) from error


def _try(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


@contextmanager
def supervising(path: Path, *, patience: float) -> Iterator[None]:
    """This will hold the supervisor's lock, waiting for another supervisor at most `patience` seconds.

    :raises DatabaseUnavailable: start_in_progress, folder_not_writable
    """
    descriptor = _open(path)
    try:
        until = time.monotonic() + patience
        while not _try(descriptor):
            if time.monotonic() >= until:
                raise unavailable("start_in_progress", seconds=round(patience))
            time.sleep(STEP)
        yield
    finally:
        os.close(descriptor)


def take_alive(path: Path) -> int | None:
    """This will take the lock that database processes inherit: its descriptor, or None while one of them
    lives."""
    descriptor = _open(path)
    if _try(descriptor):
        return descriptor
    os.close(descriptor)
    return None


def is_alive(path: Path) -> bool:
    """This will say whether anybody holds the lock; it writes nothing."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
    except OSError:
        return False
    try:
        return not _try(descriptor)
    finally:
        os.close(descriptor)

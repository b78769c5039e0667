"""The postmaster as a process: whose it is, how it starts, how it ends."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import time
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from . import locks
from .layout import Layout
from .programs import Programs
from .unavailable import DatabaseUnavailable, unavailable

STEP = 0.01
FAST = 10.0
CHILDREN: dict[int, subprocess.Popen[bytes]] = {}
"""Postmasters that this process started, so that it can reap them; the server itself outlives this
process."""


@dataclass(frozen=True)
class PidFile:
    """`postmaster.pid`: number, start (Unix seconds), port, socket folder, and `ready` once it takes
    connections."""

    pid: int
    started: int
    port: int
    socket_dir: Path
    is_ready: bool


def read_pid_file(data: Path) -> PidFile | None:
    """This will read what the postmaster wrote of itself; None if it has not written the first five lines."""
    try:
        lines = (data / "postmaster.pid").read_text("utf-8", "surrogateescape").splitlines()
        return PidFile(
            int(lines[0]),
            int(lines[2]),
            int(lines[3]),
            Path(lines[4]),
            len(lines) > 7 and lines[7].strip() == "ready",
        )
    except (OSError, ValueError, IndexError):
        return None


def is_ours(pid: int, data: Path) -> bool:
    """This will say whether process `pid` is a postmaster of this very folder: numbers repeat, so a number
    is no proof.

    It works in the folder (every postmaster does), or was started with its name.
    """
    process = Path("/proc") / str(pid)
    try:
        if (process / "stat").read_text().rpartition(")")[2].split()[0] == "Z":
            return False
        words = (process / "cmdline").read_bytes().split(b"\0")
    except (OSError, IndexError):
        return False
    if os.path.basename(words[0]) != b"postgres":
        return False
    try:
        return os.path.samefile(process / "cwd", data)
    except OSError:
        return os.fsencode(data) in words


def running(data: Path) -> PidFile | None:
    """This will give the pid file of the live postmaster of this folder, ready or not; None if there is
    none."""
    found = read_pid_file(data)
    return found if found and is_ours(found.pid, data) else None


def start(
    layout: Layout,
    programs: Programs,
    data: Path,
    conf: Path,
    *,
    socket_dir: Path,
    alive: int,
    patience: float,
    throwaway: bool = False,
) -> PidFile:
    """This will start a postmaster that outlives us and wait until it takes connections.

    `alive` is the descriptor of the lock that the server inherits; the caller closes its own copy. A
    throwaway server does not outlive us: a killed test run leaves none behind.
    :raises DatabaseUnavailable: start_failed, start_too_slow, no_space, folder_not_writable, …
    """
    sweep(data, socket_dir)
    said = _log_sizes(layout.log)
    with _opened(layout.start_log) as log:
        child = subprocess.Popen(
            [programs.path("postgres"), "-D", str(data), "-c", f"config_file={conf}"],
            cwd="/", stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=surroundings(), pass_fds=(alive,),
            start_new_session=True, umask=0o077, preexec_fn=_end_with_us if throwaway else None,
            **layout.account.dropping(),
        )  # fmt: skip
    CHILDREN[child.pid] = child
    until = time.monotonic() + patience
    while time.monotonic() < until:
        found = read_pid_file(data)
        if found and found.pid == child.pid and found.is_ready:
            return found
        if child.poll() is not None:
            del CHILDREN[child.pid]
            raise why_not(layout, said)
        time.sleep(STEP)
    raise unavailable("start_too_slow", seconds=round(patience), log=layout.start_log)


def stop(data: Path, pid: int, *, patience: float = FAST) -> None:
    """This will stop the postmaster: fast (clients are ended, nothing is lost), then at once, then by
    force.

    :raises DatabaseUnavailable: not_stopped
    """
    for number, seconds in ((signal.SIGINT, patience), (signal.SIGQUIT, 6.0), (signal.SIGKILL, 2.0)):
        _send(pid, number)
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            _reap(pid)
            if not is_ours(pid, data):
                return
            time.sleep(STEP)
    raise unavailable("not_stopped", pid=pid)


def wait_for_the_last(alive: Path, *, folders: Iterable[Path], patience: float) -> int:
    """This will wait until no database process of this folder lives, and take the lock that they held.

    Backends outlive a killed postmaster for a moment; an initdb outlives a killed supervisor. A postmaster
    of a cluster that was never finished (in `folders`) is ended, because nobody will.
    :raises DatabaseUnavailable: held_elsewhere
    """
    until = time.monotonic() + patience
    while True:
        for folder in folders:
            left = running(folder)
            if left:
                stop(folder, left.pid, patience=2.0)
        descriptor = locks.take_alive(alive)
        if descriptor is not None:
            return descriptor
        if time.monotonic() >= until:
            raise unavailable("held_elsewhere", folder=alive.parent)
        time.sleep(STEP)


def sweep(data: Path, socket_dir: Path) -> None:
    """This will remove what a dead postmaster left. Only under both locks: then no process of this folder
    lives.

    :raises DatabaseUnavailable: folder_not_writable
    """
    left = [data / "postmaster.pid", *socket_dir.glob(".s.PGSQL.*")]
    try:
        for path in left:
            path.unlink(missing_ok=True)
    except OSError as error:
        raise unavailable("folder_not_writable", folder=data) from error


def surroundings() -> dict[str, str]:
    """This will give a server the least it needs: nothing of ours, and no PG* variable, reaches it."""
    return {"PATH": "/usr/bin:/bin", "LC_ALL": "C", "TZ": "UTC"}


def why_not(layout: Layout, said: dict[Path, int]) -> DatabaseUnavailable:
    """This will turn the server's last words (past the sizes in `said`) into the refusal that says what to
    do."""
    words = _last_words(layout, said)
    if any(sign in words for sign in ("No space left", "Disk quota", "File too large")):
        found = os.statvfs(layout.folder)
        return unavailable(
            "no_space", folder=layout.folder, needed=64, free=found.f_bavail * found.f_frsize >> 20
        )
    if any(sign in words for sign in ("Permission denied", "Read-only file system")):
        return unavailable("folder_not_writable", folder=layout.folder)
    return unavailable("start_failed", reason=words or "?", log=layout.log)


def _last_words(layout: Layout, said: dict[Path, int]) -> str:
    lines: list[str] = []
    for log in [layout.start_log, *sorted(layout.log.glob("postgresql-*.log"))]:
        with open(log, "rb") as file:
            file.seek(said.get(log, 0))
            lines += [line.strip() for line in file.read(65536).decode("utf-8", "replace").splitlines()]
    lines = [line for line in lines if line]
    loud = [line for line in lines if "FATAL:" in line or "PANIC:" in line] or lines
    if not loud:
        return ""
    return loud[-1].partition("FATAL:")[2].strip() or loud[-1]


def _log_sizes(folder: Path) -> dict[Path, int]:
    return {log: log.stat().st_size for log in folder.glob("postgresql-*.log")}


def _opened(log: Path) -> BinaryIO:
    """This will open the first log of a start: the folder is the account's, so no link of its making is
    followed."""
    try:
        descriptor = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise unavailable("folder_not_writable", folder=log.parent) from error
    return open(descriptor, "wb")


PR_SET_PDEATHSIG = 1
LIBC = ctypes.CDLL(None)


def _end_with_us() -> None:
    """This will ask the kernel for a fast stop when the thread that starts the server ends, however it
    ends.

    The request outlives the change of account because subprocess makes that change before it calls us.
    """
    LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGINT, 0, 0, 0)


def _send(pid: int, number: int) -> None:
    with suppress(ProcessLookupError):
        os.kill(pid, number)


def _reap(pid: int) -> None:
    child = CHILDREN.get(pid)
    if child and child.poll() is not None:
        del CHILDREN[pid]

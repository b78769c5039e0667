"""Folders for real servers, and a way to act as an ordinary account while the tests run as root."""

from __future__ import annotations

import os
import pickle
import pwd
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import psycopg

from jishi.foundation import database

IS_ROOT = os.geteuid() == 0
ORDINARY = pwd.getpwnam("nobody") if IS_ROOT else pwd.getpwuid(os.geteuid())
MEMORY = Path("/dev/shm")
BASE = "/dev/shm" if MEMORY.is_dir() and shutil.disk_usage(MEMORY).free > 4 << 30 else "/tmp"
"""In memory where there is plenty: what is killed here is processes, not the power."""
ROOT_OF_CODE = Path(database.__file__).resolve().parents[3]


@contextmanager
def a_folder(prefix: str = "jishi-db-", base: str = BASE) -> Iterator[Path]:
    """This will give an empty folder that every account can pass, and stop what runs below it afterwards."""
    folder = Path(tempfile.mkdtemp(prefix=prefix, dir=base))
    folder.chmod(0o711)
    try:
        yield folder
    finally:
        for lock in folder.rglob("alive"):
            with suppress(database.DatabaseUnavailable):
                database.stop(lock.parent)
        shutil.rmtree(folder, ignore_errors=True)


def a_copy(template: Path, to: Path) -> Path:
    """This will copy a stopped cluster with owners and modes: the third of a second that a new one costs
    is saved."""
    subprocess.run(["cp", "-a", f"{template}/.", str(to)], check=True)
    return to


def as_ordinary(work: Callable[[], Any]) -> Any:
    """This will do the work in a child that is an ordinary account, and give its answer or raise its
    refusal."""
    return as_account(work, ORDINARY.pw_uid, ORDINARY.pw_gid)


def as_account(work: Callable[[], Any], uid: int, gid: int) -> Any:
    """This will do the work in a child that is this account; only root changes to another one."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            if IS_ROOT:
                os.setgroups([])
                os.setgid(gid)
                os.setuid(uid)
            os.chdir("/")
            answer: tuple[str, Any] = ("answer", work())
        except BaseException as error:  # noqa: BLE001  raised again by the parent
            answer = ("raised", error)
        with open(writing, "wb") as out:
            out.write(pickle.dumps(answer))
        os._exit(0)
    os.close(writing)
    with open(reading, "rb") as answered:
        kind, value = pickle.loads(answered.read())
    os.waitpid(child, 0)
    if kind == "raised":
        raise value
    return value


def in_another_process(code: str, *arguments: str, **more: Any) -> subprocess.Popen[str]:
    """This will run code in a Python of its own, from which the code of this checkout can be imported."""
    environment = os.environ | {"PYTHONPATH": str(ROOT_OF_CODE)} | more.pop("env", {})
    command = [sys.executable, "-c", code, *arguments]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment, cwd="/", **more)


def ask(url: str, query: str) -> list[tuple[Any, ...]]:
    with psycopg.connect(url, autocommit=True) as connection:
        found = connection.execute(query)
        return found.fetchall() if found.description else []


def postmasters_of(data: Path) -> list[int]:
    """This will count the processes that work in the folder and are no child of one that does."""
    parents = {}
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if os.path.samefile(process / "cwd", data):
                stat = (process / "stat").read_text().rpartition(")")[2].split()
                parents[int(process.name)] = int(stat[1])
    return [pid for pid, parent in parents.items() if parent not in parents]


def listing(folder: Path) -> dict[str, tuple[int, int, int]]:
    """This will describe every file below: mode, size and last change, to show that nothing was touched."""
    return {
        str(path.relative_to(folder)): (path.lstat().st_mode, path.lstat().st_size, path.lstat().st_mtime_ns)
        for path in folder.rglob("*")
        if path.is_file() and path.name not in ("lock", "alive")
    }

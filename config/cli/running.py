"""Who runs the platform of a folder. `up` holds a lock there, which the kernel gives back however `up` ends."""

import fcntl
import os
from pathlib import Path

_held: dict[Path, int] = {}


def hold(folder: Path, port: int) -> str:
    """Note that this process runs the folder; gives who else does, and then nothing was noted."""
    folder.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(folder / "up.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        with os.fdopen(descriptor) as told:
            return told.read().strip() or "?"
    os.truncate(descriptor, 0)
    os.pwrite(descriptor, f"{os.getpid()} http://127.0.0.1:{port}/\n".encode(), 0)
    _held[folder] = descriptor
    return ""


def let_go(folder: Path) -> None:
    """Give the folder back before the process ends: for tests, and for an `up` that cannot go on."""
    if folder in _held:
        os.close(_held.pop(folder))


def who(folder: Path) -> str:
    """Say who runs the folder (process and address), or which processes hold its database; empty if nobody does."""
    try:
        with (folder / "up.lock").open() as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                return lock.read().strip() or "?"
    except OSError:
        pass
    return _connected(folder)


def _connected(folder: Path) -> str:
    """Name the clients of a running database; one that nobody talks to runs for nobody."""
    import psycopg

    from jishi.foundation import database

    found = database.status(folder / "database")
    if found.state != "running":
        return ""
    server = database.ensure(folder / "database", throwaway=found.throwaway)
    with psycopg.connect(server.url_bootstrap) as connection:
        rows = connection.execute(
            "SELECT application_name, count(*) FROM pg_stat_activity WHERE backend_type = 'client backend'"
            " AND pid <> pg_backend_pid() GROUP BY 1 ORDER BY 1"
        ).fetchall()
    return ", ".join(f"{name or 'PostgreSQL'} ×{count}" for name, count in rows)


def ensure_nobody(folder: Path, what_zh: str, what_en: str) -> None:
    """Refuse, before anything is touched, what would pull the database away under a running platform."""
    if found := who(folder):
        pid = found.split(" ")[0]
        how_zh, how_en = (f"，或 kill {pid}", f", or kill {pid}") if pid.isdigit() else ("", "")
        raise SystemExit(
            f"平台正在运行（{found}），{what_zh}。先停下它（在它的窗口按 Ctrl+C{how_zh}），再来一次。什么都没有改动。\n"
            f"The platform is running ({found}): {what_en}. Stop it first (Ctrl+C in its window{how_en}), "
            f"then say this again. Nothing was changed."
        )


def forget() -> None:
    """Hold nothing in a process that was forked: the folder is its parent's."""
    while _held:
        os.close(_held.popitem()[1])

"""The four acts of every day: ensure, stop, status, attend."""

from __future__ import annotations

import os
import shutil
import signal
import time
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from . import configuration, locks, postmaster, roles, space
from . import layout as layouts
from . import programs as programs_of
from .configuration import Wanted
from .layout import Layout
from .postmaster import PidFile
from .programs import Programs
from .roles import BOOTSTRAP, OWNER, WEB
from .unavailable import unavailable

PATIENCE = 60.0


@dataclass(frozen=True)
class Server:
    """A server that takes connections. The addresses name password files and hold no password.

    With JISHI_DATABASE_URL the server is somebody else's: socket folder, data folder and number are None.
    `said_zh`, `said_en`: what a person should be told once (data lies elsewhere, writing is paused), else
    empty.
    """

    socket_dir: Path | None
    port: int
    url_owner: str
    url_web: str
    url_bootstrap: str
    data_dir: Path | None
    pid: int | None
    attached: bool
    may_write: bool = True
    said_zh: str = ""
    said_en: str = ""


@dataclass(frozen=True)
class Status:
    """`state`: external, absent, stopped, starting, running. Sizes in bytes."""

    state: str
    data_dir: Path | None
    pid: int | None = None
    socket_dir: Path | None = None
    data_version: str = ""
    account: str = ""
    free: int = 0
    reserve: int = 0
    may_write: bool = True
    throwaway: bool = False


def ensure(data_dir: Path, *, throwaway: bool = False, patience: float = PATIENCE) -> Server:
    """This will give a running server: the one that runs, else the one that is there, else a new one.

    `throwaway` is for tests: no fsync, no reserve, a folder of its own that a real start refuses.
    :raises DatabaseUnavailable: one sentence in two languages; nothing that was there is lost
    """
    if url := os.environ.get("JISHI_DATABASE_URL"):
        return _external(url)
    layout = layouts.settle(data_dir)
    with locks.supervising(layout.lock, patience=patience):
        return ensure_locked(layout, throwaway=throwaway, patience=patience)


def ensure_locked(layout: Layout, *, throwaway: bool, patience: float) -> Server:
    """This will do the work of `ensure` for a caller that holds the supervisor's lock."""
    set_purpose(layout, throwaway=throwaway)
    found = postmaster.running(layout.data)
    if found and found.is_ready and (found.socket_dir / f".s.PGSQL.{found.port}").exists():
        return _attached(layout, found, throwaway=throwaway)
    if found:
        postmaster.stop(layout.data, found.pid)
    layouts.make_inner(layout)
    return _started(layout, throwaway=throwaway, patience=patience)


def stop(data_dir: Path, *, patience: float = PATIENCE) -> bool:
    """This will stop the server within ten seconds, ending its clients; False if none was running.

    :raises DatabaseUnavailable: not_stopped, start_in_progress, folder_of_another_user
    """
    layout = layouts.find(data_dir)
    if layout is None:
        return False
    with locks.supervising(layout.lock, patience=patience):
        was_running = stop_locked(layout)
    if layout.folder != layout.asked and purpose_of(layout) == "throwaway":
        shutil.rmtree(layout.folder, ignore_errors=True)
        (layout.asked / "elsewhere").unlink(missing_ok=True)
    return was_running


def stop_locked(layout: Layout) -> bool:
    """This will do the work of `stop` for a caller that holds the supervisor's lock."""
    found = postmaster.running(layout.data)
    if found is None:
        return False
    postmaster.stop(layout.data, found.pid)
    # Its logger lives a moment longer: who deletes or copies the folder next must not meet it.
    os.close(postmaster.wait_for_the_last(layout.alive, folders=(), patience=postmaster.FAST))
    return True


def status(data_dir: Path) -> Status:
    """This will say how it stands, changing nothing and waiting for nobody."""
    if os.environ.get("JISHI_DATABASE_URL"):
        return Status("external", None)
    layout = layouts.find(data_dir)
    if layout is None:
        return Status("absent", Path(data_dir))
    found = postmaster.running(layout.data)
    version = _data_version(layout.data)
    state = "stopped" if version else "absent"
    if found or locks.is_alive(layout.alive):
        state = "running" if found and found.is_ready else "starting"
    return Status(
        state, layout.folder, found.pid if found else None, found.socket_dir if found else None, version,
        layout.account.name, space.free(layout.folder), space.size_of(layout.reserve),
        configuration.may_write(layout), purpose_of(layout) == "throwaway",
    )  # fmt: skip


def attend(data_dir: Path) -> bool:
    """This will look at the disk and pause or resume writing, and renew passwords that are thirty days old
    (a worker calls it every minute); True if it may write."""
    layout = layouts.find(data_dir)
    if layout is None or purpose_of(layout) == "throwaway":
        return True
    with locks.supervising(layout.lock, patience=PATIENCE):
        found = postmaster.running(layout.data)
        return _attend(layout, found) if found else True


def _attend(layout: Layout, found: PidFile) -> bool:
    may_write = space.keep(layout.reserve, space.asked())
    if may_write != configuration.may_write(layout):
        wanted = Wanted(found.socket_dir, throwaway=False, may_write=may_write)
        configuration.write(layout, wanted, major=int(_data_version(layout.data)))
        os.kill(found.pid, signal.SIGHUP)
    if may_write and roles.are_old(layout, time.time()):
        from . import cluster  # noqa: PLC0415  as in `_make_whole`; once in thirty days

        cluster.renew_passwords(_url(layout, found, BOOTSTRAP), layout)
    return may_write


def _attached(layout: Layout, found: PidFile, *, throwaway: bool) -> Server:
    if roles.read(layout) is None:
        postmaster.stop(layout.data, found.pid)
        return _started(layout, throwaway=throwaway, patience=PATIENCE)
    may_write = True if throwaway else _attend(layout, found)
    return _server(layout, found, attached=True, may_write=may_write)


def _started(layout: Layout, *, throwaway: bool, patience: float) -> Server:
    half = (layout.fresh, layout.restored)
    with ExitStack() as held:
        alive = postmaster.wait_for_the_last(
            layout.alive, folders=half, patience=min(patience, postmaster.FAST)
        )
        held.callback(os.close, alive)
        finish_swap(layout)
        for folder in half:
            shutil.rmtree(folder, ignore_errors=True)
        may_write = (
            True if throwaway or not layout.data.exists() else space.keep(layout.reserve, space.asked())
        )
        programs = programs_of.find(layout)
        _make_whole(layout, programs, alive=alive, throwaway=throwaway, patience=patience)
        at = layouts.socket_folder(layout)
        wanted = Wanted(at, throwaway, may_write=may_write)
        conf = configuration.write(layout, wanted, major=programs.major)
        found = postmaster.start(
            layout, programs, layout.data, conf, socket_dir=at, alive=alive, patience=patience,
            throwaway=throwaway
        )  # fmt: skip
    if not throwaway and may_write:
        space.keep(layout.reserve, space.asked())
    return _server(layout, found, attached=False, may_write=may_write)


def _make_whole(layout: Layout, programs: Programs, *, alive: int, throwaway: bool, patience: float) -> None:
    """This will see that there is a cluster of these programs with known passwords, making what is
    missing."""
    if layout.data.exists():
        must_fit(layout.data, programs)
        if roles.read(layout) is not None:
            return
    from . import cluster  # noqa: PLC0415  psycopg takes 0.3 s to load: attaching and starting do without

    if not layout.data.exists():
        cluster.create(layout, programs, alive=alive, throwaway=throwaway, patience=patience)
        return
    with cluster.private(
        layout, programs, layout.data, alive=alive, throwaway=throwaway, patience=patience
    ) as at:
        cluster.set_passwords(at, roles.make(layout))


def must_fit(data: Path, programs: Programs) -> None:
    """This will refuse, before anything is touched, data that is not whole or of another major version.

    :raises DatabaseUnavailable: data_damaged, data_of_another_version
    """
    version = _data_version(data)
    if not version or not (data / "global" / "pg_control").is_file():
        raise unavailable("data_damaged", folder=data, reason="PG_VERSION / pg_control")
    if version != str(programs.major):
        raise unavailable("data_of_another_version", data=version, programs=programs.version)


def finish_swap(layout: Layout) -> None:
    """This will finish a restore that was interrupted between its two renames, so that no empty cluster is
    made."""
    if not layout.swap.exists():
        return
    kept = layout.folder / layout.swap.read_text("ascii").strip()
    if layout.restored.exists():
        if not kept.exists():
            layout.data.rename(kept)
        layout.restored.rename(layout.data)
    layout.swap.unlink()


def _server(layout: Layout, found: PidFile, *, attached: bool, may_write: bool) -> Server:
    said_zh, said_en = _said(layout, may_write=may_write)
    return Server(
        found.socket_dir,
        found.port,
        _url(layout, found, OWNER),
        _url(layout, found, WEB),
        _url(layout, found, BOOTSTRAP),
        layout.folder,
        found.pid,
        attached,
        may_write,
        said_zh,
        said_en,
    )


def _url(layout: Layout, found: PidFile, role: str) -> str:
    at, passfile = (quote(os.fsencode(path), safe="") for path in (found.socket_dir, roles.file(layout, role)))
    return f"postgresql://{role}@/jishi?host={at}&port={found.port}&passfile={passfile}"


def _said(layout: Layout, *, may_write: bool) -> tuple[str, str]:
    zh, en = [], []
    if layout.folder != layout.asked:
        zh.append(f"账号“{layout.account.name}”进不了“{layout.asked}”,数据放在“{layout.folder}”。")
        en.append(
            f'The account "{layout.account.name}" cannot reach "{layout.asked}"; data is '
            f'in "{layout.folder}".'
        )
    if not may_write:
        zh.append("存储空间不足,暂停写入;腾出空间后自动恢复。")
        en.append("Storage is low; writing is paused and resumes by itself when there is space.")
    return "".join(zh), " ".join(en)


def _external(url: str) -> Server:
    web = os.environ.get("JISHI_DATABASE_WEB_URL", url)
    return Server(
        None, 0, url, web, os.environ.get("JISHI_DATABASE_BACKUP_URL", ""), None, None, attached=True
    )


def purpose_of(layout: Layout) -> str:
    try:
        return layout.purpose.read_text("ascii").strip()
    except OSError:
        return ""


def set_purpose(layout: Layout, *, throwaway: bool) -> None:
    """This will keep throwaway and real clusters apart for good: neither may turn into the other.

    :raises DatabaseUnavailable: throwaway_folder, folder_not_writable
    """
    wanted, found = "throwaway" if throwaway else "real", purpose_of(layout)
    if found and found != wanted:
        raise unavailable("throwaway_folder", folder=layout.folder)
    if not found:
        try:
            layout.purpose.write_text(wanted + "\n", "ascii")
        except OSError as error:
            raise unavailable("folder_not_writable", folder=layout.folder) from error


def _data_version(data: Path) -> str:
    try:
        return (data / "PG_VERSION").read_text("ascii").strip()
    except OSError:
        return ""

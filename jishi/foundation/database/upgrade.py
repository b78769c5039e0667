"""A new major version: dumped with the old programs, restored into a cluster of the new ones, then the names swap.

Until the swap the old data stands untouched and the old programs start it; after it the old folder is kept beside.
Killed at any step, what is there is the old platform or the new one that was verified, never a half.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg

from . import cluster, locks, postmaster, roles, safekeeping, space, supervisor
from . import layout as layouts
from . import programs as programs_of
from .layout import Layout
from .programs import Programs
from .roles import BOOTSTRAP
from .unavailable import unavailable

STEPS = ("room", "dump", "check", "new", "restore", "verify", "swap", "done")
ROOM = 2.5  # times the size of the data
DUMP = "upgrade.dump"


@dataclass(frozen=True)
class Upgraded:
    """`kept` is the folder of the old cluster; `rows` counted before and found after."""

    kept: Path | None
    old: str
    new: str
    tables: int
    rows: int


def upgrade(
    data_dir: Path, old_bin: Path | None = None, *, told: Callable[[str], None] = lambda step: None,
    patience: float = supervisor.PATIENCE,
) -> Upgraded:  # fmt: skip
    """This will bring the data of `data_dir` into a cluster of the programs that are found now.

    `old_bin` holds the programs that made the data; without it those found now, which rebuilds the cluster within
    its version. `told` hears each of STEPS as it begins. The server is stopped afterwards.
    :raises DatabaseUnavailable: no_database, data_of_another_version, no_space, upgrade_failed
    """
    layout = layouts.find(data_dir)
    if layout is None or not layout.data.exists():
        raise unavailable("no_database", folder=data_dir)
    with locks.supervising(layout.lock, patience=patience):
        old = _programs(layout, old_bin)
        told("room")
        supervisor.must_fit(layout.data, old)
        _must_have_room(layout)
        dump = layout.folder / DUMP
        try:
            before = _dumped(layout, old_bin, old, dump, told, patience)
            return _rebuilt(layout, old, dump, before, told, patience)
        except (OSError, subprocess.SubprocessError, psycopg.Error) as error:
            raise unavailable("upgrade_failed", reason=str(error).splitlines()[0]) from error
        finally:
            dump.unlink(missing_ok=True)
            shutil.rmtree(layout.fresh, ignore_errors=True)


def _dumped(
    layout: Layout, old_bin: Path | None, old: Programs, dump: Path, told: Callable[[str], None], patience: float
) -> dict[str, int]:
    """This will write the dump with the old programs and give how many rows each table has."""
    told("dump")
    throwaway = supervisor.purpose_of(layout) == "throwaway"
    with _found_at(old_bin):
        server = supervisor.ensure_locked(layout, throwaway=throwaway, patience=patience)
        at = server.socket_dir or layout.own_run
        try:
            with psycopg.connect(server.url_bootstrap, autocommit=True) as connection:
                before = counted(connection)
            passwords = {"PGPASSFILE": str(roles.file(layout, BOOTSTRAP))}
            where = ["-h", str(at), "-p", str(layouts.PORT), "-U", BOOTSTRAP, "-w"]
            _must_run([old.path("pg_dump"), *where, "-Fc", "-Z1", "-f", str(dump), cluster.DATABASE], passwords)
            dump.chmod(0o600)
        finally:
            supervisor.stop_locked(layout)
    told("check")
    listed = _must_run([old.path("pg_restore"), "--list", str(dump)], {})
    if listed.count("TABLE DATA") < len(before):
        raise unavailable("upgrade_failed", reason=f"{DUMP}: {listed.count('TABLE DATA')} of {len(before)} tables")
    return before


def _rebuilt(
    layout: Layout, old: Programs, dump: Path, before: dict[str, int], told: Callable[[str], None], patience: float
) -> Upgraded:
    """This will fill a new cluster aside, count it, and swap the names."""
    new = programs_of.find(layout)
    throwaway = supervisor.purpose_of(layout) == "throwaway"
    alive = postmaster.wait_for_the_last(layout.alive, folders=(layout.fresh,), patience=postmaster.FAST)
    try:
        supervisor.finish_swap(layout)
        shutil.rmtree(layout.fresh, ignore_errors=True)
        told("new")
        words = roles.read(layout) or roles.make(layout)
        cluster.make_aside(layout, new, words, alive=alive, throwaway=throwaway, patience=patience)
        with cluster.private(layout, new, layout.fresh, alive=alive, throwaway=throwaway, patience=patience) as at:
            told("restore")
            where = ["-h", str(at), "-p", str(layouts.PORT), "-U", BOOTSTRAP, "-w", "-d", cluster.DATABASE]
            _must_run([new.path("pg_restore"), *where, "--exit-on-error", str(dump)], {})
            told("verify")
            with psycopg.connect(host=str(at), port=layouts.PORT, user=BOOTSTRAP, dbname=cluster.DATABASE) as found:
                after = counted(found)
            cluster.must_answer(at)
            cluster.promise(at)
        if after != before:
            differ = sorted(set(before.items()) ^ set(after.items()))
            raise unavailable("upgrade_failed", reason=f"{differ[0][0]}: {before.get(differ[0][0])}")
    finally:
        os.close(alive)
    told("swap")
    layout.fresh.rename(layout.restored)
    kept = safekeeping.swap(layout)
    told("done")
    return Upgraded(kept, old.version, new.version, len(after), sum(after.values()))


def counted(connection: psycopg.Connection[tuple[object, ...]]) -> dict[str, int]:
    """This will count the rows of every table of ours."""
    tables = connection.execute(
        "select quote_ident(n.nspname) || '.' || quote_ident(c.relname) from pg_class c join pg_namespace n on n.oid = "
        "c.relnamespace where c.relkind = 'r' and n.nspname not in ('pg_catalog', 'information_schema')"
    ).fetchall()
    found = {}
    for (name,) in tables:
        row = connection.execute(f"select count(*) from {name}").fetchone()
        found[str(name)] = int(str(row[0])) if row else 0
    return found


def _programs(layout: Layout, folder: Path | None) -> Programs:
    with _found_at(folder):
        return programs_of.find(layout)


@contextmanager
def _found_at(folder: Path | None) -> Iterator[None]:
    """This will let the programs of `folder` be found for a while."""
    before = os.environ.get("JISHI_PG_BIN")
    if folder is not None:
        os.environ["JISHI_PG_BIN"] = str(folder)
    try:
        yield
    finally:
        if folder is not None:
            os.environ.pop("JISHI_PG_BIN", None)
            if before is not None:
                os.environ["JISHI_PG_BIN"] = before


def _must_have_room(layout: Layout) -> None:
    size = sum(path.lstat().st_size for path in layout.data.rglob("*") if path.is_file())
    needed, free = int(size * ROOM), space.free(layout.folder)
    if free < needed:
        raise unavailable("no_space", folder=layout.folder, needed=needed >> 20, free=free >> 20)


def _must_run(command: list[str], more: dict[str, str]) -> str:
    said = safekeeping.ran(command, postmaster.surroundings() | more)
    if said.returncode:
        raise unavailable("upgrade_failed", reason=safekeeping.last_words(said))
    return said.stdout

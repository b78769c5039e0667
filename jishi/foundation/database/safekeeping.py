"""Keeping a copy, and bringing it back: a base copy with the write-ahead log that makes it whole.

A base copy holds every role, database, sequence and byte of the cluster at one moment; PostgreSQL's own
tool writes a manifest with a SHA-256 of each file, and its own verifier reads it again. It belongs to one
major version.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from . import layout as layouts
from . import locks, postmaster, roles, supervisor
from . import programs as programs_of
from .layout import Layout
from .programs import Programs
from .roles import BOOTSTRAP
from .unavailable import unavailable

BASE = "base"
FACTS = "backup.json"
LEFT_OUT = shutil.ignore_patterns("postmaster.pid", "postmaster.opts", "current_logfiles")


@dataclass(frozen=True)
class Backup:
    """`taken_at` is UTC, ISO 8601; `size` in bytes. What it holds is not encrypted: it is a folder 0700."""

    folder: Path
    taken_at: str
    version: str
    size: int


def backup(data_dir: Path, to: Path, *, patience: float = supervisor.PATIENCE) -> Backup:
    """This will keep a verified copy in the new folder `to`; clients go on working meanwhile.

    A database that was stopped is stopped again afterwards.
    :raises DatabaseUnavailable: no_database, backup_folder_not_empty, backup_failed, and those of `ensure`
    """
    layout = _existing(data_dir)
    to = Path(os.path.abspath(to))
    if to.exists() and (not to.is_dir() or any(to.iterdir())):
        raise unavailable("backup_folder_not_empty", folder=to)
    with locks.supervising(layout.lock, patience=patience):
        was_running = postmaster.running(layout.data) is not None
        throwaway = supervisor.purpose_of(layout) == "throwaway"
        server = supervisor.ensure_locked(layout, throwaway=throwaway, patience=patience)
        try:
            return _kept(layout, programs_of.find(layout), server.socket_dir or layout.own_run, to)
        finally:
            if not was_running:
                supervisor.stop_locked(layout)


def restore(data_dir: Path, source: Path, *, patience: float = supervisor.PATIENCE) -> Path | None:
    """This will put a kept copy in the place of the present data, and name the folder where that is kept
    now.

    The copy is verified, started and asked before anything is swapped; the server is stopped afterwards.
    None if there was no data to keep. Interrupted anywhere, the next start finds either the old data or
    the restored.
    :raises DatabaseUnavailable: backup_not_whole, data_of_another_version, no_space, restore_failed
    """
    layout = layouts.settle(data_dir)
    with locks.supervising(layout.lock, patience=patience), ExitStack() as held:
        supervisor.set_purpose(layout, throwaway=supervisor.purpose_of(layout) == "throwaway")
        layouts.make_inner(layout)
        programs = programs_of.find(layout)
        _verify(programs, source)
        supervisor.must_fit(source / BASE, programs)
        supervisor.stop_locked(layout)
        half = (layout.fresh, layout.restored)
        alive = postmaster.wait_for_the_last(layout.alive, folders=half, patience=postmaster.FAST)
        held.callback(os.close, alive)
        supervisor.finish_swap(layout)
        try:
            _bring_back(layout, programs, source, alive=alive, patience=patience)
        except BaseException:
            shutil.rmtree(layout.restored, ignore_errors=True)
            raise
        return swap(layout)


def facts(source: Path) -> Backup:
    """This will read what a kept copy says of itself.

    :raises DatabaseUnavailable: backup_not_whole
    """
    try:
        told = json.loads((source / FACTS).read_text("utf-8"))
        return Backup(source, str(told["taken_at"]), str(told["version"]), int(told["size"]))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise unavailable("backup_not_whole", folder=source, reason=FACTS) from error


def _kept(layout: Layout, programs: Programs, at: Path, to: Path) -> Backup:
    half = to.with_name(to.name + ".half")
    try:
        to.parent.mkdir(parents=True, exist_ok=True)
        shutil.rmtree(half, ignore_errors=True)
        half.mkdir(mode=0o700)
        _copy(layout, programs, at, half / BASE)
        taken = datetime.now(UTC).isoformat(timespec="seconds")
        size = sum(path.lstat().st_size for path in half.rglob("*") if path.is_file())
        told = {"taken_at": taken, "version": programs.version, "size": size, "form": "base copy"}
        (half / FACTS).write_text(json.dumps(told, indent=1) + "\n", "utf-8")
        half.replace(to)
    except OSError as error:
        shutil.rmtree(half, ignore_errors=True)
        raise unavailable("backup_failed", reason=error.strerror or error) from error
    except BaseException:
        shutil.rmtree(half, ignore_errors=True)
        raise
    return Backup(to, taken, programs.version, size)


def _copy(layout: Layout, programs: Programs, at: Path, to: Path) -> None:
    """This will let PostgreSQL copy itself: with the log of the meantime, synced, each file's SHA-256
    written down."""
    passwords = {"PGPASSFILE": str(roles.file(layout, BOOTSTRAP))}
    asked = ["-h", str(at), "-p", str(layouts.PORT), "-U", BOOTSTRAP, "-w", "-D", str(to)]
    how = ["-X", "stream", "-c", "fast", "--manifest-checksums=SHA256"]
    said = ran([programs.path("pg_basebackup"), *asked, *how], postmaster.surroundings() | passwords)
    if said.returncode:
        raise unavailable("backup_failed", reason=last_words(said))
    said = ran([programs.path("pg_verifybackup"), "-q", str(to)], postmaster.surroundings())
    if said.returncode:
        raise unavailable("backup_failed", reason=last_words(said))


def _verify(programs: Programs, source: Path) -> None:
    facts(source)
    if (source / BASE / "PG_VERSION").is_file():
        # Another major version is said as such, not as damage that its tool's verifier would find.
        supervisor.must_fit(source / BASE, programs)
    said = ran([programs.path("pg_verifybackup"), "-q", str(source / BASE)], postmaster.surroundings())
    if said.returncode:
        raise unavailable("backup_not_whole", folder=source, reason=last_words(said))


def _bring_back(layout: Layout, programs: Programs, source: Path, *, alive: int, patience: float) -> None:
    from . import cluster  # noqa: PLC0415  psycopg is loaded only where it is needed

    needed, free = facts(source).size, shutil.disk_usage(layout.folder).free
    if free < needed + needed // 10:
        raise unavailable("no_space", folder=layout.folder, needed=(needed * 11 // 10) >> 20, free=free >> 20)
    throwaway = supervisor.purpose_of(layout) == "throwaway"
    try:
        shutil.rmtree(layout.restored, ignore_errors=True)
        shutil.copytree(source / BASE, layout.restored, symlinks=True, ignore=LEFT_OUT)
        (layout.restored / "backup_manifest").unlink()
        _hand_over(layout)
        if not throwaway:
            cluster.sync_tree(layout, programs, layout.restored)
    except (OSError, shutil.Error, subprocess.SubprocessError) as error:
        raise unavailable("restore_failed", reason=error) from error
    words = roles.read(layout) or roles.make(layout)
    with cluster.private(
        layout, programs, layout.restored, alive=alive, throwaway=throwaway, patience=patience
    ) as at:
        cluster.set_passwords(at, words)
        cluster.must_answer(at)
        cluster.promise(at)


def _hand_over(layout: Layout) -> None:
    """This will give the copy to the database's account: folders 0700, files 0600. Links are not followed."""
    for folder, _, files in os.walk(layout.restored):
        for path in [Path(folder), *(Path(folder, name) for name in files)]:
            if path.is_symlink():
                continue
            path.chmod(0o700 if path.is_dir() else 0o600)
            if layout.account.dropped:
                os.chown(path, layout.account.uid, layout.account.gid, follow_symlinks=False)


def swap(layout: Layout) -> Path | None:
    """This will swap the names. What is intended is written first: between two renames there is no `data`."""
    from . import cluster  # noqa: PLC0415

    if not layout.data.exists():
        layout.restored.rename(layout.data)
        cluster.sync(layout.folder)
        return None
    kept = f"data.before-{datetime.now(UTC):%Y%m%dT%H%M%S%f}"
    layout.swap.write_text(kept + "\n", "ascii")
    cluster.sync(layout.folder)
    supervisor.finish_swap(layout)
    cluster.sync(layout.folder)
    return layout.folder / kept


def _existing(data_dir: Path) -> Layout:
    layout = layouts.find(data_dir)
    if layout is None or not layout.data.exists():
        raise unavailable("no_database", folder=data_dir)
    return layout


def ran(command: list[str], environment: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    """This will run one of PostgreSQL's programs and give what it said."""
    return subprocess.run(
        command,
        cwd="/",
        env=dict(environment),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        errors="replace",
        umask=0o077,
        check=False,
    )


def last_words(said: subprocess.CompletedProcess[str]) -> str:
    """This will give the last line of complaint."""
    return (said.stderr.strip().splitlines() or ["?"])[-1]

"""A new cluster: made aside, tested, and only then given its name. A half one is thrown away."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
from psycopg import sql

from . import account, configuration, leakproof, postmaster, roles, selftest, space
from . import layout as layouts
from .configuration import Wanted
from .layout import PORT, Layout
from .programs import Programs
from .roles import BOOTSTRAP, OWNER, WEB
from .unavailable import unavailable

DATABASE = "jishi"
ENCODING = ["-E", "UTF8"]
BUILTIN = ["--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C.UTF-8"]
BEFORE_17 = ["--locale-provider=libc", "--locale=C.UTF-8"]
"""With --locale=C the trigram index silently ignores Chinese, so C.UTF-8 in every version."""
GUARDS = ["--data-checksums", "--auth-local=trust", "--auth-host=reject"]


def create(layout: Layout, programs: Programs, *, alive: int, throwaway: bool, patience: float) -> None:
    """This will make, test and name a new cluster of UTF-8, checksums and three roles.

    :raises DatabaseUnavailable: no_space, account_nameless, initdb_failed, self_test_failed,
    folder_not_writable
    """
    account.must_have_a_name(layout.account)
    free = space.free(layout.folder)
    if free < space.FIRST_START:
        raise unavailable("no_space", folder=layout.folder, needed=space.FIRST_START >> 20, free=free >> 20)
    try:
        make_aside(layout, programs, roles.make(layout), alive=alive, throwaway=throwaway, patience=patience)
        layout.fresh.rename(layout.data)
        sync(layout.folder)
    except OSError as error:
        shutil.rmtree(layout.fresh, ignore_errors=True)
        raise unavailable("folder_not_writable", folder=layout.folder) from error
    except BaseException:
        shutil.rmtree(layout.fresh, ignore_errors=True)
        raise


def make_aside(
    layout: Layout, programs: Programs, words: dict[str, str], *, alive: int, throwaway: bool, patience: float
) -> None:
    """This will make and test a new cluster in `data.new`, with roles of these passwords; its name comes later."""
    layouts.give(layout.fresh, layout.account)
    _initdb(layout, programs, alive=alive, throwaway=throwaway)
    with private(layout, programs, layout.fresh, alive=alive, throwaway=throwaway, patience=patience) as at:
        _make_roles(at, words)
        _make_database(at)
        promise(at)
        with _connected(at, DATABASE) as connection:
            selftest.run(connection, major=programs.major)


def set_passwords(at: Path, words: dict[str, str]) -> None:
    """This will give each role its password, hashed here so that the server never sees it."""
    with _connected(at, "postgres") as connection:
        for role, word in words.items():
            _set_password(connection, role, word)


def renew_passwords(url: str, layout: Layout) -> bool:
    """This will give each role of a running server a new password, its file right after it.

    What is open stays open. False: the server cannot be reached, or refuses; what was not renewed holds. Where it goes
    away in between, new files stay beside the old ones, and the next start sets all anew.
    """
    connection = None
    try:
        connection = psycopg.connect(url, autocommit=True, connect_timeout=10)
        words = roles.prepare(layout)
        for role in (WEB, OWNER, BOOTSTRAP):
            _set_password(connection, role, words[role])
            roles.adopt(layout, role)
    except psycopg.Error:
        if connection is not None and not connection.broken:
            roles.forget(layout)
        return False
    finally:
        if connection is not None:
            connection.close()
    return True


def _set_password(connection: psycopg.Connection[tuple[object, ...]], role: str, word: str) -> None:
    hashed = connection.pgconn.encrypt_password(word.encode(), role.encode(), b"scram-sha-256").decode()
    connection.execute(sql.SQL("alter role {} password {}").format(sql.Identifier(role), hashed))


def promise(at: Path) -> None:
    """This will mark the functions of the text index in our database, and in the template of those made later."""
    for name in (DATABASE, "template1"):
        with _connected(at, name) as connection:
            leakproof.mark(connection)


def must_answer(at: Path) -> None:
    """This will read every row of the catalogue that the platform needs, in a cluster brought back from a
    copy.

    :raises DatabaseUnavailable: self_test_failed
    """
    try:
        with _connected(at, DATABASE) as connection:
            found = connection.execute("select count(*) from pg_class where relkind in ('r', 'p')").fetchone()
            checked = connection.execute("show data_checksums").fetchone()
    except psycopg.Error as error:
        raise unavailable("self_test_failed", reason=str(error).splitlines()[0]) from error
    if not found or not checked or checked[0] != "on":
        raise unavailable("self_test_failed", reason="no data checksums")


@contextmanager
def private(
    layout: Layout, programs: Programs, data: Path, *, alive: int, throwaway: bool, patience: float
) -> Iterator[Path]:
    """This will run a server that only we reach, without passwords, in a socket folder of its own, and
    stop it."""
    at = layouts.private_socket_folder(layout)
    wanted = Wanted(at, throwaway, is_private=True)
    conf = configuration.write(layout, wanted, major=programs.major)
    started = postmaster.start(
        layout, programs, data, conf, socket_dir=at, alive=alive, patience=patience, throwaway=throwaway
    )
    try:
        yield at
    finally:
        postmaster.stop(data, started.pid)
        shutil.rmtree(at, ignore_errors=True)


def sync(folder: Path) -> None:
    """This will make a rename in the folder last through a power cut."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def sync_tree(layout: Layout, programs: Programs, data: Path) -> None:
    """This will bring every file of a copied cluster to the disk before its name says that it is whole."""
    subprocess.run(
        [programs.path("initdb"), "--sync-only", "-D", str(data)],
        cwd="/",
        env=postmaster.surroundings(),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=True,
        **layout.account.dropping(),
    )


def _initdb(layout: Layout, programs: Programs, *, alive: int, throwaway: bool) -> None:
    locale = BUILTIN if programs.major >= 17 else BEFORE_17
    said = subprocess.run(
        [programs.path("initdb"), "-D", str(layout.fresh), "-U", BOOTSTRAP, *ENCODING, *locale, *GUARDS,
         "--no-instructions", *(["--no-sync"] if throwaway else [])],
        cwd="/", stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace", check=False,
        env=postmaster.surroundings(), pass_fds=(alive,), umask=0o077, **layout.account.dropping(),
    )  # fmt: skip
    if said.returncode:
        words = said.stderr + said.stdout
        if any(sign in words for sign in ("No space left", "Disk quota", "File too large")):
            free = space.free(layout.folder)
            raise unavailable(
                "no_space", folder=layout.folder, needed=space.FIRST_START >> 20, free=free >> 20
            )
        loud = [line for line in words.splitlines() if "error:" in line.lower() or "FATAL" in line]
        raise unavailable("initdb_failed", reason=(loud or words.splitlines() or ["?"])[0].strip())


def _make_roles(at: Path, words: dict[str, str]) -> None:
    """This will make owner and web: neither is a superuser, neither bypasses row security; owner may
    become web."""
    with _connected(at, "postgres") as connection:
        plain = "login nosuperuser nobypassrls nocreaterole noreplication"
        connection.execute(f"create role {OWNER} {plain} createdb")
        connection.execute(f"create role {WEB} {plain} nocreatedb")
        connection.execute(f"grant {WEB} to {OWNER}")
    set_passwords(at, words)


def _make_database(at: Path) -> None:
    """This will make the database of the owner; web may connect and use temporary tables (bulk writes need
    them)."""
    with _connected(at, "postgres") as connection:
        connection.execute(f"create database {DATABASE} owner {OWNER} template template0")
        connection.execute(f"revoke all on database {DATABASE} from public")
        connection.execute(f"grant connect, temporary on database {DATABASE} to {WEB}")
        connection.execute("revoke all on database postgres from public")
        connection.execute(f"grant connect on database postgres to {OWNER}")


def _connected(at: Path, database: str) -> psycopg.Connection[tuple[object, ...]]:
    return psycopg.connect(host=str(at), port=PORT, user=BOOTSTRAP, dbname=database, autocommit=True)

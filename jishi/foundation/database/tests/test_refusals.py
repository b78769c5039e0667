from __future__ import annotations

import os
import resource
import string
import subprocess
from pathlib import Path

import psycopg
import pytest

from jishi.foundation import database
from jishi.foundation.database import DatabaseUnavailable, account, layout, selftest, supervisor
from jishi.foundation.database import cluster as clusters
from jishi.foundation.database.unavailable import SENTENCES, unavailable

from .folders import IS_ROOT, ORDINARY, a_copy, as_ordinary, ask, listing

MIB = 1024 * 1024


@pytest.fixture
def small_disk(folder):
    """A file system of 320 MiB, where this account may mount one; elsewhere None."""
    place = folder / "small"
    place.mkdir(mode=0o711)
    options = ["-t", "tmpfs", "-o", "size=320m,mode=0711", "jishi-test", str(place)]
    mounted = subprocess.run(["mount", *options], capture_output=True, check=False).returncode == 0
    yield place if mounted else None
    if mounted:
        database.stop(place)
        subprocess.run(["umount", "-l", str(place)], check=True)


def fill(folder: Path, *, leave: int) -> Path:
    ballast = folder / "ballast"
    free = os.statvfs(folder).f_bavail * os.statvfs(folder).f_frsize
    with open(ballast, "wb") as out:
        os.posix_fallocate(out.fileno(), 0, free - leave)
    return ballast


class TestEverySentence:
    def test_is_said_in_both_languages_with_the_same_facts(self):
        for code, (zh, en) in SENTENCES.items():
            facts = [{name for _, name, _, _ in string.Formatter().parse(text) if name} for text in (zh, en)]
            assert facts[0] == facts[1], code
            said = unavailable(code, **dict.fromkeys(facts[0], "X"))
            assert (said.code, "{" in said.sentence_zh + said.sentence_en) == (code, False)
            assert any("\u4e00" <= letter <= "\u9fff" for letter in said.sentence_zh)


class TestAReadOnlyFolder:
    def test_is_refused_before_anything_is_made(self, ordinary):
        ordinary.chmod(0o500)

        with pytest.raises(DatabaseUnavailable) as refused:
            as_ordinary(lambda: database.ensure(ordinary))

        assert refused.value.code == "folder_not_writable"
        assert list(ordinary.iterdir()) == []

    def test_with_data_in_it_loses_nothing(self, ordinary):
        as_ordinary(lambda: database.ensure(ordinary))
        as_ordinary(lambda: database.stop(ordinary))
        (ordinary / "data").chmod(0o500)
        before = listing(ordinary / "data")

        with pytest.raises(DatabaseUnavailable) as refused:
            as_ordinary(lambda: database.ensure(ordinary))

        assert refused.value.code == "folder_not_writable"
        assert listing(ordinary / "data") == before
        (ordinary / "data").chmod(0o700)

    def test_that_is_a_file_is_refused(self, folder):
        (folder / "file").touch()

        with pytest.raises(DatabaseUnavailable, match="folder_not_writable"):
            database.ensure(folder / "file")


class TestAFullDisk:
    def test_at_the_first_start_leaves_no_half(self, ordinary):
        """The kernel refuses a file's growth past a limit with the same answer as a full disk gives."""

        def start() -> None:
            resource.setrlimit(resource.RLIMIT_FSIZE, (12 * MIB, 12 * MIB))
            database.ensure(ordinary)

        with pytest.raises(DatabaseUnavailable) as refused:
            as_ordinary(start)

        assert refused.value.code == "no_space"
        assert not (ordinary / "data").exists()
        assert not (ordinary / "data.new").exists()

    def test_before_the_first_start_is_said_with_numbers(self, small_disk):
        if small_disk is None:
            assert clusters.space.FIRST_START >= 100 * MIB
            return
        fill(small_disk, leave=60 * MIB)

        with pytest.raises(DatabaseUnavailable) as refused:
            database.ensure(small_disk)

        assert refused.value.code == "no_space"
        assert "160 MiB" in refused.value.sentence_en
        assert not (small_disk / "data.new").exists()

    def test_releases_the_reserve_reads_only_and_recovers_by_itself(self, small_disk, template, folder):
        place = small_disk or folder / "plain"
        place.mkdir(exist_ok=True)
        a_copy(template, place)
        if small_disk is None:
            pytest.MonkeyPatch().setenv("JISHI_RESERVE_MIB", str(1 << 30))
            assert database.ensure(place).may_write is False
            return
        ballast = fill(place, leave=0)

        low = database.ensure(place)
        with pytest.raises(psycopg.errors.ReadOnlySqlTransaction):
            ask(low.url_owner, "insert into kept values (2)")
        read = ask(low.url_owner, "select n from kept")
        ballast.unlink()
        well = database.ensure(place)

        assert (low.may_write, read) == (False, [(1,)])
        assert "paused" in low.said_en
        assert "暂停写入" in low.said_zh
        assert (well.may_write, well.pid, well.said_zh) == (True, low.pid, "")
        ask(well.url_owner, "insert into kept values (2)")
        assert database.status(place).reserve >= 8 * MIB

    def test_while_it_runs_pauses_writing(self, cluster, monkeypatch):
        server = database.ensure(cluster)
        monkeypatch.setenv("JISHI_RESERVE_MIB", str(1 << 30))

        paused = database.attend(cluster)
        monkeypatch.setenv("JISHI_RESERVE_MIB", "8")
        resumed = database.attend(cluster)

        assert (paused, resumed) == (False, True)
        assert ask(server.url_owner, "select 1") == [(1,)]


class TestDataThatDoesNotFit:
    def test_of_another_version_is_refused_and_untouched(self, cluster):
        (cluster / "data" / "PG_VERSION").write_text("17\n")
        before = listing(cluster / "data")

        with pytest.raises(DatabaseUnavailable) as refused:
            database.ensure(cluster)

        assert refused.value.code == "data_of_another_version"
        assert "PostgreSQL 17" in refused.value.sentence_en
        assert listing(cluster / "data") == before

    def test_that_is_not_whole_is_never_replaced_by_an_empty_one(self, cluster):
        (cluster / "data" / "global" / "pg_control").unlink()
        before = listing(cluster / "data")

        with pytest.raises(DatabaseUnavailable, match="data_damaged"):
            database.ensure(cluster)

        assert listing(cluster / "data") == before

    def test_of_another_account_is_refused(self, ordinary, monkeypatch):
        (ordinary / "data").mkdir(mode=0o700)

        with pytest.raises(DatabaseUnavailable, match="folder_of_another_user"):
            if IS_ROOT:
                as_ordinary(lambda: database.ensure(ordinary))
            else:  # who is not root cannot give a folder away: somebody else asks
                somebody = os.geteuid() + 1
                monkeypatch.setattr(account.os, "geteuid", lambda: somebody)
                account.choose(ordinary / "data")


class TestPrograms:
    def test_that_are_missing_are_named(self, folder, monkeypatch):
        monkeypatch.setenv("JISHI_PG_BIN", str(folder / "nothing"))

        with pytest.raises(DatabaseUnavailable) as refused:
            database.ensure(folder)

        assert refused.value.code == "binaries_missing"
        assert str(folder / "nothing") in refused.value.sentence_zh

    @pytest.mark.parametrize(
        ("says", "code"), [("echo postgres 14.9", "version_too_old"), ("exit 3", "binaries_do_not_run")]
    )
    def test_that_cannot_serve_are_refused(self, folder, monkeypatch, says, code):
        bin = folder / "bin"
        bin.mkdir(mode=0o755)
        for name in ("postgres", "initdb"):
            (bin / name).write_text(f"#!/bin/sh\n{says}\n")
            (bin / name).chmod(0o755)
        monkeypatch.setenv("JISHI_PG_BIN", str(bin))

        with pytest.raises(DatabaseUnavailable, match=code):
            database.ensure(folder / "database")


class TestTheSocket:
    def test_of_a_long_path_moves_to_a_short_folder_of_ours(self, folder, template):
        long = folder / ("长路径 with 'quotes\" and spaces " * 3) / "x"
        long.mkdir(parents=True, mode=0o711)

        server = database.ensure(a_copy(template, long))

        assert len(os.fsencode(server.socket_dir / ".s.PGSQL.5432")) <= 107
        assert not server.socket_dir.is_relative_to(long)
        assert server.socket_dir.stat().st_mode & 0o777 == 0o700
        assert ask(server.url_owner, "select n from kept") == [(1,)]
        assert database.ensure(long).pid == server.pid

    def test_folder_of_another_account_is_refused(self, ordinary, monkeypatch):
        runtime = ordinary / "runtime"
        runtime.mkdir()
        if IS_ROOT:
            os.chown(runtime, ORDINARY.pw_uid, ORDINARY.pw_gid)
            (runtime / "jishi").mkdir()
        else:
            (runtime / "jishi").symlink_to("/")
        monkeypatch.setenv("XDG_RUNTIME_DIR", str(runtime))
        long = ordinary / ("x" * 100)

        with pytest.raises(DatabaseUnavailable) as refused:
            as_ordinary(lambda: database.ensure(long))

        assert refused.value.code == "socket_folder_foreign"
        assert not (long / "data").exists()


class TestTheSelfTest:
    def test_finds_a_web_role_that_sees_everything(self, cluster):
        server = database.ensure(cluster)
        ask(server.url_bootstrap, "alter role jishi_web bypassrls")

        with (
            psycopg.connect(server.url_bootstrap, autocommit=True) as connection,
            pytest.raises(DatabaseUnavailable, match="row security does not hold"),
        ):
            selftest.run(connection, major=18)

    def test_finds_a_database_that_ignores_chinese(self, cluster):
        server = database.ensure(cluster)
        ask(
            server.url_bootstrap,
            "create database deaf template template0 locale_provider libc locale 'C' encoding 'UTF8'",
        )
        url = server.url_bootstrap.replace("/jishi?", "/deaf?")

        with psycopg.connect(url, autocommit=True) as connection:
            assert selftest.encoding(connection) == "encoding UTF8, locale C"
            assert selftest.letters(connection) == "letters outside ASCII are not letters"
            with connection.transaction(force_rollback=True):
                assert selftest.trigrams(connection) == "trigrams ignore Chinese"

    def test_leaves_nothing_behind(self, running):
        found = ask(running.url_bootstrap, "select nspname from pg_namespace where nspname ~ 'selftest'")

        assert found == []


def test_layout_of_a_folder_without_a_database_makes_nothing(folder):
    assert layout.find(folder) is None
    assert supervisor.status(folder).state == "absent"
    assert list(folder.iterdir()) == []

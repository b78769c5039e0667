"""The road to another major version, walked within one: interrupted anywhere, the old or the verified new stands."""

from __future__ import annotations

import os
import signal

import pytest

from jishi.foundation import database
from jishi.foundation.database import DatabaseUnavailable
from jishi.foundation.database.upgrade import STEPS, upgrade

from .folders import ask, in_another_process

# Between two of these points lies one step; at night each is tried.
POINTS = STEPS if os.environ.get("JISHI_PROFILE") == "nightly" else ("check", "restore", "swap")
DIE_AT = """
import os, signal, sys
from pathlib import Path
from jishi.foundation.database.upgrade import upgrade
def told(step):
    if step == sys.argv[2]:
        os.kill(os.getpid(), signal.SIGKILL)
upgrade(Path(sys.argv[1]), told=told)
"""
FILL = (
    "create table matters (id bigint generated always as identity primary key, said text not null)",
    "insert into matters (said) select '雨水井堵了 ' || n from generate_series(1, 500) n",
    "create index on matters using gin (to_tsvector('simple', said))",
    "alter table matters enable row level security",
    "alter table matters force row level security",
    "create policy of_all on matters for select to jishi_web using (id % 2 = 0)",
    "grant select on matters to jishi_web",
)


@pytest.fixture
def filled(cluster):
    server = database.ensure(cluster)
    for line in FILL:
        ask(server.url_bootstrap, line)
    database.stop(cluster)
    return cluster


def seen(url: str) -> list[tuple[object, ...]]:
    return ask(url, "select count(*), min(said) from matters")


def test_the_new_cluster_has_every_row_role_and_rule_and_the_old_one_is_kept(filled):
    steps: list[str] = []

    done = upgrade(filled, told=steps.append)
    server = database.ensure(filled)

    assert tuple(steps) == STEPS
    assert done.rows >= 501
    assert seen(server.url_web)[0][0] == 250
    assert ask(server.url_bootstrap, "select n from kept") == [(1,)]
    assert (done.kept / "PG_VERSION").is_file()
    assert not (filled / "upgrade.dump").exists()


@pytest.mark.parametrize("step", POINTS)
def test_killed_at_a_step_leaves_the_old_or_the_new(filled, step):
    child = in_another_process(DIE_AT, str(filled), step)
    child.communicate()

    server = database.ensure(filled)

    assert child.returncode == -signal.SIGKILL
    assert seen(server.url_bootstrap) == [(500, "雨水井堵了 1")]
    assert seen(server.url_web)[0][0] == 250


def test_programs_of_another_version_are_refused_before_anything_is_touched(filled, tmp_path):
    bin_ = tmp_path / "bin"
    bin_.mkdir(mode=0o755)
    for name in ("postgres", "initdb"):
        (bin_ / name).write_text("#!/bin/sh\necho 'postgres (PostgreSQL) 15.4'\n")
        (bin_ / name).chmod(0o755)
    for parent in (p for p in (bin_, *bin_.parents[:-1]) if p.stat().st_uid == os.getuid()):
        parent.chmod(parent.stat().st_mode | 0o055)

    with pytest.raises(DatabaseUnavailable, match="data_of_another_version"):
        upgrade(filled, bin_)

    assert seen(database.ensure(filled).url_bootstrap)[0][0] == 500


def test_data_that_is_not_there_and_a_disk_without_room_are_refused(filled, folder, monkeypatch):
    with pytest.raises(DatabaseUnavailable, match="no_database"):
        upgrade(folder / "nothing")
    monkeypatch.setattr("jishi.foundation.database.space.free", lambda folder: 1 << 20)
    with pytest.raises(DatabaseUnavailable, match="no_space"):
        upgrade(filled)

    assert (filled / "data" / "PG_VERSION").is_file()


def test_a_dump_that_the_new_programs_cannot_read_leaves_the_old_data(filled):
    def spoil(step: str) -> None:
        if step == "new":
            (filled / "upgrade.dump").write_bytes(b"no dump")

    with pytest.raises(DatabaseUnavailable, match="upgrade_failed"):
        upgrade(filled, told=spoil)

    assert seen(database.ensure(filled).url_bootstrap)[0][0] == 500

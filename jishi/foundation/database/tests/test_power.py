"""The power fails while people write: an image of the folder at a random write starts, and holds what was answered.

All processes of the server stand still while the folder is copied, so that the copy is the folder of one moment; it is
started elsewhere. What the machine had not yet written to its disk is not taken away: that needs a disk that lies.
"""

from __future__ import annotations

import os
import signal
import subprocess
import threading
import time
from contextlib import suppress
from pathlib import Path
from random import Random

import psycopg
import pytest

from jishi.foundation import database
from jishi.foundation.database import layout as layouts
from jishi.foundation.database import programs

from .folders import a_copy, a_folder, ask

CUTS = 200 if os.environ.get("JISHI_PROFILE") == "nightly" else 3
WRITERS = 3
# One verb: the noun, its entry with the number after the one before, the news. All or none (I1), without gaps (I3).
TABLES = (
    "create table noun (id int primary key, version int not null)",
    "create table entry (noun int, seq int, primary key (noun, seq))",
    "create table news (noun int, seq int, primary key (noun, seq))",
    f"insert into noun select n, 0 from generate_series(0, {WRITERS - 1}) n",
)


class Writer(threading.Thread):
    """Does one verb after the other on its noun, and remembers what was answered."""

    def __init__(self, url: str, noun: int) -> None:
        super().__init__(daemon=True)
        self.url, self.noun, self.answered, self.ending = url, noun, 0, threading.Event()

    def run(self) -> None:
        with suppress(psycopg.Error), psycopg.connect(self.url) as connection:
            while not self.ending.is_set():
                with connection.transaction():
                    seq = connection.execute(
                        "update noun set version = version + 1 where id = %s returning version", [self.noun]
                    ).fetchone()[0]
                    connection.execute("insert into entry values (%s, %s)", [self.noun, seq])
                    connection.execute("insert into news values (%s, %s)", [self.noun, seq])
                self.answered = seq


def processes(pid: int) -> list[int]:
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [pid, *(int(child) for child in children)]


def image(cluster: Path, pid: int, to: Path, writers: list[Writer]) -> list[int]:
    """Copy the folder of one moment; gives what had been answered before it."""
    stopped: list[int] = []
    try:
        for _ in range(3):  # whoever was started meanwhile
            for each in processes(pid):
                if each not in stopped:
                    os.kill(each, signal.SIGSTOP)
                    stopped.append(each)
        answered = [one.answered for one in writers]
        a_copy(cluster, to)
    finally:
        for each in reversed(stopped):
            with suppress(ProcessLookupError):
                os.kill(each, signal.SIGCONT)
    return answered


def test_every_image_starts_and_holds_what_was_answered_whole(cluster):
    rng = Random(9)
    server = database.ensure(cluster)
    for line in TABLES:
        ask(server.url_owner, line)
    writers = [Writer(server.url_owner, n) for n in range(WRITERS)]
    for one in writers:
        one.start()
    try:
        for cut in range(CUTS):
            before = writers[0].answered
            until = time.monotonic() + 60
            while writers[0].answered < before + rng.randrange(5, 60) and time.monotonic() < until:
                time.sleep(0.001)
            with a_folder() as elsewhere:
                answered = image(cluster, server.pid, elsewhere, writers)
                look_at(elsewhere, answered, cut)
    finally:
        for one in writers:
            one.ending.set()
        for one in writers:
            one.join(timeout=30)
    assert min(one.answered for one in writers) > 0


def look_at(folder: Path, answered: list[int], cut: int) -> None:
    (folder / "data" / "postmaster.pid").unlink(missing_ok=True)  # another machine has other processes
    found = database.ensure(folder)
    rows = ask(
        found.url_owner,
        "select n.version, (select count(*) from entry e where e.noun = n.id), (select max(seq) from entry e where "
        "e.noun = n.id), (select count(*) from news w where w.noun = n.id) from noun n order by n.id",
    )
    database.stop(folder)
    for said, (version, entries, last, news) in zip(answered, rows, strict=True):
        assert version >= said, f"cut {cut}: an answered verb is lost"
        assert (entries, last or 0, news) == (version, version, version), f"cut {cut}: half a verb"
    layout = layouts.settle(folder)
    checked = subprocess.run(
        [programs.find(layout).path("pg_checksums"), "--check", "-D", str(folder / "data")],
        capture_output=True, text=True, check=False, cwd="/", **layout.account.dropping(),
    )  # fmt: skip
    assert checked.returncode == 0, checked.stdout + checked.stderr


def test_a_server_that_is_cut_off_again_and_again_loses_nothing(cluster):
    for turn in range(2 if CUTS == 3 else 40):
        server = database.ensure(cluster)
        if not turn:
            for line in TABLES:
                ask(server.url_owner, line)
        writer = Writer(server.url_owner, 0)
        start = ask(server.url_owner, "select version from noun where id = 0")[0][0]
        writer.start()
        until = time.monotonic() + 60
        while writer.answered < start + 7 * (turn + 1) and time.monotonic() < until:
            time.sleep(0.001)
        os.kill(server.pid, signal.SIGQUIT)  # an immediate stop: as if the machine went, without a checkpoint
        writer.join(timeout=30)

        again = database.ensure(cluster)
        counted = "select version, (select count(*) from entry where noun = 0) from noun where id = 0"
        (row,) = ask(again.url_owner, counted)

        assert row[0] >= writer.answered > start
        assert row[0] == row[1]


@pytest.mark.parametrize("name", ["fsync", "full_page_writes", "synchronous_commit"])
def test_the_server_that_is_tried_here_writes_as_durably_as_a_real_one(running, name):
    assert ask(running.url_owner, f"show {name}") == [("on",)]

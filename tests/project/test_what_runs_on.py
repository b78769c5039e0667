"""A command that had to start the database leaves nothing running; one that somebody uses is never pulled away."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from config.cli import using
from jishi.foundation import database

HERE = Path(__file__).resolve().parents[2]
OURS = ("JISHI_DATABASE_URL", "JISHI_DATABASE_WEB_URL", "JISHI_PG_OWNER", "JISHI_PG_WEB")


def begin(data: Path, code: str) -> "subprocess.Popen[str]":
    """Run Python in the platform of this folder by a command of the program."""
    env = {k: v for k, v in os.environ.items() if k not in OURS}
    env |= {"PYTHONPATH": str(HERE), "JISHI_DATA": str(data), "JISHI_ROLE": "owner"}
    command = [sys.executable, "-m", "config.cli", "manage", "shell", "-v", "0", "-c", code]
    return subprocess.Popen(command, env=env, cwd=HERE, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def passes(data: Path) -> None:
    assert begin(data, "pass").wait(timeout=120) == 0


@pytest.fixture
def stopped(tmp_path, monkeypatch):
    """Give a folder whose database is there and does not run."""
    monkeypatch.delenv("JISHI_DATABASE_URL", raising=False)
    monkeypatch.setenv("JISHI_RESERVE_MIB", "0")
    tmp_path.chmod(0o711)
    server = database.ensure(tmp_path / "database")
    database.stop(tmp_path / "database")
    yield tmp_path
    database.stop(tmp_path / "database")
    shutil.rmtree(server.data_dir, ignore_errors=True)  # root's data may lie elsewhere


def state(folder: Path) -> str:
    return database.status(folder / "database").state


class TestACommand:
    def test_turns_off_what_it_had_to_start(self, stopped):
        passes(stopped)
        assert state(stopped) == "stopped"

    def test_leaves_what_ran_before_it(self, stopped):
        database.ensure(stopped / "database")
        passes(stopped)
        assert state(stopped) == "running"

    def test_that_another_one_still_needs_leaves_it_to_the_last(self, stopped):
        using.enter(stopped)
        passes(stopped)
        assert state(stopped) == "running"

        assert using.leave(stopped)
        assert state(stopped) == "stopped"

    def test_beside_a_platform_that_stays_turns_nothing_off(self, stopped):
        using.enter(stopped)
        database.ensure(stopped / "database")
        using.started(stopped)
        using.stays(stopped)
        passes(stopped)

        assert state(stopped) == "running"
        assert using.leave(stopped)


class TestAPlatformThatEnds:
    def test_waits_for_no_command_in_another_window_and_does_not_pull_the_database_away(self, stopped):
        using.enter(stopped)
        database.ensure(stopped / "database")
        using.stays(stopped)
        other = begin(stopped, "print('here', flush=True); import sys; sys.stdin.read()")
        assert other.stdout is not None
        assert other.stdout.readline() == "here\n"

        assert not using.leave(stopped)
        assert state(stopped) == "running"

        other.communicate(timeout=120)
        assert state(stopped) == "stopped"

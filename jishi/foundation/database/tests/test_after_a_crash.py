from __future__ import annotations

import os
import signal
import subprocess
import time
from pathlib import Path

import psycopg
import pytest

from jishi.foundation import database
from jishi.foundation.database import DatabaseUnavailable, postmaster

from .folders import IS_ROOT, a_copy, a_folder, ask, in_another_process, postmasters_of
from .test_first_start import HOLD, START

START_AND_DIE = START + "\nimport os, signal\nsys.stdout.flush()\nos.kill(os.getpid(), signal.SIGKILL)\n"
SLEEPER = "import sys, time; print('there', flush=True); time.sleep(60)"


def a_stranger(data: Path) -> subprocess.Popen[str]:
    """This will start a living process of the database's own account that is no database."""
    return in_another_process(SLEEPER, user=data.stat().st_uid) if IS_ROOT else in_another_process(SLEEPER)


def write_pid_file(data: Path, pid: int) -> None:
    text = f"{pid}\n{data}\n1700000000\n5432\n{data.parent / 'run'}\n\n 1 1\nready   \n"
    (data / "postmaster.pid").write_text(text)


class TestAKilledServer:
    def test_keeps_what_was_committed(self, cluster):
        server = database.ensure(cluster)
        ask(server.url_owner, "insert into kept values (2)")
        os.kill(server.pid, signal.SIGKILL)

        again = database.ensure(cluster)

        assert again.pid != server.pid
        assert ask(again.url_owner, "select n from kept order by n") == [(1,), (2,)]

    def test_leaves_no_second_postmaster_while_its_backends_still_die(self, cluster):
        server = database.ensure(cluster)
        client = psycopg.connect(server.url_owner)
        client.execute("select 1")
        os.kill(server.pid, signal.SIGKILL)

        again = database.ensure(cluster)

        assert postmasters_of(cluster / "data") == [again.pid]
        client.close()

    def test_is_not_asked_for_by_a_killed_supervisor(self, folder):
        first = in_another_process(START_AND_DIE, str(folder))
        pid = int(first.communicate()[0])

        server = database.ensure(folder)

        assert (first.returncode, server.pid, server.attached) == (-signal.SIGKILL, pid, True)


class TestAStaleNumber:
    def test_pid_reused_by_another_process_is_not_our_database(self, cluster):
        stranger = in_another_process(SLEEPER)
        stranger.stdout.readline()
        write_pid_file(cluster / "data", stranger.pid)

        before = database.status(cluster)
        stopped = database.stop(cluster)
        server = database.ensure(cluster)

        assert (before.state, stopped) == ("stopped", False)
        assert server.pid != stranger.pid
        assert stranger.poll() is None
        stranger.kill()
        stranger.communicate()

    def test_of_a_process_of_the_same_account_is_not_our_database(self, cluster):
        sleeper = subprocess.Popen(["sleep", "60"], cwd="/", **({"user": 65534} if IS_ROOT else {}))
        write_pid_file(cluster / "data", sleeper.pid)

        server = database.ensure(cluster)

        assert ask(server.url_owner, "select n from kept") == [(1,)]
        assert sleeper.poll() is None
        sleeper.kill()
        sleeper.wait()

    def test_of_the_postmaster_of_another_folder_is_not_our_database(self, cluster, template):
        with a_folder() as other:
            neighbour = database.ensure(a_copy(template, other))
            write_pid_file(cluster / "data", neighbour.pid)

            assert database.stop(cluster) is False
            server = database.ensure(cluster)

            assert server.pid != neighbour.pid
            assert ask(neighbour.url_owner, "select 1") == [(1,)]

    def test_of_a_finished_child_is_not_our_database(self, cluster):
        ended = subprocess.Popen(["true"])
        os.waitid(os.P_PID, ended.pid, os.WEXITED | os.WNOWAIT)

        assert postmaster.is_ours(ended.pid, cluster / "data") is False
        ended.wait()


class TestAnInterruptedFirstStart:
    @pytest.mark.parametrize("moment", ["base", "global/pg_control", "postmaster.pid"])
    def test_is_thrown_away_and_made_again(self, folder, moment):
        first = in_another_process(START, str(folder))
        until = time.monotonic() + 20
        while (
            not (folder / "data.new" / moment).exists() and first.poll() is None and time.monotonic() < until
        ):
            time.sleep(0.001)
        first.kill()
        first.communicate()
        half = (folder / "data.new").exists()

        server = database.ensure(folder)

        assert half
        assert not (folder / "data.new").exists()
        assert postmasters_of(folder / "data") == [server.pid]
        assert ask(server.url_owner, "select 1") == [(1,)]


class TestAMovedFolder:
    def test_of_a_running_server_gets_no_second_postmaster(self, folder, template):
        first = database.ensure(a_copy(template, folder / "old"))
        (folder / "old").rename(folder / "new")

        server = database.ensure(folder / "new")

        assert postmasters_of(folder / "new" / "data") == [server.pid]
        assert server.pid != first.pid
        assert ask(server.url_owner, "select n from kept") == [(1,)]


class TestAFolderInUseElsewhere:
    def test_is_left_alone(self, cluster):
        """Another container's processes have numbers that mean nothing here: only the inherited lock
        tells."""
        holder = in_another_process(HOLD, str(cluster / "alive"), stdin=subprocess.PIPE)
        holder.stdout.readline()

        with pytest.raises(DatabaseUnavailable, match="held_elsewhere"):
            database.ensure(cluster, patience=0.2)

        assert database.status(cluster).state == "starting"
        holder.communicate("")
        assert database.ensure(cluster).attached is False


class TestLostPasswords:
    def test_are_set_anew_at_the_next_start(self, cluster):
        (cluster / "secrets" / "jishi_web").unlink()

        server = database.ensure(cluster)

        assert ask(server.url_web, "select current_user") == [("jishi_web",)]
        assert ask(server.url_owner, "select n from kept") == [(1,)]

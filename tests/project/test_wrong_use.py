"""A word of `./dev` that is used wrongly is refused in one sentence, before anything is started, drawn or measured."""

import os
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest
from django.db import OperationalError
from django.test import Client

from benchmarks import run as bench
from config.cli import checking, keeping, running
from config.cli.standing import NO_TOWN
from jishi.accounts.web import tenants
from jishi.foundation import database
from jishi.portal.web import help as help_pages
from tests import guide_pictures

HERE = Path(__file__).resolve().parents[2]


def say(*words: str, data: Path) -> "subprocess.CompletedProcess[str]":
    """Run the program on its own embedded database, as a developer does."""
    ours = ("JISHI_DATABASE_URL", "JISHI_DATABASE_WEB_URL", "JISHI_PG_OWNER", "JISHI_PG_WEB", "JISHI_ROLE")
    env = {k: v for k, v in os.environ.items() if k not in ours} | {"PYTHONPATH": str(HERE), "JISHI_DATA": str(data)}
    command = [sys.executable, "-m", "config.cli", *words]
    return subprocess.run(command, env=env, cwd=HERE, capture_output=True, text=True, timeout=120, check=False)


@pytest.fixture
def embedded(tmp_path, monkeypatch):
    """Give a folder whose database runs and holds nothing."""
    monkeypatch.delenv("JISHI_DATABASE_URL", raising=False)
    monkeypatch.setenv("JISHI_RESERVE_MIB", "0")
    tmp_path.chmod(0o711)
    server = database.ensure(tmp_path / "database")
    yield tmp_path, server
    database.stop(tmp_path / "database")
    shutil.rmtree(server.data_dir, ignore_errors=True)  # root's data may lie elsewhere


class TestUp:
    @pytest.mark.parametrize("port", ["70000", "0", "-1", "abc"])
    def test_refuses_a_port_that_is_none_before_anything_is_started(self, tmp_path, port):
        said = say("up", f"--port={port}", data=tmp_path)

        assert (said.returncode, "1 … 65535" in said.stderr, "Traceback" in said.stderr) == (2, True, False)
        assert not list(tmp_path.iterdir())

    def test_refuses_a_busy_port_before_anything_is_started(self, tmp_path):
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            said = say("up", "--port", str(taken.getsockname()[1]), data=tmp_path)

        assert (said.returncode, "is in use" in said.stderr) == (1, True)
        assert not list(tmp_path.iterdir())

    def test_refuses_a_folder_that_another_up_runs(self, tmp_path):
        assert running.hold(tmp_path, 8123) == ""
        said = say("up", "--port", "31999", data=tmp_path)
        running.let_go(tmp_path)

        assert (said.returncode, f"{os.getpid()} http://127.0.0.1:8123/" in said.stderr) == (1, True)
        assert not (tmp_path / "database").exists()


class TestWithoutATown:
    def test_verify_says_so_and_starts_nothing(self, tmp_path):
        said = say("verify", data=tmp_path)

        assert (said.returncode, said.stderr.strip()) == (1, NO_TOWN)
        assert not list(tmp_path.iterdir())

    @pytest.mark.usefixtures("embedded")
    def test_verify_of_a_database_without_tables_says_so_and_stops_what_it_started(self, tmp_path):
        database.stop(tmp_path / "database")
        said = say("verify", data=tmp_path)

        assert (said.returncode, said.stderr.strip().endswith(NO_TOWN), "Traceback" in said.stderr) == (1, True, False)
        assert database.status(tmp_path / "database").state == "stopped"


class TestRestoreOverARunningPlatform:
    def test_is_refused_and_says_who_runs_and_how_to_stop_it(self, tmp_path):
        running.hold(tmp_path, 8124)
        with pytest.raises(SystemExit) as no:
            keeping.restore(["--data", str(tmp_path), str(tmp_path / "copy")])
        running.let_go(tmp_path)

        for part in ("http://127.0.0.1:8124/", f"kill {os.getpid()}", "Ctrl+C", "Nothing was changed"):
            assert part in str(no.value)

    def test_is_refused_while_anybody_holds_its_database(self, embedded):
        folder, server = embedded
        assert running.who(folder) == ""

        with psycopg.connect(server.url_web, application_name="somebody"), pytest.raises(SystemExit) as no:
            keeping.restore(["--data", str(folder), str(folder / "copy")])

        assert "somebody ×1" in str(no.value)
        assert database.status(folder / "database").state == "running"


class TestAnUnknownName:
    def test_of_a_check_is_refused_with_those_there_are(self, capsys):
        assert checking.main(["nothere"]) == 2
        said = capsys.readouterr().err
        assert "nothere" in said and "trust" in said and "lines" in said
        assert checking.main(["--help"]) == 0

    @pytest.mark.parametrize("words", [["nothere"], ["guide", "nothere"], ["states", "guide"]])
    def test_of_a_picture_is_refused_before_anything_is_drawn(self, words, monkeypatch, capsys):
        monkeypatch.setattr(checking, "_draw_states", lambda: pytest.fail("drawn"))
        monkeypatch.setattr(guide_pictures, "main", lambda _: pytest.fail("founded"))

        assert checking.pictures(words) == 2
        assert "dispatcher" in capsys.readouterr().err

    def test_of_a_picture_that_is_known_is_drawn(self, monkeypatch):
        monkeypatch.setattr(guide_pictures, "main", lambda words: len(words))

        assert checking.pictures(["guide", "dispatcher"]) == 1

    @pytest.mark.parametrize(("words", "code"), [(["--help"], 0), (["nothere"], 2), (["--nothere"], 2)])
    def test_of_a_measure_is_refused_and_help_measures_nothing(self, words, code, monkeypatch, capsys):
        monkeypatch.setattr(bench, "_keep", lambda *_: pytest.fail("measured"))

        assert bench.main(words) == code
        assert "divisions" in "".join(capsys.readouterr())


@pytest.mark.django_db
class TestADatabaseShutDownUnderARequest:
    @pytest.mark.parametrize(
        ("cause", "status"),
        [(psycopg.errors.AdminShutdown, 503), (psycopg.OperationalError, 503), (psycopg.errors.QueryCanceled, 500)],
    )
    def test_is_the_page_of_a_part_that_is_away_not_a_fault(self, town, monkeypatch, cause, status):
        def asked(*_, **__):
            raise OperationalError from cause("terminating connection")

        monkeypatch.setattr(help_pages, "render", asked)
        tenants.forget()
        page = Client(headers={"accept-language": "en"}, raise_request_exception=False).get("/help")

        assert page.status_code == status
        assert ("The database is not available" in page.content.decode()) == (status == 503)
        assert page.headers.get("Retry-After") == ("5" if status == 503 else None)

"""`./dev` is the first thing a stranger runs: it must work from any folder, in any POSIX shell, and never
pass in error."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parents[2]
SHELLS = [shell for shell in ("dash", "sh", "bash") if shutil.which(shell)]


@pytest.fixture
def checkout(tmp_path):
    """A checkout in a path with spaces whose environment is there already: its programs say how they were
    called."""
    place = tmp_path / "a town 镇"
    place.mkdir()
    for name in ("dev", "uv.lock", "pyproject.toml"):
        shutil.copy(HERE / name, place / name)
    (place / ".ci").mkdir()
    shutil.copy(HERE / ".ci" / "run", place / ".ci" / "run")
    programs = place / ".venv" / "bin"
    programs.mkdir(parents=True)
    for name in ("python", "ruff", "mypy", "lint-imports"):
        an_answer(
            programs / name, 'case "$*" in *pytest*) exit ${PYTEST_SAYS:-0} ;; esac; exit ${OTHERS_SAY:-0}'
        )
    joined = b"".join((place / name).read_bytes() for name in ("uv.lock", "pyproject.toml"))
    wanted = subprocess.run(["cksum"], input=joined, capture_output=True, check=True).stdout.decode().strip()
    (place / ".venv" / ".jishi-stamp").write_text(f"full {wanted.replace(' ', '-')}\n")
    system = place / "system"
    system.mkdir()
    an_answer(system / "chromium", "")
    an_answer(system / "fc-list", "")
    return place


def an_answer(program: Path, ending: str) -> None:
    program.write_text(f'#!/bin/sh\nprintf "%s|" "$(basename "$0")" "$@"; echo "in $(pwd)"\n{ending}\n')
    program.chmod(0o755)


def run(place: Path, *words: str, shell: str = SHELLS[0], **more: str) -> subprocess.CompletedProcess[str]:
    path = {"PATH": f"{place / 'system'}:{os.environ['PATH']}"}
    return subprocess.run(
        [shell, str(place / "dev"), *words],
        cwd="/",
        env=os.environ | path | more,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("shell", SHELLS)
class TestInEveryShell:
    def test_help_names_every_word(self, checkout, shell):
        said = run(checkout, "help", shell=shell)

        assert said.returncode == 0
        for word in (
            "up",
            "test",
            "check",
            "bench",
            "shell",
            "pictures",
            "backup",
            "restore",
            "verify",
            "jishi",
        ):
            assert f"  {word}" in said.stdout or f"| {word}" in said.stdout

    def test_an_unknown_word_is_refused(self, checkout, shell):
        said = run(checkout, "upp", shell=shell)

        assert said.returncode != 0
        assert "upp" in said.stderr

    def test_the_program_is_called_with_the_arguments_as_they_were(self, checkout, shell):
        said = run(checkout, "up", "--data", "my folder", "--port", "8001", shell=shell)

        assert said.returncode == 0
        assert said.stdout.splitlines()[-1] == "python|-m|config.cli|up|--data|my folder|--port|8001|in /"

    def test_messages_are_compiled_before_anything_else(self, checkout, shell):
        said = run(checkout, "jishi", "verify", shell=shell)

        assert said.stdout.splitlines()[0] == f"python|-m|config.cli|compile-messages|in {checkout}"
        assert said.stdout.splitlines()[1] == "python|-m|config.cli|verify|in /"


class TestTest:
    def test_ends_with_the_words_of_pytest(self, checkout):
        said = run(checkout, "test")

        assert said.returncode == 0
        assert said.stdout.splitlines()[-1] == f"python|-m|pytest|-n|2|--dist|loadgroup|in {checkout}"
        assert not said.stderr, "a check that is sound says nothing after them"

    def test_leaves_pytest_its_summary(self, tmp_path):
        said_by_us = tomllib.loads((HERE / "pyproject.toml").read_text())["tool"]["pytest"]["ini_options"]["addopts"]
        (tmp_path / "pytest.ini").write_text(f"[pytest]\naddopts = {said_by_us.replace('-p config.testing', '')}\n")
        (tmp_path / "test_one.py").write_text("def test_one(): pass\n")
        words = re.search(r"-m pytest (.*?)-n ", (HERE / "dev").read_text()).group(1).split()

        said = subprocess.run(
            [sys.executable, "-m", "pytest", *words], cwd=tmp_path, capture_output=True, text=True, check=False
        )

        assert said.stdout.splitlines()[-1].startswith("1 passed in "), said.stdout + said.stderr

    @pytest.mark.parametrize(("words", "profile"), [((), "quick"), (("--nightly",), "nightly")])
    def test_runs_at_night_what_is_long(self, checkout, words, profile):
        an_answer(checkout / ".venv" / "bin" / "python", 'echo "profile ${JISHI_PROFILE:-quick}"')

        said = run(checkout, "test", *words, "-k", "one of them", JISHI_PROFILE="")

        called, in_force = said.stdout.splitlines()[-2:]
        assert called == f"python|-m|pytest|-n|2|--dist|loadgroup|-k|one of them|in {checkout}"
        assert in_force == f"profile {profile}"

    @pytest.mark.parametrize("code", ["1", "2", "5"])
    def test_fails_when_a_test_fails_or_none_ran(self, checkout, code):
        assert run(checkout, "test", PYTEST_SAYS=code).returncode != 0

    @pytest.mark.parametrize("checker", ["ruff", "mypy", "lint-imports"])
    def test_fails_when_a_check_fails_and_says_what_it_said(self, checkout, checker):
        an_answer(checkout / ".venv" / "bin" / checker, "echo 'line 7 is odd'; exit 1")

        said = run(checkout, "test")

        assert said.returncode != 0
        assert "line 7 is odd" in said.stderr
        assert "pytest" in said.stdout.splitlines()[-1]

    def test_of_one_file_runs_that_file(self, checkout):
        said = run(checkout, "test", "tests/project", "-k", "a b")

        last = f"python|-m|pytest|-n|2|--dist|loadgroup|tests/project|-k|a b|in {checkout}"
        assert said.stdout.splitlines()[-1] == last
        assert "ruff" not in said.stderr


class TestCheck:
    def test_fails_when_the_program_finds_a_fault(self, checkout):
        an_answer(checkout / ".venv" / "bin" / "python", 'case "$*" in *check) exit 1 ;; esac')

        assert run(checkout, "check").returncode != 0

    def test_of_one_name_is_the_programs_own(self, checkout):
        said = run(checkout, "check", "trust")

        assert said.stdout.splitlines()[-1] == "python|-m|config.cli|check|trust|in /"


class TestTheEnvironment:
    def test_needs_a_python_that_is_new_enough(self, checkout, tmp_path):
        (checkout / ".venv" / ".jishi-stamp").unlink()
        bare = tmp_path / "bin"
        bare.mkdir()
        for name in ("dirname", "cat", "cksum", "tr", "mkdir", "cut", "rm", "id"):
            (bare / name).symlink_to(shutil.which(name))
        an_answer(bare / "python3", "exit 1")

        said = run(checkout, "up", PATH=str(bare), shell=shutil.which(SHELLS[0]))

        assert said.returncode != 0
        assert "Python 3.11" in said.stderr

    def test_is_not_made_again_while_the_lock_is_the_same(self, checkout):
        said = run(checkout, "up")

        assert "Preparing" not in said.stderr
        assert not (checkout / ".jishi" / "tools").exists()

    def test_takes_what_it_is_given_and_downloads_no_interpreter(self):
        script = (HERE / "dev").read_text()

        assert "UV_PYTHON_DOWNLOADS=never" in script
        assert "sync -q --frozen" in script
        assert "--require-hashes" in script


def test_the_build_runs_what_a_developer_runs(checkout):
    said = subprocess.run(
        ["bash", ".ci/run"],
        cwd=checkout,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )

    assert said.returncode == 0
    assert said.stdout.splitlines()[-1] == f"python|-m|pytest|-n|2|--dist|loadgroup|in {checkout}"


def test_both_scripts_may_be_executed():
    for name in ("dev", ".ci/run"):
        assert os.access(HERE / name, os.X_OK)

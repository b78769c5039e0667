"""`./dev check trust`: twenty figures, each measured by something that is there, each said as it was found."""

import os
import subprocess
import sys

import pytest
from django.db import connection

from config.cli import trusting
from config.cli.figures import noting, sources, trials
from config.cli.figures.figure import Figure
from config.cli.standing import BASE
from jishi.foundation import data_keys, keys
from tests.trust import f06_fuzzing

pytestmark = pytest.mark.django_db


@pytest.fixture
def in_town(town: int):
    data_keys.forget()
    with keys.using(keys.NullKeys()):
        yield town
    data_keys.forget()


class TestTheTwenty:
    def test_each_is_measured_by_something_that_is_there(self):
        measured = {*trusting.HERE, *trials.TRIALS, *trusting.ON_A_SITE, trusting.MUTANTS}

        assert measured == set(trusting.CODES)
        assert len(f06_fuzzing.PARSERS) >= 16

    def test_names_test_files_that_exist(self):
        named = {name for trial in trials.TRIALS.values() for name in trial.files}

        assert sorted(name for name in named if not (BASE / name).is_file()) == []

    def test_of_this_installation_are_reached(self, in_town):
        found = {code: trusting.HERE[code]() for code in ("F1", "F4", "F11", "F12")}

        assert {code: one.reached for code, one in found.items()} == dict.fromkeys(found, True)
        assert "0 differences" in found["F11"].found

    def test_rows_seen_without_a_scope_are_a_miss(self, in_town):
        with connection.cursor() as cursor:
            cursor.execute("RESET ROLE")
            cursor.execute("ALTER TABLE accounts_account NO FORCE ROW LEVEL SECURITY")

        found = trusting.HERE["F4"]()

        assert (found.reached, found.found) == (False, "accounts_account")

    def test_requirements_that_nobody_answered_are_a_miss(self, monkeypatch, tmp_path):
        monkeypatch.setattr(sources, "ASVS", tmp_path / "asvs.toml")

        assert sources.asvs().reached is False


class TestTogether:
    def test_one_miss_is_a_miss_and_a_smaller_size_is_said(self):
        good, small, bad = (Figure("F9", "x", r, said) for r, said in ((True, "a"), (None, "b"), (False, "c")))

        assert trusting.together("F9", [good, small]).reached is None
        assert trusting.together("F9", [small, bad]) == Figure("F9", "x", False, "b; c")
        assert trusting.together("F9", []).reached is False
        assert trusting.line(small).startswith("~ F9")


class TestATrial:
    def test_tells_what_passed_what_failed_and_what_was_said(self):
        told = trials._read(
            [
                {"name": "a.py::one", "outcome": "passed", "told": [["said", "7 ms"], ["short", "yes"]]},
                {"name": "a.py::T::two", "outcome": "failed", "told": []},
                {"name": "b.py::three", "outcome": "skipped", "told": []},
                {"name": "c.py::four", "outcome": "passed", "told": []},
            ],
            ["a.py", "b.py"],
        )

        one = told["a.py"]
        assert (one.passed, one.failed, one.said, one.short) == (1, ["two"], ["7 ms"], True)
        assert told["b.py"].passed == 0
        assert "c.py" not in told

    def test_without_its_file_is_no_success(self):
        trial = trials.Trial("x", ("tests/not/there.py",))

        assert trials._figure("F9", trial, {}, full=True).reached is False

    def test_that_failed_is_a_miss_whatever_else_passed(self):
        told = {"a.py": trials.Told(passed=9, failed=["two"])}

        figure = trials._figure("F9", trials.Trial("x", ("a.py",)), told, full=True)

        assert figure.reached is False
        assert "failed: two" in figure.found


class TestALongMeasurement:
    TRIAL = "import os, signal\n\n" + "".join(
        f"def test_{n}(record_property):\n    record_property('said', '{n}')\n    open('ran', 'a').write('{n}')\n"
        + ("    if not os.path.exists('again'): os.kill(os.getpid(), signal.SIGKILL)\n" if n == 2 else "")
        for n in (1, 2, 3)
    )

    def go(self, folder, mark: str) -> tuple[int, str]:
        env = {**os.environ, "JISHI_TRUST_NOTES": str(folder / "notes"), "JISHI_TRUST_MARK": mark}
        command = [sys.executable, "-m", "pytest", "-q", "-p", "config.cli.figures.noting", "-p", "no:cacheprovider",
                   "--rootdir", str(folder), "-c", os.devnull, "test_it.py"]  # fmt: skip
        done = subprocess.run(
            command, cwd=folder, env={**env, "PYTHONPATH": str(BASE)}, capture_output=True, text=True, check=False
        )
        return done.returncode, done.stderr

    def test_that_is_killed_goes_on_where_it_was_and_begins_anew_for_other_sources(self, tmp_path):
        (tmp_path / "test_it.py").write_text(self.TRIAL, "ascii")

        assert self.go(tmp_path, "one")[0] < 0
        with (tmp_path / "notes").open("ab") as out:
            out.write(b'{"name": "half')
        (tmp_path / "again").touch()
        code, shown = self.go(tmp_path, "one")
        first = (tmp_path / "ran").read_text("ascii")
        told = trials._read(noting.Notes(tmp_path / "notes", "one").found.values(), ["test_it.py"])["test_it.py"]
        assert self.go(tmp_path, "one")[0] == 5
        assert self.go(tmp_path, "two")[0] == 0

        assert code == 0
        assert "1 left  passed  test_it.py::test_2" in shown and "0 left  passed  test_it.py::test_3" in shown
        assert first == "12" + "23"
        assert (told.passed, told.failed, told.said) == (3, [], ["1", "2", "3"])
        assert (tmp_path / "ran").read_text("ascii") == first + "123"


class TestMutants:
    def test_change_one_thing_each_and_are_whole_programs(self):
        text = "def f(a, b):\n    if not a == b and a:\n        raise ValueError\n    return a < b\n"

        found = list(sources.mutations(text))

        assert len(found) == 5
        assert len({text for _, text in found}) == 5
        assert all(compile(text, "x", "exec") for _, text in found)

    def test_are_loaded_in_the_place_of_the_file_which_stays_as_it_is(self):
        code = "import config.cli.figures.instead; import jishi.kernels.ledger.words as m; print(m.SAID, m.__file__)"
        text = (BASE / "jishi/kernels/ledger/words.py").read_text(encoding="utf-8")
        given = {"JISHI_MUTANT": "jishi.kernels.ledger.words", "JISHI_MUTANT_TEXT": f"{text}SAID = 'bent'"}
        env = {**os.environ, **given, "PYTHONPATH": str(BASE)}

        said = subprocess.check_output([sys.executable, "-c", code], env=env, cwd=BASE, text=True).split()

        assert said[0] == "bent"
        assert "SAID" not in text
        assert said[1].endswith("words.py")

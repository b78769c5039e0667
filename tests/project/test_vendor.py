"""The scripts of others are exactly those that were recorded."""

import base64
import hashlib
import json
from pathlib import Path

import pytest

from jishi.portal import vendored, vendoring

ROOT = Path(__file__).resolve().parents[2]
FILES = vendoring.locked(ROOT)
LICENCES = {"0BSD", "BSD-2-Clause", "BSD-3-Clause", "MIT", "ISC", "Apache-2.0", "MPL-2.0"}


@pytest.mark.parametrize("row", FILES, ids=lambda r: Path(r["file"]).name)
class TestEachVendoredFile:
    def test_has_the_recorded_digest(self, row):
        assert hashlib.sha256((ROOT / row["file"]).read_bytes()).hexdigest() == row["sha256"]

    def test_is_the_published_file_but_for_the_line_that_names_a_source_map(self, row):
        ours = (ROOT / row["file"]).read_bytes()

        assert hashlib.sha256(ours + row["taken_off"].encode()).hexdigest() == row["source_sha256"]

    def test_has_a_licence_that_we_may_serve(self, row):
        assert row["licence"] in LICENCES

    def test_is_the_version_that_package_json_names(self, row):
        wanted = json.loads((ROOT / "package.json").read_text())["devDependencies"]

        assert wanted[row["name"]] == row["version"]


def test_nothing_lies_in_the_folders_that_is_not_in_the_lock():
    folders = [ROOT / vendoring.STATIC, ROOT / "tests/browser/vendor"]

    lying = {str(p.relative_to(ROOT)) for folder in folders for p in folder.iterdir() if p.is_file()}

    assert lying == {row["file"] for row in FILES}


def test_the_integrity_of_pages_comes_from_the_lock():
    expected = {
        Path(row["file"]).name: "sha256-" + base64.b64encode(bytes.fromhex(row["sha256"])).decode()
        for row in FILES
        if row["served"]
    }

    assert expected == vendored.INTEGRITY


def test_every_file_wanted_by_the_refresh_is_locked():
    assert {w.target for w in vendoring.WANTED} == {row["file"] for row in FILES}

"""The list of lines that hold a promise is fresh: each stands where it says, and each names a test that is there."""

import tomllib

import pytest

from tests import deleted_lines

ROOT = deleted_lines.ROOT


@pytest.mark.parametrize("one", deleted_lines.lines(), ids=lambda one: one["holds"])
def test_the_line_stands_once_and_its_test_is_there(one):
    assert (ROOT / one["file"]).read_text(encoding="utf-8").count(one["old"]) == 1
    path, *names = one["test"].split("::")
    source = (ROOT / path).read_text(encoding="utf-8")
    assert [n for n in names if f"def {n}(" not in source and f"class {n}" not in source] == []


def test_every_room_has_lines():
    rooms = {one["room"] for one in deleted_lines.lines()}

    assert rooms >= {"kernels", "foundation", "accounts", "places", "bodies", "duties", "cases"}


def test_the_room_is_said_by_the_name_of_the_file_alone():
    said = [
        f"{path.name}: {one['holds']}"
        for path in deleted_lines.LISTS.glob("*.toml")
        for one in tomllib.loads(path.read_text(encoding="utf-8"))["line"]
        if "room" in one
    ]

    assert said == []


def test_nobody_adds_to_the_one_file_that_was_for_all_rooms():
    former = ROOT / "docs/deleted-lines.toml"

    assert not former.exists(), f"{former.name} is read by nothing; add to docs/deleted-lines/ROOM.toml, without `room`"

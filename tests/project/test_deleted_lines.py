"""The list of lines that hold a promise is fresh: each stands where it says, and each names a test that is there."""

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

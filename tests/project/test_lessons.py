"""Every lesson of the catalogue has its one test, or says which room it waits for; every lesson test has its id."""

import ast
import re
import tomllib
from pathlib import Path

HERE = Path(__file__).resolve().parents[1] / "lessons"
AN_ID = re.compile(r"\b([A-Z]\d\d)\b")
CATALOGUE = tomllib.loads((HERE / "catalogue.toml").read_text(encoding="utf-8"))
OWED_AT_MOST = 0  # may only fall


def by_name() -> dict[str, set[str]]:
    """Give each test of the folder with the ids in its docstring."""
    found: dict[str, set[str]] = {}
    for path in sorted(HERE.glob("test_*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
                found[node.name] = set(AN_ID.findall(ast.get_docstring(node) or ""))
    return found


def test_every_lesson_has_its_test_or_says_what_it_waits_for() -> None:
    written = by_name()

    missing = [
        i for i, lesson in CATALOGUE.items()
        if "waits" not in lesson and "owed" not in lesson and i not in written.get(f"test_{lesson['test']}", set())
    ]  # fmt: skip
    assert missing == []


def test_what_is_written_neither_waits_nor_is_owed() -> None:
    written = by_name()

    assert [i for i, lesson in CATALOGUE.items() if f"test_{lesson['test']}" in written and len(lesson) > 1] == []


def test_every_test_of_a_lesson_has_an_id_of_the_catalogue() -> None:
    assert {name: ids for name, ids in by_name().items() if not ids or not ids <= set(CATALOGUE)} == {}


def test_what_is_owed_grows_less() -> None:
    owed = [i for i, lesson in CATALOGUE.items() if "owed" in lesson]

    assert len(CATALOGUE) == 128
    assert len(owed) <= OWED_AT_MOST, owed

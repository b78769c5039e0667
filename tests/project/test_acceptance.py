"""What each specification asks for, line by line, and the test that shows it: docs/acceptance/*.toml tell the truth.

A file: ``[[line]]`` with ``no``, ``text`` and either ``tests = ["path::name", "path::Class::name"]`` or
``missing = "why"`` (both, where a line is shown in part).
"""

import ast
import tomllib
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
FILES = sorted((ROOT / "docs/acceptance").glob("*.toml"))


@cache
def names_in(path: str) -> frozenset[str]:
    """Name the tests of a file, and of its classes, as pytest does; empty if there is no such file."""
    if not (ROOT / path).is_file():
        return frozenset()
    names: set[str] = set()
    for node in ast.parse((ROOT / path).read_text(encoding="utf-8")).body:
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test"):
            names.add(node.name)
        elif isinstance(node, ast.ClassDef) and node.name.startswith("Test"):
            names.add(node.name)
            names |= {
                f"{node.name}::{f.name}"
                for f in ast.walk(node)  # also those that are only there for root
                if isinstance(f, ast.FunctionDef) and f.name.startswith("test")
            }
    return frozenset(names)


def lines(path: Path) -> list[dict]:
    return tomllib.loads(path.read_text(encoding="utf-8"))["line"]


@pytest.mark.parametrize("path", FILES, ids=lambda p: p.stem)
class TestEveryLine:
    def test_has_tests_or_says_why_not(self, path):
        bare = [line["no"] for line in lines(path) if not line.get("tests") and not line.get("missing", "").strip()]

        assert bare == []

    def test_is_numbered_and_has_a_text(self, path):
        numbers = [line["no"] for line in lines(path)]

        assert len(set(numbers)) == len(numbers)
        assert all(line["text"].strip() for line in lines(path))
        assert {key for line in lines(path) for key in line} <= {"no", "text", "tests", "missing"}

    def test_names_tests_that_exist(self, path):
        absent = []
        for line in lines(path):
            for name in line.get("tests", []):
                file, _, test = name.partition("::")
                there = names_in(file)
                if not there or (test and test.split("[")[0] not in there):
                    absent.append(f"{line['no']}: {name}")

        assert absent == []


def test_the_rooms_that_are_built_are_all_accounted_for():
    rooms = {"10-cases", "11-duties-and-worktime", "12-triage", "13-open311", "20-places", "90-trust"}

    assert rooms <= {p.stem for p in FILES}

"""The self-assessment against OWASP ASVS is whole, says one thing of each requirement, and names what is there."""

import re
import tomllib
from pathlib import Path

from tests.project.test_acceptance import names_in

TOLD = tomllib.loads((Path(__file__).resolve().parents[2] / "docs/asvs.toml").read_text(encoding="utf-8"))
KINDS = {"test", "review", "not_applicable", "issue"}
PUBLISHED = {1: 70, 2: 183}  # requirements of ASVS 5.0.0 by the level that asks for them first


def test_every_requirement_of_levels_one_and_two_is_answered_once() -> None:
    numbers = [row["no"] for row in TOLD["requirement"]]

    assert len(set(numbers)) == len(numbers) == TOLD["requirements"]
    assert {n: sum(row["level"] == n for row in TOLD["requirement"]) for n in (1, 2)} == PUBLISHED
    assert [n for n in numbers if not re.fullmatch(r"V\d+\.\d+\.\d+", n)] == []


def test_each_answer_is_a_test_a_place_to_look_a_reason_or_what_is_open() -> None:
    wrong = [
        row["no"] for row in TOLD["requirement"]
        if len(KINDS & set(row)) != 1 or set(row) - KINDS != {"no", "level", "title"} or not row["title"].strip()
        or not all(said.strip() for said in [row[next(iter(KINDS & set(row)))]] if isinstance(said, str))
    ]  # fmt: skip

    assert wrong == []


def test_the_tests_that_are_named_are_there() -> None:
    absent = []
    for row in TOLD["requirement"]:
        for name in row.get("test", []):
            file, _, test = name.partition("::")
            there = names_in(file)
            if not there or (test and test not in there):
                absent.append(f"{row['no']}: {name}")

    assert absent == []

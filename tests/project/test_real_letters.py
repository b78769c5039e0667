"""What is published of real letters is what the commands print, where the letters lie (JISHI_SHARED)."""

import hashlib
import json
import os
import tomllib
from pathlib import Path

import pytest

from config.cli import quality

ROOT = Path(__file__).parents[2]
MARKS = ROOT / "benchmarks" / "marks"
FOLDER = Path(os.environ.get("JISHI_SHARED") or ROOT.parent / "shared") / "data" / "cases"
RECORD = tomllib.loads((MARKS / "figures.toml").read_text(encoding="utf-8"))
BESIDE = (
    "--messages", str(FOLDER / "hot_messages.csv"), "--id", "留言编号", "--texts", "留言主题", "留言详情"
)  # fmt: skip


@pytest.fixture(scope="module", autouse=True)
def _letters() -> None:
    """The files that the record names, byte for byte; others measure something else."""
    for one in RECORD["file"]:
        path = FOLDER / one["name"]
        if not path.exists():
            pytest.skip(f"no letters: JISHI_SHARED names no folder with data/cases/{one['name']}")
        assert hashlib.sha256(path.read_bytes()).hexdigest() == one["sha256"], one["name"]


def _measured(capsys: pytest.CaptureFixture[str], *argv: str) -> dict:
    assert quality.main([*argv, "--json"]) == 0
    return json.loads(capsys.readouterr().out)


def _recorded(by: str) -> dict[str, tuple[int, int]]:
    return {f["figure"]: (f["hits"], f["of"]) for f in RECORD["figure"] if f["by"] == by}


def _counts(share: dict) -> tuple[int, int]:
    return share["hits"], share["of"]


def test_marks_of_danger(capsys) -> None:
    found = _measured(capsys, "danger", "--marks", str(MARKS / "danger.csv"), "--folder", str(FOLDER))["files"]

    mended = [_counts(found[name]["now"]) for name in ("hot_messages.csv", "messages_with_replies.csv")]
    assert tuple(map(sum, zip(*mended, strict=True))) == _recorded("danger_mended")["precision"]
    assert _counts(found["labelled_raw.csv"]["now"]) == _recorded("danger_unseen")["precision"]


def test_pairs(capsys) -> None:
    found = _measured(capsys, "duplicates", "--pairs", str(MARKS / "pairs.csv"), *BESIDE)

    assert {name: _counts(found[name]) for name in ("precision", "recall")} == _recorded("pairs")


def test_hidden_data(capsys) -> None:
    kinds = _measured(capsys, "minimise", "--spans", str(MARKS / "spans.jsonl"), *BESIDE)["kinds"]

    for kind in ("name", "name_bare", "address", "health"):
        assert _counts(kinds[kind]["recall"]) == _recorded(f"letters_{kind}")["recall"], kind
    assert _counts(kinds["*"]["precision"]) == _recorded("letters_all")["precision"]


def test_classes_of_which_no_letter_was_learned(capsys) -> None:
    found = _measured(
        capsys, "classify", "--test", str(FOLDER / "labelled_raw.csv"), "--text", "x", "--label", "y",
        "--codebook", str(FOLDER / "taxonomy_517.csv"),
    )  # fmt: skip
    (said,) = [f for f in RECORD["figure"] if f["by"] == "raw_zero"]

    assert found["macro_f1"]["value"] == pytest.approx(said["value"], abs=5e-4)

"""What is measured is kept: one run never takes the place of another."""

import json
import re
from pathlib import Path

import pytest

from benchmarks import measures, run, table


def test_two_runs_that_end_in_the_same_second_keep_both_results(tmp_path: Path) -> None:
    first, second = (run._free(tmp_path, "2026-11-23T045000Z") for _ in range(2))
    first.write_text("one", encoding="utf-8")

    assert first != second
    assert sorted(tmp_path.iterdir()) == sorted([first, second])
    assert run._free(tmp_path, "2026-11-23T045000Z") not in (first, second)


def test_the_towns_that_are_compared_are_asked_in_turn_the_other_first_each_time() -> None:
    from benchmarks import sizes

    asked: list[str] = []

    class Heard:
        def __init__(self, name: str) -> None:
            self.name = name

        def ask(self, *words: str) -> list[sizes.Spent]:
            asked.append(self.name)
            return [(1.0, 1.0, 1.0)]

    told = sizes.in_turn((Heard("small"), Heard("large")), ("door", "create"), 2)  # type: ignore[arg-type]

    assert asked[:4] == ["large", "small", "small", "large"]
    assert [len(one) for one in told] == [2, 2], "what only warms is not counted"


@pytest.mark.parametrize(
    ("said", "seconds", "met"),
    [("peak memory 233 MiB", 49.9, True), ("peak memory 301 MiB", 49.9, False), ("peak memory 1,233 MiB", 49.9, False),
     ("peak memory 233 MiB", 61.0, False), ("it failed", 3.0, False)],
)  # fmt: skip
def test_the_country_is_loaded_well_only_within_both_the_seconds_and_the_memory(said, seconds, met) -> None:
    assert measures.divisions_figure(said, seconds).met is met


@pytest.mark.parametrize(("name", "zh"), [("README.md", False), ("README.zh.md", True)])
def test_every_figure_of_the_readme_stands_so_in_the_record_that_its_line_names(name: str, zh: bool) -> None:
    _, _, rest = (table.BASE / name).read_text(encoding="utf-8").partition(table.BEGIN)
    rows = [line for line in rest.partition(table.END)[0].splitlines()[2:] if line]

    assert len(rows) == len(table.ROWS)
    for line, (word, what, in_zh, in_en) in zip(rows, table.ROWS, strict=True):
        assert line == table.row(word, in_zh if zh else in_en, _named(line, what), zh=zh)


def _named(line: str, what: str) -> "table.Recorded | None":
    file = re.search(r"\(benchmarks/results/([^)]+)\)", line)
    if file is None:
        return None
    told = json.loads((table.RESULTS / file[1]).read_text(encoding="utf-8"))
    figure = next(one for one in told["figures"] if one["what"] == what)
    load = f"{told['load'][0]:g}" if told.get("load") else "?"
    return table.Recorded(file[1], ", ".join(told["machine"].split(", ")[:2]), load, figure)


def test_a_figure_that_no_run_recorded_is_said_to_be_missing_not_left_out() -> None:
    assert "no run was recorded (`./dev bench start`)" in table.row("start", "first page", None, zh=False)

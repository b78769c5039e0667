"""What is measured is kept: one run never takes the place of another."""

from pathlib import Path

from benchmarks import run


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

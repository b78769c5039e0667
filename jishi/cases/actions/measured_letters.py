"""How good the guesses are on real letters of other towns: recorded figures beside what was aimed at (spec 12 §9).

The letters state no licence and are not shipped. The record (`benchmarks/marks/figures.toml`) names its files by their
hash and holds numbers alone; a figure that misses its goal is published like any other.
"""

import tomllib
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import cache
from typing import Any

from django.conf import settings

from jishi.cases.actions.measured_stages import Row, row
from jishi.kernels.text.figures import Share


@cache
def recorded() -> dict[str, Any]:
    """Give the record: its day, its files and its figures."""
    path = settings.BASE_DIR / "benchmarks" / "marks" / "figures.toml"
    return tomllib.loads(path.read_text(encoding="utf-8")) if path.exists() else {"at": "", "file": [], "figure": []}


def letters(*, since: datetime, until: datetime, tenant_id: int) -> list[Row]:
    """Give each recorded figure, and behind it a row `goal` with what was aimed at; the same for every town."""
    rows: list[Row] = []
    for said in recorded()["figure"]:
        measured = Share(said["hits"], said["of"]) if "hits" in said else said
        rows.append(row("letters", said["figure"], measured, by=said["by"]))
        if "goal" in said:
            rows.append(row("letters", said["figure"], said["goal"], by=said["by"], model="goal"))
    return rows or [row("letters", "macro_f1", why="no_record")]


def missed(rows: Sequence[Mapping[str, Any]]) -> set[tuple[str, str]]:
    """Tell which figures miss what was aimed at; of an error less is better."""
    at = {(r["figure"], r["by"], r["model"]): r["value"] for r in rows if r["stage"] == "letters"}
    return {
        (figure, by)
        for (figure, by, model), goal in at.items()
        if model == "goal" and goal is not None and _falls_short(figure, at[figure, by, ""], goal)
    }


def _falls_short(figure: str, value: float, goal: float) -> bool:
    return value > goal if figure == "calibration_error" else value < goal

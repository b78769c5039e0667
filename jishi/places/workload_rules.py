"""Which workloads are counted and when they are too small to be told, read from institutions/rules/workloads.toml."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from django.conf import settings


@dataclass(frozen=True, slots=True)
class WorkloadRules:
    """One edition. `kinds`: code → (zh, en); `least`: below it a figure is not told; `weight`: tenths."""

    label: str
    kinds: Mapping[str, tuple[str, str]]
    least: int
    months: int
    days_after: int
    weight: int


@cache
def load() -> WorkloadRules:
    """Give the rules in force. :raises ValueError: a number that makes no sense."""
    path = settings.INSTITUTIONS_DIR / "rules" / "workloads.toml"
    raw = tomllib.loads(path.read_text(encoding="utf-8"))
    rules = WorkloadRules(
        label=f"{raw['code']}@{raw['edition']}", kinds={k["code"]: (k["zh"], k["en"]) for k in raw["kind"]},
        least=raw["least"], months=raw["months"], days_after=raw["days_after"], weight=raw["weight"],
    )  # fmt: skip
    if rules.least < 1 or not 1 <= rules.months <= 36 or rules.days_after < 0 or not 0 <= rules.weight <= 50:
        raise ValueError(path.name)
    return rules


def told(value: int | float) -> int | None:
    """Give a figure as it may be shown; None: it is below the least, and nobody is told how much."""
    return None if value < load().least else round(value)


def said(value: int | None) -> str:
    """Write a figure that `told` gave."""
    return f"<{load().least}" if value is None else str(value)

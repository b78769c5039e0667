"""Numbers of the life of a plan that a place may change, read from institutions/rules/gridplan.toml."""

import tomllib
from dataclasses import dataclass
from functools import cache

from django.conf import settings


@dataclass(frozen=True, slots=True)
class PlanRules:
    """One edition. `bands`, `prices`: what a sweep calculates; `days_after`: how long the notice of a move stands."""

    label: str
    per_person: int
    unnamed_per_day: int
    bands: tuple[tuple[int, int], ...]
    prices: tuple[int, ...]
    days_after: int


@cache
def load() -> PlanRules:
    """Give the rules in force. :raises ValueError: a band or number that makes no sense."""
    path = settings.INSTITUTIONS_DIR / "rules" / "gridplan.toml"
    raw = tomllib.loads(path.read_text(encoding="utf-8"))
    rules = PlanRules(
        label=f"{raw['code']}@{raw['edition']}", per_person=raw["objections"]["per_person"],
        unnamed_per_day=raw["objections"]["unnamed_per_day"],
        bands=tuple((lo, hi) for lo, hi in raw["sweep"]["bands"]), prices=tuple(raw["sweep"]["prices"]),
        days_after=raw["told"]["days_after"],
    )  # fmt: skip
    if any(not 0 <= lo <= hi for lo, hi in rules.bands) or min(rules.prices) < 0 or rules.per_person < 1:
        raise ValueError(path.name)
    return rules

"""Indicators of topics: institutions/rules/topics.toml. A topic keeps the edition by which it was chosen."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from django.conf import settings

from jishi.kernels.procedure import Spoken


@dataclass(frozen=True, slots=True)
class Indicator:
    """One definition. `unit`: count or share; `better`: down or up; over the last `days` natural days."""

    code: str
    edition: int
    name: Spoken
    meaning: Spoken
    unit: str
    better: str
    days: int

    def meets(self, n: int, of: int, target: int) -> bool | None:
        """Tell whether a counted value meets its target: a count, or percent of a share; exact, without rounding.

        A share of nothing says nothing: None.
        """
        if of == 0:
            return None
        value, wanted = (n, target) if self.unit == "count" else (n * 100, target * of)
        return value <= wanted if self.better == "down" else value >= wanted


@dataclass(frozen=True, slots=True)
class Rules:
    """One edition of the rules; `indicators` by code and edition."""

    label: str
    causes_least: int
    measures_most: int
    furthest_months: int
    indicators: Mapping[tuple[str, int], Indicator]

    def newest(self, code: str) -> Indicator | None:
        """Give the newest edition of an indicator."""
        found = [one for one in self.indicators.values() if one.code == code]
        return max(found, key=lambda one: one.edition, default=None)

    @property
    def offered(self) -> list[Indicator]:
        """Give the newest edition of each, in the order of the file."""
        newest = {one.code: one for one in sorted(self.indicators.values(), key=lambda i: i.edition)}
        return [newest[code] for code in dict.fromkeys(one.code for one in self.indicators.values())]


@cache
def load() -> Rules:
    """Give the rules in force."""
    path = settings.INSTITUTIONS_DIR / "rules" / "topics.toml"
    raw = tomllib.loads(path.read_text(encoding="utf-8"))
    rows = [
        Indicator(
            row["code"], row["edition"], Spoken(row["zh"], row["en"]), Spoken(row["meaning_zh"], row["meaning_en"]),
            row["unit"], row["better"], row["days"],
        )
        for row in raw["indicators"]
    ]  # fmt: skip
    limits = raw["limits"]
    return Rules(
        label=f"{raw['code']}@{raw['edition']}", causes_least=limits["causes_least"],
        measures_most=limits["measures_most"], furthest_months=int(limits["furthest"].removesuffix("mo")),
        indicators={(one.code, one.edition): one for one in rows},
    )  # fmt: skip

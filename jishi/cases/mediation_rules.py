"""What is mediated, what is not, who steps aside: institutions/rules/mediation.toml. No number stands in code."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from django.conf import settings

from jishi.kernels.procedure import Spoken
from jishi.kernels.text.risk import RiskRule


@dataclass(frozen=True, slots=True)
class Excluded:
    """A kind of dispute that is not mediated, with the number to call."""

    code: str
    name: Spoken
    call: str
    source: str


@dataclass(frozen=True, slots=True)
class Road:
    """What is still open to a party, and by which article."""

    when: str
    name: Spoken
    source: str


@dataclass(frozen=True, slots=True)
class Rules:
    """One edition of the rules. `words`: what in a text says that the matter is excluded."""

    label: str
    standing: str
    kinds: Mapping[str, Spoken]
    excluded: Mapping[str, Excluded]
    words: tuple[RiskRule, ...]
    recusal: Mapping[str, Spoken]
    roads: tuple[Road, ...]
    free: Spoken
    free_source: str
    parties_most: int
    prolong_most: str
    terms_least: int
    furthest: str


@cache
def load() -> Rules:
    """Give the rules in force."""
    path = settings.INSTITUTIONS_DIR / "rules" / "mediation.toml"
    raw = tomllib.loads(path.read_text(encoding="utf-8"))
    limits = raw["limits"]
    return Rules(
        label=f"{raw['code']}@{raw['edition']}",
        standing=raw["standing"],
        kinds={row["code"]: Spoken(row["zh"], row["en"]) for row in raw["kinds"]},
        excluded={
            row["code"]: Excluded(row["code"], Spoken(row["zh"], row["en"]), row["call"], row["source"])
            for row in raw["excluded"]
        },
        words=tuple(
            RiskRule(row["code"], tuple(tuple(group) for group in row["words"]), call=row["call"])
            for row in raw["excluded"]
        ),
        recusal={row["code"]: Spoken(row["zh"], row["en"]) for row in raw["recusal"]},
        roads=tuple(Road(row["when"], Spoken(row["zh"], row["en"]), row["source"]) for row in raw["roads"]),
        free=Spoken(raw["free"]["zh"], raw["free"]["en"]),
        free_source=raw["free"]["source"],
        parties_most=limits["parties_most"],
        prolong_most=limits["prolong_most"],
        terms_least=limits["terms_least"],
        furthest=limits["furthest"],
    )

"""Which fact each purpose follows, read from institutions/rules/serving.toml: no such rule stands in code."""

import tomllib
from calendar import monthrange
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache

from django.conf import settings

from jishi.kernels.procedure import Spoken

FACTS = ("living", "registered", "collective")
FOLLOWS = (*FACTS, "dwelling", "registered_or_living")
MARKS = ("L", "S", "T")  # law at hand, secondary, for the place to say


@dataclass(frozen=True, slots=True)
class Rule:
    """One purpose: what it follows, what a room above may name instead, why, since when, how far it was checked."""

    purpose: str
    where: str  # village, urban; empty: everywhere
    follows: str
    may: tuple[str, ...]
    living_days: int
    sentence: Spoken
    source: str
    verified: str
    valid_from: date


@dataclass(frozen=True, slots=True)
class Rules:
    """One edition."""

    label: str
    usual_months: int
    longest_months: int
    review_months: int
    rules: Mapping[tuple[str, str], Rule]

    @property
    def purposes(self) -> tuple[str, ...]:
        """Give every purpose, in the order of the file."""
        return tuple(dict.fromkeys(purpose for purpose, _ in self.rules))

    def of(self, purpose: str, where: str) -> Rule | None:
        """Give the rule of a purpose for a village or a town; None: no such purpose."""
        return self.rules.get((purpose, where)) or self.rules.get((purpose, ""))


def month_end(day: date) -> date:
    """Give the last day of the month.

    >>> month_end(date(2028, 2, 3))
    datetime.date(2028, 2, 29)
    """
    return day.replace(day=monthrange(day.year, day.month)[1])


def months_on(day: date, months: int) -> date:
    """Go on by months; the last day of a shorter month stands for a later one.

    >>> months_on(date(2027, 8, 31), 6)
    datetime.date(2028, 2, 29)
    """
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


@cache
def load() -> Rules:
    """Read the edition that the installation carries.

    :raises RuntimeError: a rule without source, sentence, or a known fact to follow; two rules of one purpose.
    """
    path = settings.INSTITUTIONS_DIR / "rules" / "serving.toml"
    told = tomllib.loads(path.read_text(encoding="utf-8"))
    found: dict[tuple[str, str], Rule] = {}
    for row in told["rules"]:
        one = Rule(
            row["purpose"], row.get("where", ""), row["follows"], tuple(row["may"]), row.get("living_days", 0),
            Spoken(row["zh"], row["en"]), row["source"], row["verified"], row["valid_from"],
        )  # fmt: skip
        if one.follows not in FOLLOWS or set(one.may) - set(FACTS) or not one.source or one.verified not in MARKS:
            raise RuntimeError(f"serving.toml: {one.purpose} is not sound")
        if one.follows == "registered_or_living" and not one.living_days:
            raise RuntimeError(f"serving.toml: {one.purpose} does not say how long one must have lived there")
        if found.setdefault((one.purpose, one.where), one) is not one:
            raise RuntimeError(f"serving.toml: {one.purpose} stands there twice")
    kept, transition = told["kept"], told["transition"]
    return Rules(
        f"{told['code']}@{told['edition']}", kept["usual_months"], kept["longest_months"],
        transition["review_months"], found,
    )  # fmt: skip

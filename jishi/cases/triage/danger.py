"""紧急险情: which words speak of danger that is going on, and which number is called (spec 12 §7).

The rules are data (`institutions/rules/risk.toml`), the grammar is the kernel's. A mark closes and calls nothing.
"""

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache

from django.conf import settings

from jishi.kernels.procedure import Spoken
from jishi.kernels.text.risk import RiskMark, RiskRule, risk

EMERGENCY_NUMBERS = frozenset({"110", "119", "120", "122"})


@dataclass(frozen=True, slots=True)
class Danger:
    """One kind of danger as the desk reads it. `verified`: the edition says that its numbers were checked here."""

    code: str
    name: Spoken
    call: str
    source: str
    verified: bool
    desk_only: bool  # self-harm and violence: gone from the records when the desk has acted

    def called(self, lang: str) -> str:
        """Give its name."""
        return self.name.en if lang.startswith("en") else self.name.zh


@dataclass(frozen=True, slots=True)
class Rules:
    """One edition: a rule for each way to say a danger."""

    edition: str
    rules: tuple[RiskRule, ...]
    dangers: Mapping[str, Danger]


@cache
def load() -> Rules:
    """Read the edition that the installation carries.

    :raises RuntimeError: a danger without words, number or source.
    """
    path = settings.INSTITUTIONS_DIR / "rules" / "risk.toml"
    told = tomllib.loads(path.read_text(encoding="utf-8"))
    verified = told["standing"] == "verified"
    rules: list[RiskRule] = []
    dangers: dict[str, Danger] = {}
    for row in told["risk"]:
        if not (row["words"] and row["call"] and row["source"]):
            raise RuntimeError(f"risk.toml: {row['code']} is not sound")
        hidden = bool(row.get("desk_only", False))
        dangers[row["code"]] = Danger(
            row["code"], Spoken(row["zh"], row["en"]), row["call"], row["source"], verified, hidden
        )
        more = {name: bool(row.get(name, False)) for name in ("wide", "desk_only", "under_way")}
        rules += [
            RiskRule(
                row["code"], tuple(map(tuple, way)), never=tuple(row.get("never", ())), call=row["call"], **more
            )
            for way in row["words"]
        ]  # fmt: skip
    return Rules(f"{told['code']}@{told['edition']}", tuple(rules), dangers)


def look(texts: Sequence[str]) -> list[tuple[RiskMark, ...]]:
    """Give the marks of each text. The words as they were said are read: what is hidden of a person may be the danger;
    what a mark keeps are words of the rules alone."""
    return [tuple(marks) for marks in risk(texts, load().rules)]

"""紧急险情: which words speak of danger that is going on, and which number is called (spec 12 §7).

The rules are data (`institutions/rules/risk.toml`, or an edition that the town has adopted instead), the grammar is the
kernel's. A mark closes and calls nothing.
"""

import hashlib
import json
import logging
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

from django.conf import settings
from django.db import connection
from django.db.models import Subquery
from django.db.models.functions import JSONObject

from jishi.cases.models import ModelEdition
from jishi.cases.triage import learned
from jishi.kernels.procedure import Spoken
from jishi.kernels.text.risk import RiskMark, RiskRule, risk

log = logging.getLogger(__name__)
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


@dataclass(frozen=True, slots=True)
class Checked:
    """How an edition does on the golden sentences: which of danger it misses, which without danger it marks."""

    of: int
    missed: tuple[str, ...]
    alarmed: tuple[str, ...]

    @property
    def is_sound(self) -> bool:
        return not self.missed and not self.alarmed


KIND = "danger"
MOST_KEPT = 8
_kept: dict[tuple[str, str], Rules | None] = {}


@cache
def told() -> Mapping[str, Any]:
    """Read the file that the installation carries."""
    path = settings.INSTITUTIONS_DIR / "rules" / "risk.toml"
    return tomllib.loads(path.read_text(encoding="utf-8"))


@cache
def carried() -> Rules:
    """Give the edition that the installation carries.

    :raises RuntimeError: a danger without words, number or source.
    """
    return rules_of(told(), f"{told()['code']}@{told()['edition']}")


def load() -> Rules:
    """Give the edition in force: the town's own where people have adopted one, else the one that is carried.

    One that cannot be read is as one that is not there, and its name says so: danger is listened for all the same.
    """
    return edition_of(learned.row_in_force(KIND))


def row() -> Subquery:
    """Give what `edition_of` asks for as a column, for who reads rows anyway; null: the one that is carried."""
    adopted = ModelEdition.objects.filter(kind=KIND, adopted_at__isnull=False, retired_at=None).order_by("-number")
    return Subquery(adopted.values_list(JSONObject(id="id", number="number", sha256="sha256"))[:1])


def edition_of(row: tuple[Any, ...] | None) -> Rules:
    """Give the edition of this id, number and hash; the one that is carried for none."""
    if row is None:
        return carried()
    key = (str(connection.settings_dict["NAME"]), str(row[2]))
    if key not in _kept:
        if len(_kept) >= MOST_KEPT:
            _kept.clear()
        _kept[key] = _read(row[0], row[1], row[2])
    return _kept[key] or replace(carried(), edition=f"{carried().edition}!broken")


def _read(row_id: int, number: int, sha256: str) -> Rules | None:
    content = bytes(ModelEdition.objects.values_list("arrays", flat=True).get(id=row_id))
    try:
        return rules_of(unpacked(content, sha256), f"risk@town{number}")
    except (RuntimeError, KeyError, TypeError) as fault:
        log.error("edition %s of the rules of danger cannot be read: %s", number, fault)
        return None


def unpacked(content: bytes, sha256: str) -> dict[str, Any]:
    """Read a stored edition. :raises RuntimeError: hash or form do not fit."""
    try:
        found: dict[str, Any] = json.loads(content)
    except ValueError as fault:
        raise RuntimeError("no JSON") from fault
    if hashlib.sha256(content).hexdigest() != sha256:
        raise RuntimeError("the hash does not fit")
    return found


def rules_of(told: Mapping[str, Any], edition: str) -> Rules:
    """Read the rules of one edition.

    :raises RuntimeError: a danger without words, number or source.
    """
    verified = told["standing"] == "verified"
    rules: list[RiskRule] = []
    dangers: dict[str, Danger] = {}
    for row in told["risk"]:
        if not (row["words"] and row["call"] and row["source"]):
            raise RuntimeError(f"{row['code']} is not sound")
        hidden = bool(row.get("desk_only", False))
        dangers[row["code"]] = Danger(
            row["code"], Spoken(row["zh"], row["en"]), row["call"], row["source"], verified, hidden
        )
        more = {name: bool(row.get(name, False)) for name in ("wide", "desk_only", "under_way", "at_once")}
        rules += [
            RiskRule(
                row["code"], tuple(map(tuple, way)), never=tuple(row.get("never", ())), call=row["call"], **more
            )
            for way in row["words"]
        ]  # fmt: skip
    return Rules(edition, tuple(rules), dangers)


@cache
def golden() -> tuple[tuple[str, frozenset[str]], ...]:
    """Give the golden sentences that the installation carries, with the dangers of which each speaks (none: a twin)."""
    path = settings.INSTITUTIONS_DIR / "rules" / "risk_golden.json"
    rows = json.loads(path.read_text(encoding="utf-8"))
    return tuple((row["text"], frozenset(row["fires"])) for row in rows)


def check(told: Mapping[str, Any]) -> Checked:
    """Hold an edition against every golden sentence, the carried ones and those that the town has added."""
    own = [(row["text"], frozenset(row["fires"])) for row in told.get("golden", ())]
    sentences = [*golden(), *own]
    marks = risk([text for text, _ in sentences], rules_of(told, "").rules)
    fired = [{mark.code for mark in one} for one in marks]
    missed = [text for (text, fires), seen in zip(sentences, fired, strict=True) if fires and not fires <= seen]
    alarmed = [text for (text, fires), seen in zip(sentences, fired, strict=True) if not fires and seen]
    return Checked(len(sentences), tuple(missed), tuple(alarmed))


def look(texts: Sequence[str]) -> list[tuple[RiskMark, ...]]:
    """Give the marks of each text. The words as they were said are read: what is hidden of a person may be the danger;
    what a mark keeps are words of the rules alone."""
    return [tuple(marks) for marks in risk(texts, load().rules)]

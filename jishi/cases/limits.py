"""How far time may move and who is told, read from institutions/rules/moving_time.toml: no number stands in code."""

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from typing import Any

from django.conf import settings

from jishi.kernels.procedure import Spoken

MOST_REOPEN_DAYS = 366


@dataclass(frozen=True, slots=True)
class Ground:
    """Why a clock may stand still, or a case be left out. `longest` empty: as the evidence says."""

    code: str
    name: Spoken
    longest: str
    needs_evidence: bool
    source: str


@dataclass(frozen=True, slots=True)
class Rung:
    """One step of the escalation: when a share of the time is used, or `workdays` after expiry; whom it reaches."""

    step: str
    name: Spoken
    share: Fraction | None
    workdays: int
    to: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Window:
    """How many days after the end a case may be reopened, for a branch of matters in a division; empty: all."""

    matter: str
    division: str
    days: int

    def holds(self, matter: str, division: str) -> bool:
        branch = not self.matter or f"{matter}.".startswith(f"{self.matter}.")
        return branch and division.startswith(self.division)


@dataclass(frozen=True, slots=True)
class Limits:
    """One edition of the rules."""

    label: str
    extension_ask_before: str
    extension_most_workdays: int
    review_within: str
    urging_person_days: int
    urging_caller_days: int
    answer_again: str
    suspension_furthest: str
    suspension: Mapping[str, Ground]
    exclusion: Mapping[str, Ground]
    rungs: tuple[Rung, ...]
    windows: tuple[Window, ...]  # the closest first; the last holds for everything


@cache
def load() -> Limits:
    """Give the rules in force."""
    path = settings.INSTITUTIONS_DIR / "rules" / "moving_time.toml"
    raw = tomllib.loads(path.read_text(encoding="utf-8"))
    return Limits(
        label=f"{raw['code']}@{raw['edition']}",
        extension_ask_before=raw["extension"]["ask_before"],
        extension_most_workdays=raw["extension"]["most_workdays"],
        review_within=raw["banking"]["review_within"],
        urging_person_days=raw["urging"]["person_days"],
        urging_caller_days=raw["urging"]["caller_days"],
        answer_again=raw["second_look"]["answer_again"],
        suspension_furthest=raw["suspension"]["furthest"],
        suspension={row["code"]: _ground(row) for row in raw["suspension_grounds"]},
        exclusion={row["code"]: _ground(row) for row in raw["exclusion_grounds"]},
        rungs=tuple(_rung(row) for row in raw["escalation"]),
        windows=_windows(raw["reopening"], raw.get("reopening_windows", ())),
    )


def reopen_days(matter: str, division: str) -> int:
    """Give the days for reopening a case of this matter at this place: the deepest branch, then the smallest place."""
    return next(w.days for w in load().windows if w.holds(matter, division))


def _begins(division: str) -> str:
    """The digits with which every division inside begins: 2, 4, 6, 9 or 12 of them."""
    return next((division[:n] for n in (2, 4, 6, 9, 12) if not division[n:].strip("0")), division) if division else ""


def _windows(everywhere: Mapping[str, Any], rows: Iterable[Mapping[str, Any]]) -> tuple[Window, ...]:
    """Read the windows, the closest first. :raises ValueError: days that are no days, or two that say the same."""
    made = [Window(r.get("matter", ""), _begins(r.get("division", "")), r["days"]) for r in rows]
    made.append(Window("", "", everywhere["days"]))
    if wrong := [w for w in made if not isinstance(w.days, int) or not 1 <= w.days <= MOST_REOPEN_DAYS]:
        raise ValueError(f"reopening: {wrong[0].days!r} days, between 1 and {MOST_REOPEN_DAYS}")
    if len({(w.matter, w.division) for w in made}) < len(made):
        raise ValueError("reopening: the same matter and place twice")
    return tuple(sorted(made, key=lambda w: (w.matter.count(".") + bool(w.matter), len(w.division)), reverse=True))


def _ground(row: Mapping[str, Any]) -> Ground:
    name = Spoken(row["zh"], row["en"])
    return Ground(row["code"], name, row.get("longest", ""), row.get("evidence", True), row["source"])


def _rung(row: Mapping[str, Any]) -> Rung:
    at = str(row["at"])
    share = Fraction(int(at[:-1]), 100) if at.endswith("%") else None
    days = 0 if share is not None else int(at.removesuffix("wd"))
    return Rung(row["step"], Spoken(row["zh"], row["en"]), share, days, tuple(row["to"]))

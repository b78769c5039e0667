"""Whose matter a message is: the published lists, asked once for each distinct set of facts."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

from jishi.kernels.dutylist import conditions
from jishi.kernels.dutylist import facts as listed
from jishi.kernels.dutylist.decision import Decision, decide
from jishi.kernels.dutylist.items import COMMUNITY, STREET
from jishi.portal.demo import ground, institutions
from jishi.portal.demo.nouns import Matter, Place, Town

LOCAL = ZoneInfo("Asia/Shanghai")
FALLBACK_ONLY = 30  # items of this priority serve a whole branch and hold only where nothing nearer does


@dataclass(frozen=True)
class Named:
    """The bodies that the lists name: one, or two that the lists leave contested."""

    outcome: str
    item: str
    bodies: tuple[str, ...]
    parts: tuple[tuple[str, str], ...]
    days: int


def facts(
    matter: str,
    place: Place,
    answers: Mapping[str, Any],
    *,
    said_at: dt.datetime,
    channel: str = "phone",
    kind: str = "report",
) -> dict[str, listed.Fact]:
    """This will give the facts of a message in the shape that `dutylist.decide` takes."""
    where = listed.Place(
        divisions=(ground.PROVINCE, ground.CITY, ground.COUNTY, place.street),
        community=place.community,
        grid=place.grid,
        zones=frozenset(place.zones),
        kinds=frozenset(place.kinds),
    )
    known = {
        "matter": listed.entered(matter),
        "place": listed.derived(where),
        "said_at": listed.derived(listed.Moment(said_at.astimezone(LOCAL))),
        "channel": listed.derived(channel),
        "kind": listed.entered(kind),
    }
    return known | {f"answers.{code}": listed.said(value) for code, value in answers.items()}


class Lists:
    """The town's three lists, with what they answered before."""

    def __init__(self, town: Town) -> None:
        self.editions = institutions.editions(town.divisions)
        self.levels = {b.code: b.level for b in town.bodies}
        self.asked = {
            str(test.value)
            for line in self.editions.lines
            for _, test in conditions.leaves(line.item.condition)
            if test.fact == "place" and test.op == "in_kind"
        }
        self.named_divisions = {
            str(test.value)
            for line in self.editions.lines
            for _, test in conditions.leaves(line.item.condition)
            if test.op == "in_division"
        }
        self.memory: dict[tuple[object, ...], Decision] = {}

    def whose(self, matter: str, place: Place, answers: Mapping[str, Any], said_at: dt.datetime) -> Named:
        """This will name the body, or the contesting bodies, that the lists give for these facts."""
        night = not 6 <= said_at.astimezone(LOCAL).hour < 22
        near = tuple(k for k in place.kinds if k in self.asked)
        asked_ground = place.community if place.community in self.named_divisions else ""
        key = (matter, asked_ground, near, place.zones, tuple(sorted(answers.items())), night)
        found = self.memory.get(key)
        if found is None:
            known = facts(matter, place, answers, said_at=said_at)
            found = decide(known, self.editions, said_at.astimezone(LOCAL).date())
            if found.item is None or found.item.priority > FALLBACK_ONLY:
                self.memory[key] = found
        return self._named(found, place)

    def _named(self, found: Decision, place: Place) -> Named:
        """The remembered decision spoken for this place: its own street and its own community."""
        own = {STREET: self.editions.holders[place.street], COMMUNITY: self.editions.holders[place.community]}
        items = [found.item] if found.item else [c.item for c in found.candidates]
        bodies = tuple(dict.fromkeys(own.get(item.lead_body, item.lead_body) for item in items))
        promise = items[0].promises["promise"] if items else "5wd"
        parts = tuple((own[STREET], a.part) for a in found.assists)
        return Named(
            found.outcome, items[0].number if items else "", bodies, parts, int(promise.removesuffix("wd"))
        )


# What the place itself answers: the question's code → kind of place → answer.
_BY_PLACE: dict[str, dict[str, tuple[str, ...]]] = {
    "parking": {"compound": ("fire_lane", "compound"), "": ("road",)},
    "lamp": {"compound": ("compound",), "lane": ("compound",), "": ("road",)},
    "road": {"lane": ("lane",), "": ("city", "city", "city", "lane", "highway")},
    "tree": {"compound": ("compound", "compound", "power"), "": ("street", "street", "power")},
}


def answers_for(matter: Matter, place: Place, rng: Random) -> dict[str, Any]:
    """This will answer the extra questions of a matter as a caller would; yes and no are codes."""
    given: dict[str, Any] = {}
    for question in matter.questions:
        if question.code in _BY_PLACE:
            by_kind = _BY_PLACE[question.code]
            given[question.code] = rng.choice(next(by_kind[k] for k in (*place.kinds, "") if k in by_kind))
        elif question.type == "number":
            low, high = {"cm": (8, 60), "℃": (9, 21), "人": (1, 24)}[question.unit or "人"]
            given[question.code] = rng.randint(low, high)
        elif question.type == "bool":
            given[question.code] = "yes" if rng.random() < 0.35 else "no"
        else:
            codes = [c.code for c in question.choices if c.code not in ("unknown", "other")]
            given[question.code] = rng.choice(codes)
    return given

"""What the demonstration town is made of: frozen values, no behaviour beyond their shape.

Coordinates are CGCS2000 degrees as integers of 1e-7 degree, `(lng, lat)`; rings are closed and run
anticlockwise; lengths are metres. Everything here is invented: no division of the country has a code
that begins with 99.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from jishi.kernels.dutylist.items import ListKind

Coord = tuple[int, int]
Ring = tuple[Coord, ...]
Line = tuple[Coord, ...]
Condition = Mapping[str, Any]


@dataclass(frozen=True)
class Division:
    """`level` 1 province · 2 city · 3 county · 4 street · 5 community; `code` has 12 digits."""

    code: str
    name: str
    short_name: str
    level: int
    parent: str | None
    kind: str
    boundary: Ring | None


@dataclass(frozen=True)
class Grid:
    """One service area; `special_of` and `owner` are set for special grids alone."""

    code: str
    name: str
    kind: str
    community: str
    special_of: str | None
    owner: str | None
    households: int
    polygon: Ring


@dataclass(frozen=True)
class Road:
    id: str
    name: str
    aliases: tuple[str, ...]
    kind: str
    width_m: int
    line: Line


@dataclass(frozen=True)
class Compound:
    """A housing compound; `kind` as places spec 3.2, `manager` a property company by (fictional) name."""

    id: str
    name: str
    aliases: tuple[str, ...]
    kind: str
    community: str
    grid: str
    built_year: int
    households: int
    manager: str
    point: Coord
    polygon: Ring


@dataclass(frozen=True)
class Building:
    id: str
    compound: str
    name: str
    aliases: tuple[str, ...]
    floors_up: int
    units: int
    households: int
    point: Coord
    footprint: Ring


@dataclass(frozen=True)
class Facility:
    id: str
    name: str
    aliases: tuple[str, ...]
    kind: str
    community: str
    grid: str
    owner: str | None
    point: Coord
    polygon: Ring | None


@dataclass(frozen=True)
class Zone:
    """A named polygon that duty lists speak of, such as the management line of the levee."""

    code: str
    name: str
    polygon: Ring


@dataclass(frozen=True)
class GazetteerEntry:
    """A name that people say, with where it is: the shape that `places` loads."""

    id: str
    name: str
    aliases: tuple[str, ...]
    kind: str
    lng: int
    lat: int
    radius_m: int
    within: str


@dataclass(frozen=True)
class Body:
    """`level`: city_dept, street, community, company, centre, office."""

    code: str
    name: str
    name_en: str
    short_name: str
    level: str
    division: str
    work_phone: str
    round_the_clock: bool
    duties: str


@dataclass(frozen=True)
class Choice:
    code: str
    zh: str
    en: str


@dataclass(frozen=True)
class Question:
    """An extra question of a matter; `type` is choice, number or bool, `unit` only for numbers."""

    code: str
    zh: str
    en: str
    type: str
    unit: str | None
    choices: tuple[Choice, ...]


@dataclass(frozen=True)
class Matter:
    code: str
    name: str
    name_en: str
    parent: str | None
    level: int
    aliases: tuple[str, ...]
    public: bool
    default_visibility: str
    at_home: bool
    spot: bool
    life_days: int
    questions: tuple[Question, ...]


@dataclass(frozen=True)
class DutyItem:
    """One printed line of a duty list; `lead_body` is a body code, `$street` or `$community`."""

    number: str
    kind: ListKind
    name: str
    matters: tuple[str, ...]
    condition: Condition | None
    lead_body: str
    powers: tuple[str, ...]
    superior_dept: str
    superior_duty: str
    own_part: str
    receiving_office: str
    way: str
    legal_basis: tuple[LegalBasis, ...]
    promises: Mapping[str, str]
    priority: int
    examples: tuple[str, ...]
    remark: str


@dataclass(frozen=True)
class LegalBasis:
    """`words` are quoted from the article; empty words mean that the text was not at hand: unverified."""

    law: str
    article: str
    words: str

    @property
    def is_verified(self) -> bool:
        return bool(self.words)


@dataclass(frozen=True)
class GoldenDispatch:
    """Facts and what the lists must answer; `body` is a body code, several for `contested`."""

    id: str
    text: str
    matter: str
    place: str
    community: str
    place_kinds: tuple[str, ...]
    zones: tuple[str, ...]
    answers: Mapping[str, Any]
    channel: str
    said_at: str | None
    outcome: str
    items: tuple[str, ...]
    bodies: tuple[str, ...]
    ask: tuple[str, ...]
    why: str


@dataclass(frozen=True)
class GoldenMessage:
    """A resident's sentence and the body that must be among the first three suggestions."""

    id: str
    text: str
    matter: str
    place: str
    body: str


@dataclass(frozen=True)
class Person:
    username: str
    name: str
    post: str
    post_en: str
    roles: tuple[str, ...]
    body: str | None
    phone: str
    email: str
    grid: str | None = None


@dataclass(frozen=True)
class Place:
    """Where a message is about: what was named, where it lies, which ground that is."""

    name: str
    kind: str
    kinds: tuple[str, ...]
    zones: tuple[str, ...]
    ref: str
    lng: int
    lat: int
    radius_m: int
    grid: str
    community: str
    street: str


@dataclass(frozen=True)
class Step:
    """One thing that happened to a case; `by` is a body code, `words` what was said."""

    what: str
    at: dt.datetime
    by: str
    words: str = ""
    facts: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class PastCase:
    external_id: str
    channel: str
    kind: str
    voice: str
    said_at: dt.datetime
    text: str
    place: Place
    matter: str
    item: str
    body: str
    urgency: str
    caller_name: str
    caller_contact: str
    answers: Mapping[str, Any]
    also_about: str | None
    near_duplicate_of: str | None
    topic: str | None
    steps: tuple[Step, ...]
    status: str
    is_late: bool
    reply: str


@dataclass(frozen=True)
class Town:
    seed: int
    divisions: tuple[Division, ...]
    grids: tuple[Grid, ...]
    roads: tuple[Road, ...]
    river: Ring
    zones: tuple[Zone, ...]
    compounds: tuple[Compound, ...]
    buildings: tuple[Building, ...]
    facilities: tuple[Facility, ...]
    gazetteer: tuple[GazetteerEntry, ...]
    bodies: tuple[Body, ...]
    matters: tuple[Matter, ...]
    duty_items: tuple[DutyItem, ...]
    golden_dispatches: tuple[GoldenDispatch, ...]
    golden_messages: tuple[GoldenMessage, ...]
    people: tuple[Person, ...]

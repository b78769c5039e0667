"""The ground of a day as values: divisions, grids, and the things that have a name and lie somewhere."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from typing import Any

import shapely

from jishi.kernels.geo.partition import PolygonIndex
from jishi.kernels.text.normalise import normalise
from jishi.kernels.text.places import Gazetteer
from jishi.places import shapes
from jishi.places.neighbours import Neighbour
from jishi.places.shapes import E7, Plane

ROADS = frozenset({"main", "secondary", "branch", "road", "expressway"})
LINES = ROADS | {"lane", "path", "railway", "canal", "bridge", "river"}
DIVISION_LEVELS = {1: "province", 2: "city", 3: "district", 4: "street", 5: "community"}
DIVISION_KINDS = frozenset({"province", "city", "county", "district", "street", "town", "community", "grid"})
SMALL_M = 150.0  # a place within this reach is one place; a wider one is known only as far as its divisions go


@dataclass(frozen=True, slots=True)
class DivisionRow:
    code: str
    name: str
    short_name: str
    level: int
    kind: str
    parent: str
    placeholder: bool
    valid_from: date
    valid_to: date | None
    boundary: bytes | None


@dataclass(frozen=True, slots=True)
class GridRow:
    id: int
    code: str
    name: str
    community: str
    kind: str
    special_of: str
    owner_ref: str
    edition_id: int
    edition: int
    effective_from: date
    polygon: bytes


@dataclass(slots=True)
class Thing:
    """Something that has a name and lies somewhere. `shape` in metres; a point where there is no other."""

    name: str
    level: str  # building compound facility road crossing river community street district grid
    kinds: frozenset[str]
    lng: float
    lat: float
    radius_m: float
    shape: Any
    community: str = ""
    compound: int | None = None  # of a building: place in `things`
    exact: bool = True
    division: str = ""


@dataclass(frozen=True, slots=True)
class Storeys:
    """Floors of a house that belong to another grid than its ground, both ends included; None: the whole house."""

    grid_id: int
    low: int | None
    high: int | None

    def hold(self, floor: int | None) -> bool:
        """Tell whether the floor is among them."""
        return floor is not None and self.low is not None and self.high is not None and self.low <= floor <= self.high


@dataclass
class Ground:
    """All that `find` and `place_of` ask, for the days between two changes."""

    mark: tuple[int, ...]
    plane: Plane
    divisions: Mapping[str, DivisionRow]
    grids: Mapping[int, GridRow]
    index: PolygonIndex
    by_code: Mapping[str, GridRow]
    things: list[Thing] = field(default_factory=list)
    gazetteer: Gazetteer = field(default_factory=lambda: Gazetteer.of(()))  # a name's id is its place in `things`
    buildings: dict[int, dict[str, int]] = field(default_factory=dict)
    numbered: dict[str, list[int]] = field(default_factory=dict)  # building number → things
    doors: dict[int, dict[int, tuple[float, float]]] = field(default_factory=dict)  # house → its 单元 → lng, lat
    areas: list[tuple[frozenset[str], str, int]] = field(default_factory=list)  # kinds, zone, thing (−1 none)
    tree: Any = None
    borders: list[str] = field(default_factory=list)
    border_tree: Any = None
    apart: dict[tuple[int, int], float] = field(default_factory=dict)  # metres between two things, once asked
    corners: dict[tuple[int, int], tuple[float, float] | None] = field(default_factory=dict)  # where two roads meet
    looked: dict[tuple[float, float], Any] = field(default_factory=dict)  # a place of words → what is there, once asked
    by_point: dict[tuple[int, int, str], frozenset[str]] = field(default_factory=dict)  # kinds of wide things
    grid_tree: Any = None  # of the grids, in the order of `by_code`
    crossings: dict[tuple[int, int], Any] = field(default_factory=dict)  # looked up once
    around: dict[str, Neighbour] | None = None  # counties that are not ours, once asked
    former: dict[int, list[tuple[str, str]]] = field(default_factory=dict)  # thing → names it had, until which day
    spoken: dict[int, list[str]] = field(default_factory=dict)  # thing → all its names
    book: Any = None  # for reading addresses, once asked

    storeys: dict[int, list[Storeys]] = field(default_factory=dict)  # building id → floors of other grids
    housed: list[int] = field(default_factory=list)  # building ids, in the order of `house_tree`
    house_tree: Any = None  # of the houses in `storeys`, in metres
    micros: Any = None  # the micro-grids laid out (`queries.micro`), once asked

    def of_floor(self, building_id: int, floor: int | None) -> tuple[GridRow | None, str]:
        """Give the grid that wins over the polygon for a floor of a house, or None with why.

        "needs_floor": its floors belong to several grids and none was said; "": the ground itself decides.
        """
        rows = self.storeys.get(building_id, ())
        by_floor = [s for s in rows if s.low is not None]
        if floor is None and by_floor:
            return None, "needs_floor"
        hit = next((s for s in by_floor if s.hold(floor)), None) or next((s for s in rows if s.low is None), None)
        return (self.grids.get(hit.grid_id) if hit else None), ""

    @cached_property
    def edition(self) -> str:
        newest = max((g.edition for g in self.grids.values()), default=0)
        return f"grids@{newest};ground@{self.mark[0]}"

    @cached_property
    def middles(self) -> dict[int, tuple[int, int]]:
        """Give a point inside each grid (longitude, latitude in 1e-7°), its centre where that lies inside."""
        found = {}
        for i, row in self.grids.items():
            shape = shapes.read(row.polygon)
            middle = shape.centroid if shape.contains(shape.centroid) else shape.representative_point()
            found[i] = (round(middle.x * E7), round(middle.y * E7))
        return found

    def metres_between(self, one: int, other: int) -> float:
        """Give the metres between two things, 0 where they touch."""
        pair = (min(one, other), max(one, other))
        if pair not in self.apart:
            if len(self.apart) > 200_000:
                self.apart.clear()
            self.apart[pair] = float(shapely.distance(self.things[one].shape, self.things[other].shape))
        return self.apart[pair]

    def corner(self, one: int, other: int) -> tuple[float, float] | None:
        """Give the middle of the ground that two roads share; None where they are more than 30 m apart."""
        pair = (min(one, other), max(one, other))
        if pair not in self.corners:
            if len(self.corners) > 200_000:
                self.corners.clear()
            near = one != other and self.metres_between(one, other) <= 30
            wide = [self.things[at].shape.buffer(15) for at in pair] if near else []
            middle = shapely.intersection(*wide).centroid if near else None
            self.corners[pair] = None if middle is None or middle.is_empty else (middle.x, middle.y)
        return self.corners[pair]

    def path(self, code: str) -> list[DivisionRow]:
        """Give the division and those above it, widest first; nothing for an unknown code."""
        found: list[DivisionRow] = []
        while code in self.divisions and len(found) < 6:
            found.append(self.divisions[code])
            code = self.divisions[code].parent
        return found[::-1]


def common_division(codes: set[str]) -> str:
    """The deepest division that holds all of these communities; empty for none."""
    for digits in (12, 9, 6, 4, 2):
        heads = {c[:digits] for c in codes}
        if len(heads) == 1:
            return heads.pop().ljust(12, "0")
    return ""


_CN = {c: i for i, c in enumerate("零一二三四五六七八九")} | {"〇": 0, "两": 2}


def building_number(said: str) -> str:
    """Give the number of a house: ``3号楼``, ``3栋``, ``三号楼`` and ``3#`` are all ``3``; empty for none."""
    text = normalise(said).text.strip().upper()
    for ending in ("号楼", "号院", "号", "栋楼", "栋", "幢", "座", "#楼", "#", "楼"):
        if text.endswith(ending) and len(text) > len(ending):
            text = text[: -len(ending)]
            break
    if text.isascii() and text.isalnum():
        return text.lstrip("0") or "0"
    return (
        str(_chinese(text)) if text and all(c in _CN or c in "十百" for c in text) else text if len(text) == 1 else ""
    )


_UNIT = re.compile(r"(?<![0-9一二三四五六七八九十])([0-9]{1,2}|[一二三四五六七八九十]{1,3})单元")


def unit_number(said: str) -> int | None:
    """Give the number of the 单元 that is named in words; None: none, or several."""
    found = {_number(n) for n in _UNIT.findall(said)}
    return found.pop() if len(found) == 1 else None


_HOUSE = r"[0-9一二三四五六七八九十百]{1,4}(?:号楼|号院|栋楼|#楼|号|栋|幢|座|楼|#)"
_DOOR_OF = re.compile(rf"(?<![0-9一二三四五六七八九十百])({_HOUSE})\s*([0-9]{{1,2}}|[一二三四五六七八九十]{{1,3}})单元")


def door_said(said: str) -> tuple[str, int] | None:
    """Give the number of a house and of the 单元 that stands right behind it in words; None: none, or several.

    “3号楼1、2单元” and “1-3单元” name several, “3号楼门口……2单元的人” says whose it is and not where.
    """
    found = {(building_number(house), _number(unit)) for house, unit in _DOOR_OF.findall(said)}
    return found.pop() if len(found) == 1 and len(set(_UNIT.findall(said))) == 1 else None


def _number(text: str) -> int:
    return int(text) if text.isascii() else _chinese(text)


def _chinese(text: str) -> int:
    total, digit = 0, 0
    for sign in text:
        if sign in "十百":
            total += (digit or 1) * (10 if sign == "十" else 100)
            digit = 0
        else:
            digit = digit * 10 + _CN[sign] if digit and "十" not in text and "百" not in text else _CN[sign]
    return total + digit

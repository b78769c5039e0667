"""微网格 of a day: which houses, doors or ground of a grid are together. What a later edition put into another grid is
in none: a micro-grid lies in exactly one grid (spec 20 §3.2)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import shapely
from django.db.models import Q

from jishi.foundation import scope
from jishi.places import shapes
from jishi.places.gathering import NEAR_M
from jishi.places.models import Building, Entrance, EntranceKind, MicroGrid, MicroGridPart
from jishi.places.queries.members import grids_of_houses
from jishi.places.shapes import E7
from jishi.places.things import Ground


@dataclass(frozen=True, slots=True)
class MicroRow:
    """`places`: houses and doors as people call them; `astray`: how many have ground that is another grid's by now;
    `buildings`: the numbers of all houses that it holds, those astray too: none of them is free until it ends;
    `ground`: the piece of ground that it was drawn as, None of one that was put together from houses."""

    id: int
    code: str
    name: str
    version: int
    places: tuple[str, ...]
    buildings: tuple[int, ...]
    astray: int
    ground: Any = None


def micro_grids(grids: Sequence[str], *, day: date) -> list[MicroRow]:
    """Give the micro-grids of some grids (by code) on a day, by code. Four statements, however many."""
    return _told(Q(grid__code__in=list(grids)), day)


def micro_grids_of(buildings: Sequence[int], *, day: date, drawn: bool = False) -> list[MicroRow]:
    """Give the micro-grids that hold one of these houses or a door of it, whichever grid they were drawn in, by code.

    Not those of the grid in which a house stands today: one that an edition has emptied would be found by nobody.
    `drawn`: those alone that are a piece of ground.
    """
    tenant, asked = scope.current().actor.tenant_id, set(buildings)
    points = Building.objects.filter(tenant_id=tenant, id__in=asked).values_list("lng_e7", "lat_e7")
    ground = MicroGrid.objects.filter(_lasting(day), tenant_id=tenant, polygon__isnull=False)
    stands = shapely.points(np.array(list(points), np.float64).reshape(-1, 2) / E7)
    pieces = [(i, shapes.read(wkb)) for i, wkb in ground.values_list("id", "polygon")] if len(stands) else []
    which = Q(id__in=[i for i, piece in pieces if shapely.intersects(piece, stands).any()])
    if not drawn:
        parts = MicroGridPart.objects.filter(tenant_id=tenant, building__in=asked)
        which |= Q(id__in=parts.values("micro"))
    return _told(which, day)


def houses_on(pieces: Sequence[Any], *, day: date) -> list[list[Building]]:
    """Give the houses that stand on each piece of ground (degrees) on a day, by number. One statement."""
    if not pieces:
        return []
    west, south, east, north = (round(float(v) * E7) for v in shapely.total_bounds(list(pieces)))
    near = Building.objects.filter(
        _lasting(day), tenant_id=scope.current().actor.tenant_id, lng_e7__range=(west, east),
        lat_e7__range=(south, north),
    )  # fmt: skip
    rows = list(near.select_related("compound").order_by("compound", "id"))
    points = shapely.points([(r.lng_e7 / E7, r.lat_e7 / E7) for r in rows]) if rows else []
    return [[r for r, on in zip(rows, shapely.intersects(piece, points), strict=True) if on] for piece in pieces]


def _lasting(day: date) -> Q:
    return Q(active_from__lte=day) & (Q(active_to=None) | Q(active_to__gt=day))


def _told(which: Q, day: date) -> list[MicroRow]:
    tenant = scope.current().actor.tenant_id
    rows = list(MicroGrid.objects.filter(which, _lasting(day), tenant_id=tenant).order_by("code"))
    if not rows:
        return []
    ground = {r.id: shapes.read(r.polygon) for r in rows if r.polygon is not None}
    on = dict(zip(ground, houses_on(list(ground.values()), day=day), strict=True))
    parts = MicroGridPart.objects.filter(tenant_id=tenant, micro__in=rows)
    held = list(parts.select_related("building__compound", "door").order_by("building__compound", "building", "door"))
    held += [MicroGridPart(micro_id=i, building=house) for i, houses in on.items() for house in houses]
    housed = grids_of_houses([(p.building_id, None) for p in held], day=day)
    mine: dict[int, list[MicroGridPart]] = {r.id: [] for r in rows}
    holds: dict[int, list[int]] = {r.id: [] for r in rows}
    astray = dict.fromkeys(mine, 0)
    code_of = {r.id: r.code[:15] for r in rows}
    for part, at in zip(held, housed, strict=True):
        holds[part.micro_id].append(part.building_id)
        if _gone(part.building, day) or _gone(part.door, day):
            continue
        if at.grid == code_of[part.micro_id]:
            mine[part.micro_id].append(part)
        else:
            astray[part.micro_id] += 1
    return [
        MicroRow(r.id, r.code, r.name, r.version, tuple(_label(p) for p in mine[r.id]),
                 tuple(dict.fromkeys(holds[r.id])), astray[r.id], ground.get(r.id))
        for r in rows
    ]  # fmt: skip


def _gone(place: Building | Entrance | None, day: date) -> bool:
    return place is not None and place.active_to is not None and place.active_to <= day


def _label(part: MicroGridPart) -> str:
    house = part.building
    where = house.compound.name if house.compound is not None else ""
    return f"{where}{house.name}{part.door.name if part.door is not None else ''}"


@dataclass(frozen=True, slots=True)
class Laid:
    """The micro-grids of a day laid out in metres: whole houses, then ground. `doors`: of a house in parts, where its
    doors are and whose each is, "" of one in none."""

    tree: Any
    codes: list[str]  # of each shape in the tree; "" of a house in parts
    houses: list[int]  # its number, 0 of ground
    doors: dict[int, tuple[Any, list[str]]]


def lying(ground: Ground, day: date, lngs: Sequence[float], lats: Sequence[float], grids: Sequence[str]) -> list[str]:
    """Give the micro-grid that each point lies in, "" where none: of its own grid alone, the house before the ground.

    A point at a house of which single doors are drawn has the micro-grid of the nearest door. From memory.
    """
    if ground.micros is None:
        ground.micros = _lay(ground, day)
    laid: Laid = ground.micros
    found = [""] * len(grids)
    asked = [i for i, grid in enumerate(grids) if grid]
    if not laid.codes or not asked:
        return found
    points = ground.plane.points([lngs[i] for i in asked], [lats[i] for i in asked])
    for at, shape in sorted(zip(*laid.tree.query(points, predicate="intersects").tolist(), strict=True)):
        row, code = asked[at], laid.codes[shape]
        if not code and not found[row]:
            doors, whose = laid.doors[laid.houses[shape]]
            code = whose[int(shapely.distance(points[at], doors).argmin())] if whose else ""
        if code[:15] == grids[row] and not found[row]:
            found[row] = code
    return found


def _lay(ground: Ground, day: date) -> Laid:
    tenant = scope.current().actor.tenant_id
    lasting = MicroGrid.objects.filter(_lasting(day), tenant_id=tenant).order_by("code")
    drawn = dict(lasting.values_list("code", "polygon"))
    parts = MicroGridPart.objects.filter(tenant_id=tenant, micro__code__in=drawn).select_related("building", "micro")
    rows = [p for p in parts.order_by("micro__code", "building") if not _gone(p.building, day)] if drawn else []
    codes, houses, made = [], [], []
    for part in sorted(rows, key=lambda p: p.door_id is not None):
        if part.building_id not in houses:
            codes.append(part.micro.code if part.door_id is None else "")
            houses.append(part.building_id)
            made.append(_house(part.building, ground))
    for code, wkb in drawn.items():
        if wkb is not None:
            codes.append(code)
            houses.append(0)
            made.append(ground.plane.shape(shapes.read(wkb)))
    whose = {p.door_id: p.micro.code for p in rows if p.door_id is not None}
    in_parts = [house for house, code in zip(houses, codes, strict=True) if not code]
    return Laid(shapely.STRtree(made), codes, houses, _doors(whose, in_parts, ground, day))


def _house(house: Building, ground: Ground) -> Any:
    point = shapely.Point(ground.plane.xy(house.lng_e7 / E7, house.lat_e7 / E7))
    drawn = ground.plane.shape(shapes.read(house.footprint)) if house.footprint is not None else point
    return shapely.buffer(drawn, NEAR_M)


def _doors(
    whose: dict[int, str], houses: Sequence[int], ground: Ground, day: date
) -> dict[int, tuple[Any, list[str]]]:
    found: dict[int, tuple[Any, list[str]]] = {}
    doors = Entrance.objects.filter(_lasting(day), building__in=houses, kind=EntranceKind.UNIT_DOOR) if houses else ()
    of_house: dict[int, list[Entrance]] = {house: [] for house in houses}
    for door in sorted(doors, key=lambda d: d.id):
        of_house[door.building_id or 0].append(door)
    for house, rows in of_house.items():
        points = ground.plane.points([d.lng_e7 / E7 for d in rows], [d.lat_e7 / E7 for d in rows])
        found[house] = points, [whose.get(d.id, "") for d in rows]
    return found

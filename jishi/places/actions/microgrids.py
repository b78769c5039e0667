"""微网格: some houses, doors or a piece of ground of one grid, so that a neighbour can look after them (spec 20 §3.2).

A micro-grid lies in exactly one grid: what stands on another grid's ground is refused when it is drawn, and left out of
every answer once a later edition has put it elsewhere (`queries.micro_grids`).
"""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

import shapely
from django.db import transaction
from django.db.models import Max
from django.utils.timezone import localdate

from jishi.foundation import trail
from jishi.foundation.actor import Actor
from jishi.foundation.refusals import Invalid, NotFound, Stale
from jishi.places import drawings, memory, shapes
from jishi.places.actions import ground
from jishi.places.models import Building, Entrance, EntranceKind, Grid, MicroGrid, MicroGridPart
from jishi.places.policies import ensure_may_keep_houses
from jishi.places.queries import micro
from jishi.places.queries.members import grids_of_houses
from jishi.places.refusals import (
    GoneAlready,
    InMicroGrid,
    MicroGridNotDrawn,
    MicroNumbersSpent,
    NotOfThisGrid,
    ReasonMissing,
)
from jishi.places.things import Ground

MOST_PARTS, MOST_OF_A_GRID = 500, 99
LEAST_M2 = 1.0  # less is the rounding of two drawings: a smaller overlap is cut off, a smaller piece is none
Place = tuple[int, int | None]  # a building, and the door of it where it is not the whole house


@transaction.atomic
def draw(
    grid: str, *, name: str, buildings: Sequence[int], doors: Sequence[int] = (), by: Actor, now: datetime
) -> MicroGrid:
    """Draw a micro-grid of a grid in force (by code) from whole buildings and single unit doors, by their numbers.

    :raises NotFound: no such grid in force, no such house or unit door standing. :raises NotAllowed: not the houses of
    this post. :raises Invalid: no name, nothing to take. :raises NotOfThisGrid: a house on other ground, or whose
    floors belong to several grids. :raises InMicroGrid: a house or door that is in another one.
    :raises MicroNumbersSpent: the hundredth that was ever drawn of a grid.
    """
    day = localdate(now)
    row = memory.ground(day).by_code.get(grid)
    if row is None:
        raise NotFound
    ensure_may_keep_houses(by, row.community)
    if not name.strip() or not 1 <= len(buildings) + len(doors) <= MOST_PARTS:
        raise Invalid(detail="name, buildings, doors")
    memory.touch(by.tenant_id)  # the row is locked: micro-grids are drawn one after the other
    parts, names = _parts(buildings, doors, by)
    for (building, _door), housed in zip(parts, grids_of_houses([(p[0], None) for p in parts], day=day), strict=True):
        if housed.grid != grid:
            raise NotOfThisGrid(building=names[building], grid=grid[12:])
    _ensure_free(parts, names, by)
    for held in micro.micro_grids_of([p[0] for p in parts], day=day, drawn=True):
        raise InMicroGrid(building=names[next(p[0] for p in parts if p[0] in held.buildings)], micro=held.code)
    made = _numbered(grid, name, None, by=by, day=day)
    rows = [MicroGridPart(tenant_id=by.tenant_id, micro=made, building_id=b, door_id=door) for b, door in parts]
    MicroGridPart.objects.bulk_create(rows)
    codes = {"grid": grid, "code": made.code, "parts": len(parts)}
    trail.record("micro_grid.drawn", ("micro_grid", made.id), by=by, at=now, new=True, codes=codes)
    return made


@transaction.atomic
def draw_ground(
    grid: str, *, name: str, polygon: dict[str, Any], crs: str, by: Actor, now: datetime
) -> MicroGrid:
    """Draw a micro-grid of a grid in force (by code) as a piece of its ground, a GeoJSON polygon.

    :raises NotFound: no such grid in force. :raises NotAllowed: not the houses of this post. :raises Invalid: no name.
    :raises UnknownDatum: the system is not named. :raises MicroGridNotDrawn: no sound polygon, ground of another grid
    or micro-grid, a house of another. :raises MicroNumbersSpent: the hundredth that was ever drawn of a grid.
    """
    day = localdate(now)
    held = memory.ground(day)
    row = held.by_code.get(grid)
    if row is None:
        raise NotFound
    ensure_may_keep_houses(by, row.community)
    if not name.strip():
        raise Invalid(detail="name")
    memory.touch(by.tenant_id)
    drawn = _within(drawings.one_polygon(polygon, crs), shapes.read(row.polygon), held)
    _ensure_alone(drawn, grid, held, by=by, day=day)
    made = _numbered(grid, name, shapely.to_wkb(drawn), by=by, day=day)
    codes = {"grid": grid, "code": made.code, "square_metres": round(held.plane.shape(drawn).area)}
    trail.record("micro_grid.drawn", ("micro_grid", made.id), by=by, at=now, new=True, codes=codes)
    return made


def _within(drawn: Any, ground_of: Any, held: Ground) -> Any:
    """Give the polygon, what it has of the grid; a sliver outside, of two drawings rounded apart, is cut off."""
    if drawn is None or held.plane.shape(drawn).area < LEAST_M2:
        raise MicroGridNotDrawn(why="不是一个边界不相交的面", why_en="it is no sound polygon")
    over = held.plane.shape(drawn.difference(ground_of)).area
    if over >= LEAST_M2:
        raise MicroGridNotDrawn(
            why=f"有 {over:,.0f} 平方米在这个网格外面", why_en=f"{over:,.0f} m² of it lie outside its grid"
        )
    return shapely.intersection(drawn, ground_of, grid_size=1e-7)


def _ensure_alone(drawn: Any, grid: str, held: Ground, *, by: Actor, day: date) -> None:
    standing = MicroGrid.objects.filter(tenant_id=by.tenant_id, grid__code=grid, active_to=None).order_by("code")
    for code, wkb in standing.filter(polygon__isnull=False).values_list("code", "polygon"):
        both = held.plane.shape(drawn.intersection(shapes.read(wkb))).area
        if both >= LEAST_M2:
            raise MicroGridNotDrawn(
                why=f"和微网格 {code} 重叠 {both:,.0f} 平方米",
                why_en=f"it overlaps micro-grid {code} by {both:,.0f} m²",
            )
    houses = micro.houses_on([drawn], day=day)[0]
    parts = MicroGridPart.objects.filter(tenant_id=by.tenant_id, active_to=None, building__in=[h.id for h in houses])
    first = parts.select_related("building", "micro").order_by("id").first()
    if first is not None:
        raise InMicroGrid(building=first.building.name, micro=first.micro.code)


def _numbered(grid: str, name: str, polygon: bytes | None, *, by: Actor, day: date) -> MicroGrid:
    return MicroGrid.objects.create(
        tenant_id=by.tenant_id, grid=Grid.objects.get(tenant_id=by.tenant_id, code=grid), code=_next_code(grid, by),
        name=name.strip()[:60], polygon=polygon, active_from=day,
    )  # fmt: skip


@transaction.atomic
def end(micro_id: int, *, on: date, why: str, version: int, by: Actor, now: datetime) -> None:
    """End a micro-grid from a day on; its houses may be drawn into another. What it was until then can be asked.

    :raises NotFound, NotAllowed: as `draw`. :raises Stale: changed since it was seen. :raises GoneAlready: it has
    ended. :raises ReasonMissing: nobody says why. :raises DayDoesNotFit: a day ahead, or before it was drawn.
    """
    row = MicroGrid.objects.select_for_update(of=("self",)).select_related("grid").filter(
        tenant_id=by.tenant_id, id=micro_id
    ).first()  # fmt: skip
    if row is None:
        raise NotFound
    ensure_may_keep_houses(by, row.grid.community)
    if row.version != version:
        raise Stale(version=row.version, seen=version)
    if row.active_to is not None:
        raise GoneAlready(name=row.name, day=row.active_to.isoformat())
    if not why.strip():
        raise ReasonMissing
    ground.ensure_day(on, row.active_from, now)
    memory.touch(by.tenant_id)
    for part in MicroGridPart.objects.filter(micro=row):
        part.change(active_to=on)
    row.change(active_to=on)
    codes = {"on": on.isoformat(), "why": why.strip()[:200]}
    trail.record("micro_grid.ended", ("micro_grid", row.id), by=by, at=now, codes=codes)


def _parts(buildings: Sequence[int], doors: Sequence[int], by: Actor) -> tuple[list[Place], dict[int, str]]:
    wanted = Entrance.objects.filter(
        tenant_id=by.tenant_id, id__in=doors, kind=EntranceKind.UNIT_DOOR, building__isnull=False, active_to=None
    )
    at = dict(wanted.values_list("id", "building_id"))
    standing = Building.objects.filter(tenant_id=by.tenant_id, id__in={*buildings, *at.values()}, active_to=None)
    names = dict(standing.values_list("id", "name"))
    if set(doors) - set(at) or set(buildings) - set(names):
        raise NotFound
    whole: list[Place] = [(b, None) for b in dict.fromkeys(buildings)]
    return whole + [(building, door) for door, building in sorted(at.items())], names


def _ensure_free(parts: Sequence[Place], names: dict[int, str], by: Actor) -> None:
    """A house is in one micro-grid as a whole, or its doors are, each in one: never both."""
    whole, single = {b for b, door in parts if door is None}, {b for b, door in parts if door is not None}
    if both := whole & single:
        raise InMicroGrid(building=names[min(both)], micro="—")
    held = MicroGridPart.objects.filter(tenant_id=by.tenant_id, building__in=list(names), active_to=None)
    for building, door, code in held.order_by("id").values_list("building_id", "door_id", "micro__code"):
        if building in whole or door is None or (building, door) in parts:
            raise InMicroGrid(building=names[building], micro=code)


def _next_code(grid: str, by: Actor) -> str:
    last = MicroGrid.objects.filter(tenant_id=by.tenant_id, grid__code=grid).aggregate(last=Max("code"))["last"]
    number = int(last[15:]) + 1 if last else 1
    if number > MOST_OF_A_GRID:
        raise MicroNumbersSpent(grid=grid[12:], most=MOST_OF_A_GRID)
    return f"{grid}{number:02d}"

"""微网格 of a day: which houses and doors of a grid are together. A house that a later edition put into another grid is
in none: a micro-grid lies in exactly one grid (spec 20 §3.2)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from django.db.models import Q

from jishi.foundation import scope
from jishi.places.models import Building, Entrance, MicroGrid, MicroGridPart
from jishi.places.queries.members import grids_of_houses


@dataclass(frozen=True, slots=True)
class MicroRow:
    """`places`: houses and doors as people call them; `astray`: how many have ground that is another grid's by now;
    `buildings`: the numbers of all houses that it holds, those astray too: none of them is free until it ends."""

    id: int
    code: str
    name: str
    version: int
    places: tuple[str, ...]
    buildings: tuple[int, ...]
    astray: int


def micro_grids(grids: Sequence[str], *, day: date) -> list[MicroRow]:
    """Give the micro-grids of some grids (by code) on a day, by code. Three statements, however many."""
    return _told(Q(grid__code__in=list(grids)), day)


def micro_grids_of(buildings: Sequence[int], *, day: date) -> list[MicroRow]:
    """Give the micro-grids that hold one of these houses or a door of it, whichever grid they were drawn in, by code.

    Not those of the grid in which a house stands today: one that an edition has emptied would be found by nobody.
    """
    held = MicroGridPart.objects.filter(tenant_id=scope.current().actor.tenant_id, building__in=list(buildings))
    return _told(Q(id__in=held.values("micro")), day)


def _told(which: Q, day: date) -> list[MicroRow]:
    tenant = scope.current().actor.tenant_id
    lasting = Q(active_from__lte=day) & (Q(active_to=None) | Q(active_to__gt=day))
    rows = list(MicroGrid.objects.filter(which, lasting, tenant_id=tenant).order_by("code"))
    if not rows:
        return []
    parts = MicroGridPart.objects.filter(tenant_id=tenant, micro__in=rows)
    held = list(parts.select_related("building__compound", "door").order_by("building__compound", "building", "door"))
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
                 tuple(dict.fromkeys(holds[r.id])), astray[r.id])
        for r in rows
    ]  # fmt: skip


def _gone(place: Building | Entrance | None, day: date) -> bool:
    return place is not None and place.active_to is not None and place.active_to <= day


def _label(part: MicroGridPart) -> str:
    house = part.building
    where = house.compound.name if house.compound is not None else ""
    return f"{where}{house.name}{part.door.name if part.door is not None else ''}"

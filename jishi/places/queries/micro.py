"""微网格 of a day: which houses and doors of a grid are together. A house that a later edition put into another grid is
in none: a micro-grid lies in exactly one grid (spec 20 §3.2)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from django.db.models import Q

from jishi.foundation import scope
from jishi.places.models import MicroGrid, MicroGridPart
from jishi.places.queries.members import grids_of_houses


@dataclass(frozen=True, slots=True)
class MicroRow:
    """`places`: houses and doors as people call them; `buildings`: their numbers; `astray`: those whose ground is
    another grid's by now."""

    id: int
    code: str
    name: str
    version: int
    places: tuple[str, ...]
    buildings: tuple[int, ...]
    astray: int


def micro_grids(grids: Sequence[str], *, day: date) -> list[MicroRow]:
    """Give the micro-grids of some grids (by code) on a day, by code. Three statements, however many."""
    tenant = scope.current().actor.tenant_id
    lasting = Q(active_from__lte=day) & (Q(active_to=None) | Q(active_to__gt=day))
    rows = list(MicroGrid.objects.filter(lasting, tenant_id=tenant, grid__code__in=list(grids)).order_by("code"))
    if not rows:
        return []
    standing = Q(building__active_to=None) | Q(building__active_to__gt=day)
    parts = MicroGridPart.objects.filter(standing, tenant_id=tenant, micro__in=rows)
    held = list(parts.select_related("building__compound", "door").order_by("building__compound", "building", "door"))
    housed = grids_of_houses([(p.building_id, None) for p in held], day=day)
    mine: dict[int, list[MicroGridPart]] = {r.id: [] for r in rows}
    astray = dict.fromkeys(mine, 0)
    code_of = {r.id: r.code[:15] for r in rows}
    for part, at in zip(held, housed, strict=True):
        if at.grid == code_of[part.micro_id]:
            mine[part.micro_id].append(part)
        else:
            astray[part.micro_id] += 1
    return [
        MicroRow(r.id, r.code, r.name, r.version, tuple(_label(p) for p in mine[r.id]),
                 tuple(dict.fromkeys(p.building_id for p in mine[r.id])), astray[r.id])
        for r in rows
    ]  # fmt: skip


def micro_grids_of(buildings: Sequence[int], *, day: date) -> list[MicroRow]:
    """Give the micro-grids of the grids in which these houses stand, by code; and so those that they might join."""
    grids = {at.grid for at in grids_of_houses([(b, None) for b in buildings], day=day) if at.grid}
    return micro_grids(sorted(grids), day=day)


def _label(part: MicroGridPart) -> str:
    house = part.building
    where = house.compound.name if house.compound is not None else ""
    return f"{where}{house.name}{part.door.name if part.door is not None else ''}"

"""In which grid is a floor of a building? A member of the edition wins over the polygon (spec 20 §§3.2, 5)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from jishi.foundation import scope
from jishi.places import memory
from jishi.places.models import Building
from jishi.places.shapes import E7
from jishi.places.things import Ground


@dataclass(frozen=True, slots=True)
class Housed:
    """`by`: member or polygon; `grid` is "" where neither knows. `reason`: needs_floor where only a floor can tell."""

    grid: str
    grid_id: int | None
    by: str
    reason: str = ""


def grids_of_floors(asked: Sequence[tuple[str, int | None]], *, day: date) -> list[Housed]:
    """Give the grid of each (ref of a building, floor or None) on a day: by member, else by where the house stands.

    A building whose floors belong to several grids needs the floor; without it nothing is guessed.
    """
    ground = memory.ground(day)
    tenant = scope.current().actor.tenant_id
    houses = {b.ref: b for b in Building.objects.filter(tenant_id=tenant, ref__in={ref for ref, _ in asked})}
    stands = dict(zip(houses, _stand(list(houses.values()), ground), strict=True))
    return [_housed(houses.get(ref), floor, stands.get(ref, ""), ground) for ref, floor in asked]


def grids_of_houses(asked: Sequence[tuple[int, int | None]], *, day: date) -> list[Housed]:
    """Give the same by the building's number: (building, floor or None); one statement, however many."""
    ground = memory.ground(day)
    tenant = scope.current().actor.tenant_id
    houses = {b.id: b for b in Building.objects.filter(tenant_id=tenant, id__in={i for i, _ in asked})}
    stands = dict(zip(houses, _stand(list(houses.values()), ground), strict=True))
    return [_housed(houses.get(i), floor, stands.get(i, ""), ground) for i, floor in asked]


def _stand(houses: Sequence[Building], ground: Ground) -> list[str]:
    if not houses or not ground.grids:
        return [""] * len(houses)
    found = ground.index.locate([b.lng_e7 / E7 for b in houses], [b.lat_e7 / E7 for b in houses])
    return [ground.index.codes[at] if at >= 0 else "" for at in found.grid.tolist()]


def _housed(house: Building | None, floor: int | None, stands: str, ground: Ground) -> Housed:
    if house is None:
        return Housed("", None, "", "unknown_building")
    row, why = ground.of_floor(house.id, floor)
    if why:
        return Housed("", None, "", why)
    if row is not None:
        return Housed(row.code, row.id, "member")
    if not stands:
        return Housed("", None, "", "outside")
    return Housed(stands, ground.by_code[stands].id, "polygon")

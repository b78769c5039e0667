"""In which grid is a floor of a building? A member of the edition wins over the polygon (spec 20 §§3.2, 5)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from jishi.foundation import scope
from jishi.places import memory
from jishi.places.models import Building, GridMember
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
    members: dict[int, list[GridMember]] = {}
    for row in GridMember.objects.filter(
        tenant_id=tenant, building_id__in=[b.id for b in houses.values()], edition__effective__contains=day
    ).order_by("floor_from"):
        members.setdefault(row.building_id, []).append(row)
    found = ground.index.locate([b.lng_e7 / E7 for b in houses.values()], [b.lat_e7 / E7 for b in houses.values()])
    stands = {ref: int(at) for ref, at in zip(houses, found.grid, strict=True)}
    return [_housed(houses.get(ref), floor, members, stands.get(ref, -1), ground) for ref, floor in asked]


def _housed(
    house: Building | None, floor: int | None, members: dict[int, list[GridMember]], at: int, ground: Ground
) -> Housed:
    if house is None:
        return Housed("", None, "", "unknown_building")
    rows = members.get(house.id, [])
    by_floor = [m for m in rows if m.floor_from is not None]
    if floor is None and by_floor:
        return Housed("", None, "", "needs_floor")
    hit = next((m for m in by_floor if _holds(m, floor)), None) or next((m for m in rows if m.floor_from is None), None)
    if hit is not None and hit.grid_id in ground.grids:
        return Housed(ground.grids[hit.grid_id].code, hit.grid_id, "member")
    if at < 0:
        return Housed("", None, "", "outside")
    code = ground.index.codes[at]
    return Housed(code, ground.by_code[code].id, "polygon")


def _holds(member: GridMember, floor: int | None) -> bool:
    low, high = member.floor_from, member.floor_to
    return floor is not None and low is not None and high is not None and low <= floor <= high

"""Buildings of another grid than their ground, whole or by floor: a mall below, homes above (spec 20 §3.2)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.utils.timezone import localdate

from jishi.foundation import trail
from jishi.foundation.actor import Actor
from jishi.foundation.refusals import Invalid, NotFound
from jishi.places import memory
from jishi.places.models import Building, Grid, GridEdition, GridMember, GridVersion
from jishi.places.policies import ensure_may_keep_ground, ensure_may_keep_ground_of
from jishi.places.refusals import EffectiveInThePast, FloorsTaken


@dataclass(frozen=True, slots=True)
class NewMember:
    """`building` is a ref, `grid` a code; without floors the whole building. 1 is the ground floor, −1 the cellar."""

    building: str
    grid: str
    floor_from: int | None = None
    floor_to: int | None = None


@transaction.atomic
def add(edition_id: int, rows: Sequence[NewMember], *, by: Actor, now: datetime) -> int:
    """Add members to an edition that is not yet history; gives how many.

    :raises NotFound: no such edition. :raises EffectiveInThePast: people have been served by it on an earlier day.
    :raises FloorsTaken: a floor would have two grids. :raises Invalid: an unknown building, a grid of another edition,
    floors that are no range. :raises NotAllowed: the post does not keep places.
    """
    ensure_may_keep_ground(by)
    edition = GridEdition.objects.select_for_update().filter(tenant_id=by.tenant_id, id=edition_id).first()
    if edition is None or edition.effective.isempty:
        raise NotFound
    ensure_may_keep_ground_of(by, edition.division_code)
    if edition.effective.lower < localdate(now) and not by.has("system"):
        raise EffectiveInThePast(day=edition.effective.lower.isoformat())
    buildings = {b.ref: b for b in Building.objects.filter(tenant_id=by.tenant_id, ref__in={r.building for r in rows})}
    versions = GridVersion.objects.filter(edition=edition, grid__code__in={r.grid for r in rows})
    grids = {g.code: g for g in Grid.objects.filter(id__in=versions.values("grid_id"))}
    taken = {
        (m.building_id, m.floor_from, m.floor_to) for m in GridMember.objects.filter(edition=edition)
    }  # fmt: skip
    made = []
    for row in rows:
        _ensure_member(row, buildings, grids)
        held = (buildings[row.building].id, row.floor_from, row.floor_to)
        if any(_share(held, other) for other in taken):
            raise FloorsTaken(building=buildings[row.building].name)
        taken.add(held)
        made.append(GridMember(
            tenant_id=by.tenant_id, edition=edition, grid=grids[row.grid], building=buildings[row.building],
            floor_from=row.floor_from, floor_to=row.floor_to,
        ))  # fmt: skip
    GridMember.objects.bulk_create(made)
    trail.record("grids.members_added", ("grid_edition", edition.id), by=by, at=now, codes={"members": len(made)})
    memory.touch(by.tenant_id)
    return len(made)


def _ensure_member(row: NewMember, buildings: dict[str, Building], grids: dict[str, Grid]) -> None:
    if row.building not in buildings:
        raise Invalid(detail=f"没有编号为 {row.building} 的楼栋")
    if row.grid not in grids:
        raise Invalid(detail=f"这一版里没有代码为 {row.grid} 的网格")
    ends = (row.floor_from, row.floor_to)
    if ends != (None, None) and (None in ends or 0 in ends or ends[0] > ends[1]):  # type: ignore[operator]
        raise Invalid(detail=f"{row.building} 的楼层不成一段：{row.floor_from}–{row.floor_to}")


def _share(one: tuple[int, int | None, int | None], other: tuple[int, int | None, int | None]) -> bool:
    """Whether two members hold a floor of one building; a whole building may lie under floors, which win over it."""
    if one[0] != other[0]:
        return False
    if one[1] is None or other[1] is None:
        return one[1] is None and other[1] is None
    return bool(one[1] <= other[2] and other[1] <= one[2])  # type: ignore[operator]

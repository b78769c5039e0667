"""Looking at houses for whoever keeps them: compounds with what stands in them; a building with its doors.

Doors are counted and shown in their order on the floor: the sealed number of a door is not opened for a list. Nobody
finds here who lives behind one.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from django.db.models import Count, F, IntegerField, OuterRef, Q, Subquery
from django.db.models.functions import Coalesce

from jishi.foundation import scope
from jishi.foundation.actor import Actor
from jishi.foundation.refusals import NotFound, SignInNeeded
from jishi.kernels.dutylist.operators import division_head
from jishi.places import memory
from jishi.places.models import Building, Compound, Dwelling, DwellingUse, Entrance, Household
from jishi.places.policies import ensure_keeps_houses
from jishi.places.policies import keeps_houses as keeps_houses


@dataclass(frozen=True, slots=True)
class Door:
    """One door of a building: the which-th on its floor, how many households live behind it."""

    row: Dwelling
    place: int
    households: int


def ensure_keeper(by: Actor) -> None:
    """:raises SignInNeeded: nobody. :raises NotAllowed: a post that keeps no houses."""
    if by.kind == "anonymous":
        raise SignInNeeded
    ensure_keeps_houses(by)


def compounds_kept(words: str, *, after: int, limit: int, by: Actor) -> list[Compound]:
    """Give compounds of the post's own area by id, those that are gone too, with `houses`: how many. One statement."""
    rows = Compound.objects.filter(tenant_id=by.tenant_id, id__gt=after, community__startswith=division_head(by.area))
    rows = rows.exclude(active_to=F("active_from"))  # written down by mistake: it stood on no day
    if words:
        rows = rows.filter(Q(name__icontains=words) | Q(aliases__contains=[words]))
    standing = Building.objects.filter(tenant_id=by.tenant_id, compound=OuterRef("id"), active_to=None)
    counted = standing.order_by().values("compound").annotate(n=Count("id")).values("n")
    rows = rows.annotate(houses=Coalesce(Subquery(counted, output_field=IntegerField()), 0))
    return list(rows.defer("polygon").order_by("id")[:limit])


def compound_kept(compound_id: int, *, by: Actor) -> tuple[Compound, list[Building], list[Entrance]]:
    """Give one compound with its buildings (`doors`, `homes`: how many) and gates. Three statements.

    :raises NotFound: none, or of another area.
    """
    row = Compound.objects.filter(
        tenant_id=by.tenant_id, id=compound_id, community__startswith=division_head(by.area)
    ).first()
    if row is None:
        raise NotFound
    doors = Dwelling.objects.filter(tenant_id=by.tenant_id, building=OuterRef("id"), active_to=None)
    counted = doors.order_by().values("building").annotate(n=Count("id")).values("n")
    homes = Household.objects.filter(tenant_id=by.tenant_id, dwelling__building=OuterRef("id"), active_to=None)
    lived = homes.order_by().values("dwelling__building").annotate(n=Count("id")).values("n")
    stood = Building.objects.filter(tenant_id=by.tenant_id, compound=row).exclude(active_to=F("active_from"))
    houses = stood.defer("footprint").annotate(
        doors=Coalesce(Subquery(counted, output_field=IntegerField()), 0),
        homes=Coalesce(Subquery(lived, output_field=IntegerField()), 0),
    )  # fmt: skip
    gates = Entrance.objects.filter(tenant_id=by.tenant_id, compound=row, active_to=None)
    return row, list(houses.order_by("active_to", "id")), list(gates.order_by("id"))


def building_kept(
    building_id: int, *, after: tuple[int, int], limit: int, by: Actor
) -> tuple[Building, list[Entrance], list[Door]]:
    """Give one building with its doors to the street and its dwellings by unit and floor, from after `after` on.

    :raises NotFound: none. :raises NotAllowed: of another area.
    """
    row = Building.objects.filter(tenant_id=by.tenant_id, id=building_id).select_related("compound").first()
    if row is None:
        raise NotFound
    if not memory.community_of(row).startswith(division_head(by.area)):
        raise NotFound
    gates = Entrance.objects.filter(tenant_id=by.tenant_id, building=row, active_to=None)
    doors = list(
        Dwelling.objects.filter(tenant_id=by.tenant_id, building=row, active_to=None)
        .filter(Q(unit__gt=after[0]) | Q(unit=after[0], floor__gt=after[1]) | Q(unit=None))
        .order_by("unit", "floor", "id")[:limit]
    )  # fmt: skip
    behind: dict[int, int] = dict(
        Household.objects.filter(tenant_id=by.tenant_id, dwelling__in=[d.id for d in doors], active_to=None)
        .order_by().values("dwelling").annotate(n=Count("id")).values_list("dwelling", "n")
    )  # fmt: skip
    return row, list(gates.order_by("id")), _in_order(doors, behind)


def _in_order(doors: Sequence[Dwelling], behind: dict[int, int]) -> list[Door]:
    found: list[Door] = []
    for row in doors:
        same = found and (found[-1].row.unit, found[-1].row.floor) == (row.unit, row.floor)
        found.append(Door(row, found[-1].place + 1 if same else 1, behind.get(row.id, 0)))
    return found


def households_of(buildings: Sequence[int], *, tenant_id: int) -> dict[int, int]:
    """Give, of buildings whose doors are all known, how many households live there; others are not in it.

    A door of which nobody knows what it is for is not a door behind which nobody lives.
    """
    doors = Dwelling.objects.filter(tenant_id=tenant_id, building__in=buildings, active_to=None)
    said = set(doors.order_by().values_list("building", "use").distinct())
    found = dict.fromkeys({b for b, _use in said} - {b for b, use in said if use == DwellingUse.UNKNOWN}, 0)
    homes = Household.objects.filter(
        tenant_id=tenant_id, dwelling__building__in=list(found), dwelling__active_to=None, active_to=None
    )
    return found | dict(
        homes.order_by().values("dwelling__building").annotate(n=Count("id")).values_list("dwelling__building", "n")
    )


def compounds_of(community: str, day: date, *, after: int, limit: int) -> list[Compound]:
    """Give compounds that stand on a day in a division, by id: for everybody, as the map shows them."""
    tenant = scope.current().actor.tenant_id
    rows = Compound.objects.filter(_standing(day), tenant_id=tenant, id__gt=after)
    return list(rows.filter(community__startswith=division_head(community) if community else "").defer("polygon")
                .order_by("id")[:limit])  # fmt: skip


def buildings_of(compound_id: int, day: date, *, after: int, limit: int) -> list[Building]:
    """Give buildings of a compound that stand on a day, by id."""
    tenant = scope.current().actor.tenant_id
    rows = Building.objects.filter(_standing(day), tenant_id=tenant, compound=compound_id, id__gt=after)
    return list(rows.defer("footprint").order_by("id")[:limit])


def _standing(day: date) -> Q:
    return Q(active_from__lte=day) & (Q(active_to=None) | Q(active_to__gt=day))

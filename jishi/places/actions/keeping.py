"""Keeping houses at the desk: what is wrong is put right, what is gone is ended, doors and households are registered.

A correction says that it was wrong from the beginning; what changed on a day is ended and added anew, so that yesterday
keeps its answer. Of a household there is a row from a day until a day and nothing else: who it is stands nowhere.
"""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

from django.db import transaction
from django.utils.timezone import localdate

from jishi.foundation import trail
from jishi.foundation.actor import Actor
from jishi.foundation.refusals import NotFound, Stale
from jishi.places import memory, policies, serving_rules
from jishi.places.actions import ground, residence
from jishi.places.models import (
    Building,
    Compound,
    Dwelling,
    DwellingUse,
    Entrance,
    EntranceKind,
    Household,
)
from jishi.places.refusals import (
    DoorsAreThere,
    DoorsDoNotFit,
    FieldDoesNotFit,
    GoneAlready,
    HouseholdsDoNotFit,
    ReasonMissing,
)

Kept = Compound | Building | Entrance | Dwelling
NOUNS: dict[str, Any] = {"compound": Compound, "building": Building, "entrance": Entrance, "dwelling": Dwelling}
MOST_WORD = {"compound": 80, "building": 40, "entrance": 40}
FIELDS: dict[str, frozenset[str]] = {
    "compound": frozenset({"name", "aliases", "kind", "built_year", "households_planned"}),
    "building": frozenset({"name", "aliases", "floors_up", "units"}),
    "entrance": frozenset({"name", "kind", "foot", "car", "step_free", "hours"}),
    "dwelling": frozenset({"use"}),
}
COMPOUND_KINDS = ("commercial", "unit", "old_estate", "resettlement", "village", "mixed", "dormitory")
CHOICES = {
    ("compound", "kind"): COMPOUND_KINDS, ("entrance", "kind"): tuple(EntranceKind.values),
    ("dwelling", "use"): tuple(DwellingUse.values),
}  # fmt: skip
MOST = {"built_year": 2200, "households_planned": 100_000, "floors_up": 200, "units": 100}
MOST_DOORS, MOST_HOUSEHOLDS = 2000, 9


@transaction.atomic
def correct(
    kind: str, row_id: int, changes: Mapping[str, Any], *, version: int, point: tuple[int, int] | None = None,
    crs: str = "cgcs2000", why: str = "", by: Actor, now: datetime,
) -> Kept:  # fmt: skip
    """This will put right what a row says of a compound, building, entrance or dwelling; both values stay on the trail.

    `point`: 1e-7 degrees of `crs`; `why`: the sentence for a building that stands outside its compound.
    :raises NotAllowed: not the houses of this post. :raises Stale: changed since it was seen.
    :raises FieldDoesNotFit: a field that is not corrected, or no such value. :raises GoneAlready: it has ended.
    :raises OutsideItsCompound: too far from where it belongs. :raises OutsideItsArea: out of the area altogether.
    """
    row = _held(kind, row_id, version, by)
    said = {name: _value(kind, name, value) for name, value in changes.items()}
    if point is not None:
        if kind == "dwelling":
            raise FieldDoesNotFit(field="point", value=f"{point[0]}, {point[1]}")
        ground.ensure_labelled(crs, [point])
        _ensure_placed(kind, row, said.get("name", row.name), point, why, by)
        said |= {"lng_e7": point[0], "lat_e7": point[1]}
    was = {name: getattr(row, name) for name in said}
    new = {name: value for name, value in said.items() if value != was[name]}
    if not new:
        return row  # type: ignore[no-any-return]
    row.change(**new)
    codes = {"was": {n: was[n] for n in new}, "is": new} | ({"why": why.strip()[:200]} if why.strip() else {})
    trail.record(f"{kind}.corrected", (kind, row.id), by=by, at=now, codes=codes)
    memory.touch(by.tenant_id)
    return row  # type: ignore[no-any-return]


@transaction.atomic
def end(kind: str, row_id: int, *, on: date, why: str, version: int, by: Actor, now: datetime) -> None:
    """This will say that a compound, building, entrance or dwelling is no more from a day on; what is in it goes along.

    :raises ReasonMissing: nobody says why. :raises DayDoesNotFit: a day that lies ahead or before it was there.
    Refuses as `correct` besides.
    """
    row = _held(kind, row_id, version, by)
    if not why.strip():
        raise ReasonMissing
    if kind == "compound":
        ground.take_down([row], on=on, why=why, by=by, now=now)
        return
    if kind == "building":
        ground.bring_down([], [row], on=on, by=by, now=now)
    else:
        ground.ensure_day(on, row.active_from, now)
        row.change(active_to=on)
        if kind == "dwelling":
            behind = Household.objects.select_for_update().filter(tenant_id=by.tenant_id, dwelling=row, active_to=None)
            _end_households(list(behind.order_by("id")), on)
    codes = {"on": on.isoformat(), "why": why.strip()[:200]}
    trail.record(f"{kind}.ended", (kind, row.id), by=by, at=now, codes=codes)
    memory.touch(by.tenant_id)


@transaction.atomic
def register_doors(
    building_id: int, *, units: int, floors: tuple[int, int], doors: int, lived_in: bool, version: int,
    active_from: date, by: Actor, now: datetime,
) -> list[int]:  # fmt: skip
    """This will register the dwellings of a building, floor by floor and door by door; `lived_in`: one household each.

    The number of a door is its floor with two digits behind (1203); it is sealed. Floor 0 is none that people say.
    :raises DoorsDoNotFit: nothing to register, or over 2,000 at once. :raises DoorsAreThere: a floor has its doors.
    Refuses as `correct` besides.
    """
    house = _held("building", building_id, version, by)
    storeys = [floor for floor in range(floors[0], floors[1] + 1) if floor]
    if not (0 < units <= 100 and 0 < doors < 100 and storeys and units * doors * len(storeys) <= MOST_DOORS):
        raise DoorsDoNotFit(units=units, low=floors[0], high=floors[1], doors=doors, most=MOST_DOORS)
    there = set(
        Dwelling.objects.filter(tenant_id=by.tenant_id, building=house, active_to=None).values_list("unit", "floor")
    )
    wanted = [(unit, floor) for unit in range(1, units + 1) for floor in storeys]
    for unit, floor in wanted:
        if (unit, floor) in there:
            raise DoorsAreThere(unit=unit, floor=floor)
    rows = [
        (house.id, f"{floor}{door:02d}", unit, floor, DwellingUse.HOME if lived_in else DwellingUse.UNKNOWN)
        for unit, floor in wanted for door in range(1, doors + 1)
    ]  # fmt: skip
    made = residence.add_dwellings(rows, active_from=active_from, by=by, now=now)
    if lived_in:
        _begin(made, active_from, by)
    house.change()
    codes = {"doors": len(made), "households": len(made) if lived_in else 0}
    trail.record("building.doors_registered", ("building", house.id), by=by, at=now, codes=codes)
    return made


@transaction.atomic
def count_households(
    dwelling_id: int, count: int, *, use: str, on: date, version: int, by: Actor, now: datetime
) -> None:
    """This will say what a door is for and how many households live behind it from a day on; those too many end then.

    One that began that same day was written down by mistake: it is deleted, and the trail says how many.
    :raises HouseholdsDoNotFit: more than nine. :raises DayDoesNotFit: a day ahead, or before the door or one of those
    that would end was there. Refuses as `correct` besides.
    """
    door = _held("dwelling", dwelling_id, version, by)
    said = _value("dwelling", "use", use)
    if not 0 <= count <= MOST_HOUSEHOLDS:
        raise HouseholdsDoNotFit(count=count, most=MOST_HOUSEHOLDS)
    there = list(
        Household.objects.select_for_update().filter(tenant_id=by.tenant_id, dwelling=door, active_to=None)
        .order_by("active_from", "id")
    )  # fmt: skip
    ground.ensure_day(on, max([door.active_from, *(one.active_from for one in there[count:])]), now)
    if count == len(there) and said == door.use:
        return
    never = _end_households(there[count:], on)
    _begin([door.id] * (count - len(there)), on, by)
    codes = {"on": on.isoformat(), "households": count, "use": said} | ({"never_were": never} if never else {})
    door.change(use=said)
    trail.record("dwelling.households_counted", ("dwelling", door.id), by=by, at=now, codes=codes)


@transaction.atomic
def remove_ended_households(*, by: Actor, now: datetime) -> int:
    """This will delete households that ended longer ago than a row of residence may last; the nightly run's.

    :raises NotAllowed: not the platform itself.
    """
    residence.ensure_is_nightly(by)
    last = serving_rules.months_on(localdate(now), -serving_rules.load().longest_months)
    gone, _ = Household.objects.filter(tenant_id=by.tenant_id, active_to__lt=last).delete()
    if gone:
        trail.record("household.retention", ("tenant", by.tenant_id), by=by, at=now, codes={"gone": gone})
    return gone


def _end_households(rows: Sequence[Household], on: date) -> int:
    """End locked households; those that had not begun before the day are deleted. Gives how many were."""
    never = [one.id for one in rows if one.active_from >= on]
    for one in rows:
        if one.active_from < on:
            one.change(active_to=on)
    Household.objects.filter(id__in=never).delete()
    return len(never)


def _ensure_placed(kind: str, row: Any, name: str, point: tuple[int, int], why: str, by: Actor) -> None:
    """Refuse a point that leaves what the row belongs to, or the area of whoever corrects it."""
    was = (row.lng_e7, row.lat_e7)
    if kind == "entrance":
        ground.ensure_near(name or row.kind, point, row.compound or row.building)
    elif kind == "building" and row.compound is not None:
        ground.ensure_at_home(name, point, row.compound, why, by)
    elif kind == "building":  # it stands alone: whose it is, its ground says; the town corrects it within the town
        ground.ensure_on_its_ground(name, point, by.area or memory.community_of(row)[:6], by, was=was)
    else:
        ground.ensure_on_its_ground(name, point, row.community, by, was=was)


def _begin(dwellings: Sequence[int], day: date, by: Actor) -> None:
    Household.objects.bulk_create(
        Household(tenant_id=by.tenant_id, dwelling_id=one, active_from=day) for one in dwellings
    )


def _held(kind: str, row_id: int, version: int, by: Actor) -> Any:
    """Lock a row that lasts, of houses that this post keeps, at the version that was seen."""
    model = NOUNS.get(kind)
    if model is None:
        raise NotFound
    row = model.objects.select_for_update().filter(tenant_id=by.tenant_id, id=row_id).first()
    if row is None:
        raise NotFound
    home = row if kind in ("compound", "building") else row.building or row.compound
    community = memory.community_of(home)
    if kind == "entrance":
        policies.ensure_may_keep_entrances(by, community)
    else:
        policies.ensure_may_keep_houses(by, community)
    if row.active_to is not None:
        raise GoneAlready(name=getattr(row, "name", "") or kind, day=row.active_to.isoformat())
    if row.version != version:
        raise Stale(version=row.version, seen=version)
    return row


def _value(kind: str, name: str, value: Any) -> Any:
    """Give a corrected value as it is stored. :raises FieldDoesNotFit: not one that this field takes."""
    if name not in FIELDS[kind]:
        raise FieldDoesNotFit(field=name, value=str(value)[:60])
    known = CHOICES.get((kind, name))
    if known is not None:
        fits = value in known
    elif name == "aliases":
        words = value if isinstance(value, list) else [None]
        fits = len(words) <= 20 and all(isinstance(one, str) and 0 < len(one) <= 40 for one in words)
    elif name in MOST:
        fits = value is None or (isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= MOST[name])
    elif name in ("foot", "car", "step_free"):
        fits = isinstance(value, bool) or (value is None and name == "step_free")
    else:
        longest = 60 if name == "hours" else MOST_WORD[kind]
        fits = isinstance(value, str) and len(value) <= longest and bool(value.strip() or kind == "entrance")
    if not fits:
        raise FieldDoesNotFit(field=name, value=str(value)[:60])
    return value.strip() if isinstance(value, str) else value

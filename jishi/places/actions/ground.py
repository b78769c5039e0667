"""Keeping the ground: compounds, buildings, facilities, zones and the names that people give them, in bulk.

Coordinates come as integers of 1e-7 degree (lng, lat), converted at the edge; `crs` says so and must be ``cgcs2000``.
Rings and lines are sequences of such pairs. A row whose `ref` is there already is left as it is: a repeat adds nothing.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import shapely
from django.db import transaction
from django.db.models import F, Q, Value
from django.db.models.functions import Greatest
from django.utils.timezone import localdate

from jishi.foundation import trail
from jishi.foundation.actor import Actor
from jishi.foundation.refusals import Invalid
from jishi.places import memory, shapes
from jishi.places.actions.barriers import ALONG, ensure_inside
from jishi.places.actions.grids import border_of
from jishi.places.models import (
    Building,
    Compound,
    Dwelling,
    Entrance,
    EntranceKind,
    Facility,
    GazetteerName,
    Household,
    Zone,
)
from jishi.places.policies import (
    ensure_may_keep_entrances,
    ensure_may_keep_ground,
    ensure_may_keep_houses,
)
from jishi.places.refusals import DayDoesNotFit, OutsideItsArea, OutsideItsCompound, SwappedAxes, UnknownDatum
from jishi.places.shapes import E7, Coord

BESIDE_M = 20.0  # a house may stand so far outside its compound (spec 20 §10)
AROUND_M = 500.0  # and so far from the point of one that nobody has drawn
ASTRAY_M = 5_000.0  # so far a point is corrected where no border is known


@dataclass(frozen=True, slots=True)
class NewCompound:
    ref: str
    name: str
    community: str
    lng_e7: int
    lat_e7: int
    aliases: Sequence[str] = ()
    kind: str = "commercial"
    polygon: Sequence[Coord] = ()
    built_year: int | None = None
    households_planned: int | None = None


@dataclass(frozen=True, slots=True)
class NewBuilding:
    """`compound` is the ref of a compound that is there; empty for a house that stands alone."""

    ref: str
    name: str
    lng_e7: int
    lat_e7: int
    compound: str = ""
    aliases: Sequence[str] = ()
    footprint: Sequence[Coord] = ()
    floors_up: int | None = None
    units: int | None = None
    why: str = ""  # why it stands outside its compound


@dataclass(frozen=True, slots=True)
class NewEntrance:
    """A gate of a compound (its ref) or a door of a building (its ref), never of both; `step_free` None: unknown."""

    kind: str
    lng_e7: int
    lat_e7: int
    compound: str = ""
    building: str = ""
    name: str = ""
    foot: bool = True
    car: bool = False
    step_free: bool | None = None
    hours: str = ""


@dataclass(frozen=True, slots=True)
class NewFacility:
    ref: str
    name: str
    kind: str
    lng_e7: int
    lat_e7: int
    aliases: Sequence[str] = ()
    community: str = ""
    owner_ref: str = ""
    polygon: Sequence[Coord] = ()


@dataclass(frozen=True, slots=True)
class NewZone:
    code: str
    name: str
    polygon: Sequence[Coord]


@dataclass(frozen=True, slots=True)
class NewName:
    """A name of the gazetteer. Roads bring `line` and `width_m`, waters `polygon`; `compound` is a compound's ref."""

    ref: str
    name: str
    kind: str
    lng_e7: int
    lat_e7: int
    radius_m: float
    aliases: Sequence[str] = ()
    line: Sequence[Coord] = ()
    polygon: Sequence[Coord] = ()
    width_m: float | None = None
    within: str = ""
    source: str = ""
    compound: str = ""


@transaction.atomic
def add_compounds(
    rows: Sequence[NewCompound], *, crs: str, active_from: date, by: Actor, now: datetime
) -> dict[str, int]:
    """Add compounds; gives ref → id, of those that were there too.

    :raises UnknownDatum: coordinates without a label, or another one. :raises SwappedAxes: latitude stands first.
    :raises NotAllowed: the post does not keep the houses there. :raises Invalid: a row without name or ref.
    """
    for community in sorted({r.community for r in rows}):
        ensure_may_keep_houses(by, community)
    known = _begin(Compound, rows, crs, by)
    borders: dict[str, Any] = {}
    for row in rows:
        if row.ref not in known:
            ensure_on_its_ground(row.name, (row.lng_e7, row.lat_e7), row.community, by, borders=borders)
    made = Compound.objects.bulk_create(
        (
            Compound(
                tenant_id=by.tenant_id, ref=r.ref, name=r.name, aliases=list(r.aliases), community=r.community,
                kind=r.kind, lng_e7=r.lng_e7, lat_e7=r.lat_e7, polygon=shapes.polygon_wkb(r.polygon),
                built_year=r.built_year, households_planned=r.households_planned, active_from=active_from,
            )
            for r in rows
            if r.ref not in known
        ),
        batch_size=2000,
    )  # fmt: skip
    return _end("compound.added", "compound", made, known, by=by, now=now)


@transaction.atomic
def demolish(refs: Sequence[str], *, on: date, by: Actor, now: datetime, why: str = "") -> int:
    """This will say that compounds stand no more from a day on, all that is in them with them; gives how many went.

    What is gone already stays as it is. Who lived there is not touched: a transition is another act (spec 20 §3.5).
    :raises NotAllowed: not the houses of this post. :raises Invalid: no such compound, or a day that lies ahead or
    before it was there.
    """
    rows = list(Compound.objects.select_for_update().filter(tenant_id=by.tenant_id, ref__in=refs).order_by("id"))
    _ensure_there(refs, {row.ref: row.id for row in rows})
    for community in sorted({row.community for row in rows}):
        ensure_may_keep_houses(by, community)
    standing = [row for row in rows if row.active_to is None]
    take_down(standing, on=on, why=why, by=by, now=now)
    return len(standing)


def take_down(standing: Sequence[Compound], *, on: date, why: str, by: Actor, now: datetime) -> None:
    """This will end locked compounds that stand, with their houses; refuses as `bring_down`."""
    houses = Building.objects.select_for_update().filter(
        tenant_id=by.tenant_id, compound__in=standing, active_to=None
    )  # fmt: skip
    bring_down(standing, list(houses.order_by("id")), on=on, by=by, now=now)
    if standing:
        codes = {"on": on.isoformat()} | ({"why": why.strip()[:200]} if why.strip() else {})
        trail.record_many([trail.Note("compound.demolished", ("compound", r.id), now, codes) for r in standing], by=by)
        memory.touch(by.tenant_id)


def bring_down(
    compounds: Sequence[Compound], houses: Sequence[Building], *, on: date, by: Actor, now: datetime
) -> None:
    """This will end locked rows with their gates, doors, dwellings and the households behind them.

    What began that same day stood on no day: the row keeps its number, because sealed rows may name it, and is listed
    no more; a household of that day is deleted.
    :raises DayDoesNotFit: a day that lies ahead, or before one of them was there.
    """
    began = [row.active_from for row in compounds] + [row.active_from for row in houses]
    ensure_day(on, max(began, default=on), now)
    gates = Entrance.objects.select_for_update().filter(
        Q(compound__in=compounds) | Q(building__in=houses), tenant_id=by.tenant_id, active_to=None
    )  # fmt: skip
    for one in (*compounds, *houses):
        one.change(active_to=on)
    for gate in gates.order_by("id"):
        gate.change(active_to=max(on, gate.active_from))
    doors = Dwelling.objects.filter(tenant_id=by.tenant_id, building__in=houses, active_to=None)
    numbers = list(doors.order_by("id").select_for_update().values_list("id", flat=True))
    behind = Household.objects.filter(tenant_id=by.tenant_id, dwelling__in=numbers, active_to=None)
    behind.filter(active_from__gte=on).delete()
    behind.update(active_to=on, version=F("version") + 1)
    Dwelling.objects.filter(tenant_id=by.tenant_id, id__in=numbers).update(
        active_to=Greatest(Value(on), F("active_from")), version=F("version") + 1
    )


@transaction.atomic
def add_buildings(
    rows: Sequence[NewBuilding], *, crs: str, active_from: date, by: Actor, now: datetime
) -> dict[str, int]:
    """Add buildings; gives ref → id. Refuses as `add_compounds`, and a compound that is not there.

    :raises OutsideItsCompound: more than 20 m, and nobody says why. :raises OutsideItsArea: whatever anybody says.
    """
    wanted = {r.compound for r in rows if r.compound}
    compounds = {c.ref: c for c in Compound.objects.filter(tenant_id=by.tenant_id, ref__in=wanted)}
    _ensure_there(sorted(wanted), {ref: c.id for ref, c in compounds.items()})
    for community in sorted({c.community for c in compounds.values()}):
        ensure_may_keep_houses(by, community)
    alone = [r for r in rows if not r.compound]
    if alone:
        ensure_may_keep_ground(by)
    known = _begin(Building, rows, crs, by)
    ensure_inside([shapely.Point(r.lng_e7 / E7, r.lat_e7 / E7) for r in alone], by)
    borders: dict[str, Any] = {}
    for row in rows:
        if row.compound and row.ref not in known:
            ensure_at_home(row.name, (row.lng_e7, row.lat_e7), compounds[row.compound], row.why, by, borders=borders)
    above = {ref: c.id for ref, c in compounds.items()}
    made = Building.objects.bulk_create(
        (
            Building(
                tenant_id=by.tenant_id, ref=r.ref, name=r.name, aliases=list(r.aliases), lng_e7=r.lng_e7,
                compound_id=above.get(r.compound), lat_e7=r.lat_e7, footprint=shapes.polygon_wkb(r.footprint),
                floors_up=r.floors_up, units=r.units, active_from=active_from,
            )
            for r in rows
            if r.ref not in known
        ),
        batch_size=2000,
    )  # fmt: skip
    return _end("building.added", "building", made, known, by=by, now=now)


@transaction.atomic
def add_entrances(rows: Sequence[NewEntrance], *, crs: str, active_from: date, by: Actor, now: datetime) -> list[int]:
    """Add gates and doors; gives their ids.

    :raises NotAllowed: neither the houses nor the walks of this post. :raises UnknownDatum, SwappedAxes: as above.
    :raises Invalid: of no place or of two, or an unknown kind. :raises OutsideItsCompound: a gate 20 m beside it.
    """
    ensure_labelled(crs, [(r.lng_e7, r.lat_e7) for r in rows])
    standing = {"tenant_id": by.tenant_id, "active_to": None}
    refs = {r.compound for r in rows if r.compound}, {r.building for r in rows if r.building}
    compounds = {c.ref: c for c in Compound.objects.filter(ref__in=refs[0], **standing)}
    houses = {b.ref: b for b in Building.objects.filter(ref__in=refs[1], **standing).select_related("compound")}
    for row in rows:
        if bool(row.compound) == bool(row.building) or row.kind not in EntranceKind.values:
            raise Invalid(detail=f"{row.kind} {row.compound}{row.building}")
        place = compounds.get(row.compound) or houses.get(row.building)
        if place is None:
            raise Invalid(detail=f"没有编号为 {row.compound or row.building} 的小区或楼栋")
        ensure_may_keep_entrances(by, memory.community_of(place))
        ensure_near(row.name or row.kind, (row.lng_e7, row.lat_e7), place)
    made = Entrance.objects.bulk_create(
        Entrance(
            tenant_id=by.tenant_id, compound=compounds.get(r.compound), building=houses.get(r.building), name=r.name,
            kind=r.kind, lng_e7=r.lng_e7, lat_e7=r.lat_e7, foot=r.foot, car=r.car, step_free=r.step_free,
            hours=r.hours, active_from=active_from,
        )
        for r in rows
    )  # fmt: skip
    _record("entrance.added", "entrance", made, by=by, now=now)
    return [m.id for m in made]


def ensure_near(name: str, point: Coord, place: Compound | Building) -> None:
    """:raises OutsideItsCompound: over 20 m outside the drawn compound, or 500 m from the point of another place."""
    drawn = shapes.read(place.polygon) if isinstance(place, Compound) else None
    away = _metres(point, drawn or shapely.Point(place.lng_e7 / E7, place.lat_e7 / E7))
    if away > (BESIDE_M if drawn is not None else AROUND_M):
        raise OutsideItsCompound(name=name, compound=place.name, metres=round(away))


def ensure_at_home(
    name: str, point: Coord, home: Compound, why: str, by: Actor, *, borders: dict[str, Any] | None = None
) -> None:
    """A house stands at its compound, or somebody says why; it stands on the ground of the community either way.

    :raises OutsideItsCompound: without a word why. :raises OutsideItsArea: with or without one.
    """
    if not why.strip() and (home.polygon or not by.has("system")):  # a file says where its houses stand
        ensure_near(name, point, home)
    ensure_on_its_ground(name, point, home.community, by, was=(home.lng_e7, home.lat_e7), borders=borders)


def ensure_on_its_ground(
    name: str, point: Coord, division: str, by: Actor, *, was: Coord | None = None,
    borders: dict[str, Any] | None = None,
) -> None:  # fmt: skip
    """A place is put on the ground of its own community; without a border of it, of the street or county above.

    Where none of them has a border, what stood somewhere stays within 5 km of it.
    :raises OutsideItsArea: nobody moves ground out of the area that answers for it.
    """
    if by.has("system"):
        return
    kept = {} if borders is None else borders
    if division not in kept:
        above = (border_of(division[:size].ljust(12, "0")) for size in (12, 9, 6))
        kept[division] = next((b for b in above if b is not None), None)
    border = kept[division]
    if border is not None:
        here = shapely.Point(point[0] / E7, point[1] / E7)
        fits = bool(shapely.covers(shapely.buffer(border, ALONG), here))
    else:
        fits = was is None or _metres(point, shapely.Point(was[0] / E7, was[1] / E7)) <= ASTRAY_M
    if not fits:
        raise OutsideItsArea(name=name)


def ensure_day(on: date, first: date, now: datetime) -> None:
    """:raises DayDoesNotFit: a day that lies ahead, or before it was there."""
    if not first <= on <= localdate(now):
        raise DayDoesNotFit(day=on.isoformat(), first=first.isoformat(), last=localdate(now).isoformat())


def _metres(point: Coord, shape: Any) -> float:
    plane = shapes.Plane(point[0] / E7, point[1] / E7)
    return float(shapely.distance(plane.shape(shape), shapely.Point(0, 0)))


@transaction.atomic
def add_facilities(
    rows: Sequence[NewFacility], *, crs: str, active_from: date, by: Actor, now: datetime
) -> dict[str, int]:
    """Add facilities; gives ref → id. Refuses as `add_compounds`, and what lies outside the office's area."""
    ensure_may_keep_ground(by)
    known = _begin(Facility, rows, crs, by)
    ensure_inside([shapely.Point(r.lng_e7 / E7, r.lat_e7 / E7) for r in rows], by)
    made = Facility.objects.bulk_create(
        (
            Facility(
                tenant_id=by.tenant_id, ref=r.ref, name=r.name, aliases=list(r.aliases), kind=r.kind,
                community=r.community, owner_ref=r.owner_ref, lng_e7=r.lng_e7, lat_e7=r.lat_e7,
                polygon=shapes.polygon_wkb(r.polygon), active_from=active_from,
            )
            for r in rows
            if r.ref not in known
        ),
        batch_size=2000,
    )  # fmt: skip
    return _end("facility.added", "facility", made, known, by=by, now=now)


@transaction.atomic
def add_zones(rows: Sequence[NewZone], *, crs: str, active_from: date, by: Actor, now: datetime) -> dict[str, int]:
    """Add zones; gives code → id. Refuses as `add_compounds`, and a zone without ground."""
    ensure_may_keep_ground(by)
    ensure_labelled(crs, [p for r in rows for p in r.polygon[:1]])
    for row in rows:
        if len(row.polygon) < 4:
            raise Invalid(detail=f"{row.code}: 范围不足四个点")
    known = dict(
        Zone.objects.filter(tenant_id=by.tenant_id, code__in=[r.code for r in rows], active_to=None).values_list(
            "code", "id"
        )
    )
    made = Zone.objects.bulk_create(
        Zone(
            tenant_id=by.tenant_id, code=r.code, name=r.name, polygon=shapes.polygon_wkb(r.polygon),
            active_from=active_from,
        )
        for r in rows
        if r.code not in known
    )  # fmt: skip
    _record("zone.added", "zone", made, by=by, now=now)
    return known | {z.code: z.id for z in made}


@transaction.atomic
def add_names(rows: Sequence[NewName], *, crs: str, active_from: date, by: Actor, now: datetime) -> dict[str, int]:
    """Add names to the gazetteer; gives ref → id. Refuses as `add_compounds`."""
    ensure_may_keep_ground(by)
    known = _begin(GazetteerName, rows, crs, by)
    above = _refs(Compound, {r.compound for r in rows if r.compound}, by)
    _ensure_there((r.compound for r in rows if r.compound), above)
    made = GazetteerName.objects.bulk_create(
        (
            GazetteerName(
                tenant_id=by.tenant_id, ref=r.ref, name=r.name, kind=r.kind, aliases=list(r.aliases),
                lng_e7=r.lng_e7, lat_e7=r.lat_e7, radius_m=r.radius_m, width_m=r.width_m, within=r.within,
                geometry=shapes.polygon_wkb(r.polygon) or shapes.line_wkb(r.line), source=r.source,
                compound_id=above.get(r.compound), active_from=active_from,
            )
            for r in rows
            if r.ref not in known
        ),
        batch_size=2000,
    )  # fmt: skip
    return _end("gazetteer.named", "gazetteer_name", made, known, by=by, now=now)


def _begin(model: Any, rows: Sequence[Any], crs: str, by: Actor) -> dict[str, int]:
    """Check label and names; give the refs that are there already."""
    ensure_labelled(crs, [(r.lng_e7, r.lat_e7) for r in rows])
    seen: set[str] = set()
    for at, row in enumerate(rows, start=1):
        if not row.name.strip() or not row.ref.strip():
            raise Invalid(detail=f"第 {at} 行没有名称或来源编号")
        if row.ref in seen:
            raise Invalid(detail=f"第 {at} 行的来源编号 {row.ref} 重复")
        seen.add(row.ref)
    return _refs(model, seen, by)


def ensure_labelled(crs: str, points: Sequence[Coord]) -> None:
    """Inside there is one system; whoever brings another converts it at the edge first (`queries.converted`).

    :raises UnknownDatum: another label, or none. :raises SwappedAxes: latitude first. :raises Invalid: no degrees.
    """
    if crs != "cgcs2000":
        raise UnknownDatum(crs=crs or "—")
    for lng, lat in points:
        if 3 * E7 <= lng <= 54 * E7 and 73 * E7 <= lat <= 136 * E7:
            raise SwappedAxes(lng=lat / E7, lat=lng / E7)
        if abs(lng) > 180 * E7 or abs(lat) > 90 * E7:
            raise Invalid(detail=f"坐标不是 1e-7 度的整数：{lng}, {lat}")


def _refs(model: Any, wanted: set[str], by: Actor) -> dict[str, int]:
    if not wanted:
        return {}
    return dict(model.objects.filter(tenant_id=by.tenant_id, ref__in=wanted).values_list("ref", "id"))


def _ensure_there(wanted: Any, known: Mapping[str, int]) -> None:
    for ref in wanted:
        if ref not in known:
            raise Invalid(detail=f"没有编号为 {ref} 的小区")


def _end(
    verb: str, kind: str, made: Sequence[Any], known: dict[str, int], *, by: Actor, now: datetime
) -> dict[str, int]:
    _record(verb, kind, made, by=by, now=now)
    return known | {m.ref: m.id for m in made}


def _record(verb: str, kind: str, made: Sequence[Any], *, by: Actor, now: datetime) -> None:
    if not made:
        return
    trail.record_many([trail.Note(verb, (kind, m.id), now, {"name": m.name}) for m in made], by=by, new=True)
    memory.touch(by.tenant_id)

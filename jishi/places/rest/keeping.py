"""The API of houses: the verbs of /desk/ground/compounds, for the same posts and with the same refusals (spec 20 §10).

A community's own body and the office keep houses, nobody else. A create carries a key, a step the version that was seen
(If-Match). Who lives behind a door is not here: a household is a number.
"""

import re
import uuid
from collections.abc import Callable
from datetime import date
from typing import Any

from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.utils.timezone import localdate
from ninja import Field, Router, Schema

from jishi.foundation import idempotency
from jishi.foundation.actor import Actor
from jishi.foundation.refusals import Invalid, KeyMissing
from jishi.places import queries
from jishi.places.actions import ground, keeping
from jishi.places.models import Building, Compound, Dwelling, Entrance
from jishi.places.queries import houses as looking
from jishi.places.refusals import ChoiceUnknown
from jishi.places.rest import edge
from jishi.places.shapes import E7

router = Router(tags=["places"])
Shape = dict[str, Any]
DOORS = 500  # of a page; a floor of a stairwell has fewer


class HousePoint(Schema):
    """Degrees of the system `crs`; without one nothing enters."""

    lng: float = Field(ge=-180, le=180, allow_inf_nan=False)
    lat: float = Field(ge=-90, le=90, allow_inf_nan=False)
    crs: str = Field("", max_length=40)


class NewCompoundIn(HousePoint):
    name: str = Field(min_length=1, max_length=80)
    community: str = Field(max_length=12)
    kind: str = Field("commercial", max_length=20)
    built_year: int | None = Field(None, ge=0, le=2200)
    households_planned: int | None = Field(None, ge=0, le=100_000)


class NewBuildingIn(HousePoint):
    """`why`: the sentence for a building that stands outside its compound."""

    name: str = Field(min_length=1, max_length=40)
    floors_up: int | None = Field(None, ge=0, le=200)
    units: int | None = Field(None, ge=0, le=100)
    why: str = Field("", max_length=200)


class NewEntranceIn(HousePoint):
    """A gate of a compound or a door of a building; `step_free` null: not known."""

    kind: str = Field(max_length=20)
    name: str = Field("", max_length=40)
    foot: bool = True
    car: bool = False
    step_free: bool | None = None
    hours: str = Field("", max_length=60)


class HouseCorrectionIn(Schema):
    """What was wrong from the beginning: fields, and the point where it stands elsewhere."""

    changes: dict[str, Any] = {}
    point: HousePoint | None = None
    why: str = Field("", max_length=200)


class HouseEndIn(Schema):
    """From which day it is no more, and why."""

    on: date
    why: str = Field(max_length=200)


class DoorsIn(Schema):
    """Stairwells, from floor to floor, doors on each; `lived_in`: one household behind every door."""

    units: int = Field(ge=0, le=100)
    floor_from: int = Field(ge=-999, le=999)
    floor_to: int = Field(ge=-999, le=999)
    doors: int = Field(ge=0, le=100)
    lived_in: bool = False


class HouseholdsIn(Schema):
    """What a door is for, and how many households live behind it from today on."""

    count: int = Field(ge=0, le=100)
    use: str = Field(max_length=20)


def add_compound(request: HttpRequest, response: HttpResponse, payload: NewCompoundIn) -> tuple[int, Shape]:
    """Register a compound of the post's own area."""
    by, ref = keeper(request), _new_ref("c")
    if re.fullmatch("[0-9]{12}", payload.community) is None:
        raise Invalid(detail="community")
    if payload.kind not in keeping.COMPOUND_KINDS:
        raise ChoiceUnknown(value=payload.kind)
    lng, lat = _point(payload)
    new = ground.NewCompound(
        ref=ref, name=payload.name.strip(), community=payload.community, lng_e7=lng, lat_e7=lat, kind=payload.kind,
        built_year=payload.built_year, households_planned=payload.households_planned,
    )  # fmt: skip
    made = once(request, by, lambda: ground.add_compounds([new], **_known(request, by))[ref])
    response["Location"] = f"/api/v1/compounds/{made}"
    return 201, _row_told("compound", made, by, response)


@router.get("/compounds/{row}", summary="A compound as it is kept")
def compound(request: HttpRequest, response: HttpResponse, row: int) -> Shape:
    """Give a compound with its buildings and gates, each with its version; ETag is its own."""
    found, houses, gates = looking.compound_kept(edge.row(row), by=keeper(request))
    return _told(found, response) | {
        "buildings": [_shape(h) | {"doors": h.doors, "households": h.homes} for h in houses],  # type: ignore[attr-defined]
        "entrances": [_shape(g) for g in gates],
    }


@router.get("/buildings/{row}", summary="A building as it is kept")
def building(
    request: HttpRequest, response: HttpResponse, row: int, after_stairwell: int = -1, after_floor: int = 0
) -> Shape:
    """Give a building with its doors in their order, never their numbers; `next` names the last whole floor."""
    after = (_small(after_stairwell), _small(after_floor))
    found, gates, doors = looking.building_kept(edge.row(row), after=after, limit=DOORS, by=keeper(request))
    last = doors[-1].row if len(doors) == DOORS else None
    if last is not None:  # a floor is shown whole, here or on the next page
        doors = [d for d in doors if (d.row.unit, d.row.floor) != (last.unit, last.floor)] or doors
    end = doors[-1].row if last is not None else None
    return _told(found, response) | {
        "entrances": [_shape(g) for g in gates],
        "dwellings": [_shape(d.row) | {"place": d.place, "households": d.households} for d in doors],
        "next": [end.unit, end.floor] if end is not None and end.unit is not None else None,
    }


@router.post("/compounds/{row}/buildings", response={201: Shape}, summary="Register a building")
def add_building(request: HttpRequest, response: HttpResponse, row: int, payload: NewBuildingIn) -> tuple[int, Shape]:
    """Register a building of a compound."""
    by, ref = keeper(request), _new_ref("b")
    home = looking.compound_kept(edge.row(row), by=by)[0]
    lng, lat = _point(payload)
    new = ground.NewBuilding(
        ref=ref, name=payload.name.strip(), lng_e7=lng, lat_e7=lat, compound=home.ref, floors_up=payload.floors_up,
        units=payload.units, why=payload.why,
    )  # fmt: skip
    made = once(request, by, lambda: ground.add_buildings([new], **_known(request, by))[ref])
    response["Location"] = f"/api/v1/buildings/{made}"
    return 201, _row_told("building", made, by, response)


@router.post("/compounds/{row}/entrances", response={201: Shape}, summary="Register a gate of a compound")
def add_gate(request: HttpRequest, response: HttpResponse, row: int, payload: NewEntranceIn) -> tuple[int, Shape]:
    """Register a gate of a compound."""
    by = keeper(request)
    return _entrance(request, response, payload, by, compound=looking.compound_kept(edge.row(row), by=by)[0].ref)


@router.post("/buildings/{row}/entrances", response={201: Shape}, summary="Register a door of a building")
def add_door(request: HttpRequest, response: HttpResponse, row: int, payload: NewEntranceIn) -> tuple[int, Shape]:
    """Register a door of a building to the street."""
    by = keeper(request)
    home = looking.building_kept(edge.row(row), after=(-1, 0), limit=1, by=by)[0]
    return _entrance(request, response, payload, by, building=home.ref)


@router.post("/houses/{kind}/{row}/correct", summary="Put a house right")
def correct(request: HttpRequest, response: HttpResponse, kind: str, row: int, payload: HouseCorrectionIn) -> Shape:
    """Put right what was wrong from the beginning; both values stay on the trail."""
    by = keeper(request)
    point = _point(payload.point) if payload.point is not None else None
    keeping.correct(
        kind, edge.row(row), payload.changes, version=edge.version(request), point=point, why=payload.why, by=by,
        now=_now(request),
    )  # fmt: skip
    return _row_told(kind, row, by, response)


@router.post("/houses/{kind}/{row}/end", summary="End a house from a day on")
def end(request: HttpRequest, response: HttpResponse, kind: str, row: int, payload: HouseEndIn) -> Shape:
    """Say that it is no more from a day on; what is in it goes along, and earlier days keep their answer."""
    by = keeper(request)
    seen = edge.version(request)
    keeping.end(kind, edge.row(row), on=payload.on, why=payload.why, version=seen, by=by, now=_now(request))
    return _row_told(kind, row, by, response)


@router.post("/buildings/{row}/doors", summary="Register the doors of a building")
def register(request: HttpRequest, response: HttpResponse, row: int, payload: DoorsIn) -> Shape:
    """Register the dwellings of a building, floor by floor; the version of the building guards a second sending."""
    by = keeper(request)
    made = keeping.register_doors(
        edge.row(row), units=payload.units, floors=(payload.floor_from, payload.floor_to), doors=payload.doors,
        lived_in=payload.lived_in, version=edge.version(request), active_from=localdate(_now(request)), by=by,
        now=_now(request),
    )  # fmt: skip
    return _row_told("building", row, by, response) | {"registered": len(made)}


@router.post("/dwellings/{row}/households", summary="Count the households behind a door")
def count(request: HttpRequest, response: HttpResponse, row: int, payload: HouseholdsIn) -> Shape:
    """Say what a door is for and how many households live behind it from today on."""
    by = keeper(request)
    keeping.count_households(
        edge.row(row), payload.count, use=payload.use, on=localdate(_now(request)), version=edge.version(request),
        by=by, now=_now(request),
    )  # fmt: skip
    return _row_told("dwelling", row, by, response) | {"households": payload.count}


def _entrance(
    request: HttpRequest, response: HttpResponse, payload: NewEntranceIn, by: Actor, **place: str
) -> tuple[int, Shape]:
    lng, lat = _point(payload)
    new = ground.NewEntrance(
        kind=payload.kind, lng_e7=lng, lat_e7=lat, name=payload.name.strip(), foot=payload.foot, car=payload.car,
        step_free=payload.step_free, hours=payload.hours.strip(), **place,
    )  # fmt: skip
    made = once(request, by, lambda: ground.add_entrances([new], **_known(request, by))[0])
    return 201, _row_told("entrance", made, by, response)


def once(request: HttpRequest, by: Actor, add: Callable[[], int]) -> int:
    """A second sending under the same key adds nothing; a refusal gives the key back."""
    key = request.headers.get("Idempotency-Key", "")
    if not key:
        raise KeyMissing
    body = request.path.encode() + b"\n" + request.body
    with transaction.atomic():
        slot = idempotency.claim(key, route="houses", body=body, by=by, now=_now(request))
        if slot.is_first:
            slot.fill({"id": add()})
    return int(slot.answer["id"])


def _row_told(kind: str, row: int, by: Actor, response: HttpResponse) -> Shape:
    return _told(keeping.NOUNS[kind].objects.get(tenant_id=by.tenant_id, id=row), response)


def _told(row: Any, response: HttpResponse) -> Shape:
    response["ETag"] = f'"{row.version}"'
    return {"crs": "cgcs2000", **_shape(row)}


def _shape(row: Compound | Building | Entrance | Dwelling) -> Shape:
    """Give what a keeper sees of a row; the sealed number of a door is not opened."""
    said: Shape = {"id": row.id, "version": row.version, "since": row.active_from, "until": row.active_to}
    if isinstance(row, Dwelling):
        return said | {"building": row.building_id, "stairwell": row.unit, "floor": row.floor, "use": row.use}
    said |= {"name": row.name, "lng": row.lng_e7 / E7, "lat": row.lat_e7 / E7}
    if isinstance(row, Entrance):
        names: tuple[str, ...] = ("kind", "foot", "car", "step_free", "hours")
    elif isinstance(row, Building):
        names = ("aliases", "floors_up", "units")
    else:
        names = ("aliases", "community", "kind", "built_year", "households_planned")
    return said | {name: getattr(row, name) for name in names}


def _point(said: HousePoint) -> tuple[int, int]:
    done = queries.converted([said.lng], [said.lat], said.crs)
    lng, lat = float(done.lng[0]), float(done.lat[0])
    if not (abs(lng) <= 180 and abs(lat) <= 90):
        raise Invalid(detail="lng, lat")
    return round(lng * E7), round(lat * E7)


def _known(request: HttpRequest, by: Actor) -> dict[str, Any]:
    return {"crs": "cgcs2000", "active_from": localdate(_now(request)), "by": by, "now": _now(request)}


def _new_ref(kind: str) -> str:
    return f"api-{kind}-{uuid.uuid4().hex}"


def _small(number: int) -> int:
    if not -1000 < number < 10_000:
        raise Invalid(detail="after")
    return number


def keeper(request: HttpRequest) -> Actor:
    by: Actor = request.actor  # type: ignore[attr-defined]
    looking.ensure_keeper(by)
    return by


def _now(request: HttpRequest) -> Any:
    return request.now  # type: ignore[attr-defined]

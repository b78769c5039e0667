"""The API of places: locate, grids, divisions. Open to whoever is in the town; no door lists people by place."""

from datetime import date
from typing import Any

from django.http import HttpRequest
from django.utils.timezone import localdate
from ninja import Router, Schema

from jishi.foundation.refusals import Invalid
from jishi.places import queries
from jishi.places.queries import houses
from jishi.places.refusals import TooManyRows, UnknownDivision
from jishi.places.rest import editions, keeping, points
from jishi.places.shapes import E7

router = Router(tags=["places"])
MOST_ROWS = 10_000
MOST = 200


@router.get("/residents")
def residents(
    request: HttpRequest, *, building: str = "", compound: str = "", grid: str = "", community: str = ""
) -> dict[str, Any]:
    """Who lives there? Nobody answers that: people are not listed by place (spec 20 §11)."""
    queries.residents_of(building or compound or grid or community)


class Points(Schema):
    """Degrees of the system `crs`; a row that is no number is answered `bad_input`. `floors`: none, or one each."""

    crs: str = ""
    points: list[tuple[float | str | None, float | str | None]]
    day: date | None = None
    nearest_m: float = 0.0
    floors: list[int | None] = []


@router.post("/locate")
def locate(
    request: HttpRequest, payload: Points, crs: str = "", day: date | None = None, nearest_m: float = 0.0
) -> Any:
    """Give the grid of each point, in the order asked; a floor may belong to another grid than its ground.

    A body of `text/csv` (`lng,lat[,floor]`, with `?crs=&day=&nearest_m=`) is answered as one. JSON says these itself.
    """
    if request.content_type == points.CSV:
        payload.crs, payload.day, payload.nearest_m = crs, day, nearest_m
    elif request.GET:
        raise Invalid(detail="crs, day, nearest_m: JSON")
    if len(payload.points) > MOST_ROWS:
        raise TooManyRows(limit=MOST_ROWS, count=len(payload.points))
    if payload.floors and len(payload.floors) != len(payload.points):
        raise Invalid(detail="floors")
    found = queries.locate(
        [points.degree(p[0]) for p in payload.points], [points.degree(p[1]) for p in payload.points],
        crs=payload.crs, day=payload.day or localdate(), floors=payload.floors,
        nearest_m=min(max(payload.nearest_m, 0.0), 1000.0),
    ) if payload.points else []  # fmt: skip
    if request.content_type == points.CSV:
        return points.as_csv(found)
    return {"crs": "cgcs2000", "rows": points.told(found)}


@router.get("/grids")
def grids(
    request: HttpRequest, community: str = "", day: date | None = None, after: str = "", limit: int = 50,
    bbox: str = "",
) -> Any:  # fmt: skip
    """List the grids of a division on a day, by code; the next page begins after the last code.

    `bbox`: west,south,east,north in CGCS2000 degrees: the grids alone whose ground lies in it, wholly or in part.
    """
    rows = [g for g in queries.grids_in(community, day or localdate()) if g.code > after]
    if bbox:
        met = queries.grids_met(_box(bbox), day or localdate())
        rows = [g for g in rows if g.code in met]
    page = rows[: _limit(limit)]
    items = [
        {
            "code": g.code, "name": g.name, "community": g.community, "kind": g.kind, "special_of": g.special_of,
            "owner_ref": g.owner_ref, "edition": g.edition, "since": g.effective_from.isoformat(),
        }
        for g in page
    ]  # fmt: skip
    return {"items": items, "next": page[-1].code if len(rows) > len(page) else None}


router.add_api_operation(  # the address of the list: one path, one router
    "/grids", ["POST"], editions.draft, response={201: dict[str, Any]}, summary="Draft an edition"
)


@router.get("/compounds")
def compounds(
    request: HttpRequest, community: str = "", day: date | None = None, after: int = 0, limit: int = 50
) -> Any:
    """List the compounds that stand on a day, by id; the next page begins after the last id."""
    most = _limit(limit)
    rows = houses.compounds_of(community[:12], day or localdate(), after=_after(after), limit=most + 1)
    items = [
        {
            "id": r.id, "name": r.name, "aliases": r.aliases, "community": r.community, "kind": r.kind,
            "built_year": r.built_year, "households_planned": r.households_planned, "lng": r.lng_e7 / E7,
            "lat": r.lat_e7 / E7, "since": r.active_from,
        }
        for r in rows[:most]
    ]  # fmt: skip
    return {"crs": "cgcs2000", "items": items, "next": rows[most - 1].id if len(rows) > most else None}


router.add_api_operation(
    "/compounds", ["POST"], keeping.add_compound, response={201: dict[str, Any]}, summary="Register a compound"
)


@router.get("/buildings")
def buildings(request: HttpRequest, compound: int, day: date | None = None, after: int = 0, limit: int = 50) -> Any:
    """List the buildings of a compound that stand on a day, by id: houses, never who lives in them."""
    most = _limit(limit)
    rows = houses.buildings_of(_after(compound), day or localdate(), after=_after(after), limit=most + 1)
    items = [
        {
            "id": r.id, "name": r.name, "aliases": r.aliases, "floors_up": r.floors_up, "lng": r.lng_e7 / E7,
            "lat": r.lat_e7 / E7, "since": r.active_from,
        }
        for r in rows[:most]
    ]  # fmt: skip
    return {"crs": "cgcs2000", "items": items, "next": rows[most - 1].id if len(rows) > most else None}


def _box(said: str) -> tuple[float, float, float, float]:
    """Give the four edges. :raises Invalid: no four numbers of a box on earth that does not cross the date line."""
    edges = [points.degree(one) for one in said.split(",")]
    if len(edges) != 4 or not (-180 <= edges[0] < edges[2] <= 180 and -90 <= edges[1] < edges[3] <= 90):
        raise Invalid(detail="bbox: west,south,east,north")
    return edges[0], edges[1], edges[2], edges[3]


def _after(row: int) -> int:
    if not 0 <= row < 2**63:
        raise Invalid(detail="after")
    return row


@router.get("/divisions")
def divisions(
    request: HttpRequest, parent: str, day: date | None = None, after: str = "", limit: int = 50, level: int = 0
) -> Any:
    """List the divisions below one of the tenant's, by code; `level` (1 province … 5 community): all of that level."""
    on = day or localdate()
    if not queries.division_path(parent, day=on):
        raise UnknownDivision(division=parent)
    if not 0 <= level <= 5:
        raise Invalid(detail="level: 1–5")
    rows = [d for d in queries.divisions_below(parent, day=on, level=level) if d.code > after]
    page = rows[: _limit(limit)]
    items = [
        {
            "code": d.code, "name": d.name, "short_name": d.short_name, "level": d.level, "kind": d.kind,
            "parent": d.parent, "placeholder": d.placeholder, "has_border": d.boundary is not None,
        }
        for d in page
    ]  # fmt: skip
    return {"items": items, "next": page[-1].code if len(rows) > len(page) else None}


def _limit(limit: int) -> int:
    if not 1 <= limit <= MOST:
        raise Invalid(detail=f"limit: 1–{MOST}")
    return limit

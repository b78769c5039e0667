"""Further questions to the ground: micro-grids, what a point or a grid was through the years, what became of a
division, what an address says (spec 20 §10). Open to whoever is in the town; who keeps houses draws micro-grids."""

import csv
import io
from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

import shapely
from django.http import HttpRequest, HttpResponse
from django.utils.timezone import localdate
from ninja import Field, Router, Schema

from jishi.foundation.actor import Actor
from jishi.foundation.refusals import Invalid, NotFound
from jishi.kernels.address.telling import Address
from jishi.places import queries, workload_rules
from jishi.places.actions import microgrids
from jishi.places.models import MicroGrid
from jishi.places.refusals import TooManyRows, UnknownDivision
from jishi.places.rest import edge, keeping

router = Router(tags=["places"])
Shape = dict[str, Any]
MOST_TEXTS, MOST_WORDS = 200, 200
WORKLOAD_GRIDS = 25  # a page of at most 200 figures: four quarters of two kinds each
LEVELS = {2: 1, 4: 2, 6: 3, 9: 4, 12: 5}  # digits of a code: the level that they name at most


# --- micro-grids -----------------------------------------------------------------------------------------------


class NewMicroGrid(Schema):
    """Whole houses and single unit doors of one grid, by their numbers; or a piece of its ground, a GeoJSON polygon."""

    grid: str = Field(max_length=15)
    name: str = Field(min_length=1, max_length=60)
    houses: list[int] = Field([], max_length=microgrids.MOST_PARTS)
    entrances: list[int] = Field([], max_length=microgrids.MOST_PARTS)
    polygon: Shape | None = None
    crs: str = Field("", max_length=40)


class MicroGridEnd(Schema):
    on: date
    why: str = Field(min_length=1, max_length=200)


@router.get("/micro-grids", summary="The micro-grids of a grid on a day")
def micro_grids(request: HttpRequest, grid: str, day: date | None = None) -> Shape:
    """List the micro-grids of a grid with their houses and doors; `astray`: places that are another grid's by now."""
    rows = queries.micro_grids([grid], day=day or localdate())
    return {"items": [
        {"id": m.id, "code": m.code, "name": m.name, "version": m.version, "places": m.places, "astray": m.astray,
         "polygon": shapely.geometry.mapping(m.ground) if m.ground is not None else None}
        for m in rows
    ]}  # fmt: skip


@router.post("/micro-grids", response={201: Shape}, summary="Draw a micro-grid")
def draw_micro_grid(request: HttpRequest, payload: NewMicroGrid) -> tuple[int, Shape]:
    """Draw a micro-grid of houses and unit doors, or of ground, that lie in one grid and are in no other micro-grid."""
    by = keeping.keeper(request)
    for number in (*payload.houses, *payload.entrances):
        edge.row(number)
    if payload.polygon is not None and (payload.houses or payload.entrances):
        raise Invalid(detail="polygon | houses, entrances")
    made = keeping.once(request, by, lambda: _drawn(payload, by, request.now).id)  # type: ignore[attr-defined]
    row = MicroGrid.objects.get(tenant_id=by.tenant_id, id=made)
    return 201, {"id": row.id, "code": row.code, "name": row.name, "version": row.version}


def _drawn(said: NewMicroGrid, by: Actor, now: datetime) -> MicroGrid:
    if said.polygon is not None:
        return microgrids.draw_ground(said.grid, name=said.name, polygon=said.polygon, crs=said.crs, by=by, now=now)
    return microgrids.draw(
        said.grid, name=said.name, buildings=said.houses, doors=said.entrances, by=by, now=now
    )  # fmt: skip


@router.post("/micro-grids/{row}/end", summary="End a micro-grid from a day on")
def end_micro_grid(request: HttpRequest, response: HttpResponse, row: int, payload: MicroGridEnd) -> Shape:
    """End a micro-grid; what it was until then can be asked."""
    by = keeping.keeper(request)
    microgrids.end(edge.row(row), on=payload.on, why=payload.why, version=edge.version(request), by=by,
                   now=request.now)  # type: ignore[attr-defined]  # fmt: skip
    return {"id": row, "until": payload.on}


# --- the past --------------------------------------------------------------------------------------------------


@router.get("/locate/history", summary="Whose ground a point was through the years")
def locate_history(request: HttpRequest, lng: float, lat: float, crs: str = "") -> Shape:
    """Give every edition that held a point, with its days; days of no edition stand between."""
    if not (abs(lng) <= 180 and abs(lat) <= 180):
        raise Invalid(detail="lng, lat")
    return {"crs": "cgcs2000", "items": [_stretch(s) for s in queries.history(lng, lat, crs=crs)]}


@router.get("/grids/{code}/history", summary="The editions of a grid")
def grid_history(request: HttpRequest, code: str) -> Shape:
    """Give the editions in which a grid stood."""
    rows = queries.history_of_grid(code)
    if not rows:
        raise NotFound
    return {"items": [_stretch(s) for s in rows]}


def _stretch(one: queries.Stretch) -> Shape:
    return {"since": one.since, "until": one.until, "grid": one.grid, "name": one.name, "edition": one.edition,
            "document_no": one.document_no}  # fmt: skip


@router.get("/workloads", summary="What grids had to do, by quarter")
def workloads(
    request: HttpRequest, grid: str = "", community: str = "", day: date | None = None, form: str = "json",
    after: str = "", limit: int = WORKLOAD_GRIDS,
) -> HttpResponse | Shape:
    """Give a grid's work of the last whole quarters before a day, of today at most, or that of the grids of a community
    (12 digits), `limit` grids a page; the next begins after the code `next`, in the sheet (`form=csv`) after the last.
    Counted from what was done; a figure below `least` is null (in the sheet `<5`)."""
    on = min(day or localdate(), localdate())
    if bool(grid) == bool(community) or form not in ("json", "csv"):
        raise Invalid(detail="grid, community; form: json, csv")
    if community and not (len(community) == 12 and community.isascii() and community.isdigit()):
        raise Invalid(detail="community：12 位数字的社区村编码 · the 12 digits of a community")
    if not 1 <= limit <= WORKLOAD_GRIDS:
        raise Invalid(detail=f"limit: 1–{WORKLOAD_GRIDS}")
    codes = [grid] if grid else [g.code for g in queries.grids_in(community, on)]
    if not codes or (grid and not queries.history_of_grid(grid)):
        raise NotFound
    left = sorted(code for code in codes if code > after)
    page = left[:limit]
    rows = queries.workloads_of_grids(page, day=on)
    if form == "csv":
        return _sheet(rows)
    return {"least": workload_rules.load().least, "items": [
        {"grid": r.grid, "since": r.since, "until": r.until, "kind": r.kind, "value": r.value} for r in rows
    ], "next": page[-1] if len(left) > len(page) else None}  # fmt: skip


def _sheet(rows: Sequence[queries.GridLoad]) -> HttpResponse:
    out = io.StringIO()
    sheet = csv.writer(out)
    sheet.writerow(("grid", "since", "until", "kind", "value"))
    sheet.writerows((r.grid, r.since, r.until, r.kind, r.label) for r in rows)
    answer = HttpResponse(out.getvalue().encode("utf-8-sig"), content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = 'attachment; filename="workloads.csv"'
    return answer


@router.get("/grids/{code}", summary="A grid on a day")
def grid(request: HttpRequest, code: str, day: date | None = None, scheme: str = "") -> Shape:
    """Give a grid of a day by its code, or by that of another scheme (单元网格 …): the answer then names the scheme."""
    found = queries.grid_called(code, day=day or localdate(), scheme=scheme[:40])
    if found is None:
        raise NotFound
    g = found.grid
    return {
        "code": g.code, "name": g.name, "community": g.community, "kind": g.kind, "special_of": g.special_of,
        "owner_ref": g.owner_ref, "edition": g.edition, "since": g.effective_from,
        "asked": {"scheme": found.scheme, "code": found.code} if found.scheme else None,
    }  # fmt: skip


# --- divisions and addresses -----------------------------------------------------------------------------------


@router.get("/divisions/{code}", summary="What a code means on a day")
def division(request: HttpRequest, code: str, day: date | None = None) -> Shape:
    """Give the division that had a code on a day: a shorter code is padded, a retired one names its successors."""
    on = day or localdate()
    wanted = _padded(code)
    row = queries.resolve(wanted, on)
    if row is None:
        raise UnknownDivision(division=code)
    gone = row.valid_to if row.valid_to is not None and row.valid_to <= on else None
    return {
        "code": row.code, "series": row.division_id, "name": row.name, "short_name": row.short_name,
        "level": row.division.level, "since": row.valid_from, "retired_on": gone,
        "successors": _successors(wanted, on) if gone is not None else [],
    }  # fmt: skip


@router.get("/divisions/{code}/successors", summary="What became of a division")
def division_successors(request: HttpRequest, code: str, day: date | None = None) -> Shape:
    """Give what a division has become by a day, through every merge and split, with shares of its households."""
    wanted, on = _padded(code), day or localdate()
    if queries.resolve(wanted, on) is None:
        raise UnknownDivision(division=code)
    return {"items": _successors(wanted, on)}


def _successors(code: str, day: date) -> list[Shape]:
    rows = queries.successors(code, day)
    return [{"code": b.code, "series": b.division_id, "name": b.name, "share": b.share} for b in rows]


def _padded(code: str) -> str:
    """Give twelve digits. :raises Invalid: of a length that names no level."""
    if not (code.isascii() and code.isdigit() and len(code) in LEVELS):
        raise Invalid(detail="2、4、6、9、12 位数字：省、市、县、街道乡镇、社区村 · 2, 4, 6, 9 or 12 digits by level")
    return code.ljust(12, "0")


class Addresses(Schema):
    """`within`: the division that parts which are not said are taken from."""

    texts: list[str] = Field(max_length=10_000)
    within: str = Field("", max_length=12)
    day: date | None = None


@router.post("/addresses/normalise", summary="Read addresses")
def normalise(request: HttpRequest, payload: Addresses) -> Shape:
    """Read addresses part by part; what is behind a door of a building is read and never given back."""
    if len(payload.texts) > MOST_TEXTS:
        raise TooManyRows(limit=MOST_TEXTS, count=len(payload.texts))
    texts = [text[:MOST_WORDS] for text in payload.texts]
    rows = queries.normalise(texts, within=payload.within, day=payload.day or localdate())
    return {"items": [_address(one) for one in rows]}


def _address(one: Address) -> Shape:
    return {
        "parts": {name: said for name, said in one.parts.items() if name != "room"}, "key": one.key,
        "confidence": one.confidence, "precision": one.precision, "division": one.area,
        "candidates": [c.name for c in one.candidates],
    }  # fmt: skip


@router.get("/gazetteer", summary="Places by a name they bear")
def gazetteer(request: HttpRequest, q: str, day: date | None = None) -> Shape:
    """Find places whose name, or one of whose other names, holds the words; the shortest names first."""
    return {"crs": "cgcs2000", "items": queries.gazetteer(q[:MOST_WORDS], day=day or localdate())}

"""The API of grid editions: a drawing is checked and kept with its report, then adopted or dropped (spec 20 §§7, 10).

The same verbs as the page and the file of the desk: no road leads from here past a blocker, the partition test or the
mark of a faulty plan. A create carries a key, a step the version that was seen (If-Match).
"""

import json
from datetime import date
from typing import Any

from django.http import HttpRequest, HttpResponse
from ninja import Field, Router, Schema

from jishi.foundation import idempotency
from jishi.foundation.actor import Actor
from jishi.foundation.refusals import KeyMissing, SignInNeeded
from jishi.places.actions import borders, imports
from jishi.places.models import GroundImport
from jishi.places.policies import ensure_may_keep_ground, ensure_may_keep_ground_of
from jishi.places.queries import imports as looking
from jishi.places.rest import edge

router = Router(tags=["places"])
Shape = dict[str, Any]


class DraftIn(Schema):
    """All grids of a division, as GeoJSON of a named system."""

    division: str = Field(min_length=12, max_length=12, pattern="^[0-9]{12}$")
    crs: str = Field("", max_length=40)
    geojson: dict[str, Any]


class BorderIn(Schema):
    """A polygon of a named system that goes from one grid (code) to the one beside it."""

    giving: str = Field(min_length=15, max_length=17, pattern="^[0-9]{15,17}$")
    taking: str = Field(min_length=15, max_length=17, pattern="^[0-9]{15,17}$")
    crs: str = Field("", max_length=40)
    piece: dict[str, Any]


class AdoptIn(Schema):
    """From which day, by which document, in the place of which edition."""

    effective_from: date
    document_no: str = Field("", max_length=80)
    replaces: int | None = Field(None, ge=1, le=2**31 - 1)


def draft(request: HttpRequest, response: HttpResponse, payload: DraftIn) -> tuple[int, Shape]:
    """Check the grids of a division and keep them with their report; no ground is changed."""
    by, key = by_of(request), request.headers.get("Idempotency-Key", "")
    ensure_may_keep_ground_of(by, payload.division)
    if not key:
        raise KeyMissing
    slot = idempotency.claim(key, route="grids", body=request.body, by=by, now=now_of(request))
    if slot.is_first:
        content = json.dumps(payload.geojson, ensure_ascii=False).encode()
        made = imports.check_file(
            content, "api.geojson", division=payload.division, crs=payload.crs, by=by, now=now_of(request)
        )
        slot.fill({"id": made.id})
    row = looking.ground_import(int(slot.answer["id"]), by=by)
    response["Location"] = f"/api/v1/grids/drafts/{row.id}"
    return 201, told(row, response)


@router.post("/grids/borders", summary="Draft a moved border", response={201: Shape})
def border(request: HttpRequest, response: HttpResponse, payload: BorderIn) -> tuple[int, Shape]:
    """Draft the edition in force with a piece of ground in the grid beside it; nothing moves before it is adopted."""
    by, key = by_of(request), request.headers.get("Idempotency-Key", "")
    ensure_may_keep_ground(by)
    if not key:
        raise KeyMissing
    slot = idempotency.claim(key, route="grids/borders", body=request.body, by=by, now=now_of(request))
    if slot.is_first:
        made = borders.move_border(
            payload.giving, payload.taking, piece=payload.piece, crs=payload.crs, by=by, now=now_of(request)
        )
        slot.fill({"id": made.id})
    row = looking.ground_import(int(slot.answer["id"]), by=by)
    response["Location"] = f"/api/v1/grids/drafts/{row.id}"
    return 201, told(row, response)


@router.get("/grids/drafts/{row}", summary="A drafted edition")
def one(request: HttpRequest, response: HttpResponse, row: int) -> Shape:
    """Give a draft with its report; ETag is its version."""
    return told(looking.ground_import(edge.row(row), by=by_of(request)), response)


@router.post("/grids/drafts/{row}/adopt", summary="Adopt a draft")
def adopt(request: HttpRequest, response: HttpResponse, row: int, payload: AdoptIn) -> Shape:
    """Adopt exactly what the report speaks of as the division's next edition."""
    by = by_of(request)
    imports.apply(
        edge.row(row), effective_from=payload.effective_from, document_no=payload.document_no,
        replaces=payload.replaces, version=_version(request, edge.row(row), by), by=by, now=now_of(request),
    )  # fmt: skip
    return told(looking.ground_import(row, by=by), response)


@router.post("/grids/drafts/{row}/drop", summary="Drop a draft")
def drop(request: HttpRequest, response: HttpResponse, row: int) -> Shape:
    """Drop a draft that will not be adopted."""
    by = by_of(request)
    imports.drop(edge.row(row), version=_version(request, edge.row(row), by), by=by, now=now_of(request))
    return told(looking.ground_import(row, by=by), response)


def told(row: GroundImport, response: HttpResponse) -> Shape:
    response["ETag"] = f'"{row.version}"'
    said = [(zh, en) for zh, en in zip(looking.told(row, "zh"), looking.told(row, "en"), strict=True)]
    return {
        "id": row.id, "division": row.division_code, "state": row.state, "crs": row.source_crs, "version": row.version,
        "hash": row.report["hash"], "grids": row.report["grids"], "blockers": row.report["blockers"],
        "edition": row.edition.number if row.edition is not None else None, "border": row.report.get("border"),
        "findings": [
            {
                "code": zh["code"], "level": zh["level"], "features": zh["features"], "place": zh["place"],
                "size_m2": zh["size_m2"], "proposal": zh["proposal"], "zh": zh["words"], "en": en["words"],
            }
            for zh, en in said
        ],
    }  # fmt: skip


def _version(request: HttpRequest, row: int, by: Actor) -> int:
    looking.ground_import(row, by=by)  # whoever may not see it learns nothing from a missing header
    return edge.version(request)


def by_of(request: HttpRequest) -> Actor:
    by: Actor = request.actor  # type: ignore[attr-defined]
    if by.kind == "anonymous":
        raise SignInNeeded
    return by


def now_of(request: HttpRequest) -> Any:
    return request.now  # type: ignore[attr-defined]

"""The API of what places are called: codes of other schemes, groups, other names (spec 20 §§3.2, 4, 10)."""

from datetime import date
from typing import Annotated, Any

from django.http import HttpRequest
from django.utils.timezone import localdate
from ninja import Field, Query, Router, Schema

from jishi.foundation.actor import Actor
from jishi.foundation.refusals import Invalid, SignInNeeded
from jishi.places.actions import codes, gazetteer
from jishi.places.models import CodeMap, Group
from jishi.places.queries import codes as looking
from jishi.places.rest import edge, keeping

router = Router(tags=["places"])
Shape = dict[str, Any]
MOST = 200


class OtherCode(Schema):
    """A grid by our code, and what it is called in a scheme, from a day on (today, where none is said)."""

    grid: str = Field(max_length=15)
    scheme: str = Field(min_length=2, max_length=40)
    code: str = Field(min_length=2, max_length=40)
    since: date | None = None


class NewGroup(Schema):
    community: str = Field(min_length=12, max_length=12, pattern="^[0-9]{12}$")
    name: str = Field(min_length=2, max_length=60)
    since: date | None = None


class EndedOn(Schema):
    on: date


class OtherName(Schema):
    """What people call a place: `kind` compound, facility or gazetteer_name, and its number."""

    name: str = Field(min_length=2, max_length=gazetteer.LONGEST)
    kind: str = Field(max_length=20)
    place: int


@router.get("/grid-codes", summary="What grids are called elsewhere")
def listed(
    request: HttpRequest, grid: str = "", day: date | None = None, after: Annotated[int, Query(ge=0, le=2**62)] = 0,
    limit: Annotated[int, Query(ge=1, le=MOST)] = 50,
) -> Shape:  # fmt: skip
    """List codes of other schemes on a day, of one grid or of all."""
    rows = looking.codes(day=day or localdate(), grid=grid[:15], after=after, limit=limit + 1)
    return {"items": [_code(r) for r in rows[:limit]], "next": rows[limit - 1].id if len(rows) > limit else None}


@router.post("/grid-codes", response={201: Shape}, summary="Write down what a grid is called elsewhere")
def call(request: HttpRequest, payload: OtherCode) -> tuple[int, Shape]:
    """Write down a code of another scheme for a grid. Idempotency-Key."""
    by = _by(request)
    made = keeping.once(request, by, lambda: codes.call(
        payload.grid, scheme=payload.scheme, code=payload.code, since=payload.since or localdate(), by=by,
        now=request.now,  # type: ignore[attr-defined]
    ).id)  # fmt: skip
    return 201, _code(CodeMap.objects.select_related("grid").get(tenant_id=by.tenant_id, id=made))


@router.post("/grid-codes/{row}/end", summary="End a code of another scheme")
def call_no_more(request: HttpRequest, row: int, payload: EndedOn) -> Shape:
    """End a code from a day on. If-Match."""
    by = _by(request)
    codes.call_no_more(edge.row(row), on=payload.on, version=edge.version(request), by=by,
                       now=request.now)  # type: ignore[attr-defined]  # fmt: skip
    return {"id": row, "until": payload.on}


@router.get("/groups", summary="The groups of a community")
def groups(request: HttpRequest, community: str = "", day: date | None = None) -> Shape:
    """List villagers' and residents' groups on a day: their names and numbers, never who belongs to one."""
    return {"items": [_group(r) for r in looking.groups(community[:12], day=day or localdate())]}


@router.post("/groups", response={201: Shape}, summary="Write down a group")
def found_group(request: HttpRequest, payload: NewGroup) -> tuple[int, Shape]:
    """Write down a group of a village or community; it gets the next number. Idempotency-Key."""
    by = keeping.keeper(request)
    made = keeping.once(request, by, lambda: codes.found_group(
        payload.community, name=payload.name, since=payload.since or localdate(), by=by,
        now=request.now,  # type: ignore[attr-defined]
    ).id)  # fmt: skip
    return 201, _group(Group.objects.get(tenant_id=by.tenant_id, id=made))


@router.post("/groups/{row}/end", summary="End a group")
def end_group(request: HttpRequest, row: int, payload: EndedOn) -> Shape:
    """End a group from a day on. If-Match."""
    by = keeping.keeper(request)
    codes.end_group(edge.row(row), on=payload.on, version=edge.version(request), by=by,
                    now=request.now)  # type: ignore[attr-defined]  # fmt: skip
    return {"id": row, "until": payload.on}


@router.post("/gazetteer/aliases", response={201: Shape}, summary="Say what people call a place")
def alias(request: HttpRequest, payload: OtherName) -> tuple[int, Shape]:
    """Propose another name of a place; the weekly review accepts or declines it. Idempotency-Key."""
    by = _by(request)
    gazetteer.ensure_may_propose(by)
    if payload.kind not in gazetteer.PLACES:
        raise Invalid(detail=f"kind: {', '.join(gazetteer.PLACES)}")
    made = keeping.once(request, by, lambda: gazetteer.propose(
        payload.name, kind=payload.kind, place_id=edge.row(payload.place), by=by,
        now=request.now,  # type: ignore[attr-defined]
    ).id)  # fmt: skip
    return 201, {"id": made, "state": "open"}


def _by(request: HttpRequest) -> Actor:
    by: Actor = request.actor  # type: ignore[attr-defined]
    if by.kind == "anonymous":
        raise SignInNeeded
    return by


def _code(row: CodeMap) -> Shape:
    return {"id": row.id, "grid": row.grid.code, "scheme": row.scheme, "code": row.code, "since": row.active_from,
            "until": row.active_to, "version": row.version}  # fmt: skip


def _group(row: Group) -> Shape:
    return {"id": row.id, "code": row.code, "name": row.name, "community": row.community, "since": row.active_from,
            "until": row.active_to, "version": row.version}  # fmt: skip

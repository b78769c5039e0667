"""Many cases at once, for programs: look, do, undo (spec 10 §16). Fifty rows a call; ask again while some are left."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import get_language
from ninja import Schema
from pydantic import Field

from jishi.cases.actions import bulk as verbs
from jishi.cases.models import BulkPlan
from jishi.cases.queries import bulk, sifting
from jishi.cases.rest.edge import router
from jishi.cases.shapes import Number, version_seen
from jishi.foundation import idempotency, numbers
from jishi.foundation.refusals import Invalid, KeyMissing


class BulkIn(Schema):
    """`cases`: numbers; or `filter`: the words of `GET /cases`. `verb`: offer, take_back, tag, matter, urge, extend.

    offer: to `body` (with `item`, `why`), or where it is empty to whom the lists name; tag: `add`, `remove`;
    matter: `matter`; take_back, urge: `words`.
    """

    verb: str = Field("", max_length=20)
    cases: list[str] = Field([], max_length=1000)
    filter: dict[str, str] = {}
    body: Number | None = None
    item: Number | None = None
    instruction: str = Field("", max_length=500)
    why: str = Field("", max_length=500)
    add: list[str] = Field([], max_length=20)
    remove: list[str] = Field([], max_length=20)
    matter: str = Field("", max_length=40)
    words: str = Field("", max_length=500)


@router.post("/bulk", response={201: dict[str, Any]}, summary="Look at what would be done to many cases")
def look(request: HttpRequest, response: HttpResponse, payload: BulkIn) -> tuple[int, dict[str, Any]]:
    """Try one verb on at most 500 cases and put all of it back; says of each row what would be, or why not."""
    actor, now = request.actor, timezone.now()  # type: ignore[attr-defined]
    key = request.headers.get("Idempotency-Key", "")
    if not key:
        raise KeyMissing
    slot = idempotency.claim(key, route="bulk", body=request.body, by=actor, now=now)
    if slot.is_first:
        plan = verbs.preview(payload.verb, _chosen(payload, actor, now), told=_told(payload), by=actor, now=now)
        slot.fill({"id": plan.id})
    else:
        plan = bulk.plan(slot.answer["id"], by=actor)
    response["Location"] = f"/api/v1/bulk/{plan.id}"
    return 201, _shown(response, plan)


@router.get("/bulk/{plan}", summary="A plan, row by row")
def get_plan(
    request: HttpRequest, response: HttpResponse, plan: int, state: str = "", after: str = "", limit: int = 200
) -> dict[str, Any]:
    """Give a plan of one's own, rows by case; keyset paging."""
    found = bulk.plan(_id(plan), by=request.actor)  # type: ignore[attr-defined]
    if after and not numbers.names_a_row(after):
        raise Invalid(detail=f"after: {after[:80]}")
    size = min(max(limit, 1), 200)
    return _shown(response, found, state=state, after=int(after or 0), limit=size)


@router.post("/bulk/{plan}/apply", summary="Do the next rows of a plan")
def apply(request: HttpRequest, response: HttpResponse, plan: int) -> dict[str, Any]:
    """Do the next fifty rows, each only as it was seen, within 15 minutes; `left`: how many wait for a call."""
    version = version_seen(request)
    done = verbs.apply(_id(plan), by=request.actor, now=timezone.now(), version=version)  # type: ignore[attr-defined]
    return {**_shown(response, done.plan), "left": done.left}


@router.post("/bulk/{plan}/undo", summary="Put the next rows of a plan back")
def undo(request: HttpRequest, response: HttpResponse, plan: int) -> dict[str, Any]:
    """Put the next fifty rows back while nobody has moved their cases, within 30 minutes; `left` as above."""
    version = version_seen(request)
    done = verbs.undo(_id(plan), by=request.actor, now=timezone.now(), version=version)  # type: ignore[attr-defined]
    return {**_shown(response, done.plan), "left": done.left}


def _chosen(said: BulkIn, actor: Any, now: Any) -> list[int]:
    if said.filter:
        unknown = set(said.filter) - set(sifting.NAMES)
        if unknown or said.cases:
            raise Invalid(detail=f"filter: {min(unknown)}" if unknown else "cases | filter")
        return [c.id for c in bulk.sifted(sifting.asked(said.filter, now=now), by=actor)]
    return [c.id for c in bulk.chosen(said.cases, by=actor)]


def _told(said: BulkIn) -> verbs.Told:
    return verbs.Told(
        body_id=said.body, item_id=said.item, instruction=said.instruction, why=said.why, add=tuple(said.add),
        remove=tuple(said.remove), matter=said.matter, words=said.words,
    )  # fmt: skip


def _id(plan: int) -> int:
    return plan if 0 < plan < 2**53 else 0


def _shown(
    response: HttpResponse, plan: BulkPlan, *, state: str = "", after: int = 0, limit: int = 200
) -> dict[str, Any]:
    lang = "en" if (get_language() or "").startswith("en") else "zh"
    lines, more = bulk.lines(plan, lang=lang, state=state, after=after, limit=limit)
    response["ETag"] = f'"{plan.version}"'
    return {
        "id": plan.id, "version": plan.version, "verb": plan.verb, "told": plan.said,
        "made_at": plan.made_at.isoformat(), "apply_until": plan.apply_until.isoformat(),
        "applied_at": _iso(plan.applied_at), "undo_until": _iso(plan.undo_until), "undone_at": _iso(plan.undone_at),
        "counts": bulk.counts(plan),
        "rows": [
            {"case": one.case.number, "state": one.row.state, "seen": one.row.seen, "made": one.row.made,
             "before": _codes(one.row.before), "after": _codes(one.row.after), "code": one.row.code,
             "why": one.why, "next": one.next_step}
            for one in lines
        ],
        "after": more or None,
    }  # fmt: skip


def _codes(standing: dict[str, Any]) -> dict[str, Any]:
    return {name: standing[name] for name in bulk.FIELDS if name in standing}


def _iso(moment: Any) -> str | None:
    return moment.isoformat() if moment else None

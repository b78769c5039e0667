"""The API of imports: a file is tried dry, read row by row, then taken in (spec 10 §§3, 16).

A request does what fits into a few seconds and says how far it is; `go-on` does the next part, for either run.
"""

import hashlib
import time
from typing import Annotated, Any

from django.http import HttpRequest
from django.utils import timezone, translation
from ninja import File, Form, Query
from ninja.files import UploadedFile

from jishi.cases.actions import column_maps, importing, sheets
from jishi.cases.queries import work
from jishi.cases.rest.edge import router
from jishi.foundation import idempotency
from jishi.foundation.actor import Actor
from jishi.foundation.refusals import Invalid, KeyMissing

SECONDS = 5.0
LARGEST_ID = 2**63 - 1
MOST = 200


@router.post("/imports", summary="Try a file dry", response={201: dict[str, Any]})
def start(
    request: HttpRequest, file: Annotated[UploadedFile, File()], columns: Annotated[str, Form(max_length=60)]
) -> tuple[int, dict[str, Any]]:
    """Check a file by a column map, row by row; no report is stored. Idempotency-Key."""
    by, key = request.actor, request.headers.get("Idempotency-Key", "")  # type: ignore[attr-defined]
    column_maps.ensure_may_import(by)
    if not key:
        raise KeyMissing
    if (file.size or 0) > sheets.LARGEST:  # told before it is read into memory
        raise sheets.FileTooLarge(size=f"{(file.size or 0) / 2**20:.1f}", limit=sheets.LARGEST // 2**20)
    content = file.read()
    told = hashlib.sha256(columns.encode() + b"\0" + content).digest()
    slot = idempotency.claim(key, route="imports", body=told, by=by, now=timezone.now())
    if slot.is_first:
        known = column_maps.column_map(columns, tenant_id=by.tenant_id)
        walk = importing.begin(
            content, file.name or "file", columns=known, applies=False, by=by, now=timezone.now(), keeps=True
        )
        slot.fill({"id": walk.run_id})
        _walk(walk, by, request)
    return 201, _told(int(slot.answer["id"]), by)


@router.post("/imports/{run}/go-on", summary="Do the next part of a run")
def go_on(request: HttpRequest, run: int) -> dict[str, Any]:
    """Do as much as fits into a few seconds, of a dry run or of one that takes in."""
    by = request.actor  # type: ignore[attr-defined]
    _walk(importing.resume(_sound(run), by=by), by, request)
    return _told(run, by)


@router.post("/imports/{run}/apply", summary="Take in what the dry run found", response={201: dict[str, Any]})
def apply(request: HttpRequest, run: int) -> tuple[int, dict[str, Any]]:
    """Begin to take in a file whose dry run is done; the answer names the run that does it."""
    by = request.actor  # type: ignore[attr-defined]
    walk = importing.apply_checked(_sound(run), by=by, now=timezone.now())
    _walk(walk, by, request)
    return 201, _told(walk.run_id, by)


@router.get("/imports/{run}/rows", summary="What became of each row")
def rows(
    request: HttpRequest, run: int, result: str = "", after: Annotated[int, Query(ge=0, le=2**31)] = 0,
    limit: Annotated[int, Query(ge=1, le=MOST)] = MOST,
) -> dict[str, Any]:  # fmt: skip
    """Give, by line: created, known, changed or refused with its reason; never the words of a row.

    `dangers`: what a row that was taken in warns of and nobody has acted upon, for keys of the receiving desk.
    """
    by, lang = request.actor, translation.get_language() or "zh-hans"  # type: ignore[attr-defined]
    column_maps.ensure_may_import(by)
    if result and result not in importing.RESULTS:
        raise Invalid(detail="result")
    told = _told(_sound(run), by)
    found = work.import_rows(run, by=by, result=result, after=after, limit=limit + 1)
    kept = found[:limit]
    return {
        **told, "next": kept[-1].line if len(found) > limit else None,
        "rows": [
            {
                "line": r.line, "result": r.result, "code": r.code, "why": r.sentence(lang), "report": r.report_number,
                "dangers": [
                    {"code": m.danger.code, "words": list(m.words), "call": m.danger.call}
                    for m in r.warns
                    if not m.danger.desk_only or by.kind == "staff"  # spec 12 §7: the receiving desk, and no program
                ],
            }
            for r in kept
        ],
    }  # fmt: skip


def _walk(walk: importing.Walk, by: Actor, request: HttpRequest) -> None:
    began = time.monotonic()
    while not walk.is_over and time.monotonic() - began < SECONDS:
        importing.step(walk, by=by, now=timezone.now(), tenant_code=request.tenant.code)  # type: ignore[attr-defined]


def _sound(run: int) -> int:
    return run if 0 < run <= LARGEST_ID else 0


def _told(run_id: int, by: Actor) -> dict[str, Any]:
    run = work.import_run(run_id, by=by)
    counts = run.counts
    return {
        "id": run.id, "columns": run.column_map, "started_at": run.started_at, "applied_at": run.applied_at,
        "applies": bool(counts.get("applies")), "of": counts.get("of"), "rows_total": counts["total"],
        "rows_done": counts["at"], "over": counts["at"] >= counts["total"],
        "counts": {name: counts.get(name, 0) for name in importing.RESULTS},
        "reasons": counts.get("reasons", {}),
    }  # fmt: skip

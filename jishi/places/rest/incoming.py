"""The API of files of grids: any format that the desk reads, first a report, then applied or dropped (spec 20 §§7, 10).

The same verbs and the same rows as `/grids/drafts`: a file that came in here is seen there, and on the desk.
"""

import hashlib
from typing import Annotated, Any

from django.http import HttpRequest, HttpResponse
from ninja import File, Form, Router
from ninja.files import UploadedFile

from jishi.foundation import idempotency
from jishi.foundation.refusals import KeyMissing
from jishi.places.actions import imports
from jishi.places.policies import ensure_may_keep_ground_of
from jishi.places.queries import imports as looking
from jishi.places.refusals import GroundFileRefused
from jishi.places.rest import editions
from jishi.places.rest.editions import AdoptIn

router = Router(tags=["places"])
Shape = dict[str, Any]
LARGEST = 20 * 1024 * 1024  # as the page takes; the command takes 500 MB


@router.post("/imports/places", summary="Check a file of grids", response={201: Shape})
def check(
    request: HttpRequest, response: HttpResponse, file: Annotated[UploadedFile, File()],
    division: Annotated[str, Form(min_length=12, max_length=12, pattern="^[0-9]{12}$")],
    crs: Annotated[str, Form(max_length=40)] = "",
) -> tuple[int, Shape]:  # fmt: skip
    """Check a file of all grids of a division and keep it with its report; no ground is changed. Idempotency-Key."""
    by, key = editions.by_of(request), request.headers.get("Idempotency-Key", "")
    ensure_may_keep_ground_of(by, division)
    if not key:
        raise KeyMissing
    if (file.size or 0) > LARGEST:
        raise GroundFileRefused(
            why="文件超过 20 MB；更大的由运维用命令导入", why_en="it is above 20 MB; a command takes larger ones"
        )
    content, now = file.read(), editions.now_of(request)
    told = hashlib.sha256(f"{division}\0{crs}\0{file.name}\0".encode() + content).digest()
    slot = idempotency.claim(key, route="imports/places", body=told, by=by, now=now)
    if slot.is_first:
        made = imports.check_file(content, file.name or "file", division=division, crs=crs, by=by, now=now)
        slot.fill({"id": made.id})
    row = looking.ground_import(int(slot.answer["id"]), by=by)
    response["Location"] = f"/api/v1/imports/places/{row.id}"
    return 201, editions.told(row, response)


@router.get("/imports/places/{row}", summary="The report of a file of grids")
def report(request: HttpRequest, response: HttpResponse, row: int) -> Shape:
    """Give a file's report: each finding with its place, size and cure; ETag is its version."""
    return editions.one(request, response, row)


@router.post("/imports/places/{row}/apply", summary="Apply a checked file")
def apply(request: HttpRequest, response: HttpResponse, row: int, payload: AdoptIn) -> Shape:
    """Adopt exactly the rows that the report speaks of as the division's next edition. If-Match."""
    return editions.adopt(request, response, row, payload)


@router.post("/imports/places/{row}/drop", summary="Drop a checked file")
def drop(request: HttpRequest, response: HttpResponse, row: int) -> Shape:
    """Drop a file that will not be applied. If-Match."""
    return editions.drop(request, response, row)

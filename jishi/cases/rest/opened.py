"""Public cases for programs: no key is asked, nobody is named (spec 10 §16 `GET /public/cases`, `GET /tiles/…`)."""

from datetime import datetime
from hashlib import sha256
from typing import Any

import orjson
from django.http import HttpRequest, HttpResponse
from django.utils.translation import get_language
from pydantic import AwareDatetime

from jishi.cases.queries import opendata, tiles
from jishi.cases.queries.public import Wanted
from jishi.cases.rest.edge import router
from jishi.foundation.refusals import Invalid

TILE_KEPT = 60  # seconds

@router.get("/public/cases", summary="Public cases, in minimised words")
def public_cases(
    request: HttpRequest,
    matter: str = "",
    status: str = "",
    since: AwareDatetime | None = None,
    until: AwareDatetime | None = None,
    after: str = "",
    limit: int = 50,
) -> dict[str, Any]:
    """List public cases by the reports they hold, newest first, keyset paging; `status` is open or closed."""
    if status not in ("", "open", "closed"):
        raise Invalid(detail=f"status: {status}")
    wanted = Wanted(
        matters=(matter,) if matter else (), status=frozenset({status}) if status else frozenset(),
        since=_sound(since), until=_sound(until),
    )  # fmt: skip
    lang = "en" if (get_language() or "").startswith("en") else "zh"
    size = min(max(limit, 1), 200)
    return opendata.page(wanted, tenant_id=request.tenant.id, after=after, limit=size, lang=lang)  # type: ignore[attr-defined]


@router.get("/tiles/cases/{z}/{x}/{y}", summary="A tile of the public map")
def tile_of_cases(request: HttpRequest, z: int, x: int, y: int) -> HttpResponse:
    """Give a tile as GeoJSON: counts by grid up to zoom 14, from five on; open public reports from 15 on.

    Everybody sees the same: it may be kept for a minute, and asked for by its ETag.
    """
    tenant_id, now = request.tenant.id, request.now  # type: ignore[attr-defined]
    lang = "en" if (get_language() or "").startswith("en") else "zh"
    body = orjson.dumps(tiles.tile(z, x, y, tenant_id=tenant_id, now=now, lang=lang))
    etag = f'"{sha256(body).hexdigest()[:32]}"'
    answer = HttpResponse(content_type="application/geo+json")
    if etag in request.headers.get("If-None-Match", ""):
        answer.status_code = 304
    else:
        answer.content = body
    answer["ETag"], answer["Cache-Control"] = etag, f"public, max-age={TILE_KEPT}"
    return answer


def _sound(moment: datetime | None) -> datetime | None:
    """A moment that no database column holds bounds nothing that is stored."""
    return moment if moment is None or 1900 < moment.year < 3000 else None

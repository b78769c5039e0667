"""How a voice is played: in pieces, to whoever has just said why he listens, kept by nobody (spec 90 §8)."""

import re
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_safe

from jishi.cases.actions import recordings
from jishi.cases.models import Recording
from jishi.cases.queries import casepage
from jishi.cases.web.desk.edge import staffed
from jishi.cases.web.resident import holding
from jishi.foundation import sounds
from jishi.foundation.refusals import NotFound

_RANGE = re.compile(r"bytes=(\d{0,12})-(\d{0,12})")


@require_safe
@staffed()
def colleague(request: HttpRequest, number: str, code: str) -> HttpResponse:
    """Play a recording of a case. :raises NotFound: nobody pressed to listen within ten minutes."""
    case = casepage.find(number, by=request.actor)
    rows = Recording.objects.filter(report__memberships__case=case, report__memberships__to_at=None, code=code[:24])
    return _played(request, rows.select_related("report", "file").first(), request.actor)


@require_safe
def caller(request: HttpRequest, number: str, code: str) -> HttpResponse:
    """Play one's own recording."""
    try:
        with holding.holder(request, number) as (by, report):
            rows = Recording.objects.filter(report=report, code=code[:24])
            return _played(request, rows.select_related("report", "file").first(), by)
    except NotFound:
        return redirect("mine")


def _played(request: HttpRequest, row: Recording | None, by: Any) -> HttpResponse:
    if row is None or row.file is None:
        raise NotFound
    data = recordings.play(row, by=by, now=request.now).data  # type: ignore[attr-defined]
    response = piece_of(data, request.headers.get("Range", ""))
    response["Content-Type"] = sounds.MIMES[row.file.kind]
    response["Content-Disposition"] = "inline"
    response["Content-Security-Policy"] = "default-src 'none'; sandbox"
    response["X-Content-Type-Options"] = "nosniff"
    response["Cross-Origin-Resource-Policy"] = "same-origin"
    response["Cache-Control"] = "no-store"
    response["Accept-Ranges"] = "bytes"
    return response


def piece_of(data: bytes, asked: str) -> HttpResponse:
    """Give the piece that a player asks for (RFC 9110 §14.2); several at once are answered with the whole."""
    found, size = _RANGE.fullmatch(asked.strip()), len(data)
    if found is None or found[1] == found[2] == "":
        return HttpResponse(data)
    if found[1]:
        first, last = int(found[1]), min(int(found[2] or size - 1), size - 1)
    else:
        first, last = max(0, size - int(found[2])), size - 1
    if first > last:
        refused = HttpResponse(status=416)
        refused["Content-Range"] = f"bytes */{size}"
        return refused
    response = HttpResponse(data[first : last + 1], status=206)
    response["Content-Range"] = f"bytes {first}-{last}/{size}"
    return response

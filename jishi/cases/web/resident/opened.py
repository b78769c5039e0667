"""公开的事: every public case in minimised words, on the map and as a list, and the same as open data."""

from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from jishi.cases.queries import ground, opendata, public, standing
from jishi.cases.queries.public import Wanted
from jishi.cases.web.desk.edge import lang
from jishi.duties import queries as duties

ROWS = 20
ON_THE_MAP = 500  # the newest so many
DAYS = (30, 90, 365)


@require_GET
def listed(request: HttpRequest) -> HttpResponse:
    """List public cases, newest first; filters and page stand in the address."""
    wanted, asked = _wanted(request)
    after = request.GET.get("after", "")
    tenant_id = request.tenant.id
    found = public.listed(wanted, tenant_id=tenant_id, limit=ROWS + 1, after=opendata.key_of(after))
    shown, said = found[:ROWS], lang()
    count = public.count(wanted, tenant_id=tenant_id, now=request.now)
    query = urlencode({k: v for k, v in asked.items() if v})
    return render(request, "cases/resident/public.html", {
        "rows": [{"shown": s, "matter": s.matter_in(said), "notes": standing.notes(s, said)} for s in shown],
        "count": min(count, public.MANY), "many": count > public.MANY, "asked": asked, "query": query,
        "after": opendata.key_after(shown[-1]) if len(found) > ROWS else "", "first": not after,
        "branches": _branches(said), "days": DAYS, "on_the_map": ON_THE_MAP,
    })  # fmt: skip


@require_GET
def on_the_map(request: HttpRequest) -> HttpResponse:
    """Give the town's own ground with the public cases as points; a case at home stands in the middle of its grid."""
    wanted, _asked = _wanted(request)
    rows = public.listed(wanted, tenant_id=request.tenant.id, limit=ON_THE_MAP)
    points = opendata.as_geojson(rows, lang())["features"]
    for one in points:
        one["properties"] = {"kind": "point", "code": one["properties"]["number"]}
    base = ground.plain(now=request.now)
    return JsonResponse({**base, "features": base["features"] + points}, content_type="application/geo+json")


@require_GET
def download(request: HttpRequest, form: str) -> HttpResponse:
    """Give the same rows as a file: CSV for a spreadsheet, GeoJSON for a map."""
    wanted, _asked = _wanted(request)
    rows = public.listed(wanted, tenant_id=request.tenant.id, limit=opendata.MOST_ROWS)
    if form == "csv":
        answer = HttpResponse(opendata.as_csv(rows, lang()), content_type="text/csv; charset=utf-8")
    else:
        answer = JsonResponse(opendata.as_geojson(rows, lang()), content_type="application/geo+json")
    answer["Content-Disposition"] = f'attachment; filename="public-cases.{form}"'
    return answer


def _wanted(request: HttpRequest) -> tuple[Wanted, dict[str, Any]]:
    """Read the filters; a word that names nothing filters nothing."""
    matter, status = request.GET.get("matter", ""), request.GET.get("status", "")
    matter = matter if matter in duties.matters() else ""
    status = status if status in ("open", "closed") else ""
    said = request.GET.get("days", "")
    days = int(said) if said in {str(d) for d in DAYS} else 90
    since: datetime = request.now - timedelta(days=days)
    wanted = Wanted(
        matters=(matter,) if matter else (), status=frozenset({status}) if status else frozenset(), since=since
    )
    return wanted, {"matter": matter, "status": status, "days": days}


def _branches(said: str) -> list[tuple[str, str]]:
    """Give the first level of the book for the filter."""
    tops = [m for m in duties.matters().values() if not m.parent_code]
    return [("", _("全部")), *((m.code, m.called(said)) for m in sorted(tops, key=lambda m: m.code))]

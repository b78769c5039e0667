"""身边 · 地图: open cases by grid on the town's own ground, with the same rows in a table."""

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from jishi.cases.queries import ground
from jishi.cases.web.desk import dispatch
from jishi.cases.web.desk.case import WORKING
from jishi.cases.web.desk.edge import staffed
from jishi.foundation.actor import Actor
from jishi.foundation.refusals import NotFound


@never_cache
@require_GET
def public(request: HttpRequest) -> HttpResponse:
    """Show everybody how many matters stand open in each grid, from five on; a colleague goes to his own map."""
    if request.actor.kind == "staff" and request.actor.has(*WORKING):
        return redirect("desk-map")
    return _page(request, _anybody(request), "map-grids", "")


@never_cache
@require_GET
@staffed(*WORKING)
def desk(request: HttpRequest) -> HttpResponse:
    """Show a colleague the open cases he may see, by grid, and those of one grid."""
    return _page(request, request.actor, "desk-map-grids", request.GET.get("grid", ""))


@require_GET
def public_grids(request: HttpRequest) -> HttpResponse:
    """Give the public map as GeoJSON."""
    return _geojson(ground.as_geojson(by=_anybody(request), now=request.now))


@never_cache
@require_GET
@staffed(*WORKING)
def desk_grids(request: HttpRequest) -> HttpResponse:
    """Give a colleague's map as GeoJSON."""
    return _geojson(ground.as_geojson(by=request.actor, now=request.now))


def _page(request: HttpRequest, by: Actor, source: str, chosen: str) -> HttpResponse:
    found = ground.ground(by=by, now=request.now)
    grid = next((r for r in found.rows if r.code == chosen), None)
    if chosen and grid is None:
        raise NotFound
    return render(request, "cases/work/map.html", {
        "ground": found, "source": source, "grid": grid, "least": ground.LEAST, "states": dispatch.states(),
        "cases": ground.cases_of(chosen, by=by) if grid else [], "dense": not found.public,
        "total": sum(r.count or 0 for r in found.rows) + (found.nowhere or 0),
        "base": "portal/resident.html" if found.public else "portal/desk.html",
    })  # fmt: skip


def _anybody(request: HttpRequest) -> Actor:
    """Who looks at the public map is nobody in particular: all see the same."""
    return Actor(tenant_id=request.actor.tenant_id, kind="anonymous")


def _geojson(data: ground.Geo) -> HttpResponse:
    return JsonResponse(data, content_type="application/geo+json")

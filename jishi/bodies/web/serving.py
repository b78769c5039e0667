"""谁服务哪个网格: which posts serve the grids of a community, from when; begun and ended here (spec 20 §3.3)."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from jishi.bodies import queries
from jishi.bodies.actions import grid_posts
from jishi.bodies.web.desk import _keeper, _lang, _now, _number
from jishi.bodies.web.handing import ROLES, _hours
from jishi.foundation.refusals import NotFound, Refused
from jishi.kernels.dutylist.operators import division_head
from jishi.places import queries as places

NEEDED = ("leader", "full_time")


@never_cache
@require_safe
def communities(request: HttpRequest) -> HttpResponse:
    """Show every community of the keeper's ground with its grids, and how many of them want a leader or a worker."""
    by = _keeper(request)
    head = division_head(by.area)
    known = [c for c in places.communities() if c.code.startswith(head)]
    grids = {c.code: places.grids_in(c.code) for c in known}
    served = queries.posts_serving([g.id for rows in grids.values() for g in rows], now=_now(request))
    rows = [
        {
            "code": c.code, "name": c.short_name, "grids": len(grids[c.code]),
            "vacant": [sum(1 for g in grids[c.code] if not _held(served.get(g.id, ()), role)) for role in NEEDED],
        }
        for c in known
    ]  # fmt: skip
    return render(request, "bodies/grid_posts_all.html", {"rows": rows, "dense": True})


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def community(request: HttpRequest, code: str) -> HttpResponse:
    """Show who serves each grid of a community; have a post serve one from now on, or end that it does."""
    by, now = _keeper(request), _now(request)
    grids = places.grids_in(code) if len(code) == 12 and code.startswith(division_head(by.area)) else []
    if not grids:
        raise NotFound
    if request.method != "POST":
        return _page(request, code, grids)
    said = {k: str(v).strip() for k, v in request.POST.items()}
    try:
        if said.get("end"):
            grid_posts.stop(_number(said["end"]), by=by, now=now)
            messages.success(request, _("结束了。名册马上就不再有这一行。"))
        else:
            chosen = _number(said.get("grid"))
            if chosen not in {g.id for g in grids}:
                raise NotFound
            hours = _hours(said.get("hours", ""))
            grid_posts.serve(
                _number(said.get("post")), chosen, said.get("role", ""), hours_per_week=hours, by=by, now=now
            )
            messages.success(request, _("从现在起由这个岗位服务，名册已经更新。"))
    except Refused as no:
        if no.status not in (409, 422):
            raise
        return _page(request, code, grids, f"{no.sentence(_lang())} {no.next_step(_lang())}", no.status)
    return redirect("grid-posts-of", code=code)


def _page(
    request: HttpRequest, code: str, grids: list[places.GridRow], wrong: str = "", status: int = 200
) -> HttpResponse:
    now = _now(request)
    served = queries.posts_serving([g.id for g in grids], now=now)
    rows: list[dict[str, Any]] = [
        {
            "grid": g,
            "served": [(one, ROLES[one.role]) for one in served.get(g.id, ())],
            "vacant": [ROLES[role] for role in NEEDED if not _held(served.get(g.id, ()), role)],
        }
        for g in grids
    ]  # fmt: skip
    name = next((c.short_name for c in places.communities() if c.code == code), code)
    return render(request, "bodies/grid_posts.html", {
        "rows": rows, "name": name, "code": code, "wrong": wrong, "said": request.POST, "roles": ROLES, "dense": True,
        "posts": queries.posts_for(code, now=now), "grids": grids,
    }, status=status)  # fmt: skip


def _held(rows: Any, role: str) -> bool:
    return any(one.role == role and one.holders for one in rows)

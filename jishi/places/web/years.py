"""网格沿革 and 区划沿革: the map of grids on any day, with a slider over the days that changed it; special grids; the
tree of divisions of a day. For who keeps the ground."""

from datetime import date, timedelta

from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils.timezone import localdate
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from jishi.foundation import numbers
from jishi.places import memory, queries
from jishi.places.queries import through_years as looking
from jishi.places.queries import tiles
from jishi.places.web.imports import keeper

SHOWN = 500


@never_cache
@require_GET
def grids(request: HttpRequest) -> HttpResponse:
    """The grids of a day on a map and in a table, and the days on which they changed."""
    keeper(request)
    today, days = localdate(request.now), looking.edition_days()
    said = request.GET.get("at", "")
    is_mark = numbers.names_a_row(said) and 1 <= int(said) <= len(days)
    day = days[int(said) - 1].day if is_mark else _day(request, today)
    rows = looking.grids_then(day)
    boxes = tiles.boxes(day) if len(rows) >= tiles.PLAIN_BELOW else {}
    at = max((n for n, d in enumerate(days, 1) if d.day <= day), default=1)
    named = {c.code: c.short_name for c in queries.communities(day=today)}
    return render(request, "places/years.html", {
        "rows": [(r, _changes().get(r.change, ""), boxes.get(r.code, "")) for r in rows[:SHOWN]],
        "day": day, "at": at, "dense": True,
        "words": "|".join(d.day.isoformat() for d in days), "changed": sum(bool(r.change) for r in rows),
        "days": [
            {"day": d.day, "ended": d.ended, "began": [(named.get(code, code), n, doc) for code, n, doc in d.began]}
            for d in days
        ],
    })  # fmt: skip


@never_cache
@require_GET
def grids_map(request: HttpRequest) -> HttpResponse:
    """Give the grids of a day as GeoJSON."""
    keeper(request)
    day = _day(request, localdate(request.now))
    rows = looking.grids_then(day)
    made = looking.drawn_then(rows, tiles.grids_as_tiles(day) if len(rows) >= tiles.PLAIN_BELOW else None)
    return JsonResponse(made, content_type="application/geo+json")


@never_cache
@require_GET
def special(request: HttpRequest) -> HttpResponse:
    """The special grids of a day: what they are, which organisation answers for their ground."""
    keeper(request)
    day = _day(request, localdate(request.now))
    named = {c.code: c.short_name for c in queries.communities(day=day)}
    rows = [g for g in queries.grids_in("", day) if g.kind == "special"]
    shown = [{"row": g, "of": named.get(g.community, g.community)} for g in rows]
    return render(request, "places/special.html", {"rows": shown, "day": day, "dense": True})


@never_cache
@require_GET
def divisions(request: HttpRequest) -> HttpResponse:
    """A division of a day with what lies below it, what became of these, and what a person still has to settle."""
    by, today = keeper(request), localdate(request.now)
    prefix = memory.area_prefix(by.tenant_id)
    year = request.GET.get("year", "")
    is_year = len(year) == 4 and year.isascii() and year.isdigit() and 1900 < int(year) < 2200
    day = min(date(int(year), 12, 31), today) if is_year else today
    code = request.GET.get("code", "") or prefix.ljust(12, "0")
    found = looking.branch(code[:12], day) if code.isascii() and code.isdigit() else None
    if found is None:
        raise Http404
    return render(request, "places/divisions.html", {
        "found": found, "day": day, "year": day.year, "years": sorted({*found.years, today.year}),
        "turns": [(t, _kinds().get(t.kind, t.kind)) for t in found.turns], "dense": True,
        "waiting": [(w, _kinds().get(w.kind, w.kind)) for w in found.waiting], 
        "below": [(b, _levels()[b.level]) for b in found.below],
        "gone": found.row.valid_to is not None and found.row.valid_to <= day,
    })  # fmt: skip


def _day(request: HttpRequest, today: date) -> date:
    try:
        day = date.fromisoformat(request.GET.get("day", "") or today.isoformat())
    except ValueError:
        return today
    return min(max(day, date(1950, 1, 1)), today + timedelta(days=3660))


def _changes() -> dict[str, str]:
    return {"new": _("新划的"), "moved": _("边界动了"), "renamed": _("改了名"), "gone": _("这天起没有了")}


def _kinds() -> dict[str, str]:
    return {
        "renamed": _("改名"), "recoded": _("改代码"), "merged": _("并到别处"), "split": _("分成几个"),
        "moved_parent": _("改隶属"), "border": _("界线变动"), "dissolved": _("区划撤销"), "founded": _("新设"),
        "gone": _("新表里没有"),
    }  # fmt: skip


def _levels() -> dict[int, str]:
    return {1: _("省"), 2: _("市"), 3: _("县"), 4: _("街道、乡镇"), 5: _("社区、村")}

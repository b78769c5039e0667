"""我的网格: which grid is mine, who serves it, whom to call; one sheet per grid, for the screen and the stairwell wall.

What a person types to find it is sent in the body of the request: no address of ours holds a house or room number.
"""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.timezone import localdate
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from jishi.bodies import queries as bodies
from jishi.foundation.refusals import NotFound, Refused
from jishi.foundation.scanned import scanned
from jishi.places import queries as places
from jishi.portal.web.outlines import outline

LONGEST = 200
ROLES = {
    "leader": gettext_lazy("网格长"), "party_secretary": gettext_lazy("网格党组织书记"),
    "full_time": gettext_lazy("专职网格员"), "adviser": gettext_lazy("网格指导员"),
}  # fmt: skip
KINDS = {
    "market": gettext_lazy("市场"), "school": gettext_lazy("学校"), "park": gettext_lazy("公园"),
    "hospital": gettext_lazy("医院"), "office": gettext_lazy("写字楼"), "industrial": gettext_lazy("园区"),
    "scenic": gettext_lazy("景区"), "hub": gettext_lazy("车站"), "site": gettext_lazy("工地"),
}  # fmt: skip


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def find(request: HttpRequest) -> HttpResponse:
    """Ask for a place in words or by this device's position; list every grid by community besides."""
    page: dict[str, Any] = {"said": "", "groups": _groups()}
    if request.method == "POST":
        page["said"] = request.POST.get("where", "").strip()[:LONGEST]
        try:
            spot = places.find([_asked(request, page["said"])])[0]
        except Refused as no:
            page["told"] = f"{no.sentence(_lang())} {no.next_step(_lang())}"
            return render(request, "portal/my_grid.html", page, status=no.status)
        row = places.grid(spot.grid_id) if spot.grid_id is not None else None
        if row is not None:
            return redirect("grid-sheet", code=row.code)
        page |= _unsettled(spot)
    return render(request, "portal/my_grid.html", page)


@require_safe
def sheet(request: HttpRequest, code: str) -> HttpResponse:
    """Show one grid: its ground, who serves it, their work phones, who watches them; made to be printed on A4."""
    row = next((g for g in places.grids_in(code[:12]) if g.code == code), None)
    register = bodies.grid_register(row.id, request.now) if row is not None else None  # type: ignore[attr-defined]
    if row is None or register is None:
        raise NotFound
    here = request.build_absolute_uri(reverse("grid-sheet", args=[code]))
    near = [g for g in places.grids_in(row.community) if g.id != row.id]
    return render(request, "portal/grid_sheet.html", {
        "grid": row, "register": register, "path": [d.short_name for d in places.division_path(row.community)][2:],
        "people": [{"one": s, "role": ROLES[s.role], "title": _title(s)} for s in register.people],
        "vacancies": [{"role": ROLES[v.role], "since": v.since} for v in register.vacancies],
        "micro": [m for m in places.micro_grids([row.code], day=localdate(request.now)) if m.places],  # type: ignore[attr-defined]
        "work": places.workload_table(code, day=localdate(request.now)),  # type: ignore[attr-defined]
        "en": _lang() == "en",
        "kind": KINDS.get(row.special_of), "outline": outline(row, near), "near": near,
        "qr": scanned(here), "here": here,
        "printed_on": localdate(request.now),  # type: ignore[attr-defined]
    })  # fmt: skip


def _asked(request: HttpRequest, words: str) -> places.Asked:
    lng, lat = (_number(request.POST.get(name)) for name in ("lng", "lat"))
    if lng is not None and lat is not None:
        return places.Asked(words, lng, lat, "wgs84", _number(request.POST.get("accuracy")))
    return places.Asked(words)


def _number(text: str | None) -> float | None:
    try:
        said = float(text or "")
    except ValueError:
        return None
    return said if abs(said) < 1e6 else None


def _unsettled(spot: places.Spot) -> dict[str, Any]:
    """Say what is known: the community at least, or several places between which only the person can choose."""
    if spot.division_code and places.grids_in(spot.division_code):
        return {"within": _group(spot.division_code), "told": _("只认得出到这一片，请在下面选。")}
    names = [str(c.get("label", "")) for c in spot.candidates if c.get("label")]
    if len(names) > 1:
        return {"names": names[:5], "told": _("有几个地方像您说的，请写得再清楚一点。")}
    return {"told": _("没有找到这个地方。写小区和楼号，或者在下面的名单里选。")}


def _groups() -> list[dict[str, Any]]:
    """Every community of the town with its grids; one that has no ground says so."""
    return [_group(row.code) for row in places.communities()]


def _group(code: str) -> dict[str, Any]:
    path = places.division_path(code)
    above = [d.short_name for d in path if d.level == 4]
    return {
        "name": path[-1].short_name if path else code, "above": above[0] if above else "",
        "grids": places.grids_in(code),
    }  # fmt: skip


def _title(one: bodies.Servant) -> str:
    return one.title_en if _lang() == "en" and one.title_en else one.title


def _lang() -> str:
    return "en" if (get_language() or "").startswith("en") else "zh"

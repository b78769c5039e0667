"""小区、楼栋、出入口、户室: the desk at which a community and the office keep its houses."""

import hashlib
import re
import uuid
from collections.abc import Callable, Sequence
from datetime import date
from itertools import groupby
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.timezone import localdate
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from jishi.foundation import idempotency, numbers
from jishi.foundation.actor import Actor
from jishi.foundation.refusals import Invalid, NotFound, Refused
from jishi.kernels.dutylist.operators import division_head
from jishi.places import policies, queries
from jishi.places.actions import ground, keeping, microgrids
from jishi.places.queries import houses as looking
from jishi.places.queries import members, micro
from jishi.places.refusals import ChoiceUnknown
from jishi.places.shapes import E7
from jishi.places.web.plans import lang

SHOWN, DOORS_SHOWN = 50, 120
JOIN = "、"
KINDS = {
    "commercial": gettext_lazy("商品房"), "unit": gettext_lazy("单位房"), "old_estate": gettext_lazy("老旧小区"),
    "resettlement": gettext_lazy("安置房"), "village": gettext_lazy("村居"), "mixed": gettext_lazy("混合"),
    "dormitory": gettext_lazy("宿舍"),
}  # fmt: skip
GATES = {
    "main_gate": gettext_lazy("大门"), "side_gate": gettext_lazy("边门"), "fire_gate": gettext_lazy("消防门"),
    "unit_door": gettext_lazy("单元门"), "garage": gettext_lazy("车库口"),
}  # fmt: skip
USES = {
    "home": gettext_lazy("住家"), "shop": gettext_lazy("店铺"), "office": gettext_lazy("办公"),
    "empty": gettext_lazy("空着"), "unknown": gettext_lazy("不清楚"),
}  # fmt: skip


wire = policies.wire  # who is of a community's own body: told by the room above that knows


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def compounds(request: HttpRequest) -> HttpResponse:
    """The compounds of the post's own area, and a form for one that is missing."""
    by, wrong = _keeper(request), None
    if request.method == "POST":
        try:
            made = _once(request, by, lambda: _added(request, by))
            messages.success(request, _("小区在册了。"))
            return redirect("compound-kept", compound_id=made)
        except Refused as no:
            wrong = no
    after, words = request.GET.get("after", "0"), request.GET.get("q", "").strip()[:40]
    rows = looking.compounds_kept(words, after=_number(after), limit=SHOWN + 1, by=by)
    names = {c.code: c.short_name for c in queries.communities(day=_today(request))}
    mine = {code: name for code, name in names.items() if code.startswith(division_head(by.area))}
    return render(request, "places/houses.html", {
        "rows": [{"row": r, "community": names.get(r.community, r.community), "kind": KINDS.get(r.kind, r.kind)}
                 for r in rows[:SHOWN]],
        "after": rows[SHOWN - 1].id if len(rows) > SHOWN else None, "q": words, "said": request.POST, "kinds": KINDS,
        "communities": mine, "systems": systems(), "dense": True, "wrong": _said(wrong),
    }, status=wrong.status if wrong else 200)  # fmt: skip


@never_cache
@require_GET
def compound(request: HttpRequest, compound_id: int) -> HttpResponse:
    """Show one compound: what is known of it, its buildings and gates, and what may be put right."""
    return _compound(request, compound_id)


def _compound(request: HttpRequest, compound_id: int, no: Refused | None = None) -> HttpResponse:
    row, houses, gates = looking.compound_kept(compound_id, by=_keeper(request))
    path = queries.division_path(row.community)
    standing = [h for h in houses if h.active_to is None]
    shared = micro.micro_grids_of([h.id for h in houses], day=_today(request)) if houses else []
    taken = {b for m in shared for b in m.buildings}
    return render(request, "places/compound.html", {
        "micro": shared, "free": [h for h in standing if h.id not in taken],
        "row": row, "houses": houses, "kinds": KINDS, "gates": _gates(gates), "gate_kinds": GATES, "dense": True,
        "today": _today(request), "kind": KINDS.get(row.kind, row.kind),
        "said": request.POST if no and "what" not in request.POST else {},
        "community": path[-1].short_name if path else row.community, "said_aliases": JOIN.join(row.aliases),
        "systems": systems(), "wrong": _said(no), "ending": _ending(request, no),
        "lng": row.lng_e7 / E7, "lat": row.lat_e7 / E7,
        "doors": sum(h.doors for h in houses), "homes": sum(h.homes for h in houses),
    }, status=no.status if no else 200)  # fmt: skip


@never_cache
@require_GET
def building(request: HttpRequest, building_id: int) -> HttpResponse:
    """Show one building: its doors to the street, its dwellings floor by floor with their households."""
    return _building(request, building_id)


def _building(request: HttpRequest, building_id: int, no: Refused | None = None) -> HttpResponse:
    said = request.POST if no else request.GET
    from_ = _floor(said.get("page" if no else "after", ""))
    row, gates, doors = looking.building_kept(
        building_id, after=from_ or (-1, 0), limit=DOORS_SHOWN, by=_keeper(request)
    )
    last = doors[-1].row if len(doors) == DOORS_SHOWN else None
    if last is not None:  # a floor is shown whole, on this page or on the next
        doors = [d for d in doors if (d.row.unit, d.row.floor) != (last.unit, last.floor)] or doors
    end = doors[-1].row if last is not None else None
    return render(request, "places/building.html", {
        "row": row, "gates": _gates(gates), "gate_kinds": GATES, "uses": USES, "dense": True,
        "floors": _floors(doors, _floor(said.get("floor", ""))), "page": _at(from_) if from_ else "",
        "said_aliases": JOIN.join(row.aliases),
        "after": _at((end.unit, end.floor)) if end is not None else None, "today": _today(request),
        "systems": systems(), "wrong": _said(no), "said": request.POST if no else {}, "ending": _ending(request, no),
        "lng": row.lng_e7 / E7, "lat": row.lat_e7 / E7,
    }, status=no.status if no else 200)  # fmt: skip


def _ending(request: HttpRequest, no: Refused | None) -> Any:
    """Give what was typed to end a row, when that was refused: the day and the reason stay in its form."""
    return request.POST if no is not None and "on" in request.POST else {}


@require_POST
def keep(request: HttpRequest, verb: str) -> HttpResponse:
    """Add, correct, end, register or count; one call, then back to the page it was pressed on."""
    said, by = request.POST, _keeper(request)
    compound_id, building_id = _number(said.get("of_compound", "0")), _number(said.get("of_building", "0"))
    done = VERBS.get(verb)
    if done is None or not (compound_id or building_id):
        raise Http404
    try:
        told = _once(request, by, lambda: done(request, by)) if verb in ADDING else done(request, by)
        messages.success(request, told)
    except Refused as no:
        if no.status not in (409, 412, 422):
            raise
        return _compound(request, compound_id, no) if compound_id else _building(request, building_id, no)
    if compound_id:
        return redirect("compound-kept", compound_id=compound_id)
    return redirect(reverse("building-kept", args=(building_id,)) + _where_it_was(said))


def _where_it_was(said: Any) -> str:
    """Give the way back to the floor that was being counted: its page of the list, opened."""
    page, floor = _floor(said.get("page", "")), _floor(said.get("floor", ""))
    asked = {name: _at(at) for name, at in (("after", page), ("floor", floor)) if at is not None}
    return f"?{urlencode(asked)}#f{_at(floor)}" if floor else ""


def _added(request: HttpRequest, by: Actor) -> int:
    said = request.POST
    lng, lat = _point(said)
    ref = _new_ref("c", request)
    new = ground.NewCompound(
        ref=ref, name=said.get("name", "").strip()[:80], community=said.get("community", ""), lng_e7=lng, lat_e7=lat,
        kind=_one_of(said.get("kind", ""), KINDS), built_year=_optional(said, "built_year"),
        households_planned=_optional(said, "households_planned"),
    )  # fmt: skip
    made = ground.add_compounds([new], crs="cgcs2000", active_from=_today(request), by=by, now=_now(request))
    return made[ref]


def _add_building(request: HttpRequest, by: Actor) -> str:
    said = request.POST
    row, _houses, _gates_ = looking.compound_kept(_number(said.get("of_compound", "0")), by=by)
    lng, lat = _point(said)
    new = ground.NewBuilding(
        ref=_new_ref("b", request), name=said.get("name", "").strip()[:40], lng_e7=lng, lat_e7=lat, compound=row.ref,
        floors_up=_optional(said, "floors_up"), units=_optional(said, "units"), why=said.get("why", "")[:200],
    )  # fmt: skip
    ground.add_buildings([new], crs="cgcs2000", active_from=_today(request), by=by, now=_now(request))
    return _("楼栋在册了。")


def _add_gate(request: HttpRequest, by: Actor) -> str:
    said = request.POST
    lng, lat = _point(said)
    if _number(said.get("of_compound", "0")):
        place = {"compound": looking.compound_kept(_number(said["of_compound"]), by=by)[0].ref}
    else:
        house, _g, _d = looking.building_kept(_number(said.get("of_building", "0")), after=(-1, 0), limit=1, by=by)
        place = {"building": house.ref}
    new = ground.NewEntrance(
        kind=said.get("kind", ""), lng_e7=lng, lat_e7=lat, name=said.get("name", "").strip()[:40],
        foot=said.get("foot") == "1", car=said.get("car") == "1", step_free=_truth(said.get("step_free", "")),
        hours=said.get("hours", "").strip()[:60], **place,
    )  # fmt: skip
    ground.add_entrances([new], crs="cgcs2000", active_from=_today(request), by=by, now=_now(request))
    return _("出入口在册了。")


def _correct(request: HttpRequest, by: Actor) -> str:
    said = request.POST
    kind = said.get("what", "")
    changes: dict[str, Any] = {}
    for name in keeping.FIELDS.get(kind, ()):
        if name in ("foot", "car"):
            changes[name] = said.get(name) == "1"
        elif name not in said:
            continue
        elif name in keeping.MOST:
            changes[name] = _optional(said, name)
        elif name == "aliases":
            changes[name] = [w.strip() for w in said[name].replace("，", "、").split("、") if w.strip()]
        else:
            changes[name] = _truth(said[name]) if name == "step_free" else said[name]
    point = _point(said) if said.get("lng", "").strip() or said.get("lat", "").strip() else None
    keeping.correct(
        kind, _row(said), changes, version=_row(said, "version"), point=point, why=said.get("why", ""), by=by,
        now=_now(request),
    )  # fmt: skip
    return _("改好了，改前改后都留着。")


def _end(request: HttpRequest, by: Actor) -> str:
    said = request.POST
    keeping.end(
        said.get("what", ""), _row(said), on=_day(said.get("on", "")), why=said.get("why", ""),
        version=_row(said, "version"), by=by, now=_now(request),
    )  # fmt: skip
    return _("从那天起不再算；以前的日子问起来还有。")


def _register(request: HttpRequest, by: Actor) -> str:
    said = request.POST
    low, high = (_signed(said.get(name, "")) for name in ("floor_from", "floor_to"))
    made = keeping.register_doors(
        _row(said), units=_optional(said, "units") or 0, floors=(low, high), doors=_optional(said, "doors") or 0,
        lived_in=said.get("lived_in") == "1", version=_row(said, "version"), active_from=_today(request), by=by,
        now=_now(request),
    )  # fmt: skip
    return _("登记了 %(n)s 个户室。") % {"n": len(made)}


def _count(request: HttpRequest, by: Actor) -> str:
    said = request.POST
    keeping.count_households(
        _row(said), _optional(said, "households") or 0, use=said.get("use", ""), on=_today(request),
        version=_row(said, "version"), by=by, now=_now(request),
    )  # fmt: skip
    return _("记下了。")


def _draw_micro(request: HttpRequest, by: Actor) -> str:
    """The grid is the one in which the first of the chosen houses stands; the verb refuses any other's."""
    chosen = [_number(one) for one in request.POST.getlist("house")][: microgrids.MOST_PARTS]
    at = members.grids_of_houses([(b, None) for b in chosen[:1]], day=_today(request))
    if not at or not at[0].grid:
        raise Invalid(detail=_("选至少一栋楼；楼层分属几个网格的楼不能整栋选。"))
    row = microgrids.draw(at[0].grid, name=request.POST.get("name", ""), buildings=chosen, by=by, now=_now(request))
    return _("微网格 %(code)s 划好了。") % {"code": row.code[12:]}


def _end_micro(request: HttpRequest, by: Actor) -> str:
    said = request.POST
    microgrids.end(_row(said), on=_today(request), why=said.get("why", ""), version=_row(said, "version"), by=by,
                   now=_now(request))  # fmt: skip
    return _("微网格撤了；以前的日子问起来还有。")


VERBS = {
    "micro": _draw_micro, "micro-end": _end_micro,
    "building": _add_building, "gate": _add_gate, "correct": _correct, "end": _end, "doors": _register, "count": _count,
}  # fmt: skip


def _floors(doors: Sequence[looking.Door], opened: tuple[int, int] | None) -> list[dict[str, Any]]:
    """Group doors that stand in order: a floor of a stairwell is one line that opens."""
    found = []
    for (unit, floor), group in groupby(doors, key=lambda d: (d.row.unit, d.row.floor)):
        here = list(group)
        at = (unit or 0, floor or 0)
        found.append({"unit": unit, "floor": floor, "at": _at(at), "doors": here, "open": at == opened,
                      "homes": sum(d.households for d in here)})  # fmt: skip
    return found


def _floor(text: str) -> tuple[int, int] | None:
    """Read stairwell and floor as `_at` writes them; anything else is no floor."""
    unit, _dot, floor = text.partition(".")
    known = unit.isascii() and unit.isdigit() and len(unit) < 5 and re.fullmatch("-?[0-9]{1,3}", floor)
    return (int(unit), int(floor)) if known else None


def _at(where: tuple[int | None, int | None]) -> str:
    return f"{where[0] or 0}.{where[1] or 0}"


ADDING = ("building", "gate", "micro")  # a second press would add a second one


def _gates(rows: Any) -> list[dict[str, Any]]:
    return [{"row": r, "kind": GATES[r.kind], "lng": r.lng_e7 / E7, "lat": r.lat_e7 / E7} for r in rows]


def _point(said: Any) -> tuple[int, int]:
    """Give the point in the one system of inside. :raises Invalid: no number; the room refuses an unnamed system."""
    try:
        lng, lat = float(said.get("lng", "")), float(said.get("lat", ""))
    except ValueError:
        raise Invalid(detail=_("经度和纬度写成数字。")) from None
    done = queries.converted([lng], [lat], said.get("crs", ""))
    if not (abs(float(done.lng[0])) <= 180 and abs(float(done.lat[0])) <= 90):
        raise Invalid(detail=_("经度和纬度写成数字。"))
    return round(float(done.lng[0]) * E7), round(float(done.lat[0]) * E7)


def _one_of(value: str, known: Any) -> str:
    if value not in known:
        raise ChoiceUnknown(value=value[:40])
    return value


def _optional(said: Any, name: str) -> int | None:
    text = said.get(name, "").strip()
    if not text:
        return None
    if not (numbers.names_a_row(text) and len(text) < 7):
        raise Invalid(detail=_("层数、单元数和户数写成整数。"))
    return int(text)


def _signed(text: str) -> int:
    number = text.strip().removeprefix("-")
    if not (numbers.names_a_row(number) and len(number) < 4):
        raise Invalid(detail=_("层数、单元数和户数写成整数。"))
    return int(text)


def _truth(text: str) -> bool | None:
    return {"1": True, "0": False}.get(text)


def _row(said: Any, name: str = "row") -> int:
    text = said.get(name, "")
    if not numbers.names_a_row(text):
        raise NotFound
    return int(text)


def _number(text: str) -> int:
    return int(text) if numbers.names_a_row(text) else 0


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise Invalid(detail=_("日子写成 2026-03-01 这样。")) from None


def _once(request: HttpRequest, by: Actor, add: Callable[[], Any]) -> Any:
    """A second press of the same form adds nothing and is told what the first was told."""
    said = sorted((k, v) for k, v in request.POST.items() if k not in ("csrfmiddlewaretoken", "idempotency_key"))
    body = hashlib.sha256(repr((request.path, said)).encode()).digest()
    key = request.POST.get("idempotency_key", "")[:200] or uuid.uuid4().hex
    with transaction.atomic():  # a refusal gives the key back
        slot = idempotency.claim(key, route="desk.houses", body=body, by=by, now=_now(request))
        if slot.is_first:
            slot.fill({"told": add()})
    return slot.answer["told"]


def _new_ref(kind: str, request: HttpRequest) -> str:
    """A name of our own for what no source has named: the moment it was written down."""
    return f"desk-{kind}-{_now(request):%Y%m%d%H%M%S%f}"


def systems() -> list[str]:
    return ["cgcs2000", "wgs84", "gcj02", "bd09"]


def _said(no: Refused | None) -> str:
    return f"{no.sentence(lang())} {no.next_step(lang())}" if no is not None else ""


def _keeper(request: HttpRequest) -> Actor:
    by: Actor = request.actor  # type: ignore[attr-defined]
    looking.ensure_keeper(by)
    return by


def _now(request: HttpRequest) -> Any:
    return request.now  # type: ignore[attr-defined]


def _today(request: HttpRequest) -> date:
    return localdate(_now(request))

"""The plan desk: choose a community and rules, watch it being calculated, look, try, change, export, decide.

For the leading group office and the offices of streets. The page of a notice is for everybody.
"""

from collections.abc import Callable, Sequence
from datetime import date
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.utils.timezone import localdate
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from jishi.foundation import numbers
from jishi.foundation.actor import Actor
from jishi.foundation.refusals import Invalid, NotAllowed, NotFound, Refused, SamePerson, SignInNeeded
from jishi.foundation.scanned import scanned
from jishi.places import plan_words, workload_rules
from jishi.places.actions import gridplan, plans
from jishi.places.models import PlanRun
from jishi.places.queries import coming, plan_map, sweeps
from jishi.places.queries import plans as looking
from jishi.places.web import plan_sheets

Serving = Callable[[int, Any], Sequence[Any]]
_wired: dict[str, Serving] = {}  # what a room above tells of a plan: who serves before and after
BAND = (300, 500, 10)  # households from, to, price of a change: what the form begins with
MOST_SHOWN = 300
SLIPS = 40  # houses of one print


def wire(handing_over: Serving) -> None:
    """Take the query ``(plan, now)`` for who serves each grid before and after, from the room above that knows."""
    _wired["handing_over"] = handing_over


def _serving(plan_id: int, request: HttpRequest) -> Sequence[Any]:
    asked = _wired.get("handing_over")
    return asked(plan_id, request.now) if asked is not None else ()  # type: ignore[attr-defined]


def desk_actor(request: HttpRequest) -> Actor:
    """Let in the offices; nobody else plans."""
    actor: Actor = request.actor  # type: ignore[attr-defined]
    if actor.kind == "anonymous":
        raise SignInNeeded
    if actor.kind != "staff" or not actor.has("office"):
        raise NotAllowed
    return actor


def lang() -> str:
    """Read the reader's language: zh or en."""
    return "en" if (get_language() or "zh").startswith("en") else "zh"


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def desk(request: HttpRequest) -> HttpResponse:
    """Show the form, the plans on their way and the last calculations; ask for another."""
    by = desk_actor(request)
    if request.method != "POST":
        return _desk(request, by)
    said = request.POST
    code = looking.community_named(said.get("community", ""), by=by)
    if not code:
        return _desk(request, by, said, _("没有叫这个名字的社区，或者不止一个。写全名或代码。"), 422)
    try:
        run = plans.ask(code, rules=_rules(said), by=by, now=request.now)  # type: ignore[attr-defined]
    except Refused as no:
        if no.status not in (409, 422):
            raise
        return _desk(request, by, said, _said(no), no.status)
    return redirect("plan-run", run_id=run.id)


def _desk(request: HttpRequest, by: Actor, said: Any = None, wrong: str = "", status: int = 200) -> HttpResponse:
    lo, hi, price = BAND
    weight = workload_rules.load().weight
    return render(request, "places/plans/desk.html", {
        "said": said or {"lo": lo, "hi": hi, "price": price, "compounds": "whole", "work_weight": weight},
        "wrong": wrong,
        "communities": looking.communities(by=by), "plans": looking.plans(by=by), "runs": looking.latest(by=by),
        "sweeps": sweeps.latest(by=by), "dense": True,
    }, status=status)  # fmt: skip


def _whole(said: Any, name: str, default: int | None = None) -> int | None:
    text = str(said.get(name, "")).strip()
    if not text:
        return default
    if not (text.isascii() and text.isdigit() and len(text) < 8):
        raise Invalid(detail=_("户数、价格和米数写成整数。"))
    return int(text)


def _rules(said: Any) -> plans.Rules:
    lo, hi, price = (_whole(said, name, value) for name, value in zip(("lo", "hi", "price"), BAND, strict=True))
    return plans.Rules(
        lo=lo or 0, hi=hi or 0, price=price or 0, compounds=said.get("compounds", "whole"), cap=_whole(said, "cap"),
        allow_islands=said.get("islands") == "1", split_compound_id=_whole(said, "split"),
        max_walk_m=_whole(said, "max_walk_m"), **_weight(said),
    )  # fmt: skip


def _weight(said: Any) -> dict[str, int]:
    weight = _whole(said, "work_weight")
    return {} if weight is None else {"work_weight": weight}


# --- several beside each other ---------------------------------------------------------------------------------


@require_POST
def sweep_ask(request: HttpRequest) -> HttpResponse:
    """Ask for plans over several bands, or prices of a change."""
    by, said = desk_actor(request), request.POST
    code = looking.community_named(said.get("community", ""), by=by)
    if not code:
        return _desk(request, by, said, _("没有叫这个名字的社区，或者不止一个。写全名或代码。"), 422)
    try:
        row = plans.sweep(code, over=said.get("over", ""), rules=_rules(said), by=by, now=request.now)  # type: ignore[attr-defined]
    except Refused as no:
        if no.status not in (409, 422):
            raise
        return _desk(request, by, said, _said(no), no.status)
    return redirect("plan-sweep", sweep_id=row.id)


@never_cache
@require_GET
def sweep(request: HttpRequest, sweep_id: int) -> HttpResponse:
    """Show the plans of a sweep in numbers; while some are calculated the table grows by itself."""
    row, lines = sweeps.sweep(sweep_id, by=desk_actor(request))
    return render(request, "places/plans/sweep.html", {
        "sweep": row, "lines": lines, "name": looking.name_of(row.community), "dense": True,
        "waits": any(one.run.status in ("QUEUED", "RUNNING") for one in lines),
        "done": [one for one in lines if one.is_done],
    })  # fmt: skip


@never_cache
@require_GET
def compare(request: HttpRequest) -> HttpResponse:
    """Show what differs between two finished plans of a community."""
    by = desk_actor(request)
    first, second = (_whole(request.GET, name, 0) or 0 for name in ("a", "b"))
    found = sweeps.compared(first, second, by=by)
    return render(request, "places/plans/compare.html", {
        "found": found, "rows": found.rows[:MOST_SHOWN], "more": max(0, len(found.rows) - MOST_SHOWN), "dense": True,
    })  # fmt: skip


@never_cache
@require_GET
def printed(request: HttpRequest, run_id: int) -> HttpResponse:
    """Give one sheet of A3: the grids drawn by ourselves, their figures, scale, date and edition."""
    page = looking.page(run_id, by=desk_actor(request))
    if page.run.drawn is None:
        raise NotFound
    specials = looking.specials_of(page.run)
    return render(request, "places/plans/printed.html", {
        "page": page, "run": page.run, "specials": specials, "map": plan_sheets.drawing(page.grids, specials),
        "today": localdate(request.now),  # type: ignore[attr-defined]
    })  # fmt: skip


# --- one calculation -------------------------------------------------------------------------------------------


@never_cache
@require_GET
def run(request: HttpRequest, run_id: int) -> HttpResponse:
    """Show how far a calculation is, or what came out of it."""
    by = desk_actor(request)
    found = looking.page(run_id, by=by)
    answer = _run(request, found)
    if request.headers.get("HX-Request") and found.run.status not in ("QUEUED", "RUNNING"):
        answer["HX-Refresh"] = "true"  # the bar makes way for maps and tables: the whole page anew
    return answer


def _run(
    request: HttpRequest, found: looking.RunPage, tried: Any = None, wrong: str = "", status: int = 200,
    why_here: Any = None,
) -> HttpResponse:  # fmt: skip
    run = found.run
    waits = run.status in ("QUEUED", "RUNNING")
    said = request.POST if tried or wrong or why_here else {}
    return render(request, "places/plans/run.html", {
        "page": found, "run": run, "waits": waits, "share": round(100 * run.done / run.total) if run.total else None,
        "why": (found.certificates or found.faults)[:1], "first": found.relaxations[:1],
        "others": [r for r in found.relaxations[1:6] if _can_be_asked(r)], "tried": tried, "said": said,
        "why_here": why_here,
        "wrong": wrong, "lang": lang(), "units": looking.units_of(run) if not waits else [], "dense": True,
        "reasons": reasons(), "moves": found.moves[:MOST_SHOWN], "more": max(0, len(found.moves) - MOST_SHOWN),
        "may_draft": found.is_adoptable and (found.plan is None or found.plan.status in ("IN_FORCE", "WITHDRAWN")),
        "width": max((g.households for g in found.grids), default=1),
    }, status=status)  # fmt: skip


def _can_be_asked(row: Any) -> bool:
    return row.ask_lo is not None or row.ask_islands or row.ask_split_id is not None or row.ask_walk_m is not None


@require_POST
def act(request: HttpRequest, run_id: int, verb: str) -> HttpResponse:
    """Stop it, try a move, keep a move, or make a proposal of it."""
    by, now = desk_actor(request), request.now  # type: ignore[attr-defined]
    found = looking.page(run_id, by=by)
    moves = {request.POST.get("unit", ""): request.POST.get("grid", "")}
    try:
        if verb == "cancel":
            plans.cancel(run_id, by=by, now=now)
        elif verb == "try":
            return _run(request, found, tried=looking.tried(found.run, moves))
        elif verb == "why":
            return _run(request, found, why_here=looking.explained(found.run, request.POST.get("unit", "")))
        elif verb == "change":
            return redirect("plan-run", run_id=plans.change(run_id, moves=moves, by=by, now=now).id)
        elif verb == "draft":
            return redirect("gridplan-one", plan_id=gridplan.draft(run_id, by=by, now=now).id)
        else:
            raise NotFound
    except Refused as no:
        if no.status not in (409, 412, 422):
            raise
        return _run(request, looking.page(run_id, by=by), wrong=_said(no),
                    status=no.status)  # fmt: skip
    return redirect("plan-run", run_id=run_id)


@never_cache
@require_GET
def run_map(request: HttpRequest, run_id: int) -> HttpResponse:
    """Give the grids after, or with ?side=before those in force, as GeoJSON."""
    found = looking.run_of(run_id, by=desk_actor(request))
    return _geojson(found, request.GET.get("side", "after"))


@never_cache
@require_GET
def export(request: HttpRequest, run_id: int, form: str) -> HttpResponse:
    """Give a finished calculation as GeoJSON or as a workbook of four sheets."""
    found = looking.page(run_id, by=desk_actor(request))
    if found.run.drawn is None or form not in ("geojson", "xlsx"):
        raise NotFound
    if form == "geojson":
        answer = _geojson(found.run, "after")
    else:
        kind = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
        answer = HttpResponse(plan_sheets.workbook(found, looking.units_of(found.run), lang()), content_type=kind)
    answer["Content-Disposition"] = f'attachment; filename="grids-{found.run.community}-{found.run.id}.{form}"'
    return answer


def _geojson(run: PlanRun, side: str) -> HttpResponse:
    return JsonResponse(plan_map.as_geojson(run, side=side), content_type="application/geo+json")


def reasons() -> dict[str, str]:
    """Say why an address changes its grid."""
    return {
        "was_over": _("原网格超过上限"), "was_under": _("原网格不足下限"), "cut_off": _("与原网格不再相连"),
        "makes_room": _("给别处让位"), "new_unit": _("新楼"), "border_rule": _("原来跨了边界"),
        "too_far": _("原网格里有人走得太远"), "by_hand": _("人工调整"), "better": _("更近"),
    }  # fmt: skip


# --- the plan that people decide on ----------------------------------------------------------------------------


@never_cache
@require_GET
def one(request: HttpRequest, plan_id: int) -> HttpResponse:
    """Show one plan: where it stands, what may be done now, every objection."""
    return _one(request, plan_id)


def _one(request: HttpRequest, plan_id: int, wrong: str = "", status: int = 200) -> HttpResponse:
    by = desk_actor(request)
    today = localdate(request.now)  # type: ignore[attr-defined]
    plan, page, objections = looking.plan_page(plan_id, by=by)
    rows = [o for o in objections if o.round == plan.rounds]
    runs = [r for r, _name in looking.latest(by=by) if r.community == plan.community and r.id != plan.run_id]
    return render(request, "places/plans/plan.html", {
        "plan": plan, "page": page, "objections": rows, "former": [o for o in objections if o.round < plan.rounds],
        "open": [o for o in rows if o.answered_at is None], "right": [o for o in rows if o.is_right],
        "runs": [r for r in runs if r.verdict.startswith("legal")], "states": states(), "lang": lang(), "wrong": wrong,
        "said": request.POST, "dense": True, "today": today.isoformat(),
        "over": plan.notice_to is not None and today > plan.notice_to,
        "serving": _serving(plan.id, request), "fates": fates(), "handing": f"/desk/handing-over/{plan.id}",
        "why_not": _said(gridplan.why_not(plan, "gridplan.adopt", by=by)),
    }, status=status)  # fmt: skip


def _said(no: Refused | None) -> str:
    return f"{no.sentence(lang())} {no.next_step(lang())}" if no is not None else ""


def states() -> dict[str, tuple[str, str]]:
    """Give the words and chips of the states."""
    return {
        "DRAFTED": (_("起草"), "wait"), "CHECKED": (_("核查通过"), "wait"), "NOTICED": (_("公示中"), "run"),
        "ANSWERED": (_("异议已答复"), "hold"), "ADOPTED": (_("已通过，待启用"), "run"),
        "IN_FORCE": (_("已启用"), "done"), "WITHDRAWN": (_("已撤回"), "back"),
    }  # fmt: skip


def fates() -> dict[str, tuple[str, str]]:
    """Say what becomes of a grid."""
    return {"stays": (_("还在"), "done"), "new": (_("新的"), "run"), "gone": (_("不再有"), "back")}


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise Invalid(detail=_("日子写成 2026-03-01 这样。")) from None


Press = Callable[[int, Any, dict[str, Any]], object]
PRESSES: dict[str, Press] = {
    "check": lambda row, said, who: gridplan.check(row, **who),
    "publish": lambda row, said, who: gridplan.publish(row, days=_whole(said, "days", 7) or 0, **who),
    "conclude": lambda row, said, who: gridplan.conclude(row, **who),
    "revise": lambda row, said, who: gridplan.revise(row, run_id=_whole(said, "run", 0) or 0, **who),
    "adopt": lambda row, said, who: gridplan.adopt(
        row, document_no=said.get("document_no", ""), effective_from=_day(said.get("day", "")), **who),
    "withdraw": lambda row, said, who: gridplan.withdraw(row, why=said.get("why", ""), **who),
}  # fmt: skip


@require_POST
def press(request: HttpRequest, plan_id: int, verb: str) -> HttpResponse:
    """Do what was pressed, on the version that was seen."""
    by, now, said = desk_actor(request), request.now, request.POST  # type: ignore[attr-defined]
    version = said.get("version", "")
    if not numbers.names_a_row(version) or len(version) > 8:
        raise Invalid(detail=_("请从页面上按。"))
    try:
        if verb == "answer":
            gridplan.answer(plan_id, objection_id=_whole(said, "objection", 0) or 0, words=said.get("words", ""),
                            is_right=said.get("right") == "1", by=by, now=now)  # fmt: skip
        elif verb in PRESSES:
            PRESSES[verb](plan_id, said, {"by": by, "now": now, "version": int(version)})
        else:
            raise NotFound
    except Refused as no:
        if no.status not in (409, 412, 422) and not isinstance(no, SamePerson):
            raise
        return _one(request, plan_id, _said(no), no.status)
    return redirect("gridplan-one", plan_id=plan_id)


@never_cache
@require_GET
def slips(request: HttpRequest, plan_id: int) -> HttpResponse:
    """Give sheets of A4 to hang at every door whose grid changes: a house, two grids, a day, a number to call."""
    by, after = desk_actor(request), request.GET.get("after", "0")
    start = int(after) if numbers.names_a_row(after) else 0
    plan, rows, more = coming.slips(plan_id, after=start, limit=SLIPS, by=by)
    will = {one.code: one for one in _serving(plan.id, request)}
    day = plan.effective_from.isoformat() if plan.effective_from else ""
    told = []
    for one in rows:
        zh, en = plan_words.slip(one.before, one.after, day, one.reason)
        code = scanned(request.build_absolute_uri(f"/grids/{one.after}"))
        told.append({"row": one, "zh": zh, "en": en, "served": _will(will.get(one.after)), "qr": code})
    return render(request, "places/plans/slips.html", {
        "plan": plan, "name": looking.name_of(plan.community), "more": more, "slips": told, "scan": plan_words.SCAN,
    })  # fmt: skip


def _will(one: Any) -> list[Any]:
    """Who serves the grid from that day: by post and work phone, as on the grid's own sheet."""
    return [who for who in one.will if who.role in ("leader", "full_time")] if one is not None else []


# --- for everybody ---------------------------------------------------------------------------------------------


@never_cache
@require_GET
def notices(request: HttpRequest) -> HttpResponse:
    """List the plans on which everybody may speak now."""
    by: Actor = request.actor  # type: ignore[attr-defined]
    return render(request, "places/plans/notices.html", {"rows": looking.notices(by=by)})


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def notice(request: HttpRequest, plan_id: int) -> HttpResponse:
    """Show a published plan; take an objection and say at once what the wish would break."""
    by: Actor = request.actor  # type: ignore[attr-defined]
    plan, page, moves = looking.notice(plan_id, by=by, most=MOST_SHOWN)
    taken, wrong, status, said = None, "", 200, request.POST
    if request.method == "POST":
        try:
            taken = gridplan.object_(plan_id, text=said.get("text", ""), unit=said.get("unit", ""),
                                     wanted=said.get("grid", ""), by=by, now=request.now)  # type: ignore[attr-defined]  # fmt: skip
        except Refused as no:
            if no.status not in (409, 422):
                raise
            wrong, status = _said(no), no.status
    return render(request, "places/plans/notice.html", {
        "plan": plan, "page": page, "taken": taken, "wrong": wrong, "said": said, "lang": lang(),
        "reasons": reasons(), "units": looking.units_of(plan.run), "state": states()[plan.status],
        "moves": page.moves, "more": max(0, moves - MOST_SHOWN), "all_moves": moves,
        "serving": _serving(plan.id, request), "fates": fates(),
    }, status=status)  # fmt: skip


@never_cache
@require_GET
def notice_map(request: HttpRequest, plan_id: int) -> HttpResponse:
    """Give the grids of a published plan, or those before, as GeoJSON."""
    plan = looking.published(plan_id, by=request.actor)  # type: ignore[attr-defined]
    return _geojson(plan.run, request.GET.get("side", "after"))

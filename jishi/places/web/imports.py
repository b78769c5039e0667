"""地方: the ground as it is, files of grids with their reports, barriers and crossings. For who keeps the ground."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.utils import translation
from django.utils.timezone import localdate
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from jishi.foundation import numbers
from jishi.foundation.actor import Actor
from jishi.foundation.refusals import Invalid, Refused, SignInNeeded
from jishi.places import formats, policies, queries
from jishi.places.actions import barriers as barrier_verbs
from jishi.places.actions import borders
from jishi.places.actions import imports as verbs
from jishi.places.formats.reading import COLUMNS
from jishi.places.queries import imports as looking
from jishi.places.queries import tiles

LARGEST = 20 * 1024 * 1024  # of a file through the page; the command takes 500 MB
SHOWN = 200


@never_cache
@require_GET
def ground(request: HttpRequest) -> HttpResponse:
    """The ground of today on a map with its table, and the ways to change it."""
    by, day = keeper(request), localdate(request.now)
    boxes = tiles.boxes(day)
    return render(request, "places/ground.html", {
        "grids": [(g, boxes.get(g.code, "")) for g in queries.grids_in("", day)],
        "barriers": queries.barriers(day), "crossings": queries.crossings(day),
        "waiting": len(queries.alias_proposals()), "imports": looking.ground_imports(by=by, limit=5), "dense": True,
        "states": states(), "kinds": kinds(),
    })  # fmt: skip


@never_cache
@require_GET
def ground_map(request: HttpRequest) -> HttpResponse:
    """Give the ground of today as GeoJSON."""
    keeper(request)
    return _geojson(looking.ground_layers(localdate(request.now)))


@never_cache
@require_http_methods(["GET", "POST"])
def start(request: HttpRequest) -> HttpResponse:
    """Show the files that came, and check a new one; nothing of the ground is changed."""
    by, refused = keeper(request), None
    if request.method == "POST":
        try:
            made = _border(request, by) if "giving" in request.POST else _checked(request, by)
            return redirect("ground-import", import_id=made)
        except Refused as no:
            refused = no
    lang = lang_of()
    return render(request, "places/imports.html", {
        "imports": looking.ground_imports(by=by), "communities": queries.communities(day=localdate(request.now)),
        "said": request.POST, "dense": True, "systems": systems(), "states": states(), "columns": list(COLUMNS),
        "grids": sorted(queries.grids_in("", localdate(request.now)), key=lambda g: g.code),
        "refused_what": refused.sentence(lang) if refused else "",
        "refused_now": refused.next_step(lang) if refused else "",
    }, status=refused.status if refused else 200)  # fmt: skip


def _checked(request: HttpRequest, by: Actor) -> int:
    file, said = request.FILES.get("file"), request.POST
    if file is None or not file.size or file.size > LARGEST:
        raise Invalid(detail=_("选一个 20 MB 以内的文件；更大的由运维用命令导入。"))
    division = said.get("division", "")
    if division not in {c.code for c in queries.communities(day=localdate(request.now))}:
        raise Invalid(detail=_("选一个社区。"))
    columns = {f: said[f"column_{f}"].strip() for f in COLUMNS if said.get(f"column_{f}", "").strip()}
    row = verbs.check_file(
        file.read(), file.name or "", division=division, crs=said.get("crs", ""), columns=columns, by=by,
        now=request.now,
    )  # fmt: skip
    return row.id


def _border(request: HttpRequest, by: Actor) -> int:
    """A file with the one piece that moves, in a system that is said."""
    file, said = request.FILES.get("file"), request.POST
    if file is None or not file.size or file.size > LARGEST:
        raise Invalid(detail=_("选一个 20 MB 以内的文件；更大的由运维用命令导入。"))
    pieces = formats.read(file.read(), file.name or "").features
    if len(pieces) != 1:
        raise Invalid(detail=_("文件里只放要挪的那一块，一个面。"))
    piece = pieces[0].get("geometry") or {}
    row = borders.move_border(
        said.get("giving", ""), said.get("taking", ""), piece=piece, crs=said.get("crs", ""), by=by, now=request.now
    )
    return row.id


@never_cache
@require_GET
def report(request: HttpRequest, import_id: int) -> HttpResponse:
    """The report of one file: counts, each finding with place, size and cure, and what may be done now."""
    by = keeper(request)
    row = looking.ground_import(import_id, by=by)
    found = looking.told(row, lang_of())
    cures = proposals()
    rows = [{**f, "number": n, "cure": cures.get(f["proposal"].partition(":")[0], "")} for n, f in enumerate(found, 1)]
    today, kept = localdate(request.now), looking.names(row)
    editions = {g.edition for g in queries.grids_in(row.division_code, today) if g.community == row.division_code}
    return render(request, "places/import_report.html", {
        "row": row, "rows": rows[:SHOWN], "more": max(0, len(rows) - SHOWN), "state": states()[row.state],
        "may_apply": row.state == "checked" and not row.report["blockers"], "dense": True,
        "previews": row.report.get("previews") or (), "repairs": row.report.get("repairs") or (),
        "samples": [s for s in row.report["samples"] if s], "today": today.isoformat(), "systems": systems(),
        "replaces": max(editions, default=""), "snaps": [_window(s, kept) for s in row.report.get("snaps") or ()],
    })  # fmt: skip


def _window(snap: Mapping[str, Any], names: Sequence[str]) -> dict[str, Any]:
    """The two small pictures of a strip: grids as polygons of a square of 100, north above."""
    scale = 100 / snap["window_m"]
    pictures = [
        [
            {"label": one["feature"] + 1, "points": " ".join(f"{x * scale:.1f},{100 - y * scale:.1f}" for x, y in ring)}
            for one in snap[when]
            for ring in one["rings"]
        ]
        for when in ("before", "after")
    ]
    centimetres = round(snap["wide_m"] * 100, 1)
    return {**snap, "pictures": pictures, "name": names[snap["feature"]], "wide_cm": centimetres}


@never_cache
@require_GET
def report_map(request: HttpRequest, import_id: int) -> HttpResponse:
    """Give the rows of a file and the places of its findings as GeoJSON."""
    return _geojson(looking.drawn(looking.ground_import(import_id, by=keeper(request)), day=localdate(request.now)))


@never_cache
@require_GET
def report_file(request: HttpRequest, import_id: int) -> HttpResponse:
    """Give the report as a file, for whoever drew the grids."""
    row = looking.ground_import(import_id, by=keeper(request))
    kept = {k: v for k, v in row.report.items() if k != "findings"}
    page = {**kept, "file": row.file_name, "crs": row.source_crs, "findings": looking.told(row, lang_of())}
    answer = JsonResponse(page, json_dumps_params={"ensure_ascii": False, "indent": 1})
    answer["Content-Disposition"] = f'attachment; filename="grids-report-{row.id}.json"'
    return answer


@require_POST
def act(request: HttpRequest, import_id: int, verb: str) -> HttpResponse:
    """Apply a checked file as the next edition, or drop it."""
    by, said = keeper(request), request.POST
    if verb == "drop":
        verbs.drop(import_id, by=by, now=request.now)
        messages.success(request, _("文件已放弃，地面没有动。"))
    elif verb == "apply":
        number = said.get("replaces", "")
        edition = verbs.apply(
            import_id, effective_from=day_of(said.get("day", "")), document_no=said.get("document_no", "")[:80], by=by,
            now=request.now, replaces=int(number) if numbers.names_a_row(number) else None,
        )  # fmt: skip
        messages.success(request, _("第 %(n)s 版网格定了，从 %(day)s 起用。") % {
            "n": edition.number, "day": edition.effective.lower.isoformat(),
        })  # fmt: skip
    else:
        raise Http404
    return redirect("ground-import", import_id=import_id)


@require_POST
def barriers(request: HttpRequest) -> HttpResponse:
    """Add the barriers and crossings of a file."""
    by, file = keeper(request), request.FILES.get("file")
    if file is None or not file.size or file.size > LARGEST:
        raise Invalid(detail=_("选一个 20 MB 以内的文件；更大的由运维用命令导入。"))
    lines, gates = barrier_verbs.add_file(
        file.read(), file.name or "", crs=request.POST.get("crs", ""), active_from=localdate(request.now), by=by,
        now=request.now,
    )  # fmt: skip
    messages.success(request, _("屏障 %(b)s 条、通道 %(c)s 处，都在册了。") % {"b": len(lines), "c": len(gates)})
    return redirect("places")


def keeper(request: HttpRequest) -> Any:
    """Give the colleague who keeps the ground. :raises SignInNeeded: nobody. :raises NotAllowed: another post."""
    by: Actor = request.actor
    if by.kind == "anonymous":
        raise SignInNeeded
    policies.ensure_may_keep_ground(by)
    return by


def systems() -> list[tuple[str, str]]:
    return [
        ("", _("按文件里写的（.prj、GeoPackage）")), ("cgcs2000", "CGCS2000"), ("wgs84", "WGS 84"),
        ("gcj02", _("GCJ-02（高德、腾讯）")), ("bd09", _("BD-09（百度）")),
        *((f"EPSG:{n}", _("CGCS2000 高斯投影，3 度带第 %(zone)s 带") % {"zone": n - 4488}) for n in range(4513, 4534)),
    ]  # fmt: skip


def states() -> dict[str, tuple[str, str]]:
    return {"checked": (_("核对过"), "wait"), "applied": (_("已启用"), "done"), "dropped": (_("已放弃"), "plain")}


def kinds() -> dict[str, str]:
    return {
        "expressway": _("快速路"), "railway": _("铁路"), "river": _("河"), "wall": _("围墙"), "main_road": _("主干道"),
        "community_line": _("社区界"), "slope": _("陡坡"), "bridge": _("桥"), "underpass": _("地道"),
        "signal": _("红绿灯"), "gate": _("门"), "ferry": _("渡口"),
    }  # fmt: skip


def proposals() -> dict[str, str]:
    """What would cure a finding, in words."""
    return {
        "draw_again": _("重画这一个"), "swap_all": _("整个文件经纬度对调，不能只改几个"),
        "say_the_projected_system": _("坐标是米：选对应的高斯投影带再核对"),
        "looks_like_gcj02": _("选 GCJ-02 再核对一次"), "looks_like_bd09": _("选 BD-09 再核对一次"),
        "choose_a_system": _("选一个坐标系再核对；三种各落在哪里，图下面列着"),
        "give_a_code": _("改成这个社区的 15 位网格代码"),
        "give_a_name": _("补上名称"), "take_the_repaired_copy": _("用修好的那一份，差多少平方米列在下面"),
        "turn_the_ring": _("已改正，不用动"), "dropped": _("已略去，不用动"), "mended": _("已还原，请核对"),
        "drop_the_hole": _("去掉这个洞"), "give_to_either_or_split": _("划给其中一个，或从中线分开"),
        "snap_the_edge": _("把两条边对齐"), "give_to_the_longest_neighbour": _("并给共边最长的邻格"),
        "cut_or_correct_the_parent": _("剪掉界外部分；如果是社区界错了，先改社区界"),
        "cut_the_general_grid": _("先从综合网格里切出这块地"), "name_the_body": _("写明责任单位代码"),
        "one_grid": _("尽量让一个小区在一个网格里"), "look": _("看一眼是不是漏了"),
        "name_the_crossing": _("能走的话，把桥、地道或路口加成通道"),
        "choose_the_encoding": _("请制图的人另存为 UTF-8 再传"),
    }  # fmt: skip


def day_of(said: str) -> date:
    try:
        return date.fromisoformat(said)
    except ValueError:
        raise Invalid(detail=_("启用日要写成 2026-07-01 这样。")) from None


def lang_of() -> str:
    return "en" if (translation.get_language() or "zh").startswith("en") else "zh"


def _geojson(data: Any) -> HttpResponse:
    return JsonResponse(data, content_type="application/geo+json")

"""步行网: files of the town's ways with their reports; the net in force on a map. For who keeps the ground."""

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.utils.timezone import localdate
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from jishi.foundation import numbers
from jishi.foundation.actor import Actor
from jishi.foundation.refusals import Invalid, PreconditionMissing, Refused
from jishi.places.actions import walknets as verbs
from jishi.places.queries import walking
from jishi.places.web.imports import LARGEST, SHOWN, day_of, keeper, lang_of, proposals, systems


@never_cache
@require_http_methods(["GET", "POST"])
def nets(request: HttpRequest) -> HttpResponse:
    """Show the nets that came, and check a new one; nobody walks on it yet."""
    by, refused = keeper(request), None
    if request.method == "POST":
        try:
            return redirect("walk-net", net_id=_checked(request, by))
        except Refused as no:
            refused = no
    return render(request, "places/walknets.html", {
        "nets": walking.walk_nets(by=by), "in_force": walking.walk_net(localdate(request.now)), "states": states(),
        "systems": systems(), "said": request.POST, "dense": True, "may": _may(by),
        "refused_what": refused.sentence(lang_of()) if refused else "",
        "refused_now": refused.next_step(lang_of()) if refused else "",
    }, status=refused.status if refused else 200)  # fmt: skip


def _checked(request: HttpRequest, by: Actor) -> int:
    file = request.FILES.get("file")
    if file is None or not file.size or file.size > LARGEST:
        raise Invalid(detail=_("选一个 20 MB 以内的文件；更大的由运维用命令导入。"))
    return verbs.check_file(
        file.read(), file.name or "", crs=request.POST.get("crs", ""), by=by, now=request.now
    ).id  # fmt: skip


@never_cache
@require_GET
def net(request: HttpRequest, net_id: int) -> HttpResponse:
    """One net with its report on a map, and what may be done with it now."""
    by = keeper(request)
    row = walking.one_walk_net(net_id, by=by)
    cures, today = proposals(), localdate(request.now)
    found = [
        {**f, "number": n, "cure": cures.get(f["proposal"], "")} for n, f in enumerate(walking.told(row, lang_of()), 1)
    ]
    return render(request, "places/walknet.html", {
        "row": row, "rows": found[:SHOWN], "more": max(0, len(found) - SHOWN), "state": states()[row.state],
        "may_adopt": row.state == "checked" and not row.report["blockers"] and _may(by), "dense": True,
        "may": _may(by), "today": today.isoformat(), "in_force": walking.walk_net(today),
        "kilometres": f"{row.length_m / 1000:.1f}",
    })  # fmt: skip


@require_GET
def net_map(request: HttpRequest, net_id: int) -> HttpResponse:
    """Give the ways of a net, and the places of its findings, as GeoJSON; whoever has it is not given it again."""
    row = walking.one_walk_net(net_id, by=keeper(request))
    etag = f'"{row.id}-{row.sha256}"'
    if row.state != "dropped" and etag in request.headers.get("If-None-Match", ""):
        response = HttpResponse(status=304)
    else:
        response = JsonResponse(walking.drawn(row), content_type="application/geo+json")
    response["ETag"], response["Cache-Control"] = etag, "private, no-cache"
    return response


@require_POST
def act(request: HttpRequest, net_id: int, verb: str) -> HttpResponse:
    """Adopt a checked net from a day, or drop it."""
    by, said = keeper(request), request.POST
    if verb not in ("adopt", "drop"):
        raise Http404
    walking.one_walk_net(net_id, by=by)
    seen = said.get("version", "")
    if not (numbers.names_a_row(seen) and len(seen) < 10):
        raise PreconditionMissing
    if verb == "drop":
        verbs.drop(net_id, version=int(seen), by=by, now=request.now)
        messages.success(request, _("文件已放弃，步行网没有动。"))
    else:
        row = verbs.adopt(
            net_id, active_from=day_of(said.get("day", "")), document_no=said.get("document_no", ""), version=int(seen),
            by=by, now=request.now,
        )  # fmt: skip
        messages.success(request, _("第 %(n)s 版步行网，从 %(day)s 起按它算路。") % {
            "n": row.number, "day": row.active_from,
        })  # fmt: skip
    return redirect("walk-net", net_id=net_id)


def states() -> dict[str, tuple[str, str]]:
    return {"checked": (_("核对过"), "wait"), "adopted": (_("已启用"), "done"), "dropped": (_("已放弃"), "plain")}


def _may(by: Actor) -> bool:
    try:
        verbs.ensure_may_keep_ways(by)
    except Refused:
        return False
    return True

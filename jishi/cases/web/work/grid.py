"""网格员: today in my area, and saying what was seen, or settled, in one screen on a phone."""

import hashlib
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.timezone import localdate
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods

from jishi.cases.actions import intake
from jishi.cases.queries import ontheway, patch
from jishi.cases.web.desk import dispatch
from jishi.cases.web.desk.edge import lang, staffed
from jishi.cases.web.desk.forms import matter_label
from jishi.cases.web.work import errands
from jishi.cases.web.work.forms import GridReportForm
from jishi.duties import queries as duties
from jishi.foundation import idempotency
from jishi.foundation.refusals import NotFound, Refused
from jishi.places import queries as places


@never_cache
@require_GET
@staffed("grid_worker")
def today(request: HttpRequest) -> HttpResponse:
    """Show my errands and rounds, then the open cases of my area or of one grid. :raises NotFound: not mine."""
    wanted = request.GET.get("grid", "")
    found = patch.patch(by=request.actor, now=request.now, grid=wanted)
    if wanted and found.chosen is None:
        raise NotFound
    legwork = ontheway.mine(by=request.actor, now=request.now)
    return render(request, "cases/work/grid_today.html", {
        "patch": found, "states": dispatch.states(), "most": patch.MOST,
        "shown": found.chosen.open if found.chosen else found.all, "routes": legwork.routes,
        "errands": [(e, errands.KINDS[e["kind"]], _due(e, request)) for e in legwork.errands],
        "day": localdate(request.now),
    })  # fmt: skip


@never_cache
@require_GET
@staffed("grid_worker")
def walk(request: HttpRequest) -> HttpResponse:
    """Show the errands of my area in the order of one walk: a suggestion, of which nothing is kept."""
    found = ontheway.way(by=request.actor, now=request.now)
    stops = [(s, errands.KINDS[s.errand["kind"]], _due(s.errand, request)) for s in found.stops] if found else []
    return render(request, "cases/work/grid_walk.html", {"way": found, "stops": stops, "kinds": errands.KINDS})


def _due(errand: Mapping[str, Any], request: HttpRequest) -> Any:
    return patch.due_in(errand.get("set_at", request.now), errand["due_at"], request.now)


@never_cache
@require_http_methods(["GET", "POST"])
@staffed("grid_worker")
def report(request: HttpRequest) -> HttpResponse:
    """Take in what a grid worker saw; with `settled`, also how he settled it there and then."""
    grids = patch.grids_of(request.actor, now=request.now)
    if request.method == "GET":
        return _page(request, GridReportForm(now=request.now, grids=grids, initial=_asked(request)))
    form = GridReportForm(request.POST, now=request.now, grids=grids)
    if not form.is_valid():
        return _page(request, form, status=422)
    try:
        with transaction.atomic():
            number = _take_in(request, form)
    except Refused as no:
        if no.status != 422:
            raise
        return _page(request, form, refused=no, status=422)
    messages.success(request, _("记下了，编号 %(number)s") % {"number": number})
    return redirect("grid-today")


def _asked(request: HttpRequest) -> dict[str, str]:
    done = "settled" if request.GET.get("done") else "seen"
    return {"done": done, "grid": request.GET.get("grid", "")}


def _take_in(request: HttpRequest, form: GridReportForm) -> str:
    by, now = request.actor, request.now
    key = str(request.POST.get("idempotency_key", ""))
    said = sorted((k, v) for k, v in request.POST.items() if k not in ("csrfmiddlewaretoken", "idempotency_key"))
    slot = idempotency.claim(
        key, route="grid.report", body=hashlib.sha256(repr(said).encode()).digest(), by=by, now=now
    )
    if not slot.is_first:
        return str(slot.answer["number"])
    incoming = _placed(form)
    taken, refused = intake.receive_many([incoming], by=by, now=now, tenant_code=request.tenant.code)
    if refused:
        raise refused[0].refusal
    if form.cleaned_data["done"] == "settled":
        intake.settle_on_spot(taken[0].case_id, text=form.cleaned_data["how"], by=by, now=now)
    slot.fill({"number": taken[0].number})
    return str(taken[0].number)


def _placed(form: GridReportForm) -> Any:
    """Where nothing is said of the place, it is the middle of the grid: nobody types what the grid already says."""
    incoming, grid = form.incoming(), form.cleaned_data["grid_id"]
    middle = places.centres({grid}).get(grid) if grid else None
    if incoming.lng is not None or incoming.address_text or middle is None:
        return incoming
    return replace(incoming, lng=middle[0] / 1e7, lat=middle[1] / 1e7, crs="cgcs2000", accuracy_m=patch.METRES)


def _page(
    request: HttpRequest, form: GridReportForm, *, refused: Refused | None = None, status: int = 200
) -> HttpResponse:
    language = lang()
    return render(request, "cases/work/grid_report.html", {
        "form": form, "refused_what": refused.sentence(language) if refused else "",
        "refused_now": refused.next_step(language) if refused else "",
        "matters": [matter_label(m, language) for m in duties.leaves()],
        "spots": [m.called(language) for m in patch.spot_matters()],
    }, status=status)  # fmt: skip

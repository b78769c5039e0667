"""热点: the board with its map, and one hot topic with what may be done about it."""

from dataclasses import dataclass

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from jishi.cases import policies
from jishi.cases.queries import clusters, whereabouts
from jishi.cases.queries.clusters import Day, Detail
from jishi.cases.queries.whereabouts import Around
from jishi.cases.web.desk import dispatch
from jishi.cases.web.desk.edge import lang, staffed
from jishi.foundation.refusals import NotFound

# code of a list: which states, its heading, what stands there when it is empty
LOTS = (
    ("hot", ("hot",), _("正热的"), _("现在没有正热的事。")),
    ("forming", ("forming",), _("形成中，还拿不准"), ""),
    ("cooling", ("cooling", "settled"), _("在降的，和这三天平息的"), ""),
)
STEP, WIDE, FOOT = 30, 22, 54  # of a bar, in the units of the drawing


@dataclass(frozen=True, slots=True)
class Bar:
    """One day as it is drawn."""

    day: Day
    x: int
    middle: int
    top: int

    @property
    def above(self) -> int:
        """Where the number stands."""
        return self.top - 3


@never_cache
@require_GET
@staffed(*clusters.READING)
def board(request: HttpRequest) -> HttpResponse:
    """Show what several people write about these days, the hottest first, with the map."""
    rows = clusters.board(by=request.actor, now=request.now, lang=lang())
    lots = [
        {"code": code, "heading": heading, "empty": empty, "rows": [r for r in rows if r.row.state in states]}
        for code, states, heading, empty in LOTS
    ]
    return render(request, "cases/clusters/board.html", {
        "rows": rows, "lots": [lot for lot in lots if lot["rows"] or lot["code"] == "hot"],
        "hot": sum(1 for r in rows if r.row.state == "hot"), "dense": True,
    })  # fmt: skip


@never_cache
@require_GET
@staffed(*clusters.READING)
def on_the_map(request: HttpRequest) -> HttpResponse:
    """Give the map of the board as GeoJSON: hulls, never a point."""
    data = clusters.as_geojson(by=request.actor, now=request.now)
    return JsonResponse(data, content_type="application/geo+json")


@never_cache
@require_GET
@staffed(*clusters.READING)
def one(request: HttpRequest, row: int) -> HttpResponse:
    """Show one hot topic: why it is one thing, when it came, what was said, who holds it, what may be done."""
    if not 0 < row < 2**63:
        raise NotFound
    found = clusters.one(row, by=request.actor, now=request.now, lang=lang())
    return render(request, "cases/clusters/one.html", {
        "c": found, "bars": _bars(found), "around": _around(request, found), "states": dispatch.states(),
        "nominate": _nomination(request, found), "dense": True,
        "may_absorb": request.actor.has("dispatcher") and len(found.cases) > 1,
        "may_publish": request.actor.has("dispatcher", "office"),
    })  # fmt: skip


def _bars(found: Detail) -> list[Bar]:
    return [Bar(d, n * STEP + 4, n * STEP + 4 + WIDE // 2, FOOT - d.high) for n, d in enumerate(found.days)]


def _around(request: HttpRequest, found: Detail) -> Around | None:
    return whereabouts.around_ring(found.one.where, found.hull, now=request.now) if found.hull else None


def _nomination(request: HttpRequest, found: Detail) -> str:
    """The address at which this is nominated as a topic, filled in; empty: this colleague does not nominate."""
    if not request.actor.has(*policies.NOMINATING):
        return ""
    return f"{reverse('topic-board')}?{urlencode({'cluster': found.one.row.id})}#nominate"

"""The list of cases: filters, columns, order and page stand in the address; a person keeps addresses under names."""

from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse, QueryDict, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.timezone import localdate
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from jishi.accounts.actions import proving
from jishi.bodies import queries as bodies
from jishi.cases.actions import filters as kept
from jishi.cases.queries import desks, exported, listing, sifting
from jishi.cases.web.desk import dispatch
from jishi.cases.web.desk.case import WORKING
from jishi.cases.web.desk.edge import lang, staffed
from jishi.cases.web.desk.forms import matter_label
from jishi.duties import queries as duties
from jishi.foundation import numbers, trail
from jishi.foundation.refusals import Refused

# Whoever holds one of the verbs that are done to many.
MANY_AT_ONCE = ("dispatcher", "supervisor", "office", "handler", "reviewer")
COLUMNS = (
    ("received", gettext_lazy("收到")), ("state", gettext_lazy("状态")), ("matter", gettext_lazy("事项")),
    ("place", gettext_lazy("地点")), ("lead", gettext_lazy("单位")), ("due", gettext_lazy("承诺")),
    ("tags", gettext_lazy("标签")), ("channel", gettext_lazy("来路")), ("reports", gettext_lazy("几人说")),
)  # fmt: skip
USUAL = ("received", "state", "matter", "place", "lead", "due")
# what the fields of the filter are called, where one has not been used
CALLED = {
    "q": gettext_lazy("找"), "status": gettext_lazy("状态"), "matter": gettext_lazy("事项"),
    "body": gettext_lazy("单位"), "grid": gettext_lazy("网格编号"), "due_before": gettext_lazy("答复日不晚于"),
    "tag": gettext_lazy("标签"), "urgency": gettext_lazy("急不急"), "sort": gettext_lazy("顺序"),
    "role": gettext_lazy("主办还是协办"), "clock": gettext_lazy("时限"), "changed_after": gettext_lazy("变动晚于"),
}  # fmt: skip


@never_cache
@require_GET
@staffed(*WORKING)
def cases(request: HttpRequest) -> HttpResponse:
    """List the cases this colleague sees."""
    return page(request)


def page(
    request: HttpRequest, *, words: dict[str, str] | None = None, refused: Refused | None = None, typed: str = "",
    status: int = 200,
) -> HttpResponse:  # fmt: skip
    """Render the list, also after a filter that was not kept."""
    said = words if words is not None else request.GET.dict()
    filters, wrong = sifting.read(said, now=request.now)
    if numbers.is_sound(filters.q) and len(filters.q) > 12:
        return redirect("case", number=_case_named(filters.q.upper(), request))
    with sifting.patiently(filters):
        found = desks.cases(filters, by=request.actor, now=request.now, after=said.get("after", ""))
    mine = [(row, sifting.read(_said(row.query), now=request.now)[0]) for row in sifting.saved(by=request.actor)]
    try:
        with sifting.patiently(filters, *(own for _, own in mine)):
            count, *others = sifting.counts([filters, *(own for _, own in mine)], by=request.actor)
    except sifting.SearchIsSlow:
        if filters.q:
            raise
        mine = [(row, own) for row, own in mine if not own.q]  # a kept list by words is left out this time
        count, *others = sifting.counts([filters, *(own for _, own in mine)], by=request.actor)
    query = sifting.query_of(said)
    return render(request, "cases/desk/case_list.html", {
        "rows": found.rows, "after": found.after, **_counted(count), "filters": said, "query": query,
        "wrong": [CALLED.get(name, name) for name in wrong], "states": dispatch.states(), "dense": True,
        "statuses": [("open", _("没办完的")), *((s, v) for s, v in dispatch.states().items())],
        "channels": dispatch.CHANNELS, "columns": _columns(said), "on": _on(said), "sort": filters.sort,
        "heads": _heads(said, filters.sort),
        "carried": [(n, said[n]) for n in ("sort", "cols", "role", "clock", "urgency", "changed_after") if said.get(n)],
        "matters": [matter_label(m, lang()) for m in duties.leaves(day=localdate(request.now))],
        "bodies": [b.called(lang()) for b in bodies.all_bodies(on=localdate(request.now))],
        "filtered": any(v for k, v in said.items() if k in sifting.NAMES and k != "sort"),
        "saved": [
            {"row": row, "url": f"{reverse('cases')}?{row.query}", "here": row.query == query, **_counted(n)}
            for (row, _own), n in zip(mine, others, strict=True)
        ],
        "may_bulk": request.actor.has(*MANY_AT_ONCE), "page_keys": dispatch.CHOOSING_KEYS, "typed": typed,
        "refused_what": refused.sentence(lang()) if refused else "",
    }, status=status)  # fmt: skip


def _counted(n: int) -> dict[str, Any]:
    return {"count": min(n, sifting.MANY), "many": n > sifting.MANY}


def _case_named(number: str, request: HttpRequest) -> str:
    """Lead from the number of a receipt, which is the one a caller reads out, to the case it belongs to."""
    if not number.startswith("R"):
        return number
    belongs = listing.report(number, by=request.actor)["cases"]
    return str(belongs[0]["number"]) if belongs else number


def _said(query: str) -> dict[str, str]:
    return QueryDict(query).dict()


def _on(said: dict[str, str]) -> list[str]:
    """Give the columns that are shown, in their order."""
    wanted = [c for c in said.get("cols", "").split(",") if c]
    known = [code for code, _label in COLUMNS if code in wanted]
    return known or list(USUAL)


def _columns(said: dict[str, str]) -> list[dict[str, Any]]:
    """Give each column with the address that shows or hides it."""
    on = _on(said)
    found = []
    for code, label in COLUMNS:
        other = [c for c, _l in COLUMNS if (c in on) != (c == code)]
        address = {k: v for k, v in said.items() if v and k not in ("cols", "after")} | {"cols": ",".join(other)}
        found.append({"code": code, "label": label, "on": code in on, "url": f"?{urlencode(address)}"})
    return found


def _heads(said: dict[str, str], sort: str) -> dict[str, dict[str, str]]:
    """Give the heads that sort: where a press leads, and how the column is sorted now."""
    kept_words = {k: v for k, v in said.items() if v and k not in ("sort", "after")}
    other = "received" if sort == "-received" else "-received"
    order = {"-received": "descending", "received": "ascending"}
    return {
        "received": {"url": f"?{urlencode({**kept_words, 'sort': other})}", "now": order.get(sort, "none")},
        "due": {"url": f"?{urlencode({**kept_words, 'sort': 'due'})}", "now": "ascending" if sort == "due" else "none"},
    }  # fmt: skip


# --- filters that a person keeps ---------------------------------------------------------------------------


@require_POST
@staffed(*WORKING)
def keep(request: HttpRequest) -> HttpResponse:
    """Keep the filter of the address under a name."""
    query = sifting.query_of(_said(str(request.POST.get("query", ""))[:2000]))
    name = str(request.POST.get("name", ""))
    try:
        kept.keep(name, query, by=request.actor, now=request.now)
    except kept.FilterNotKept as no:
        return page(request, words=_said(query), refused=no, typed=name, status=422)
    return redirect(f"{reverse('cases')}?{query}")


@require_POST
@staffed(*WORKING)
def drop(request: HttpRequest, row: int) -> HttpResponse:
    """Keep a filter no longer."""
    kept.drop(row, by=request.actor, now=request.now)
    return redirect("cases")


# --- the list as a sheet -----------------------------------------------------------------------------------


@never_cache
@require_GET
@staffed(*WORKING)
def sheet(request: HttpRequest) -> Any:
    """Write the list as a sheet while it is read; who took which list out stands on the trail."""
    said = request.GET.dict()
    filters = sifting.asked(said, now=request.now)
    by = request.actor
    proving.ensure_fresh(by, now=request.now)
    names = [n for n in sifting.NAMES if said.get(n)]
    trail.record(
        "cases.exported", ("account", by.account_id or 0), by=by, at=request.now, codes={"filters": names},
        words={"query": sifting.query_of(said)} if names else None,
    )  # fmt: skip
    written = exported.lines(filters, by=by, lang=lang(), zone=request.tenant.zone)
    response = StreamingHttpResponse(written, content_type="text/csv; charset=utf-8")
    name = f"cases-{localdate(request.now).isoformat()}.csv"
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response

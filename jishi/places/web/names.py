"""每周看一次的别名: what people call places, proposed by colleagues, accepted or declined in one go."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.timezone import localdate
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from jishi.foundation import numbers
from jishi.foundation.refusals import Invalid
from jishi.places import queries
from jishi.places.actions import gazetteer
from jishi.places.web.imports import keeper

SHOWN = 50


@never_cache
@require_GET
def review(request: HttpRequest) -> HttpResponse:
    """The names that wait, oldest first, and a search over all that is known."""
    keeper(request)
    after, words = request.GET.get("after", "0"), request.GET.get("q", "").strip()[:40]
    rows = queries.alias_proposals(after=int(after) if numbers.names_a_row(after) and len(after) < 10 else 0)
    return render(request, "places/names.html", {
        "rows": [{"row": r, "place": r.compound or r.facility or r.gazetteer_name,
                  "resident": r.proposed_by.startswith("resident:")} for r in rows[:SHOWN]],
        "after": rows[SHOWN - 1].id if len(rows) > SHOWN else None, "dense": True, "q": words,
        "found": queries.gazetteer(words, day=localdate(request.now)) if words else [],
    })  # fmt: skip


@require_POST
def settle(request: HttpRequest) -> HttpResponse:
    """Accept or decline the names that were ticked."""
    by, said = keeper(request), request.POST
    ids = [int(i) for i in said.getlist("id") if numbers.names_a_row(i) and len(i) < 10]
    if not ids:
        raise Invalid(detail=_("先勾选要审的名称。"))
    if said.get("do") == "accept":
        count = gazetteer.accept(ids, by=by, now=request.now, today=localdate(request.now))
        messages.success(request, _("%(n)s 个名称从今天起认得了。") % {"n": count})
    else:
        messages.success(request, _("%(n)s 个名称没有采用。") % {"n": gazetteer.decline(ids, by=by, now=request.now)})
    return redirect("ground-names")

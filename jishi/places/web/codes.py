"""编码对照和小组: what grids are called elsewhere, and the groups of a community, at the desk of the ground."""

from datetime import date

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.timezone import localdate
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from jishi.foundation import numbers
from jishi.foundation.refusals import Invalid
from jishi.places import queries
from jishi.places.actions import codes as verbs
from jishi.places.queries import codes as looking
from jishi.places.web.imports import day_of, keeper

SHOWN = 50


@never_cache
@require_GET
def kept(request: HttpRequest) -> HttpResponse:
    """The codes of other schemes and the groups of today, and the forms that write down and end them."""
    by, today = keeper(request), localdate(request.now)
    after = request.GET.get("after", "0")
    rows = looking.codes(day=today, after=int(after) if numbers.names_a_row(after) and len(after) < 10 else 0)
    named = {c.code: c.short_name for c in queries.communities(day=today)}
    return render(request, "places/codes.html", {
        "rows": rows[:SHOWN], "after": rows[SHOWN - 1].id if len(rows) > SHOWN else None, "dense": True,
        "grids": queries.grids_in(by.area, today) if by.area else queries.grids_in("", today),
        "groups": [{"row": g, "of": named.get(g.community, g.community)} for g in looking.groups("", day=today)],
        "communities": sorted(named.items()), "today": today.isoformat(),
    })  # fmt: skip


@require_POST
def act(request: HttpRequest, verb: str) -> HttpResponse:
    """Write down or end a code or a group."""
    by, said = keeper(request), request.POST
    on: date = day_of(said.get("day", ""))
    known = {"by": by, "now": request.now}
    if verb == "call":
        grid, scheme, code = (said.get(name, "") for name in ("grid", "scheme", "code"))
        verbs.call(grid[:15], scheme=scheme, code=code, since=on, **known)
        messages.success(request, _("记下了，从 {day} 起这个编码认得。").replace("{day}", on.isoformat()))
    elif verb == "group":
        made = verbs.found_group(said.get("community", "")[:12], name=said.get("name", ""), since=on, **known)
        messages.success(request, _("记下了，小组的编号是 {code}。").replace("{code}", made.code))
    elif verb in ("call-end", "group-end"):
        if not (numbers.names_a_row(said.get("row", "")) and numbers.names_a_row(said.get("version", ""))):
            raise Invalid(detail="row, version")
        end = verbs.call_no_more if verb == "call-end" else verbs.end_group
        end(int(said["row"]), on=on, version=int(said["version"]), **known)
        messages.success(request, _("停用了；以前的日子照旧查得到。"))
    else:
        raise Http404
    return redirect("ground-codes")

"""这里大家叫什么: what people call a place, proposed in one step by residents and colleagues; the office reviews it."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from jishi.foundation.refusals import Refused, SignInNeeded
from jishi.places import queries
from jishi.places.actions import gazetteer
from jishi.places.queries import Nameable

LONGEST = 80


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def say(request: HttpRequest) -> HttpResponse:
    """Ask what a place is called now and what people call it; of several places the person chooses one."""
    by = request.actor  # type: ignore[attr-defined]
    if by.kind not in ("resident", "staff"):
        raise SignInNeeded
    where = request.POST.get("where", "").strip()[:LONGEST]
    said = request.POST.get("name", "").strip()[:LONGEST]
    page: dict[str, Any] = {"where": where, "said": said, "found": [], "told": ""}
    if request.method != "POST":
        return render(request, "places/say_a_name.html", page)
    found = queries.nameable(where)
    chosen = next((n for n in found if _key(n) == request.POST.get("place")), found[0] if len(found) == 1 else None)
    if chosen is None:
        page["told"] = _("有几个地方像您说的，选一个。") if found else _("地名册里没有这个地方。写它现在的名字试试。")
        page["found"] = [(_key(n), n.name, _within(n.community)) for n in found]
        return render(request, "places/say_a_name.html", page, status=422)
    try:
        gazetteer.propose(said, kind=chosen.kind, place_id=chosen.id, by=by, now=request.now)  # type: ignore[attr-defined]
    except Refused as no:
        lang = get_language() or "zh"
        page["told"] = f"{no.sentence(lang)} {no.next_step(lang)}".strip()
        return render(request, "places/say_a_name.html", page, status=no.status)
    messages.success(request, _("记下了：%(place)s，大家叫“%(name)s”。每周审一次，采用的当天起认得。") % {
        "place": chosen.name, "name": said,
    })  # fmt: skip
    return redirect("say-a-name")


def _key(one: Nameable) -> str:
    return f"{one.kind}-{one.id}"


def _within(community: str) -> str:
    path = queries.division_path(community) if community else []
    return " ".join(d.short_name for d in path if d.level >= 4)

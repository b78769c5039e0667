"""吹哨台 and what waits for a body: who is called, who answered, came, wrote a result; parts to do and parts asked."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from jishi.cases.queries import consulting, together
from jishi.cases.web.desk.edge import lang, staffed
from jishi.cases.web.together import acts
from jishi.foundation.refusals import NotFound

MINE = (
    ("parts", _("请我们做的")), ("talks", _("请我们会商的")), ("asked", _("我们请的")),
    ("whistles", _("叫我们的哨")), ("blown", _("我们牵头的哨")),
    ("links", _("问外面的单位")),
)  # fmt: skip
TABS = (("open", _("没了结的")), ("objections", _("等裁定的")), ("ended", _("了结的")))


@never_cache
@require_GET
@staffed("handler", "head", "dispatcher", "supervisor", "office", "ruler", "auditor")
def board(request: HttpRequest) -> HttpResponse:
    """Show the whistles that this colleague sees; the tab stands in the address."""
    show = request.GET.get("show", "open")
    if show not in dict(TABS):
        raise NotFound
    found = together.board(by=request.actor, now=request.now, lang=lang(), show=show)
    return render(request, "cases/together/board.html", {
        "whistles": [
            (w, acts.of_whistle(w, request.now, lang(), None),
             [(b, [o for o in acts.of_body(b, request.now, lang(), None) if o.plain]) for b in w.bodies])
            for w in found
        ],
        "tabs": [{"code": c, "label": label, "here": c == show} for c, label in TABS], "show": show, "dense": True,
    })  # fmt: skip


@never_cache
@require_GET
@staffed("handler", "head")
def mine(request: HttpRequest) -> HttpResponse:
    """Show what waits for the actor's bodies beside the cases they lead; the tab stands in the address."""
    show = request.GET.get("show", "parts")
    if show not in dict(MINE):
        raise NotFound
    now, language = request.now, lang()
    found = together.waiting(by=request.actor, now=now, lang=language)
    talks = consulting.invitations(by=request.actor, now=now, lang=language)
    counts = {
        "parts": len(found.to_do), "talks": len(talks), "asked": len(found.asked), "whistles": len(found.whistles),
        "blown": len(found.blown), "links": len(found.links),
    }  # fmt: skip
    parts = {"parts": found.to_do, "asked": found.asked}.get(show, ())
    return render(request, "cases/together/mine.html", {
        "show": show, "dense": True,
        "tabs": [{"code": c, "label": label, "here": c == show, "count": counts[c]} for c, label in MINE],
        "parts": [(p, [o for o in acts.of_part(p, now, language, None) if o.plain]) for p in parts],
        "calls": [
            (w, b, [o for o in acts.of_body(b, now, language, None) if o.plain]) for w, b in found.whistles
        ] if show == "whistles" else [],
        "talks": talks if show == "talks" else (),
        "blown": found.blown if show == "blown" else (), "links": found.links if show == "links" else (),
        "nothing": not counts[show],
    })  # fmt: skip

"""The home page: for residents the place to speak, for staff the desks that their post opens, with counts."""

from collections.abc import Iterator
from contextlib import suppress
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.template.loader import select_template
from django.urls import NoReverseMatch, reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from jishi.portal.web import looks, nav

TILES = (  # what anybody may look up without asking: (address, what it is called, icon)
    ("whose", _("这事归谁管"), "law"), ("my-grid", _("我的网格"), "pin"), ("public", _("公开的事"), "list"),
    ("knowledge", _("常问的"), "book"), ("map", _("身边的地图"), "map"), ("gridplan-notices", _("网格公示"), "file"),
)  # fmt: skip
SPEAK_UP = ("cases/parts/speak_up.html", "portal/parts/speak_up_elsewhere.html")


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """This will show the home page that fits the actor."""
    actor = getattr(request, "actor", None)
    if nav.is_grid_worker(actor):
        return redirect("grid-today")
    if actor is not None and actor.kind == "staff":
        return _staff(request)
    return _resident(request)


def after_sign_in(_request: HttpRequest) -> HttpResponse:
    """This will lead to the home page, whose one address is the root."""
    return redirect("home")


def _resident(request: HttpRequest) -> HttpResponse:
    actor, now, wired = getattr(request, "actor", None), timezone.now(), looks.sources()
    facts = {
        "matters": wired.matters(actor, now) if wired.matters and actor is not None else None,
        "around": wired.around(actor, now) if wired.around and actor is not None else None,
        "offers": wired.offers(actor, now) if wired.offers and actor is not None else None,
        "tiles": list(_tiles()),
        "speak_up": select_template(SPEAK_UP if wired.speak_up else SPEAK_UP[1:]),
        **(wired.speak_up(request) if wired.speak_up else {}),
    }
    return render(request, "portal/home_resident.html", facts)


def _tiles() -> Iterator[dict[str, Any]]:
    """Give what anybody may look up, as far as the rooms below are there."""
    for name, label, icon in TILES:
        with suppress(NoReverseMatch):
            yield {"url": reverse(name), "label": label, "icon": icon}


def _staff(request: HttpRequest) -> HttpResponse:
    actor, now, wired = request.actor, timezone.now(), looks.sources()  # type: ignore[attr-defined]
    counts = wired.counts(actor, now) if wired.counts else {}
    desks = nav.links(actor, request.path, counts)
    boards = wired.boards(actor, now) if wired.boards else ()
    return render(request, "portal/home_staff.html", {"desks": desks, "boards": boards})

"""留痕核对: the anchors of the last days, and the nights in which cases were compared with their entries."""

from collections.abc import Mapping

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from jishi.cases.queries import recorded
from jishi.cases.web.desk.edge import staffed

IN: Mapping[str, str | Promise] = {
    "state": gettext_lazy("状态"), "stepped_aside_from": gettext_lazy("从哪一步停下的"),
    "version": gettext_lazy("版本号"), "matter": gettext_lazy("事项"), "urgency": gettext_lazy("缓急"),
    "moves": gettext_lazy("走不通的一步"),
}  # fmt: skip


@never_cache
@require_safe
@staffed("auditor", "system_admin", "security_admin")
def page(request: HttpRequest) -> HttpResponse:
    """Show what was anchored, what is missing, and what differs."""
    told = recorded.checked(by=request.actor, now=request.now)
    nights = [(n, [f"{IN.get(name, name)} {count}" for name, count in n.what.items()]) for n in told.nights]
    return render(request, "cases/desk/record.html", {"told": told, "nights": nights})

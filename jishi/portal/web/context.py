"""What the shell of every page needs; a context processor."""

from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.db import connection
from django.http import HttpRequest
from django.utils import timezone
from django.utils.functional import SimpleLazyObject
from django.utils.translation import get_language

from jishi.accounts import queries as accounts
from jishi.portal.web import nav


def shell(request: HttpRequest) -> dict[str, Any]:
    """This will give `nav`, `nav_more`, `has_dock`, `tenant_name`, `acting_as`, `elder`, `hotline`, `demo`, `now`,
    `readable` (where the switch of the language leads back to),
    `glass`, `glass_told` (emergency access: acting by it; how many there were, for the auditor).

    `request.actor`, `request.tenant` and `request.acting_as` are set by the edge of accounts; a page
    without them (an error before sign-in was looked at) is a resident's page.
    """
    actor = getattr(request, "actor", None)
    links = SimpleLazyObject(lambda: nav.links(actor, request.path, getattr(request, "nav_counts", None)))
    return {
        "actor": actor,
        "nav": links,
        "nav_more": SimpleLazyObject(lambda: nav.behind(links)),
        "has_dock": nav.has_dock(actor),
        "signed_in": actor is not None and actor.kind in ("staff", "resident"),
        "tenant_name": _name(getattr(request, "tenant", None)),
        "acting_as": _post(request, actor),
        "elder": getattr(request, "elder", False),
        "hotline": getattr(settings, "HOTLINE", "12345"),
        "demo": settings.DEMO,
        "glass": actor is not None and actor.has("break_glass"),
        "glass_told": SimpleLazyObject(lambda: _emergencies(actor)),
        "readable": readable(request),
        "now": timezone.now(),
    }


def readable(request: HttpRequest) -> str:
    """Give an address that can be opened: this one, or of a page that a press made the one it was pressed on."""
    try:
        came = urlsplit(request.headers.get("Referer", ""))
    except ValueError:
        return request.get_full_path()
    if request.method in ("GET", "HEAD") or not came.netloc or came.netloc != request.get_host():
        return request.get_full_path()
    return came._replace(scheme="", netloc="", fragment="").geturl() or "/"


def _post(request: HttpRequest, actor: Any) -> str:
    """Name the post: its own title in Chinese; on an English page what its roles do, as titles are in Chinese."""
    title = str(getattr(request, "acting_as", ""))
    if not title or actor is None or not (get_language() or "").startswith("en"):
        return title
    roles = [str(word) for role, word in nav.ROLES.items() if role in actor.roles]
    return ", ".join(roles) or title


def _emergencies(actor: Any) -> int:
    """Tell the auditor on every page how many emergency accesses the last day had; nobody else is asked for."""
    if actor is None or not actor.has("auditor") or not connection.in_atomic_block or connection.needs_rollback:
        return 0
    return accounts.glasses_to_tell(now=timezone.now())


def _name(tenant: Any) -> str:
    in_english = getattr(tenant, "name_en", "") if (get_language() or "").startswith("en") else ""
    return str(in_english or getattr(tenant, "name", tenant or ""))

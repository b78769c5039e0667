"""The pages of the emergency access: ask, decide, end, and what the auditor sees."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.timezone import localdate
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET, require_POST

from jishi.accounts import policies, queries
from jishi.accounts.actions import break_glass
from jishi.accounts.models import BreakGlass
from jishi.foundation.actor import Actor
from jishi.foundation.refusals import Invalid, NotAllowed, NotFound

GROUNDS = {
    "danger": _("有人有危险，等不到本单位的人"),
    "absent": _("管这件事的单位没有人能办"),
    "drill": _("演练"),
}
STATES = {"asked": _("等第二人决定"), "open": _("开着"), "denied": _("没有批准"), "ended": _("已经结束")}
TONES = {"asked": "near", "open": "run", "denied": "plain", "ended": "plain"}
VERBS = {"approve": break_glass.approve, "deny": break_glass.deny, "end": break_glass.end}


@login_required
@require_GET
def board(request: HttpRequest) -> HttpResponse:
    """Who has or had more access, why, by whose decision; and the form to ask for it."""
    by = request.actor
    asks, decides = policies.may_ask_for_more(by), policies.may_decide_glass(by)
    found = queries.glasses(by)
    if not (asks or decides or found or policies.may_see_every_glass(by)):
        raise NotAllowed("post")
    names = _bodies()
    rows = [_shown(row, by, names) for row in found]
    more = {k: v for k, v in names.items() if k not in by.body_ids}
    return render(
        request,
        "accounts/break_glass.html",
        {"rows": rows, "asks": asks, "bodies": more.items(), "grounds": GROUNDS.items(), "can_widen": by.area != ""},
    )


@login_required
@require_POST
def ask(request: HttpRequest) -> HttpResponse:
    """Ask for it."""
    body, place = request.POST.get("body", ""), request.POST.get("place", "")
    if not body.isdecimal() and body:
        raise Invalid(detail="单位 / body")
    break_glass.ask(
        ground=request.POST.get("ground", ""), why=request.POST.get("why", ""),
        body_id=int(body[:18]) if body else None, area="" if place == "all" else None,
        by=request.actor, now=request.now,
    )  # fmt: skip
    return redirect("break-glass")


@login_required
@require_POST
def act(request: HttpRequest, glass_id: int, glass_act: str) -> HttpResponse:
    """Approve, refuse, take back or end."""
    if glass_act not in VERBS:
        raise NotFound
    version = request.POST.get("version", "")
    VERBS[glass_act](
        glass_id, by=request.actor, now=request.now, version=int(version[:9]) if version.isdecimal() else None
    )
    return redirect("break-glass")


@dataclass
class _Wired:
    bodies: Callable[..., Sequence[Any]] | None = None


_wired = _Wired()


def wire(bodies: Callable[..., Sequence[Any]]) -> None:
    """Take the query ``(on=day)`` for bodies with id, name, name_en from the room above that keeps them."""
    _wired.bodies = bodies


def _bodies() -> dict[int, str]:
    listed = _wired.bodies(on=localdate()) if _wired.bodies else ()
    english = not (get_language() or "zh").startswith("zh")
    return {b.id: (english and b.name_en) or b.name for b in listed}


def _shown(row: BreakGlass, by: Actor, names: dict[int, str]) -> dict[str, object]:
    mine = row.account_id == by.account_id
    other = policies.may_decide_glass(by) and not mine and not (by.body_ids | by.tied_to) & set(row.own_body_ids)
    return {
        "row": row, "ground": GROUNDS[row.ground], "state": STATES[row.status], "tone": TONES[row.status],
        "asker": row.post_title, "own": "、".join(names.get(i, "") for i in row.own_body_ids),
        "body": names.get(row.body_id or 0, ""),
        "can_decide": other and row.status == "asked",
        "can_end": (mine and row.status in break_glass.CAN) or (other and row.status == "open"),
    }  # fmt: skip

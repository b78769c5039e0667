"""模型: editions of the classifier, old against new, and the weeks in which the town spoke otherwise (spec 12 §3)."""

from collections.abc import Callable, Mapping
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from jishi.cases.actions import learning
from jishi.cases.queries import models_compared
from jishi.cases.states import Channel
from jishi.cases.web.desk.edge import lang, staffed
from jishi.foundation.refusals import NotFound, Refused

STATES: Mapping[str, tuple[str | Promise, str]] = {
    "in_force": (gettext_lazy("在用"), "done"), "shadow": (gettext_lazy("试答中"), "run"),
    "waits": (gettext_lazy("停了，没有启用"), "wait"), "was": (gettext_lazy("用过"), "plain"),
    "learned": (gettext_lazy("学好了"), "wait"),
}  # fmt: skip
BEYOND: Mapping[str, str | Promise] = {
    "stability": gettext_lazy("来的话变了"), "calibration": gettext_lazy("把握不准了"),
    "abstained": gettext_lazy("说不准的变了"), "changed": gettext_lazy("被人改的变了"),
}  # fmt: skip
RIGHT: Mapping[str, tuple[str | Promise, str]] = {
    "new": (gettext_lazy("新的对"), "done"), "old": (gettext_lazy("旧的对"), "near"),
    "neither": (gettext_lazy("都不对"), "plain"), "": (gettext_lazy("还没有定"), "wait"),
}  # fmt: skip
STEPS: Mapping[str, Callable[..., Any]] = {
    "shadow": learning.shadow, "adopt": learning.adopt, "return": learning.give_back,
}  # fmt: skip


@never_cache
@require_safe
@staffed("office", "system_admin", "dispatcher", "auditor")
def board(request: HttpRequest) -> HttpResponse:
    """Show every edition, the one in the shadow beside the one in force, and what has drifted."""
    return _show(request)


@never_cache
@require_POST
@staffed("office", "system_admin", "dispatcher", "auditor")
def step(request: HttpRequest, number: int, step: str) -> HttpResponse:
    """Learn (number 0), shadow, adopt, or give back."""
    try:
        if step == "learn":
            made = learning.learn(by=request.actor, now=request.now)
            messages.success(request, _("学好了第 %(n)s 版。先让它试答。") % {"n": made.number})
        elif step in STEPS:
            STEPS[step](number, by=request.actor, now=request.now)
        else:
            raise NotFound
    except Refused as no:
        if no.status != 409:
            raise
        return _show(request, refused=no)
    return redirect("models")


def _show(request: HttpRequest, *, refused: Refused | None = None) -> HttpResponse:
    by, spoken = request.actor, lang()
    rows = models_compared.editions(by=by, now=request.now, lang=spoken)
    facts = {
        "rows": [(row, *STATES[row.state], _lines(row.compared)) for row in rows],
        "drift": [_drifted(one) for one in models_compared.drift(by=by, lang=spoken)],
        "may_shadow": models_compared.may_shadow(by), "may_adopt": models_compared.may_adopt(by),
        "least": learning.SHADOWED, "rights": RIGHT,
        "refused_what": refused.sentence(spoken) if refused else "",
        "refused_now": refused.next_step(spoken) if refused else "",
    }  # fmt: skip
    return render(request, "cases/desk/models.html", facts, status=refused.status if refused else 200)


def _lines(compared: models_compared.Compared | None) -> list[tuple[Any, Any, Any]]:
    """What is compared, the one in force, the one in the shadow."""
    if compared is None:
        return []
    return [
        (_("第一个就对"), compared.old, compared.new),
        (_("替人填上的"), compared.old_filled, compared.new_filled),
        (_("填上的里面对的"), compared.old_filled_right, compared.new_filled_right),
    ]


def _drifted(one: Mapping[str, Any]) -> dict[str, Any]:
    channel = dict(Channel.choices).get(one["channel"], "")
    figures = one["figures"]
    return {
        **one, "limits": [BEYOND[b] for b in one["beyond"]], "channel_name": _(str(channel)) if channel else "",
        "gap": figures["calibration"]["gap"], "moved": max(figures["stability"].values()),
        "abstained": figures["abstained"], "changed": figures["changed"],
    }  # fmt: skip

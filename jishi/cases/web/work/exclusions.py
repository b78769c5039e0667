"""剔除台: what was asked, decided outside the asking body's line; the public ledger by body and ground."""

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from jishi.cases.actions import exclusion as verbs
from jishi.cases.queries import exclusions
from jishi.cases.web.desk.edge import lang, seen_version, staffed
from jishi.cases.web.desk.moving_time import EXCLUSION_GROUNDS, RATES
from jishi.foundation.refusals import NotFound, Refused

GROUNDS, NAMES = dict(EXCLUSION_GROUNDS), dict(RATES)


class DecideForm(forms.Form):
    """Why, in words that stay on the ledger."""

    why = forms.CharField(
        label=gettext_lazy("理由"), max_length=2000, widget=forms.Textarea(attrs={"rows": 3}),
        help_text=gettext_lazy("至少 20 个字，留在台账上"),
    )  # fmt: skip


@never_cache
@require_GET
@staffed("supervisor", "office", "auditor")
def desk(request: HttpRequest) -> HttpResponse:
    """Show what waits, what was decided, and the counts that everybody may see."""
    return page(request)


def page(
    request: HttpRequest, *, pressed: int = 0, form: Any = None, refused: Refused | None = None, status: int = 200
) -> HttpResponse:
    """Render the desk, also after a press that was refused."""
    by, language = request.actor, lang()
    waiting = [_shown(row, pressed, form) for row in exclusions.waiting(by=by)]
    decided = [_shown(row, pressed, form) for row in exclusions.decided(by=by)]
    return render(request, "cases/work/exclusions.html", {
        "waiting": waiting, "decided": decided, "counts": exclusions.counts(by=by, lang=language),
        "may": by.has("supervisor", "office"), "pressed": pressed, "dense": True,
        "refused_what": refused.sentence(language) if refused else "",
        "refused_now": refused.next_step(language) if refused else "",
    }, status=status)  # fmt: skip


def _shown(row: Any, pressed: int, form: Any) -> tuple[Any, Any, str, str]:
    own = form if form is not None and row.id == pressed else DecideForm(auto_id=f"x{row.id}_%s")
    return row, own, str(GROUNDS.get(row.ground, row.ground)), _("、").join(str(NAMES.get(r, r)) for r in row.rates)


@require_POST
@staffed("supervisor", "office")
def act(request: HttpRequest, row: int, code: str) -> HttpResponse:
    """Grant, deny or revoke on the version that was seen."""
    form, version = DecideForm(request.POST, auto_id=f"x{row}_%s"), seen_version(request)
    if code not in ("approve", "deny", "revoke"):
        raise NotFound
    if not form.is_valid():
        return page(request, pressed=row, form=form, status=422)
    who: dict[str, Any] = {"why": form.cleaned_data["why"], "by": request.actor, "now": request.now, "version": version}
    try:
        if code == "revoke":
            verbs.revoke(row, **who)
        else:
            verbs.decide(row, verdict="approved" if code == "approve" else "denied", **who)
    except Refused as no:
        if no.status == 404:
            raise
        return page(request, pressed=row, form=form, refused=no, status=no.status)
    done = {
        "approve": _("同意剔除，诉求人看得到理由。"), "deny": _("没有同意剔除。"), "revoke": _("撤销了，重新计入。"),
    }  # fmt: skip
    messages.success(request, done[code])
    return redirect("exclusions")

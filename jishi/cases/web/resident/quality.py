"""The page on which everybody reads how good the guesses are (spec 12 §9)."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from jishi.cases.queries import quality


@require_safe
def shown(request: HttpRequest) -> HttpResponse:
    """Show what each model edition learned from, how often it is right, and that a person decides."""
    found = quality.editions(tenant_id=request.tenant.id, lang=get_language() or "zh")  # type: ignore[attr-defined]
    words = {
        "accuracy": _("第一个就对"), "top_3": _("前三个里有对的"), "macro_f1": _("各类平均 F1"),
        "calibration_error": _("把握和实际差多少"),
    }  # fmt: skip
    rows = [(told, [(words[name], values) for name, values in told.figures]) for told in found]
    return render(request, "cases/resident/quality.html", {"rows": rows})

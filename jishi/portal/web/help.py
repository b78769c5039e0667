"""Pages about the platform itself, and the sheet of components."""

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import translation
from django.views.decorators.http import require_safe

from jishi.foundation.refusals import every
from jishi.portal.web import sheet


@require_safe
def page(request: HttpRequest, template: str) -> HttpResponse:
    """This will show one page of words."""
    return render(request, template)


@require_safe
def refusals(request: HttpRequest) -> HttpResponse:
    """This will list what the platform says no to: `type` of every problem+json leads here (RFC 9457 §3.1.1)."""
    said = every(translation.get_language() or "zh-hans")
    return render(request, "portal/refusals.html", {"said": said})


@require_safe
def components(request: HttpRequest) -> HttpResponse:
    """This will show every component in every state, for looking at; not on a real installation."""
    if not (settings.DEBUG or settings.DEMO):
        raise Http404
    return render(request, "portal/components.html", sheet.facts())

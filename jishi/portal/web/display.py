"""How the site looks to one reader: language and large print, kept in two cookies, changed by a form."""

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST

from jishi.portal.middleware import ELDER_COOKIE, LANGUAGES

YEAR = 365 * 24 * 3600


@require_POST
def choose(request: HttpRequest) -> HttpResponse:
    """This will set what was pressed and go back to the page one came from, on this site only."""
    back = request.POST.get("next", "/")
    if not url_has_allowed_host_and_scheme(
        back, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    ):
        back = "/"
    response = redirect(back)
    if request.POST.get("language") in LANGUAGES:
        _keep(response, settings.LANGUAGE_COOKIE_NAME, request.POST["language"])
    if request.POST.get("elder") in ("0", "1"):
        _keep(response, ELDER_COOKIE, request.POST["elder"])
    return response


def _keep(response: HttpResponse, name: str, value: str) -> None:
    """Not HttpOnly: the large-print button writes the same cookie, so that the next page does not flash."""
    response.set_cookie(name, value, max_age=YEAR, secure=settings.SESSION_COOKIE_SECURE, samesite="Lax")

"""外部协同: the page behind a link. No account, one extract, one question; every opening is on the record."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import get_language
from django.views.decorators.http import require_GET

from jishi.bodies import queries as bodies
from jishi.cases.actions import links, photos
from jishi.cases.models import OutsideLink
from jishi.cases.refusals import OutsideLinkOver
from jishi.cases.web import letters
from jishi.cases.web.desk.edge import lang
from jishi.cases.web.resident.photos import ACCEPTED
from jishi.cases.web.together.forms import OutsideForm
from jishi.foundation import uploads
from jishi.foundation.actor import Actor
from jishi.foundation.refusals import Refused


@letters.by_code("outside-link")
def by_link(request: HttpRequest, token: str) -> HttpResponse:
    """Show what is asked, or keep the answer. A link that is over answers 410 and says what to do now."""
    by = Actor(tenant_id=request.tenant.id, kind="anonymous")  # whoever holds the link; who that is, nobody records
    form = OutsideForm(request.POST or None)  # whether it is theirs they say; nothing is chosen for them
    try:
        if request.method != "POST":
            return _page(request, links.open_(token, by=by, now=request.now), form)
        row = links.look(token, now=request.now)
        if not form.is_valid():
            return _page(request, row, form, status=422)
        given = photos.ready(uploads.sent(request.FILES.getlist("files")))
        links.answer(token, said=form.value(), given=given, by=by, now=request.now)
    except OutsideLinkOver as no:
        said = {"what": no.sentence(get_language() or "zh"), "now_do": no.next_step(get_language() or "zh")}
        return render(request, "cases/together/link_over.html", said, status=no.status)
    except Refused as no:
        if no.status not in (413, 415, 422):
            raise
        return _page(request, links.look(token, now=request.now), form, refused=no, status=no.status)
    return redirect("outside-done")


def _page(
    request: HttpRequest, row: OutsideLink, form: OutsideForm, *, refused: Refused | None = None, status: int = 200
) -> HttpResponse:
    asker = bodies.names().get(row.asked_by_id or 0)
    return render(request, "cases/together/link.html", {
        "row": row, "form": form, "asker": asker.called(lang()) if asker else "",
        "phone": asker.work_phone if asker else "", "number": row.case.number,
        "refused_what": refused.sentence(get_language() or "zh") if refused else "",
        "refused_now": refused.next_step(get_language() or "zh") if refused else "",
        "accepted": ACCEPTED, "most": uploads.MANY,
    }, status=status)  # fmt: skip


@require_GET
def done(request: HttpRequest) -> HttpResponse:
    """Say what happens with the answer."""
    return render(request, "cases/together/link_done.html")

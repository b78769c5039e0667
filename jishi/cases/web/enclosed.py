"""答复的附件: a file that a body sent along with its reply, opened by a press, inside the answer to it."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from jishi.accounts.actions.reading import OpenedFile
from jishi.cases.actions import enclosing
from jishi.cases.queries import casepage
from jishi.cases.web import handing_out
from jishi.cases.web.desk.edge import lang, staffed
from jishi.cases.web.resident import holding
from jishi.foundation import files
from jishi.foundation.refusals import NotFound, Refused


@never_cache
@require_POST
@staffed()
def colleague(request: HttpRequest, number: str, row: int) -> HttpResponse:
    """Open it once for a colleague who sees the case and says why. :raises NotFound: he does not, or no such file."""
    case = casepage.find(number, by=request.actor)
    why = str(request.POST.get("reason", ""))[:300]
    try:
        opened = enclosing.open_(row, of_case=case.id, reason=why, by=request.actor, now=request.now)
    except Refused as no:
        if no.status != 422:
            raise
        facts = {"case": case, "refused": no.sentence(lang())}
        return render(request, "cases/desk/reply_file.html", facts, status=422)
    return _handed(request, opened, case.number, "cases/desk/reply_file.html", {"case": case})


@never_cache
@require_POST
def caller(request: HttpRequest, number: str, row: int) -> HttpResponse:
    """Open it for a caller, once the reply is his to read; whoever shows no right is asked for number and word."""
    try:
        with holding.holder(request, number) as (by, report):
            opened = enclosing.open_(row, reason=_("本人查看"), by=by, now=request.now)
            facts = {"number": report.number}
            return _handed(request, opened, report.number, "cases/resident/reply_file.html", facts)
    except NotFound:
        return redirect(f"{reverse('mine')}?{urlencode({'number': number})}")


def _handed(
    request: HttpRequest, opened: OpenedFile, number: str, template: str, facts: dict[str, Any]
) -> HttpResponse:
    if opened.row.kind == "pdf":
        return files.as_download(opened.data, "pdf", f"{number}-{opened.row.id}.pdf")
    response = render(request, template, {**facts, "picture": handing_out.within(opened), "name": opened.name})
    response["Cache-Control"] = "no-store"
    return response

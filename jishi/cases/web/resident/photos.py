"""My photos and what strangers read of mine: add, look, agree, hide, take back; amend or hide the public words."""

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from jishi.cases.actions import photos, privacy, recordings
from jishi.cases.models import Photo, Recording, Report
from jishi.cases.queries import covered
from jishi.cases.web import handing_out
from jishi.cases.web.resident import holding
from jishi.foundation import files, numbers, uploads
from jishi.foundation.actor import Actor
from jishi.foundation.refusals import NotFound, Refused

ACCEPTED = "image/jpeg,image/png,image/webp,application/pdf"


@never_cache
@require_http_methods(["GET", "POST"])
def page(request: HttpRequest, number: str) -> HttpResponse:
    """Show one's photos and public words of one matter; POST does one thing."""
    try:
        with holding.holder(request, number) as (by, report):
            return _answer(request, by, report)
    except NotFound:
        return redirect(f"{reverse('mine')}?{urlencode({'number': number})}")


def _answer(request: HttpRequest, by: Actor, report: Report) -> HttpResponse:
    do = _DO.get(str(request.POST.get("do", ""))) if request.method == "POST" else None
    if do is None:
        return _show(request, report)
    try:
        answer = do(request, by, report)
    except NotFound:
        raise
    except Refused as no:
        return _show(request, report, refused=no, status=no.status)
    return answer if answer is not None else redirect("timeline-photos", report.number)


def _add(request: HttpRequest, by: Actor, report: Report) -> None:
    given = photos.ready(uploads.sent(request.FILES.getlist("photos")))
    photos.add(report.id, given, may_publish="agreed" in request.POST, by=by, now=request.now)


def _open(request: HttpRequest, by: Actor, report: Report) -> HttpResponse:
    photo = _photo(request, report)
    opened = photos.open_(photo.id, reason=_("本人查看"), by=by, now=request.now)
    if photo.file.kind == "pdf":
        return files.as_download(opened.data, "pdf", f"{report.number}-{photo.code[:6]}.pdf")
    response = _show(request, report, opened=photo.id, picture=handing_out.within(opened), name=opened.name)
    response["Cache-Control"] = "no-store"
    return response


def _speak(request: HttpRequest, by: Actor, report: Report) -> None:
    given = recordings.ready(uploads.sent(request.FILES.getlist("recording")))
    recordings.add(report.id, given, by=by, now=request.now)


def _listen(request: HttpRequest, by: Actor, report: Report) -> HttpResponse:
    row = _recording(request, report)
    recordings.open_(row.id, reason=_("本人听"), by=by, now=request.now)
    response = _show(request, report, heard=row.id)
    response["Cache-Control"] = "no-store"
    return response


def _confirm(request: HttpRequest, by: Actor, report: Report) -> None:
    row, text = _recording(request, report), str(request.POST.get("said", ""))
    recordings.confirm(row.id, text=text, version=_seen(request), by=by, now=request.now)


def _unsay(request: HttpRequest, by: Actor, report: Report) -> None:
    recordings.take_back(_recording(request, report).id, by=by, now=request.now)


def _hide(request: HttpRequest, by: Actor, report: Report) -> None:
    photos.hide(_photo(request, report).id, by=by, now=request.now)


def _agree(request: HttpRequest, by: Actor, report: Report) -> None:
    agreed = request.POST.get("agreed") == "yes"
    photos.agree(_photo(request, report).id, may_publish=agreed, by=by, now=request.now)


def _take_back(request: HttpRequest, by: Actor, report: Report) -> None:
    photos.take_back(_photo(request, report).id, by=by, now=request.now)


def _amend(request: HttpRequest, by: Actor, report: Report) -> None:
    text = str(request.POST.get("text", ""))
    privacy.amend(report.id, text=text, version=_seen(request), by=by, now=request.now)


def _hide_words(request: HttpRequest, by: Actor, report: Report) -> None:
    privacy.hide(report.id, version=_seen(request), by=by, now=request.now)


def _show_words(request: HttpRequest, by: Actor, report: Report) -> None:
    privacy.show(report.id, version=_seen(request), by=by, now=request.now)


_DO: dict[str, Callable[[HttpRequest, Actor, Report], HttpResponse | None]] = {
    "add": _add, "open": _open, "hide": _hide, "agree": _agree, "take-back": _take_back, "amend": _amend,
    "hide-words": _hide_words, "show-words": _show_words,
    "speak": _speak, "listen": _listen, "confirm": _confirm, "unsay": _unsay,
}  # fmt: skip


def _show(request: HttpRequest, report: Report, *, refused: Refused | None = None, status: int = 200,
          **more: Any) -> HttpResponse:  # fmt: skip
    lang = get_language() or "zh"
    report.refresh_from_db()
    beside = covered.of_report(report, lang=lang)
    facts = {
        "b": beside,
        "report": report,
        "is_public": beside.own_until is not None,
        "own_day": beside.own_until is not None and request.now <= beside.own_until,
        "accepted": ACCEPTED,
        "most": uploads.MANY,
        "refused_what": refused.sentence(lang) if refused else "",
        "refused_now": refused.next_step(lang) if refused else "",
        "typed": request.POST.get("text", ""),
        **more,
    }
    return render(request, "cases/resident/photos.html", facts, status=status)


def _recording(request: HttpRequest, report: Report) -> Recording:
    said = str(request.POST.get("recording", ""))
    rows = Recording.objects.filter(report=report)
    found = rows.filter(id=int(said)).first() if numbers.names_a_row(said) else None
    if found is None:
        raise NotFound
    return found


def _photo(request: HttpRequest, report: Report) -> Photo:
    said = str(request.POST.get("photo", ""))
    rows = Photo.objects.select_related("file").filter(report=report)
    found = rows.filter(id=int(said)).first() if numbers.names_a_row(said) else None
    if found is None:
        raise NotFound
    return found


def _seen(request: HttpRequest) -> int | None:
    said = str(request.POST.get("version", ""))
    return int(said) if numbers.names_a_row(said) else None

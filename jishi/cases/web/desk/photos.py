"""照片与公开: what was sent along with a case, opened on a press and for a reason; what strangers may see of it."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from jishi.cases import policies
from jishi.cases.actions import answer_photos, enclosing, photos, privacy, publishing, recordings
from jishi.cases.models import Case, Photo, Recording, Report
from jishi.cases.queries import casepage, covered
from jishi.cases.states import CoverGround
from jishi.cases.web import handing_out
from jishi.cases.web.desk.edge import lang, staffed
from jishi.foundation import files, numbers
from jishi.foundation.pictures import Box
from jishi.foundation.refusals import Invalid, NotFound, Refused

ACROSS, DOWN = 10, 8  # cells laid over a picture: covering works by ticking, without script and by keyboard
GROUNDS: Mapping[str, Any] = {
    CoverGround.PERSON.value: _("能认出人的内容（姓名、电话、住处、人脸）"), CoverGround.PLATE.value: _("车牌"),
    CoverGround.CHILD.value: _("未成年人"), CoverGround.HEALTH.value: _("病情、伤情"),
    CoverGround.SECRET.value: _("国家秘密、商业秘密"), CoverGround.UNLAWFUL.value: _("违法或者侮辱性的内容"),
}  # fmt: skip


@never_cache
@require_http_methods(["GET", "POST"])
@staffed()
def page(request: HttpRequest, number: str) -> HttpResponse:
    """Show photos and public words of a case; POST does one thing with one of them."""
    case = casepage.find(number, by=request.actor)
    if request.method == "GET":
        return _show(request, case)
    do = str(request.POST.get("do", ""))
    try:
        return _DO[do](request, case) if do in _DO else _show(request, case, status=422)
    except NotFound:
        raise
    except Refused as no:
        return _show(request, case, refused=no, status=no.status)


def _open(request: HttpRequest, case: Case) -> HttpResponse:
    photo = _photo(request, case)
    opened = photos.open_(photo.id, reason=_words(request, "reason"), by=request.actor, now=request.now)
    if photo.file.kind == "pdf":
        return files.as_download(opened.data, "pdf", f"{case.number}-{photo.code[:6]}.pdf")
    response = _show(request, case, opened=photo.id, picture=handing_out.within(opened), name=opened.name)
    response["Cache-Control"] = "no-store"
    return response


def _listen(request: HttpRequest, case: Case) -> HttpResponse:
    row = _recording(request, case)
    recordings.open_(row.id, reason=_words(request, "reason"), by=request.actor, now=request.now)
    response = _show(request, case, heard=row.id)
    response["Cache-Control"] = "no-store"
    return response


def _write_down(request: HttpRequest, case: Case) -> HttpResponse:
    row, text = _recording(request, case), str(request.POST.get("text", ""))
    recordings.write_down(row.id, text=text, version=_seen(request), by=request.actor, now=request.now)
    return redirect("case-photos", case.number)


def _publish(request: HttpRequest, case: Case) -> HttpResponse:
    photo, boxes = _photo(request, case), cells(request.POST.getlist("cell"))
    ground = _words(request, "ground") if boxes else CoverGround.NOTHING.value
    photos.publish(photo.id, boxes=boxes, ground=ground, why=_words(request, "why"), by=request.actor, now=request.now)
    return redirect("case-photos", case.number)


def _hide(request: HttpRequest, case: Case) -> HttpResponse:
    photos.hide(_photo(request, case).id, why=_words(request, "why"), by=request.actor, now=request.now)
    return redirect("case-photos", case.number)


def _open_answer(request: HttpRequest, case: Case) -> HttpResponse:
    """Open a photo of the reply. :raises NotFound: none of this case."""
    row = _answer_row(request)
    why = _words(request, "reason")
    opened = enclosing.open_(row, of_case=case.id, reason=why, by=request.actor, now=request.now)
    if opened.row.kind == "pdf":
        raise NotFound
    response = _show(request, case, answer_opened=row, picture=handing_out.within(opened), name=opened.name)
    response["Cache-Control"] = "no-store"
    return response


def _publish_answer(request: HttpRequest, case: Case) -> HttpResponse:
    boxes = cells(request.POST.getlist("cell"))
    ground = _words(request, "ground") if boxes else CoverGround.NOTHING.value
    answer_photos.publish(
        _answer_row(request), of_case=case.id, boxes=boxes, ground=ground, why=_words(request, "why"),
        version=_seen(request), by=request.actor, now=request.now,
    )  # fmt: skip
    return redirect("case-photos", case.number)


def _hide_answer(request: HttpRequest, case: Case) -> HttpResponse:
    why = _words(request, "why")
    answer_photos.hide(
        _answer_row(request), of_case=case.id, why=why, version=_seen(request), by=request.actor, now=request.now
    )
    return redirect("case-photos", case.number)


def _redact(request: HttpRequest, case: Case) -> HttpResponse:
    passages = _words(request, "passages").splitlines()
    privacy.redact(
        _report(request, case).id, passages=passages, ground=_words(request, "ground"), why=_words(request, "why"),
        version=_seen(request), by=request.actor, now=request.now,
    )  # fmt: skip
    return redirect("case-photos", case.number)


def _hide_report(request: HttpRequest, case: Case) -> HttpResponse:
    report, why = _report(request, case), _words(request, "why")
    privacy.hide(report.id, why=why, version=_seen(request), by=request.actor, now=request.now)
    return redirect("case-photos", case.number)


def _show_report(request: HttpRequest, case: Case) -> HttpResponse:
    privacy.show(_report(request, case).id, version=_seen(request), by=request.actor, now=request.now)
    return redirect("case-photos", case.number)


_DO = {
    "open": _open, "publish": _publish, "hide": _hide, "redact": _redact, "hide-report": _hide_report,
    "show-report": _show_report, "open-answer": _open_answer, "publish-answer": _publish_answer,
    "hide-answer": _hide_answer, "listen": _listen, "write-down": _write_down,
}  # fmt: skip


def cells(ticked: Sequence[str]) -> list[Box]:
    """Give the ticked cells (row.column, from 0) as regions in thousandths; neighbours in a row become one.

    :raises Invalid: not a cell.

    >>> cells(["0.0", "0.1", "7.9"])
    [(0, 0, 200, 125), (900, 875, 100, 125)]
    """
    rows: dict[int, list[int]] = {}
    for one in ticked:
        line, _dot, column = one.partition(".")
        if not (line.isdecimal() and column.isdecimal() and int(line) < DOWN and int(column) < ACROSS):
            raise Invalid(detail="cell")
        rows.setdefault(int(line), []).append(int(column))
    boxes: list[Box] = []
    wide, high = 1000 // ACROSS, 1000 // DOWN
    for at, columns in sorted(rows.items()):
        for x in sorted(set(columns)):
            if boxes and boxes[-1][1] == at * high and boxes[-1][0] + boxes[-1][2] == x * wide:
                last = boxes.pop()
                boxes.append((last[0], last[1], last[2] + wide, high))
            else:
                boxes.append((x * wide, at * high, wide, high))
    return boxes


def _show(request: HttpRequest, case: Case, *, refused: Refused | None = None, opened: int = 0,
          answer_opened: int = 0, heard: int = 0, picture: str = "", name: str = "",
          status: int = 200) -> HttpResponse:  # fmt: skip
    by = request.actor
    stand = casepage.stand_of(case)
    reviews = policies.PARTIES["reviewer"](by, stand)
    said = covered.of_case(case, lang=lang())
    ears = by.has("operator", "reviewer")
    heard_at = recordings.heard([v for b in said for v in b.recordings], by=by) if ears else {}
    facts = {
        "case": case,
        "said": said,
        "hears": {b.report.id for b in said if ears and b.recordings and recordings.may_hear(b.report, by)},
        "answer": covered.of_answer(case, lang=lang()),
        "reviews": reviews,
        "closed": publishing.must_stay_closed(case),
        "grounds": GROUNDS.items(),
        "grid": [(r, [(c, f"{r}.{c}", r + 1, c + 1) for c in range(ACROSS)]) for r in range(DOWN)],
        "opened": opened,
        "answer_opened": answer_opened,
        "own": {v.id for b in said for v in b.recordings if v.spoken_by and recordings.is_speaker(v, by)},
        "heard": heard,
        "heard_before": set(heard_at),
        "playing": {row for row, at in heard_at.items() if at >= request.now - recordings.LISTENED},
        "writes": by.has("operator"),
        "picture": picture,
        "name": name,
        "refused_what": refused.sentence(lang()) if refused else "",
        "refused_now": refused.next_step(lang()) if refused else "",
        "typed": request.POST,
    }
    return render(request, "cases/desk/photos.html", facts, status=status)


def _photo(request: HttpRequest, case: Case) -> Photo:
    said = str(request.POST.get("photo", ""))
    rows = Photo.objects.select_related("file").filter(report__memberships__case=case, report__memberships__to_at=None)
    found = rows.filter(id=int(said)).first() if numbers.names_a_row(said) else None
    if found is None:
        raise NotFound
    return found


def _recording(request: HttpRequest, case: Case) -> Recording:
    """:raises NotFound: none of this case, or nobody here may know of it."""
    said = str(request.POST.get("recording", ""))
    rows = Recording.objects.filter(report__memberships__case=case, report__memberships__to_at=None)
    found = rows.select_related("report").filter(id=int(said)).first() if numbers.names_a_row(said) else None
    if found is None or not recordings.may_hear(found.report, request.actor):
        raise NotFound
    return found


def _answer_row(request: HttpRequest) -> int:
    said = str(request.POST.get("file", ""))
    if not numbers.names_a_row(said):
        raise NotFound
    return int(said)


def _report(request: HttpRequest, case: Case) -> Report:
    number = _words(request, "report")
    found = Report.objects.filter(memberships__case=case, memberships__to_at=None, number=number).first()
    if found is None:
        raise NotFound
    return found


def _seen(request: HttpRequest) -> int | None:
    said = str(request.POST.get("version", ""))
    return int(said) if numbers.names_a_row(said) else None


def _words(request: HttpRequest, name: str) -> str:
    return str(request.POST.get(name, ""))[:2000].strip()

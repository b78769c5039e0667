"""Files beside a body's reply, for programs: reply with them, open one (spec 10 §§2, 16)."""

from typing import Annotated, Any

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from ninja import File, Form, Schema
from ninja.files import UploadedFile
from pydantic import Field

from jishi.cases.actions import enclosing, handling, photos
from jishi.cases.queries import casepage
from jishi.cases.rest.edge import press, router
from jishi.cases.shapes import ReplyIn
from jishi.foundation import files, uploads
from jishi.foundation.refusals import NotFound

FilesSent = Annotated[list[UploadedFile], File(alias="files")]
Said = Annotated[ReplyIn, Form()]


class WhyOpened(Schema):
    """Why a file is opened."""

    reason: str = Field("", max_length=300)


@router.post("/cases/{number}/reply-with-files", summary="Answer, with photos or PDFs")
def reply_with_files(
    request: HttpRequest, response: HttpResponse, number: str, payload: Said, files_: FilesSent
) -> dict[str, Any]:
    """Answer as `reply`, with at most three JPEG, PNG, WebP or PDF files (20 MB each); the resident sees both after
    review, strangers neither. If-Match."""
    given = photos.ready(uploads.sent(list(files_)))
    answer = handling.Answer(**payload.dict())
    return press(request, response, number, handling.reply, answer=answer, given=given)


@router.post("/cases/{number}/reply-files/{row}/open", summary="Open a file of a reply, for a reason")
def open_reply_file(request: HttpRequest, number: str, row: int, payload: WhyOpened) -> HttpResponse:
    """Give it as a download; who opened it and why is written down. A caller opens it once the reply is approved."""
    by = request.actor  # type: ignore[attr-defined]
    case = casepage.find(number, by=by)
    if not 0 < row < 2**63:
        raise NotFound
    opened = enclosing.open_(row, of_case=case.id, reason=payload.reason, by=by, now=timezone.now())
    kind = opened.row.kind
    return files.as_download(opened.data, kind, f"{case.number}-{row}.{'pdf' if kind == 'pdf' else 'jpg'}")

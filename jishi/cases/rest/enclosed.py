"""Files beside a body's reply, for programs: reply with them, open one (spec 10 §§2, 16)."""

from typing import Annotated, Any

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from ninja import File, Form, Schema
from ninja.files import UploadedFile
from pydantic import Field

from jishi.cases.actions import answer_photos, enclosing, handling, photos
from jishi.cases.queries import casepage
from jishi.cases.rest.edge import case_id_of, press, router
from jishi.cases.rest.photos import CoverIn
from jishi.cases.shapes import ReplyIn, WordsIn, version_seen
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
    review, strangers a covered copy at most. If-Match."""
    given = photos.ready(uploads.sent(list(files_)))
    answer = handling.Answer(**payload.dict())
    return press(request, response, number, handling.reply, answer=answer, given=given)


@router.post("/cases/{number}/reply-files/{row}/open", summary="Open a file of a reply, for a reason")
def open_reply_file(request: HttpRequest, number: str, row: int, payload: WhyOpened) -> HttpResponse:
    """Give it as a download; who opened it and why is written down. A caller opens it once the reply is approved."""
    by = request.actor  # type: ignore[attr-defined]
    case = casepage.find(number, by=by)
    opened = enclosing.open_(_row(row), of_case=case.id, reason=payload.reason, by=by, now=timezone.now())
    kind = opened.row.kind
    return files.as_download(opened.data, kind, f"{case.number}-{row}.{'pdf' if kind == 'pdf' else 'jpg'}")


@router.post("/cases/{number}/reply-files/{row}/publish", summary="Cover a photo of a reply and publish the copy")
def publish_reply_file(request: HttpRequest, number: str, row: int, payload: CoverIn) -> dict[str, Any]:
    """Make the copy that strangers see beside the reply's public words; a reviewer's act. If-Match: the case."""
    version, case = version_seen(request), case_id_of(request, number)
    facts = payload.dict()
    by, now = request.actor, timezone.now()  # type: ignore[attr-defined]
    made = answer_photos.publish(_row(row), of_case=case, **facts, by=by, now=now, version=version)
    return {
        "url": f"/photos/{made.code}.jpg", "code": made.code, "hash": made.own_hash, "shown_hash": made.shown_hash,
    }  # fmt: skip


@router.post("/cases/{number}/reply-files/{row}/hide", response={204: None}, summary="Hide a photo of a reply again")
def hide_reply_file(request: HttpRequest, number: str, row: int, payload: WordsIn) -> tuple[int, None]:
    """Let strangers not see it any more: a reviewer, with a reason. If-Match: the case."""
    version, case = version_seen(request), case_id_of(request, number)
    by, now = request.actor, timezone.now()  # type: ignore[attr-defined]
    answer_photos.hide(_row(row), of_case=case, why=payload.words, by=by, now=now, version=version)
    return 204, None


def _row(said: int) -> int:
    if not 0 < said < 2**63:
        raise NotFound
    return said

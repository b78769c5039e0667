"""Recordings for programs: add, look, listen for a reason, write down, confirm, take back (spec 10 §§3, 16)."""

import hashlib
from typing import Annotated, Any

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from ninja import File, Schema
from ninja.files import UploadedFile
from pydantic import Field

from jishi.cases.actions import recordings
from jishi.cases.models import Recording, Report
from jishi.cases.queries import listing
from jishi.cases.rest.edge import router
from jishi.cases.shapes import version_seen
from jishi.foundation import files, idempotency, sounds, uploads
from jishi.foundation.actor import Actor
from jishi.foundation.refusals import KeyMissing, NotFound

FilesSent = Annotated[list[UploadedFile], File(alias="recordings")]


class WhyHeard(Schema):
    """Why a recording is listened to: its speaker reads it."""

    reason: str = Field("", max_length=300)


class HeardIn(Schema):
    """What was heard, word by word."""

    text: str = Field("", max_length=10_000)


class SaidIn(Schema):
    """Empty: that is what I said. Else what I said instead; both stay."""

    text: str = Field("", max_length=10_000)


@router.post("/reports/{number}/recordings", response={201: list[dict[str, Any]]}, summary="Add recordings to a report")
def add_recordings(
    request: HttpRequest, number: str, recordings_: FilesSent
) -> tuple[int, list[dict[str, Any]]]:  # fmt: skip
    """Keep at most three M4A, MP3, WAV, Ogg or WebM files (120 s, 20 MB each) beside a report, sealed, for 90 days;
    none beside an anonymous one. Idempotency-Key."""
    by, now = request.actor, timezone.now()  # type: ignore[attr-defined]
    key = request.headers.get("Idempotency-Key", "")
    if not key:
        raise KeyMissing
    report = listing.report_id_of(number, by=by)
    sent = uploads.sent(list(recordings_))
    body = "\n".join([number, *(hashlib.sha256(one.data).hexdigest() for one in sent)]).encode()
    slot = idempotency.claim(key, route="recordings", body=hashlib.sha256(body).digest(), by=by, now=now)
    if slot.is_first:
        made = recordings.add(report, recordings.ready(sent), by=by, now=now)
        slot.fill({"recordings": [row.code for row in made]})
    return 201, [_told(row) for row in recordings.recordings_of([report]) if row.code in slot.answer["recordings"]]


@router.get("/reports/{number}/recordings", summary="What was spoken, and what was written down of it")
def list_recordings(request: HttpRequest, number: str) -> list[dict[str, Any]]:
    """Give how long each is and what was written down; never a sound. Nobody who may not hear it learns of one; whoever
    spoke himself sees his own, whether he sees the matter or not."""
    by = request.actor  # type: ignore[attr-defined]
    own = [row for row in _of(number, by) if recordings.is_speaker(row, by)]
    try:
        report = Report.objects.get(id=listing.report_id_of(number, by=by))
    except NotFound:
        if not own:
            raise
        return [_told(row) for row in own]
    if not recordings.may_hear(report, by):
        return [_told(row) for row in own]
    return [_told(row) for row in recordings.recordings_of([report.id])]


@router.post("/reports/{number}/recordings/{code}/open", summary="Listen to a recording, for a reason")
def open_recording(request: HttpRequest, number: str, code: str, payload: WhyHeard) -> HttpResponse:
    """Give it as a download; who listened and why is written down and shown to its speaker."""
    by = request.actor  # type: ignore[attr-defined]
    row = _recording(request, number, code)
    opened = recordings.open_(row.id, reason=payload.reason, by=by, now=timezone.now())
    kind = opened.row.kind
    return files.as_download(opened.data, kind, f"{number}-{code[:6]}.{kind}", mime=sounds.MIMES[kind])


@router.post("/reports/{number}/recordings/{code}/write-down", summary="Write down what was heard")
def write_down(request: HttpRequest, number: str, code: str, payload: HeardIn) -> dict[str, Any]:
    """Write it down once, as an operator who has opened this very recording; its speaker confirms. If-Match: it."""
    by, version = request.actor, version_seen(request)  # type: ignore[attr-defined]
    row = _recording(request, number, code)
    return _told(recordings.write_down(row.id, text=payload.text, by=by, now=timezone.now(), version=version))


@router.post("/reports/{number}/recordings/{code}/confirm", summary="Confirm what was written down, or put it right")
def confirm(request: HttpRequest, number: str, code: str, payload: SaidIn) -> dict[str, Any]:
    """Say that it is what one said, or say it otherwise; its speaker alone. If-Match: the recording."""
    by, version = request.actor, version_seen(request)  # type: ignore[attr-defined]
    row = _recording(request, number, code)
    return _told(recordings.confirm(row.id, text=payload.text, by=by, now=timezone.now(), version=version))


@router.delete("/reports/{number}/recordings/{code}", response={204: None}, summary="Take a recording back")
def take_back(request: HttpRequest, number: str, code: str) -> tuple[int, None]:
    """Have a recording deleted; its speaker alone. What was written down stays."""
    by, version = request.actor, version_seen(request)  # type: ignore[attr-defined]
    row = _recording(request, number, code)
    recordings.take_back(row.id, by=by, now=timezone.now(), version=version)
    return 204, None


def _recording(request: HttpRequest, number: str, code: str) -> Recording:
    """Give one that this actor spoke himself, or one of a report that he sees and may hear. :raises NotFound: else."""
    by = request.actor  # type: ignore[attr-defined]
    row = next((one for one in _of(number, by) if one.code == code), None)
    if row is not None and recordings.is_speaker(row, by):
        return row
    seen = listing.report_id_of(number, by=by)
    if row is None or row.report_id != seen or not recordings.may_hear(row.report, by):
        raise NotFound
    return row


def _of(number: str, by: Actor) -> list[Recording]:
    rows = Recording.objects.filter(tenant_id=by.tenant_id, report__number=number.upper())
    return list(rows.select_related("report", "file").order_by("id"))


def _told(row: Recording) -> dict[str, Any]:
    return {
        "code": row.code, "version": row.version, "seconds": row.seconds, "kind": row.file.kind if row.file else None,
        "sent_at": row.sent_at.isoformat(), "sent_by": row.sent_by, "hash": row.own_hash, "words": row.words,
        "written_at": row.written_at.isoformat() if row.written_at else None,
        "confirmed_at": row.confirmed_at.isoformat() if row.confirmed_at else None,
    }  # fmt: skip

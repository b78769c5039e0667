"""Photos and public words, for programs: add, look, cover, agree, hide, take back (spec 10 §16)."""

import hashlib
from typing import Annotated, Any

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import get_language
from ninja import File, Form, Schema
from ninja.files import UploadedFile
from pydantic import Field

from jishi.cases.actions import photos, privacy
from jishi.cases.models import Photo, Report
from jishi.cases.queries import covered, listing
from jishi.cases.rest.edge import router
from jishi.cases.shapes import WordsIn, version_seen
from jishi.foundation import files, idempotency, uploads
from jishi.foundation.refusals import KeyMissing, NotFound

FilesSent = Annotated[list[UploadedFile], File(alias="photos")]
Agreed = Annotated[bool, Form()]


class ReasonIn(Schema):
    """Why a photo is opened: its sender reads it."""

    reason: str = Field("", max_length=300)


class CoverIn(Schema):
    """`boxes`: x, y, width, height in thousandths of the picture; `ground`: person, plate, child, health, secret,
    unlawful, or `nothing` where nothing needs covering; `why`: a sentence for the sender."""

    boxes: list[tuple[int, int, int, int]] = Field([], max_length=200)
    ground: str = Field("", max_length=20)
    why: str = Field("", max_length=300)


class AgreeIn(Schema):
    """Whether strangers may see a covered copy."""

    may_publish: bool


class RedactIn(Schema):
    """`passages`: as they stand in the shown words."""

    passages: list[str] = Field([], max_length=50)
    ground: str = Field("", max_length=20)
    why: str = Field("", max_length=300)


class AmendIn(Schema):
    """Other words in the place of the public ones."""

    text: str = Field("", max_length=10_000)


@router.post("/reports/{number}/photos", response={201: list[dict[str, Any]]}, summary="Add photos to a report")
def add_photos(
    request: HttpRequest, number: str, photos_: FilesSent, may_publish: Agreed = False
) -> tuple[int, list[dict[str, Any]]]:
    """Keep at most three JPEG, PNG, WebP or PDF files (20 MB each) beside a report; Idempotency-Key."""
    by, now = request.actor, timezone.now()  # type: ignore[attr-defined]
    key = request.headers.get("Idempotency-Key", "")
    if not key:
        raise KeyMissing
    report = listing.report_id_of(number, by=by)
    sent = uploads.sent(list(photos_))
    body = "\n".join([number, str(may_publish), *(photos.content_hash(one) for one in sent)]).encode()
    slot = idempotency.claim(key, route="photos", body=hashlib.sha256(body).digest(), by=by, now=now)
    if slot.is_first:
        made = photos.add(report, photos.ready(sent), may_publish=may_publish, by=by, now=now)
        slot.fill({"photos": [row.code for row in made]})
    rows = photos.photos_of([report])
    return 201, [_told(row) for row in rows if row.code in slot.answer["photos"]]


@router.get("/reports/{number}/photos", summary="What was sent along, and what of it is public")
def list_photos(request: HttpRequest, number: str) -> dict[str, Any]:
    """Give facts of the photos of a report and what was covered; never a picture."""
    by = request.actor  # type: ignore[attr-defined]
    report = Report.objects.get(id=listing.report_id_of(number, by=by))
    lang = "en" if (get_language() or "").startswith("en") else "zh"
    beside = covered.of_report(report, lang=lang)
    return {
        "photos": [_told(row) for row in beside.photos],
        "covered": [
            {"at": c.at.isoformat(), "of": c.of, "ground": c.ground, "places": c.places, "why": c.why}
            for c in beside.covered
        ],
        "own_until": beside.own_until.isoformat() if beside.own_until else None,
        "hidden": report.hidden_at is not None,
    }


@router.post("/reports/{number}/photos/{code}/open", summary="Open a photo, for a reason")
def open_photo(request: HttpRequest, number: str, code: str, payload: ReasonIn) -> HttpResponse:
    """Give what was sent, as a download; who opened it and why is written down and shown to its sender."""
    by = request.actor  # type: ignore[attr-defined]
    photo = _photo(request, number, code)
    opened = photos.open_(photo.id, reason=payload.reason, by=by, now=timezone.now())
    kind = opened.row.kind
    return files.as_download(opened.data, kind, f"{number}-{code[:6]}.{'pdf' if kind == 'pdf' else 'jpg'}")


@router.post("/reports/{number}/photos/{code}/publish", summary="Cover a photo and publish the copy")
def publish_photo(request: HttpRequest, number: str, code: str, payload: CoverIn) -> dict[str, Any]:
    """Make the copy that strangers see; a reviewer's act, its sender must agree. If-Match: the photo."""
    by, version = request.actor, version_seen(request)  # type: ignore[attr-defined]
    photo = _photo(request, number, code)
    facts = payload.dict()
    return _told(photos.publish(photo.id, **facts, by=by, now=timezone.now(), version=version))


@router.post("/reports/{number}/photos/{code}/hide", summary="Let strangers not see a photo any more")
def hide_photo(request: HttpRequest, number: str, code: str, payload: WordsIn) -> dict[str, Any]:
    """Hide a photo: its sender at any time, a reviewer with a reason."""
    by, version = request.actor, version_seen(request)  # type: ignore[attr-defined]
    photo = _photo(request, number, code)
    return _told(photos.hide(photo.id, why=payload.words, by=by, now=timezone.now(), version=version))


@router.post("/reports/{number}/photos/{code}/agree", summary="Agree that a covered copy is public, or not")
def agree(request: HttpRequest, number: str, code: str, payload: AgreeIn) -> dict[str, Any]:
    """Say whether strangers may see a covered copy; its sender alone."""
    by, version = request.actor, version_seen(request)  # type: ignore[attr-defined]
    photo = _photo(request, number, code)
    return _told(photos.agree(photo.id, may_publish=payload.may_publish, by=by, now=timezone.now(), version=version))


@router.delete("/reports/{number}/photos/{code}", response={204: None}, summary="Take a photo back")
def take_back(request: HttpRequest, number: str, code: str) -> tuple[int, None]:
    """Have a photo deleted in every copy; its sender alone."""
    by, version = request.actor, version_seen(request)  # type: ignore[attr-defined]
    photo = _photo(request, number, code)
    photos.take_back(photo.id, by=by, now=timezone.now(), version=version)
    return 204, None


@router.post("/reports/{number}/redact", summary="Cover words before they are public")
def redact(request: HttpRequest, number: str, payload: RedactIn) -> dict[str, Any]:
    """Cover passages of the shown words; If-Match is the version of the report."""
    by = request.actor  # type: ignore[attr-defined]
    given = {**payload.dict(), "version": version_seen(request)}
    privacy.redact(listing.report_id_of(number, by=by), **given, by=by, now=timezone.now())
    return listing.report(number, by=by)


@router.post("/reports/{number}/amend", summary="Amend one's public words")
def amend(request: HttpRequest, number: str, payload: AmendIn) -> dict[str, Any]:
    """Put other words in the place of the public ones, within 24 hours of publication; If-Match as above."""
    by = request.actor  # type: ignore[attr-defined]
    version = version_seen(request)
    privacy.amend(listing.report_id_of(number, by=by), text=payload.text, version=version, by=by, now=timezone.now())
    return listing.report(number, by=by)


@router.post("/reports/{number}/hide", summary="Take a report out of strangers' sight")
def hide(request: HttpRequest, number: str, payload: WordsIn) -> dict[str, Any]:
    """Hide a report: its caller within 24 hours of publication, a reviewer with a reason; If-Match as above."""
    by = request.actor  # type: ignore[attr-defined]
    version = version_seen(request)
    privacy.hide(listing.report_id_of(number, by=by), why=payload.words, version=version, by=by, now=timezone.now())
    return listing.report(number, by=by)


@router.post("/reports/{number}/show", summary="Let strangers see it again")
def show(request: HttpRequest, number: str) -> dict[str, Any]:
    """Show a hidden report again, by the side that hid it; If-Match as above."""
    by = request.actor  # type: ignore[attr-defined]
    version = version_seen(request)
    privacy.show(listing.report_id_of(number, by=by), version=version, by=by, now=timezone.now())
    return listing.report(number, by=by)


def _photo(request: HttpRequest, number: str, code: str) -> Photo:
    report = listing.report_id_of(number, by=request.actor)  # type: ignore[attr-defined]
    row = Photo.objects.select_related("file").filter(report=report, code=code).first()
    if row is None:
        raise NotFound
    return row


def _told(row: Photo) -> dict[str, Any]:
    return {
        "code": row.code, "version": row.version, "kind": row.file.kind, "width": row.file.width,
        "height": row.file.height, "size": row.file.size, "scanned": row.file.scanned_at is not None,
        "sent_at": row.sent_at.isoformat(), "sent_by": row.sent_by, "hash": row.own_hash,
        "may_publish": row.may_publish, "hidden": row.hidden_at is not None,
        "url": f"/photos/{row.code}.jpg" if row.shown_id else None, "shown_hash": row.shown_hash or None,
    }  # fmt: skip

"""The API of those on the ground: errands, and what a device brings when it has network again (spec 10 §§12, 16)."""

from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Any

from django.http import HttpRequest, HttpResponse
from django.utils import translation
from ninja import File, Schema
from ninja.files import UploadedFile
from pydantic import AwareDatetime, Field, ValidationError

from jishi.accounts.actions import devices
from jishi.cases.actions import bringing, errands, syncing
from jishi.cases.actions.arrival import Here
from jishi.cases.actions.syncing import Answer, Row
from jishi.cases.queries import listing, ontheway
from jishi.cases.rest.edge import router
from jishi.cases.shapes import version_seen
from jishi.foundation import files, idempotency, uploads
from jishi.foundation.refusals import Invalid, KeyMissing, NotFound

PhotoSent = Annotated[UploadedFile, File()]
VoiceSent = Annotated[UploadedFile, File()]
Degree = Annotated[float, Field(ge=-180, le=180)]


class HereIn(Schema):
    """Where somebody pressed "here"; a browser gives WGS 84. Refused without its system, as at every other door."""

    lng: Degree
    lat: Degree
    crs: str = Field("", max_length=20)
    accuracy_m: float | None = Field(None, ge=0, le=100_000)


class RowIn(Schema):
    """One verb of a device. `spoken`: a recording follows, the text may be empty.

    `off_s`: by how many seconds its clock was ahead of ours when this was written."""

    key: str = Field(min_length=8, max_length=64)
    verb: str = Field(max_length=20)
    seq: int = Field(0, ge=0, le=2**53)
    at: AwareDatetime | None = None
    text: str = Field("", max_length=20_000)
    matter: str = Field("", max_length=40)
    grid: str = Field("", max_length=20)
    where: str = Field("", max_length=200)
    spot: str = Field("", max_length=20)
    how: str = Field("", max_length=500)
    errand: str = Field("", max_length=24)
    finding: str = Field("", max_length=12)
    here: HereIn | None = None
    spoken: bool = False
    off_s: int | None = Field(None, ge=-(2**33), le=2**33)


class SyncIn(Schema):
    """A batch. `device_now`: what the device's clock shows while it sends. Each row is read by itself."""

    rows: list[dict[str, Any]] = Field(max_length=10_000)
    device_now: AwareDatetime | None = None


class SettingIn(Schema):
    kind: str = Field(max_length=14)
    what: str = Field(max_length=400)
    case: str = Field("", max_length=24)
    division: str = Field("", max_length=12)
    where: str = Field("", max_length=200)
    free: bool = False
    due_at: AwareDatetime | None = None
    item: int | None = Field(None, ge=1, le=2**53)


class FinishIn(Schema):
    finding: str = Field(max_length=12)
    words: str = Field("", max_length=2000)


class FindIn(Schema):
    text: str = Field(max_length=20_000)
    matter: str = Field("", max_length=40)
    here: HereIn | None = None


class OpenedFor(Schema):
    """Why a photo is opened."""

    reason: str = Field("", max_length=300)


class WhyIn(Schema):
    words: str = Field(max_length=2000)


@router.get("/errands/mine", summary="Errands that wait for me")
def get_mine(request: HttpRequest, since: datetime | None = None) -> dict[str, Any]:
    """Give the open errands and the rounds of my area; with `since`, also what ended after that moment."""
    if since is not None and since.tzinfo is None:
        raise Invalid(detail="since: +00:00")
    found = ontheway.mine(by=request.actor, now=request.now, since=since)  # type: ignore[attr-defined]
    return {
        "now": found.now, "errands": list(found.errands), "gone": list(found.gone), "routes": list(found.routes),
        "more": found.more,
    }  # fmt: skip


@router.post("/errands", summary="Set an errand", response={201: dict[str, Any]})
def set_errand(request: HttpRequest, response: HttpResponse, payload: SettingIn) -> tuple[int, dict[str, Any]]:
    """Set a small job for whoever is on the ground; of a case its place is the case's. Idempotency-Key."""
    actor, key = request.actor, request.headers.get("Idempotency-Key", "")  # type: ignore[attr-defined]
    if not key:
        raise KeyMissing
    slot = idempotency.claim(key, route="errands", body=request.body, by=actor, now=request.now)  # type: ignore[attr-defined]
    if not slot.is_first:
        return 201, _page(request, response, slot.answer["number"])
    setting = errands.Setting(
        kind=payload.kind, what=payload.what, division_code=payload.division, place_text=payload.where,
        case_id=listing.id_of(payload.case, by=actor) if payload.case else None, free=payload.free,
        due_at=payload.due_at, item_id=payload.item,
    )  # fmt: skip
    made = errands.set_(setting, by=actor, now=request.now, tenant_code=request.tenant.code)  # type: ignore[attr-defined]
    slot.fill({"number": made.number})
    return 201, _page(request, response, made.number)


@router.get("/errands/{number}", summary="One errand")
def get_errand(request: HttpRequest, response: HttpResponse, number: str) -> dict[str, Any]:
    """Give one errand as this actor may read it, with the verbs that are open to him."""
    return _page(request, response, number)


@router.post("/errands/{number}/take", summary="Take an errand")
def take(request: HttpRequest, response: HttpResponse, number: str) -> dict[str, Any]:
    """Take an errand of one's grid, or a free one."""
    return _move(request, response, number, errands.take)


@router.post("/errands/{number}/put-back", summary="Put an errand back")
def put_back(request: HttpRequest, response: HttpResponse, number: str) -> dict[str, Any]:
    """Put an errand back for others; no reason is asked for."""
    return _move(request, response, number, errands.put_back)


@router.post("/errands/{number}/finish", summary="Finish an errand")
def finish(request: HttpRequest, response: HttpResponse, number: str, payload: FinishIn) -> dict[str, Any]:
    """End an errand with what was found."""
    return _move(request, response, number, errands.finish, finding=payload.finding, words=payload.words)


@router.post("/errands/{number}/find", summary="Report what was found")
def find(request: HttpRequest, response: HttpResponse, number: str, payload: FindIn) -> dict[str, Any]:
    """Report what was found on an errand; the answer names the report and its case."""
    press = errands.Press(
        number.strip().upper(), "find", words=payload.text, matter=payload.matter, here=_here(payload.here),
        version=version_seen(request),
    )  # fmt: skip
    done = errands.find(press, by=request.actor, now=request.now, tenant_code=request.tenant.code)  # type: ignore[attr-defined]
    page = _page(request, response, number)
    report = done.report
    return {**page, "report": report.number if report else "", "report_case": report.case_number if report else ""}


@router.post("/errands/{number}/cannot", summary="Say why it cannot be done")
def cannot(request: HttpRequest, response: HttpResponse, number: str, payload: WhyIn) -> dict[str, Any]:
    """Say why an errand could not be done."""
    return _move(request, response, number, errands.cannot, words=payload.words)


@router.post("/errands/{number}/drop", summary="Drop an errand")
def drop(request: HttpRequest, response: HttpResponse, number: str, payload: WhyIn) -> dict[str, Any]:
    """Drop an errand that nobody has taken, as whoever set it."""
    return _move(request, response, number, errands.drop, words=payload.words)


def _move(
    request: HttpRequest, response: HttpResponse, number: str, verb: Callable[..., Any], **given: Any
) -> dict[str, Any]:
    """Do one verb at the version that was seen."""
    seen = version_seen(request)
    verb(number.strip().upper(), by=request.actor, now=request.now, version=seen, **given)  # type: ignore[attr-defined]
    return _page(request, response, number)


def _page(request: HttpRequest, response: HttpResponse, number: str) -> dict[str, Any]:
    page = ontheway.one(number, by=request.actor)  # type: ignore[attr-defined]
    response["ETag"] = f'"{page["version"]}"'
    return page


# --- what a device brings ---------------------------------------------------------------------------------------


@router.post("/sync", summary="Take in what a device brings")
def sync(request: HttpRequest, payload: SyncIn) -> dict[str, Any]:
    """Apply keyed verbs of a device, each once; answers row by row: done, again, conflict, refused."""
    _ensure_open(request)
    answers: dict[int, Answer] = {}
    rows: list[tuple[int, Row]] = []
    for i, raw in enumerate(payload.rows):
        try:
            rows.append((i, _row(RowIn.model_validate(raw))))
        except ValidationError as no:
            answers[i] = Answer(str(raw.get("key", ""))[:64], "refused", refusal=_misshapen(no))
    done = syncing.sync(
        [row for _i, row in rows], by=request.actor, now=request.now, tenant_code=request.tenant.code,  # type: ignore[attr-defined]
        device_now=payload.device_now,
    )  # fmt: skip
    answers |= {i: answer for (i, _row_), answer in zip(rows, done, strict=True)}
    language = translation.get_language() or "zh-hans"
    return {"now": request.now, "rows": [_told(answers[i], language) for i in sorted(answers)]}  # type: ignore[attr-defined]


@router.post("/sync/{key}/photos/{place}", summary="Bring a photo of a row", response={201: dict[str, Any]})
def bring_photo(request: HttpRequest, key: str, place: int, photo: PhotoSent) -> tuple[int, dict[str, Any]]:
    """Keep one JPEG, PNG or WebP (20 MB) of a row that was sent before; `place` 1 to 3 of that row. Its address is
    its idempotency key: the same photo brought again is `again`."""
    _ensure_open(request)
    sent = uploads.sent([photo])
    if not sent or not 0 < place < 2**15:
        raise Invalid(detail="photo")
    fresh = bringing.bring(key, place, sent[0], by=request.actor, now=request.now)  # type: ignore[attr-defined]
    return 201, {"key": key, "place": place, "state": "done" if fresh else "again"}


@router.post("/sync/{key}/recordings/{place}", summary="Bring a recording of a row", response={201: dict[str, Any]})
def bring_recording(request: HttpRequest, key: str, place: int, recording: VoiceSent) -> tuple[int, dict[str, Any]]:
    """Keep one M4A, MP3, WAV, Ogg or WebM (120 s, 20 MB) of a row that became a report; as a photo is brought."""
    _ensure_open(request)
    sent = uploads.sent([recording])
    if not sent or not 0 < place < 2**15:
        raise Invalid(detail="recording")
    fresh = bringing.bring_voice(key, place, sent[0], by=request.actor, now=request.now)  # type: ignore[attr-defined]
    return 201, {"key": key, "place": place, "state": "done" if fresh else "again"}


@router.post("/errands/{number}/photos/{row}/open", summary="Open a photo of an errand, for a reason")
def open_errand_photo(request: HttpRequest, number: str, row: int, payload: OpenedFor) -> HttpResponse:
    """Give it as a download; who opened it and why is written down."""
    if not 0 < row < 2**63:
        raise NotFound
    opened = bringing.open_(row, of=number, reason=payload.reason, by=request.actor, now=request.now)  # type: ignore[attr-defined]
    return files.as_download(opened.data, opened.row.kind, f"{number}-{row}.jpg")


def _ensure_open(request: HttpRequest) -> None:
    """:raises DeviceEnded: it was ended, and nobody has signed in on it since."""
    session = request.session.session_key or ""
    devices.ensure_open(request.headers.get("X-Jishi-Device", ""), session=session, by=request.actor)  # type: ignore[attr-defined]


def _row(one: RowIn) -> Row:
    given = one.model_dump(exclude={"here"})
    return Row(**given, here=_here(one.here))


def _here(here: HereIn | None) -> Here | None:
    return Here(here.lng, here.lat, here.crs, here.accuracy_m) if here is not None else None


def _misshapen(no: ValidationError) -> Invalid:
    fields = [f"{'.'.join(str(p) for p in e['loc'])}: {e['msg']}" for e in no.errors()]
    return Invalid(detail="; ".join(fields)[:300])


def _told(answer: Answer, language: str) -> dict[str, Any]:
    problem = answer.refusal.as_problem(language) if answer.refusal else None
    return {"key": answer.key, "state": answer.state, **answer.facts, "problem": problem}

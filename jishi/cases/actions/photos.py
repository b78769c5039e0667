"""照片: taken in, opened by those who handle the matter, covered for strangers, hidden or taken back by its sender.

What was sent is kept sealed, without place or camera (spec 10 §§3, 13; 90 §9). Strangers see a copy that a reviewer
covered, and only where the sender agrees (个人信息保护法 25).
"""

import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from django.db import transaction
from django.utils.timezone import localdate

from jishi.accounts.actions import reading
from jishi.accounts.actions.reading import OpenedFile
from jishi.cases import policies
from jishi.cases.actions import covering
from jishi.cases.models import Case, Photo, Report
from jishi.cases.refusals import GroundNeeded, NotAgreed, NotAPicture, ReopenWindowClosed, TooManyPhotos
from jishi.cases.states import CoverGround, PhotoBy
from jishi.foundation import files, pictures, scope
from jishi.foundation.actor import Actor
from jishi.foundation.files import Wanted
from jishi.foundation.pictures import Box, Content
from jishi.foundation.refusals import NotFound, Stale
from jishi.foundation.uploads import Sent

MOST = 12  # of one report
YEARS = 2  # spec 10 §13
TABLE = Report._meta.db_table
OWN, PUBLIC = "photo.original", "photo.public"


@dataclass(frozen=True, slots=True)
class Ready:
    """A file that was opened and encoded anew, not stored yet."""

    content: Content
    name: str


def ready(sent: Sequence[Sent]) -> list[Ready]:
    """Look at what was sent, before anything is locked or stored.

    :raises Refused: one of them cannot be taken; its name and why (`foundation.uploads`).
    """
    return [Ready(pictures.taken(one), one.name) for one in sent]


@transaction.atomic
def add(report_id: int, given: Sequence[Ready], *, may_publish: bool, by: Actor, now: datetime) -> list[Photo]:
    """Keep photos beside a report: its own caller, or whoever took it in. Whoever holds the case is told.

    :raises NotFound: not this actor's report. :raises ReopenWindowClosed: every case of it has ended long ago.
    :raises TooManyPhotos: more than twelve.
    """
    if not given:
        return []
    held, report = covering.hold(report_id, by=by)
    _ensure_may_add(report, by)
    return _added(held, report, given, may_publish=may_publish, by=by, now=now)


@transaction.atomic
def add_brought(report_id: int, given: Ready, *, by: Actor, now: datetime) -> Photo:
    """Keep a photo of whoever took the report in and has shown it by the key of its row (`bringing`).

    :raises NotFound: he may not know of it any more. Else as `add`.
    """
    held, report = covering.hold(report_id, by=by)
    return _added(held, report, [given], may_publish=False, by=by, now=now)[0]


def _added(
    held: Sequence[covering.Held], report: Report, given: Sequence[Ready], *, may_publish: bool, by: Actor,
    now: datetime,
) -> list[Photo]:  # fmt: skip
    if not any(policies.may_be_added_to(one.case, now) for one in held):
        raise ReopenWindowClosed(days=30)
    before = Photo.objects.filter(tenant_id=by.tenant_id, report=report).count()
    if before + len(given) > MOST:
        raise TooManyPhotos(count=before + len(given), limit=MOST)
    ends = ends_on(report)
    wanted = [Wanted(one.content, OWN, (TABLE, report.id), ends, one.name) for one in given]
    rows = [
        Photo(
            tenant_id=by.tenant_id, report=report, code=secrets.token_hex(10), file=kept, sent_by=_sender(by),
            sent_at=now, own_hash=kept.content_hash, may_publish=may_publish,
        )
        for kept in files.keep(wanted, tenant_id=by.tenant_id, now=now)
    ]  # fmt: skip
    Photo.objects.bulk_create(rows)
    report.change()
    codes = {"report": report.id, "photos": [r.code for r in rows], "hashes": [r.own_hash for r in rows]}
    covering.record(held, "report.photo_added", codes, by=by, now=now, tells=("photo_lead",))
    return rows


def ends_on(report: Report) -> date:
    """Give the last day of a photo: two years after the report."""
    return last_day(report.received_at)


def last_day(now: datetime) -> date:
    """Give the last day of a file that came at this moment (spec 10 §13)."""
    day = localdate(now)
    return day.replace(year=day.year + YEARS, day=min(day.day, 28))


def open_(photo_id: int, *, reason: str, by: Actor, now: datetime) -> OpenedFile:
    """Open what was sent: a reading, which its sender sees.

    :raises NotFound: no photo of a case that this actor sees. :raises ReasonMissing, NotAllowed: as a reading.
    """
    row = Photo.objects.filter(tenant_id=by.tenant_id, id=photo_id).first()
    if row is None or not _may_see(row, by):
        raise NotFound
    return reading.read_file(row.file_id, reason=reason, by=by, now=now)


@transaction.atomic
def publish(
    photo_id: int, *, boxes: Sequence[Box], ground: str, why: str = "", by: Actor, now: datetime,
    version: int | None = None,
) -> Photo:  # fmt: skip
    """Make the copy that strangers see, with `boxes` painted over; its sender is told what was covered and why.

    Opening the original is a reading. Covered again, the new copy takes the place of the old one.
    :raises NotAllowed, NotFound: not a reviewer outside the matter. :raises NotAgreed: its sender does not agree, or
    hid it. :raises NotForThePublic: the case is nobody's to open. :raises NotAPicture: a PDF is never shown.
    :raises GroundNeeded: regions without a ground, or a ground without regions.
    """
    photo, held, report = _hold(photo_id, by=by, version=version)
    covering.ensure_may_cover(held, by=by)
    covering.ensure_may_be_public(held)
    if photo.file.kind != "jpeg":
        raise NotAPicture
    if not photo.may_publish or photo.hidden_at is not None:
        raise NotAgreed
    ensure_ground(boxes, ground)
    opened = reading.read_file(photo.file_id, reason="公开前看一遍、遮盖", by=by, now=now)
    large, small = pictures.covered(opened.data, boxes)
    old = [i for i in (photo.shown_id, photo.small_id) if i]
    made = files.keep(
        [Wanted(one, PUBLIC, (TABLE, report.id), ends_on(report), is_public=True) for one in (large, small)],
        tenant_id=by.tenant_id, now=now,
    )  # fmt: skip
    photo.change(shown=made[0], small=made[1], shown_hash=made[0].content_hash, shown_at=now)
    files.end(old, tenant_id=by.tenant_id)
    for one in held:
        covering.note_photo(one.case, photo, boxes, ground, why.strip()[:300], by=by, now=now)
    codes = {
        "report": report.id, "photo": photo.code, "own_hash": photo.own_hash, "shown_hash": photo.shown_hash,
        "ground": ground, "regions": len(boxes),
    }  # fmt: skip
    said = {"why": why.strip()[:300]} if why.strip() else None
    covering.record(held, "report.photo_shown", codes, words=said, by=by, now=now, tells=("photo_shown_caller",))
    return photo


@transaction.atomic
def hide(photo_id: int, *, why: str = "", by: Actor, now: datetime, version: int | None = None) -> Photo:
    """Let strangers not see a photo any more: its sender at any time, a reviewer with a reason. The copies are gone.

    :raises NotFound, NotAllowed: neither. :raises GroundNeeded: a reviewer who gives no reason.
    """
    photo, held, report = _hold(photo_id, by=by, version=version)
    side = covering.side_of(held, report, by=by)
    if side == covering.DESK and not why.strip():
        raise GroundNeeded(what="为什么不公开这张照片", what_en="why this photo is not public")
    _unshow(photo, hidden_at=photo.hidden_at or now, hidden_by=side)
    said = {"why": why.strip()[:300]} if why.strip() else None
    tells = ("photo_hidden_caller",) if side == covering.DESK else ()
    codes = {"report": report.id, "photo": photo.code, "side": side}
    covering.record(held, "report.photo_hidden", codes, words=said, by=by, now=now, tells=tells)
    return photo


@transaction.atomic
def agree(photo_id: int, *, may_publish: bool, by: Actor, now: datetime, version: int | None = None) -> Photo:
    """Let the sender say whether strangers may see a covered copy, and take that back; a hidden one may come again.

    :raises NotFound: not his.
    """
    photo, held, report = _hold(photo_id, by=by, version=version)
    if covering.side_of(held, report, by=by) != covering.CALLER:
        raise NotFound
    if may_publish:
        theirs = photo.hidden_by == covering.DESK
        photo.change(may_publish=True, **({} if theirs else {"hidden_at": None, "hidden_by": ""}))
    else:
        _unshow(photo, may_publish=False)
    codes = {"report": report.id, "photo": photo.code, "agreed": may_publish}
    covering.record(held, "report.photo_agreed", codes, by=by, now=now, tells=("shown_reviewer",))
    return photo


@transaction.atomic
def take_back(photo_id: int, *, by: Actor, now: datetime, version: int | None = None) -> None:
    """Let the sender have a photo deleted, every copy of it; the record keeps that it was there, and its hash.

    :raises NotFound: not his.
    """
    photo, held, report = _hold(photo_id, by=by, version=version)
    if covering.side_of(held, report, by=by) != covering.CALLER:
        raise NotFound
    codes = {"report": report.id, "photo": photo.code, "own_hash": photo.own_hash}
    end([photo])
    report.change()
    covering.record(held, "report.photo_taken_back", codes, by=by, now=now, tells=("shown_reviewer",))


def end(rows: Sequence[Photo]) -> int:
    """This will end photos: rows, keys, every copy. Gives how many files went."""
    if not rows:
        return 0
    ids = [i for row in rows for i in (row.file_id, row.shown_id, row.small_id) if i]
    Photo.objects.filter(id__in=[row.id for row in rows]).delete()
    return files.end(ids, tenant_id=rows[0].tenant_id)


def content_hash(sent: Sent) -> str:
    """Give the SHA-256 of what was sent: a repeated press must bring the same."""
    return hashlib.sha256(sent.data).hexdigest()


def _hold(
    photo_id: int, *, by: Actor, version: int | None
) -> tuple[Photo, list[covering.Held], Report]:  # fmt: skip
    """:raises NotFound: none of this actor's. :raises Stale: somebody was faster than `version`."""
    found = Photo.objects.filter(tenant_id=by.tenant_id, id=photo_id).first()
    if found is None:
        raise NotFound
    held, report = covering.hold(found.report_id, by=by)
    photo = Photo.objects.select_for_update(of=("self",)).select_related("file").filter(id=photo_id).first()
    if photo is None:
        raise NotFound
    if version is not None and version != photo.version:
        raise Stale(version=photo.version, status="", seen=version)
    return photo, held, report


def _unshow(photo: Photo, **values: object) -> None:
    old = [i for i in (photo.shown_id, photo.small_id) if i]
    photo.change(shown=None, small=None, shown_hash="", shown_at=None, **values)
    files.end(old, tenant_id=photo.tenant_id)


def ensure_ground(boxes: Sequence[Box], ground: str) -> None:
    """Insist on regions inside the picture and on a ground for them. :raises GroundNeeded: one without the other."""
    sound = all(
        len(b) == 4 and all(0 <= v <= 1000 for v in b) and b[2] and b[3] and max(b[0] + b[2], b[1] + b[3]) <= 1000
        for b in boxes
    )
    if not sound or len(boxes) > 200:
        raise GroundNeeded(what="图内的区域（千分之几）", what_en="regions inside the picture, in thousandths")
    if ground not in CoverGround.values or (ground == CoverGround.NOTHING) == bool(boxes):
        raise GroundNeeded(what="遮了什么、为什么遮", what_en="what is covered, and on which ground")


def _ensure_may_add(report: Report, by: Actor) -> None:
    if not (covering.is_own(report, by) or by.has("operator", "grid_worker", "system", policies.PROGRAM)):
        raise NotFound


def _may_see(photo: Photo, by: Actor) -> bool:
    if covering.is_own(photo.report, by):
        return True
    cases = Case.objects.filter(memberships__report=photo.report_id, memberships__to_at=None)
    return by.kind in ("staff", "client") and policies.visible_to(by, cases).exists()


def _sender(by: Actor) -> PhotoBy:
    if by.kind == "client" or by.has(policies.PROGRAM):
        return PhotoBy.PROGRAM
    return PhotoBy.DESK if by.kind in ("staff", "system") else PhotoBy.CALLER


def photos_of(report_ids: Sequence[int]) -> list[Photo]:
    """Give the photos of these reports, oldest first, with what their files are; one statement."""
    tenant_id = scope.current().actor.tenant_id
    rows = Photo.objects.filter(tenant_id=tenant_id, report__in=list(report_ids))
    return list(rows.select_related("file", "shown").order_by("id"))

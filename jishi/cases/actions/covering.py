"""What every verb of photos and covering shares: whose report it is, who may cover, what is written down of it."""

import hashlib
import secrets
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

from django.utils.timezone import localdate

from jishi.cases.actions import moving, publishing
from jishi.cases.actions.moving import Held as Held
from jishi.cases.events import CaseMoved
from jishi.cases.models import Case, Membership, Photo, Redaction, Report
from jishi.cases.refusals import NotForThePublic
from jishi.cases.states import CASE
from jishi.foundation import outbox, sealed, trail
from jishi.foundation.actor import Actor
from jishi.foundation.pictures import Box
from jishi.foundation.refusals import NotAllowed, NotFound
from jishi.foundation.sealed import Secret
from jishi.kernels import ledger

CALLER, DESK = "caller", "desk"
WORDS_END = 3  # years: as the original words


def hold(report_id: int, *, by: Actor) -> tuple[list[Held], Report]:
    """Lock the cases of a report, the lower id first, then the report.

    :raises NotFound: no such report, or it belongs to nothing.
    """
    rows = Membership.objects.filter(tenant_id=by.tenant_id, report=report_id, to_at=None)
    ids = sorted(set(rows.values_list("case_id", flat=True)))
    held = [moving.hold(i, by=by) for i in ids]
    report = Report.objects.select_for_update().filter(tenant_id=by.tenant_id, id=report_id).first()
    if report is None or not held:
        raise NotFound
    return held, report


def is_own(report: Report, by: Actor) -> bool:
    """Tell whether this is the caller's own report: by its word, or by his account."""
    if by.kind == "reporter":
        return by.report_id == report.id
    return by.kind == "resident" and by.account_id is not None and by.account_id == report.reporter_id


def side_of(held: Sequence[Held], report: Report, *, by: Actor) -> str:
    """Tell who acts: the caller himself, or the desk that reviews.

    :raises NotFound: neither, and it may not be seen. :raises NotAllowed: sees it, is neither.
    """
    if is_own(report, by):
        return CALLER
    ensure_may_cover(held, by=by)
    return DESK


def ensure_may_cover(held: Sequence[Held], *, by: Actor) -> None:
    """Insist on a reviewer outside the matter, of every case of the report. :raises NotAllowed, NotFound: else."""
    for one in held:
        publishing.ensure_may_publish(by, one)


def ensure_may_be_public(held: Sequence[Held]) -> None:
    """Insist that nobody in it is hidden. :raises NotForThePublic: a confidential caller, a tip-off, a body accused."""
    if any(publishing.must_stay_closed(one.case) for one in held):
        raise NotForThePublic


def record(
    held: Sequence[Held], verb: str, codes: Mapping[str, Any], *, by: Actor, now: datetime,
    words: Mapping[str, str] | None = None, tells: Sequence[str] = (), ends_on: date | None = None,
) -> None:  # fmt: skip
    """Record one entry on every case of the report, and announce it; programs that follow it read it again."""
    for one in held:
        one.case.change(changed_at=now)
        said = {"version": one.case.version, **codes}
        rule = f"{CASE.code}@{CASE.edition}"
        trail.record(
            verb, ("case", one.case.id), by=by, at=now, codes=said, words=words, words_end_on=ends_on, rule=rule
        )
    verb_of = VERBS[verb]
    outbox.announce(*[CaseMoved(one.case.id, verb_of, "", tuple(tells) if i == 0 else ())
                      for i, one in enumerate(held)], at=now)  # fmt: skip


VERBS = {
    "report.photo_added": "photos.add", "report.photo_shown": "photos.publish", "report.photo_hidden": "photos.hide",
    "report.photo_agreed": "photos.agree", "report.photo_taken_back": "photos.take_back",
    "report.recording_added": "recordings.add", "report.recording_written": "recordings.write_down",
    "report.recording_confirmed": "recordings.confirm", "report.recording_taken_back": "recordings.take_back",
    "report.redacted": "privacy.redact", "report.amended": "privacy.amend", "report.hidden": "privacy.hide",
    "report.shown": "privacy.show",
}  # fmt: skip


def note_photo(
    case: Case, photo: Photo, boxes: Sequence[Box], ground: str, why: str, *, by: Actor, now: datetime
) -> Redaction:
    """Write down what was covered in a photo: the two hashes bind what was sent to what is seen."""
    return Redaction.objects.create(
        tenant_id=by.tenant_id, report_id=photo.report_id, case=case, photo=photo, of="photo", ground=ground, why=why,
        places=len(boxes), boxes=[list(b) for b in boxes], before_commit=photo.own_hash, after_hash=photo.shown_hash,
        at=now, by=by.label,
    )  # fmt: skip


def note_words(
    case: Case, report: Report, before: Mapping[str, str], *, places: int, ground: str, why: str, by: Actor,
    now: datetime,
) -> Redaction:  # fmt: skip
    """Write down what was covered in words. What stood there is sealed with its salt and ends as the original does."""
    salt = secrets.token_bytes(32)
    row = Redaction.objects.create(
        tenant_id=by.tenant_id, report=report, case=case, of="words", ground=ground, why=why, places=places,
        before_commit=ledger.commit(salt, dict(before), suite="a"), after_hash=words_hash(report), at=now, by=by.label,
    )  # fmt: skip
    kept = f"{salt.hex()}\n{before['title']}\n{before['text']}"
    secret = Secret("words.original", Redaction._meta.db_table, row.id, "text", kept, ends_on=words_end(report))
    sealed.seal([secret], tenant_id=by.tenant_id, now=now)
    return row


def words_hash(report: Report) -> str:
    """Give the hash of the words that strangers see."""
    return hashlib.sha256(f"{report.title}\n{report.text_shown}".encode()).hexdigest()


def words_end(report: Report) -> date:
    """Give the last day of the original words."""
    day = localdate(report.received_at)
    return day.replace(year=day.year + WORDS_END, day=min(day.day, 28))


def public_since(held: Sequence[Held]) -> datetime | None:
    """Give since when strangers can read it; None: they cannot."""
    if not held or any(one.case.visibility != "public" for one in held):
        return None
    return max((one.case.opened_at for one in held if one.case.opened_at), default=None)


def not_his() -> NotAllowed:
    """Give the refusal of somebody who is neither the caller nor a reviewer."""
    return NotAllowed(why="公开前遮盖由审核岗做；诉求人可以改自己的、藏自己的。")

"""外部协同链接: one question to somebody without an account, with one extract of the case (spec 10 §3).

The token is said once, to the colleague who sends it on; only its hash is kept. Every opening is on the trail. What an
outsider writes is minimised before it is kept: it is read by everybody who sees the case; so is what he is shown.
What he sends along is kept sealed like any file of a person, and opening it is a reading (spec 90 §§8, 9).
"""

import hashlib
import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction

from jishi.accounts.actions import reading
from jishi.accounts.actions.reading import OpenedFile
from jishi.cases import policies
from jishi.cases.actions import alongside, moving
from jishi.cases.actions.alongside import worded
from jishi.cases.actions.moving import Held
from jishi.cases.actions.photos import Ready, last_day
from jishi.cases.events import CaseMoved
from jishi.cases.models import Case, Handover, Membership, OutsideLink
from jishi.cases.refusals import GroundNeeded, OutsideLinkOver
from jishi.cases.states import ENDS, Role, Status, Voice
from jishi.foundation import files, outbox
from jishi.foundation.actor import Actor
from jishi.foundation.files import StoredFile, Wanted
from jishi.foundation.refusals import NotAllowed, NotFound, Stale
from jishi.foundation.uploads import MANY, TooManyFiles
from jishi.kernels.text.minimise import minimise_one

DAYS, MOST_DAYS = 14, 60
TABLE, ENCLOSED = OutsideLink._meta.db_table, "outside.enclosure"
SENDABLE = frozenset({
    Status.RECEIVED.value, Status.CONSULTING.value, Status.OFFERED.value, Status.HANDLING.value,
    Status.SUSPENDED.value, Status.BANKED.value,
})  # fmt: skip
OVER = {
    "used": ("已经回答过了", "it was answered"),
    "revoked": ("发链接的单位收回了它", "the body that sent it took it back"),
    "expired": ("过了期限", "its time has run out"), "ended": ("这件事已经了结", "the matter has ended"),
    "unknown": ("没有这个链接", "there is no such link"),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked of whom: an organisation, one question, what it may read of the case, for how many natural days."""

    to_name: str
    question: str
    extract: str
    days: int = DAYS


@dataclass(frozen=True, slots=True)
class Sent:
    link: OutsideLink
    token: str


@dataclass(frozen=True, slots=True)
class Said:
    """What the outside party answers. `not_ours`: it says that the matter is not its own."""

    answer: str
    attached_text: str = ""
    not_ours: bool = False


@transaction.atomic
def send(case_id: int, *, question: Question, by: Actor, now: datetime, version: int | None = None) -> Sent:
    """Make a link for one outside party; the token is given once and kept by nobody here.

    :raises NotAllowed: not the lead or the desk; a confidential report is not sent outside.
    :raises GroundNeeded, TooShortOrLong: what is asked is not sound.
    """
    held = moving.hold(case_id, by=by, version=version)
    _ensure_asker(held, by)
    alongside.ensure_case_in(held, SENDABLE, by=by)
    if Membership.objects.filter(case=held.case, to_at=None, report__voice=Voice.CONFIDENTIAL).exists():
        raise NotAllowed(why="保密的诉求不发到外面。")
    if not 1 <= question.days <= MOST_DAYS:
        raise GroundNeeded(what=f"几天内有效（1 到 {MOST_DAYS}）", what_en=f"for how many days (1 to {MOST_DAYS})")
    token = secrets.token_urlsafe(24)
    row = OutsideLink.objects.create(
        tenant_id=held.case.tenant_id, case=held.case, asked_by_id=_body(held, by), token_hash=_hash(token),
        to_name=worded(question.to_name, least=2, most=80, what="问哪个单位", what_en="whom you ask"),
        question=_minimised(worded(question.question, least=5, most=300, what="问什么", what_en="what you ask"))[:300],
        extract=_minimised(worded(question.extract, least=5, most=2000, what="给对方看的情况",
                                  what_en="what they may read of the case")),
        sent_at=now, expires_at=now + timedelta(days=question.days),
    )  # fmt: skip
    _record(held, "link.sent", row, by=by, now=now, words={"to": row.to_name, "question": row.question})
    return Sent(row, token)


@transaction.atomic
def revoke(link_id: int, *, words: str = "", by: Actor, now: datetime, version: int | None = None) -> OutsideLink:
    """Take a link back: from now on it opens nothing.

    :raises OutsideLinkOver: it was used or taken back. :raises Stale: it was opened or answered meanwhile.
    """
    case_id = OutsideLink.objects.filter(tenant_id=by.tenant_id, id=link_id).values_list("case_id", flat=True).first()
    if case_id is None:
        raise NotFound
    held = moving.hold(case_id, by=by)
    _ensure_asker(held, by)
    row = OutsideLink.objects.select_for_update().get(id=link_id)
    if row.answered_at is not None or row.revoked_at is not None:
        raise _over("used" if row.answered_at else "revoked")
    if version is not None and version != row.version:
        raise Stale(version=row.version, status=held.case.status, seen=version)
    row.change(revoked_at=now, revoked_words=words.strip()[:300])
    _record(held, "link.revoked", row, by=by, now=now, words={"words": row.revoked_words})
    return row


@transaction.atomic
def open_(token: str, *, by: Actor, now: datetime) -> OutsideLink:
    """Open a link: what it asks is shown, and that it was opened is on the trail.

    :raises OutsideLinkOver: used, taken back, out of time, or of a case that has ended; says which.
    """
    held, row = _hold(token, by=by, now=now)
    row.change(opened_count=row.opened_count + 1)
    _record(held, "link.opened", row, by=by, now=now)
    return row


@transaction.atomic
def answer(token: str, *, said: Said, given: Sequence[Ready] = (), by: Actor, now: datetime) -> OutsideLink:
    """Keep what the outside party answers, with the files it sends along; the link is used up by it.

    :raises OutsideLinkOver: as in `open_`. :raises GroundNeeded, TooShortOrLong: nothing, or too much, is said.
    :raises TooManyFiles: more than three.
    """
    held, row = _hold(token, by=by, now=now)
    if len(given) > MANY:
        raise TooManyFiles(count=len(given), limit=MANY)
    text = worded(said.answer, least=2, most=2000, what="您的回答", what_en="your answer")
    if len(said.attached_text) > 10_000:
        worded(said.attached_text, least=0, most=10_000, what="附上的文字", what_en="the text you attach")
    row.change(
        answered_at=now, answer=_minimised(text), attached_text=_minimised(said.attached_text.strip()),
        not_ours=said.not_ours,
    )  # fmt: skip
    verb = "link.not_ours" if said.not_ours else "link.answered"
    ends, owner = last_day(now), (TABLE, row.id)
    kept = files.keep([Wanted(one.content, ENCLOSED, owner, ends, one.name) for one in given],
                      tenant_id=row.tenant_id, now=now)  # fmt: skip
    more = {"files": [one.content_hash for one in kept]} if kept else {}
    _record(held, verb, row, by=by, now=now, words={"answer": row.answer}, more=more)
    outbox.announce(CaseMoved(held.case.id, "links.answer", held.case.status, _tells(held, row)), at=now)
    return row


def _tells(held: Held, row: OutsideLink) -> tuple[str, ...]:
    """Whoever leads is told that it was answered; where the desk asked, so is the desk: an answer waits for nobody. A
    body that led when it asked and leads no more was no desk."""
    led = Handover.objects.filter(case=held.case, role=Role.LEAD).values_list("body_id", flat=True)
    by_lead = row.asked_by_id in set(led)
    return (*(() if held.lead is None else ("outside_lead",)), *(() if by_lead else ("outside_dispatcher",)))


def enclosed(link_ids: Iterable[int], *, tenant_id: int) -> dict[int, list[StoredFile]]:
    """Give the files that came with the answers of these links, by link; one statement, none where there is no link."""
    found: dict[int, list[StoredFile]] = {}
    ids = list(link_ids)
    if not ids:
        return found
    rows = StoredFile.objects.filter(tenant_id=tenant_id, owner_table=TABLE, owner_row__in=ids, purpose=ENCLOSED)
    for row in rows.order_by("id"):
        found.setdefault(row.owner_row, []).append(row)
    return found


def open_file(file_id: int, *, reason: str, by: Actor, now: datetime) -> OpenedFile:
    """Open a file that came with an answer: a reading, whoever of those who see the case does it.

    :raises NotFound: no such file beside a case that this actor sees.
    :raises ReasonMissing, NotAllowed, FileGone: as a reading.
    """
    files_ = StoredFile.objects.filter(tenant_id=by.tenant_id, id=file_id, owner_table=TABLE, purpose=ENCLOSED)
    beside = OutsideLink.objects.filter(tenant_id=by.tenant_id, id__in=files_.values("owner_row"))
    case = beside.values_list("case_id", flat=True).first()
    if case is None or by.kind != "staff" or not policies.visible_to(by, Case.objects.filter(id=case)).exists():
        raise NotFound
    return reading.read_file(file_id, what="enclosure", reason=reason, by=by, now=now)


def look(token: str, *, now: datetime) -> OutsideLink:
    """Give what a link asks, without counting it as an opening: to show a form again.

    :raises OutsideLinkOver: as in `open_`.
    """
    row = OutsideLink.objects.select_related("case", "asked_by").filter(token_hash=_hash(token)).first()
    why = why_over(row, now)
    if row is None or why:
        raise _over(why)
    return row


def why_over(row: OutsideLink | None, now: datetime) -> str:
    """Say why a link opens nothing: used, revoked, expired, ended, unknown; empty while it is open."""
    if row is None:
        return "unknown"
    if row.answered_at is not None:
        return "used"
    if row.revoked_at is not None:
        return "revoked"
    if row.case.status in ENDS:
        return "ended"
    return "expired" if now >= row.expires_at else ""


def _over(why: str) -> OutsideLinkOver:
    zh, en = OVER[why]
    return OutsideLinkOver(why=zh, why_en=en, over=why)


def _hold(token: str, *, by: Actor, now: datetime) -> tuple[Held, OutsideLink]:
    found = look(token, now=now)
    held = moving.hold(found.case_id, by=by)
    row = OutsideLink.objects.select_for_update(of=("self",)).select_related("case", "asked_by").get(id=found.id)
    if why := why_over(row, now):
        raise _over(why)
    return held, row


def _ensure_asker(held: Held, by: Actor) -> None:
    if not any(policies.PARTIES[p](by, held.stand) for p in ("lead", "dispatcher")):
        policies.ensure_may_see(by, held.stand)
        raise NotAllowed(why="问外面的单位，由主办或派单台发。")


def _body(held: Held, by: Actor) -> int | None:
    if held.lead is not None and held.lead.body_id in by.body_ids:
        return held.lead.body_id
    return min(by.body_ids, default=None)


def _record(
    held: Held, verb: str, row: OutsideLink, *, by: Actor, now: datetime, words: Any = None, more: Any = (),
) -> None:  # fmt: skip
    """Leave one entry on the case; an opening by a stranger holds nothing about the stranger."""
    codes = {"link": row.id, "link_version": row.version, "body": row.asked_by_id, **dict(more)}
    moving.beside(held, verb, by=by, now=now, codes=codes, words=words)


def _minimised(text: str) -> str:
    return minimise_one(text).shown if text else ""


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()

"""遮盖、隐去: what strangers may not read is covered before anything is public; the caller may amend or hide his own.

The original stays sealed; what stood there and what stands there now are bound by hashes (spec 10 §13). Ground and
sentence are told to the caller. Within 24 hours of publication he amends his words or takes them out of sight himself.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from django.db import transaction

from jishi.cases.actions import covering
from jishi.cases.actions.making import searched
from jishi.cases.models import Membership, Report
from jishi.cases.refusals import GroundNeeded, HideWindowOver, NothingSaid, NotThere, TooLong, VisibilityStays
from jishi.cases.states import CoverGround, Visibility
from jishi.foundation.actor import Actor
from jishi.foundation.refusals import NotFound, Stale
from jishi.kernels.text.minimise import minimise_one
from jishi.kernels.text.words import tsvector_text

COVERED = "〔已遮盖〕"
WINDOW = timedelta(hours=24)
LIMIT = 10_000


@transaction.atomic
def redact(
    report_id: int, *, passages: Sequence[str], ground: str, why: str = "", by: Actor, now: datetime,
    version: int | None = None,
) -> Report:  # fmt: skip
    """Cover passages of the words that may be shown, everywhere they stand: title, text, what is searched, parts.

    :raises NotAllowed, NotFound: not a reviewer outside the matter. :raises GroundNeeded: no ground, or nothing named.
    :raises NotThere: a passage that does not stand there. :raises Stale: the words have changed since.
    """
    held, report = covering.hold(report_id, by=by)
    covering.ensure_may_cover(held, by=by)
    _ensure_seen(report, version)
    wanted = sorted({p.strip() for p in passages if p.strip()}, key=len, reverse=True)
    if not wanted or ground not in CoverGround.values or ground in (CoverGround.NOTHING, CoverGround.OWN_WISH):
        raise GroundNeeded(what="遮哪几处、为什么遮", what_en="which passages, and on which ground")
    for passage in wanted:
        if passage not in report.title and passage not in report.text_shown:
            raise NotThere(passage=passage[:20])
    before = {"title": report.title, "text": report.text_shown}
    places = sum(report.text_shown.count(p) for p in wanted) or len(wanted)
    _replace(held, report, dict.fromkeys(wanted, COVERED))
    _noted(held, report, before, places, ground, why, by=by, now=now)
    codes = {"report": report.id, "ground": ground, "passages": places, "after": covering.words_hash(report)}
    said = {"why": why.strip()[:300]} if why.strip() else None
    covering.record(held, "report.redacted", codes, words=said, by=by, now=now, tells=("covered_caller",))
    return report


@transaction.atomic
def amend(report_id: int, *, text: str, by: Actor, now: datetime, version: int | None = None) -> Report:
    """Let the caller put other words in the place of those that strangers read, within 24 hours of publication.

    The original stays sealed. The case is closed to strangers until a reviewer has read the new words.
    :raises NotFound: not his. :raises HideWindowOver: it is not public, or the day is over.
    :raises NothingSaid, TooLong: the words.
    """
    held, report = covering.hold(report_id, by=by)
    _ensure_his_day(held, report, by=by, now=now)
    _ensure_seen(report, version)
    if not text.strip():
        raise NothingSaid
    if len(text) > LIMIT:
        raise TooLong(length=len(text), limit=LIMIT)
    before = {"title": report.title, "text": report.text_shown}
    shown = minimise_one(text.strip()).shown
    _write(held, report, title=shown.splitlines()[0][:80], text=shown)
    _noted(held, report, before, 1, CoverGround.OWN_WISH, "", by=by, now=now)
    for one in held:
        one.case.visibility = Visibility.PARTIES
        one.case.save(update_fields=["visibility"])
    codes = {"report": report.id, "after": covering.words_hash(report)}
    covering.record(held, "report.amended", codes, by=by, now=now, tells=("shown_reviewer",))
    return report


@transaction.atomic
def hide(report_id: int, *, why: str = "", by: Actor, now: datetime, version: int | None = None) -> Report:
    """Take a report out of strangers' sight: its caller within 24 hours of publication, a reviewer with a reason.

    :raises NotFound, NotAllowed: neither. :raises HideWindowOver: the caller's day is over.
    :raises GroundNeeded: a reviewer without a reason. :raises VisibilityStays: it is hidden already.
    """
    held, report = covering.hold(report_id, by=by)
    side = covering.side_of(held, report, by=by)
    _ensure_seen(report, version)
    if report.hidden_at is not None:
        raise VisibilityStays(now_zh="不公开", now_en="out of strangers' sight")
    if side == covering.CALLER:
        _ensure_his_day(held, report, by=by, now=now)
    elif not why.strip():
        raise GroundNeeded(what="为什么不公开", what_en="why it is not public")
    report.change(hidden_at=now, hidden_by=side)
    said = {"why": why.strip()[:300]} if why.strip() else None
    tells = ("hidden_caller",) if side == covering.DESK else ()
    codes = {"report": report.id, "side": side}
    covering.record(held, "report.hidden", codes, words=said, by=by, now=now, tells=tells)
    return report


@transaction.atomic
def show(report_id: int, *, by: Actor, now: datetime, version: int | None = None) -> Report:
    """Let strangers see a report again; by the side that hid it.

    :raises NotFound, NotAllowed: neither, or the other side hid it. :raises VisibilityStays: it is not hidden.
    """
    held, report = covering.hold(report_id, by=by)
    side = covering.side_of(held, report, by=by)
    _ensure_seen(report, version)
    if report.hidden_at is None:
        raise VisibilityStays(now_zh="没有藏起来", now_en="not hidden")
    if report.hidden_by != side:
        raise covering.not_his()
    report.change(hidden_at=None, hidden_by="")
    codes = {"report": report.id, "side": side}
    tells = ("shown_reviewer",) if side == covering.CALLER else ()
    covering.record(held, "report.shown", codes, by=by, now=now, tells=tells)
    return report


def own_until(report: Report, opened_at: datetime | None) -> datetime | None:
    """Give until when the caller may amend or hide by himself; None: strangers cannot read it."""
    return opened_at + WINDOW if opened_at is not None and report.hidden_at is None else None


def _ensure_his_day(held: Sequence[covering.Held], report: Report, *, by: Actor, now: datetime) -> None:
    if not covering.is_own(report, by):
        raise NotFound
    until = own_until(report, covering.public_since(held))
    if until is None or now > until:
        raise HideWindowOver


def _ensure_seen(report: Report, version: int | None) -> None:
    if version is not None and version != report.version:
        raise Stale(version=report.version, seen=version)


def _replace(held: Sequence[covering.Held], report: Report, by_what: Mapping[str, str]) -> None:
    def covered(text: str) -> str:
        for passage, mark in by_what.items():
            text = text.replace(passage, mark)
        return text

    for row in Membership.objects.filter(tenant_id=report.tenant_id, report=report).exclude(part_text=""):
        if (new := covered(row.part_text)) != row.part_text:
            row.change(part_text=new)
    for one in held:
        one.case.title = covered(one.case.title)[:80]
    _write(held, report, title=covered(report.title)[:80], text=covered(report.text_shown))


def _write(held: Sequence[covering.Held], report: Report, *, title: str, text: str) -> None:
    """Put words in the place of others: in the report, and in what its cases are called and found by."""
    old, found_by = report.title, tsvector_text(searched(report))
    report.change(title=title, text_shown=text)
    for one in held:
        case = one.case
        if case.title == old:
            case.title = title
        if case.search == found_by:  # the case was made of this report
            case.search = tsvector_text(searched(report))
        case.save(update_fields=["title", "search"])


def _noted(
    held: Sequence[covering.Held], report: Report, before: Mapping[str, str], places: int, ground: str, why: str, *,
    by: Actor, now: datetime,
) -> None:  # fmt: skip
    for one in held:
        covering.note_words(
            one.case, report, before, places=places, ground=ground, why=why.strip()[:300], by=by, now=now
        )

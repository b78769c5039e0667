"""What was sent along with a case and what strangers may see of it: facts of photos, public words, what was covered."""

from dataclasses import dataclass
from datetime import datetime

from jishi.cases.actions import answer_photos, enclosing, photos, privacy, recordings
from jishi.cases.actions.wording import GROUNDS_EN
from jishi.cases.models import Case, Membership, Photo, Recording, Redaction, Reply, ReplyPhoto, Report
from jishi.cases.states import CoverGround, Status, Visibility
from jishi.foundation.files import StoredFile


@dataclass(frozen=True, slots=True)
class Covered:
    """One act of covering, as it is told: when, on which ground, in how many places, the sentence for the caller."""

    at: datetime
    of: str
    ground: str
    places: int
    why: str
    photo_id: int | None


@dataclass(frozen=True, slots=True)
class Beside:
    """One report with its photos, what was covered of it, and until when its caller may amend or hide by himself."""

    report: Report
    photos: tuple[Photo, ...]
    covered: tuple[Covered, ...]
    own_until: datetime | None
    recordings: tuple[Recording, ...] = ()


@dataclass(frozen=True, slots=True)
class AnswerPhoto:
    """One photo beside the reply that counts now, and the copy that strangers see; None: nobody decided."""

    file: StoredFile
    shown: ReplyPhoto | None
    ground: str


@dataclass(frozen=True, slots=True)
class Answer:
    """The newest reply of a case with its photos; PDFs are not among them: they are never public."""

    reply: Reply
    photos: tuple[AnswerPhoto, ...]


def of_answer(case: Case, *, lang: str) -> Answer | None:
    """Give the reply that waits for review or was approved, with its photos; three statements. None: no such reply."""
    if case.status not in (Status.REPLIED, Status.FEEDBACK, Status.CLOSED):
        return None
    reply = Reply.objects.filter(case=case).select_related("by_body").order_by("-id").first()
    if reply is None or (reply.approved_at is None and case.status != Status.REPLIED):
        return None
    along = enclosing.of_replies([reply.id], tenant_id=case.tenant_id).get(reply.id, ())
    pictures = [one for one in along if one.kind == "jpeg"]
    shown = answer_photos.of_files([one.id for one in pictures], tenant_id=case.tenant_id)
    told = []
    for one in pictures:
        copy = shown.get(one.id)
        told.append(AnswerPhoto(one, copy, ground_named(copy.ground, lang) if copy else ""))
    return Answer(reply, tuple(told))


def of_case(case: Case, *, lang: str) -> list[Beside]:
    """Give the reports that belong to the case now, oldest first; five statements."""
    rows = Membership.objects.filter(case=case, to_at=None).select_related("report").order_by("report_id")
    return _beside([m.report for m in rows[:20]], lang=lang)


def of_report(report: Report, *, lang: str) -> Beside:
    """Give one report with its photos."""
    return _beside([report], lang=lang)[0]


def _beside(reports: list[Report], *, lang: str) -> list[Beside]:
    ids = [r.id for r in reports]
    pictures: dict[int, list[Photo]] = {}
    for photo in photos.photos_of(ids):
        pictures.setdefault(photo.report_id, []).append(photo)
    spoken: dict[int, list[Recording]] = {}
    for one in recordings.recordings_of(ids):
        spoken.setdefault(one.report_id, []).append(one)
    acts: dict[int, list[Covered]] = {}
    for row in Redaction.objects.filter(report__in=ids).order_by("id"):
        acts.setdefault(row.report_id, []).append(
            Covered(row.at, row.of, ground_named(row.ground, lang), row.places, row.why, row.photo_id)
        )
    since = _public_since(ids)
    return [
        Beside(r, tuple(pictures.get(r.id, ())), tuple(acts.get(r.id, ())), privacy.own_until(r, since.get(r.id)),
               tuple(spoken.get(r.id, ())))
        for r in reports
    ]


def _public_since(ids: list[int]) -> dict[int, datetime | None]:
    found: dict[int, datetime | None] = {}
    closed: set[int] = set()
    rows = Membership.objects.filter(report__in=ids, to_at=None).select_related("case")
    for member in rows:
        if member.case.visibility != Visibility.PUBLIC or member.case.opened_at is None:
            closed.add(member.report_id)
        before = found.get(member.report_id)
        moments = [m for m in (before, member.case.opened_at) if m is not None]
        found[member.report_id] = max(moments, default=None)
    return {i: at for i, at in found.items() if i not in closed}


def ground_named(code: str, lang: str) -> str:
    """Name a ground of covering in the reader's language."""
    return dict(CoverGround.choices).get(code, code) if lang.startswith("zh") else GROUNDS_EN.get(code, code)

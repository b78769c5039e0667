"""Looking for those who work on cases: the import's rows, the body's inbox, reviews, feedback."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Exists, F, OuterRef, Subquery
from django.utils.timezone import localdate

from jishi.cases import policies
from jishi.cases.actions import enclosing, importing, moving, rechecking, reckoning
from jishi.cases.actions import feedback as asking
from jishi.cases.actions.moving import OPEN_HANDOVER
from jishi.cases.models import (
    Case,
    Clock,
    ContactNote,
    Feedback,
    ForEach,
    Handover,
    ImportRow,
    ImportRun,
    Membership,
    Progress,
    Reply,
    Review,
)  # fmt: skip
from jishi.cases.queries import listing, risks, ticking
from jishi.cases.states import HandoverStatus, Role, Solved, Status, Voice
from jishi.foundation import ends, refusals
from jishi.foundation.actor import Actor
from jishi.foundation.files import StoredFile
from jishi.foundation.refusals import NotFound
from jishi.kernels.procedure import Spoken

# --- import ------------------------------------------------------------------------------------------------


_PLAIN = {
    kind.code: kind for kind in vars(refusals).values() if isinstance(kind, type) and issubclass(kind, refusals.Refused)
}


@dataclass(frozen=True, slots=True)
class RowSaid:
    """What became of one row of a file; the words of the row are not here."""

    line: int
    result: str
    code: str
    facts: Mapping[str, Any]
    report_number: str = ""
    warns: tuple[risks.Marked, ...] = ()  # for the receiving desk, until it has acted

    def sentence(self, lang: str = "zh") -> str:
        """Say why it was refused."""
        said = importing.sentence(self.code, self.facts, lang) if self.code else ""
        plain = _PLAIN.get(said)  # a refusal of the house, not of the rows
        return plain(**self.facts).sentence(lang) if plain else said


@dataclass(frozen=True, slots=True)
class Run:
    """One run over a file."""

    id: int
    file_name: str
    column_map: str
    started_at: datetime
    applied_at: datetime | None
    counts: Mapping[str, Any]
    stages: list[dict[str, Any]]
    has_file: bool


def import_rows(run_id: int, *, by: Actor, result: str = "", after: int = 0, limit: int = 50) -> list[RowSaid]:
    """List what became of the rows of a run, by line, after line `after`."""
    rows = ImportRow.objects.filter(tenant_id=by.tenant_id, run=run_id, line__gt=after)
    if result:
        rows = rows.filter(result=result)
    shown = ("line", "result", "code", "detail", "report__number", "report_id")
    found = list(rows.order_by("line").values_list(*shown)[:limit])
    warned = risks.of_reports([row[-1] for row in found if row[-1]], by=by)
    return [
        RowSaid(
            line, res, code, json.loads(detail) if detail.endswith("}") else {}, number or "", warned.get(report, ())
        )
        for line, res, code, detail, number, report in found
    ]


def import_run(run_id: int, *, by: Actor) -> Run:
    """Give one run. :raises NotFound: no such run here."""
    found = _runs(by).filter(id=run_id).first()
    if found is None:
        raise NotFound
    return _run(found)


def import_runs(*, by: Actor, limit: int = 10) -> list[Run]:
    """List the newest runs."""
    return [_run(r) for r in _runs(by).order_by("-id")[:limit]]


def _runs(by: Actor) -> Any:
    return (
        ImportRun.objects.filter(tenant_id=by.tenant_id)
        .extra(select={"has_file": "content IS NOT NULL"})
        .defer("content")
    )


def _run(row: Any) -> Run:
    return Run(
        row.id,
        row.file_name,
        row.column_map,
        row.started_at,
        row.applied_at,
        row.counts,
        row.stages,
        bool(row.has_file),
    )


# --- the inbox of a body -----------------------------------------------------------------------------------

MOST = 200  # open matters of one body on one page; beyond it the list of cases pages on
RETURNS_FOR = timedelta(days=14)  # how long an answered return stays in sight
_OURS = ("sign", "handling", "reopen")  # clocks that order the inbox
_HANDED = {Status.REPLIED: "review", Status.FEEDBACK: "feedback"}  # answered: whose clock runs now is not the body's


@dataclass(frozen=True, slots=True)
class Ticked:
    """The clock that presses: as the chip reads it, with the steps by which the moment was reached."""

    kind: str
    name: Spoken
    due_at: datetime | None
    share_used: float
    late: bool
    paused: bool
    near: bool
    why: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Work:
    """One matter that a body holds, with what stands in the way of its next step."""

    case: Case
    handover: Handover
    item: str
    clock: Ticked | None
    contact: Ticked | None
    contacted: bool
    progress: Progress | None
    sent_back: Review | None

    @property
    def stage(self) -> str:
        if self.case.status in _HANDED:
            return "handed"
        if self.handover.status in (HandoverStatus.RETURN_ASKED, HandoverStatus.CONTESTED):
            return "returned"
        return "sign" if self.handover.status == HandoverStatus.OFFERED else "running"

    @property
    def awaits(self) -> str:
        """Name what the next step waits for: an act of ours, somebody else's, or what the last note says."""
        note, back = self.progress, self.sent_back
        if self.stage != "running":
            contested = self.handover.status == HandoverStatus.CONTESTED
            others = {"sign": "sign", "returned": "conclusion" if contested else "return_answer"}
            return others.get(self.stage) or _HANDED[Status(self.case.status)]
        if back is not None and (note is None or note.at < back.at):
            return "mending"
        if note is not None and note.waiting_for:
            return "noted"
        return "reply" if self.contacted else "contact"

    @property
    def due_today(self) -> bool:
        return self.clock is not None and (self.clock.near or self.clock.late)


@dataclass(frozen=True, slots=True)
class Inbox:
    """Everything that waits for a body, the most pressing first; answered returns of the last fortnight besides."""

    works: tuple[Work, ...]
    answered: tuple[Handover, ...]
    more: bool

    def of(self, shown: str) -> tuple[Work, ...]:
        """Give the matters of one tab: sign, running, returned, handed, soon, late (by a clock of our own)."""
        ours = [w for w in self.works if w.stage != "handed" and w.clock is not None]
        if shown == "late":
            return tuple(w for w in ours if w.clock and w.clock.late)
        if shown == "soon":
            return tuple(w for w in ours if w.due_today and not (w.clock and w.clock.late))
        return tuple(w for w in self.works if w.stage == shown)


def inbox(*, by: Actor, now: datetime, lang: str) -> Inbox:
    """Give what the actor's bodies hold; seven statements whatever the rows."""
    rows = list(_held(by).order_by(F("due").asc(nulls_last=True), "id").values_list("id", flat=True)[: MOST + 1])
    # Which they are is asked first, what stands in them then: ids that are written out let the planner count them.
    named = ("case", "body", "duty_item", "cited_item", "proposed_body")
    found = Handover.objects.select_related(*named).in_bulk(rows[:MOST])
    shown = [found[row] for row in rows[:MOST]]
    ids = [h.case_id for h in shown]
    ticking_now: dict[int, list[Clock]] = {}
    shown_kinds = (*_OURS, "contact", "return_answer", *_HANDED.values())
    for clock in Clock.objects.filter(case__in=ids, stopped_at=None, kind__in=shown_kinds):
        ticking_now.setdefault(clock.case_id, []).append(clock)
    contacted = _contacted(ids)
    progress = {p.case_id: p for p in Progress.objects.filter(case__in=ids).order_by("case", "-id").distinct("case")}
    reviews = Review.objects.filter(case__in=ids).order_by("case", "-id").distinct("case")
    back = {r.case_id: r for r in reviews if r.verdict == "sent_back"}
    works = [
        _work(h, ticking_now.get(h.case_id, []), h.case_id in contacted, progress.get(h.case_id), back.get(h.case_id),
              lang, now)
        for h in shown
    ]  # fmt: skip
    return Inbox(tuple(works), tuple(_answered(by, now)), len(rows) > MOST)


def _held(by: Actor) -> Any:
    due = Clock.objects.filter(handover=OuterRef("pk"), stopped_at=None, kind__in=_OURS).order_by("due_at")
    held = Handover.objects.filter(tenant_id=by.tenant_id, body__in=by.body_ids, role=Role.LEAD)
    in_hand = held.filter(
        status__in=OPEN_HANDOVER, case__status__in=(Status.OFFERED, Status.HANDLING, Status.CONSULTING, Status.REPLIED)
    )
    # From the few cases that ask their callers now to who answered: not through all that these bodies ever held.
    asked = held.filter(
        case__lead__in=by.body_ids, case__status=Status.FEEDBACK, status=HandoverStatus.ENDED,
        ended_at__gte=F("case__status_since"),
    )
    rows = held.filter(pk__in=in_hand.values("pk").union(asked.values("pk"), all=True))
    return rows.annotate(due=Subquery(due.values("due_at")[:1]))


def _contacted(ids: Sequence[int]) -> set[int]:
    """Tell where contact with a caller is noted, or where nobody can be reached: every caller is anonymous."""
    named = Membership.objects.filter(case=OuterRef("pk"), to_at=None).exclude(report__voice=Voice.ANONYMOUS)
    noted = ContactNote.objects.filter(case=OuterRef("pk"))
    rows = Case.objects.filter(id__in=ids).filter(Exists(noted) | ~Exists(named))
    return set(rows.values_list("id", flat=True))


def _answered(by: Actor, now: datetime) -> list[Handover]:
    """Returns that the desk has answered of late, denied ones too."""
    rows = Handover.objects.filter(
        tenant_id=by.tenant_id, body__in=by.body_ids, return_asked_at__gte=now - RETURNS_FOR
    ).exclude(status__in=(HandoverStatus.RETURN_ASKED, HandoverStatus.CONTESTED))
    return list(rows.select_related("case", "cited_item", "proposed_body").order_by("-return_asked_at")[:20])


def _work(
    row: Handover, clocks: Sequence[Clock], contacted: bool, progress: Progress | None, back: Review | None,  # noqa: FBT001
    lang: str, now: datetime,
) -> Work:  # fmt: skip
    handed = _HANDED.get(Status(row.case.status))
    kinds = ("return_answer",) if row.status == HandoverStatus.RETURN_ASKED else (handed,) if handed else _OURS
    main = min((c for c in clocks if c.kind in kinds), key=_pressing, default=None)
    contact = next((c for c in clocks if c.kind == "contact"), None)
    item = f"{row.duty_item.number} {row.duty_item.name}" if row.duty_item else ""
    return Work(
        row.case, row, item, ticked(main, lang, now) if main else None,
        ticked(contact, lang, now) if contact else None, contacted, progress, back,
    )  # fmt: skip


def progress_of(case: Case) -> list[Progress]:
    """Give what the callers were told on the way, newest first."""
    return list(Progress.objects.filter(case=case).select_related("body").order_by("-id")[:20])


def returned_before(case: Case, lead: Handover) -> bool:
    """Tell whether this body has asked to return this case once already."""
    return Handover.objects.filter(case=case, body=lead.body_id).exclude(return_asked_at=None).exists()


def _pressing(clock: Clock) -> tuple[bool, datetime]:
    return clock.due_at is None, clock.due_at or clock.started_at


def ticked(clock: Clock, lang: str, now: datetime) -> Ticked:
    """Give a clock as the chip reads it."""
    late = clock.due_at is not None and clock.due_at < now
    today = clock.due_at is not None and ends.last_day(clock.due_at) <= localdate(now)
    share = ticking.share(clock, now)
    return Ticked(
        clock.kind, ticking.name_of(clock.kind), clock.due_at, share, late, reckoning.is_paused(clock),
        not late and (today or share >= 0.75), tuple(listing.explanation(clock, lang)) if clock.due_at else (),
    )  # fmt: skip


# --- reviews -----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ToReview:
    """One reply that waits for its review."""

    case: Case
    clock: Ticked


@dataclass(frozen=True, slots=True)
class ReplyShown:
    """A reply beside what was asked, what was noted of contacts, and what earlier reviews said."""

    reply: Reply
    contacts: tuple[ContactNote, ...]
    reviews: tuple[Review, ...]
    own: bool  # the actor answered in this case: another person reviews it
    files: tuple[StoredFile, ...] = ()  # sent along with it


def to_review(*, by: Actor, now: datetime, lang: str, limit: int = 100) -> list[ToReview]:
    """List replies by their review clock; one statement."""
    return [ToReview(c.case, ticked(c, lang, now)) for c in running("review", Status.REPLIED, by)[:limit]]


def count_to_review(*, by: Actor) -> int:
    """Count the replies that wait; one statement."""
    return int(running("review", Status.REPLIED, by).count())


def reply_shown(case: Case, *, by: Actor) -> ReplyShown:
    """Give the reply that waits, with what stands beside it. :raises NotFound: none waits."""
    reply = Reply.objects.filter(case=case, approved_at=None).select_related("by_body").order_by("-id").first()
    if reply is None:
        raise NotFound
    contacts = ContactNote.objects.filter(case=case).select_related("body").order_by("at", "id")
    reviews = Review.objects.filter(case=case).order_by("-id")
    authors = Reply.objects.filter(case=case).values_list("author", flat=True)
    own = any(moving.person(author) == moving.person(by.label) for author in authors)
    along = enclosing.of_replies([reply.id], tenant_id=case.tenant_id).get(reply.id, ())
    return ReplyShown(reply, tuple(contacts[:20]), tuple(reviews[:5]), own, along)


def running(kind: str, status: str, by: Actor) -> Any:
    """Give the running clocks of a desk, the most pressing first, without the cases that the actor's bodies answer."""
    seen = policies.visible_to(by, Case.objects.filter(status=status, pk=OuterRef("case")))
    rows = Clock.objects.filter(ForEach(seen), tenant_id=by.tenant_id, kind=kind, stopped_at=None)
    return rows.exclude(case__lead__in=by.body_ids).select_related("case", "case__lead").order_by(
        F("due_at").asc(nulls_last=True), "id"
    )


# --- feedback ----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ToAsk:
    """One case whose callers are asked: how many have not answered, how many calls were tried."""

    case: Case
    clock: Ticked | None  # none: it ended at once, and its caller was drawn
    open: int
    said_no: int
    to_call: int  # drawn, not answered, and with a number that may be looked at


@dataclass(frozen=True, slots=True)
class Asked:
    """One caller who is asked, without his name: a number, how he may be reached, what he has said."""

    row: Feedback
    number: str
    voice: str
    tries: tuple[datetime, ...]
    may_try: bool
    why_not: str  # "", hours, half_day, not_drawn, exhausted, answered, anonymous


def to_ask(*, by: Actor, now: datetime, lang: str, limit: int = 100) -> list[ToAsk]:
    """List the cases in feedback by their clock, then those that ended at once and were drawn; five statements."""
    rows = list(running("feedback", Status.FEEDBACK, by)[:limit])
    asked = _present_round([c.case_id for c in rows])
    waiting = [_to_ask(c.case, ticked(c, lang, now), asked.get(c.case_id, ())) for c in rows]
    return [*waiting, *_ended_at_once(by, limit)]


def _ended_at_once(by: Actor, limit: int) -> list[ToAsk]:
    """Cases that were answered at once or settled on the spot, whose caller was drawn and has not answered."""
    seen = policies.visible_to(by, Case.objects.filter(status=Status.CLOSED, pk=OuterRef("case")))
    drawn = Feedback.objects.filter(
        ForEach(seen), tenant_id=by.tenant_id, sampled=True, answered_at=None, superseded_by=None,
        membership__report__voice=Voice.OPEN,
    )
    ids = set(drawn.order_by("id").values_list("case_id", flat=True)[:limit])
    asked = _present_round(ids)
    found = [_to_ask(case, None, asked.get(case.id, ())) for case in Case.objects.filter(id__in=ids).order_by("id")]
    return [one for one in found if one.to_call]


def _to_ask(case: Case, clock: Ticked | None, asked: Sequence[Feedback]) -> ToAsk:
    unanswered = [r for r in asked if r.answered_at is None]
    said_no = sum(r.solved == Solved.NO for r in asked)
    return ToAsk(case, clock, len(unanswered), said_no, sum(to_be_called(r) for r in unanswered))


def to_be_called(row: Feedback) -> bool:
    """Whether this person was drawn, has not answered and gave a number that may be looked at."""
    return row.answered_at is None and row.sampled and row.membership.report.voice == Voice.OPEN


def _present_round(cases: Iterable[int]) -> dict[int, list[Feedback]]:
    """Give per case whoever still belongs to it and is asked in its present round, the first asked first."""
    rows = Feedback.objects.filter(case__in=list(cases), superseded_by=None, membership__to_at=None)
    found: dict[int, list[Feedback]] = {}
    for row in rows.select_related("membership__report").order_by("case_id", "-round", "id"):
        of_case = found.setdefault(row.case_id, [])
        if not of_case or of_case[0].round == row.round:
            of_case.append(row)
    return found


def asked_of(case: Case, *, now: datetime) -> list[Asked]:
    """Give the callers of the present round with their answers and the calls that were tried; one statement."""
    return [_asked_one(r, now) for r in _present_round([case.id]).get(case.id, ())]


def _asked_one(row: Feedback, now: datetime) -> Asked:
    report, why = row.membership.report, asking.why_no_call(row, now)
    return Asked(row, report.number, report.voice, asking.tries_of(row), not why, why)


def turn_of(case: Case) -> str:
    """Say whose turn a standing "not solved" makes it: reviewer (the first), feedback (the second), or nobody's."""
    if not rechecking.standing(case):
        return ""
    return "feedback" if rechecking.is_second(case) else "reviewer"


def again_until(case: Case, now: datetime) -> datetime | None:
    """Give the moment before which nobody closes: a caller with whom no reviewer agreed may still answer again."""
    until = rechecking.answer_until(case)
    return until if until is not None and now < until else None


def may_conclude(asked: Sequence[Asked], clock_over: bool) -> bool:  # noqa: FBT001 - a fact, not a switch
    """Everybody has answered, or nobody is left to call, or the time is over."""
    return clock_over or all(a.why_not in ("answered", "exhausted", "anonymous") for a in asked)

"""The resident's honest timeline (spec 10 §15): who has it, by which item, who returned it, on what ground, until when.

Built from entries and rows. Never in it: names of workers, other callers, anything sealed. Whoever shows it puts the
facts into sentences; here are only facts.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from jishi.accounts import queries as accounts
from jishi.bodies import queries as bodies
from jishi.cases import limits, policies
from jishi.cases.actions import reckoning
from jishi.cases.models import (
    Addendum,
    Banking,
    Case,
    Clock,
    Feedback,
    Handover,
    Membership,
    Progress,
    Reply,
    Report,
    Suggestion,
    Suspension,
)
from jishi.cases.queries import before, risks
from jishi.cases.queries.story import Cited, Happened, Teller, cited
from jishi.cases.states import CASE, ENDS, HandoverStatus, Role, Status, Urgency
from jishi.cases.triage import danger
from jishi.foundation import trail
from jishi.foundation.actor import Actor
from jishi.foundation.refusals import NotFound
from jishi.kernels import worktime
from jishi.kernels.procedure import Spoken

OPEN_HANDOVER = (HandoverStatus.OFFERED, HandoverStatus.SIGNED, HandoverStatus.RETURN_ASKED, HandoverStatus.CONTESTED)
LONGEST_LIST = 100
URGING = timedelta(days=limits.load().urging_caller_days)


@dataclass(frozen=True, slots=True)
class Promise:
    """The day of the answer: as promised first, as it stands, and how it was counted."""

    first_due_at: datetime | None
    due_at: datetime | None
    answered_at: datetime | None
    why: tuple[str, ...]
    provisional: bool
    paused: bool

    @property
    def has_moved(self) -> bool:
        return self.first_due_at is not None and self.due_at is not None and self.first_due_at != self.due_at

    def is_late(self, now: datetime) -> bool:
        return self.due_at is not None and (self.answered_at or now) > self.due_at


@dataclass(frozen=True, slots=True)
class Holder:
    """Who has the case: which body, since when, and whether it has asked to give it back."""

    body: str
    since: datetime
    status: str
    item: Cited | None


@dataclass(frozen=True, slots=True)
class Waiting:
    """What is being waited for, in the words of the body that waits."""

    what: str
    until: date | None
    body: str
    since: datetime


@dataclass(frozen=True, slots=True)
class Looked:
    """One opening of sealed fields of this report."""

    at: datetime
    who: str
    purpose: str
    why: str
    fields: tuple[str, ...]
    by_platform: bool


@dataclass(frozen=True, slots=True)
class Following:
    """All that one caller may know of his matter."""

    report: Report
    case: Case
    holder: Holder | None
    waiting: Waiting | None
    promise: Promise
    due: Mapping[str, datetime]  # running clocks, by kind
    happened: tuple[Happened, ...]  # newest first
    readings: tuple[Looked, ...]
    others: int  # how many more residents said the same
    feedback: Feedback | None  # what is asked of this caller, or what he answered
    may_object: bool
    reopen_until: datetime | None
    may_add: bool
    may_withdraw: bool
    goes_on: bool  # if he withdraws, the matter is handled all the same
    part: str  # which of the things he said this case is about; empty: all of it
    parts: tuple["PartOf", ...]  # all of them, where his report belongs to several cases
    still: "Still"
    may_urge: bool
    urge_again_at: datetime | None


@dataclass(frozen=True, slots=True)
class Still:
    """Why time stands still, until when, and what the caller was told; empty where it runs."""

    ground: Spoken | None = None
    told: str = ""
    waits_for: str = ""
    day: date | None = None


@dataclass(frozen=True, slots=True)
class PartOf:
    """One of the cases to which a report belongs: one of the things that one person said."""

    number: str
    text: str
    status: str
    here: bool


@dataclass(frozen=True, slots=True)
class Row:
    """One of my matters, as a line of a list."""

    number: str
    title: str
    said_at: datetime
    status: str
    body: str
    due_at: datetime | None
    waiting_for: str
    report_id: int
    part: str = ""  # number of its case, where the report belongs to several


@dataclass(frozen=True, slots=True)
class Receipt:
    """What the sender reads at once: the number, the day and why, and to whom it probably goes."""

    number: str
    title: str
    due_at: datetime | None
    why: tuple[str, ...]
    provisional: bool
    body: str
    item: str
    place: str
    joined: int
    voice: str
    elsewhere: str  # the county that the place is in, when it is not this one
    at_home: bool  # no place was said; it is served where its person lives
    dangers: tuple[risks.Marked, ...] = ()  # told to its sender at once, kept nowhere

    @property
    def call(self) -> tuple[str, ...]:
        """Whom to call before anything else."""
        return risks.numbers_of(self.dangers)


@dataclass(frozen=True, slots=True)
class Asked:
    """Whom and what three questions are about, without anybody's words but the answer."""

    report_id: int
    number: str
    title: str
    body: str
    text: str
    answered: bool
    reopen_days: int


def own_report(actor: Actor, number: str) -> Report:
    """Give one report of this resident or reporter.

    :raises NotFound: it is not his, equal to one that never was.
    """
    report = policies.reports_of(actor).filter(number=number).first()
    if report is None:
        raise NotFound
    return report


def shown_report(ids: Sequence[int], number: str, *, tenant_id: int) -> Report:
    """Give one of the reports whose number and word were shown before.

    :raises NotFound: it is not among them.
    """
    report = Report.objects.filter(tenant_id=tenant_id, id__in=list(ids), number=number).first() if ids else None
    if report is None:
        raise NotFound
    return report


def mine(reports: Sequence[int], *, tenant_id: int, lang: str) -> list[Row]:
    """List these reports of one person, open ones first, newest first; two statements and the names."""
    members = (
        Membership.objects.filter(tenant_id=tenant_id, report__in=list(reports)[:LONGEST_LIST], to_at=None)
        .select_related("case", "report")
        .order_by("-report_id")
    )
    found = list(members)
    said = _last_said({m.case_id for m in found})
    several = {r for r, n in Counter(m.report_id for m in found).items() if n > 1}
    rows = [_row(m, said.get(m.case_id), lang, is_part=m.report_id in several) for m in found]
    return sorted(rows, key=lambda r: (r.status in ENDS, -r.report_id))


def own_ids(actor: Actor) -> list[int]:
    """Give the numbers of this person's reports, newest first."""
    return list(policies.reports_of(actor).order_by("-id").values_list("id", flat=True)[:LONGEST_LIST])


def follow(report: Report, *, now: datetime, lang: str, part: str = "") -> Following:
    """Put the whole story of one report together, in a number of statements that does not grow with it.

    `part`: the number of one of its cases, where it belongs to several. A report that was merged tells what happened to
    it before, too. :raises NotFound: the report belongs to no case, or not to that one.
    """
    members = _memberships(report)
    member = _of_part(members, part)
    case = member.case
    handovers = list(
        Handover.objects.filter(case=case).select_related("duty_item__list", "cited_item__list").order_by("id")
    )
    clocks = list(Clock.objects.filter(case=case).order_by("id"))
    replies = {r.id: r for r in Reply.objects.filter(case=case).exclude(approved_at=None)}
    progress = list(Progress.objects.filter(case=case).order_by("id"))
    teller = Teller(report, case, handovers, replies, progress, lang)
    entries = trail.of("case", case.id)
    happened = teller.tell(
        entries, trail.words_of("case", case.id), Addendum.objects.filter(report=report).order_by("id")
    )
    happened += before.told(report, case, members, lang=lang)
    feedback = Feedback.objects.filter(membership=member, superseded_by=None).order_by("-round", "-id").first()
    if feedback is not None and feedback.answered_at is not None:
        happened.append(_judged(feedback))
    urgable = case.status in next(row.sources for row in CASE.acts if row.verb == "urging.urge")
    again = next((h.at + URGING for h in happened if h.what == "case.urged" and h.own and h.at + URGING > now), None)
    ended = case.closed_at + policies.window_of(case) if case.closed_at else None
    return Following(
        report=report,
        case=case,
        holder=_holder(handovers, teller),
        waiting=_waiting(case, progress, handovers, lang),
        promise=_promise(member, case, clocks, replies, lang),
        due={c.kind: c.due_at for c in clocks if c.stopped_at is None and c.due_at is not None},
        happened=tuple(sorted(happened, key=lambda h: h.at)[::-1]),
        readings=_readings(report, lang),
        others=max(0, case.reports_count - 1),
        feedback=feedback,
        may_object=case.status == Status.DECLINED and not any(e.verb == "case.objected" for e in entries),
        reopen_until=ended if case.status == Status.CLOSED and ended and now <= ended and handovers else None,
        may_add=policies.may_be_added_to(case, now),
        may_withdraw=any(m.verb == "withdrawing.withdraw" for m in CASE.open_moves(case.status)),
        goes_on=case.reports_count > 1 or case.community or case.urgency == Urgency.EMERGENCY,
        part=member.part_text,
        parts=_parts(members, member),
        still=_still(case),
        may_urge=urgable and again is None,
        urge_again_at=again if urgable else None,
    )


def case_of(report: Report, part: str = "") -> int:
    """Give the case a report belongs to now, the one of this number among several. :raises NotFound: none."""
    return _of_part(_memberships(report), part).case_id


def feedback_of(report: Report, part: str = "") -> Feedback:
    """Give what is asked of this caller, or what he answered last. :raises NotFound: nothing was asked yet."""
    rows = Feedback.objects.filter(membership__report=report, superseded_by=None).select_related("case")
    if part:
        rows = rows.filter(case__number=part)
    row = rows.order_by("-round", "-id").first()
    if row is None:
        raise NotFound
    return row


def asked(row: Feedback, *, lang: str) -> Asked:
    """Give what the three questions of `row` are about."""
    member = Membership.objects.select_related("report", "case").get(id=row.membership_id)
    reply = Reply.objects.filter(case=row.case_id).exclude(approved_at=None).order_by("-approved_at").first()
    body = bodies.names().get(reply.by_body_id) if reply else None
    return Asked(
        member.report_id,
        member.report.number,
        member.report.title,
        body.called(lang) if body else "",
        reply.text_for_caller if reply else "",
        row.answered_at is not None,
        policies.window_of(member.case).days,
    )


def receipt(report_id: int, *, tenant_id: int, lang: str) -> Receipt:
    """Give what the sender reads after sending. :raises NotFound: no such report."""
    report = Report.objects.filter(tenant_id=tenant_id, id=report_id).first()
    if report is None:
        raise NotFound
    member = _membership(report)
    clocks = list(Clock.objects.filter(case=member.case, kind="promise").order_by("id"))
    promise = _promise(member, member.case, clocks, {}, lang)
    seen = Suggestion.objects.filter(report=report, stage__in=("classify", "route", "locate")).order_by("id")
    said = {one.stage: one for one in seen}
    first, located = _likely(said), said.get("locate")
    spot = located.candidates[0] if located and located.candidates else {}
    known = bodies.names().get(first.get("value") or 0)
    return Receipt(
        number=report.number,
        title=report.title,
        due_at=promise.first_due_at,
        why=promise.why,
        provisional=promise.provisional,
        body=known.called(lang) if known else "",
        item=str(first.get("item") or ""),
        place=report.place_name,
        joined=member.case.reports_count - 1 if member.why == "joined" else 0,
        voice=report.voice,
        elsewhere=str(spot.get("elsewhere") or ""),
        at_home=spot.get("level") == "home",
        dangers=risks.of_own_words(danger.look([report.text_shown])[0]),
    )


# --- pieces ------------------------------------------------------------------------------------------------


def _likely(said: Mapping[str, Suggestion]) -> Mapping[str, Any]:
    """Give the body that the list names for a matter that triage is sure of; else nothing: the desk looks first.

    Of two that fit alike, of one that hangs on a question, and of a text that it cannot read, none is told as likely.
    """
    route, matter = said.get("route"), said.get("classify")
    if route is None or not route.candidates or (matter is not None and matter.abstained not in ("", "skipped")):
        return {}
    first: Mapping[str, Any] = route.candidates[0]
    return first if first.get("outcome") in ("named", "named_with_assist") else {}


def _membership(report: Report) -> Membership:
    return _of_part(_memberships(report), "")


def _memberships(report: Report) -> list[Membership]:
    """Give where the report belongs and belonged, those that last first, then the newest."""
    rows = Membership.objects.filter(report=report).select_related("case").order_by("-from_at", "-id")
    return sorted(rows, key=lambda m: m.to_at is not None)


def _of_part(members: Sequence[Membership], part: str) -> Membership:
    found = [m for m in members if not part or m.case.number == part and m.to_at is None]
    if not found:
        raise NotFound
    return found[0]


def _parts(members: Sequence[Membership], member: Membership) -> tuple[PartOf, ...]:
    lasting = sorted((m for m in members if m.to_at is None), key=lambda m: m.case_id)
    if len(lasting) < 2:
        return ()
    return tuple(
        PartOf(m.case.number, m.part_text or m.case.title, m.case.status, m.case_id == member.case_id) for m in lasting
    )


def _last_said(case_ids: Iterable[int]) -> dict[int, Progress]:
    rows = Progress.objects.filter(case__in=list(case_ids)).order_by("case_id", "-id").distinct("case_id")
    return {row.case_id: row for row in rows}


def _row(member: Membership, said: Progress | None, lang: str, *, is_part: bool) -> Row:
    case = member.case
    body = bodies.names().get(case.lead_id or 0)
    waits = said is not None and case.status == Status.HANDLING
    still = case.status in (Status.SUSPENDED, Status.BANKED)  # its day may stand still
    return Row(
        number=member.report.number,
        title=member.part_text or member.report.title,
        said_at=member.report.said_at,
        status=case.status,
        body=body.called(lang) if body else "",
        due_at=case.promise_due_at if still else member.promise_due_at or case.promise_due_at,
        waiting_for=said.waiting_for if waits and said is not None else "",
        report_id=member.report_id,
        part=case.number if is_part else "",
    )


def _holder(handovers: Sequence[Handover], teller: "Teller") -> Holder | None:
    for row in reversed(handovers):
        if row.role == Role.LEAD and row.status in OPEN_HANDOVER:
            return Holder(teller.called(row.body_id), row.signed_at or row.offered_at, row.status, cited(row.duty_item))
    return None


def _waiting(case: Case, progress: Sequence[Progress], handovers: Sequence[Handover], lang: str) -> Waiting | None:
    """What the body that has it now said last that it waits for."""
    signed = max((h.signed_at for h in handovers if h.status == HandoverStatus.SIGNED and h.signed_at), default=None)
    if case.status != Status.HANDLING or not progress or signed is None:
        return None
    last = progress[-1]
    if not last.waiting_for or last.at < signed or last.body_id != case.lead_id:
        return None
    return Waiting(last.waiting_for, last.until_date, bodies.names()[last.body_id].called(lang), last.at)


def _promise(
    member: Membership, case: Case, clocks: Sequence[Clock], replies: Mapping[int, Reply], lang: str
) -> Promise:
    clock = next((c for c in reversed(clocks) if c.kind == "promise"), None)
    answered = min((r.approved_at for r in replies.values() if r.approved_at), default=None)
    if answered is None and case.status in ENDS:
        answered = case.closed_at or case.status_since
    if clock is None:
        return Promise(member.promise_due_at, member.promise_due_at, answered, (), provisional=False, paused=False)
    due = (
        worktime.due(reckoning.as_kernel(clock), bodies.calendar_by_label(clock.calendar).calendar)
        if clock.due_at
        else None
    )
    why = tuple(worktime.explain(due, "zh" if lang.startswith("zh") else "en")) if due else ()
    return Promise(
        first_due_at=member.promise_due_at or clock.due_at,
        due_at=clock.due_at,
        answered_at=answered,
        why=why,
        provisional=clock.provisional,
        paused=reckoning.is_paused(clock),
    )


def _still(case: Case) -> Still:
    if case.status == Status.SUSPENDED:
        row = Suspension.objects.filter(case=case, ended_at=None, verdict="approved").first()
        if row is not None:
            return Still(limits.load().suspension[row.ground].name, row.told_caller)
    if case.status == Status.BANKED:
        asleep = Banking.objects.filter(case=case, ended_at=None, verdict="approved").first()
        if asleep is not None:
            return Still(None, asleep.told_caller, asleep.waits_for, asleep.review_date)
    return Still()


def _readings(report: Report, lang: str) -> tuple[Looked, ...]:
    known = bodies.names()
    rows = accounts.readings_of("cases_report", report.id)
    return tuple(
        Looked(
            r.at,
            known[r.body_id].called(lang) if r.body_id in known else r.post_title,
            r.purpose,
            r.reason,
            tuple(r.fields),
            r.actor == "system",
        )
        for r in rows
    )


def _judged(row: Feedback) -> Happened:
    codes = {"contacted": row.contacted, "solved": row.solved, "satisfied": row.satisfied}
    return Happened(
        row.answered_at or row.asked_at, "feedback.answered", codes=codes, words={"text": row.text_shown}, own=True
    )

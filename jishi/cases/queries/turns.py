"""What has happened to public cases, one public step after another, in the codes of the updates of Open311 (13 §7)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from jishi.cases.models import Case, Membership, Reply
from jishi.cases.queries import public
from jishi.cases.queries.public import Wanted
from jishi.foundation import trail

# Entry of the trail → state in the updates; only these are told to strangers.
STEPS: Mapping[str, str] = {
    "case.received": "OPEN", "case.offered": "INVESTIGATING", "case.consultation_opened": "INVESTIGATING",
    "case.contested": "INVESTIGATING", "case.ruled": "INVESTIGATING", "handover.returned": "INVESTIGATING",
    "handover.returned_by_time": "INVESTIGATING", "handover.signed": "IN_PROGRESS",
    "handover.signed_by_time": "IN_PROGRESS", "case.upheld": "IN_PROGRESS", "case.replied": "IN_PROGRESS",
    "case.sent_back": "IN_PROGRESS", "case.suspended": "ACTION_SCHEDULED", "case.banked": "ACTION_SCHEDULED",
    "case.resumed": "IN_PROGRESS", "case.taken_up": "IN_PROGRESS", "case.reply_approved": "CLOSED",
    "case.answered_at_once": "CLOSED", "case.settled_on_spot": "FIXED", "case.declined": "NOT_COUNCILS_RESPONSIBILITY",
    "case.decline_overturned": "OPEN", "case.withdrawn": "CLOSED", "case.absorbed": "DUPLICATE",
    "case.restored": "OPEN", "case.parted": "OPEN", "case.sent_back_by_feedback": "OPEN", "case.reopened": "OPEN",
    "case.reopened_elsewhere": "OPEN", "case.terminated": "NO_FURTHER_ACTION",
}  # fmt: skip
BY_OUTCOME = {
    "solved": "FIXED", "partly": "ACTION_SCHEDULED", "planned": "ACTION_SCHEDULED", "explained": "NO_FURTHER_ACTION",
    "not_true": "NO_FURTHER_ACTION",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Turn:
    """One public step of one report. `text`: the public words of an approved answer, else empty."""

    id: str
    number: str
    status: str
    step: str
    at: datetime
    text: str


def turns(*, tenant_id: int, since: datetime, until: datetime, area: str, limit: int) -> list[Turn]:
    """List public steps of these days, newest first; four statements, whatever their number."""
    there = public.filtered(Wanted(area=area), tenant_id=tenant_id)
    members = Membership.objects.filter(tenant_id=tenant_id, report__in=there)
    changed = Case.objects.filter(tenant_id=tenant_id, opened_at__isnull=False, changed_at__gte=since)
    ids = members.filter(case__in=changed).values("case_id")
    entries = trail.Entry.objects.filter(
        tenant_id=tenant_id, subject_kind="case", subject_id__in=ids, verb__in=list(STEPS), at__gte=since, at__lte=until
    )
    rows = list(entries.order_by("-at", "-subject_id", "-seq")[:limit])
    of_case: dict[int, list[Membership]] = {}
    for m in members.filter(case__in={e.subject_id for e in rows}).select_related("report").order_by("report_id"):
        of_case.setdefault(m.case_id, []).append(m)
    return _told(rows, of_case, _texts(tenant_id, rows))[:limit]


def _told(
    rows: Sequence[trail.Entry], of_case: Mapping[int, Sequence[Membership]], texts: Mapping[int, str]
) -> list[Turn]:
    return [
        Turn(
            f"{m.report.number}-{e.subject_id}-{e.seq}", m.report.number, _status(e), e.verb, e.at,
            texts.get(int(e.codes.get("reply") or 0), ""),
        )
        for e in rows
        for m in of_case.get(e.subject_id, ())
        if m.from_at <= e.at and (m.to_at is None or e.at <= m.to_at)  # what happened without him is not his
    ]  # fmt: skip


def _status(entry: trail.Entry) -> str:
    if entry.verb == "case.reply_approved":
        return BY_OUTCOME.get(str(entry.codes.get("outcome")), "CLOSED")
    if entry.verb == "case.declined" and entry.codes.get("ground") == "same_facts":
        return "DUPLICATE"
    return STEPS[entry.verb]


def _texts(tenant_id: int, rows: Sequence[trail.Entry]) -> dict[int, str]:
    approved = [int(e.codes.get("reply") or 0) for e in rows if e.verb == "case.reply_approved"]
    answers = Reply.objects.filter(tenant_id=tenant_id, id__in=approved).exclude(approved_at=None)
    return dict(answers.values_list("id", "text_public"))

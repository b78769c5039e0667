"""复核: the answers "not solved" that wait for a reviewer, with what he needs to judge each (spec 10 §5, row 22)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from jishi.cases import policies
from jishi.cases.actions import moving, rechecking
from jishi.cases.models import Case, Feedback, Recheck, Reply
from jishi.cases.queries import work
from jishi.cases.queries.work import ToReview
from jishi.cases.states import Status
from jishi.foundation import trail
from jishi.foundation.actor import Actor

CHUNK, MOST = 100, 2_000  # of the clocks that run: how many at once, how many the office looks through
OWN = {"case.replied": "own_reply", "case.recheck_called": "wrote_down"}  # entry of the actor's → why he does not look


@dataclass(frozen=True, slots=True)
class Said:
    """One caller's "not solved", without his name, and what others found of it before in this round."""

    row: Feedback
    number: str
    before: tuple[Recheck, ...]
    why_not: str  # "", own_reply, wrote_down, looked


@dataclass(frozen=True, slots=True)
class Opened:
    """One case that waits: the reply which its callers judge, and who of them says it is not solved."""

    reply: Reply | None
    said: tuple[Said, ...]

    @property
    def to_judge(self) -> Said | None:
        """The oldest answer that this actor may judge."""
        return next((one for one in self.said if not one.why_not), None)


def waiting(*, by: Actor, now: datetime, lang: str, limit: int = 100) -> list[ToReview]:
    """List the cases that wait, by the clock of the second look; the office sees those that no reviewer may judge."""
    rows = work.running("recheck", Status.FEEDBACK, by)
    shown = rows[:limit] if by.has("reviewer") else _left(rows, limit)
    return [ToReview(c.case, work.ticked(c, lang, now)) for c in shown]


def _left(rows: Any, limit: int) -> list[Any]:
    """Give the first of those that no reviewer may judge, looked for among the first `MOST`, `CHUNK` at a time."""
    found: list[Any] = []
    for at in range(0, MOST, CHUNK):
        some = list(rows[at : at + CHUNK])
        left = policies.none_looks_again([c.case for c in some])
        found += [c for c in some if c.case_id in left]
        if len(some) < CHUNK or len(found) >= limit:
            break
    return found[:limit]


def count(*, by: Actor) -> int:
    """Count what waits for a reviewer; one statement."""
    return int(work.running("recheck", Status.FEEDBACK, by).count())


def opened(case: Case, *, by: Actor) -> Opened:
    """Give what stands there to be judged; four statements."""
    rows = rechecking.standing(case)
    mine = _done_by(case, by)
    before: dict[int, list[Recheck]] = {}
    for one in Recheck.objects.filter(case=case).select_related("feedback").order_by("id"):
        if rows and one.feedback.round == rows[0].round:
            before.setdefault(one.feedback.membership_id, []).append(one)
    reply = Reply.objects.filter(case=case).exclude(approved_at=None).select_related("by_body").order_by("-id").first()
    found = [_said(row, tuple(before.get(row.membership_id, ())), mine, by) for row in rows]
    return Opened(reply, tuple(found))


def _done_by(case: Case, by: Actor) -> str:
    """Say why the actor judges nothing of this case, if so."""
    entries = trail.Entry.objects.filter(subject_kind="case", subject_id=case.id, verb__in=list(OWN))
    did = entries.values_list("verb", "actor")
    own = {verb for verb, actor in did if moving.person(actor) == moving.person(by.label)}
    return next((why for verb, why in OWN.items() if verb in own), "")


def _said(row: Feedback, before: tuple[Recheck, ...], mine: str, by: Actor) -> Said:
    looked = any(moving.person(one.reviewer) == moving.person(by.label) for one in before)
    own = "wrote_down" if moving.person(row.recorded_by) == moving.person(by.label) else ""
    return Said(row, row.membership.report.number, before, mine or own or ("looked" if looked else ""))


def denied(case: Case) -> Mapping[int, Recheck]:
    """Give, by answer, why it did not go back."""
    return {one.feedback_id: one for one in Recheck.objects.filter(case=case, verdict="denied")}

"""卡住的事: the few things that are stuck, for the leading group office and for supervisors (spec 10 §17).

A fixed number of statements, whatever the rows; each list is short and says how much more there is.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from django.db.models import Exists, F, OuterRef, Q, QuerySet

from jishi.bodies import queries as bodies
from jishi.cases import policies
from jishi.cases.actions import reminding
from jishi.cases.models import (
    Banking,
    Case,
    Clock,
    Digest,
    Escalation,
    Extension,
    Supervision,
    Suspension,
    Termination,
    Whistle,
)  # fmt: skip
from jishi.cases.queries import ticking
from jishi.cases.states import CASE, HandoverStatus, Status, SupervisionStatus
from jishi.foundation.actor import Actor
from jishi.kernels.procedure import Spoken

FEW = 20  # of each list
SECOND = 2  # returns
PLACED = (Status.RECEIVED, Status.CONSULTING)


@dataclass(frozen=True, slots=True)
class Line:
    """One stuck thing: which case, with whom, since when, and the fact that makes it stuck."""

    number: str
    title: str
    urgency: str
    status: str
    body: str
    since: datetime | None = None
    due_at: datetime | None = None
    day: date | None = None
    words: str = ""
    kind: Spoken | None = None
    code: str = ""
    late: bool = False
    row: int = 0


@dataclass(frozen=True, slots=True)
class Lot:
    """One list of stuck things; `more`: there are others than these."""

    code: str
    lines: Sequence[Line]
    more: bool


@dataclass(frozen=True, slots=True)
class Stuck:
    lots: Sequence[Lot] = field(default_factory=tuple)

    @property
    def all(self) -> int:
        return sum(len(lot.lines) for lot in self.lots)


def stuck(*, by: Actor, now: datetime, lang: str) -> Stuck:
    """Give what is stuck among the cases this actor sees: a statement for each list, the longest list last."""
    seen = policies.visible_to(by, Case.objects.filter(status__in=sorted(CASE.open_states)))
    made: list[tuple[str, QuerySet[Any], Callable[[Any], Line]]] = [
        ("unplaced", policies.without_a_desk(seen.filter(status__in=PLACED)).order_by("status_since", "id"),
         lambda r: _of(r, lang, words=_accused(r, lang))),
        ("supervised", _supervised(by), lambda r: _of_supervision(r, lang, now)),
        ("returned", seen.filter(returns_count__gte=SECOND).order_by("status_since", "id"), lambda r: _of(r, lang)),
        ("contested", _contested(seen, now), lambda r: _of_clock(r, lang)),
        ("asleep", reminding.asleep(now, by).filter(case__in=seen).select_related("case"),
         lambda r: _of_banking(r, lang)),
        ("lapsed", _lapsed(seen), lambda r: _of(r.case, lang, words=r.what, since=r.blown_at)),
        ("no_day", _without_day(seen), lambda r: _of_clock(r, lang)),
        ("overdue", _overdue(seen), lambda r: _of_clock(r.clock, lang)),
    ]  # fmt: skip
    return Stuck(tuple(_lot(code, rows, line) for code, rows, line in made))


def _accused(case: Case, lang: str) -> str:
    known = bodies.names()
    return (", " if lang == "en" else "、").join(known[b].called(lang) for b in case.accused_body_ids if b in known)


def asked(*, by: Actor, lang: str) -> Sequence[Lot]:
    """Give the requests that this actor may decide on, oldest first; a statement for each kind.

    What a body asked that has answered since, or holds the case no more, is not among them: nobody can decide on it.
    """
    seen = policies.visible_to(by, Case.objects.filter(status__in=sorted(CASE.open_states)))
    ours = by.body_ids | by.tied_to
    kinds: list[tuple[str, QuerySet[Any], str]] = []
    if by.has("supervisor"):
        kinds += [
            ("suspension", Suspension.objects.filter(_of_the_holder("clocks.suspend"), ended_at=None), "words"),
            ("extension", _of_a_running_clock(), "reason_for_caller"),
            ("termination", Termination.objects.filter(_of_the_holder("handling.terminate")), "what_was_needed"),
        ]
    if by.has("office"):
        banking = Banking.objects.filter(_of_the_holder("banking.bank"), ended_at=None)
        kinds.append(("banking", banking, "why_unsolvable"))
    return [
        _lot(code, rows.filter(verdict="", case__in=seen).exclude(asked_body__in=ours).select_related("case")
             .order_by("asked_at", "id"), _request(text, lang))
        for code, rows, text in kinds
    ]  # fmt: skip


def _of_the_holder(verb: str) -> Q:
    """Where the table still lets `verb` decide: the body that asked holds the case, which is at its moment."""
    states = {s for move in CASE.moves if move.verb == verb for s in move.sources}
    return Q(handover__status=HandoverStatus.SIGNED, case__status__in=sorted(states))


def _of_a_running_clock() -> QuerySet[Extension]:
    """A clock that stands still has no day that could be moved (`clocks.extend` insists on the same)."""
    return Extension.objects.filter(clock__stopped_at=None, clock__due_at__isnull=False)


def _request(text: str, lang: str) -> Callable[[Any], Line]:
    return lambda row: _of(row.case, lang, words=str(getattr(row, text)), since=row.asked_at)


def asleep(*, by: Actor, lang: str, now: datetime) -> Lot:
    """Give the sleeping cases that are offered again this week: their day comes, or what they wait for has come."""
    seen = policies.visible_to(by, Case.objects.filter(status="BANKED"))
    rows = reminding.asleep(now, by).filter(case__in=seen).select_related("case")
    return _lot("asleep", rows, lambda r: _of_banking(r, lang))


def banked(*, by: Actor, lang: str, after: str = "") -> Lot:
    """Give the banked cases this actor sees, the nearest review first; one statement."""
    seen = policies.visible_to(by, Case.objects.filter(status="BANKED"))
    rows = Banking.objects.filter(verdict="approved", ended_at=None, case__in=seen).select_related("case")
    if after:
        day, _, number = after.partition("~")
        rows = rows.filter(Q(review_date__gt=day) | Q(review_date=day, id__gt=int(number)))
    return _lot("banked", rows.order_by("review_date", "id"), lambda r: _of_banking(r, lang))


@dataclass(frozen=True, slots=True)
class Reminded:
    """One digest of mine: when, and what it was about."""

    made_at: datetime
    urgent: bool
    lines: Sequence[Line]


def reminders(*, by: Actor, lang: str, now: datetime) -> Sequence[Reminded]:
    """Give the latest digests of this person with what each was about; three statements."""
    mine = list(Digest.objects.filter(tenant_id=by.tenant_id, account=by.account_id or 0).order_by("-id")[:20])
    ids = {i for d in mine for i in d.rungs}
    rungs = {e.id: e for e in Escalation.objects.filter(id__in=ids).select_related("case", "clock")}
    sleeping = {i for d in mine for i in d.bankings}
    asleep = {b.id: b for b in Banking.objects.filter(id__in=sleeping).select_related("case")}
    return [
        Reminded(d.made_at, d.urgent, [
            *(_of_clock(rungs[i].clock, lang, code=rungs[i].step, now=now) for i in d.rungs if i in rungs),
            *(_of_banking(asleep[i], lang) for i in d.bankings if i in asleep),
        ])
        for d in mine
    ]  # fmt: skip


# --- the lists ---------------------------------------------------------------------------------------------


def _overdue(seen: QuerySet[Case]) -> QuerySet[Any]:
    """Clocks that have climbed the last rung and still run: one line a case, its oldest."""
    rows = Escalation.objects.filter(step="three_days_after", clock__stopped_at=None, clock__due_at__isnull=False)
    rows = rows.filter(case__in=seen).order_by("case_id", "fell_at", "id").distinct("case_id")
    return Escalation.objects.filter(id__in=rows.values("id")).select_related("clock__case").order_by("fell_at", "id")


def _supervised(by: Actor) -> QuerySet[Any]:
    seen = policies.visible_to(by, Case.objects.all())
    rows = Supervision.objects.filter(case__in=seen).exclude(status=SupervisionStatus.LIFTED)
    return rows.select_related("case", "clock").order_by("opened_at", "id")


def _contested(seen: QuerySet[Case], now: datetime) -> QuerySet[Any]:
    rows = Clock.objects.filter(kind__in=("consult", "ruling"), stopped_at=None, due_at__lt=now, case__in=seen)
    return rows.filter(case__status="CONSULTING").select_related("case").order_by("due_at", "id")


def _lapsed(seen: QuerySet[Case]) -> QuerySet[Any]:
    """Whistles that nobody answered and that were not blown again since."""
    again = Whistle.objects.filter(case=OuterRef("case"), id__gt=OuterRef("id"))
    rows = Whistle.objects.filter(~Exists(again), status="LAPSED", case__in=seen)
    return rows.select_related("case").order_by("id")


def _without_day(seen: QuerySet[Case]) -> QuerySet[Any]:
    """A promise that no calendar reaches yet: in plain sight, never silently late (11 §7)."""
    rows = Clock.objects.filter(kind="promise", stopped_at=None, due_at=None, provisional=True, case__in=seen)
    return rows.filter(case__status=F("case__status")).select_related("case").order_by("started_at", "id")


def _lot(code: str, rows: QuerySet[Any], line: Callable[[Any], Line]) -> Lot:
    found = list(rows[: FEW + 1])
    return Lot(code, [line(row) for row in found[:FEW]], len(found) > FEW)


def _of(case: Case, lang: str, *, body: int | None = None, **more: Any) -> Line:
    holder = bodies.names().get(body or case.lead_id or 0)
    given = {"since": case.status_since, **more}
    return Line(case.number, case.title, case.urgency, case.status, holder.called(lang) if holder else "", **given)


def _of_clock(clock: Clock, lang: str, *, code: str = "", now: datetime | None = None) -> Line:
    late = clock.due_at is not None and (now is None or clock.due_at < now) and clock.stopped_at is None
    return _of(
        clock.case, lang, body=clock.owner_body_id, since=clock.started_at, due_at=clock.due_at, late=late, code=code,
        kind=ticking.name_of(clock.kind),
    )  # fmt: skip


def _of_supervision(row: Supervision, lang: str, now: datetime) -> Line:
    due = row.clock.due_at if row.clock is not None and row.status == SupervisionStatus.OPENED else None
    return _of(
        row.case, lang, body=row.body_id, since=row.opened_at, due_at=due, words=row.demand, code=row.status,
        late=due is not None and due < now,
    )  # fmt: skip


def _of_banking(row: Banking, lang: str) -> Line:
    return _of(
        row.case, lang, since=row.from_at, day=row.review_date, words=row.came_true_words or row.waits_for,
        code="came_true" if row.came_true_at else "", row=row.id,
    )  # fmt: skip

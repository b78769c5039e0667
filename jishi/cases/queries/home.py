"""What home pages show of cases: counts before each desk, my own matters, what the neighbourhood said last week."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db import connection
from django.db.models import Count, Exists, OuterRef, Q
from django.utils.timezone import localdate
from django.utils.translation import get_language

from jishi.bodies import queries as bodies
from jishi.cases import policies
from jishi.cases.models import Case, Clock, Handover, Membership, Report
from jishi.cases.states import CASE, ENDS, HandoverStatus, Status
from jishi.duties import queries as duties
from jishi.foundation import ends, scope
from jishi.foundation.actor import Actor
from jishi.foundation.sealed import Owner


@dataclass(frozen=True, slots=True)
class Mine:
    """One matter of a resident."""

    number: str
    title: str
    status: str
    lead: str
    promise: date | None


@dataclass(frozen=True, slots=True)
class Week:
    """What residents said in seven whole days; the four counts add up."""

    from_day: date
    to_day: date
    said: int
    answered: int
    overdue: int
    running: int
    most: tuple[tuple[duties.MatterRow, int], ...]


def counts(actor: Actor, now: datetime) -> dict[str, int]:
    """Count what waits before each desk that the actor's roles open; at most four statements."""
    found: dict[str, int] = {}
    if actor.has("dispatcher"):
        found["dispatch"] = _cases(actor, Q(status=Status.RECEIVED))
    if actor.has("reviewer"):
        looks = Clock.objects.filter(case=OuterRef("pk"), kind="recheck", stopped_at=None)
        found["review"] = _cases(actor, Q(status=Status.REPLIED) | Q(Exists(looks), status=Status.FEEDBACK))
    if actor.has("feedback"):
        found["feedback"] = _cases(actor, Q(status=Status.FEEDBACK))
    if actor.has("handler") and actor.body_ids:
        waiting = Q(status=HandoverStatus.OFFERED, body__in=actor.body_ids)
        found["inbox"] = Handover.objects.filter(waiting, tenant_id=actor.tenant_id).count()
    return found


def _cases(actor: Actor, which: Q) -> int:
    return policies.visible_to(actor, Case.objects.filter(which)).count()


def mine(actor: Actor, now: datetime, *, limit: int = 5) -> list[Mine]:
    """List the newest matters of a resident or reporter, open ones first."""
    reports = policies.reports_of(actor).order_by("-id").values_list("id", flat=True)[:50]
    rows = Membership.objects.filter(report__in=list(reports), to_at=None).select_related("case").order_by("-case_id")
    known = bodies.names()
    found = [
        Mine(
            m.case.number, m.case.title, m.case.status,
            known[m.case.lead_id].called(get_language() or "zh") if m.case.lead_id in known else "",
            ends.last_day(m.promise_due_at) if m.promise_due_at else None,
        )
        for m in rows
    ]  # fmt: skip
    return sorted(found, key=lambda one: one.status in ENDS)[:limit]


def report_numbers(actor: Actor) -> dict[str, str]:
    """Give the newest own report number by case number: the address of its timeline."""
    rows = Membership.objects.filter(report__in=policies.reports_of(actor), to_at=None).order_by("report_id")
    return {m.case.number: m.report.number for m in rows.select_related("case", "report")[:100]}


def week(now: datetime) -> Week | None:
    """Count the last seven whole days; None when nobody said anything. A count is kept in memory for the day."""
    to_day = localdate(now)
    key = (str(connection.settings_dict["NAME"]), scope.current().actor.tenant_id, to_day)
    if key not in _weeks:
        counted = _week(to_day - timedelta(days=7), to_day, now)
        if counted is None:
            return None
        if len(_weeks) > 50:
            _weeks.clear()
        _weeks[key] = counted
    return _weeks[key]


def forget() -> None:
    """Count anew: past lives were taken in after somebody looked."""
    _weeks.clear()


_weeks: dict[tuple[str, int, date], Week] = {}


def _week(from_day: date, to_day: date, now: datetime) -> Week | None:
    tenant_id = scope.current().actor.tenant_id
    rows = Case.objects.filter(tenant_id=tenant_id, received_at__date__gte=from_day, received_at__date__lt=to_day)
    rows = rows.filter(accused_body_ids=[])  # kept for all readers of a day: nothing that one of them may not count
    running = Q(status__in=[s for s in Status if s not in CASE.ends and s != Status.FEEDBACK])
    told = rows.aggregate(
        said=Count("id"),
        late=Count("id", filter=running & Q(promise_due_at__lt=now)),
        running=Count("id", filter=running),
    )
    if not told["said"]:
        return None
    most = rows.exclude(matter="").values("matter").annotate(n=Count("id")).order_by("-n", "matter")[:3]
    matters = duties.matters()
    named = tuple((matters[row["matter"]], row["n"]) for row in most if row["matter"] in matters and row["n"] >= 5)
    return Week(
        from_day, to_day - timedelta(days=1), told["said"], told["said"] - told["running"], told["late"],
        told["running"] - told["late"], named,
    )  # fmt: skip


def own_rows(actor: Actor) -> Sequence[Owner]:
    """Name the rows of this person that may hold sealed fields: his own reports."""
    if actor.kind not in ("resident", "reporter"):
        return []
    ids = policies.reports_of(actor).order_by("-id").values_list("id", flat=True)[:500]
    return [(Report._meta.db_table, report_id) for report_id in ids]


def state_word(status: str) -> str:
    """Give the Chinese word of a state."""
    return CASE.state(status).name.zh


def is_over(status: str) -> bool:
    """Tell whether a state ends the life."""
    return status in CASE.ends

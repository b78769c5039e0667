"""What the day holds for each office: running clocks by state, and where to begin. Two statements an office."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, F, Min, Q, QuerySet
from django.utils.timezone import localtime

from jishi.cases import policies
from jishi.cases.actions import reckoning
from jishi.cases.models import Case, Clock
from jishi.cases.queries import ticking
from jishi.cases.states import CASE, OWED, HandoverStatus, Role, Status
from jishi.foundation.actor import Actor

BESIDES = ("contact",)  # runs beside the clock that orders a case: counted by its kind alone
FIRST = 5  # rows to begin with; the desk shows the rest

# role → the clocks by which its desk works, each with the states of the case in which it counts
DESKS: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "dispatcher": {
        "dispatch": (Status.RECEIVED,), "return_answer": (Status.OFFERED, Status.HANDLING),
        "consult": (Status.CONSULTING,),
    },
    "reviewer": {"review": (Status.REPLIED,), "recheck": (Status.FEEDBACK,)},
    "feedback": {"feedback": (Status.FEEDBACK,)},
    "handler": {
        "sign": (Status.OFFERED,), "handling": (Status.HANDLING,), "reopen": (Status.HANDLING,),
        "contact": (Status.HANDLING,),
    },
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Begin:
    """One case to begin with and the clock that presses."""

    number: str
    title: str
    urgency: str
    kind: str  # of the clock
    due_at: datetime | None
    share_used: float
    late: bool
    paused: bool


@dataclass(frozen=True, slots=True)
class Standing:
    """The cases of one desk by the clock that orders them: late + today + later == all. `by_kind` counts clocks."""

    all: int
    late: int
    today: int
    later: int
    oldest: datetime | None
    by_kind: Mapping[str, int]
    begin: tuple[Begin, ...]


@dataclass(frozen=True, slots=True)
class Promises:
    """The open cases this actor sees, by the promise to the resident: late + today + later == all."""

    all: int
    late: int
    today: int
    later: int
    consulting: int
    received_today: int


def standing(role: str, *, by: Actor, now: datetime) -> Standing:
    """Count the running clocks of the desk of `role` and give the most pressing cases; two statements."""
    rows = _running(role, by)
    ends = midnight(now)
    kinds = list(DESKS[role])
    states = {"all": Q(), "late": Q(due_at__lt=now), "today": Q(due_at__gte=now, due_at__lt=ends)}
    found = rows.aggregate(
        oldest=Min("started_at"),
        **{
            f"{name}_{kind}": Count("id", filter=Q(kind=kind) & held) for kind in kinds for name, held in states.items()
        },
    )  # fmt: skip
    summed = {
        name: sum(found[f"{name}_{kind}"] for kind in kinds if kind not in BESIDES) for name in ("all", "late", "today")
    }
    first = rows.exclude(kind__in=BESIDES).select_related("case")
    first = first.order_by(F("due_at").asc(nulls_last=True), "id")[:FIRST]
    return Standing(
        **summed, later=summed["all"] - summed["late"] - summed["today"], oldest=found["oldest"],
        by_kind={kind: found[f"all_{kind}"] for kind in kinds}, begin=tuple(_begin(c, now) for c in first),
    )  # fmt: skip


def promises(*, by: Actor, now: datetime) -> Promises:
    """Count the open cases, and those whose answer is owed by the day promised to the resident; one statement."""
    late = Q(status__in=OWED, promise_due_at__lt=now)
    today = Q(status__in=OWED, promise_due_at__gte=now, promise_due_at__lt=midnight(now))
    seen = policies.visible_to(by, Case.objects.filter(status__in=CASE.open_states))
    found = seen.aggregate(
        all=Count("id"), late=Count("id", filter=late), today=Count("id", filter=today),
        consulting=Count("id", filter=Q(status=Status.CONSULTING)),
        received_today=Count("id", filter=Q(received_at__gte=midnight(now) - timedelta(days=1))),
    )  # fmt: skip
    return Promises(**found, later=found["all"] - found["late"] - found["today"])


def overdue(*, by: Actor, now: datetime) -> tuple[Begin, ...]:
    """Give the open cases whose promise has passed the longest; one statement."""
    seen = policies.visible_to(by, Case.objects.filter(status__in=OWED, promise_due_at__lt=now))
    rows = seen.order_by("promise_due_at", "id").values_list("number", "title", "urgency", "promise_due_at")[:FIRST]
    return tuple(Begin(n, t, urgency, "promise", due, 1.0, late=True, paused=False) for n, t, urgency, due in rows)


def _running(role: str, by: Actor) -> QuerySet[Clock]:
    here = Q()
    for kind, states in DESKS[role].items():
        here |= Q(kind=kind, case__status__in=states)
    rows = Clock.objects.filter(here, tenant_id=by.tenant_id, kind__in=list(DESKS[role]), stopped_at=None)
    if role == "handler":
        ours = Q(handover__body__in=by.body_ids, handover__role=Role.LEAD)
        return rows.filter(ours, handover__status__in=(HandoverStatus.OFFERED, HandoverStatus.SIGNED))
    every = {state for states in DESKS[role].values() for state in states}
    rows = rows.filter(case__in=policies.visible_to(by, Case.objects.filter(status__in=every)))
    return rows if role == "dispatcher" else rows.exclude(case__lead__in=by.body_ids)


def _begin(row: Clock, now: datetime) -> Begin:
    case: Any = row.case
    return Begin(
        case.number, case.title, case.urgency, row.kind, row.due_at, ticking.share(row, now),
        row.due_at is not None and row.due_at < now, reckoning.is_paused(row),
    )  # fmt: skip


def midnight(now: datetime) -> datetime:
    """The end of the local day."""
    return localtime(now).replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)

"""What a grid worker has before him: the open cases of his area, by grid, the earliest promise first."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Count, Q
from django.utils.timezone import localdate

from jishi.cases import policies
from jishi.cases.models import Case
from jishi.cases.queries.desks import Due
from jishi.cases.queries.today import midnight
from jishi.cases.states import CASE, OWED, Status
from jishi.duties import queries as duties
from jishi.foundation.actor import Actor
from jishi.places import queries as places

MOST = 50  # open cases on the page; the list of cases has them all
METRES = 300.0  # how sure a report is of its place that names nothing but its grid


@dataclass(frozen=True, slots=True)
class Grid:
    """One grid of the area with its open cases."""

    id: int
    code: str
    name: str
    open: int


@dataclass(frozen=True, slots=True)
class One:
    """One open case. `on_the_spot`: the book lets a grid worker settle it where it stands."""

    case: Case
    grid: str
    due: Due | None
    on_the_spot: bool


@dataclass(frozen=True, slots=True)
class Patch:
    """The area: its counts, its grids, the cases of the chosen grid or of all."""

    area: str
    all: int
    late: int
    today: int
    grids: tuple[Grid, ...]
    chosen: Grid | None
    cases: tuple[One, ...]


def grids_of(by: Actor, *, now: datetime) -> list[Any]:
    """List the grids of the actor's area, from memory; none without an area."""
    return places.grids_in(by.area, localdate(now)) if by.area else []


def patch(*, by: Actor, now: datetime, grid: str = "") -> Patch:
    """Give what the area holds now; two statements, whatever the rows."""
    seen = policies.visible_to(by, Case.objects.filter(status__in=sorted(CASE.open_states)))
    late = Q(status__in=OWED, promise_due_at__lt=now)
    today = Q(status__in=OWED, promise_due_at__gte=now, promise_due_at__lt=midnight(now))
    counted = {
        row[0]: row[1:]
        for row in seen.order_by().values_list("grid").annotate(
            all=Count("id"), late=Count("id", filter=late), today=Count("id", filter=today)
        )
    }
    grids = tuple(Grid(g.id, g.code, g.name, counted.get(g.id, (0,))[0]) for g in grids_of(by, now=now))
    chosen = next((g for g in grids if g.code == grid), None)
    rows = seen.filter(grid=chosen.id) if chosen else seen
    names, book = {g.id: g.name for g in grids}, duties.matters()
    found = [
        One(c, names.get(c.grid_id or 0, ""), _due(c, now), _is_spot(c, book))
        for c in rows.select_related("lead").order_by("promise_due_at", "id")[:MOST]
    ]
    area = next((d.short_name or d.name for d in places.communities(day=localdate(now)) if d.code == by.area), "")
    summed = [sum(row[i] for row in counted.values()) for i in range(3)]
    return Patch(area, summed[0], summed[1], summed[2], grids, chosen, tuple(found))


def _due(case: Case, now: datetime) -> Due | None:
    if case.promise_due_at is None:
        return None
    return due_in(case.received_at, case.promise_due_at, now)


def due_in(since: datetime, due_at: datetime, now: datetime) -> Due:
    """Give an obligation as its chip reads it."""
    whole = (due_at - since).total_seconds()
    gone = (now - since).total_seconds() / whole if whole > 0 else 1.0
    return Due(due_at, min(1.0, max(0.0, gone)), due_at < now)


def _is_spot(case: Case, book: Any) -> bool:
    matter = book.get(case.matter)
    return case.status == Status.RECEIVED and matter is not None and matter.spot


def spot_matters() -> list[Any]:
    """List the matters that may be settled where they stand."""
    return [m for m in duties.leaves() if m.spot]

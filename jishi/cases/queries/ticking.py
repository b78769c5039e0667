"""Clocks as a page shows them: what is left, how much has gone, and why on that day."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from jishi.bodies import queries as bodies
from jishi.cases.actions import reckoning
from jishi.cases.models import Clock
from jishi.cases.states import LIVES
from jishi.kernels import worktime
from jishi.kernels.procedure import Spoken


@dataclass(frozen=True, slots=True)
class Ticking:
    """One obligation on one case. `share_used` is of working time, 0 to 1; `why` tells how the day was reached."""

    kind: str
    name: Spoken
    owner: str  # name of the body that owes it; empty: the desk or the platform
    owner_party: Spoken
    started_at: datetime
    due_at: datetime | None
    stopped_at: datetime | None
    amount: str
    share_used: float
    late: bool
    paused: bool
    provisional: bool
    moved: bool  # a pause or an extension has moved the day
    why: tuple[str, ...]

    @property
    def running(self) -> bool:
        return self.stopped_at is None

    @property
    def met(self) -> bool:
        """It stopped in time (or never had a due moment)."""
        return self.stopped_at is not None and (self.due_at is None or self.stopped_at <= self.due_at)


def shown(rows: Iterable[Clock], *, lang: str, now: datetime) -> list[Ticking]:
    """Give clocks ready to show: running ones first, the earliest due first; no statement per row."""
    found = [_shown(row, lang, now) for row in rows]
    return sorted(found, key=lambda c: (not c.running, c.due_at is None, c.due_at or c.started_at, c.kind))


def share(clock: Clock, now: datetime) -> float:
    """Give the share of a running clock's time that has gone, by the wall: enough for the ring of a list."""
    if clock.due_at is None or clock.due_at <= clock.started_at:
        return 0.0
    return min(1.0, max(0.0, (now - clock.started_at) / (clock.due_at - clock.started_at)))


def name_of(kind: str) -> Spoken:
    """Give the name of a kind of clock."""
    return _table(kind)[0]


def _table(kind: str) -> tuple[Spoken, Spoken]:
    for life in LIVES:
        for row in life.clocks:
            if row.kind == kind:
                return row.name, life.party(row.owner).name
    raise KeyError(kind)


def _shown(row: Clock, lang: str, now: datetime) -> Ticking:
    name, party = _table(row.kind)
    body = bodies.names().get(row.owner_body_id or 0)
    used, why = _counted(row, lang, now)
    return Ticking(
        kind=row.kind, name=name, owner=body.called(lang) if body else "", owner_party=party, started_at=row.started_at,
        due_at=row.due_at, stopped_at=row.stopped_at, amount=worktime.written(worktime.parse_amount(row.amount), lang),
        share_used=used, late=row.stopped_at is None and row.due_at is not None and row.due_at < now,
        paused=row.stopped_at is None and reckoning.is_paused(row), provisional=row.provisional,
        moved=bool(row.pauses or row.extensions), why=why,
    )  # fmt: skip


def _counted(row: Clock, lang: str, now: datetime) -> tuple[float, tuple[str, ...]]:
    """Count again on the calendar the clock remembers; a year without table leaves the day open, and says nothing."""
    kernel, calendar = reckoning.as_kernel(row), bodies.calendar_by_label(row.calendar).calendar
    try:
        left = worktime.remaining(kernel, calendar, row.stopped_at or now)
    except worktime.CalendarNotKnown:
        return 0.0, ()
    lines = worktime.explain(worktime.due(kernel, calendar), lang, True)
    return float(left.share_used), tuple(lines)

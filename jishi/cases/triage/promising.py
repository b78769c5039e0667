"""By when? The item's own promise, or the default, on the working calendar (spec 12 §5, 11 §9)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from jishi.bodies import queries as bodies
from jishi.cases.states import CASE
from jishi.kernels import worktime

if TYPE_CHECKING:
    from jishi.cases.triage.looking import Words
    from jishi.cases.triage.routing import Route


@dataclass(frozen=True, slots=True)
class Promised:
    candidates: tuple[dict[str, Any], ...]
    abstained: str
    edition: str


SKIPPED = Promised((), "skipped", "")


def promise(batch: Sequence["Words"], routes: Sequence["Route"], *, now: datetime) -> list[Promised]:
    """Work out the day on which each would be answered; equal amounts are worked out once."""
    hours = bodies.hours_of([None])[None]
    done: dict[str, Promised] = {}
    default = CASE.clock("promise").amount
    out = []
    for route in routes:
        amount = route.promises.get("promise", default)
        if amount not in done:
            done[amount] = _promised(amount, hours, now)
        out.append(done[amount])
    return out


def _promised(amount: str, hours: bodies.Hours, now: datetime) -> Promised:
    try:
        due = worktime.add(now, worktime.parse_amount(amount), hours.calendar)
    except worktime.CalendarNotKnown:
        return Promised((), "calendar_not_known", hours.label)
    lines = worktime.explain(due, "zh", False)
    moment = due.moment.isoformat() if due.moment else None
    candidate = {"value": moment, "label": amount, "reason": "；".join(lines), "provisional": due.provisional}
    return Promised((candidate,), "", hours.label)

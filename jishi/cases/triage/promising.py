"""By when? The item's own promise, or the default, on the working calendar (spec 12 §5, 11 §9)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
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
BY_DAY = (worktime.Unit.WORKDAY, worktime.Unit.NATURAL_DAY, worktime.Unit.MONTH)
_MOST_KEPT = 500
_of_today: dict[tuple[str, date], tuple[bodies.Hours, Promised]] = {}


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
    """The day of the start is not counted (民法典 201): what is promised by days is the same all day, and is worked out
    once a day for each amount. Another edition of the calendar is another object, and asked anew."""
    length = worktime.parse_amount(amount)
    if length.unit not in BY_DAY:
        return _worked_out(amount, length, hours, now)
    key = (amount, now.astimezone(hours.calendar.tz).date())
    held = _of_today.get(key)
    if held is None or held[0] is not hours:
        if len(_of_today) >= _MOST_KEPT:
            _of_today.clear()
        held = _of_today[key] = (hours, _worked_out(amount, length, hours, now))
    return held[1]


def _worked_out(amount: str, length: worktime.Amount, hours: bodies.Hours, now: datetime) -> Promised:
    try:
        due = worktime.add(now, length, hours.calendar)
    except worktime.CalendarNotKnown:
        return Promised((), "calendar_not_known", hours.label)
    lines = worktime.explain(due, "zh", False)
    moment = due.moment.isoformat() if due.moment else None
    candidate = {"value": moment, "label": amount, "reason": "；".join(lines), "provisional": due.provisional}
    return Promised((candidate,), "", hours.label)

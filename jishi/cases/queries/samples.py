"""How far the draw of the feedback desk is: what is bound for tomorrow, what came out last."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.utils.timezone import localdate

from jishi.cases.models import FeedbackSample


@dataclass(frozen=True, slots=True)
class Draw:
    """For the desk: the last draw and its numbers; whether tomorrow's is bound, and when."""

    day: date | None
    asked: int
    drawn: int
    bound_at: datetime | None


def of_desk(*, now: datetime) -> Draw:
    """Give the last draw, and what is bound for tomorrow; two statements."""
    rows = FeedbackSample.objects.order_by("-day")
    last = rows.exclude(drawn_at=None).first()
    bound = rows.filter(day=localdate(now) + timedelta(days=1)).values_list("committed_at", flat=True).first()
    return Draw(last.day if last else None, len(last.ids) if last else 0, len(last.drawn) if last else 0, bound)

"""受理单位: whose desk may open a confidential name, to verify (spec 10 §13). Fixed as the report is taken in, once.

Who took it down at the desk is of that body. What comes by another road, the web form, a program, a grid worker, is of
the receiving desk whose place is the narrowest around the matter. A body complained about receives nothing.
"""

from collections.abc import Sequence
from datetime import datetime

from jishi.accounts import queries as accounts
from jishi.cases.models import Report
from jishi.cases.states import Voice
from jishi.foundation.actor import Actor

DESK = "operator"  # the post that receives
Desk = tuple[int, str]  # body, area


def set_receivers(reports: Sequence[Report], *, by: Actor, now: datetime) -> None:
    """This will name the receiving body of each confidential report, not stored yet; one statement, none without any.

    Where no desk is left, nobody receives it: the name opens by an unsealing alone.
    """
    closed = [report for report in reports if report.voice == Voice.CONFIDENTIAL]
    if not closed:
        return
    own = [(body, "") for body in by.body_ids] if by.has(DESK) else []
    for report in closed:
        report.receiving_body_id = _receiver(report, own)
    left = [report for report in closed if report.receiving_body_id is None]
    desks = accounts.desks_of(DESK, now=now) if left else []
    for report in left:
        report.receiving_body_id = _receiver(report, desks)


def _receiver(report: Report, desks: Sequence[Desk]) -> int | None:
    """Prefer the narrowest place around the matter; ties go to the lower number. None: no desk may."""
    recused = {*report.accused_body_ids, *report.line_body_ids}
    fit = [(-len(area), b) for b, area in desks if report.division_code.startswith(area) and b not in recused]
    return min(fit)[1] if fit else None

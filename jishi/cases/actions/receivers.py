"""受理单位: whose desk may open a confidential name, to verify (spec 10 §13). Fixed as the report is taken in, once.

Who took it down at the desk is of that body. What comes by another road, the web form, a program, a grid worker, is of
the receiving desk whose place is the narrowest around the matter. A body complained about receives nothing; where
somebody of it takes the words down, they are kept, and from then on it is nothing of his.
"""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

from jishi.accounts import queries as accounts
from jishi.cases.models import Report
from jishi.cases.states import Voice
from jishi.foundation import scope
from jishi.foundation.actor import Actor, system

DESK = "operator"  # the post that receives
Desk = tuple[int, str]  # body, area


@dataclass(frozen=True, slots=True)
class Aside:
    """Who took it down stands aside from now on: which body places it instead; None: there is nobody left."""

    body_id: int | None


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
    recused = _recused(report)
    fit = [(-len(area), b) for b, area in desks if report.division_code.startswith(area) and b not in recused]
    return min(fit)[1] if fit else None


def _recused(report: Report) -> set[int]:
    return {*report.accused_body_ids, *report.line_body_ids}


def aside(report: Report, *, by: Actor, now: datetime) -> Aside | None:
    """This will say who goes on where `by` is of a body complained about or of the line above it; None: `by` does.

    The desk that places cases, else the office of the leading group; nobody, where all are of those bodies.
    """
    if not _recused(report) & (by.body_ids | by.tied_to):
        return None
    for role in ("dispatcher", "office"):
        body = _receiver(report, accounts.desks_of(role, now=now))
        if body is not None:
            return Aside(body)
    return Aside(None)


@contextmanager
def keeping(asides: Iterable[Aside | None], *, by: Actor) -> Iterator[None]:
    """Write what is being told, also where `by` may see nothing of it the moment it stands (spec 10 §13).

    The words of who complains about the very desk that answers are kept like anybody's: row security would refuse the
    row to whom it accuses. `by` stays in the record as who took it down.
    """
    if not any(asides):
        yield
        return
    with scope.within(system(by.tenant_id)):
        yield

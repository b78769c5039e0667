"""How people and bodies are named: who acts on a case, whom a case names.

A body exists on that day and is no party that must stand aside. A resident is a pseudonym of one case alone.
"""

from collections.abc import Iterable
from datetime import datetime

from django.utils.timezone import localdate

from jishi.accounts import queries as accounts
from jishi.bodies import queries as bodies
from jishi.cases import policies
from jishi.cases.models import Case, Report
from jishi.cases.refusals import BodyDoesNotExist
from jishi.foundation import trail
from jishi.foundation.actor import Actor
from jishi.foundation.refusals import NotAllowed

LARGEST = 2**63 - 1


def ensure_bodies(ids: Iterable[int | None], *, case: Case, now: datetime) -> None:
    """Insist that every body named exists today and is not complained about in this case; None names nobody.

    :raises BodyDoesNotExist: not on that day. :raises NotAllowed: it is recused.
    """
    named = {i for i in ids if i is not None}
    known = bodies.existing([i for i in named if 0 < i <= LARGEST], on=localdate(now)) if named else {}
    for body_id in sorted(named):
        if body_id not in known:
            raise BodyDoesNotExist(body=body_id, day=str(localdate(now)))
        if body_id in case.recused_body_ids:
            raise NotAllowed(why="被投诉的单位和要回避的上级，不能参与这一件。")


def superior_line(
    accused: Iterable[int], *, division: str, by: Actor, now: datetime
) -> tuple[list[int], list[int]]:
    """Give the bodies above the accused, up to the top, and which of them are let in for want of a dispatcher.

    Never one whose desk receives reports (spec 90 §4.2). Let in is the office of the place where every dispatcher is of
    the accused: it places such a case (`policies.none_left`; nobody stands aside by name before the case is there).
    The receiving desk was told by the reporter himself, and somebody must be left to place the case (spec 10 §13).
    """
    known, line = bodies.names(), set[int]()
    for body_id in accused:
        on = known[body_id].parent_id if body_id in known else None
        while on is not None and on not in line:
            line.add(on)
            on = known[on].parent_id if on in known else None
    if not line:
        return [], []
    line -= receiving_bodies(by=by, now=now) | set(accused)
    recused = line | set(accused)
    let_in = set[int]()
    if policies.none_left(accounts.hands_of("dispatcher", now=now), division, recused=recused, aside=set()):
        offices = accounts.desks_of("office", now=now)
        let_in = line & {body for body, area in offices if division.startswith(area)}  # who places it then sees it
    return sorted(line - let_in), sorted(let_in)


def receiving_bodies(*, by: Actor, now: datetime) -> set[int]:
    """Give the bodies whose desks receive and place reports, that of `by` included."""
    desks = accounts.people_of_many(("operator", "dispatcher"), now=now)
    return {h.body_id for held in desks.values() for h in held if h.body_id is not None} | by.body_ids


def actor_in(case_id: int, by: Actor) -> str:
    """Name who acts as the trail of this case does: nothing stored links two cases of one person."""
    return trail.named(by, ("case", case_id))


def names_of_caller(report: Report, case: Case) -> frozenset[str]:
    """Give the names under which the caller of `report` may stand in the trail of `case`."""
    names = {f"reporter:{report.id}"}
    if report.reporter_id is not None:
        account = Actor(tenant_id=case.tenant_id, kind="resident", account_id=report.reporter_id)
        names.add(actor_in(case.id, account))
    return frozenset(names)

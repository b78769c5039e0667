"""Who may look at which report: an account's own, or whoever showed number and word in this browser.

The session keeps report ids, never the word. It ends two hours after the last look, or when the person leaves.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from django.http import HttpRequest

from jishi.cases.models import Report
from jishi.cases.queries import resident
from jishi.cases.states import Voice
from jishi.foundation import scope
from jishi.foundation.actor import Actor
from jishi.foundation.refusals import NotFound

SHOWN = "reports"  # [tenant, [report ids]]
LAST = "report"  # [tenant, report id]: the edge of accounts makes a `reporter` of it, for his own readings
LIVES = 2 * 3600
AT_MOST = 20


def nobody(request: HttpRequest) -> Actor:
    """Give the actor of a page that must not know who asks."""
    return Actor(tenant_id=request.tenant.id, kind="anonymous")


def speaker(request: HttpRequest, *, anonymous: bool) -> Actor:
    """Give who speaks: the account, or nobody. Who showed a report's word is nobody, or two reports would be linked."""
    if not anonymous and request.actor.kind == "resident":
        return request.actor
    return nobody(request)


def shown(request: HttpRequest) -> list[int]:
    """Give the reports whose number and word were shown in this browser."""
    kept = request.session.get(SHOWN) if request.session.session_key else None
    if not isinstance(kept, list) or len(kept) != 2 or kept[0] != request.tenant.id:
        return []
    return [int(i) for i in kept[1]]


def keep(request: HttpRequest, report_id: int) -> None:
    """Remember that number and word were right."""
    ids = [report_id, *(i for i in shown(request) if i != report_id)][:AT_MOST]
    session = request.session
    session.cycle_key()  # a right was gained
    session[SHOWN] = [request.tenant.id, ids]
    session[LAST] = [request.tenant.id, report_id]
    if request.actor.kind not in ("resident", "staff"):
        session.set_expiry(LIVES)


def let_go(request: HttpRequest) -> None:
    """Forget them; somebody who is not signed in has no session left."""
    if request.actor.kind in ("resident", "staff"):
        request.session.pop(SHOWN, None)
        request.session.pop(LAST, None)
    elif request.session.session_key:
        request.session.flush()


@contextmanager
def holder(request: HttpRequest, number: str) -> Iterator[tuple[Actor, Report]]:
    """Act as the one who made this report, inside his scope.

    :raises NotFound: neither the account's own nor shown here; equal to a number that never was.
    """
    number = number.strip().upper()
    try:
        own = resident.own_report(request.actor, number)
    except NotFound:
        own = resident.shown_report(shown(request), number, tenant_id=request.tenant.id)
        actor = Actor(tenant_id=request.tenant.id, kind="reporter", report_id=own.id)
        with scope.within(actor):
            yield actor, own
    else:
        if own.voice != Voice.CONFIDENTIAL:
            yield request.actor, own
            return
        hidden = Actor(tenant_id=request.tenant.id, kind="reporter", report_id=own.id)
        with scope.within(hidden):  # the record of a confidential matter does not carry the account's number
            yield hidden, own

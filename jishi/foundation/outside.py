"""What leaves the house: claimed, prepared, sent, marked; each step stored before the next, nothing open on the wire.

A reaction to somebody outside takes an `Owed` and gives a call without a database, or None: there is nothing to send
any more. Killed between sending and marking, the same is sent again, under the same number, when its lease is over.
Order is kept per reaction, receiver and subject; what one receiver does not take holds nobody else up.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import connection
from django.utils.module_loading import import_string

from jishi.foundation import outbox, scope
from jishi.foundation.actor import Actor
from jishi.foundation.models import Delivery
from jishi.foundation.outgoing import NotDelivered
from jishi.foundation.refusals import Refused

LEASE = timedelta(minutes=2)  # a call lasts seconds; after this another worker may take it
Call = Callable[[], None]
Clock = Callable[[], datetime]


class NotYet(Exception):
    """It may not leave before a moment: no fault, and no try that counts."""

    def __init__(self, until: datetime) -> None:
        super().__init__()
        self.until = until


@dataclass(frozen=True, slots=True)
class Owed:
    """One announcement owed to one receiver. `attempt` counts from 1."""

    delivery_id: int
    reaction: str
    receiver: int
    attempt: int
    news: outbox.Told
    subject_kind: str


_RECEIVERS = """
    SELECT DISTINCT reaction, receiver FROM foundation_delivery
    WHERE tenant_id = %(tenant)s AND done_at IS NULL AND dead_at IS NULL AND receiver > 0 AND next_at <= %(now)s
      AND (reaction = ANY(%(slow)s)) = %(fetched)s
    ORDER BY 1, 2 LIMIT %(most)s
"""

_NEXT = """
    SELECT d.id FROM foundation_delivery d
    WHERE d.tenant_id = %(tenant)s AND d.reaction = %(reaction)s AND d.receiver = %(receiver)s
      AND d.done_at IS NULL AND d.dead_at IS NULL AND d.next_at <= %(now)s
      AND NOT EXISTS (SELECT 1 FROM foundation_delivery e
                      WHERE e.tenant_id = d.tenant_id AND e.reaction = d.reaction AND e.receiver = d.receiver
                        AND e.subject_kind = d.subject_kind AND e.subject_id = d.subject_id
                        AND e.news_id < d.news_id AND e.done_at IS NULL AND e.dead_at IS NULL)
    ORDER BY d.news_id LIMIT 1 FOR UPDATE OF d SKIP LOCKED
"""


def receivers(
    *, by: Actor, now: datetime, slow: Sequence[str] = (), fetched: bool = False, most: int = 500
) -> list[tuple[str, int]]:
    """List who has something due: (reaction, receiver); of the reactions in `slow`, or of all others."""
    facts: dict[str, Any] = {"tenant": by.tenant_id, "now": now, "slow": list(slow), "fetched": fetched, "most": most}
    with scope.work(by), connection.cursor() as cursor:
        cursor.execute(_RECEIVERS, facts)
        return [(row[0], row[1]) for row in cursor.fetchall()]


def drain(reaction: str, receiver: int, *, by: Actor, clock: Clock, most: int = 100) -> int:
    """Send what is due to one receiver, in order, until nothing is left or it fails; gives how many were taken."""
    taken = 0
    while taken < most and send_next(reaction, receiver, by=by, clock=clock):
        taken += 1
    return taken


def send_next(reaction: str, receiver: int, *, by: Actor, clock: Clock) -> bool:
    """Send the next one that is due; tells whether there was one and it was taken."""
    now = clock()
    with scope.work(by):
        owed = _claim(reaction, receiver, by.tenant_id, now)
    if owed is None:
        return False
    try:
        error = _attempt(owed, by, now)
    except NotYet as later:
        with scope.work(by):
            Delivery.objects.filter(id=owed.delivery_id, done_at=None).update(next_at=later.until)
        return True
    with scope.work(by):
        _mark(owed, error, clock())
    return not error


def _claim(reaction: str, receiver: int, tenant_id: int, now: datetime) -> Owed | None:
    """Take the oldest one under a lease: whoever looks meanwhile does not see it as due, nor what comes after it."""
    with connection.cursor() as cursor:
        facts: dict[str, Any] = {"tenant": tenant_id, "reaction": reaction, "receiver": receiver, "now": now}
        cursor.execute(_NEXT, facts)
        row = cursor.fetchone()
    if row is None:
        return None
    found = Delivery.objects.select_related("news").get(id=row[0])
    Delivery.objects.filter(id=found.id).update(next_at=now + LEASE)
    return Owed(
        found.id, reaction, receiver, found.attempts + 1, outbox.telling(found.news), found.subject_kind
    )


def _attempt(owed: Owed, by: Actor, now: datetime) -> str:
    """Prepare in one transaction, which stays (who looked at a number is written before it leaves), then send.

    Gives the name of what went wrong, empty: nothing did.
    """
    prepare: Callable[..., Call | None] = import_string(owed.reaction)
    try:
        with scope.work(by):
            call = prepare(owed, now=now)
        if call is not None:
            call()
    except NotYet:
        raise
    except (NotDelivered, Refused) as no:
        return no.code
    except Exception as problem:  # noqa: BLE001 - any fault becomes a retry, then a dead letter
        return type(problem).__name__
    return ""


def _mark(owed: Owed, error: str, now: datetime) -> None:
    done: Mapping[str, Any] = {"done_at": now, "attempts": owed.attempt, "error": ""}
    Delivery.objects.filter(id=owed.delivery_id, done_at=None).update(
        **(outbox.put_off(owed.attempt, now, error) if error else done)
    )

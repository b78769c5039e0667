"""News: written with the change, delivered at least once, in order per subject, by the worker.

What reacts to what is one page: config/wiring.py.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any, ClassVar

from django.db import connection, transaction
from django.utils.module_loading import import_string

from jishi.foundation import scope
from jishi.foundation.models import Delivery, News

RETRIES = (10, 60, 300, 1800, 7200, 43200)  # seconds; then the dead-letter screen (spec 10 §14)


@dataclass(frozen=True)
class Event:
    """Base of all events: past tense, ids and codes only. `subject` names whose order is kept."""

    subject: ClassVar[tuple[str, str]] = ("", "")  # (kind, name of the id field)


def announce(*events: Event, at: datetime) -> None:
    """Write `events` and one delivery per wired reaction, in this transaction (≤ 2 statements)."""
    tenant_id = scope.current().actor.tenant_id
    rows = []
    for event in events:
        kind, id_field = event.subject
        facts = asdict(event)
        rows.append(
            News(
                tenant_id=tenant_id, subject_kind=kind, subject_id=facts[id_field],
                name=type(event).__name__, facts=facts, at=at,
            )
        )  # fmt: skip
    News.objects.bulk_create(rows)
    wiring: Mapping[str, Sequence[str]] = import_string("config.wiring.REACTIONS")
    owed = [
        Delivery(
            tenant_id=tenant_id, news=row, reaction=reaction, next_at=at,
            subject_kind=row.subject_kind, subject_id=row.subject_id,
        )
        for row in rows
        for reaction in wiring.get(row.name, ())
    ]  # fmt: skip
    if owed:
        Delivery.objects.bulk_create(owed)


# The oldest owed delivery of each (reaction, subject): order per subject is kept, others go on.
_DUE = """
    SELECT d.id FROM foundation_delivery d
    WHERE d.done_at IS NULL AND d.dead_at IS NULL AND d.next_at <= %s
      AND NOT EXISTS (SELECT 1 FROM foundation_delivery e
                      WHERE e.tenant_id = d.tenant_id AND e.reaction = d.reaction
                        AND e.subject_kind = d.subject_kind AND e.subject_id = d.subject_id
                        AND e.news_id < d.news_id AND e.done_at IS NULL AND e.dead_at IS NULL)
    ORDER BY d.news_id LIMIT %s FOR UPDATE OF d SKIP LOCKED
"""


def deliver(*, now: datetime, limit: int = 100) -> int:
    """Deliver what is due; each reaction and its mark are one savepoint, so an effect happens once.

    A reaction that raises is tried again after 10 s, 1 min, 5 min, 30 min, 2 h, 12 h, then is a dead letter.
    """
    with connection.cursor() as cursor:
        cursor.execute(_DUE, [now, limit])
        ids = [row[0] for row in cursor.fetchall()]
    for delivery in Delivery.objects.select_related("news").filter(id__in=ids).order_by("news_id"):
        _deliver_one(delivery, now)
    return len(ids)


def _deliver_one(delivery: Delivery, now: datetime) -> None:
    reaction: Callable[..., None] = import_string(delivery.reaction)
    facts: dict[str, Any] = delivery.news.facts
    try:
        with transaction.atomic():
            reaction(facts, now=now)
            Delivery.objects.filter(id=delivery.id).update(done_at=now, attempts=delivery.attempts + 1, error="")
    except Exception as problem:  # noqa: BLE001 - any fault of a reaction becomes a retry, then a dead letter
        _put_off(delivery, now, type(problem).__name__)


def _put_off(delivery: Delivery, now: datetime, error: str) -> None:
    tries = delivery.attempts + 1
    values: dict[str, Any] = {"attempts": tries, "error": error[:200]}
    if tries > len(RETRIES):
        values["dead_at"] = now
    else:
        values["next_at"] = now + timedelta(seconds=RETRIES[tries - 1])
    Delivery.objects.filter(id=delivery.id).update(**values)


def dead_letters() -> list[Delivery]:
    """List what gave up, oldest first, for the screen with *send again*."""
    return list(Delivery.objects.select_related("news").exclude(dead_at=None).order_by("id")[:200])


def send_again(delivery_id: int, *, now: datetime) -> None:
    """Put a dead letter back in the queue."""
    Delivery.objects.filter(id=delivery_id).update(dead_at=None, attempts=0, next_at=now)


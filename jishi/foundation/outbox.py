"""News: written with the change, delivered at least once, in order per subject, by the worker.

What reacts to what is one page: config/wiring.py. A reaction inside the house is one savepoint with its mark; what
leaves the house is `outside.py`.
"""

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any, ClassVar

from django.db import OperationalError, connection, transaction
from django.db.models import QuerySet
from django.utils.module_loading import import_string
from psycopg.errors import LockNotAvailable

from jishi.foundation import scope
from jishi.foundation.models import Delivery, News
from jishi.foundation.together import Together

log = logging.getLogger(__name__)
HELD = timedelta(seconds=10)  # a row that somebody else holds is asked for again
RETRIES = (10, 60, 300, 1800, 7200, 43200)  # seconds; then the dead-letter screen (spec 10 §14)


@dataclass(frozen=True)
class Event:
    """Base of all events: past tense, ids and codes only. `subject` names whose order is kept."""

    subject: ClassVar[tuple[str, str]] = ("", "")  # (kind, name of the id field)


_GIVEN = """
        SELECT nextval('foundation_news_id_seq') AS id, told.* FROM json_to_recordset({given})
            AS told (tenant_id bigint, subject_kind text, subject_id bigint, name text, facts jsonb, reactions text[],
                     at timestamptz)
"""
_OWED = """
        INSERT INTO foundation_delivery
            (tenant_id, news_id, reaction, receiver, subject_kind, subject_id, attempts, next_at, error)
        SELECT tenant_id, id, reaction, 0, subject_kind, subject_id, 0, at, ''
        FROM kept_news CROSS JOIN LATERAL unnest(reactions) AS wired (reaction)
"""
_NEWS = """
        INSERT INTO foundation_news (id, tenant_id, subject_kind, subject_id, name, facts, at)
        SELECT id, tenant_id, subject_kind, subject_id, name, facts, at FROM kept_news
"""
_ANNOUNCE = (("news", _GIVEN), ("foundation_delivery", _OWED), ("foundation_news", _NEWS))


def announce(*events: Event, at: datetime, into: Together | None = None) -> None:
    """Write `events` and one delivery per wired reaction, in this transaction, in one statement.

    `into`: with what is gathered there.
    """
    if not events:
        return
    wiring: Mapping[str, Sequence[str]] = import_string("config.wiring.REACTIONS")
    news, tenant_id = [], scope.current().actor.tenant_id
    for event in events:
        kind, id_field = event.subject
        facts, name = asdict(event), type(event).__name__
        news.append(
            {
                "tenant_id": tenant_id, "at": at,
                "subject_kind": kind, "subject_id": facts[id_field], "name": name, "facts": facts,
                "reactions": list(wiring.get(name, ())),
            }
        )  # fmt: skip
    kept = into or Together()
    kept.part(_ANNOUNCE, news)
    if into is None:
        kept.store()


# One takes news up at a time, the other leaves it to him; what commits later comes later, whatever its number.
_TAKE_UP = """
    WITH fresh AS (
        SELECT n.id, row_number() OVER (ORDER BY n.id) AS place,
               row_number() OVER (PARTITION BY n.subject_kind, n.subject_id ORDER BY n.id) AS step
        FROM foundation_news n WHERE n.tenant_id = %(tenant)s AND n.position IS NULL
    )
    UPDATE foundation_news n
    SET position = f.place + coalesce((SELECT max(b.position) FROM foundation_news b
                                       WHERE b.tenant_id = %(tenant)s), 0),
        sequence = f.step + coalesce((SELECT max(b.sequence) FROM foundation_news b
                                      WHERE b.tenant_id = %(tenant)s AND b.subject_kind = n.subject_kind
                                        AND b.subject_id = n.subject_id), 0)
    FROM fresh f WHERE n.id = f.id AND n.tenant_id = %(tenant)s
"""

# The oldest owed delivery of each (reaction, subject): order per subject is kept, others go on. What is being taken up
# waits.
_DUE = """
    SELECT d.id FROM foundation_delivery d
    WHERE d.done_at IS NULL AND d.dead_at IS NULL AND d.receiver = 0 AND d.next_at <= %s
      AND EXISTS (SELECT 1 FROM foundation_news n
                  WHERE n.tenant_id = d.tenant_id AND n.id = d.news_id AND n.position IS NOT NULL)
      AND NOT EXISTS (SELECT 1 FROM foundation_delivery e
                      WHERE e.tenant_id = d.tenant_id AND e.reaction = d.reaction AND e.receiver = 0
                        AND e.subject_kind = d.subject_kind AND e.subject_id = d.subject_id
                        AND e.news_id < d.news_id AND e.done_at IS NULL AND e.dead_at IS NULL)
    ORDER BY d.news_id LIMIT %s FOR UPDATE OF d SKIP LOCKED
"""


def owe(news_id: int, reaction: str, receivers: Sequence[int], *, at: datetime) -> None:
    """Owe one announcement to these receivers outside; what is owed already is owed once."""
    news = News.objects.get(id=news_id)
    Delivery.objects.bulk_create(
        [
            Delivery(
                tenant_id=news.tenant_id, news=news, reaction=reaction, receiver=receiver, next_at=at,
                subject_kind=news.subject_kind, subject_id=news.subject_id,
            )
            for receiver in receivers
        ],
        ignore_conflicts=True,
    )  # fmt: skip


def take_up() -> None:
    """Give each announcement that has become visible its position and its sequence; nobody waits for who is at it."""
    tenant_id = scope.current().actor.tenant_id
    if News.objects.filter(tenant_id=tenant_id, position=None).exists() and scope.nobody_else_at("take_up"):
        with connection.cursor() as cursor:
            cursor.execute(_TAKE_UP, {"tenant": tenant_id})


def deliver(*, now: datetime, limit: int = 100) -> int:
    """Take news up, then deliver what is due in the house; gives how many. An effect happens once.

    A reaction takes the event's facts, with the number of the announcement as `news`. One that raises is tried again
    after 10 s, 1 min, 5 min, 30 min, 2 h, 12 h, then is a dead letter. One that finds a row held was no try: it comes
    again after 10 s, and the rest with the next call, so that no row of ours is held while we wait for others'.
    """
    take_up()
    with connection.cursor() as cursor:
        cursor.execute(_DUE, [now, limit])
        ids = [row[0] for row in cursor.fetchall()]
    for delivery in Delivery.objects.select_related("news").filter(id__in=ids).order_by("news_id"):
        if not _deliver_one(delivery, now):
            break
    return len(ids)


def is_held(problem: BaseException) -> bool:
    """Say whether this is a row that somebody else held for longer than we wait."""
    return isinstance(problem, OperationalError) and isinstance(problem.__cause__, LockNotAvailable)


def _deliver_one(delivery: Delivery, now: datetime) -> bool:
    """Let one reaction hear it; False: a row that it needs is held."""
    reaction: Callable[..., None] = import_string(delivery.reaction)
    facts: dict[str, Any] = {**delivery.news.facts, "news": delivery.news_id}
    try:
        with transaction.atomic():
            reaction(facts, now=now)
            Delivery.objects.filter(id=delivery.id).update(done_at=now, attempts=delivery.attempts + 1, error="")
    except Exception as problem:  # noqa: BLE001 - any fault of a reaction becomes a retry, then a dead letter
        if is_held(problem):
            log.warning("delivery %s: its row is held, it comes again", delivery.id)
            Delivery.objects.filter(id=delivery.id).update(next_at=now + HELD)
            return False
        _put_off(delivery, now, type(problem).__name__)
    return True


def _put_off(delivery: Delivery, now: datetime, error: str) -> None:
    values = put_off(delivery.attempts + 1, now, error)
    Delivery.objects.filter(id=delivery.id).update(**values)


def put_off(tries: int, now: datetime, error: str) -> dict[str, Any]:
    """Give what is kept of a try that failed: when the next one is, or that it was the last."""
    values: dict[str, Any] = {"attempts": tries, "error": error[:200]}
    if tries > len(RETRIES):
        return values | {"dead_at": now}
    return values | {"next_at": now + timedelta(seconds=RETRIES[tries - 1])}


# --- looking, and sending again ------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Told:
    """One announcement as programs read it: `position` names it and orders all, `sequence` those of one subject."""

    position: int
    sequence: int
    name: str
    subject_id: int
    at: datetime
    facts: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """One delivery that gave up, or is being tried again: codes alone."""

    id: int
    news: int
    name: str
    subject_kind: str
    subject_id: int
    reaction: str
    receiver: int
    at: datetime
    attempts: int
    error: str
    next_at: datetime
    dead_at: datetime | None


def told(names: Sequence[str], *, after: int, since: datetime, limit: int) -> list[Told]:
    """Give what was announced after this position and since this moment, in order."""
    rows = News.objects.filter(
        tenant_id=scope.current().actor.tenant_id, name__in=list(names), position__gt=after, at__gte=since
    )
    return [telling(row) for row in rows.order_by("position")[:limit]]


def telling(row: News) -> Told:
    """Give one announcement that was taken up."""
    return Told(row.position or 0, row.sequence or 0, row.name, row.subject_id, row.at, row.facts)


def facts_of(news_id: int) -> dict[str, Any] | None:
    """Give what one announcement said; None: there is none of this number."""
    row = News.objects.filter(tenant_id=scope.current().actor.tenant_id, id=news_id).first()
    return {**row.facts, "news": row.id} if row is not None else None


def dead_letters(*, before: int | None = None, limit: int = 200) -> list[DeadLetter]:
    """List what gave up, newest first, for the screen with *send again*; `before` pages by number."""
    rows = Delivery.objects.filter(tenant_id=scope.current().actor.tenant_id).exclude(dead_at=None)
    return _letters(rows.filter(id__lt=before) if before is not None else rows, "-id", limit)


def being_tried(*, limit: int = 50) -> list[DeadLetter]:
    """List what failed and is tried again, the next try first."""
    rows = Delivery.objects.filter(
        tenant_id=scope.current().actor.tenant_id, dead_at=None, done_at=None, attempts__gt=0
    )
    return _letters(rows, "next_at", limit)


def waiting() -> int:
    """Count what is owed and neither done nor given up."""
    return Delivery.objects.filter(
        tenant_id=scope.current().actor.tenant_id, dead_at=None, done_at=None
    ).count()


def done(kind: str, ids: Sequence[int]) -> dict[int, tuple[datetime | None, str]]:
    """Give, by subject, when its delivery was done and what the last try said."""
    rows = Delivery.objects.filter(
        tenant_id=scope.current().actor.tenant_id, subject_kind=kind, subject_id__in=list(ids)
    ).exclude(receiver=0)
    return {r.subject_id: (r.done_at, r.error) for r in rows}


def send_again(delivery_id: int, *, now: datetime) -> bool:
    """Put a dead letter back in the queue, under the number it had; tells whether it was one."""
    dead = Delivery.objects.filter(
        tenant_id=scope.current().actor.tenant_id, id=delivery_id, dead_at__isnull=False
    )
    return dead.update(dead_at=None, attempts=0, next_at=now, error="") == 1


def _letters(rows: QuerySet[Delivery], order: str, limit: int) -> list[DeadLetter]:
    return [
        DeadLetter(
            d.id, d.news.position or 0, d.news.name, d.subject_kind, d.subject_id, d.reaction, d.receiver, d.news.at,
            d.attempts, d.error, d.next_at, d.dead_at,
        )
        for d in rows.select_related("news").order_by(order)[:limit]
    ]  # fmt: skip

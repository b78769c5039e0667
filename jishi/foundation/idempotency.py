"""A create asked twice is made once (spec 10 §14): same key, same body, same answer."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from django.db import OperationalError, connection

from jishi.foundation import keys, marks
from jishi.foundation.actor import Actor
from jishi.foundation.asking import ask
from jishi.foundation.models import IdempotencyRecord
from jishi.foundation.refusals import Invalid, KeyReused, StillRunning
from jishi.foundation.together import Together

KEEP = timedelta(hours=72)
KEEP_DEVICE = timedelta(days=30)

_CLAIM = """
    INSERT INTO foundation_idempotencyrecord (tenant_id, actor, route, key, body_hash, expires_at)
    VALUES (%(tenant)s, %(actor)s, %(route)s, %(key)s, %(digest)s, %(until)s)
    ON CONFLICT (tenant_id, actor, route, key) DO NOTHING RETURNING id, ctid::text AS place
"""


# One row, by where it lies: this transaction has put it there, nobody else moves it. Asked by its number alone, the
# plan that is made once while the table is small may later read every key of the tenant, whom row security names.
_FILL = """
    UPDATE foundation_idempotencyrecord SET answer = ({given} -> 'answer')::jsonb
    WHERE ctid = ({given} ->> 'place')::tid AND id = ({given} ->> 'id')::bigint
"""
_FILLED = (("foundation_idempotencyrecord", _FILL),)


class Slot:
    """A claimed key. Give it the answer with `fill`; `answer` holds the earlier one, if any."""

    def __init__(self, record_id: int | None, answer: Any, place: str = "") -> None:
        self._id, self._place, self.answer = record_id, place, answer

    @property
    def is_first(self) -> bool:
        return self._id is not None

    def fill(self, answer: Any, *, into: Together | None = None) -> None:
        """Keep `answer` (ids only) for whoever asks with the same key, once, in the transaction that claimed it.
        `into`: stored with what is gathered there."""
        kept = into or Together()
        kept.part(_FILLED, {"id": self._id or 0, "place": self._place, "answer": answer})
        if into is None:
            kept.store()
        self._place, self.answer = "", answer


def claim(
    key: str, *, route: str, body: bytes, by: Actor, now: datetime, keep: timedelta = KEEP, marked: bool = False
) -> Slot:
    """Claim `key` for this actor and route. A running twin is waited for, at most 5 s. `marked`: what is kept in memory
    will be asked for (`marks`); it is asked by the same statement.

    :raises KeyReused: same key, other body. :raises StillRunning: the twin has not ended.
    :raises Invalid: key empty or over 200 characters.
    """
    if not 1 <= len(key) <= 200:
        raise Invalid(detail="Idempotency-Key: 1–200")
    digest = hashlib.sha256(body).hexdigest()
    owner = {"tenant": by.tenant_id, "actor": _asker(by, route, key), "route": route, "key": key}
    told = {**owner, "digest": digest, "until": now + keep}
    try:  # waits for a running twin up to the connection's lock_timeout
        rows = [marks.asked_with(_CLAIM, ("id", "place"), told)] if marked else ask(_CLAIM, told)
    except OperationalError as waited:
        raise StillRunning from waited
    if rows and rows[0][0] is not None:
        return Slot(rows[0][0], None, rows[0][1])
    earlier = IdempotencyRecord.objects.get(tenant_id=by.tenant_id, actor=owner["actor"], route=route, key=key)
    if earlier.body_hash != digest:
        raise KeyReused
    return Slot(None, earlier.answer)


def answer_of(key: str, *, route: str, by: Actor) -> Any:
    """Give the answer that is kept under a key of this actor: {} while it still runs, None where there is none."""
    owner = {"tenant_id": by.tenant_id, "actor": _asker(by, route, key), "route": route, "key": key[:200]}
    found = list(IdempotencyRecord.objects.filter(**owner).values_list("answer", flat=True))
    return (found[0] or {}) if found else None


_CLAIM_MANY = """
    INSERT INTO foundation_idempotencyrecord (tenant_id, actor, route, key, body_hash, expires_at)
    SELECT %s, %s, %s, key, digest, %s FROM unnest(%s::text[], %s::text[]) AS wanted (key, digest) ORDER BY key
    ON CONFLICT (tenant_id, actor, route, key) DO NOTHING RETURNING key
"""


def claim_many(
    bodies: Mapping[str, bytes], *, route: str, by: Actor, now: datetime, keep: timedelta = KEEP_DEVICE
) -> dict[str, "Slot | KeyReused"]:
    """Claim the keys of a batch, each with its own body, in two statements; keys are taken in their order.

    What was claimed with another body is given back as a refusal, so that one row does not harm the others.
    :raises StillRunning: a twin of the batch has not ended. :raises Invalid: a key empty or over 200 characters.
    """
    if not all(1 <= len(key) <= 200 for key in bodies):
        raise Invalid(detail="key: 1–200")
    digests = {key: hashlib.sha256(body).hexdigest() for key, body in bodies.items()}
    owner = (by.tenant_id, by.label, route)
    try:
        with connection.cursor() as cursor:
            cursor.execute(_CLAIM_MANY, [*owner, now + keep, list(digests), list(digests.values())])
            fresh = {row[0] for row in cursor.fetchall()}
    except OperationalError as waited:
        raise StillRunning from waited
    rows = IdempotencyRecord.objects.filter(tenant_id=owner[0], actor=owner[1], route=route, key__in=list(digests))
    found: dict[str, Slot | KeyReused] = {}
    for row in rows:
        same = row.body_hash == digests[row.key]
        found[row.key] = Slot(row.id if row.key in fresh else None, row.answer) if same else KeyReused()
    return found


def settle_many(filled: Mapping[str, Any], freed: Iterable[str], *, route: str, by: Actor) -> None:
    """Keep the answers of claimed keys, and give those back whose rows were refused; at most two statements."""
    mine = IdempotencyRecord.objects.filter(tenant_id=by.tenant_id, actor=by.label, route=route)
    if filled:
        with connection.cursor() as cursor:
            cursor.execute(_FILL_MANY, [list(filled), [json.dumps(a) for a in filled.values()],
                                        by.tenant_id, by.label, route])  # fmt: skip
    if gone := list(freed):
        mine.filter(key__in=gone, answer__isnull=True).delete()


_FILL_MANY = """
    UPDATE foundation_idempotencyrecord r SET answer = given.answer
    FROM unnest(%s::text[], %s::jsonb[]) AS given (key, answer)
    WHERE r.tenant_id = %s AND r.actor = %s AND r.route = %s AND r.key = given.key
"""


def ended(*, tenant_id: int, before: datetime) -> list[int]:
    """Give the records whose time was over before this moment."""
    rows = IdempotencyRecord.objects.filter(tenant_id=tenant_id, expires_at__lt=before)
    return list(rows.order_by("id").values_list("id", flat=True))


def end(ids: Iterable[int], *, tenant_id: int) -> None:
    """This will delete records whose time is over."""
    IdempotencyRecord.objects.filter(tenant_id=tenant_id, id__in=list(ids)).delete()


def _asker(by: Actor, route: str, key: str) -> str:
    """Name who asks; a resident so that he is known again with this very key and nowhere else.

    The number of an account beside the report that was made would tell who said it, and what else (spec 90 §6).
    """
    if by.kind not in ("resident", "reporter"):
        return by.label
    asker = f"{by.tenant_id}:{route}:{key}:{by.label}".encode()
    return keys.provider().mac(asker, context=b"idempotency.asker", suite="a").hex()

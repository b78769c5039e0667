"""A create asked twice is made once (spec 10 §14): same key, same body, same answer."""

import hashlib
from datetime import datetime, timedelta
from typing import Any

from django.db import OperationalError, connection

from jishi.foundation import keys
from jishi.foundation.actor import Actor
from jishi.foundation.models import IdempotencyRecord
from jishi.foundation.refusals import Invalid, KeyReused, StillRunning

KEEP = timedelta(hours=72)
KEEP_DEVICE = timedelta(days=30)

_CLAIM = """
    INSERT INTO foundation_idempotencyrecord (tenant_id, actor, route, key, body_hash, expires_at)
    VALUES (%s, %s, %s, %s, %s, %s) ON CONFLICT (tenant_id, actor, route, key) DO NOTHING RETURNING id
"""


class Slot:
    """A claimed key. Give it the answer with `fill`; `answer` holds the earlier one, if any."""

    def __init__(self, record_id: int | None, answer: Any) -> None:
        self._id, self.answer = record_id, answer

    @property
    def is_first(self) -> bool:
        return self._id is not None

    def fill(self, answer: Any) -> None:
        """Keep `answer` (ids only) for whoever asks with the same key."""
        IdempotencyRecord.objects.filter(id=self._id or 0).update(answer=answer)
        self.answer = answer


def claim(key: str, *, route: str, body: bytes, by: Actor, now: datetime, keep: timedelta = KEEP) -> Slot:
    """Claim `key` for this actor and route. A running twin is waited for, at most 5 s.

    :raises KeyReused: same key, other body. :raises StillRunning: the twin has not ended.
    :raises Invalid: key empty or over 200 characters.
    """
    if not 1 <= len(key) <= 200:
        raise Invalid(detail="Idempotency-Key: 1–200")
    digest = hashlib.sha256(body).hexdigest()
    owner = (by.tenant_id, _asker(by, route, key), route, key)
    try:
        with connection.cursor() as cursor:  # waits for a running twin as long as the connection's lock_timeout
            cursor.execute(_CLAIM, [*owner, digest, now + keep])
            row = cursor.fetchone()
    except OperationalError as waited:
        raise StillRunning from waited
    if row:
        return Slot(row[0], None)
    earlier = IdempotencyRecord.objects.get(tenant_id=owner[0], actor=owner[1], route=route, key=key)
    if earlier.body_hash != digest:
        raise KeyReused
    return Slot(None, earlier.answer)


def _asker(by: Actor, route: str, key: str) -> str:
    """Name who asks; a resident so that he is known again with this very key and nowhere else.

    The number of an account beside the report that was made would tell who said it, and what else (spec 90 §6).
    """
    if by.kind not in ("resident", "reporter"):
        return by.label
    asker = f"{by.tenant_id}:{route}:{key}:{by.label}".encode()
    return keys.provider().mac(asker, context=b"idempotency.asker", suite="a").hex()

"""Data keys: one per tenant, purpose and generation; wrapped in the database, open in memory for ten minutes."""

import secrets
import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.db import connection, transaction

from jishi.foundation import keys

LIFE = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class DataKeyInHand:
    """One open data key."""

    purpose: str
    generation: int
    suite: str
    key: bytes = field(repr=False)


_ADD = """
    INSERT INTO foundation_datakey (tenant_id, purpose, generation, suite, wrapped, made_at)
    VALUES (%s, %s, %s, %s, %s, %s) ON CONFLICT (tenant_id, purpose, generation) DO NOTHING
"""
_GET = """
    SELECT purpose, generation, suite, wrapped FROM foundation_datakey
    WHERE tenant_id = %s AND purpose = ANY (%s) ORDER BY purpose, generation
"""


class _Memory:
    """Open keys of this process, by tenant and purpose: all generations, and since when they are held.

    A key made in a transaction that may still roll back is not kept: the next reader would seal with a key that
    never existed.
    """

    def __init__(self) -> None:
        self.held: dict[tuple[int, str], tuple[float, dict[int, DataKeyInHand]]] = {}
        self.mine = threading.local()  # made by this thread, not yet committed

    def get(self, tenant_id: int, purpose: str) -> dict[int, DataKeyInHand] | None:
        since, found = self.held.get((tenant_id, purpose), (0.0, {}))
        return found if found and time.monotonic() - since < LIFE.total_seconds() else None

    def keep(self, tenant_id: int, purpose: str, found: dict[int, DataKeyInHand]) -> None:
        if (tenant_id, purpose) not in self.unsettled:
            self.held[(tenant_id, purpose)] = (time.monotonic(), found)

    def drop(self, tenant_id: int, purpose: str) -> None:
        self.held.pop((tenant_id, purpose), None)

    @property
    def unsettled(self) -> set[tuple[int, str]]:
        if not hasattr(self.mine, "made"):
            self.mine.made = set()
        return self.mine.made  # type: ignore[no-any-return]


_memory = _Memory()


def current(purposes: Iterable[str], *, tenant_id: int, now: datetime) -> dict[str, DataKeyInHand]:
    """Give the newest key of each purpose; makes the first one. No statement when all are at hand."""
    found = {p: _all(p, tenant_id=tenant_id) for p in sorted(set(purposes))}
    for purpose, generations in found.items():
        if not generations:
            add_generation(purpose, 1, tenant_id=tenant_id, now=now)
            found[purpose] = _all(purpose, tenant_id=tenant_id)
    return {purpose: generations[max(generations)] for purpose, generations in found.items()}


def every(purpose: str, *, tenant_id: int, now: datetime) -> dict[int, DataKeyInHand]:
    """Give all generations of one purpose; none if nothing was ever sealed for it."""
    return _all(purpose, tenant_id=tenant_id)


def add_generation(purpose: str, generation: int, *, tenant_id: int, now: datetime) -> None:
    """This will make and wrap a key of this generation, unless another process just did."""
    suite = suite_of(tenant_id)
    context = _context(tenant_id, purpose, generation)
    wrapped = keys.provider().wrap(secrets.token_bytes(keys.KEY_BYTES[suite]), context=context, suite=suite)
    with connection.cursor() as cursor:
        cursor.execute(_ADD, [tenant_id, purpose, generation, suite, wrapped, now])
    _memory.drop(tenant_id, purpose)
    _memory.unsettled.add((tenant_id, purpose))
    transaction.on_commit(lambda: _memory.unsettled.discard((tenant_id, purpose)))


def forget(tenant_id: int | None = None, purpose: str | None = None) -> None:
    """Drop open keys from the memory of this process."""
    for held in [h for h in _memory.held if tenant_id in (None, h[0]) and purpose in (None, h[1])]:
        _memory.held.pop(held, None)


def _all(purpose: str, *, tenant_id: int) -> dict[int, DataKeyInHand]:
    held = _memory.get(tenant_id, purpose)
    if held is not None:
        return held
    found: dict[int, DataKeyInHand] = {}
    with connection.cursor() as cursor:
        cursor.execute(_GET, [tenant_id, [purpose]])
        rows = cursor.fetchall()
    for name, generation, suite, wrapped in rows:
        context = _context(tenant_id, name, generation)
        opened = keys.provider().unwrap(bytes(wrapped), context=context, suite=suite)
        found[generation] = DataKeyInHand(name, generation, suite, opened)
    if found:
        _memory.keep(tenant_id, purpose, found)
    return found


def _context(tenant_id: int, purpose: str, generation: int) -> bytes:
    return f"data-key:{tenant_id}:{purpose}:{generation}".encode()


def suite_of(tenant_id: int) -> str:
    """Give the suite of a tenant, chosen at its founding."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT suite FROM foundation_tenant WHERE id = %s", [tenant_id])
        return str(cursor.fetchone()[0])

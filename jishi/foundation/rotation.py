"""Rotation of data keys (spec 90 §5.2): in the background, in batches, resumable; reads never wait for it.

The old generation stays readable until the last value has moved and no process can hold it any more; then it is
destroyed, and the trail keeps the proof: count, generation, hash.
"""

import hashlib
from dataclasses import dataclass
from datetime import datetime

from django.db import connection, transaction

from jishi.foundation import data_keys, purposes, trail
from jishi.foundation.actor import Actor, ensure_fresh
from jishi.foundation.models import DataKey
from jishi.foundation.refusals import NotAllowed, Refused
from jishi.foundation.sealed import Owner, Secret, seal
from jishi.foundation.unsealing import open_value


class StillRotating(Refused):
    code, status = "still_rotating", 409
    zh, en = "上一次换钥匙还没有做完。", "The last rotation has not ended."
    next_zh, next_en = "先让它做完，再开始下一次。", "Let it end before beginning another."


class KeyOfItsOwn(Refused):
    code, status = "key_of_its_own", 409
    zh, en = "这个用途每一条各有一把钥匙，没有共用的可换。", "Each row has a key of its own here: none is shared."
    next_zh, next_en = "它随那一条到期而销毁。", "It is destroyed when its row ends."


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a rotation is. `destroyed`: generations that went now; `done`: only the newest is left."""

    moved: int
    left: int
    destroyed: tuple[int, ...]
    done: bool


_BATCH = """
    SELECT v.owner_table, v.owner_row, v.field, v.data, v.ends_on,
           h.id IS NOT NULL AS found, h.ends_on AS found_until
    FROM foundation_sealedvalue v LEFT JOIN LATERAL (
        SELECT s.id, s.ends_on FROM foundation_searchhash s
        WHERE s.tenant_id = v.tenant_id AND s.purpose = v.purpose
          AND s.owner_table = v.owner_table AND s.owner_row = v.owner_row LIMIT 1) h ON true
    WHERE v.tenant_id = %s AND v.purpose = %s AND v.generation < %s
    ORDER BY v.id LIMIT %s FOR UPDATE OF v SKIP LOCKED
"""


@transaction.atomic
def begin(purpose: str, *, by: Actor, now: datetime) -> int:
    """This will make the next generation, with which everything new is sealed from now on.

    :raises NotAllowed: not the security administrator. :raises StillRotating: old values are left.
    :raises FreshSignInNeeded: the administrator's proof is older than ten minutes. :raises KeyOfItsOwn: none is shared.
    """
    if not by.has("security_admin", "system"):
        raise NotAllowed("security_admin")
    ensure_fresh(by, now=now)
    _ensure_shared(purpose)
    held = sorted(_keys(purpose, by.tenant_id))
    if len(held) > 1:
        raise StillRotating
    following = held[-1] + 1 if held else 1
    data_keys.add_generation(purpose, following, tenant_id=by.tenant_id, now=now)
    key = DataKey.objects.get(tenant_id=by.tenant_id, purpose=purpose, generation=following)
    codes = {"purpose": purpose, "generation": following}
    trail.record("key.begun", ("data_key", key.id), by=by, at=now, codes=codes, new=True)
    return following


@transaction.atomic
def rotate(purpose: str, *, by: Actor, now: datetime, batch: int = 1000) -> Progress:
    """This will move up to `batch` values to the newest generation; call it until `done`.

    An old generation is destroyed ten minutes after the newest was made, when no process can still hold it alone.
    """
    _ensure_shared(purpose)
    held = _keys(purpose, by.tenant_id)
    newest = max(held, default=0)
    moved = _move(purpose, newest, batch, by.tenant_id, now)
    left = _left(purpose, newest, by.tenant_id)
    destroyed: tuple[int, ...] = ()
    if not left and newest and now - held[newest].made_at >= data_keys.LIFE:
        destroyed = tuple(_destroy(held[g], by, now) for g in sorted(held) if g < newest)
    return Progress(moved, left, destroyed, done=not left and len(held) - len(destroyed) <= 1)


def _ensure_shared(purpose: str) -> None:
    if purposes.named(purpose).own_key:
        raise KeyOfItsOwn


def _move(purpose: str, newest: int, batch: int, tenant_id: int, now: datetime) -> int:
    data_keys.forget(tenant_id, purpose)  # this process may not have heard of the newest generation
    searchable = purposes.named(purpose).searchable
    with connection.cursor() as cursor:
        cursor.execute(_BATCH, [tenant_id, purpose, newest, batch])
        rows = cursor.fetchall()

    def opened(data: bytes, owner: Owner, name: str) -> str:
        return open_value(bytes(data), purpose, owner, name, tenant_id=tenant_id, now=now)

    moving = [
        Secret(
            purpose, table, row, name, opened(data, (table, row), name), ends_on,
            searchable=found and name == searchable, search_ends_on=found_until,
        )
        for table, row, name, data, ends_on, found, found_until in rows
    ]  # fmt: skip
    seal(moving, tenant_id=tenant_id, now=now)
    return len(moving)


def _left(purpose: str, newest: int, tenant_id: int) -> int:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM foundation_sealedvalue WHERE tenant_id = %s AND purpose = %s AND generation < %s",
            [tenant_id, purpose, newest],
        )
        return int(cursor.fetchone()[0])


def _destroy(key: DataKey, by: Actor, now: datetime) -> int:
    proof = hashlib.sha256(bytes(key.wrapped)).hexdigest()
    codes = {"purpose": key.purpose, "generation": key.generation, "proof": proof}
    trail.record("key.destroyed", ("data_key", key.id), by=by, at=now, codes=codes)
    data_keys.forget(by.tenant_id, key.purpose)
    number = key.generation
    key.delete()
    return number


def _keys(purpose: str, tenant_id: int) -> dict[int, DataKey]:
    rows = DataKey.objects.filter(tenant_id=tenant_id, purpose=purpose)
    return {key.generation: key for key in rows}

"""Keys of their own 各自的钥匙: one per row whose purpose says so, wrapped in the database (spec 90 §5.2).

None is held in memory: whoever sealed forgets it, whoever opens asks the provider anew, with a wish that somebody
signed for. It ends with the last value it sealed: the wrapped bytes go at once, the provider destroys it at night.
"""

import secrets
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from django.db import connection

from jishi.foundation import keys
from jishi.foundation.broker.refusals import TooCostlyWait
from jishi.foundation.data_keys import DataKeyInHand, suite_of
from jishi.foundation.models import RowKey

Owner = tuple[str, int]  # (table, row)
AT_ONCE = 500  # keys that the provider is asked to destroy in one call

_LAST = """
    SELECT owner_table, owner_row, max(number) FROM foundation_rowkey
    WHERE tenant_id = %s AND (owner_table, owner_row) IN (SELECT * FROM unnest(%s::text[], %s::bigint[]))
    GROUP BY owner_table, owner_row
"""
_KEPT = """
    SELECT number, suite, wrapped, body_id FROM foundation_rowkey
    WHERE tenant_id = %s AND owner_table = %s AND owner_row = %s AND number = ANY (%s) ORDER BY number
"""
_EMPTY = """
    UPDATE foundation_rowkey k SET wrapped = ''::bytea
    WHERE k.tenant_id = %s AND k.wrapped <> ''::bytea
      AND (k.owner_table, k.owner_row) IN (SELECT * FROM unnest(%s::text[], %s::bigint[]))
      AND NOT EXISTS (SELECT FROM foundation_sealedvalue v
                      WHERE v.tenant_id = k.tenant_id AND v.owner_table = k.owner_table AND v.owner_row = k.owner_row
                        AND v.generation = k.number AND v.purpose = ANY (%s))
"""


def make(
    owners: Mapping[Owner, int], *, purpose: str, tenant_id: int, now: datetime, new: bool
) -> dict[Owner, DataKeyInHand]:
    """This will make one key for each of these rows and keep it wrapped; gives it once, for sealing.

    `owners` names the receiving body of each, to which its key is bound; 0: none.

    :raises KeyNotAvailable: the provider is away.
    """
    listed = sorted(owners)
    numbers = dict.fromkeys(listed, 1) if new else _following(listed, tenant_id)
    suite, made, rows = suite_of(tenant_id), {}, []
    for owner in listed:
        key, number = secrets.token_bytes(keys.KEY_BYTES[suite]), numbers[owner]
        context = keys.own_context(tenant_id, owner, number, body=owners[owner])
        wrapped = keys.provider().wrap_own(key, context=context, suite=suite)
        made[owner] = DataKeyInHand(purpose, number, suite, key)
        rows.append(
            RowKey(
                tenant_id=tenant_id, owner_table=owner[0], owner_row=owner[1], number=number, suite=suite,
                wrapped=wrapped, body_id=owners[owner], made_at=now,
            )
        )  # fmt: skip
    RowKey.objects.bulk_create(rows)
    return made


def opened(
    owner: Owner, numbers: Sequence[int], *, tenant_id: int, shown: keys.Shown | None
) -> dict[int, DataKeyInHand]:
    """Open these keys of one row by one call of the provider.

    :raises DoesNotOpen: one is not there, or the wish is for another row. :raises KeyNotAvailable: it is away.
    """
    wish = shown.wish if shown is not None else keys.Wish("receive", tenant_id, *owner)
    if (wish.tenant_id, wish.owner_table, wish.owner_row) != (tenant_id, *owner):
        raise keys.DoesNotOpen
    wanted = sorted(set(numbers))
    with connection.cursor() as cursor:
        cursor.execute(_KEPT, [tenant_id, *owner, wanted])
        kept = [keys.OwnKey(n, suite, bytes(wrapped), body) for n, suite, wrapped, body in cursor.fetchall()]
    if [one.number for one in kept] != wanted:
        raise keys.DoesNotOpen
    found = keys.provider().open_own(kept, wish=wish, shown=shown.signature if shown is not None else b"")
    return {one.number: DataKeyInHand("", one.number, one.suite, found[one.number]) for one in kept}


def end_unused(owners: Iterable[Owner], purposes: Sequence[str], *, tenant_id: int) -> None:
    """This will empty the keys of these rows that seal nothing any more for one of these purposes."""
    listed = sorted(set(owners))
    if listed and purposes:
        with connection.cursor() as cursor:
            cursor.execute(_EMPTY, [tenant_id, [t for t, _ in listed], [r for _, r in listed], list(purposes)])


def destroy_ended(*, tenant_id: int) -> tuple[int, int]:
    """This will have the provider destroy what was emptied; gives how many, and how many wait for the next night.

    They wait where the provider is away or was asked enough; here nothing is left to open by then. Asked again after a
    crash, it is the same.
    """
    rows = list(RowKey.objects.filter(tenant_id=tenant_id, wrapped=b"").order_by("id"))
    done = 0
    for start in range(0, len(rows), AT_ONCE):
        some = rows[start : start + AT_ONCE]
        ended = [
            keys.own_context(tenant_id, (row.owner_table, row.owner_row), row.number, body=row.body_id) for row in some
        ]
        try:
            keys.provider().destroy(ended)
        except (keys.KeyNotAvailable, TooCostlyWait):
            break
        RowKey.objects.filter(tenant_id=tenant_id, id__in=[row.pk for row in some]).delete()
        done += len(some)
    return done, len(rows) - done


def _following(owners: Sequence[Owner], tenant_id: int) -> dict[Owner, int]:
    with connection.cursor() as cursor:
        cursor.execute(_LAST, [tenant_id, [t for t, _ in owners], [r for _, r in owners]])
        last = {(table, row): number for table, row, number in cursor.fetchall()}
    return {owner: last.get(owner, 0) + 1 for owner in owners}

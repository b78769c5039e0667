"""Opening sealed values. Only `accounts.actions.reading` and the rotation import this (a test holds it):
everybody else asks `reading.read`, which writes down who looked, why, before a byte is opened.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime

from django.db import connection

from jishi.foundation import data_keys, keys, own_keys, purposes, vault
from jishi.foundation.models import StoredFile
from jishi.foundation.refusals import Refused
from jishi.foundation.sealed import Owner, header_of, place, unpadded


class FileGone(Refused):
    code, status = "file_gone", 410
    zh, en = "这个文件已经不在了。", "This file is not there any more."
    next_zh, next_en = "保存期过了，或者本人删掉了。", "Its time was over, or its owner had it removed."


FILES, FILE_KEY, FILE_NAME = StoredFile._meta.db_table, "file_key", "file_name"

_GET = """
    SELECT owner_table, owner_row, field, data FROM foundation_sealedvalue
    WHERE tenant_id = %s AND field = ANY (%s)
      AND purpose = %s AND (owner_table, owner_row) IN (SELECT * FROM unnest(%s::text[], %s::bigint[]))
"""


def unseal(
    owners: Iterable[Owner], fields: Sequence[str], *, purpose: str, tenant_id: int, now: datetime,
    shown: keys.Shown | None = None,
) -> dict[Owner, dict[str, str]]:  # fmt: skip
    """Open `fields` of these rows that were sealed for `purpose`: {(table, row): {field: value}}.

    What was never sealed, has ended, or was sealed for another purpose is absent. Rows with a key of their own open by
    what was `shown` to the key provider: one row a signature.

    :raises DoesNotOpen: bytes were moved or changed. :raises KeyNotAvailable: the keys are away.
    """
    listed = sorted(set(owners))
    found: dict[Owner, dict[str, str]] = {owner: {} for owner in listed}
    with connection.cursor() as cursor:
        cursor.execute(_GET, [tenant_id, list(fields), purpose, [t for t, _ in listed], [r for _, r in listed]])
        rows = cursor.fetchall()
    if purposes.named(purpose).own_key:
        return found | _by_own_keys(rows, purpose, tenant_id, shown)
    for table, row, name, data in rows:
        opened = open_value(bytes(data), purpose, (table, row), name, tenant_id=tenant_id, now=now)
        found[(table, row)][name] = opened
    return found


def _by_own_keys(
    rows: Sequence[tuple[str, int, str, bytes]], purpose: str, tenant_id: int, shown: keys.Shown | None
) -> dict[Owner, dict[str, str]]:
    found: dict[Owner, dict[str, str]] = {}
    for owner in sorted({(table, row) for table, row, _, _ in rows}):
        values = {name: bytes(data) for table, row, name, data in rows if (table, row) == owner}
        numbers = [header_of(data)[1] for data in values.values()]
        held = own_keys.opened(owner, numbers, tenant_id=tenant_id, shown=shown)
        found[owner] = {
            name: _plain(data, held[header_of(data)[1]].key, purpose, owner, name, tenant_id)
            for name, data in values.items()
        }
    return found


def open_value(data: bytes, purpose: str, owner: Owner, name: str, *, tenant_id: int, now: datetime) -> str:
    """Open the bytes of one value that lies in this place.

    :raises DoesNotOpen: it does not belong there, or was changed.
    """
    _, generation = header_of(data)
    held = data_keys.every(purpose, tenant_id=tenant_id, now=now)
    if generation not in held:  # a generation that another process has begun since
        data_keys.forget(tenant_id, purpose)
        held = data_keys.every(purpose, tenant_id=tenant_id, now=now)
    if generation not in held:
        raise keys.DoesNotOpen
    return _plain(data, held[generation].key, purpose, owner, name, tenant_id)


def _plain(data: bytes, key: bytes, purpose: str, owner: Owner, name: str, tenant_id: int) -> str:
    bound = data[:6] + place(tenant_id, purpose, owner, name)
    return unpadded(keys.decrypt(key, data[6:], bound, header_of(data)[0]))


def open_file(row: StoredFile, *, now: datetime) -> bytes:
    """Open the content of one stored file.

    :raises FileGone: its key or its bytes have ended. :raises DoesNotOpen: bytes were changed.
    """
    owner = (FILES, row.id)
    found = unseal([owner], [FILE_KEY], purpose=row.purpose, tenant_id=row.tenant_id, now=now)[owner]
    if FILE_KEY not in found:
        raise FileGone
    name = vault.name_of(row.token, tenant_id=row.tenant_id)
    try:
        return vault.read(name, key=bytes.fromhex(found[FILE_KEY]), tenant_id=row.tenant_id)
    except FileNotFoundError:
        raise FileGone from None

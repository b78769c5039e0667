"""Sealed fields 封存字段 (spec 90 §5): personal values lie encrypted in one table, bound to their place.

Bytes: version ‖ suite ‖ key generation ‖ nonce ‖ ciphertext ‖ tag. Associated data: that header, tenant, purpose,
owner table, owner row, field; a value moved elsewhere does not open. Text is padded to 32, 64, 128 … bytes.
Opening one is not here: it is `accounts.actions.reading.read`, which writes down who looked.
"""

import dataclasses
import os
import struct
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import connection, transaction

from jishi.foundation import data_keys, keys, own_keys, purposes
from jishi.foundation.models import SearchHash
from jishi.foundation.refusals import Invalid
from jishi.foundation.together import Together

Owner = tuple[str, int]  # (table, row)

VERSION = 1
LONGEST = 256 * 1024  # bytes of one value; larger things are files
_HEADER = struct.Struct(">BcI")


@dataclass(frozen=True, slots=True)
class Secret:
    """One value to seal. `searchable`: found by equality until `search_ends_on`, else `ends_on`, or `end_search`.

    `body`: the receiving body of record, to which a key of its own is bound.
    """

    purpose: str
    owner_table: str
    owner_row: int
    field: str
    value: str = dataclasses.field(repr=False)
    ends_on: date | None = None
    searchable: bool = False
    search_ends_on: date | None = None
    body: int = 0

    @property
    def owner(self) -> Owner:
        return (self.owner_table, self.owner_row)


_ROWS = """
    INSERT INTO foundation_sealedvalue AS v
        (id, tenant_id, purpose, generation, owner_table, owner_row, field, data, ends_on)
    SELECT gen_random_uuid(), * FROM json_to_recordset({given})
        AS s (tenant_id bigint, purpose text, generation int, owner_table text, owner_row bigint, field text,
              data bytea, ends_on date)
"""
_AGAIN = """
    ON CONFLICT (tenant_id, owner_table, owner_row, field) DO UPDATE
    SET purpose = EXCLUDED.purpose, generation = EXCLUDED.generation, data = EXCLUDED.data, ends_on = EXCLUDED.ends_on
"""
# Of new rows nothing can stand there: then nothing is asked about what may be seen and replaced.
_STORE_NEW = (("foundation_sealedvalue", _ROWS),)
_STORE = (("foundation_sealedvalue", _ROWS + _AGAIN),)
_NEW_HASHES = """
    INSERT INTO foundation_searchhash (tenant_id, purpose, mac, owner_table, owner_row, ends_on)
    SELECT * FROM json_to_recordset({given})
        AS h (tenant_id bigint, purpose text, mac bytea, owner_table text, owner_row bigint, ends_on date)
"""
_STORE_NEW_HASHES = (("foundation_searchhash", _NEW_HASHES),)

# The hash of a value that was there before goes in the same statement.
_STORE_HASHES = """
    WITH fresh AS (
        SELECT * FROM unnest(%(purpose)s::text[], %(mac)s::bytea[], %(table)s::text[], %(row)s::bigint[],
                             %(ends)s::date[]) AS f (purpose, mac, owner_table, owner_row, ends_on)
    ), gone AS (
        DELETE FROM foundation_searchhash h USING fresh f
        WHERE h.tenant_id = %(tenant)s AND h.purpose = f.purpose
          AND h.owner_table = f.owner_table AND h.owner_row = f.owner_row
    )
    INSERT INTO foundation_searchhash (tenant_id, purpose, mac, owner_table, owner_row, ends_on)
    SELECT %(tenant)s, purpose, mac, owner_table, owner_row, ends_on FROM fresh
"""


def seal(
    secrets: Sequence[Secret], *, tenant_id: int, now: datetime, new: bool = False, into: Together | None = None
) -> None:
    """This will store `secrets` encrypted, replacing what stood in their fields; 2 statements when keys are at hand.

    `new`: their rows were created just now, so no hash of an earlier value is looked for. An empty value seals nothing.
    `into`: what is new is stored with what is gathered there, the rows that own it among it: what is sealed beside an
    anonymous report is refused by a look at that report when the statement is done. Of purposes with a key for each
    row the rows must be stored by then.
    :raises NoPurposeNamed: a field outside its purpose, or a search that the purpose does not allow.
    :raises KeyNotAvailable: the keys are away for longer than ten minutes. :raises Invalid: a value over 256 KiB.
    """
    wanted = [s for s in secrets if s.value]
    for secret in wanted:
        _ensure_registered(secret)
    if not wanted:
        return
    found = _keys_for(wanted, tenant_id, now, new=new)
    sealed = [(s, found[s], envelope(s, found[s], tenant_id)) for s in wanted]
    values = [
        {
            "tenant_id": tenant_id, "purpose": s.purpose, "generation": k.generation, "owner_table": s.owner_table,
            "owner_row": s.owner_row, "field": s.field, "data": data, "ends_on": s.ends_on,
        }
        for s, k, data in sealed
    ]  # fmt: skip
    kept = into if into is not None and new else Together()
    kept.part(_STORE_NEW if new else _STORE, values)
    hashed = [(s, k) for s, k, _ in sealed if s.searchable]
    if new and hashed:
        kept.part(_STORE_NEW_HASHES, _hashes(hashed, tenant_id))
    if kept is not into:
        kept.store()
    if not new:
        _replace_hashes(hashed, tenant_id)
        _end_unused({s.owner for s in wanted if purposes.named(s.purpose).own_key}, tenant_id)


def find(purpose: str, value: str, *, tenant_id: int, now: datetime) -> list[Owner]:
    """Give the rows whose searchable value equals this one, written in whatever form; none after their search ended.

    :raises NoPurposeNamed: the purpose is unknown or allows no search.
    """
    known = purposes.named(purpose)
    if not known.searchable:
        raise purposes.NoPurposeNamed(what=f"{purpose}: find")
    macs = [
        _mac(known, value, key, tenant_id) for key in data_keys.every(purpose, tenant_id=tenant_id, now=now).values()
    ]
    rows = SearchHash.objects.filter(tenant_id=tenant_id, purpose=purpose, mac__in=macs)
    rows = rows.exclude(ends_on__lt=now.date())
    return sorted(set(rows.values_list("owner_table", "owner_row")))


def told_apart(purpose: str, owner_table: str, owner_rows: Iterable[int], *, tenant_id: int) -> dict[int, bytes]:
    """Give what tells the searchable values of rows apart, and nothing else: equal values, equal bytes. One statement.

    Bytes are a keyed hash: nobody reads a value from them. A row without a value, or whose search ended, is left out.
    """
    held = SearchHash.objects.filter(tenant_id=tenant_id, purpose=purpose, owner_table=owner_table)
    rows = held.extra(where=["owner_row = ANY (%s)"], params=[sorted(owner_rows)])
    return {row: bytes(mac) for row, mac in rows.order_by("owner_row", "id").values_list("owner_row", "mac")}


def end(owners: Iterable[Owner], *, tenant_id: int, fields: Sequence[str] = ()) -> int:
    """This will delete what is sealed for these rows, or only `fields` of it, and its hashes. Gives how many values.

    Which place was emptied when is written down beside the store, so that a restored copy empties it again (§7.4).
    """
    tables, rows = _columns(owners)
    chosen = list(fields) or None
    with connection.cursor() as cursor:
        cursor.execute(_END, {"tenant": tenant_id, "tables": tables, "rows": rows, "fields": chosen})
        gone = [tuple(row) for row in cursor.fetchall()]
    _end_hashes({(p, t, r) for p, t, r, f, _ in gone if f == purposes.named(p).searchable}, tenant_id)
    _end_unused({(t, r) for p, t, r, _, _ in gone if purposes.named(p).own_key}, tenant_id)
    if gone:
        lines = [f"{at.isoformat()} {tenant_id} {table} {row} {field}\n" for _, table, row, field, at in gone]
        transaction.on_commit(lambda: _note_ended(lines))
    return len(gone)


def end_again(since: datetime, *, tenant_id: int) -> int:
    """This will empty anew what was emptied after `since`, the moment of a copy that was brought back.

    What had been emptied before is not in that copy; if something stands there, it was sealed afterwards and stays.
    """
    places = [line.split() for line in (ended_list().read_text("ascii").splitlines() if ended_list().exists() else [])]
    found = [p for p in places if len(p) == 5 and p[1] == str(tenant_id) and datetime.fromisoformat(p[0]) >= since]
    by_field: dict[str, set[Owner]] = {}
    for _, _, table, row, field in found:
        by_field.setdefault(field, set()).add((table, int(row)))
    return sum(end(owners, tenant_id=tenant_id, fields=[field]) for field, owners in sorted(by_field.items()))


def ended_list() -> Path:
    """Give where the list of emptied places lies: beside the store and its copies, in no copy. Ids only."""
    return Path(settings.FILES_DIR).with_name("sealed.ended")


def end_search(owners: Iterable[Owner], purpose: str, *, tenant_id: int) -> None:
    """This will end finding by equality for these rows; the values stay. Nobody can count over the years (§5.3)."""
    _end_hashes({(purpose, table, row) for table, row in owners}, tenant_id)


def end_due(*, tenant_id: int, today: date) -> dict[str, int]:
    """This will delete every value and hash whose last day has passed; counts by purpose. Nightly (spec 90 §7.4)."""
    gone: dict[str, int] = {}
    alone: set[Owner] = set()
    with connection.cursor() as cursor:
        cursor.execute(
            "DELETE FROM foundation_sealedvalue WHERE tenant_id = %s AND ends_on < %s "
            "RETURNING purpose, owner_table, owner_row",
            [tenant_id, today],
        )
        for purpose, table, row in cursor.fetchall():
            gone[purpose] = gone.get(purpose, 0) + 1
            if purposes.named(purpose).own_key:
                alone.add((table, row))
        cursor.execute("DELETE FROM foundation_searchhash WHERE tenant_id = %s AND ends_on < %s", [tenant_id, today])
    _end_unused(alone, tenant_id)
    return gone


def destroy_ended_keys(*, tenant_id: int) -> dict[str, int]:
    """This will have the provider destroy keys of their own whose values have ended; how many, how many wait."""
    destroyed, left = own_keys.destroy_ended(tenant_id=tenant_id)
    return {"destroyed": destroyed, "left": left} if destroyed or left else {}


def sealed_fields(owners: Iterable[Owner], *, tenant_id: int) -> dict[Owner, list[str]]:
    """Give which fields are sealed for these rows: that they are there, never what they say; one statement."""
    tables, rows = _columns(owners)
    found: dict[Owner, list[str]] = {}
    with connection.cursor() as cursor:
        cursor.execute(_FIELDS, [tenant_id, tables, rows])
        for table, row, name in cursor.fetchall():
            found.setdefault((table, row), []).append(name)
    return found


# --- envelope ----------------------------------------------------------------------------------------------


def envelope(secret: Secret, key: data_keys.DataKeyInHand, tenant_id: int) -> bytes:
    """Give the bytes of one sealed value."""
    header = _HEADER.pack(VERSION, key.suite.encode(), key.generation)
    bound = header + place(tenant_id, secret.purpose, secret.owner, secret.field)
    return header + keys.encrypt(key.key, _padded(secret.value), bound, key.suite)


def header_of(data: bytes) -> tuple[str, int]:
    """Give suite and key generation of sealed bytes.

    :raises DoesNotOpen: not an envelope of this version.
    """
    if len(data) < _HEADER.size or data[0] != VERSION or data[1:2] not in (b"a", b"s"):
        raise keys.DoesNotOpen
    _, suite, generation = _HEADER.unpack_from(data)
    return suite.decode(), generation


def place(tenant_id: int, purpose: str, owner: Owner, name: str) -> bytes:
    """Write where a value belongs, each part with its length, so that no two places read the same."""
    parts = [str(tenant_id), purpose, owner[0], str(owner[1]), name]
    return b"".join(struct.pack(">H", len(raw)) + raw for raw in (part.encode() for part in parts))


def _padded(value: str) -> bytes:
    raw = value.encode()
    size = 32
    while size < len(raw) + 4:
        size *= 2
    return struct.pack(">I", len(raw)) + raw + b"\0" * (size - 4 - len(raw))


def unpadded(plain: bytes) -> str:
    """Undo the padding."""
    (length,) = struct.unpack_from(">I", plain)
    return plain[4 : 4 + length].decode()


# --- pieces ------------------------------------------------------------------------------------------------

_END = """
    DELETE FROM foundation_sealedvalue v
    WHERE v.tenant_id = %(tenant)s
      AND (v.owner_table, v.owner_row) IN (SELECT * FROM unnest(%(tables)s::text[], %(rows)s::bigint[]))
      AND (%(fields)s::text[] IS NULL OR v.field = ANY (%(fields)s::text[]))
    RETURNING v.purpose, v.owner_table, v.owner_row, v.field, transaction_timestamp()
"""

_END_HASHES = """
    DELETE FROM foundation_searchhash h
    USING unnest(%s::text[], %s::text[], %s::bigint[]) AS o (purpose, owner_table, owner_row)
    WHERE h.tenant_id = %s AND h.purpose = o.purpose AND h.owner_table = o.owner_table AND h.owner_row = o.owner_row
"""

_FIELDS = """
    SELECT owner_table, owner_row, field FROM foundation_sealedvalue
    WHERE tenant_id = %s AND (owner_table, owner_row) IN (SELECT * FROM unnest(%s::text[], %s::bigint[]))
    ORDER BY owner_table, owner_row, field
"""


def _note_ended(lines: Sequence[str]) -> None:
    ended_list().parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(ended_list(), os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    with os.fdopen(descriptor, "a", encoding="ascii") as out:
        out.writelines(lines)
        out.flush()
        os.fsync(out.fileno())


def _keys_for(
    wanted: Sequence[Secret], tenant_id: int, now: datetime, *, new: bool
) -> dict[Secret, data_keys.DataKeyInHand]:
    """Give the key of each value: of its purpose, or of its row where the purpose says so."""
    apart = {s.purpose for s in wanted if purposes.named(s.purpose).own_key}
    shared = {s.purpose for s in wanted} - apart
    current = data_keys.current(shared, tenant_id=tenant_id, now=now) if shared else {}
    found = {s: current[s.purpose] for s in wanted if s.purpose in shared}
    for purpose in sorted(apart):
        mine = [s for s in wanted if s.purpose == purpose]
        made = own_keys.make({s.owner: s.body for s in mine}, purpose=purpose, tenant_id=tenant_id, now=now, new=new)
        found |= {s: made[s.owner] for s in mine}
    return found


def _end_unused(owners: set[Owner], tenant_id: int) -> None:
    if owners:
        own_keys.end_unused(owners, [p.code for p in purposes.every() if p.own_key], tenant_id=tenant_id)


def _ensure_registered(secret: Secret) -> None:
    purpose = purposes.named(secret.purpose, secret.field)
    if secret.searchable and purpose.searchable != secret.field:
        raise purposes.NoPurposeNamed(what=f"{secret.purpose}: find {secret.field}")
    if len(secret.value.encode()) > LONGEST:
        raise Invalid(detail=f"{secret.field} > 256 KiB")


def _hashes(found: Sequence[tuple[Secret, data_keys.DataKeyInHand]], tenant_id: int) -> list[dict[str, Any]]:
    return [
        {
            "tenant_id": tenant_id, "purpose": s.purpose, "owner_table": s.owner_table, "owner_row": s.owner_row,
            "mac": _mac(purposes.named(s.purpose), s.value, key, tenant_id), "ends_on": s.search_ends_on or s.ends_on,
        }
        for s, key in found
    ]  # fmt: skip


def _replace_hashes(found: Sequence[tuple[Secret, data_keys.DataKeyInHand]], tenant_id: int) -> None:
    if not found:
        return
    rows = _hashes(found, tenant_id)
    named = {"purpose": "purpose", "mac": "mac", "table": "owner_table", "row": "owner_row", "ends": "ends_on"}
    columns = {name: [row[column] for row in rows] for name, column in named.items()}
    with connection.cursor() as cursor:
        cursor.execute(_STORE_HASHES, {"tenant": tenant_id, **columns})


def _end_hashes(of: Iterable[tuple[str, str, int]], tenant_id: int) -> None:
    listed = sorted(of)
    if listed:
        with connection.cursor() as cursor:
            cursor.execute(_END_HASHES, [*map(list, zip(*listed, strict=True)), tenant_id])


def _mac(purpose: purposes.Purpose, value: str, key: data_keys.DataKeyInHand, tenant_id: int) -> bytes:
    context = f"{tenant_id}:{purpose.code}:{key.generation}".encode()
    return keys.provider().mac(purposes.normalise(purpose.kind, value).encode(), context=context, suite=key.suite)


def _columns(owners: Iterable[Owner]) -> tuple[list[str], list[int]]:
    listed = sorted(set(owners))
    return [table for table, _ in listed], [row for _, row in listed]

"""The file store: what a person sent is kept sealed, shown by permission, ends on its day (spec 90 §§5.1, 7.4, 9).

A row says what a file is and whose; its bytes lie encrypted in `vault` under their own key, and that key is a sealed
value: it rotates, ends and is read like every other one. Opening a person's file is `accounts.actions.reading`;
`shown` opens what was made for strangers and nothing else.
"""

import hashlib
import secrets
import shutil
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path

from django.conf import settings
from django.db import transaction
from django.http import HttpResponse
from django.utils.http import content_disposition_header

from jishi.foundation import data_keys, keys, purposes, sealed, unsealing, vault
from jishi.foundation.models import StoredFile as StoredFile
from jishi.foundation.pictures import Content
from jishi.foundation.refusals import NotAvailableNow, NotFound
from jishi.foundation.sealed import Owner, Secret
from jishi.foundation.unsealing import FILE_KEY, FILE_NAME, FILES
from jishi.foundation.uploads import KINDS, plain_name

ORPHAN = timedelta(hours=1)  # older than any transaction: a file without a row will never have one


@dataclass(frozen=True, slots=True)
class Wanted:
    """One file to keep: for which purpose, of which row, until when. `name`: as the sender called it, sealed."""

    content: Content
    purpose: str
    owner: Owner
    ends_on: date | None = None
    name: str = ""
    is_public: bool = False


def keep(wanted: Sequence[Wanted], *, tenant_id: int, now: datetime) -> list[StoredFile]:
    """This will store files, bytes first; what is rolled back afterwards is swept.

    :raises NoPurposeNamed: the purpose does not cover files. :raises NotAvailableNow: the disk is nearly full.
    :raises KeyNotAvailable: the keys are away; nothing is left behind.
    """
    if not wanted:
        return []
    _ensure_space()
    for one in wanted:
        purposes.named(one.purpose, FILE_KEY, FILE_NAME)
    suite = data_keys.current({wanted[0].purpose}, tenant_id=tenant_id, now=now)[wanted[0].purpose].suite
    rows, secrets_, written = [], [], []
    try:
        for one in wanted:
            key, token = secrets.token_bytes(keys.KEY_BYTES[suite]), secrets.token_hex(16)
            name = vault.name_of(token, tenant_id=tenant_id)
            vault.write(name, one.content.data, key=key, suite=suite, tenant_id=tenant_id)
            written.append(name)
            row = _row(one, token, tenant_id, now)
            row.save()
            rows.append(row)
            said = plain_name(one.name) if one.name else ""
            for field, value in ((FILE_KEY, key.hex()), (FILE_NAME, said)):
                secrets_.append(Secret(one.purpose, FILES, row.id, field, value, ends_on=one.ends_on))
        sealed.seal(secrets_, tenant_id=tenant_id, now=now)
    except BaseException:
        vault.remove(written, tenant_id=tenant_id)
        raise
    return rows


def _row(one: Wanted, token: str, tenant_id: int, now: datetime) -> StoredFile:
    return StoredFile(
        tenant_id=tenant_id, token=token, purpose=one.purpose, owner_table=one.owner[0], owner_row=one.owner[1],
        kind=one.content.kind, size=len(one.content.data), width=one.content.width, height=one.content.height,
        content_hash=hashlib.sha256(one.content.data).hexdigest(), is_public=one.is_public, made_at=now,
        ends_on=one.ends_on, scanned_at=now if one.content.scanned else None,
    )  # fmt: skip


def shown(file_id: int, *, tenant_id: int, now: datetime) -> bytes:
    """Give the content of a copy that was made for strangers.

    :raises NotFound: there is none, or it is a person's own file: those open through a reading alone.
    """
    row = StoredFile.objects.filter(tenant_id=tenant_id, id=file_id, is_public=True).first()
    if row is None:
        raise NotFound
    return unsealing.open_file(row, now=now)


def end(ids: Iterable[int], *, tenant_id: int) -> int:
    """This will end files: keys at once, rows with them, bytes when the transaction has held. Gives how many."""
    rows = list(StoredFile.objects.filter(tenant_id=tenant_id, id__in=list(ids)))
    if not rows:
        return 0
    sealed.end([(FILES, row.id) for row in rows], tenant_id=tenant_id)
    names = [vault.name_of(row.token, tenant_id=tenant_id) for row in rows]
    tokens = [row.token for row in rows]
    StoredFile.objects.filter(tenant_id=tenant_id, id__in=[row.id for row in rows]).delete()
    transaction.on_commit(lambda: _gone(names, tokens, tenant_id))
    return len(rows)


def _gone(names: list[str], tokens: list[str], tenant_id: int) -> None:
    vault.note_ended(tokens, tenant_id=tenant_id)
    vault.remove(names, tenant_id=tenant_id)


def ended(*, tenant_id: int) -> list[str]:
    """Give the tokens of files that were ended on this installation: they must not come back with a restored copy."""
    return vault.ended(tenant_id)


def missing(*, tenant_id: int) -> list[int]:
    """Give the rows whose bytes are not there."""
    there = vault.lying(tenant_id)
    rows = StoredFile.objects.filter(tenant_id=tenant_id).order_by("id")
    return [r.id for r in rows.iterator() if vault.name_of(r.token, tenant_id=tenant_id) not in there]


def due(*, tenant_id: int, today: date) -> list[StoredFile]:
    """Give the files whose last day has passed."""
    return list(StoredFile.objects.filter(tenant_id=tenant_id, ends_on__lt=today).order_by("id"))


@dataclass(frozen=True, slots=True)
class Swept:
    """What a sweep found: names without a row (removed), rows without a file (told)."""

    orphans: int
    missing: tuple[int, ...]


def sweep(*, tenant_id: int, older_than: timedelta = ORPHAN) -> Swept:
    """This will remove files that no row names and whose row cannot come any more; it says which rows have no file."""
    rows = StoredFile.objects.filter(tenant_id=tenant_id)
    named = {vault.name_of(row.token, tenant_id=tenant_id): row.id for row in rows.iterator()}
    there = vault.lying(tenant_id)
    orphans = [n for n, age in there.items() if n not in named and age >= older_than.total_seconds()]
    for name in orphans:
        vault.throw_out(name, tenant_id=tenant_id)
    return Swept(len(orphans), tuple(sorted(i for n, i in named.items() if n not in there)))


def as_download(data: bytes, kind: str, name: str, *, mime: str = "") -> HttpResponse:
    """Give a file as a download under a name of ours: nothing in it runs, whatever it is opened as, nobody keeps it."""
    response = HttpResponse(data, content_type=mime or KINDS[kind].mime)
    response["Content-Disposition"] = content_disposition_header(as_attachment=True, filename=name) or "attachment"
    response["Content-Security-Policy"] = "default-src 'none'; sandbox"
    response["X-Content-Type-Options"] = "nosniff"
    response["Cache-Control"] = "no-store"
    return response


def _ensure_space() -> None:
    folder = Path(settings.FILES_DIR)
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    disk = shutil.disk_usage(folder)
    if disk.free < disk.total * settings.FILES_FREE:
        raise NotAvailableNow(what_zh="存储空间不足，上传文件", what_en="Storage is low: sending files")

"""Looking at sealed fields: unlogged means unread (spec 90 §8). The only door through which they open.

A `Reading` is written first, then the fields are opened, in one transaction: if it cannot be written, no byte is
returned. One call is one act: a list of fifty is a batch reading in which each person finds herself.
"""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import connection, transaction
from django.db.models import Max, Q

from jishi.accounts import policies
from jishi.accounts.actions import proving
from jishi.accounts.models import Reading
from jishi.foundation import purposes
from jishi.foundation.actor import Actor
from jishi.foundation.files import StoredFile
from jishi.foundation.keys import Shown
from jishi.foundation.refusals import NotFound, Refused
from jishi.foundation.sealed import Owner
from jishi.foundation.unsealing import FILE_NAME, FILES, open_file, unseal


class ReasonMissing(Refused):
    code, status = "reason_missing", 422
    zh, en = "没有写为什么要看。", "Why you look is missing."
    next_zh, next_en = (
        "写一句理由；本人看得到是哪个岗位、为什么看。",
        "Write one sentence; the person can see which post looked, and why.",
    )


class NotByEmergencyAccess(Refused):
    code, status = "not_by_emergency_access", 403
    zh, en = "应急通道不打开要求保密的人的姓名。", "Emergency access never opens a confidential name."
    next_zh, next_en = (
        "请先结束应急通道，再按解封的办法申请。",
        "End the emergency access first, then ask for an unsealing.",
    )


_opened: ContextVar[list[str]] = ContextVar("jishi_opened")
CONFIDENTIAL = "identity.reporter"  # that is an unsealing's alone (spec 10 §13)

# The title of the post is kept as it was when somebody looked.
_LOG = """
    INSERT INTO accounts_reading
        (tenant_id, at, actor, body_id, post_title, purpose, reason, owner_table, owner_row, fields, file_row)
    SELECT %(tenant)s, %(at)s, %(actor)s, %(body)s,
           coalesce((SELECT g.post_title FROM accounts_grant g
                     WHERE g.tenant_id = %(tenant)s AND g.account_id = %(account)s AND g.post_id = %(post)s
                     ORDER BY g.id DESC LIMIT 1), ''),
           %(purpose)s, %(reason)s, o.owner_table, o.owner_row, %(fields)s::varchar[], %(file)s
    FROM unnest(%(tables)s::text[], %(rows)s::bigint[]) AS o (owner_table, owner_row)
"""


@transaction.atomic
def read(
    owners: Iterable[Owner], fields: Sequence[str], *, purpose: str, reason: str, by: Actor, now: datetime,
    shown: Shown | None = None,
) -> dict[Owner, dict[str, str]]:  # fmt: skip
    """This will open `fields` of these rows for `purpose`, and write down who looked and why; 2 statements.

    Gives {(table, row): {field: value}}; what was never sealed, or has ended, is absent. A value that was sealed for
    another purpose stays closed. Which rows `by` may look at is the question of the room that owns them, asked before.
    `shown`: the passkey's signature that the key broker asks for a confidential name (level K1).
    :raises NoPurposeNamed: unknown purpose, or fields outside it. :raises ReasonMissing: no sentence.
    :raises NotAllowed: the purpose is not for this role. :raises KeyNotAvailable: the keys are away.
    :raises NotByEmergencyAccess: a confidential name, while an emergency access is open.
    """
    known = purposes.named(purpose, *fields)
    why = reason.strip()
    if not why:
        raise ReasonMissing
    policies.ensure_may_read(by, known)
    if known.code == CONFIDENTIAL and by.has(policies.GLASS):
        raise NotByEmergencyAccess
    if known.sensitive and by.kind == "staff":
        proving.ensure_fresh(by, now=now)
    listed = sorted(set(owners))
    if not listed or not fields:
        return {owner: {} for owner in listed}
    _write_down(listed, sorted(set(fields)), purpose, why, by, now)
    return unseal(listed, fields, purpose=purpose, tenant_id=by.tenant_id, now=now, shown=shown)


@dataclass(frozen=True, slots=True)
class OpenedFile:
    """The content of one file, and how its sender called it."""

    row: StoredFile
    data: bytes = field(repr=False)
    name: str


@transaction.atomic
def read_file(file_id: int, *, what: str = "photo", reason: str, by: Actor, now: datetime) -> OpenedFile:
    """This will open one file that a person sent, and write down on the row it belongs to who looked and why.

    `what` names it in the words of its purpose. Whether `by` may look at that row was asked before by its room.
    :raises NotFound: no such file. :raises ReasonMissing, NotAllowed, KeyNotAvailable: as `read`.
    :raises FileGone: it has ended.
    """
    row = StoredFile.objects.filter(tenant_id=by.tenant_id, id=file_id).first()
    if row is None:
        raise NotFound
    known, why = purposes.named(row.purpose, what), reason.strip()
    if not why:
        raise ReasonMissing
    policies.ensure_may_read(by, known)
    _write_down([(row.owner_table, row.owner_row)], [what], row.purpose, why, by, now, row.id)
    said = unseal([(FILES, row.id)], [FILE_NAME], purpose=row.purpose, tenant_id=by.tenant_id, now=now)
    return OpenedFile(row, open_file(row, now=now), said[(FILES, row.id)].get(FILE_NAME, ""))


@contextmanager
def noticed() -> Iterator[list[str]]:
    """Hear, while one request is answered, for which purposes fields were opened: no browser keeps such a page."""
    opened: list[str] = []
    token = _opened.set(opened)
    try:
        yield opened
    finally:
        _opened.reset(token)


def read_on(file_id: int, *, what: str, since: datetime, by: Actor, now: datetime) -> OpenedFile:
    """Give a file again to the very reader who has opened this very one for a reason since: a player asks in pieces.

    :raises NotFound: nobody opened it, or somebody else did. :raises NotAllowed, KeyNotAvailable, FileGone: as before.
    """
    row = StoredFile.objects.filter(tenant_id=by.tenant_id, id=file_id).first()
    if row is None:
        raise NotFound
    policies.ensure_may_read(by, purposes.named(row.purpose, what))
    last = opened_by([row], by=by).get(row.id)
    if last is None or last < since:
        raise NotFound
    return OpenedFile(row, open_file(row, now=now), "")


def opened_by(files: Iterable[StoredFile], *, by: Actor) -> dict[int, datetime]:
    """Tell which of these files this person has opened, whichever post he held, and when last; one statement."""
    rows = list(files)
    if not rows:
        return {}
    person = by.label.partition("/")[0]
    owners, tables = [row.owner_row for row in rows], [row.owner_table for row in rows]
    found = Reading.objects.filter(
        Q(actor=person) | Q(actor__startswith=f"{person}/"), tenant_id=by.tenant_id, owner_table__in=tables,
        owner_row__in=owners, file_row__in=[row.id for row in rows],
    )  # fmt: skip
    return dict(found.order_by().values_list("file_row").annotate(last=Max("at")))


def _write_down(
    owners: Sequence[Owner], fields: Sequence[str], purpose: str, why: str, by: Actor, now: datetime,
    file: int | None = None,
) -> None:  # fmt: skip
    facts: dict[str, Any] = {
        "tenant": by.tenant_id, "at": now, "actor": by.label, "body": min(by.body_ids, default=None),
        "account": by.account_id, "post": by.post_id, "purpose": purpose, "reason": why[:300],
        "fields": list(fields), "tables": [t for t, _ in owners], "rows": [r for _, r in owners],
        "file": file,
    }  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute(_LOG, facts)
    if (heard := _opened.get(None)) is not None:
        heard.append(purpose)

"""答复的附件: photos and PDFs that a body sends along with its own reply (spec 10 §2).

They are stored files of the reply's row, kept sealed like any file of a person (spec 90 §§8, 9). Colleagues who see the
case open them as a reading; a caller opens them once the reply is approved, as its words. Strangers find none: what
they read of a reply is its public words alone.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime

from django.db.models import Q

from jishi.accounts.actions import reading
from jishi.accounts.actions.reading import OpenedFile
from jishi.cases import policies
from jishi.cases.actions.photos import Ready, last_day
from jishi.cases.models import Case, Membership, Reply
from jishi.foundation import files
from jishi.foundation.actor import Actor
from jishi.foundation.files import StoredFile, Wanted
from jishi.foundation.refusals import NotFound
from jishi.foundation.uploads import MANY, TooManyFiles

TABLE, ENCLOSED = Reply._meta.db_table, "reply.enclosure"


def keep(reply: Reply, given: Sequence[Ready], *, now: datetime) -> list[str]:
    """Keep what a body sends along with its reply; gives the hashes for its entry.

    :raises TooManyFiles: more than three.
    """
    if len(given) > MANY:
        raise TooManyFiles(count=len(given), limit=MANY)
    owner, ends = (TABLE, reply.id), last_day(now)
    wanted = [Wanted(one.content, ENCLOSED, owner, ends, one.name) for one in given]
    return [one.content_hash for one in files.keep(wanted, tenant_id=reply.tenant_id, now=now)]


def of_replies(reply_ids: Iterable[int], *, tenant_id: int) -> dict[int, tuple[StoredFile, ...]]:
    """Give the files of these replies, by reply; one statement, none where there is no reply."""
    ids = list(reply_ids)
    if not ids:
        return {}
    found: dict[int, tuple[StoredFile, ...]] = {}
    rows = StoredFile.objects.filter(tenant_id=tenant_id, owner_table=TABLE, owner_row__in=ids, purpose=ENCLOSED)
    for row in rows.order_by("id"):
        found[row.owner_row] = (*found.get(row.owner_row, ()), row)
    return found


def open_(file_id: int, *, of_case: int | None = None, reason: str, by: Actor, now: datetime) -> OpenedFile:
    """Open a file of a reply, one in `of_case` where it is given: a reading.

    :raises NotFound: no such file of a reply that this actor may read; for a caller, before its approval as well.
    :raises ReasonMissing, NotAllowed, FileGone: as a reading.
    """
    files_ = StoredFile.objects.filter(tenant_id=by.tenant_id, id=file_id, owner_table=TABLE, purpose=ENCLOSED)
    reply = Reply.objects.filter(tenant_id=by.tenant_id, id__in=files_.values("owner_row")).first()
    if reply is not None and of_case not in (None, reply.case_id):
        raise NotFound
    if reply is None or not _may_read(reply, by):
        raise NotFound
    return reading.read_file(file_id, what="enclosure", reason=reason, by=by, now=now)


def _may_read(reply: Reply, by: Actor) -> bool:
    if by.kind in ("staff", "client"):
        return policies.visible_to(by, Case.objects.filter(id=reply.case_id)).exists()
    if reply.approved_at is None:
        return False
    own = Membership.objects.filter(case=reply.case_id, report__in=policies.reports_of(by))
    return own.filter(Q(to_at=None) | Q(to_at__gt=reply.approved_at)).exists()

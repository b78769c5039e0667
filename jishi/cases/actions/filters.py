"""常用筛选: a person keeps the address of a list under a name. His own; nobody else sees it."""

from datetime import datetime

from django.db import transaction

from jishi.cases.models import SavedFilter
from jishi.foundation import scope, trail
from jishi.foundation.actor import Actor
from jishi.foundation.refusals import NotAllowed, NotFound, Refused

MOST = 12  # of one person
LONGEST = 20  # characters of a name
LONGEST_QUERY = 600


class FilterNotKept(Refused):
    code, status = "filter_not_kept", 422
    zh, en = "没有存下：{why}", "Not kept: {why_en}"
    next_zh, next_en = "改好再存。", "Correct it and keep it again."


@transaction.atomic
def keep(name: str, query: str, *, by: Actor, now: datetime) -> SavedFilter:
    """Keep a filter under a name; the same name means the new one.

    :raises NotAllowed: not a colleague. :raises FilterNotKept: no name, a long one, nothing filtered, or twelve kept.
    """
    if by.kind != "staff" or by.account_id is None:
        raise NotAllowed
    said = " ".join(name.split())
    if not 1 <= len(said) <= LONGEST:
        raise FilterNotKept(why=f"名字要 1 到 {LONGEST} 个字。", why_en=f"a name has 1 to {LONGEST} characters.")
    if not query or len(query) > LONGEST_QUERY:
        raise FilterNotKept(why="没有选任何条件，或条件太长。", why_en="no filter, or too long a one.")
    scope.one_at_a_time("filters", by.account_id)  # two windows would both count eleven
    mine = SavedFilter.objects.select_for_update().filter(tenant_id=by.tenant_id, account=by.account_id)
    if all(r.name != said for r in mine) and len(mine) >= MOST:
        raise FilterNotKept(why=f"已经存了 {MOST} 个。", why_en=f"{MOST} are kept already.")
    row, is_new = SavedFilter.objects.get_or_create(  # two windows of one person may keep the same name at once
        tenant_id=by.tenant_id, account_id=by.account_id, name=said, defaults={"query": query, "kept_at": now}
    )
    if not is_new:
        row.change(query=query, kept_at=now)
    trail.record("filter.kept", ("filter", row.id), by=by, at=now, words={"name": said, "query": query})
    return row


@transaction.atomic
def drop(row_id: int, *, by: Actor, now: datetime) -> None:
    """Keep it no longer. :raises NotFound: not one of this person's."""
    mine = SavedFilter.objects.select_for_update().filter(tenant_id=by.tenant_id, account=by.account_id or 0, id=row_id)
    if not mine:
        raise NotFound
    trail.record("filter.dropped", ("filter", row_id), by=by, at=now)
    mine.delete()

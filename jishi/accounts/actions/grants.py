"""Rights come from posts: `bodies` gives them in the transaction that begins a term and ends them with it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.db.models import Q

from jishi.accounts.actions import proving
from jishi.accounts.models import Account, Grant
from jishi.foundation import trail
from jishi.foundation.actor import Actor
from jishi.foundation.refusals import Invalid, NotFound, Refused

ROLES = frozenset(
    {
        "operator", "dispatcher", "handler", "head", "reviewer", "feedback", "grid_worker", "supervisor", "office",
        "ruler", "auditor", "mediator", "volunteer", "system_admin", "security_admin", "resident",
    }
)  # fmt: skip
THREE = frozenset({"system_admin", "security_admin", "auditor"})  # 三员: never one person (spec 90 §4.2)


class OneAdministratorOnly(Refused):
    code, status = "same_person_twice", 409
    zh, en = (
        "系统、安全、审计三个管理员不能是同一个人。",
        "System, security and audit administrator are never one person.",
    )
    next_zh, next_en = (
        "请另选一位，或先结束现在的任职。",
        "Choose somebody else, or end the present term first.",
    )


@dataclass(frozen=True, slots=True)
class Wanted:
    """One right to give: `role` for `body_id` in `area`, because of a post."""

    account_id: int
    role: str
    body_id: int | None = None
    post_id: int | None = None
    post_title: str = ""
    area: str = ""


def grant(
    account_id: int,
    *,
    role: str,
    body_id: int | None = None,
    post_id: int | None = None,
    post_title: str = "",
    area: str = "",
    by: Actor,
    now: datetime,
) -> Grant:
    """This will give one right from `now` on. Whether `by` may begin the term is `bodies`' question, asked before.

    :raises Invalid: unknown role. :raises NotFound: no such account. :raises OneAdministratorOnly: 三员.
    """
    return grant_many([Wanted(account_id, role, body_id, post_id, post_title, area)], by=by, now=now)[0]


@transaction.atomic
def grant_many(wanted: Sequence[Wanted], *, by: Actor, now: datetime) -> list[Grant]:
    """This will give many rights, whatever their number in the same few statements. Refuses as `grant` does."""
    if unknown := sorted({w.role for w in wanted} - ROLES):
        raise Invalid(detail=", ".join(unknown))
    numbers = sorted({w.account_id for w in wanted})
    known = Account.objects.select_for_update().filter(tenant_id=by.tenant_id, id__in=numbers).order_by("id")
    if {a.id for a in known} != set(numbers):
        raise NotFound
    proving.ensure_fresh(by, now=now)
    _ensure_three_are_three(wanted, by, now)
    rows = Grant.objects.bulk_create(
        Grant(
            tenant_id=by.tenant_id, account_id=w.account_id, role=w.role, body_id=w.body_id, post_id=w.post_id,
            post_title=w.post_title, area=w.area, active_from=now,
        )
        for w in wanted
    )  # fmt: skip
    trail.record_many([_note("right.given", g, now) for g in rows], by=by)
    return rows


@transaction.atomic
def end_grants(*, post_id: int | None = None, account_id: int | None = None, by: Actor, now: datetime) -> int:
    """This will end every open right of a post, of an account, or of an account in a post; the same second.

    A right that had not begun yet, or began this very moment, is taken back as if never given. Gives how many.
    :raises Invalid: neither post nor account is named.
    """
    if post_id is None and account_id is None:
        raise Invalid(detail="post_id | account_id")
    proving.ensure_fresh(by, now=now)
    rows = Grant.objects.select_for_update().filter(_open(now), tenant_id=by.tenant_id)
    if post_id is not None:
        rows = rows.filter(post_id=post_id)
    if account_id is not None:
        rows = rows.filter(account_id=account_id)
    held = list(rows.order_by("id"))
    fresh = [g.id for g in held if g.active_from >= now]
    Grant.objects.filter(id__in=fresh).delete()
    for g in held:
        g.active_to, g.version = now, g.version + 1
    Grant.objects.bulk_update([g for g in held if g.id not in set(fresh)], ["active_to", "version"], batch_size=2000)
    trail.record_many([_note("right.ended", g, now) for g in held], by=by)
    return len(held)


def _ensure_three_are_three(wanted: Iterable[Wanted], by: Actor, now: datetime) -> None:
    asked: dict[int, set[str]] = {}
    for w in wanted:
        if w.role in THREE:
            asked.setdefault(w.account_id, set()).add(w.role)
    if not asked:
        return
    held = Grant.objects.filter(_open(now), tenant_id=by.tenant_id, account_id__in=list(asked), role__in=THREE)
    for account_id, role in held.values_list("account_id", "role"):
        asked[account_id].add(role)
    if any(len(roles) > 1 for roles in asked.values()):
        raise OneAdministratorOnly


def _open(now: datetime) -> Q:
    return Q(active_to=None) | Q(active_to__gt=now)


def _note(verb: str, g: Grant, now: datetime) -> trail.Note:
    codes = {"grant": g.id, "role": g.role, "body_id": g.body_id, "post_id": g.post_id, "area": g.area}
    return trail.Note(verb, ("account", g.account_id), now, codes)

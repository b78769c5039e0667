"""Opening and closing accounts. An account lives as long as its term, never by how often it is used."""

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.contrib.auth.hashers import identify_hasher, make_password
from django.db import transaction

from jishi.accounts import policies
from jishi.accounts.actions import grants, passwords, proving, signing_in
from jishi.accounts.models import Account, OutsideIdentity, PhoneWay
from jishi.foundation import sealed, trail
from jishi.foundation.actor import Actor
from jishi.foundation.refusals import Invalid, NotFound, Refused

FIRST_OPENS = timedelta(hours=72)  # a password that another person gave (T)


class NameTaken(Refused):
    code, status = "name_taken", 409
    zh, en = "登录名“{username}”已经有人用了。", "The sign-in name “{username}” is taken."
    next_zh, next_en = "换一个登录名。", "Choose another one."


@dataclass(frozen=True, slots=True)
class Opening:
    """One account to open. Without a password it can only be entered by passkey or unified sign-in.

    `hashed` is a password that was hashed before, by a hasher that this installation accepts: people who move here from
    another installation keep theirs. It stands in the place of `password`. A password that its holder did not choose is
    a first one: it opens for 72 hours, and only the page on which it is changed (ASVS 6.4.1).
    """

    username: str
    name: str
    password: str | None = field(repr=False)
    staff: bool = False
    hashed: str = field(default="", repr=False)
    own: bool = False  # its holder chose the password


def open_account(username: str, name: str, password: str | None, *, staff: bool, by: Actor, now: datetime) -> Account:
    """This will open one account, without any right.

    :raises NotAllowed: `by` is not the security administrator. :raises Invalid: name or password unfit.
    :raises NameTaken: the sign-in name is in use.
    """
    return open_many([Opening(username, name, password, staff)], by=by, now=now)[0]


@transaction.atomic
def open_many(openings: Sequence[Opening], *, by: Actor, now: datetime) -> list[Account]:
    """This will open many accounts in a handful of statements. Refuses as `open_account` does."""
    policies.ensure_may_keep_accounts(by)
    proving.ensure_fresh(by, now=now)
    rows = [_account(o, by.tenant_id, now) for o in openings]
    names = [r.username for r in rows]
    taken = set(Account.objects.filter(tenant_id=by.tenant_id, username__in=names).values_list("username", flat=True))
    for name in names:
        if name in taken:
            raise NameTaken(username=name)
        taken.add(name)
    Account.objects.bulk_create(rows)
    notes = [trail.Note("account.opened", ("account", r.id), now, {"staff": r.is_staff_member}) for r in rows]
    trail.record_many(notes, by=by, new=True)
    return rows


@transaction.atomic
def close_account(account_id: int, *, by: Actor, now: datetime) -> None:
    """This will close an account: its rights, sessions and ways in end the same second.

    :raises NotFound: no such open account. :raises NotAllowed: `by` is not the security administrator.
    """
    row = Account.objects.select_for_update().filter(tenant_id=by.tenant_id, id=account_id, is_active=True).first()
    policies.ensure_may_keep_accounts(by)
    if row is None:
        raise NotFound
    proving.ensure_fresh(by, now=now)
    grants.end_grants(account_id=account_id, by=by, now=now)
    signing_in.end_sessions(account_id, by=by, now=now)
    _end_ways_in(account_id, tenant_id=by.tenant_id)
    row.set_unusable_password()
    row.change(is_active=False, password=row.password)
    trail.record("account.closed", ("account", row.id), by=by, at=now)


@transaction.atomic
def set_password(account_id: int, password: str, *, by: Actor, now: datetime) -> None:
    """This will give an account a new password; every session of it ends, the passkeys stay.

    What another person than its holder gives is a first password, which expires.

    :raises NotAllowed: neither its holder nor the security administrator. :raises Invalid: password unfit.
    """
    row = Account.objects.select_for_update().filter(tenant_id=by.tenant_id, id=account_id, is_active=True).first()
    if by.account_id != account_id:
        policies.ensure_may_keep_accounts(by)
    if row is None:
        raise NotFound
    proving.ensure_fresh(by, now=now)
    passwords.ensure_fit(password, names=(row.username, row.name))
    row.change(
        password=make_password(password), first_until=None if by.account_id == account_id else now + FIRST_OPENS
    )
    signing_in.end_sessions(account_id, by=by, now=now)
    trail.record("account.password_changed", ("account", row.id), by=by, at=now)


def _end_ways_in(account_id: int, *, tenant_id: int) -> None:
    """The number with its hash, and who it is at the unified sign-in, go with the account."""
    ways = PhoneWay.objects.filter(tenant_id=tenant_id, account_id=account_id)
    sealed.end([(PhoneWay._meta.db_table, row) for row in ways.values_list("id", flat=True)], tenant_id=tenant_id)
    ways.delete()
    OutsideIdentity.objects.filter(tenant_id=tenant_id, account_id=account_id).delete()


def _account(opening: Opening, tenant_id: int, now: datetime) -> Account:
    username = unicodedata.normalize("NFC", opening.username).strip()
    if not username or len(username) > 60 or any(unicodedata.category(c)[0] in "CZ" for c in username):
        raise Invalid(detail="username")
    return Account(
        tenant_id=tenant_id, username=username, name=opening.name.strip()[:60], is_staff_member=opening.staff,
        password=_hashed(opening), first_until=now + FIRST_OPENS if _is_first(opening) else None,
    )  # fmt: skip


def _is_first(opening: Opening) -> bool:
    return opening.password is not None and not opening.hashed and not opening.own


def _hashed(opening: Opening) -> str:
    if opening.hashed:
        try:
            identify_hasher(opening.hashed)
        except ValueError as unknown:
            raise Invalid(detail="password") from unknown
        return opening.hashed
    if opening.password is not None:
        passwords.ensure_fit(opening.password, names=(opening.username, opening.name))
    return make_password(opening.password)

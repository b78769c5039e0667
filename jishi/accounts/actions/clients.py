"""Outside systems: a key shown once, kept as a hash, ended by a verb."""

import hashlib
import secrets
from collections.abc import Iterable, Sequence
from datetime import datetime

from django.db import transaction
from django.db.models import Q

from jishi.accounts import policies
from jishi.accounts.actions import proving
from jishi.accounts.models import ApiClient
from jishi.foundation import scope, trail
from jishi.foundation.actor import Actor
from jishi.foundation.asking import ask
from jishi.foundation.refusals import NotFound, Refused

PREFIX = "jishi_"


class KeyUnknown(Refused):
    code, status = "key_unknown", 401
    zh, en = "这把接口密钥不认识，或者已经停用。", "This key is not known here, or has been ended."
    next_zh, next_en = "请向系统管理员要一把新的密钥。", "Ask the system administrator for a new key."


@transaction.atomic
def issue(
    name: str,
    *,
    roles: Iterable[str],
    body_ids: Iterable[int] = (),
    area: str = "",
    active_to: datetime | None = None,
    by: Actor,
    now: datetime,
) -> tuple[ApiClient, str]:
    """This will open a way in for a program and give its key, which nobody can read again.

    :raises NotAllowed: `by` is neither system nor security administrator.
    """
    policies.ensure_may_keep_clients(by)
    proving.ensure_fresh(by, now=now)
    key = PREFIX + secrets.token_urlsafe(32)
    client = ApiClient.objects.create(
        tenant_id=by.tenant_id, name=name, key_hash=_hash(key), roles=sorted(set(roles)),
        body_ids=sorted(set(body_ids)), area=area, active_from=now, active_to=active_to,
    )  # fmt: skip
    codes = {"roles": client.roles, "body_ids": client.body_ids, "area": area}
    trail.record("client.issued", ("client", client.id), by=by, at=now, codes=codes, words={"name": name}, new=True)
    return client, key


@transaction.atomic
def revoke(client_id: int, *, by: Actor, now: datetime) -> None:
    """This will end a key at once.

    :raises NotFound: there is no such open client. :raises NotAllowed: not an administrator.
    """
    client = ApiClient.objects.select_for_update().filter(tenant_id=by.tenant_id, id=client_id).first()
    policies.ensure_may_keep_clients(by)
    if client is None or (client.active_to is not None and client.active_to <= now):
        raise NotFound
    proving.ensure_fresh(by, now=now)
    client.change(active_to=now)
    trail.record("client.revoked", ("client", client.id), by=by, at=now)


def actor_of(authorization: str, *, tenant_id: int, now: datetime) -> Actor:
    """Give the actor of an `Authorization` header; for the edge, inside an open transaction.

    :raises KeyUnknown: no open client of this tenant has that key.
    """
    with scope.within(Actor(tenant_id=tenant_id, kind="anonymous")):  # it puts the former scope back, if any
        return enter(authorization, tenant_id=tenant_id, now=now)[0]


def enter(authorization: str, *, tenant_id: int, now: datetime) -> tuple[Actor, datetime]:
    """Give the actor of an `Authorization` header, and the moment at which the open transaction entered its scope: one
    statement does both (`scope.entered`). For the edge.

    :raises KeyUnknown: no open client of this tenant has that key.
    """
    kind, _, key = authorization.partition(" ")
    if kind.lower() != "bearer" or not key.startswith(PREFIX):
        raise KeyUnknown
    ((*client, entered_at),) = ask(_ENTER, [tenant_id, _hash(key.strip()), now])
    if entered_at is None:
        raise KeyUnknown
    return _actor(tenant_id, *client), entered_at


# Every request of a program asks this first: one text, planned once.
_ENTER = "SELECT * FROM jishi_enter_program(%s, %s, %s)"


def actor_by_id(client_id: int, *, tenant_id: int, now: datetime) -> Actor | None:
    """Give the actor that a program is now, to whom news is sent; None when its key has ended."""
    open_now = Q(active_to=None) | Q(active_to__gt=now)
    client = ApiClient.objects.filter(open_now, tenant_id=tenant_id, id=client_id, active_from__lte=now).first()
    return _actor(tenant_id, client.id, client.roles, client.body_ids, client.area) if client is not None else None


def _actor(tenant_id: int, client_id: int, roles: Sequence[str], body_ids: Sequence[int], area: str) -> Actor:
    return Actor(
        tenant_id=tenant_id, kind="client", client_id=client_id, roles=frozenset(roles), body_ids=frozenset(body_ids),
        area=area,
    )  # fmt: skip


def _hash(key: str) -> str:
    # 256 random bits need no slow hash.
    return hashlib.sha256(key.encode()).hexdigest()

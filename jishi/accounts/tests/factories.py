"""Accounts as other rooms' tests need them: opened and granted by the real verbs, without a slow password."""

from datetime import UTC, datetime

from django.conf import settings
from django.contrib.auth import HASH_SESSION_KEY, SESSION_KEY
from django.test import Client

from conftest import MONDAY_TEN
from jishi.accounts import queries
from jishi.accounts.actions import accounts, grants
from jishi.accounts.models import Account
from jishi.accounts.web import sessions
from jishi.foundation import scope
from jishi.foundation.actor import Actor, system

_count = [0]


def an_account(
    tenant_id: int, *, staff: bool = True, name: str = "李明", username: str = "", password: str | None = None,
    now: datetime = MONDAY_TEN,
) -> Account:  # fmt: skip
    """Open an account; call inside or outside a scope."""
    _count[0] += 1
    by = system(tenant_id)
    with scope.work(by):
        chosen = accounts.Opening(username or f"li-ming-{_count[0]}", name, password, staff, own=True)
        return accounts.open_many([chosen], by=by, now=now)[0]


def a_grant(
    account: Account, role: str, *, body_id: int | None = None, post_id: int | None = None, post_title: str = "",
    area: str = "", now: datetime = MONDAY_TEN,
):  # fmt: skip
    by = system(account.tenant_id)
    with scope.work(by):
        return grants.grant(
            account.id,
            role=role,
            body_id=body_id,
            post_id=post_id,
            post_title=post_title,
            area=area,
            by=by,
            now=now,
        )


def an_actor(tenant_id: int, role: str = "handler", *, body_id: int | None = 1, post_id: int | None = 1) -> Actor:
    """Give a staff actor who really exists and really holds the role."""
    account = an_account(tenant_id)
    a_grant(account, role, body_id=body_id, post_id=post_id, post_title=role)
    with scope.work(system(tenant_id)):
        found = queries.actor_for(account.id, post_id, MONDAY_TEN)
    assert found is not None
    return found


def signed_in(
    client: Client,
    account: Account,
    *,
    post: int | None = None,
    at: datetime | None = None,
    factor: bool = True,
) -> Client:
    """Give the test client a session of this account, begun `at` (else now), in this post, after a second factor."""
    session = client.session
    session[SESSION_KEY] = str(account.id)
    session[HASH_SESSION_KEY] = account.get_session_auth_hash()
    session[sessions.FACTOR] = factor
    began = at or datetime.now(UTC)
    sessions.begin(session, tenant_id=account.tenant_id, staff=account.is_staff_member, now=began)
    if post:
        session[sessions.POST] = post
    session.save()
    client.cookies[settings.SESSION_COOKIE_NAME] = session.session_key
    return client

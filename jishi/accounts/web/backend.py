"""Checks a name and a password inside the tenant of the request; unknown names take as long as known ones."""

import os
import threading
from typing import Any

from django.contrib.auth.backends import BaseBackend
from django.contrib.auth.hashers import check_password, make_password
from django.http import HttpRequest

from jishi.accounts.models import Account
from jishi.foundation import scope
from jishi.foundation.refusals import NotAvailableNow

# Hashing costs about 0.3 s of one core: at most half of the cores work on it, others wait 2 s, then 503 (spec 90 §3).
_PLACES = threading.BoundedSemaphore(max(1, (os.cpu_count() or 2) // 2))
_WAIT = 2.0


class ScopedBackend(BaseBackend):
    """Accounts of the tenant of this request, and of no other: row security sees to it, the filter says it."""

    def authenticate(
        self,
        request: HttpRequest | None,
        username: str | None = None,
        password: str | None = None,
        **rest: Any,
    ) -> Account | None:
        if not username or not password:
            return None
        account = Account.objects.filter(tenant_id=scope.current().actor.tenant_id, username=username).first()
        right = _hash_in_turn(password, account.password if account else _nobodys_hash())
        return account if account is not None and right and account.is_active else None

    def get_user(self, user_id: int) -> Account | None:
        tenant_id = scope.current().actor.tenant_id
        return Account.objects.filter(tenant_id=tenant_id, id=user_id, is_active=True).first()


def _hash_in_turn(password: str, encoded: str) -> bool:
    if not _PLACES.acquire(timeout=_WAIT):
        raise NotAvailableNow(what_zh="登录", what_en="Signing in", seconds=5)
    try:
        return check_password(password, encoded)
    finally:
        _PLACES.release()


_NOBODY: list[str] = []


def _nobodys_hash() -> str:
    """A real hash of a word nobody knows, so that an unknown name costs one comparison like a known one."""
    if not _NOBODY:
        _NOBODY.append(make_password(os.urandom(24).hex()))
    return _NOBODY[0]

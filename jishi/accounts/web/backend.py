"""Checks a name and a password inside the tenant of the request; unknown names take as long as known ones."""

import os
import threading
from typing import Any

from django.contrib.auth.backends import BaseBackend
from django.contrib.auth.hashers import check_password, make_password
from django.http import HttpRequest
from django.utils import timezone

from jishi.accounts.models import Account
from jishi.foundation import scope
from jishi.foundation.refusals import NotAvailableNow

_WAIT = 2.0


class _Lane:
    """Hashing costs about 0.3 s of one core: so many at once, so many waiting for 2 s, others 503 at once (90 §3).

    Whoever waits holds a thread of the site: with more than one waiting, a flood of sign-ins stops every page.
    """

    def __init__(self, places: int, waiting: int) -> None:
        self.places = threading.BoundedSemaphore(places)
        self.queue = threading.BoundedSemaphore(places + waiting)

    def check(self, password: str, encoded: str) -> bool:
        """Tell whether the password fits. :raises NotAvailableNow: too many ask for that now."""
        if not self.queue.acquire(blocking=False):
            raise NotAvailableNow(what_zh="登录", what_en="Signing in", seconds=5)
        try:
            if not self.places.acquire(timeout=_WAIT):
                raise NotAvailableNow(what_zh="登录", what_en="Signing in", seconds=5)
            try:
                return check_password(password, encoded)
            finally:
                self.places.release()
        finally:
            self.queue.release()


# Known browsers have a lane of their own: a flood from anywhere else never stands before the owner of an account.
_HALF = max(1, (os.cpu_count() or 2) // 2)
_STRANGERS, _KNOWN = _Lane(_HALF, 1), _Lane(1, 1)


class ScopedBackend(BaseBackend):
    """Accounts of the tenant of this request, and of no other: row security sees to it, the filter says it."""

    def authenticate(
        self,
        request: HttpRequest | None,
        username: str | None = None,
        password: str | None = None,
        *,
        known_browser: bool = False,
        **rest: Any,
    ) -> Account | None:
        if not username or not password:
            return None
        account = Account.objects.filter(tenant_id=scope.current().actor.tenant_id, username=username).first()
        lane = _KNOWN if known_browser else _STRANGERS
        right = lane.check(password, account.password if account else _nobodys_hash())
        if account is None or not right or not account.is_active:
            return None
        if account.first_until is not None and account.first_until <= timezone.now():
            if request is not None:
                request.first_is_over = True  # type: ignore[attr-defined]  # who knew it is told why it opens nothing
            return None
        return account

    def get_user(self, user_id: int) -> Account | None:
        tenant_id = scope.current().actor.tenant_id
        return Account.objects.filter(tenant_id=tenant_id, id=user_id, is_active=True).first()


_NOBODY: list[str] = []


def _nobodys_hash() -> str:
    """A real hash of a word nobody knows, so that an unknown name costs one comparison like a known one."""
    if not _NOBODY:
        _NOBODY.append(make_password(os.urandom(24).hex()))
    return _NOBODY[0]

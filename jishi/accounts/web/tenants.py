"""Which tenant an address belongs to. Kept per process for half a minute: tenants change a few times a year.

A host nobody knows is looked up again at once, but at most each second: a town just founded answers without a wait.
"""

import time
from dataclasses import dataclass, field

from jishi.foundation.tenants import Tenant

LIFE = 30.0  # seconds a known host is believed
DOUBT = 1.0  # seconds an unknown host is believed


@dataclass
class _Known:
    at: float = -LIFE
    by_host: dict[str, Tenant] = field(default_factory=dict)
    all: list[Tenant] = field(default_factory=list)


_known = _Known()


def of_host(host: str) -> Tenant | None:
    """Give the tenant of `host` (with or without port); where there is one tenant only, that one.

    The host itself has been checked against ALLOWED_HOSTS by whoever read it from the request.
    """
    name = _name(host)
    age = time.monotonic() - _known.at
    if age >= LIFE or (age >= DOUBT and _answer(name) is None):
        _load()
    return _answer(name)


def _answer(name: str) -> Tenant | None:
    alone = _known.all[0] if len(_known.all) == 1 else None
    return _known.by_host.get(name, alone)


def forget() -> None:
    """Read the tenants again at the next request."""
    _known.at = -LIFE


def _load() -> None:
    tenants = [t for t in Tenant.objects.order_by("id") if not t.is_trial]
    _known.all = tenants
    _known.by_host = {_name(host): tenant for tenant in tenants for host in tenant.hosts}
    _known.at = time.monotonic()


def _name(host: str) -> str:
    bare = host.rsplit(":", 1)[0] if not host.endswith("]") else host
    return bare.lower().rstrip(".")

"""Which tenant an address belongs to. Kept per process for half a minute: tenants change a few times a year."""

import time
from dataclasses import dataclass, field

from jishi.foundation.tenants import Tenant

LIFE = 30.0  # seconds


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
    if time.monotonic() - _known.at >= LIFE:
        _load()
    if name in _known.by_host:
        return _known.by_host[name]
    return _known.all[0] if len(_known.all) == 1 else None


def forget() -> None:
    """Read the tenants again at the next request."""
    _known.at = -LIFE


def _load() -> None:
    tenants = list(Tenant.objects.order_by("id"))
    _known.all = tenants
    _known.by_host = {_name(host): tenant for tenant in tenants for host in tenant.hosts}
    _known.at = time.monotonic()


def _name(host: str) -> str:
    bare = host.rsplit(":", 1)[0] if not host.endswith("]") else host
    return bare.lower().rstrip(".")

"""Who holds a key of Open311: names, datum, limit, since when, until when. Never a key: none is kept."""

from dataclasses import dataclass
from datetime import datetime

from jishi.cases.models import Program


@dataclass(frozen=True, slots=True)
class Held:
    """One program with its key's terms; `until` empty while it lasts."""

    client_id: int
    name: str
    datum: str
    per_minute: int
    since: datetime
    until: datetime | None


def held(*, tenant_id: int) -> list[Held]:
    """List the programs of a tenant, the newest first."""
    rows = Program.objects.filter(tenant_id=tenant_id).select_related("client").order_by("-id")
    return [
        Held(p.client_id, p.client.name, p.datum, p.per_minute, p.client.active_from, p.client.active_to) for p in rows
    ]

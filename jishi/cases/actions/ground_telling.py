"""A plan of grids was adopted: whoever has an open matter at an address that moves is told, once (spec 21 §12).

Told is where, whose grid it was and whose it will be, from which day and why; the name and work phone of who serves
are looked up when the sentence is written, so that a naming after the adoption is in it. Unmoved places get nothing.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.utils.timezone import localdate

from jishi.cases import notices
from jishi.cases.actions import telling
from jishi.cases.models import Case, Message
from jishi.cases.states import OPEN
from jishi.foundation import scope
from jishi.places.queries import coming

CODE = "moved_caller"
E7 = 10_000_000


def tell(facts: Mapping[str, Any], *, now: datetime) -> None:
    """Owe the notice to the callers of every open case whose place changes its grid; twice is once."""
    if facts["status"] != "ADOPTED":
        return
    cases = Case.objects.filter(
        tenant_id=scope.current().actor.tenant_id, status__in=OPEN, division_code=facts["community"],
        lng_e7__isnull=False,
    )  # fmt: skip
    rows = list(cases.order_by("id"))
    moved = coming.moved_points(int(facts["plan_id"]), [((c.lng_e7 or 0) / E7, (c.lat_e7 or 0) / E7) for c in rows])
    edition = notices.on(localdate(now))
    template = edition.templates[CODE]
    owed: list[Message] = []
    for case, one in zip(rows, moved, strict=True):
        if one is None:
            continue
        pinned = {"number": case.number, "moved": one.as_facts()}
        owed += [
            telling.message(case, template, edition, pinned, who, facts, now)
            for who in telling.callers(case, template, now)
        ]
    Message.objects.bulk_create(owed, ignore_conflicts=True)

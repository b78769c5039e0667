"""After an emergency access each caller whose sealed fields were opened by it is told (spec 90 §3).

Which readings those are is the question of `accounts`; how a caller is reached is that of every notice. Who left no way
to be reached finds the reading, marked, at `/me/readings`.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.utils.timezone import localdate

from jishi.accounts import queries as accounts
from jishi.cases import notices
from jishi.cases.actions import telling
from jishi.cases.models import Membership, Message, Report

CODE = "glass_read_caller"


def tell(facts: Mapping[str, Any], *, now: datetime) -> None:
    """Owe the notice to every caller who was read; a few statements a case."""
    read = {row for table, row in accounts.read_by_glass(facts["glass_id"]) if table == Report._meta.db_table}
    if not read:
        return
    edition = notices.on(localdate(now))
    template = edition.templates[CODE]
    members = Membership.objects.filter(report_id__in=read).select_related("case").order_by("id")
    rows: list[Message] = []
    for case in {m.report_id: m.case for m in members}.values():
        mine = [p for p in telling.callers(case, template, now) if p.report is not None and p.report.id in read]
        rows += [telling.message(case, template, edition, {"number": case.number}, p, facts, now) for p in mine]
    Message.objects.bulk_create(rows, ignore_conflicts=True)

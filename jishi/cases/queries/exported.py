"""The list of cases as a sheet, written while it is read: 500 rows a time, each time a transaction of its own."""

import csv
import io
from collections.abc import Iterator
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.utils import timezone, translation
from django.utils.timezone import localtime

from jishi.bodies import queries as bodies
from jishi.cases.actions.sheets import as_text
from jishi.cases.models import Case
from jishi.cases.queries import sifting
from jishi.cases.queries.sifting import Filters
from jishi.cases.states import CASE
from jishi.duties import queries as duties
from jishi.foundation import scope
from jishi.foundation.actor import Actor

PART = 500
HEADS = {
    "number": ("编号", "Number"), "title": ("事件", "Case"), "state": ("状态", "State"),
    "matter": ("事项代码", "Matter"),
    "matter_name": ("事项", "Matter name"), "place": ("地点", "Place"), "grid": ("网格编号", "Grid"),
    "lead": ("主办单位", "Lead"), "urgency": ("紧急程度", "Urgency"), "received_at": ("收到", "Received"),
    "due_at": ("承诺", "Promised"), "reports": ("诉求数", "Reports"), "tags": ("标签", "Tags"),
}  # fmt: skip


def lines(filters: Filters, *, by: Actor, lang: str, zone: str) -> Iterator[bytes]:
    """Give the sheet line by line, cells that look like a formula as text; memory and locks stay small.

    The request that asked is over by then: every part enters the scope of `by` again, and sees what `by` may see.
    """
    zh, own = lang == "zh", ZoneInfo(zone)
    yield "\ufeff".encode() + _line([head[0 if zh else 1] for head in HEADS.values()])
    after = ""
    while True:
        with scope.work(by), translation.override("zh-hans" if zh else "en"), timezone.override(own):
            with sifting.patiently(filters):
                page, after = sifting.page(
                    filters, by=by, after=after, limit=PART, dress=lambda rows: rows.select_related("grid")
                )
            written = [_line(_cells(case, lang)) for case in page]
        yield from written
        if not after:
            return


def _cells(case: Case, lang: str) -> list[Any]:
    matter = duties.matters().get(case.matter)
    lead = bodies.names().get(case.lead_id or 0)
    state = CASE.state(case.status).name
    return [
        case.number, case.title, state.zh if lang == "zh" else state.en, case.matter,
        matter.called(lang) if matter else "", case.place_name or case.address_text,
        case.grid.code if case.grid else "", lead.called(lang) if lead else "", case.get_urgency_display(),
        _stamp(case.received_at), _stamp(case.promise_due_at), case.reports_count, " ".join(case.tags),
    ]  # fmt: skip


def _line(cells: list[Any]) -> bytes:
    out = io.StringIO()
    csv.writer(out).writerow([as_text(c) if isinstance(c, str) else c for c in cells])
    return out.getvalue().encode()


def _stamp(moment: datetime | None) -> str:
    return localtime(moment).strftime("%Y-%m-%d %H:%M") if moment else ""

"""A plan for many cases as its maker reads it: each row before and after, or why not, and what became of it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Count

from jishi.bodies import queries as bodies
from jishi.cases import policies
from jishi.cases.actions.bulk import AT_MOST
from jishi.cases.models import BulkPlan, BulkRow, Case
from jishi.cases.queries import sifting
from jishi.cases.queries.sifting import Filters
from jishi.cases.states import CASE, BulkState
from jishi.duties import queries as duties
from jishi.foundation.actor import Actor
from jishi.foundation.refusals import NotFound, Refused

FIELDS = ("status", "lead", "matter", "tags", "due")  # in which a row may differ


@dataclass(frozen=True, slots=True)
class Line:
    """One row as it is read. `changes`: (field, before, after) where they differ, in words."""

    row: BulkRow
    case: Case
    changes: tuple[tuple[str, Any, Any], ...]
    why: str
    next_step: str


def plan(plan_id: int, *, by: Actor) -> BulkPlan:
    """Give a plan of one's own. :raises NotFound: none."""
    found = BulkPlan.objects.filter(tenant_id=by.tenant_id, id=plan_id, by=by.label).first()
    if found is None:
        raise NotFound
    return found


def recent(*, by: Actor, limit: int = 5) -> list[BulkPlan]:
    """Give the newest plans of one's own."""
    return list(BulkPlan.objects.filter(tenant_id=by.tenant_id, by=by.label).order_by("-id")[:limit])


def counts(found: BulkPlan) -> dict[str, int]:
    """Count the rows of a plan by what has become of them; one statement."""
    rows = BulkRow.objects.filter(plan=found).values_list("state").annotate(n=Count("id"))
    return dict.fromkeys(BulkState.values, 0) | dict(rows.order_by())


def lines(found: BulkPlan, *, lang: str, state: str = "", after: int = 0, limit: int = 100) -> tuple[list[Line], str]:
    """Give a page of rows by case, and the key of the next; cases that their reader may not see are not among them."""
    rows = BulkRow.objects.filter(plan=found, case_id__gt=after).select_related("case").order_by("case_id")
    if state:
        rows = rows.filter(state=state)
    page = list(rows[: limit + 1])
    told = [_line(row, lang) for row in page[:limit]]
    return told, str(page[limit - 1].case_id) if len(page) > limit else ""


def _line(row: BulkRow, lang: str) -> Line:
    changes = tuple(
        (name, _said(name, row.before.get(name), lang), _said(name, row.after.get(name), lang))
        for name in FIELDS
        if row.after and row.before.get(name) != row.after.get(name)
    )
    return Line(row, row.case, changes, *(_why(row.code, row.facts, lang) if row.code else ("", "")))


def _said(name: str, value: Any, lang: str) -> Any:
    """Say a value in words; a moment stays one."""
    if name == "status" and value:
        state = CASE.state(value).name
        return state.zh if lang == "zh" else state.en
    if name == "lead" and value:
        body = bodies.names().get(value)
        return body.called(lang) if body else ""
    if name == "matter" and value:
        matter = duties.matters().get(value)
        return matter.called(lang) if matter else value
    if name == "due" and value:
        return datetime.fromisoformat(value)
    return " ".join(value) if name == "tags" and value else ""


def _why(code: str, facts: Mapping[str, Any], lang: str) -> tuple[str, str]:
    kind = next((k for k in _kinds(Refused) if k.code == code), None)
    if kind is None:
        return code, ""
    said = Refused.__new__(kind)
    said.facts = facts
    return said.sentence(lang), said.next_step(lang)


def _kinds(kind: type[Refused]) -> Iterator[type[Refused]]:
    for below in kind.__subclasses__():
        yield below
        yield from _kinds(below)


# --- what is chosen ----------------------------------------------------------------------------------------


def chosen(numbers: list[str], *, by: Actor) -> list[Case]:
    """Give the cases of these numbers. :raises NotFound: one that `by` may not see; which, is not told."""
    wanted = {n.strip().upper() for n in numbers if n.strip()}
    if any("\x00" in n for n in wanted):
        raise NotFound
    few = sorted(wanted)[: AT_MOST + 1]
    found = list(policies.visible_to(by, Case.objects.filter(number__in=few)).order_by("id"))
    if len(found) != len(few):
        raise NotFound
    return found


def sifted(filters: Filters, *, by: Actor) -> list[Case]:
    """Give the cases of a filter in its order, one more than a plan may have at most."""
    rows, _after = sifting.page(filters, by=by, after="", limit=AT_MOST + 1)
    return rows

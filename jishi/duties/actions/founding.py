"""Founding a town: its first lists and its fallback rules."""

from datetime import date, datetime

from django.db import transaction
from django.db.backends.postgresql.psycopg_any import DateRange

from jishi.bodies import queries as bodies
from jishi.duties import findings, memory, policies
from jishi.duties.actions import lists
from jishi.duties.findings import Draft
from jishi.duties.models import DutyList, FallbackRule
from jishi.duties.refusals import Overlaps
from jishi.duties.states import ListState
from jishi.foundation import trail
from jishi.foundation.actor import Actor
from jishi.foundation.refusals import Invalid, NotAllowed, NotFound


@transaction.atomic
def load_lists(
    csv_text: str, *, title: str, holder: str, effective_from: date, document_no: str, by: Actor, now: datetime
) -> int:
    """Draft, check and publish a holder's first edition from csv text with our columns, when a town is founded.

    Its day may lie in the past. Two leads that the town leaves contested on purpose stay findings, excused by name as
    "founding" and recorded with the publication; every other blocker is refused.

    :raises FileRefused: row and column. :raises HasBlockers: anything but contested leads.
    :raises NotAllowed: not the system, or the holder has an edition already.
    """
    if not by.has("system"):
        raise NotAllowed(why="只有建立城镇时由系统装入。")
    if DutyList.objects.filter(tenant_id=by.tenant_id, holder=holder).exists():
        raise NotAllowed(why="这个持有者已有清单，请起草新的一版。")
    list_id = lists.draft_file(
        csv_text.encode(), holder=holder, title=title, effective_from=effective_from, by=by, now=now
    )
    row = DutyList.objects.select_for_update().get(tenant_id=by.tenant_id, id=list_id)
    found = [
        {**f, "excused": findings.FOUNDING} if f["code"] == "different_leads" else f
        for f in findings.blocking(Draft(row))
    ]
    lists.ensure_no_blockers(found)
    excused = [f["items"] for f in found if f.get("excused")]
    warnings = sum(f["severity"] == findings.WARNING for f in found)
    row.change(state=ListState.ADOPTED, adopted_by=by.label, document_no=document_no, findings=found)
    subject = ("duty_list", row.id)
    trail.record_many(
        [
            trail.Note("duty_list.checked", subject, now, {"blockers": 0, "warnings": warnings, "excused": excused}),
            trail.Note("duty_list.adopted", subject, now, {"document_no": document_no, "founding": True}),
        ],
        by=by,
    )
    lists.put_in_force(row, found, by=by, now=now)
    return row.id


@transaction.atomic
def set_fallback(division_code: str, body_id: int, *, from_day: date, by: Actor, now: datetime) -> int:
    """Name the body that coordinates in a division when no item matches, from a day on; gives the rule's id.

    :raises NotFound: no such body on that day. :raises Overlaps: a later rule stands already.
    """
    policies.ensure_may_keep(by)
    if len(division_code) != 12 or not (division_code.isascii() and division_code.isdigit()):
        raise Invalid(detail=division_code)
    if not bodies.existing([body_id], on=from_day):
        raise NotFound
    standing = FallbackRule.objects.select_for_update().filter(
        tenant_id=by.tenant_id, division_code=division_code, effective__overlap=DateRange(from_day, None)
    )
    for other in standing:
        if other.effective.upper is not None or other.effective.lower >= from_day:
            raise Overlaps(new=f"{division_code} {from_day}", old=f"{division_code} {other.effective.lower}")
        other.change(effective=DateRange(other.effective.lower, from_day))
    made = FallbackRule.objects.create(
        tenant_id=by.tenant_id, division_code=division_code, series=int(division_code), body_id=body_id,
        effective=DateRange(from_day, None),
    )  # fmt: skip
    codes = {"division": division_code, "body": body_id, "from": from_day.isoformat()}
    trail.record("fallback_rule.set", ("fallback_rule", made.id), by=by, at=now, codes=codes, new=True)
    memory.forget()
    return made.id

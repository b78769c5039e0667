"""While a list is out for consultation: the named departments object, item by item, and are answered one by one."""

from datetime import datetime

from django.db import transaction

from jishi.duties import policies
from jishi.duties.models import DutyList, Objection
from jishi.duties.refusals import AlreadyObjected, NotEmptyGround, ensure_open
from jishi.foundation import trail
from jishi.foundation.actor import Actor
from jishi.foundation.refusals import NotFound


@transaction.atomic
def make(list_id: int, number: str, *, reasons: str, by: Actor, now: datetime) -> int:
    """Object to one item, with reasons; gives the objection's id.

    :raises NotAllowed: the item does not name the body. :raises AlreadyObjected: once per body and item.
    """
    row = _list(list_id, by)
    ensure_open("object", row.state)
    body_id = policies.ensure_may_object(by, row, number)
    if not reasons.strip():
        raise NotEmptyGround
    if Objection.objects.filter(tenant_id=by.tenant_id, list=row, number=number, body_id=body_id).exists():
        raise AlreadyObjected
    made = Objection.objects.create(
        tenant_id=by.tenant_id, list=row, number=number, body_id=body_id, reasons=reasons.strip(), made_at=now
    )
    codes = {"item": number, "body": body_id, "objection": made.id}
    trail.record("duty_list.objected", ("duty_list", row.id), by=by, at=now, codes=codes, words={"reasons": reasons})
    return made.id


@transaction.atomic
def answer(objection_id: int, *, words: str, by: Actor, now: datetime) -> None:
    """Answer one objection. :raises NotFound: there is none that waits."""
    policies.ensure_may_keep(by)
    found = (
        Objection.objects.select_for_update().filter(tenant_id=by.tenant_id, id=objection_id, answered_at=None).first()
    )
    if found is None:
        raise NotFound
    row = _list(found.list_id, by)
    ensure_open("answer", row.state)
    if not words.strip():
        raise NotEmptyGround
    found.change(answer=words.strip(), answered_at=now)
    codes = {"item": found.number, "body": found.body_id, "objection": found.id}
    trail.record(
        "duty_list.objection_answered", ("duty_list", row.id), by=by, at=now, codes=codes, words={"answer": words}
    )


def _list(list_id: int, by: Actor) -> DutyList:
    row = DutyList.objects.select_for_update().filter(tenant_id=by.tenant_id, id=list_id).first()
    if row is None:
        raise NotFound
    return row

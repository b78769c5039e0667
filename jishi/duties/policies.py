"""Who may keep the lists and who may adopt them. Changes nothing."""

from jishi.bodies import queries as bodies
from jishi.duties.models import DutyItem, DutyList
from jishi.foundation.actor import Actor
from jishi.foundation.refusals import NotAllowed

KEEPERS = ("office", "duty_list_office", "leading_group", "system")
AUTHORITY = ("office", "leading_group", "ruler")


def ensure_may_keep(by: Actor) -> None:
    """Drafting, checking, consulting, publishing: the office of the leading group."""
    if not by.has(*KEEPERS):
        raise NotAllowed(why="清单由领导小组办公室起草和维护。")


def ensure_may_adopt(by: Actor, row: DutyList) -> None:
    """Adopting: the authority, and never the person who drafted it."""
    if not by.has(*AUTHORITY):
        raise NotAllowed(why="清单由有权通过的岗位通过。")
    if person(by.label) == person(row.drafted_by):
        raise NotAllowed(why="起草的人不能自己通过，请另一位来办。")


def ensure_may_object(by: Actor, row: DutyList, number: str) -> int:
    """An item may be objected to by a body it names as lead or as department; gives that body's id."""
    item = DutyItem.objects.filter(tenant_id=by.tenant_id, list=row, number=number).first()
    named = {item.lead_body, item.superior_dept} if item else set()
    known = bodies.names()
    for body_id in sorted(by.body_ids):
        if body_id in known and not named.isdisjoint({known[body_id].code, known[body_id].name}):
            return body_id
    raise NotAllowed(why="只有这一条点到名的单位可以提出异议。")


def may_keep(by: Actor | None) -> bool:
    """Does the actor hold a post that keeps the lists?"""
    return by is not None and by.has(*KEEPERS)


def may_adopt(by: Actor | None, row: DutyList) -> bool:
    """Could the actor adopt this edition?"""
    return by is not None and by.has(*AUTHORITY) and person(by.label) != person(row.drafted_by)


def person(label: str) -> str:
    """Give who stands behind a trail label, whatever post was held."""
    return label.partition("/")[0]

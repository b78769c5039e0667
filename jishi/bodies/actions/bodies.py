"""Founding and ending bodies."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from django.db import transaction

from jishi.bodies import calendars, queries
from jishi.bodies.models import Body, Level
from jishi.foundation import trail
from jishi.foundation.actor import Actor
from jishi.foundation.refusals import Invalid, NotAllowed, NotFound, Refused


class BodyCodeTaken(Refused):
    code, status = "body_code_taken", 409
    zh, en = "代码“{body}”已经有单位用了。", "The code {body} is taken."
    next_zh, next_en = "换一个代码，或修改原来那个单位。", "Choose another code, or change the body that has it."


@dataclass(frozen=True, slots=True)
class Founding:
    """One body to found. `parent` is the code of one founded before, or in the same batch before this one."""

    code: str
    name: str
    short_name: str
    level: str
    division_code: str
    name_en: str = ""
    parent: str = ""
    work_phone: str = ""
    supervising_phone: str = ""
    calendar: str = "office"


@transaction.atomic
def found_many(rows: Sequence[Founding], *, active_from: date, by: Actor, now: datetime) -> dict[str, int]:
    """Found bodies, in a number of statements that does not grow with them; gives code → id.

    :raises BodyCodeTaken: a code is in use. :raises Invalid: unknown level or parent. :raises NotAllowed: no right.
    :raises UnknownCalendar: a calendar that is not there; none is put in its place.
    """
    _ensure_may_keep_bodies(by)
    wanted = {r.code for r in rows} | {r.parent for r in rows if r.parent}
    known = dict(Body.objects.filter(tenant_id=by.tenant_id, code__in=wanted).values_list("code", "id"))
    for row in rows:
        if row.code in known:
            raise BodyCodeTaken(body=row.code)
        if row.level not in Level.values:
            raise Invalid(detail=f"{row.code}: {row.level}")
        if row.calendar not in calendars.NAMES:
            raise calendars.UnknownCalendar(calendar=row.calendar or "—")
    made = Body.objects.bulk_create(
        Body(
            tenant_id=by.tenant_id, code=r.code, name=r.name, name_en=r.name_en, short_name=r.short_name, level=r.level,
            division_code=r.division_code, work_phone=r.work_phone, supervising_phone=r.supervising_phone,
            calendar=r.calendar, active_from=active_from,
        )
        for r in rows
    )  # fmt: skip
    known |= {b.code: b.id for b in made}
    _set_parents(made, rows, known)
    trail.record_many(
        [trail.Note("body.founded", ("body", b.id), now, {"code": b.code, "level": b.level}) for b in made],
        by=by,
        new=True,
    )
    queries.forget()
    return {b.code: b.id for b in made}


@transaction.atomic
def end(body_id: int, *, on: date, by: Actor, now: datetime) -> None:
    """End a body on a day; its past stays. :raises NotFound: no such body that lasts."""
    _ensure_may_keep_bodies(by)
    body = Body.objects.select_for_update().filter(tenant_id=by.tenant_id, id=body_id, active_to=None).first()
    if body is None:
        raise NotFound
    body.change(active_to=on)
    trail.record("body.ended", ("body", body.id), by=by, at=now, codes={"on": on.isoformat()})
    queries.forget()


def _set_parents(made: Sequence[Body], rows: Sequence[Founding], known: dict[str, int]) -> None:
    below = []
    for body, row in zip(made, rows, strict=True):
        if not row.parent:
            continue
        if row.parent not in known:
            raise Invalid(detail=f"{row.code} → {row.parent}")
        body.parent_id = known[row.parent]
        below.append(body)
    if below:
        Body.objects.bulk_update(below, ["parent"])


def _ensure_may_keep_bodies(by: Actor) -> None:
    if not by.has("office", "security_admin", "system"):
        raise NotAllowed(why="单位名录由领导小组办公室维护。")

"""Adopting an edition of the code book of matters."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from django.db import transaction

from jishi.duties import memory
from jishi.duties.models import CodeBook, Matter
from jishi.foundation import trail
from jishi.foundation.actor import Actor
from jishi.foundation.refusals import Invalid, NotAllowed, Refused

MOST_LIFE_DAYS = 400


class WrongLife(Refused):
    code, status = "wrong_life", 422
    zh = "事项“{matter}”的比对期写成了“{given}”：要 1 到 {most} 天的整数。"
    en = "Matter {matter} compares over {given} days: a whole number from 1 to {most} is needed."
    next_zh, next_en = "改好这一格再通过，原来那一版照用。", "Correct it and adopt again; the former edition goes on."


@dataclass(frozen=True, slots=True)
class NewMatter:
    code: str
    name: str
    name_en: str = ""
    aliases: tuple[str, ...] = ()
    public: bool = True
    default_visibility: str = "parties"
    at_home: bool = False
    spot: bool = False
    life_days: int = 30
    questions: tuple[dict[str, Any], ...] = ()
    becomes: dict[str, Any] = field(default_factory=dict)


@transaction.atomic
def adopt_book(
    matters: Sequence[NewMatter], *, number: int, effective_from: date, source: str, by: Actor, now: datetime
) -> int:
    """Adopt an edition of the book; gives its id.

    :raises Invalid: a code twice, or a matter whose branch is missing. :raises NotAllowed: no right.
    :raises WrongLife: days within which reports may be the same that are no days.
    """
    if not by.has("office", "system"):
        raise NotAllowed(why="事项分类由领导小组办公室通过。")
    codes = [m.code for m in matters]
    if len(set(codes)) != len(codes):
        raise Invalid(detail=next(c for c in codes if codes.count(c) > 1))
    branches = {c.rpartition(".")[0] for c in codes}
    if missing := sorted(branches - set(codes) - {""}):
        raise Invalid(detail="、".join(missing))
    for m in matters:
        if type(m.life_days) is not int or not 1 <= m.life_days <= MOST_LIFE_DAYS:
            raise WrongLife(matter=m.code, given=m.life_days, most=MOST_LIFE_DAYS)
    book = CodeBook.objects.create(
        tenant_id=by.tenant_id, number=number, effective_from=effective_from, source=source, adopted_at=now
    )
    Matter.objects.bulk_create(
        Matter(
            tenant_id=by.tenant_id, book=book, code=m.code, name=m.name, name_en=m.name_en,
            parent_code=m.code.rpartition(".")[0], aliases=list(m.aliases), public=m.public,
            default_visibility=m.default_visibility, at_home=m.at_home, spot=m.spot, life_days=m.life_days,
            questions=list(m.questions), becomes=m.becomes, is_leaf=m.code not in branches,
        )
        for m in matters
    )  # fmt: skip
    trail.record(
        "code_book.adopted",
        ("code_book", book.id),
        by=by,
        at=now,
        codes={"number": number, "matters": len(matters)},
        new=True,
    )
    memory.forget()
    return book.id

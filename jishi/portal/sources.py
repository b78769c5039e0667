"""Joins the rooms' figures into the home pages: what `looks` draws comes from here."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from django.urls import reverse
from django.utils.translation import gettext as _

from jishi.cases.queries import home
from jishi.foundation.actor import Actor
from jishi.portal.web import looks


def matters(actor: Actor, now: datetime) -> Sequence[looks.Matter]:
    """Give a resident's own matters, each with who has it and the promised day."""
    if actor.kind not in ("resident", "reporter"):
        return []
    numbers = home.report_numbers(actor)
    return [
        looks.Matter(
            title=one.title, now_at=_now_at(one), answer_by=one.promise if not home.is_over(one.status) else None,
            url=reverse("timeline", args=[numbers[one.number]]), aside=_state(one.status),
        )
        for one in home.mine(actor, now)
        if one.number in numbers
    ]  # fmt: skip


def around(actor: Actor, now: datetime) -> looks.Around | None:
    """Give what residents said in the last seven whole days."""
    week = home.week(now)
    if week is None:
        return None
    return looks.Around(
        area=_("全市"), from_day=week.from_day, to_day=week.to_day, said=week.said, answered=week.answered,
        overdue=week.overdue, running=week.running, most=week.most,
    )  # fmt: skip


def counts(actor: Actor, now: datetime) -> Mapping[str, int]:
    """Give what waits before each desk."""
    return home.counts(actor, now)


def _now_at(one: home.Mine) -> str:
    if one.lead and not home.is_over(one.status):
        return f"{one.lead} · {_state(one.status)}"
    return _state(one.status)


def _state(status: str) -> str:
    return _(home.state_word(status))

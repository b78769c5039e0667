"""Keeping decisions, and the guard: no pushing duties down (spec 11 §§3–4)."""

from collections.abc import Sequence
from datetime import date, datetime

from django.db import transaction
from django.utils.timezone import localdate

from jishi.bodies import queries as bodies
from jishi.duties import memory
from jishi.duties.events import PushDownWasRefused
from jishi.duties.models import Decision, DutyItem
from jishi.duties.queries import Routed
from jishi.foundation import outbox, scope, trail
from jishi.foundation.actor import Actor
from jishi.foundation.refusals import Refused
from jishi.kernels import dutylist


class PushDownRefused(Refused):
    """A duty that the lists do not let go there. The attempt is counted, although nothing else is stored."""

    code, status = "push_down_refused", 409
    zh = "不能派给{body}：{number}“{name}”{why}{grounds}。"
    en = "This may not go to {body}: {number} “{name}” {why_en}{grounds_en}."
    next_zh = "{instead}"
    next_en = "{instead_en}"


class NoSuchItem(Refused):
    code, status = "no_such_item", 422
    zh, en = "清单里没有这一条。", "There is no such duty item."
    next_zh, next_en = "在清单里找到那一条，再填编号。", "Find the item in the lists and give its number."


_WHY = {
    "taken_back_pushed_down": ("已由{lead}收回", "was taken back by {lead}"),
    "town_cannot_lead_assist": ("是配合事项，主办是{lead}", "is an assist item; {lead} leads"),
    "community_cannot_lead_assist": ("是配合事项，社区不能主办", "is an assist item; a community cannot lead it"),
    "part_text_missing": (
        "是{lead}自己的基本职责，请别人协办要写明做哪一部分",
        "is a basic duty of {lead}; to ask for assistance, say which part",
    ),
    "lawful_power_needed": (
        "需要法定职权“{power}”，由{lead}行使，社区（村）和网格员不能代行",
        "takes the lawful power “{power_en}”, exercised by {lead}; a community or a grid worker cannot exercise it",
    ),
}
_INSTEAD = {
    "assist": ("可以请它协办。", "It may be asked to assist."),
    "part_text": ("写明请它做哪一部分，再派。", "Say which part it is asked to do, then offer it."),
}
_LEADS = ("请派给主办单位。", "Offer it to the body that leads.")
_OTHER = ("不在它自己的清单上", "is not on its own list")


def keep(routed: Sequence[Routed], *, made_at: datetime, effective_on: date) -> list[int]:
    """Keep decisions as they were made, in one statement; they are never changed."""
    rows = Decision.objects.bulk_create([_row(r, made_at, effective_on) for r in routed])
    return [row.id for row in rows]


def keep_past(made: Sequence[tuple[Routed, datetime]]) -> None:
    """Keep what lists say of past cases, each at its own moment, by the lists it was asked of; in one statement."""
    Decision.objects.bulk_create([_row(routed, at, routed.law.day) for routed, at in made])


def _row(routed: Routed, made_at: datetime, effective_on: date) -> Decision:
    trace = routed.decision.trace.page
    return Decision(
        tenant_id=scope.current().actor.tenant_id, facts=trace["facts"], list_editions=trace["lists"],
        book_edition=routed.law.book_edition, engine=routed.decision.engine, outcome=routed.outcome,
        item_id=routed.item.id if routed.item else None, body_id=routed.body_id,
        trace=routed.decision.trace.to_json(), made_at=made_at, effective_on=effective_on,
    )  # fmt: skip


def ensure_not_pushed_down(
    item_id: int | None, body_id: int, *, role: str, part_text: str, emergency: bool, by: Actor, now: datetime
) -> None:
    """Insist on the guard of 11 §4.

    :raises PushDownRefused: with item, department and article; the edge records the attempt (`afterwards`).
    """
    if not item_id:
        return
    known = memory.law(localdate(now)).by_item_id.get(item_id)
    if known is None:
        return  # an item of a former edition: the decision of its own day stands
    body = bodies.names()[body_id]
    refusal = dutylist.guard(known[1], body.code, role, body.level, part_text=part_text, emergency=emergency)  # type: ignore[arg-type]
    if refusal is None:
        return
    raise _refused(refusal, body_id, by=by, now=now)


def ensure_worker_may(item_id: int | None, *, part_text: str, worker: int | None, by: Actor, now: datetime) -> None:
    """Insist that a worker on the ground may be asked: nothing taken back, nothing that takes a lawful power.

    `worker`: the body whose worker it is, by which the attempt is counted; None: the place has none.
    :raises PushDownRefused: as above.
    """
    known = memory.law(localdate(now)).by_item_id.get(item_id or 0)
    if known is None or worker is None:
        return
    body = bodies.names()[worker]
    refusal = dutylist.guard(known[1], body.code, "assist", "grid_worker", part_text=part_text)
    if refusal is not None:
        raise _refused(refusal, worker, by=by, now=now)


def ensure_no_community(body_id: int, *, matter: str, by: Actor, now: datetime) -> None:
    """Insist that a community is named by a line of its own list, where no line speaks of the matter at all.

    :raises PushDownRefused: the body is a community or village; a matter that no list names is not on its list.
    """
    body = bodies.names()[body_id]
    if body.level not in dutylist.COMMUNITIES:
        return
    row = memory.law(localdate(now)).matters.get(matter)
    refusal = dutylist.GuardRefusal(
        "not_on_communitys_list", "", row.name if row else "这件事", body.code, "", dutylist.COMMUNITY_LAWS, ("", 0, "")
    )
    raise _refused(refusal, body_id, by=by, now=now)


def _refused(refusal: dutylist.GuardRefusal, body_id: int, *, by: Actor, now: datetime) -> PushDownRefused:
    why, why_en = _WHY.get(refusal.code, _OTHER)
    named = [dutylist.POWERS[code] for code in refusal.powers]
    power, power_en = "、".join(zh for zh, _en in named), ", ".join(en for _zh, en in named)
    lead, articles = _name(refusal.lead), refusal.articles
    instead, instead_en = _INSTEAD.get(refusal.instead, _LEADS)
    no = PushDownRefused(
        body=bodies.names()[body_id].name, number=refusal.number, name=refusal.name, articles="、".join(articles),
        grounds=f"（{'、'.join(articles)}）" if articles else "",
        grounds_en=f" ({'; '.join(articles)})" if articles else "",
        why=why.format(lead=lead, power=power), why_en=why_en.format(lead=lead, power_en=power_en),
        guard=refusal.code,
        instead=instead, instead_en=instead_en,
    )  # fmt: skip
    no.afterwards = lambda: record_push_down(body_id, refusal.code, refusal.number, by=by, now=now)
    return no


@transaction.atomic
def record_push_down(body_id: int, code: str, number: str, *, by: Actor, now: datetime) -> None:
    """Record a refused attempt, in a transaction of its own after the refused one was rolled back."""
    trail.record(
        "duty.push_down_refused",
        ("body", body_id),
        by=by,
        at=now,
        codes={"guard": code, "item": number, "asked": by.label},
    )
    outbox.announce(PushDownWasRefused(body_id, code, number, by.label), at=now)


def ensure_item(item_id: int) -> int:
    """Insist that a cited item exists. :raises NoSuchItem: it does not."""
    tenant_id = scope.current().actor.tenant_id
    if not DutyItem.objects.filter(tenant_id=tenant_id, id=item_id).exists():
        raise NoSuchItem
    return item_id


def promises_of(item_id: int) -> dict[str, str]:
    """Give what an item promises: kind of clock → amount."""
    known = memory.law(localdate(scope.current().recorded_at)).by_item_id.get(item_id)
    if known is not None:
        return dict(known[0].promises)
    row = DutyItem.objects.filter(tenant_id=scope.current().actor.tenant_id, id=item_id).first()
    return dict(row.promises) if row else {}


def _name(code: str) -> str:
    found = next((b.name for b in bodies.names().values() if b.code == code), None)
    return found or code

"""Transitions as their two streets and the office see them; counts of who is served here and belongs there."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from django.db.models import Count, Q

from jishi.foundation import scope
from jishi.foundation.actor import Actor
from jishi.places import pairs, policies, slips
from jishi.places.models import GroundState, Transition, TransitionHousehold, TransitionItem

FEW = 5  # a count below is shown as "fewer than five"


@dataclass(frozen=True, slots=True)
class ItemRow:
    id: int
    purpose: str
    group: str
    served_by: str
    named: str
    from_date: date
    to_date: date | None
    signed: int  # 0, 1, 2 sides
    settled_on: date | None
    successor: str


@dataclass(frozen=True, slots=True)
class TransitionRow:
    id: int
    from_community: str
    receiving: str
    origin_body: int
    receiving_body: int
    cause: str
    status: str
    began_on: date
    review_on: date
    reviewed_on: date | None
    ends_when: str
    services_from: date | None
    households: int
    answered: int
    told: int
    items: tuple[ItemRow, ...]

    def is_late(self, day: date) -> bool:
        """Tell whether its review was missed."""
        return self.status != "CLOSED" and self.review_on < day


def transitions(by: Actor, *, open_only: bool = False) -> list[TransitionRow]:
    """List the transitions that the actor may see, soonest review first; three statements."""
    rows = [
        r
        for r in Transition.objects.filter(tenant_id=by.tenant_id).order_by("review_on", "id")
        if policies.may_see_transition(by, r.origin_body, r.receiving_body)
        and not (open_only and r.status == "CLOSED")
    ]
    return _rows(rows)


def transition(transition_id: int, by: Actor) -> TransitionRow | None:
    """Give one; None: not there, or not for this actor."""
    row = Transition.objects.filter(tenant_id=by.tenant_id, id=transition_id).first()
    if row is None or not policies.may_see_transition(by, row.origin_body, row.receiving_body):
        return None
    return _rows([row])[0]


def reviews_missed(by: Actor, *, day: date) -> list[TransitionRow]:
    """List the open transitions whose review was missed by the day: what is stuck, for the leading group office."""
    return [row for row in transitions(by, open_only=True) if row.is_late(day)]


def told_households(account_id: int) -> list[tuple[str, date | None]]:
    """Give (community of origin, services from) of each transition in which this person's household was told."""
    here = scope.current()
    mine = slips.of_person(account_id, tenant_id=here.actor.tenant_id, now=here.recorded_at)
    rows = TransitionHousehold.objects.filter(
        tenant_id=here.actor.tenant_id, id__in=mine, told_at__isnull=False
    ).order_by("id")  # fmt: skip
    return list(rows.values_list("transition__from_community", "transition__services_from"))


def served_here_belongs_there(community: str, *, day: date) -> list[tuple[str, str, int]]:
    """Count who lives in a community and belongs to another: (belongs to, registered or collective, people).

    Counts only; nobody is named, and no row of one person can be asked for.
    """
    found = _pairs(day).items()
    return sorted((there, kind, n) for (here, there, kind), n in found if here == community != there and n > 0)


def belongs_here_served_there(community: str, *, day: date) -> list[tuple[str, str, int]]:
    """Count who belongs to a community and lives in another: (lives in, registered or collective, people)."""
    found = _pairs(day).items()
    return sorted((here, kind, n) for (here, there, kind), n in found if there == community != here and n > 0)


def counted(people: int) -> str:
    """Write a count as a page may show it.

    >>> counted(4), counted(5)
    ('< 5', '5')
    """
    return str(people) if people >= FEW else f"< {FEW}"


def without_ground(*, day: date) -> dict[str, date]:
    """Give the communities that go on without ground on the day, each with its day of review."""
    rows = GroundState.objects.filter(
        Q(active_to=None) | Q(active_to__gt=day), tenant_id=scope.current().actor.tenant_id, active_from__lte=day
    )
    return dict(rows.values_list("community", "review_on"))


def _pairs(day: date) -> Counter[tuple[str, str, str]]:
    """Open the pages of counts once a transaction, however many communities are asked for."""
    here = scope.current()
    kept: dict[date, Counter[tuple[str, str, str]]] = here.memo.setdefault("residence.pairs", {})
    if day not in kept:
        kept[day] = pairs.counted(by=here.actor, now=here.recorded_at, day=day)
    return kept[day]


def _rows(rows: Sequence[Transition]) -> list[TransitionRow]:
    ids = [r.id for r in rows]
    tenant = scope.current().actor.tenant_id
    counts = {
        r["transition"]: (r["whole"], r["answered"], r["told"])
        for r in TransitionHousehold.objects.filter(tenant_id=tenant, transition__in=ids).order_by()
        .values("transition").annotate(whole=Count("id"), answered=Count("answered_at"), told=Count("told_at"))
    }  # fmt: skip
    items: dict[int, list[ItemRow]] = {}
    for i in TransitionItem.objects.filter(tenant_id=tenant, transition__in=ids).order_by("from_date", "id"):
        signed = bool(i.origin_agreed_by) + bool(i.receiving_agreed_by)
        items.setdefault(i.transition_id, []).append(
            ItemRow(i.id, i.purpose, i.group, i.served_by, i.named, i.from_date, i.to_date, signed, i.settled_on,
                    i.successor)
        )  # fmt: skip
    return [
        TransitionRow(
            r.id, r.from_community, r.receiving, r.origin_body, r.receiving_body, r.cause, r.status, r.began_on,
            r.review_on, r.reviewed_on, r.ends_when, r.services_from, *counts.get(r.id, (0, 0, 0)),
            tuple(items.get(r.id, ())),
        )
        for r in rows
    ]  # fmt: skip

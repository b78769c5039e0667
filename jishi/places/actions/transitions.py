"""过渡: the verbs by which a torn-down community is brought to its end without anybody losing anything (spec 20 §3.5).

No verb here touches anybody's registration or the roll of a collective. Moves stand in
institutions/procedures/transition.toml.
"""

import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from django.db import transaction
from django.db.models import Q
from django.utils.timezone import localdate

from jishi.foundation import outbox, procedures, scope, trail
from jishi.foundation.actor import Actor
from jishi.foundation.refusals import Invalid, NotAllowed, NotFound, Refused
from jishi.kernels.procedure import Procedure
from jishi.places import memory, policies, serving_rules, slips
from jishi.places.actions import residence
from jishi.places.actions.residence import AlreadyThere, Whereabouts
from jishi.places.events import TransitionClosed
from jishi.places.models import (
    GroundState,
    Residence,
    ServedBy,
    Transition,
    TransitionCause,
    TransitionHousehold,
    TransitionItem,
    TransitionStatus,
    Zone,
)

OUTCOMES = ("dissolved", "collective_without_ground")
MOST_HOUSEHOLDS, LONGEST_GROUP = 5000, 60


class NotYet(Refused):
    code, status = "transition_not_yet", 409
    zh, en = "还不能走到这一步：{what_zh}", "Not yet: {what_en}"
    next_zh, next_en = "把缺的补齐再来。", "Complete what is missing first."


class ReviewTooFar(Refused):
    code, status = "review_too_far", 422
    zh, en = "复核的日子最远是 {latest}。", "The review is on {latest} at the latest."
    next_zh, next_en = "换一个早一些的日子。", "Choose an earlier day."


class ItemsOpen(Refused):
    code, status = "items_open", 409
    zh, en = "还有 {count} 项没有了结。", "{count} items are still open."
    next_zh = "逐项了结，或者写明由谁接。"
    next_en = "Settle each, or name who takes over."


class SlipUnknown(Refused):
    code, status = "slip_unknown", 404
    zh, en = "没有这张条，或者已经用过了。", "There is no such slip, or it was used."
    next_zh, next_en = "请核对条上的字，或者找原来的街道重开一张。", "Check the word, or ask for another slip."


class SpokeAlready(Refused):
    code, status = "spoke_already", 409
    zh, en = "您已经替第 {number} 户说过了。", "You have spoken for household {number} already."
    next_zh, next_en = "另一户由那一户自己的人说；要改您家的，用您家那张条。", "Each household speaks for itself."


@dataclass(frozen=True, slots=True)
class NewItem:
    """Who serves one purpose, half open in days. `named` only where `served_by` is `named`."""

    purpose: str
    served_by: str
    from_date: date
    to_date: date | None = None
    named: str = ""
    group: str = ""
    document_no: str = ""


def life() -> Procedure:
    """Give the table of the life."""
    return procedures.load("transition")


@transaction.atomic
def open_(
    from_community: str, *, receiving: str, origin_body: int, receiving_body: int, cause: str, began_on: date,
    review_on: date, ends_when: str, zone_code: str = "", by: Actor, now: datetime,
) -> int:  # fmt: skip
    """This will announce a transition; gives its id.

    :raises NotAllowed: not the leading group office. :raises Invalid: an unknown cause, community or zone, one
    community on both sides, no word when it is over, or another transition of it that lasts. :raises ReviewTooFar: more
    than twelve months on.
    """
    policies.ensure_may_open_transition(by)
    ground = memory.ground(localdate(now))
    if from_community not in ground.divisions or receiving not in ground.divisions:
        raise Invalid(detail=f"{from_community} → {receiving}")
    if from_community == receiving:
        raise Invalid(detail=f"过渡有两边：从哪里来、到哪里去，不能都是 {receiving}")
    if cause not in TransitionCause.values or not ends_when.strip():
        raise Invalid(detail=cause if ends_when.strip() else "ends_when")
    _ensure_near(review_on, max(began_on, localdate(now)))
    scope.one_at_a_time("transition", int(from_community))
    if Transition.objects.filter(tenant_id=by.tenant_id, from_community=from_community, closed_on=None).exists():
        raise Invalid(detail=from_community)
    zone = Zone.objects.filter(tenant_id=by.tenant_id, code=zone_code, active_to=None).first() if zone_code else None
    if zone_code and zone is None:
        raise Invalid(detail=zone_code)
    move = procedures.ensure_move(life(), "transitions.open", "")
    row = Transition.objects.create(
        tenant_id=by.tenant_id, from_community=from_community, receiving=receiving, origin_body=origin_body,
        receiving_body=receiving_body, cause=cause, zone=zone, status=move.to, began_on=began_on, review_on=review_on,
        ends_when=ends_when.strip()[:500],
    )  # fmt: skip
    codes = {"community": from_community, "receiving": receiving, "cause": cause, "review_on": review_on.isoformat()}
    trail.record(move.trail, ("transition", row.id), by=by, at=now, codes=codes, new=True)
    return row.id


@transaction.atomic
def list_households(transition_id: int, count: int, *, by: Actor, now: datetime) -> list[tuple[int, str]]:
    """This will list so many more households, each by a number; gives (number, word for its slip), shown once.

    No name is asked for: who a household is, it says itself.
    :raises NotAllowed: not the street of origin. :raises WrongMoment: the survey is over. :raises Invalid: a count.
    """
    row, act = _locked(transition_id, "transitions.list_households", by)
    if not 1 <= count <= MOST_HOUSEHOLDS:
        raise Invalid(detail=f"1 … {MOST_HOUSEHOLDS}")
    known = TransitionHousehold.objects.filter(tenant_id=by.tenant_id, transition=row)
    last = known.order_by("-number").values_list("number", flat=True).first() or 0
    made = [(last + n, secrets.token_urlsafe(9)) for n in range(1, count + 1)]
    TransitionHousehold.objects.bulk_create(
        TransitionHousehold(tenant_id=by.tenant_id, transition=row, number=number, word_hash=_hash(word))
        for number, word in made
    )
    trail.record(act, ("transition", row.id), by=by, at=now, codes={"households": count})
    return made


@transaction.atomic
def answer(
    word: str, where: Whereabouts, *, from_day: date, ends_on: date, by: Actor, now: datetime
) -> int:
    """This will note that the household with this slip said where it lives, by its own person; gives the residence row.

    The answer is the person's own place of living, declared or moved as any other; the list keeps only that it came.
    :raises SlipUnknown: no such slip, or another person's. :raises SpokeAlready: for another household of this
    transition. :raises AlreadyThere: she lives somewhere from a later day on already. Refuses as `residence.declare`.
    """
    if by.kind != "resident" or by.account_id is None:
        raise NotAllowed(why="住到哪里由住户自己说。")
    scope.one_at_a_time("residence", by.account_id)
    slip = TransitionHousehold.objects.select_for_update().filter(
        tenant_id=by.tenant_id, word_hash=_hash(word.strip())
    ).first()  # fmt: skip
    spoke = slips.of_person(by.account_id, tenant_id=by.tenant_id, now=now)
    if slip is None or (slip.answered_at is not None and slip.id not in spoke):
        raise SlipUnknown
    row = Transition.objects.get(tenant_id=by.tenant_id, id=slip.transition_id)
    others = TransitionHousehold.objects.filter(tenant_id=by.tenant_id, transition=row, id__in=spoke - {slip.id})
    if others.exists():
        raise SpokeAlready(number=others.values_list("number", flat=True)[0])
    act = procedures.ensure_move(life(), "transitions.answer", row.status)
    held = residence.open_living(by.account_id, tenant_id=by.tenant_id)
    if held is None:
        told = residence.declare(
            by.account_id, "living", where, purpose="service", from_day=from_day, ends_on=ends_on, by=by, now=now
        )
    elif held.active.lower < from_day:
        told = residence.move(held.id, where, from_day=from_day, ends_on=ends_on, by=by, now=now)
    elif held.active.lower == from_day:
        residence.correct(held.id, where, ends_on=ends_on, by=by, now=now)
        told = held.id
    else:
        raise AlreadyThere(since=held.active.lower.isoformat())
    slip.change(answered_at=now)
    slips.seal_who_spoke(slip.id, by.account_id, ends_on=_kept_until(told, by), tenant_id=by.tenant_id, now=now)
    trail.record(act.trail, ("transition", row.id), by=by, at=now, codes={"household": slip.number})
    return told


@transaction.atomic
def finish_survey(transition_id: int, *, by: Actor, now: datetime) -> None:
    """This will end the survey: everybody on the list has spoken.

    :raises NotYet: somebody has not, or nobody is listed.
    """
    row, told = _locked(transition_id, "transitions.finish_survey", by)
    households = TransitionHousehold.objects.filter(tenant_id=by.tenant_id, transition=row)
    waiting, whole = households.filter(answered_at=None).count(), households.count()
    if not whole or waiting:
        raise NotYet(
            what_zh=f"{whole} 户里还有 {waiting} 户没有自己说过住到哪里。",
            what_en=f"{waiting} of {whole} households have not said where they will live.",
        )
    _go(row, TransitionStatus.SURVEYED, told, by, now, {"households": whole})


@transaction.atomic
def propose_item(transition_id: int, item: NewItem, *, by: Actor, now: datetime) -> int:
    """This will put one item down, signed by the side that proposes it; gives its id.

    :raises NotAllowed: neither street. :raises Invalid: an unknown purpose or who serves; days that do not fit, or that
    another item of the purpose (and group of offers) has; a group of anything but offers.
    """
    row, told = _locked(transition_id, "transitions.propose_item", by)
    known = memory.ground(item.from_date).divisions
    if item.purpose not in serving_rules.load().purposes or item.served_by not in ServedBy.values:
        raise Invalid(detail=f"{item.purpose}: {item.served_by}")
    if (item.served_by == ServedBy.NAMED) != bool(item.named) or (item.named and item.named not in known):
        raise Invalid(detail=item.named or item.served_by)
    if item.to_date is not None and item.to_date <= item.from_date:
        raise Invalid(detail=f"{item.from_date.isoformat()} – {item.to_date.isoformat()}")
    if item.group and (item.purpose != "offer" or len(item.group) > LONGEST_GROUP):
        raise Invalid(detail=item.group[:LONGEST_GROUP])
    _ensure_no_overlap(row, item)
    made = TransitionItem.objects.create(
        tenant_id=by.tenant_id, transition=row, purpose=item.purpose, group=item.group, served_by=item.served_by,
        named=item.named, from_date=item.from_date, to_date=item.to_date, document_no=item.document_no[:80],
        **_signed(row, by),
    )  # fmt: skip
    codes = {"item": made.id, "purpose": made.purpose, "served_by": made.served_by}
    trail.record(told, ("transition", row.id), by=by, at=now, codes=codes)
    return made.id


@transaction.atomic
def agree_item(item_id: int, *, by: Actor, now: datetime) -> None:
    """This will sign an item for the actor's own side; with both it is in force. :raises NotFound: no such item."""
    found, row, told = _item(item_id, "transitions.agree_item", by)
    signed = _signed(row, by)
    if all(getattr(found, side) for side in signed):
        raise Invalid(detail="signed")
    found.change(**signed)
    trail.record(told, ("transition", row.id), by=by, at=now, codes={"item": found.id, "sides": sorted(signed)})


@transaction.atomic
def tell_households(transition_id: int, *, services_from: date, by: Actor, now: datetime) -> int:
    """This will tell every household in one sentence who serves it from which day; gives how many were told.

    :raises NotYet: no signed item moves the services to where people live.
    """
    row, told = _locked(transition_id, "transitions.tell_households", by)
    _ensure_services_agreed(row)
    households = TransitionHousehold.objects.filter(tenant_id=by.tenant_id, transition=row, told_at=None)
    count = households.exclude(answered_at=None).update(told_at=now)
    row.change(services_from=services_from)
    codes = {"households": count, "from": services_from.isoformat()}
    trail.record(told, ("transition", row.id), by=by, at=now, codes=codes)
    return count


@transaction.atomic
def move_services(transition_id: int, *, by: Actor, now: datetime) -> None:
    """This will put the transition where services follow the people.

    :raises NotYet: an unsigned item, a service that the living community does not serve, a household not told.
    """
    row, told = _locked(transition_id, "transitions.move_services", by)
    _ensure_services_agreed(row)
    households = TransitionHousehold.objects.filter(tenant_id=by.tenant_id, transition=row, told_at=None).count()
    if households or row.services_from is None:
        raise NotYet(what_zh=f"还有 {households} 户没有告诉。", what_en=f"{households} households were not told.")
    _go(row, TransitionStatus.SERVICES_MOVED, told, by, now, {"from": row.services_from.isoformat()})


@transaction.atomic
def settle_rights(
    transition_id: int, *, decision_no: str, assets_listed: bool, shares_fixed: bool, roll_kept: bool, by: Actor,
    now: datetime,
) -> None:  # fmt: skip
    """This will note that the collective's assembly settled its rights, by the number of its decision.

    Neither the roll nor anybody's registration is touched here.
    :raises NotYet: assets not listed, shares not fixed, or the roll not kept. :raises Invalid: no number.
    """
    row, told = _locked(transition_id, "transitions.settle_rights", by)
    if not decision_no.strip():
        raise Invalid(detail="decision_no")
    if not (assets_listed and shares_fixed and roll_kept):
        raise NotYet(
            what_zh="资产要列清，份额要定下，名册要保留。",
            what_en="assets are to be listed, shares fixed, the roll kept.",
        )
    row.change(assets_listed=True, shares_fixed=True, roll_kept=True, decision_no=decision_no.strip()[:80])
    _go(row, TransitionStatus.RIGHTS_SETTLED, told, by, now, {"decision": row.decision_no})


@transaction.atomic
def settle_item(item_id: int, *, on: date, successor: str = "", by: Actor, now: datetime) -> None:
    """This will settle an item: done, or `successor` answers for it from then on. :raises NotFound: no open item."""
    found, row, told = _item(item_id, "transitions.settle_item", by)
    if found.settled_on is not None:
        raise NotFound
    found.change(settled_on=on, successor=successor.strip()[:120])
    codes = {"item": found.id, "on": on.isoformat(), "taken_over": bool(found.successor)}
    trail.record(told, ("transition", row.id), by=by, at=now, codes=codes)


@transaction.atomic
def review(
    transition_id: int, *, next_on: date, words: str, by: Actor, now: datetime
) -> None:
    """This will note a review and set the next one, at most twelve months on.

    :raises ReviewTooFar: later. :raises Invalid: nothing is said, or the next day is no later day.
    """
    row, told = _locked(transition_id, "transitions.review", by)
    today = localdate(now)
    if not words.strip() or next_on <= today:
        raise Invalid(detail="words" if not words.strip() else next_on.isoformat())
    _ensure_near(next_on, today)
    row.change(reviewed_on=today, review_on=next_on)
    GroundState.objects.filter(tenant_id=by.tenant_id, transition=row, active_to=None).update(review_on=next_on)
    codes = {"next": next_on.isoformat()}
    trail.record(told, ("transition", row.id), by=by, at=now, codes=codes, words={"found": words.strip()[:500]})


@transaction.atomic
def close(transition_id: int, *, outcome: str, review_on: date | None = None, by: Actor, now: datetime) -> None:
    """This will close a transition. A collective that goes on without ground is kept with a day of review.

    :raises ItemsOpen: an item is neither settled nor ended. :raises Invalid: an unknown outcome, no day of review.
    """
    row, told = _locked(transition_id, "transitions.close", by)
    today = localdate(now)
    if outcome not in OUTCOMES or (outcome == OUTCOMES[1]) != (review_on is not None):
        raise Invalid(detail=outcome)
    items = TransitionItem.objects.filter(tenant_id=by.tenant_id, transition=row, settled_on=None)
    still = items.exclude(to_date__lte=today).count()
    if still:
        raise ItemsOpen(count=still)
    if review_on is not None:
        _ensure_near(review_on, today)
        GroundState.objects.update_or_create(
            tenant_id=by.tenant_id, community=row.from_community, active_to=None,
            defaults={"ground": "none", "active_from": today, "review_on": review_on, "transition": row},
        )  # fmt: skip
    row.change(outcome=outcome, closed_on=today)
    _go(row, TransitionStatus.CLOSED, told, by, now, {"outcome": outcome})
    outbox.announce(TransitionClosed(row.id, outcome), at=now)


# --- pieces ------------------------------------------------------------------------------------------------


def _locked(transition_id: int, verb: str, by: Actor) -> tuple[Transition, str]:
    """Lock the row; give it with the trail word of the move.

    :raises NotFound: no such transition, or not for this actor. :raises NotAllowed: another party's step.
    :raises WrongMoment: the table has no such row here.
    """
    row = Transition.objects.select_for_update().filter(tenant_id=by.tenant_id, id=transition_id).first()
    if row is None or not policies.may_see_transition(by, row.origin_body, row.receiving_body):
        raise NotFound
    known = (*life().moves, *life().acts)
    wanted = {who for m in known if m.verb == verb for who in m.who}
    policies.ensure_is_party(by, wanted, row.origin_body, row.receiving_body)
    return row, procedures.ensure_move(life(), verb, row.status).trail


def _item(item_id: int, verb: str, by: Actor) -> tuple[TransitionItem, Transition, str]:
    found = TransitionItem.objects.select_for_update().filter(tenant_id=by.tenant_id, id=item_id).first()
    if found is None:
        raise NotFound
    row, told = _locked(found.transition_id, verb, by)
    return found, row, told


def _go(
    row: Transition, status: str, told: str, by: Actor, now: datetime, codes: dict[str, str | int]
) -> None:
    row.change(status=status)
    trail.record(told, ("transition", row.id), by=by, at=now, codes=codes)


def _signed(row: Transition, by: Actor) -> dict[str, str]:
    """Sign for the sides that the actor acts for."""
    sides = {"origin_agreed_by": row.origin_body, "receiving_agreed_by": row.receiving_body}
    return {name: by.label for name, body in sides.items() if body in by.body_ids}


def _ensure_no_overlap(row: Transition, item: NewItem) -> None:
    """One item of a purpose and group on any day; a settled one ends on that day."""
    others = TransitionItem.objects.filter(
        tenant_id=row.tenant_id, transition=row, purpose=item.purpose, group=item.group
    )
    lasting = others.filter(
        Q(to_date=None) | Q(to_date__gt=item.from_date), Q(settled_on=None) | Q(settled_on__gt=item.from_date)
    )
    if item.to_date is not None:
        lasting = lasting.filter(from_date__lt=item.to_date)
    found = lasting.first() or others.filter(from_date=item.from_date).first()
    if found is not None:
        raise Invalid(detail=f"{found.purpose} {found.from_date.isoformat()} – {found.to_date or ''}")


def _ensure_services_agreed(row: Transition) -> None:
    items = TransitionItem.objects.filter(tenant_id=row.tenant_id, transition=row, purpose="service", settled_on=None)
    found: Sequence[TransitionItem] = list(items)
    elsewhere = [i for i in found if i.served_by != ServedBy.LIVING and i.to_date is None]
    unsigned = [i for i in found if not (i.origin_agreed_by and i.receiving_agreed_by)]
    if not found or elsewhere or unsigned:
        raise NotYet(
            what_zh="每一项服务都要写明由现在住的社区办，两边都签。",
            what_en="each service is to be served where people live, and signed by both sides.",
        )


def _ensure_near(review_on: date, since: date) -> None:
    latest = serving_rules.months_on(since, serving_rules.load().review_months)
    if not since < review_on <= latest:
        raise ReviewTooFar(latest=latest.isoformat())


def _kept_until(residence_id: int, by: Actor) -> date:
    return Residence.objects.get(tenant_id=by.tenant_id, id=residence_id).ends_on


def _hash(word: str) -> str:
    return hashlib.sha256(f"{scope.current().actor.tenant_id}:{word}".encode()).hexdigest()

"""应急通道: more access for an hour, by two persons of two bodies, seen by the auditor at once (spec 90 §3).

One asks, with a ground and a sentence, for one more body or a wider place; a second of another body decides. The right
is a `Grant` of the post that asked and ends by itself. It opens no confidential name: `reading` refuses that.
"""

from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q

from jishi.accounts import policies
from jishi.accounts.actions import proving
from jishi.accounts.events import GlassEnded
from jishi.accounts.models import BreakGlass, Grant
from jishi.accounts.policies import GLASS
from jishi.foundation import outbox, scope, trail
from jishi.foundation.actor import Actor
from jishi.foundation.refusals import Invalid, NotFound, Refused, Stale, WrongMoment

OPEN = timedelta(minutes=60)
WAITS = timedelta(minutes=60)  # nobody decided: it was no emergency, or somebody must be called
GROUNDS = ("danger", "absent", "drill")
LEAST, MOST = 10, 500  # characters of the sentence
NAMES = {"asked": ("等第二人决定", "waiting for the second person"), "open": ("开着", "open"),
         "denied": ("没有批准", "refused"), "ended": ("已经结束", "over")}  # fmt: skip
CAN = {"asked": ("批准、不批准、收回", "approve, refuse, take back"), "open": ("结束", "end")}


class SamePersonTwice(Refused):
    code, status = "same_person_twice", 409
    zh, en = "申请的人不能自己批准。", "Who asked cannot approve."
    next_zh, next_en = "请另一个单位的负责人或督办员决定。", "Somebody of another body decides."


class SecondPersonNeeded(Refused):
    code, status = "second_person_needed", 403
    zh, en = "要由另一个单位的人决定。", "Somebody of another body must decide."
    next_zh, next_en = "请打电话给别的单位的负责人或督办员。", "Telephone the head of another body, or a supervisor."


class NothingWider(Refused):
    code, status = "nothing_wider", 422
    zh, en = "这没有比您现在的岗位多出什么。", "This is nothing more than your post has."
    next_zh, next_en = (
        "选一个别的单位，或一个包含您现在地方的更大地方。",
        "Name another body, or a place that contains yours and is larger.",
    )


class AskedAlready(Refused):
    code, status = "asked_already", 409
    zh, en = "您已经有一个在等决定或开着的应急通道。", "One of yours is waiting or open."
    next_zh, next_en = "先收回或结束它。", "Take it back or end it first."


class PostHasEnded(Refused):
    code, status = "post_has_ended", 409
    zh, en = "申请的岗位已经结束。", "The post that asked has ended."
    next_zh, next_en = "不批准它；还要的话，请在任的人申请。", "Refuse it; whoever is in office asks anew."


@transaction.atomic
def ask(*, ground: str, why: str, body_id: int | None, area: str | None, by: Actor, now: datetime) -> BreakGlass:
    """This will ask for one more body, a wider place, or both, for the post in which `by` acts.

    `area`: a prefix of a division code that contains the own one; "" is the whole town, None leaves the place.
    :raises NotAllowed: no post with cases. :raises Invalid: ground, sentence or body unknown.
    :raises NothingWider: the post has that. :raises AskedAlready: one is running. :raises FreshSignInNeeded.
    """
    policies.ensure_may_ask_for_more(by)
    proving.ensure_fresh(by, now=now)
    account_id, post_id = by.account_id or 0, by.post_id or 0
    said = why.strip()
    if ground not in GROUNDS:
        raise Invalid(detail="理由 / ground")
    if not LEAST <= len(said) <= MOST:
        raise Invalid(detail=f"为什么、要做什么 / why and what for: {LEAST}–{MOST}")
    _ensure_wider(body_id, area, by=by, now=now)
    scope.one_at_a_time("break_glass", account_id)
    running = BreakGlass.objects.filter(tenant_id=by.tenant_id, account_id=account_id)
    if running.filter(_runs(now)).exists():
        raise AskedAlready
    row = BreakGlass.objects.create(
        tenant_id=by.tenant_id, account_id=account_id, post_id=post_id, post_title=_title(by, now),
        own_body_ids=sorted(by.body_ids | by.tied_to), status="asked", ground=ground, why=said, body_id=body_id,
        wider=area is not None, area=area or "", asked_at=now,
    )  # fmt: skip
    _record("glass.asked", row, by=by, now=now, words={"text": said}, new=True)
    return row


@transaction.atomic
def approve(glass_id: int, *, by: Actor, now: datetime, version: int | None = None) -> BreakGlass:
    """This will open it for sixty minutes.

    :raises NotFound: none is there. :raises NotAllowed: no head, supervisor or office. :raises SamePersonTwice: the
    asker. :raises SecondPersonNeeded: of a body of the asker. :raises WrongMoment: decided, or asked over an hour ago.
    :raises PostHasEnded: nobody is there to hold it. :raises Stale: changed since it was read.
    :raises FreshSignInNeeded: no proof of the last ten minutes.
    """
    row = _to_decide(glass_id, by=by, now=now, version=version)
    held = Grant.objects.filter(_lasts(now), tenant_id=by.tenant_id, account_id=row.account_id, post_id=row.post_id)
    usual = list(held.filter(account__is_active=True).exclude(role=GLASS))
    if not usual:
        raise PostHasEnded
    own = max((g.area for g in usual), key=len)
    if row.wider and not own.startswith(row.area):
        raise NothingWider
    until = now + OPEN
    row.change(
        status="open", decided_by=by.label, decided_title=_title(by, now), decided_at=now, open_until=until
    )
    Grant.objects.create(
        tenant_id=by.tenant_id, account_id=row.account_id, role=GLASS, body_id=row.body_id, post_id=row.post_id,
        post_title=row.post_title, area=row.area if row.wider else own, active_from=now, active_to=until,
    )  # fmt: skip
    _record("glass.opened", row, by=by, now=now, words={"text": row.why}, codes={"until": trail.stamp(until)})
    return row


@transaction.atomic
def deny(glass_id: int, *, by: Actor, now: datetime, version: int | None = None) -> BreakGlass:
    """This will not open it. Raises as `approve` does."""
    row = _to_decide(glass_id, by=by, now=now, version=version)
    row.change(
        status="denied", decided_by=by.label, decided_title=_title(by, now), decided_at=now, ended_at=now
    )
    _record("glass.denied", row, by=by, now=now)
    return row


@transaction.atomic
def end(glass_id: int, *, by: Actor, now: datetime, version: int | None = None) -> BreakGlass:
    """This will take it back (its asker), end it before its time (the asker, who may decide), or at its time (a clock).

    :raises NotFound: none is there, or none of `by`. :raises WrongMoment: it is over. :raises Stale: as `approve`.
    """
    row = _locked(glass_id, by=by, version=version)
    if by.kind not in ("clock", "system") and by.account_id != row.account_id:
        if not policies.may_decide_glass(by):
            raise NotFound
        _ensure_other(row, by)
        if row.status == "asked":  # that is for the asker to take back; others approve or refuse
            raise _wrong(row)
    if row.status not in CAN:
        raise _wrong(row)
    given = Grant.objects.filter(
        _lasts(now), tenant_id=by.tenant_id, account_id=row.account_id, post_id=row.post_id, role=GLASS
    )
    given.filter(active_from__gte=now).delete()
    for grant in given:
        grant.change(active_to=now)
    was_open = row.status == "open"
    row.change(status="ended", ended_at=min(now, row.open_until or now))
    _record("glass.ended", row, by=by, now=now)
    if was_open:
        outbox.announce(GlassEnded(row.id), at=now)
    return row


def end_due(*, by: Actor, now: datetime) -> int:
    """This will write down the end of what was open for an hour, or waited for one; gives how many.

    The right itself ended at its second: rights are read with each request.
    """
    over = Q(status="open", open_until__lte=now) | Q(status="asked", asked_at__lte=now - WAITS)
    with scope.work(by):
        ids = list(BreakGlass.objects.filter(over, tenant_id=by.tenant_id).values_list("id", flat=True))
    for each in ids:
        with scope.work(by):
            end(each, by=by, now=now)
    return len(ids)


def _to_decide(glass_id: int, *, by: Actor, now: datetime, version: int | None) -> BreakGlass:
    row = _locked(glass_id, by=by, version=version)
    if by.account_id == row.account_id:
        raise SamePersonTwice
    policies.ensure_may_decide_glass(by)
    _ensure_other(row, by)
    if row.status != "asked" or now - row.asked_at >= WAITS:
        raise _wrong(row)
    proving.ensure_fresh(by, now=now)
    return row


def _locked(glass_id: int, *, by: Actor, version: int | None) -> BreakGlass:
    row = BreakGlass.objects.select_for_update().filter(tenant_id=by.tenant_id, id=glass_id).first()
    if row is None:
        raise NotFound
    mine = by.account_id == row.account_id or by.kind in ("clock", "system")
    if not (mine or policies.may_decide_glass(by) or policies.may_see_every_glass(by)):
        raise NotFound
    if version is not None and version != row.version:
        raise Stale
    return row


def _ensure_other(row: BreakGlass, by: Actor) -> None:
    if (by.body_ids | by.tied_to) & set(row.own_body_ids):
        raise SecondPersonNeeded


def _ensure_wider(body_id: int | None, area: str | None, *, by: Actor, now: datetime) -> None:
    more_place = area is not None and by.area.startswith(area) and area != by.area
    if area is not None and not more_place:
        raise NothingWider
    if body_id is None and not more_place:
        raise NothingWider
    if body_id is not None:
        if body_id in by.body_ids:
            raise NothingWider
        if not Grant.objects.filter(_lasts(now), tenant_id=by.tenant_id, body_id=body_id).exclude(role=GLASS).exists():
            raise Invalid(detail="单位 / body")


def _runs(now: datetime) -> Q:
    return Q(status="asked", asked_at__gt=now - WAITS) | Q(status="open", open_until__gt=now)


def _lasts(now: datetime) -> Q:
    return Q(active_from__lte=now) & (Q(active_to=None) | Q(active_to__gt=now))


def _title(by: Actor, now: datetime) -> str:
    rows = Grant.objects.filter(_lasts(now), tenant_id=by.tenant_id, account_id=by.account_id or 0)
    rows = rows.filter(post_id=by.post_id)
    return rows.exclude(role=GLASS).values_list("post_title", flat=True).first() or ""


def _wrong(row: BreakGlass) -> Refused:
    (state_zh, state_en), (open_zh, open_en) = NAMES[row.status], CAN.get(row.status, ("没有", "nothing"))
    return WrongMoment(state_zh=state_zh, state_en=state_en, open_zh=open_zh, open_en=open_en)


def _record(
    verb: str, row: BreakGlass, *, by: Actor, now: datetime, words: dict[str, str] | None = None,
    codes: dict[str, str] | None = None, new: bool = False,
) -> None:  # fmt: skip
    told = {
        "account": row.account_id, "post_id": row.post_id, "ground": row.ground, "body_id": row.body_id,
        "area": row.area if row.wider else None, "status": row.status, **(codes or {}),
    }  # fmt: skip
    trail.record(verb, ("break_glass", row.id), by=by, at=now, codes=told, words=words, new=new)

"""The public register of those who mediate: kept by the leading group office (spec 10 §11)."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from django.db import transaction
from django.db.models import Q
from django.utils.timezone import localdate

from jishi.accounts import queries as accounts
from jishi.bodies import queries as bodies
from jishi.cases import mediation_rules
from jishi.cases.actions.alongside import worded
from jishi.cases.models import Mediator
from jishi.cases.refusals import GroundNeeded
from jishi.foundation import trail
from jishi.foundation.actor import Actor
from jishi.foundation.refusals import NotAllowed, NotFound, Refused, Stale

ROLE = "mediator"


class RegisteredAlready(Refused):
    code, status = "registered_already", 409
    zh, en = "这个人已经在册。", "This person is on the register already."
    next_zh, next_en = "要改，先写明到哪天为止，再登记一次。", "To change it, end the term, then register again."


class NoMediatorsPost(Refused):
    code, status = "no_mediators_post", 422
    zh, en = "这个人在这个单位没有调解员的岗位。", "This person holds no mediator's post in this body."
    next_zh, next_en = "先由安全管理员开岗位，再登记。", "First the security administrator opens the post."


@dataclass(frozen=True, slots=True)
class Line:
    """What stands in the register: no private number."""

    account_id: int
    body_id: int
    name: str
    committee: str
    kinds: Collection[str]
    languages: Sequence[str]
    active_from: date


@transaction.atomic
def register(line: Line, *, by: Actor, now: datetime) -> Mediator:
    """This will put a mediator on the public register.

    :raises NotAllowed: not the leading group office. :raises NoMediatorsPost: no mediator of this body.
    :raises RegisteredAlready: on the register now. :raises GroundNeeded: name, committee, kind or language is missing.
    """
    ensure_keeps_register(by)
    known = mediation_rules.load().kinds
    kinds, spoken = [k for k in known if k in line.kinds], [s.strip()[:20] for s in line.languages if s.strip()]
    if not kinds or not spoken or line.body_id not in bodies.names():
        raise GroundNeeded(what="调解哪几类、会说哪些话、哪个单位", what_en="which kinds, which languages, which body")
    if (line.account_id, line.body_id) not in {(h.account_id, h.body_id) for h in accounts.people_of(ROLE, now=now)}:
        raise NoMediatorsPost
    if Mediator.objects.filter(account=line.account_id, active_to=None).exists():
        raise RegisteredAlready
    row = Mediator.objects.create(
        tenant_id=by.tenant_id, account_id=line.account_id, body_id=line.body_id, kinds=kinds, languages=spoken,
        name=worded(line.name, least=2, most=40, what="姓名", what_en="the name"),
        committee=worded(line.committee, least=2, most=80, what="哪个调解组织", what_en="the committee"),
        active_from=line.active_from,
    )  # fmt: skip
    trail.record(
        "mediator.registered", ("mediator", row.id), by=by, at=now, new=True,
        codes={"body": row.body_id, "kinds": kinds, "from": row.active_from.isoformat()},
    )  # fmt: skip
    return row


@transaction.atomic
def end_term(mediator_id: int, *, why: str, by: Actor, now: datetime, version: int | None = None) -> Mediator:
    """This will end a term today; who mediates now goes on to the end.

    :raises NotAllowed, NotFound, Stale. :raises GroundNeeded: no reason.
    """
    ensure_keeps_register(by)
    row = Mediator.objects.select_for_update().filter(tenant_id=by.tenant_id, id=mediator_id, active_to=None).first()
    if row is None:
        raise NotFound
    if version is not None and version != row.version:
        raise Stale(version=row.version, status="", seen=version)
    reason = worded(why, least=2, most=200, what="为什么不再调解", what_en="why the term ends")
    row.change(active_to=max(localdate(now), row.active_from), ended_why=reason)
    trail.record("mediator.ended", ("mediator", row.id), by=by, at=now, codes={}, words={"why": reason})
    return row


def in_force(mediator_id: int, day: date) -> Mediator | None:
    """Give a line of the register as it holds on `day`; None: not registered then."""
    rows = Mediator.objects.filter(Q(active_to=None) | Q(active_to__gt=day), id=mediator_id, active_from__lte=day)
    return rows.select_related("body").first()


def ensure_keeps_register(by: Actor) -> None:
    """:raises NotAllowed: the register is kept by the leading group office."""
    if not by.has("office", "system"):
        raise NotAllowed(why="调解员名册由领导小组办公室管。")

"""Who serves a grid: a post does, for a time; whoever holds the post is on the public register the same second.

Rules of spec 20 §3.3: one leader of a grid at a time; one full-time post of a person at a time.
"""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal

from django.db import IntegrityError, transaction
from django.db.backends.postgresql.psycopg_any import DateTimeTZRange

from jishi.bodies import queries
from jishi.bodies.models import Body, GridPost, GridRole, Post, Term
from jishi.foundation import scope, trail
from jishi.foundation.actor import Actor
from jishi.foundation.refusals import Invalid, NotAllowed, NotFound, Refused
from jishi.kernels.dutylist.operators import division_head
from jishi.places import queries as places

LONGEST_WEEK = Decimal(60)


class LeaderThere(Refused):
    code, status = "leader_there", 409
    zh, en = "这个网格这段时间已经有网格长了。", "This grid has a leader already at that time."
    next_zh, next_en = "先让原来的任期结束，再办新的。", "End the former one first."


class AlreadyFullTime(Refused):
    code, status = "already_full_time", 409
    zh, en = "这个人已经是另一处的专职网格员。", "This person is a full-time grid worker elsewhere."
    next_zh, next_en = "一个人同时只做一处专职。", "Nobody holds two full-time posts at once."


class ServesAlready(Refused):
    code, status = "serves_already", 409
    zh, en = "这个岗位已经服务这个网格，或者已经安排好了。", "This post serves this grid, now or from a day on."
    next_zh, next_en = "先让原来的结束，或者在交接里去掉安排。", "End that first, or take it out of the handover."


class NotBegunYet(Refused):
    code, status = "not_begun_yet", 409
    zh, en = "这个岗位还没有开始服务这个网格。", "This post does not serve this grid yet."
    next_zh, next_en = "在方案的交接里去掉这个安排。", "Take it out of the plan's handover."


@transaction.atomic
def serve(
    post_id: int, grid_id: int, role: str, *, hours_per_week: Decimal | None = None, by: Actor, now: datetime
) -> int:
    """This will have a post serve a grid from now on; gives the id. A leader where another is bound from a later day
    serves until that day: a grid need not be without one in between (spec 20 §3.3).

    :raises NotAllowed: no right, or not on this ground. :raises NotFound: no such post, or no such grid today.
    :raises Invalid: an unknown role, or hours that do not fit. :raises LeaderThere: there is a leader now.
    :raises ServesAlready: the post serves this grid, now or from a later day.
    :raises AlreadyFullTime: its holder works full time elsewhere, now or from a later day.
    """
    ensure_may_keep_register(by)
    post = Post.objects.select_for_update().filter(tenant_id=by.tenant_id, id=post_id).first()
    grid = places.grid(grid_id)
    if post is None or grid is None:
        raise NotFound
    ensure_near(grid.community, by)
    ensure_fits(role, hours_per_week)
    scope.one_at_a_time("grid", grid_id)
    serving = GridPost.objects.filter(tenant_id=by.tenant_id, grid=grid_id, active__overlap=_from(now))
    if serving.filter(post=post).exists():
        raise ServesAlready
    coming = serving.filter(role=role).order_by("active").first() if role == GridRole.LEADER else None
    until = None if coming is None else coming.active.lower
    if until is not None and until <= now:
        raise LeaderThere
    return bind(post_id, grid_id, role, hours_per_week, since=now, until=until, by=by, now=now)


@transaction.atomic
def bind(
    post_id: int, grid_id: int, role: str, hours_per_week: Decimal | None, *, since: datetime, by: Actor,
    now: datetime, until: datetime | None = None,
) -> int:  # fmt: skip
    """This will bind a post to a grid from a moment on, for verbs of this room that have looked; gives the id.

    :raises LeaderThere: several people hold the leader's post, or another post leads the grid then.
    :raises ServesAlready: it serves the grid then. :raises AlreadyFullTime: then its holder works full time elsewhere.
    """
    if role == GridRole.LEADER and _holders(post_id, by, now) > 1:
        raise LeaderThere
    if role == GridRole.FULL_TIME:
        for account in _accounts(post_id, by, now):
            _ensure_no_other(account, post_id, [_from(since)], by, now)
    try:
        with transaction.atomic():
            row = GridPost.objects.create(
                tenant_id=by.tenant_id, grid_id=grid_id, post_id=post_id, role=role, hours_per_week=hours_per_week,
                active=DateTimeTZRange(since, until),
            )  # fmt: skip
    except IntegrityError as no:
        raise _overlapping(no) from None
    codes = {"grid": grid_id, "post": post_id, "role": role, "since": since.isoformat()}
    codes |= {"until": until.isoformat()} if until is not None else {}
    trail.record("grid_post.begun", ("grid_post", row.id), by=by, at=now, codes=codes, new=True)
    return row.id


@transaction.atomic
def stop(grid_post_id: int, *, by: Actor, now: datetime) -> None:
    """This will end the serving of a grid by a post now, also one that ends on a later day; the term goes on.

    :raises NotFound: no such one that lasts. :raises NotBegunYet: it is bound from a later day.
    """
    ensure_may_keep_register(by)
    rows = GridPost.objects.select_for_update(of=("self",)).filter(tenant_id=by.tenant_id, active__overlap=_from(now))
    row = rows.filter(id=grid_post_id).select_related("grid").first()
    if row is None:
        raise NotFound
    ensure_near(row.grid.community, by)
    if row.active.lower > now:
        raise NotBegunYet
    row.change(active=DateTimeTZRange(row.active.lower, now))
    trail.record("grid_post.ended", ("grid_post", row.id), by=by, at=now, codes={"grid": row.grid_id})


@transaction.atomic
def name_party(body_id: int, grid_id: int | None, *, by: Actor, now: datetime) -> None:
    """This will say that a body is the Party organisation of a grid, or no longer of one (spec 30 §2.1).

    :raises NotFound: no such body that lasts, or no such grid.
    """
    ensure_may_keep_register(by)
    row = Body.objects.select_for_update().filter(tenant_id=by.tenant_id, id=body_id, active_to=None).first()
    if row is None or (grid_id is not None and places.grid(grid_id) is None):
        raise NotFound
    row.change(serves_grid_id=grid_id)
    trail.record("body.serves_grid", ("body", row.id), by=by, at=now, codes={"grid": grid_id or 0})
    queries.forget()


def ensure_terms_fit(pairs: Sequence[tuple[int, int]], *, by: Actor, now: datetime) -> None:
    """Insist, before terms (post, account) begin, that no grid gets two leaders and nobody two full-time posts.

    What a post is bound to from a later day counts with its days.

    :raises LeaderThere, AlreadyFullTime: see there.
    """
    posts = {post for post, _ in pairs}
    rows = GridPost.objects.filter(tenant_id=by.tenant_id, post__in=posts, active__overlap=_from(now))
    leading: set[int] = set()
    spans: dict[int, list[DateTimeTZRange]] = {}
    for post, role, active in rows.values_list("post_id", "role", "active"):
        if role == GridRole.LEADER:
            leading.add(post)
        elif role == GridRole.FULL_TIME:
            spans.setdefault(post, []).append(DateTimeTZRange(max(active.lower, now), active.upper))
    for post in sorted(leading):
        scope.one_at_a_time("leader.post", post)
        if _holders(post, by, now) + sum(1 for p, _ in pairs if p == post) > 1:
            raise LeaderThere
    full = [(p, account) for p, account in pairs if p in spans]
    for post, account in sorted(full, key=lambda pair: pair[1]):
        others = [span for p, a in full if a == account and p != post for span in spans[p]]
        if any(_meet(one, other) for one in spans[post] for other in others):
            raise AlreadyFullTime
        _ensure_no_other(account, post, spans[post], by, now)


def ensure_fits(role: str, hours: Decimal | None) -> None:
    """Part-time posts declare their hours, and they alone."""
    if role not in GridRole.values or (role == GridRole.PART_TIME) != (hours is not None):
        raise Invalid(detail=role)
    if hours is not None and not 0 < hours <= LONGEST_WEEK:
        raise Invalid(detail=str(hours))


def _ensure_no_other(account: int, post: int, spans: Sequence[DateTimeTZRange], by: Actor, now: datetime) -> None:
    """Nobody serves full time from two posts in any of these spans of time, now or later."""
    scope.one_at_a_time("full_time", account)
    held = Term.objects.filter(tenant_id=by.tenant_id, account=account, active__contains=now).exclude(post=post)
    full = GridPost.objects.filter(tenant_id=by.tenant_id, role=GridRole.FULL_TIME, post__in=held.values("post"))
    if any(full.filter(active__overlap=span).exists() for span in spans):
        raise AlreadyFullTime


def _from(moment: datetime) -> DateTimeTZRange:
    return DateTimeTZRange(moment, None)


def _meet(one: DateTimeTZRange, other: DateTimeTZRange) -> bool:
    """Say whether two half-open spans share a moment; without an upper end they last."""
    return (other.upper is None or one.lower < other.upper) and (one.upper is None or other.lower < one.upper)


def _overlapping(no: IntegrityError) -> Refused:
    """Give the refusal for an exclusion of `GridPost` that the database saw first; anything else is raised again."""
    name = getattr(getattr(no.__cause__, "diag", None), "constraint_name", "")
    if name == "one_leader_of_a_grid":
        return LeaderThere()
    if name == "one_way_of_serving_a_grid":
        return ServesAlready()
    raise no


def _accounts(post: int, by: Actor, now: datetime) -> list[int]:
    rows = Term.objects.filter(tenant_id=by.tenant_id, post=post, active__contains=now).order_by("account")
    return list(rows.values_list("account_id", flat=True))


def _holders(post: int, by: Actor, now: datetime) -> int:
    return len(_accounts(post, by, now))


def ensure_near(community: str, by: Actor) -> None:
    """An office of a street keeps the register of its own grids. :raises NotAllowed: another street's."""
    if not by.has("system") and not community.startswith(division_head(by.area)):
        raise NotAllowed(why="网格的名册由本街道或领导小组办公室维护。")


def ensure_may_keep_register(by: Actor) -> None:
    """:raises NotAllowed: whoever does not keep the public register of the grids."""
    if not by.has("office", "security_admin", "system"):
        raise NotAllowed(why="网格的公开名册由领导小组办公室维护。")

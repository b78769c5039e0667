"""Who serves a grid: a post does, for a time; whoever holds the post is on the public register the same second.

Rules of spec 20 §3.3: one leader of a grid at a time; one full-time post of a person at a time.
"""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal

from django.db import transaction
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
    zh, en = "这个网格已经有网格长了。", "This grid has a leader already."
    next_zh, next_en = "先让原来的任期结束，再办新的。", "End the former one first."


class AlreadyFullTime(Refused):
    code, status = "already_full_time", 409
    zh, en = "这个人已经是另一处的专职网格员。", "This person is a full-time grid worker elsewhere."
    next_zh, next_en = "一个人同时只做一处专职。", "Nobody holds two full-time posts at once."


@transaction.atomic
def serve(
    post_id: int, grid_id: int, role: str, *, hours_per_week: Decimal | None = None, by: Actor, now: datetime
) -> int:
    """This will have a post serve a grid from now on; gives the id.

    :raises NotAllowed: no right, or not on this ground. :raises NotFound: no such post, or no such grid today.
    :raises Invalid: an unknown role, hours that do not fit, or the post serves this grid already.
    :raises LeaderThere: a second leader. :raises AlreadyFullTime: its holder works full time elsewhere.
    """
    ensure_may_keep_register(by)
    post = Post.objects.select_for_update().filter(tenant_id=by.tenant_id, id=post_id).first()
    grid = places.grid(grid_id)
    if post is None or grid is None:
        raise NotFound
    ensure_near(grid.community, by)
    ensure_fits(role, hours_per_week)
    scope.one_at_a_time("grid", grid_id)
    serving = GridPost.objects.filter(tenant_id=by.tenant_id, grid=grid_id, active__contains=now)
    if serving.filter(post=post).exists():
        raise Invalid(detail=f"post {post_id}, grid {grid_id}")
    if role == GridRole.LEADER and serving.filter(role=role).exists():
        raise LeaderThere
    return bind(post_id, grid_id, role, hours_per_week, since=now, by=by, now=now)


@transaction.atomic
def bind(
    post_id: int, grid_id: int, role: str, hours_per_week: Decimal | None, *, since: datetime, by: Actor, now: datetime
) -> int:
    """This will bind a post to a grid from a moment on, for verbs of this room that have looked; gives the id.

    :raises LeaderThere: several people hold the leader's post. :raises AlreadyFullTime: on that day its holder works
    full time elsewhere.
    """
    if role == GridRole.LEADER and _holders(post_id, by, now) > 1:
        raise LeaderThere
    if role == GridRole.FULL_TIME:
        for account in _accounts(post_id, by, now):
            _ensure_no_other(account, post_id, by, now, since)
    row = GridPost.objects.create(
        tenant_id=by.tenant_id, grid_id=grid_id, post_id=post_id, role=role, hours_per_week=hours_per_week,
        active=DateTimeTZRange(since, None),
    )  # fmt: skip
    codes = {"grid": grid_id, "post": post_id, "role": role, "since": since.isoformat()}
    trail.record("grid_post.begun", ("grid_post", row.id), by=by, at=now, codes=codes, new=True)
    return row.id


@transaction.atomic
def stop(grid_post_id: int, *, by: Actor, now: datetime) -> None:
    """This will end the serving of a grid by a post; the term goes on. :raises NotFound: no such one that lasts."""
    ensure_may_keep_register(by)
    rows = GridPost.objects.select_for_update().filter(tenant_id=by.tenant_id, active__endswith=None)
    row = rows.filter(id=grid_post_id).select_related("grid").first()
    if row is None:
        raise NotFound
    ensure_near(row.grid.community, by)
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

    :raises LeaderThere, AlreadyFullTime: see there.
    """
    posts = {post for post, _ in pairs}
    rows = GridPost.objects.filter(tenant_id=by.tenant_id, post__in=posts, active__contains=now)
    roles: dict[int, set[str]] = {}
    for post, role in rows.values_list("post_id", "role"):
        roles.setdefault(post, set()).add(role)
    if not roles:
        return
    for post in sorted(p for p, held in roles.items() if GridRole.LEADER in held):
        scope.one_at_a_time("leader.post", post)
        if _holders(post, by, now) + sum(1 for p, _ in pairs if p == post) > 1:
            raise LeaderThere
    full = [(p, account) for p, account in pairs if GridRole.FULL_TIME in roles.get(p, ())]
    for post, account in sorted(full, key=lambda pair: pair[1]):
        if any(a == account and p != post for p, a in full):
            raise AlreadyFullTime
        _ensure_no_other(account, post, by, now)


def ensure_fits(role: str, hours: Decimal | None) -> None:
    """Part-time posts declare their hours, and they alone."""
    if role not in GridRole.values or (role == GridRole.PART_TIME) != (hours is not None):
        raise Invalid(detail=role)
    if hours is not None and not 0 < hours <= LONGEST_WEEK:
        raise Invalid(detail=str(hours))


def _ensure_no_other(account: int, post: int, by: Actor, now: datetime, since: datetime | None = None) -> None:
    scope.one_at_a_time("full_time", account)
    held = Term.objects.filter(tenant_id=by.tenant_id, account=account, active__contains=now).exclude(post=post)
    full = GridPost.objects.filter(tenant_id=by.tenant_id, role=GridRole.FULL_TIME, active__contains=since or now)
    if full.filter(post__in=held.values("post")).exists():
        raise AlreadyFullTime


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

"""From a plan of grids to who serves: people name posts while it is on its way; adopted, they are bound from its day.

`bodies` looks down at the plan (spec 21 §12): nothing here changes it. A grid that goes on keeps who serves it, except
in a role for which somebody else is named; a grid that goes lets its posts go on the same day.
"""

from collections.abc import Mapping
from datetime import datetime, time
from decimal import Decimal
from typing import Any

from django.db import IntegrityError, transaction
from django.db.backends.postgresql.psycopg_any import DateTimeTZRange
from django.utils.timezone import get_current_timezone

from jishi.bodies.actions import grid_posts
from jishi.bodies.models import GridPost, GridPostNamed, GridRole, Post
from jishi.foundation import scope, trail
from jishi.foundation.actor import Actor
from jishi.foundation.refusals import Invalid, NotFound, Refused
from jishi.kernels.dutylist.operators import division_head
from jishi.places.queries import coming as places

OPEN = ("DRAFTED", "CHECKED", "NOTICED", "ANSWERED", "ADOPTED")
ALONE = (GridRole.LEADER, GridRole.FULL_TIME, GridRole.PARTY_SECRETARY)  # who is named takes the former's place


class PlanIsOver(Refused):
    code, status = "plan_is_over", 409
    zh, en = "这份方案已经启用或者撤回，不再安排人。", "This plan is in force or withdrawn; nobody is named in it."
    next_zh, next_en = "现在的网格请在网格名册里办。", "Keep the register of the grids of today instead."


class NamedAlready(Refused):
    code, status = "named_already", 409
    zh, en = "这个网格已经安排了这个岗位，或者已经有网格长。", "This post, or a leader, is named for this grid already."
    next_zh, next_en = "先去掉原来的安排。", "Take the former one out first."


@transaction.atomic
def name(
    plan_id: int, grid_code: str, post_id: int, role: str, *, hours_per_week: Decimal | None = None, by: Actor,
    now: datetime,
) -> int:  # fmt: skip
    """This will name who serves a grid of a plan from its day on; of an adopted plan the post is bound at once.

    :raises NotAllowed: not who keeps the register, or of another street. :raises NotFound: no such plan, grid, post.
    :raises Invalid: an unknown role, hours that do not fit. :raises PlanIsOver. :raises NamedAlready.
    :raises AlreadyFullTime: its holder works full time elsewhere on that day.
    """
    plan = _held(plan_id, by)
    grid_posts.ensure_fits(role, hours_per_week)
    post = Post.objects.filter(tenant_id=by.tenant_id, id=post_id).first()
    if post is None or grid_code not in plan.after:
        raise NotFound
    try:
        with transaction.atomic():
            row = GridPostNamed.objects.create(
                tenant_id=by.tenant_id, plan_id=plan_id, grid_code=grid_code, post=post, role=role,
                hours_per_week=hours_per_week, named_by=by.label, named_at=now,
            )  # fmt: skip
    except IntegrityError:
        raise NamedAlready from None
    codes = {"grid": grid_code, "post": post_id, "role": role}
    trail.record("grid_post.named", ("gridplan", plan_id), by=by, at=now, codes=codes)
    if plan.status == "ADOPTED":
        refused = dict(_bind(plan, by, now))  # what stands in the way of others' namings is told in the table
        if row.id in refused:
            raise refused[row.id]
    return row.id


@transaction.atomic
def unname(named_id: int, *, by: Actor, now: datetime) -> None:
    """This will take one naming back; of an adopted plan what was bound for its day goes too.

    :raises NotFound: no such naming. :raises NotAllowed, PlanIsOver: as `name`.
    """
    row = GridPostNamed.objects.filter(tenant_id=by.tenant_id, id=named_id).first()
    if row is None:
        raise NotFound
    plan = _held(row.plan_id, by)
    row.delete()
    codes = {"grid": row.grid_code, "post": row.post_id, "role": row.role}
    trail.record("grid_post.unnamed", ("gridplan", plan.id), by=by, at=now, codes=codes)
    if plan.status == "ADOPTED":
        _loosen(plan, by)
        _bind(plan, by, now)


def follow(facts: Mapping[str, Any], *, now: datetime) -> None:
    """This will bind what people named when a plan was adopted, and undo it when it was withdrawn; twice is once."""
    by = scope.current().actor
    plan = places.coming(int(facts["plan_id"]), by=by)
    if plan is None or plan.effective_from is None:
        return
    if facts["status"] == "ADOPTED" == plan.status:
        _bind(plan, by, now)
    elif facts["status"] == "WITHDRAWN":
        _loosen(plan, by)


# --- pieces ------------------------------------------------------------------------------------------------


def _held(plan_id: int, by: Actor) -> places.Coming:
    grid_posts.ensure_may_keep_register(by)
    scope.one_at_a_time("gridplan.posts", plan_id)
    plan = places.coming(plan_id, by=by)
    if plan is None or not (by.has("system") or plan.community.startswith(division_head(by.area))):
        raise NotFound
    if plan.status not in OPEN:
        raise PlanIsOver
    return plan


def day_of(plan: places.Coming) -> datetime:
    """Give the moment from which a plan holds: midnight of its day."""
    if plan.effective_from is None:
        raise Invalid(detail="effective_from")
    return datetime.combine(plan.effective_from, time(0), get_current_timezone())


def _bind(plan: places.Coming, by: Actor, now: datetime) -> tuple[tuple[int, Refused], ...]:
    """End, on the day, whom a grid that goes had and whom somebody named takes the place of; then bind the named.

    Gives (naming, what stood in its way): it stays named, and its grid is shown with nobody.
    """
    day, named = day_of(plan), list(GridPostNamed.objects.filter(tenant_id=by.tenant_id, plan=plan.id).order_by("id"))
    lasting = GridPost.objects.select_for_update().filter(tenant_id=by.tenant_id, active__endswith=None)
    gone = [grid for code, (grid, _) in plan.before.items() if code not in plan.after]
    for row in lasting.filter(grid__in=gone, active__startswith__lt=day):
        row.change(active=DateTimeTZRange(row.active.lower, day))
    refused: list[tuple[int, Refused]] = []
    for one in named:
        grid, _ = plan.after.get(one.grid_code, (None, ""))
        if grid is None:  # a grid of a plan that was changed since
            continue
        same = lasting.filter(grid=grid, active__startswith__lt=day)
        for row in same.filter(role=one.role) if one.role in ALONE else same.filter(post=one.post_id):
            row.change(active=DateTimeTZRange(row.active.lower, day))
        bound = GridPost.objects.filter(tenant_id=by.tenant_id, grid=grid, post=one.post_id, active__contains=day)
        if not bound.exists():
            try:
                grid_posts.bind(one.post_id, grid, one.role, one.hours_per_week, since=day, by=by, now=now)
            except Refused as no:
                refused.append((one.id, no))
    return tuple(refused)


def _loosen(plan: places.Coming, by: Actor) -> None:
    """Undo what `_bind` did for a day that will not come: those bound for it go, those ended with it go on."""
    day = day_of(plan)
    grids = [grid for grid, _ in [*plan.before.values(), *plan.after.values()] if grid is not None]
    rows = GridPost.objects.filter(tenant_id=by.tenant_id, grid__in=grids)
    rows.filter(active__startswith=day, active__endswith=None).delete()
    for row in rows.select_for_update().filter(active__endswith=day):
        row.change(active=DateTimeTZRange(row.active.lower, None))

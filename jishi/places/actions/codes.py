"""编码对照 and 组: what a grid is called elsewhere, and the groups of a community (spec 20 §§2, 3.2)."""

from datetime import date, datetime

from django.db import transaction
from django.db.models import Max, Q
from django.utils.timezone import localdate

from jishi.foundation import trail
from jishi.foundation.actor import Actor
from jishi.foundation.refusals import Invalid, NotFound, Stale
from jishi.places import memory
from jishi.places.actions import ground
from jishi.places.models import CodeMap, Grid, Group
from jishi.places.policies import ensure_may_keep_ground_of, ensure_may_keep_houses
from jishi.places.refusals import CodeIsTaken, GoneAlready

LONGEST = 40
MOST_GROUPS = 999


@transaction.atomic
def call(grid: str, *, scheme: str, code: str, since: date, by: Actor, now: datetime) -> CodeMap:
    """Write down that a grid (by our code) is called `code` in another scheme, from a day on.

    :raises NotFound: no such grid. :raises NotAllowed: not this post's grids. :raises Invalid: no scheme, no code.
    :raises CodeIsTaken: the code names another grid on that day or a later one. :raises DayDoesNotFit: a day ahead.
    """
    row = Grid.objects.filter(tenant_id=by.tenant_id, code=grid).first()
    if row is None:
        raise NotFound
    ensure_may_keep_ground_of(by, row.community)
    scheme, code = " ".join(scheme.split()), code.strip()
    if not (1 < len(scheme) <= LONGEST and 1 < len(code) <= LONGEST):
        raise Invalid(detail="scheme, code")
    ground.ensure_day(since, date.min, now)
    memory.touch(by.tenant_id)  # the row is locked: codes are given one after the other
    held = CodeMap.objects.filter(
        Q(active_to=None) | Q(active_to__gt=since), tenant_id=by.tenant_id, scheme=scheme, code=code
    )
    other = held.select_related("grid").first()
    if other is not None:
        raise CodeIsTaken(scheme=scheme, code=code, grid=other.grid.code)
    made = CodeMap.objects.create(
        tenant_id=by.tenant_id, scheme=scheme, code=code, grid=row, active_from=since
    )
    codes = {"grid": grid, "scheme": scheme, "code": code, "from": since.isoformat()}
    trail.record("grid_code.called", ("code_map", made.id), by=by, at=now, new=True, codes=codes)
    return made


@transaction.atomic
def call_no_more(row_id: int, *, on: date, version: int, by: Actor, now: datetime) -> None:
    """End a code of another scheme from a day on; until then it is answered as before.

    :raises NotFound, NotAllowed, DayDoesNotFit: as `call`. :raises Stale: changed since it was seen.
    :raises GoneAlready: it has ended.
    """
    row = CodeMap.objects.select_for_update(of=("self",)).select_related("grid").filter(
        tenant_id=by.tenant_id, id=row_id
    ).first()  # fmt: skip
    if row is None:
        raise NotFound
    ensure_may_keep_ground_of(by, row.grid.community)
    _end(row, row.code, on, version, now)
    trail.record("grid_code.ended", ("code_map", row.id), by=by, at=now, codes={"on": on.isoformat()})


@transaction.atomic
def found_group(community: str, *, name: str, since: date, by: Actor, now: datetime) -> Group:
    """Write down a group of a village or community; its number is the next and never given again.

    :raises NotFound: no such community. :raises NotAllowed: not the places of this post. :raises Invalid: no name, one
    that another group of the community has, or all numbers given. :raises DayDoesNotFit: a day ahead.
    """
    known = memory.ground(localdate(now)).divisions.get(community)
    if known is None or known.level != 5 or known.placeholder:
        raise NotFound
    ensure_may_keep_houses(by, community)
    called = " ".join(name.split())
    if not 1 < len(called) <= 60:
        raise Invalid(detail="name")
    ground.ensure_day(since, date.min, now)
    memory.touch(by.tenant_id)  # the row is locked: numbers are given one after the other
    mine = Group.objects.filter(tenant_id=by.tenant_id, community=community)
    if mine.filter(name=called, active_to=None).exists():
        raise Invalid(detail=f"{called}：在册 · there is one of this name")
    last = mine.aggregate(last=Max("code"))["last"]
    number = int(last[13:]) + 1 if last else 1
    if number > MOST_GROUPS:
        raise Invalid(detail=f"≤ {MOST_GROUPS}")
    made = Group.objects.create(
        tenant_id=by.tenant_id, community=community, name=called, code=f"{community}G{number:03d}", active_from=since
    )
    trail.record("group.founded", ("group", made.id), by=by, at=now, new=True, codes={"code": made.code})
    return made


@transaction.atomic
def end_group(row_id: int, *, on: date, version: int, by: Actor, now: datetime) -> None:
    """End a group from a day on; refuses as `call_no_more` does."""
    row = Group.objects.select_for_update().filter(tenant_id=by.tenant_id, id=row_id).first()
    if row is None:
        raise NotFound
    ensure_may_keep_houses(by, row.community)
    _end(row, row.name, on, version, now)
    trail.record("group.ended", ("group", row.id), by=by, at=now, codes={"on": on.isoformat()})


def _end(row: CodeMap | Group, name: str, on: date, version: int, now: datetime) -> None:
    if row.version != version:
        raise Stale(version=row.version, seen=version)
    if row.active_to is not None:
        raise GoneAlready(name=name, day=row.active_to.isoformat())
    ground.ensure_day(on, row.active_from, now)
    row.change(active_to=on)

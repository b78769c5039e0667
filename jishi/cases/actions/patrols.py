"""巡查: routes of ordered places, and the errands that they set when their interval is due (spec 10 §12)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db import transaction
from django.db.models import Exists, F, OuterRef
from django.utils.timezone import localdate, localtime

from jishi.cases import walkers
from jishi.cases.actions import errands
from jishi.cases.actions.alongside import worded
from jishi.cases.actions.lending import ensure_lists_allow
from jishi.cases.legwork import OPEN_ERRAND, ErrandKind
from jishi.cases.models import Errand, PatrolRoute, RoutePoint
from jishi.cases.refusals import GroundNeeded
from jishi.foundation import scope, trail
from jishi.foundation.actor import Actor
from jishi.foundation.refusals import Invalid, NotFound, Stale, WrongMoment
from jishi.foundation.tenants import Tenant
from jishi.places import queries as places

AT_ONCE = 50  # routes of one transaction
MOST_POINTS = 40


@dataclass(frozen=True, slots=True)
class Point:
    """One place on the way. Without a point of its own it lies in the middle of the grid."""

    name: str
    lng_e7: int | None = None
    lat_e7: int | None = None
    facility_id: int | None = None


@dataclass(frozen=True, slots=True)
class NewRoute:
    """Ordered places of one grid, what to look for, every how many days, from which day on, by which duty item."""

    name: str
    grid_id: int
    points: tuple[Point, ...]
    look_for: str
    every_days: int
    first_on: date
    item_id: int | None = None


@transaction.atomic
def lay(new: NewRoute, *, by: Actor, now: datetime) -> PatrolRoute:
    """Lay a route in a grid; its first errands are set on its first day.

    :raises PushDownRefused: the item takes a lawful power, or was taken back. :raises Invalid: no such grid, no
    interval between a day and a year, more than 40 places. :raises GroundNeeded: nothing to look for, no place.
    """
    grid = places.grid(new.grid_id, day=localdate(now))
    if grid is None:
        raise Invalid(detail="grid")
    _ensure_sound(new)
    route = PatrolRoute(
        tenant_id=by.tenant_id, name=worded(new.name, least=2, most=60, what="路线名", what_en="its name"),
        grid_id=new.grid_id, division_code=grid.community, every_days=new.every_days, next_on=new.first_on,
        look_for=worded(new.look_for, least=2, most=200, what="看什么", what_en="what to look for"),
        duty_item_id=new.item_id, set_by=by.label, set_at=now,
    )  # fmt: skip
    walkers.ensure_may_lay_routes(by, route)
    points = [_point(route, p, i) for i, p in enumerate(new.points, 1)]
    ensure_lists_allow(_errand(route, points[0], now=now, due_at=now + timedelta(days=1), by=by), by=by, now=now)
    route.save()
    RoutePoint.objects.bulk_create(points)
    codes = {"grid": route.grid_id, "points": len(points), "every_days": route.every_days, "item": route.duty_item_id}
    trail.record("patrol.laid", ("patrol", route.id), by=by, at=now, codes=codes, new=True)
    return route


@transaction.atomic
def change(route_id: int, *, new: NewRoute, by: Actor, now: datetime, version: int | None = None) -> PatrolRoute:
    """Say anew what a route looks at, how often, next when, at which places; its grid and duty item stay.

    A place that is kept keeps when somebody looked last; one that is left out ends, and what was found there stays.
    :raises NotFound, WrongMoment, Stale, NotAllowed: as `end`. :raises Invalid, GroundNeeded: as `lay`.
    """
    route = _hold(route_id, by=by, version=version)
    _ensure_sound(new)
    wanted = list(dict.fromkeys(p.name.strip()[:80] for p in new.points))
    _order(route, wanted, now=now)
    route.change(
        name=worded(new.name, least=2, most=60, what="路线名", what_en="its name"), every_days=new.every_days,
        look_for=worded(new.look_for, least=2, most=200, what="看什么", what_en="what to look for"),
        next_on=new.first_on,
    )  # fmt: skip
    codes = {"points": len(wanted), "every_days": route.every_days, "version": route.version}
    trail.record("patrol.changed", ("patrol", route.id), by=by, at=now, codes=codes)
    return route


def _order(route: PatrolRoute, wanted: Sequence[str], *, now: datetime) -> None:
    """Give the places of these names their order, end the others, add what is new; the same statements for any many."""
    run = RoutePoint.objects.select_for_update().filter(route=route, ended_at=None)
    places = {name: i for i, name in enumerate(wanted, 1)}
    kept = {p.name: p for p in sorted(run, key=lambda p: -p.place) if p.name in places}  # of two of one name the first
    run.exclude(id__in=[p.id for p in kept.values()]).update(ended_at=now, version=F("version") + 1)
    run.update(place=F("place") + 2 * MOST_POINTS)  # out of the way of the new order
    for point in kept.values():
        point.place, point.version = places[point.name], point.version + 1
    RoutePoint.objects.bulk_update(kept.values(), ["place", "version"])
    RoutePoint.objects.bulk_create(_point(route, Point(name), i) for name, i in places.items() if name not in kept)


def _ensure_sound(new: NewRoute) -> None:
    """:raises Invalid: no interval between a day and a year, too many places. :raises GroundNeeded: no place."""
    if not 1 <= new.every_days <= 366 or len(new.points) > MOST_POINTS:
        raise Invalid(detail="every_days, points")
    if not new.points or not all(p.name.strip() for p in new.points):
        raise GroundNeeded(what="到哪些地方看", what_en="which places to look at")


def _point(route: PatrolRoute, p: Point, place: int) -> RoutePoint:
    return RoutePoint(
        tenant_id=route.tenant_id, route=route, place=place, name=p.name.strip()[:80], facility_id=p.facility_id,
        lng_e7=p.lng_e7, lat_e7=p.lat_e7,
    )  # fmt: skip


def _hold(route_id: int, *, by: Actor, version: int | None) -> PatrolRoute:
    """Lock a route that runs. :raises NotFound: none in the area. :raises NotAllowed. :raises Stale, WrongMoment."""
    rows = walkers.routes_of(by, PatrolRoute.objects.select_for_update())
    route = rows.filter(id=route_id).first()
    if route is None:
        raise NotFound
    walkers.ensure_may_lay_routes(by, route)
    if version is not None and version != route.version:
        raise Stale(version=route.version, status="ENDED" if route.ended_at else "LAID", seen=version, since=[])
    if route.ended_at is not None:
        raise WrongMoment(state="ENDED", state_zh="已停", state_en="ended", open=[], open_zh="—", open_en="—")
    return route


@transaction.atomic
def end(route_id: int, *, words: str, by: Actor, now: datetime, version: int | None = None) -> PatrolRoute:
    """End a route; errands that stand are done or dropped one by one.

    :raises NotFound: no such route in the area. :raises WrongMoment: it has ended. :raises GroundNeeded: no reason.
    :raises Stale: changed since `version`.
    """
    route = _hold(route_id, by=by, version=version)
    said = worded(words, least=2, most=300, what="为什么停", what_en="why it ends")
    route.change(ended_at=now, end_words=said)
    trail.record("patrol.ended", ("patrol", route.id), by=by, at=now, words={"words": said})
    return route


def are_laid(*, by: Actor) -> bool:
    """Tell whether the town has routes at all."""
    return PatrolRoute.objects.filter(tenant_id=by.tenant_id).exists()


def set_due(*, by: Actor, now: datetime, tenant_code: str, limit: int = AT_ONCE) -> tuple[int, bool]:
    """Set the errands of the routes whose day has come, one for each place that has none open; gives how many,
    and whether more routes wait.

    A day that was missed is not made up for: the next one is counted from the day that was due, beyond today.
    """
    today = localdate(now)
    due = PatrolRoute.objects.select_for_update(skip_locked=True).filter(
        tenant_id=by.tenant_id, ended_at=None, next_on__lte=today
    )
    routes = {r.id: r for r in due.order_by("next_on", "id")[:limit]}
    standing = Errand.objects.filter(point=OuterRef("pk"), status__in=sorted(OPEN_ERRAND))
    points = RoutePoint.objects.filter(~Exists(standing), tenant_id=by.tenant_id, route__in=routes, ended_at=None)
    made = [
        _errand(routes[p.route_id], p, now=now, due_at=_end_of_day(now), by=by)
        for p in points.order_by("route_id", "place")
    ]
    errands.store(made, by=by, now=now, tenant_code=tenant_code)
    for route in routes.values():
        gone = (today - route.next_on).days // route.every_days + 1
        route.next_on += timedelta(days=gone * route.every_days)
        route.version += 1
    PatrolRoute.objects.bulk_update(routes.values(), ("next_on", "version"))
    return len(made), len(routes) == limit


def sweep(*, by: Actor, now: datetime) -> dict[str, int]:
    """Set the rounds of the day, mark what has run out, drop what is idle; each in a transaction of its own."""
    done = {"set": 0, "overdue": 0, "dropped": 0}
    with scope.work(by):
        code = Tenant.objects.values_list("code", flat=True).get(id=by.tenant_id)
    while True:
        with scope.work(by):
            made, more = set_due(by=by, now=now, tenant_code=code)
        done["set"] += made
        if not more:
            break
    with scope.work(by):
        done["overdue"] = errands.tell_setter(by=by, now=now)
        done["dropped"] = errands.drop_idle(by=by, now=now)
    return done


def _errand(route: PatrolRoute, point: RoutePoint, *, now: datetime, due_at: datetime, by: Actor) -> Errand:
    middle = places.centres({route.grid_id}, day=localdate(now)).get(route.grid_id, (None, None))
    known = point.lng_e7 is not None
    return Errand(
        tenant_id=route.tenant_id, kind=ErrandKind.PATROL, point=point, grid_id=route.grid_id,
        division_code=route.division_code, place_text=point.name, what=route.look_for, duty_item_id=route.duty_item_id,
        lng_e7=point.lng_e7 if known else middle[0], lat_e7=point.lat_e7 if known else middle[1],
        set_by=by.label, set_at=now, due_at=due_at, changed_at=now,
    )  # fmt: skip


def _end_of_day(now: datetime) -> datetime:
    return localtime(now).replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)

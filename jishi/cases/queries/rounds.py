"""巡查路线 as the desk reads them: places in their order, the next day, whose post walks; never where anybody was."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime

from django.utils.timezone import localdate

from jishi.accounts import queries as accounts
from jishi.cases import walkers
from jishi.cases.models import PatrolRoute
from jishi.foundation.actor import Actor
from jishi.places import queries as places

MOST = 200


@dataclass(frozen=True, slots=True)
class Place:
    name: str
    last_at: datetime | None


@dataclass(frozen=True, slots=True)
class Route:
    """One route. `walkers`: the posts of the grid's own workers; nobody's name."""

    id: int
    version: int
    name: str
    grid: str
    look_for: str
    every_days: int
    next_on: date
    ended_at: datetime | None
    end_words: str
    places: tuple[Place, ...]
    walkers: tuple[str, ...]

    @property
    def last_on(self) -> date | None:
        """When somebody looked at one of its places last."""
        return max((localdate(p.last_at) for p in self.places if p.last_at), default=None)


def laid(*, by: Actor, now: datetime) -> list[Route]:
    """List the routes of the area, those that run first, the next one first; four statements."""
    rows = walkers.routes_of(by, PatrolRoute.objects.prefetch_related("points"))
    found = rows.order_by("ended_at", "next_on", "id")[:MOST]
    return _told(sorted(found, key=lambda r: (r.ended_at is not None, r.next_on, r.id)), now)


def route(route_id: int, *, by: Actor, now: datetime) -> Route | None:
    """Give one route of the area, also one that has ended; None if there is none."""
    rows = walkers.routes_of(by, PatrolRoute.objects.filter(id=route_id).prefetch_related("points"))
    return next(iter(_told(rows, now)), None)


def grids_for_routes(*, by: Actor, now: datetime) -> list[tuple[int, str]]:
    """Give the grids in which this actor may lay a route."""
    return [(g.id, f"{g.name} {g.code}") for g in places.grids_in(by.area, localdate(now))]


def _told(rows: Iterable[PatrolRoute], now: datetime) -> list[Route]:
    names = {g.id: g.name for g in places.grids_in("", localdate(now))}
    posts = [(h.area, h.post_title) for h in accounts.people_of("grid_worker", now=now) if h.area]
    return [
        Route(
            r.id, r.version, r.name, names.get(r.grid_id, ""), r.look_for, r.every_days, r.next_on, r.ended_at,
            r.end_words,
            tuple(Place(p.name, p.last_at) for p in sorted(r.points.all(), key=lambda p: p.place) if not p.ended_at),
            tuple(sorted({title for area, title in posts if r.division_code.startswith(area) and title})),
        )
        for r in rows
    ]  # fmt: skip

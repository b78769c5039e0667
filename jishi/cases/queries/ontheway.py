"""跑腿单 and 巡查 as those who go see them: what waits in my area, what I have, which rounds come when."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.contrib.postgres.aggregates import ArrayAgg
from django.db.models import Max, Q
from django.utils.timezone import localdate

from jishi.cases import walkers
from jishi.cases.actions import bringing
from jishi.cases.legwork import ERRAND, FINDINGS, OPEN_ERRAND, ErrandStatus
from jishi.cases.models import Case, Errand, PatrolRoute
from jishi.cases.queries import patch
from jishi.cases.queries.today import midnight
from jishi.foundation.actor import Actor
from jishi.foundation.files import StoredFile
from jishi.foundation.refusals import NotAllowed, NotFound
from jishi.places import queries as places

MOST = 200
MOST_WALKED = 40  # errands put in the order of one walk
SHOWN = 50  # of each half of a desk's list
FREE = ("number", "kind", "status", "place", "due_at", "free", "version", "mine")  # all that a volunteer reads


@dataclass(frozen=True, slots=True)
class Mine:
    """What an actor may go for now, and what is over since he asked last. `more`: there is more than fits."""

    now: datetime
    errands: tuple[Mapping[str, Any], ...]
    gone: tuple[Mapping[str, str], ...]
    routes: tuple[Mapping[str, Any], ...]
    more: bool


def mine(*, by: Actor, now: datetime, since: datetime | None = None) -> Mine:
    """Give the open errands of the actor's area, the earliest first; with `since`, also the numbers that ended.

    Three statements, whatever the rows. :raises NotAllowed: nobody who goes.
    """
    if by.kind != "staff" or not by.has("grid_worker", walkers.VOLUNTEER):
        raise NotAllowed(why="跑腿单给网格员和登记过的志愿者。")
    rows = walkers.visible_to(by, Errand.objects.all())
    found = list(rows.filter(_to_me(by)).select_related("case", "point").order_by("due_at", "id")[: MOST + 1])
    gone = _gone(rows, since) if since is not None else []
    grids = {g.id: g.name for g in patch.grids_of(by, now=now)}
    told = tuple(told_of(e, by=by, grid=grids.get(e.grid_id or 0, "")) for e in found[:MOST])
    return Mine(now, told, tuple(gone), tuple(routes(by=by, now=now, grids=grids)), len(found) > MOST)


@dataclass(frozen=True, slots=True)
class Stop:
    """One errand on the way: the metres walked to it (None for the first), and whether they are an estimate."""

    errand: Mapping[str, Any]
    metres: float | None
    is_estimate: bool


@dataclass(frozen=True, slots=True)
class Way:
    """The errands with a place in the order of a walk, from the one that is due first. A suggestion: nothing is kept
    of it, and nobody looks whether it was walked. `net`: by which net of ways; `beside`: those that nobody reaches."""

    stops: tuple[Stop, ...]
    metres: float
    given: float
    minutes: int
    net: str
    beside: tuple[Mapping[str, Any], ...]


def way(*, by: Actor, now: datetime) -> Way | None:
    """Order what the actor may go for now into one walk; None where fewer than two have a place (spec 20 §9).

    :raises NotAllowed: as `mine`.
    """
    if by.kind != "staff" or not by.has("grid_worker", walkers.VOLUNTEER):
        raise NotAllowed(why="跑腿单给网格员和登记过的志愿者。")
    rows = walkers.visible_to(by, Errand.objects.filter(lng_e7__isnull=False, lat_e7__isnull=False)).filter(_to_me(by))
    rows = rows.exclude(point__isnull=False, point__lng_e7=None)  # in the middle of its grid: nobody said where
    found = list(rows.select_related("case", "point").order_by("due_at", "id")[:MOST_WALKED])
    if len(found) < 2:
        return None
    first, *others = [(int(e.lng_e7 or 0), int(e.lat_e7 or 0)) for e in found]
    route = places.route_for(others, first, day=localdate(now), closed=False)
    told = [told_of(e, by=by) for e in found]
    legs = zip(route.order, route.metres, route.straight, strict=True)
    stops = [Stop(told[n + 1], far, guess) for n, far, guess in legs]
    return Way(
        (Stop(told[0], None, is_estimate=False), *stops), route.length_m, route.given_m, route.minutes, route.net,
        tuple(told[n + 1] for n in route.left_out),
    )  # fmt: skip


def _to_me(by: Actor) -> Q:
    """What waits, and what I have; what a colleague has is his."""
    return Q(status=ErrandStatus.DUE) | Q(status=ErrandStatus.TAKEN, taken_by=by.account_id)


def _gone(rows: Any, since: datetime) -> list[Mapping[str, str]]:
    over = rows.filter(~Q(status__in=sorted(OPEN_ERRAND)), changed_at__gte=since).order_by("-changed_at", "-id")
    return [{"number": n, "status": s} for n, s in over.values_list("number", "status")[:MOST]]


def told_of(errand: Errand, *, by: Actor, grid: str = "") -> dict[str, Any]:
    """Tell an errand as this actor may read it: a volunteer its kind, place and day, and nothing else."""
    row = {
        "number": errand.number, "kind": errand.kind, "status": errand.status, "place": errand.place_text,
        "grid": grid, "what": errand.what, "free": errand.free, "version": errand.version,
        "set_at": errand.set_at, "due_at": errand.due_at,
        "mine": errand.taken_by_id == by.account_id and errand.taken_by_id is not None,
        "case": errand.case.number if errand.case else "", "case_title": errand.case.title if errand.case else "",
        "route": errand.point.route_id if errand.point else None,
        "findings": [f.value for f in FINDINGS[errand.kind]],
    }  # fmt: skip
    if walkers.is_own_worker(by, errand) or by.has(*walkers.DESK):
        return row
    return {**{k: row[k] for k in FREE}, "findings": row["findings"]}


def routes(*, by: Actor, now: datetime, grids: Mapping[int, str]) -> list[Mapping[str, Any]]:
    """List the rounds of the area: how many places, every how many days, when last, when next; one statement."""
    lasting = Q(points__ended_at=None, points__id__isnull=False)
    rows = walkers.routes_of(by, PatrolRoute.objects.filter(ended_at=None)).annotate(
        last=Max("points__last_at"),
        names=ArrayAgg("points__name", filter=lasting, order_by="points__place", default=[]),
    ).order_by("next_on", "id")[:MOST]  # fmt: skip
    return [
        {
            "id": r.id, "name": r.name, "grid": grids.get(r.grid_id, ""), "look_for": r.look_for,
            "every_days": r.every_days, "next_on": r.next_on, "last_on": localdate(r.last) if r.last else None,
            "places": r.names,
        }
        for r in rows
    ]  # fmt: skip


def one(number: str, *, by: Actor) -> dict[str, Any]:
    """Give one errand as this actor may read it. :raises NotFound: none, or not for this actor."""
    rows = walkers.visible_to(by, Errand.objects.filter(number=number.strip().upper()))
    errand = rows.select_related("case", "point").first()
    if errand is None:
        raise NotFound
    return {**told_of(errand, by=by), "open": open_verbs(errand, by)}


def open_verbs(errand: Errand, by: Actor) -> list[str]:
    """Name the verbs that this actor may press now."""
    return [m.verb for m in ERRAND.open_moves(errand.status) if walkers.may(m, by, errand)]


@dataclass(frozen=True, slots=True)
class Told:
    """An errand as whoever set it reads it: what was asked, by when, what came of it. No worker is named."""

    number: str
    kind: str
    place: str
    what: str
    case: str
    status: str
    due_at: datetime
    overdue: bool
    finding: str
    words: str
    report: str
    version: int
    may_drop: bool
    photos: tuple[StoredFile, ...] = ()  # what whoever was there sent along


def of_case(case: Case, *, by: Actor) -> list[Told]:
    """Give the errands of a case, the newest first; two statements."""
    rows = walkers.visible_to(by, Errand.objects.filter(case=case)).order_by("-id")
    return _told(rows.select_related("case", "report")[:MOST], by)


def of_desk(*, by: Actor) -> list[Told]:
    """Give what this desk has set or watches: what runs first, by its due day, then what ended last; 3 statements."""
    rows = walkers.visible_to(by, Errand.objects.all()).select_related("case", "report")
    running = rows.filter(status__in=sorted(OPEN_ERRAND)).order_by("due_at", "id")[:SHOWN]
    over = rows.filter(~Q(status__in=sorted(OPEN_ERRAND))).order_by("-changed_at", "-id")[:SHOWN]
    return _told([*running, *over], by)


def _told(rows: Iterable[Errand], by: Actor) -> list[Told]:
    drop = next(m for m in ERRAND.moves if m.verb == "errands.drop")
    rows = list(rows)
    along = bringing.of_errands([e.id for e in rows], tenant_id=by.tenant_id)
    return [
        Told(
            e.number, e.kind, e.place_text, e.what, e.case.number if e.case else "", e.status, e.due_at,
            e.overdue_at is not None, e.finding, e.words, e.report.number if e.report else "", e.version,
            e.status == ErrandStatus.DUE and walkers.may(drop, by, e), along.get(e.id, ()),
        )
        for e in rows
    ]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Due:
    """What is on the ground today, in figures of the area, never of a person."""

    waiting: int
    today: int
    late: int
    next_round: date | None


def due(*, by: Actor, now: datetime) -> Due:
    """Count what waits in the area; two statements."""
    rows = walkers.visible_to(by, Errand.objects.filter(status__in=sorted(OPEN_ERRAND)))
    stamps = list(rows.order_by("due_at").values_list("due_at", flat=True)[: MOST + 1])
    coming = walkers.routes_of(by, PatrolRoute.objects.filter(ended_at=None)).order_by("next_on")
    first = coming.values_list("next_on", flat=True).first()
    late = sum(1 for at in stamps if at < now)
    return Due(len(stamps), sum(1 for at in stamps if now <= at < midnight(now)), late, first)


def spots(by: Actor, *, now: datetime) -> tuple[list[Mapping[str, str]], Mapping[str, int]]:
    """Give where one may stand in the actor's area: compounds, houses, entrances; no coordinates, nobody's door; and
    how many of each grid did not fit.

    A volunteer has no area of his own and is given none. Three statements.
    """
    if not by.has("grid_worker"):
        return [], {}
    found, left_out = places.stands_in(by.area, day=localdate(now))
    return [{"ref": s.ref, "of": s.of, "compound": s.compound, "name": s.name, "grid": s.grid} for s in found], left_out


def grid_names(by: Actor, *, now: datetime) -> list[tuple[str, str]]:
    """Give code and name of the grids in the actor's area."""
    return [(g.code, g.name) for g in places.grids_in(by.area, localdate(now))] if by.area else []

"""Hot topics as the board, the map, one page and programs show them (spec 12 §8). How many people spoke is not here."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.db.models import Count, Q, QuerySet
from django.db.models.functions import TruncDate
from django.utils.timezone import localdate

from jishi.bodies import queries as bodies
from jishi.cases import policies
from jishi.cases.models import Case, Cluster, ClusterReport, Membership, Topic, Whistle
from jishi.cases.models.clusters import ClusterState, ClusterTrend
from jishi.cases.queries import ground
from jishi.cases.states import CASE, TOPIC
from jishi.duties import queries as duties
from jishi.foundation.actor import Actor
from jishi.foundation.refusals import NotFound
from jishi.kernels.procedure import Spoken
from jishi.kernels.text.clusters_heat import MOST_NEW
from jishi.places import queries as places

READING = ("dispatcher", "operator", "supervisor", "office", "ruler", "auditor")
FEW = 50
CASES = 12  # of one page
DAYS = 14  # of the timeline
JUST_SETTLED = timedelta(days=3)
ORDER = {ClusterState.HOT: 0, ClusterState.FORMING: 1, ClusterState.COOLING: 2, ClusterState.SETTLED: 3}
STATES: Mapping[str, tuple[Spoken, str]] = {
    ClusterState.HOT: (Spoken("正热", "hot"), "near"),
    ClusterState.FORMING: (Spoken("形成中", "forming"), "wait"),
    ClusterState.COOLING: (Spoken("在降", "cooling"), "hold"),
    ClusterState.SETTLED: (Spoken("平息", "settled"), "done"),
}
TRENDS: Mapping[str, Spoken] = {
    ClusterTrend.RISING: Spoken("比昨天多", "more than yesterday"),
    ClusterTrend.STEADY: Spoken("和昨天差不多", "about as yesterday"),
    ClusterTrend.FALLING: Spoken("比昨天少", "less than yesterday"),
}
FILLS: Mapping[str, str] = {
    ClusterState.HOT: "q5", ClusterState.FORMING: "q3", ClusterState.COOLING: "q2", ClusterState.SETTLED: "q1",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class OneCluster:
    """One hot topic in words: state, trend, where, what; `rank` is its number on the map."""

    row: Cluster
    rank: int
    state: Spoken
    chip: str
    trend: Spoken
    matter: str
    where: str
    body: str
    body_count: int


@dataclass(frozen=True, slots=True)
class Day:
    """One day of the timeline: how many reports came, and how high its bar is (of 40)."""

    day: date
    count: int
    high: int


@dataclass(frozen=True, slots=True)
class Example:
    """One minimised report, and the case it belongs to where this reader sees that."""

    text: str
    said_at: datetime
    place: str
    number: str


@dataclass(frozen=True, slots=True)
class Held:
    """One body and how many of the cases it holds; no name: nobody has been asked yet."""

    name: str
    count: int


@dataclass(frozen=True, slots=True)
class Detail:
    """One hot topic with why it is one thing, when it came, what was said, who holds it, what may be done."""

    one: OneCluster
    why: Sequence[Spoken]
    days: Sequence[Day]
    examples: Sequence[Example]
    held: Sequence[Held]
    cases: Sequence[Case]
    more_cases: int
    whistled: str  # number of a case of it with a whistle
    topics: Sequence[Topic]
    hull: Sequence[tuple[float, float]]


def visible_to(actor: Actor, rows: QuerySet[Cluster]) -> QuerySet[Cluster]:
    """Keep what this colleague may see: desks, in their area; recusal is the database's."""
    rows = rows.filter(tenant_id=actor.tenant_id)
    if actor.kind not in ("staff", "client") or not actor.has(*READING):
        return rows.none()
    return rows.filter(division_code__startswith=actor.area) if actor.area else rows


def waiting(by: Actor) -> int:
    """Count the hot ones that nobody has taken up."""
    return visible_to(by, Cluster.objects.filter(state=ClusterState.HOT, case=None)).count()


def board(*, by: Actor, now: datetime, lang: str) -> list[OneCluster]:
    """Give what lives, the hottest first, and what settled these days; five statements, whatever the rows."""
    rows = visible_to(by, Cluster.objects.filter(_alive(now)))
    return _told(_ordered(rows), by, lang)


def listed(*, by: Actor, now: datetime, grid: str = "", since: datetime | None = None) -> list[OneCluster]:
    """Give programs what the board gives, of one grid and since one moment if asked."""
    rows = visible_to(by, Cluster.objects.filter(last_at__gte=since) if since else Cluster.objects.filter(_alive(now)))
    if grid:
        known = next((g.id for g in places.grids_in("", localdate(now)) if g.code == grid), None)
        rows = rows.filter(grid_ids__contains=[known]) if known is not None else rows.none()
    return _told(_ordered(rows), by, "zh")


def _alive(now: datetime) -> Q:
    return ~Q(state=ClusterState.SETTLED) | Q(state_since__gte=now - JUST_SETTLED)


def _ordered(rows: QuerySet[Cluster]) -> list[Cluster]:
    found = list(rows.order_by("-heat", "id")[: 4 * FEW])
    return sorted(found, key=lambda r: (ORDER[ClusterState(r.state)], -r.heat, r.id))[:FEW]


def one(row: int, *, by: Actor, now: datetime, lang: str) -> Detail:
    """Give one hot topic. :raises NotFound: none that this colleague may see."""
    found = visible_to(by, Cluster.objects.filter(id=row)).first()
    if found is None:
        raise NotFound
    told = _told([found], by, lang)[0]
    seen = _cases(found, by)
    open_ = seen.filter(status__in=sorted(CASE.open_states)).select_related("lead")
    cases = list(open_.order_by("-reports_count", "id")[: CASES + 1])
    count = open_.count() if len(cases) > CASES else len(cases)
    whistle = Whistle.objects.filter(case__in=seen).order_by("-id").values_list("case__number", flat=True).first()
    topics = Topic.objects.filter(tenant_id=by.tenant_id, status__in=sorted(TOPIC.open_states))
    return Detail(
        told, _why(found, told.matter), _days(found, now), _examples(found, seen), _held(seen, lang), cases[:CASES],
        max(0, count - CASES), whistle or "", list(topics.filter(matters__contains=[found.matter])[:3]),
        hull_of(found),
    )  # fmt: skip


def as_geojson(*, by: Actor, now: datetime) -> dict[str, Any]:
    """Give the ground with a hull for each living cluster, numbered as on the board; no point of a report."""
    drawn = []
    for told in board(by=by, now=now, lang="zh"):
        ring = hull_of(told.row)
        if ring:
            facts = {"kind": "area", "code": str(told.row.id), "name": str(told.rank), "fill": FILLS[told.row.state],
                     "changed": told.row.state == ClusterState.HOT}  # fmt: skip
            geometry = {"type": "Polygon", "coordinates": [[list(p) for p in ring]]}
            drawn.append({"type": "Feature", "properties": facts, "geometry": geometry})
    base = ground.plain(now=now)
    return {**base, "features": base["features"] + drawn}


def hull_of(row: Cluster) -> list[tuple[float, float]]:
    """Give the ring around its reports in degrees; empty where nobody named a place."""
    flat = [v / 1e7 for v in row.hull_e7]
    return list(zip(flat[::2], flat[1::2], strict=True))


def _told(rows: Sequence[Cluster], by: Actor, lang: str) -> list[OneCluster]:
    names, places_ = duties.matters(), _places(rows)
    leads: dict[int, Counter[int]] = {}
    of = Membership.objects.filter(to_at=None, report__in=_reports(rows).values("report"), case__lead__isnull=False)
    cluster_of = dict(_reports(rows).values_list("report_id", "cluster_id"))
    for report, lead in of.values_list("report_id", "case__lead_id"):
        leads.setdefault(cluster_of[report], Counter())[lead] += 1
    known = bodies.names()
    told = []
    for rank, row in enumerate(rows, 1):
        state, chip = STATES[row.state]
        most = min(leads.get(row.id, Counter()).items(), key=lambda p: (-p[1], p[0]), default=(0, 0))
        body = known[most[0]].called(lang) if most[0] in known else ""
        matter = names[row.matter].called(lang) if row.matter in names else ""
        told.append(
            OneCluster(row, rank, state, chip, TRENDS[row.trend], matter, row.entity or places_.get(row.id, ""),
                       body, most[1])
        )  # fmt: skip
    return told


def _reports(rows: Iterable[Cluster]) -> QuerySet[ClusterReport]:
    return ClusterReport.objects.filter(cluster__in=[r.id for r in rows])


def _places(rows: Sequence[Cluster]) -> dict[int, str]:
    """The grids of each, by name, two at most."""
    grids = places.grids({g for r in rows for g in r.grid_ids[:2]})
    return {r.id: "、".join(grids[g].name for g in r.grid_ids[:2] if g in grids) for r in rows}


def _cases(row: Cluster, by: Actor) -> QuerySet[Case]:
    """The cases of its reports that this colleague may see."""
    of = Membership.objects.filter(to_at=None, report__in=_reports([row]).values("report")).values("case")
    return policies.visible_to(by, Case.objects.filter(id__in=of))


def _why(row: Cluster, matter: str) -> list[Spoken]:
    """Say why it is one thing: facts, strongest first."""
    told = []
    if row.entity:
        told.append(Spoken(f"大多说的是{row.entity}", f"Most of them name {row.entity}"))
    if row.words:
        told.append(Spoken(f"都说到{'、'.join(f'“{w}”' for w in row.words[:4])}",
                           f"They share the words {', '.join(f'“{w}”' for w in row.words[:4])}"))  # fmt: skip
    if matter:
        told.append(Spoken(f"同一类事：{matter}", f"One kind of matter: {matter}"))
    if row.hull_e7:
        where = ("在 500 米以内", "within 500 m") if row.places_count == 1 else (
            f"{row.places_count} 处，相隔 500 米以上", f"{row.places_count} places, more than 500 m apart")  # fmt: skip
        told.append(Spoken(where[0], where[1].capitalize()))
    if row.novelty is None:
        told.append(Spoken("这里这类事平时有多少，还数不出来", "What is usual here cannot be counted yet"))
    elif row.novelty >= MOST_NEW:
        told.append(Spoken(f"是这里同样日子平时的 {MOST_NEW:.0f} 倍以上",
                           f"More than {MOST_NEW:.0f} times what such days bring here"))  # fmt: skip
    elif row.novelty >= 1.0:
        told.append(Spoken(f"是这里同样日子平时的 {row.novelty:.1f} 倍",
                           f"{row.novelty:.1f} times what such days bring here"))  # fmt: skip
    else:
        told.append(Spoken("这里这类事平时也有这么多", "No more than such days usually bring here"))
    return told


def _days(row: Cluster, now: datetime) -> list[Day]:
    """Count the reports of each of the last fourteen days; one statement."""
    today = localdate(now)
    since = today - timedelta(days=DAYS - 1)
    counted = dict(
        ClusterReport.objects.filter(cluster=row, report__said_at__date__gte=since)
        .order_by().annotate(day=TruncDate("report__said_at")).values_list("day").annotate(n=Count("id"))
    )  # fmt: skip
    most = max(counted.values(), default=1)
    every = [since + timedelta(days=k) for k in range(DAYS)]
    return [Day(d, n, max(2, round(40 * n / most)) if n else 0) for d in every for n in (counted.get(d, 0),)]


def _examples(row: Cluster, seen: QuerySet[Case]) -> list[Example]:
    rows = ClusterReport.objects.filter(cluster=row, central__gt=0).select_related("report").order_by("central")
    found = list(rows)
    of = Membership.objects.filter(to_at=None, report__in=[r.report_id for r in found], case__in=seen)
    numbers = dict(of.values_list("report_id", "case__number"))
    return [Example(r.report.text_shown, r.report.said_at, r.report.place_name, numbers.get(r.report_id, ""))
            for r in found]  # fmt: skip


def _held(seen: QuerySet[Case], lang: str) -> list[Held]:
    counted = seen.order_by().values_list("lead").annotate(n=Count("id"))
    known = bodies.names()
    rows = [Held(known[lead].called(lang) if lead in known else "", n) for lead, n in counted]
    return sorted(rows, key=lambda h: (-h.count, h.name))

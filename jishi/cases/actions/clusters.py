"""聚热点: which reports of the last weeks are about one thing, how hot it is (spec 12 §8); made by the platform alone.

What was told in confidence, tip-offs and closed cases take no part. Reports that accuse other bodies are never put
together, so that a cluster has one set of bodies that stand aside. Who spoke is told apart by keyed hashes, in here and
nowhere else. A cluster can be thrown away and made again: it leaves no entry on the trail, as no figure of it is kept.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import connection, transaction
from django.utils.timezone import localtime
from shapely import MultiPoint

from jishi.cases.models import Cluster, ClusterReport
from jishi.cases.models.clusters import ClusterState, ClusterTrend
from jishi.foundation import scope, sealed
from jishi.foundation.actor import Actor
from jishi.foundation.refusals import NotAllowed
from jishi.kernels.text import alike, clusters
from jishi.kernels.text.clusters_heat import Course, course
from jishi.kernels.text.minimise import minimise

LOOKS_BACK = timedelta(days=30)
MOST = 100_000  # reports of one run, the newest
USUAL_WEEKS = 8  # before the last two
KEPT = timedelta(days=90)  # after the last word
VAGUE_M = 1_000.0  # a place less sure than this is none
EDGE_DEG = 0.0009  # some 100 m around the reports: a hull never shows one home
LEVELS = (12, 9, 6, 4, 2)  # characters of a division code


@dataclass(frozen=True, slots=True)
class Done:
    """How many reports were read, how many clusters they make, how many of those are new and how many went."""

    reports: int
    clusters: int
    new: int
    gone: int


@dataclass(frozen=True, slots=True)
class _Row:
    """One report as it is read: numbers, minimised words, whom it accuses."""

    id: int
    case_id: int
    text: str
    said_at: datetime
    account: int | None
    lng: float
    lat: float
    grid: int | None
    division: str
    place: str
    matter: str
    accused: tuple[int, ...]
    line: tuple[int, ...]
    aside: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class _Found:
    """One group with its course, ready to be stored."""

    rows: tuple[int, ...]
    course: Course
    title: str
    words: tuple[str, ...]
    examples: tuple[int, ...]


@transaction.atomic
def recompute(*, by: Actor, now: datetime) -> Done:
    """This will make the clusters of the last thirty days anew, in a fixed number of statements.

    A cluster stays the same row while at least half of its reports stay together. :raises NotAllowed: not the platform.
    """
    if by.kind not in ("clock", "system"):
        raise NotAllowed(why="热点由平台自己聚。")
    rows = _read(by, now)
    said = _said(rows, by)
    groups = clusters.groups(said)
    usual = _usual(rows, [g.rows for g in groups], by, now)
    found = []
    for group, days in zip(groups, usual, strict=True):
        stands = course(said, group.rows, now=_hour(now), usual=days)
        if stands is not None:
            found.append(_Found(group.rows, stands, group.title, group.words, group.examples))
    return _store(rows, found, by, now)


def is_due(*, by: Actor, now: datetime) -> bool:
    """Tell whether something came in since the last run, or the last run is a day old; one statement."""
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT coalesce((SELECT max(made_at) FROM cases_cluster WHERE tenant_id = %(tenant)s), '-infinity')
                      < greatest((SELECT max(received_at) FROM cases_report WHERE tenant_id = %(tenant)s),
                                 %(now)s - interval '1 hour')""",
            {"tenant": by.tenant_id, "now": now},
        )
        return bool(cursor.fetchone()[0])


def sweep(*, by: Actor, now: datetime) -> Done | None:
    """Make the clusters anew where something came in; nothing otherwise."""
    with scope.work(by):
        return recompute(by=by, now=now) if is_due(by=by, now=now) else None


# --- reading -----------------------------------------------------------------------------------------------------


_READ = """
    SELECT r.id, c.id, r.title || E'\\n' || left(r.text_shown, %(read)s), r.said_at, r.reporter_id,
           r.lng_e7, r.lat_e7, r.accuracy_m, r.grid_id, r.division_code, r.place_name, c.matter,
           r.accused_body_ids, r.line_body_ids, r.aside_account_ids
    FROM cases_report r
    JOIN cases_membership m ON m.tenant_id = r.tenant_id AND m.report_id = r.id AND m.to_at IS NULL
    JOIN cases_case c ON c.tenant_id = r.tenant_id AND c.id = m.case_id
    WHERE r.tenant_id = %(tenant)s AND r.received_at > %(since)s AND r.received_at <= %(now)s
      AND r.voice <> 'confidential' AND r.kind <> 'tip_off' AND c.kind <> 'tip_off'
      AND c.visibility <> 'closed' AND c.status <> 'WITHDRAWN'
    ORDER BY r.received_at DESC, r.id DESC LIMIT %(most)s
"""


def _read(by: Actor, now: datetime) -> list[_Row]:
    """Read the reports of the window, oldest first; of one that belongs to several cases, the first."""
    with connection.cursor() as cursor:
        cursor.execute(
            _READ,
            {"tenant": by.tenant_id, "since": now - LOOKS_BACK, "now": now, "most": MOST, "read": clusters.READ},
        )
        found: dict[int, _Row] = {}
        for (id_, case, text, said_at, account, lng, lat, radius, grid, division, place, matter,
             accused, line, aside) in cursor:  # fmt: skip
            placed = lng is not None and (radius or 0.0) <= VAGUE_M
            found.setdefault(id_, _Row(
                id_, case, text, said_at, account, lng / 1e7 if placed else float("nan"),
                lat / 1e7 if placed else float("nan"), grid, division, place, matter,
                tuple(sorted(accused)), tuple(sorted(line)), tuple(sorted(aside)),
            ))  # fmt: skip
    return sorted(found.values(), key=lambda r: (r.said_at, r.id))


def _said(rows: Sequence[_Row], by: Actor) -> list[clusters.Said]:
    """Give what the kernel sees. The same telephone is one sender; without one the same account is."""
    hashes = sealed.told_apart("contact.caller", "cases_report", [r.id for r in rows], tenant_id=by.tenant_id)
    return [
        clusters.Said(
            r.text, _hour(r.said_at), hashes[r.id].hex() if r.id in hashes else f"a{r.account}" if r.account else "",
            r.matter, r.lng, r.lat, _named(r.place), f"{r.accused}{r.line}" if r.accused else "",
        )
        for r in rows
    ]  # fmt: skip


def _named(place: str) -> frozenset[str]:
    name = alike.without_building(place)
    return frozenset({name} if name else ())


def _hour(at: datetime) -> float:
    """Hours of the wall clock since 1970, as the kernel counts them."""
    local = localtime(at)
    offset = local.utcoffset() or timedelta()
    return (at.timestamp() + offset.total_seconds()) / 3600


_USUAL = """
    SELECT c.matter, r.grid_id, extract(isodow FROM r.received_at AT TIME ZONE %(zone)s)::int, count(*)
    FROM cases_report r
    JOIN cases_membership m ON m.tenant_id = r.tenant_id AND m.report_id = r.id AND m.to_at IS NULL
    JOIN cases_case c ON c.tenant_id = r.tenant_id AND c.id = m.case_id
    WHERE r.tenant_id = %(tenant)s AND r.received_at >= %(since)s AND r.received_at < %(until)s
      AND c.matter = ANY (%(matters)s) AND r.grid_id = ANY (%(grids)s)
    GROUP BY 1, 2, 3
"""
_OLDEST = "SELECT min(received_at) FROM cases_report WHERE tenant_id = %(tenant)s"


def _usual(
    rows: Sequence[_Row], groups: Sequence[Sequence[int]], by: Actor, now: datetime
) -> list[list[float] | None]:
    """Count what Mondays, Tuesdays … bring of each group's matter in its grids, in the eight weeks before the last two.

    None where the record is younger than that, or nobody knows the matter or the grid: then nothing is called new.
    """
    of = [_matter_and_grids(rows, group) for group in groups]
    until = now - timedelta(days=14)
    since = until - timedelta(weeks=USUAL_WEEKS)
    with connection.cursor() as cursor:
        cursor.execute(_OLDEST, {"tenant": by.tenant_id})
        oldest = cursor.fetchone()[0]
        weeks = min(float(USUAL_WEEKS), (until - oldest).days / 7) if oldest else 0.0
        if weeks < 1:
            return [None] * len(groups)
        cursor.execute(_USUAL, {
            "tenant": by.tenant_id, "since": since, "until": until, "zone": str(localtime(now).tzinfo),
            "matters": sorted({m for m, _ in of}), "grids": sorted({g for _, grids in of for g in grids}),
        })  # fmt: skip
        counted = {(m, g, d): n for m, g, d, n in cursor}
    return [
        [sum(counted.get((matter, g, d), 0) for g in grids) / weeks for d in range(1, 8)] if matter and grids else None
        for matter, grids in of
    ]


def _matter_and_grids(rows: Sequence[_Row], group: Iterable[int]) -> tuple[str, frozenset[int]]:
    matters = Counter(rows[i].matter for i in group)
    grids = frozenset(g for i in group if (g := rows[i].grid) is not None)
    return min(matters, key=lambda m: (-matters[m], m)), grids


# --- storing -------------------------------------------------------------------------------------------------------


def _store(rows: Sequence[_Row], found: Sequence[_Found], by: Actor, now: datetime) -> Done:
    Cluster.objects.filter(tenant_id=by.tenant_id, last_at__lt=now - KEPT).delete()
    rows_before = Cluster.objects.select_for_update().filter(tenant_id=by.tenant_id).order_by("id")
    before = {c.id: c for c in rows_before}
    belonged = dict(ClusterReport.objects.filter(cluster__in=list(before)).values_list("report_id", "cluster_id"))
    taken = _same(rows, found, belonged)
    new: list[Cluster] = []
    kept: list[Cluster] = []
    for k, group in enumerate(found):
        row = before.get(taken.get(k, 0)) or Cluster(tenant_id=by.tenant_id, state_since=now)
        _fill(row, rows, group, now)
        (kept if row.pk else new).append(row)
        before.pop(row.pk, None)
    gone = _settled(before.values(), now)
    Cluster.objects.bulk_create(new)
    Cluster.objects.bulk_update([*kept, *gone], _FIELDS, batch_size=200)
    made = dict(enumerate(_in_order(found, taken, new, kept)))
    _store_reports(rows, found, made, {row.pk for row in kept}, by)
    return Done(len(rows), len(found), len(new), len(gone))


def _in_order(
    found: Sequence[_Found], taken: Mapping[int, int], new: Sequence[Cluster], kept: Sequence[Cluster]
) -> Iterable[Cluster]:
    """Give the row of each group, as they were found."""
    fresh, known = iter(new), {row.pk: row for row in kept}
    for k in range(len(found)):
        yield known[taken[k]] if k in taken else next(fresh)


_FIELDS = [f.name for f in Cluster._meta.concrete_fields if f.name not in ("id", "tenant")]


def _same(rows: Sequence[_Row], found: Sequence[_Found], belonged: Mapping[int, int]) -> dict[int, int]:
    """Say which group is which cluster: that with which it shares most reports, if that is half of the smaller one."""
    sizes = Counter(belonged[r.id] for r in rows if r.id in belonged)
    shared: list[tuple[int, int, int]] = []
    for k, group in enumerate(found):
        for cluster, n in Counter(belonged[rows[i].id] for i in group.rows if rows[i].id in belonged).items():
            if 2 * n >= min(len(group.rows), sizes[cluster]):
                shared.append((-n, cluster, k))
    taken: dict[int, int] = {}
    for _n, cluster, k in sorted(shared):
        if k not in taken and cluster not in taken.values():
            taken[k] = cluster
    return taken


def _fill(row: Cluster, rows: Sequence[_Row], group: _Found, now: datetime) -> None:
    members = [rows[i] for i in group.rows]
    stands = group.course
    matter, grids = _matter_and_grids(rows, group.rows)
    names = Counter(name for r in members for name in _named(r.place))
    common = min(names, key=lambda n: (-names[n], n), default="")
    state = ClusterState(stands.state)
    first, last = members[0].said_at, members[-1].said_at
    values: dict[str, Any] = {
        "title": minimise((group.title,))[0].shown[:80], "matter": matter,
        "entity": common[:120] if 2 * names[common] >= len(members) else "", "words": [w[:20] for w in group.words],
        "state": state, "state_since": row.state_since if row.state == state else now,
        "trend": ClusterTrend(stands.trend), "heat": stands.heat, "novelty": stands.novelty,
        "first_at": min(first, row.first_at) if row.pk else first, "last_at": last,
        "hot_at": row.hot_at or (now if state == ClusterState.HOT else None),
        "reports_count": len(members), "places_count": stands.places, "hull_e7": _hull(members),
        "grid_ids": sorted(grids), "division_code": _division(members), "case_id": _case_of(members), "made_at": now,
        "accused_body_ids": list(members[0].accused), "line_body_ids": list(members[0].line),
        "aside_account_ids": sorted({a for r in members for a in r.aside}),
    }  # fmt: skip
    for name, value in values.items():
        setattr(row, name, value)
    row.version += 1 if row.pk else 0


def _settled(left: Iterable[Cluster], now: datetime) -> list[Cluster]:
    """What is no group any more has settled; its reports stay with it as long as it is kept."""
    over = []
    for row in left:
        row.made_at = now
        if row.state != ClusterState.SETTLED:
            row.state, row.state_since, row.trend = ClusterState.SETTLED, now, ClusterTrend.FALLING
            row.heat, row.version = 0.0, row.version + 1
        over.append(row)
    return over


def _hull(members: Sequence[_Row]) -> list[int]:
    """The ring around the reports with an edge, as longitude, latitude …; nothing where nobody named a place."""
    points = [(r.lng, r.lat) for r in members if r.lng == r.lng]
    if not points:
        return []
    ring = MultiPoint(points).convex_hull.buffer(EDGE_DEG, quad_segs=3).exterior.coords
    return [round(v * 1e7) for point in ring for v in point]


def _division(members: Sequence[_Row]) -> str:
    """The deepest division that holds all whose division is known."""
    codes = {r.division for r in members if r.division}
    return next((c[:n] for n in LEVELS for c in codes if len({x[:n] for x in codes}) == 1 and len(c) >= n), "")


def _case_of(members: Sequence[_Row]) -> int | None:
    """The case that took it: where at least half of its reports, and three, belong to one."""
    cases = Counter(r.case_id for r in members)
    case = min(cases, key=lambda c: (-cases[c], c))
    return case if cases[case] >= 3 and 2 * cases[case] >= len(members) else None


def _store_reports(
    rows: Sequence[_Row], found: Sequence[_Found], made: Mapping[int, Cluster], kept: set[int], by: Actor
) -> None:
    """Bring the reports of the window to where they belong now; rows that are right stay untouched."""
    wanted: dict[int, tuple[int, int]] = {}
    for k, group in enumerate(found):
        central = {i: n for n, i in enumerate(group.examples, 1)}
        wanted |= {rows[i].id: (made[k].pk, central.get(i, 0)) for i in group.rows}
    stored = ClusterReport.objects.filter(tenant_id=by.tenant_id).extra(
        where=["report_id = ANY (%s)"], params=[[r.id for r in rows]]
    )
    wrong, right = [], set()
    for row, report, cluster, central_of in stored.values_list("id", "report_id", "cluster_id", "central"):
        if wanted.get(report) == (cluster, central_of):
            right.add(report)
        elif report in wanted or cluster in kept:
            wrong.append(row)
    ClusterReport.objects.filter(tenant_id=by.tenant_id).extra(where=["id = ANY (%s)"], params=[wrong]).delete()
    ClusterReport.objects.bulk_create([
        ClusterReport(tenant_id=by.tenant_id, cluster_id=cluster, report_id=report, central=central_of)
        for report, (cluster, central_of) in sorted(wanted.items())
        if report not in right
    ])  # fmt: skip

"""Nets of ways: a file of lines is checked with its report, then adopted for the whole town, or dropped (spec 20 §3.2).

The net is the town's, as its roads are: a street does not adopt one. What was checked is what is adopted, bit by bit;
barriers are not part of it, so that a new crossing opens its way the day it is there.
"""

import hashlib
from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any

import numpy as np
import shapely
from django.db import transaction
from django.db.models import Max, Q
from django.utils.timezone import localdate
from shapely.geometry import shape as shape_of

from jishi.foundation import scope, trail
from jishi.foundation.actor import Actor
from jishi.foundation.refusals import Invalid, NotAllowed, NotFound, Stale
from jishi.kernels.dutylist.operators import division_head
from jishi.kernels.geo.validate import BLOCKER, WARNING, Finding
from jishi.kernels.geo.walknet import Net, TooDense, joined, nodes_of, open_edges
from jishi.places import formats, memory, shapes, walknets
from jishi.places.actions.barriers import TRUTH
from jishi.places.models import WalkNet
from jishi.places.policies import ensure_may_keep_ground
from jishi.places.queries import walking
from jishi.places.refusals import GroundFileRefused, ImportIsOver, SwappedAxes, UnknownDatum, WalkNetHasFaults
from jishi.places.shapes import Plane

MOST_NODES = 2_000_000
MOST_FINDINGS = 500  # kept with the report, blockers first
SENT_TWICE = timedelta(minutes=10)  # the same file again within them is the same check; later the ground may be another
BESIDE = 0.05  # degrees, some 5 km: ways lead out of the town


def ensure_may_keep_ways(by: Actor) -> None:
    """:raises NotAllowed: the post does not keep places, or those of one street alone."""
    ensure_may_keep_ground(by)
    if not by.has("system") and division_head(by.area):
        raise NotAllowed(why="步行网是全市一张，由领导小组办公室维护。")


@transaction.atomic
def check_file(content: bytes, name: str, *, crs: str, by: Actor, now: datetime) -> WalkNet:
    """Check a file of lines (column `steps`: 有台阶) and keep the net with its report; nobody walks on it yet.

    A file sent twice is checked once. What would be too large is refused before the work is done.

    :raises UnknownDatum: neither the person nor the file says the system. :raises SwappedAxes: latitude stands first.
    :raises GroundFileRefused: not readable, no row, too many points. :raises NotAllowed: another post.
    """
    ensure_may_keep_ways(by)
    source = formats.read(content, name)
    system = formats.label_of(crs) if crs.strip() else formats.named(source.crs)
    if system is None:
        raise UnknownDatum(crs="—")
    sha256 = hashlib.sha256(content).hexdigest()
    scope.one_at_a_time("walk_net.check", 0)
    same = WalkNet.objects.filter(tenant_id=by.tenant_id, state="checked", sha256=sha256, source_crs=system.label)
    if (before := same.filter(checked_at__gt=now - SENT_TWICE).defer("arrays").first()) is not None:
        return before
    lines = [_line(f, system) for f in source.features]
    steps = [_has_steps(f.get("properties") or {}) for f in source.features]
    sound = {n: x for n, x in enumerate(lines) if x is not None and not x.is_empty and np.isfinite(x.bounds).all()}
    shapes_of = list(sound.values())
    _ensure_degrees(shapes_of)
    plane = Plane(*np.mean([[x.centroid.x, x.centroid.y] for x in shapes_of], axis=0)) if sound else Plane(0.0, 0.0)
    net, found = _joined([None if x is None else plane.shape(x) for x in lines], steps)
    found = (*_outside(sound, now), *(_in_degrees(f, plane) for f in found), *_cut(net, plane, now))
    row = WalkNet.objects.create(
        tenant_id=by.tenant_id, file_name=name[-120:], file_format=source.format, source_crs=system.label,
        sha256=sha256, report=_told(found, len(lines)), arrays=walknets.pack(net, plane),
        nodes=len(net.x), length_m=round(float(net.metres.sum()), 1), checked_at=now, checked_by=by.label,
    )  # fmt: skip
    codes = {"sha256": row.sha256, "rows": len(lines), "nodes": row.nodes, "blockers": row.report["blockers"]}
    trail.record("walk_net.checked", ("walk_net", row.id), by=by, at=now, new=True, codes=codes)
    return row


@transaction.atomic
def adopt(
    net_id: int, *, active_from: date, document_no: str, by: Actor, now: datetime, version: int | None = None
) -> WalkNet:
    """Walk on a checked net from a day on; the one before ends that day and answers for its own time.

    One that has not begun by then, or begins that very day, is replaced: it keeps its number and has no day.

    :raises WalkNetHasFaults: its report names a blocker. :raises ImportIsOver: adopted or dropped before.
    :raises Invalid: a day that has passed. :raises Stale: another version.
    """
    scope.one_at_a_time("walk_net", 0)
    row = _open(net_id, by, version)
    if row.report["blockers"]:
        raise WalkNetHasFaults
    others = WalkNet.objects.select_for_update().filter(tenant_id=by.tenant_id, state="adopted")
    if active_from < localdate(now):
        raise Invalid(detail="启用日不早于今天。")
    for old in others.filter(Q(active_to=None) | Q(active_to__gt=active_from)).defer("arrays", "report"):
        old.change(active_to=max(old.active_from or active_from, active_from))
    number = (others.aggregate(last=Max("number"))["last"] or 0) + 1
    row.change(state="adopted", number=number, active_from=active_from, document_no=document_no[:80])
    codes = {"number": number, "from": active_from.isoformat(), "sha256": row.sha256}
    trail.record("walk_net.adopted", ("walk_net", row.id), by=by, at=now, codes=codes)
    return row


@transaction.atomic
def drop(net_id: int, *, by: Actor, now: datetime, version: int | None = None) -> None:
    """Drop a checked net that nobody will walk on: its report stays, its ways go.

    :raises ImportIsOver: it was adopted or dropped before.
    """
    row = _open(net_id, by, version)
    row.change(state="dropped", arrays=b"")
    trail.record("walk_net.dropped", ("walk_net", row.id), by=by, at=now, codes={"sha256": row.sha256})


def _open(net_id: int, by: Actor, version: int | None) -> WalkNet:
    ensure_may_keep_ways(by)
    row = WalkNet.objects.select_for_update().filter(tenant_id=by.tenant_id, id=net_id).first()
    if row is None:
        raise NotFound
    if row.state != "checked":
        raise ImportIsOver(state="已启用" if row.state == "adopted" else "已放弃", state_en=row.state)
    if version not in (None, row.version):
        raise Stale(version=row.version, seen=version)
    return row


def _joined(lines: Sequence[Any], steps: Sequence[bool]) -> tuple[Net, tuple[Finding, ...]]:
    wanted, row, metres = nodes_of(lines)
    if wanted > MOST_NODES:
        km = round(metres / 1000)
        raise GroundFileRefused(
            why=f"路网超过 {MOST_NODES} 个点；最长的是第 {row + 1} 行，{km} 公里，先看它的坐标",
            why_en=f"its ways have above {MOST_NODES} nodes; the longest is row {row + 1}, {km} km: look at its points",
        )
    try:
        return joined(lines, steps)
    except TooDense:
        raise GroundFileRefused(
            why="太多的点或线叠在一处，先去掉重复的",
            why_en="too many points or lines lie on one spot; remove the repeated ones",
        ) from None


def _line(feature: dict[str, Any], system: formats.System) -> Any:
    """The shape of a row in degrees; None for what cannot be read, for the check to name."""
    try:
        return shapely.transform(shapely.force_2d(shape_of(feature["geometry"])), system.degrees)
    except (TypeError, ValueError, AttributeError, KeyError, shapely.errors.GEOSException):
        return None


def _has_steps(said: dict[str, Any]) -> bool:
    return bool(TRUTH.get(str(said.get("steps") or "").strip().lower()))


def _ensure_degrees(lines: Sequence[Any]) -> None:
    if not lines:
        return
    west, south, east, north = (float(v) for v in shapely.total_bounds(lines))
    if west >= 3 and east <= 54 and south >= 73 and north <= 136:
        raise SwappedAxes(lng=south, lat=west)
    if max(abs(west), abs(east)) > 180 or max(abs(south), abs(north)) > 90:
        raise Invalid(detail=f"坐标不是度：{west}, {south}")


def _outside(sound: Mapping[int, Any], now: datetime) -> list[Finding]:
    """Most of the ways far from all grids of the town: another town's file, or another system."""
    ground = [shapes.read(g.polygon) for g in memory.ground(localdate(now)).by_code.values()]
    if not ground or not sound:
        return []
    town = shapely.box(*shapely.total_bounds(ground)).buffer(BESIDE)
    away = [n for n, x in sound.items() if not town.intersects(x)]
    if 2 * len(away) <= len(sound):
        return []
    at = sound[away[0]].representative_point()
    return [Finding("outside_town", tuple(away[:20]), (at.x, at.y), 0.0, "choose_a_system", BLOCKER)]


def _cut(net: Net, plane: Plane, now: datetime) -> list[Finding]:
    """Where the barriers of today cut a way, and no crossing opens it."""
    hard, passes = walking.hard_barriers(localdate(now), plane)
    shut = np.flatnonzero(~open_edges(net, hard, passes))
    x, y = (net.x[net.u] + net.x[net.v])[shut] / 2, (net.y[net.u] + net.y[net.v])[shut] / 2
    places = sorted({tuple(round(c, 7) for c in plane.degrees(*at)) for at in zip(x.tolist(), y.tolist(), strict=True)})
    return [Finding("cut_by_barrier", (), (p[0], p[1]), 0.0, "name_the_crossing", WARNING) for p in places]


def _in_degrees(found: Finding, plane: Plane) -> Finding:
    place = None if found.place is None else plane.degrees(*found.place)
    return Finding(found.code, found.features, place, found.size_m2, found.proposal, found.level)


def _told(found: Sequence[Finding], rows: int) -> dict[str, Any]:
    ordered = sorted(found, key=lambda f: (f.level != BLOCKER, f.code, f.features[:1]))
    blockers = sum(f.level == BLOCKER for f in found)
    return {
        "rows": rows, "blockers": blockers, "warnings": len(found) - blockers,
        "findings": [
            {
                "code": f.code, "level": f.level, "features": list(f.features[:20]),
                "place": f.place and [round(f.place[0], 7), round(f.place[1], 7)], "size_m2": f.size_m2,
                "proposal": f.proposal,
            }
            for f in ordered[:MOST_FINDINGS]
        ],
    }  # fmt: skip

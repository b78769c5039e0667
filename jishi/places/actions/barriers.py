"""What people do not walk across, and where they can: added in bulk, from a file, ended on a day (spec 20 §§3.2, 10).

Coordinates are degrees of CGCS2000; a file's own system is converted at the edge. A `ref` that is there already is left
as it is: a repeat adds nothing. A line that has moved is ended and added anew, so that yesterday keeps its ground.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import numpy as np
import shapely
from django.db import transaction
from shapely.geometry import shape as shape_of

from jishi.foundation import trail
from jishi.foundation.actor import Actor
from jishi.foundation.refusals import Invalid, NotAllowed, NotFound
from jishi.kernels.dutylist.operators import division_head
from jishi.kernels.geo.walking import ON_IT_M
from jishi.places import formats, memory, shapes
from jishi.places.actions.grids import border_of
from jishi.places.models import Barrier, Crossing
from jishi.places.policies import ensure_may_keep_ground
from jishi.places.refusals import CrossingOffBarrier, SwappedAxes, UnknownDatum
from jishi.places.shapes import E7, Plane

BARRIER_KINDS = frozenset({"expressway", "railway", "river", "wall", "main_road", "community_line", "slope"})
CROSSING_KINDS = frozenset({"bridge", "underpass", "signal", "gate", "ferry"})
ALONG = 0.0005  # degrees, some 50 m: a line may run along the border of the area
HARD = frozenset({"expressway", "railway", "river", "wall"})  # where a row does not say it
TRUTH = {"是": True, "有": True, "1": True, "true": True, "yes": True, "否": False, "无": False, "0": False} | {
    "false": False, "no": False,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class NewBarrier:
    """`geometry`: a line or polygon in degrees; `hard` None: by its kind (expressway, railway, river, wall are)."""

    ref: str
    name: str
    kind: str
    geometry: Any
    hard: bool | None = None


@dataclass(frozen=True, slots=True)
class NewCrossing:
    """`barrier` is the ref of a barrier in force; the point lies on it, 15 m at most beside."""

    ref: str
    barrier: str
    kind: str
    lng: float
    lat: float
    name: str = ""
    step_free: bool | None = None
    hours: str = ""


@transaction.atomic
def add(rows: Sequence[NewBarrier], *, crs: str, active_from: date, by: Actor, now: datetime) -> dict[str, int]:
    """Add barriers; gives ref → id, of those that were there too.

    :raises UnknownDatum: coordinates without a label. :raises Invalid: no ref, an unknown kind, no line and no polygon.
    :raises NotAllowed: the post does not keep places. :raises SwappedAxes: latitude stands first.
    """
    ensure_may_keep_ground(by)
    _ensure_labelled(crs)
    known = _known(Barrier, [r.ref for r in rows], by)
    for row in rows:
        _ensure_barrier(row)
    ensure_inside([r.geometry for r in rows], by)
    made = Barrier.objects.bulk_create(
        Barrier(
            tenant_id=by.tenant_id, ref=r.ref, name=r.name, kind=r.kind, active_from=active_from,
            hard=r.kind in HARD if r.hard is None else r.hard,
            geometry=shapely.to_wkb(shapely.set_precision(r.geometry, 1e-7)),
        )
        for r in rows
        if r.ref not in known
    )  # fmt: skip
    _record("barrier.added", "barrier", made, by=by, now=now)
    return known | {m.ref: m.id for m in made}


@transaction.atomic
def add_crossings(
    rows: Sequence[NewCrossing], *, crs: str, active_from: date, by: Actor, now: datetime
) -> dict[str, int]:
    """Add crossings; gives ref → id. Refuses as `add`, and what lies off its barrier.

    :raises CrossingOffBarrier: more than 15 m beside it. :raises Invalid: its barrier is not there.
    """
    ensure_may_keep_ground(by)
    _ensure_labelled(crs)
    known = _known(Crossing, [r.ref for r in rows], by)
    above = {
        b.ref: b for b in Barrier.objects.filter(
            tenant_id=by.tenant_id, ref__in={r.barrier for r in rows}, active_to=None
        )
    }  # fmt: skip
    for row in rows:
        _ensure_on_it(row, above)
    ensure_inside([shapely.Point(r.lng, r.lat) for r in rows], by)
    made = Crossing.objects.bulk_create(
        Crossing(
            tenant_id=by.tenant_id, ref=r.ref, barrier=above[r.barrier], name=r.name, kind=r.kind,
            lng_e7=round(r.lng * E7), lat_e7=round(r.lat * E7), step_free=r.step_free, hours=r.hours,
            active_from=active_from,
        )
        for r in rows
        if r.ref not in known
    )  # fmt: skip
    _record("crossing.added", "crossing", made, by=by, now=now)
    return known | {m.ref: m.id for m in made}


@transaction.atomic
def end(ref: str, *, on: date, by: Actor, now: datetime) -> None:
    """End a barrier, and its crossings with it, on a day; the days before keep them. :raises NotFound: not in force."""
    ensure_may_keep_ground(by)
    row = Barrier.objects.select_for_update().filter(tenant_id=by.tenant_id, ref=ref, active_to=None).first()
    if row is None or on < row.active_from:
        raise NotFound
    ensure_inside([shapes.read(row.geometry)], by)
    row.change(active_to=on)
    for crossing in Crossing.objects.select_for_update().filter(barrier=row, active_to=None):
        crossing.change(active_to=max(on, crossing.active_from))
    trail.record("barrier.ended", ("barrier", row.id), by=by, at=now, codes={"on": on.isoformat()})
    memory.touch(by.tenant_id)


def add_file(
    content: bytes, name: str, *, crs: str, active_from: date, by: Actor, now: datetime
) -> tuple[dict[str, int], dict[str, int]]:
    """Add what a file holds: lines and polygons are barriers, points are crossings (columns ref, kind, barrier …).

    Gives the refs of barriers and of crossings. Refuses as `add`, `add_crossings` and the reader of files do.
    """
    ensure_may_keep_ground(by)
    source = formats.read(content, name)
    system = formats.label_of(crs) if crs.strip() else formats.named(source.crs)
    if system is None:
        raise UnknownDatum(crs="—")
    barriers, crossings = [], []
    for number, feature in enumerate(source.features, start=1):
        shape, said = _shape(feature, system, number), feature.get("properties") or {}
        if shape.geom_type == "Point":
            crossings.append(_crossing(said, shape))
        else:
            barriers.append(_barrier(said, shape))
    with transaction.atomic():
        known = {"crs": "cgcs2000", "active_from": active_from, "by": by, "now": now}
        return add(barriers, **known), add_crossings(crossings, **known)  # type: ignore[arg-type]


def _shape(feature: Mapping[str, Any], system: formats.System, number: int) -> Any:
    try:
        return shapely.transform(shape_of(feature["geometry"]), system.degrees)
    except (TypeError, ValueError, AttributeError, KeyError, shapely.errors.GEOSException):
        raise Invalid(detail=f"第 {number} 行没有可读的图形") from None


def _barrier(said: Mapping[str, Any], shape: Any) -> NewBarrier:
    hard = TRUTH.get(str(said.get("hard") or "").strip().lower())
    return NewBarrier(_text(said, "ref"), _text(said, "name"), _text(said, "kind"), shape, hard)


def _crossing(said: Mapping[str, Any], shape: Any) -> NewCrossing:
    free = TRUTH.get(str(said.get("step_free") or "").strip().lower())
    return NewCrossing(
        _text(said, "ref"), _text(said, "barrier"), _text(said, "kind"), shape.x, shape.y, _text(said, "name"), free,
        _text(said, "hours"),
    )  # fmt: skip


def _text(said: Mapping[str, Any], name: str) -> str:
    value = said.get(name)
    return "" if value is None else str(value).strip()


def _ensure_labelled(crs: str) -> None:
    if crs != "cgcs2000":
        raise UnknownDatum(crs=crs or "—")


def _ensure_degrees(x: float, y: float) -> None:
    if 3 <= x <= 54 and 73 <= y <= 136:
        raise SwappedAxes(lng=y, lat=x)
    if not (abs(x) <= 180 and abs(y) <= 90):
        raise Invalid(detail=f"坐标不是度：{x}, {y}")


def _ensure_barrier(row: NewBarrier) -> None:
    if not row.ref or row.kind not in BARRIER_KINDS:
        raise Invalid(detail=f"屏障“{row.name or row.ref}”没有编号，或种类“{row.kind}”不认得")
    shape = row.geometry
    if shape.geom_type not in ("LineString", "MultiLineString", "Polygon", "MultiPolygon") or not shape.is_valid:
        raise Invalid(detail=f"屏障“{row.name or row.ref}”不是线也不是面，或图形有误")
    west, south, east, north = shape.bounds
    _ensure_degrees(west, south)
    _ensure_degrees(east, north)


def _ensure_on_it(row: NewCrossing, above: Mapping[str, Barrier]) -> None:
    if not row.ref or row.kind not in CROSSING_KINDS:
        raise Invalid(detail=f"通道“{row.name or row.ref}”没有编号，或种类“{row.kind}”不认得")
    if row.barrier not in above:
        raise Invalid(detail=f"没有编号为 {row.barrier} 的屏障")
    _ensure_degrees(row.lng, row.lat)
    plane = Plane(row.lng, row.lat)
    away = shapely.distance(plane.shape(shapes.read(above[row.barrier].geometry)), shapely.Point(0, 0))
    if away > ON_IT_M:
        barrier = above[row.barrier].name
        raise CrossingOffBarrier(crossing=row.name or row.ref, metres=round(float(away)), barrier=barrier)


def ensure_inside(drawn: Sequence[Any], by: Actor) -> None:
    """A street changes the ground of its own area; what leaves it is the town's to say.

    :raises NotAllowed: degrees outside the area of the office.
    """
    head = division_head(by.area)
    if not head or by.has("system") or not drawn:
        return
    border = border_of(head.ljust(12, "0"))
    if border is None or not shapely.covers(shapely.buffer(border, ALONG), np.array(drawn, dtype=object)).all():
        raise NotAllowed(why="出了本街道的地面，由领导小组办公室维护。")


def _known(model: Any, refs: Sequence[str], by: Actor) -> dict[str, int]:
    if len(set(refs)) != len(refs):
        raise Invalid(detail="编号有重复的")
    return dict(model.objects.filter(tenant_id=by.tenant_id, ref__in=refs, active_to=None).values_list("ref", "id"))


def _record(verb: str, kind: str, made: Sequence[Any], *, by: Actor, now: datetime) -> None:
    if made:
        trail.record_many([trail.Note(verb, (kind, m.id), now, {"name": m.name}) for m in made], by=by, new=True)
        memory.touch(by.tenant_id)

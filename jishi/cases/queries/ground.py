"""Cases on the ground: how many stand open in each grid. No point of a case, no home, no person is on a map.

The public sees counts from five on (spec 20 §8); a colleague sees the counts of what he may see, and its cases.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db.models import Count, QuerySet
from django.utils.timezone import localdate

from jishi.cases import policies
from jishi.cases.models import Case
from jishi.cases.states import CASE
from jishi.foundation.actor import Actor
from jishi.places import queries as places

LEAST = 5  # below it the public reads "fewer than 5"
CLASSES = 5
Geo = dict[str, Any]


@dataclass(frozen=True, slots=True)
class GridRow:
    """One grid with its open cases. `count` None: fewer than LEAST, and nobody is told how many."""

    id: int
    code: str
    name: str
    community: str
    count: int | None
    fill: str  # q1 … q5

    @property
    def label(self) -> str:
        return f"<{LEAST}" if self.count is None else str(self.count)


@dataclass(frozen=True, slots=True)
class Ground:
    """The table beside the map: the same rows, the most cases first. `nowhere`: open cases without a known grid."""

    rows: tuple[GridRow, ...]
    bounds: tuple[tuple[str, int, int], ...]  # fill, from, to
    nowhere: int | None
    public: bool


def ground(*, by: Actor, now: Any) -> Ground:
    """Count open cases by grid for this reader; one statement besides the grids, which lie in memory."""
    public = by.kind != "staff"
    counts = _counts(by, public)
    layer = places.as_geojson("grids", day=localdate(now))
    names = {c.code: c.short_name or c.name for c in places.communities(day=localdate(now))}
    shown = {
        f["properties"]["id"]: _told(counts.get(f["properties"]["id"], 0), public) for f in layer["features"]
    }
    bounds = classes([n for n in shown.values() if n])
    rows = [
        GridRow(
            id=p["id"], code=p["code"], name=p["name"], community=names.get(p["community"], ""), count=shown[p["id"]],
            fill=fill_of(shown[p["id"]], bounds),
        )
        for p in (f["properties"] for f in layer["features"])
    ]
    rows.sort(key=lambda r: (-(r.count or 0), r.code))
    return Ground(tuple(rows), bounds, None if public else counts.get(None, 0), public)


def _counts(by: Actor, public: bool) -> dict[int | None, int]:  # noqa: FBT001 - who reads, not a switch
    """What the public may have counted: nothing that complains about a body, so that nobody is singled out."""
    rows: QuerySet[Case] = Case.objects.filter(tenant_id=by.tenant_id, status__in=sorted(CASE.open_states))
    rows = rows.filter(accused_body_ids=[]) if public else policies.visible_to(by, rows)
    return dict(rows.order_by().values_list("grid").annotate(n=Count("id")))


def _told(count: int, public: bool) -> int | None:  # noqa: FBT001
    return None if public and count < LEAST else count


def classes(counts: Sequence[int]) -> tuple[tuple[str, int, int], ...]:
    """Cut the counts that are there into at most five classes of about as many grids; equal counts, equal class."""
    found = sorted(counts)
    if not found:
        return ()
    cuts = sorted({found[min(len(found) - 1, len(found) * k // CLASSES)] for k in range(CLASSES)})
    tops = [*(c - 1 for c in cuts[1:]), found[-1]]
    first = CLASSES - len(cuts) + 1
    return tuple((f"q{first + i}", low, top) for i, (low, top) in enumerate(zip(cuts, tops, strict=True)))


def fill_of(count: int | None, bounds: Sequence[tuple[str, int, int]]) -> str:
    """Give the fill of a count; the palest for none and for few."""
    return next((fill for fill, low, top in bounds if count and low <= count <= top), "q1")


def as_geojson(*, by: Actor, now: Any) -> Geo:
    """Give the town as the map draws it: water, roads, communities, grids with a number in each."""
    day = localdate(now)
    told = {r.code: r for r in ground(by=by, now=now).rows}
    features = [*_plain("river", day, "water"), *_plain("roads", day, "line")]
    for f in places.as_geojson("grids", day=day)["features"]:
        row = told.get(f["properties"]["code"])
        if row is not None:
            facts = {"code": row.code, "name": row.label, "fill": row.fill, "kind": "area"}
            features.append({**f, "properties": facts})
    return {"type": "FeatureCollection", "features": features + _borders(day)}


def plain(*, now: Any) -> Geo:
    """Give the town's ground without any count: water, roads, grids, communities."""
    day = localdate(now)
    cells = places.as_geojson("grids", day=day)["features"]
    grids = [{**f, "properties": {"kind": "area", "fill": "q1"}} for f in cells]
    features = [*_plain("river", day, "water"), *_plain("roads", day, "line"), *grids, *_borders(day)]
    return {"type": "FeatureCollection", "features": features}


def _plain(layer: str, day: date, kind: str) -> list[Geo]:
    found = places.as_geojson(layer, day=day)["features"]
    return [{**f, "properties": {"kind": kind}} for f in found]


def _borders(day: date) -> list[Geo]:
    """Communities as lines, so that the grids below keep their fill."""
    lines = []
    for f in places.as_geojson("communities", day=day)["features"]:
        shape = f["geometry"]
        rings = [shape["coordinates"]] if shape["type"] == "Polygon" else shape["coordinates"]
        for polygon in rings:
            geometry = {"type": "LineString", "coordinates": polygon[0]}
            lines.append({"type": "Feature", "properties": {"kind": "community"}, "geometry": geometry})
    return lines


def cases_of(code: str, *, by: Actor, limit: int = 100) -> list[Case]:
    """List the open cases of one grid that this colleague may see, by the promised day."""
    rows = Case.objects.filter(grid__code=code, status__in=sorted(CASE.open_states)).select_related("lead")
    return list(policies.visible_to(by, rows).order_by("promise_due_at", "id")[:limit])


def names_of(rows: Sequence[GridRow]) -> Mapping[str, str]:
    """Give the grids' names by code."""
    return {r.code: r.name for r in rows}

"""Files of grids that came in, what their reports say, and the layers that the pages of ground draw (spec 20 §7)."""

import gzip
import json
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from shapely.geometry import mapping
from shapely.geometry import shape as shape_of

from jishi.foundation.actor import Actor
from jishi.foundation.refusals import NotFound
from jishi.kernels.dutylist.operators import division_head
from jishi.kernels.geo.validate import Finding
from jishi.places import drawings, memory, shapes
from jishi.places.models import GroundImport
from jishi.places.policies import ensure_may_keep_ground, ensure_may_keep_ground_of
from jishi.places.queries import tiles
from jishi.places.queries.walking import barriers, crossings
from jishi.places.shapes import E7

MOST_DRAWN = 2000  # features of one map (spec 20 §8)
MOST_POINTS = 300


def ground_imports(*, by: Actor, limit: int = 30) -> list[GroundImport]:
    """List the files that came in, the newest first, without what they hold. :raises NotAllowed: as the verbs do."""
    ensure_may_keep_ground(by)
    inside = GroundImport.objects.filter(tenant_id=by.tenant_id, division_code__startswith=division_head(by.area))
    rows = inside.defer("features").select_related("edition")
    return list(rows.order_by("-checked_at", "-id")[:limit])


def ground_import(import_id: int, *, by: Actor) -> GroundImport:
    """Give one file with its report. :raises NotFound: there is none. :raises NotAllowed: as the verbs do."""
    ensure_may_keep_ground(by)
    row = GroundImport.objects.filter(tenant_id=by.tenant_id, id=import_id).select_related("edition").first()
    if row is None:
        raise NotFound
    ensure_may_keep_ground_of(by, row.division_code)
    return row


def told(row: GroundImport, lang: str) -> list[dict[str, Any]]:
    """Give the findings of a report with their sentences."""
    return [{**f, "words": drawings.told(_finding(f), lang)} for f in row.report["findings"]]


def names(row: GroundImport) -> list[str]:
    """Give the names of the rows, by number; the number where there is none."""
    kept = json.loads(gzip.decompress(bytes(row.features)))
    return [str((f.get("properties") or {}).get("name") or n) for n, f in enumerate(kept, 1)]


def drawn(row: GroundImport, *, day: date) -> dict[str, Any]:
    """Give the map of a report: the rows (those with findings first and marked), each finding's place by its number."""
    kept = json.loads(gzip.decompress(bytes(row.features)))
    found = row.report["findings"]
    faulty = {n for f in found for n in f["features"]}
    stops = {n for f in found if f["level"] == "blocker" for n in f["features"]}
    order = sorted(range(len(kept)), key=lambda n: (n not in faulty, n))[:MOST_DRAWN]
    rows = [
        _feature(kept[n]["geometry"], {
            "code": f"r{n}", "name": str((kept[n].get("properties") or {}).get("name") or n + 1),
            "fill": "q4" if n in stops else "q2" if n in faulty else "q1", "changed": n in faulty,
        })
        for n in order
        if _has_ground(kept[n].get("geometry"))
    ]  # fmt: skip
    strips = [
        _feature(mapping(shape_of(s["strip"]).boundary), {"code": f"s{s['number']}", "kind": "line", "changed": True})
        for s in row.report.get("snaps", ())
    ]
    points = [
        _feature({"type": "Point", "coordinates": f["place"]}, {"code": f"f{at}", "name": str(at)})
        for at, f in enumerate(found[:MOST_POINTS], start=1)
        if f["place"]
    ]
    return {"type": "FeatureCollection", "features": [*_borders(row.division_code, day), *rows, *strips, *points]}


def ground_layers(day: date) -> dict[str, Any]:
    """Give the town's own ground of a day for a map: grids, barriers, crossings; of a large town its grids as tiles."""
    made, tiled = memory.ground(day), tiles.grids_as_tiles(day)
    features = [
        _feature(mapping(shapes.read(g.polygon)), {"code": g.code, "name": g.name, "fill": "q1"})
        for _, g in sorted(made.by_code.items())
    ] if tiled is None else []  # fmt: skip
    for row in barriers(day):
        shape = shapes.read(row.geometry)
        line = mapping(shape.boundary if shape.area else shape)
        features.append(_feature(line, {"code": f"b{row.id}", "name": row.name, "kind": "line", "changed": row.hard}))
    for gate in crossings(day):
        point = {"type": "Point", "coordinates": [gate.lng_e7 / E7, gate.lat_e7 / E7]}
        features.append(_feature(point, {"code": f"x{gate.id}", "name": gate.name or gate.barrier.name}))
    return {"type": "FeatureCollection", "features": features, "tiled": tiled}


def _borders(division: str, day: date) -> list[dict[str, Any]]:
    head = division_head(division)
    known = memory.ground(day).divisions.values()
    return [
        _feature(mapping(shapes.read(d.boundary).boundary), {"code": d.code, "kind": "line"})
        for d in known
        if d.level == 5 and d.boundary is not None and d.code.startswith(head)
    ]


def _feature(geometry: Mapping[str, Any], said: Mapping[str, Any]) -> dict[str, Any]:
    return {"type": "Feature", "properties": dict(said), "geometry": dict(geometry)}


def _has_ground(geometry: Any) -> bool:
    return isinstance(geometry, dict) and isinstance(geometry.get("coordinates"), list | tuple)


def _finding(said: Mapping[str, Any]) -> Finding:
    place: Sequence[float] | None = said["place"]
    at = (place[0], place[1]) if place else None
    return Finding(said["code"], tuple(said["features"]), at, said["size_m2"], said["proposal"], said["level"])

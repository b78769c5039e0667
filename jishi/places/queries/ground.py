"""The ground as it stands on a day: grids, divisions, zones, and the layers of its map."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import shapely
from django.utils.timezone import localdate

from jishi.foundation import scope
from jishi.kernels.dutylist.operators import division_head
from jishi.places import gathering, memory, shapes
from jishi.places.models import Zone
from jishi.places.shapes import E7
from jishi.places.things import DivisionRow, GridRow, Ground


@dataclass(frozen=True, slots=True)
class ZoneRow:
    """A named polygon with its period, and the communities whose ground it touches (none: no borders are drawn)."""

    code: str
    name: str
    active_from: date
    active_to: date | None
    divisions: tuple[str, ...]


def _day(day: date) -> date:
    return localdate(scope.current().recorded_at) if day == date.max else day


def grid(grid_id: int, *, day: date = date.max) -> GridRow | None:
    """Give one grid as it is on the day; None if it is not in force then."""
    return memory.ground(_day(day)).grids.get(grid_id)


def grid_of_edition(grid_id: int, edition_id: int | None) -> GridRow | None:
    """Give a grid as an edition holds it, in force or not: what a report keeps from the day of its receipt."""
    today = memory.ground(_day(date.max)).grids.get(grid_id)
    if today is not None and today.edition_id == edition_id:
        return today
    return gathering.row_of(grid_id, edition_id) if edition_id is not None else None


def grids(ids: Iterable[int], *, day: date = date.max) -> dict[int, GridRow]:
    """Give those of the grids that are in force on the day."""
    known = memory.ground(_day(day)).grids
    return {i: known[i] for i in ids if i in known}


def centres(ids: Iterable[int], *, day: date = date.max) -> dict[int, tuple[int, int]]:
    """Give a point inside each of those grids that are in force (longitude, latitude in 1e-7°): for what is shown
    as its grid only.
    """
    ground = memory.ground(_day(day))
    return {i: ground.middles[i] for i in ids if i in ground.middles}


def grids_in(division: str, day: date = date.max) -> list[GridRow]:
    """List the grids of a division (12 digits, or fewer that begin them), by code."""
    head = division_head(division) if len(division) == 12 else division
    return [g for _, g in sorted(memory.ground(_day(day)).by_code.items()) if g.community.startswith(head)]


def grids_near(points: Sequence[tuple[int, int, float]], *, day: date = date.max) -> list[frozenset[int]]:
    """Give, for each point (longitude and latitude in 1e-7°, metres), the ids of the grids that come as near."""
    ground = memory.ground(_day(day))
    if ground.grid_tree is None or not points:
        return [frozenset() for _ in points]
    ids = [g.id for g in ground.by_code.values()]
    found: list[set[int]] = [set() for _ in points]
    asked = shapely.points([ground.plane.xy(lng / E7, lat / E7) for lng, lat, _ in points])
    reach = np.array([metres for _, _, metres in points])
    for row, at in ground.grid_tree.query(asked, predicate="dwithin", distance=reach).T:
        found[row].add(ids[at])
    return [frozenset(one) for one in found]


def grids_met(box: tuple[float, float, float, float], day: date = date.max) -> frozenset[str]:
    """Give the codes of the grids whose ground lies in a box of degrees (west, south, east, north), if only in part."""
    ground = memory.ground(_day(day))
    if ground.grid_tree is None:
        return frozenset()
    west, south, east, north = (*ground.plane.xy(*box[:2]), *ground.plane.xy(*box[2:]))
    codes = list(ground.by_code)
    return frozenset(codes[at] for at in ground.grid_tree.query(shapely.box(west, south, east, north), "intersects"))


def division_path(code: str, *, day: date = date.max) -> list[DivisionRow]:
    """Give a division of the tenant and those above it, widest first, placeholders left out."""
    return [row for row in memory.ground(_day(day)).path(code) if not row.placeholder]


def divisions_below(code: str, *, day: date = date.max, level: int = 0) -> list[DivisionRow]:
    """List the divisions directly below one of the tenant's, by code; with a level all of that level below it."""
    ground = memory.ground(_day(day))
    if not level:
        return [row for row in ground.divisions.values() if row.parent == code]
    deep = [r for r in ground.divisions.values() if r.level == level]
    return [r for r in deep if code in {up.code for up in ground.path(r.parent)}]


def communities(*, day: date = date.max) -> list[DivisionRow]:
    """List the tenant's villages and communities that may stand in an address: no statistical placeholders."""
    return [r for r in memory.ground(_day(day)).divisions.values() if r.level == 5 and not r.placeholder]


def zones(*, day: date | None = None) -> dict[str, ZoneRow]:
    """Give the register of zones that duty lists may speak of, by code; with a day only those that exist on it."""
    rows = Zone.objects.filter(tenant_id=scope.current().actor.tenant_id).order_by("code", "active_from")
    borders = [r for r in memory.ground(_day(day or date.max)).divisions.values() if r.level == 5 and r.boundary]
    shapes_of = [(r.code, shapes.read(r.boundary)) for r in borders if r.boundary is not None]
    found: dict[str, ZoneRow] = {}
    for row in rows:
        if day is None or (row.active_from <= day and (row.active_to is None or day < row.active_to)):
            polygon = shapes.read(row.polygon)
            touched = tuple(code for code, shape in shapes_of if shape.intersects(polygon))
            found[row.code] = ZoneRow(row.code, row.name, row.active_from, row.active_to, touched)
    return found


def as_geojson(layer: str, day: date = date.max) -> dict[str, Any]:
    """Give a layer of the map: grids, communities, compounds, roads, river, facilities (RFC 7946, CGCS2000).

    Coordinates of the tenant's own area only; the country has codes here and no borders.
    """
    ground = memory.ground(_day(day))
    return {"type": "FeatureCollection", "crs_name": "cgcs2000", "features": _features(layer, ground)}


def _features(layer: str, ground: Ground) -> list[dict[str, Any]]:
    if layer == "grids":
        return [
            _feature(shapes.read(g.polygon), {
                "id": g.id, "code": g.code, "name": g.name, "kind": g.kind, "special_of": g.special_of,
                "community": g.community,
            })
            for _, g in sorted(ground.by_code.items())
        ]  # fmt: skip
    if layer == "communities":
        return [
            _feature(shapes.read(d.boundary), {"code": d.code, "name": d.name, "short_name": d.short_name})
            for d in ground.divisions.values()
            if d.level == 5 and d.boundary is not None
        ]
    levels = {"compounds": "compound", "roads": "road", "river": "river", "facilities": "facility"}
    wanted, plane = levels.get(layer), ground.plane
    scale, corner = (plane.east, plane.north), (plane.lng, plane.lat)
    return [
        _feature(
            shapely.transform(t.shape, lambda c: c / scale + corner),
            {"name": t.name, "kinds": sorted(t.kinds), "community": t.community},
        )
        for t in ground.things
        if t.level == wanted
    ]


def _feature(shape: Any, properties: dict[str, Any]) -> dict[str, Any]:
    geometry = shapely.geometry.mapping(shapely.set_precision(shape, 1e-7))
    return {"type": "Feature", "properties": properties, "geometry": geometry}

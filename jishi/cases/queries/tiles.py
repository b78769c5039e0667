"""Tiles of the public map as GeoJSON: far away counts by grid, near by the points that strangers may read.

A tile holds nothing that the public lists and the public map do not: minimised words, no home, no report against a
body, no count below five (spec 10 §16 `GET /tiles/cases/{z}/{x}/{y}`, 13 §1, 20 §8). Tiles are those of Web Mercator;
coordinates are degrees of CGCS2000, which is WGS 84 within centimetres.
"""

from datetime import datetime
from math import atan, degrees, pi, sinh
from typing import Any

from jishi.cases.queries import ground, opendata, public
from jishi.cases.queries.public import Wanted
from jishi.foundation.actor import Actor
from jishi.foundation.refusals import NotFound
from jishi.places import queries as places

CLOSEST = 20
POINTS_FROM = 15  # a tile is then about a kilometre wide
MOST = 500  # features of one tile
Box = tuple[float, float, float, float]


def tile(z: int, x: int, y: int, *, tenant_id: int, now: datetime, lang: str) -> dict[str, Any]:
    """Give one tile; `more` says that it could not hold everything. :raises NotFound: there is no such tile."""
    box = box_of(z, x, y)
    if z < POINTS_FROM:
        return _counts(box, tenant_id, now)
    wanted = Wanted(status=frozenset({"open"}), box=box)
    rows = public.listed(wanted, tenant_id=tenant_id, limit=MOST + 1)
    return {**opendata.as_geojson(rows[:MOST], lang), "more": len(rows) > MOST}


def box_of(z: int, x: int, y: int) -> Box:
    """Give west, south, east, north of a tile in degrees. :raises NotFound: no such tile."""
    if not 0 <= z <= CLOSEST or not (0 <= x < 2**z and 0 <= y < 2**z):
        raise NotFound
    wide = 360 / 2**z
    return (x * wide - 180, _latitude(z, y + 1), (x + 1) * wide - 180, _latitude(z, y))


def _latitude(z: int, y: int) -> float:
    return degrees(atan(sinh(pi * (1 - 2 * y / 2**z))))


def _counts(box: Box, tenant_id: int, now: datetime) -> dict[str, Any]:
    """Count open cases in the middle of their grid, the most first; a grid with fewer than five is not there."""
    west, south, east, north = box
    told = [r for r in ground.ground(by=Actor(tenant_id=tenant_id, kind="anonymous"), now=now).rows if r.count]
    middles = places.centres([r.id for r in told])
    features = []
    for row in (r for r in told if r.id in middles):
        lng, lat = (v / public.E7 for v in middles[row.id])
        if west <= lng < east and south <= lat < north:
            geometry = {"type": "Point", "coordinates": [lng, lat]}
            facts = {"grid": row.code, "name": row.name, "community": row.community, "count": row.count}
            features.append({"type": "Feature", "id": row.code, "geometry": geometry, "properties": facts})
    return {"type": "FeatureCollection", "features": features[:MOST], "more": len(features) > MOST}

"""Where one case is, drawn by the server: its grid among its neighbours, on the town's own ground.

A home is shown as its grid (ui §8): the point is drawn only where the matter is not one of a home.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from math import cos, radians
from typing import Any

import numpy as np
import shapely
from django.utils.timezone import localdate
from shapely.geometry import shape

from jishi.cases.models import Case
from jishi.duties import queries as duties
from jishi.places import queries as places

WIDE, HIGH = 320, 180  # of the drawing, in its own units
AIR = 1.9  # how much wider than the grid the drawing looks
METRES_OF_DEGREE = 111_320.0
FINE = 0.5  # of a unit: nothing finer is drawn
EDGE = 8  # outside the drawing, where lines are cut off

Point = tuple[float, float]
Geo = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Around:
    """The drawing: paths in its own units. `spot`: x, y and radius of the point; None: its grid alone."""

    grid: str
    own: str
    others: tuple[str, ...]
    roads: str
    water: str
    spot: tuple[float, float, float] | None
    wide: int = WIDE
    high: int = HIGH


@dataclass(frozen=True, slots=True)
class Frame:
    """From degrees to the units of the drawing."""

    west: float
    north: float
    east_scale: float
    scale: float

    def at(self, lng: Any, lat: Any) -> Any:
        return (lng - self.west) * self.east_scale * self.scale, (self.north - lat) * self.scale


def around(case: Case, *, now: Any) -> Around | None:
    """Draw where the case is; None where its grid is not known. No statement: the ground lies in memory."""
    if not case.grid_id:
        return None
    layers = {name: places.as_geojson(name, day=localdate(now))["features"] for name in ("grids", "roads", "river")}
    own = next((g for g in layers["grids"] if g["properties"]["id"] == case.grid_id), None)
    return _drawn(case, own, layers) if own is not None else None


def around_ring(name: str, ring: Iterable[Point], *, now: Any) -> Around:
    """Draw a ring of degrees on the town's own ground, with no point in it. No statement."""
    own = {"geometry": {"type": "Polygon", "coordinates": [list(ring)]}}
    frame = _frame(own["geometry"])
    layers = (places.as_geojson(layer, day=localdate(now))["features"] for layer in ("grids", "roads", "river"))
    grids, roads, river = (_path((f for f in rows if _is_seen(f["geometry"], frame)), frame) for rows in layers)
    return Around(name, _path([own], frame), (grids,), roads, river, None)


def _drawn(case: Case, own: Geo, layers: Mapping[str, list[Geo]]) -> Around:
    frame = _frame(own["geometry"])
    others = [g for g in layers["grids"] if g is not own and _is_seen(g["geometry"], frame)]
    return Around(
        str(own["properties"]["name"]),
        _path([own], frame),
        tuple(_path([g], frame) for g in others),
        _path((r for r in layers["roads"] if _is_seen(r["geometry"], frame)), frame),
        _path((r for r in layers["river"] if _is_seen(r["geometry"], frame)), frame),
        _spot(case, frame),
    )


def _spot(case: Case, frame: Frame) -> tuple[float, float, float] | None:
    matter = duties.matters().get(case.matter)
    if case.lng_e7 is None or case.lat_e7 is None or matter is None or matter.at_home:
        return None
    x, y = frame.at(case.lng_e7 / 1e7, case.lat_e7 / 1e7)
    return round(x, 1), round(y, 1), round(max(6.0, (case.accuracy_m or 0.0) / METRES_OF_DEGREE * frame.scale), 1)


def _frame(geometry: Geo) -> Frame:
    west, south, east, north = shape(geometry).bounds
    lat = (south + north) / 2
    narrow = cos(radians(lat))
    high = max((north - south) * AIR, (east - west) * narrow * AIR * HIGH / WIDE, 1e-6)
    scale = HIGH / high
    return Frame((west + east) / 2 - WIDE / 2 / (narrow * scale), lat + high / 2, narrow, scale)


def _is_seen(geometry: Geo, frame: Frame) -> bool:
    west, south, east, north = shape(geometry).bounds
    left, top = frame.at(west, north)
    right, bottom = frame.at(east, south)
    return bool(right > 0 and left < WIDE and bottom > 0 and top < HIGH)


def _path(features: Iterable[Geo], frame: Frame) -> str:
    """Say shapes as one path, cut off a little outside the drawing."""
    return "".join(_said(_cut(feature["geometry"], frame)) for feature in features)


def _cut(geometry: Geo, frame: Frame) -> Any:
    drawn = shapely.transform(shape(geometry), lambda c: np.column_stack(frame.at(c[:, 0], c[:, 1])))
    return shapely.simplify(shapely.clip_by_rect(drawn, -EDGE, -EDGE, WIDE + EDGE, HIGH + EDGE), FINE)


def _said(drawn: Any) -> str:
    parts = getattr(drawn, "geoms", [drawn])
    if drawn.is_empty:
        return ""
    if len(parts) > 1 or parts[0] is not drawn:
        return "".join(_said(part) for part in parts)
    rings = [drawn.exterior, *drawn.interiors] if drawn.geom_type == "Polygon" else [drawn]
    return "".join(_run(ring.coords) for ring in rings) if drawn.geom_type != "Point" else ""


def _run(points: Iterable[Point]) -> str:
    return "M" + "L".join(f"{x:.0f} {y:.0f}" for x, y in points)

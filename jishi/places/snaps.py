"""What snapping a sliver would do, before and after: which grid gets the strip, and a window around it to look at.

A strip along a shared edge is narrower than half a metre: on a map of the community both edges are one line. So each
proposal carries a window a few times as wide as the strip, in metres, as the grids are drawn and as they would be.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import shapely
from shapely.geometry import mapping
from shapely.geometry import shape as shape_of

from jishi.kernels.geo.validate import Finding
from jishi.places.shapes import Plane

MOST = 50  # windows of one report
LEAST_M, TIMES = 1.0, 6.0  # a window is as wide as this, or so many times the strip


def proposed(rows: Sequence[Mapping[str, Any]], findings: Sequence[Finding], border: Any) -> list[dict[str, Any]]:
    """Give for each sliver the grid that would get it, the strip, and the window before and after.

    `rows`: GeoJSON features in degrees, by the numbers that findings name. `border`: of the community, None without.
    A strip that two grids share goes to the first of them; an empty one to the neighbour with the longest common edge.
    """
    found = [f for f in findings if f.code == "sliver" and f.place is not None and f.features][:MOST]
    if not found:
        return []
    drawn = {n: shape_of(row["geometry"]) for n, row in enumerate(rows)}
    whole = shapely.union_all(list(drawn.values()))
    empty = border.difference(whole) if border is not None else None
    told = (_proposal(number, f, drawn, empty) for number, f in enumerate(found))
    return [one for one in told if one is not None]


def _proposal(number: int, finding: Finding, drawn: Mapping[int, Any], empty: Any) -> dict[str, Any] | None:
    taker = finding.features[0]
    shared = drawn[taker].intersection(drawn[finding.features[1]]) if len(finding.features) > 1 else None
    doubled = shared is not None and shared.area > 0
    at = shapely.Point(finding.place or (0, 0))
    strip = _nearest(shared if doubled else empty, at)
    if strip is None:
        return None
    after = dict(drawn)
    if doubled:
        after[finding.features[1]] = drawn[finding.features[1]].difference(strip)
    else:
        after[taker] = drawn[taker].union(strip)
    plane = Plane(at.x, at.y)
    area, length = plane.shape(strip).area, plane.shape(strip).length / 2
    wide = max(LEAST_M, TIMES * area / length) if length else LEAST_M
    near = [n for n in drawn if drawn[n].distance(at) < wide / plane.north]
    return {
        "number": number, "feature": taker, "strip": mapping(strip), "wide_m": round(area / length, 3) if length else 0,
        "size_m2": round(area, 2), "window_m": round(wide, 2), "doubled": doubled,
        "before": _window(drawn, near, plane, wide), "after": _window(after, near, plane, wide),
    }  # fmt: skip


def _nearest(shape: Any, at: Any) -> Any:
    pieces = [p for p in getattr(shape, "geoms", [shape]) if p is not None and p.area > 0]
    return min(pieces, key=lambda p: p.distance(at), default=None)


def _window(drawn: Mapping[int, Any], near: Sequence[int], plane: Plane, wide: float) -> list[dict[str, Any]]:
    """The grids near the place within a square of `wide` metres, in metres from its lower left corner."""
    square = shapely.box(-wide / 2, -wide / 2, wide / 2, wide / 2)
    made = []
    for n in near:
        seen = plane.shape(drawn[n]).intersection(square)
        rings = [p.exterior for p in getattr(seen, "geoms", [seen]) if p.geom_type == "Polygon" and p.area > 0]
        if rings:
            lines = [[(round(x + wide / 2, 3), round(y + wide / 2, 3)) for x, y in r.coords] for r in rings]
            made.append({"feature": n, "rings": lines})
    return made

"""For `jishi gridplan --points`: points with households, in degrees of a named datum, to the graph that is planned.

    jishi gridplan --points C.csv --crs bd09 --ground county.geojson --out plan.geojson

Compounds: id, lng, lat, households; buildings and community if known. The ground is a GeoJSON polygon in the same
datum or in cgcs2000 (`--ground-crs`); without one the hull of the points serves.
"""

import argparse
import json
from pathlib import Path
from typing import Any

import numpy as np
import shapely

from jishi.kernels import gridplan as planner
from jishi.kernels.geo import datum
from jishi.kernels.geo.metres import scale
from jishi.kernels.gridplan import refusals


class BadGround(ValueError):
    """A border that is no polygon; the message says which file."""

    code = "bad_ground"


def flags(parser: argparse.ArgumentParser) -> None:
    """Add the words for compounds."""
    parser.add_argument("--points", metavar="C.csv",
                        help="小区点 (id,lng,lat,households[,buildings]) · compounds as points")  # fmt: skip
    parser.add_argument("--crs", choices=datum.KNOWN, help="小区点的坐标系 · datum of the points, never guessed")
    parser.add_argument("--ground", help="边界 (GeoJSON) · border, a polygon")
    parser.add_argument("--ground-crs", choices=datum.KNOWN, default="cgcs2000")
    parser.add_argument("--barriers", help="屏障 (GeoJSON 线或面) · barriers, in the datum of the ground")
    parser.add_argument("--crossings", help="通道 (GeoJSON 点) · crossings of barriers; listed=false offers one")
    parser.add_argument("--small", type=int, default=0, help="小于此户数的并入相邻小区 · tie smaller compounds to one")


class Plane:
    """Metres around the middle of some points, and back to degrees."""

    def __init__(self, lng: Any, lat: Any) -> None:
        self.corner = np.array([float(np.mean(lng)), float(np.mean(lat))])
        self.scale = np.array([float(v) for v in scale(self.corner[1])])

    def metres(self, shape: Any) -> Any:
        """Give a shape of degrees in metres."""
        return shapely.transform(shape, lambda c: (c - self.corner) * self.scale)

    def degrees(self, shape: Any) -> Any:
        """Give a shape of metres in degrees."""
        return shapely.transform(shape, lambda c: c / self.scale + self.corner)


def read(given: argparse.Namespace, columns: dict[str, Any], band: planner.Band) -> tuple[planner.Graph, Plane]:
    """Give the graph of compounds and the plane it lies in.

    :raises UnknownDatum, SwappedAxes: by `geo.datum`. :raises BadInput: by the planner. :raises BadGround: no polygon.
    """
    done = datum.to_cgcs2000(columns["lng"], columns["lat"], given.crs)
    if done.bad.any():
        raise refusals.BadUnit(count=int(done.bad.sum()), first=np.flatnonzero(done.bad)[:20].tolist())
    if not len(done.lng):
        raise refusals.NoUnits()
    plane = Plane(done.lng, done.lat)
    xy = (np.stack([done.lng, done.lat], axis=1) - plane.corner) * plane.scale
    points = planner.Points(
        columns["id"], xy[:, 0], xy[:, 1], columns["households"], columns.get("buildings"),
        community=columns.get("community"),
    )  # fmt: skip
    ground = shapely.union_all([plane.metres(s) for s, _ in _shapes(given.ground, given)]) if given.ground else None
    walls = [planner.Barrier(plane.metres(s), bool(p.get("hard", True))) for s, p in _shapes(given.barriers, given)]
    gaps = [planner.Crossing(float(q.x), float(q.y), listed=bool(p.get("listed", True)))
            for q, p in ((plane.metres(s), p) for s, p in _shapes(given.crossings, given))]  # fmt: skip
    return planner.build_graph(points, ground, band=band, cap=given.cap, barriers=walls, crossings=gaps,
                               small=given.small), plane  # fmt: skip


def _shapes(name: str | None, given: argparse.Namespace) -> list[tuple[Any, dict[str, Any]]]:
    if name is None:
        return []
    try:
        told = json.loads(Path(name).read_text("utf-8"))
        features = told.get("features", [told])
        shapes = [(shapely.geometry.shape(f.get("geometry", f)), f.get("properties") or {}) for f in features]
    except (ValueError, KeyError, TypeError, AttributeError, shapely.errors.ShapelyError) as no:
        raise BadGround(f"{name}: {no}") from no
    return [(shapely.transform(shape, lambda c: _plain(c, given.ground_crs)), more) for shape, more in shapes]


def _plain(corners: Any, crs: str) -> Any:
    done = datum.to_cgcs2000(corners[:, 0], corners[:, 1], crs)
    return np.stack([done.lng, done.lat], axis=1)


def geojson(plan: planner.Plan, graph: planner.Graph, plane: Plane) -> dict[str, Any]:
    """Give the grids of a plan with their figures as GeoJSON (CGCS2000 degrees)."""
    features = []
    for sheet in plan.grids:
        rows = np.flatnonzero(plan.assignment == sheet.grid).tolist()
        shape = shapely.set_precision(plane.degrees(shapely.union_all([graph.cells[r] for r in rows])), 1e-7)
        shown = {
            "grid": sheet.grid, "households": sheet.households, "units": sheet.units,
            "mean_walk_m": round(sheet.mean_walk_m, 1), "max_walk_m": round(sheet.max_walk_m, 1),
            "faults": [f.code for f in plan.faults if f.grid == sheet.grid],
            "exemptions": [e.kind for e in plan.exemptions if e.grid == sheet.grid],
        }  # fmt: skip
        features.append({"type": "Feature", "properties": shown, "geometry": shapely.geometry.mapping(shape)})
    return {"type": "FeatureCollection", "crs_name": "cgcs2000", "status": plan.status, "features": features}

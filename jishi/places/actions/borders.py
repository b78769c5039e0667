"""Moving a border: a piece of ground goes from one grid to the one beside it (spec 20 §10, `ground.move_border`).

Nothing is moved at once. What comes out is all grids of the edition in force, redrawn, as a checked draft with its
report and its map: the same road as a file, so no border moves past a blocker or the partition test, and a day, a
document and a new edition go with it.
"""

import json
from datetime import datetime
from typing import Any

import numpy as np
import shapely
from django.db import transaction
from django.utils.timezone import localdate
from shapely.geometry import mapping

from jishi.foundation import trail
from jishi.foundation.actor import Actor
from jishi.foundation.refusals import NotFound
from jishi.places import drawings, shapes
from jishi.places.actions import imports
from jishi.places.models import Building, Compound, GridEdition, GridVersion, GroundImport
from jishi.places.policies import ensure_may_keep_ground, ensure_may_keep_ground_of
from jishi.places.refusals import BorderNotMoved
from jishi.places.shapes import E7

STEP = 1e-7  # degrees: corners of grids are whole steps
LEAST_M2 = 1.0
MOST_NAMED = 50  # houses listed in a preview


@transaction.atomic
def move_border(
    giving: str, taking: str, *, piece: dict[str, Any], crs: str, by: Actor, now: datetime
) -> GroundImport:
    """This will draft the edition in force with this piece of ground in another grid; `imports.apply` adopts it.

    `piece`: a GeoJSON polygon; what of it lies outside the giving grid is left out. The draft says which houses change.

    :raises NotFound: no such grid in force, or not in one edition. :raises NotAllowed: another office's ground.
    :raises UnknownDatum: the system is not named. :raises BorderNotMoved: the piece is no polygon, moves less than
    1 m², takes the whole grid, tears one of the two, or they are of different kinds.
    """
    ensure_may_keep_ground(by)
    edition = _edition(giving, taking, by=by, now=now)
    ensure_may_keep_ground_of(by, edition.division_code)
    rows = list(GridVersion.objects.filter(edition=edition).select_related("grid").order_by("grid__code"))
    kinds = {r.grid.code: r.grid.kind for r in rows}
    if kinds[giving] != kinds[taking]:
        raise BorderNotMoved(why="一个是专属网格，一个不是", why_en="one is a special grid, the other is not")
    before = {r.grid.code: shapes.read(r.polygon) for r in rows}
    moved = redrawn(before, giving, taking, _piece(piece, crs))
    features = [
        {"type": "Feature", "geometry": mapping(moved[r.grid.code]), "properties": {
            "code": r.grid.code, "name": r.name, "kind": r.grid.kind, "special_of": r.grid.special_of,
            "owner_ref": r.grid.owner_ref,
        }}
        for r in rows
    ]  # fmt: skip
    content = json.dumps({"type": "FeatureCollection", "features": features}, ensure_ascii=False).encode()
    name = f"{giving[12:]}→{taking[12:]}.geojson"
    row = imports.check_file(content, name, division=edition.division_code, crs="cgcs2000", by=by, now=now)
    gone = before[giving].difference(moved[giving])
    houses = _houses(gone, by)
    size = round(float(shapes.Plane(*gone.centroid.coords[0]).shape(gone).area), 1)
    told = {"from": giving, "to": taking, "m2": size, "base": edition.number, "houses": houses[:MOST_NAMED],
            "more": max(0, len(houses) - MOST_NAMED)}  # fmt: skip
    row.change(report={**row.report, "border": told})
    codes = {"from": giving, "to": taking, "m2": round(size), "edition": edition.number, "houses": len(houses)}
    trail.record("ground.border_drafted", ("ground_import", row.id), by=by, at=now, codes=codes)
    return row


def redrawn(before: dict[str, Any], giving: str, taking: str, piece: Any) -> dict[str, Any]:
    """Give all grids with the piece in another one. All lines are cut where they meet, so that neighbours share every
    corner. :raises BorderNotMoved: as `move_border`."""
    lines = [shapely.boundary(shape) for shape in [*before.values(), piece]]
    cut = shapely.union_all(shapely.set_precision(np.array(lines, dtype=object), STEP), grid_size=STEP)
    faces = shapely.get_parts(shapely.polygonize(shapely.get_parts(cut)))
    middle, codes = shapely.point_on_surface(faces), list(before)
    face, owner = shapely.STRtree(list(before.values())).query(middle, predicate="within"), np.full(len(faces), -1)
    owner[face[0]] = face[1]
    goes = (owner == codes.index(giving)) & shapely.contains(piece, middle)
    area = shapes.Plane(*before[giving].centroid.coords[0])
    if sum(area.shape(f).area for f in faces[goes]) < LEAST_M2:
        raise BorderNotMoved(why="这块地不在要挪出的网格里", why_en="this ground is not in the grid it is to leave")
    owner[goes] = codes.index(taking)
    if not (owner == codes.index(giving)).any():
        raise BorderNotMoved(why="整个网格都会挪走", why_en="nothing would be left of the grid")
    joined = [shapely.normalize(shapely.union_all(faces[owner == n], grid_size=STEP)) for n in range(len(codes))]
    moved = {c: drawings.oriented(shape) for c, shape in zip(codes, joined, strict=True)}
    torn = [c for c in (giving, taking) if shapely.get_num_geometries(moved[c]) > shapely.get_num_geometries(before[c])]
    if torn:
        raise BorderNotMoved(why=f"网格 {torn[0][12:]} 会断成几块", why_en=f"grid {torn[0][12:]} would fall in pieces")
    return moved


def _edition(giving: str, taking: str, *, by: Actor, now: datetime) -> GridEdition:
    day = localdate(now)
    held = GridVersion.objects.filter(
        tenant_id=by.tenant_id, grid__code__in=(giving, taking), edition__effective__contains=day
    )
    found = {r.grid.code: r.edition for r in held.select_related("grid", "edition")}
    if len(found) < 2 or found[giving].id != found[taking].id:
        raise NotFound
    return found[giving]


def _piece(piece: dict[str, Any], crs: str) -> Any:
    drawn = drawings.one_polygon(piece, crs)
    if drawn is None:
        raise BorderNotMoved(why="要挪的地不是一个边界不相交的面", why_en="the piece is no sound polygon")
    return drawn


def _houses(gone: Any, by: Actor) -> list[str]:
    """Name the buildings, and the compounds of which none is known, that stand on the ground that moves."""
    west, south, east, north = (round(v * E7) for v in gone.bounds)
    box = {"tenant_id": by.tenant_id, "active_to": None, "lng_e7__range": (west, east), "lat_e7__range": (south, north)}
    rows: list[tuple[str, Any]] = [(f"{h.compound.name if h.compound else ''}{h.name}", h) for h in
            Building.objects.filter(**box).select_related("compound").order_by("id")]  # fmt: skip
    known = Building.objects.filter(tenant_id=by.tenant_id, active_to=None, compound__isnull=False)
    bare = Compound.objects.filter(**box).exclude(id__in=known.values("compound"))
    rows += [(c.name, c) for c in bare.order_by("id")]
    return [name for name, h in rows if gone.contains(shapely.Point(h.lng_e7 / E7, h.lat_e7 / E7))]

"""The whole town in one value, and its map as GeoJSON."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache
from random import Random
from typing import Any

from jishi.portal.demo import ground, institutions, streets
from jishi.portal.demo.nouns import Coord, Line, Ring, Town, Zone
from jishi.portal.demo.people import people


@lru_cache(maxsize=2)
def town(seed: int = 20260101) -> Town:
    """This will draw the fictional town Yunxi; the same seed gives the same town, to the last centimetre."""
    rng = Random(seed)
    ground_of, drawn = ground.draw_grids(rng)
    divisions = ground.divisions(ground_of)
    compounds, buildings = streets.compounds(drawn, rng)
    grids = streets.with_households((grid for grid, _ in drawn), compounds)
    facilities = streets.facilities(list(grids), [d for d in divisions if d.level == 5])
    roads = streets.roads()
    return Town(
        seed=seed,
        divisions=divisions,
        grids=grids,
        roads=roads,
        river=ground.river(),
        zones=(
            Zone("levee", "云溪河堤防管理线", ground.levee()),
            Zone("scenic", "老街历史街区红线", ground.scenic()),
        ),
        compounds=tuple(compounds),
        buildings=tuple(buildings),
        facilities=facilities,
        gazetteer=streets.gazetteer(divisions, grids, roads, compounds, buildings, facilities),
        bodies=institutions.bodies(),
        matters=institutions.matters(),
        duty_items=institutions.duty_items(),
        golden_dispatches=institutions.golden_dispatches(),
        golden_messages=institutions.golden_messages(),
        people=people(),
    )


def feature_collection(made: Town) -> dict[str, Any]:
    """This will give the map as a GeoJSON FeatureCollection (RFC 7946), large things first."""
    features = [
        _polygon(d.boundary, layer="division", code=d.code, name=d.short_name, level=d.level)
        for d in made.divisions
        if d.boundary
    ]
    features += [
        _polygon(
            g.polygon,
            layer="grid",
            code=g.code,
            name=g.name,
            kind=g.kind,
            households=g.households,
            within=g.community,
        )
        for g in made.grids
    ]
    features.append(_polygon(made.river, layer="water", name="云溪河"))
    features += [_polygon(z.polygon, layer="zone", code=z.code, name=z.name) for z in made.zones]
    features += [
        _line(r.line, layer="road", id=r.id, name=r.name, kind=r.kind, width_m=r.width_m) for r in made.roads
    ]
    features += [
        _polygon(c.polygon, layer="compound", id=c.id, name=c.name, kind=c.kind) for c in made.compounds
    ]
    features += [
        _polygon(b.footprint, layer="building", id=b.id, name=b.name, floors=b.floors_up)
        for b in made.buildings
    ]
    features += [
        {
            "type": "Feature",
            "properties": {"layer": "facility", "id": f.id, "name": f.name, "kind": f.kind},
            "geometry": {"type": "Point", "coordinates": _degrees(f.point)},
        }
        for f in made.facilities
    ]
    return {"type": "FeatureCollection", "features": features}


def _polygon(ring: Ring, **properties: Any) -> Mapping[str, Any]:
    geometry = {"type": "Polygon", "coordinates": [_path(ring)]}
    return {"type": "Feature", "properties": properties, "geometry": geometry}


def _line(line: Line, **properties: Any) -> Mapping[str, Any]:
    return {
        "type": "Feature",
        "properties": properties,
        "geometry": {"type": "LineString", "coordinates": _path(line)},
    }


def _path(points: Iterable[Coord]) -> list[list[float]]:
    return [_degrees(p) for p in points]


def _degrees(point: Coord) -> list[float]:
    return [point[0] / 1e7, point[1] / 1e7]

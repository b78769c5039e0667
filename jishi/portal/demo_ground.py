"""The demonstration town's ground, brought in through the doors of `places`."""

import json
from collections.abc import Iterator
from datetime import date, datetime

from jishi.foundation.actor import Actor
from jishi.places.actions import divisions, grids, ground
from jishi.portal.demo.nouns import GazetteerEntry, Ring, Town

CRS = "cgcs2000"
SOURCE = "演示市镇"
EVERY = 3  # of how many houses with several 单元 one has its doors known


def found_ground(made: Town, since: date, *, by: Actor, now: datetime) -> None:
    """Found divisions, compounds, buildings, facilities, zones, names; adopt one edition of grids per community."""
    divisions.found_divisions(
        [
            divisions.NewDivision(
                code=d.code, name=d.name, short_name=d.short_name, level=d.level, parent=d.parent or "", kind=d.kind,
                boundary=d.boundary or (),
            )
            for d in made.divisions
        ],
        source=SOURCE, valid_from=since, by=by, now=now,
    )  # fmt: skip
    adopt_grids(made, since, by=by, now=now)
    stand_buildings(made, since, by=by, now=now)
    ground.add_zones(
        [ground.NewZone(z.code, z.name, z.polygon) for z in made.zones], crs=CRS, active_from=since, by=by, now=now
    )
    give_names(made, since, by=by, now=now)


def adopt_grids(made: Town, since: date, *, by: Actor, now: datetime) -> None:
    """Check each community's grids as a clerk's file would be, and adopt them as its first edition."""
    for community in (d for d in made.divisions if d.level == 5):
        mine = [g for g in made.grids if g.community == community.code]
        features = [
            {
                "type": "Feature",
                "properties": {
                    "code": g.code, "name": g.name, "kind": g.kind, "special_of": g.special_of or "",
                    "owner_ref": g.owner or "", "households": g.households,
                },
                "geometry": {"type": "Polygon", "coordinates": [_degrees(g.polygon)]},
            }
            for g in mine
        ]  # fmt: skip
        text = json.dumps({"type": "FeatureCollection", "features": features}, ensure_ascii=False)
        report = grids.check(text, division=community.code, crs=CRS, by=by)
        grids.adopt(report, effective_from=since, document_no="演示〔2025〕2号", by=by, now=now)


def stand_buildings(made: Town, since: date, *, by: Actor, now: datetime) -> None:
    """Stand compounds, their buildings and the facilities on the ground."""
    ground.add_compounds(
        [
            ground.NewCompound(
                ref=c.id, name=c.name, community=c.community, lng_e7=c.point[0], lat_e7=c.point[1], aliases=c.aliases,
                kind=c.kind, polygon=c.polygon, built_year=c.built_year, households_planned=c.households,
            )
            for c in made.compounds
        ],
        crs=CRS, active_from=since, by=by, now=now,
    )  # fmt: skip
    ground.add_buildings(
        [
            ground.NewBuilding(
                ref=b.id, name=b.name, lng_e7=b.point[0], lat_e7=b.point[1], compound=b.compound, aliases=b.aliases,
                footprint=b.footprint, floors_up=b.floors_up, units=b.units,
            )
            for b in made.buildings
        ],
        crs=CRS, active_from=since, by=by, now=now,
    )  # fmt: skip
    ground.add_entrances(list(doors(made)), crs=CRS, active_from=since, by=by, now=now)
    ground.add_facilities(
        [
            ground.NewFacility(
                ref=f.id, name=f.name, kind=f.kind, lng_e7=f.point[0], lat_e7=f.point[1], aliases=f.aliases,
                community=f.community, owner_ref=f.owner or "", polygon=f.polygon or (),
            )
            for f in made.facilities
        ],
        crs=CRS, active_from=since, by=by, now=now,
    )  # fmt: skip


def doors(made: Town) -> Iterator[ground.NewEntrance]:
    """Give every third house that has several 单元 its doors, evenly along its longest wall; the others wait."""
    for house in [b for b in made.buildings if b.units > 1][::EVERY]:
        walls = zip(house.footprint, house.footprint[1:], strict=False)
        (x0, y0), (x1, y1) = max(walls, key=lambda w: (w[0][0] - w[1][0]) ** 2 + (w[0][1] - w[1][1]) ** 2)
        for n in range(house.units):
            part = (2 * n + 1) / (2 * house.units)
            at = round(x0 + (x1 - x0) * part), round(y0 + (y1 - y0) * part)
            yield ground.NewEntrance("unit_door", *at, building=house.id, name=f"{n + 1}单元")


def give_names(made: Town, since: date, *, by: Actor, now: datetime) -> None:
    """Add the names that stand on no building: roads with their lines, the river with its banks."""
    held = {x.id for x in made.compounds} | {x.id for x in made.buildings} | {x.id for x in made.facilities}
    held |= {d.code for d in made.divisions} | {g.code for g in made.grids}
    ground.add_names(
        [_name(e, made) for e in made.gazetteer if e.id not in held], crs=CRS, active_from=since, by=by, now=now
    )


def _name(entry: GazetteerEntry, made: Town) -> ground.NewName:
    road = next((r for r in made.roads if r.id == entry.id), None)
    is_river = entry.kind == "river"
    return ground.NewName(
        ref=entry.id, name=entry.name, kind=entry.kind, lng_e7=entry.lng, lat_e7=entry.lat,
        radius_m=float(entry.radius_m), aliases=entry.aliases, line=road.line if road else (),
        polygon=made.river if is_river else (), width_m=float(road.width_m) if road else None, within=entry.within,
        source=SOURCE,
    )  # fmt: skip


def _degrees(ring: Ring) -> list[list[float]]:
    return [[lng / 1e7, lat / 1e7] for lng, lat in ring]

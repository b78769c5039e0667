"""The ground is cut exactly, and every name stands where it says."""

from __future__ import annotations

import json
from random import Random

import pytest
from shapely.geometry import Polygon

from jishi.portal.demo import feature_collection, ground, town

TOWN = town()
COMMUNITIES = [d for d in TOWN.divisions if d.level == 5]


class TestDivisions:
    def test_are_two_streets_and_nine_communities_of_a_country_that_does_not_exist(self):
        assert [d.code for d in TOWN.divisions if d.level == 4] == ["990181001000", "990181002000"]
        assert [d.code[:9] for d in COMMUNITIES] == ["990181001"] * 5 + ["990181002"] * 4
        assert all(d.code.startswith("99") and len(d.code) == 12 for d in TOWN.divisions)

    def test_lie_below_their_parent_one_level_up(self):
        level = {d.code: d.level for d in TOWN.divisions}

        assert all(level[d.parent] == d.level - 1 for d in TOWN.divisions if d.parent)

    @pytest.mark.parametrize("street", ["990181001000", "990181002000"])
    def test_communities_fill_their_street_exactly(self, street):
        whole = next(d for d in TOWN.divisions if d.code == street)
        parts = [d for d in COMMUNITIES if d.parent == street]

        assert sum(twice_area(d.boundary) for d in parts) == twice_area(whole.boundary)


class TestGrids:
    def test_are_at_least_sixty_with_special_ones_that_have_an_owner(self):
        special = [g for g in TOWN.grids if g.kind == "special"]

        assert sum(g.kind == "general" for g in TOWN.grids) >= 60
        assert len(special) >= 8
        assert all(g.owner in {b.code for b in TOWN.bodies} and int(g.code[12:]) > 900 for g in special)
        assert len({g.code for g in TOWN.grids}) == len({g.name for g in TOWN.grids}) == len(TOWN.grids)

    @pytest.mark.parametrize("community", COMMUNITIES, ids=lambda d: d.short_name)
    def test_fill_their_community_to_the_last_integer(self, community):
        grids = [g for g in TOWN.grids if g.community == community.code]

        assert sum(twice_area(g.polygon) for g in grids) == twice_area(community.boundary)

    def test_every_sampled_point_of_the_town_lies_in_exactly_one(self):
        rng, county = Random(7), next(d for d in TOWN.divisions if d.level == 3)
        boxes = [(g, bounds(g.polygon)) for g in TOWN.grids]
        west, south, east, north = bounds(county.boundary)

        tried = 0
        while tried < 3000:
            point = rng.randint(west, east), rng.randint(south, north)
            if not ground.inside(county.boundary, point):
                continue
            tried += 1
            held = [g.code for g, box in boxes if within(box, point) and ground.inside(g.polygon, point)]
            assert len(held) == 1, (point, held)

    def test_have_valid_rings_that_share_their_corners_with_their_neighbours(self):
        assert all(Polygon(g.polygon).is_valid for g in TOWN.grids)
        edges = [edge for g in TOWN.grids for edge in zip(g.polygon, g.polygon[1:], strict=False)]
        known = set(edges)
        inner = {edge for edge in edges if edge[::-1] in known}
        county = next(d for d in TOWN.divisions if d.level == 3).boundary

        assert known - inner == set(zip(county, county[1:], strict=False))

    def test_hold_the_compounds_that_name_them_whole(self):
        polygons = {g.code: Polygon(g.polygon) for g in TOWN.grids}

        assert all(polygons[c.grid].contains(Polygon(c.polygon)) for c in TOWN.compounds)


class TestNames:
    def test_are_sixty_to_ninety_compounds_with_their_buildings_inside(self):
        compounds = {c.id: Polygon(c.polygon) for c in TOWN.compounds}

        assert 60 <= len(compounds) <= 90
        assert all(compounds[b.compound].contains(Polygon(b.footprint)) for b in TOWN.buildings)
        assert all(c.households > 0 for c in TOWN.compounds)

    def test_stand_once_each_in_the_gazetteer_within_something_known(self):
        ids = [e.id for e in TOWN.gazetteer]

        assert len(set(ids)) == len(ids)
        assert {e.within for e in TOWN.gazetteer} <= set(ids) | {d.code for d in TOWN.divisions}

    def test_keep_the_names_that_the_screens_were_drawn_with(self):
        names = {e.name for e in TOWN.gazetteer}

        assert {
            "翠竹苑",
            "青溪里",
            "柳岸小区",
            "石坊新村",
            "桥东家园",
            "滨河步道",
            "南塘路",
            "翠竹03网格",
        } <= names

    def test_facilities_lie_in_the_grid_that_they_name(self):
        grids = {g.code: g.polygon for g in TOWN.grids}

        assert all(ground.inside(grids[f.grid], f.point) for f in TOWN.facilities)


class TestMap:
    def test_is_a_geojson_collection_of_closed_rings_in_degrees(self):
        made = json.loads(json.dumps(feature_collection(TOWN)))
        rings = [
            f["geometry"]["coordinates"][0] for f in made["features"] if f["geometry"]["type"] == "Polygon"
        ]

        assert made["type"] == "FeatureCollection"
        assert all(ring[0] == ring[-1] for ring in rings)
        assert all(115.1 < lng < 115.3 and 30.0 < lat < 30.2 for ring in rings for lng, lat in ring)


def twice_area(ring):
    return sum(a[0] * b[1] - b[0] * a[1] for a, b in zip(ring, ring[1:], strict=False))


def bounds(ring):
    xs, ys = [p[0] for p in ring], [p[1] for p in ring]
    return min(xs), min(ys), max(xs), max(ys)


def within(box, point):
    return box[0] <= point[0] <= box[2] and box[1] <= point[1] <= box[3]

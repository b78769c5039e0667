"""A route is never longer than the order given, and crosses no hard barrier away from a crossing."""

from itertools import permutations

import numpy as np
import pytest
import shapely
from hypothesis import assume, given
from hypothesis import strategies as st

from jishi.kernels.geo.routes import route_for
from jishi.kernels.geo.walking import DETOUR, ON_IT_M, Pass, walks

WALL = shapely.LineString([(0, -500), (0, 500)])
whole = st.integers(-400, 400)
places = st.lists(st.tuples(whole, whole), min_size=1, max_size=12, unique=True)


def crossed(route, barriers, passes):
    """Places where the walked line meets a barrier farther than 15 m from each of its crossings."""
    allowed = shapely.union_all([shapely.Point(p.x, p.y).buffer(ON_IT_M) for p in passes])
    lines = [shapely.LineString(leg) for leg in route.legs if len(leg) > 1]
    return [
        hit for line in lines for barrier in barriers
        if not (hit := shapely.intersection(line, barrier).difference(allowed)).is_empty
    ]  # fmt: skip


@given(places, st.tuples(whole, whole), st.booleans())
def test_is_never_longer_than_the_given_order_and_visits_every_stop_once(stops, start, closed):
    route = route_for(stops, start, closed=closed)

    assert route.length_m <= route.given_m
    assert sorted(route.order) == list(range(len(stops)))
    stations = [start, *(stops[n] for n in route.order), *([start] if closed else [])]
    walked = sum(np.hypot(a[0] - b[0], a[1] - b[1]) for a, b in zip(stations, stations[1:], strict=False)) * DETOUR
    assert route.length_m == pytest.approx(walked, abs=0.02)


@given(places, st.tuples(whole, whole), st.lists(st.integers(-480, 480), max_size=3, unique=True), st.booleans())
def test_never_crosses_a_hard_barrier_away_from_a_crossing(stops, start, gates, closed):
    assume(all(x != 0 for x, _ in (*stops, start)))
    passes = [Pass(3.0, y, 0) for y in gates]

    route = route_for(stops, start, closed=closed, barriers=[WALL], passes=passes)

    assert crossed(route, [WALL], passes) == []
    assert route.length_m <= route.given_m
    assert sorted((*route.order, *route.left_out)) == list(range(len(stops)))


@given(st.lists(st.tuples(whole, whole), min_size=2, max_size=6, unique=True), st.booleans())
def test_short_routes_come_within_a_tenth_of_the_best_order(stops, closed):
    def long(order):
        stations = [(0, 0), *(stops[n] for n in order), *([(0, 0)] if closed else [])]
        return sum(np.hypot(a[0] - b[0], a[1] - b[1]) for a, b in zip(stations, stations[1:], strict=False)) * DETOUR

    best = min(long(p) for p in permutations(range(len(stops))))

    assert route_for(stops, (0, 0), closed=closed).length_m <= 1.1 * best + 0.01


class TestBarriers:
    def test_a_walk_goes_by_the_bridge(self):
        way = walks([(-100, 0), (100, 0)], [WALL], [Pass(0, 100, 0)])

        assert way.path(0, 1) == [(-100.0, 0.0), (0.0, 100.0), (100.0, 0.0)]
        assert way.metres[0, 1] == pytest.approx(2 * np.hypot(100, 100) * DETOUR)

    def test_a_walk_goes_around_the_end_where_that_is_shorter_than_none(self):
        way = walks([(-100, 480), (100, 480)], [WALL])

        assert 200 * DETOUR < way.metres[0, 1] < 260 * DETOUR
        assert max(y for _, y in way.path(0, 1)) > 500

    def test_who_is_walled_in_is_left_out_and_said(self):
        yard = shapely.LineString([(50, 50), (80, 50), (80, 80), (50, 80), (50, 50)])

        route = route_for([(65, 65), (10, 10)], (0, 0), barriers=[yard])

        assert (route.order, route.left_out) == ((1,), (0,))

    def test_a_river_is_crossed_where_its_bridge_is(self):
        river = shapely.box(-20, -500, 20, 500)

        way = walks([(-100, 0), (100, 0)], [river], [Pass(0, 60, 0)])

        assert (0.0, 60.0) in way.path(0, 1)


def test_the_order_does_not_depend_on_chance():
    stops = [(float(x), float(y)) for x, y in np.random.default_rng(7).uniform(-900, 900, (60, 2))]

    assert route_for(stops, (0, 0)) == route_for(list(stops), (0, 0))
    assert route_for(stops, (0, 0)).length_m < 0.4 * route_for(stops, (0, 0)).given_m

"""Walks along ways: barriers cut them, crossings open them; what no way reaches is a straight line, and marked."""

from itertools import pairwise

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from scipy.sparse import coo_array
from scipy.sparse.csgraph import dijkstra

from jishi.kernels.geo import walknet
from jishi.kernels.geo.routes import route_for
from jishi.kernels.geo.walking import DETOUR, Pass
from jishi.kernels.geo.walknet import ACCESS_M, joined, metres_between, open_edges, walks_on


def line(*points):
    return shapely.LineString(points)


# Two long streets, joined at both ends by a lane: a square of 300 m, and a street that stands alone far away.
SQUARE = [line((0, 0), (300, 0)), line((0, 300), (300, 300)), line((0, 0), (0, 300)), line((300, 0), (300, 300))]
ALONE = line((5000, 0), (5100, 0))
RAIL = line((155, -50), (155, 350))  # cuts the two streets that run east


def test_a_walk_goes_along_the_ways_and_not_through_the_block():
    net, found = joined(SQUARE)

    ways = walks_on(net, [(0, 0), (300, 300)])

    assert not found
    assert ways.metres[0, 1] == pytest.approx(600) and not ways.straight[0, 1]
    path = ways.path(0, 1)
    assert path[0] == (0, 0) and path[-1] == (300, 300)
    assert all(a[0] == b[0] or a[1] == b[1] for a, b in pairwise(path))  # along the sides


def test_a_hard_barrier_cuts_the_ways_and_a_crossing_opens_the_one_on_which_it_lies():
    net, _ = joined(SQUARE)
    a, b = (100, 0), (200, 0)

    closed = walks_on(net, [a, b], [RAIL], [])
    north = walks_on(net, [a, b], [RAIL], [Pass(155, 300, 0)])
    south = walks_on(net, [a, b], [RAIL], [Pass(155, 0, 0)])

    assert closed.straight[0, 1]  # no way leads across: around the end of the rail, by straight lines
    assert north.metres[0, 1] == pytest.approx(1100) and not north.straight[0, 1]
    assert south.metres[0, 1] == pytest.approx(100) and not south.straight[0, 1]
    assert open_edges(net, [RAIL], []).sum() == len(net.u) - 2


def test_a_place_does_not_come_to_the_net_across_a_barrier():
    net, _ = joined([line((0, 0), (300, 0)), line((0, -60), (300, -60))])
    wall = line((-500, -20), (800, -20))

    ways = walks_on(net, [(100, -30), (200, -60)], [wall], [])

    assert ways.metres[0, 1] == pytest.approx(30 * DETOUR + 100)  # to the street on its own side


def test_where_no_way_leads_the_straight_line_stands_and_says_so():
    net, found = joined([*SQUARE, ALONE])

    ways = walks_on(net, [(0, 0), (5000, 0), (0, -ACCESS_M - 50)])

    assert [f.code for f in found] == ["piece_apart"] and found[0].size_m2 == 100
    assert ways.straight[0, 1] and ways.metres[0, 1] == pytest.approx(5000 * DETOUR)
    assert ways.straight[0, 2] and ways.metres[0, 2] == pytest.approx((ACCESS_M + 50) * DETOUR)


def test_a_walk_without_steps_takes_no_way_that_has_them():
    net, _ = joined(SQUARE, steps=[True, False, False, False])  # the southern street is a flight of steps

    assert walks_on(net, [(0, 0), (300, 0)]).metres[0, 1] == pytest.approx(300)
    assert walks_on(net, [(0, 0), (300, 0)], step_free=True).metres[0, 1] == pytest.approx(900)


def test_a_river_is_crossed_on_the_bridge_alone():
    river = shapely.box(130, -500, 170, 800)
    net, _ = joined(SQUARE)

    ways = walks_on(net, [(100, 0), (200, 0)], [river], [Pass(150, 300, 0)])

    assert ways.metres[0, 1] == pytest.approx(1100)


class TestJoined:
    def test_an_end_on_another_line_gets_a_joint_and_is_listed(self):
        net, found = joined([line((0, 0), (300, 0)), line((110, 0.3), (110, 200))])

        assert [(f.code, f.proposal) for f in found] == [("joint_missing", "mended")]
        assert walks_on(net, [(0, 0), (110, 200)]).metres[0, 1] == pytest.approx(310, abs=1)

    def test_lines_that_cross_without_a_vertex_stay_apart_and_are_listed(self):
        net, found = joined([line((0, 0), (300, 0)), line((110, -100), (110, 100)), line((0, 0), (0, 50), (110, 100))])

        assert [(f.code, f.place) for f in found] == [("crosses_without_joint", (110, 0))]
        assert walks_on(net, [(110, -100), (110, -20)]).metres[0, 1] == pytest.approx(80)
        assert walks_on(net, [(110, -100), (300, 0)]).metres[0, 1] > 500  # by the lane in the west, not over the edge

    def test_what_is_no_line_is_a_fault_and_what_has_no_length_is_dropped(self):
        _, found = joined([shapely.Point(0, 0), line((0, 0), (0.1, 0)), line((0, np.inf), (1, 1)), *SQUARE])

        assert [(f.code, f.features) for f in found] == [
            ("not_a_line", (0,)), ("no_length", (1,)), ("bad_number", (2,))
        ]  # fmt: skip

    def test_nothing_drawn_is_an_empty_net_on_which_all_is_straight(self):
        net, _ = joined([])

        assert walks_on(net, [(0, 0), (100, 0)]).straight.all()

    @given(st.permutations(range(4)), st.lists(st.booleans(), min_size=4, max_size=4))
    def test_neither_order_nor_direction_of_lines_changes_a_walk(self, order, turned):
        drawn = [shapely.reverse(SQUARE[n]) if turned[n] else SQUARE[n] for n in order]

        assert walks_on(joined(drawn)[0], [(20, 10), (290, 280)]).metres[0, 1] == pytest.approx(
            walks_on(joined(SQUARE)[0], [(20, 10), (290, 280)]).metres[0, 1], abs=1e-9
        )


whole = st.integers(-350, 350)
places = st.lists(st.tuples(whole, whole), min_size=2, max_size=8, unique=True)
lattice = [line((x, -300), (x, 300)) for x in range(-300, 301, 100)]
lattice += [line(*((x, y) for x in range(-300, 301, 100))) for y in range(-300, 301, 100)]


@given(places, st.lists(st.integers(-300, 300), max_size=3, unique=True))
def test_many_pairs_at_once_have_the_metres_of_each_and_no_way_is_shorter_than_the_crow_flies(some, gates):
    net, _ = joined(lattice)
    wall, passes = [line((50, -1000), (50, 1000))], [Pass(50, y, 0) for y in gates]
    pairs = [(a, b) for a in range(len(some)) for b in range(len(some)) if a != b]

    metres, straight = metres_between(net, pairs, np.array(some, np.float64), wall, passes)
    ways = walks_on(net, some, wall, passes)

    for (a, b), far, guess in zip(pairs, metres.tolist(), straight.tolist(), strict=True):
        if not guess:
            assert far == pytest.approx(ways.metres[a, b]) and not ways.straight[a, b]
        assert far >= np.hypot(some[a][0] - some[b][0], some[a][1] - some[b][1]) - 1e-6


@given(places, st.lists(st.integers(-300, 300), max_size=3, unique=True), st.booleans())
def test_a_route_on_the_net_is_not_longer_than_given_and_crosses_no_wall_away_from_a_gate(stops, gates, closed):
    wall, passes = line((50, -1000), (50, 1000)), [Pass(50, y, 0) for y in gates]
    near = shapely.union_all([shapely.Point(50, y).buffer(15) for y in gates])

    route = route_for(stops, (-10, 0), closed=closed, barriers=[wall], passes=passes, net=joined(lattice)[0])

    assert route.length_m <= route.given_m and len(route.straight) == len(route.legs)
    walked = [shapely.LineString(leg) for leg in route.legs if len(leg) > 1]
    assert all(shapely.intersection(way, wall).difference(near).is_empty for way in walked)


def test_points_on_one_spot_are_one_node_and_too_many_beside_each_other_are_refused(monkeypatch):
    zigzag = line(*[(n % 2 * 300.0, 0.0) for n in range(20_001)])  # 10,000 points on each of two spots

    net, _ = joined([zigzag, zigzag])

    assert len(net.x) == 31 and net.x.min() == 0 and net.x.max() == 300
    monkeypatch.setattr(walknet, "MOST_BESIDE", 100)
    with pytest.raises(walknet.TooDense):
        joined([line(*[(n * 0.01, 0.0) for n in range(100)])])


def test_nodes_are_counted_before_they_are_made():
    drawn = [*SQUARE, ALONE, None, line((0, 0), (float("nan"), 0)), line((0, 7), (9999, 7))]

    wanted, longest, metres = walknet.nodes_of(drawn)

    assert (longest, metres) == (7, 9999) and len(joined(drawn)[0].x) <= wanted <= 4 * 30 + 10 + 1000 + 16


def test_many_pieces_are_found_in_one_look_and_the_findings_are_bounded(monkeypatch):
    monkeypatch.setattr(walknet, "MOST_FOUND", 10)

    _, found = joined([*SQUARE, *(line((1000 + n, 0), (1000 + n, 5)) for n in range(50))])

    assert [(f.code, f.place, f.size_m2) for f in found] == [("piece_apart", (1000.0 + n, 0), 5) for n in range(10)]


def test_walks_in_portions_are_the_walks_at_once(monkeypatch):
    net, _ = joined(SQUARE)
    stops = [(0, 0), (300, 300), (20, 10), (290, 280)]
    whole = walks_on(net, stops)

    monkeypatch.setattr(walknet, "_AT_ONCE", 2 * len(whole.ways.kept))
    parts = walks_on(net, stops)

    assert whole.before is not None and parts.before is None  # places × nodes are not held
    assert (parts.metres == whole.metres).all() and parts.path(0, 1) == whole.path(0, 1)
    assert parts.path(3, 2) == whole.path(3, 2)


@given(st.randoms(use_true_random=False))
def test_joining_chains_between_junctions_changes_no_walk(rng):
    """Against a search over every node: lattices with ways missing, loops, dead ends, parallel ways."""
    size = rng.randint(2, 5)
    spots = [(60 * i, 60 * j) for i in range(size) for j in range(size)]
    lines = [line(a, b) for a in spots for b in spots if a < b and abs(a[0] - b[0]) + abs(a[1] - b[1]) == 60
             and rng.random() < 0.7]  # fmt: skip
    lines.append(line((0, 0), (25, -40), (60, 0)))  # a way round, longer than the street beside it
    lines.append(line((0, 0), (-30, -30), (-40, 0), (0, 0)))  # a ring
    net, _ = joined(lines)
    places = [(rng.uniform(0, 240), rng.uniform(0, 240)) for _ in range(6)]

    ways = walks_on(net, places)

    usable = np.ones(len(net.u), bool)
    node, access = walknet.attached(net, usable, np.array(places), [])
    links = coo_array((net.metres, (net.u, net.v)), shape=(len(net.x),) * 2).tocsr()
    for a, b in ((a, b) for a in range(6) for b in range(6) if a != b and not ways.straight[a, b]):
        far = dijkstra(links, directed=False, indices=node[a])[node[b]]
        assert ways.metres[a, b] == pytest.approx(far + access[a] + access[b])
        path = np.array(ways.path(a, b)[1:-1])
        assert np.hypot(*np.diff(path, axis=0).T).sum() == pytest.approx(far, abs=1e-6)
        asked, straight = metres_between(net, [(a, b)], np.array(places))
        assert not straight[0] and asked[0] == pytest.approx(ways.metres[a, b])

"""Compounds as points become ground that touches: barriers part it, heavy ones are groups of buildings."""

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from jishi.kernels.gridplan import Band, Barrier, Crossing, Points, audit, build_graph, plan_grids, refusals

TOWN = shapely.box(0, 0, 1000, 1000)
RIVER = Barrier(shapely.LineString([(500, -10), (500, 1010)]))


def points(households, xy=None, **more) -> Points:
    n = len(households)
    usual = [(250 + 500 * (i % 2), 125 + 250 * (i // 2)) for i in range(n)]
    place = np.array(usual if xy is None else xy, float).reshape(n, 2)
    return Points(np.array([f"c{i}" for i in range(n)]), place[:, 0], place[:, 1], np.array(households), **more)


def pairs(graph, most=1) -> set[tuple[str, str]]:
    keep = np.asarray(graph.edges.barrier) <= most
    ids = graph.units.id
    return {(str(ids[u]), str(ids[v])) for u, v in zip(graph.edges.u[keep], graph.edges.v[keep], strict=True)}


def test_four_points_in_a_square_share_it_and_touch_along_its_middle_lines():
    graph = build_graph(points([300] * 4, [(250, 250), (750, 250), (250, 750), (750, 750)]), TOWN)

    assert np.allclose(graph.units.area, 250_000)
    assert pairs(graph) == {("c0", "c1"), ("c0", "c2"), ("c1", "c3"), ("c2", "c3")}
    assert np.allclose(graph.edges.border, 500, atol=0.1)


class TestBarriers:
    def test_a_river_takes_the_edges_across_it_out_and_a_listed_bridge_lets_one_through(self):
        bridge = Crossing(500, 130)

        without = build_graph(points([300] * 8), TOWN, barriers=[RIVER])
        graph = build_graph(points([300] * 8), TOWN, barriers=[RIVER], crossings=[bridge])

        across = {("c0", "c1"), ("c2", "c3"), ("c4", "c5"), ("c6", "c7")}
        assert not pairs(without) & across
        assert pairs(graph) & across == {("c0", "c1")} and graph.opened == {0: (0, 1)}

    def test_a_bridge_that_is_not_listed_is_offered_by_the_planner(self):
        graph = build_graph(points([280, 220]), TOWN, barriers=[RIVER], crossings=[Crossing(500, 130, listed=False)])

        plan = plan_grids(graph.units, graph.edges)

        assert graph.edges.barrier.tolist() == [3]
        assert (plan.status, plan.relaxations[0].kind) == ("infeasible", "crossing")

    def test_a_wall_that_ends_leaves_a_way_around_its_end(self):
        wall = Barrier(shapely.LineString([(500, 0), (500, 40)]))

        assert ("c0", "c1") in pairs(build_graph(points([300] * 8), TOWN, barriers=[wall]))

    def test_a_soft_one_is_marked_and_keeps_the_edge(self):
        graph = build_graph(points([300, 300]), TOWN, barriers=[Barrier(RIVER.shape, hard=False)])

        assert graph.edges.barrier.tolist() == [1]


class TestCompounds:
    def test_one_too_heavy_is_groups_of_whole_buildings_around_its_point(self):
        graph = build_graph(points([1000, 300], buildings=np.array([7, 3])), TOWN)

        assert graph.units.households.tolist()[:7] == [142, 143, 143, 143, 143, 143, 143]
        assert graph.units.households.sum() == 1300
        assert graph.split == {0: 7} and (graph.atoms[:7] == graph.atoms[0]).all() and graph.atoms[7] == -1
        assert plan_grids(graph.units, graph.edges, atoms=graph.atoms).is_adoptable

    def test_one_building_is_never_parted(self):
        assert build_graph(points([1000, 300]), TOWN).split == {}

    def test_a_cap_above_the_band_keeps_a_compound_whole(self):
        assert build_graph(points([600, 300], buildings=np.array([6, 3])), TOWN, cap=600).split == {}

    def test_a_small_one_goes_with_the_neighbour_it_touches_longest(self):
        graph = build_graph(points([10, 300, 400], [(400, 500), (100, 500), (900, 100)]), TOWN, small=30)

        assert graph.merged == {0: 1} and graph.atoms[0] == graph.atoms[1] >= 0 and graph.atoms[2] == -1

    def test_a_small_one_stays_alone_where_both_would_not_fit_one_grid(self):
        assert build_graph(points([10, 495], [(400, 500), (100, 500)]), TOWN, small=30).merged == {}

    def test_buildings_of_one_compound_stay_one_place(self):
        graph = build_graph(points([100, 100, 300], atoms=np.array([5, 5, -1])), TOWN)

        assert graph.atoms[0] == graph.atoms[1] >= 0 and graph.atoms[2] == -1


class TestGround:
    def test_a_point_beyond_a_coarse_border_is_kept_and_told(self):
        graph = build_graph(points([300, 300], [(500, 500), (1500, 500)]), TOWN)

        assert graph.outside == ((1, 500.0),) and graph.isolated == () and len(graph.edges.u) == 1

    def test_points_beyond_a_coarse_border_touch_each_other_and_do_not_all_hang_on_one_house(self):
        # a street of six, east of where the border was drawn; each alone on the nearest house it fits no grid
        quarter = [(1200 + 80 * i, 500) for i in range(6)]
        graph = build_graph(points([300, 300] + [110] * 6, [(300, 500), (900, 500), *quarter]), TOWN)

        plan = plan_grids(graph.units, graph.edges)

        assert len(graph.outside) == 6 and {("c3", "c4"), ("c4", "c5"), ("c5", "c6"), ("c6", "c7")} <= pairs(graph)
        assert ("c3", "c5") not in pairs(graph)  # one stands between
        assert plan.status == "legal"

    def test_points_at_one_place_get_ground_of_their_own(self):
        graph = build_graph(points([300, 310, 320], [(500, 500)] * 3), TOWN)

        assert graph.spread == (0, 1, 2) and (graph.units.area > 0).all() and len(graph.edges.u) >= 2

    def test_two_communities_touch_along_their_border_but_hard_borders_part_them(self):
        west, east = shapely.box(0, 0, 500, 1000), shapely.box(500, 0, 1000, 1000)

        graph = build_graph(points([300] * 4), {7: west, 8: east})

        assert graph.community.tolist() == [7, 8, 7, 8] and ("c0", "c1") in pairs(graph)

    def test_the_ground_is_divided_without_gap_or_overlap_also_around_a_bend(self):
        bend = shapely.difference(TOWN, shapely.box(100, 100, 900, 1100))

        graph = build_graph(points([300] * 4, [(50, 900), (950, 900), (60, 500), (500, 50)]), bend)

        assert np.isclose(sum(c.area for c in graph.cells), bend.area, rtol=1e-4)
        assert all(c.geom_type == "Polygon" for c in graph.cells)
        assert ("c0", "c1") not in pairs(graph)

    def test_an_islet_without_homes_goes_with_the_nearest(self):
        ground = shapely.union(TOWN, shapely.box(1100, 0, 1200, 100))

        graph = build_graph(points([300] * 2), ground)

        assert np.isclose(graph.units.area.sum(), ground.area) and graph.cells[1].geom_type == "MultiPolygon"

    def test_without_a_border_the_hull_of_the_points_serves(self):
        assert len(build_graph(points([300])).cells) == 1
        assert len(build_graph(points([300] * 6)).edges.u) >= 7


REFUSED = [
    (refusals.NoUnits, {"points": points([])}),
    (refusals.BadUnit, {"points": points([300, 300], [(0, 0), (np.nan, 5)])}),
    (refusals.BadUnit, {"points": points([np.nan, 300])}),
    (refusals.BadUnit, {"points": points([-1, 300])}),
    (refusals.BadUnit, {"points": points([1.5, 300])}),
    (refusals.BadUnit, {"points": points([300, 300], buildings=np.array([1, 0]))}),
    (refusals.BadUnit, {"points": points([300, 300], buildings=np.array([1.0, np.nan]))}),
    (refusals.DuplicateUnit, {"points": Points(np.array(["a", "a"]), [0.0, 90.0], [0.0, 0.0], np.array([300, 300]))}),
    (refusals.NobodyLivesHere, {"points": points([0, 0])}),
    (refusals.LooksLikeDegrees, {"points": points([300, 300], [(120.6, 28.0), (120.7, 28.01)])}),
    (refusals.OutsideGround, {"points": points([300, 300], [(500, 500), (9500, 500)])}),
    (refusals.CommunityWithoutGround, {"points": points([300], community=np.array([9])), "ground": {7: TOWN}}),
    (refusals.BadGround, {"ground": shapely.Polygon()}),
    (refusals.BadGround, {"ground": shapely.Polygon([(0, 0), (9, 9), (9, 0), (0, 9)])}),
    (refusals.BadGround, {"ground": {7: shapely.Point(0, 0)}}),
    (refusals.BadGround, {"barriers": [Barrier(shapely.LineString())]}),
    (refusals.BandMakesNoSense, {"band": Band(500, 300)}),
    (refusals.BadOption, {"small": -1}),
    (refusals.BadOption, {"group": 0}),
    (refusals.BadOption, {"points": points([300], community=np.array([1.5]))}),
]


@pytest.mark.parametrize(("refusal", "changed"), REFUSED)
def test_what_makes_no_sense_is_refused_by_name(refusal, changed):
    told = {"points": points([300, 300]), "ground": TOWN, **changed}

    with pytest.raises(refusal) as no:
        build_graph(told.pop("points"), told.pop("ground"), **told)

    assert type(no.value) is refusal


@settings(max_examples=settings.default.max_examples // 5)
@given(st.integers(0, 2**32 - 1))
def test_the_order_of_rows_changes_nothing_and_every_plan_of_it_is_audited(seed):
    rng = np.random.default_rng(seed)
    n = int(rng.integers(1, 16))
    homes, buildings = rng.integers(0, 900, n), rng.integers(1, 6, n)
    homes[0] += 1
    place = rng.uniform(0, 1000, (n, 2)).round(rng.integers(0, 3))
    turn = rng.permutation(n)
    told = Points(np.arange(n), place[:, 0], place[:, 1], homes, buildings)
    turned = Points(np.arange(n)[turn], place[turn, 0], place[turn, 1], homes[turn], buildings[turn])

    one, other = (build_graph(p, TOWN, barriers=[RIVER], small=40) for p in (told, turned))

    assert np.isclose(one.units.area.sum(), TOWN.area, rtol=1e-3)
    assert one.units.households.sum() == homes.sum()
    assert edges_of(one) == edges_of(other)
    plan = plan_grids(one.units, one.edges, atoms=one.atoms, effort=1)
    assert audit(plan.assignment, plan.problem, plan.exemptions) == plan.faults


def edges_of(graph) -> set[tuple[frozenset[str], int]]:
    ids = graph.units.id.tolist()
    rows = zip(graph.edges.u.tolist(), graph.edges.v.tolist(), graph.edges.barrier.tolist(), strict=True)
    return {(frozenset((ids[u], ids[v])), b) for u, v, b in rows}

"""Nobody walks farther than the limit along the ways, or somebody proves that it cannot be helped (spec 21 H7)."""

import heapq
import math
from dataclasses import replace

import numpy as np
import pytest

from jishi.kernels.gridplan import (
    Desk,
    Walk,
    audit,
    confirms,
    explain,
    plan_grids,
    relaxing,
    replan,
    walk_between,
    walked_by,
    what_if,
)
from jishi.kernels.gridplan.refusals import BadInput
from jishi.kernels.gridplan.values import CLOSED

from . import grounds

RIVER = 1_500.0  # metres around it


def planned(problem, **more):
    rules = {"band": problem.band, "max_walk_m": problem.max_walk_m, "walk": problem.walk, **more}
    return plan_grids(problem.units, problem.edges, **rules)


def naive(n: int, ways: dict[tuple[int, int], float]) -> list[list[float]]:
    """Give the metres between any two of n nodes by the plainest search."""
    near: dict[int, list[tuple[int, float]]] = {i: [] for i in range(n)}
    for (a, b), far in ways.items():
        near[a].append((b, far))
        near[b].append((a, far))
    told = []
    for start in range(n):
        best, waiting = [float("inf")] * n, [(0.0, start)]
        while waiting:
            far, one = heapq.heappop(waiting)
            if far < best[one]:
                best[one] = far
                for other, more in near[one]:
                    heapq.heappush(waiting, (far + more, other))
        told.append(best)
    return told


def table(metres: list[list[float]]) -> Walk:
    """Put what was found into a table; what no way leads to is left to the straight line."""
    n = len(metres)
    pairs = [(a, b) for a in range(n) for b in range(a + 1, n) if metres[a][b] < float("inf")]
    return walk_between(n, pairs, [metres[a][b] for a, b in pairs])


def with_river(problem, x: float, *, limit: float):
    """A river at x without a bridge nearby: who crosses it walks far, though houses on both sides are neighbours."""
    px, py = problem.units.x, problem.units.y
    n = len(px)
    pairs = [(a, b) for a in range(n) for b in range(a + 1, n)]
    far = [1.2 * np.hypot(px[a] - px[b], py[a] - py[b]) + (RIVER if (px[a] < x) != (px[b] < x) else 0.0)
           for a, b in pairs]  # fmt: skip
    return replace(problem, walk=walk_between(n, pairs, far), max_walk_m=limit)


def longest(problem, rows, metres) -> float:
    """Give the smallest greatest walk of some units by the plainest way."""
    x, y, w = problem.units.x, problem.units.y, problem.units.households

    def far(a: int, b: int) -> float:
        way = metres[a][b]
        return way if way < float("inf") else 1.35 * float(np.hypot(x[a] - x[b], y[a] - y[b]))

    return min(max((far(a, b) for b in rows if w[b] > 0), default=0.0) for a in rows)


def a_net(rng, n: int):
    """Draw a ground and a net over its houses: some neighbours joined by winding ways, some houses on none."""
    problem = grounds.planar(rng, n, most=200, zero=0.1, keep=1.0)
    x, y = problem.units.x, problem.units.y
    ways = {(a, b): float(np.hypot(x[a] - x[b], y[a] - y[b]) * rng.uniform(1.0, 3.0))
            for a, b in zip(problem.edges.u.tolist(), problem.edges.v.tolist(), strict=True)
            if rng.random() < 0.6}  # fmt: skip
    metres = naive(n, ways)
    return replace(problem, walk=table(metres)), metres


class TestTheAudit:
    @pytest.mark.parametrize("seed", range(6))
    def test_measures_every_grid_as_a_plain_search_of_the_net_does(self, seed):
        rng = np.random.default_rng(seed)
        problem, metres = a_net(rng, 30)
        grid = rng.integers(0, 4, 30)
        walks = {g: longest(problem, np.flatnonzero(grid == g).tolist(), metres) for g in range(4)}
        limit = float(np.median(list(walks.values()))) - 0.5

        found = audit(grid, replace(problem, max_walk_m=limit))

        told = {f.grid: f.number for f in found if f.rule == "H7"}
        expected = {g: max(round(far), math.floor(limit) + 1) for g, far in walks.items() if far > limit}
        assert told == expected and 0 < len(told) < 4

    def test_says_of_each_grid_whether_ways_or_straight_lines_were_measured(self):
        path = grounds.path([100] * 6, walk=walk_between(6, [(0, 1), (2, 3)], [300.0, 150.0]))

        assert walked_by(path, np.array([0, 0, 1, 1, 2, 2])) == {0: "ways", 1: "ways", 2: "straight"}
        assert walked_by(path, np.array([0, 0, 1, 1, 1, 0])) == {0: "partly", 1: "partly"}
        assert walked_by(replace(path, walk=None), np.zeros(6, np.int64)) == {0: "straight"}


class TestARiver:
    def test_that_the_straight_line_does_not_see_parts_the_grids(self):
        town = with_river(grounds.lattice(4, 6, 100), 250.0, limit=500.0)
        bare = replace(town, walk=None)

        blind, plan = planned(bare), planned(town)

        assert blind.status == "legal" and {f.rule for f in audit(blind.assignment, town)} <= {"H7"}
        assert plan.status == "legal" and audit(plan.assignment, town) == ()
        west = town.units.x < 250
        assert not set(plan.assignment[west].tolist()) & set(plan.assignment[~west].tolist())
        assert plan.used["walks"] == "ways" and "walks" not in blind.used
        assert max(s.max_walk_m for s in plan.grids) <= 500

    def test_that_leaves_too_few_households_on_one_bank_is_proved_to_be_too_far(self):
        pair = with_river(grounds.path([200, 200, 400]), 50.0, limit=500.0)

        plan = planned(pair)

        assert plan.status == "infeasible"
        assert [c.kind for c in plan.certificates] == ["homeless"] and "500 m" in plan.certificates[0].sentence
        assert all(confirms(c, pair) for c in plan.certificates)
        assert not any(confirms(c, replace(pair, walk=None)) for c in plan.certificates)

    def test_is_kept_to_on_ground_that_is_searched_and_not_enumerated(self):
        town = grounds.planar(np.random.default_rng(7), 240, most=90, zero=0.0, keep=1.0)
        town = with_river(town, float(np.median(town.units.x)), limit=1_200.0)

        blind, plan = planned(replace(town, walk=None)), planned(town)

        assert any(f.rule == "H7" for f in audit(blind.assignment, town))
        assert plan.status == "legal" and audit(plan.assignment, town) == ()


class TestEveryDivision:
    @pytest.mark.parametrize("seed", range(12))
    def test_of_ten_houses_tried_agrees_with_the_planner_and_its_proofs(self, seed):
        rng = np.random.default_rng(100 + seed)
        problem, metres = a_net(rng, 10)
        problem = replace(problem, band=type(problem.band)(200, 420), max_walk_m=float(rng.uniform(150, 450)))
        fits = [one for one in grounds.partitions(problem)
                if all(longest(problem, list(g), metres) <= problem.max_walk_m for g in one)]  # fmt: skip

        plan = planned(problem)

        assert plan.is_adoptable == bool(fits)
        assert all(confirms(c, problem) for c in plan.certificates)
        assert plan.is_adoptable or plan.certificates


class TestTheSamePlan:
    def test_comes_out_with_any_order_of_rows_and_number_of_threads(self):
        town = grounds.planar(np.random.default_rng(7), 120, most=90, zero=0.1, keep=1.0)
        town = with_river(town, float(np.median(town.units.x)), limit=1_000.0)
        turn = np.random.default_rng(1).permutation(120)
        back = np.argsort(turn)
        units = type(town.units)(*(np.asarray(c)[turn] for c in (town.units.id, town.units.x, town.units.y,
                                                                 town.units.households)))  # fmt: skip
        edges = replace(town.edges, u=back[town.edges.u], v=back[town.edges.v])
        of = np.repeat(np.arange(120), np.diff(town.walk.indptr))
        once = of < town.walk.indices
        pairs = np.stack([back[of[once]], back[town.walk.indices[once]]], axis=1)
        turned = replace(town, units=units, edges=edges, walk=walk_between(120, pairs, town.walk.metres[once]))

        first, second = planned(town), planned(turned, threads=4)

        assert (second.assignment == first.assignment[turn]).all()
        assert first.used["input"] == second.used["input"]


class TestQuestions:
    def test_measure_along_the_ways_and_name_who_would_walk_too_far(self):
        town = with_river(grounds.lattice(2, 8, 100), 350.0, limit=500.0)
        plan = planned(town)
        at = int(np.flatnonzero(town.units.x == 300)[0])
        across = int(plan.assignment[np.flatnonzero(town.units.x == 400)[0]])

        tried = what_if(plan, {at: across})
        straight = what_if(replace(plan, problem=replace(plan.problem, walk=None)), {at: across})

        assert not tried.legal and "H7" not in {f.rule for f in straight.faults}
        after = plan.assignment.copy()
        after[at] = across
        (far,) = [f.number for f in audit(after, town) if f.rule == "H7"]
        assert [f.number for f in tried.faults if f.rule == "H7"] == [far]
        assert next(s for s in tried.grids if s.grid == across).max_walk_m == pytest.approx(far, abs=1.0)
        (because,) = [o for o in explain(plan, at).others if o.grid == across]
        assert f"H7:walk_too_far:{across}" in because.breaks and f"{far} m" in because.sentence
        assert because.household_km > 1

    def test_of_the_same_move_there_and_back_cost_nothing(self):
        town = with_river(grounds.lattice(2, 8, 100), 350.0, limit=500.0)
        plan, desk = planned(town), None
        desk = Desk(plan)
        there, back = int(plan.assignment[0]), int(plan.assignment[-1])

        first = what_if(plan, {0: back}, desk)
        second = what_if(plan, {0: there}, desk)

        assert first.delta + second.delta == pytest.approx(0.0) and second.legal


class TestBadWalks:
    @pytest.mark.parametrize("walk", [
        Walk(np.array([0, 1]), np.array([1]), np.array([5.0])),
        Walk(np.array([0, 1, 1, 1]), np.array([1]), np.array([5.0])),
        Walk(np.array([0, 1, 2, 2]), np.array([1, 0]), np.array([5.0, 6.0])),
        Walk(np.array([0, 1, 2, 2]), np.array([1, 0]), np.array([np.inf, np.inf])),
        Walk(np.array([0, 1, 2, 2]), np.array([7, 0]), np.array([5.0, 5.0])),
        Walk(np.array([0, 2, 3, 4]), np.array([2, 1, 0, 0]), np.array([5.0, 5.0, 5.0, 5.0])),
    ])  # fmt: skip
    def test_are_refused_by_name(self, walk):
        path = grounds.path([200, 200, 200], walk=walk)

        with pytest.raises(BadInput) as no:
            planned(path)
        assert no.value.code == "bad_walk"

    @pytest.mark.parametrize("limit", [0.0, -5.0, float("nan")])
    def test_a_limit_that_is_none_is_refused(self, limit):
        with pytest.raises(BadInput) as no:
            planned(grounds.path([200, 200], max_walk_m=limit))
        assert no.value.code == "bad_option"


class TestTheCheapestWayOut:
    @pytest.mark.parametrize("seed", range(12))
    def test_names_the_shortest_walk_that_would_do_and_no_metre_less_does(self, seed):
        rng = np.random.default_rng(300 + seed)
        problem, metres = a_net(rng, 10)
        problem = replace(problem, band=type(problem.band)(200, 420), max_walk_m=60.0)
        walks = [max(longest(problem, list(g), metres) for g in one) for one in grounds.partitions(problem)]

        told = [r for r in planned(problem).relaxations if r.kind == "walk"]

        assert [r.walk_m for r in told] == ([math.ceil(min(walks))] if walks else [])
        for one in told:
            assert planned(replace(problem, max_walk_m=float(one.walk_m))).is_adoptable
            assert not planned(replace(problem, max_walk_m=one.walk_m - 1.0)).is_adoptable
            assert one.price == math.ceil((one.walk_m - 60) / 0.6 - 1e-9) and f"{one.walk_m} m" in one.sentence

    @pytest.mark.parametrize("seed", range(8))
    def test_of_two_limits_that_bind_together_is_the_least_of_all_divisions_and_says_that_nothing_less_would_do(
        self, seed
    ):
        problem, metres = a_net(np.random.default_rng(700 + seed), 8)
        problem, w = replace(problem, band=type(problem.band)(300, 330), max_walk_m=120.0), problem.units.households
        every = grounds.partitions(replace(problem, band=type(problem.band)(0, int(w.sum()))))
        least = min(
            sum(relaxing.price_of(int(w[list(g)].sum()), 300, 330) for g in one)
            + max(0.0, relaxing.walk_price(math.ceil(max(longest(problem, list(g), metres) for g in one)), 120.0))
            for one in every
        )

        plan = planned(problem)
        first = plan.relaxations[0]

        assert plan.status == "infeasible" and first.price == least
        if first.kind == "both":
            assert first.at_least == least and "nothing less would do" in first.sentence
            homes = [int(w[list(g)].sum()) for g in first.grids]
            wide = type(problem.band)(min(300, *homes), max(330, *homes))
            assert planned(replace(problem, band=wide, max_walk_m=float(first.walk_m))).is_adoptable

    def test_is_two_changes_where_together_they_cost_less_than_any_alone(self):
        pair = grounds.path([340, 250, 150], barrier=[0, CLOSED], max_walk_m=130.0)

        first = planned(pair).relaxations[0]

        assert (first.kind, [p.kind for p in first.parts], first.walk_m) == ("pair", ["crossing", "walk"], 143)
        assert first.price == sum(p.price for p in first.parts) == 3 + 10
        opened = replace(pair, edges=replace(pair.edges, barrier=np.array([0, 0])))
        assert planned(replace(opened, max_walk_m=143.0)).is_adoptable and not planned(opened).is_adoptable

    def test_is_found_on_ground_that_is_searched_as_well(self):
        town = grounds.planar(np.random.default_rng(7), 120, most=90, zero=0.0, keep=1.0)
        town = with_river(town, float(np.median(town.units.x)), limit=200.0)

        plan = planned(town)
        told = [r for r in plan.relaxations if r.kind == "walk"]

        assert not plan.is_adoptable and len(told) == 1
        assert planned(replace(town, max_walk_m=float(told[0].walk_m))).is_adoptable

    def test_of_the_band_never_breaks_the_limit(self):
        pair = with_river(grounds.path([200, 200, 400]), 50.0, limit=500.0)

        (band,) = [r for r in planned(pair).relaxations if r.kind == "band"]

        grid = np.zeros(3, np.int64)
        for number, rows in enumerate(band.grids):
            grid[list(rows)] = number
        assert {f.rule for f in audit(grid, pair)} == {"H4"}


class TestAPlanInForce:
    @pytest.mark.parametrize("with_new", [False, True])
    def test_in_which_somebody_walks_too_far_is_changed_and_says_so(self, with_new):
        town = with_river(grounds.lattice(4, 6, 100), 250.0, limit=500.0)
        column, row = np.arange(24) % 6, np.arange(24) // 6
        before = np.where(column == 0, 0, np.where(column == 5, 1, 2 + row))
        far = {f.grid for f in audit(before, town)}
        assert far == {2, 3, 4, 5}
        if with_new:
            before[0] = -1

        again = replan(replace(town, previous=before))

        assert again.status == "legal" and audit(again.assignment, town) == ()
        assert {m.reason for m in again.moves if m.before in far} == {"too_far"}

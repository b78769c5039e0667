"""Grounds that are no map: trees, stars, caterpillars, a few places that hold everything. Decided, not searched for."""

from dataclasses import replace

import numpy as np
import pytest

from jishi.kernels.gridplan import (
    Band,
    Certificate,
    audit,
    confirms,
    contract,
    cut_heavy,
    hanging,
    plan_grids,
    solving,
)
from jishi.kernels.gridplan.planning import watched
from jishi.kernels.gridplan.problem import check
from jishi.kernels.gridplan.searching import Search
from jishi.kernels.gridplan.tests import grounds


def planned(problem, **more):
    fields = {k: v for k, v in vars(problem).items() if k not in ("units", "edges")}
    return plan_grids(problem.units, problem.edges, **{**fields, **more})


def banded(w, pairs, k, wide, rng, **more):
    """Give a ground whose band is so wide around the mean of k grids."""
    mean = sum(w) / k
    band = (int(np.ceil(mean * (1 - wide))), int(mean * (1 + wide)))
    return grounds.ground(w, pairs, band=band, xy=rng.uniform(0, 100 * len(w) ** 0.5, (len(w), 2)), **more)


def tree(rng, n, k, wide, **more):
    w = rng.integers(20, 90, n).tolist()
    return banded(w, [(int(rng.integers(0, i)), i) for i in range(1, n)], k, wide, rng, **more)


def caterpillar(rng, n, k, wide, **more):
    spine = n // 3
    legs = [(int(rng.integers(0, spine)), i) for i in range(spine, n)]
    w = rng.integers(20, 90, n).tolist()
    return banded(w, [*((i, i + 1) for i in range(spine - 1)), *legs], k, wide, rng, **more)


def held_by(hubs, n, k, wide, rng, **more):
    """Give n units, all but the first few of which touch just those."""
    w = rng.integers(20, 90, n).tolist()
    return banded(w, [(h, i) for i in range(hubs, n) for h in range(hubs)], k, wide, rng, **more)


def dead(problem):
    ground = contract.build(check(problem))
    return hanging.dead(ground, solving.divide(ground))


class TestATree:
    @pytest.mark.parametrize("count", [None, 3])
    def test_has_a_plan_exactly_if_one_of_all_divisions_is_one(self, count):
        rng, seen = np.random.default_rng(3), set()
        for _ in range(60):
            n = int(rng.integers(3, 11))
            problem = tree(rng, n, 3, float(rng.choice([0.15, 0.3])), count=count)
            if problem.band.lo > problem.band.hi or max(problem.units.households) > problem.band.hi:
                continue
            every = [p for p in grounds.partitions(problem) if count is None or len(p) == count]
            ground = contract.build(check(problem))
            pieces = solving.divide(ground)

            told, grids = hanging.dead(ground, pieces), hanging.arranged(ground, pieces, 0)

            assert bool(every) == (not told and pieces[0].fits) == (grids is not None)
            assert grids is None or not audit(grids[ground.atom_of], problem)
            seen.add(bool(every))
        assert seen == {True, False}

    @pytest.mark.parametrize("draw", [tree, caterpillar])
    @pytest.mark.parametrize("n", [60, 150])
    def test_is_never_left_unknown(self, draw, n):
        for seed, wide in ((0, 0.1), (1, 0.25)):
            problem = draw(np.random.default_rng(seed), n, 8, wide)

            plan = planned(problem, effort=5, count=8)

            assert plan.status in ("legal", "infeasible")
            assert all(confirms(c, plan.problem) for c in plan.certificates)

    def test_of_which_the_search_missed_the_plan_gets_it(self):
        problem = caterpillar(np.random.default_rng(5), 90, 6, 0.4)
        ground = contract.build(check(problem))
        pieces = solving.divide(ground)
        lost = np.zeros(ground.size, np.int64)

        found = hanging.untangle(ground, pieces, lost, Search(problem.weights, 5, 0, 1, watched(None, None, None)))

        assert audit(lost[ground.atom_of], problem) and not audit(found[ground.atom_of], problem)

    def test_of_people_by_the_thousand_is_left_to_the_search_when_sums_grow_too_many(self, monkeypatch):
        monkeypatch.setattr(hanging, "MOST_WORK", 10)

        assert dead(tree(np.random.default_rng(1), 60, 8, 0.1)) == {}


class TestWhatHangs:
    def test_on_a_map_by_one_place_and_fits_no_grid_proves_that_nothing_does(self):
        # nine buildings of 100 in a lattice, and on one of them a row of 200, 450, 200
        lattice = grounds.lattice(3, 3, 100)
        pairs = [*zip(lattice.edges.u.tolist(), lattice.edges.v.tolist(), strict=True), (8, 9), (9, 10), (10, 11)]
        problem = grounds.ground([100] * 9 + [200, 450, 200], pairs)

        plan = planned(problem)

        assert dead(problem) and plan.status == "infeasible" and all(confirms(c, problem) for c in plan.certificates)

    def test_is_proved_only_where_no_division_of_all_is_legal(self):
        rng, proved = np.random.default_rng(8), 0
        for _ in range(40):
            core = grounds.planar(rng, 5, most=120, zero=0.0, keep=1.0)
            pairs = [*zip(core.edges.u.tolist(), core.edges.v.tolist(), strict=True)]
            pairs += [(int(rng.integers(0, i)), i) for i in range(5, 10)]
            w = rng.integers(60, 260, 10).tolist()
            problem = grounds.ground(w, pairs)

            told = dead(problem)

            proved += bool(told)
            assert not told or not next(grounds.partitions(problem), None)
        assert proved


class TestAFewPlaces:
    @pytest.mark.parametrize("count", [4, None])
    def test_that_everything_else_touches_alone_prove_that_more_grids_than_they_are_not_to_be_had(self, count):
        problem = held_by(3, 60, 4, 0.1, np.random.default_rng(2), count=count)

        plan = planned(problem)

        assert (plan.status, [c.kind for c in plan.certificates]) == ("infeasible", ["cut"])
        assert len(plan.certificates[0].evidence["hubs"]) == 3 and confirms(plan.certificates[0], problem)

    def test_are_named_without_those_that_are_not_needed(self):
        # forty pairs of 60 and 60 touch the second place alone; the first has many neighbours, but they are grids
        around = [(0, i) for i in range(2, 102)] + [(i, i + 1) for i in range(2, 101)]
        pairs = [(a, b) for i in range(102, 182, 2) for a, b in ((1, i), (1, i + 1), (i, i + 1))]
        problem = grounds.ground([10, 10] + [400] * 100 + [60] * 80, [*around, *pairs, (0, 1)])

        (told,) = dead(problem).values()

        names = contract.build(check(problem)).members
        assert [int(names[1][names[0][hub]]) for hub in told.hubs] == [1]


class TestANumberOfGridsAskedFor:
    def test_that_a_branch_exceeds_proves_nothing_of_the_branch_alone(self):
        # four leaves of 10 on 11, and a tail of 2 and 3 on that: five grids of 10 to 20, never three
        pairs = [(0, 4), (1, 4), (2, 4), (3, 4), (4, 5), (5, 6)]
        problem = grounds.ground([10, 10, 10, 10, 11, 2, 3], pairs, band=(10, 20))
        asked = replace(problem, count=3)

        (told,) = dead(asked).values()
        plan = planned(asked)

        assert (told.atoms.tolist(), told.count) == ([0, 1, 2, 3, 4, 5, 6], 3) and not dead(problem)
        assert plan.status == "infeasible" and all(confirms(c, asked) for c in plan.certificates)
        assert planned(problem).status == planned(problem, count=5).status == "legal"

    def test_of_a_tree_is_denied_only_by_what_a_stranger_confirms_and_all_divisions_show(self):
        rng, seen = np.random.default_rng(11), set()
        for _ in range(60):
            n, count = int(rng.integers(7, 11)), int(rng.integers(2, 5))
            k, w = int(rng.integers(3, 7)), rng.integers(60, 90, n).tolist()
            pairs = [(int(rng.integers(max(0, i - 4), i)), i) for i in range(1, n)]  # deep: branches have branches
            problem = banded(w, pairs, k, 0.5, rng, count=count)
            every = [len(p) for p in grounds.partitions(problem)]

            told = list(dead(problem).values())
            plan = planned(problem, effort=1)

            assert all(confirms(c, problem) for c in plan.certificates)
            assert not plan.certificates or count not in every
            assert not every or all(one.count == count and len(one.atoms) == n for one in told)
            assert (plan.status == "legal") <= (count in every)
            seen.update((bool(every), one.count is not None) for one in told)
        assert seen >= {(True, True), (False, False)}

    def test_of_several_trees_is_not_changed_by_dividing_one_of_them_anew(self):
        # a path that could be two grids or three, beside one that is two: nobody said which has how many
        w, pairs = [150, 150, 150, 150, 150, 150, 300, 300], [*((i, i + 1) for i in range(5)), (6, 7)]
        problem = grounds.ground(w, pairs, band=(300, 500), count=5)
        part = np.array([0, 1, 1, 1, 2, 2, 3, 4])

        def untangled(count):
            ground = contract.build(check(replace(problem, count=count)))
            search = Search(problem.weights, 5, 0, 1, watched(None, None, None))
            return hanging.untangle(ground, solving.divide(ground), part, search)

        assert len(set(untangled(None).tolist())) != 5
        assert untangled(5).tolist() == part.tolist()

    @pytest.mark.parametrize("at", [72, 83])
    def test_is_kept_while_a_ground_with_heavy_pieces_of_one_unit_is_mended(self, at):
        # 99 units of 15 and one of 900 in four pieces that touch each other: eight grids of 269 to 327
        lattice = grounds.lattice(10, 10, [900 if i == at else 15 for i in range(100)])
        units, edges, _ = cut_heavy(lattice.units, lattice.edges, above=327, target=298)

        plan = plan_grids(units, edges, band=Band(269, 327), count=8)

        assert (plan.status, len(plan.grids)) == ("legal", 8)


class TestAStranger:
    """Each lie differs from a true certificate in one thing."""

    def test_does_not_confirm_a_tree_that_can_be_divided(self):
        path = grounds.path([250, 200, 300, 100])

        assert not confirms(Certificate("cut", (0, 1, 2, 3), 850, "", {"at": 0}), path)
        assert not confirms(Certificate("cut", (0, 1, 2, 3), 850, "", {"at": 0, "count": 3}), path)
        assert confirms(Certificate("cut", (0, 1, 2), 840, "", {"at": 0}), grounds.path([280, 280, 280]))

    def test_does_not_confirm_branches_that_touch_something_else(self):
        problem = grounds.path([280, 280, 280, 220])

        assert not confirms(Certificate("cut", (0, 1, 2), 840, "", {"at": 0}), problem)

    def test_does_not_confirm_what_is_no_tree(self):
        ring = grounds.ring([280, 280, 280])

        assert not confirms(Certificate("cut", (0, 1, 2), 840, "", {"at": 0}), ring)

    def test_does_not_confirm_a_number_of_grids_that_nobody_asked_for(self):
        star = grounds.star(300, [300, 300])
        told = Certificate("cut", (0, 1, 2), 900, "", {"at": 0, "count": 2})

        assert not confirms(told, star)
        assert not confirms(told, replace(star, count=3))
        assert confirms(told, replace(star, count=2))

    def test_does_not_confirm_places_that_could_hold_everything(self):
        problem = held_by(3, 60, 3, 0.25, np.random.default_rng(2))
        units, homes = tuple(range(60)), int(problem.units.households.sum())

        assert not confirms(Certificate("cut", units, homes, "", {"hubs": (0, 1, 2)}), problem)
        assert not confirms(Certificate("cut", units, homes, "", {"hubs": tuple(range(57))}), problem)

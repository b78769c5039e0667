"""Compounds that stay whole, and those that are split: what is proved of them, and what holds them together."""

from dataclasses import replace

import numpy as np
import pytest

from jishi.kernels.gridplan import Exempt, audit, confirms, plan_grids
from jishi.kernels.gridplan.proving import TooLong
from jishi.kernels.gridplan.tests import grounds
from jishi.kernels.gridplan.values import model_hash


def planned(problem, **more):
    fields = {k: v for k, v in vars(problem).items() if k not in ("units", "edges")}
    return plan_grids(problem.units, problem.edges, **{**fields, **more})


def town(seed: int, **more):
    """Draw a community of 180 buildings in a dozen compounds, some of them above the band."""
    rng = np.random.default_rng(seed)
    problem = grounds.planar(rng, 180, most=50, zero=0.0, keep=0.97)
    middles = rng.choice(180, 13, replace=False)
    x, y = problem.units.x, problem.units.y
    atoms = np.argmin((x[:, None] - x[middles]) ** 2 + (y[:, None] - y[middles]) ** 2, axis=1)
    fields = {**vars(problem), "atoms": atoms, **more}
    return type(problem)(**fields)


class TestWhole:
    @pytest.mark.parametrize("seed", range(6))
    def test_every_plan_is_legal_or_its_certificate_is_confirmed_by_a_stranger(self, seed):
        problem = town(seed)

        plan = planned(problem, effort=10)

        assert plan.status in ("legal", "infeasible")
        assert plan.faults == audit(plan.assignment, problem, plan.exemptions)
        assert all(confirms(c, problem) for c in plan.certificates)
        assert plan.status == "legal" or plan.relaxations

    @pytest.mark.parametrize("seed", range(3))
    def test_pieces_of_a_split_compound_hang_together_in_each_grid(self, seed):
        plan = planned(town(seed), effort=10)

        assert not [f for f in plan.faults if f.rule != "H4"]

    def test_the_same_plan_comes_out_with_any_number_of_threads(self):
        one, sixteen = (planned(town(1), effort=10, threads=t).assignment for t in (1, 16))

        assert (one == sixteen).all()


class TestCounts:
    @pytest.mark.parametrize("rule", ["whole", "own_grid"])
    def test_what_is_too_big_is_one_building_and_not_the_part_it_was_cut_into(self, rule):
        # houses without homes lie in one part with the tower, but could be parted from it
        problem = grounds.path([0, 612, 0, 0, 400], atoms=np.array([9] * 4 + [1]), compounds=rule,
                               exempt=Exempt(oversize_alone=False))  # fmt: skip

        certificates = planned(problem).certificates

        assert ("too_big", (1,)) in [(c.kind, c.units) for c in certificates]
        assert all(confirms(c, problem) for c in certificates)


class TestOwnGrid:
    """Compounds inside the band are grids of their own; the parts of one above the cap are not."""

    # three of 280 in a row, each at another of six buildings of 150
    PAIRS = [(i, i + 1) for i in range(5)] + [(6, 7), (7, 8), (6, 0), (7, 1), (8, 5)]
    PLACES = [(100.0 * i, 0.0) for i in range(6)] + [(0.0, 100.0), (100.0, 100.0), (500.0, 100.0)]
    GROUND = grounds.ground(
        [150] * 6 + [280] * 3, PAIRS, xy=PLACES, atoms=np.array([9] * 6 + [1, 2, 3]), compounds="own_grid"
    )

    def test_neighbours_of_a_compound_above_the_cap_find_their_home_in_it(self):
        legal = np.array([0, 1, 2, 2, 2, 3, 0, 1, 3])
        assert audit(legal, self.GROUND) == ()

        plan = planned(self.GROUND)

        assert (plan.status, plan.certificates) == ("legal", ())

    @pytest.mark.parametrize("seed", range(4))
    @pytest.mark.parametrize("homes", [(100, 280), (160, 290), (290, 250)])
    def test_whatever_is_certified_is_confirmed_by_a_stranger(self, homes, seed):
        rng = np.random.default_rng(seed)
        w = [int(rng.integers(most // 2, most + 1)) for most in [homes[0]] * 6 + [homes[1]] * 3]
        problem = grounds.ground(w, self.PAIRS, xy=self.PLACES, atoms=self.GROUND.atoms, compounds="own_grid")

        plan = planned(problem, effort=10)

        assert all(confirms(c, problem) for c in plan.certificates)
        assert plan.status != "infeasible" or plan.certificates


class TestCore:
    def test_three_that_want_the_same_neighbour_are_proved_and_confirmed(self):
        # 188, 237 and 260 touch each other, everything else around them is too heavy to share a grid with
        problem = grounds.ground(
            [188, 237, 260, 450, 450], [(0, 1), (0, 2), (1, 2), (0, 3), (1, 3), (2, 4), (3, 4)],
            atoms=np.arange(5),
        )  # fmt: skip

        plan = planned(problem)

        assert plan.status == "infeasible"
        assert all(confirms(c, problem) for c in plan.certificates)

    def test_a_core_that_can_be_covered_is_not_confirmed(self):
        from jishi.kernels.gridplan import Certificate

        problem = grounds.path([200, 200, 400])
        lying = Certificate("packing", (0, 1), 400, "", {"core": 2})

        assert not confirms(lying, problem)


class TestManyAtoms:
    """Five and twenty of them: a hub with four leaves and twenty that stand alone; more than a stranger replays."""

    GROUND = grounds.ground(
        [100] + [260] * 4 + [450] * 20,
        [(0, i) for i in range(1, 6)] + [(1, 2), (3, 4)] + [(i, i + 1) for i in range(5, 24)],
    )

    def test_come_with_a_solvers_proof_and_the_hash_of_the_model_it_was_asked(self):
        (proof,) = planned(self.GROUND).certificates

        sets = [(0, i) for i in range(1, 5)] + [(i,) for i in range(5, 25)]
        assert (proof.kind, proof.solver_proof) == ("packing", True)
        assert proof.evidence["model"] == model_hash(sets)

    def test_of_such_a_proof_a_stranger_says_that_it_was_not_replayed_and_of_another_model_that_it_is_false(self):
        (proof,) = planned(self.GROUND).certificates

        with pytest.raises(TooLong):
            confirms(proof, self.GROUND)
        assert not confirms(replace(proof, evidence={**proof.evidence, "model": "0" * 64}), self.GROUND)


class TestCut:
    def test_what_hangs_on_one_place_and_fits_no_number_of_grids_is_proved_and_confirmed(self):
        # eleven buildings of 48 hang on a place of 479: 528 less the 21 beside it are one grid too much
        pairs = [(i, i + 1) for i in range(13)]
        problem = grounds.ground([48] * 11 + [479, 400, 400], pairs, atoms=np.array([7] * 11 + [8, 9, 10]))

        plan = planned(problem)

        assert plan.status == "infeasible" and plan.certificates[0].kind == "cut"
        assert all(confirms(c, problem) for c in plan.certificates)

    def test_a_cut_with_room_beside_it_is_not_confirmed(self):
        from jishi.kernels.gridplan import Certificate

        problem = grounds.path([200, 250, 400])
        lying = Certificate("cut", (0,), 200, "", {"by": 1})

        assert not confirms(lying, problem)


class TestBound:
    def test_a_small_ground_comes_with_the_proof_that_nothing_is_better(self):
        assert planned(grounds.lattice(5, 6, 110)).bound == 0.0

    def test_a_piece_that_was_left_as_it_is_in_force_comes_without_that_proof(self):
        lattice = grounds.lattice(3, 4, 100, previous=np.arange(12) // 4)  # rows; squares would be shorter walks

        plan = planned(lattice, change_price=10.0)

        assert (plan.status, plan.used["kept_pieces"], plan.bound) == ("legal", 1, None)
        assert (plan.assignment == lattice.previous).all()

    @pytest.mark.parametrize("seed", range(6))
    def test_the_cheapest_cover_is_the_solvers_own(self, seed):
        from jishi.kernels.gridplan import contract, covering
        from jishi.kernels.gridplan.problem import check

        rng = np.random.default_rng(seed)
        ground = contract.build(check(grounds.planar(rng, 10, most=250, keep=1.0)))
        near = covering.bits(ground.indptr, ground.indices, np.arange(10))
        sets = covering.fitting(near, ground.w.tolist(), 300, 500, most=30_000)
        costs = rng.uniform(0.5, 1.5, len(sets))

        found = covering.best_cover(10, sets, costs)
        told = covering._solved(sets, costs, (covering.matrix(10, sets).T, np.ones(10)), 2_000)

        assert len(sets) <= covering.MOST_COLUMNS
        assert (found.sets is None) == (told.sets is None)
        assert found.sets is None or found.cost == pytest.approx(told.cost)

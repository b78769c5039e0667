"""Compounds that stay whole, and those that are split: what is proved of them, and what holds them together."""

import numpy as np
import pytest

from jishi.kernels.gridplan import audit, confirms, plan_grids
from jishi.kernels.gridplan.tests import grounds


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

"""Short borders, where a town weighs the shape of its grids above the walk (spec 21 §15, G3)."""

import numpy as np

from jishi.kernels.gridplan import Plan, Weights, plan_grids

from .grounds import planar

SHAPED = Weights(walk=0.1, shape=1.0)


def a_plan(seed: int, weights: Weights | None = None) -> Plan:
    ground = planar(np.random.default_rng(seed), 500, keep=1.0)
    return plan_grids(ground.units, ground.edges, band=ground.band, weights=weights)


class TestShapeWeightedUp:
    def test_cuts_less_than_a_search_led_by_the_square_of_the_border_could(self):
        plans = [a_plan(seed, SHAPED) for seed in range(4)]

        assert {plan.status for plan in plans} == {"legal"}
        assert np.mean([plan.metrics["cut"] for plan in plans]) <= 0.36  # led by the square: 0.367

    def test_shortens_the_border_and_rounds_the_grids_of_the_plan_for_short_walks(self):
        near, round_ = a_plan(0), a_plan(0, SHAPED)

        assert round_.metrics["cut"] < 0.9 * near.metrics["cut"]
        assert round_.metrics["shape"] < near.metrics["shape"]

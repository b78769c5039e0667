"""Large ground is walked along the ways too: never worse than a search by straight lines, most often much nearer."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jishi.kernels.gridplan import Soft, audit, pacing, plan_grids, replan
from jishi.kernels.gridplan.tests import grounds
from jishi.kernels.gridplan.tests.test_walking import naive, table


def a_net(seed: int, n: int, **more):
    """A planar ground with winding ways between most neighbours; some houses stand on none."""
    rng = np.random.default_rng(seed)
    town = grounds.planar(rng, n, most=90, zero=0.1, keep=1.0, **more)
    x, y = town.units.x, town.units.y
    pairs = [one for one in zip(town.edges.u.tolist(), town.edges.v.tolist(), strict=True) if rng.random() < 0.7]
    ways = {(a, b): float(np.hypot(x[a] - x[b], y[a] - y[b]) * rng.uniform(1, 3)) for a, b in pairs}
    return replace(town, walk=table(naive(n, ways)))


def planned(town, **more):
    rules = {"band": town.band, "walk": town.walk, "atoms": town.atoms, "max_walk_m": town.max_walk_m,
             "workloads": town.workloads, **more}  # fmt: skip
    return plan_grids(town.units, town.edges, **rules)


def by_lines(town, **more):
    """The plan that is led by straight lines alone."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pacing, "paced", lambda division, search: division[2])
        return planned(town, **more)


@settings(max_examples=10)
@given(seed=st.integers(0, 10_000), n=st.integers(70, 160))
def test_j_along_the_ways_is_never_worse_and_no_fault_is_new(seed, n):
    rng = np.random.default_rng(seed)
    town = a_net(seed, n)
    if seed % 2:
        town = replace(town, atoms=np.where(rng.random(n) < 0.4, np.arange(n) // 5, -1),
                       workloads={"elderly": Soft(rng.uniform(0, 9, n), 0.2)})  # fmt: skip

    lines, ways = by_lines(town), planned(town)

    if not lines.faults:  # what no plan keeps is mended by other steps afterwards
        assert ways.faults == () and ways.metrics["J"] <= lines.metrics["J"] + 1e-9
    assert len(audit(ways.assignment, town, ways.exemptions)) <= len(audit(lines.assignment, town, lines.exemptions))


@pytest.mark.parametrize("seed", [1, 7, 8])
def test_people_walk_a_tenth_less_than_by_straight_lines(seed):
    town = a_net(seed, 200)

    lines, ways = by_lines(town), planned(town)

    assert ways.status == lines.status == "legal" and ways.metrics["grids"] == lines.metrics["grids"]
    assert ways.metrics["mean_walk_m"] < 0.9 * lines.metrics["mean_walk_m"]
    assert ways.bound is None, "no gap is claimed for what was searched"


@pytest.mark.parametrize("seed", [7, 8, 9, 10])
def test_a_longest_walk_that_some_plan_keeps_is_kept_though_straight_lines_do_not_find_it(seed):
    town = a_net(seed, 200)
    limit = max(s.max_walk_m for s in planned(town).grids)

    plan = planned(replace(town, max_walk_m=limit))

    assert plan.status == "legal" and max(s.max_walk_m for s in plan.grids) <= limit


def test_nobody_changes_the_grid_in_force_for_a_shorter_walk_alone():
    town = a_net(7, 200)
    before = by_lines(town).assignment.astype(np.int64)

    assert replan(replace(town, previous=before)).moves == ()


def test_it_ends_as_soon_as_somebody_wishes():
    town = a_net(7, 200)
    seen = []

    def stop(stage, done, total, faults, cost):
        seen.append(stage)
        return stage != "walks"

    plan = planned(town, progress=stop)

    assert seen.count("walks") == 1 and plan.used["cancelled"]
    assert (plan.assignment == by_lines(town).assignment).all()

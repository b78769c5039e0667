"""A community planned alone, or with others: the same plan (spec 21 §7, §10; §17 line 10)."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from benchmarks.city import city
from jishi.kernels.gridplan import Band, Edges, Problem, Units, plan_grids
from jishi.kernels.gridplan.problem import check, restricted

from . import grounds


def many(towns: list[Problem], **more) -> Problem:
    """Put towns side by side in one problem, each a community."""
    start = np.concatenate([[0], np.cumsum([len(t.units.id) for t in towns])])
    x = np.concatenate([t.units.x + 7000.0 * i for i, t in enumerate(towns)])
    units = Units(np.arange(start[-1]), x, np.concatenate([t.units.y for t in towns]),
                  np.concatenate([t.units.households for t in towns]))  # fmt: skip
    u, v = (np.concatenate([getattr(t.edges, side) + start[i] for i, t in enumerate(towns)]) for side in "uv")
    border = np.concatenate([t.edges.border for t in towns])
    community = np.repeat(np.arange(len(towns)), np.diff(start))
    return Problem(units, Edges(u, v, border), towns[0].band, community=community, **more)


def planned(problem: Problem, **more) -> np.ndarray:
    given_ = {name: getattr(problem, name) for name in ("band", "atoms", "community", "compounds", "weights")}
    return plan_grids(problem.units, problem.edges, **given_, **more).assignment


def assert_each_alone_is_the_same(problem: Problem, **more) -> None:
    together = planned(problem, **more)
    for code in np.unique(problem.community).tolist():
        rows = np.flatnonzero(np.asarray(problem.community) == code)
        if np.asarray(problem.units.households)[rows].any():
            alone = planned(restricted(check(problem), rows), **more)
            first = [np.unique(part, return_index=True, return_inverse=True)[1:] for part in (together[rows], alone)]
            assert (np.argsort(first[0][0])[:] == np.argsort(first[1][0])[:]).all(), code
            assert (first[0][1] == first[1][1]).all(), code


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(seed=st.integers(0, 10_000), sizes=st.lists(st.integers(12, 260), min_size=2, max_size=4))
def test_a_community_has_the_same_plan_alone_and_beside_others(seed, sizes):
    rng = np.random.default_rng(seed)

    assert_each_alone_is_the_same(many([grounds.planar(rng, n, most=110) for n in sizes]), effort=8)


@pytest.mark.parametrize("seed", [1, 4])
def test_compounds_that_are_split_change_nothing_elsewhere(seed):
    town = city(1600, seed=seed, block=10)

    assert_each_alone_is_the_same(Problem(town.units, town.edges, atoms=town.compound, community=town.community))


def test_a_town_that_has_no_plan_leaves_the_others_theirs():
    towns = [grounds.planar(np.random.default_rng(n), n, most=110) for n in (90, 160)]
    two, three = many(towns), many([*towns, grounds.path([280, 280, 280])])

    found, beside = planned(two), planned(three)

    assert (np.unique(found, return_inverse=True)[1] == np.unique(beside[:250], return_inverse=True)[1]).all()


def test_cutting_the_way_to_one_place_changes_only_what_it_touches():
    town = many([grounds.planar(np.random.default_rng(n), 150, most=110, keep=1.0) for n in (1, 2, 3)])
    barrier = np.zeros(len(town.edges.u), int)
    inside = np.flatnonzero((town.edges.u < 150) & (town.edges.v < 150))
    barrier[inside[town.units.x[town.edges.u[inside]] < np.median(town.units.x[:150])][:40]] = 2
    cut = replace(town, edges=replace(town.edges, barrier=barrier))

    before, after = planned(town), planned(cut)

    assert (np.unique(before[150:], return_inverse=True)[1] == np.unique(after[150:], return_inverse=True)[1]).all()
    assert town.band == Band(300, 500)

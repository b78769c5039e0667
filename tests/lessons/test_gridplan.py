"""Faults that weighed on other systems of this kind, told from the reader's side: how grids are drawn."""

from collections import Counter

import numpy as np
import pytest

from jishi.kernels.gridplan import Plan, Problem, audit, confirms, plan_grids
from jishi.kernels.gridplan.tests import grounds

pytestmark = pytest.mark.xdist_group("gridplan")  # compiled once, in the process of the planner's own tests


def drawn(problem: Problem) -> Plan:
    asked = {name: value for name, value in vars(problem).items() if name not in ("units", "edges")}
    return plan_grids(problem.units, problem.edges, **asked)


def homes(problem: Problem, plan: Plan) -> list[int]:
    """Give the households of each grid by its number, from 0 to the highest: an empty one is 0."""
    weights = np.asarray(problem.units.households, np.int64)
    return np.bincount(plan.assignment, weights=weights).astype(int).tolist()


def pieces_of(problem: Problem, plan: Plan) -> Counter[int]:
    """Count the pieces of each grid by walking from unit to unit, as nobody of the planner does."""
    beside: dict[int, set[int]] = {row: set() for row in range(len(plan.assignment))}
    place = {str(one): row for row, one in enumerate(problem.units.id)}
    for u, v in zip(problem.edges.u, problem.edges.v, strict=True):
        a, b = place[str(u)], place[str(v)]
        beside[a].add(b)
        beside[b].add(a)
    left, pieces = set(beside), Counter[int]()
    while left:
        first = left.pop()
        grid, todo = int(plan.assignment[first]), [first]
        pieces[grid] += 1
        while todo:
            near = {row for row in beside[todo.pop()] if row in left and plan.assignment[row] == grid}
            left -= near
            todo += near
    return pieces


@pytest.mark.parametrize("count", [4, 5, 6])
def test_a_grid_plan_has_the_number_of_grids_asked_or_says_why_not(count: int) -> None:
    """P01: sixty were ordered, fifty-seven came, and nobody said which three were not possible."""
    ground = grounds.lattice(6, 6, 50, count=count)

    plan = drawn(ground)

    assert plan.status == "legal" and len(homes(ground, plan)) == count
    for impossible in (3, 7):  # 1,800 households are no three grids of at most 500 and no seven of at least 300
        asked = grounds.lattice(6, 6, 50, count=impossible)
        refused = drawn(asked)
        assert refused.status == "infeasible" and str(impossible) in refused.certificates[0].sentence
        assert all(confirms(one, asked) for one in refused.certificates)


def test_every_grid_is_one_piece_even_where_the_map_has_islands() -> None:
    """P02: a grid that jumps over the water is two, whatever its sum says."""
    land = [(r * 6 + c, r * 6 + c + 1) for r in range(4) for c in range(5)]
    land += [(r * 6 + c, r * 6 + c + 6) for r in range(3) for c in range(6)]
    islands = [(24, 25), (26, 27), (27, 28)]
    places = [(100.0 * (i % 6), 100.0 * (i // 6)) for i in range(24)] + [(900.0 + 90 * i, 50.0 * i) for i in range(5)]
    ground = grounds.ground([50] * 24 + [200, 150, 110, 120, 130], land + islands, xy=places)

    plan = drawn(ground)

    assert plan.status == "legal" and audit(plan.assignment, ground) == ()
    assert set(pieces_of(ground, plan).values()) == {1}
    assert len({int(plan.assignment[row]) for row in (24, 26)}) == 2


@pytest.mark.parametrize("seed", range(6))
def test_no_grid_is_empty_and_none_below_the_floor(seed: int) -> None:
    """P03: a number that no household stands behind is no grid, and a remainder is none either."""
    ground = grounds.planar(np.random.default_rng(seed), 60, keep=1.0)

    plan = drawn(ground)

    assert plan.status == "legal"
    assert min(homes(ground, plan)) >= ground.band.lo


@pytest.mark.parametrize("units", [23, 29, 34, 41])
def test_the_last_grid_is_not_stuffed_with_the_rest(units: int) -> None:
    """P04: parts that are cut off one after the other leave what is over to the last."""
    ground = grounds.path([100] * units)

    plan = drawn(ground)

    sizes = homes(ground, plan)
    assert plan.status == "legal" and sum(sizes) == 100 * units
    assert all(ground.band.lo <= size <= ground.band.hi for size in sizes)

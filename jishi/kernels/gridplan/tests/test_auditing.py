"""The auditor finds each planted fault by name, and shares no code with the planner."""

import ast
from pathlib import Path

import numpy as np
import pytest

from jishi.kernels.gridplan import Exempt, Exemption, Pins, audit
from jishi.kernels.gridplan.tests import grounds

FOLDER = Path(__file__).resolve().parents[1]
RULES = {"values", "problem", "refusals"}


def faults(assignment, problem, exemptions=()):
    return [(f.rule, f.code, f.grid, f.number) for f in audit(np.array(assignment), problem, exemptions)]


BLOCK = [100] * 8  # 2 × 4: units 0-3 above, 4-7 below
COMPOUND = np.array([5, 5, -1, -1, -1, -1, -1, -1])
PLANTED = {
    "a plan that keeps every rule": ([0, 0, 1, 1, 0, 0, 1, 1], {}, []),
    "a unit without a grid": ([0, 0, 1, 1, 0, 0, 1, -1], {}, [("H1", "without_grid", -1, 1)]),
    "a row is missing": ([0, 0, 1, 1, 0, 0, 1], {}, [("H1", "not_one_grid_per_unit", -1, 1)]),
    "a grid in two pieces": ([0, 1, 0, 1, 0, 1, 0, 1], {}, [("H2", "in_pieces", 0, 2), ("H2", "in_pieces", 1, 2)]),
    "299": ([0, 0, 1, 1, 0, 0, 1, 1], {"band": (401, 500)}, [("H4", "under", 0, 400), ("H4", "under", 1, 400)]),
    "501": ([0] * 8, {"band": (300, 799)}, [("H4", "over", 0, 800)]),
    "a compound split": ([0, 1, 1, 1, 0, 0, 0, 1], {"atoms": COMPOUND}, [("H3", "compound_split", -1, 5)]),
    "a compound that may be split for comparison":
        ([0, 1, 1, 1, 0, 0, 0, 1], {"atoms": COMPOUND, "compounds": "free"}, []),
    "a compound that is a grid of its own and has company":
        ([0, 0, 1, 1, 0, 0, 1, 1], {"atoms": COMPOUND, "compounds": "own_grid", "band": (200, 400)},
         [("H3", "not_its_own_grid", 0, 5)]),
    "a community border":
        ([0, 0, 1, 1, 0, 0, 1, 1], {"community": np.array([1, 1, 1, 1, 2, 2, 2, 2])},
         [("H6", "crosses_community", 0, 0), ("H6", "crosses_community", 1, 0)]),
    "another count": ([0, 0, 1, 1, 0, 0, 1, 1], {"count": 3}, [("H8", "other_count", -1, 2)]),
    "a walk too long": ([0, 0, 1, 1, 0, 0, 1, 1], {"max_walk_m": 150.0}, [("H7", "walk_too_far", 0, 191),
                                                                         ("H7", "walk_too_far", 1, 191)]),
    "pins": ([0, 0, 1, 1, 0, 0, 1, 1], {"pins": Pins(together=[(0, 2)], apart=[(0, 1)])},
             [("H9", "not_together", -1, 0), ("H9", "not_apart", 0, 0)]),
    "a pinned unit moved": ([0, 0, 1, 1, 0, 0, 1, 1], {"pins": Pins(stay=[2]), "previous": np.zeros(8, int)},
                            [("H9", "did_not_stay", 1, 0)]),
}  # fmt: skip


@pytest.mark.parametrize("name", PLANTED)
def test_each_planted_fault_is_found_by_name_and_nothing_else(name):
    assignment, more, expected = PLANTED[name]

    assert faults(assignment, grounds.lattice(2, 4, BLOCK, **more)) == expected


class TestBarriers:
    ROW = {"band": (100, 900), "barrier": [0, 2, 0]}

    def test_a_grid_that_crosses_a_hard_barrier_is_named_so(self):
        assert faults([0, 0, 0, 0], grounds.path([100] * 4, **self.ROW)) == [("H5", "crosses_barrier", 0, 2)]

    def test_a_listed_crossing_is_an_edge_without_barrier(self):
        assert faults([0, 0, 0, 0], grounds.path([100] * 4, band=(100, 900), barrier=[0, 1, 0])) == []

    def test_a_compound_hangs_together_without_an_edge(self):
        loose = grounds.ground([100] * 4, [(0, 1), (2, 3)], band=(100, 900), atoms=np.array([-1, 8, 8, -1]))

        assert faults([0, 0, 0, 0], loose) == []

    def test_a_piece_of_a_split_compound_hangs_together_by_itself(self):
        yard = grounds.path([200] * 5, band=(100, 900), atoms=np.full(5, 3), cap=900)

        assert faults([0, 1, 1, 1, 0], yard)[-1:] == [("H3", "piece_in_pieces", 0, 3)]


class TestExemptions:
    def test_a_tower_above_the_band_may_stand_alone_if_it_is_listed(self):
        tower = grounds.path([612, 0, 400])
        listed = (Exemption("oversize_alone", 0, 612),)

        assert faults([0, 0, 1], tower, listed) == []
        assert faults([0, 0, 1], tower) == [("H4", "over_exemption_not_listed", 0, 612)]

    def test_it_may_have_no_neighbour_with_homes(self):
        assert faults([0, 0, 1], grounds.path([612, 1, 400])) == [("H4", "over", 0, 613)]

    def test_an_exemption_that_nobody_needs_makes_a_plan_illegal(self):
        listed = (Exemption("oversize_alone", 0, 400),)

        assert faults([0, 1], grounds.path([400, 400]), listed) == [("exemption", "needless_or_false", 0, 400)]

    def test_an_island_is_exempt_only_if_the_town_says_so(self):
        island = grounds.ground([87, 400], [])
        allowed = grounds.ground([87, 400], [], exempt=Exempt(allow_islands=True))
        listed = (Exemption("small_island", 0, 87),)

        assert faults([0, 1], allowed, listed) == []
        assert faults([0, 1], island, listed)[0] == ("H4", "under", 0, 87)

    def test_a_part_of_a_component_is_no_island(self):
        joined = grounds.path([87, 400], exempt=Exempt(allow_islands=True))

        assert faults([0, 1], joined, (Exemption("small_island", 0, 87),))[0] == ("H4", "under", 0, 87)

    def test_water_without_homes_is_no_grid_of_a_worker(self):
        water = grounds.ground([0, 400], [])

        assert faults([0, 1], water, (Exemption("unpeopled", 0, 0),)) == []


def test_the_auditor_imports_nothing_of_the_planner():
    own = set()
    for module in ("auditing", *RULES):
        for node in ast.walk(ast.parse((FOLDER / f"{module}.py").read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and node.level:
                own |= {node.module} if node.module else {a.name for a in node.names}

    assert own <= RULES

"""A plan near the old one, reasons for every move, and answers that are right when somebody does what they say."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jishi.kernels.gridplan import (
    Desk,
    Problem,
    Units,
    audit,
    compare,
    explain,
    lower_bound,
    plan_grids,
    refusals,
    replan,
    sheet,
    what_if,
)
from jishi.kernels.gridplan.tests import grounds

REASONS = {"was_over", "was_under", "cut_off", "makes_room", "new_unit", "border_rule"}


def a_town(seed: int = 4, n: int = 300) -> Problem:
    return grounds.planar(np.random.default_rng(seed), n, most=60, keep=1.0)


def plan_of(problem: Problem):
    return plan_grids(problem.units, problem.edges, band=problem.band)


def with_changes(problem: Problem, plan, rng) -> Problem:
    """Empty one house in fifty, double one in a hundred."""
    w = problem.units.households.copy()
    turn = rng.permutation(len(w))
    w[turn[: len(w) // 50 + 1]] = 0
    doubled = turn[-(len(w) // 100 + 1) :]
    w[doubled] = w[doubled] * 2
    units = Units(problem.units.id, problem.units.x, problem.units.y, w)
    return replace(problem, units=units, previous=plan.assignment.astype(np.int64))


class TestReplan:
    @pytest.mark.parametrize(("price", "seed"), [(0.001, 0), (10.0, 7)])
    def test_a_plan_that_is_still_legal_comes_back_whatever_the_price(self, price, seed):
        town = a_town()
        plan = plan_of(town)

        again = replan(replace(town, previous=plan.assignment), price=price, seed=seed)

        assert plan.status == "legal" and again.moves == () and (again.assignment == plan.assignment).all()

    @settings(max_examples=6)
    @given(seed=st.integers(0, 1000))
    def test_after_changes_it_is_legal_with_a_reason_for_every_move_and_not_below_the_bound(self, seed):
        town = a_town(seed)
        changed = with_changes(town, plan_of(town), np.random.default_rng(seed))

        again = replan(changed)

        assert again.faults == audit(again.assignment, again.problem, again.exemptions)
        assert {m.reason for m in again.moves} <= REASONS
        assert {m.unit for m in again.moves} == set(np.flatnonzero(again.assignment != changed.previous).tolist())
        if again.status == "legal":
            assert again.metrics["moved"] >= lower_bound(changed).free

    def test_few_households_move(self):
        town = a_town(11, 600)
        changed = with_changes(town, plan_of(town), np.random.default_rng(2))

        again, anew = replan(changed), plan_of(replace(changed, previous=None))

        assert again.status == "legal"
        common = np.zeros((anew.assignment.max() + 1, int(changed.previous.max()) + 1))
        np.add.at(common, (anew.assignment, changed.previous), changed.units.households)
        assert again.metrics["moved"] * 5 < changed.units.households.sum() - common.max(axis=0).sum()

    @pytest.mark.parametrize("seed", range(4))
    def test_cutting_one_crossing_changes_only_the_components_it_touches(self, seed):
        """Three banks of two rivers; the first two are joined by one bridge, which is closed."""
        town = a_town(20 + seed, 240)
        bank = np.searchsorted(np.quantile(town.units.x, [1 / 3, 2 / 3]), town.units.x)
        u, v = town.edges.u, town.edges.v
        across = bank[u] != bank[v]
        bridge = np.flatnonzero(across & (bank[u] + bank[v] == 1))[0]
        barrier = np.where(across, 2, 0)
        barrier[bridge] = 0
        joined = replace(town, edges=replace(town.edges, barrier=barrier))
        before = plan_of(joined)
        closed = np.where(np.arange(len(u)) == bridge, 2, barrier)

        again = replan(replace(joined, edges=replace(joined.edges, barrier=closed), previous=before.assignment))

        assert before.status == "legal"
        assert (again.assignment[bank == 2] == before.assignment[bank == 2]).all()
        assert {int(bank[m.unit]) for m in again.moves} <= {0, 1}

    def test_a_new_house_gets_a_grid_and_says_so(self):
        town = a_town()
        previous = plan_of(town).assignment.astype(np.int64)
        previous[17] = -1

        again = replan(replace(town, previous=previous))

        assert [(m.unit, m.before, m.reason) for m in again.moves if m.unit == 17] == [(17, -1, "new_unit")]

    def test_a_plan_in_force_that_lies_in_pieces_is_a_start(self):
        town = a_town()
        previous = plan_of(town).assignment.astype(np.int64)
        last = int(np.argmax(np.hypot(town.units.x - town.units.x[0], town.units.y - town.units.y[0])))
        previous[last] = previous[0]

        again = replan(replace(town, previous=previous))

        assert again.status == "legal" and any(m.unit == last and m.reason == "cut_off" for m in again.moves)

    def test_a_plan_of_other_units_is_refused(self):
        with pytest.raises(refusals.PreviousDoesNotFit):
            replan(replace(a_town(), previous=np.zeros(7, int)))


class TestQuestions:
    def test_doing_what_would_break_a_rule_breaks_that_rule_in_the_audit(self):
        town = a_town(9)
        plan = plan_of(town)
        desk, told = Desk(plan), 0

        for row in range(0, 300, 7):
            for other in explain(plan, row, desk).others:
                moved = plan.assignment.astype(np.int64)
                moved[row] = other.grid
                found = {f"{f.rule}:{f.code}:{f.grid}" for f in audit(moved, town)}
                told += len(other.breaks)
                assert found == set(other.breaks)

        assert told > 2

    def test_what_if_gives_the_numbers_of_the_touched_grids_and_leaves_the_plan(self):
        plan = plan_of(a_town(9))
        row = 40
        to = explain(plan, row).others[0].grid
        before = plan.assignment.copy()

        tried = what_if(plan, {row: to})

        assert {s.grid for s in tried.grids} == {to, int(before[row])}
        homes = plan.problem.units.households
        assert {s.grid: s.households for s in tried.grids}[to] == homes[before == to].sum() + homes[row]
        assert (plan.assignment == before).all() and tried.households_moved == homes[row]

    def test_a_desk_stays_open_for_more_moves(self):
        plan = plan_of(a_town(9))
        desk, row = Desk(plan), 40
        to = explain(plan, row, desk).others[0].grid

        what_if(plan, {row: to}, desk)
        back = what_if(plan, {row: int(plan.assignment[row])}, desk)

        assert back.legal and (desk.grid == plan.assignment).all()

    def test_splitting_a_compound_by_hand_is_named(self):
        yards = grounds.lattice(2, 4, 100, atoms=np.array([5, 5, -1, -1, -1, -1, -1, -1]))
        plan = plan_grids(yards.units, yards.edges, atoms=yards.atoms)
        other = next(int(g) for g in np.unique(plan.assignment) if g != plan.assignment[1])

        assert "compound_split" in {f.code for f in what_if(plan, {1: other}).faults}

    def test_an_unknown_unit_is_refused(self):
        with pytest.raises(refusals.NoSuchUnit):
            explain(plan_of(a_town()), "nobody")

    def test_two_plans_are_compared_and_a_sheet_is_of_one_grid(self):
        town = a_town()
        plan = plan_of(town)

        differ = compare(plan, plan_grids(town.units, town.edges, band=town.band, seed=5))

        assert differ.households_moved > 0 and set(differ.metrics) >= {"J", "rms_walk_m"}
        assert sheet(plan, 0).households == town.units.households[plan.assignment == 0].sum()
        assert sheet(plan, 0).slack_hi == 500 - sheet(plan, 0).households


class TestNumbers:
    @pytest.mark.parametrize("turn", ["shift", "rotation", "mirror", "names"])
    def test_the_objective_does_not_see_where_or_how_named_a_plan_is(self, turn):
        town = a_town()
        plan = plan_of(town)
        x, y = town.units.x, town.units.y
        angle = 0.7
        round_ = np.cos(angle) * x - np.sin(angle) * y, np.sin(angle) * x + np.cos(angle) * y
        x, y = {"shift": (x + 1e5, y - 3e4), "mirror": (-x, y), "names": (x, y), "rotation": round_}[turn]
        names = np.random.default_rng(1).permutation(plan.assignment.max() + 1) if turn == "names" else None
        assignment = plan.assignment if names is None else names[plan.assignment]

        from jishi.kernels.gridplan import reporting
        from jishi.kernels.gridplan.problem import check

        moved = check(replace(town, units=Units(town.units.id, x, y, town.units.households)))

        assert reporting.objective(moved, assignment)["J"] == pytest.approx(plan.metrics["J"], rel=1e-9)

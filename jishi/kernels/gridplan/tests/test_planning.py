"""Legal plans, or certificates that a stranger confirms; the same for any threads and any order of rows."""

import ast
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jishi.kernels.gridplan import (
    Edges,
    Exempt,
    Pins,
    Problem,
    Units,
    audit,
    confirms,
    contract,
    covering,
    cut_heavy,
    plan_grids,
    refusals,
    reporting,
    searching,
    solving,
)
from jishi.kernels.gridplan.problem import check
from jishi.kernels.gridplan.tests import grounds

FOLDER = Path(__file__).resolve().parents[1]
QUICK = settings.get_profile("quick").max_examples
MANY = settings.default.max_examples > QUICK


def planned(problem: Problem, **more):
    fields = {k: v for k, v in vars(problem).items() if k not in ("units", "edges")}
    return plan_grids(problem.units, problem.edges, **{**fields, **more})


def shares(plan) -> set[tuple[int, ...]]:
    return {tuple(np.flatnonzero(plan.assignment == g).tolist()) for g in np.unique(plan.assignment)}


GADGETS = {
    "two that are too small apart and too big together": (grounds.path([280, 280]), "no_count"),
    "three of 280": (grounds.path([280] * 3), "homeless"),
    "both ends of 200, 450, 200": (grounds.path([200, 450, 200]), "homeless"),
    "a hub with four leaves": (grounds.star(100, [250] * 4), "packing"),
    "four sets, none missing an atom": (grounds.path([260, 240, 120, 240, 260]), "packing"),
    "a ring of 150 and 400": (grounds.ring([150, 400] * 3), "homeless"),
    "one unit far too small": (grounds.path([20]), "too_small"),
    "a tower, exemptions forbidden": (grounds.path([612, 400], exempt=Exempt(oversize_alone=False)), "too_big"),
    "no grid for nine": (grounds.lattice(3, 4, 100, count=9), "no_count"),
}


class TestGadgets:
    @pytest.mark.parametrize("name", GADGETS)
    def test_have_the_certificate_that_a_stranger_confirms(self, name):
        problem, kind = GADGETS[name]

        plan = planned(problem)

        assert (plan.status, plan.certificates[0].kind) == ("infeasible", kind)
        assert all(confirms(c, problem) for c in plan.certificates)

    def test_the_only_plan_of_a_path_is_found(self):
        plan = planned(grounds.path([250, 200, 300, 100]))

        assert plan.status == "legal" and shares(plan) == {(0, 1), (2, 3)}

    def test_the_best_of_all_plans_of_a_lattice_is_found(self):
        lattice = grounds.lattice(3, 4, 100)
        every = list(grounds.partitions(lattice))
        walk_only = replace(lattice.weights, shape=0.0, balance=0.0)

        found = grounds.scatter(lattice, shares(planned(lattice, weights=walk_only)))

        assert len(every) == 182
        assert found == pytest.approx(min(grounds.scatter(lattice, p) for p in every))

    def test_a_false_certificate_is_not_confirmed(self):
        lying = planned(grounds.path([280] * 3)).certificates[0]

        assert not confirms(lying, grounds.path([280, 200, 280]))
        assert not confirms(replace(lying, kind="too_small"), grounds.path([280] * 3))

    def test_the_cheapest_relaxation_is_named_with_its_price(self):
        plan = planned(grounds.path([280, 280]))

        assert [(r.kind, r.price) for r in plan.relaxations] == [("band", 12.0)]

    @pytest.mark.parametrize("more", [{"pins": Pins(apart=[(0, 1)])}, {"max_walk_m": 100.0}])
    def test_a_relaxation_of_the_band_breaks_no_other_rule(self, more):
        pair = grounds.path([280, 280], **more)  # together 12 points, which is against the other rule; apart 7 each

        bands = [r for r in planned(pair).relaxations if r.kind == "band"]

        for one in bands:
            grid = np.zeros(2, np.int64)
            for number, rows in enumerate(one.grids):
                grid[list(rows)] = number
            assert {f.rule for f in audit(grid, pair)} == {"H4"}
        assert [r.price for r in bands] == [14.0]

    def test_a_crossing_that_could_be_listed_is_cheaper_than_a_grid_out_of_its_band(self):
        plan = planned(grounds.path([280, 180, 400], barrier=[3, 0]))

        assert [(r.kind, r.price) for r in plan.relaxations] == [
            ("crossing", 3.0), ("band", 7.0), ("island", 10.0), ("band", 16.0)]  # fmt: skip

    def test_a_compound_is_split_where_that_helps(self):
        yard = grounds.path([200, 220, 220, 200], atoms=np.array([-1, 4, 4, -1]))

        plan = planned(yard)

        assert plan.status == "infeasible" and confirms(plan.certificates[0], yard)
        assert ("split", 10.0) in [(r.kind, r.price) for r in plan.relaxations]


class TestEdgesOfTheWorld:
    def test_one_unit_is_one_grid(self):
        assert planned(grounds.path([400])).status == "legal"

    def test_a_graph_in_a_thousand_pieces_has_a_plan_and_certificates(self):
        homes = [400] * 1000
        homes[7] = 200

        plan = planned(grounds.ground(homes, []))

        assert plan.status == "infeasible" and [c.kind for c in plan.certificates] == ["too_small"]
        assert len(plan.grids) == 1000 and [f.number for f in plan.faults] == [200]

    def test_a_unit_too_heavy_stands_alone_with_a_listed_exemption_and_its_certificate(self):
        plan = planned(grounds.path([612, 0, 400]))

        assert plan.status == "legal_with_exemptions" and plan.is_adoptable
        assert [e.kind for e in plan.exemptions] == ["oversize_alone"]
        assert [c.kind for c in plan.certificates] == ["too_big"]

    def test_a_compound_too_heavy_that_may_not_be_split_has_a_certificate_and_no_exception(self):
        yard = grounds.lattice(2, 4, 100, atoms=np.full(8, 3), cap=900)
        forbidden = replace(yard, exempt=Exempt(oversize_alone=False))

        alone, never = planned(yard), planned(forbidden)

        assert (alone.status, [e.kind for e in alone.exemptions]) == ("legal_with_exemptions", ["oversize_alone"])
        assert (never.status, [c.kind for c in never.certificates]) == ("infeasible", ["too_big"])
        assert confirms(never.certificates[0], forbidden) and len(shares(never)) == 1

    def test_an_island_is_a_grid_only_if_the_town_says_so(self):
        island = grounds.ground([87, 400], [])

        assert planned(island).status == "infeasible"
        assert planned(island, exempt=Exempt(allow_islands=True)).status == "legal_with_exemptions"

    def test_water_behind_a_railway_is_unpeopled(self):
        assert [e.kind for e in planned(grounds.ground([0, 400], [])).exemptions] == ["unpeopled"]

    def test_a_compound_in_the_band_is_a_grid_of_its_own_if_asked(self):
        yards = grounds.lattice(2, 4, 100, atoms=np.array([5, 5, -1, -1, 5, 5, -1, -1]), compounds="own_grid")

        assert shares(planned(yards)) == {(0, 1, 4, 5), (2, 3, 6, 7)}

    def test_a_compound_too_heavy_is_parted_along_its_buildings(self):
        yard = grounds.lattice(2, 5, 80, atoms=np.full(10, 3), band=(300, 500))

        plan = planned(yard)

        assert plan.status == "legal" and len(plan.grids) == 2

    def test_each_part_of_a_compound_that_is_cut_hangs_together_whatever_the_order_of_rows(self):
        order = np.random.default_rng(3).permutation(40)
        yard = grounds.lattice(4, 10, 40)
        units = Units(yard.units.id[order], yard.units.x[order], yard.units.y[order], yard.units.households[order])
        place = np.argsort(order)
        edges = Edges(place[yard.edges.u], place[yard.edges.v], yard.edges.border)

        plan = plan_grids(units, edges, atoms=np.full(40, 3))

        assert plan.status == "legal" and len(plan.grids) == 4

    def test_pins_are_kept(self):
        lattice = grounds.lattice(3, 4, 100, pins=Pins(together=[(0, 1)], apart=[(1, 2), (5, 6)]))

        assert planned(lattice).status == "legal"

    def test_a_refusal_comes_before_any_planning(self):
        with pytest.raises(refusals.BandMakesNoSense):
            planned(grounds.path([1, 2], band=(5, 3)))

    def test_a_heavy_unit_is_cut_into_pieces_that_touch_its_neighbours(self):
        path = grounds.path([10, 1000, 10])

        units, edges, of = cut_heavy(path.units, path.edges, above=440, target=400)

        assert units.households.tolist() == [10, 334, 333, 333, 10] and of.tolist() == [0, 1, 1, 1, 2]
        assert sorted(zip(edges.u.tolist(), edges.v.tolist(), strict=True)) == [
            (0, 1), (0, 2), (0, 3), (1, 2), (1, 3), (1, 4), (2, 3), (2, 4), (3, 4)]  # fmt: skip


@settings(max_examples=400 if MANY else 40)
@given(seed=st.integers(0, 2**32 - 1))
def test_trying_all_partitions_of_a_dozen_units_agrees(seed):
    rng = np.random.default_rng(seed)
    problem = grounds.planar(rng, int(rng.integers(4, 11)), most=300, keep=0.8)

    plan = planned(problem, exempt=Exempt(oversize_alone=False, unpeopled=False))
    every = next(grounds.partitions(problem), None)

    assert (plan.status == "legal") == (every is not None)
    assert plan.status != "unknown"
    for certificate in plan.certificates:
        assert confirms(certificate, problem)


@settings(max_examples=300 if MANY else 15)
@given(seed=st.integers(0, 2**32 - 1))
def test_a_planar_ground_of_any_shape_has_an_audited_plan_or_its_faults(seed):
    rng = np.random.default_rng(seed)
    problem = grounds.planar(rng, int(rng.integers(80, 400)), keep=float(rng.uniform(0.7, 1.0)))

    plan = planned(problem, effort=10)

    assert plan.faults == audit(plan.assignment, problem, plan.exemptions)
    assert plan.is_adoptable == (not plan.faults)
    assert all(f.rule == "H4" for f in plan.faults)  # whatever happens, every grid hangs together
    assert all(confirms(c, problem) for c in plan.certificates)


class TestTheSamePlan:
    GROUND = grounds.planar(np.random.default_rng(5), 700)

    def test_comes_out_with_any_number_of_threads(self):
        one, two, sixteen = (planned(self.GROUND, effort=10, threads=t).assignment for t in (1, 2, 16))

        assert (one == two).all() and (one == sixteen).all()

    def test_comes_out_with_any_order_of_rows(self):
        rng = np.random.default_rng(8)
        order = rng.permutation(700)
        place = np.argsort(order)
        units, edges = self.GROUND.units, self.GROUND.edges
        turn = rng.permutation(len(edges.u))
        shuffled = Problem(
            Units(units.id[order], units.x[order], units.y[order], units.households[order]),
            Edges(place[edges.v[turn]], place[edges.u[turn]], edges.border[turn]),
        )

        assert (planned(shuffled, effort=10).assignment == planned(self.GROUND, effort=10).assignment[order]).all()


class TestTime:
    def test_a_limit_of_zero_gives_a_plan_that_says_so(self):
        plan = planned(grounds.planar(np.random.default_rng(3), 300), timer=lambda: 5.0, time_limit_s=0.0)

        assert plan.used["stopped_by_time"] and plan.status in ("legal", "unknown")
        assert plan.faults == audit(plan.assignment, plan.problem, plan.exemptions)

    def test_somebody_who_cancels_gets_a_sound_state(self):
        told = []

        def progress(stage, done, total, faults, cost):
            told.append(stage)
            return len(told) < 3

        plan = planned(grounds.planar(np.random.default_rng(3), 300), progress=progress)

        assert len(told) == 3 and plan.used["cancelled"]
        assert {f.rule for f in plan.faults} <= {"H4"}


class TestWhatIsImported:
    def test_the_package_starts_without_compiler_and_solver(self):
        code = "import sys, jishi.kernels.gridplan; print({'numba', 'scipy', 'llvmlite'} & set(sys.modules))"
        command = [sys.executable, "-c", code]

        said = subprocess.run(command, capture_output=True, text=True, cwd=FOLDER.parents[2], check=True)

        assert said.stdout.strip() == "set()"

    def test_the_checker_of_certificates_imports_nothing_of_the_planner(self):
        tree = ast.parse((FOLDER / "proving.py").read_text(encoding="utf-8"))
        own = {n.module for n in ast.walk(tree) if isinstance(n, ast.ImportFrom) and n.level}

        assert own == {"problem", "values"}


class TestAFewAtoms:
    def test_are_divided_by_the_search_alone_as_well_as_by_trying_every_set(self):
        for seed in range(4):
            town = grounds.planar(np.random.default_rng(seed), 20, most=180, zero=0.0, keep=1.0)
            ground = contract.build(check(town))
            (piece,) = solving.divide(ground)
            search = searching.Search(ground.problem.weights, 30.0, 0, 1, lambda *a: False)
            sought = solving.aim(ground, piece, search)
            sets = covering.fitting(covering.bits(ground.indptr, ground.indices, piece.rows),
                                    ground.w[piece.rows].tolist(), 300, 500, most=60_000)  # fmt: skip
            cost = dict(zip(sets, solving.column_costs(ground, piece.rows, sets, sought).tolist(), strict=True))

            found = solving.searched(ground, [piece], search)

            grids = [sum(1 << i for i in np.flatnonzero(found == g).tolist()) for g in np.unique(found)]
            best = covering.best_cover(20, sets, np.array(list(cost.values())), count=len(grids), most=60_000)
            assert sum(cost[g] for g in grids) <= 1.02 * best.cost


def beside(town: Problem, homes: list[int], hangs_on: int | None) -> Problem:
    """Add units in a row far away, the first of them a neighbour of the town or of nobody."""
    n, m = len(town.units.id), len(homes)
    rows = np.arange(n, n + m)
    x, y = np.append(town.units.x, 5000 + 100.0 * np.arange(m)), np.append(town.units.y, np.full(m, 5000.0))
    units = Units(np.arange(n + m), x, y, np.append(town.units.households, homes))
    pairs = [(a, a + 1) for a in rows[:-1].tolist()] + ([] if hangs_on is None else [(hangs_on, n)])
    u, v = np.array(pairs).T
    edges = Edges(np.append(town.edges.u, u), np.append(town.edges.v, v), np.append(town.edges.border, [50.0] * len(u)))
    return replace(town, units=units, edges=edges)


class TestAFaultThatNobodyCanMend:
    @pytest.mark.parametrize(("homes", "hangs_on"), [([280, 280], None), ([300, 250], 7)])
    def test_leaves_no_other_grid_rougher_than_it_could_be(self, homes, hangs_on):
        changes = []
        for seed in range(3):
            town = grounds.planar(np.random.default_rng(seed), 400, most=100, zero=0.0, keep=1.0)
            ground = contract.build(check(beside(town, homes, hangs_on)))
            pieces = solving.divide(ground)
            search = searching.Search(ground.problem.weights, 30.0, 0, 1, lambda *a: False)

            polished, rough = (solving.solve(ground, pieces, how)[0][ground.atom_of]
                               for how in (search, replace(search, polishes=False)))  # fmt: skip

            faulty = [f.grid for f in audit(rough, ground.problem)]
            assert faulty and [f.grid for f in audit(polished, ground.problem)] == faulty
            assert (np.isin(polished, faulty) == np.isin(rough, faulty)).all()
            alone = [np.unique(part[:400], return_inverse=True)[1].astype(np.int32) for part in (polished, rough)]
            changes.append(np.subtract(*(reporting.objective(town, part)["J"] for part in alone)))
        assert max(changes) < 0

    def test_gives_the_same_plan_with_any_number_of_threads(self):
        one = beside(grounds.planar(np.random.default_rng(3), 1500, most=100), [280, 280], None)
        few, many = (planned(one, threads=t) for t in (1, 3))

        assert few.status == "infeasible" and (few.assignment == many.assignment).all()

"""A calculation of a community's grids: what it keeps, what it says, and by which way walks were measured."""

import json
from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest
from django.db import transaction

from conftest import MONDAY_TEN
from jishi.foundation.actor import Actor, system
from jishi.kernels import gridplan as planner
from jishi.kernels.geo.walknet import near_pairs
from jishi.places import plan_files, plan_words
from jishi.places.actions import gridplan, ground, plans, walknets
from jishi.places.models import PlanFinding, PlanGrid, PlanMove, PlanRun
from jishi.places.queries import plan_map, plan_walks
from jishi.places.queries import plans as looking
from jishi.places.refusals import (
    PlanHasFaults,
    RunNotReady,
)
from jishi.places.tests.factories import CRS, SINCE, A, at, degrees
from jishi.places.tests.plan_steps import HOMES, a_run, by, entries, worked_off

pytestmark = pytest.mark.django_db
__all__ = ["by"]  # a fixture


class TestARun:
    def test_is_calculated_by_the_worker_and_keeps_everything_that_came_out(self, by):
        run = a_run(by)

        grids = list(PlanGrid.objects.filter(run=run))
        assert (run.status, run.verdict, run.faults) == ("DONE", "legal", 0)
        assert sum(g.households for g in grids) == run.households == sum(HOMES)
        assert all(300 <= g.households <= 500 for g in grids)
        assert {g.code[:12] for g in grids} == {A} and entries("plan_run", run.id) == 2

    def test_names_a_reason_for_every_address_that_changes_its_grid_and_none_for_others(self, by):
        run = a_run(by)

        moved = {m.unit: (m.before_code, m.after_code) for m in PlanMove.objects.filter(run=run)}
        now = {ref: code for ref, _, code in looking.units_of(run)}
        assert all(PlanMove.objects.filter(run=run).values_list("reason", flat=True))
        assert all(now[unit] == after != before for unit, (before, after) in moved.items())

    def test_without_a_legal_plan_says_why_and_what_could_give_way(self, by):
        run = a_run(by, lo=600, hi=620)

        kinds = set(PlanFinding.objects.filter(run=run).values_list("kind", flat=True))
        assert (run.status, run.verdict) == ("DONE", "infeasible")
        assert {"fault", "certificate", "relaxation"} <= kinds
        first = PlanFinding.objects.filter(run=run, kind="relaxation").order_by("price").first()
        again = a_run(by, lo=first.ask_lo, hi=first.ask_hi)
        assert again.verdict == "legal"

    def test_says_of_a_proof_that_nobody_replayed_that_it_is_the_solvers_and_of_which_model(self, by):
        run = a_run(by, lo=600, hi=620)
        frozen, plan = plan_files.plan_of(run)
        faults = plan_files.audited(run)
        proof = planner.Certificate("packing", (0, 1), 380, "", {"sets": 3, "model": "ab" * 32}, solver_proof=True)

        by_solver, own = (
            [f for f in plan_words.findings(frozen, replace(plan, certificates=(one,)), faults, {}, run)
             if f["kind"] == "certificate"][0]
            for one in (proof, replace(proof, solver_proof=False))
        )  # fmt: skip

        assert "求解器的证明" in by_solver["zh"] and "abababababab" in by_solver["zh"] and "solver" in by_solver["en"]
        assert "求解器" not in own["zh"] and "solver" not in own["en"]

    def test_says_of_a_cut_which_places_hold_the_ground_or_that_one_way_joins_each(self, by):
        run = a_run(by, lo=600, hi=620)
        frozen, plan = plan_files.plan_of(run)
        faults, hub = plan_files.audited(run), str(frozen.labels[1])

        held, tree, counted = (
            next(f for f in plan_words.findings(frozen, replace(plan, certificates=(one,)), faults, {}, run)
                 if f["kind"] == "certificate")
            for evidence in ({"hubs": (1,)}, {"at": 0}, {"hubs": (1,), "count": 8})
            for one in (planner.Certificate("cut", (0, 2), 380, "", evidence),)
        )  # fmt: skip

        assert f"全靠{hub}连在一起" in held["zh"] and f"by {hub} alone" in held["en"]
        assert "只有一条路" in tree["zh"] and hub not in tree["zh"] and "one way each" in tree["en"]
        assert "8 个 600–620" in counted["zh"] and "no 8 grids" in counted["en"]

    def test_can_be_stopped_before_it_begins_and_by_the_desk_alone(self, by):
        run = plans.ask(A, rules=plans.Rules(), by=by, now=MONDAY_TEN)

        plans.cancel(run.id, by=by, now=MONDAY_TEN)
        worked_off(by)

        run.refresh_from_db()
        assert (run.status, run.verdict, entries("plan_run", run.id)) == ("CANCELLED", "", 2)
        with pytest.raises(RunNotReady):
            plans.cancel(run.id, by=by, now=MONDAY_TEN)

    def test_stops_at_its_next_step_while_it_runs(self, by):
        run = plans.ask(A, rules=plans.Rules(), by=by, now=MONDAY_TEN)
        ticks = iter(MONDAY_TEN + n * timedelta(seconds=1) for n in range(10_000))

        def tick():
            PlanRun.objects.filter(id=run.id).update(cancel_asked=True)
            return next(ticks)

        plans.work_off(by.tenant_id, clock=tick)

        run.refresh_from_db()
        assert (run.status, run.drawn) == ("CANCELLED", None)

    def test_a_run_that_a_killed_worker_left_is_begun_anew(self, by):
        run = plans.ask(A, rules=plans.Rules(), by=by, now=MONDAY_TEN)
        run.change(status="RUNNING", begun_at=MONDAY_TEN)

        worked_off(by)

        run.refresh_from_db()
        assert run.status == "DONE"

    def test_that_breaks_is_marked_as_failed_and_the_next_one_is_calculated(self, by, monkeypatch):
        first, second = (plans.ask(A, rules=plans.Rules(), by=by, now=MONDAY_TEN) for _ in range(2))
        store = plans._store

        def breaks(run, *rest):
            if run.id == first.id:
                raise ZeroDivisionError
            store(run, *rest)

        monkeypatch.setattr(plans, "_store", breaks)
        worked_off(by)

        for run in (first, second):
            run.refresh_from_db()
        assert (first.status, first.error, second.status) == ("FAILED", "broke:ZeroDivisionError", "DONE")
        assert entries("plan_run", first.id) == 2

    def test_with_homes_outside_the_border_ends_with_a_fault_in_words(self, by, other_tenant):
        outside = ground.NewCompound("o1", "界外区", A, *at(2.9, 0.9), households_planned=400)  # in B, 450 m
        ground.add_compounds([outside], crs=CRS, active_from=SINCE, by=system(other_tenant), now=MONDAY_TEN)

        run = a_run(by)

        bare = PlanGrid.objects.filter(run=run, at_fault=True)
        assert run.status == "DONE" and run.verdict not in gridplan.LEGAL and run.faults and bare
        assert {g.code[:12] for g in PlanGrid.objects.filter(run=run)} == {A}  # no grid of the neighbour's
        assert PlanFinding.objects.filter(run=run, code="H6:no_ground").exists() and plan_map.as_geojson(run)
        PlanRun.objects.filter(id=run.id).update(verdict="legal", faults=0)
        with pytest.raises(PlanHasFaults), transaction.atomic():
            gridplan.check(gridplan.draft(run.id, by=by, now=MONDAY_TEN).id, by=by, now=MONDAY_TEN)

    def test_changed_by_hand_is_judged_anew_and_cannot_be_drafted_with_a_fault(self, by):
        run = a_run(by)
        unit, _, here = looking.units_of(run)[0]
        there = next(g.code for g in PlanGrid.objects.filter(run=run) if g.code != here)

        tried = looking.tried(run, {unit: there})
        fresh = plans.change(run.id, moves={unit: there}, by=by, now=MONDAY_TEN)

        assert (fresh.parent_id, fresh.faults) == (run.id, len(tried.breaks))
        assert {ref: code for ref, _, code in looking.units_of(fresh)}[unit] == there
        assert fresh.faults > 0 and fresh.verdict == "unknown" and entries("plan_run", fresh.id) == 1
        with pytest.raises(PlanHasFaults):
            gridplan.draft(fresh.id, by=by, now=MONDAY_TEN)

    def test_the_map_the_table_and_the_audit_give_the_same_numbers(self, by):
        run = a_run(by)

        drawn = {f["properties"]["code"]: f["properties"]["households"] for f in plan_map.as_geojson(run)["features"]}
        told = {g.code: g.households for g in PlanGrid.objects.filter(run=run)}
        counted: dict[str, int] = {}
        homes = dict(zip(looking.units_for_planning(A, by=by).refs, looking.units_for_planning(A, by=by).households,
                         strict=True))  # fmt: skip
        for ref, _, code in looking.units_of(run):
            counted[code] = counted.get(code, 0) + homes[ref]
        assert drawn == told == counted


class TestWalks:
    def test_are_straight_lines_and_say_so_while_nobody_adopted_a_net(self, by):
        run = a_run(by)

        assert run.ways is None
        assert {g.walks for g in PlanGrid.objects.filter(run=run)} == {"straight"}

    def test_go_by_the_ways_of_the_day_and_around_a_barrier(self, by):
        crow = {g.code: g.max_walk_m for g in PlanGrid.objects.filter(run=a_run(by))}
        adopt_ways(by)

        run = a_run(by)

        grids = list(PlanGrid.objects.filter(run=run))
        assert run.ways == 1 and {g.walks for g in grids} == {"ways"}
        assert all(g.mean_walk_m <= g.max_walk_m for g in grids)
        assert any(abs(g.max_walk_m - crow[g.code]) > 1 for g in grids)
        sheet = looking.sheet_of(run, grids[0].code)
        assert (sheet["walks"], sheet["max_walk_m"]) == ("ways", grids[0].max_walk_m)

    def test_that_no_way_leads_to_stand_as_estimates_and_are_counted(self, by):
        adopt_ways(by, lines=[((0.34, 0.34), (1.66, 0.34))])  # one street in the south alone

        run = a_run(by)

        assert run.ways == 1
        assert "straight" in {g.walks for g in PlanGrid.objects.filter(run=run)}
        assert all(g.max_walk_m > 0 for g in PlanGrid.objects.filter(run=run, walks="straight"))

    def test_are_kept_with_the_run_and_a_move_is_tried_along_them_when_the_net_is_another(self, by):
        crow = a_run(by)
        adopt_ways(by)
        run = a_run(by)
        adopt_ways(by, lines=[((0.34, 0.34), (1.66, 0.34))])
        unit, _, _ = looking.units_of(run)[0]
        to = next(code for _, _, code in looking.units_of(run) if code != looking.units_of(run)[0][2])

        walked, straight = (looking.tried(one, {unit: to}) for one in (run, crow))

        assert plan_files.thaw(run).ways == 1 and plan_files.thaw(crow).problem.walk is None
        assert (walked.walks, straight.walks) == ("ways", "straight")
        mean = sum(g.households * g.mean_walk_m for g in PlanGrid.objects.filter(run=run)) / sum(HOMES)
        assert walked.mean_walk_m[0] == pytest.approx(mean, abs=0.2) and walked.mean_walk_m[1] > 0
        assert plan_files.audited(run) == ()


def adopt_ways(by: Actor, lines=None) -> None:
    """A lattice of ways through all nine compounds, or these lines (in steps of the town)."""
    rows = [0.34 + 0.66 * n for n in range(3)]
    lattice = [((rows[0], r), (rows[2], r)) for r in rows] + [((r, rows[0]), (r, rows[2])) for r in rows]
    drawn = [{"type": "Feature", "properties": {}, "geometry": {"type": "LineString", "coordinates": [
        list(degrees(*p)) for p in line]}} for line in lines or lattice]  # fmt: skip
    content = json.dumps({"type": "FeatureCollection", "features": drawn}).encode()
    row = walknets.check_file(content, "ways.geojson", crs=CRS, by=by, now=MONDAY_TEN)
    walknets.adopt(row.id, active_from=MONDAY_TEN.date(), document_no="试〔2026〕3号", by=by, now=MONDAY_TEN)


@pytest.mark.parametrize("far", [True, False])
def test_of_too_many_houses_the_nearest_pairs_are_measured_wherever_they_stand(far):
    row = np.arange(700.0)
    x = np.concatenate((row, row + 8_000)) if far else row * 10
    y = np.zeros(len(x)) if not far else np.tile(row % 7, 2)

    pairs = near_pairs(x, y, reach_m=plan_walks.REACH_M, most=plan_walks.MOST_PAIRS)

    apart = np.hypot(x[pairs[:, 0]] - x[pairs[:, 1]], y[pairs[:, 0]] - y[pairs[:, 1]])
    assert 50_000 < len(pairs) <= plan_walks.MOST_PAIRS
    assert apart.max() <= plan_walks.REACH_M and (np.diff(pairs[:, 0]) >= 0).all()

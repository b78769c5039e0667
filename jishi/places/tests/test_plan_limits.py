"""Where a plan of grids goes no further: objections that were said often enough, and every way around a fault."""

import json
from datetime import date

import pytest
import shapely
from django.db import IntegrityError, transaction

from conftest import MONDAY_TEN
from jishi.foundation import scope
from jishi.foundation.actor import Actor, system
from jishi.places import drawings, shapes
from jishi.places.actions import gridplan, grids, imports
from jishi.places.models import GridEdition, GridPlan, PlanGrid, PlanRun
from jishi.places.queries import plan_map
from jishi.places.refusals import FileOfFaultyPlan, PlanHasFaults, SaidEnough, SaidEnoughToday, WordsNeeded
from jishi.places.tests.factories import CRS, A, a_town, collection, grids_of
from jishi.places.tests.factories import office as an_office
from jishi.places.tests.plan_steps import (
    DAYS,
    HOMES,
    LATER,
    RULES,
    a_plan_at,
    a_run,
    another,
    compounds,
    entries,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def by(other_tenant: int):
    with scope.work(system(other_tenant)):
        a_town(other_tenant)
        compounds(HOMES, other_tenant)
        actor = an_office(other_tenant)
        with scope.within(actor):
            yield actor


class TestEnoughSaid:
    def test_a_person_objects_five_times_to_a_plan_and_others_still_may(self, by):
        plan = a_plan_at("NOTICED", by)
        one, two = (Actor(tenant_id=by.tenant_id, kind="resident", account_id=n) for n in (4, 44))
        for n in range(RULES.per_person):
            gridplan.object_(plan.id, text=f"太远了啊 {n}", by=one, now=MONDAY_TEN)
        was = entries("gridplan", plan.id)

        with pytest.raises(SaidEnough), transaction.atomic():
            gridplan.object_(plan.id, text="再说一遍", by=one, now=MONDAY_TEN + DAYS)

        assert entries("gridplan", plan.id) == was
        assert gridplan.object_(plan.id, text="我也觉得远", by=two, now=MONDAY_TEN).id

    def test_the_nameless_share_a_day_and_whoever_signs_in_is_heard(self, by):
        plan = a_plan_at("NOTICED", by)
        nobody = Actor(tenant_id=by.tenant_id, kind="anonymous")
        for n in range(RULES.unnamed_per_day):
            gridplan.object_(plan.id, text=f"太远了啊 {n}", by=nobody, now=MONDAY_TEN)

        with pytest.raises(SaidEnoughToday), transaction.atomic():
            gridplan.object_(plan.id, text="再说一遍", by=nobody, now=MONDAY_TEN)

        assert gridplan.object_(plan.id, text="明天再说", by=nobody, now=MONDAY_TEN + DAYS).id
        resident = Actor(tenant_id=by.tenant_id, kind="resident", account_id=4)
        assert gridplan.object_(plan.id, text="我登录了", by=resident, now=MONDAY_TEN).id

    @pytest.mark.parametrize("text", ["远" * 501, "远" * 3, "远" * 100_000])
    def test_words_too_long_or_too_few_are_refused_in_words(self, text, by):
        plan = a_plan_at("NOTICED", by)

        with pytest.raises(WordsNeeded):
            gridplan.object_(plan.id, text=text, by=by, now=MONDAY_TEN)


class TestNoPathFromAFault:
    def test_leads_to_an_edition_even_where_somebody_says_the_plan_is_legal(self, by):
        run = a_run(by, lo=600, hi=620)
        PlanRun.objects.filter(id=run.id).update(verdict="legal", faults=0)

        with pytest.raises(PlanHasFaults):
            gridplan.draft(run.id, by=by, now=MONDAY_TEN)

    def test_leads_through_a_file_of_it(self, by):
        run = a_run(by, lo=600, hi=620)
        exported = json.dumps(plan_map.as_geojson(run)).encode()

        with pytest.raises(FileOfFaultyPlan):
            imports.check_file(exported, "grids.geojson", division=A, crs=CRS, by=by, now=MONDAY_TEN)
        with pytest.raises(FileOfFaultyPlan):
            grids.check(exported, division=A, crs=CRS, by=by)
        assert FileOfFaultyPlan.mark not in plan_map.as_geojson(run, side="before")

    def test_leads_through_a_file_of_it_whose_mark_and_codes_somebody_changed(self, by):
        drawn = plan_map.as_geojson(a_run(by, lo=600, hi=620))
        del drawn[FileOfFaultyPlan.mark]
        for number, one in enumerate(drawn["features"]):
            one["properties"] = {"code": f"{A}{500 - number}", "name": f"手画的{number}"}
        by_hand = json.dumps(drawn).encode()

        with pytest.raises(FileOfFaultyPlan):
            imports.check_file(by_hand, "grids.geojson", division=A, crs=CRS, by=by, now=MONDAY_TEN)
        with pytest.raises(FileOfFaultyPlan):
            grids.check(by_hand, division=A, crs=CRS, by=by)

    def test_is_seen_in_the_grids_in_force_whose_households_are_told_beside_the_band_last_asked_for(self, by):
        before = grids.check(collection(grids_of()), division=A, crs=CRS, by=by)
        a_run(by, lo=600, hi=620)

        report = grids.check(collection(grids_of()), division=A, crs=CRS, by=by)

        told = [drawings.told(f) for f in report.findings if f.code == "households_out_of_band"]
        assert not [f for f in before.findings if f.code == "households_out_of_band"] and not report.blockers
        assert len(told) == 4 and all("600–620 户" in one for one in told)
        assert sum(int(one.split("有 ")[1].split(" 户")[0]) for one in told) == sum(HOMES)

    def test_leads_to_an_edition_even_where_the_division_was_changed_after_the_check(self, by):
        plan = a_plan_at("ANSWERED", by)
        worse = a_run(by, lo=600, hi=620)
        PlanRun.objects.filter(id=plan.run_id).update(drawn=worse.drawn)

        with pytest.raises(PlanHasFaults):
            gridplan.adopt(plan.id, document_no="试9号", effective_from=date(2026, 9, 1), by=another(by), now=LATER)

        assert GridEdition.objects.filter(division_code=A).count() == 1

    @pytest.mark.parametrize("values", [
        {"status": "CHECKED"}, {"status": "OTHER"},
        {"status": "ADOPTED", "audited_at": MONDAY_TEN, "audited_hash": "x"},
    ])  # fmt: skip
    def test_leads_around_the_audit_in_the_database(self, values, by):
        plan = a_plan_at("DRAFTED", by)

        with pytest.raises(IntegrityError), transaction.atomic():
            GridPlan.objects.filter(id=plan.id).update(**values)

    def test_a_legal_verdict_with_faults_is_refused_by_the_database(self, by):
        run = a_run(by)

        with pytest.raises(IntegrityError), transaction.atomic():
            PlanRun.objects.filter(id=run.id).update(faults=1)


class TestTheMap:
    def test_shows_no_border_between_two_pieces_of_one_grid(self, by):
        drawn = [shapes.read(g.polygon) for g in PlanGrid.objects.filter(run=a_run(by))]

        assert len(drawn) > 1
        for shape in drawn:
            parts = shapely.get_parts(shape)
            touching = [a.intersection(b).length for i, a in enumerate(parts) for b in parts[:i]]
            assert not any(touching)
            assert shapely.union_all(parts).length == pytest.approx(shape.length)

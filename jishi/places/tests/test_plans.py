"""From a calculation to a grid edition: only what the auditor passed, only by people, each step once on the record."""

import json
from dataclasses import replace
from datetime import date, timedelta

import pytest
import shapely
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from conftest import MONDAY_TEN
from jishi.foundation import scope, trail
from jishi.foundation.actor import Actor, clock, system
from jishi.foundation.refusals import Invalid, NotAllowed, NotFound, SamePerson, Stale, WrongMoment
from jishi.places import plan_rules, queries, shapes
from jishi.places.actions import gridplan, ground, plans, walknets
from jishi.places.models import GridEdition, GridPlan, GridVersion, PlanFinding, PlanGrid, PlanMove, PlanRun
from jishi.places.queries import plans as looking
from jishi.places.refusals import (
    NothingToPlan,
    NoticeIsOver,
    NoticeStillRuns,
    ObjectionsOpen,
    ObjectionWasRight,
    PlanBaseReplaced,
    PlanHasFaults,
    PlanOpenAlready,
    RunNotReady,
    TooSoon,
    UnknownUnit,
    WordsNeeded,
)
from jishi.places.tests.factories import CRS, SINCE, A, B, a_town, adopt, at, degrees
from jishi.places.tests.factories import office as an_office

pytestmark = pytest.mark.django_db
DAYS = timedelta(days=1)
RULES = plan_rules.load()
HOMES = (200, 180, 260, 150, 210, 190, 240, 170, 320)  # nine compounds on three rows of community A


@pytest.fixture
def by(other_tenant: int):
    with scope.work(system(other_tenant)):
        a_town(other_tenant)
        _compounds(HOMES, other_tenant)
        actor = an_office(other_tenant)
        with scope.within(actor):
            yield actor


def _compounds(homes, tenant: int) -> None:
    rows = [
        ground.NewCompound(f"p{n}", f"新村{n + 1}区", A, *at(0.34 + 0.66 * (n % 3), 0.34 + 0.66 * (n // 3)),
                           households_planned=h)
        for n, h in enumerate(homes)
    ]  # fmt: skip
    ground.add_compounds(rows, crs=CRS, active_from=SINCE, by=system(tenant), now=MONDAY_TEN)


def another(by: Actor) -> Actor:
    """A colleague of the same office: who adopts did nothing else to the plan."""
    return replace(by, account_id=2)


def worked_off(by: Actor, now=MONDAY_TEN) -> None:
    plans.work_off(by.tenant_id, clock=lambda: now)


def a_run(by: Actor, **rules) -> PlanRun:
    run = plans.ask(A, rules=plans.Rules(**rules), by=by, now=MONDAY_TEN)
    worked_off(by)
    run.refresh_from_db()
    return run


def a_plan_at(status: str, by: Actor) -> GridPlan:
    """Reach a state by living it."""
    plan = gridplan.draft(a_run(by).id, by=by, now=MONDAY_TEN)
    later = MONDAY_TEN + 8 * DAYS
    steps = {
        "CHECKED": lambda: gridplan.check(plan.id, by=by, now=MONDAY_TEN),
        "NOTICED": lambda: gridplan.publish(plan.id, by=by, now=MONDAY_TEN),
        "ANSWERED": lambda: gridplan.conclude(plan.id, by=by, now=later),
        "ADOPTED": lambda: gridplan.adopt(plan.id, document_no="试〔2026〕9号", by=another(by), now=later,
                                          effective_from=later.date() + 7 * DAYS),
    }  # fmt: skip
    for name, step in steps.items():
        if status == "DRAFTED":
            break
        step()
        if name == status:
            break
    plan.refresh_from_db()
    assert plan.status == status
    return plan


def entries(kind: str, row: int) -> int:
    return len(trail.of(kind, [row]))


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
        assert PlanFinding.objects.filter(run=run, code="H6:no_ground").exists() and looking.as_geojson(run)
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

        drawn = {f["properties"]["code"]: f["properties"]["households"] for f in looking.as_geojson(run)["features"]}
        told = {g.code: g.households for g in PlanGrid.objects.filter(run=run)}
        counted: dict[str, int] = {}
        homes = dict(zip(looking.units_for_planning(A, by=by).refs, looking.units_for_planning(A, by=by).households,
                         strict=True))  # fmt: skip
        for ref, _, code in looking.units_of(run):
            counted[code] = counted.get(code, 0) + homes[ref]
        assert drawn == told == counted


class TestAPlan:
    def test_goes_from_draft_to_a_new_edition_in_force(self, by):
        plan = a_plan_at("ADOPTED", by)
        day = plan.effective_from

        with scope.within(clock(by.tenant_id, "t")):
            early = gridplan.enter_force_due(by=clock(by.tenant_id, "t"), now=MONDAY_TEN + 9 * DAYS)
            closed = gridplan.enter_force_due(by=clock(by.tenant_id, "t"), now=MONDAY_TEN + 16 * DAYS)

        plan.refresh_from_db()
        assert (early, closed, plan.status) == (0, 1, "IN_FORCE")
        codes = {g.code for g in queries.grids_in(A, day)}
        assert codes == set(PlanGrid.objects.filter(run=plan.run).values_list("code", flat=True))
        assert {g.code for g in queries.grids_in(A, day - DAYS)} == {f"{A}00{n}" for n in (1, 2, 3, 4)}
        assert plan.edition.number == 2 and entries("gridplan", plan.id) == 6
        drawn = looking.as_geojson(plan.run, side="before")["features"]
        before = {f["properties"]["code"]: f["geometry"] for f in drawn}
        first = GridVersion.objects.filter(edition__division_code=A, edition__number=1).select_related("grid")
        assert before == {g.grid.code: shapely.geometry.mapping(shapes.read(g.polygon)) for g in first}

    def test_words_in_the_place_of_a_house_reach_no_entry(self, by):
        plan = a_plan_at("NOTICED", by)

        anybody = Actor(tenant_id=by.tenant_id, kind="anonymous")
        gridplan.object_(plan.id, text="太远了啊", unit="张三 13812345678", by=anybody, now=MONDAY_TEN)

        (entry,) = [e for e in trail.of("gridplan", plan.id) if "objection" in e.codes]
        assert (entry.codes["unit"], entry.codes["wanted"]) == ("", "")

    def test_an_objection_that_is_right_sends_it_back_and_the_second_notice_carries_it(self, by):
        plan = a_plan_at("NOTICED", by)
        resident = Actor(tenant_id=by.tenant_id, kind="anonymous")
        unit, label, here = looking.units_of(plan.run)[0]
        there = next(g.code for g in PlanGrid.objects.filter(run=plan.run) if g.code != here)
        later = MONDAY_TEN + 8 * DAYS

        one = gridplan.object_(plan.id, text="我们楼离那边太远，电话13812345678", unit=unit, wanted=there, by=resident,
                               now=MONDAY_TEN)  # fmt: skip
        with pytest.raises(ObjectionsOpen):
            gridplan.conclude(plan.id, by=by, now=later)
        gridplan.answer(plan.id, objection_id=one.id, words="说得对，我们改。", is_right=True, by=by, now=MONDAY_TEN)
        gridplan.conclude(plan.id, by=by, now=later)
        with pytest.raises(ObjectionWasRight):
            gridplan.adopt(plan.id, document_no="试9号", effective_from=later.date() + 9 * DAYS,
                           by=another(by), now=later)  # fmt: skip
        other = a_run(by, lo=250, hi=520)
        gridplan.revise(plan.id, run_id=other.id, by=by, now=later)
        gridplan.check(plan.id, by=by, now=later)
        gridplan.publish(plan.id, by=by, now=later)
        gridplan.conclude(plan.id, by=by, now=later + 8 * DAYS)
        gridplan.adopt(plan.id, document_no="试〔2026〕9号", effective_from=later.date() + 20 * DAYS, by=another(by),
                       now=later + 8 * DAYS)  # fmt: skip

        plan.refresh_from_db()
        one.refresh_from_db()
        assert (plan.status, plan.run_id, plan.rounds) == ("ADOPTED", other.id, 2)
        assert "13812345678" not in one.text and one.unit_label == label and one.breaks_zh

    def test_a_wish_is_tried_before_the_plan_is_locked_and_its_units_are_read_once(self, by):
        plan = a_plan_at("NOTICED", by)
        unit, _, here = looking.units_of(plan.run)[0]
        there = next(g.code for g in PlanGrid.objects.filter(run=plan.run) if g.code != here)

        with CaptureQueriesContext(connection) as asked:
            gridplan.object_(plan.id, text="太远了啊", unit=unit, wanted=there, by=by, now=MONDAY_TEN)
        sql = [q["sql"] for q in asked.captured_queries]
        lock = next(n for n, one in enumerate(sql) if "FOR UPDATE" in one and "places_gridplan" in one)
        page = looking.published(plan.id, by=by)
        with CaptureQueriesContext(connection) as again:
            assert looking.units_of(page.run)[0][0] == unit

        assert not any("places_plangrid" in one for one in sql[lock:]) and not again.captured_queries

    def test_is_on_the_record_once_a_step(self, by):
        for n, status in enumerate(("DRAFTED", "CHECKED", "NOTICED", "ANSWERED", "ADOPTED"), start=1):
            with transaction.atomic():
                plan = a_plan_at(status, by)
                assert entries("gridplan", plan.id) == n
                transaction.set_rollback(True)

    def test_can_be_taken_back_with_a_reason_until_it_is_in_force(self, by):
        plan = a_plan_at("ADOPTED", by)
        assert GridEdition.objects.get(division_code=A, number=1).effective.upper == plan.effective_from

        gridplan.withdraw(plan.id, why="村里要重新商量", by=by, now=MONDAY_TEN + 9 * DAYS)

        plan.refresh_from_db()
        first, second = GridEdition.objects.filter(division_code=A).order_by("number")
        assert plan.status == "WITHDRAWN" and second.effective.isempty and first.effective.upper is None
        assert {g.code for g in queries.grids_in(A, date(2026, 6, 1))} == {f"{A}00{n}" for n in (1, 2, 3, 4)}


    @pytest.mark.parametrize("status", ["DRAFTED", "CHECKED", "ANSWERED"])
    def test_of_another_edition_than_the_last_goes_no_further(self, status, by):
        plan = a_plan_at(status, by)
        adopt(A, system(by.tenant_id), since=date(2026, 3, 20), replaces=1)
        verbs = {
            "DRAFTED": lambda: gridplan.check(plan.id, by=by, now=LATER),
            "CHECKED": lambda: gridplan.publish(plan.id, by=by, now=LATER),
            "ANSWERED": lambda: gridplan.adopt(
                plan.id, document_no="试9号", effective_from=date(2026, 9, 1), by=another(by), now=LATER),
        }  # fmt: skip

        with pytest.raises(PlanBaseReplaced), transaction.atomic():
            verbs[status]()

        plan.refresh_from_db()
        assert plan.status == status and GridEdition.objects.filter(division_code=A).count() == 2


LATER = MONDAY_TEN + 8 * DAYS
REFUSED = [
    # name of the claim, state to be in, the verb, what it says
    ("draft_twice", "DRAFTED", lambda p, by: gridplan.draft(p.run_id, by=by, now=MONDAY_TEN), PlanOpenAlready),
    ("publish_unchecked", "DRAFTED", lambda p, by: gridplan.publish(p.id, by=by, now=MONDAY_TEN), WrongMoment),
    ("adopt_unnoticed", "CHECKED", lambda p, by: gridplan.adopt(
        p.id, document_no="试9号", effective_from=date(2026, 9, 1), by=by, now=MONDAY_TEN), WrongMoment),
    ("six_days", "CHECKED", lambda p, by: gridplan.publish(p.id, days=6, by=by, now=MONDAY_TEN), TooSoon),
    ("check_twice", "CHECKED", lambda p, by: gridplan.check(p.id, by=by, now=MONDAY_TEN), WrongMoment),
    ("end_early", "NOTICED", lambda p, by: gridplan.conclude(p.id, by=by, now=MONDAY_TEN + 7 * DAYS), NoticeStillRuns),
    ("object_late", "NOTICED", lambda p, by: gridplan.object_(p.id, text="太远了啊", by=by, now=LATER), NoticeIsOver),
    ("object_nothing", "NOTICED", lambda p, by: gridplan.object_(p.id, text=" ", by=by, now=MONDAY_TEN), WordsNeeded),
    ("object_nowhere", "NOTICED", lambda p, by: gridplan.object_(
        p.id, text="太远了啊", unit="b0", wanted="x", by=by, now=MONDAY_TEN), UnknownUnit),
    ("answer_nobody", "NOTICED", lambda p, by: gridplan.answer(
        p.id, objection_id=0, words="已经改了", is_right=True, by=by, now=MONDAY_TEN), NotFound),
    ("adopt_soon", "ANSWERED", lambda p, by: gridplan.adopt(
        p.id, document_no="试9号", effective_from=LATER.date() + 6 * DAYS, by=another(by), now=LATER), TooSoon),
    ("adopt_without_number", "ANSWERED", lambda p, by: gridplan.adopt(
        p.id, document_no=" ", effective_from=date(2026, 9, 1), by=another(by), now=LATER), WordsNeeded),
    ("revise_by_itself", "ANSWERED", lambda p, by: gridplan.revise(p.id, run_id=p.run_id, by=by, now=LATER),
     RunNotReady),
    ("withdraw_silently", "NOTICED", lambda p, by: gridplan.withdraw(p.id, why="", by=by, now=LATER), WordsNeeded),
    ("force_early", "ADOPTED", lambda p, by: gridplan.enter_force(p.id, by=by, now=LATER), TooSoon),
    ("on_an_old_look", "DRAFTED", lambda p, by: gridplan.check(p.id, version=99, by=by, now=MONDAY_TEN), Stale),
    ("nobody_elses", "DRAFTED", lambda p, by: gridplan.check(0, by=by, now=MONDAY_TEN), NotFound),
]  # fmt: skip
VERBS = {
    "DRAFTED": [
        lambda p, by: gridplan.check(p.id, by=by, now=MONDAY_TEN),
        lambda p, by: gridplan.conclude(p.id, by=by, now=MONDAY_TEN),  # the moment is wrong too: not said to a stranger
    ],
    "CHECKED": [lambda p, by: gridplan.publish(p.id, by=by, now=MONDAY_TEN)],
    "NOTICED": [
        lambda p, by: gridplan.answer(p.id, objection_id=1, words="已经改了", is_right=True, by=by, now=MONDAY_TEN),
        lambda p, by: gridplan.conclude(p.id, by=by, now=LATER),
        lambda p, by: gridplan.withdraw(p.id, why="重新商量", by=by, now=LATER),
        lambda p, by: gridplan.draft(p.run_id, by=by, now=LATER),
    ],
    "ANSWERED": [
        lambda p, by: gridplan.revise(p.id, run_id=1, by=by, now=LATER),
        lambda p, by: gridplan.adopt(p.id, document_no="试9号", effective_from=date(2026, 9, 1), by=by, now=LATER),
    ],
    "ADOPTED": [lambda p, by: gridplan.enter_force(p.id, by=by, now=LATER + 30 * DAYS)],
}


class TestRefusals:
    @pytest.mark.parametrize("status", sorted({r[1] for r in REFUSED}))
    def test_name_the_fact_and_change_nothing(self, status, by):
        plan = a_plan_at(status, by)
        was = (plan.version, plan.status, entries("gridplan", plan.id))

        for name, _, verb, refusal in [r for r in REFUSED if r[1] == status]:
            with pytest.raises(refusal), transaction.atomic():
                verb(plan, by)
            plan.refresh_from_db()
            assert (plan.version, plan.status, entries("gridplan", plan.id)) == was, name

    @pytest.mark.parametrize("status", VERBS)
    def test_of_the_wrong_person_change_nothing(self, status, by):
        plan = a_plan_at(status, by)
        was = (plan.version, plan.status, entries("gridplan", plan.id))
        strangers = [
            Actor(tenant_id=by.tenant_id, kind="staff", account_id=2, roles=frozenset({"handler"})),
            Actor(tenant_id=by.tenant_id, kind="staff", account_id=3, roles=frozenset({"office"}), area="990882002"),
            Actor(tenant_id=by.tenant_id, kind="resident", account_id=4),
        ]

        for stranger in strangers:
            for verb in VERBS[status]:
                with pytest.raises(NotAllowed), transaction.atomic():
                    verb(plan, stranger)
        plan.refresh_from_db()
        assert (plan.version, plan.status, entries("gridplan", plan.id)) == was

    def test_of_asking_change_nothing(self, by):
        handler = Actor(tenant_id=by.tenant_id, kind="staff", account_id=2, roles=frozenset({"handler"}))
        cases = [
            (NotAllowed, A, plans.Rules(), handler), (Invalid, A, plans.Rules(lo=500, hi=300), by),
            (Invalid, A, plans.Rules(lo=0, hi=0), by), (Invalid, A, plans.Rules(compounds="perhaps"), by),
            (Invalid, A, plans.Rules(cap=0), by), (Invalid, A, plans.Rules(price=-1), by),
            (NothingToPlan, B, plans.Rules(), by), (UnknownUnit, A, plans.Rules(split_compound_id=0), by),
        ]  # fmt: skip

        for refusal, community, rules, who in cases:
            with pytest.raises(refusal), transaction.atomic():
                plans.ask(community, rules=rules, by=who, now=MONDAY_TEN)

        assert not PlanRun.objects.exists()


class TestOnePersonOneSide:
    @pytest.mark.parametrize("did", ["draft", "revise", "check", "publish"])
    def test_who_prepared_a_plan_does_not_adopt_it_in_any_post(self, did, by):
        order = ("draft", "revise", "check", "publish")
        who = {step: replace(by, account_id=10 + n) for n, step in enumerate(order)}
        plan = gridplan.draft(a_run(by).id, by=who["draft"], now=MONDAY_TEN)
        if did == "revise":
            wrong = a_changed_plan(plan, by)
            gridplan.revise(plan.id, run_id=wrong, by=who["revise"], now=LATER)
        day = LATER if did == "revise" else MONDAY_TEN
        gridplan.check(plan.id, by=who["check"], now=day)
        gridplan.publish(plan.id, by=who["publish"], now=day)
        gridplan.conclude(plan.id, by=by, now=day + 8 * DAYS)
        plan.refresh_from_db()
        told, was = {"document_no": "试9号", "effective_from": date(2026, 9, 1)}, entries("gridplan", plan.id)

        with pytest.raises(SamePerson) as no, transaction.atomic():
            gridplan.adopt(plan.id, **told, by=replace(who[did], post_id=77), now=day + 8 * DAYS)

        plan.refresh_from_db()
        assert (plan.status, entries("gridplan", plan.id)) == ("ANSWERED", was) and no.value.facts["why"]
        assert gridplan.adopt(plan.id, **told, by=another(by), now=day + 8 * DAYS).status == "ADOPTED"


    def test_who_had_it_calculated_or_changed_it_by_hand_does_not_adopt_it(self, by):
        asked, changed, rest = (replace(by, account_id=n) for n in (10, 11, 12))
        run = a_run(asked)
        codes = list(PlanGrid.objects.filter(run=run).order_by("code").values_list("code", flat=True))
        for unit, there in ((ref, c) for ref, _, now_in in looking.units_of(run) for c in codes if c != now_in):
            fresh = plans.change(run.id, moves={unit: there}, by=changed, now=MONDAY_TEN)
            if not fresh.faults:
                break
        plan = gridplan.draft(fresh.id, by=rest, now=MONDAY_TEN)
        gridplan.check(plan.id, by=rest, now=MONDAY_TEN)
        gridplan.publish(plan.id, by=rest, now=MONDAY_TEN)
        gridplan.conclude(plan.id, by=rest, now=LATER)
        told = {"document_no": "试9号", "effective_from": date(2026, 9, 1), "now": LATER}

        for who in (asked, changed):
            with pytest.raises(SamePerson), transaction.atomic():
                gridplan.adopt(plan.id, **told, by=replace(who, post_id=77))

        assert gridplan.adopt(plan.id, **told, by=another(by)).status == "ADOPTED"


def a_changed_plan(plan: GridPlan, by: Actor) -> int:
    """Bring a draft to the end of its first notice, with an objection that was right; gives the run to change to."""
    other = a_run(by, price=0).id
    gridplan.check(plan.id, by=by, now=MONDAY_TEN)
    gridplan.publish(plan.id, by=by, now=MONDAY_TEN)
    one = gridplan.object_(plan.id, text="太远了啊", by=by, now=MONDAY_TEN)
    gridplan.answer(plan.id, objection_id=one.id, words="说得对，我们改。", is_right=True, by=by, now=MONDAY_TEN)
    gridplan.conclude(plan.id, by=by, now=LATER)
    return other


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


def adopt_ways(by: Actor, lines=None) -> None:
    """A lattice of ways through all nine compounds, or these lines (in steps of the town)."""
    rows = [0.34 + 0.66 * n for n in range(3)]
    lattice = [((rows[0], r), (rows[2], r)) for r in rows] + [((r, rows[0]), (r, rows[2])) for r in rows]
    drawn = [{"type": "Feature", "properties": {}, "geometry": {"type": "LineString", "coordinates": [
        list(degrees(*p)) for p in line]}} for line in lines or lattice]  # fmt: skip
    content = json.dumps({"type": "FeatureCollection", "features": drawn}).encode()
    row = walknets.check_file(content, "ways.geojson", crs=CRS, by=by, now=MONDAY_TEN)
    walknets.adopt(row.id, active_from=MONDAY_TEN.date(), document_no="试〔2026〕3号", by=by, now=MONDAY_TEN)

"""From a calculation to a grid edition: only what the auditor passed, only by people, each step once on the record."""

from dataclasses import replace
from datetime import date

import pytest
import shapely
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from conftest import MONDAY_TEN
from jishi.foundation import scope, trail
from jishi.foundation.actor import Actor, clock, system
from jishi.foundation.refusals import NotAllowed, NotFound, SamePerson, Stale, WrongMoment
from jishi.places import queries, shapes
from jishi.places.actions import gridplan, plans
from jishi.places.models import GridEdition, GridPlan, GridVersion, PlanGrid, PlanRun
from jishi.places.queries import plan_map
from jishi.places.queries import plans as looking
from jishi.places.refusals import (
    NothingToPlan,
    NoticeIsOver,
    NoticeStillRuns,
    ObjectionsOpen,
    ObjectionWasRight,
    PlanBaseReplaced,
    PlanOpenAlready,
    PlanRulesMakeNoSense,
    RunNotReady,
    TooSoon,
    UnknownUnit,
    WordsNeeded,
)
from jishi.places.tests.factories import A, B, adopt
from jishi.places.tests.plan_steps import DAYS, LATER, a_plan_at, a_run, another, by, entries

pytestmark = pytest.mark.django_db
__all__ = ["by"]  # a fixture


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
        drawn = plan_map.as_geojson(plan.run, side="before")["features"]
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
            (NotAllowed, A, plans.Rules(), handler), (PlanRulesMakeNoSense, A, plans.Rules(lo=500, hi=300), by),
            (PlanRulesMakeNoSense, A, plans.Rules(lo=0, hi=0), by),
            (PlanRulesMakeNoSense, A, plans.Rules(compounds="perhaps"), by),
            (PlanRulesMakeNoSense, A, plans.Rules(cap=0), by),
            (PlanRulesMakeNoSense, A, plans.Rules(price=-1), by),
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

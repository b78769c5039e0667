from dataclasses import replace
from datetime import date

import pytest

from conftest import MONDAY_TEN
from jishi.bodies.actions import bodies
from jishi.duties import queries
from jishi.duties.actions import founding, lists
from jishi.duties.tests.factories import HOLDER, ITEMS, a_stage, as_csv, facts_of
from jishi.foundation import scope
from jishi.foundation.actor import system

DAY = date(2026, 3, 9)


@pytest.fixture
def stage(tenant):
    return a_stage(tenant)


def decided(tenant_id, *facts, day=DAY):
    with scope.work(system(tenant_id)):
        return queries.decide(facts, day=day)


def asked(tenant_id, routed):
    with scope.work(system(tenant_id)):
        return [(a.body_id, a.part, a.number) for a in routed.assists]


class TestLawInMemory:
    def test_costs_one_statement_a_transaction_once_read(self, tenant, stage, django_assert_max_num_queries):
        decided(tenant, facts_of("01.02.01"))

        with scope.work(system(tenant)), django_assert_max_num_queries(1):
            queries.decide([facts_of("01.02.01")] * 50, day=DAY)
            queries.matters(day=DAY)

    def test_shares_its_editions_between_days_of_the_same_law(self, tenant, stage):
        with scope.work(system(tenant)):
            first, second = queries.law(DAY), queries.law(date(2026, 3, 10))

        assert first.day != second.day
        assert first.editions is not second.editions or first.editions == second.editions

    def test_does_not_lend_a_body_to_the_day_on_which_it_has_ended(self, tenant, stage):
        by = system(tenant)
        with scope.work(by):
            bodies.end(stage.bodies["swj"], on=date(2026, 5, 1), by=by, now=MONDAY_TEN)

        with scope.work(by):
            assert "swj" in queries.law(date(2026, 4, 30)).body_ids
            assert "swj" not in queries.law(date(2026, 5, 1)).body_ids

    def test_of_one_town_is_not_that_of_another(self, tenant, other_tenant, stage):
        a_stage(other_tenant, items=ITEMS[2:3])

        with scope.work(system(tenant)):
            ours = queries.law(DAY)
        with scope.work(system(other_tenant)):
            theirs = queries.law(DAY)

        assert (len(ours.items), len(theirs.items)) == (len(ITEMS), 1)
        assert set(ours.body_ids.values()).isdisjoint(theirs.body_ids.values())

    def test_of_a_change_that_was_rolled_back_is_seen_by_nobody_afterwards(self, tenant, stage):
        by = system(tenant)
        with pytest.raises(RuntimeError), scope.work(by):
            founding.set_fallback(
                "990181001000", stage.bodies["lajd"], from_day=date(2025, 1, 1), by=by, now=MONDAY_TEN
            )
            assert "990181001000" in queries.law(DAY).editions.coordinators
            raise RuntimeError

        with scope.work(by):
            assert "990181001000" not in queries.law(DAY).editions.coordinators

    def test_of_a_past_day_is_the_edition_of_that_day_after_a_new_one(self, tenant, stage):
        again = [i for i in ITEMS if i.number != "配合-001"]
        with scope.work(stage.keeper):
            second = lists.draft(
                HOLDER, title="第二版", effective_from=date(2026, 6, 1), items=again, by=stage.keeper, now=MONDAY_TEN
            )
            lists.put_in_force(lists._locked(second, stage.keeper), [], by=stage.keeper, now=MONDAY_TEN)
        with scope.work(stage.keeper):
            lists.supersede_due(by=system(tenant), now=MONDAY_TEN.replace(month=7))

        before, after = (decided(tenant, facts_of("01.02.01"), day=d)[0] for d in (DAY, date(2026, 7, 1)))

        assert (before.outcome, before.item.number, before.item.edition) == ("named_with_assist", "配合-001", 1)
        assert after.outcome in ("fallback", "ask")


class TestStreetAndAssist:
    def test_street_stands_for_the_street_of_the_place(self, tenant, stage):
        old = decided(tenant, facts_of("01.02.01", kinds=("old_estate",)))[0]

        assert (old.item.number, old.body_id) == ("基本-001", stage.bodies["lajd"])

    def test_community_stands_for_the_community_of_the_place(self, tenant, stage):
        found = decided(tenant, facts_of("02.01.04", community="990181002001"))[0]

        assert (found.item.number, found.body_id) == ("基本-002", stage.bodies["ynsq"])

    def test_an_assist_item_asks_the_street_of_the_place_for_its_part(self, tenant, stage):
        found = decided(tenant, facts_of("01.02.01", community="990181002001"))[0]

        assert (found.outcome, found.body_id) == ("named_with_assist", stage.bodies["swj"])
        assert asked(tenant, found) == [(stage.bodies["hxjd"], "巡查上报", "配合-001")]

    def test_a_list_of_one_street_asks_that_street_and_holds_nowhere_else(self, tenant, stage):
        by = system(tenant)
        own = as_csv([replace(ITEMS[2], lead_body="cgj", superior_dept="市城管局", priority=90)])
        with scope.work(by):
            founding.load_lists(
                own, title="柳岸清单", holder="lajd", effective_from=date(2025, 1, 1),
                document_no="柳〔2025〕1号", by=by, now=MONDAY_TEN,
            )  # fmt: skip

        here = decided(tenant, facts_of("01.02.01"))[0]
        there = decided(tenant, facts_of("01.02.01", community="990181002001"))[0]

        assert here.body_id == stage.bodies["cgj"]
        assert (stage.bodies["lajd"], "巡查上报", "配合-001") in asked(tenant, here)
        assert there.body_id == stage.bodies["swj"]

    def test_an_unanswered_question_is_asked_in_the_books_words(self, tenant, stage):
        found = decided(tenant, facts_of("02.01.01"))[0]

        assert (found.outcome, [q["code"] for q in found.questions]) == ("ask", ["warranty"])

    def test_nothing_that_matches_goes_to_the_coordinator(self, tenant, stage):
        found = decided(tenant, facts_of("02"))[0]

        assert found.outcome in ("ask", "fallback")
        assert decided(tenant, facts_of("02.01"))[0].outcome in ("ask", "fallback")

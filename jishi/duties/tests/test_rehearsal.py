from dataclasses import replace
from datetime import date, timedelta

import pytest
from django.db import connection

from conftest import MONDAY_TEN
from jishi.duties import queries, rehearsal
from jishi.duties.actions import deciding
from jishi.duties.models import Decision
from jishi.duties.reading import facts_from
from jishi.duties.refusals import PeriodTooLong
from jishi.duties.tests.factories import ITEMS, a_draft, a_stage, facts_of
from jishi.duties.tests.test_lists import RIVAL
from jishi.foundation import scope
from jishi.foundation.actor import system
from jishi.foundation.protect import protected_models
from jishi.kernels.dutylist import decide

DAY = date(2026, 3, 9)
MONTH = {"start": MONDAY_TEN - timedelta(days=1), "end": MONDAY_TEN + timedelta(days=30)}


@pytest.fixture
def stage(tenant):
    made = a_stage(tenant)
    with scope.work(system(tenant)):
        many = [
            facts_of("01.02.01"), facts_of("01.02.01", kinds=("old_estate",)), facts_of("02.01.04"),
            facts_of("02.01.01", warranty="in"), facts_of("01.02.03", depth_cm=80),
        ]  # fmt: skip
        deciding.keep(queries.decide(many * 4, day=DAY), made_at=MONDAY_TEN, effective_on=DAY)
    return made


def hashes(by):
    """One hash per table of what the tenant sees in it."""
    found = {}
    with scope.work(by), connection.cursor() as cursor:
        for model in protected_models():
            table = model._meta.db_table
            cursor.execute(
                f"SELECT md5(coalesce(string_agg(t::text, chr(10) ORDER BY t::text), '')) FROM \"{table}\" t"
            )
            found[table] = cursor.fetchone()[0]
    return found


class TestDryRun:
    def test_writes_nothing(self, stage):
        list_id = a_draft(stage, items=[*ITEMS, RIVAL])
        before = hashes(stage.keeper)

        with scope.work(stage.keeper):
            rehearsal.dry_run(list_id, **MONTH)

        assert hashes(stage.keeper) == before

    def test_of_the_same_list_changes_nothing(self, stage):
        list_id = a_draft(stage)

        with scope.work(stage.keeper):
            found = rehearsal.dry_run(list_id, **MONTH)

        assert (found.total, found.counts["same"], found.samples) == (20, 20, {})

    def test_tells_what_would_be_different_contested_or_left_to_fallback_with_one_sample_each(self, stage):
        items = [*(replace(i, lead_body="$street") if i.number == "基本-002" else i for i in ITEMS[:4]), RIVAL]
        list_id = a_draft(stage, items=items)

        with scope.work(stage.keeper):
            found = rehearsal.dry_run(list_id, **MONTH)

        assert found.counts == {"same": 8, "different": 4, "contested": 4, "fallback": 4, "ask": 0}
        different = found.samples["different", "02.01.04"]
        assert (different.was, different.would_be) == ("青溪社区居委会", "柳岸街道办事处")
        assert found.samples["contested", "01.02.01"].would_be == "市城管局、市水务局"
        assert found.samples["fallback", "02.01.01"].would_be == "市诉求受理中心"

    def test_of_a_period_without_decisions_is_empty_and_of_a_year_is_refused(self, stage):
        list_id = a_draft(stage)

        with scope.work(stage.keeper):
            later = MONDAY_TEN + timedelta(days=60)
            assert rehearsal.dry_run(list_id, start=later, end=later + timedelta(days=5)).total == 0
            with pytest.raises(PeriodTooLong):
                rehearsal.dry_run(list_id, start=MONDAY_TEN - timedelta(days=365), end=MONDAY_TEN)

    def test_takes_a_number_of_statements_that_does_not_grow_with_the_decisions(
        self, stage, django_assert_max_num_queries
    ):
        list_id = a_draft(stage)

        with scope.work(stage.keeper), django_assert_max_num_queries(12):
            rehearsal.dry_run(list_id, **MONTH)


def test_a_stored_decision_is_made_again_from_its_own_facts_with_the_same_trace_to_the_byte(stage):
    with scope.work(stage.keeper):
        law = queries.law(DAY)
        for row in Decision.objects.order_by("id"):
            assert decide(facts_from(row.facts), law.editions, row.effective_on).trace.to_json() == row.trace


def test_a_decision_of_two_years_ago_replays_to_the_same_trace_by_the_lists_of_its_day(tenant, stage):
    day = date(2025, 3, 10)
    facts = facts_of("01.02.01")
    with scope.work(stage.keeper):
        (routed,) = queries.decide([facts], day=day)
        (kept,) = deciding.keep([routed], made_at=MONDAY_TEN - timedelta(days=364), effective_on=day)
    from jishi.duties.tests.test_lists import a_list_at

    a_list_at(stage, "published", items=ITEMS[3:])

    with scope.work(stage.keeper):
        row = Decision.objects.get(id=kept)
        again = decide(facts_from(row.facts), queries.law(row.effective_on).editions, row.effective_on)
        assert again.trace.to_json() == row.trace

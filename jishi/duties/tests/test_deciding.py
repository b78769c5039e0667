from datetime import date

import pytest
from django.db import DatabaseError, connection, transaction

from conftest import MONDAY_TEN
from jishi.duties import queries
from jishi.duties.actions import deciding
from jishi.duties.actions.deciding import NoSuchItem, PushDownRefused
from jishi.duties.models import Decision
from jishi.duties.tests.factories import a_stage, facts_of
from jishi.foundation import scope, trail
from jishi.foundation.actor import system
from jishi.foundation.models import News
from jishi.kernels.dutylist import Trace

DAY = date(2026, 3, 9)


@pytest.fixture
def stage(tenant):
    return a_stage(tenant)


def kept(stage, *facts):
    with scope.work(system(stage.tenant_id)):
        ids = deciding.keep(queries.decide(facts, day=DAY), made_at=MONDAY_TEN, effective_on=DAY)
        return [Decision.objects.get(id=i) for i in ids]


def item_id(stage, number):
    with scope.work(system(stage.tenant_id)):
        return next(row.id for row in queries.law(DAY).items.values() if row.number == number)


class TestKeeping:
    def test_keeps_facts_editions_trace_and_answer(self, stage):
        (row,) = kept(stage, facts_of("01.02.01", kinds=("old_estate",)))

        assert (row.outcome, row.body_id, row.book_edition) == ("named", stage.bodies["lajd"], 1)
        assert row.list_editions == [["streets:990181000000", 1]]
        assert Trace.from_json(row.trace).page["facts"] == row.facts

    def test_takes_one_statement_for_a_hundred(self, stage, django_assert_num_queries):
        with scope.work(system(stage.tenant_id)):
            routed = queries.decide([facts_of("01.02.01")] * 100, day=DAY)
            with django_assert_num_queries(1):
                deciding.keep(routed, made_at=MONDAY_TEN, effective_on=DAY)

    def test_is_for_ever_even_around_the_orm(self, stage):
        (row,) = kept(stage, facts_of("01.02.01"))

        with (
            scope.work(system(stage.tenant_id)),
            pytest.raises(DatabaseError),
            transaction.atomic(),
            connection.cursor() as cursor,
        ):
            cursor.execute("UPDATE duties_decision SET outcome = 'fallback' WHERE id = %s", [row.id])


class TestGuard:
    def refused(self, stage, number, body, role="lead", **given):
        found, by = item_id(stage, number), stage.keeper
        args = {"role": role, "part_text": "", "emergency": False, **given}
        with scope.work(by), pytest.raises(PushDownRefused) as no:
            deciding.ensure_not_pushed_down(found, stage.bodies[body], **args, by=by, now=MONDAY_TEN)
        return no.value

    def test_refuses_a_taken_back_item_to_a_street_and_names_item_department_and_article(self, stage):
        no = self.refused(stage, "收回-001", "lajd")

        assert "收回-001" in no.sentence("zh") and "市城管局" in no.sentence("zh")
        assert "街道办事处条例" in no.sentence("zh") and "taken back" in no.sentence("en")

    def test_refuses_a_street_as_lead_of_an_assist_item_and_offers_to_assist(self, stage):
        no = self.refused(stage, "配合-001", "lajd")

        assert no.facts["guard"] == "town_cannot_lead_assist"
        assert "协办" in no.next_step("zh")

    def test_refuses_a_community_what_is_not_on_its_own_list(self, stage):
        assert self.refused(stage, "基本-001", "qxsq").facts["guard"] == "not_on_communitys_list"

    def test_lets_the_named_lead_and_an_emergency_first_act_through(self, stage):
        by = stage.keeper
        with scope.work(by):
            for number, body, role, emergency in (
                ("收回-001", "cgj", "lead", False), ("收回-001", "lajd", "act_first", True),
                ("基本-001", "lajd", "lead", False),
            ):  # fmt: skip
                deciding.ensure_not_pushed_down(
                    item_id(stage, number), stage.bodies[body], role=role, part_text="", emergency=emergency, by=by,
                    now=MONDAY_TEN,
                )  # fmt: skip

    def test_counts_the_attempt_although_the_refused_act_stored_nothing(self, stage):
        no = self.refused(stage, "收回-001", "lajd")

        with scope.work(stage.keeper):
            no.afterwards()

        with scope.work(stage.keeper):
            entry = trail.of("body", stage.bodies["lajd"])[-1]
            assert (entry.verb, entry.codes["item"]) == ("duty.push_down_refused", "收回-001")
            assert News.objects.filter(name="PushDownWasRefused", subject_id=stage.bodies["lajd"]).exists()


class TestItems:
    def test_that_are_cited_must_exist(self, stage):
        with scope.work(stage.keeper), pytest.raises(NoSuchItem):
            deciding.ensure_item(10**9)

    def test_say_what_they_promise(self, stage):
        with scope.work(stage.keeper):
            assert deciding.promises_of(item_id(stage, "配合-001")) == {"promise": "3wd", "handling": "2wd"}

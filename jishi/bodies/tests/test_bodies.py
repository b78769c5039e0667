from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from django.db import IntegrityError, connection, transaction

from conftest import MONDAY_TEN
from jishi.accounts import queries as accounts
from jishi.accounts.tests.factories import an_account, an_actor
from jishi.bodies import queries
from jishi.bodies.actions import bodies, posts
from jishi.bodies.actions.bodies import BodyCodeTaken, Founding
from jishi.bodies.tests.factories import TOWN, a_post, a_town
from jishi.foundation import scope, trail
from jishi.foundation.actor import system
from jishi.foundation.refusals import Invalid, NotAllowed, NotFound
from jishi.kernels import worktime

NEW = Founding("jtj", "市交通局", "交通局", "city_dept", "990181000000")


@pytest.fixture
def founded(tenant):
    return a_town(tenant)


class TestFounding:
    def test_gives_code_and_id_and_the_parents_of_the_same_batch(self, tenant, founded):
        with scope.work(system(tenant)):
            known = queries.names()

        assert set(founded) == {f.code for f in TOWN}
        assert known[founded["qxsq"]].parent_id == founded["lajd"]
        assert known[founded["swj"]].called("en") == "Water Bureau"

    def test_leaves_one_entry_per_body(self, tenant, founded):
        with scope.work(system(tenant)):
            entries = trail.of("body", founded.values())

        assert {e.verb for e in entries} == {"body.founded"} and len(entries) == len(TOWN)

    def test_takes_the_same_number_of_statements_for_two_bodies_and_for_forty(
        self, tenant, django_assert_max_num_queries
    ):
        by = system(tenant)
        many = [replace(NEW, code=f"b{n}") for n in range(40)]

        with scope.work(by), django_assert_max_num_queries(6):
            bodies.found_many(many, active_from=date(2025, 1, 1), by=by, now=MONDAY_TEN)

    def test_is_refused_for_a_code_in_use_and_founds_nothing(self, tenant, founded):
        by = system(tenant)

        with scope.work(by), pytest.raises(BodyCodeTaken, match="swj"), transaction.atomic():
            bodies.found_many([NEW, replace(NEW, code="swj")], active_from=date(2026, 1, 1), by=by, now=MONDAY_TEN)

        with scope.work(by):
            assert "jtj" not in {b.code for b in queries.names().values()}

    @pytest.mark.parametrize("wrong", [{"level": "palace"}, {"parent": "nobody"}])
    def test_is_refused_for_an_unknown_level_or_parent(self, tenant, wrong):
        by = system(tenant)

        with scope.work(by), pytest.raises(Invalid), transaction.atomic():
            bodies.found_many([replace(NEW, **wrong)], active_from=date(2026, 1, 1), by=by, now=MONDAY_TEN)

    def test_is_refused_to_a_handler(self, tenant, founded):
        by = an_actor(tenant, "handler", body_id=founded["swj"])

        with scope.work(by), pytest.raises(NotAllowed):
            bodies.found_many([NEW], active_from=date(2026, 1, 1), by=by, now=MONDAY_TEN)


class TestEnding:
    def test_keeps_the_past_and_lets_nobody_find_it_from_its_last_day(self, tenant, founded):
        by = system(tenant)
        with scope.work(by):
            bodies.end(founded["cgj"], on=date(2026, 5, 1), by=by, now=MONDAY_TEN)

        with scope.work(by):
            assert queries.by_code(["cgj"], on=date(2026, 4, 30))
            assert not queries.by_code(["cgj"], on=date(2026, 5, 1))
            assert queries.names()[founded["cgj"]].name == "市城管局"

    def test_twice_is_refused(self, tenant, founded):
        by = system(tenant)
        with scope.work(by):
            bodies.end(founded["cgj"], on=date(2026, 5, 1), by=by, now=MONDAY_TEN)

        with scope.work(by), pytest.raises(NotFound):
            bodies.end(founded["cgj"], on=date(2026, 6, 1), by=by, now=MONDAY_TEN)


class TestNamesInMemory:
    def test_are_read_again_when_a_body_has_changed(self, tenant, founded):
        by = system(tenant)
        with scope.work(by):
            before = queries.mark()
        with scope.work(by):
            bodies.end(founded["cgj"], on=date(2026, 5, 1), by=by, now=MONDAY_TEN)

        with scope.work(by):
            assert queries.mark() != before
            assert queries.names()[founded["cgj"]].active_to == date(2026, 5, 1)

    def test_cost_one_statement_a_transaction_once_read(self, tenant, founded, django_assert_num_queries):
        with scope.work(system(tenant)):
            queries.names()

        with scope.work(system(tenant)), django_assert_num_queries(1):
            queries.names()
            queries.existing(founded.values(), on=date(2026, 1, 1))

    def test_of_one_town_are_not_those_of_another(self, tenant, other_tenant, founded):
        theirs = a_town(other_tenant)

        with scope.work(system(tenant)):
            ours = set(queries.names())
        with scope.work(system(other_tenant)):
            assert set(queries.names()) == set(theirs.values())
            assert ours.isdisjoint(theirs.values())

    def test_of_a_change_that_was_rolled_back_are_seen_by_nobody_afterwards(self, tenant, founded):
        by = system(tenant)
        with pytest.raises(RuntimeError), scope.work(by):
            bodies.end(founded["cgj"], on=date(2026, 5, 1), by=by, now=MONDAY_TEN)
            assert queries.names()[founded["cgj"]].active_to is not None
            raise RuntimeError
        with scope.work(by):
            bodies.end(founded["swj"], on=date(2026, 5, 1), by=by, now=MONDAY_TEN)  # as many changes as were lost

        with scope.work(by):
            assert queries.names()[founded["cgj"]].active_to is None
            assert queries.names()[founded["swj"]].active_to == date(2026, 5, 1)


class TestTerms:
    def test_give_and_take_the_posts_rights_the_same_second(self, tenant, founded):
        by, account = system(tenant), an_account(tenant)
        post = a_post(tenant, founded["swj"], "handler", "reviewer")
        before, after = MONDAY_TEN - timedelta(microseconds=1), MONDAY_TEN + timedelta(days=30)
        with scope.work(by):
            term = posts.begin_term(post, account.id, by=by, now=MONDAY_TEN)
            assert accounts.actor_for(account.id, post, before) is None
            held = accounts.actor_for(account.id, post, MONDAY_TEN)
            assert held is not None and held.has("handler") and held.has("reviewer")
            assert held.body_ids == {founded["swj"]}
        with scope.work(by):
            posts.end_term(term, by=by, now=after)

        with scope.work(by):
            assert accounts.actor_for(account.id, post, after - timedelta(microseconds=1)) is not None
            assert accounts.actor_for(account.id, post, after) is None

    def test_leave_a_record_at_the_post(self, tenant, founded):
        by, account = system(tenant), an_account(tenant)
        post = a_post(tenant, founded["swj"], "handler")
        with scope.work(by):
            term = posts.begin_term(post, account.id, by=by, now=MONDAY_TEN)
            posts.end_term(term, by=by, now=MONDAY_TEN + timedelta(days=1))

        with scope.work(by):
            assert [e.verb for e in trail.of("post", post)] == ["post.created", "term.begun", "term.ended"]

    def test_are_refused_for_a_post_that_is_not_there_and_to_a_handler(self, tenant, founded):
        account, post = an_account(tenant), a_post(tenant, founded["swj"], "handler")
        handler = an_actor(tenant, "handler", body_id=founded["swj"])

        with scope.work(system(tenant)), pytest.raises(NotFound):
            posts.begin_term(10**9, account.id, by=system(tenant), now=MONDAY_TEN)
        with scope.work(handler), pytest.raises(NotAllowed):
            posts.begin_term(post, account.id, by=handler, now=MONDAY_TEN)

    def test_of_one_person_in_one_post_do_not_overlap_even_around_the_orm(self, tenant, founded):
        by, account, post = system(tenant), an_account(tenant), a_post(tenant, founded["swj"], "handler")
        with scope.work(by):
            posts.begin_term(post, account.id, by=by, now=MONDAY_TEN)

        with scope.work(by), pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(
                "INSERT INTO bodies_term (tenant_id, version, post_id, account_id, active) "
                "VALUES (%s, 1, %s, %s, tstzrange(%s, NULL))",
                [tenant, post, account.id, MONDAY_TEN + timedelta(days=1)],
            )


class TestCalendars:
    def test_are_office_hours_or_all_hours_by_the_body(self, tenant, founded):
        with scope.work(system(tenant)):
            hours = queries.hours_of([None, founded["swj"], founded["sqzx"]])

        assert hours[None].label == hours[founded["swj"]].label
        assert hours[founded["sqzx"]].label == "always"

    def test_are_found_again_by_the_label_that_a_clock_keeps(self, tenant, founded):
        with scope.work(system(tenant)):
            label = queries.hours_of([founded["swj"]])[founded["swj"]].label

        assert "2026" in label
        national_day = datetime(2026, 10, 1, 2, tzinfo=UTC)
        assert not worktime.is_working(national_day, queries.calendar_by_label(label).calendar)

    def test_do_not_know_a_year_without_a_table(self):
        with pytest.raises(worktime.CalendarNotKnown, match="2035"):
            worktime.is_working(datetime(2035, 1, 4, 2, tzinfo=UTC), queries.calendar_by_label("office").calendar)

"""What the day holds for each office: counts that add up, and where to begin."""

from datetime import timedelta

import pytest

from conftest import MONDAY_TEN
from jishi.cases.queries import today
from jishi.cases.states import Status
from jishi.cases.tests import factories as f
from jishi.foundation import scope

pytestmark = pytest.mark.django_db


def standing(role, actor, now=MONDAY_TEN):
    with scope.work(actor):
        return today.standing(role, by=actor, now=now)


class TestTheDeskOfADispatcher:
    def test_counts_what_waits_and_begins_with_what_presses_most(self, town):
        case = f.a_case_at(town, Status.RECEIVED)

        one = standing("dispatcher", f.dispatcher(town))

        assert (one.all, one.by_kind["dispatch"]) == (1, 1)
        assert [b.number for b in one.begin] == [case.number]
        assert one.oldest is not None

    def test_adds_up_at_any_moment(self, town):
        f.a_case_at(town, Status.RECEIVED)

        for days in (0, 1, 30):
            one = standing("dispatcher", f.dispatcher(town), MONDAY_TEN + timedelta(days=days))
            assert one.late + one.today + one.later == one.all == 1
        assert one.late == 1

    def test_takes_two_statements_whatever_waits(self, town, django_assert_max_num_queries):
        f.a_case_at(town, Status.RECEIVED)
        by = f.dispatcher(town)

        with scope.work(by), django_assert_max_num_queries(2):
            today.standing("dispatcher", by=by, now=MONDAY_TEN)


class TestTheOfficeOfABody:
    def test_counts_what_the_body_is_to_sign_and_nothing_of_others(self, town):
        case = f.a_case_at(town, Status.OFFERED)

        assert standing("handler", f.handler_of(case)).by_kind["sign"] == 1
        assert standing("handler", f.stranger(town)).all == 0


class TestPromises:
    def test_add_up_and_name_what_is_past_its_day(self, town):
        case = f.a_case_at(town, Status.HANDLING)
        by, later = f.ruler(town), MONDAY_TEN + timedelta(days=60)

        with scope.work(by):
            one = today.promises(by=by, now=later)
            past = today.overdue(by=by, now=later)

        assert one.late + one.today + one.later == one.all == 1
        assert (one.late, [b.number for b in past]) == (1, [case.number])

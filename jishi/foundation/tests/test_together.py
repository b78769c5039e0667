"""Rows of several tables by one statement, and one question for all that is kept in memory."""

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext

from conftest import MONDAY_TEN
from jishi.foundation import idempotency, marks, numbers, outbox, scope, trail
from jishi.foundation.actor import system
from jishi.foundation.models import DataKey, Entry, News
from jishi.foundation.refusals import KeyReused
from jishi.foundation.together import Together

pytestmark = pytest.mark.django_db


def news(tenant: int, subject: int, row_id: int | None = None) -> News:
    return News(
        id=row_id, tenant_id=tenant, subject_kind="test", subject_id=subject, name="Tried", facts={"n": "“%s {}”"},
        at=MONDAY_TEN,
    )  # fmt: skip


def a_key(tenant: int) -> DataKey:
    return DataKey(
        tenant_id=tenant, purpose="contact.caller", generation=90, suite="a", wrapped=b"\x00\xff", made_at=MONDAY_TEN
    )


class TestTogether:
    def test_rows_of_several_tables_and_an_entry_are_one_statement(self, tenant: int) -> None:
        by = system(tenant)
        with scope.work(by):
            _, ids = numbers.take_with_ids({}, "990881", MONDAY_TEN.date(), {"foundation_news": 2})
            first, second = ids["foundation_news"]
            kept = Together()
            kept.rows([news(tenant, 1, first), news(tenant, 2, second)])
            kept.rows([a_key(tenant)])
            trail.record_many([trail.Note("test.tried", ("test", first), MONDAY_TEN)], by=by, new=True, into=kept)
            with CaptureQueriesContext(connection) as asked:
                kept.store()
                kept.store()  # nothing is left over

        assert len(asked) == 1
        assert dict(News.objects.filter(subject_kind="test").values_list("id", "subject_id")) == {first: 1, second: 2}
        assert News.objects.get(id=first).facts == {"n": "“%s {}”"}
        assert bytes(DataKey.objects.get(generation=90).wrapped) == b"\x00\xff"
        assert Entry.objects.filter(subject_kind="test", subject_id=first).count() == 1

    def test_of_what_is_refused_nothing_is_stored(self, tenant: int) -> None:
        kept = Together()
        kept.rows([news(tenant, 1)])
        kept.rows([a_key(tenant), a_key(tenant)])

        with scope.work(system(tenant)), pytest.raises(IntegrityError), transaction.atomic():
            kept.store()

        assert not News.objects.filter(subject_kind="test").exists()

    def test_another_tenants_row_is_refused_in_the_same_statement(self, tenant: int, other_tenant: int) -> None:
        kept = Together()
        kept.rows([news(tenant, 1)])
        kept.rows([a_key(other_tenant)])

        with scope.work(system(tenant)), pytest.raises(Exception, match="row-level security"), transaction.atomic():
            kept.store()

    def test_nothing_to_store_is_no_statement(self, tenant: int) -> None:
        with scope.work(system(tenant)), CaptureQueriesContext(connection) as asked:
            Together().store()
            outbox.announce(at=MONDAY_TEN)

        assert not asked.captured_queries


class TestMarks:
    def test_all_are_asked_by_one_statement_and_known_for_the_transaction(self, tenant: int) -> None:
        with scope.work(system(tenant)), CaptureQueriesContext(connection) as asked:
            for name in ("bodies", "ground", "law", "models"):
                marks.mark(name)
                marks.mark(name)

        assert len(asked) == 1

    def test_what_was_forgotten_is_asked_again_and_the_others_are_not(self, tenant: int) -> None:
        with scope.work(system(tenant)):
            marks.mark("bodies")
            marks.forget("bodies")
            with CaptureQueriesContext(connection) as asked:
                marks.mark("bodies")
                marks.mark("ground")

        assert len(asked) == 1
        assert "bodies_body" in asked[0]["sql"] and "places_groundmark" not in asked[0]["sql"]

    def test_a_key_is_claimed_and_all_are_asked_by_one_statement(self, tenant: int) -> None:
        by = system(tenant)

        def claimed(body: bytes) -> idempotency.Slot:
            return idempotency.claim("k", route="r", body=body, by=by, now=MONDAY_TEN, marked=True)

        with scope.work(by):
            with CaptureQueriesContext(connection) as asked:
                slot = claimed(b"1")
                known = {name: marks.mark(name) for name in ("bodies", "ground", "law", "models")}
            slot.fill({"id": 7})
        with scope.work(by):
            assert {name: marks.mark(name) for name in known} == known
            again = claimed(b"1")  # nothing is left to ask with it
            with pytest.raises(KeyReused):
                claimed(b"2")
        with scope.work(by):
            taken = claimed(b"1")
            with CaptureQueriesContext(connection) as later:
                assert {name: marks.mark(name) for name in known} == known

        assert len(asked) == 1 and not later.captured_queries
        assert [s.is_first for s in (slot, again, taken)] == [True, False, False]
        assert again.answer == taken.answer == {"id": 7}

    def test_a_name_means_one_question(self) -> None:
        with pytest.raises(RuntimeError, match="bodies"):
            marks.declare("bodies", "SELECT 1")

"""How statements that every create asks are planned: once, and never so that a growing table is read."""

from datetime import UTC, date, datetime

import pytest
from django.db import connection

from jishi.foundation import idempotency, numbers, scope
from jishi.foundation.actor import system
from jishi.foundation.asking import ask

pytestmark = pytest.mark.django_db


def test_numbers_are_taken_by_a_plan_made_once(tenant: int) -> None:
    with scope.work(system(tenant)):
        for _ in range(14):
            numbers.take_with_ids({"R": 1, "C": 1}, "420106", date(2026, 3, 2), {"foundation_news": 1})
        said = "SELECT generic_plans FROM pg_prepared_statements WHERE statement LIKE %s"
        ((generic,),) = ask(said, ["%INTO foundation_counter%"])

    assert generic > 0


def test_an_answer_is_kept_by_where_its_key_lies_and_reads_no_other_key(tenant: int) -> None:
    by = system(tenant)
    with scope.work(by):
        text = idempotency._FILL.replace("{given}", "$1::json")
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL enable_seqscan = off")  # of one page of keys reading all is as cheap
            cursor.execute("EXPLAIN (GENERIC_PLAN) " + text)
            plan = "\n".join(line for (line,) in cursor.fetchall())
        slot = idempotency.claim("k", route="r", body=b"1", by=by, now=datetime(2026, 3, 2, tzinfo=UTC))
        slot.fill({"id": 7})

        assert idempotency.answer_of("k", route="r", by=by) == {"id": 7}
    assert "Tid Scan" in plan

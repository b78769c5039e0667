"""The search of cases uses its index, as the web role, under forced row security (decision 0008)."""

import json
from pathlib import Path

import pytest
from django.db import connection
from django.db.models import QuerySet

from conftest import MONDAY_TEN
from jishi.cases.models import Case
from jishi.cases.queries import sifting
from jishi.foundation import database, scope
from jishi.foundation.actor import Actor, system
from jishi.kernels.text.words import tsvector_text

MANY = 4000


@pytest.fixture
def many_cases(tenant: int, other_tenant: int):
    """Cases of two towns, of which every thousandth speaks of a manhole."""
    for town in (tenant, other_tenant):
        with scope.work(system(town)):
            Case.objects.bulk_create(_case(town, n) for n in range(MANY))
    with connection.cursor() as cursor:
        cursor.execute("RESET ROLE")
        cursor.execute("SELECT gin_clean_pending_list('cases_search')")
        cursor.execute("ANALYZE cases_case")
        cursor.execute("SET LOCAL ROLE jishi_web")
    return tenant


def _case(town: int, n: int) -> Case:
    words = "井盖没有了，晚上危险" if n % 1000 == 0 else f"楼道灯第{n}次不亮"
    return Case(
        tenant_id=town, number=f"T{town}-{n}", title=words, search=tsvector_text(words), received_at=MONDAY_TEN,
        status="RECEIVED", status_since=MONDAY_TEN,
    )  # fmt: skip


def plan_of(rows: QuerySet[Case], by: Actor) -> str:
    with scope.work(by):
        return json.dumps(json.loads(rows.explain(format="json")))


def test_both_functions_are_marked_in_a_database_of_ours(db: None) -> None:
    with connection.cursor() as cursor:
        assert database.lacking(cursor) == []


def test_the_search_of_every_list_reads_the_text_index(many_cases: int) -> None:
    by = system(many_cases)
    with scope.work(by):
        rows = sifting.filtered(sifting.Filters(q="井盖"), by=by)

        assert rows.count() == MANY // 1000
    assert "cases_search" in plan_of(rows, by)


def test_the_line_for_an_administrator_is_written_down() -> None:
    page = (Path(__file__).resolve().parents[2] / "docs/operating.md").read_text(encoding="utf-8")

    assert database.REMEDY in page

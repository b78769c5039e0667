"""Rows by the hundred: one statement, the same rows as one by one."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from django.db import DataError, IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext
from psycopg.types.range import Range

from conftest import MONDAY_TEN
from jishi.foundation import nouns, scope
from jishi.foundation.actor import system
from jishi.foundation.models import DataKey, EntryWords, News

pytestmark = pytest.mark.django_db

WORDS = ["'; DROP TABLE news; --", '"“”\\', "水\n\t✓𠮷", "%s %(a)s {}", ""]


def news(tenant: int, at: datetime = MONDAY_TEN) -> list[News]:
    return [
        News(tenant_id=tenant, subject_kind="test", subject_id=i, name="Tried", facts={"w": w, "n": [i, None]}, at=at)
        for i, w in enumerate(WORDS)
    ]


def test_many_rows_are_one_statement_and_come_back_with_their_ids_in_order(tenant: int) -> None:
    with scope.work(system(tenant)), CaptureQueriesContext(connection) as asked:
        made = News.objects.bulk_create(news(tenant))

    assert len(asked) == 1
    stored = {row.id: row for row in News.objects.filter(subject_kind="test")}
    assert [stored[row.id].subject_id for row in made] == [0, 1, 2, 3, 4]
    assert [stored[row.id].facts["w"] for row in made] == WORDS
    assert {row.at for row in stored.values()} == {MONDAY_TEN}


def test_rows_are_what_they_are_one_by_one(tenant: int) -> None:
    moment = datetime(2026, 3, 9, 2, 0, 0, 123456, tzinfo=UTC) + timedelta(microseconds=1)
    with scope.work(system(tenant)):
        together = News.objects.bulk_create(news(tenant, moment))
        alone = news(tenant, moment)
        for row in alone:
            row.save()
    columns = ("subject_id", "name", "facts", "at")
    found = {row["id"]: row for row in News.objects.filter(subject_kind="test").values("id", *columns)}
    for one, two in zip(together, alone, strict=True):
        assert [found[one.id][c] for c in columns] == [found[two.id][c] for c in columns]


def test_rows_given_by_column_are_the_same_rows_and_a_column_left_out_is_refused(tenant: int) -> None:
    given = [{f.column: getattr(row, f.attname) for f in News._meta.concrete_fields[1:]} for row in news(tenant)]
    with scope.work(system(tenant)), CaptureQueriesContext(connection) as asked:
        News.objects.take_in(given)
        News.objects.take_in([])
    with scope.work(system(tenant)), pytest.raises(IntegrityError, match="subject_kind"), transaction.atomic():
        News.objects.take_in([{name: value for name, value in given[0].items() if name != "subject_kind"}])

    assert len(asked) == 1
    columns = ("subject_kind", "subject_id", "name", "facts", "at")
    stored = News.objects.filter(subject_kind="test").order_by("id").values_list(*columns)
    assert list(stored) == [tuple(row[c] for c in columns) for row in given]


def test_bytes_days_and_nothing_keep_their_form(tenant: int) -> None:
    with scope.work(system(tenant)):
        DataKey.objects.bulk_create(
            DataKey(
                tenant_id=tenant, purpose="contact.caller", generation=90 + i, suite="a",
                wrapped=bytes([0, i, 255]), made_at=MONDAY_TEN,
            )
            for i in range(6)
        )  # fmt: skip
        EntryWords.objects.bulk_create(
            EntryWords(tenant_id=tenant, subject_kind="test", subject_id=i, seq=1, salt="", words={}, ends_on=day)
            for i, day in enumerate([date(2027, 1, 31), None] * 3)
        )

    kept = DataKey.objects.filter(generation__gte=90).order_by("generation").values_list("wrapped", flat=True)
    assert [bytes(w) for w in kept] == [bytes([0, i, 255]) for i in range(6)]
    days = EntryWords.objects.filter(subject_kind="test").order_by("subject_id").values_list("ends_on", flat=True)
    assert list(days) == [date(2027, 1, 31), None] * 3


def test_a_value_that_is_too_long_is_refused_and_never_cut(tenant: int) -> None:
    rows = news(tenant)
    rows[3].name = "x" * 200
    with scope.work(system(tenant)), pytest.raises(DataError), transaction.atomic():
        News.objects.bulk_create(rows)

    assert not News.objects.filter(subject_kind="test").exists()


def test_ranges_and_numbers_are_written_as_the_database_reads_them() -> None:
    assert nouns._said(Range(MONDAY_TEN, None, "[)")) == "[2026-03-09 02:00:00+00:00,)"
    assert nouns._said(Range(empty=True)) == "empty"
    assert nouns._said(Decimal("1.50")) == "1.50"
    with pytest.raises(TypeError):
        nouns._said(object())

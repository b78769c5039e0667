"""A statement asked the short way is counted, refused and named as any other."""

import pytest
from django.db import DataError, connection, transaction
from django.test.utils import CaptureQueriesContext

from jishi.foundation.asking import ask, tell

pytestmark = pytest.mark.django_db


class TestAsk:
    def test_gives_rows_by_places_and_by_names_a_name_twice_and_a_percent_sign(self) -> None:
        assert ask("SELECT %s::int, %s::text, 'a' LIKE '%%a'", [1, "x"]) == [(1, "x", True)]
        assert ask("SELECT %(b)s::int, %(a)s::int, %(b)s::int", {"a": 1, "b": 2}) == [(2, 1, 2)]

    def test_gives_the_same_to_who_reads_the_statements_and_to_who_does_not(self) -> None:
        with CaptureQueriesContext(connection) as read:
            seen = ask("SELECT %(n)s::int AS seen", {"n": 5})

        assert seen == ask("SELECT %(n)s::int AS seen", {"n": 5}) == [(5,)]
        assert [q["sql"] for q in read.captured_queries if "seen" in q["sql"]]

    def test_is_counted_by_whoever_stands_around_statements(self) -> None:
        said: list[str] = []
        with connection.execute_wrapper(lambda run, sql, *more: said.append(sql) or run(sql, *more)):
            tell("SELECT %s::int", [1])

        assert said == ["SELECT $1::int"]

    def test_a_fault_is_the_frameworks_and_the_next_statement_is_refused_until_the_block_has_ended(self) -> None:
        with pytest.raises(DataError), transaction.atomic():
            tell("SELECT %s::int / 0", [1])

        assert ask("SELECT %s::int", [1]) == [(1,)]

    def test_one_cursor_is_kept_with_the_connection_and_with_no_other(self) -> None:
        tell("SELECT %s::int", [1])
        kept = connection.connection.jishi_cursor
        tell("SELECT %s::int", [2])

        assert connection.connection.jishi_cursor is kept
        assert kept.connection is connection.connection

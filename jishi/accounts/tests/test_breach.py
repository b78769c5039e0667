"""A breach drill: exactly the persons whose fields were opened are listed, none more (spec 90 §7.5, line 13)."""

import os
from datetime import timedelta
from random import Random

import pytest
from django.db import connection

from conftest import MONDAY_TEN
from jishi.accounts import queries
from jishi.foundation import scope
from jishi.foundation.actor import system

pytestmark = pytest.mark.django_db
READINGS = 100_000 if os.environ.get("JISHI_PROFILE") == "nightly" else 3_000
THIEF, DAY = "staff:7", timedelta(days=1)
_MANY = """
    INSERT INTO accounts_reading (tenant_id, at, actor, post_title, purpose, reason, owner_table, owner_row, fields)
    SELECT %s, a, w, '', 'contact.caller', '回访', 'cases_report', r, ARRAY[f]
    FROM unnest(%s::timestamptz[], %s::text[], %s::bigint[], %s::text[]) AS x (a, w, r, f)
"""


def plant(tenant: int) -> set[int]:
    """Readings of many people over a month; gives the rows that the thief opened on the day in question."""
    rng, rows, opened = Random(13), [], set()
    for _ in range(READINGS):
        at = MONDAY_TEN + timedelta(minutes=rng.randrange(-15 * 1440, 15 * 1440))
        who = rng.choice((THIEF, f"{THIEF}/post:{rng.randrange(3)}", "staff:77", "staff:8/post:7", "resident:9"))
        row = rng.randrange(READINGS)
        rows.append((at, who, row, rng.choice(("caller_name", "caller_contact"))))
        if who.split("/")[0] == THIEF and MONDAY_TEN <= at < MONDAY_TEN + DAY:
            opened.add(row)
    with connection.cursor() as cursor:
        cursor.execute(_MANY, [tenant, *map(list, zip(*rows, strict=True))])
    return opened


def test_lists_exactly_the_planted_persons_in_one_statement(tenant, other_tenant, django_assert_num_queries):
    with scope.work(system(other_tenant)):
        plant(other_tenant)
    with scope.work(system(tenant)):
        planted = plant(tenant)

        with django_assert_num_queries(1):
            found = queries.breach_scope([THIEF], since=MONDAY_TEN, until=MONDAY_TEN + DAY)

    assert {one.row for one in found} == planted
    assert all(MONDAY_TEN <= one.first <= one.last < MONDAY_TEN + DAY for one in found)
    assert {field for one in found for field in one.fields} == {"caller_name", "caller_contact"}


def test_one_reading_of_two_fields_is_one_reading(tenant):
    with scope.work(system(tenant)), connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO accounts_reading (tenant_id, at, actor, post_title, purpose, reason, owner_table, owner_row, "
            "fields) VALUES (%s, %s, 'client:3', '', 'contact.caller', 'x', 'cases_report', 5, '{a,b}')",
            [tenant, MONDAY_TEN],
        )
        (found,) = queries.breach_scope(["client:3"], since=MONDAY_TEN, until=MONDAY_TEN + DAY)

    assert (found.times, found.fields) == (1, ("a", "b"))

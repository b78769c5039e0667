"""Two connections at the same instant: the second is refused by name, never an error, never a second report.

That the same key sent twenty times makes one case, and that of two writers one wins, is shown on the running site:
tests/journeys/test_at_once.py.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from conftest import MONDAY_TEN
from jishi.cases.models import Report
from jishi.cases.refusals import AlreadyKnown
from jishi.cases.tests import factories as f
from jishi.cases.tests.test_attacks import client_of, create
from jishi.foundation import scope
from jishi.foundation.actor import system

FACTS: dict[str, Any] = {"external_system": "12345", "external_id": "X-at-once"}


WAITED_FOR = """
    SELECT EXISTS (SELECT 1 FROM pg_locks WHERE NOT granted AND transactionid = pg_current_xact_id()::xid)
"""


def wait_until_somebody_waits_for_us() -> None:
    """End as soon as another connection has looked, found nothing, and waits for this transaction."""
    asked = threading.Event()
    for _ in range(1000):
        with connection.cursor() as cursor:
            cursor.execute(WAITED_FOR)
            if cursor.fetchone()[0]:
                return
        asked.wait(0.01)
    raise AssertionError("nobody came")


@contextmanager
def somebody_else_is_just_storing(town: int) -> Iterator[None]:
    """Hold the number on a connection of its own, not yet visible; commit while the test waits for it."""
    stored = threading.Event()

    def store() -> None:
        try:
            with scope.work(system(town)):
                Report.objects.create(
                    tenant_id=town, number="R-at-once", channel="api", said_at=MONDAY_TEN, received_at=MONDAY_TEN,
                    title="井堵了", text_shown="井堵了", entered_by="system", **FACTS,
                )  # fmt: skip
                stored.set()
                wait_until_somebody_waits_for_us()
        finally:
            connection.close()

    def forget() -> None:
        try:
            with scope.work(system(town)):
                Report.objects.filter(**FACTS).delete()
        finally:
            connection.close()

    other = threading.Thread(target=store)
    other.start()
    assert stored.wait(5)
    try:
        yield
    finally:
        other.join()
        gone = threading.Thread(target=forget)
        gone.start()
        gone.join()


def test_the_same_external_number_by_two_connections_is_a_refusal_by_name(town: int) -> None:
    with somebody_else_is_just_storing(town), pytest.raises(AlreadyKnown) as no:
        f.receive(town, now=timezone.now(), **FACTS)

    assert no.value.facts["number"] == "X-at-once"


def test_and_answers_409_at_the_api(town: int) -> None:
    api = client_of(town, "operator")

    with somebody_else_is_just_storing(town):
        answer = create(api, key="at-once", **FACTS)

    assert (answer.status_code, answer.json()["code"]) == (409, "already_known"), answer.content

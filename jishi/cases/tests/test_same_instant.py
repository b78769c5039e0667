"""Two connections at the same instant: the second is refused by name, never an error, never a second report.

That the same key sent twenty times makes one case, and that of two writers one wins, is shown on the running site:
tests/journeys/test_at_once.py.
"""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.apps import apps
from django.db import connection
from django.utils import timezone

from conftest import MONDAY_TEN
from jishi.accounts import queries as accounts
from jishi.accounts.actions import devices
from jishi.cases.actions import calling, filters
from jishi.cases.models import Report, SavedFilter, Webhook
from jishi.cases.refusals import AlreadyKnown, TooManyWebhooks
from jishi.cases.tests import factories as f
from jishi.cases.tests.test_attacks import client_of, create
from jishi.foundation import scope
from jishi.foundation.actor import Actor, system

FACTS: dict[str, Any] = {"external_system": "12345", "external_id": "X-at-once"}


WAITED_FOR = """
    SELECT EXISTS (SELECT 1 FROM pg_locks WHERE NOT granted AND transactionid = pg_current_xact_id()::xid)
"""


def wait_until_somebody_waits_for_us(asked_how: str = WAITED_FOR) -> None:
    """End as soon as another connection has looked, found nothing, and waits for this transaction."""
    asked = threading.Event()
    for _ in range(1000):
        with connection.cursor() as cursor:
            cursor.execute(asked_how)
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


# --- limits that several rows make together -------------------------------------------------------------------------


WAITS_FOR_US = """
    SELECT EXISTS (SELECT 1 FROM pg_locks l JOIN pg_locks mine USING (locktype, classid, objid, objsubid)
                   WHERE l.locktype = 'advisory' AND NOT l.granted AND mine.granted AND mine.pid = pg_backend_pid())
"""


@contextmanager
def somebody_else_keeps_the_last(
    town: int, before: Callable[[], object], last: Callable[[], object], forget: Callable[[], object],
    asked_how: str = WAITS_FOR_US,
) -> Iterator[None]:  # fmt: skip
    """Store rows on a connection of its own, and the last that is allowed only once the test waits for it."""
    stored = threading.Event()

    def store() -> None:
        try:
            with scope.work(system(town)):
                before()
            with scope.work(system(town)):
                last()
                stored.set()
                wait_until_somebody_waits_for_us(asked_how)
        finally:
            stored.set()
            connection.close()

    def undo() -> None:
        try:
            with scope.work(system(town)):
                forget()
        finally:
            connection.close()

    other, gone = threading.Thread(target=store), threading.Thread(target=undo)
    other.start()
    assert stored.wait(30)
    try:
        yield
    finally:
        other.join()
        gone.start()
        gone.join()


def test_two_windows_that_keep_a_filter_at_once_never_keep_more_than_twelve(town: int) -> None:
    with scope.work(system(town)):
        who = accounts.people_of("dispatcher", now=MONDAY_TEN)[0].account_id
    person = Actor(tenant_id=town, kind="staff", account_id=who, post_id=1, roles=frozenset({"dispatcher"}))
    mine = SavedFilter.objects.filter(tenant_id=town, account=who)

    def keep(n: int) -> SavedFilter:
        return SavedFilter(tenant_id=town, account_id=who, name=f"筛选{n}", query="status=open", kept_at=MONDAY_TEN)

    def the_last() -> None:
        scope.one_at_a_time("filters", who)
        keep(filters.MOST).save()

    rows = [keep(n) for n in range(1, filters.MOST)]
    others = somebody_else_keeps_the_last(town, lambda: SavedFilter.objects.bulk_create(rows), the_last, mine.delete)
    with others, pytest.raises(filters.FilterNotKept):
        f.do(person, filters.keep, "再来一个", "status=open", now=MONDAY_TEN)


def test_two_requests_that_open_a_webhook_at_once_never_open_more_than_twenty(town: int) -> None:
    program = Actor(tenant_id=town, kind="client", client_id=990_001, roles=frozenset({"operator"}))
    mine = Webhook.objects.filter(tenant_id=town, client_id=program.client_id)

    def hook(n: int) -> Webhook:
        return Webhook(tenant_id=town, client_id=990_001, url=f"https://93.184.216.34/{n}", active_from=MONDAY_TEN)

    def the_last() -> None:
        scope.one_at_a_time("webhooks", 990_001)
        hook(calling.MOST).save()

    rows = [hook(n) for n in range(1, calling.MOST)]
    others = somebody_else_keeps_the_last(town, lambda: Webhook.objects.bulk_create(rows), the_last, mine.delete)
    with others, pytest.raises(TooManyWebhooks):
        f.do(program, calling.open_, "https://93.184.216.34/more", [], now=MONDAY_TEN)


def test_a_device_that_is_being_ended_while_it_calls_stays_ended(town: int) -> None:
    with scope.work(system(town)):
        who = accounts.people_of("dispatcher", now=MONDAY_TEN)[0].account_id
    person = Actor(tenant_id=town, kind="staff", account_id=who, post_id=1, roles=frozenset({"grid_worker"}))
    kind, number = apps.get_model("accounts", "Device"), "c" * 32
    mine = kind.objects.filter(tenant_id=town, account=who)
    row = kind(
        tenant_id=town, account_id=who, number_mac=devices.mac_of(number, town), session_key="before",
        first_day=MONDAY_TEN.date(), last_day=MONDAY_TEN.date(),
    )  # fmt: skip

    def stolen() -> None:
        mine.update(ended_at=MONDAY_TEN, session_key="")

    others = somebody_else_keeps_the_last(town, row.save, stolen, mine.delete, WAITED_FOR)
    with others:
        with pytest.raises(devices.DeviceEnded):
            f.do(person, devices.met, number, session="the thief's", now=MONDAY_TEN)
        with scope.work(system(town)):
            assert mine.get().ended_at == MONDAY_TEN

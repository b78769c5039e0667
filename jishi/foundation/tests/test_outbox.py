"""News: written with the change, in order per subject, tried again, laid aside in the end."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection

from config import wiring, work
from conftest import MONDAY_TEN
from jishi.foundation import outbox, scope
from jishi.foundation.actor import system
from jishi.foundation.models import Delivery, News


@dataclass(frozen=True)
class Rang(outbox.Event):
    subject = ("bell", "bell_id")

    bell_id: int
    stroke: int


heard: list[tuple[int, int]] = []


class Deaf(RuntimeError):
    pass


def listen(facts: dict[str, Any], *, now: datetime) -> None:
    """Hear every stroke but the thirteenth; the twentieth only where the rope is free."""
    if facts["stroke"] == 13:
        raise Deaf
    if facts["stroke"] == 20:
        take_the_rope()
    heard.append((facts["bell_id"], facts["stroke"]))


@pytest.fixture(autouse=True)
def wired() -> Any:
    heard.clear()
    wiring.REACTIONS["Rang"] = (f"{__name__}.listen",)
    yield
    del wiring.REACTIONS["Rang"]


def announce(tenant: int, *strokes: tuple[int, int]) -> None:
    with scope.work(system(tenant)):
        outbox.announce(*[Rang(bell, stroke) for bell, stroke in strokes], at=MONDAY_TEN)


def deliver(tenant: int, now: datetime = MONDAY_TEN) -> int:
    with scope.work(system(tenant)):
        return outbox.deliver(now=now)


def test_what_is_announced_is_heard_once(tenant: int) -> None:
    announce(tenant, (1, 1))

    deliver(tenant)
    deliver(tenant)

    assert heard == [(1, 1)]


def test_news_of_one_subject_is_heard_in_order_although_another_subject_goes_on(tenant: int) -> None:
    announce(tenant, (1, 13), (1, 14), (2, 1))

    for minutes in (0, 1, 2):
        deliver(tenant, MONDAY_TEN + timedelta(seconds=minutes))

    assert heard == [(2, 1)]


def test_a_failing_reaction_is_tried_again_later_each_time_and_then_is_a_dead_letter(tenant: int) -> None:
    announce(tenant, (1, 13))
    now, waits = MONDAY_TEN, []

    for _ in range(7):
        deliver(tenant, now)
        with scope.work(system(tenant)):
            row = Delivery.objects.get()
            if row.dead_at is None:
                waits.append(int((row.next_at - now).total_seconds()))
                now = row.next_at

    assert waits == list(outbox.RETRIES)
    with scope.work(system(tenant)):
        assert [d.error for d in outbox.dead_letters()] == ["Deaf"]


def test_a_dead_letter_can_be_sent_again(tenant: int) -> None:
    announce(tenant, (1, 13))
    with scope.work(system(tenant)):
        Delivery.objects.update(dead_at=MONDAY_TEN)
        News.objects.update(facts={"bell_id": 1, "stroke": 1})
        outbox.send_again(Delivery.objects.get().id, now=MONDAY_TEN)

    deliver(tenant)

    assert heard == [(1, 1)]


def test_after_a_dead_letter_the_subject_goes_on(tenant: int) -> None:
    announce(tenant, (1, 13), (1, 14))
    with scope.work(system(tenant)):
        Delivery.objects.filter(news__facts__stroke=13).update(dead_at=MONDAY_TEN)

    deliver(tenant)

    assert heard == [(1, 14)]


def test_news_of_a_change_that_was_rolled_back_is_never_heard(tenant: int) -> None:
    with pytest.raises(Deaf), scope.work(system(tenant)):
        outbox.announce(Rang(1, 1), at=MONDAY_TEN)
        raise Deaf

    deliver(tenant)

    assert heard == []


def test_another_towns_news_is_not_delivered_here(tenant: int, other_tenant: int) -> None:
    announce(other_tenant, (1, 1))

    deliver(tenant)

    assert heard == []


# --- what somebody else holds ------------------------------------------------------------------------------


def take_the_rope() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL lock_timeout = '50ms'")
        cursor.execute("SELECT pg_advisory_xact_lock(202611)")


@contextmanager
def held_by_somebody_else(tenant: int, hold: Callable[[], object]) -> Iterator[None]:
    """Keep what `hold` locks on a connection of its own for as long as the block lasts."""
    holds, over = threading.Event(), threading.Event()

    def keep() -> None:
        try:
            with scope.work(system(tenant)):
                hold()
                holds.set()
                over.wait(60)
        finally:
            connection.close()

    other = threading.Thread(target=keep)
    other.start()
    try:
        assert holds.wait(10)
        yield
    finally:
        over.set()
        other.join()


def test_a_delivery_whose_row_is_held_comes_again_quietly_and_that_was_no_try(tenant: int, caplog: Any) -> None:
    announce(tenant, (1, 20), (2, 1))

    with held_by_somebody_else(tenant, take_the_rope):
        deliver(tenant)
        with scope.work(system(tenant)):
            kept = list(Delivery.objects.order_by("id").values_list("attempts", "next_at", "dead_at", "done_at"))
        deliver(tenant)
        assert heard == [(2, 1)]
    deliver(tenant, MONDAY_TEN + timedelta(seconds=10))

    assert kept[0] == (0, MONDAY_TEN + timedelta(seconds=10), None, None)
    assert heard == [(2, 1), (1, 20)]
    assert [r.exc_info for r in caplog.records if "is held" in r.message] == [None]


def test_news_that_somebody_else_takes_up_is_left_to_him_and_heard_afterwards(tenant: int) -> None:
    announce(tenant, (1, 1))

    with held_by_somebody_else(tenant, lambda: scope.nobody_else_at("take_up")):
        assert deliver(tenant) == 0
        assert heard == []
    deliver(tenant)

    assert heard == [(1, 1)]


def test_the_worker_that_finds_a_row_held_writes_a_line_and_no_traceback(
    tenant: int, caplog: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(work, "close_old_connections", lambda: None)  # this test's own stays open
    monkeypatch.setattr(work, "_tenants", lambda: [tenant])
    monkeypatch.setattr(outbox, "deliver", lambda *, now: take_the_rope())

    with held_by_somebody_else(tenant, take_the_rope):
        work.deliver(0)

    assert [(r.levelname, r.exc_info) for r in caplog.records] == [("WARNING", None)]

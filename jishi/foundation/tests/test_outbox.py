"""News: written with the change, in order per subject, tried again, laid aside in the end."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import pytest

from config import wiring
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
    """Hear every stroke but the thirteenth."""
    if facts["stroke"] == 13:
        raise Deaf
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

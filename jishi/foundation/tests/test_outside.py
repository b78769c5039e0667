"""What leaves the house: in order per subject, one receiver holds up no other, killed in between is sent again."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import pytest

from config import wiring
from conftest import MONDAY_TEN
from jishi.foundation import outbox, outside, scope
from jishi.foundation.actor import system
from jishi.foundation.models import Delivery, News
from jishi.foundation.outgoing import NotDelivered

REACTION = f"{__name__}.tell"
DEAF, GOOD = 8, 9
heard: list[tuple[int, int, int, int]] = []  # receiver, position, bell, sequence


@dataclass(frozen=True)
class Tolled(outbox.Event):
    subject = ("bell", "bell_id")

    bell_id: int


def owe(facts: dict[str, Any], *, now: datetime) -> None:
    outbox.owe(facts["news"], REACTION, [DEAF, GOOD], at=now)


def tell(owed: outside.Owed, *, now: datetime) -> outside.Call:
    def call() -> None:
        heard.append((owed.receiver, owed.news.position, owed.news.subject_id, owed.news.sequence))
        if owed.receiver == DEAF:
            raise NotDelivered("deaf")
        if killing:
            raise KeyboardInterrupt  # the process ends between sending and marking

    return call


killing: list[bool] = []


@pytest.fixture(autouse=True)
def wired() -> Any:
    heard.clear()
    killing.clear()
    wiring.REACTIONS["Tolled"] = (f"{__name__}.owe",)
    yield
    del wiring.REACTIONS["Tolled"]


def announce(tenant: int, *bells: int) -> None:
    by = system(tenant)
    with scope.work(by):
        outbox.announce(*[Tolled(bell) for bell in bells], at=MONDAY_TEN)
    more = True
    while more:
        with scope.work(by):
            more = outbox.deliver(now=MONDAY_TEN) > 0


def drain(tenant: int, receiver: int, now: datetime = MONDAY_TEN) -> int:
    return outside.drain(REACTION, receiver, by=system(tenant), clock=lambda: now)


def test_news_of_one_subject_arrives_in_order_with_its_own_count(tenant: int) -> None:
    announce(tenant, 1, 2, 1)

    drain(tenant, GOOD)

    assert [(bell, sequence) for _, _, bell, sequence in heard] == [(1, 1), (2, 1), (1, 2)]
    assert [position for _, position, _, _ in heard] == [1, 2, 3]


def test_a_receiver_that_does_not_take_it_holds_up_no_other(tenant: int) -> None:
    announce(tenant, 1, 1)

    drain(tenant, DEAF)
    drain(tenant, GOOD)

    assert [r for r, *_ in heard] == [DEAF, GOOD, GOOD]


def test_what_comes_after_a_failed_one_of_the_same_subject_waits_for_it(tenant: int) -> None:
    announce(tenant, 1, 1)

    for seconds in (0, 1, 2):
        drain(tenant, DEAF, MONDAY_TEN + timedelta(seconds=seconds))

    assert [(r, sequence) for r, _, _, sequence in heard] == [(DEAF, 1)]


def test_killed_between_sending_and_marking_the_same_is_sent_again_under_the_same_number(tenant: int) -> None:
    announce(tenant, 1)
    killing.append(True)
    with pytest.raises(KeyboardInterrupt):
        drain(tenant, GOOD)
    killing.clear()

    drain(tenant, GOOD, MONDAY_TEN + timedelta(seconds=30))
    assert len(heard) == 1, "another worker took it while the lease ran"
    drain(tenant, GOOD, MONDAY_TEN + outside.LEASE)

    assert [position for _, position, *_ in heard] == [1, 1]
    with scope.work(system(tenant)):
        assert Delivery.objects.get(receiver=GOOD).done_at is not None


def test_is_tried_again_later_each_time_and_then_is_a_dead_letter_that_can_be_sent_again(tenant: int) -> None:
    announce(tenant, 1)
    now, waits = MONDAY_TEN, []

    for _ in range(7):
        drain(tenant, DEAF, now)
        with scope.work(system(tenant)):
            row = Delivery.objects.get(receiver=DEAF)
            if row.dead_at is None:
                waits.append(int((row.next_at - now).total_seconds()))
                now = row.next_at
    with scope.work(system(tenant)):
        (letter,) = outbox.dead_letters()
        again = outbox.send_again(letter.id, now=now)
        twice = outbox.send_again(letter.id, now=now)

    assert waits == list(outbox.RETRIES)
    assert (letter.error, letter.receiver, letter.attempts) == ("deaf", DEAF, 7)
    assert (again, twice) == (True, False)
    drain(tenant, DEAF, now)
    assert {position for _, position, *_ in heard} == {1}


def test_what_became_visible_later_comes_later_whatever_its_number(tenant: int) -> None:
    announce(tenant, 1)
    with scope.work(system(tenant)):
        News.objects.create(
            tenant_id=tenant, subject_kind="bell", subject_id=1, name="Tolled", facts={"bell_id": 1}, at=MONDAY_TEN,
            id=-1,
        )  # fmt: skip
        outbox.take_up()
        told = outbox.told(["Tolled"], after=0, since=MONDAY_TEN - timedelta(days=1), limit=10)

    assert [(t.position, t.sequence) for t in told] == [(1, 1), (2, 2)]


def test_another_towns_news_goes_to_nobody_here(tenant: int, other_tenant: int) -> None:
    announce(other_tenant, 1)

    assert outside.receivers(by=system(tenant), now=MONDAY_TEN) == []
    assert outside.receivers(by=system(other_tenant), now=MONDAY_TEN) == [(REACTION, DEAF), (REACTION, GOOD)]

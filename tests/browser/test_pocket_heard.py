"""What the pocket heard is as old as its question: a slow answer does not undo what was pressed meanwhile."""

import time
from collections.abc import Iterator
from typing import Any

import pytest

from tests.browser.test_pocket import PHONE, met, ready

pytestmark = pytest.mark.xdist_group("browser")
LATE = 1.5  # seconds
HEARD = """async () => {
    const { get } = await import('/static/cases/pocket/store.js');
    const asked = performance.getEntriesByType('resource').filter((e) => e.name.endsWith('/pocket/start'));
    return [(await get('start')).kept, performance.timeOrigin + asked.at(-1).responseEnd];
}"""
STANDS = """async (late) => {
    const store = await import('/static/cases/pocket/store.js');
    const errands = await import('/static/cases/pocket/errands.js');
    const start = await store.get('start'), number = 'E0', heard = 5_000, said = { errand: number };
    await store.change({ key: `k${late}`, verb: 'errand.take', said, at: 0, state: 'sent', answer: {}, heard });
    await store.put('start', { ...start, errands: [{ number, mine: false }], kept: heard + late });
    return (await errands.now())[0].mine;
}"""


@pytest.fixture
def slow(house: Any) -> Iterator[Any]:
    """A phone on which every answer of `/pocket/start` comes late."""
    context = house.context("wangge1", size=PHONE)

    def late(route: Any) -> None:
        time.sleep(LATE)
        route.continue_()

    context.route("**/pocket/start", late)
    page = context.new_page()
    page.goto("/pocket")
    ready(page)
    met(page)
    yield page
    context.close()


def test_what_was_heard_is_as_old_as_its_question(slow: Any) -> None:
    kept, answered = slow.evaluate(HEARD)

    assert kept <= answered - LATE * 1000 + 50  # the two clocks of a page differ by milliseconds


def test_what_was_sent_after_the_question_stands_and_what_the_server_knew_by_then_is_its_word(slow: Any) -> None:
    assert slow.evaluate(STANDS, -1) is True
    assert slow.evaluate(STANDS, 1) is False

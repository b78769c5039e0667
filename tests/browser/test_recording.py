"""A resident speaks into a telephone; an operator listens for a reason and writes it down; the speaker confirms."""

import shutil
from collections.abc import Iterator
from typing import Any

import pytest

from tests.browser.test_pages import broken_rules
from tests.conftest import BROWSERS, QUIET, House, Site, follow

pytestmark = pytest.mark.xdist_group("browser")
CALLER, DESK = "jumin1", "huawu1"
WIDE, PHONE = (1280, 800), (360, 720)
A_TONE = ("--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream")
WHY, HEARD = "听清楚，写下来", "翠竹苑3号楼前雨水井堵了，下雨就积水。"
SPOKEN = """() => parseInt(document.querySelector("[data-record-count]").textContent) >= 2"""
PUT = """() => [...document.querySelector("#id_recording").files].map((f) => [f.name, f.size > 500])"""
PLAYS = """async (which) => {
    const player = document.querySelector(which);
    player.muted = true;
    const on = new Promise((yes, no) => { player.ontimeupdate = yes; player.onerror = no; });
    await player.play();
    await on;
    player.pause();
    return player.duration > 0;
}"""
WITHIN = """(which) => {
    const [inner, page] = [document.querySelector(which).getBoundingClientRect(), document.documentElement];
    const card = document.querySelector(which).parentElement.getBoundingClientRect();
    return inner.right <= card.right + 1 && page.scrollWidth <= innerWidth;
}"""


@pytest.fixture(scope="module")
def house(site: Site, _signed_in: dict[str, Any]) -> Iterator[House]:
    """As everywhere, with a microphone that hums: the browser's own."""
    from playwright.sync_api import sync_playwright

    found = next(path for name in BROWSERS if (path := shutil.which(name)))
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=found, args=[*QUIET, *A_TONE])
        try:
            yield House(site, browser, _signed_in)
        finally:
            browser.close()


def spoken(page: Any) -> None:
    """Record for two seconds, as the page itself counts them."""
    page.locator("details:has([data-record]) > summary").click()
    page.click("[data-record-on]")
    page.wait_for_selector("[data-record-off]")  # a count from before is gone by then
    page.wait_for_function(SPOKEN)
    page.click("[data-record-off]")
    page.wait_for_selector("[data-record-play][src]")


def test_what_is_spoken_is_heard_for_a_reason_written_down_and_confirmed_by_its_speaker(house: Any, axe: str) -> None:
    caller = house.page(CALLER, size=PHONE, permissions=["microphone"])
    caller.goto("/speak")
    spoken(caller)
    caller.click("[data-record-gone]")
    assert caller.evaluate(PUT) == [], "thrown away is gone"
    caller.locator("details:has([data-record]) > summary").click()  # folded again: a second one begins as the first
    spoken(caller)

    assert caller.evaluate(PUT) == [["voice.webm", True]]
    assert caller.evaluate(PLAYS, "[data-record-play]")
    assert caller.evaluate(WITHIN, "[data-record-play]")
    assert not broken_rules(caller, axe)
    caller.click("form[action$='/speak'] button[type=submit].xl")
    caller.wait_for_url("**/receipt")
    caller.goto("/mine")
    mine = str(caller.locator("a[href^='/mine/R']").first.get_attribute("href"))

    desk = house.page(DESK, size=WIDE)
    desk.goto(f"/cases?q={mine.rsplit('/', 1)[1]}")
    desk.goto(f"{desk.url}/photos")
    listen = "form:has([value=listen])"
    desk.click(f"{listen} button")
    desk.wait_for_selector("main [role=alert]")
    assert not desk.locator("audio").count(), "nobody listens without saying why"
    desk.fill(f"{listen} [name=reason]", WHY)
    desk.click(f"{listen} button")
    desk.wait_for_selector("audio")
    assert desk.evaluate(PLAYS, "audio")
    assert not broken_rules(desk, axe)
    desk.fill("form:has([value=write-down]) [name=text]", HEARD)
    follow(desk, desk.locator("form:has([value=write-down]) button"))
    assert not desk.locator("form:has([value=write-down])").count()

    caller.goto(mine)
    assert WHY in caller.inner_text("main"), "the speaker sees who listened and why"
    caller.goto(f"{mine}/photos")
    assert caller.input_value("[name=said]") == HEARD
    caller.click("button[value=listen]")
    caller.wait_for_selector("audio[data-focus]")
    assert caller.evaluate(PLAYS, "audio[data-focus]")
    assert caller.evaluate(WITHIN, "audio[data-focus]")
    assert not broken_rules(caller, axe)
    follow(caller, caller.locator("button[value=confirm]"))
    assert not caller.locator("button[value=confirm]").count()
    assert HEARD in caller.inner_text("main")
    for one in (caller, desk):
        assert not one.context.seen.broken
        assert not one.context.seen.foreign

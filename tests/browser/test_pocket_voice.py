"""A grid worker speaks into his pocket without network; an operator writes it down; he confirms (spec 10 §§3, 12)."""

import shutil
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest

from tests.browser.test_pages import broken_rules
from tests.browser.test_pocket import SENT, WAITING, count, go, phone, ready
from tests.browser.test_pocket_photos import sealed
from tests.browser.test_recording import A_TONE, DESK, PLAYS, WHY, WIDE
from tests.conftest import BROWSERS, QUIET, House, Site

__all__ = ["phone"]  # a fixture
pytestmark = pytest.mark.xdist_group("browser")
HELD = "[data-voice-held]:not([hidden])"
HEARD = "十二号楼门口的路灯一到晚上就灭。"
VOICES = """async () => {
    const done = (r) => new Promise((yes, no) => { r.onsuccess = () => yes(r.result); r.onerror = () => no(r.error); });
    const { name } = (await indexedDB.databases()).find((d) => d.name.startsWith("jishi-pocket-"));
    const db = await done(indexedDB.open(name));
    const rows = await done(db.transaction("photos").objectStore("photos").getAll());
    db.close();
    return rows.filter((r) => r.kind === "voice").map((r) => [r.of.split(":")[0], "data" in r, Boolean(r.box.iv)]);
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


def speaks(page: Any) -> None:
    """Press, and wait until the first seconds lie sealed on the device."""
    go(page, "report")
    page.click("[data-voice-on]")
    page.wait_for_selector("[data-voice-off]:not([hidden])")
    for _ in range(600):
        if page.evaluate(VOICES):
            break
        page.wait_for_timeout(100)


def test_what_is_spoken_offline_survives_a_killed_tab_is_sent_written_down_and_confirmed(
    phone: Any, house: Any, axe: str
) -> None:
    page = phone(permissions=["microphone"])
    sealed(page)
    page.context.set_offline(True)
    speaks(page)
    with page.expect_event("crash"), suppress(Exception):  # the driver says that the page is dead
        page.goto("chrome://crash", timeout=5000)
    dead, page = page, page.context.new_page()
    dead.close()
    page.goto("/pocket#report")
    ready(page)

    page.wait_for_selector(HELD)
    assert page.evaluate(VOICES) == [["draft", False, True]], "sealed, beside the draft"
    assert page.evaluate(PLAYS, "[data-voice-play]")
    assert not broken_rules(page, axe)
    page.locator("#report-form button[type=submit]").click()
    count(page, WAITING, 1)
    go(page, "queue")
    page.locator("#rows [data-shots]", has_text="录音等着发").wait_for()
    page.context.set_offline(False)
    page.locator("#rows [data-shots]", has_text="录音已发").wait_for()
    number = page.locator("#rows [data-when]").first.inner_text().rpartition(" · ")[2]

    desk = house.page(DESK, size=WIDE)
    desk.goto(f"/cases?q={number}")
    desk.goto(f"{desk.url}/photos")
    desk.fill("form:has([value=listen]) [name=reason]", WHY)
    desk.click("form:has([value=listen]) button")
    desk.wait_for_selector("audio")
    assert desk.evaluate(PLAYS, "audio")
    desk.fill("form:has([value=write-down]) [name=text]", HEARD)
    desk.click("form:has([value=write-down]) button")
    desk.wait_for_selector("form:has([value=write-down])", state="detached")

    page.goto("/pocket#today")
    page.reload()
    ready(page)
    page.locator("#voices a", has_text=number).click()
    page.wait_for_selector("button[value=confirm]")
    assert page.input_value("[name=said]") == HEARD
    assert not broken_rules(page, axe)
    page.click("button[value=confirm]")
    page.wait_for_selector("button[value=confirm]", state="detached")
    assert HEARD in page.inner_text("main")


def test_that_is_refused_is_shown_and_the_row_stands(phone: Any) -> None:
    page = phone(permissions=["microphone"])
    page.route("**/recordings/1", lambda route: route.fulfill(
        status=422, content_type="application/problem+json",
        body='{"code": "nothing_said", "title": "录音里没有声音。", "next": "再录一遍。"}',
    ))  # fmt: skip
    speaks(page)
    page.click("[data-voice-off]")
    page.wait_for_selector(HELD)
    page.click("[data-voice-away]")
    page.wait_for_selector("[data-voice-on]:not([hidden])")
    assert page.evaluate(VOICES) == [], "thrown away is gone"
    page.locator("#report-form button[type=submit]").click()
    page.locator("#r-text-err").wait_for(state="visible")
    speaks(page)
    page.locator("#report-form button[type=submit]").click()  # pressed while it still records: it is ended and kept
    count(page, SENT, 1)
    go(page, "queue")
    page.locator("#rows [data-why]", has_text="事情收下了，录音没有：录音里没有声音").wait_for()
    page.unroute("**/recordings/1")
    page.locator("#rows [data-acts] button").first.click()
    page.locator("#rows [data-shots]", has_text="录音已发").wait_for()

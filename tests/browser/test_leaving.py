"""Signing out with something unsent in a pocket: nothing is lost unasked, nothing stays open (spec 90 §2 A4)."""

from typing import Any

import pytest

from jishi.portal.founding import PASSWORD
from tests.browser.test_pocket import GRID, MARK, OTHER, SENT, STORED, count, note, phone, ready, said
from tests.browser.test_pocket_code import OPENED
from tests.browser.test_pocket_photos import sealed

__all__ = ["phone"]  # a fixture
pytestmark = pytest.mark.xdist_group("browser")
DESK = "paidan1"
LEAVE = """() => { document.querySelector('form[action="/sign-out"]').requestSubmit(); }"""
BY_PROGRAM = """() => fetch("/sign-out", {
    method: "POST", headers: { "X-CSRFToken": document.querySelector("#sign-out [name]").value },
}).then((answer) => answer.status)"""

KNOWN = """async () => {
    const number = await import(document.querySelector('script[src*="pocket.js"]').src.replace("pocket.js", "store.js"))
        .then((store) => store.use(document.querySelector('[name="jishi-owner"]').content).then(() => store.device()));
    return (await (await fetch("/pocket/device", { headers: { "X-Jishi-Device": number } })).json()).known;
}"""


def unsent(page: Any, text: str) -> None:
    """Write a row that does not leave."""
    page.context.route("**/api/v1/sync", lambda route: route.abort())
    sealed(page)
    note(page, text)
    page.wait_for_function("() => document.querySelectorAll('#rows > li').length === 1")


def sign_in(page: Any, who: str) -> None:
    page.goto("/sign-in?next=/pocket")
    page.fill('input[name="login"]', who)
    page.fill('input[name="password"]', PASSWORD)
    page.click('form[action="/sign-in"] button[type="submit"]')
    page.wait_for_url("**/pocket")
    ready(page)


def test_a_colleague_who_signs_out_on_the_same_phone_closes_the_pocket_and_loses_nothing_of_it(
    phone: Any, house: Any, site: Any
) -> None:
    page, text = phone(), f"{MARK}同事在这台上退出以前写的"
    unsent(page, text)
    page.context.clear_cookies(name="jishi")
    page.context.add_cookies(house._state(DESK)["cookies"])
    house.kept.pop(DESK)  # this session ends here
    page.goto("/desk/dispatch")
    page.wait_for_selector("html[data-js]")

    page.evaluate(LEAVE)
    page.wait_for_url(lambda url: url.endswith("/"))

    left = page.evaluate(OPENED)
    assert (left["keys"], left["opened"]) == (0, 0) and left["boxes"] > 0, left
    assert text not in page.evaluate(STORED)
    page.context.unroute("**/api/v1/sync")
    page.context.clear_cookies(name="jishi")
    sign_in(page, GRID)
    count(page, SENT, 1)
    assert len(said(site, text)) == 1


def test_a_program_that_signs_out_loses_nothing_and_its_device_is_closed(
    phone: Any, house: Any, site: Any
) -> None:
    page, text = phone(OTHER), f"{MARK}程序退出以前写的"
    unsent(page, text)
    house.kept.pop(OTHER)  # this session ends here

    assert page.evaluate(BY_PROGRAM) == 200
    assert page.evaluate(KNOWN) is False, "at its next question it closes"
    assert page.evaluate(OPENED)["boxes"] > 0 and text not in page.evaluate(STORED)
    page.context.unroute("**/api/v1/sync")
    sign_in(page, OTHER)

    count(page, SENT, 1)
    assert len(said(site, text)) == 1


def test_who_leaves_by_the_pocket_throws_away_the_own_and_of_a_colleague_what_is_sent(
    phone: Any, house: Any, site: Any
) -> None:
    page, text = phone(), f"{MARK}同一台手机上先来的人写的"
    unsent(page, text)
    page.context.clear_cookies(name="jishi")
    page.context.add_cookies(house._state(OTHER)["cookies"])
    house.kept.pop(OTHER)  # this session ends here
    page.goto("/pocket")
    ready(page)
    page.wait_for_function("() => document.querySelector('#sign-out [name=csrfmiddlewaretoken]').value")

    page.locator("[data-open=leave]").click()
    page.locator("#leave-now").click()
    page.wait_for_url(lambda url: url.endswith("/"))

    left = page.evaluate(OPENED)
    assert (left["keys"], left["opened"]) == (0, 0) and left["boxes"] > 0, left
    page.context.unroute("**/api/v1/sync")
    sign_in(page, GRID)
    count(page, SENT, 1)
    assert len(said(site, text)) == 1

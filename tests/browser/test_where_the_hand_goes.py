"""After a press the hand goes on where it was: on the next row of a desk, in the page of a case, beside a refusal."""

from typing import Any

import pytest

from tests.conftest import follow, seen

pytestmark = pytest.mark.xdist_group("browser")
HANDLERS = ("zhujian1", "chengguan1", "hexi1", "paishui1", "shuiwu1", "qiaodong1")
HAND = "() => { const e = document.activeElement; return [e.closest('[data-row]')?.innerText ?? '', e.tagName]; }"
DISPATCHER, CASE = "paidan1", 'main a[href^="/cases/C"]'


def with_something_to_sign(house: Any) -> Any:
    """Open the inbox of a body that has two things to sign."""
    for who in HANDLERS:
        page = house.page(who, size=(1280, 800))
        page.goto("/desk/inbox?show=sign")
        if page.locator("#sign tr[data-row]").count() > 1:
            return page
    raise AssertionError("no body has two things to sign")


def test_after_a_signature_by_keyboard_the_hand_is_on_the_next_row_of_the_desk(house: Any) -> None:
    page = with_something_to_sign(house)
    seen(page)
    signed, following = (page.locator("#sign tr[data-row] a.t").nth(n).inner_text() for n in (0, 1))

    page.locator("#sign tr[data-row] form button").first.focus()
    with page.expect_navigation():
        page.keyboard.press("Enter")
    page.wait_for_selector("main > .toasts")
    page.wait_for_function("() => document.activeElement !== document.body")

    row, _tag = page.evaluate(HAND)
    assert signed in page.locator("main > .toasts").inner_text()
    assert following in row


def test_after_a_refusal_on_the_page_of_a_case_the_hand_is_beside_it_and_nothing_typed_is_lost(house: Any) -> None:
    page, words = house.page(DISPATCHER, size=(1280, 800)), "说的是同一口井，请并到一起。"
    page.goto("/cases?status=open")
    for href in page.eval_on_selector_all(CASE, "all => [...new Set(all.map((a) => a.getAttribute('href')))]"):
        page.goto(href)
        form = page.locator('#act-absorb form[action$="/do/absorb"]')
        if form.count():
            break
    page.locator("#act-absorb").evaluate("fold => { fold.open = true; }")
    form.locator("[name=into]").fill("C000000000000000")
    form.locator("[name=words]").fill(words)

    follow(page, form.locator("button[type=submit]"))
    page.wait_for_function("() => document.activeElement.closest('[role=alert]') !== null")

    assert page.locator("#act-absorb [name=words]").input_value() == words

"""Many cases by keys alone, from the list and from the dispatch desk; two screens on one case see each other."""

from typing import Any

import pytest

from tests.conftest import seen

pytestmark = pytest.mark.xdist_group("browser")

DISPATCHER, OPERATOR = "paidan1", "huawu1"


@pytest.fixture(scope="module")
def desk(house: Any) -> Any:
    return house.page(DISPATCHER)


def chosen(page: Any) -> list[bool]:
    return page.evaluate("() => [...document.querySelectorAll('[data-choose]')].map((b) => b.checked)")


def test_cases_are_chosen_looked_at_done_and_put_back_without_a_mouse(desk):
    desk.set_viewport_size({"width": 1280, "height": 800})
    desk.goto("/cases?status=open")
    seen(desk)
    for key in ("j", "x", "j", "j", "Shift+X"):
        desk.keyboard.press(key)
    ticked = chosen(desk)
    assert sum(ticked) == 3, ticked[:6]

    desk.keyboard.press("l")
    desk.wait_for_url("**/desk/bulk?n=*")
    seen(desk)
    desk.focus("input[name=verb][value=tag]")
    desk.keyboard.press("Space")
    desk.focus("input[name=add]")
    desk.keyboard.type("夜查")
    desk.keyboard.press("Control+Enter")
    desk.wait_for_url("**/desk/bulk/*")
    seen(desk)
    rows = "main table tbody tr"
    assert desk.locator(rows).count() == 3

    desk.keyboard.press("Control+Enter")
    desk.wait_for_selector("form[action$=undo]")
    assert "夜查" in desk.locator(rows).first.inner_text()
    desk.locator("h1").click()
    desk.keyboard.press("z")
    desk.wait_for_selector("form[action$=undo]", state="detached")
    desk.wait_for_load_state()

    desk.goto("/cases?tag=夜查")
    assert desk.locator("[data-row]").count() == 0


def test_a_press_with_shift_chooses_all_in_between(desk):
    desk.goto("/cases?status=open")
    boxes = desk.locator("[data-choose]")

    boxes.nth(1).click()
    boxes.nth(4).click(modifiers=["Shift"])

    assert chosen(desk)[:6] == [False, True, True, True, True, False]


def test_every_key_of_the_dispatch_desk_stands_in_the_table_of_keys(desk):
    desk.goto("/desk/dispatch")
    seen(desk)
    desk.wait_for_selector("#case")  # the first of the queue opens by itself, and makes the desk anew

    desk.keyboard.press("?")

    told = desk.locator("#all-keys kbd").all_inner_texts()
    asked = desk.evaluate("() => [...document.querySelectorAll('[data-key]')].map((e) => e.dataset.key.toUpperCase())")
    assert asked
    assert set(asked) - {"M"} <= set(told), "M is named on its own button"
    desk.keyboard.press("Escape")


def test_a_key_right_after_escape_is_heard_though_the_hand_still_stands_in_the_closed_table(desk):
    desk.goto("/desk/dispatch")
    seen(desk)
    desk.wait_for_selector("#case")

    stands = desk.evaluate("""() => {
      const table = document.getElementById("all-keys"), heard = { bubbles: true, cancelable: true };
      table.showModal();
      table.close();
      const key = new KeyboardEvent("keydown", { key: "j", ...heard });
      table.querySelector("h2").dispatchEvent(key);
      return key.defaultPrevented;
    }""")

    assert stands


def test_two_screens_on_one_case_see_each_other_until_one_is_closed(house, desk):
    other = house.page(OPERATOR)
    desk.goto("/cases?status=open")
    case = desk.locator('main a[href^="/cases/C"]').first.get_attribute("href")
    with desk.expect_response("**/here"):  # who signs first is told of nobody, and asks again in half a minute
        desk.goto(case)
    other.goto(case)

    other.wait_for_selector("#here .note")
    assert "派单" in other.locator("#here").inner_text()
    desk.reload()
    desk.wait_for_selector("#here .note")
    assert "话务" in desk.locator("#here").inner_text()

    other.goto("/")
    for _ in range(40):  # the farewell travels on its own, after the page is gone
        desk.reload()
        desk.wait_for_load_state("networkidle")
        if not (seen := desk.locator("#here .note").count()):
            break
        desk.wait_for_timeout(250)
    assert seen == 0

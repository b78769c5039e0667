"""The operator's console fits 1440 × 900 without scrolling, and no button lies behind the keys (ui §2)."""

import pytest

pytestmark = pytest.mark.xdist_group("browser")

HIDDEN = """() => { const keys = document.querySelector(".keys").getBoundingClientRect().top;
  return [...document.querySelectorAll("#intake .save-bar .btn")].filter(b => {
    const at = b.getBoundingClientRect(); return at.height === 0 || at.bottom > keys + 1;
  }).map(b => b.innerText); }"""


@pytest.mark.parametrize("lang", ["zh-hans", "en"])
def test_the_console_fits_its_screen_and_its_four_ways_to_save_stand_above_the_keys(house, lang):
    for size, fits in (((1440, 900), True), ((1280, 800), False)):
        page = house.page("huawu1", size=size, lang=lang)
        page.goto("/desk/operator")
        page.wait_for_selector("#intake .save-bar [data-fkey=F8]")
        page.wait_for_selector(".keys")

        assert page.locator("#intake .save-bar .btn").count() == 4
        assert page.evaluate(HIDDEN) == []
        if fits:
            assert page.evaluate("document.documentElement.scrollHeight <= window.innerHeight")

"""Houses in a browser: a community goes from the bar to its doors and counts one; every page on the way is whole.

Spec 20 §10: the editor of compounds and entrances, in both languages on a phone and at a desk.
"""

from collections.abc import Callable
from typing import Any

import pytest

from tests.browser.test_pages import (
    DESK,
    PHONE,
    broken_rules,
    ensure_nothing,
    resize,
    shot,
    wider_than_the_screen,
)
from tests.conftest import follow

pytestmark = pytest.mark.xdist_group("browser")
COMMUNITY = "cuizhu1"
FLOORS, DOORS = 6, 3


def to_its_houses(page: Any) -> None:
    """Go the way a person goes: from home, by what the post opens."""
    page.goto("/")
    page.locator("nav[aria-labelledby=desks] a[href='/desk/ground/compounds']").click()
    page.wait_for_url("**/desk/ground/compounds")


def to_a_compound(page: Any) -> None:
    to_its_houses(page)
    follow(page, page.locator("main th a[href^='/desk/ground/compounds/']").first)


def to_a_house(page: Any) -> None:
    """Open a house whose doors are registered; the first time they are, by hand."""
    to_a_compound(page)
    follow(page, page.locator("main th a[href^='/desk/ground/houses/']").first)
    if page.locator("main li form.door").count() == 0:
        for name, value in (("units", 1), ("floor_from", 1), ("floor_to", FLOORS), ("doors", DOORS)):
            page.fill(f"form[action$='/keep/doors'] input[name={name}]", str(value))
        page.check("form[action$='/keep/doors'] input[name=lived_in]")
        follow(page, page.locator("form[action$='/keep/doors'] button"))


def opened(page: Any) -> None:
    """Open all that is folded inside the page."""
    page.locator("main details").evaluate_all("all => all.forEach(d => { d.open = true })")


def to_a_gate(page: Any) -> None:
    """Open an entrance with its form filled; the first time it is put there."""
    to_a_compound(page)
    if page.locator("input[name=what][value=entrance]").count() == 0:
        opened(page)
        point = page.locator("h1 ~ .sub .num").inner_text().split(", ")
        form = page.locator("form[action$='/keep/gate']")
        for name, value in (("name", "南门"), ("hours", "6:00—23:00"), ("lng", point[0]), ("lat", point[1])):
            form.locator(f"input[name={name}]").fill(value)
        follow(page, form.locator("button"))
    opened(page)


def to_an_end(page: Any) -> None:
    """What a post that gives a day to come is told: the form stands open and nothing has ended."""
    to_a_compound(page)
    opened(page)
    form = page.locator("aside form[action$='/keep/end']")
    form.locator("input[name=on]").evaluate("field => { field.removeAttribute('max'); field.value = '2099-01-01' }")
    form.locator("input[name=why]").fill("写错日子的")
    form.locator("button").click()
    page.wait_for_selector("main [role=alert]")
    assert page.locator("#nb-why").input_value() == "", "a reason for an end is none for a house beside its compound"
    opened(page)


def to_a_micro_grid(page: Any) -> None:
    """A compound with a micro-grid, all forms open; the first time it is drawn there, of one house."""
    to_a_compound(page)
    section = page.locator("section[aria-labelledby=h-micro]")
    if section.locator("form[action$='/keep/micro-end']").count() == 0:
        opened(page)
        form = section.locator("form[action$='/keep/micro']")
        form.locator("input[name=name]").fill("东片")
        form.locator("input[name=house]").first.check()
        follow(page, form.locator("button"))
    opened(page)
    page.wait_for_selector("section[aria-labelledby=h-micro] form[action$='/keep/micro-end'] button:visible")


WAYS: dict[str, Callable[[Any], None]] = {
    "houses": to_its_houses, "compound": to_a_compound, "house": to_a_house, "entrance": to_a_gate,
    "demolition-refused": to_an_end, "micro-grid": to_a_micro_grid,
}  # fmt: skip


@pytest.fixture(scope="module")
def kept(house: Any) -> dict[str, Any]:
    return {lang: house.page(COMMUNITY, lang=lang, keep=True) for lang in ("zh-hans", "en")}


@pytest.mark.parametrize("lang", ["zh-hans", "en"])
@pytest.mark.parametrize("name", WAYS)
def test_every_page_of_houses_is_whole_on_a_phone_and_at_a_desk(name, lang, kept, axe):
    page = kept[lang]
    page.context.seen.forget()
    resize(page, DESK)
    WAYS[name](page)
    found = {}
    assert page.locator("h1").count() == 1
    for size in (PHONE, DESK):
        resize(page, size)
        found[f"wider than {size[0]} px"] = wider_than_the_screen(page)
        found[f"axe at {size[0]} px"] = broken_rules(page, axe)
        shot(page, f"houses-{name}-{lang}-{size[0]}")
    found["other hosts"] = list(page.context.seen.foreign)
    found["console"] = [c for c in page.context.seen.complaints if "status of 422" not in c]
    ensure_nothing(found)


def test_a_house_is_a_short_page_on_a_phone_and_stays_where_it_was_counted(house):
    page = house.page(COMMUNITY, size=PHONE)
    to_a_house(page)
    folded = page.locator("section[aria-labelledby=h-d] > details:has(li)")
    assert folded.count() > 1 and page.locator("li form.door:visible").count() == 0

    folded.nth(1).locator("summary").click()
    form = page.locator("li form.door:visible").first
    before = int(form.locator("input[name=households]").input_value())
    form.locator("input[name=households]").fill(str(before % 2 + 1))
    form.locator("button").click()
    page.wait_for_url("**#f*")

    assert [d.get_attribute("open") is not None for d in folded.all()][:2] == [False, True]
    assert page.locator("li form.door:visible").first.locator("input[name=households]").input_value() == str(
        before % 2 + 1
    )

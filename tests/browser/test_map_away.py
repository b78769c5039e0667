"""Maps that are away: the page says so, and its list and addresses go on (spec 90 §15). No tile of anybody is fetched:
a map is drawn of the town's own ground, so what can be away is that drawing, or the part that draws."""

from typing import Any

import pytest

pytestmark = pytest.mark.xdist_group("browser")


@pytest.mark.parametrize("what", ["the drawing", "the part that draws"])
@pytest.mark.parametrize(("who", "path"), [("", "/public"), ("paidan1", "/desk/map"), ("lingdao1", "/desk/ground")])
def test_what_stands_beside_a_map_that_is_away_goes_on_and_the_page_says_so(
    house: Any, who: str, path: str, what: str
) -> None:
    page = house.page(who, size=(360, 720))
    page.goto(path)
    panel = page.locator("[data-map]").first
    source, words = panel.get_attribute("data-source"), panel.get_attribute("data-off-word")
    beside = page.locator("main li, main tbody tr").count()
    away = page.evaluate("s => new URL(s, location).href", source) if what == "the drawing" else "**/maplibre-gl*.js"

    page.route(away, lambda route: route.abort())
    page.reload()

    page.locator("[data-map].map-off", has_text=words).first.wait_for()
    assert words and beside and page.locator("main li, main tbody tr").count() == beside

"""A map whose grids are too many to be drawn whole reads them in vector tiles of our own, by keyboard and by its list.

The town is small, so the drawing is answered here as that of a large one is: without grids, with the address of its
tiles. The tiles are the platform's own.
"""

import json
from typing import Any

import pytest

from tests.browser.test_pages import DESK, OFFICE, PHONE, broken_rules, ensure_nothing, shot, wider_than_the_screen
from tests.conftest import seen

pytestmark = pytest.mark.xdist_group("browser")
PATIENCE = 60_000  # ms: a machine that does other things as well
HEARD = "document.addEventListener('map:chosen', e => { document.body.dataset.chosen = e.detail.code ?? '' })"


def made_large(page: Any) -> list[str]:
    """Answer the drawing of the town as that of a large one; gives the codes of its grids."""
    page.goto("/desk/ground")
    drawn = page.evaluate("fetch('/desk/ground/map').then(r => r.json())")["features"]
    grids = [f for f in drawn if "fill" in f["properties"]]
    corners = [c for f in grids for ring in _rings(f["geometry"]) for c in ring]
    bounds = [pick(c[axis] for c in corners) for pick in (min, max) for axis in (0, 1)]
    address = page.evaluate("fetch('/api/v1/tiles').then(r => r.json())")["items"]
    tiles = next(one["tiles"] for one in address if one["layer"] == "grids")
    tiled = {"layer": "grids", "tiles": tiles, "least_z": 8, "most_z": 18, "bounds": bounds}
    answer = json.dumps({"type": "FeatureCollection", "features": [], "tiled": tiled})
    page.route("**/desk/ground/map", lambda route: route.fulfill(body=answer, content_type="application/geo+json"))
    page.reload()
    page.locator("[data-map][data-drawn]").wait_for(timeout=PATIENCE)
    seen(page)
    page.evaluate(HEARD)
    return [f["properties"]["code"] for f in grids]


def _rings(geometry: dict[str, Any]) -> list[Any]:
    parts = [geometry["coordinates"]] if geometry["type"] == "Polygon" else geometry["coordinates"]
    return [ring for part in parts for ring in part]


@pytest.mark.parametrize(("lang", "size"), [("zh-hans", PHONE), ("en", DESK)], ids=("phone", "desk"))
def test_the_grids_of_a_large_town_come_in_tiles_from_our_own_address(
    house: Any, axe: str, lang: str, size: Any
) -> None:
    page = house.page(OFFICE, size=size, lang=lang)
    asked: list[tuple[str, int]] = []
    page.context.on("response", lambda answer: asked.append((answer.url, answer.status)))
    codes = made_large(page)

    canvas = page.locator("[data-map] canvas.maplibregl-canvas")
    row = page.locator(f'[data-code="{codes[0]}"]').first
    box = page.evaluate("fetch('/api/v1/export/grids.geojson').then(r => r.json())")["features"][0]["geometry"]
    west, south, east, north = (
        pick(c[axis] for ring in _rings(box) for c in ring) for pick in (min, max) for axis in (0, 1)
    )
    row.evaluate("(e, box) => { e.dataset.box = box }", f"{west},{south},{east},{north}")
    row.press("Enter")
    by_list = page.evaluate("document.body.dataset.chosen")
    page.evaluate("() => { delete document.body.dataset.chosen }")
    for _ in range(60):  # until the tile in the middle is drawn
        canvas.press("Enter")
        if page.locator("body[data-chosen]").count():
            break
        page.wait_for_timeout(500)

    by_key = page.evaluate("document.body.dataset.chosen")
    tiles = [status for url, status in asked if "/api/v1/tiles/grids/" in url]
    assert (by_list, by_key in codes) == (codes[0], True)
    assert tiles and set(tiles) == {200}
    shot(page, f"places-tiled-{lang}-{size[0]}")
    heard = page.context.seen
    ensure_nothing({
        "said by the browser": heard.complaints, "asked elsewhere": heard.foreign, "refused": heard.broken,
        "wider than the screen": wider_than_the_screen(page), "axe": broken_rules(page, axe),
    })  # fmt: skip

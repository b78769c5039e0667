"""A resident and a grid worker pick the door of a house; the report has the door's point (spec 10 §§3, 12)."""

import secrets
from typing import Any

import pytest

from tests.browser.test_pages import broken_rules
from tests.browser.test_pocket import SENT, count, go, phone

__all__ = ["phone"]  # a fixture
pytestmark = pytest.mark.xdist_group("browser")
MARK = secrets.token_hex(3)  # a site may be kept between two runs
PHONE = (360, 760)
WORK = (
    "from jishi.foundation import scope; from jishi.foundation.actor import system;"
    "from jishi.foundation.tenants import Tenant; from jishi.cases.models import Report;"
    "from jishi.places.models import Entrance\n"
    "with scope.work(system(Tenant.objects.get(code='990181').id)):\n"
)


def a_door(site: Any) -> tuple[str, str]:
    """Give the house of a door in the first grid worker's area, and the door's number in our books."""
    house, door = site.run(
        f"{WORK}    rows = Entrance.objects.filter(name='2单元', building__compound__community='990181001002')\n"
        "    door = rows.select_related('building__compound').order_by('id')[0]\n"
        "    print(f'{door.building.compound.name}{door.building.name}', door.id)\n"
    ).split()  # fmt: skip
    return house, door


def metres_off(site: Any, text: str, door: str) -> float:
    """Give how far the one report with these words lies from the door: a degree is some 100 km."""
    said = site.run(
        f"{WORK}    report, door = Report.objects.get(text_shown__contains={text!r}), Entrance.objects.get(id={door})\n"
        "    print(max(abs(report.lng_e7 - door.lng_e7), abs(report.lat_e7 - door.lat_e7)) / 100)\n"
    )
    return float(said)


def test_a_resident_picks_the_door_of_the_house_that_was_understood(house: Any, site: Any, axe: str) -> None:
    named, door = a_door(site)
    page = house.page(size=PHONE)
    page.goto("/speak")
    page.fill("[name=text]", f"{named}楼道的灯坏了好几天，编号{MARK}")
    second = page.locator(f"[data-door='{named}2单元']")
    second.wait_for()
    assert not broken_rules(page, axe)
    second.click()
    assert page.input_value("[name=where]") == f"{named}2单元"
    second.wait_for(state="detached")  # it was understood: nothing is asked any more
    assert named in page.inner_text("#seen-place")
    page.click("form[action$='/speak'] button[type=submit].xl")
    page.wait_for_url("**/receipt")

    assert metres_off(site, MARK, door) < 1


def test_a_grid_worker_picks_house_and_door_without_typing_a_word_of_it(phone: Any, site: Any) -> None:
    named, door = a_door(site)
    page, text = phone(), f"门禁失灵，编号{MARK}随身"
    go(page, "report")
    page.wait_for_selector("[data-screen=report] [data-spots]:not([hidden])")
    code = site.run(
        f"{WORK}    print(Entrance.objects.get(id={door}).building_id)\n"
    ).strip()  # fmt: skip
    for grid in page.locator("#r-grid option").evaluate_all("all => all.map((o) => o.value)") or [""]:
        if grid:
            page.select_option("#r-grid", grid)
        if page.locator(f"#r-house option[value=b{code}]").count():
            break
    page.select_option("#r-house", f"b{code}")
    page.wait_for_selector("[data-screen=report] [data-doors]:not([hidden])")
    page.select_option("#r-entrance", f"e{door}")
    page.fill("#r-text", text)
    page.locator("#report-form button[type=submit]").click()
    count(page, SENT, 1)

    assert metres_off(site, f"{MARK}随身", door) < 1

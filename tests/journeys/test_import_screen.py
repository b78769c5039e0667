"""A file of another system, through the import's screen: uploaded, checked, its refusals read, taken in, opened."""

import csv
import io
import re
import uuid
from typing import Any

import pytest

from tests.conftest import follow

pytestmark = pytest.mark.xdist_group("browser")

OPERATOR, DISPATCHER = "huawu1", "paidan1"
HEAD = ("留言编号", "留言用户", "留言主题", "留言时间", "留言详情", "反对数", "点赞数")
WORDS = (
    "翠竹苑二期北门的雨水井堵了，一下雨就积水，请来清掏。",
    "石坊路口的路灯坏了三盏，晚上看不见路，请修一修。",
    "河西街道菜市场门口占道卖菜，消防车进不去，请管一管。",
)


@pytest.fixture(scope="module")
def mark() -> str:
    """Numbers of this run alone: the same site may have taken in the file before."""
    return uuid.uuid4().hex[:8]


@pytest.fixture(scope="module")
def sheet(mark: str) -> dict[str, Any]:
    """Give a board's export: three messages to take in, one without words, one from a day that is none."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(HEAD)
    for n, words in enumerate(WORDS, start=1):
        writer.writerow([f"{mark}-{n}", "U1", "", f"2026-06-1{n} 09:00:00", words, "0", "1"])
    writer.writerow([f"{mark}-8", "U2", "", "2026-06-14 09:00:00", "", "0", "0"])
    writer.writerow([f"{mark}-9", "U3", "", "六月三十一日", "楼道里堆满纸箱，出不去。", "0", "0"])
    return {"name": f"board-{mark}.csv", "mimeType": "text/csv", "buffer": out.getvalue().encode("gb18030")}


# a page that is half here has no form either
OVER = "() => document.readyState === 'complete' && !document.querySelector('form[data-goes-on]')"


def said(page: Any) -> str:
    return page.inner_text("main")


def upload(page: Any, sheet: dict[str, Any]) -> None:
    """Choose the file and the map of its columns, send it, and wait until every row is looked at."""
    page.goto("/desk/import")
    page.set_input_files("input[type=file]", sheet)
    page.check("input[name=columns][value^='messages']")
    follow(page, page.locator("form[enctype] button[type=submit]"))
    until_over(page)


def until_over(page: Any) -> None:
    page.wait_for_url(re.compile(r"/desk/import/\d+"))
    page.wait_for_selector("nav.tabs a")
    page.wait_for_function(OVER)


def test_a_chosen_file_is_named_in_our_own_words(people, sheet):
    page = people.at(OPERATOR)
    page.goto("/desk/import")
    assert "还没有选" in page.inner_text("[data-files]")

    page.set_input_files("input[type=file]", sheet)

    assert sheet["name"] in page.inner_text("[data-files]")


def test_a_file_is_checked_first_and_taken_in_by_a_second_press(people, sheet, complaints):
    page = people.at(OPERATOR)
    upload(page, sheet)

    assert "会收 3 件" in said(page)
    assert "5 行 = 新收 3 + 收过 0 + 有变 0 + 没收 2" in said(page)
    page.locator("nav.tabs a", has_text="没收").click()
    page.wait_for_url("**result=refused*")
    refused = page.locator("#main table tbody tr").all_inner_texts()
    assert [re.match(r"\d+", row.strip())[0] for row in refused[:2]] == ["5", "6"]
    assert all(len(row.strip()) > 6 for row in refused[:2])

    follow(page, page.locator("form[action$='/apply'] button"))
    until_over(page)

    assert "收了 3 件" in said(page)
    page.locator("nav.tabs a", has_text="新收").click()
    page.wait_for_url("**result=created*")
    number = re.search(r"R9\w{12,}", said(page))[0]
    case = people.case_of(number)
    desk = people.at(DISPATCHER)
    desk.goto(f"/cases/{case}?tab=facts")
    assert "导入" in desk.inner_text("main")
    assert any(words[:12] in desk.inner_text("main") for words in WORDS)
    assert complaints(page) == []


def test_the_same_file_again_takes_nothing_in_twice(people, sheet):
    page = people.at(OPERATOR)
    upload(page, sheet)
    if page.locator("form[action$='/apply']").count():  # not taken in by a test before this one
        follow(page, page.locator("form[action$='/apply'] button"))
        until_over(page)
    upload(page, sheet)

    assert "5 行 = 新收 0 + 收过 3 + 有变 0 + 没收 2" in said(page)
    assert page.locator("form[action$='/apply']").count() == 0

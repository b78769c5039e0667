"""A message of a real board (generated in its shape where none lies beside the checkout) from its file to its end.

It is chosen by a seed, and neither printed nor kept: JISHI_SHARED names the folder of real data (docs/settings.md).
Every step is a page: operator, grid worker or resident, dispatcher, handler, reviewer, caller.
"""

import csv
import io
import os
import re
import uuid
from pathlib import Path
from random import Random
from typing import Any

import pytest

from tests.conftest import follow
from tests.journeys.conftest import ensure_done
from tests.journeys.test_import_screen import said, until_over, upload

pytestmark = pytest.mark.xdist_group("browser")

SHARED = Path(os.environ.get("JISHI_SHARED") or Path(__file__).resolve().parents[3] / "shared")
OPERATOR, DISPATCHER, REVIEWER, CALLER, GRID = "huawu1", "paidan1", "shenhe1", "huifang1", "wangge1"
PHONE = (360, 760)
BODY = "市水务局"
ANSWER = "11月24日上午9点我们打电话联系了您，到现场看过，按规定办好了，11月25日前收尾。"
ELEMENTS = ("time_of_contact", "with_whom", "measures", "by_when")


class Row(dict[str, str]):
    """A message whose words a failing test does not print."""

    def __repr__(self) -> str:
        return "a message of a board"


@pytest.fixture(scope="module")
def rows() -> list[Row]:
    """Give three messages as they stand on a board, under numbers of this run alone."""
    from jishi.portal.demo import hotline_rows

    path = SHARED / "data/cases/hot_messages.csv"
    if path.exists():
        with path.open(encoding="utf-8-sig", newline="") as file:
            found = list(csv.DictReader(file))
    else:
        found = hotline_rows(600, seed=11)
    chosen = Random(11).sample([r for r in found if 40 <= len(r["留言详情"]) <= 300], 3)
    mark = uuid.uuid4().hex[:8]
    return [Row({**row, "留言编号": f"{mark}-{n}"}) for n, row in enumerate(chosen)]


def taken_in_by_the_operator(people: Any, row: Row) -> str:
    """Bring the row as a file through the import's screen; give the number of its case."""
    out = io.StringIO()
    writer = csv.DictWriter(out, list(row))
    writer.writeheader()
    writer.writerow(row)
    page = people.at(OPERATOR)
    upload(page, {"name": "board.csv", "mimeType": "text/csv", "buffer": out.getvalue().encode("gb18030")})
    follow(page, page.locator("form[action$='/apply'] button"))
    until_over(page)
    page.locator("nav.tabs a", has_text="新收").click()
    page.wait_for_url("**result=created*")
    found = re.search(r"R9\w{12,}", said(page))
    assert found is not None
    return people.case_of(found[0])


def written_down_by_the_grid_worker(people: Any, row: Row) -> str:
    """Report it from the own grid, as something heard there; give the number of its case."""
    page = people.at(GRID)
    page.goto("/grid/report")
    page.fill("textarea[name=text]", row["留言详情"])
    follow(page, page.locator("form[data-main] button[type=submit]"))
    ensure_done(page)
    found = re.search(r"R9\w{12,}", page.content())
    assert found is not None
    return people.case_of(found[0])


def say_the_matter(people: Any, case: str) -> None:
    """The dispatcher says what it is about, where the machine abstained: other cities stand in no list of this town."""
    page = people.on_the_desk(case)
    form = page.locator("form[action$='/do/matter']:has(input[name=matter])")
    if form.count() and form.first.is_visible():
        form = form.first
        form.locator("input[name=matter]").fill(page.locator("#matters option").first.get_attribute("value"))
        follow(page, form.locator("button[type=submit]"))
        ensure_done(page)


def to_an_approved_answer(people: Any, case: str) -> None:
    """Dispatcher, handler, reviewer."""
    say_the_matter(people, case)
    people.offer(case, to=BODY, why="清单里没有这个地方，请这家先认。")
    handler = people.of(BODY)
    page = people.inbox(handler, case)
    people.press(page, f"{case}/sign")
    people.press(page, f"{case}/contact", how="phone", reached="yes", gist="问清了地方和经过。")
    people.reply(handler, case, ANSWER)
    people.review(REVIEWER, case, holds=ELEMENTS, approve=True)


@pytest.mark.parametrize("begin", [taken_in_by_the_operator, written_down_by_the_grid_worker])
def test_real_words_go_from_their_first_page_to_an_approved_answer(people, rows, begin):
    case = begin(people, rows[0] if begin is taken_in_by_the_operator else rows[1])

    to_an_approved_answer(people, case)

    page = people.on_the_desk(case)
    page.goto(f"/cases/{case}")
    heads = page.locator("main .chip").all_inner_texts()
    assert any("办结" in one or "待回访" in one for one in heads), heads
    page.goto(f"/cases/{case}?tab=replies")
    assert ANSWER in said(page)


def test_real_words_of_a_resident_go_from_a_phone_to_three_answers_and_are_closed(people, rows):
    phone = people.at("", size=PHONE)
    number, word = people.speak(phone, rows[2]["留言详情"])
    case = people.case_of(number)

    to_an_approved_answer(people, case)

    people.open_by_word(phone, number, word)
    assert ANSWER in said(phone)
    people.judge(phone, number, contacted="yes", solved="yes", satisfied="satisfied")
    desk = people.at(CALLER)
    desk.goto(f"/desk/feedback?case={case}")
    if desk.locator(f"form[action$='{case}/conclude']").count():
        people.press(desk, f"{case}/conclude")
    phone.goto(f"/mine/{number}")
    assert "办结。" in phone.locator("main .card.on").first.inner_text()

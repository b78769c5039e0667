"""Letters in a browser: the code behind # reaches no server in an address, with script and without."""

from typing import Any

import pytest

from tests.browser.test_outside_party import asked_of
from tests.browser.test_pages import broken_rules
from tests.conftest import follow

pytestmark = pytest.mark.xdist_group("browser")

DISPATCHER, PHONE = "paidan1", (360, 720)
POLE, LID = "这根电杆是不是你们的？", "这个井盖是不是你们的？"


@pytest.fixture(scope="module")
def links(house: Any) -> tuple[str, str]:
    """Two questions to outside parties, each by its own link."""
    desk = house.page(DISPATCHER, size=(1280, 800))
    return asked_of(desk, POLE)[1], asked_of(desk, LID)[1]


def heard(context: Any) -> list[str]:
    """Listen to every address and every referrer that leaves the browser from now on."""
    said: list[str] = []
    context.on("request", lambda r: said.extend([r.url, r.headers.get("referer", "")]))
    return said


def question(page: Any) -> str:
    page.wait_for_selector("[name=answer]")
    return page.inner_text("h1")


def code_of(link: str) -> str:
    return link.partition("#")[2]


def test_two_letters_in_two_tabs_keep_apart_and_no_request_holds_a_code(house, links):
    context = house.context(size=PHONE)
    said = heard(context)
    first, second = context.new_page(), context.new_page()

    first.goto(links[0], wait_until="commit")
    second.goto(links[1], wait_until="commit")
    assert (question(first), question(second)) == (POLE, LID)
    first.reload()
    second.reload()
    assert (question(first), question(second)) == (POLE, LID)

    assert len(said) > 10
    assert not [one for one in said for link in links if code_of(link) in one or "#" in one]
    for page in (first, second):
        assert code_of(page.url) == "", "nor does the address line, and so no bookmark"
        kept = page.evaluate("() => [document.cookie, JSON.stringify({...localStorage, ...sessionStorage})].join()")
        assert not [link for link in links if code_of(link) in kept], "no script can read it again from its store"


def test_another_link_pasted_into_the_tab_of_the_first_opens_that_one(house, links):
    page = house.page(size=PHONE)
    page.goto(links[0])
    assert question(page) == POLE

    page.goto(links[1])
    page.wait_for_function("text => document.querySelector('h1').innerText === text", arg=LID)
    for _ in range(4):  # by way of the pages that took the code
        page.go_back()
        if "of=" in page.url:
            break
    assert question(page) == POLE


def test_without_script_the_message_is_pasted_and_the_answer_arrives(house, links, axe):
    page = house.page(size=PHONE, java_script_enabled=False)
    said = heard(page.context)

    page.goto(links[0])
    assert page.locator("[name=answer]").count() == 0
    page.fill("[name=letter]", f"【基石】请打开：{links[0]} 谢谢")
    follow(page, page.locator("[name=open]"))
    assert page.inner_text("h1") == POLE
    page.check("[name=ours][value=no]", force=True)
    page.fill("[name=answer]", "不是我们的。")
    page.click("form.card button[type=submit]")
    page.wait_for_url("**/link/done")
    page.go_back()
    assert page.locator("[name=answer]").count() == 0, "going back shows nothing of what was asked"
    assert page.locator("[name=letter]").count() == 1
    assert not [one for one in said if code_of(links[0]) in one]


def test_a_wrong_link_and_one_whose_half_hour_is_over_say_what_to_do(house, links, axe):
    page = house.page(size=PHONE)
    page.goto(links[1])
    assert question(page) == LID

    page.context.clear_cookies(name=f"jishi_letter_{page.url.rpartition('=')[2]}")
    page.context.clear_cookies(name=f"__Host-jishi_letter_{page.url.rpartition('=')[2]}")
    page.reload()
    assert "请再点一次收到的链接" in page.inner_text("main")
    assert not broken_rules(page, axe)
    assert page.evaluate("() => document.documentElement.scrollWidth") <= PHONE[0]

    page.goto(f"{links[1].partition('#')[0]}#{'x' * 24}")
    page.wait_for_selector("text=这个链接不能再用了")
    assert not broken_rules(page, axe)


def test_the_language_changes_on_the_page_of_a_letter(house, links):
    page = house.page(size=(1280, 800))
    page.goto(links[1])
    question(page)

    follow(page, page.locator('form[action="/display"] button[value="en"]').first)

    assert question(page) == LID
    assert page.evaluate("() => document.documentElement.lang") == "en"

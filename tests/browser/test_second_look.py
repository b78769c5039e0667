"""A resident says on a telephone that it is not solved; a reviewer judges it by keyboard, and the timeline tells it."""

from typing import Any

import pytest

from tests.browser.test_pages import broken_rules
from tests.browser.test_reply_files import BODY, CALLER, PHONE, REVIEWER, WIDE, WORDS, _asked, _handled, _narrow
from tests.conftest import follow

pytestmark = pytest.mark.xdist_group("browser")

STILL, TOLD = "北门口还积水，请把整段管道疏通，再看一次。", "今天上午到现场看过，井是通的，雨后没有积水。"
FOUR = {"time_of_contact": True, "with_whom": True, "measures": True, "by_when": True}


@pytest.fixture(scope="module")
def caller(house: Any) -> Any:
    page = house.page(CALLER, size=PHONE)
    page.goto("/mine")
    return page


def _not_solved(house: Any, caller: Any, axe: Any) -> tuple[dict[str, Any], Any]:
    """Bring a matter so far that its caller, on the telephone, says that it is not solved."""
    receipt, body = _handled(house, caller)
    reply = "form[action$='/reply']"
    body.check(f"{reply} [name=outcome][value=solved]", force=True)
    body.fill(f"{reply} [name=what_was_done]", "清掏")
    body.fill(f"{reply} [name=text_for_caller]", WORDS)
    body.click(f"{reply} button[type=submit]")
    body.wait_for_url("**/desk/inbox")
    reviewer = house.page(REVIEWER, size=WIDE)
    reviewer.goto(f"/desk/review?case={receipt['case']}")
    version = int(reviewer.input_value("form[data-main] [name=version]"))
    _asked(reviewer, f"/cases/{receipt['case']}/review", {"verdict": "approved", **FOUR}, version)

    caller.goto(f"/mine/{receipt['number']}/feedback")
    caller.check("[name=solved][value=no]", force=True)
    caller.fill("[name=text]", "下雨还是积水")
    assert _narrow(caller) and not broken_rules(caller, axe)
    follow(caller, caller.locator("main form button[type=submit]").first)
    assert "审核人会看" in caller.locator("main").inner_text()
    assert _narrow(caller) and not broken_rules(caller, axe)
    reviewer.goto("/desk/review")
    follow(reviewer, reviewer.locator("nav.tabs a[href='/desk/again']"))
    reviewer.goto(f"/desk/again?case={receipt['case']}")
    assert "下雨还是积水" in reviewer.locator("main").inner_text()
    assert not broken_rules(reviewer, axe)
    return receipt, reviewer


def _press(page: Any, keys: str) -> None:
    with page.expect_navigation():
        page.keyboard.press(keys)


def test_a_reviewer_sends_it_back_by_keyboard_and_the_body_reads_what_is_still_to_be_done(house, caller, axe):
    receipt, reviewer = _not_solved(house, caller, axe)

    reviewer.keyboard.press("Alt+1")
    reviewer.wait_for_selector("[name=todo]:focus")
    reviewer.keyboard.insert_text(STILL)
    _press(reviewer, "Control+Enter")

    assert "退回重办了" in reviewer.locator("body").inner_text()
    caller.goto(f"/mine/{receipt['number']}")
    assert "没有解决，退回重办" in caller.locator("main").inner_text()
    assert _narrow(caller) and not broken_rules(caller, axe)
    body = house.page(BODY, size=WIDE)
    body.goto(f"/cases/{receipt['case']}")
    seen = body.locator("main").inner_text()
    assert STILL in seen
    assert "下雨还是积水" not in seen


def test_a_reviewer_who_does_not_agree_tells_the_caller_why_and_what_he_can_do(house, caller, axe):
    receipt, reviewer = _not_solved(house, caller, axe)

    reviewer.keyboard.press("Alt+2")
    reviewer.wait_for_selector("[name=ground]:focus, fieldset:focus")
    reviewer.check("[name=ground][value=done_as_said]", force=True)
    reviewer.keyboard.press("Alt+3")
    reviewer.wait_for_selector("[name=told]:focus")
    reviewer.keyboard.insert_text(TOLD)
    _press(reviewer, "Control+Shift+Enter")

    assert "写下了为什么不退" in reviewer.locator("body").inner_text()
    caller.goto(f"/mine/{receipt['number']}")
    told = caller.locator("main").inner_text()
    assert TOLD in told and "核对过现场" in told and "可以再答一次" in told
    assert _narrow(caller) and not broken_rules(caller, axe)

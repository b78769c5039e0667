"""The spine: one message from report to feedback, through real pages, with everybody who has a part in it."""

import re
from typing import Any

import pytest

pytestmark = pytest.mark.xdist_group("browser")

DISPATCHER, REVIEWER, CALLER, RULER = "paidan1", "shenhe1", "huifang1", "lingdao1"
WATER = "shuiwu1"
PHONE = (360, 760)
ANSWER = "11月里我们打电话联系了您，清掏了雨水井，冲洗了管道，放水试过不再积水，当天就好了。"


@pytest.fixture(scope="module")
def message() -> str:
    """Give one message as it stands on a public board: generated, in the shape of the real ones."""
    from jishi.portal.demo import hotline_rows

    return next(r["留言详情"] for r in hotline_rows(600, seed=11) if "雨水井" in r["留言详情"])


def said(page: Any) -> str:
    return page.inner_text("main")


def test_one_message_goes_from_a_phone_to_the_three_answers_of_the_one_who_sent_it(people, message):
    phone = people.at("", size=PHONE)
    number, word = people.speak(phone, message)
    case = people.case_of(number)

    told, named = people.offer(case)
    assert "清单怎么判的" in told
    assert re.search(r"(基本|配合|收回)-\d+", told)

    body = people.of(named)
    page = people.inbox(body, case)
    people.press(page, f"{case}/sign")
    people.press(page, f"{case}/contact", how="phone", reached="yes", gist="问清了是哪一口井。")
    people.reply(body, case, "清掏了雨水井，冲洗了管道，放水试过不再积水，特此答复。")

    people.review(REVIEWER, case, holds=("measures",), approve=False, why="没有写什么时候、和谁联系的。")
    page = people.inbox(body, case)
    assert "没有写什么时候、和谁联系的。" in said(page)
    people.reply(body, case, ANSWER)
    people.review(REVIEWER, case, holds=("time_of_contact", "with_whom", "measures", "by_when"), approve=True)

    people.open_by_word(phone, number, word)
    story = said(phone)
    for fact in (named, "签收", ANSWER, "退回", "联系"):
        assert fact in story
    assert re.search(r"\d+月\d+日（周.）\d\d:\d\d", story)
    for worker in ("管朝阳", "何清源", "沈望舒"):
        assert worker not in story

    people.judge(phone, number, contacted="yes", solved="yes", satisfied="satisfied")
    desk = people.at(CALLER)
    desk.goto(f"/desk/feedback?case={case}")
    if desk.locator(f"form[action$='{case}/conclude']").count():
        people.press(desk, f"{case}/conclude")
    phone.goto(f"/mine/{number}")
    assert "办结。" in phone.locator("main .card.on").first.inner_text()
    assert phone.context.seen.foreign + phone.context.seen.broken == []


def test_a_matter_returned_twice_is_ruled_and_its_timeline_names_both_bodies_and_their_grounds(people, message):
    phone = people.at("", size=PHONE)
    number, word = people.speak(phone, f"{message}另外井盖也松了。")
    case = people.case_of(number)
    named = people.offer(case)[1]
    other = "市水务局" if named != "市水务局" else "市排水养护中心"

    first = "这口雨水井在小区红线以外，不是我们管的管网。"
    people.return_(people.of(named), case, words=first, item="配合-005", to=other)
    people.press(people.on_the_desk(case, "returns"), "/do/accept-return", words="同意，改派。")
    people.offer(case, to=other, why="原单位退回，称不归它管，请这家先认。")

    second = "市政雨水井的日常疏通不在我们这里，三定方案写得清楚。"
    people.return_(people.of(other), case, words=second, item="配合-005", to=named)
    desk = people.at(RULER)
    desk.goto(f"/desk/dispatch?queue=consulting&case={case}")
    assert "会商" in said(desk)

    reasons = "清单配合-005写明小区外市政雨水井由谁疏通，这口井在小区外的路边，照清单归它办。"
    people.press(desk, "/do/rule", named=named, cited="配合-005", text=reasons)

    people.open_by_word(phone, number, word)
    story = said(phone)
    for fact in (named, other, first, second, reasons):
        assert fact in story
    page = people.inbox(people.of(named), case)
    assert page.locator(f"form[action$='{case}/return']").count() == 0
    assert "裁定" in said(page)
    people.press(page, f"{case}/sign")


def test_a_confidential_report_about_a_body_is_not_found_by_that_body(people, house):
    phone = people.at("", size=PHONE)
    number, word = people.speak(
        phone, "市水务局的车长期停在消防通道上，说了也不挪。", voice="confidential", accused="市水务局"
    )
    case = people.case_of(number)

    accused = people.at(WATER)
    for path in ("/cases", "/cases?q=消防通道"):
        accused.goto(path)
        assert case not in accused.content()
        assert "长期停在消防通道" not in said(accused)
    for path in (f"/cases?q={number}", f"/cases/{case}", f"/desk/inbox/{case}"):
        assert accused.goto(path).status == 404
        assert "长期停在消防通道" not in accused.content()
    people.open_by_word(phone, number, word)
    assert "消防通道" in said(phone)


def test_an_anonymous_report_keeps_nobody_and_is_followed_by_number_and_word_alone(people):
    phone = people.at("", size=PHONE)
    phone.goto("/speak")
    phone.fill("textarea[name=text]", "书香里后门的棋牌室通宵打麻将，吵得睡不着。")
    phone.check("input[name=voice][value=anonymous]")
    assert not phone.locator("input[name=tel]").is_visible()
    people.send_speech(phone)
    number, word = people.receipt(phone)

    stranger = people.at("", size=PHONE)
    stranger.goto(f"/mine/{number}")
    assert "棋牌室" not in said(stranger)
    people.open_by_word(stranger, number, word)
    assert "棋牌室" in said(stranger)
    desk = people.at(DISPATCHER)
    desk.goto(f"/cases/{people.case_of(number)}")
    assert desk.locator("form[action$='/contact']").count() == 0


def test_speaking_up_and_judging_work_without_script(people, message):
    phone = people.at("", size=PHONE, java_script_enabled=False)
    number, word = people.speak(phone, f"{message}路灯杆也歪了。")
    case = people.case_of(number)
    body = people.of(people.offer(case)[1])
    page = people.inbox(body, case)
    people.press(page, f"{case}/sign")
    people.press(page, f"{case}/contact", how="phone", reached="yes", gist="在现场说的。")
    people.reply(body, case, ANSWER)
    people.review(REVIEWER, case, holds=("time_of_contact", "with_whom", "measures", "by_when"), approve=True)

    people.open_by_word(phone, number, word)
    assert ANSWER in said(phone)
    people.judge(phone, number, solved="no")

    phone.goto(f"/mine/{number}")
    assert phone.locator("main").count() == 1
    desk = people.at(CALLER)
    desk.goto(f"/desk/feedback?case={case}")
    assert "没解决" in said(desk)

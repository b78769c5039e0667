"""The honest timeline: who has it, who returned it and why, until when; never who works there or who else called."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from conftest import TOWN
from jishi.accounts.actions import reading
from jishi.cases.actions import dispatch, handling, handover, intake, reopening, ruling, sending
from jishi.cases.queries import resident
from jishi.cases.states import ReturnGround, Status
from jishi.cases.tests import factories as f
from jishi.cases.web.resident import codes
from jishi.foundation import scope
from jishi.foundation.actor import Actor, messenger
from jishi.foundation.refusals import NotFound

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("in_the_town")]
MOST_STATEMENTS = 15


@pytest.fixture
def client() -> Client:
    return Client(headers={"host": "town.example", "accept-language": "zh"})


def hours_ago(n: float) -> datetime:
    return datetime.now(UTC) - timedelta(hours=n)


def came_in(town: int, client: Client, **facts) -> intake.Received:
    done = f.receive(town, now=hours_ago(30), channel="web", wants_word=True, **facts)
    client.post("/mine", {"number": done.number, "word": done.word})
    return done


def page_of(client: Client, done: intake.Received) -> str:
    response = client.get(f"/mine/{done.number}")
    assert response.status_code == 200
    return response.content.decode()


def returned_twice(town: int, client: Client) -> intake.Received:
    """A case that two bodies gave back, settled by a ruling."""
    done = came_in(town, client)
    f._offer(f.again(town, done.case_id), hours_ago(29))
    f._sign(f.again(town, done.case_id), hours_ago(28))
    item, water = f.some_item(town), f.body_id(town, "swj")
    first = handover.Return("not_our_duty", "井盖没有损坏，是井内堵塞，联系人张伟 13900000018。", item, water)
    f.do(f.handler_of(f.again(town, done.case_id)), handover.return_, done.case_id, why=first, now=hours_ago(27))
    f.do(f.dispatcher(town), handover.accept_return, done.case_id, words="核对过，同意。", now=hours_ago(26))
    again = dispatch.Offer(water, None, why="疏通按水务局的清单")
    f.do(f.dispatcher(town), dispatch.offer, done.case_id, to=again, now=hours_ago(25))
    f._sign(f.again(town, done.case_id), hours_ago(24))
    second = handover.Return("wrong_place", "这一段在小区红线内，归物业。", item, None)
    f.do(f.handler_of(f.again(town, done.case_id)), handover.return_, done.case_id, why=second, now=hours_ago(23))
    return done


class TestReturnedTwice:
    def test_names_both_bodies_and_both_grounds_in_their_own_words(self, client, town):
        done = returned_twice(town, client)

        page = page_of(client, done)

        assert "市排水养护中心要退回" in page
        assert "不是本单位职责" in page
        assert "是井内堵塞" in page
        assert "市水务局要退回" in page
        assert "不在本单位辖区" in page
        assert "这一段在小区红线内" in page

    def test_says_that_it_went_to_consultation_and_what_was_asked(self, client, town):
        page = page_of(client, returned_twice(town, client))

        assert "归谁办说法不一，转去会商" in page
        assert "几个单位在会商归谁办" in page

    def test_shows_the_ruling_with_its_reasons(self, client, town):
        done = returned_twice(town, client)
        named = f.body_id(town, "swj")
        f.do(
            f.ruler(town),
            ruling.rule,
            done.case_id,
            named_body_id=named,
            why=f.reasons(town),
            tenant_code=TOWN,
            now=hours_ago(20),
        )

        page = page_of(client, done)

        assert "裁定由市水务局办，不能再退" in page
        assert "由被点名的单位办理" in page

    def test_the_later_of_two_things_at_one_moment_stands_above(self, client, town):
        page = page_of(client, returned_twice(town, client))

        assert page.index("转去会商") < page.index("市水务局要退回")

    def test_names_nobody_whom_a_body_named(self, client, town):
        page = page_of(client, returned_twice(town, client))

        assert "13900000018" not in page
        assert "张伟" not in page


class TestWhoHasItNow:
    @pytest.mark.parametrize(
        ("status", "sentence"),
        [
            (Status.RECEIVED, "在定归哪个单位办"),
            (Status.OFFERED, "在等它签收"),
            (Status.HANDLING, "它要在"),
            (Status.CONSULTING, "几个单位在会商归谁办"),
            (Status.REPLIED, "在等另一位审核"),
            (Status.FEEDBACK, "在等您说解决了没有"),
            (Status.CLOSED, "前可以要求重办"),
            (Status.DECLINED, "没有受理。"),
        ],
    )
    def test_is_said_in_a_sentence_at_every_moment(self, client, town, status, sentence):
        done = came_in(town, client)
        now = hours_ago(29)
        for _, live in f._ROAD[status]:
            live(f.again(town, done.case_id), now)
            now += timedelta(hours=1)

        assert sentence in page_of(client, done)

    def test_and_by_which_item_of_which_list(self, client, town):
        done = came_in(town, client)
        f._offer(f.again(town, done.case_id), hours_ago(29))
        f._sign(f.again(town, done.case_id), hours_ago(28))

        page = page_of(client, done)

        assert "依据哪一条" in page
        assert "履职事项清单" in page

    def test_and_what_is_being_waited_for(self, client, town):
        done = came_in(town, client)
        f._offer(f.again(town, done.case_id), hours_ago(29))
        f._sign(f.again(town, done.case_id), hours_ago(28))
        case = f.again(town, done.case_id)
        f.do(
            f.handler_of(case),
            handling.note_progress,
            case.id,
            text="疏通过一次，退得慢。",
            waiting_for="管道检测报告",
            now=hours_ago(20),
        )

        assert "<strong>在等：管道检测报告</strong>" in page_of(client, done)


    def test_and_that_a_named_moment_has_passed(self, client, town):
        done = came_in(town, client)

        assert "这个时间已经过了" in page_of(client, done)


class TestTheAnswer:
    def test_is_not_shown_before_it_is_approved(self, client, town):
        done = came_in(town, client)
        now = hours_ago(29)
        for _, live in f._ROAD[Status.REPLIED]:
            live(f.again(town, done.case_id), now)
            now += timedelta(hours=1)

        assert f.ANSWER not in page_of(client, done)

    def test_is_shown_when_it_is(self, client, town):
        done = came_in(town, client)
        now = hours_ago(29)
        for _, live in f._ROAD[Status.FEEDBACK]:
            live(f.again(town, done.case_id), now)
            now += timedelta(hours=1)

        page = page_of(client, done)

        assert f.ANSWER in page
        assert f"/mine/{done.number}/feedback" in page


class TestThePromise:
    def test_says_how_the_day_was_counted(self, client, town):
        done = came_in(town, client)

        page = page_of(client, done)

        assert "这个日子怎么算的" in page
        assert "当天不算" in page
        assert "没有改过" in page

    def test_shows_the_old_day_struck_out_when_it_moved(self, client, town):
        done = f.receive(town, now=hours_ago(24 * 9), channel="web", wants_word=True)
        case = f.again(town, done.case_id)
        f._decline(case, hours_ago(24 * 8))
        reporter = Actor(tenant_id=town, kind="reporter", report_id=done.report_id)
        f.do(reporter, intake.object_to_decline, case.id, text="法院没有收过。", now=hours_ago(24 * 5))
        f.do(
            f.dispatcher(town, account=77),
            intake.accept_after_objection,
            case.id,
            why="核对过，属实。",
            now=hours_ago(2),
        )
        client.post("/mine", {"number": done.number, "word": done.word})

        page = page_of(client, done)

        assert "原定 <s>" in page
        assert "另一位看过，重新受理" in page
        assert "答复日接着原来剩下的时间算" in page


class TestWhatIsNeverShown:
    def test_posts_and_accounts_of_workers(self, client, town):
        done = returned_twice(town, client)

        page = page_of(client, done)

        assert "staff:" not in page
        assert "post:" not in page

    def test_what_another_caller_said(self, client, town):
        done = came_in(town, client)
        other = f.receive(
            town, now=hours_ago(29), join_case_id=done.case_id, text="我家在5号楼，也淹了。", wants_word=True
        )
        by = Actor(tenant_id=town, kind="reporter", report_id=other.report_id)
        f.do(by, intake.add_addendum, other.report_id, text="昨晚又淹了一次。", now=hours_ago(28))
        now = hours_ago(27)
        for _, live in f._ROAD[Status.CLOSED]:
            live(f.again(town, done.case_id), now)
            now += timedelta(hours=1)
        f.do(by, reopening.reopen, done.case_id, why="我家楼道里还是湿的。", now=hours_ago(1))

        page = page_of(client, done)

        assert "另有 1 位居民说了同一件事" in page
        assert "同一件事的另一位居民说没有解决，重新办" in page
        assert not [words for words in ("5号楼", "昨晚又淹了", "楼道里还是湿的") if words in page]


def test_who_looked_at_my_data_is_shown_with_body_and_reason(client, town):
    done = came_in(town, client)
    by = f.handler(town, "swj")
    with scope.work(by):
        reading.read(
            [("cases_report", done.report_id)],
            ["caller_contact"],
            purpose="contact.caller",
            reason="上门前联系",
            by=by,
            now=hours_ago(3),
        )

    page = page_of(client, done)

    assert "市水务局 看了联系方式" in page
    assert "上门前联系" in page


def test_the_page_needs_no_more_statements_the_longer_the_story(client, town):
    done = returned_twice(town, client)

    with CaptureQueriesContext(connection) as counted:
        page_of(client, done)

    asked = [q["sql"] for q in counted if "SAVEPOINT" not in q["sql"]]  # the test's own transaction
    assert len(asked) <= MOST_STATEMENTS, "\n".join(sql[:160] for sql in asked)


def test_the_query_refuses_a_report_that_is_not_ones_own(town):
    done = f.receive(town)
    stranger = Actor(tenant_id=town, kind="reporter", report_id=done.report_id + 1)

    with scope.work(stranger), pytest.raises(NotFound):
        resident.own_report(stranger, done.number)


def test_every_ground_of_a_return_has_a_sentence():
    assert set(codes.GROUNDS) == set(ReturnGround.values)


@pytest.mark.parametrize(("lang", "told"), [("zh", "平台 看了联系方式"), ("en", "to send you a notice")])
def test_what_the_platform_opened_to_send_a_notice_is_said_in_the_readers_language(client, town, lang, told):
    done = came_in(town, client)
    by = messenger(town)
    with scope.work(by):
        reading.read(
            [("cases_report", done.report_id)], ["caller_contact"], purpose="contact.caller", reason=sending.REASON,
            by=by, now=hours_ago(3),
        )  # fmt: skip

    page = client.get(f"/mine/{done.number}", headers={"accept-language": lang}).content.decode()

    assert told in page and (lang == "zh" or sending.REASON not in page)

"""News that hang on no case, and news that betray nothing on a screen (spec 10 §§11–14)."""

from collections.abc import Iterator

import pytest

from jishi.accounts import queries as accounts
from jishi.accounts.actions import reaching
from jishi.cases.actions import sending, topic
from jishi.cases.models import Case, Message, Topic
from jishi.cases.queries import told
from jishi.cases.tests import factories as f
from jishi.cases.tests import mediation_steps as m
from jishi.cases.tests import topic_steps as t
from jishi.cases.tests.news_steps import in_the_house, send_out
from jishi.foundation import carriers, scope
from jishi.foundation.actor import Actor, system
from jishi.foundation.carriers import MAIL, SMS, Recorder
from jishi.foundation.models import Entry

PHONE = "13800000042"
TEXT = "举报城管局收了摊贩的礼金，在翠竹苑南门菜市场。"


@pytest.fixture
def twin() -> Iterator[Recorder]:
    recorder = Recorder()
    with carriers.using({SMS: recorder, MAIL: recorder}):
        yield recorder


def turn(town: int) -> None:
    in_the_house(town, t.AT)
    sending.pack(by=system(town), now=t.AT)
    send_out(town, t.AT)


def holder(town: int, role: str, body: str = "") -> Actor:
    """Somebody who really holds the role; of this body, if one is named."""
    with scope.work(system(town)):
        found = accounts.people_of(role, now=t.AT)
        one = next(h for h in found if not body or h.body_id == f.body_id(town, body))
    return Actor(tenant_id=town, kind="staff", account_id=one.account_id, roles=frozenset({role}))


def told_to(actor: Actor) -> list[str]:
    with scope.work(actor):
        return [one.text for one in told.mine(by=actor, lang="zh") if one.topic is not None]


class TestATopic:
    def test_is_told_to_the_office_its_bodies_and_whoever_nominated_it_on_their_pages(self, town: int) -> None:
        office, helper = holder(town, "office"), holder(town, "handler", t.ASSIST)
        row = t.a_topic(town)
        turn(town)
        asked = told_to(office)

        f.do(f.office(town), topic.choose, row.id, plan=t.plan(town), now=t.AT)
        turn(town)
        f.do(t.helper(town), topic.finish_measure, row.id, measure_id=t.measure_of(row, t.ASSIST),
             words="摊位已经清走", now=t.AT)  # fmt: skip
        turn(town)

        assert len(asked) == 1
        assert "提名了一题“下雨就积水的井”" in asked[0]
        assert any("选定了这个月的题“下雨就积水的井”" in line for line in told_to(helper))
        assert any("做完了“下雨就积水的井”的一条措施：摊位已经清走" in line for line in told_to(office))

    def test_that_is_passed_over_is_told_to_its_body_alone_with_the_reason(self, town: int) -> None:
        row = t.a_topic(town, "PASSED_OVER")
        turn(town)

        with scope.work(system(town)):
            rows = Message.objects.filter(topic=row, code="topic_passed_over_body")
            reached = set(rows.values_list("account_id", flat=True))
            of_body = accounts.accounts_of_bodies([f.body_id(town, t.LEAD)], now=t.AT)[f.body_id(town, t.LEAD)]
        assert reached
        assert reached <= set(of_body)
        assert any("没有选：已经列入年度改造" in line for line in told_to(holder(town, "handler", t.LEAD)))

    def test_comes_by_mail_in_the_digest_of_the_half_day_to_who_chose_it(self, town: int, twin: Recorder) -> None:
        office = holder(town, "office")
        with scope.work(office):
            reaching.choose(MAIL, "office@town.example", version=0, by=office, now=t.AT)
        t.a_topic(town)
        t.a_topic(town)

        turn(town)

        (letter,) = [one for one in twin.carried if one.to == "office@town.example"]
        assert letter.text.count("提名了一题") == 2

    def test_is_seen_before_it_is_sent(self, town: int) -> None:
        t.a_topic(town)
        by = f.office(town)

        with scope.work(by):
            for code in ("topic_nominated_office", "topic_chosen_bodies", "topic_passed_over_body"):
                seen = told.preview(code, "", "sms", "zh", by=by, now=t.AT)
                assert "下雨就积水的井" in seen.text

    def test_owes_the_same_once_though_the_worker_tells_it_twice(self, town: int) -> None:
        row: Topic = t.a_topic(town)
        turn(town)
        with scope.work(system(town)):
            before = Message.objects.filter(topic=row).count()
        turn(town)

        with scope.work(system(town)):
            assert Message.objects.filter(topic=row).count() == before > 0


class TestAConfidentialReporter:
    def test_is_told_on_the_given_number_that_there_is_news_and_not_a_word_more(
        self, town: int, twin: Recorder
    ) -> None:
        case = f.a_case(town, now=t.AT, voice="confidential", kind="tip_off", text=TEXT, caller_contact=PHONE)
        turn(town)

        letters = [one for one in twin.carried if one.to == PHONE]
        assert [one.text for one in letters] == ["【基石】您有新消息。请用当时收到的编号和查询码，或者收到的链接查看。"]
        assert _betrays(town, case, letters[0].text) == []

    def test_has_the_opening_of_the_number_written_down_for_that_sentence_alone(
        self, town: int, twin: Recorder
    ) -> None:
        f.a_case(town, now=t.AT, voice="confidential", text=TEXT, caller_contact=PHONE, caller_name="赵明")
        turn(town)

        with scope.work(system(town)):
            opened = Entry.objects.filter(tenant_id=town, verb="reading.made").count()
            assert not Entry.objects.filter(tenant_id=town, codes__purpose="identity.reporter").exists()
        assert opened <= 1


class TestAPartyByALink:
    def test_is_told_on_the_number_that_was_given_that_there_is_news(self, town: int, twin: Recorder) -> None:
        case = m.a_dispute(town)
        m.propose(case)
        turn(town)

        (letter,) = [one.text for one in twin.carried if one.to == m.OTHER.contact]
        quiet, _, link = letter.partition(" 请打开：")
        assert quiet == "【基石】您有新消息。请用当时收到的编号和查询码，或者收到的链接查看。"
        assert link.startswith("https://town.example/mediate#")

    def test_gets_one_a_half_day_whatever_happens(self, town: int, twin: Recorder) -> None:
        row = m.propose(m.a_dispute(town)).mediation
        turn(town)
        m.each(row, m.mediation.consent, t.AT)
        turn(town)

        assert len([one for one in twin.carried if one.to == m.OTHER.contact]) == 1


def _betrays(town: int, case: Case, text: str) -> list[str]:
    with scope.work(system(town)):
        words = [case.number, case.title[:4], *case.memberships.values_list("report__number", flat=True)]
    return [word for word in words if word in text]

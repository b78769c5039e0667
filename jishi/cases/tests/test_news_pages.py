"""Pages of news: one's own notices, the office's look before anything is sent, dead letters with send again."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from conftest import MONDAY_TEN
from jishi.accounts.web import tenants
from jishi.cases.actions import redelivery
from jishi.cases.models import Message
from jishi.cases.states import Status
from jishi.cases.tests import factories as f
from jishi.cases.tests.desk_steps import colleague, version_on
from jishi.cases.tests.news_steps import in_the_house
from jishi.cases.tests.test_notices import PHONE, turn
from jishi.foundation import carriers, outbox, scope, trail
from jishi.foundation.actor import system
from jishi.foundation.carriers import MAIL, SMS, Recorder
from jishi.foundation.models import Delivery
from jishi.foundation.refusals import NotAllowed, NotFound


@pytest.fixture(autouse=True)
def _towns_afresh(town: int) -> Iterator[None]:
    tenants.forget()
    yield
    tenants.forget()


@pytest.fixture
def twin() -> Iterator[Recorder]:
    recorder = Recorder()
    with carriers.using({SMS: recorder, MAIL: recorder}):
        yield recorder


def dead(town: int, twin: Recorder) -> int:
    """A notice that nobody took: tried seven times and held back for a night, now a dead letter. Gives its number."""
    twin.broken = True
    f.a_case(town)
    now = MONDAY_TEN
    for _ in range(7 + 1):
        turn(town, now)
        with scope.work(system(town)):
            row = Delivery.objects.get(receiver=1)
            now = row.next_at
    assert row.dead_at is not None
    return row.id


class TestDeadLetters:
    def test_are_listed_by_number_and_reason_without_any_person(self, town: int, twin: Recorder) -> None:
        dead(town, twin)

        page = colleague(town, "office").get("/desk/dead-letters").content.decode()

        assert "通道停用" in page
        assert "试了 7 次" in page
        assert PHONE not in page

    def test_are_sent_again_by_a_press_and_that_is_on_record(self, town: int, twin: Recorder) -> None:
        number = dead(town, twin)
        twin.broken = False

        said = colleague(town, "system_admin").post(f"/desk/dead-letters/{number}/again")
        ten = timezone.localtime().replace(hour=10, minute=0)
        for day in range(1, 12):  # whatever rest days come now
            turn(town, ten + timedelta(days=day))

        assert said.status_code == 302
        assert [letter.to for letter in twin.carried] == [PHONE]
        with scope.work(system(town)):
            assert [e.verb for e in trail.of("delivery", number)] == ["delivery.sent_again"]
            assert outbox.dead_letters() == []

    def test_are_not_for_anybody_else(self, town: int, twin: Recorder) -> None:
        number = dead(town, twin)
        other = colleague(town, "handler", body="cgj")

        assert other.get("/desk/dead-letters").status_code == 403
        assert other.post(f"/desk/dead-letters/{number}/again").status_code == 403
        by = f.handler(town, "cgj")
        with pytest.raises(NotAllowed), scope.work(by):
            redelivery.send_again(number, by=by, now=MONDAY_TEN)
        with scope.work(system(town)):
            assert len(outbox.dead_letters()) == 1

    def test_that_are_none_are_refused_and_leave_no_entry(self, town: int) -> None:
        by = f.office(town)

        with pytest.raises(NotFound), scope.work(by):
            redelivery.send_again(99, by=by, now=MONDAY_TEN)

        with scope.work(system(town)):
            assert trail.of("delivery", 99) == []


class TestThePreviewPage:
    def test_shows_the_words_before_anything_is_sent(self, town: int, twin: Recorder) -> None:
        case = f.a_case(town)
        desk = colleague(town, "office", body="ldxz")

        page = desk.get(f"/desk/notices?code=received_caller&case={case.number}&channel=sms&lang=zh").content.decode()

        assert "您反映的事项已收到" in page
        assert "一条也不出去" in page
        assert twin.carried == []
        with scope.work(system(town)):
            assert not Message.objects.exists()

    def test_lists_what_left_in_the_words_that_left(self, town: int, twin: Recorder) -> None:
        f.a_case(town)
        turn(town)

        page = colleague(town, "office", body="ldxz").get("/desk/notices").content.decode()

        assert twin.carried[0].text.removeprefix("【基石】") in page
        assert PHONE not in page

    def test_of_a_case_that_is_not_there_says_so(self, town: int) -> None:
        desk = colleague(town, "office", body="ldxz")

        said = desk.get("/desk/notices?code=received_caller&case=C0&channel=sms&lang=zh")

        assert said.status_code == 404
        assert "没有这件事" in said.content.decode()

    def test_is_for_the_office(self, town: int) -> None:
        assert colleague(town, "handler", body="cgj").get("/desk/notices").status_code == 403


class TestMyNotices:
    def test_stand_there_in_both_languages(self, town: int, twin: Recorder) -> None:
        case = f.a_case_at(town, Status.OFFERED)
        assert case.lead_id is not None
        in_the_house(town, MONDAY_TEN + timedelta(hours=2))
        me = colleague(town, "handler", body="cgj")
        _give_to(town, me)

        chinese = me.get("/me/notices").content.decode()
        me.cookies["__Host-jishi_language"] = "en"
        english = me.get("/me/notices").content.decode()

        assert f"新派单 {case.number}" in chinese
        assert f"{case.number} is offered to you" in english

    def test_are_told_as_the_person_wishes_from_then_on(self, town: int, twin: Recorder) -> None:
        me = colleague(town, "handler", body="cgj")
        version = version_on(me.get("/me/notices").content.decode())

        kept = me.post("/me/notices", {"channel": "mail", "address": "li@example.cn", "version": version})
        stale = me.post("/me/notices", {"channel": "sms", "address": "13800000000", "version": version})
        wrong = me.post("/me/notices", {"channel": "mail", "address": "nobody", "version": "1"})
        page = me.get("/me/notices").content.decode()

        assert (kept.status_code, stale.status_code, wrong.status_code) == (302, 412, 422)
        assert "li@example.cn" not in page

    def test_are_nobodys_without_signing_in(self, town: int) -> None:
        assert Client(SERVER_NAME="town.example").get("/me/notices").status_code == 302


def _give_to(town: int, client: Client) -> None:
    """Let the notices of the body be this colleague's: the rows are the verbs' own, the person is the test's."""
    account: Any = int(client.session["_auth_user_id"])
    with scope.work(system(town)):
        one = Message.objects.filter(code="offered_body").order_by("id").first()
        assert one is not None
        Message.objects.filter(id=one.id).update(account_id=account)

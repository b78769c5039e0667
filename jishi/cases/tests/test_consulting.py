"""会商, as an invited body meets it: it finds the question, says what it holds, and is done (spec 10 §§5, 17)."""

import re
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from jishi.cases.actions import consultation
from jishi.cases.models import Case, Position
from jishi.cases.tests import factories as f
from jishi.cases.tests.desk_steps import colleague
from jishi.foundation import scope
from jishi.foundation.actor import system

QUESTION, HELD = "楼上漏水的纠纷，由谁先上门？", "邻里漏水先由社区调解，我们只管房屋结构。"
LIST = "/desk/together?show=talks"


@pytest.fixture
def talked(town: int) -> Case:
    case, now = f.a_case(town, now=timezone.now() - timedelta(hours=1)), timezone.now()
    invited = [f.body_id(town, code) for code in ("swj", "cgj")]
    f.do(f.dispatcher(town), consultation.open_, case.id, question=QUESTION, invited=invited, now=now)
    return f.again(town, case.id)


def _waits(reader: Client) -> int:
    tab = re.search(r"协办、会商与吹哨 <b>(\d+)</b>", reader.get("/desk/inbox").content.decode())
    assert tab is not None
    return int(tab[1])


class TestAnInvitedBody:
    def test_finds_the_question_in_its_inbox_and_says_what_it_holds(self, town: int, talked: Case) -> None:
        reader = colleague(town, "handler", body="swj")
        found, page = reader.get(LIST).content.decode(), f"/cases/{talked.number}"
        asked = reader.get(page).content.decode()

        told = reader.post(f"/cases/{talked.number}/do/position", {"version": talked.version, "text": HELD})

        with scope.work(system(town)):
            stated = Position.objects.get(consultation__case=talked)
        assert QUESTION in found and "等我们说意见" in found and f"/cases/{talked.number}#act-position" in found
        assert QUESTION in asked and 'id="act-position"' in asked, "what is asked stands beside the form"
        assert (told.status_code, stated.text, stated.cited_item_id) == (302, HELD, None)
        assert HELD in reader.get(page).content.decode()

    def test_is_counted_until_it_has_spoken_and_finds_it_until_the_talk_is_over(self, town: int, talked: Case) -> None:
        reader = colleague(town, "handler", body="swj")
        before = _waits(reader)
        reader.post(f"/cases/{talked.number}/do/position", {"version": talked.version, "text": HELD})
        after, found = _waits(reader), reader.get(LIST).content.decode()

        agreed = {"agreed_body_id": f.body_id(town, "swj"), "now": timezone.now()}
        f.do(f.dispatcher(town), consultation.conclude, talked.id, **agreed)

        assert (before, after) == (1, 0)
        assert QUESTION in found and "我们说过了" in found
        assert QUESTION not in reader.get(LIST).content.decode()

    def test_that_says_nothing_or_cites_what_no_list_holds_is_told_so_and_keeps_its_words(
        self, town: int, talked: Case
    ) -> None:
        reader = colleague(town, "handler", body="swj")
        for said in ({"text": ""}, {"text": HELD, "cited": "没有这一条"}):
            answer = reader.post(f"/cases/{talked.number}/do/position", {"version": talked.version, **said})

            assert answer.status_code == 422
            assert said["text"] in answer.content.decode()


    def test_is_found_by_who_speaks_for_it_alone(self, town: int, talked: Case) -> None:
        reviewer, head = colleague(town, "reviewer", body="swj"), colleague(town, "head", body="swj")

        assert QUESTION not in reviewer.get(LIST).content.decode() and QUESTION in head.get(LIST).content.decode()


class TestABodyThatIsNotInvited:
    def test_finds_nothing_and_is_offered_nothing(self, town: int, talked: Case) -> None:
        other, desk = colleague(town, "handler", body="gaj"), colleague(town, "dispatcher")

        assert QUESTION not in other.get(LIST).content.decode()
        assert other.get(f"/cases/{talked.number}").status_code == 404
        assert 'id="act-position"' not in desk.get(f"/cases/{talked.number}").content.decode()

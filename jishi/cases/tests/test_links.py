"""A question to an outside party by link: no account, one extract, one answer; openings are on the trail (10 §3)."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from jishi.cases.actions import handover, links
from jishi.cases.models import Case, OutsideLink
from jishi.cases.refusals import GroundNeeded, OutsideLinkOver, TooShortOrLong
from jishi.cases.states import Status
from jishi.cases.tests import factories as f
from jishi.cases.tests import together_steps as t
from jishi.foundation import scope, trail
from jishi.foundation.actor import system
from jishi.foundation.refusals import NotAllowed, NotFound, Stale, WrongMoment

LATER = t.AT + timedelta(hours=1)
SAID = links.Said("是我们的，明天上午去扶正。")


def _case(town: int, **facts: Any) -> Case:
    return f.a_case_at(town, Status.HANDLING, **facts)


def _open(town: int, token: str, now: Any = LATER) -> OutsideLink:
    found: OutsideLink = f.do(t.outsider(town), links.open_, token, now=now)
    return found


def _answer(town: int, token: str, said: links.Said = SAID, now: Any = LATER) -> OutsideLink:
    found: OutsideLink = f.do(t.outsider(town), links.answer, token, said=said, now=now)
    return found


class TestSending:
    def test_shows_an_outsider_no_number_of_a_person_in_what_is_asked_either(self, town: int) -> None:
        sent = t.send(_case(town), question="住户王女士 13900000417 说电杆歪了，是不是你们的？")

        assert "13900000417" not in sent.link.question

    def test_gives_the_token_once_and_keeps_its_hash_alone(self, town: int) -> None:
        case = _case(town)

        sent = t.send(case)

        with scope.work(system(town)):
            row = OutsideLink.objects.get(id=sent.link.id)
            entry = trail.of("case", case.id)[-1]
        assert sent.token not in str(vars(row))
        assert sent.token not in str(entry.codes)
        assert row.expires_at == row.sent_at + timedelta(days=14)
        assert entry.verb == "link.sent"

    def test_minimises_the_extract(self, town: int) -> None:
        sent = t.send(_case(town), extract="找王建国，电话 13900001234，南门外电杆倾斜。")

        assert "13900001234" not in sent.link.extract
        assert "电杆倾斜" in sent.link.extract

    def test_is_the_leads_or_the_desks_alone(self, town: int) -> None:
        case = _case(town)
        before = t.picture(town, case.id)

        for wrong in (f.stranger(town), t.helper(town), f.operator(town)):
            with pytest.raises((NotAllowed, NotFound)):
                f.do(wrong, links.send, case.id, question=t.question(), now=t.AT)

        assert t.picture(town, case.id) == before

    def test_of_a_confidential_report_is_refused(self, town: int) -> None:
        case = _case(town, voice="confidential")

        with pytest.raises(NotAllowed):
            t.send(case)

    def test_of_what_is_not_sound_or_too_late_is_refused(self, town: int) -> None:
        case = _case(town)
        for wrong in ({"question": ""}, {"days": 0}, {"days": 61}):
            with pytest.raises(GroundNeeded):
                t.send(case, **wrong)
        with pytest.raises(TooShortOrLong):
            t.send(case, extract="x" * 2001)
        closed = f.a_case_at(town, Status.CLOSED)
        with pytest.raises(WrongMoment):
            f.do(f.dispatcher(town), links.send, closed.id, question=t.question(), now=LATER)

    def test_on_an_old_version_is_refused(self, town: int) -> None:
        case = _case(town)

        with pytest.raises(Stale):
            f.do(f.handler_of(case), links.send, case.id, question=t.question(), now=t.AT, version=case.version - 1)


class TestOpening:
    def test_is_on_the_trail_each_time_and_names_nobody(self, town: int) -> None:
        case = _case(town)
        sent = t.send(case)

        for _ in range(2):
            _open(town, sent.token)

        with scope.work(system(town)):
            opened = [e for e in trail.of("case", case.id) if e.verb == "link.opened"]
        assert [e.actor for e in opened] == ["anonymous"] * 2
        assert t.entries(town, case.id)[-2:] == ["link.opened"] * 2

    def test_an_answer_uses_it_up_and_leaves_one_entry(self, town: int) -> None:
        case = _case(town)
        sent = t.send(case)
        before = t.entries(town, case.id)

        row = _answer(town, sent.token)

        assert (row.not_ours, row.answer) == (False, SAID.answer)
        assert t.entries(town, case.id) == [*before, "link.answered"]
        with pytest.raises(OutsideLinkOver) as no:
            _answer(town, sent.token)
        assert no.value.facts["over"] == "used"

    def test_not_ours_is_an_answer_of_its_own(self, town: int) -> None:
        case = _case(town)
        sent = t.send(case)

        row = _answer(town, sent.token, links.Said("不是我们的，是移动公司的。", not_ours=True))

        assert row.not_ours
        assert t.entries(town, case.id)[-1] == "link.not_ours"

    def test_what_is_written_is_minimised_before_it_is_kept(self, town: int) -> None:
        sent = t.send(_case(town))

        row = _answer(town, sent.token, links.Said("打 13900001234 找李师傅", "证号 371082199001011234"))

        assert "13900001234" not in row.answer
        assert "371082199001011234" not in row.attached_text

    def test_nothing_or_too_much_is_refused_and_uses_nothing_up(self, town: int) -> None:
        sent = t.send(_case(town))

        with pytest.raises(GroundNeeded):
            _answer(town, sent.token, links.Said(" "))
        with pytest.raises(TooShortOrLong):
            _answer(town, sent.token, links.Said("附上", "x" * 10_001))

        assert _open(town, sent.token).answered_at is None


class TestItsEnd:
    def _over(self, town: int, token: str, now: Any = LATER) -> str:
        with pytest.raises(OutsideLinkOver) as no:
            _open(town, token, now)
        assert no.value.status == 410
        assert no.value.next_step("zh")
        return str(no.value.facts["over"])

    def test_by_time_by_its_sender_with_its_case_and_of_an_unknown_one(self, town: int) -> None:
        case = _case(town)
        late, back, ended = t.send(case), t.send(case), t.send(case)

        f.do(f.handler_of(case), links.revoke, back.link.id, words="问错了", now=LATER)
        with scope.work(system(town)):
            Case.objects.filter(id=case.id).update(status=Status.HANDLING)

        assert self._over(town, late.token, t.AT + timedelta(days=14)) == "expired"
        assert self._over(town, back.token) == "revoked"
        assert self._over(town, "nothing") == "unknown"
        f.contact(case, LATER)
        from jishi.cases.actions import handling, review

        f.do(f.handler_of(case), handling.reply, case.id, answer=f.answer_of(LATER), now=LATER)
        f.do(f.reviewer(town), review.approve, case.id, elements=f.ALL_FOUR, now=LATER)
        f._conclude(case, LATER)
        assert self._over(town, ended.token) == "ended"

    def test_taking_it_back_twice_or_by_a_stranger_is_refused(self, town: int) -> None:
        case = _case(town)
        sent = t.send(case)
        with pytest.raises((NotAllowed, NotFound)):
            f.do(f.stranger(town), links.revoke, sent.link.id, now=LATER)

        f.do(f.handler_of(case), links.revoke, sent.link.id, now=LATER)

        with pytest.raises(OutsideLinkOver):
            f.do(f.handler_of(case), links.revoke, sent.link.id, now=LATER)

    def test_holds_the_lead_up_in_nothing(self, town: int) -> None:
        case = _case(town)
        t.send(case)
        f.ask_return(case, LATER)

        f.do(f.dispatcher(town), handover.accept_return, case.id, now=LATER)

        assert f.again(town, case.id).status == Status.RECEIVED


class TestThePage:
    def _sent(self, town: int, **more: Any) -> tuple[Client, str, Case]:
        case = _case(town, now=timezone.now() - timedelta(hours=4))
        sent = t.send(case, timezone.now(), **more)
        return Client(SERVER_NAME="town.example"), f"/link/{sent.token}", case

    def test_shows_the_extract_and_the_question_and_nothing_of_the_caller(self, town: int) -> None:
        stranger, path, case = self._sent(town)

        page = stranger.get(path)

        said = page.content.decode()
        assert page.status_code == 200
        assert "这根电杆是不是你们的" in said
        assert "电杆倾斜" in said
        assert "老人出门要踩着砖走" not in said, "the report itself"
        assert page["Referrer-Policy"] == "no-referrer"
        assert "noindex" in page["X-Robots-Tag"]
        assert "no-store" in page["Cache-Control"]

    def test_takes_one_answer_and_then_says_what_to_do_now(self, town: int) -> None:
        stranger, path, case = self._sent(town)

        empty = stranger.post(path, {"ours": "yes", "answer": ""})
        done = stranger.post(path, {"ours": "no", "answer": "不是我们的，是移动公司的。"})
        again = stranger.get(path)

        assert (empty.status_code, done.status_code, again.status_code) == (422, 302, 410)
        assert "已经回答过了" in again.content.decode()
        assert stranger.get(done["Location"]).status_code == 200

    def test_of_an_accused_body_that_somebody_passed_it_on_to_tells_it_nothing(self, town: int) -> None:
        from jishi.cases.tests.desk_steps import colleague

        case = _case(town, now=timezone.now() - timedelta(hours=4), accused_body_ids=(f.body_id(town, "cgj"),))
        sent = t.send(case, timezone.now())

        page = colleague(town, "handler", body="cgj").get(f"/link/{sent.token}")

        assert page.status_code == 410
        assert case.number not in page.content.decode()

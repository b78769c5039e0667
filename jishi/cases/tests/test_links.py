"""A question to an outside party by link: no account, one extract, one answer; openings are on the trail (10 §3)."""

from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone

from jishi.accounts import queries as accounts
from jishi.accounts.actions import reading
from jishi.cases.actions import handover, links, photos, retention
from jishi.cases.models import Case, Message, OutsideLink
from jishi.cases.refusals import GroundNeeded, OutsideLinkOver, TooShortOrLong
from jishi.cases.states import Status
from jishi.cases.tests import factories as f
from jishi.cases.tests import photo_steps as p
from jishi.cases.tests import together_steps as t
from jishi.cases.tests.desk_steps import colleague
from jishi.cases.tests.letter_steps import opened, pressed
from jishi.cases.tests.news_steps import in_the_house
from jishi.foundation import files, scope, trail
from jishi.foundation.actor import clock, system
from jishi.foundation.refusals import NotAllowed, NotFound, Stale, WrongMoment
from jishi.foundation.tests.test_files import TRAPS
from jishi.foundation.uploads import TooManyFiles

pytestmark = pytest.mark.usefixtures("store")
LATER = t.AT + timedelta(hours=1)
SAID = links.Said("是我们的，明天上午去扶正。")


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(settings, "FILES_DIR", tmp_path)
    return tmp_path


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

    def test_an_answer_tells_who_leads_and_the_desk_where_the_desk_asked(self, town: int) -> None:
        case = _case(town)
        by_lead = t.send(case)
        by_desk = f.do(f.dispatcher(town), links.send, case.id, question=t.question(), now=t.AT)

        for sent, codes in ((by_lead, ["outside_lead"]), (by_desk, ["outside_dispatcher", "outside_lead"])):
            with scope.work(system(town)):
                Message.objects.all().delete()
            _answer(town, sent.token)
            in_the_house(town, LATER)
            with scope.work(system(town)):
                owed = set(Message.objects.filter(code__startswith="outside").values_list("code", flat=True))
            assert sorted(owed) == codes

    def test_an_answer_to_a_body_that_leads_no_more_is_no_answer_to_the_desk(self, town: int) -> None:
        case = _case(town)
        sent = t.send(case)
        f.ask_return(case, t.AT)
        f.do(f.dispatcher(town), handover.accept_return, case.id, now=t.AT)
        f.offer_to(f.again(town, case.id), "cgj", t.AT)

        _answer(town, sent.token)
        in_the_house(town, LATER)

        with scope.work(system(town)):
            owed = set(Message.objects.filter(code__startswith="outside").values_list("code", flat=True))
        assert "outside_dispatcher" not in owed

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


def _along(town: int, case: Case, *given: Any, now: Any = LATER) -> list[Any]:
    """Let an outside party answer with files; gives what is kept of them."""
    sent = t.send(case, now)
    looked = photos.ready(given or [p.sent()])
    f.do(t.outsider(town), links.answer, sent.token, said=SAID, given=looked, now=now)
    with scope.work(system(town)):
        return links.enclosed([sent.link.id], tenant_id=town).get(sent.link.id, [])


def _kept(town: int) -> int:
    with scope.work(system(town)):
        return files.StoredFile.objects.count()


class TestFilesAlong:
    def test_are_kept_sealed_with_the_answer_and_their_hash_stands_on_its_entry(self, town: int, store: Path) -> None:
        case = _case(town)

        kept = _along(town, case, p.sent(name="王建国家的井盖.jpg"), p.sent(p.A_PDF, "产权.pdf"))

        assert [(k.kind, k.ends_on, k.is_public) for k in kept] == [
            ("jpeg", date(LATER.year + 2, 3, 9), False), ("pdf", date(LATER.year + 2, 3, 9), False)]  # fmt: skip
        with scope.work(system(town)):
            entry = trail.of("case", case.id)[-1]
        assert (entry.verb, entry.codes["files"]) == ("link.answered", [k.content_hash for k in kept])
        assert "王建国" not in str(entry.codes) + str([vars(k) for k in kept])
        assert not any(b"Catalog" in path.read_bytes() for path in store.rglob("*") if path.is_file()), "plain bytes"

    def test_more_than_three_are_refused_and_nothing_is_kept_or_used_up(self, town: int) -> None:
        sent = t.send(_case(town))

        with pytest.raises(TooManyFiles):
            f.do(t.outsider(town), links.answer, sent.token, said=SAID, given=photos.ready([p.sent()]) * 4, now=LATER)

        assert _kept(town) == 0
        assert _open(town, sent.token).answered_at is None

    def test_of_a_link_that_is_over_are_not_kept(self, town: int) -> None:
        case = _case(town)
        sent = t.send(case)
        f.do(f.handler_of(case), links.revoke, sent.link.id, now=LATER)

        with pytest.raises(OutsideLinkOver):
            f.do(t.outsider(town), links.answer, sent.token, said=SAID, given=photos.ready([p.sent()]), now=LATER)

        assert _kept(town) == 0

    def test_open_as_a_reading_for_whoever_sees_the_case_and_for_nobody_else(self, town: int) -> None:
        case = _case(town)
        (kept,) = _along(town, case)

        opened = f.do(f.handler_of(case), links.open_file, kept.id, reason="看是不是他们的杆", now=LATER)

        assert opened.data[:2] == b"\xff\xd8" and opened.name == "门口.jpg"
        with scope.work(system(town)):
            looked = accounts.readings_of("cases_outsidelink", kept.owner_row)
        assert [r.reason for r in looked] == ["看是不是他们的杆"]
        for other in (f.stranger(town), p.the_caller(case), t.outsider(town)):
            with pytest.raises(NotFound):
                f.do(other, links.open_file, kept.id, reason="看看", now=LATER)
        with pytest.raises(reading.ReasonMissing):
            f.do(f.handler_of(case), links.open_file, kept.id, reason=" ", now=LATER)

    def test_are_no_door_to_another_file(self, town: int) -> None:
        photo = p.a_photo(_case(town))

        with pytest.raises(NotFound):
            f.do(f.dispatcher(town), links.open_file, photo.file_id, reason="看看", now=LATER)

    def test_are_hidden_from_an_accused_body(self, town: int) -> None:
        case = _case(town, accused_body_ids=(f.body_id(town, "cgj"),))
        (kept,) = _along(town, case)

        with pytest.raises(NotFound):
            f.do(f.staff(town, "supervisor", body="cgj"), links.open_file, kept.id, reason="看看", now=LATER)

    def test_end_two_years_later_with_every_byte(
        self, town: int, store: Path, django_capture_on_commit_callbacks: Any
    ) -> None:
        case = _case(town)
        _along(town, case)
        lying = [path for path in store.rglob("*") if path.is_file()]

        f.do(clock(town, "nightly"), retention.run, now=LATER + timedelta(days=729))
        before = _kept(town)
        with django_capture_on_commit_callbacks(execute=True):
            f.do(clock(town, "nightly"), retention.run, now=LATER + timedelta(days=732))

        assert (before, _kept(town)) == (1, 0)
        assert lying and not any(path.exists() for path in lying)


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
        return Client(SERVER_NAME="town.example"), f"/link#{sent.token}", case

    def test_shows_the_extract_and_the_question_and_nothing_of_the_caller(self, town: int) -> None:
        stranger, path, case = self._sent(town)

        page = opened(stranger, path)

        said = page.content.decode()
        assert page.status_code == 200
        assert "这根电杆是不是你们的" in said
        assert "电杆倾斜" in said
        assert "老人出门要踩着砖走" not in said, "the report itself"
        assert page["Referrer-Policy"] == "same-origin", "to no other site; with none at all no browser answers"
        assert "noindex" in page["X-Robots-Tag"]
        assert "no-store" in page["Cache-Control"]

    def test_takes_one_answer_and_then_says_what_to_do_now(self, town: int) -> None:
        stranger, path, case = self._sent(town)

        empty = pressed(stranger, path, {"ours": "yes", "answer": ""})
        done = pressed(stranger, path, {"ours": "no", "answer": "不是我们的，是移动公司的。"})
        again = opened(stranger, path)

        assert (empty.status_code, done.status_code, again.status_code) == (422, 302, 410)
        assert "已经回答过了" in again.content.decode()
        assert stranger.get(done["Location"]).status_code == 200

    @pytest.mark.parametrize("trap", TRAPS)
    def test_refuses_every_trap_by_name_keeps_the_words_and_uses_nothing_up(self, trap: str, town: int) -> None:
        stranger, path, _case_ = self._sent(town)
        data, name, _code = TRAPS[trap]

        page = pressed(stranger, path, {"ours": "yes", "answer": SAID.answer, "files": SimpleUploadedFile(name, data)})

        assert page.status_code in (413, 415, 422)
        said = page.content.decode()
        assert name in said and SAID.answer in said and 'role="alert"' in said
        assert _kept(town) == 0
        assert opened(stranger, path).status_code == 200

    def test_takes_files_and_the_desk_sees_them_where_the_words_are(self, town: int) -> None:
        stranger, path, case = self._sent(town)
        desk = colleague(town, "dispatcher")
        two = [SimpleUploadedFile("井.jpg", p.picture()), SimpleUploadedFile("证.pdf", p.A_PDF)]

        done = pressed(stranger, path, {"ours": "yes", "answer": SAID.answer, "files": two})
        page = desk.get(f"/cases/{case.number}/together").content.decode()
        with scope.work(system(town)):
            photo, pdf = files.StoredFile.objects.order_by("id")
        at = f"/cases/{case.number}/together/files"
        unsaid, opened = desk.post(f"{at}/{photo.id}"), desk.post(f"{at}/{photo.id}", {"reason": "看是不是他们的"})
        paper = desk.post(f"{at}/{pdf.id}", {"reason": "看产权"})

        assert done.status_code == 302
        assert "附件 1" in page and "附件 2" in page and "data:image" not in page
        assert (unsaid.status_code, opened.status_code, paper.status_code) == (422, 200, 200)
        assert "data:image/jpeg;base64," in opened.content.decode()
        assert "no-store" in opened["Cache-Control"]
        assert paper["Content-Disposition"].startswith("attachment") and "sandbox" in paper["Content-Security-Policy"]

    def test_of_another_case_opens_no_file_of_this_one(self, town: int) -> None:
        case = _case(town, now=timezone.now() - timedelta(hours=4))
        (kept,) = _along(town, case, now=timezone.now())
        other = _case(town, now=timezone.now() - timedelta(hours=4))

        page = colleague(town, "dispatcher").post(f"/cases/{other.number}/together/files/{kept.id}", {"reason": "看看"})

        assert page.status_code == 404

    def test_of_an_accused_body_that_somebody_passed_it_on_to_tells_it_nothing(self, town: int) -> None:
        case = _case(town, now=timezone.now() - timedelta(hours=4), accused_body_ids=(f.body_id(town, "cgj"),))
        sent = t.send(case, timezone.now())

        page = opened(colleague(town, "handler", body="cgj"), f"/link#{sent.token}")

        assert page.status_code == 410
        assert case.number not in page.content.decode()

"""A photo beside a body's reply, covered by a reviewer, public with the reply's public words alone (10 §§2, 3)."""

import io
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.db import connection
from django.test import Client
from PIL import Image

from conftest import MONDAY_TEN, TOWN
from jishi.accounts import queries as accounts
from jishi.cases.actions import answer_photos, enclosing, handling, photos, publishing, retention, review, withdrawing
from jishi.cases.models import Case, ReplyPhoto
from jishi.cases.queries import covered, public, resident
from jishi.cases.refusals import GroundNeeded, NoPublicWords, NotAPicture, NotForThePublic
from jishi.cases.states import Status
from jishi.cases.tests import factories as f
from jishi.cases.tests import photo_steps as p
from jishi.cases.tests.desk_steps import HOST, colleague, statements
from jishi.cases.web.resident import telling
from jishi.duties import queries as duties
from jishi.foundation import files, scope
from jishi.foundation.actor import Actor, clock, system
from jishi.foundation.refusals import NotAllowed, NotFound, Refused, Stale

HOUR = timedelta(hours=1)
LATER = MONDAY_TEN + timedelta(hours=5)
NOW = datetime.now(UTC)
PUBLIC = "雨水井已清掏，水能下去。"
LEFT = ((0, 0, 500, 1000),)


@pytest.fixture(autouse=True)
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(settings, "FILES_DIR", tmp_path)
    return tmp_path


def _replied(town: int, *given: Any, now: datetime = LATER, said: str = PUBLIC, **facts: Any) -> Case:
    with scope.work(system(town)):
        matter = next(m.code for m in duties.leaves() if m.default_visibility == "public")
    case = f.a_case_at(town, Status.HANDLING, now=now - 4 * HOUR, **{"matter": matter, **facts})
    f.contact(case, now)
    looked = photos.ready(given or [p.sent(name="王建国家门口.jpg")])
    answer = replace(f.answer_of(now), text_public=said)
    f.do(f.handler_of(case), handling.reply, case.id, answer=answer, given=looked, now=now)
    return f.again(town, case.id)


def _approve(case: Case, now: datetime = LATER) -> Case:
    f.do(f.reviewer(case.tenant_id), review.approve, case.id, elements=f.ALL_FOUR, now=now)
    return f.again(case.tenant_id, case.id)


def _approved(town: int, *given: Any, now: datetime = LATER, **facts: Any) -> Case:
    return _approve(_replied(town, *given, now=now, **facts), now)


def _files(case: Case, purpose: str = enclosing.ENCLOSED) -> list[files.StoredFile]:
    with scope.work(system(case.tenant_id)):
        return list(files.StoredFile.objects.filter(purpose=purpose).order_by("id"))


def _rows(case: Case) -> list[ReplyPhoto]:
    with scope.work(system(case.tenant_id)):
        return list(ReplyPhoto.objects.select_related("shown", "small").filter(case=case).order_by("id"))


def _publish(case: Case, *, by: Actor | None = None, file: int = 0, now: datetime = LATER, **more: Any) -> Any:
    given = {"boxes": LEFT, "ground": "person", "why": "盖住了门牌", **more}
    at = file or _files(case)[0].id
    return f.do(by or f.reviewer(case.tenant_id), answer_photos.publish, at, of_case=case.id, now=now, **given)


def _seen(case: Case) -> tuple[str, ...]:
    """What strangers find beside the answer."""
    number = p.report_of(case).number
    with scope.work(system(case.tenant_id)):
        found = public.by_numbers([number], tenant_id=case.tenant_id)
    return found[0].answer_photos if found else ()


class TestCovering:
    def test_makes_a_covered_copy_bound_by_hashes_and_keeps_the_original_sealed(self, town: int) -> None:
        case = _approved(town)

        row = _publish(case)

        (kept,) = _files(case)
        entry = p.last(case)
        assert (row.own_hash, row.shown_hash != row.own_hash, kept.is_public) == (kept.content_hash, True, False)
        assert entry.verb == "reply.photo_shown"
        assert {k: entry.codes[k] for k in ("own_hash", "shown_hash", "ground", "regions", "photo")} == {
            "own_hash": row.own_hash, "shown_hash": row.shown_hash, "ground": "person", "regions": 1,
            "photo": row.code}  # fmt: skip
        assert "王建国" not in str(entry.codes)
        with scope.work(system(town)):
            image = files.shown(row.shown_id, tenant_id=town, now=LATER)
            reasons = [r.reason for r in accounts.readings_of("cases_reply", kept.owner_row)]
            with pytest.raises(NotFound):
                files.shown(kept.id, tenant_id=town, now=LATER)
        assert image[:2] == b"\xff\xd8" and reasons == ["公开前看一遍、遮盖"]
        assert _is_black_left_and_red_right(image)

    def test_is_done_while_the_reply_waits_and_seen_only_once_it_is_approved(self, town: int) -> None:
        case = _replied(town)
        row = _publish(case)

        before = _seen(case)
        _approve(case)

        assert (before, _seen(case)) == ((), (row.code,))

    def test_without_a_decision_is_seen_by_nobody(self, town: int) -> None:
        assert _seen(_approved(town)) == ()

    def test_again_replaces_the_copy_and_the_old_address_is_gone(self, town: int) -> None:
        case = _approved(town)
        first = _publish(case)

        second = _publish(case, boxes=((0, 0, 1000, 500),))

        assert [r.code for r in _rows(case)] == [second.code]
        assert second.code != first.code and len(_files(case, answer_photos.PUBLIC)) == 2
        with scope.work(system(town)):
            assert public.answer_photo(first.code, small=False, tenant_id=town) is None
            assert public.answer_photo(second.code, small=False, tenant_id=town) == second.shown_id


class TestRefusals:
    """A refusal changes nothing: no copy, no entry."""

    def _refused(self, case: Case, refusal: type[Refused], **how: Any) -> None:
        before = p.entries(case)
        with pytest.raises(refusal):
            _publish(case, **how)
        assert (_rows(case), _files(case, answer_photos.PUBLIC), p.entries(case)) == ([], [], before)

    def test_whoever_is_no_reviewer_outside_the_matter(self, town: int) -> None:
        case = _approved(town)

        self._refused(case, NotAllowed, by=f.dispatcher(town))
        self._refused(case, NotAllowed, by=f.handler_of(case))
        for nobody in (f.stranger(town), p.the_caller(case), Actor(tenant_id=town, kind="anonymous")):
            self._refused(case, Refused, by=nobody)

    def test_a_reviewer_of_another_town(self, town: int, other_tenant: int) -> None:
        case = _approved(town)
        file = _files(case)[0].id

        with pytest.raises(NotFound):
            f.do(
                replace(f.reviewer(town), tenant_id=other_tenant), answer_photos.publish, file, of_case=case.id,
                boxes=LEFT, ground="person", now=LATER,
            )  # fmt: skip

    def test_a_reply_that_was_sent_back(self, town: int) -> None:
        case = _replied(town)
        none = review.Elements(False, False, False, False)
        f.do(f.reviewer(town), review.send_back, case.id, elements=none, why="没写谁", now=LATER)

        self._refused(case, Refused)
        assert f.again(town, case.id).status == Status.HANDLING

    def test_a_confidential_caller_and_a_tip_off_and_a_body_accused(self, town: int) -> None:
        for facts in ({"voice": "confidential"}, {"kind": "tip_off"},
                      {"accused_body_ids": (f.body_id(town, "gaj"),)}):  # fmt: skip
            case = _replied(town, said="", **facts)
            with pytest.raises(NotForThePublic):
                _publish(case, file=max(x.id for x in _files(case)))
            assert not _rows(case)

    def test_a_withdrawn_case(self, town: int) -> None:
        case = _replied(town)
        none = review.Elements(False, False, False, False)
        f.do(f.reviewer(town), review.send_back, case.id, elements=none, why="没写谁", now=LATER)
        f.do(p.the_caller(case), withdrawing.withdraw, p.report_of(case).id, tenant_code=TOWN, now=LATER)
        assert f.again(town, case.id).status == Status.WITHDRAWN

        self._refused(case, Refused)

    def test_a_pdf_words_that_are_not_public_and_a_ground_that_is_missing(self, town: int) -> None:
        self._refused(_approved(town, p.sent(p.A_PDF, "单.pdf")), NotAPicture)
        silent = _approved(town, said="")
        self._refused(silent, NoPublicWords, file=_files(silent)[-1].id)
        plain = _approved(town)
        self._refused(plain, GroundNeeded, file=_files(plain)[-1].id, boxes=())
        self._refused(plain, GroundNeeded, file=_files(plain)[-1].id, boxes=((900, 0, 200, 100),))

    def test_a_file_of_another_case_and_a_version_that_is_over(self, town: int) -> None:
        other, case = _approved(town), _approved(town)

        self._refused(case, NotFound, file=_files(other)[0].id)
        self._refused(case, Stale, file=_files(case)[-1].id, version=case.version - 1)


class TestSeen:
    def test_is_gone_at_once_when_the_case_is_closed_to_the_public(self, town: int) -> None:
        case = _approved(town)
        row = _publish(case)
        before = _seen(case)

        f.do(f.reviewer(town), publishing.close, case.id, why="要再看", now=LATER)

        with scope.work(system(town)):
            away = public.answer_photo(row.code, small=False, tenant_id=town)
        assert (before, away, _seen(case)) == ((row.code,), None, ())

    def test_hidden_by_a_reviewer_with_a_reason_the_copies_are_gone_and_the_original_stays(self, town: int) -> None:
        case = _approved(town)
        _publish(case)
        file = _files(case)[0].id

        for by, why in ((f.reviewer(town), " "), (f.dispatcher(town), "照到了人")):
            with pytest.raises((GroundNeeded, NotAllowed)):
                f.do(by, answer_photos.hide, file, of_case=case.id, why=why, now=LATER)
        still = _seen(case)
        f.do(f.reviewer(town), answer_photos.hide, file, of_case=case.id, why="照到了人", now=LATER)

        assert len(still) == 1 and _seen(case) == ()
        assert (_files(case, answer_photos.PUBLIC), len(_files(case))) == ([], 1)
        assert p.last(case).verb == "reply.photo_hidden"
        with pytest.raises(NotFound):
            f.do(f.reviewer(town), answer_photos.hide, file, of_case=case.id, why="再按", now=LATER)

    def test_public_page_and_open311_name_the_covered_copy_and_it_opens_for_strangers(self, town: int) -> None:
        case = _approved(town, now=NOW - HOUR)
        row = _publish(case, now=NOW)
        number, stranger = p.report_of(case).number, Client(headers=HOST)
        at = f"/photos/{row.code}.jpg"

        page = stranger.get("/public").content.decode()
        told = stranger.get(f"/open311/v2/requests/{number}.json?extensions=true").json()[0]
        large, small = stranger.get(at), stranger.get(f"/photos/{row.code}/small.jpg")
        f.do(f.reviewer(town), publishing.close, case.id, why="要再看", now=NOW)

        assert at in page and told["extended_attributes"]["answer_media"][0].endswith(at)
        assert told["media_url"] is None, "the picture of a result is no picture of what was reported"
        assert (large.status_code, small.status_code, large.content[:2]) == (200, 200, b"\xff\xd8")
        assert stranger.get(at).status_code == 404 and at not in stranger.get("/public").content.decode()

    def test_costs_as_many_statements_with_three_photos_as_with_one(self, town: int) -> None:
        one, three = _approved(town), _approved(town, *[p.sent()] * 3)
        first, *more = _files(one)
        for kept, case in ((first, one), *((x, three) for x in more)):
            _publish(case, file=kept.id)

        def cost(case: Case) -> tuple[int, int]:
            number = p.report_of(case).number
            with scope.work(f.reviewer(town)):
                covered.of_answer(case, lang="zh")
                with statements() as desk:
                    covered.of_answer(case, lang="zh")
                with statements() as outside:
                    found = public.by_numbers([number], tenant_id=town)
            assert found[0].answer_photos
            return len(desk), len(outside)

        assert cost(one) == cost(three)
        assert cost(one)[0] <= 3


class TestTheCaller:
    def test_is_told_in_a_sentence_that_it_was_covered_why_and_that_it_is_gone_again(self, town: int) -> None:
        case = _approved(town)
        _publish(case)
        (kept,) = _files(case)
        f.do(f.reviewer(town), answer_photos.hide, kept.id, of_case=case.id, why="拍到了邻居", now=LATER + HOUR)

        report = p.report_of(case)
        with scope.work(p.the_caller(case)):
            happened = resident.follow(report, now=LATER + HOUR, lang="zh").happened
        told = {h.what: telling.line(h, others=0) for h in happened if h.what.startswith("reply.photo")}

        shown, hidden = told["reply.photo_shown"], told["reply.photo_hidden"]
        assert shown is not None and shown["title"] == "承办单位的一张照片遮盖好了，给大家看"
        assert "和答复一起登在公开页上" in shown["text"] and "遮盖的理由：" in shown["text"]
        assert hidden is not None and hidden["title"] == "承办单位的一张照片不再公开"


class TestKeeping:
    def test_ends_with_the_original_after_two_years_with_every_byte(
        self, town: int, store: Path, django_capture_on_commit_callbacks: Any
    ) -> None:
        case = _approved(town)
        _publish(case, now=LATER + timedelta(days=100))

        f.do(clock(town, "nightly"), retention.run, now=LATER + timedelta(days=729))
        before = len(_rows(case))
        with django_capture_on_commit_callbacks(execute=True):
            f.do(clock(town, "nightly"), retention.run, now=LATER + timedelta(days=732))

        assert (before, _rows(case), _files(case), _files(case, answer_photos.PUBLIC)) == (1, [], [], [])

    def test_a_copy_that_a_restored_base_brought_back_is_ended_again(self, town: int) -> None:
        case = _approved(town)
        row = _publish(case)

        with scope.work(system(town)):
            retention.end_again([_files(case)[0].token], by=system(town))

        assert row.code and (_rows(case), _files(case), _files(case, answer_photos.PUBLIC)) == ([], [], [])

    def test_row_security_shows_it_to_its_own_town_alone(self, town: int, other_tenant: int) -> None:
        _publish(_approved(town))

        def rows(tenant: int) -> int:
            with scope.work(system(tenant)), connection.cursor() as cursor:
                cursor.execute("SELECT count(*) FROM cases_replyphoto")
                return int(cursor.fetchone()[0])

        assert (rows(town), rows(other_tenant)) == (1, 0)


class TestThePage:
    def test_a_reviewer_opens_covers_and_hides_and_others_cannot(self, town: int) -> None:
        case = _approved(town, now=NOW - HOUR)
        (kept,) = _files(case)
        reviewer, desk = colleague(town, "reviewer"), colleague(town, "dispatcher")
        at = f"/cases/{case.number}/photos"

        def press(who: Client, **said: Any) -> Any:
            return who.post(at, {"file": kept.id, **said})

        first = reviewer.get(at).content.decode()
        unsaid, opened = press(reviewer, do="open-answer"), press(reviewer, do="open-answer", reason="公开前看")
        foreign = press(desk, do="publish-answer", cell=["0.0"], ground="person")
        done = press(reviewer, do="publish-answer", cell=["0.0", "0.1"], ground="person", why="盖住门牌")
        (row,) = _rows(case)
        stale = press(reviewer, do="hide-answer", why="照到了人", version=case.version)
        gone = press(reviewer, do="hide-answer", why="照到了人")

        assert "答复的照片" in first and "data:image" not in first
        assert (unsaid.status_code, opened.status_code, "no-store" in opened["Cache-Control"]) == (422, 200, True)
        assert "data:image/jpeg;base64," in opened.content.decode() and 'name="cell"' in opened.content.decode()
        assert (foreign.status_code, done.status_code, row.boxes) == (403, 302, [[0, 0, 200, 125]])
        assert (stale.status_code, gone.status_code, _rows(case)) == (412, 302, [])
        assert reviewer.post(at, {"do": "open-answer", "file": 2**70, "reason": "看"}).status_code == 404

    def test_programs_cover_and_hide_by_version(self, town: int) -> None:
        case = _approved(town, now=NOW - HOUR)
        (kept,) = _files(case)
        reviewer = colleague(town, "reviewer")
        at = f"/api/v1/cases/{case.number}/reply-files/{kept.id}"

        def press(verb: str, body: str, version: int = 0) -> Any:
            seen = {"If-Match": f'"{version}"'} if version else {}
            return reviewer.post(f"{at}/{verb}", body, content_type="application/json", headers=seen)

        cover = '{"boxes": [[0, 0, 500, 500]], "ground": "plate"}'
        unseen, late = press("publish", cover), press("publish", cover, case.version + 1)
        done = press("publish", cover, case.version)
        gone = press("hide", '{"words": "照到了人"}', f.again(town, case.id).version)

        assert (unseen.status_code, late.status_code) == (428, 412)
        assert done.status_code == 200 and done.json()["url"].startswith("/photos/"), done.content
        assert gone.status_code == 204, gone.content


def _is_black_left_and_red_right(data: bytes) -> bool:
    image = Image.open(io.BytesIO(data)).convert("RGB")
    left, right = (image.getpixel((image.width * n // 4, image.height // 2)) for n in (1, 3))
    return isinstance(left, tuple) and isinstance(right, tuple) and max(left) < 20 and right[0] > 200

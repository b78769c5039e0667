"""Files beside a body's own reply: kept sealed, the caller's after review, never public, ended in time (10 §2)."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from conftest import MONDAY_TEN
from jishi.accounts import queries as accounts
from jishi.accounts.actions import reading
from jishi.accounts.tests.factories import an_account, signed_in
from jishi.cases.actions import enclosing, handling, photos, retention, review
from jishi.cases.models import Case, Reply
from jishi.cases.queries import casepage, dossier, resident
from jishi.cases.states import Status
from jishi.cases.tests import factories as f
from jishi.cases.tests import photo_steps as p
from jishi.cases.tests import test_inbox as inbox
from jishi.cases.tests.desk_steps import HOST, colleague, statements
from jishi.cases.tests.test_locking import client_of
from jishi.duties import queries as duties
from jishi.foundation import files, scope, trail
from jishi.foundation.actor import Actor, clock, system
from jishi.foundation.refusals import NotFound
from jishi.foundation.tests.test_files import TRAPS
from jishi.foundation.uploads import TooManyFiles

pytestmark = pytest.mark.usefixtures("store")
HOUR = timedelta(hours=1)
LATER = MONDAY_TEN + timedelta(hours=5)
NOW = datetime.now(UTC)


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(settings, "FILES_DIR", tmp_path)
    return tmp_path


def _replied(town: int, *given: Any, now: datetime = LATER, **facts: Any) -> Case:
    """A case whose body answered with files; nobody has reviewed it."""
    case = f.a_case_at(town, Status.HANDLING, now=now - 4 * HOUR, **facts)
    f.contact(case, now)
    looked = photos.ready(given or [p.sent(name="王建国家门口.jpg"), p.sent(p.A_PDF, "验收单.pdf")])
    f.do(f.handler_of(case), handling.reply, case.id, answer=f.answer_of(now), given=looked, now=now)
    return f.again(town, case.id)


def _approved(town: int, *given: Any, now: datetime = LATER, **facts: Any) -> Case:
    case = _replied(town, *given, now=now, **facts)
    f.do(f.reviewer(town), review.approve, case.id, elements=f.ALL_FOUR, now=now)
    return f.again(town, case.id)


def _files(case: Case) -> list[files.StoredFile]:
    with scope.work(system(case.tenant_id)):
        return list(files.StoredFile.objects.filter(purpose=enclosing.ENCLOSED).order_by("id"))


def _open(by: Actor, file_id: int, reason: str = "看做了没有", now: datetime = LATER) -> Any:
    return f.do(by, enclosing.open_, file_id, reason=reason, now=now)


class TestKeeping:
    def test_is_sealed_with_the_reply_and_its_entry_carries_the_hashes_and_no_name(
        self, town: int, store: Path
    ) -> None:
        case = _replied(town)

        kept = _files(case)

        with scope.work(system(town)):
            reply, entry = Reply.objects.get(case=case), trail.of("case", case.id)[-1]
        assert [(k.kind, k.owner_table, k.owner_row, k.is_public) for k in kept] == [
            ("jpeg", "cases_reply", reply.id, False), ("pdf", "cases_reply", reply.id, False)]  # fmt: skip
        assert (entry.verb, entry.codes["files"]) == ("case.replied", [k.content_hash for k in kept])
        assert "王建国" not in str(entry.codes) + str([vars(k) for k in kept])
        assert not any(b"Catalog" in path.read_bytes() for path in store.rglob("*") if path.is_file()), "plain bytes"

    def test_refuses_more_than_three_and_the_reply_is_not_given(self, town: int) -> None:
        case = f.a_case_at(town, Status.HANDLING)
        f.contact(case, LATER)
        four = photos.ready([p.sent()]) * 4

        with pytest.raises(TooManyFiles):
            f.do(f.handler_of(case), handling.reply, case.id, answer=f.answer_of(LATER), given=four, now=LATER)

        assert f.again(town, case.id).status == Status.HANDLING
        assert not _files(case)

    def test_stands_in_the_dossier_by_its_hash_alone(self, town: int) -> None:
        case = _approved(town)

        with scope.work(f.dispatcher(town)):
            (one,) = casepage.replies_of(case)
            said = dossier._reply(one)

        assert [x["sha256"] for x in said["files"]] == [k.content_hash for k in _files(case)]

    def test_ends_after_two_years_with_every_byte(
        self, town: int, store: Path, django_capture_on_commit_callbacks: Any
    ) -> None:
        case = _approved(town)
        lying = [path for path in store.rglob("*") if path.is_file()]

        f.do(clock(town, "nightly"), retention.run, now=LATER + timedelta(days=729))
        before = len(_files(case))
        with django_capture_on_commit_callbacks(execute=True):
            f.do(clock(town, "nightly"), retention.run, now=LATER + timedelta(days=732))

        assert (before, _files(case)) == (2, [])
        assert lying and not any(path.exists() for path in lying)


class TestOpening:
    def test_is_a_reading_for_whoever_sees_the_case_and_for_nobody_else(self, town: int) -> None:
        case = _replied(town)
        kept = _files(case)[0]

        opened = _open(f.reviewer(town), kept.id)

        assert opened.data[:2] == b"\xff\xd8" and opened.name == "王建国家门口.jpg"
        with scope.work(system(town)):
            assert [r.reason for r in accounts.readings_of("cases_reply", kept.owner_row)] == ["看做了没有"]
        for other in (f.stranger(town), Actor(tenant_id=town, kind="anonymous")):
            with pytest.raises(NotFound):
                _open(other, kept.id)
        with pytest.raises(reading.ReasonMissing):
            _open(f.reviewer(town), kept.id, " ")

    def test_is_the_callers_only_when_the_reply_is_approved(self, town: int) -> None:
        case = _replied(town)
        kept = _files(case)[0]

        with pytest.raises(NotFound):
            _open(p.the_caller(case), kept.id)
        f.do(f.reviewer(town), review.approve, case.id, elements=f.ALL_FOUR, now=LATER)

        assert _open(p.the_caller(case), kept.id).data[:2] == b"\xff\xd8"

    def test_is_never_another_callers(self, town: int) -> None:
        kept = _files(_approved(town))[0]
        other = f.a_case_at(town, Status.HANDLING)

        with pytest.raises(NotFound):
            _open(p.the_caller(other), kept.id)

    def test_is_no_door_to_another_file_or_another_case(self, town: int) -> None:
        case = _approved(town)
        photo = p.a_photo(case)
        other = f.a_case_at(town, Status.HANDLING)

        with pytest.raises(NotFound):
            _open(f.dispatcher(town), photo.file_id)
        with pytest.raises(NotFound):
            f.do(f.dispatcher(town), enclosing.open_, _files(case)[0].id, of_case=other.id, reason="看", now=LATER)

    def test_is_hidden_from_an_accused_body(self, town: int) -> None:
        case = _replied(town, accused_body_ids=(f.body_id(town, "gaj"),))

        with pytest.raises(NotFound):
            _open(f.staff(town, "supervisor", body="gaj"), _files(case)[0].id)


class TestTheTimeline:
    def test_shows_them_with_the_reply_and_not_before(self, town: int) -> None:
        case = _replied(town)
        report = p.report_of(case)

        def told() -> list[int]:
            with scope.work(p.the_caller(case)):
                said = resident.follow(report, now=LATER, lang="zh")
            return [one.id for h in said.happened for one in h.files]

        before = told()
        f.do(f.reviewer(town), review.approve, case.id, elements=f.ALL_FOUR, now=LATER)

        assert (before, told()) == ([], [k.id for k in _files(case)])

    def test_opens_one_on_a_press_for_its_caller_and_for_no_other(self, town: int) -> None:
        account = an_account(town, staff=False)
        case = _approved(town, now=NOW - HOUR, reporter_id=account.id)
        number = p.report_of(case).number
        photo, pdf = _files(case)
        mine, other = (signed_in(Client(headers=HOST), a) for a in (account, an_account(town, staff=False)))

        page = mine.get(f"/mine/{number}").content.decode()
        at = f"/mine/{number}/reply-files"
        seen, paper = mine.post(f"{at}/{photo.id}"), mine.post(f"{at}/{pdf.id}")
        away = other.post(f"{at}/{photo.id}")

        assert f"/mine/{number}/reply-files/{photo.id}" in page and "data:image" not in page
        assert "data:image/jpeg;base64," in seen.content.decode() and "no-store" in seen["Cache-Control"]
        assert paper["Content-Disposition"].startswith("attachment") and "sandbox" in paper["Content-Security-Policy"]
        assert away.status_code == 302 and away["Location"].startswith("/mine")

    def test_costs_as_many_statements_with_three_files_as_with_none(self, town: int) -> None:
        plain, along = f.a_case_at(town, Status.FEEDBACK), _approved(town, *[p.sent()] * 3)

        def cost(case: Case) -> int:
            report = p.report_of(case)
            with scope.work(p.the_caller(case)):
                resident.follow(report, now=LATER, lang="zh")
                with statements() as made:
                    resident.follow(report, now=LATER, lang="zh")
            return len(made)

        assert cost(plain) == cost(along)


class TestInPublic:
    def test_strangers_find_no_trace_of_them(self, town: int) -> None:
        with scope.work(system(town)):
            matter = next(m.code for m in duties.leaves() if m.default_visibility == "public")
        case = _approved(town, p.sent(), now=NOW - HOUR, matter=matter)
        with scope.work(system(town)):
            Reply.objects.filter(case=case).update(text_public="雨水井已清掏。")
        if case.visibility != "public":
            p.open_case(case, NOW)
        (kept,) = _files(case)
        stranger = Client(headers=HOST)

        pages = ("/public", "/public/cases.csv", "/public/cases.geojson")
        said = [stranger.get(path).content.decode() for path in pages]

        assert p.report_of(case).number in "".join(said), "it is there"
        assert not any("附件" in page or "reply-files" in page or kept.content_hash in page for page in said)
        assert stranger.post(f"/cases/{case.number}/reply-files/{kept.id}", {"reason": "看"}).status_code == 302
        with scope.work(system(town)), pytest.raises(NotFound):
            files.shown(kept.id, tenant_id=town, now=NOW)


class TestTheApi:
    def test_replies_with_files_and_hands_one_out_for_a_reason(self, town: int) -> None:
        case = f.a_case_at(town, Status.HANDLING, now=NOW - 4 * HOUR)
        f.contact(case, NOW - HOUR)
        version = f.again(town, case.id).version
        lead, desk = client_of(town, "handler", bodies=(case.lead_id or 0,)), client_of(town, "dispatcher")
        at = f"/api/v1/cases/{case.number}"
        said = {"outcome": "solved", "text_for_caller": f.ANSWER, "what_was_done": "清掏", "contacted_how": "phone",
                "contacted_at": (NOW - HOUR).isoformat()}  # fmt: skip

        def sent(**more: Any) -> Any:
            given = SimpleUploadedFile("井.jpg", p.picture())
            return lead.post(f"{at}/reply-with-files", {**said, "files": given}, headers=more)

        unseen, done = sent(), sent(**{"If-Match": f'"{version}"'})
        (kept,) = _files(case)
        told = desk.get(f"{at}/timeline").json()
        body = {"content_type": "application/json"}
        opened = desk.post(f"{at}/reply-files/{kept.id}/open", '{"reason": "看做了没有"}', **body)
        unsaid = desk.post(f"{at}/reply-files/{kept.id}/open", "{}", **body)

        assert (unseen.status_code, done.status_code, done.json()["status"]) == (428, 200, "REPLIED"), done.content
        assert (opened.status_code, unsaid.status_code) == (200, 422), opened.content
        assert opened.content[:2] == b"\xff\xd8" and told["status"] == "REPLIED"


    def test_refuses_public_words_of_a_case_that_nobody_may_open_and_keeps_nothing(self, town: int) -> None:
        case = f.a_case_at(town, Status.HANDLING, now=NOW - 4 * HOUR, voice="confidential")
        f.contact(case, NOW - HOUR)
        case = f.again(town, case.id)
        lead = client_of(town, "handler", bodies=(case.lead_id or 0,))
        said = {"outcome": "solved", "text_for_caller": f.ANSWER, "what_was_done": "清掏", "contacted_how": "phone",
                "contacted_at": (NOW - HOUR).isoformat(), "text_public": "雨水井已清掏。"}  # fmt: skip
        seen, at = {"If-Match": f'"{case.version}"'}, f"/api/v1/cases/{case.number}"

        plain = lead.post(f"{at}/reply", said, content_type="application/json", headers=seen)
        given = SimpleUploadedFile("井.jpg", p.picture())
        along = lead.post(f"{at}/reply-with-files", {**said, "files": given}, headers=seen)

        assert [(r.status_code, r.json()["code"]) for r in (plain, along)] == [(409, "nothing_for_the_public")] * 2
        assert not _files(case) and f.again(town, case.id).status == Status.HANDLING


class TestTheForm:
    @pytest.mark.parametrize("trap", TRAPS)
    def test_refuses_every_trap_by_name_and_keeps_the_words(self, trap: str, town: int) -> None:
        case, client = inbox.opened(town, Status.HANDLING)
        f.contact(case, NOW - 2 * HOUR)
        case = f.again(town, case.id)
        data, name, _code = TRAPS[trap]

        page = inbox.press(client, case, "reply", **inbox.whole(files=SimpleUploadedFile(name, data)))

        said = page.content.decode()
        assert page.status_code in (413, 415, 422)
        assert name in said and inbox.ANSWER in said and 'role="alert"' in said
        assert not _files(case) and f.again(town, case.id).status == Status.HANDLING

    def test_takes_them_and_case_page_and_review_open_them_for_a_reason(self, town: int) -> None:
        case, client = inbox.opened(town, Status.HANDLING)
        f.contact(case, NOW - 2 * HOUR)
        case = f.again(town, case.id)
        two = [SimpleUploadedFile("井.jpg", p.picture()), SimpleUploadedFile("单.pdf", p.A_PDF)]
        desk, reviewer = colleague(town, "dispatcher"), colleague(town, "reviewer")

        done = inbox.press(client, case, "reply", **inbox.whole(files=two))
        photo, pdf = _files(case)
        at = reverse("case-reply-file", args=[case.number, photo.id])
        shown = desk.get(f"/cases/{case.number}?tab=replies").content.decode()
        waiting = reviewer.get(f"/desk/review?case={case.number}").content.decode()
        unsaid, opened = reviewer.post(at), reviewer.post(at, {"reason": "审核前看"})
        paper = desk.post(reverse("case-reply-file", args=[case.number, pdf.id]), {"reason": "看验收"})

        assert done.status_code == 302
        assert at in shown and at in waiting and "data:image" not in shown + waiting
        assert (unsaid.status_code, opened.status_code, paper.status_code) == (422, 200, 200)
        assert "data:image/jpeg;base64," in opened.content.decode() and "no-store" in opened["Cache-Control"]
        assert 'role="alert"' in unsaid.content.decode()
        assert paper["Content-Disposition"].startswith("attachment")
        assert desk.post(reverse("case-reply-file", args=[case.number, 2**70]), {"reason": "看"}).status_code == 404

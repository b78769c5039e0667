"""Recordings at the other doors: the API, the operator's console, a grid worker's device (spec 10 §3)."""

from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from jishi.cases.actions import recordings
from jishi.cases.models import Case, Recording
from jishi.cases.refusals import AnonymousHasNoVoice, NotHeardYet
from jishi.cases.tests import factories as f
from jishi.cases.tests import photo_steps as p
from jishi.cases.tests.desk_steps import colleague
from jishi.cases.tests.test_bringing import a_device, ended
from jishi.cases.tests.test_recordings import SAID
from jishi.cases.tests.test_sync import GRID, key, said, send, states
from jishi.foundation import scope, trail
from jishi.foundation.actor import system
from jishi.foundation.tests.sound_files import ogg, wav, webm

pytestmark = pytest.mark.django_db
WROTE = "三号楼的灯坏了"


@pytest.fixture(autouse=True)
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(settings, "FILES_DIR", tmp_path)
    return tmp_path


def a_file(data: bytes = b"") -> SimpleUploadedFile:
    return SimpleUploadedFile("voice.bin", data or ogg())


def kept(town: int) -> list[Recording]:
    with scope.work(system(town)):
        return list(Recording.objects.select_related("file", "report").order_by("id"))


def case_of(row: Recording) -> Case:
    with scope.work(system(row.tenant_id)):
        return Case.objects.get(memberships__report=row.report_id)


class TestTheApi:
    def add(self, client: Client, case: Case, *, data: bytes = b"", idempotency: str = "k1") -> Any:
        url = f"/api/v1/reports/{p.report_of(case).number}/recordings"
        return client.post(url, {"recordings": a_file(data)}, HTTP_IDEMPOTENCY_KEY=idempotency)

    def test_takes_one_in_once_lists_it_and_never_gives_a_sound_without_a_reason(self, town: int) -> None:
        case, desk = f.a_case(town), colleague(town, "operator")
        url = f"/api/v1/reports/{p.report_of(case).number}/recordings"

        first, again = self.add(desk, case), self.add(desk, case)

        assert first.status_code == again.status_code == 201 and first.json() == again.json()
        (row,) = kept(town)
        (told,) = desk.get(url).json()
        assert told == first.json()[0] and (told["seconds"], told["kind"], told["words"]) == (2, "ogg", "")
        assert desk.get(f"/cases/{case.number}/recordings/{row.code}").status_code == 404
        assert desk.post(f"{url}/{row.code}/open", {}, "application/json").status_code == 422
        opened = desk.post(f"{url}/{row.code}/open", {"reason": "听写"}, "application/json")
        assert opened.content.startswith(b"OggS") and opened["Content-Type"] == "audio/ogg"
        assert opened["Content-Disposition"].startswith("attachment") and opened["Cache-Control"] == "no-store"

    def test_is_heard_before_it_is_written_confirmed_by_its_speaker_and_deleted(self, town: int) -> None:
        case, desk = f.a_case(town), colleague(town, "operator")
        code = self.add(desk, case).json()[0]["code"]
        url = f"/api/v1/reports/{p.report_of(case).number}/recordings/{code}"
        wrote = {"path": f"{url}/write-down", "data": {"text": WROTE}, "content_type": "application/json"}
        assert desk.post(**wrote).status_code == 428
        early = desk.post(**wrote, HTTP_IF_MATCH='"1"')
        assert (early.status_code, early.json()["code"]) == (409, NotHeardYet.code)
        desk.post(f"{url}/open", {"reason": "听写"}, "application/json")
        assert desk.post(**wrote, HTTP_IF_MATCH='"1"').json()["words"] == WROTE
        mine = desk.post(f"{url}/confirm", {}, "application/json", HTTP_IF_MATCH='"2"')
        assert mine.status_code == 404, "an operator confirms nobody's words"
        f.do(p.the_caller(case), recordings.confirm, kept(town)[0].id, now=f.MONDAY_TEN)
        assert desk.delete(url, HTTP_IF_MATCH='"3"').status_code == 404
        assert desk.get(url.rpartition("/")[0]).json()[0]["confirmed_at"]

    @pytest.mark.parametrize(("who", "seen"), [("dispatcher", 1), ("handler", 0)])
    def test_tells_of_one_only_to_those_who_may_know_of_it(self, who: str, seen: int, town: int) -> None:
        case = f.a_case(town)
        self.add(colleague(town, "operator"), case)
        answer = colleague(town, who).get(f"/api/v1/reports/{p.report_of(case).number}/recordings")
        assert answer.status_code == (200 if seen else 404) and (not seen or len(answer.json()) == seen)

    def test_tells_another_desk_of_no_confidential_voice(self, town: int) -> None:
        case = f.a_case(town, voice="confidential")
        number = p.report_of(case).number
        assert self.add(colleague(town, "operator"), case).status_code == 201
        with scope.work(system(town)):
            Recording.objects.get().report.change(receiving_body_id=f.body_id(town, "sqcz"))
        assert colleague(town, "operator").get(f"/api/v1/reports/{number}/recordings").json() == []

    def test_refuses_by_name_and_asks_for_a_key(self, town: int) -> None:
        case, desk = f.a_case(town), colleague(town, "operator")
        wrong = [(wav(loud=0), "nothing_said"), (ogg(130), "recording_too_long"), (b"%PDF-1.7", "file_kind_refused"),
                 (webm()[:-9], "file_damaged")]  # fmt: skip
        for n, (data, code) in enumerate(wrong):
            assert self.add(desk, case, data=data, idempotency=f"k{n}").json()["code"] == code
        assert self.add(desk, case, idempotency="").status_code == 400 and kept(town) == []
        hidden = f.a_case(town, voice="anonymous", caller_name="", caller_contact="")
        assert self.add(desk, hidden, idempotency="k9").json()["code"] == AnonymousHasNoVoice.code

    def test_a_report_may_come_in_that_is_only_spoken_and_none_that_is_anonymous(self, town: int) -> None:
        desk = colleague(town, "operator")

        def come(key_: str, **more: Any) -> Any:
            given = {"text": "", "channel": "web", **more}
            return desk.post("/api/v1/reports", given, "application/json", HTTP_IDEMPOTENCY_KEY=key_)

        assert come("a").json()["code"] == "nothing_said"
        made = come("b", spoken=True)
        assert made.status_code == 201
        with scope.work(system(town)):
            report = Case.objects.get(number=made.json()["case"]).memberships.get().report
        assert report.text_shown == recordings.WORDLESS and report.attributes[recordings.SPOKEN] is True
        assert come("c", spoken=True, voice="anonymous").json()["code"] == AnonymousHasNoVoice.code


class TestTheConsole:
    def take(self, town: int, data: bytes, **more: str) -> Any:
        given = {"text": "", "kind": "report", "urgency": "normal", "voice": "open", "do": "save", **more}
        given["idempotency_key"] = "k1"
        return colleague(town, "operator").post("/desk/operator", {**given, "recording": a_file(data)})

    def test_takes_a_voice_message_that_came_alone_and_it_waits_to_be_written_down(self, town: int) -> None:
        assert self.take(town, ogg()).status_code == 200
        (row,) = kept(town)
        assert (row.sent_by, row.spoken_by, row.report.text_shown) == ("desk", "", recordings.WORDLESS)
        assert row.report.attributes[recordings.SPOKEN] is True and row.written_at is None

    def test_takes_one_beside_words(self, town: int) -> None:
        self.take(town, ogg(), text="三号楼二单元的灯坏了")
        (row,) = kept(town)
        assert "灯坏了" in row.report.text_shown and recordings.SPOKEN not in row.report.attributes

    @pytest.mark.parametrize(
        ("data", "voice", "said_"), [(wav(loud=0), "open", "录音里没有声音"), (ogg(), "anonymous", "听声音能认出人")]
    )
    def test_says_what_it_does_not_take_and_keeps_nothing(self, data: bytes, voice: str, said_: str, town: int) -> None:
        answer = self.take(town, data, voice=voice)
        assert answer.status_code == 422 and said_ in answer.content.decode()
        with scope.work(system(town)):
            assert not Recording.objects.exists() and not Case.objects.exists()

    def test_without_a_voice_still_asks_for_words(self, town: int) -> None:
        given = {"text": "", "voice": "open", "kind": "report", "urgency": "normal", "do": "save"}
        answer = colleague(town, "operator").post("/desk/operator", {**given, "idempotency_key": "k"})
        assert answer.status_code == 422 and "还没有写是什么事" in answer.content.decode()


class TestADevice:
    @pytest.fixture
    def device(self, town: int) -> Client:
        return a_device(town)

    def bring(self, device: Client, n: int, place: int = 1, *, data: bytes = b"", status: int = 201) -> Any:
        answer = device.post(f"/api/v1/sync/{key(n)}/recordings/{place}", {"recording": a_file(data)})
        assert answer.status_code == status, answer.content.decode()
        return answer.json()

    def test_brings_its_holder_s_voice_after_the_row_once_sealed(self, town: int, device: Client, store: Path) -> None:
        send(device, [said(1)])
        assert [self.bring(device, 1)["state"] for _ in range(2)] == ["done", "again"]
        (row,) = kept(town)
        assert row.sent_by == "desk" and row.spoken_by.startswith("staff:") and "/" not in row.spoken_by
        assert not any(b"OggS" in one.read_bytes() for one in store.rglob("*") if one.is_file())
        with scope.work(system(town)):
            assert "report.recording_added" in [e.verb for e in trail.of("case", case_of(row).id)]

    def test_that_only_spoke_gets_a_report_without_words_and_confirms_what_was_written(
        self, town: int, device: Client
    ) -> None:
        assert states(send(device, [said(1, text="", spoken=True, grid=GRID), said(2, text="")])) == ["done", "refused"]
        self.bring(device, 1)
        (row,) = kept(town)
        case, desk = case_of(row), f.operator(town)
        assert row.report.text_shown == recordings.WORDLESS
        f.do(desk, recordings.open_, row.id, reason="听写", now=f.MONDAY_TEN)
        f.do(desk, recordings.write_down, row.id, text=SAID, now=f.MONDAY_TEN)
        (waits,) = device.get("/pocket/start").json()["voices"]
        page = f"/pocket/voices#v{row.id}"
        assert waits["page"] == page and "是我说的" in device.get(page).content.decode()
        photos = f"/cases/{case.number}/photos"
        assert page in device.get(photos).content.decode()
        assert page not in colleague(town, "operator").get(photos).content.decode()

        confirmed = device.post(page, {"do": "confirm", "recording": row.id, "said": "是电梯坏了"})

        assert confirmed.status_code == 302
        (row,) = kept(town)
        assert row.confirmed_at and row.words == "是电梯坏了" and "staff" not in row.spoken_by, "nobody is named"
        assert device.get("/pocket/start").json()["voices"] == []

    def test_is_refused_what_is_no_recording_or_no_report_s_and_the_row_stands(self, town: int, device: Client) -> None:
        send(device, [said(1)])
        assert self.bring(device, 1, data=wav(loud=0), status=422)["code"] == "nothing_said"
        assert self.bring(device, 1, place=4, status=422)["code"] == "too_many_brought"
        assert self.bring(device, 9, status=404) and kept(town) == []
        other = a_device(town)
        ended(town, other)
        self.bring(other, 2, status=404)
        self.bring(device, 1)
        assert self.bring(device, 1, data=webm(), status=409)["code"] == "key_reused"

    def test_of_somebody_else_brings_nothing(self, town: int, device: Client) -> None:
        send(device, [said(1)])
        self.bring(a_device(town), 1, status=404)
        assert kept(town) == []

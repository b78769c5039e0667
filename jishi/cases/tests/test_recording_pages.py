"""A voice on pages: spoken without script, heard in pieces, written down, confirmed; refused beside its own field."""

from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from jishi.cases.actions import recordings
from jishi.cases.models import Case, Recording
from jishi.cases.tests.desk_steps import colleague
from jishi.cases.web.playing import piece_of
from jishi.foundation import scope
from jishi.foundation.actor import Actor, system
from jishi.foundation.tests.sound_files import ogg, wav

HEADERS = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff", "Accept-Ranges": "bytes"}


@pytest.fixture(autouse=True)
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(settings, "FILES_DIR", tmp_path)
    return tmp_path


def speak(client: Client, data: bytes, name: str = "voice.ogg", **more: Any) -> Any:
    given = {"text": "", "voice": "open", "join": "no", "idempotency_key": "k1"}
    return client.post("/speak", {**given, "recording": SimpleUploadedFile(name, data), **more})


def kept(town: int) -> list[Recording]:
    with scope.work(system(town)):
        return list(Recording.objects.select_related("file", "report").order_by("id"))


def case_of(town: int) -> Case:
    with scope.work(system(town)):
        return Case.objects.get(memberships__report=kept(town)[0].report)


def test_a_report_is_spoken_heard_written_down_and_confirmed(town: int) -> None:
    own = Client(SERVER_NAME="town.example")
    for _ in range(2):  # pressed twice
        assert speak(own, ogg()).status_code == 302
    (row,) = kept(town)
    assert row.report.text_shown == "只有录音，没有文字。"
    receipt = own.get(reverse("receipt")).context
    mine = f"/mine/{row.report.number}/photos"
    own.post("/mine", {"number": row.report.number, "word": receipt["raw_word"]})
    assert "等话务员听写" in own.get(mine).content.decode()

    case, desk = case_of(town), colleague(town, "operator")
    page, play = f"/cases/{case.number}/photos", f"/cases/{case.number}/recordings/{row.code}"
    assert desk.get(play).status_code == 404
    assert 'name="text"' not in desk.get(page).content.decode(), "nothing is written down before it was heard"
    early = desk.post(page, {"do": "write-down", "recording": row.id, "version": 1, "text": "三号楼的灯坏了"})
    assert early.status_code == 409 and "还没有听过" in early.content.decode()
    assert "三号楼的灯坏了</textarea>" in early.content.decode(), "what was typed is kept"
    refused = desk.post(page, {"do": "listen", "recording": row.id, "reason": " "})
    assert refused.status_code == 422 and play not in refused.content.decode()
    heard = desk.post(page, {"do": "listen", "recording": row.id, "reason": "听写"})
    assert play in heard.content.decode() and "no-store" in heard["Cache-Control"]
    piece = desk.get(play, HTTP_RANGE="bytes=0-3")
    assert (piece.status_code, piece.content, piece["Content-Type"]) == (206, b"OggS", "audio/ogg")
    assert {name: piece[name] for name in HEADERS} == HEADERS and "sandbox" in piece["Content-Security-Policy"]

    empty = desk.post(page, {"do": "write-down", "recording": row.id, "version": 1, "text": " "})
    assert empty.status_code == 422 and play in empty.content.decode(), "it may be heard on for these ten minutes"
    wrote = {"do": "write-down", "recording": row.id, "version": 1, "text": "三号楼的灯坏了"}
    assert desk.post(page, wrote).status_code == 302
    assert "三号楼的灯坏了" in desk.get(f"/cases/{case.number}").content.decode()

    told = own.get(f"/mine/{row.report.number}").content.decode()
    assert "话务员从录音里听到的" in told and "您补充了一句" not in told, "nobody says yet that these are her words"
    asked = own.get(mine).content.decode()
    assert "三号楼的灯坏了" in asked and "是我说的" in asked
    said = {"do": "confirm", "recording": row.id, "version": 2, "said": "三号楼的灯坏了"}
    assert own.post(mine, said).status_code == 302
    assert "您核对过" in own.get(mine).content.decode()
    assert own.post(mine, {"do": "listen", "recording": row.id}).status_code == 200
    assert own.get(f"/mine/{row.report.number}/recordings/{row.code}").content.startswith(b"OggS")


@pytest.mark.parametrize(("lang", "said"), [("zh-hans", "这段录音已经没有了"), ("en", "This recording is gone")])
def test_one_taken_back_while_the_operator_typed_is_said_to_be_gone_and_no_button_is_named(
    town: int, lang: str, said: str
) -> None:
    speak(Client(SERVER_NAME="town.example"), ogg())
    (row,), case, desk = kept(town), case_of(town), colleague(town, "operator")
    desk.cookies[settings.LANGUAGE_COOKIE_NAME] = lang
    page = f"/cases/{case.number}/photos"
    desk.post(page, {"do": "listen", "recording": row.id, "reason": "听写"})
    with scope.work(caller := Actor(tenant_id=town, kind="reporter", report_id=row.report_id)):
        recordings.take_back(row.id, by=caller, now=timezone.now())

    typed = {"do": "write-down", "recording": row.id, "version": row.version, "text": "三号楼的灯坏了"}
    answer = desk.post(page, typed)

    text = answer.content.decode()
    assert answer.status_code == 409 and said in text
    assert "听这一段" not in text and "Listen to this one" not in text


@pytest.mark.parametrize(
    ("data", "more", "said"),
    [
        (wav(loud=0), {}, "录音里没有声音"), (b"\xff\xd8\xff\xe0" + bytes(99), {}, "JPEG 照片，这里不收"),
        (ogg(130), {}, "最多 120 秒"), (ogg()[:-9], {}, "打不开"), (ogg(), {"voice": "anonymous"}, "听声音能认出人"),
        (ogg(), {"child": "on"}, "听声音能认出人"),
    ],
    ids=["silent", "a photo", "too long", "cut off", "anonymous", "a child"],
)  # fmt: skip
def test_what_is_refused_is_said_beside_the_field_and_nothing_is_kept(
    data: bytes, more: dict[str, str], said: str, town: int
) -> None:
    answer = speak(Client(SERVER_NAME="town.example"), data, "voice.m4a", **more)
    text = answer.content.decode()
    assert answer.status_code == 422 and said in text[text.index('id="id_recording_error"') :][:300]
    assert kept(town) == []


@pytest.mark.parametrize(
    ("asked", "status", "got"),
    [
        ("", 200, b"0123456789"), ("bytes=2-4", 206, b"234"), ("bytes=8-", 206, b"89"), ("bytes=-3", 206, b"789"),
        ("bytes=0-1,4-5", 200, b"0123456789"), ("bytes=-", 200, b"0123456789"), ("bytes=10-", 416, b""),
    ],
)  # fmt: skip
def test_a_player_gets_the_piece_it_asks_for(asked: str, status: int, got: bytes) -> None:
    answer = piece_of(b"0123456789", asked)
    assert (answer.status_code, answer.content) == (status, got)

"""One's own voice at the pocket: confirmed and deleted by whoever spoke, wherever it was (decision 0019)."""

from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from jishi.cases.actions import recordings
from jishi.cases.models import Recording
from jishi.cases.tests import factories as f
from jishi.cases.tests.desk_steps import colleague
from jishi.cases.tests.test_bringing import a_device
from jishi.cases.tests.test_sync import an_errand, key, said, send, states
from jishi.cases.walkers import VOLUNTEER
from jishi.foundation import files, scope
from jishi.foundation.actor import system
from jishi.foundation.tests.sound_files import ogg

pytestmark = pytest.mark.django_db
PAGE = "/pocket/voices"
WROTE = "三号楼的灯坏了"


@pytest.fixture(autouse=True)
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(settings, "FILES_DIR", tmp_path)
    return tmp_path


@pytest.fixture(params=[VOLUNTEER, "grid_worker"])
def device(request: pytest.FixtureRequest, town: int) -> Client:
    """A volunteer; a grid worker, whose report is in no grid of his."""
    return a_device(town, request.param)


def bring(device: Client, n: int) -> None:
    sound = SimpleUploadedFile("voice.bin", ogg())
    assert device.post(f"/api/v1/sync/{key(n)}/recordings/1", {"recording": sound}).status_code == 201


def kept(town: int) -> Recording:
    with scope.work(system(town)):
        return Recording.objects.select_related("report", "file").get()


def written(town: int, device: Client) -> Recording:
    """Speak without a grid; an operator writes it down."""
    send(device, [said(1, text="", spoken=True, where="没有这个地方")])
    bring(device, 1)
    desk, row = f.operator(town), kept(town)
    f.do(desk, recordings.open_, row.id, reason="听写", now=f.MONDAY_TEN)
    f.do(desk, recordings.write_down, row.id, text=WROTE, now=f.MONDAY_TEN)
    return kept(town)


def api(device: Client, row: Recording, do: str = "", **more: Any) -> Any:
    url = f"/api/v1/reports/{row.report.number}/recordings/{row.code}{do}"
    ask = device.post if do else device.delete
    return ask(url, more or {}, "application/json", headers={"If-Match": f'"{row.version}"'})


def test_the_speaker_confirms_and_deletes_it_though_he_sees_nothing_of_the_matter(town: int, device: Client) -> None:
    row = written(town, device)
    assert device.get(f"/api/v1/reports/{row.report.number}").status_code == 404
    (waits,) = device.get("/pocket/start").json()["voices"]
    assert waits["page"] == f"{PAGE}#v{row.id}"
    shown = device.get(PAGE).content.decode()
    assert WROTE in shown and "是我说的" in shown

    assert device.post(PAGE, {"do": "confirm", "recording": row.id, "version": row.version, "said": WROTE}).url == PAGE

    row = kept(town)
    assert row.confirmed_at and row.spoken_by and "staff" not in row.spoken_by, "nobody is named"
    told = device.get("/pocket/start").json()
    assert (told["voices"], told["voices_kept"]) == ([], 1)
    assert "是我说的" not in device.get(PAGE).content.decode()
    assert device.post(PAGE, {"do": "unsay", "recording": row.id, "version": row.version}).url == PAGE
    row = kept(town)
    assert row.file is None and row.words == WROTE and row.spoken_by == ""
    assert f"#v{row.id}" not in device.get(PAGE).content.decode()
    with scope.work(system(town)):
        assert not files.StoredFile.objects.exists()


def test_so_does_his_program(town: int, device: Client) -> None:
    row = written(town, device)
    (told,) = device.get(f"/api/v1/reports/{row.report.number}/recordings").json()
    assert (told["words"], told["version"]) == (WROTE, row.version)

    assert api(device, row, "/confirm").json()["confirmed_at"]

    assert api(device, kept(town)).status_code == 204 and kept(town).file is None


def test_somebody_else_finds_nothing_of_it(town: int, device: Client) -> None:
    row, other = written(town, device), a_device(town, VOLUNTEER)
    for confirmed in (False, True):
        assert other.get("/pocket/start").json()["voices_kept"] == 0
        assert WROTE not in other.get(PAGE).content.decode()
        for do in ("confirm", "unsay", "listen"):
            assert other.post(PAGE, {"do": do, "recording": row.id}).status_code == 404
        assert other.get(f"/api/v1/reports/{row.report.number}/recordings").status_code == 404
        assert api(other, row, "/confirm").status_code == api(other, row).status_code == 404
        desk = colleague(town, "operator")
        assert desk.post(PAGE, {"do": "unsay", "recording": row.id}).status_code == 404
        if not confirmed:
            device.post(PAGE, {"do": "confirm", "recording": row.id})
    assert kept(town).file is not None


def test_a_stale_confirmation_is_said_and_what_was_typed_stays(town: int, device: Client) -> None:
    row = written(town, device)

    answer = device.post(PAGE, {"do": "confirm", "recording": row.id, "version": 1, "said": "是电梯坏了"})

    assert answer.status_code == 412 and "是电梯坏了</textarea>" in answer.content.decode()


def test_what_was_found_on_an_errand_may_only_be_spoken(town: int) -> None:
    device = a_device(town)
    number = an_errand(town)
    rows = [{"key": key(1), "verb": "errand.take", "seq": 1, "errand": number},
            {"key": key(2), "verb": "errand.find", "seq": 2, "errand": number, "text": "", "spoken": True}]  # fmt: skip

    assert states(send(device, rows)) == ["done", "done"]
    bring(device, 2)

    assert kept(town).report.text_shown == recordings.WORDLESS
    assert states(send(device, [{**rows[1], "key": key(3), "spoken": False}])) != ["done"]

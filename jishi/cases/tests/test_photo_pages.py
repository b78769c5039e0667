"""Photos on pages, at the API, for strangers' programs: without script, with safe headers, nothing kept on the way."""

import io
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone
from PIL import Image

from jishi.accounts import queries as accounts
from jishi.cases.actions import photos, privacy
from jishi.cases.models import Membership, Photo, Report
from jishi.cases.tests import factories as f
from jishi.cases.tests import photo_steps as p
from jishi.cases.tests.desk_steps import colleague
from jishi.cases.tests.open311_steps import key_of
from jishi.foundation import files, scope
from jishi.foundation.actor import system


@pytest.fixture(autouse=True)
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(settings, "FILES_DIR", tmp_path)
    return tmp_path


@pytest.fixture
def client(town: int) -> Client:
    return Client(SERVER_NAME="town.example")


def upload(data: bytes = b"", name: str = "门口.jpg") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, data or p.picture(), "image/jpeg")


def speak(client: Client, **more: Any) -> Any:
    given = {"text": "翠竹苑门口的井盖没了，晚上看不见。", "voice": "anonymous", "join": "no", "idempotency_key": "k1"}
    return client.post("/speak", {**given, **more})


def kept(town: int) -> list[Photo]:
    with scope.work(system(town)):
        return list(Photo.objects.select_related("file", "report").order_by("id"))


class TestSpeakingUp:
    def test_takes_photos_along_without_an_account(self, client: Client, town: int) -> None:
        answer = speak(client, photos=[upload(), upload(p.A_PDF, "账单.pdf")], photos_public="on")

        assert answer.status_code == 302
        assert {x.file.kind for x in kept(town)} == {"jpeg", "pdf"}
        assert {(x.may_publish, x.sent_by) for x in kept(town)} == {(True, "caller")}

    def test_pressed_twice_keeps_them_once(self, client: Client, town: int) -> None:
        for _ in range(2):
            assert speak(client, photos=[upload()]).status_code == 302

        assert len(kept(town)) == 1

    def test_a_picture_alone_says_something(self, client: Client, town: int) -> None:
        assert speak(client, text="", photos=[upload()]).status_code == 302
        assert kept(town)[0].report.text_shown == "只有照片，没有文字。"

    def test_nothing_at_all_is_refused(self, client: Client) -> None:
        assert speak(client, text="").status_code == 422

    @pytest.mark.parametrize(
        ("data", "name", "said"),
        [
            (b"<svg onload=alert(1)>", "a.svg", "SVG"),
            (b"\0\0\0\x18ftypheic" + b"\0" * 40, "IMG_1.HEIC", "兼容性最佳"),
            (p.picture(), "a.html", "对不上"),
            (b"x" * (20 * 1024 * 1024 + 1), "a.jpg", "20 MB"),
        ],
    )
    def test_a_refused_file_is_named_beside_its_field_and_nothing_is_stored(
        self, data: bytes, name: str, said: str, client: Client, town: int, store: Path
    ) -> None:
        answer = speak(client, photos=[upload(data, name)])

        assert answer.status_code == 422
        page = answer.content.decode()
        assert said in page and name in page and "翠竹苑门口的井盖没了" in page
        with scope.work(system(town)):
            assert not Report.objects.exists()
        assert [x for x in store.rglob("*") if x.is_file()] == []


class TestVirusScanner:
    def test_away_refuses_the_file_beside_its_field_and_takes_the_words_without_it(
        self, client: Client, town: int, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(settings, "SCANNER", "unix:/nowhere/clamd")

        page = speak(client, photos=[upload()])
        assert page.status_code in (422, 503)
        assert "查毒的程序没有应答" in page.content.decode() and "翠竹苑门口的井盖没了" in page.content.decode()
        assert kept(town) == []

        assert speak(client).status_code == 302

    @pytest.mark.parametrize("by", ["caller", "reviewer"])
    def test_of_a_pdf_that_none_looked_at_the_page_says_so(self, by: str, client: Client, town: int) -> None:
        word = client.get(speak(client, photos=[upload(p.A_PDF, "账单.pdf")])["Location"]).context["raw_word"]
        (photo,) = kept(town)
        client.post("/mine", {"number": photo.report.number, "word": word})
        with scope.work(system(town)):
            case = Membership.objects.get(report=photo.report).case
        address = f"/mine/{photo.report.number}/photos" if by == "caller" else f"/cases/{case.number}/photos"
        reader = client if by == "caller" else colleague(town, "reviewer")

        assert "PDF · 没有查过毒" in reader.get(address).content.decode()
        with scope.work(system(town)):
            files.StoredFile.objects.update(scanned_at=timezone.now())
        assert "没有查过毒" not in reader.get(address).content.decode()


class TestStrangers:
    def test_see_the_covered_copy_with_headers_that_run_nothing(self, client: Client, town: int) -> None:
        photo = p.a_shown_photo(p.a_public_case(town, now=timezone.now()))

        for address in (f"/photos/{photo.code}.jpg", f"/photos/{photo.code}/small.jpg"):
            answer = client.get(address)
            assert (answer.status_code, answer["Content-Type"]) == (200, "image/jpeg")
            assert answer["Content-Security-Policy"] == "default-src 'none'; sandbox"
            assert answer["X-Content-Type-Options"] == "nosniff"
            assert answer["Content-Disposition"].startswith("attachment")
            assert Image.open(io.BytesIO(answer.content)).getpixel((5, 5)) == (0, 0, 0)
        again = client.get(address, headers={"If-None-Match": answer["ETag"]})
        assert again.status_code == 304

    @pytest.mark.parametrize("how", ["not shown", "hidden", "report hidden", "never was"])
    def test_find_nothing_else(self, how: str, client: Client, town: int) -> None:
        case = p.a_public_case(town, now=timezone.now())
        photo = p.a_photo(case) if how == "not shown" else p.a_shown_photo(case)
        if how == "hidden":
            f.do(p.the_caller(case), photos.hide, photo.id, now=timezone.now())
        if how == "report hidden":
            f.do(f.reviewer(town), privacy.hide, p.report_of(case).id, why="x", now=timezone.now())

        code = "f" * 20 if how == "never was" else photo.code
        assert client.get(f"/photos/{code}.jpg").status_code == 404

    def test_programs_find_its_address(self, client: Client, town: int) -> None:
        case = p.a_public_case(town, now=timezone.now())
        photo = p.a_shown_photo(case)

        number = p.report_of(case).number
        (row,) = client.get(f"/open311/v2/requests/{number}.json?extensions=true").json()

        assert row["media_url"] == f"http://town.example/photos/{photo.code}.jpg"
        assert row["extended_attributes"]["media"] == [row["media_url"]]

    def test_a_program_sends_media_along(self, client: Client, town: int) -> None:
        key = key_of(town)
        with scope.work(system(town)):
            from jishi.duties import queries as duties

            code = next(m.code for m in duties.leaves() if m.public and not m.questions)

        answer = client.post(
            "/open311/v2/requests.json",
            {"api_key": key, "service_code": code, "address_string": "翠竹苑3号楼", "description": "灯不亮",
             "media": upload()},
        )  # fmt: skip

        assert answer.status_code in (200, 201), answer.content
        assert [x.sent_by for x in kept(town)] == ["program"]


class TestDesk:
    def test_a_reviewer_opens_covers_publishes_and_the_case_page_leads_there(self, client: Client, town: int) -> None:
        case = p.a_public_case(town, now=timezone.now())
        photo = p.a_photo(case)
        client = colleague(town, "reviewer")
        address = f"/cases/{case.number}/photos"
        assert address in client.get(f"/cases/{case.number}").content.decode()

        page = client.post(address, {"do": "open", "photo": photo.id, "reason": "公开前看一遍"})
        done = client.post(
            address, {"do": "publish", "photo": photo.id, "cell": ["0.0", "0.1"], "ground": "person", "why": "门牌"}
        )

        assert "data:image/jpeg;base64," in page.content.decode() and "no-store" in page["Cache-Control"]
        assert done.status_code == 302
        after = p.again(photo)
        assert after is not None and after.shown is not None
        with scope.work(system(town)):
            assert len(accounts.readings_of("cases_report", p.report_of(case).id)) == 2

    def test_opening_without_a_reason_opens_nothing(self, client: Client, town: int) -> None:
        case = p.a_public_case(town, now=timezone.now())
        photo = p.a_photo(case)
        client = colleague(town, "operator")

        page = client.post(f"/cases/{case.number}/photos", {"do": "open", "photo": photo.id, "reason": " "})

        assert page.status_code == 422 and "base64" not in page.content.decode()

    def test_words_are_covered_on_the_same_page(self, client: Client, town: int) -> None:
        case = p.a_public_case(town, now=timezone.now(), text="三楼老周家的水管漏到楼道里。")
        client = colleague(town, "reviewer")

        page = client.post(
            f"/cases/{case.number}/photos",
            {"do": "redact", "report": p.report_of(case).number, "passages": "老周家", "ground": "person",
             "version": p.report_of(case).version},
        )  # fmt: skip

        assert page.status_code == 302
        assert "老周" not in p.report_of(case).text_shown


class TestMine:
    def test_i_add_look_hide_and_take_back(self, client: Client, town: int, store: Path) -> None:
        answer = speak(client, photos=[upload()], photos_public="on")
        word = client.get(answer["Location"]).context["raw_word"]
        (photo,) = kept(town)
        client.post("/mine", {"number": photo.report.number, "word": word})
        address = f"/mine/{photo.report.number}/photos"

        assert client.post(address, {"do": "add", "photos": [upload(name="2.jpg")]}).status_code == 302
        assert "data:image/jpeg;base64," in client.post(address, {"do": "open", "photo": photo.id}).content.decode()
        assert client.post(address, {"do": "agree", "photo": photo.id, "agreed": "no"}).status_code == 302
        assert client.post(address, {"do": "take-back", "photo": photo.id}).status_code == 302

        assert [x.id for x in kept(town)] != [photo.id] and len(kept(town)) == 1

    def test_somebody_else_is_led_to_number_and_word(self, client: Client, town: int) -> None:
        case = f.a_case(town)

        assert client.get(f"/mine/{p.report_of(case).number}/photos").status_code == 302


class TestInterface:
    def test_a_photo_s_whole_life(self, client: Client, town: int) -> None:
        case = p.a_public_case(town, now=timezone.now())
        number = p.report_of(case).number
        client = colleague(town, "operator")
        made = client.post(
            f"/api/v1/reports/{number}/photos", {"photos": [upload()]}, HTTP_IDEMPOTENCY_KEY="a"
        )
        again = client.post(
            f"/api/v1/reports/{number}/photos", {"photos": [upload()]}, HTTP_IDEMPOTENCY_KEY="a"
        )

        assert (made.status_code, again.json()) == (201, made.json())
        (row,) = made.json()
        opened = client.post(
            f"/api/v1/reports/{number}/photos/{row['code']}/open", {"reason": "核对"}, content_type="application/json"
        )
        assert (opened.status_code, opened["Content-Type"]) == (200, "image/jpeg")
        assert client.get(f"/api/v1/reports/{number}/photos").json()["photos"] == [row]
        refused = client.post(
            f"/api/v1/reports/{number}/photos/{row['code']}/publish", {"ground": "nothing"},
            content_type="application/json", HTTP_IF_MATCH=f'"{row["version"]}"',
        )  # fmt: skip
        assert (refused.status_code, refused.json()["code"]) == (403, "not_allowed")
        late = client.post(
            f"/api/v1/reports/{number}/photos/{row['code']}/hide", {"words": "x"},
            content_type="application/json", HTTP_IF_MATCH=f'"{row["version"] + 1}"',
        )  # fmt: skip
        assert (late.status_code, late.json()["code"]) == (412, "stale")

    def test_a_bad_file_is_a_named_problem(self, client: Client, town: int) -> None:
        number = p.report_of(p.a_public_case(town, now=timezone.now())).number
        client = colleague(town, "operator")

        no = client.post(
            f"/api/v1/reports/{number}/photos", {"photos": [upload(b"MZ" + b"\0" * 99, "a.exe")]},
            HTTP_IDEMPOTENCY_KEY="b",
        )  # fmt: skip

        assert (no.status_code, no.json()["code"]) == (415, "file_kind_refused")
        with scope.work(system(town)):
            assert files.StoredFile.objects.count() == 0

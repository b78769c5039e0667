"""The file store: what comes in is looked at elsewhere, kept sealed, opened by a reading, and ends without a rest."""

import io
import os
import zipfile
import zlib
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from PIL import Image, PngImagePlugin

from conftest import MONDAY_TEN
from jishi.foundation import data_keys, files, keys, pictures, scope, sealed, uploads, vault
from jishi.foundation.actor import Actor, system
from jishi.foundation.files import Wanted
from jishi.foundation.models import SealedValue, StoredFile
from jishi.foundation.refusals import NotAvailableNow, NotFound
from jishi.foundation.unsealing import FILES, FileGone, open_file
from jishi.foundation.uploads import Sent

PLANTED = "张三13800138000"
OWNER = ("accounts_account", 41)


@pytest.fixture(autouse=True)
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setattr(settings, "FILES_DIR", tmp_path)
    monkeypatch.setattr(settings, "FILES_FREE", 0.0)
    data_keys.forget()
    with keys.using(keys.NullKeys()) as twin:
        yield twin
    data_keys.forget()


def picture(form: str = "JPEG", size: tuple[int, int] = (64, 48), mode: str = "RGB", **more: Any) -> bytes:
    out = io.BytesIO()
    Image.new(mode, size, "red" if mode == "RGB" else None).save(out, form, **more)
    return out.getvalue()


def with_a_place() -> bytes:
    """A photo with a telephone number in every corner where a camera or an editor writes."""
    exif = Image.Exif()
    exif[0x010E] = PLANTED  # description
    exif[0x0112] = 6  # turned a quarter
    exif.get_ifd(0x8825)[2] = (26.0, 5.0, 1.0)  # GPS latitude
    return picture(exif=exif, comment=PLANTED.encode()) + PLANTED.encode()


def sent(data: bytes, name: str = "a.jpg") -> Sent:
    return Sent(name, data, len(data))


def a_bomb() -> bytes:
    """A PNG of a few hundred bytes that says it has 900 megapixels."""
    head = b"IHDR" + (30_000).to_bytes(4, "big") * 2 + b"\x08\x02\0\0\0"
    piece = len(head[4:]).to_bytes(4, "big") + head + zlib.crc32(head).to_bytes(4, "big")
    return b"\x89PNG\r\n\x1a\n" + piece + b"\0\0\0\0IEND\xaeB`\x82"


def a_zip() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.txt", b"\0" * 1_000_000)
    return out.getvalue()


def a_pdf(body: bytes = b"1 0 obj << /Type /Catalog >> endobj") -> bytes:
    return b"%PDF-1.7\n" + body + b"\ntrailer << /Root 1 0 R >>\n%%EOF\n"


def streamed(content: bytes) -> bytes:
    return a_pdf(b"2 0 obj << /Filter /FlateDecode >>\nstream\n" + zlib.compress(content) + b"\nendstream endobj")


HEIC = b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + b"\0" * 64
SVG = b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>'
TRAPS = {
    "a web page that calls itself a photo": (b"<html><script>1</script>", "a.jpg", "file_not_what_it_says"),
    "svg is not an image": (SVG, "a.svg", "file_kind_refused"),
    "svg under the name of a photo": (SVG, "a.png", "file_not_what_it_says"),
    "a photo under the name of a page": (picture(), "a.html", "file_not_what_it_says"),
    "a photo under the name of a PDF": (picture(), "a.pdf", "file_not_what_it_says"),
    "heic is named, with what to do": (HEIC, "IMG_0001.HEIC", "file_kind_refused"),
    "an archive": (a_zip(), "a.zip", "file_kind_refused"),
    "an archive that calls itself a photo": (a_zip(), "a.jpg", "file_not_what_it_says"),
    "a program": (b"MZ" + b"\0" * 200, "a.exe", "file_kind_refused"),
    "a moving picture": (picture("GIF"), "a.gif", "file_kind_refused"),
    "nothing": (b"", "a.jpg", "file_is_empty"),
    "cut off": (picture(size=(400, 400))[:600], "a.jpg", "file_damaged"),
    "only a head": (b"\xff\xd8\xff\xe0" + b"\0" * 40, "a.jpg", "file_damaged"),
    "a bomb": (a_bomb(), "a.png", "too_many_pixels"),
    "51 megapixels": (picture("PNG", (10_200, 5_000), "1"), "a.png", "too_many_pixels"),
    "a thread": (picture("PNG", (2_100, 100)), "a.png", "sides_too_unequal"),
    "a PDF with a program": (a_pdf(b"/OpenAction << /S /JavaScript /JS (x) >>"), "a.pdf", "file_with_program"),
    "a program packed into a PDF": (streamed(b"<< /S /JavaScript >>"), "a.pdf", "file_with_program"),
    "a PDF that unpacks without end": (streamed(b"\0" * 30_000_000), "a.pdf", "unpacks_too_large"),
    "half a PDF": (a_pdf()[:-7], "a.pdf", "file_damaged"),
}


class TestTheDoor:
    @pytest.mark.parametrize("trap", TRAPS)
    def test_refuses_by_name(self, trap: str) -> None:
        data, name, code = TRAPS[trap]

        with pytest.raises(uploads.Refused) as no:
            pictures.taken(sent(data, name))

        assert no.value.code == code
        assert name in no.value.sentence("zh") and name in no.value.sentence("en")
        assert no.value.next_step("zh") and no.value.next_step("en")
        assert "{" not in no.value.sentence("en") + no.value.next_step("zh")

    def test_refuses_what_is_too_large_by_what_was_sent(self) -> None:
        with pytest.raises(uploads.FileTooLarge) as no:
            pictures.taken(Sent("a.jpg", b"", uploads.LARGEST + 1))

        assert no.value.status == 413

    @pytest.mark.parametrize(("form", "mode"), [("JPEG", "L"), ("PNG", "RGBA"), ("PNG", "P"), ("WEBP", "RGB")])
    def test_takes_what_phones_make_and_gives_one_form(self, form: str, mode: str) -> None:
        made = pictures.taken(sent(picture(form, (300, 200), mode), f"现场.{form.lower()}"))

        assert (made.kind, made.width, made.height) == ("jpeg", 300, 200)
        assert made.data.startswith(b"\xff\xd8\xff")

    def test_leaves_place_comment_and_tail_behind_and_stands_upright(self) -> None:
        made = pictures.taken(sent(with_a_place()))

        assert PLANTED.encode() not in made.data
        assert (made.width, made.height) == (48, 64)
        assert not Image.open(io.BytesIO(made.data)).getexif()

    def test_drops_text_of_a_png(self) -> None:
        said = PngImagePlugin.PngInfo()
        said.add_text("Comment", PLANTED, zip=True)

        made = pictures.taken(sent(picture("PNG", pnginfo=said), "a.png"))

        assert PLANTED.encode() not in made.data

    def test_a_pdf_stays_as_it_is(self) -> None:
        assert pictures.taken(sent(a_pdf(), "a.pdf")).data == a_pdf()

    def test_painted_regions_are_gone_for_good(self) -> None:
        whole = pictures.taken(sent(picture("PNG", (400, 400)), "a.png"))

        large, small = pictures.covered(whole.data, [(0, 0, 500, 1000)])

        seen = Image.open(io.BytesIO(large.data))
        assert seen.getpixel((50, 200)) == (0, 0, 0)
        assert seen.getpixel((350, 200))[0] > 200
        assert (large.width, Image.open(io.BytesIO(small.data)).width) == (400, 360)

    def test_four_files_at_once_are_one_too_many(self) -> None:
        given = [uploads.SimpleUploadedFile("a.jpg", b"x")] * 4

        with pytest.raises(uploads.TooManyFiles):
            uploads.sent(given)

    def test_a_request_keeps_at_most_one_byte_more_than_may_be_and_counts_the_rest(self) -> None:
        door = uploads.InMemory()
        door.new_file("photos", "a.jpg", "image/jpeg", None)
        for _ in range(25):
            door.receive_data_chunk(b"x" * 1024 * 1024, 0)

        made = door.file_complete(0)

        assert (made.size, len(made.read())) == (25 * 1024 * 1024, uploads.LARGEST + 1)


class TestTheProgramThatOpens:
    def test_has_no_file_and_no_socket_left(self) -> None:
        code = (
            "import sys, runpy, socket; runpy.run_path(sys.argv[1])['give_away']('jpeg')\n"
            "for do in (lambda: socket.socket(), lambda: open('/etc/hostname'), lambda: bytearray(1 << 30)):\n"
            "    try:\n        do(); print('had')\n"
            "    except (OSError, MemoryError):\n        print('none')\n"
        )
        import subprocess
        import sys

        done = subprocess.run(
            [sys.executable, "-I", "-c", code, str(pictures._PROGRAM)], capture_output=True, text=True,
            check=True,
        )  # fmt: skip

        assert done.stdout.split() == ["none"] * 3

    def test_its_death_refuses_the_file_and_nothing_else(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(pictures, "_PROGRAM", Path("/nowhere/decoder.py"))

        with pytest.raises(uploads.UnpacksTooLarge):
            pictures.taken(sent(picture()))


@pytest.fixture
def work(tenant: int) -> Any:
    by = Actor(tenant_id=tenant, kind="staff", account_id=7, post_id=3, roles=frozenset({"operator"}))
    with scope.work(by):
        yield by


def keep(by: Actor, *, data: bytes = b"", public: bool = False, ends_on: date | None = None) -> StoredFile:
    content = pictures.Content("jpeg", data or with_a_place(), 64, 48)
    purpose = "photo.public" if public else "photo.original"
    wanted = Wanted(content, purpose, OWNER, ends_on, f"{PLANTED}.jpg", is_public=public)
    return files.keep([wanted], tenant_id=by.tenant_id, now=MONDAY_TEN)[0]


def on_disk() -> list[Path]:
    return [p for p in Path(settings.FILES_DIR).rglob("*") if p.is_file()]


class TestTheStore:
    def test_keeps_nothing_readable_and_no_name_that_leads_back(self, work: Actor) -> None:
        row = keep(work)

        (path,) = on_disk()
        assert PLANTED.encode() not in path.read_bytes()
        assert PLANTED not in path.name and row.token not in path.name and row.content_hash not in path.name
        assert path.stat().st_mode & 0o077 == 0
        assert not any(PLANTED.encode() in bytes(v.data) for v in SealedValue.objects.filter(owner_table=FILES))

    @pytest.mark.parametrize("size", [1, vault.CHUNK, vault.CHUNK + 1, 3 * vault.CHUNK])
    def test_gives_back_every_byte(self, work: Actor, size: int) -> None:
        data = os.urandom(size)

        assert open_file(keep(work, data=data), now=MONDAY_TEN) == data

    @pytest.mark.parametrize("how", ["turned", "cut", "put elsewhere", "without its last chunk"])
    def test_opens_nothing_that_was_changed(self, work: Actor, how: str) -> None:
        row, other = keep(work, data=os.urandom(2 * vault.CHUNK)), keep(work, data=b"other")
        path, beside = (
            Path(settings.FILES_DIR) / str(work.tenant_id) / n[:2] / n
            for n in (vault.name_of(r.token, tenant_id=work.tenant_id) for r in (row, other))
        )
        raw = path.read_bytes()
        step = vault.CHUNK + keys.NONCE + keys.TAG
        changed = {"turned": raw[:-1] + bytes([raw[-1] ^ 1]), "cut": raw[:-5], "put elsewhere": beside.read_bytes(),
                   "without its last chunk": raw[: 5 + step]}  # fmt: skip
        path.write_bytes(changed[how])

        with pytest.raises(keys.DoesNotOpen):
            open_file(row, now=MONDAY_TEN)

    def test_strangers_are_shown_what_was_made_for_them_and_nothing_else(self, work: Actor) -> None:
        own, public = keep(work), keep(work, data=b"covered", public=True)

        assert files.shown(public.id, tenant_id=work.tenant_id, now=MONDAY_TEN) == b"covered"
        with pytest.raises(NotFound):
            files.shown(own.id, tenant_id=work.tenant_id, now=MONDAY_TEN)

    def test_another_town_finds_nothing(self, work: Actor, other_tenant: int) -> None:
        row = keep(work, public=True)

        with scope.within(system(other_tenant)), pytest.raises(NotFound):
            files.shown(row.id, tenant_id=other_tenant, now=MONDAY_TEN)

    def test_a_failure_leaves_nothing_behind(self, work: Actor, store: keys.NullKeys) -> None:
        keep(work)
        before = on_disk()
        store.away = True

        with pytest.raises(keys.KeyNotAvailable):
            keep(work)

        assert on_disk() == before

    def test_what_ends_is_gone_with_its_key_at_once_and_its_bytes_after_commit(
        self, work: Actor, django_capture_on_commit_callbacks: Any
    ) -> None:
        row = keep(work)

        with django_capture_on_commit_callbacks(execute=True):
            assert files.end([row.id], tenant_id=work.tenant_id) == 1
            assert len(on_disk()) == 1

        assert on_disk() == []
        assert not SealedValue.objects.filter(owner_table=FILES, owner_row=row.id).exists()

    def test_a_file_without_its_key_is_gone_whatever_lies_on_disk(self, work: Actor) -> None:
        row = keep(work, ends_on=MONDAY_TEN.date())
        sealed.end_due(tenant_id=work.tenant_id, today=MONDAY_TEN.date() + timedelta(days=1))

        with pytest.raises(FileGone):
            open_file(row, now=MONDAY_TEN)

    def test_the_sweep_takes_orphans_and_tells_what_is_missing(self, work: Actor) -> None:
        row, lost = keep(work), keep(work)
        vault.write("ab" * 24, b"x", key=b"k" * 32, suite="a", tenant_id=work.tenant_id)
        vault.remove([vault.name_of(lost.token, tenant_id=work.tenant_id)], tenant_id=work.tenant_id)

        assert files.sweep(tenant_id=work.tenant_id).orphans == 0  # it may belong to a transaction that still runs
        swept = files.sweep(tenant_id=work.tenant_id, older_than=timedelta(0))

        assert swept == files.Swept(1, (lost.id,))
        assert [p.name for p in on_disk()] == [vault.name_of(row.token, tenant_id=work.tenant_id)]

    def test_a_full_disk_takes_nothing_more(self, work: Actor, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(settings, "FILES_FREE", 1.1)

        with pytest.raises(NotAvailableNow):
            keep(work)

        assert on_disk() == []


class TestABackup:
    def test_brings_every_file_back_and_keeps_what_was_ended(self, work: Actor, tmp_path: Path) -> None:
        from config.cli import filekeeping

        data, to = tmp_path / "data", tmp_path / "backup"
        to.mkdir()
        settings.FILES_DIR = data / "files"
        stays, goes = keep(work, data=b"stays"), keep(work, data=b"goes")

        count, _size = filekeeping.keep(data, to)
        vault.note_ended([goes.token], tenant_id=work.tenant_id)
        for path in on_disk():
            path.unlink()
        assert files.missing(tenant_id=work.tenant_id) == [stays.id, goes.id]
        before = filekeeping.bring_back(data, to)

        assert (count, filekeeping.check(to), before is not None) == (2, 2, True)
        assert open_file(stays, now=MONDAY_TEN) == b"stays"
        assert files.missing(tenant_id=work.tenant_id) == []
        assert files.ended(tenant_id=work.tenant_id) == [goes.token]

    @pytest.mark.parametrize("how", ["changed", "missing", "more"])
    def test_that_is_not_whole_is_named(self, how: str, work: Actor, tmp_path: Path) -> None:
        from config.cli import filekeeping

        data, to = tmp_path / "data", tmp_path / "backup"
        to.mkdir()
        settings.FILES_DIR = data / "files"
        keep(work)
        filekeeping.keep(data, to)
        (one,) = [p for p in (to / "files").rglob("*") if p.is_file()]
        if how == "changed":
            one.write_bytes(one.read_bytes() + b"x")
        elif how == "missing":
            one.unlink()
        else:
            one.with_name("ff" * 24).write_bytes(b"x")

        with pytest.raises(filekeeping.FilesNotWhole):
            filekeeping.check(to)

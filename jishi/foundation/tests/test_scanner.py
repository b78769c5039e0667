"""查毒: what a scanner finds is refused, a scanner that is away refuses files and nothing else, none is said."""

import socketserver
import struct
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings

from conftest import MONDAY_TEN
from jishi.foundation import data_keys, files, keys, pictures, scanner, scope, sounds
from jishi.foundation.actor import system
from jishi.foundation.files import Wanted
from jishi.foundation.refusals import NotAvailableNow
from jishi.foundation.scanner import FileInfected
from jishi.foundation.tests import sound_files
from jishi.foundation.tests.test_files import picture
from jishi.foundation.uploads import EmptyFile, FileKindRefused, Sent

PLANTED = b"%PDF-1.4 planted"  # the twin takes these bytes for a virus
PDF = b"%PDF-1.4\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n"


class Clamd(socketserver.ThreadingUnixStreamServer):
    """A small twin of clamd: reads INSTREAM to its end, finds `PLANTED`; or says what it was told to."""

    daemon_threads = True
    says: bytes | None = None
    silent = drips = False

    def __init__(self, at: Path) -> None:
        super().__init__(str(at), Stream)
        self.seen: list[bytes] = []
        self.address = f"unix:{at}"


class Stream(socketserver.StreamRequestHandler):
    server: Clamd

    def handle(self) -> None:
        assert self.rfile.read(10) == b"zINSTREAM\0"
        pieces = []
        while length := struct.unpack("!L", self.rfile.read(4))[0]:
            pieces.append(self.rfile.read(length))
        data = b"".join(pieces)
        self.server.seen.append(data)
        if self.server.silent:
            return
        with suppress(OSError):  # whoever asked has gone
            while self.server.drips:
                self.wfile.write(b"s")
                time.sleep(0.02)
        found = b"stream: Planted-Test FOUND\0" if PLANTED in data else b"stream: OK\0"
        self.wfile.write(self.server.says or found)


@pytest.fixture
def clamd(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Clamd]:
    with Clamd(tmp_path / "c") as twin:
        threading.Thread(target=twin.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        monkeypatch.setattr(settings, "SCANNER", twin.address)
        yield twin
        twin.shutdown()


def sent(data: bytes, name: str = "a.pdf") -> Sent:
    return Sent(name, data, len(data))


class TestLooked:
    def test_without_a_scanner_nothing_is_said_to_be_clean(self, monkeypatch):
        monkeypatch.setattr(settings, "SCANNER", "")

        assert scanner.looked(sent(PLANTED)) is False
        assert pictures.taken(sent(PDF)).scanned is False

    def test_every_byte_reaches_the_scanner_as_it_came(self, clamd):
        data = bytes(range(256)) * 1000  # four pieces

        assert scanner.looked(sent(data)) is True
        assert clamd.seen == [data]

    def test_what_is_found_is_refused_by_its_name_and_nothing_of_it_is_told(self, clamd):
        with pytest.raises(FileInfected) as no:
            scanner.looked(sent(PLANTED + b"x" * 100, "发票.pdf"))

        assert "发票.pdf" in str(no.value)
        assert "Planted-Test" not in str(no.value)

    @pytest.mark.parametrize("says", [b"INSTREAM size limit exceeded. ERROR\0", b"stream: O", b"OK\0", b"PONG\0"])
    def test_an_unclear_answer_is_no_clean_one(self, clamd, says):
        clamd.says = says

        with pytest.raises(NotAvailableNow, match="scanner"):
            scanner.looked(sent(PDF))

    def test_a_scanner_that_hangs_up_or_is_away_refuses_the_file(self, clamd, monkeypatch, tmp_path):
        clamd.silent = True
        with pytest.raises(NotAvailableNow):
            scanner.looked(sent(PDF))
        for nowhere in (f"unix:{tmp_path}/none", "127.0.0.1:1", "no port"):
            monkeypatch.setattr(settings, "SCANNER", nowhere)
            with pytest.raises(NotAvailableNow):
                scanner.looked(sent(PDF))

    def test_one_that_drips_is_left_after_its_time(self, clamd, monkeypatch):
        clamd.drips = True
        monkeypatch.setattr(scanner, "SECONDS", 0.3)

        with pytest.raises(NotAvailableNow):
            scanner.looked(sent(PDF))


class TestEveryKind:
    @pytest.mark.parametrize(
        ("take", "data", "name"),
        [
            (pictures.taken, PDF, "a.pdf"),
            (pictures.taken, picture(), "a.jpg"),
            (sounds.taken, sound_files.wav(), "a.wav"),
        ],
        ids=["pdf", "photo", "recording"],
    )
    def test_is_scanned_before_it_is_kept(self, clamd, take: Any, data: bytes, name: str):
        assert take(sent(data, name)).scanned is True
        assert clamd.seen == [data]

    def test_what_is_no_kind_of_ours_is_refused_without_asking(self, clamd):
        for data, no in ((b"MZ\x90\0" + b"x" * 50, FileKindRefused), (b"", EmptyFile)):
            with pytest.raises(no):
                pictures.taken(sent(data, "a.exe"))

        assert clamd.seen == []


@pytest.mark.django_db
def test_a_kept_file_says_when_it_was_scanned(clamd, tenant: int, tmp_path, monkeypatch):
    monkeypatch.setattr(settings, "FILES_DIR", tmp_path)
    monkeypatch.setattr(settings, "FILES_FREE", 0.0)
    data_keys.forget()
    seen = pictures.taken(sent(PDF))
    monkeypatch.setattr(settings, "SCANNER", "")
    unseen = pictures.taken(sent(PDF))
    with keys.using(keys.NullKeys()), scope.work(system(tenant)):
        wanted = [Wanted(one, "photo.original", ("t", 1), date(2028, 1, 1)) for one in (seen, unseen)]
        kept = files.keep(wanted, tenant_id=tenant, now=MONDAY_TEN)
    data_keys.forget()

    assert [row.scanned_at for row in kept] == [MONDAY_TEN, None]

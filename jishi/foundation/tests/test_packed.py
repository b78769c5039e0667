"""A zip is what its bytes are, not what its directory says of them (spec 90 §9, §19)."""

import io
import struct
import zipfile
import zlib

import pytest

from jishi.foundation import packed
from jishi.foundation.packed import Limits

LIMITS = Limits(unpacked=50_000_000, cells=1_000_000)
PLAIN = {"xl/workbook.xml": b"<workbook/>", "xl/worksheets/sheet1.xml": b'<c r="A1"/><c s="2" r="C9"/>'}


def packing(entries: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        for name, content in entries.items():
            archive.writestr(name, content)
    return out.getvalue()


def saying(content: bytes, size: int, *, checksum: int | None = None) -> bytes:
    """Write another size, and checksum, of the first entry into its header and into the directory."""
    changed = bytearray(content)
    for mark, crc, at in ((b"PK\x03\x04", 14, 22), (b"PK\x01\x02", 16, 24)):
        begin = changed.find(mark)
        changed[begin + at : begin + at + 4] = struct.pack("<I", size)
        if checksum is not None:
            changed[begin + crc : begin + crc + 4] = struct.pack("<I", checksum)
    return bytes(changed)


def test_a_plain_one_is_taken() -> None:
    for method in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        assert packed.fault(packing(PLAIN, method), LIMITS) == ""
    assert packed.is_workbook(packing(PLAIN))


def test_zip_lies_about_its_size(monkeypatch: pytest.MonkeyPatch) -> None:
    """The checksum is that of the part it admits to: a reader that stops there sees no fault, another fills up."""
    real = b"0123456789abcdef" * 400_000
    small = saying(packing({"a.bin": real}), 1000, checksum=zlib.crc32(real[:1000]))
    assert zipfile.ZipFile(io.BytesIO(small)).read("a.bin") == real[:1000]

    looked_at: list[int] = []
    monkeypatch.setattr(packed._Corner, "take", lambda _, piece: looked_at.append(len(piece)))
    assert packed.fault(small, LIMITS) == "lies"
    assert looked_at == [], "unpacking ends where the promise is broken"
    assert packed.fault(saying(packing({"a.bin": b"abc" * 50}), 400), LIMITS) == "lies"
    assert packed.fault(saying(packing({"a.bin": b"abc" * 50}, zipfile.ZIP_STORED), 40), LIMITS) == "lies"


@pytest.mark.parametrize(
    "cell", [b'<c r="XFD1048576"/>', b"<c s='1' r='XFD1048576'>", b'<x:c\n r = "XFD1048576" />'], ids=bytes.decode
)
@pytest.mark.parametrize("where", ["xl/worksheets/sheet1.xml", "xl/elsewhere.xml"])
def test_two_cells_far_apart_are_too_wide_however_they_are_written(cell: bytes, where: str) -> None:
    assert packed.fault(packing({**PLAIN, where: b'<c r="A1"/>' + cell}), LIMITS) == "too_wide"


def test_a_cell_that_is_cut_by_the_end_of_a_piece_is_seen() -> None:
    for shift in range(12):
        sheet = b" " * (packed.PIECE - 6 - shift) + b'<c r="XFD1048576"/>'
        limits = Limits(unpacked=50_000_000, ratio=100_000, cells=1_000_000)
        assert packed.fault(packing({**PLAIN, "xl/a.xml": sheet}), limits) == "too_wide"


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"no zip at all", "no_zip"),
        (b"", "no_zip"),
        (packing({"a": b"0" * 3_000_000}), "too_tight"),
        (packing({str(i): b"" for i in range(2000)}), "too_many"),
        (packing({str(i): bytes(range(256)) * 4000 for i in range(50)}), "too_large"),
        (packing({"a": b"abc"}, zipfile.ZIP_BZIP2), "damaged"),
        (packing({"a": bytes(range(256))}, zipfile.ZIP_STORED)[:40] + packing({"a": b"x"})[30:], "no_zip"),
    ],
    ids=["text", "nothing", "a bomb", "many", "large", "another packing", "cut"],
)
def test_what_is_none_or_too_much_is_named(content: bytes, why: str) -> None:
    limits = Limits(unpacked=40_000_000, ratio=100)
    assert packed.fault(content, limits) in ((why, "damaged", "lies") if why == "no_zip" else (why,))


@pytest.mark.parametrize("other", ["content.xml", "xl/workbook.bin", "CONTENT.XML"])
def test_another_table_in_the_clothes_of_a_workbook_is_none(other: str) -> None:
    assert not packed.is_workbook(packing({**PLAIN, other: b""}))

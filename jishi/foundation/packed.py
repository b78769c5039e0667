"""What a zip really holds, before any reader opens it: sizes are counted, not believed (spec 90 §9).

A directory of a zip is written by its sender. Some readers believe it, others unpack until the stream ends; between
the two lies a file that passes a limit and then fills the memory. Here every stream is unpacked once, in pieces that
are thrown away, and must be as long as its directory says.
"""

import io
import re
import struct
import zipfile
import zlib
from dataclasses import dataclass

PIECE = 1 << 20  # bytes that are unpacked at a time
SMALL = 1_000_000  # bytes below which no ratio is looked at: an empty table packs tight
_LOCAL = 30  # bytes of an entry's own header
# A cell of a sheet, looked for in every entry: a workbook names its sheets as it likes.
_CELL = re.compile(rb"""\sr\s*=\s*["']([A-Z]{1,3})([0-9]{1,7})["']""")
_OTHERS = {"content.xml", "xl/workbook.bin"}  # forms that readers know by their entries, of which we count no cells


@dataclass(frozen=True, slots=True)
class Limits:
    """How much may come out of one archive; `ratio` is unpacked : packed of each entry."""

    unpacked: int
    ratio: int = 100
    entries: int = 1000
    cells: int = 0  # of the rectangle of a sheet of a workbook; 0: not looked at


def is_workbook(content: bytes) -> bool:
    """Tell whether a zip is an .xlsx, and no other table that a reader would take for one."""
    try:
        names = {n.lower() for n in zipfile.ZipFile(io.BytesIO(content)).namelist()}
    except (zipfile.BadZipFile, ValueError, NotImplementedError, struct.error):
        return False
    return "xl/workbook.xml" in names and not names & _OTHERS


def fault(content: bytes, limits: Limits) -> str:
    """Tell what is wrong with a zip: "", "no_zip", "damaged", "locked", "too_many", "too_large", "too_tight", "lies"
    (a stream longer or shorter than its directory says) or "too_wide" (a workbook whose reader would make a rectangle
    of more than `limits.cells`)."""
    try:
        archive = zipfile.ZipFile(io.BytesIO(content))
    except (zipfile.BadZipFile, ValueError, NotImplementedError, struct.error):
        return "no_zip"
    rows = archive.infolist()
    said = sum(i.file_size for i in rows)
    if len(rows) > limits.entries:
        return "too_many"
    if any(i.flag_bits & 1 for i in rows):
        return "locked"
    if said > limits.unpacked:
        return "too_large"
    if any(i.file_size > max(SMALL, limits.ratio * max(i.compress_size, 1)) for i in rows):
        return "too_tight"
    for one in rows:
        if wrong := _fault_of(content, one, limits.cells):
            return wrong
    return ""


def _fault_of(content: bytes, one: zipfile.ZipInfo, cells: int) -> str:
    """Unpack one entry from its own bytes; nothing of it is kept but the corners of a sheet."""
    head = content[one.header_offset : one.header_offset + _LOCAL]
    if len(head) < _LOCAL or head[:4] != b"PK\x03\x04":
        return "damaged"
    name, extra = struct.unpack("<HH", head[26:30])
    begin = one.header_offset + _LOCAL + name + extra
    packed = content[begin : begin + one.compress_size]
    if len(packed) < one.compress_size or one.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        return "damaged"
    corner, size = _Corner(cells), 0
    if one.compress_type == zipfile.ZIP_STORED:
        corner.take(packed)
        return corner.fault or ("" if len(packed) == one.file_size else "lies")
    stream = zlib.decompressobj(-zlib.MAX_WBITS)
    try:
        while packed and not stream.eof:
            piece = stream.decompress(packed, PIECE)
            size += len(piece)
            if size > one.file_size:
                return "lies"
            corner.take(piece)
            if corner.fault:
                return corner.fault
            packed = stream.unconsumed_tail
    except zlib.error:
        return "damaged"
    return "" if stream.eof and size == one.file_size else "lies"


class _Corner:
    """How far the cells of a sheet reach: a reader makes the whole rectangle between the first and the last."""

    def __init__(self, most: int) -> None:
        self.most, self.columns, self.rows, self.fault, self._left = most, 0, 0, "", b""

    def take(self, piece: bytes) -> None:
        """Look at the next bytes; a cell that is cut by their end is looked at with the next."""
        if not self.most:
            return
        piece = self._left + piece
        for letters, row in _CELL.findall(piece):
            self.columns = max(self.columns, _number(letters))
            self.rows = max(self.rows, int(row))
        self._left = piece[-40:]
        if self.columns * self.rows > self.most:
            self.fault = "too_wide"


def _number(letters: bytes) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + letter - 64
    return number

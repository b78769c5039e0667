"""MP4 and M4A with one track of AAC (or Opus): boxes to the last byte, whole or in fragments.

Kept is what a player needs and nothing that could hold words: a box that is unknown inside becomes an empty one of its
length, so that every offset stays right; a known one that is longer than what it says is refused (spec 10 §3, §18).
"""

import struct
from collections.abc import Callable, Iterator, Mapping

from jishi.foundation.sounds.walked import Unsound, Walked, must

TOP = frozenset({b"ftyp", b"moov", b"mdat", b"free", b"skip", b"wide", b"moof", b"mfra", b"sidx", b"styp", b"uuid",
                 b"udta", b"meta"})  # fmt: skip
INTO = frozenset({b"moov", b"trak", b"mdia", b"minf", b"dinf", b"stbl", b"mvex", b"moof", b"traf", b"edts"})
INSIDE = frozenset({b"esds", b"dOps"})  # how a codec is set, behind its name; some 40 bytes
SETTING = 64
FIXED: Mapping[bytes, tuple[int, ...]] = {  # so long, and nothing behind
    b"mvhd": (100, 112), b"tkhd": (84, 96), b"mdhd": (24, 36), b"smhd": (8,), b"mehd": (8, 12), b"trex": (24,),
    b"mfhd": (8,), b"tfdt": (8, 12),
}  # fmt: skip
ROWS: Mapping[bytes, int] = {b"stts": 8, b"stsc": 12, b"stco": 4, b"co64": 8}  # bytes of a row; how many, it says
DATED = frozenset({b"mvhd", b"tkhd", b"mdhd"})  # when it was made and changed, behind their first four bytes
SAID = 24  # bytes of hdlr before its name
BRANDS = 72  # bytes of ftyp at most
DEEPEST = 8


class _Found:
    """What a walk met."""

    def __init__(self, data: bytes) -> None:
        self.out = bytearray(data)
        self.handlers: list[bytes] = []
        self.codecs: list[bytes] = []
        self.scale = self.told = self.lasts = self.usual = self.media = 0
        self.whole = 0  # ms, as the head says


def walk(data: bytes) -> Walked:
    """Walk the boxes. :raises Unsound: pictures, another codec, a box unknown at the top, one cut off or too long."""
    found = _Found(data)
    try:
        _into(data, 0, len(data), found, 0)
    except struct.error:
        raise Unsound from None
    must(found.handlers == [b"soun"] and len(found.codecs) == 1 and found.codecs[0] in (b"mp4a", b"Opus"))
    must(found.scale > 0)
    ms = max(found.told, found.lasts) * 1000 // found.scale
    return Walked(bytes(found.out), max(ms, found.whole), found.media == 0)


def _into(data: bytes, at: int, end: int, found: _Found, depth: int) -> None:
    must(depth < DEEPEST)
    for kind, start, body, close in _boxes(data, at, end):
        must(depth or kind in TOP)
        if kind in INTO:
            _into(data, body, close, found, depth + 1)
        elif kind == b"mdat":
            must(not depth)
            found.media += close - body
        elif kind in _LOOKS:
            _LOOKS[kind](data[body:close], found)
            _kept(kind, data, body, close, found)
        else:
            _blank(found.out, start, body, close)


def _blank(out: bytearray, start: int, body: int, close: int) -> None:
    """Put an empty box in its place, as long as it was."""
    out[start + 4 : start + 8] = b"free"
    out[body:close] = bytes(close - body)


def _kept(kind: bytes, data: bytes, body: int, close: int, found: _Found) -> None:
    """Leave of a known box what it is for. :raises Unsound: it is longer than what it says."""
    size = close - body
    must(kind not in FIXED or size in FIXED[kind])
    must(kind not in ROWS or size == 8 + ROWS[kind] * struct.unpack_from(">I", data, body + 4)[0])
    if kind in DATED:
        found.out[body + 4 : body + (20 if data[body] == 1 else 12)] = bytes(16 if data[body] == 1 else 8)
    elif kind == b"hdlr":
        must(size >= SAID)
        found.out[body + SAID : close] = bytes(size - SAID)
    elif kind == b"stsd":
        must(not struct.unpack_from(">H", data, body + 24)[0])  # the longer forms are QuickTime's own
        for inside, start, inner, end in _boxes(data, body + 44, close):
            if inside not in INSIDE:
                _blank(found.out, start, inner, end)
            must(inside not in INSIDE or end - inner <= SETTING)


def _boxes(data: bytes, at: int, end: int) -> Iterator[tuple[bytes, int, int, int]]:
    while at < end:
        must(at + 8 <= end)
        size, kind = struct.unpack_from(">I4s", data, at)
        body = at + 8
        if size == 1:
            must(at + 16 <= end)
            size, body = struct.unpack_from(">Q", data, at + 8)[0], at + 16
        must(body - at <= size <= end - at)
        yield kind, at, body, at + size
        at += size


def _length(body: bytes) -> tuple[int, int]:
    """Give time scale and length of mvhd and mdhd; a length that nobody knew is none."""
    scale, told = struct.unpack_from(">IQ" if body[0] == 1 else ">II", body, 20 if body[0] == 1 else 12)
    return scale, 0 if told in (0xFFFFFFFF, 0xFFFFFFFFFFFFFFFF) else told


def _media(body: bytes, found: _Found) -> None:
    found.scale, found.told = _length(body)


def _film(body: bytes, found: _Found) -> None:
    scale, told = _length(body)
    found.whole = told * 1000 // scale if scale else 0


def _handler(body: bytes, found: _Found) -> None:
    found.handlers.append(body[8:12])


def _codec(body: bytes, found: _Found) -> None:
    rows, size = struct.unpack_from(">II", body, 4)
    must(rows == 1 and size + 8 == len(body))
    found.codecs.append(body[12:16])


def _times(body: bytes, found: _Found) -> None:
    must(len(body) % 8 == 0)
    found.lasts += sum(n * each for n, each in struct.iter_unpack(">II", body[8:]))


def _usual(body: bytes, found: _Found) -> None:
    found.usual = struct.unpack_from(">I", body, 12)[0]


def _piece(body: bytes, found: _Found) -> None:
    flags = int.from_bytes(body[1:4], "big")
    must(len(body) == 8 + sum(n for bit, n in ((1, 8), (2, 4), (8, 4), (16, 4), (32, 4)) if flags & bit))
    if flags & 0x8:
        skipped = 8 + (8 if flags & 1 else 0) + (4 if flags & 2 else 0)
        found.usual = struct.unpack_from(">I", body, skipped)[0]


def _run(body: bytes, found: _Found) -> None:
    flags, count = int.from_bytes(body[1:4], "big"), struct.unpack_from(">I", body, 4)[0]
    at = 8 + (4 if flags & 1 else 0) + (4 if flags & 4 else 0)
    width = 4 * sum(1 for bit in (0x100, 0x200, 0x400, 0x800) if flags & bit)
    must(count <= 100_000 and at + width * count == len(body))
    if flags & 0x100:
        found.lasts += sum(struct.unpack_from(">I", body, at + width * i)[0] for i in range(count))
    else:
        found.lasts += found.usual * count


def _brands(body: bytes, found: _Found) -> None:
    must(len(body) <= BRANDS and len(body) % 4 == 0)


def _sizes(body: bytes, found: _Found) -> None:
    each, count = struct.unpack_from(">II", body, 4)
    must(len(body) == 12 + (0 if each else 4 * count))


def _cuts(body: bytes, found: _Found) -> None:
    must(len(body) == 8 + (20 if body[0] == 1 else 12) * struct.unpack_from(">I", body, 4)[0])


def _sources(body: bytes, found: _Found) -> None:
    """The sound is in this very file and nowhere else."""
    rows, size, kind, flags = struct.unpack_from(">II4sI", body, 4)
    must(rows == 1 and size + 8 == len(body) and kind in (b"url ", b"alis") and flags == 1)
    must(size == 12 or body[20:] == b"\0")  # some browsers end an address that is none


def _plain(body: bytes, found: _Found) -> None:
    """Nothing to learn from it; how long it may be stands in `FIXED` or `ROWS`."""


def _never(body: bytes, found: _Found) -> None:
    raise Unsound  # without it nothing plays, with it nothing is measured


_LOOKS: Mapping[bytes, Callable[[bytes, _Found], None]] = {
    b"mdhd": _media, b"mvhd": _film, b"hdlr": _handler, b"stsd": _codec, b"stts": _times, b"trex": _usual,
    b"tfhd": _piece, b"trun": _run, b"ftyp": _brands, b"styp": _brands, b"stsz": _sizes, b"elst": _cuts,
    b"dref": _sources, b"tkhd": _plain, b"smhd": _plain, b"stsc": _plain, b"stco": _plain, b"co64": _plain,
    b"mehd": _plain, b"mfhd": _plain, b"tfdt": _plain, b"stz2": _never,
}  # fmt: skip

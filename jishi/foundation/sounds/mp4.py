"""MP4 and M4A with one track of AAC (or Opus): boxes to the last byte, whole or in fragments; titles are blanked."""

import struct
from collections.abc import Callable, Iterator, Mapping

from jishi.foundation.sounds.walked import Unsound, Walked, must

TOP = frozenset({b"ftyp", b"moov", b"mdat", b"free", b"skip", b"wide", b"moof", b"mfra", b"sidx", b"styp", b"uuid",
                 b"udta", b"meta"})  # fmt: skip
INTO = frozenset({b"moov", b"trak", b"mdia", b"minf", b"stbl", b"mvex", b"moof", b"traf", b"edts"})
WORDS = frozenset({b"udta", b"meta", b"uuid", b"free", b"skip", b"wide"})  # titles, places, whatever hides there
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
    """Walk the boxes. :raises Unsound: pictures, another codec, a box unknown here, or one cut off."""
    found = _Found(data)
    _into(data, 0, len(data), found, 0)
    must(found.handlers == [b"soun"] and len(found.codecs) == 1 and found.codecs[0] in (b"mp4a", b"Opus"))
    must(found.scale > 0)
    ms = max(found.told, found.lasts) * 1000 // found.scale
    return Walked(bytes(found.out), max(ms, found.whole), found.media == 0)


def _into(data: bytes, at: int, end: int, found: _Found, depth: int) -> None:
    must(depth < DEEPEST)
    for kind, start, body, close in _boxes(data, at, end):
        if depth == 0:
            must(kind in TOP)
        if kind in WORDS:
            found.out[start + 4 : start + 8] = b"free"
            found.out[body:close] = bytes(close - body)
        elif kind in INTO:
            _into(data, body, close, found, depth + 1)
        elif kind == b"mdat":
            found.media += close - body
        else:
            _look(kind, data[body:close], found)


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


def _look(kind: bytes, body: bytes, found: _Found) -> None:
    look = _LOOKS.get(kind)
    try:
        if look is not None:
            look(body, found)
    except struct.error:
        raise Unsound from None


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
    must(struct.unpack_from(">I", body, 4)[0] == 1)
    found.codecs.append(body[12:16])


def _times(body: bytes, found: _Found) -> None:
    rows = struct.unpack_from(">I", body, 4)[0]
    must(8 + 8 * rows == len(body))
    found.lasts += sum(n * each for n, each in struct.iter_unpack(">II", body[8:]))


def _usual(body: bytes, found: _Found) -> None:
    found.usual = struct.unpack_from(">I", body, 12)[0]


def _piece(body: bytes, found: _Found) -> None:
    flags = int.from_bytes(body[1:4], "big")
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


_LOOKS: Mapping[bytes, Callable[[bytes, _Found], None]] = {
    b"mdhd": _media, b"mvhd": _film, b"hdlr": _handler, b"stsd": _codec, b"stts": _times, b"trex": _usual,
    b"tfhd": _piece, b"trun": _run,
}  # fmt: skip

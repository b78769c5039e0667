"""Ogg with one stream of Opus: page after page; the page of titles is blanked and summed anew."""

import struct
import zlib

from jishi.foundation.sounds.opus import QUIET, microseconds
from jishi.foundation.sounds.walked import Unsound, Walked, must


def walk(data: bytes) -> Walked:
    """Walk the pages. :raises Unsound: another stream, another codec, a page missing, one that is not what was summed,
    or something between pages."""
    out, at, count, serial, last, heard, packets = bytearray(data), 0, 0, None, 0, False, 0
    skip = sounded = 0
    while at < len(data):
        must(data[at : at + 5] == b"OggS\0" and at + 27 <= len(data))
        granule, stream, number = struct.unpack_from("<qII", data, at + 6)
        pieces = data[at + 27 : at + 27 + data[at + 26]]
        start = at + 27 + len(pieces)
        end = start + sum(pieces)
        must(len(pieces) == data[at + 26] and end <= len(data))
        serial = stream if serial is None else serial
        must(stream == serial and number == count)
        must(struct.unpack_from("<I", data, at + 22)[0] == crc(data[at : at + 22] + bytes(4) + data[at + 26 : end]))
        body = data[start:end]
        if count == 0:
            must(body[:8] == b"OpusHead" and len(body) == 19 and body[9] in (1, 2) and not body[18])
            skip = struct.unpack_from("<H", body, 10)[0]
        elif count == 1:
            must(body[:8] == b"OpusTags" and pieces and pieces[-1] < 255)
            _blank(out, at, start, end)
        else:
            sizes = _packets(pieces)
            packets += len(sizes)
            sounded += _sounded(body, sizes, continued=bool(data[at + 5] & 1))
            heard = heard or any(size > QUIET for size in sizes)
            last = max(last, granule)
        at, count = end, count + 1
    must(count >= 2)
    ms = max(max(0, last - skip) // 48, sounded // 1000 - skip // 48)
    return Walked(bytes(out), ms, packets == 0 or not heard)


def _sounded(body: bytes, sizes: list[int], *, continued: bool) -> int:
    """Microseconds of the packets that begin on a page."""
    total = at = 0
    for i, size in enumerate(sizes):
        if i or not continued:
            total += microseconds(body[at : at + min(size, 2)])
        at += size
    return total


def _packets(pieces: bytes) -> list[int]:
    sizes, size = [], 0
    for piece in pieces:
        size += piece
        if piece < 255:
            sizes.append(size)
            size = 0
    return sizes + [size] if size else sizes


def _blank(out: bytearray, at: int, start: int, end: int) -> None:
    """Leave of the titles their length: no maker, no comment, zeros."""
    if end - start < 16:
        raise Unsound
    out[start:end] = b"OpusTags" + bytes(end - start - 8)
    out[at + 22 : at + 26] = bytes(4)
    out[at + 22 : at + 26] = struct.pack("<I", crc(bytes(out[at:end])))


def crc(page: bytes) -> int:
    """Sum a page as RFC 3533 §6 says: 0x04C11DB7, nothing turned around.

    >>> hex(crc(b"OggS"))
    '0x5fb0a94f'
    """
    return _turned(zlib.crc32(page.translate(_TURNED), 0xFFFFFFFF) ^ 0xFFFFFFFF, 32)


def _turned(value: int, bits: int) -> int:
    return int(f"{value:0{bits}b}"[::-1], 2)


_TURNED = bytes(_turned(i, 8) for i in range(256))  # the sum of zlib reads each byte from its other end

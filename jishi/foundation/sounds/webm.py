"""WebM and Matroska with one track of Opus, as browsers record it: elements to the last byte, also of unknown size.

Kept is what a player needs: numbers, the track, the sound. Indexes and sums are blanked with the titles: they hold
bytes of their sender's choice, and no player of a recording needs them (spec 10 §3, §18).
"""

from collections.abc import Callable, Iterator, Mapping

from jishi.foundation.sounds.opus import QUIET, microseconds
from jishi.foundation.sounds.walked import Unsound, Walked, must

EBML, SEGMENT, CLUSTER, GROUP = 0x1A45DFA3, 0x18538067, 0x1F43B675, 0xA0
INFO, TRACKS, ENTRY, VOID = 0x1549A966, 0x1654AE6B, 0xAE, 0xEC
DOC, SCALE, TYPE, CODEC, TIME, SIMPLE, BLOCK = 0x4282, 0x2AD7B1, 0x83, 0x86, 0xE7, 0xA3, 0xA1
OPEN = (SEGMENT, CLUSTER, GROUP)  # walked into; their size may be unknown while somebody records
PLAIN = frozenset({0x9B, 0xFB, 0x75A2, 0xA7, 0xAB})  # numbers of a cluster: kept, of eight bytes at most
BLANKED = frozenset({0x1254C367, 0x1941A469, 0x1043A770, 0x114D9B74, 0x1C53BB6B, 0x75A1, 0xBF, VOID})
HEAD = frozenset({0x4286, 0x42F7, 0x42F2, 0x42F3, DOC, 0x4287, 0x4285})  # versions, lengths, the name of the form
TIMES = frozenset({SCALE, 0x4489})
NUMBER, CHANNELS, PRIVATE = 0xD7, 0xE1, 0x63A2
TRACK = frozenset({NUMBER, 0x73C5, TYPE, CODEC, 0x56AA, 0x56BB, 0x88, 0xB9, 0x55AA, 0x9C, 0x6DE7, 0x23E383, 0x22B59C})
HEARD = frozenset({0xB5, 0x78B5, 0x9F, 0x6264})  # rate, channels, depth
ENDLESS, LONGEST_BLOCK = b"\x01" + b"\xff" * 7, 4096
LONGEST = 8  # bytes of a number or of a short name
MOST = 200_000  # elements; two minutes have some 6,000


class _Found:
    """What a walk met."""

    def __init__(self, data: bytes) -> None:
        self.data, self.out = data, bytearray(data)
        self.base = self.ends = self.tracks = self.sounded = self.number = self.inside = 0
        self.scale, self.heard = 1_000_000, False

    def counted(self) -> None:
        """Count an element inside another. :raises Unsound: more than a recording has, however they are shared out."""
        self.inside += 1
        must(self.inside < MOST)


def walk(data: bytes) -> Walked:
    """Walk the elements. :raises Unsound: a picture track, another codec, an element unknown here, or one cut off.

    What a device kept while it recorded ends amid a block of a cluster without an end: that block alone is left out.
    """
    whole = _whole(data)
    data = data[:whole]
    found = _Found(data)
    for number, (code, start, body, end) in enumerate(_elements(data, 0, len(data), OPEN)):
        must((number > 0) != (code == EBML))
        if code in _LOOKS:
            _LOOKS[code](found, body, end)
        elif code in BLANKED:
            _blank(found.out, start, end)
        else:
            must(code in OPEN or code in PLAIN and end - body <= LONGEST)
    must(found.tracks == 1)
    return Walked(bytes(found.out), max(found.ends * found.scale // 1_000_000, found.sounded // 1000), not found.heard)


def _whole(data: bytes) -> int:
    """Give where the last element ends, or the last block before one that is cut off."""
    last, live, blocks = 0, False, 0
    try:
        for code, start, body, end in _elements(data, 0, len(data), OPEN):
            live = code == CLUSTER and data[body - 8 : body] == ENDLESS or live and code != CLUSTER
            last, blocks = end, blocks + (code == SIMPLE)
            must(start < body)
    except (Unsound, IndexError):
        rest = data[last:]
        must(live and blocks and (rest[0] == SIMPLE or len(rest) < 4) and len(rest) < LONGEST_BLOCK)
    return last


def _head(found: _Found, body: int, end: int) -> None:
    inside = _leave(found, body, end, HEAD)
    must(inside.get(DOC, b"").rstrip(b"\0") in (b"webm", b"matroska"))


def _info(found: _Found, body: int, end: int) -> None:
    found.scale = _number(_leave(found, body, end, TIMES).get(SCALE, b"\x0f\x42\x40"))
    must(10_000 <= found.scale <= 100_000_000)


def _leave(found: _Found, body: int, end: int, known: frozenset[int]) -> dict[int, bytes]:
    """Blank whatever is not known here, and give the rest. :raises Unsound: a known one longer than it needs."""
    said = {}
    for code, start, inner, close in _elements(found.data, body, end):
        found.counted()
        if code not in known:
            _blank(found.out, start, close)
            continue
        said[code] = found.data[inner:close]
        must(code in (CHANNELS, PRIVATE) or close - inner <= LONGEST)
        if code == CHANNELS:
            _leave(found, inner, close, HEARD)
    return said


def _time(found: _Found, body: int, end: int) -> None:
    found.base = _number(found.data[body:end])


def _block(found: _Found, body: int, end: int) -> None:
    must(end - body > 4 and found.tracks == 1 and found.data[body] == 0x80 | found.number)
    must(not found.data[body + 3] & 6)  # several packets in one block are measured as one
    moment = found.base + int.from_bytes(found.data[body + 1 : body + 3], "big", signed=True)
    found.ends, found.heard = max(found.ends, moment), found.heard or end - body - 4 > QUIET
    found.sounded += microseconds(found.data[body + 4 : min(end, body + 6)])


def _tracks(found: _Found, body: int, end: int) -> None:
    for code, start, inner, close in _elements(found.data, body, end):
        found.counted()
        if code != ENTRY:
            must(code in (VOID, 0xBF))
            _blank(found.out, start, close)
            continue
        said = _leave(found, inner, close, TRACK | {CHANNELS, PRIVATE})
        must(_number(said.get(TYPE, b"")) == 2 and said.get(CODEC, b"").rstrip(b"\0") == b"A_OPUS")
        private = said.get(PRIVATE, b"")
        must(not private or (len(private) == 19 and private[:8] == b"OpusHead"))
        found.number = _number(said.get(NUMBER, b"\0"))
        must(0 < found.number < 127)
        found.tracks += 1


_LOOKS: Mapping[int, Callable[[_Found, int, int], None]] = {
    EBML: _head, INFO: _info, TRACKS: _tracks, TIME: _time, SIMPLE: _block, BLOCK: _block,
}  # fmt: skip


def _elements(
    data: bytes, at: int, end: int, into: tuple[int, ...] = ()
) -> Iterator[tuple[int, int, int, int]]:
    """Give (code, start, body, end) of each element, after one another; those of `into` are entered.

    :raises Unsound: cut off, or more of them than a recording has: nobody's bytes cost more than they are worth.
    """
    seen = 0
    while at < end:
        start, seen = at, seen + 1
        must(seen < MOST)
        code, at, _ = _variable(data, at, end, marked=True)
        size, at, unknown = _variable(data, at, end, marked=False)
        close = at if code in into else at + size
        must(close <= end and (code in into or not unknown) and (unknown or at + size <= end))
        yield code, start, at, close
        at = close


def _variable(data: bytes, at: int, end: int, *, marked: bool) -> tuple[int, int, bool]:
    must(at < end and data[at])
    length = 9 - data[at].bit_length()
    must(at + length <= end and (length <= 4 or not marked))
    raw = int.from_bytes(data[at : at + length], "big")
    value = raw if marked else raw & (1 << 7 * length) - 1
    return value, at + length, value == (1 << 7 * length) - 1


def _number(raw: bytes) -> int:
    must(len(raw) <= 8)
    return int.from_bytes(raw, "big")


def _blank(out: bytearray, start: int, end: int) -> None:
    """Put an element of nothing in its place, as long as it was."""
    size = end - start
    long = (1 << 56 | size - 9).to_bytes(8, "big") if size > 128 else b""
    head = bytes((VOID,)) + (long or bytes((0x80 | size - 2,)))
    out[start:end] = head + bytes(size - len(head))

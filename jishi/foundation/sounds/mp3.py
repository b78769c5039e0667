"""MP3: frame after frame to the last byte. What stands before or behind as ID3 is left out."""

from jishi.foundation.sounds.walked import Walked, must

_RATES = {3: (44100, 48000, 32000), 2: (22050, 24000, 16000), 0: (11025, 12000, 8000)}
_KBIT_1 = (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320)
_KBIT_2 = (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160)


def is_frame(head: bytes) -> bool:
    """Tell whether these four bytes begin a frame of layer III."""
    if len(head) < 4 or head[0] != 0xFF or head[1] & 0xE6 != 0xE2:
        return False
    return head[1] >> 3 & 3 != 1 and 0 < head[2] >> 4 < 15 and head[2] >> 2 & 3 != 3


def walk(data: bytes) -> Walked:
    """Walk the frames. :raises Unsound: something else stands in it, or the last one is cut off by more than itself."""
    at, end = 0, len(data)
    while data[at : at + 3] == b"ID3":
        must(at + 10 <= end and not any(b & 0x80 for b in data[at + 6 : at + 10]))
        size = 0
        for byte in data[at + 6 : at + 10]:
            size = size << 7 | byte
        at += 10 + size + (10 if data[at + 5] & 0x10 else 0)
    if end - at >= 128 and data[end - 128 : end - 125] == b"TAG":
        end -= 128
    first, frames, micros = at, 0, 0
    while at < end:
        must(is_frame(data[at : at + 4]))
        version = data[at + 1] >> 3 & 3
        rate = _RATES[version][data[at + 2] >> 2 & 3]
        kbit = (_KBIT_1 if version == 3 else _KBIT_2)[data[at + 2] >> 4]
        size = (144_000 if version == 3 else 72_000) * kbit // rate + (data[at + 2] >> 1 & 1)
        frames, micros = frames + 1, micros + (1152 if version == 3 else 576) * 1_000_000 // rate
        at += size
    must(frames and at == end)
    return Walked(data[first:end], micros // 1000)

"""WAV: 16-bit PCM, one or two channels. Kept are its format and its samples; every other chunk is left out."""

import struct
import sys
from array import array

from jishi.foundation.sounds.walked import Walked, must

FAINT = 33  # of 32,768: −60 dB; below it nobody is heard


def walk(data: bytes) -> Walked:
    """Walk the chunks. :raises Unsound: not whole, not PCM of 16 bits, or more stands behind it."""
    must(len(data) >= 12 and struct.unpack_from("<I", data, 4)[0] + 8 == len(data))
    form, samples, at = b"", b"", 12
    while at < len(data):
        must(at + 8 <= len(data))
        name, size = data[at : at + 4], struct.unpack_from("<I", data, at + 4)[0]
        must(at + 8 + size <= len(data))
        body = data[at + 8 : at + 8 + size]
        if name == b"fmt ":
            must(not form and size >= 16)
            form = body[:16]
        elif name == b"data":
            must(form and not samples)
            samples = body
        at += 8 + size + size % 2
    must(form and at == len(data))
    coding, channels, rate, _bytes, align, bits = struct.unpack("<HHIIHH", form)
    must(coding == 1 and bits == 16 and channels in (1, 2) and align == 2 * channels and 4_000 <= rate <= 192_000)
    samples = samples[: len(samples) - len(samples) % align]
    heard = array("h", samples)
    if sys.byteorder == "big":
        heard.byteswap()
    silent = not heard or max(max(heard), -min(heard)) < FAINT
    form = struct.pack("<HHIIHH", 1, channels, rate, rate * align, align, 16)
    body = b"WAVEfmt " + struct.pack("<I", 16) + form + b"data" + struct.pack("<I", len(samples)) + samples
    return Walked(b"RIFF" + struct.pack("<I", len(body)) + body, len(samples) // align * 1000 // rate, silent)

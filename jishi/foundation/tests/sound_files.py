"""Recordings made here, byte by byte: a tone in each container that is taken."""

import math
import struct

from jishi.foundation.sounds.ogg import crc

PLANTED = b"13800138000"


def wav(seconds: float = 2.0, *, loud: int = 8000, rate: int = 8000, more: bytes = b"") -> bytes:
    count = int(seconds * rate)
    samples = struct.pack(f"<{count}h", *(int(loud * math.sin(i / 3)) for i in range(count)))
    form = struct.pack("<HHIIHH", 1, 1, rate, rate * 2, 2, 16)
    body = b"WAVEfmt " + struct.pack("<I", 16) + form + more + b"data" + struct.pack("<I", len(samples)) + samples
    return b"RIFF" + struct.pack("<I", len(body)) + body


def page(body: bytes, *, granule: int, number: int, serial: int = 7, packets: int = 1, flag: int = 0) -> bytes:
    size = len(body) // packets
    pieces = bytes(([255] * (size // 255) + [size % 255]) * packets)
    head = b"OggS\0" + bytes((flag,)) + struct.pack("<qIII", granule, serial, number, 0)
    whole = head + bytes((len(pieces),)) + pieces + body
    return whole[:22] + struct.pack("<I", crc(whole)) + whole[26:]


def ogg(seconds: float = 2.0, *, packet: int = 40, serial: int = 7, told: float | None = None) -> bytes:
    head = b"OpusHead" + struct.pack("<BBHIhB", 1, 1, 312, 48000, 0, 0)
    tags = b"OpusTags" + struct.pack("<I", len(PLANTED)) + PLANTED + struct.pack("<I", 0)
    out = [page(head, granule=0, number=0, flag=2), page(tags, granule=0, number=1)]
    for i in range(math.ceil(seconds)):
        granule = int(min(seconds if told is None else told, i + 1) * 48000) + 312
        out.append(page(b"\x08" * packet * 50, granule=granule, number=i + 2, packets=50, serial=serial))
    return b"".join(out)


def element(code: int, body: bytes, *, unknown: bool = False) -> bytes:
    name = code.to_bytes((code.bit_length() + 7) // 8, "big")
    return name + (b"\x01" + b"\xff" * 7 if unknown else (1 << 56 | len(body)).to_bytes(8, "big")) + body


def webm(
    seconds: float = 2.0, *, packet: int = 40, kind: int = 2, codec: bytes = b"A_OPUS", told: float | None = None,
    more: bytes = b"", track: bytes = b"", head: bytes = b"", lacing: int = 0,
) -> bytes:  # fmt: skip
    info = element(0x2AD7B1, (1_000_000).to_bytes(3, "big")) + element(0x4D80, PLANTED) + element(0x5741, b"Chrome")
    entry = element(0xD7, b"\1") + element(0x83, bytes((kind,))) + element(0x86, codec) + track
    whole = element(0x1549A966, info) + element(0x1654AE6B, element(0xAE, entry)) + more
    for at in range(0, int(seconds * 1000) + 1, 1000):
        blocks = element(0xE7, (at if told is None else min(at, int(told * 1000))).to_bytes(4, "big"))
        for late in range(0, min(1000, int(seconds * 1000) - at), 20):
            flags = bytes((0x80 | lacing,))
            blocks += element(0xA3, b"\x81" + late.to_bytes(2, "big") + flags + b"\x08" * packet)
        whole += element(0x1F43B675, blocks, unknown=True)
    return element(0x1A45DFA3, element(0x4282, b"webm") + head) + element(0x18538067, whole, unknown=True)


def box(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body) + 8) + kind + body


def m4a(seconds: float = 2.0, *, told: float | None = None, handler: bytes = b"soun", pieces: bool = False,
        codec: bytes = b"mp4a", name: bytes = b"", more: bytes = b"", setting: bytes = b"", made: bytes = bytes(8),
        source: bytes = b"\0\0\0\x0curl \0\0\0\1", behind: bytes = b"") -> bytes:  # fmt: skip
    samples, rate = int(seconds * 48000) // 1024, 48000
    said = int((seconds if told is None else told) * rate)
    mdhd = box(b"mdhd", bytes(4) + made + struct.pack(">II", rate, 0 if pieces else said) + bytes(4) + behind)
    stts = struct.pack(">II", 0, 0) if pieces else struct.pack(">IIII", 0, 1, samples, 1024)
    entry = codec + bytes(28) + setting
    table = box(b"stsd", struct.pack(">II", 0, 1) + struct.pack(">I", len(entry) + 4) + entry) + box(b"stts", stts)
    minf = box(b"dinf", box(b"dref", struct.pack(">II", 0, 1) + source)) + box(b"stbl", table + more)
    track = mdhd + box(b"hdlr", bytes(8) + handler + bytes(12) + name) + box(b"minf", minf)
    film = box(b"mvhd", bytes(4) + made + struct.pack(">II", 1000, 0 if pieces else said // 48) + bytes(80))
    trex = box(b"mvex", box(b"trex", struct.pack(">IIIIII", 0, 1, 1, 1024, 0, 0))) if pieces else b""
    film += box(b"trak", box(b"mdia", track)) + trex + box(b"udta", PLANTED)
    out = box(b"ftyp", b"M4A \0\0\0\0") + box(b"moov", film)
    if pieces:
        run = box(b"trun", struct.pack(">III", 0x1, samples, 0))
        out += box(b"moof", box(b"traf", box(b"tfhd", struct.pack(">II", 0, 1)) + run))
    return out + box(b"mdat", b"\1" * 8 * samples)


def mp3(seconds: float = 2.0) -> bytes:
    frame = b"\xff\xfb\x90\x00" + bytes(413)  # 128 kbit/s, 44,100 Hz: 417 bytes, 26 ms
    tag = b"ID3\4\0\0" + bytes((0, 0, 0, len(PLANTED))) + PLANTED
    return tag + frame * int(seconds * 44100 / 1152) + b"TAG" + PLANTED.ljust(125, b"\0")


ALL = {"wav": wav, "ogg": ogg, "webm": webm, "m4a": m4a, "mp3": mp3}

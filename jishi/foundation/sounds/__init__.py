"""Recordings from strangers: their kind by content alone, their length from the container, nothing else inside.

A recording is walked from its first byte to its last: what stands before, between or behind is refused, so that no
file is two files (spec 10 §18). Nothing is decoded and no name is believed. Titles, places and the name of the program
inside are blanked in their place, as a photo loses its EXIF (spec 10 §3).
"""

from dataclasses import dataclass, field

from jishi.foundation import scanner
from jishi.foundation.refusals import Refused
from jishi.foundation.sounds import mp3, mp4, ogg, wav, webm
from jishi.foundation.sounds.walked import Unsound, Walked
from jishi.foundation.uploads import (
    LARGEST,
    EmptyFile,
    FileDamaged,
    FileKindRefused,
    FileTooLarge,
    Sent,
    kind_of,
    plain_name,
)

SECONDS = 120  # spec 10 §3
SHORTEST = 500  # ms: less is a press, nobody spoke
SLACK = 1_000  # ms: a phone stops a little late
MIMES = {
    "ogg": "audio/ogg", "webm": "audio/webm", "m4a": "audio/mp4", "wav": "audio/wav", "mp3": "audio/mpeg",
}  # fmt: skip
_WALKS = {"ogg": ogg.walk, "webm": webm.walk, "m4a": mp4.walk, "wav": wav.walk, "mp3": mp3.walk}
_HINT = ("请传录音：M4A、MP3、WAV、Ogg 或者 WebM。", "Send a recording: M4A, MP3, WAV, Ogg or WebM.")


class RecordingTooLong(Refused):
    code, status = "recording_too_long", 422
    zh, en = "“{name}”有 {seconds} 秒，最多 {limit} 秒。", "“{name}” lasts {seconds} seconds; the limit is {limit}."
    next_zh, next_en = "拣要紧的再录一遍，或者写下来。", "Record the main point once more, or write it down."


@dataclass(frozen=True, slots=True)
class Sound:
    """A recording that may be kept: its kind, its bytes without titles, how long it is, whether anything sounds."""

    kind: str
    data: bytes = field(repr=False)
    ms: int
    silent: bool
    width: int = 0  # as a picture's, for the file store
    height: int = 0
    scanned: bool = False


def taken(given: Sent) -> Sound:
    """Give a sent recording as it may be kept.

    :raises FileTooLarge, EmptyFile: its size. :raises FileKindRefused: no kind that is taken, whatever its name says.
    :raises FileDamaged: cut off, or something else stands in it. :raises RecordingTooLong: over 120 seconds.
    :raises FileInfected: it holds a virus.
    """
    called = plain_name(given.name or "录音")
    if given.size > LARGEST:
        raise FileTooLarge(name=called, size=f"{given.size / 2**20:.1f}", limit=LARGEST >> 20)
    if not given.data:
        raise EmptyFile(name=called)
    kind = sound_of(given.data[:64])
    if not kind:
        other = kind_of(given.data[:1100])
        raise FileKindRefused(
            name=called, kind_zh=other.zh, kind_en=other.en, hint_zh=_HINT[0], hint_en=_HINT[1]
        )
    try:
        walked: Walked = _WALKS[kind](given.data)
    except (Unsound, IndexError):
        raise FileDamaged(name=called) from None
    if walked.ms > SECONDS * 1000 + SLACK:
        raise RecordingTooLong(name=called, seconds=-(-walked.ms // 1000), limit=SECONDS)
    silent = walked.silent or walked.ms < SHORTEST
    return Sound(kind, walked.data, walked.ms, silent, scanned=scanner.looked(given))


def sound_of(head: bytes) -> str:
    """Tell the kind of a recording by its first bytes; empty: none that is taken.

    >>> sound_of(b"OggS"), sound_of(b"RIFF\\0\\0\\0\\0WAVE"), sound_of(b"RIFF\\0\\0\\0\\0WEBP")
    ('ogg', 'wav', '')
    """
    if head.startswith(b"OggS"):
        return "ogg"
    if head[:4] == b"RIFF" and head[8:12] == b"WAVE":
        return "wav"
    if head.startswith(b"\x1aE\xdf\xa3"):
        return "webm"
    if head[4:8] == b"ftyp":
        return "m4a" if kind_of(head).code == "video" else ""
    if head.startswith(b"ID3") or mp3.is_frame(head[:4]):
        return "mp3"
    return ""

"""Frames between a warden and its child: one letter, a length, the content."""

import struct
from typing import BinaryIO

ASK, ANSWER, NO = b"?", b"=", b"!"
HEAD = struct.Struct("<cQ")


class Ended(Exception):
    """The other side is gone."""


def send(out: BinaryIO, kind: bytes, content: bytes) -> None:
    """This will write one frame.

    :raises Ended: if nobody reads any more.
    """
    try:
        out.write(HEAD.pack(kind, len(content)))
        out.write(content)
        out.flush()
    except (OSError, ValueError) as no:
        raise Ended from no


def receive(source: BinaryIO) -> tuple[bytes, bytes]:
    """This will read one frame.

    :raises Ended: if it is cut short.
    """
    try:
        kind, length = HEAD.unpack(_exactly(source, HEAD.size))
        return kind, _exactly(source, length)
    except (OSError, ValueError) as no:
        raise Ended from no


def _exactly(source: BinaryIO, length: int) -> bytes:
    content = source.read(length)
    if len(content) < length:
        raise Ended
    return content

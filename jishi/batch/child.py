"""The process in which tasks are worked out, one after the other: `python -m jishi.batch.child`, by a warden alone.

What a function prints goes to the error stream: the other one carries frames.
"""

import os
import pickle
import sys
from typing import BinaryIO

from . import editions, wire
from .values import Function


def main() -> None:
    """Answer until nobody asks any more."""
    source = sys.stdin.buffer
    out = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    try:
        function = _greet(source, out)
        while function is not None:
            _, given = wire.receive(source)
            wire.send(out, *_answered(function, given))
    except wire.Ended:
        return


def _greet(source: BinaryIO, out: BinaryIO) -> Function | None:
    """Take the function and say whether it is the edition that is asked for."""
    _, wanted = wire.receive(source)
    _, place = wire.receive(source)
    try:
        function: Function = pickle.loads(place)
        edition = editions.edition(function)
    except Exception as no:  # noqa: BLE001 -- whatever a module does while it is imported
        wire.send(out, wire.NO, _told(no))
        return None
    if edition != wanted.decode():
        wire.send(out, wire.NO, b"other_edition: this machine has another edition of the function or of its parts")
        return None
    wire.send(out, wire.ANSWER, b"")
    return function


def _answered(function: Function, given: bytes) -> tuple[bytes, bytes]:
    try:
        content = function(given)
    except Exception as no:  # noqa: BLE001 -- a failed task leaves the others
        return wire.NO, _told(no)
    if not isinstance(content, bytes):
        return wire.NO, f"TypeError: the function gave {type(content).__name__}, not bytes".encode()
    return wire.ANSWER, content


def _told(no: Exception) -> bytes:
    return f"{type(no).__name__}: {no}".encode()


if __name__ == "__main__":
    main()

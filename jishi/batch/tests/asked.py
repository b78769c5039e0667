"""Functions that tests ask for; other processes find them here by name."""

import os
import signal
import time
from pathlib import Path


def doubled(given: bytes) -> bytes:
    return given * 2


def slowly(given: bytes) -> bytes:
    time.sleep(0.05)
    return given.upper()


def moody(given: bytes) -> bytes:
    """Do what it is told: answer, refuse, print, die once (a file notes it), die always, or give no bytes."""
    word, _, rest = given.decode().partition(" ")
    if word == "refuse":
        raise LookupError(rest)
    if word == "print":
        os.write(1, b"noise ")
        print("more")  # noqa: T201
    if word == "die" or (word == "once" and not Path(rest).exists()):
        Path(rest or os.devnull).touch()
        os.kill(os.getpid(), signal.SIGKILL)
    if word == "exit":
        os._exit(7)
    return rest if word == "text" else given  # type: ignore[return-value]


def set_in_order(given: bytes) -> bytes:
    """Give words in the order of a set: another one in every process, unless somebody sees to it."""
    return " ".join(set(given.decode().split())).encode()

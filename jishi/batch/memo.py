"""Answers kept by key: written once, whole or not at all; a repeat is free and a restart resumes."""

import hashlib
import os
import tempfile
from pathlib import Path

HEAD = b"jishi-batch 1 "
SUFFIX = ".answer"


class Memo:
    """A folder of answers. Several runs may share it: whoever comes second finds the answer there."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)

    def path(self, key: str) -> Path:
        """Give the place of an answer."""
        return self.folder / key[:2] / f"{key}{SUFFIX}"

    def get(self, key: str) -> bytes | None:
        """This will give the answer, or None. A damaged file is no answer: it is taken away."""
        path = self.path(key)
        try:
            head, _, content = path.read_bytes().partition(b"\n")
        except FileNotFoundError:
            return None
        if head == HEAD + digest(content).encode():
            return content
        path.unlink(missing_ok=True)
        return None

    def put(self, key: str, content: bytes) -> bool:
        """This will keep the answer unless one is there already; tells whether what is kept is the same."""
        path = self.path(key)
        path.parent.mkdir(mode=0o700, exist_ok=True)
        half = self._half(path.parent, content)
        try:
            os.link(half, path)  # fails where there is one: nothing is ever written over
        except FileExistsError:
            there = self.get(key)
            return self.put(key, content) if there is None else there == content
        finally:
            os.unlink(half)
        _settle(path.parent)
        return True

    @staticmethod
    def _half(folder: Path, content: bytes) -> str:
        number, name = tempfile.mkstemp(dir=folder, suffix=".half")
        with os.fdopen(number, "wb") as out:
            out.write(HEAD + digest(content).encode() + b"\n" + content)
            out.flush()
            os.fsync(out.fileno())
        return name


def digest(content: bytes) -> str:
    """This will give the hash under which the table names an answer."""
    return hashlib.sha256(content).hexdigest()


def _settle(folder: Path) -> None:
    number = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(number)
    finally:
        os.close(number)

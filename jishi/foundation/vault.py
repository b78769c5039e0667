"""Where the bytes of files lie: encrypted, under a name that only the key provider can work out (spec 90 §5.1).

A file is cut into chunks of 1 MiB, each encrypted for itself; its number, whether it is the last, and whose file it is
go into the associated data: a chunk moved, left out or put in front of another file does not open. Nothing here knows
a row, a purpose or a person.
"""

import os
import secrets
import struct
import time
from collections.abc import Iterator
from pathlib import Path

from django.conf import settings

from jishi.foundation import keys

CHUNK = 1024 * 1024  # bytes of plain content
_HEAD = struct.Struct(">4sc")
_MARK = b"JSF1"


def name_of(token: str, *, tenant_id: int) -> str:
    """Give the name on disk of the file with this token: without the keys no row leads to a file, no file to a row."""
    return keys.provider().mac(token.encode(), context=f"file.name:{tenant_id}".encode(), suite="a").hex()[:48]


def write(name: str, data: bytes, *, key: bytes, suite: str, tenant_id: int) -> int:
    """This will store `data` encrypted, whole or not at all; gives the bytes on disk.

    It is durable before the row that names it can be committed; one whose row never came is swept (`files.sweep`).
    """
    path = _path(name, tenant_id)
    for folder in (path.parents[1], path.parent):
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    half = path.with_name(f".{name}.{secrets.token_hex(4)}")
    try:
        descriptor = os.open(half, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as out:
            for piece in _sealed(name, data, key, suite, tenant_id):
                out.write(piece)
            out.flush()
            os.fsync(out.fileno())
            size = out.tell()
        half.replace(path)
        _sync(path.parent)
    except BaseException:
        half.unlink(missing_ok=True)
        raise
    return size


def read(name: str, *, key: bytes, tenant_id: int) -> bytes:
    """Give the content of one file.

    :raises FileNotFoundError: it is gone. :raises DoesNotOpen: bytes were changed, cut off or come from another file.
    """
    raw = _path(name, tenant_id).read_bytes()
    if len(raw) < _HEAD.size or raw[:4] != _MARK:
        raise keys.DoesNotOpen
    suite = raw[4:5].decode()
    step = CHUNK + keys.NONCE + keys.TAG
    body = raw[_HEAD.size :]
    pieces = [body[at : at + step] for at in range(0, len(body), step)]
    return b"".join(
        keys.decrypt(key, piece, _place(name, tenant_id, i, last=i == len(pieces) - 1), suite)
        for i, piece in enumerate(pieces)
    )


def remove(names: list[str], *, tenant_id: int) -> int:
    """This will remove files; gives how many were there."""
    gone = 0
    for name in names:
        path = _path(name, tenant_id)
        if path.exists():
            path.unlink()
            gone += 1
    return gone


def lying(tenant_id: int) -> dict[str, float]:
    """Give every name that lies on disk for a tenant, half written ones too, with its age in seconds."""
    now, home = time.time(), _home(tenant_id)
    return {path.name: now - path.stat().st_mtime for path in home.glob("*/*")} if home.is_dir() else {}


def throw_out(name: str, *, tenant_id: int) -> None:
    """This will remove one name that `lying` gave, also a half written one."""
    (_home(tenant_id) / _shelf(name) / name).unlink(missing_ok=True)


def note_ended(tokens: list[str], *, tenant_id: int) -> None:
    """This will write down beside the store which files were ended: a restored copy ends them again (spec 90 §7.4)."""
    listed = ended_list()
    listed.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(listed, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    with os.fdopen(descriptor, "a", encoding="ascii") as out:
        out.writelines(f"{tenant_id} {token}\n" for token in tokens)
        out.flush()
        os.fsync(out.fileno())


def ended(tenant_id: int) -> list[str]:
    """Give the tokens that were ended here, oldest first."""
    listed = ended_list()
    lines = listed.read_text("ascii").splitlines() if listed.exists() else []
    pairs = [line.split() for line in lines]
    return list(dict.fromkeys(pair[1] for pair in pairs if len(pair) == 2 and pair[0] == str(tenant_id)))


def ended_list() -> Path:
    """Give where the list lies: beside the store, so that a restored store does not replace it."""
    folder = Path(settings.FILES_DIR)
    return folder.with_name(f"{folder.name}.ended")


def _sealed(name: str, data: bytes, key: bytes, suite: str, tenant_id: int) -> Iterator[bytes]:
    yield _HEAD.pack(_MARK, suite.encode())
    count = max(1, -(-len(data) // CHUNK))
    for i in range(count):
        piece = data[i * CHUNK : (i + 1) * CHUNK]
        yield keys.encrypt(key, piece, _place(name, tenant_id, i, last=i == count - 1), suite)


def _place(name: str, tenant_id: int, number: int, *, last: bool) -> bytes:
    return f"file:{tenant_id}:{name}:{number}:{'last' if last else 'more'}".encode()


def _home(tenant_id: int) -> Path:
    return Path(settings.FILES_DIR) / str(tenant_id)


def _shelf(name: str) -> str:
    return name.lstrip(".")[:2]


def _path(name: str, tenant_id: int) -> Path:
    if not name.isalnum():
        raise FileNotFoundError(name)
    return _home(tenant_id) / _shelf(name) / name


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)

"""The files of a backup: copied after the database, so that every row finds its bytes; checked, brought back.

Files are encrypted and never change; a copy is their bytes, with a list of names and SHA-256 beside it.
"""

import hashlib
import json
import os
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

FOLDER, LIST, ENDED = "files", "files.json", "files.ended"


class FilesNotWhole(Exception):
    """A copy whose files are not those that were copied; names the first."""


def keep(data: Path, to: Path) -> tuple[int, int]:
    """This will copy the file store of `data` into the backup `to`; gives how many files, how many bytes.

    A file that ends meanwhile is left out: its row ends again when the copy comes back.
    """
    told: dict[str, str] = {}
    size = 0
    (to / FOLDER).mkdir(mode=0o700)
    for path in _stored(data / FOLDER):
        name = path.relative_to(data / FOLDER).as_posix()
        target = to / FOLDER / name
        target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        try:
            shutil.copyfile(path, target)
        except FileNotFoundError:
            continue
        target.chmod(0o600)
        told[name] = _hash(target)
        size += target.stat().st_size
    if (data / ENDED).exists():
        shutil.copyfile(data / ENDED, to / ENDED)
    (to / LIST).write_text(json.dumps(told, indent=0, sort_keys=True) + "\n", "ascii")
    return len(told), size


def check(source: Path) -> int:
    """Read every file of a backup again; gives how many. A backup from before there were files has none.

    :raises FilesNotWhole: one is missing, one more is there, or one was changed.
    """
    if not (source / LIST).exists():
        return 0
    told = json.loads((source / LIST).read_text("ascii"))
    there = {path.relative_to(source / FOLDER).as_posix(): path for path in _stored(source / FOLDER)}
    for name in sorted(set(told) ^ set(there)):
        raise FilesNotWhole(name)
    for name, path in there.items():
        if _hash(path) != told[name]:
            raise FilesNotWhole(name)
    return len(told)


def bring_back(data: Path, source: Path) -> Path | None:
    """This will put the files of a checked backup in the place of the present ones, which are kept beside them.

    The list of what was ended is joined, never replaced: what was deleted stays deleted.
    """
    fresh, here = data / f"{FOLDER}.restored", data / FOLDER
    shutil.rmtree(fresh, ignore_errors=True)
    if (source / FOLDER).is_dir():
        shutil.copytree(source / FOLDER, fresh)
    else:
        fresh.mkdir(mode=0o700)
    for folder, _, names in os.walk(fresh):
        Path(folder).chmod(0o700)
        for name in names:
            Path(folder, name).chmod(0o600)
    before = None
    if here.exists():
        before = data / f"{FOLDER}.before-{datetime.now(UTC):%Y%m%dT%H%M%S%f}"
        here.rename(before)
    fresh.rename(here)
    _join(data / ENDED, source / ENDED)
    return before


def _join(here: Path, from_copy: Path) -> None:
    lines = [line for path in (here, from_copy) if path.exists() for line in path.read_text("ascii").splitlines()]
    if lines:
        here.write_text("\n".join(dict.fromkeys(lines)) + "\n", "ascii")
        here.chmod(0o600)


def _stored(folder: Path) -> Iterator[Path]:
    return (path for path in sorted(folder.glob("*/*/*")) if path.is_file() and not path.name.startswith("."))


def _hash(path: Path) -> str:
    with path.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()

"""Room on the disk: a reserve that is given back when the disk is full, and a read-only database until it
is not."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

MIB = 1024 * 1024
FIRST_START = 160 * MIB
"""A new cluster: 40 MiB of catalogue, two segments of 16 MiB, and as much again for the first tables."""


@dataclass(frozen=True)
class Reserve:
    """`size` bytes are kept; below twice that, free space counts as low and the database only reads."""

    size: int

    @property
    def low(self) -> int:
        return 2 * self.size


def asked() -> Reserve:
    """This will give the reserve of this machine: 256 MiB, or what JISHI_RESERVE_MIB says (0 keeps none)."""
    return Reserve(int(os.environ.get("JISHI_RESERVE_MIB", "256")) * MIB)


def free(folder: Path) -> int:
    found = os.statvfs(folder)
    return found.f_bavail * found.f_frsize


def keep(path: Path, reserve: Reserve) -> bool:
    """This will keep the reserve, or release it while space is low, and say whether the database may
    write.

    Called at each start and each attach, so that after space returns nobody has to do anything.
    """
    kept = size_of(path)
    if free(path.parent) + kept < reserve.low + reserve.size:
        if free(path.parent) >= reserve.low:
            return True
        path.unlink(missing_ok=True)
        return free(path.parent) >= reserve.low or reserve.size == 0
    if kept < reserve.size:
        _fill(path, reserve.size)
    return True


def size_of(path: Path) -> int:
    try:
        return path.lstat().st_blocks * 512
    except OSError:
        return 0


def _fill(path: Path, size: int) -> None:
    """This will allocate the reserve for real: a sparse file would give nothing back."""
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    except OSError:
        return
    try:
        os.posix_fallocate(descriptor, 0, size)
    except OSError:
        path.unlink(missing_ok=True)
    finally:
        os.close(descriptor)

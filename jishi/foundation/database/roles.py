"""One random password per role, each in a file that only the supervisor's account reads.

The files have libpq's own form, so an address names its file (`passfile=`) and holds no password itself:
it may stand in an environment, a process list or a message.
"""

from __future__ import annotations

import os
import secrets
from pathlib import Path

from .layout import Layout
from .unavailable import unavailable

BOOTSTRAP = "jishi_bootstrap"
OWNER = "jishi_owner"
WEB = "jishi_web"
ROLES = (BOOTSTRAP, OWNER, WEB)
AGE = 30 * 86_400  # seconds that a password holds (ASVS V13.2.1: none holds for ever)


def read(layout: Layout) -> dict[str, str] | None:
    """This will read the password of each role; None if one is missing, or was being renewed when the power
    went: nobody knows then which one holds, so all are set anew."""
    try:
        if any(_half(layout, role).exists() for role in ROLES):
            return None
        return {role: file(layout, role).read_text("ascii").strip().rpartition(":")[2] for role in ROLES}
    except FileNotFoundError:
        return None
    except PermissionError as error:
        raise unavailable("folder_of_another_user", folder=layout.secrets, owner="?") from error


def make(layout: Layout) -> dict[str, str]:
    """This will write a new password of 256 bits for each role, each file at once or not at all."""
    made = prepare(layout)
    for role in made:
        adopt(layout, role)
    return made


def are_old(layout: Layout, now: float) -> bool:
    """Whether a password has held for thirty days at `now`, in seconds of the epoch."""
    try:
        return any(now - file(layout, role).stat().st_mtime >= AGE for role in ROLES)
    except OSError:
        return False


def prepare(layout: Layout) -> dict[str, str]:
    """This will write new passwords beside those that hold; `adopt` lets one hold, `forget` throws them away."""
    made = {role: secrets.token_urlsafe(32) for role in ROLES}
    for role, word in made.items():
        half = _half(layout, role)
        try:
            half.unlink(missing_ok=True)
            descriptor = os.open(half, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
            with open(descriptor, "w", encoding="ascii") as out:
                out.write(f"*:*:*:{role}:{word}\n")
                out.flush()
                os.fsync(out.fileno())
        except OSError as error:
            raise unavailable("folder_not_writable", folder=layout.secrets) from error
    return made


def adopt(layout: Layout, role: str) -> None:
    """This will let the new password of the role hold."""
    try:
        _half(layout, role).replace(file(layout, role))
    except OSError as error:
        raise unavailable("folder_not_writable", folder=layout.secrets) from error


def forget(layout: Layout) -> None:
    """This will throw away new passwords that were never given to a server."""
    for role in ROLES:
        _half(layout, role).unlink(missing_ok=True)


def _half(layout: Layout, role: str) -> Path:
    return layout.secrets / f"{role}.half"


def file(layout: Layout, role: str) -> Path:
    """This will name the password file of the role."""
    return layout.secrets / role

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


def read(layout: Layout) -> dict[str, str] | None:
    """This will read the password of each role; None if one is missing, so that all are set anew."""
    try:
        return {role: file(layout, role).read_text("ascii").strip().rpartition(":")[2] for role in ROLES}
    except FileNotFoundError:
        return None
    except PermissionError as error:
        raise unavailable("folder_of_another_user", folder=layout.secrets, owner="?") from error


def make(layout: Layout) -> dict[str, str]:
    """This will write a new password of 256 bits for each role, each file at once or not at all."""
    made = {role: secrets.token_urlsafe(32) for role in ROLES}
    for role, word in made.items():
        half = layout.secrets / f"{role}.half"
        try:
            half.unlink(missing_ok=True)
            descriptor = os.open(half, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
            with open(descriptor, "w", encoding="ascii") as out:
                out.write(f"*:*:*:{role}:{word}\n")
                out.flush()
                os.fsync(out.fileno())
            half.replace(file(layout, role))
        except OSError as error:
            raise unavailable("folder_not_writable", folder=layout.secrets) from error
    return made


def file(layout: Layout, role: str) -> Path:
    """This will name the password file of the role."""
    return layout.secrets / role

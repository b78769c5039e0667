"""Which account of the machine the database runs as. Never root; no account is made, nobody's folder is
opened."""

from __future__ import annotations

import os
import pwd
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import TypedDict

from .unavailable import unavailable


class Dropping(TypedDict, total=False):
    user: int
    group: int
    extra_groups: list[int]


@dataclass(frozen=True)
class Account:
    """`dropped` says that the supervisor is root and every database process changes to this account first."""

    uid: int
    gid: int
    name: str
    dropped: bool

    def dropping(self) -> Dropping:
        """This will give what subprocess needs for setgroups, setgid and setuid in the child before it
        executes."""
        if not self.dropped:
            return {}
        return {"user": self.uid, "group": self.gid, "extra_groups": []}

    def can_enter(self, folder: Path) -> bool:
        return self._asks('cd -- "$0"', folder)

    def can_run(self, program: Path) -> bool:
        return self._asks('test -r "$0" && test -x "$0"', program)

    def _asks(self, question: str, path: Path) -> bool:
        """This will let the kernel answer, as that account: mode bits alone miss lists, mounts and
        namespaces."""
        try:
            answer = subprocess.run(
                ["/bin/sh", "-c", question, str(path)],
                cwd="/",
                capture_output=True,
                check=False,
                **self.dropping(),
            )
        except (OSError, subprocess.SubprocessError) as error:
            raise unavailable("account_cannot_change", account=self.name, reason=error) from error
        return answer.returncode == 0


def choose(data: Path) -> Account:
    """This will name the account: oneself; for root, the owner of existing data, else an existing
    unprivileged one.

    :raises DatabaseUnavailable: folder_of_another_user, account_unknown
    """
    owner = _owner_of(data)
    me = os.geteuid()
    if me != 0:
        if owner not in (None, me):
            raise unavailable("folder_of_another_user", folder=data, owner=_name_of(owner))
        return Account(me, os.getegid(), _name_of(me), dropped=False)
    if owner:
        entry = _entry(owner)
        return Account(owner, entry.pw_gid if entry else owner, _name_of(owner), dropped=True)
    return _existing_unprivileged()


def must_have_a_name(account: Account) -> None:
    """This will refuse an account number without a name, because initdb does.

    :raises DatabaseUnavailable: account_nameless
    """
    if _entry(account.uid) is None:
        raise unavailable("account_nameless", uid=account.uid)


def _existing_unprivileged() -> Account:
    asked = os.environ.get("JISHI_PG_USER")
    for name in [asked] if asked else ["postgres", "nobody"]:
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        if entry.pw_uid != 0:
            return Account(entry.pw_uid, entry.pw_gid, name, dropped=True)
    raise unavailable("account_unknown", account=asked or "postgres / nobody")


def _owner_of(data: Path) -> int | None:
    try:
        return data.lstat().st_uid
    except FileNotFoundError:
        return None
    except PermissionError:
        try:
            folder = data.parent.stat()
        except OSError as error:
            raise unavailable("folder_not_writable", folder=data.parent) from error
        raise unavailable(
            "folder_of_another_user", folder=data.parent, owner=_name_of(folder.st_uid)
        ) from None
    except OSError as error:
        raise unavailable("folder_not_writable", folder=data.parent) from error


def _entry(uid: int) -> pwd.struct_passwd | None:
    try:
        return pwd.getpwuid(uid)
    except KeyError:
        return None


def _name_of(uid: int | None) -> str:
    entry = _entry(uid) if uid is not None else None
    return entry.pw_name if entry else str(uid)

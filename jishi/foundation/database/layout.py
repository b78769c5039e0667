"""Where everything of one embedded database lies.

<folder>/
  lock  alive     the two locks (locks.py)
  data/           the cluster, 0700, owned by the database's account
  data.new/       a cluster being made; thrown away unless it passed its self test
  conf/           postgresql.conf and pg_hba.conf, written anew at each start; no secret in them
  secrets/        one password per role, 0700, never readable by the database's account when root supervises
  run/            the socket, 0700 (a short folder elsewhere if the path would exceed 107 bytes)
  log/  start.log what the server says; no statement, parameter or value
  programs/       a copy of the binaries, only if the database's account cannot run them where they are
  reserve         space that is given back when the disk is full
  elsewhere       as root, when the account cannot come here: the name of the folder that is used instead
"""

from __future__ import annotations

import hashlib
import os
import shutil
import stat
import tempfile
from dataclasses import dataclass
from pathlib import Path

from . import account as accounts
from . import locks
from .account import Account
from .unavailable import unavailable

PORT = 5432
LONGEST_SOCKET = 107
"""Bytes of sockaddr_un.sun_path less the closing zero."""


@dataclass(frozen=True)
class Layout:
    """`folder` is where the database lies; `asked` is where it was asked for, and differs only as
    `elsewhere` says."""

    asked: Path
    folder: Path
    account: Account

    @property
    def data(self) -> Path:
        return self.folder / "data"

    @property
    def fresh(self) -> Path:
        return self.folder / "data.new"

    @property
    def restored(self) -> Path:
        return self.folder / "data.restored"

    @property
    def swap(self) -> Path:
        return self.folder / "swap"

    @property
    def conf(self) -> Path:
        return self.folder / "conf"

    @property
    def secrets(self) -> Path:
        return self.folder / "secrets"

    @property
    def log(self) -> Path:
        return self.folder / "log"

    @property
    def programs(self) -> Path:
        return self.folder / "programs"

    @property
    def reserve(self) -> Path:
        return self.folder / "reserve"

    @property
    def purpose(self) -> Path:
        return self.folder / "purpose"

    @property
    def lock(self) -> Path:
        return self.folder / "lock"

    @property
    def alive(self) -> Path:
        return self.folder / "alive"

    @property
    def own_run(self) -> Path:
        return self.folder / "run"

    @property
    def start_log(self) -> Path:
        return self.folder / "start.log"


def settle(asked: Path) -> Layout:
    """This will decide where the database lies and as whom it runs, making the folder if it is not there.

    :raises DatabaseUnavailable: folder_not_writable, folder_of_another_user, folder_unreachable,
    account_unknown
    """
    asked = Path(os.path.realpath(asked))
    made = _make(asked)
    here = _recorded(asked)
    if here:
        return Layout(asked, here, accounts.choose(here / "data"))
    account = accounts.choose(asked / "data")
    if made and account.dropped:
        asked.chmod(0o711)
    if account.can_enter(asked):
        return Layout(asked, asked, account)
    if (asked / "data").exists():
        raise unavailable("folder_unreachable", folder=asked, account=account.name)
    return Layout(asked, _move_out(asked), account)


def find(asked: Path) -> Layout | None:
    """This will name the layout of a database that is there, making nothing; None if the folder holds
    none."""
    asked = Path(os.path.realpath(asked))
    try:
        folder = _recorded(asked) or asked
        if not (folder / "lock").exists():
            return None
    except PermissionError as error:
        raise unavailable("folder_not_writable", folder=asked) from error
    return Layout(asked, folder, accounts.choose(folder / "data"))


def make_inner(layout: Layout) -> None:
    """This will make the inner folders: those that the server writes belong to its account, the others to
    us."""
    for folder in (layout.log,):
        give(folder, layout.account)
    try:
        layout.secrets.mkdir(mode=0o700, exist_ok=True)
        layout.conf.mkdir(mode=0o755, exist_ok=True)
        layout.conf.chmod(0o755)
    except OSError as error:
        raise unavailable("folder_not_writable", folder=layout.folder) from error


def give(folder: Path, account: Account) -> None:
    """This will make a 0700 folder of the account. What stands there under another owner is refused.

    :raises DatabaseUnavailable: folder_not_writable, folder_of_another_user
    """
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
        found = folder.lstat()
        if not stat.S_ISDIR(found.st_mode) or found.st_uid not in (os.geteuid(), account.uid):
            raise unavailable("folder_of_another_user", folder=folder, owner=found.st_uid)
        if account.dropped:
            os.chown(folder, account.uid, account.gid, follow_symlinks=False)
        folder.chmod(0o700)
    except OSError as error:
        raise unavailable("folder_not_writable", folder=folder.parent) from error


def socket_folder(layout: Layout) -> Path:
    """This will name the folder of the socket: ours, or a short one under the runtime directory if ours is
    too long.

    :raises DatabaseUnavailable: socket_folder_foreign, folder_not_writable
    """
    if _fits(layout.own_run):
        give(layout.own_run, layout.account)
        return layout.own_run
    name = _digest(layout.folder)
    base = _runtime_base()
    _own(base, os.geteuid(), 0o711)
    folder = base / name
    if os.path.lexists(folder):
        _refuse_foreign(folder, layout.account.uid)
    give(folder, layout.account)
    return folder


def private_socket_folder(layout: Layout) -> Path:
    """This will make an empty socket folder for a server that only the supervisor reaches."""
    folder = socket_folder(layout) / "private"
    if not _fits(folder):
        folder = socket_folder(layout).parent / (_digest(layout.folder) + "p")
    shutil.rmtree(folder, ignore_errors=True)
    give(folder, layout.account)
    return folder


def _runtime_base() -> Path:
    """This will name the first short folder of ours: the session's, the machine's (root), the temporary
    one."""
    me = os.geteuid()
    session = os.environ.get("XDG_RUNTIME_DIR")
    if me == 0 and os.access("/run", os.W_OK):
        return Path("/run/jishi")
    if me != 0 and session and os.access(session, os.W_OK) and _fits(Path(session) / "jishi" / ("x" * 16)):
        return Path(session) / "jishi"
    temporary = Path(tempfile.gettempdir())
    if not _fits(temporary / f"jishi-{me}" / ("x" * 16)):
        temporary = Path("/tmp")
    return temporary / f"jishi-{me}"


def _fits(folder: Path) -> bool:
    return len(os.fsencode(folder / f".s.PGSQL.{PORT}")) <= LONGEST_SOCKET


def _own(folder: Path, uid: int, mode: int) -> None:
    try:
        folder.mkdir(mode=mode)
        folder.chmod(mode)
    except FileExistsError:
        _refuse_foreign(folder, uid)
    except OSError as error:
        raise unavailable("folder_not_writable", folder=folder.parent) from error


def _refuse_foreign(folder: Path, uid: int) -> None:
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != uid or found.st_mode & 0o022:
        raise unavailable("socket_folder_foreign", folder=folder)


def _make(folder: Path) -> bool:
    if folder.is_dir():
        return False
    try:
        folder.mkdir(mode=0o700, parents=True)
    except FileExistsError:
        if folder.is_dir():
            return False
        raise unavailable("folder_not_writable", folder=folder) from None
    except OSError as error:
        raise unavailable("folder_not_writable", folder=folder) from error
    return True


def _recorded(asked: Path) -> Path | None:
    try:
        return Path((asked / "elsewhere").read_text("utf-8").strip())
    except FileNotFoundError:
        return None


def _move_out(asked: Path) -> Path:
    """This will make the folder under /var/lib that stands in for an unreachable one, and write down its
    name.

    It can be passed but not listed (0711); whatever in it holds anything is 0700.
    """
    base = Path(os.environ.get("JISHI_STATE_DIR", "/var/lib/jishi"))
    folder = base / _digest(asked)
    clear_away(base)
    for each in (base, folder):
        if not each.is_dir():
            _make(each)
            each.chmod(0o711)
    try:
        (asked / "elsewhere").write_text(f"{folder}\n", "utf-8")
    except OSError as error:
        raise unavailable("folder_not_writable", folder=asked) from error
    return folder


def clear_away(base: Path) -> None:
    """This will remove throwaway clusters whose test run was killed: nobody holds their locks any more."""
    for left in base.glob("*/purpose"):
        folder = left.parent
        if left.read_text("ascii").strip() != "throwaway":
            continue
        if not locks.is_alive(folder / "lock") and not locks.is_alive(folder / "alive"):
            shutil.rmtree(folder, ignore_errors=True)


def _digest(folder: Path) -> str:
    return hashlib.sha256(os.fsencode(folder)).hexdigest()[:16]

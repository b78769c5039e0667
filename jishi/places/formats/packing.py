"""Zip files under limits: what is packed too tight, is too large or lies about it is refused before it is unpacked."""

import io
import zipfile
from pathlib import PurePosixPath
from typing import NoReturn

from jishi.foundation.packed import Limits, fault, is_workbook
from jishi.places.refusals import GroundFileRefused

MAX_BYTES, MAX_RATIO, MAX_FILES = 500 * 1024 * 1024, 100, 200  # spec 20 §7
SHEET_BYTES = 120 * 1024 * 1024  # of a workbook unpacked: its cells are held several times over while it is read
SHEET_CELLS = 20_000_000  # of the rectangle between its first and its last cell, which a reader makes
_WHY = {
    "no_zip": ("不是可读的 zip 文件", "it is no zip file"),
    "no_workbook": ("里面没有 Excel 表", "there is no workbook in it"),
    "damaged": ("压缩包坏了，没有传全", "the zip is damaged or cut off"),
    "lies": ("压缩包写的大小和里面的不一样", "the zip holds something else than it says"),
    "locked": ("压缩包有密码", "the zip is locked with a password"),
    "too_many": ("解开后的文件太多", "it holds too many files"),
    "too_large": ("解开后太大", "it is too large unpacked"),
    "too_tight": ("压缩比超过 100，像是压缩炸弹", "it is packed tighter than 100 to 1"),
    "too_wide": ("表格太大，或有一格在很远处", "the sheet is too wide or too long"),
}


def unpacked(content: bytes) -> dict[str, bytes]:
    """Give the files of a zip by their names in small letters, folders left out.

    :raises GroundFileRefused: no zip, packed above 100 : 1, more than 500 MB, too many files, or not what it says.
    """
    _ensure(content, Limits(unpacked=MAX_BYTES, ratio=MAX_RATIO, entries=MAX_FILES))
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        rows = [i for i in archive.infolist() if not i.is_dir() and not i.filename.startswith("__MACOSX")]
        try:
            return {_plain(i.filename): archive.read(i) for i in rows}
        except (zipfile.BadZipFile, EOFError, OSError):
            _refuse("damaged")


def ensure_small(content: bytes) -> None:
    """This will look at a packed workbook before anybody unpacks it.

    :raises GroundFileRefused: no zip, packed above 100 : 1, more than 120 MB unpacked, not what it says, or two cells
        so far apart that a reader would fill the memory with what is between them.
    """
    _ensure(content, Limits(unpacked=SHEET_BYTES, ratio=MAX_RATIO, cells=SHEET_CELLS))
    if not is_workbook(content):
        _refuse("no_workbook")


def _ensure(content: bytes, limits: Limits) -> None:
    if wrong := fault(content, limits):
        _refuse(wrong)


def _refuse(wrong: str) -> NoReturn:
    why, why_en = _WHY[wrong]
    raise GroundFileRefused(why=why, why_en=why_en)


def _plain(name: str) -> str:
    return PurePosixPath(name.replace("\\", "/")).name.lower()

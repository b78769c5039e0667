"""Zip files under limits: what is packed too tight or is too large is refused before it is unpacked."""

import io
import zipfile
from pathlib import PurePosixPath

from jishi.places.refusals import GroundFileRefused

MAX_BYTES, MAX_RATIO, MAX_FILES = 500 * 1024 * 1024, 100, 200  # spec 20 §7
SHEET_BYTES = 120 * 1024 * 1024  # of a workbook unpacked: its cells are held several times over while it is read


def unpacked(content: bytes) -> dict[str, bytes]:
    """Give the files of a zip by their names in small letters, folders left out.

    :raises GroundFileRefused: no zip, packed above 100 : 1, more than 500 MB, too many files.
    """
    archive, rows = _listed(content)
    if len(rows) > MAX_FILES or sum(i.file_size for i in rows) > MAX_BYTES:
        raise GroundFileRefused(why="解开后超过 500 MB 或 200 个文件", why_en="it is above 500 MB or 200 files")
    if any(i.file_size > MAX_RATIO * max(i.compress_size, 1) and i.file_size > 1_000_000 for i in rows):
        raise GroundFileRefused(why="压缩比超过 100，像是压缩炸弹", why_en="it is packed tighter than 100 to 1")
    if any(i.flag_bits & 1 for i in rows):
        raise GroundFileRefused(why="压缩包有密码", why_en="the zip is locked with a password")
    try:
        return {_plain(i.filename): archive.read(i) for i in rows}
    except (zipfile.BadZipFile, EOFError, OSError, NotImplementedError):
        raise GroundFileRefused(why="压缩包坏了，没有传全", why_en="the zip is damaged or cut off") from None


def ensure_small(content: bytes) -> None:
    """This will look at a packed workbook before anybody unpacks it.

    :raises GroundFileRefused: no zip, packed above 100 : 1, more than 120 MB unpacked.
    """
    _, rows = _listed(content)
    if sum(i.file_size for i in rows) > SHEET_BYTES:
        raise GroundFileRefused(why="表格解开后超过 120 MB", why_en="the workbook is above 120 MB unpacked")
    if any(i.file_size > MAX_RATIO * max(i.compress_size, 1) and i.file_size > 1_000_000 for i in rows):
        raise GroundFileRefused(why="压缩比超过 100，像是压缩炸弹", why_en="it is packed tighter than 100 to 1")


def _listed(content: bytes) -> tuple[zipfile.ZipFile, list[zipfile.ZipInfo]]:
    try:
        archive = zipfile.ZipFile(io.BytesIO(content))
        rows = [i for i in archive.infolist() if not i.is_dir() and not i.filename.startswith("__MACOSX")]
    except (zipfile.BadZipFile, ValueError, NotImplementedError):
        raise GroundFileRefused(why="不是可读的 zip 文件", why_en="it is no zip file") from None
    return archive, rows


def _plain(name: str) -> str:
    return PurePosixPath(name.replace("\\", "/")).name.lower()

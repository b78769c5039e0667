"""Files that are given to be measured: tables and texts in the encodings that people have."""

import csv
from collections.abc import Iterable
from pathlib import Path

csv.field_size_limit(1 << 24)
Rows = list[dict[str, str]]


class CannotMeasure(Exception):
    """What is wrong with the given files, in both languages."""

    def __init__(self, zh: str, en: str) -> None:
        super().__init__(f"{zh} {en}")


def rows(path: str, columns: Iterable[str]) -> Rows:
    """Read a table with a head. :raises CannotMeasure: it is empty, or lacks one of the columns."""
    found = list(csv.DictReader(text(path).splitlines(keepends=True)))
    if not found:
        raise CannotMeasure(f"“{path}”是空的。", f"{path} is empty.")
    missing = [c for c in columns if c not in found[0]]
    if missing:
        raise CannotMeasure(f"“{path}”里没有这些列：{missing}。", f"{path} lacks the columns {missing}.")
    return [{k: v or "" for k, v in row.items() if k} for row in found]


def text(path: str) -> str:
    """Read a file in UTF-8 or GB18030. :raises CannotMeasure: it cannot be opened, or is in neither."""
    try:
        content = Path(path).read_bytes()
    except OSError as no:
        raise CannotMeasure(f"打不开“{path}”：{no.strerror}。", f"{path} cannot be opened.") from no
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise CannotMeasure(f"“{path}”既不是 UTF-8 也不是 GB18030。", f"{path} is neither UTF-8 nor GB18030.")

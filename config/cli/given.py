"""Files that are given to be measured: tables and texts in the encodings that people have."""

import codecs
import csv
import io
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
    said = io.StringIO(text(path), newline="")  # a line separator inside a field ends no row
    head = said.readline()
    said.seek(0)
    table = csv.DictReader(said, delimiter="\t" if "\t" in head and "," not in head else ",")
    try:
        table.fieldnames = [name.strip() for name in table.fieldnames or ()]
        found = list(table)
    except csv.Error as no:
        raise CannotMeasure(
            f"“{path}”第 {table.line_num} 行读不了：{no}。", f"{path}: line {table.line_num} cannot be read."
        ) from no
    if not found:
        raise CannotMeasure(f"“{path}”是空的。", f"{path} is empty.")
    missing = [c for c in columns if c not in found[0]]
    if missing:
        raise CannotMeasure(f"“{path}”里没有这些列：{missing}。", f"{path} lacks the columns {missing}.")
    return [{k: v or "" for k, v in row.items() if k} for row in found]


def text(path: str) -> str:
    """Read a file in UTF-8, GB18030, or UTF-16 with its mark.

    :raises CannotMeasure: it cannot be opened, or is in neither.
    """
    try:
        content = Path(path).read_bytes()
    except OSError as no:
        raise CannotMeasure(f"打不开“{path}”：{no.strerror}。", f"{path} cannot be opened.") from no
    wide = content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    for encoding in ("utf-16",) if wide else ("utf-8-sig", "gb18030"):
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise CannotMeasure(f"“{path}”既不是 UTF-8 也不是 GB18030。", f"{path} is neither UTF-8 nor GB18030.")

"""Reading a file that other software exported: xlsx and csv into rows of cells, or one refusal that names the place.

Nothing is guessed about the content here; which column means what is `columns`.
"""

import csv
import hashlib
import io
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from python_calamine import CalamineError, CalamineWorkbook, SheetVisibleEnum

from jishi.foundation import packed
from jishi.foundation.refusals import Refused

LARGEST = 20 * 1024 * 1024  # bytes (spec 10 §18)
RATIO = 100  # unpacked to packed
UNPACKED = packed.Limits(unpacked=1 << 30, ratio=RATIO, cells=20_000_000)
HEADERS_WITHIN = 5  # rows in which a misplaced heading is still looked for
_OLD_OFFICE = b"\xd0\xcf\x11\xe0"
_PICTURES = (b"%PDF", b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"Rar!", b"7z\xbc\xaf", b"\x1f\x8b")
csv.field_size_limit(LARGEST)


class EmptyFile(Refused):
    code, status = "file_empty", 422
    zh, en = "这个文件是空的：没有一行数据。", "This file is empty: it has no row of data."
    next_zh = "回导出它的系统看一下条件，再导一次。"
    next_en = "Look at the conditions in the system that exported it."


class FileTooLarge(Refused):
    code, status = "file_too_large", 413
    zh, en = "文件 {size} MB，最大 {limit} MB。", "The file has {size} MB; the limit is {limit} MB."
    next_zh = "按月份分成几个文件，一个一个导。"
    next_en = "Split it by month and take the parts in one by one."


class WrongKindOfFile(Refused):
    code, status = "file_of_wrong_kind", 415
    zh, en = "“{name}”不是 xlsx 或 csv：{zh_why}", "{name} is neither xlsx nor csv: {en_why}"
    next_zh = "在表格软件里另存为 .xlsx 或 .csv，再导。"
    next_en = "Save it as .xlsx or .csv in the spreadsheet program."


class PackedTooTight(Refused):
    code, status = "archive_ratio", 422
    zh = "这个文件展开后太大（超过原来的 {limit} 倍，或有一格在很远处），不打开。"
    en = "Unpacked it is too large (over {limit}-fold, or with a cell far away from the others); it is not opened."
    next_zh, next_en = "另存为 .csv 再导。", "Save it as .csv and take that in."


class UnreadableText(Refused):
    code, status = "encoding_unknown", 422
    zh = "第 {line} 行有读不出的字：既不是 UTF-8，也不是 GB18030。"
    en = "Line {line} cannot be read as UTF-8 nor as GB18030."
    next_zh = "在表格软件里另存为“CSV UTF-8”，再导。"
    next_en = "Save it as “CSV UTF-8” in the spreadsheet program."


class MergedCells(Refused):
    code, status = "merged_cells", 422
    zh = "有合并的单元格：{place}。合并以后，一行里哪个字属于哪一列说不清。"
    en = "Merged cells at {place}: which column a value belongs to cannot be told."
    next_zh = "取消合并，只留一行表头，再导。"
    next_en = "Unmerge them, keep one row of headings, and try again."


class TwoHeaderRows(Refused):
    code, status = "two_header_rows", 422
    zh, en = "表头不止一行：{place}。", "There is more than one row of headings: {place}."
    next_zh = "第 1 行只留列名，其余表头行删掉，再导。"
    next_en = "Keep the headings in row 1, delete the other heading rows."


class SameHeadingTwice(Refused):
    code, status = "heading_twice", 422
    zh, en = "有两列叫“{heading}”：{place}。", "Two columns are called “{heading}”: {place}."
    next_zh, next_en = "改掉或删掉一列，再导。", "Rename or delete one of them."


class MissingColumns(Refused):
    code, status = "missing_columns", 422
    zh, en = "第 1 行缺 {count} 列：{missing}。", "Row 1 lacks {count} columns: {missing}."
    next_zh = "换一个列映射，或在导出时勾上这些列。"
    next_en = "Choose another column map, or export these columns too."


@dataclass(frozen=True, slots=True)
class Sheet:
    """A table: headings of row 1, then the rows with their number as the spreadsheet program shows it (first: 2)."""

    file_name: str
    sha256: str
    form: str  # xlsx, csv
    encoding: str  # of csv: UTF-8, UTF-8-BOM, GB18030
    sheet: str  # name of the sheet, of xlsx
    headings: tuple[str, ...]
    rows: tuple[tuple[int, tuple[Any, ...]], ...]


def read(content: bytes, file_name: str, *, wanted: Sequence[str] = ()) -> Sheet:
    """This will read the whole file. `wanted`: headings that must be in row 1.

    :raises EmptyFile, FileTooLarge, WrongKindOfFile, PackedTooTight, UnreadableText: the file itself.
    :raises MergedCells, TwoHeaderRows, SameHeadingTwice, MissingColumns: its shape, with the place.
    """
    if len(content) > LARGEST:
        raise FileTooLarge(size=f"{len(content) / 2**20:.1f}", limit=LARGEST // 2**20)
    if not content.strip(b"\xef\xbb\xbf \t\r\n\0"):
        raise EmptyFile
    form, name, encoding = _form(content, file_name), "", ""
    table: Sequence[Sequence[Any]]
    if form == "xlsx":
        name, table = _workbook(content, file_name)
    else:
        encoding, table = _text(content)
    rows = [(number, row) for number, row in enumerate(table, 1) if any(_filled(cell) for cell in row)]
    headings = _headings(rows, wanted)
    if len(rows) < 2:
        raise EmptyFile
    return Sheet(
        file_name=file_name[:200], sha256=hashlib.sha256(content).hexdigest(), form=form, encoding=encoding, sheet=name,
        headings=headings, rows=tuple((n, tuple(r)) for n, r in rows[1:]),
    )  # fmt: skip


def _form(content: bytes, name: str) -> str:
    """Tell the form by the first bytes; the name must not say something else."""
    said = name.lower().rpartition(".")[2] if "." in name else ""
    if content.startswith(_OLD_OFFICE):
        raise WrongKindOfFile(name=name, zh_why="是旧的 .xls，或加了密码。", en_why="an old .xls, or locked.")
    if content.startswith(_PICTURES):
        raise WrongKindOfFile(name=name, zh_why="是图片、PDF 或压缩包。", en_why="a picture, a PDF or an archive.")
    form = "xlsx" if content.startswith(b"PK\x03\x04") else "csv"
    if said in ("xlsx", "csv") and said != form:
        raise WrongKindOfFile(name=name, zh_why=f"里面其实是 {form} 文件。", en_why=f"inside it is {form}.")
    if said not in ("xlsx", "csv", "txt", ""):
        raise WrongKindOfFile(name=name, zh_why=f"是 .{said} 文件。", en_why=f"it is a .{said} file.")
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise WrongKindOfFile(name=name, zh_why="是 UTF-16 文本。", en_why="it is UTF-16 text.")
    if form == "csv" and b"\0" in content[:65536]:
        raise WrongKindOfFile(name=name, zh_why="里面不是文字。", en_why="it does not hold text.")
    return form


# --- xlsx --------------------------------------------------------------------------------------------------


def _workbook(content: bytes, name: str) -> tuple[str, list[list[Any]]]:
    _ensure_not_a_bomb(content, name)
    try:
        book = CalamineWorkbook.from_filelike(io.BytesIO(content))
        visible = [m.name for m in book.sheets_metadata if m.visible == SheetVisibleEnum.Visible]
        found = [book.get_sheet_by_name(n) for n in visible]
    except (CalamineError, ValueError, OSError):
        raise WrongKindOfFile(name=name, zh_why="打不开，可能损坏。", en_why="it may be damaged.") from None
    sheet = next((s for s in found if s.end is not None), None)
    if sheet is None:
        raise EmptyFile
    if merged := sheet.merged_cell_ranges:
        places = [_range(a, b) for a, b in merged[:3]]
        more = f"…（{len(merged)}）" if len(merged) > 3 else ""
        raise MergedCells(place=f"{sheet.name}!{'、'.join(places)}{more}")
    return sheet.name, sheet.to_python(skip_empty_area=False)


def _ensure_not_a_bomb(content: bytes, name: str) -> None:
    """What the directory says of sizes is counted; cells far apart would fill the memory with what is between them."""
    wrong = packed.fault(content, UNPACKED)
    if wrong in ("too_tight", "too_large", "too_wide"):
        raise PackedTooTight(limit=RATIO)
    if wrong:
        raise WrongKindOfFile(name=name, zh_why="打不开，可能损坏。", en_why="it may be damaged.")
    if not packed.is_workbook(content):
        raise WrongKindOfFile(name=name, zh_why="是压缩包，里面没有工作表。", en_why="an archive without a workbook.")


def _range(first: tuple[int, int], last: tuple[int, int]) -> str:
    return f"{column_letters(first[1])}{first[0] + 1}:{column_letters(last[1])}{last[0] + 1}"


def column_letters(index: int) -> str:
    """Name a column as spreadsheet programs do; 0 is A."""
    name = ""
    index += 1
    while index:
        index, rest = divmod(index - 1, 26)
        name = chr(65 + rest) + name
    return name


# --- csv ---------------------------------------------------------------------------------------------------


def _text(content: bytes) -> tuple[str, list[list[str]]]:
    encoding, text = _decoded(content)
    first = text[: text.find("\n")] if "\n" in text else text
    mark = max(",\t;", key=lambda m: (first.count(m), m == ","))
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=mark)
    return encoding, [[as_said(cell) for cell in row] for row in rows]


_FORMULA = re.compile(r"'*[=+\-@\t\r]")


def as_text(value: str) -> str:
    """Write a cell so that no spreadsheet program reckons it; `as_said` reads it back unchanged.

    >>> as_text("=1+1"), as_said(as_text("=1+1")), as_said(as_text("'=x")), as_text("雨水井")
    ("'=1+1", '=1+1', "'=x", '雨水井')
    """
    return f"'{value}" if _FORMULA.match(value) else value


def as_said(cell: str) -> str:
    """Read a cell that was written as text: the mark before a formula is no part of it."""
    return cell[1:] if cell.startswith("'") and _FORMULA.match(cell) else cell


def _decoded(content: bytes) -> tuple[str, str]:
    """UTF-8 where it is valid UTF-8 (chance text of another encoding never is), else GB18030.

    Where neither reads to the end, the one that came further names the line.
    """
    if content.startswith(b"\xef\xbb\xbf"):
        return "UTF-8-BOM", _strict(content[3:], "utf-8")
    try:
        return "UTF-8", content.decode("utf-8")
    except UnicodeDecodeError as fault:
        return "GB18030", _strict(content, "gb18030", further=fault.start)


def _strict(content: bytes, encoding: str, further: int = 0) -> str:
    try:
        return content.decode(encoding)
    except UnicodeDecodeError as fault:
        raise UnreadableText(line=content.count(b"\n", 0, max(further, fault.start)) + 1) from None


# --- headings ----------------------------------------------------------------------------------------------


def _headings(rows: Sequence[tuple[int, Sequence[Any]]], wanted: Sequence[str]) -> tuple[str, ...]:
    headings = tuple(heading(cell) for cell in rows[0][1])
    missing = [w for w in wanted if w not in headings]
    if missing:
        for number, row in rows[1:HEADERS_WITHIN]:
            found = {heading(cell) for cell in row}
            if sum(w in found for w in wanted) > max(2, len(wanted) - len(missing)):
                raise TwoHeaderRows(place=f"列名在第 {number} 行 · the headings are in row {number}")
        raise MissingColumns(count=len(missing), missing="、".join(missing))
    seen: dict[str, int] = {}
    for at, name in enumerate(headings):
        if name in seen and name in wanted:
            raise SameHeadingTwice(heading=name, place=f"{column_letters(seen[name])}1、{column_letters(at)}1")
        seen.setdefault(name, at)
    if len(rows) > 1 and _is_heading_row(rows[1][1], headings, wanted):
        raise TwoHeaderRows(place=f"第 {rows[0][0]} 行和第 {rows[1][0]} 行 · rows {rows[0][0]} and {rows[1][0]}")
    return headings


def _is_heading_row(row: Sequence[Any], headings: Sequence[str], wanted: Sequence[str]) -> bool:
    """A row of short words without any figure, in the place of numbers and dates, is a second heading."""
    cells = [heading(c) for h, c in zip(headings, row, strict=False) if h in wanted]
    filled = [c for c in cells if c]
    if len(filled) < 2 or any(isinstance(c, float | int) for c in row):
        return False
    again = sum(c in wanted for c in filled)
    return again * 2 > len(filled) or all(len(c) <= 8 and not any(x.isdigit() for x in c) for c in filled)


def heading(cell: Any) -> str:
    """Write a heading without the spaces, breaks and marks that people put into it."""
    return "".join(str(cell).split()).strip("*＊:：\ufeff")


def _filled(cell: Any) -> bool:
    return cell is not None and str(cell).strip() != ""


def parts(sheet: Sheet, size: int) -> Iterator[tuple[tuple[int, tuple[Any, ...]], ...]]:
    """Give the rows in parts of `size`, in order."""
    for start in range(0, len(sheet.rows), size):
        yield sheet.rows[start : start + size]

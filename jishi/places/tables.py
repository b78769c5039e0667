"""Reading a year's division table as it is published: files of 2, 4, 6, 9 or 12 digits, plain or gzipped.

Yields rows one by one; nothing is held. What shows that a file was cut stops the reading; a code that a spreadsheet has
turned into a float is refused by its row (spec 20 §3.1).
"""

import csv
import gzip
import hashlib
import io
import re
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from jishi.places.refusals import TableRefused

LEVEL_OF_LENGTH = {2: 1, 4: 2, 6: 3, 9: 4}
LENGTH_OF_LEVEL = {1: 2, 2: 4, 3: 6, 4: 9, 5: 12}
ABOVE = {"streetCode": 9, "areaCode": 6, "cityCode": 4, "provinceCode": 2}  # columns with the codes above → digits
_DIGITS = re.compile(r"[0-9]+")
_FLOAT = re.compile(r"[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?")
_PLACEHOLDERS = frozenset({"市辖区", "县", "省直辖县级行政区划", "自治区直辖县级行政区划", "省直辖县级行政单位"})
Progress = Callable[[str, int, float], None]  # stage, rows so far, share of the files read


Places = tuple[int, int, tuple[tuple[int, int], ...], bool]  # code, name, (column, digits) of codes above, bottom


class Row(NamedTuple):
    code: str
    name: str
    short_name: str
    level: int
    kind: str
    parent: str
    placeholder: bool


@dataclass
class Reading:
    """What was seen on the way: rows by level, rows refused (file, line, why), doubtful digits, a hash of all bytes."""

    rows: dict[int, int] = field(default_factory=lambda: dict.fromkeys(range(1, 6), 0))
    refused: list[tuple[str, int, str]] = field(default_factory=list)
    doubtful: int = 0
    merged: int = 0  # rows that are the level above once more
    stated: int | None = None  # rows that a header line `# rows=N` promises
    made: Any = field(default_factory=hashlib.sha256)
    cities: dict[str, str] = field(default_factory=dict)

    @property
    def total(self) -> int:
        return sum(self.rows.values())


def files_in(where: Sequence[Path]) -> list[Path]:
    """Give the tables of a folder (those with columns code and name), or the files themselves, upper levels first."""
    found = []
    for path in where:
        if path.is_dir():
            several = sorted(p for p in path.iterdir() if p.name.endswith((".csv", ".csv.gz")))
            found += [p for p in several if {"code", "name"} <= set(_header(p))]
        elif path.exists():
            found.append(path)
        else:
            raise TableRefused(why=f"没有这个文件：{path.name}", why_en=f"there is no file {path.name}")
    if not found:
        raise TableRefused(why="没有找到带 code 和 name 两列的表", why_en="no table with columns code and name")
    return sorted(found, key=lambda p: (p.stat().st_size, p.name))


def rows(files: Sequence[Path], seen: Reading, progress: Progress | None = None) -> Iterator[Row]:
    """Read all files, upper levels first.

    :raises TableRefused: a file is cut, a line lacks columns, a code does not fit the codes above it beside it.
    """
    whole = sum(p.stat().st_size for p in files) or 1
    before = 0
    for path in files:
        with path.open("rb") as raw:
            counted = _Counted(raw, seen.made)
            for at, row in enumerate(_rows_of(path, counted, seen)):
                yield row
                if progress is not None and at % 20_000 == 0:
                    progress("read", seen.total, min(1.0, (before + counted.read_so_far) / whole))
        before += path.stat().st_size
    came = seen.total + seen.merged + len(seen.refused)
    if seen.stated is not None and came < seen.stated:
        raise TableRefused(
            why=f"表头写明 {seen.stated} 行，只有 {came} 行，像是被截断",
            why_en=f"the header promises {seen.stated} rows, {came} came: the table was cut",
        )


class _Counted(io.RawIOBase):
    """Hashes and counts the bytes of a file as they are read."""

    def __init__(self, raw: Any, made: Any) -> None:
        super().__init__()
        self._raw, self._made, self.read_so_far = raw, made, 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        data = self._raw.read(len(buffer))
        buffer[: len(data)] = data
        self._made.update(data)
        self.read_so_far += len(data)
        return len(data)


def _text(path: Path, counted: _Counted) -> io.TextIOWrapper:
    plain: Any = io.BufferedReader(counted, 1 << 18)
    if path.name.endswith(".gz"):
        plain = gzip.GzipFile(fileobj=plain)
    return io.TextIOWrapper(plain, encoding="utf-8-sig", newline="")


def _header(path: Path) -> list[str]:
    with path.open("rb") as raw:
        try:
            for line in csv.reader(_text(path, _Counted(raw, hashlib.sha256()))):
                if not (line and line[0].startswith("#")):
                    return [c.strip() for c in line]
        except (EOFError, OSError, UnicodeDecodeError, zlib.error):
            return []
    return []


def _cut(path: Path, line: int, what: str, what_en: str) -> TableRefused:
    return TableRefused(
        why=f"{path.name} 第 {line} 行{what}，文件像是被截断",
        why_en=f"{path.name}, line {line}: {what_en}; the file was cut",
    )


def _rows_of(path: Path, counted: _Counted, seen: Reading) -> Iterator[Row]:
    number = 0
    try:
        lines = csv.reader(_text(path, counted), strict=True)
        columns: list[str] = []
        for number, line in enumerate(lines, start=1):
            if not columns:
                if line and line[0].startswith("#"):
                    _note_stated(line[0], seen)
                    continue
                columns = [c.strip() for c in line]
                at = _places(path, columns)
                continue
            if len(line) != len(columns):
                raise _cut(
                    path,
                    number,
                    f"只有 {len(line)} 列，应有 {len(columns)} 列",
                    f"{len(line)} of {len(columns)} columns",
                )
            yield from filter(None, [_row(path, number, line, at, seen)])
    except (EOFError, zlib.error, gzip.BadGzipFile) as no:
        raise _cut(path, number, "之后压缩数据中断", f"compressed data ends early ({type(no).__name__})") from None
    except csv.Error:
        raise _cut(path, number + 1, "引号没有收尾", "an open quotation mark") from None
    except UnicodeDecodeError:
        raise TableRefused(why=f"{path.name} 不是 UTF-8", why_en=f"{path.name} is not UTF-8") from None


def _note_stated(header: str, seen: Reading) -> None:
    stated = re.search(r"rows=([0-9]+)", header)
    if stated:
        seen.stated = (seen.stated or 0) + int(stated.group(1))


def _places(path: Path, columns: list[str]) -> Places:
    if not {"code", "name"} <= set(columns):
        raise TableRefused(why=f"{path.name} 没有 code、name 两列", why_en=f"{path.name} lacks columns code and name")
    return (
        columns.index("code"),
        columns.index("name"),
        tuple((columns.index(c), digits) for c, digits in ABOVE.items() if c in columns),
        "streetCode" in columns,
    )


def _row(path: Path, number: int, line: list[str], at: Places, seen: Reading) -> Row | None:
    code, name = line[at[0]].strip(), line[at[1]].strip()
    if not code.isascii() or not code.isdigit():
        if _FLOAT.fullmatch(code):
            seen.refused.append((path.name, number, f"代码“{code}”被表格软件变成了小数"))
            return None
        raise _cut(path, number, f"代码“{code}”不是数字", f"the code “{code}” is no number")
    level = LEVEL_OF_LENGTH.get(len(code)) or ((5 if at[3] else _level(code)) if len(code) == 12 else None)
    if level is None:
        raise _cut(path, number, f"代码“{code}”不是 2、4、6、9、12 位", f"the code “{code}” has {len(code)} digits")
    if not name:
        raise _cut(path, number, "没有名称", "no name")
    for place, digits in at[2]:
        above = line[place].strip()
        if len(above) not in (digits, 12) or not code.startswith(above[:digits]):
            raise _cut(
                path, number, f"上级代码“{above}”与“{code}”不合", f"the code above “{above}” does not fit “{code}”"
            )
    return _made(code.ljust(12, "0"), name, level, seen)


def _level(code: str) -> int:
    for level, digits in ((1, 2), (2, 4), (3, 6), (4, 9)):
        if code[digits:] == "0" * (12 - digits):
            return level
    return 5


def _made(code: str, name: str, level: int, seen: Reading) -> Row | None:
    """A row whose twelve digits are those of the level above (441900: the county of a city without counties) is that
    level: its towns hang below the city."""
    parent = code[: LENGTH_OF_LEVEL[level - 1]].ljust(12, "0") if level > 1 else ""
    if parent == code:
        seen.merged += 1
        return None
    placeholder = False
    if level == 2:
        seen.cities[code[:4]] = name
        placeholder = name in _PLACEHOLDERS
    elif level == 3:
        placeholder = name in _PLACEHOLDERS or seen.cities.get(code[:4]) == name
    elif level == 5:
        placeholder = "虚拟社区" in name or code[9:] in ("498", "598")
    kind = kind_of(name, level)
    seen.doubtful += _is_doubtful(code, level, kind)
    seen.rows[level] += 1
    return Row(code, name, short_name(name, level), level, kind, parent, placeholder)


def kind_of(name: str, level: int) -> str:
    """Give the kind that a name says; the digits of the code are only checked against it."""
    if level == 5:
        if name.endswith(("村民委员会", "村委会", "嘎查", "嘎查委员会")):
            return "village_committee"
        return "residents_committee" if name.endswith(("居民委员会", "居委会", "社区", "社区委员会")) else "like"
    if level == 4:
        for ending, kind in (
            ("街道", "street"),
            ("街道办事处", "street"),
            ("镇", "town"),
            ("乡", "township"),
            ("苏木", "township"),
        ):
            if name.endswith(ending):
                return kind
        return "like"
    return {1: "province", 2: "city", 3: "county"}[level]


def short_name(name: str, level: int) -> str:
    """Give the form for screens: 多福巷社区居委会 → 多福巷社区, 流水沟村委会 → 流水沟村."""
    if level == 4:
        return name.removesuffix("办事处")
    if level != 5:
        return name
    for ending in ("村民委员会", "村委会"):
        if name.endswith(ending) and len(name) > len(ending):
            head = name[: -len(ending)]
            return head if head.endswith("村") else head + "村"
    for ending in ("居民委员会", "居委会"):
        if name.endswith("社区" + ending):
            return name[: -len(ending)]
    return name


def _is_doubtful(code: str, level: int, kind: str) -> bool:
    if level == 5:
        digits = code[9:]
        return (kind == "village_committee" and not "200" <= digits < "400") or (
            kind == "residents_committee" and not "000" < digits < "200" and digits < "400"
        )
    if level == 4:
        digits = code[6:9]
        ranges = {"street": ("001", "100"), "town": ("100", "200"), "township": ("200", "400")}
        low, high = ranges.get(kind, ("000", "999"))
        return not low <= digits < high
    return False

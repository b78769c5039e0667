# ruff: noqa: E501 — tables of words and patterns read better on one line
"""The finite grammar of what can be counted in an address: numbers with their words, read in any order (spec 20 §4)."""

import functools
import re
from collections.abc import Iterator
from typing import NamedTuple

CN = "零〇一二两三四五六七八九十百"
_DIGIT = {c: i for i, c in enumerate("零一二三四五六七八九")} | {"〇": 0, "两": 2}
_STEMS = "甲乙丙丁戊己"
_N = rf"(?:[0-9]{{1,5}}|[{CN}]{{1,6}})"
_LABEL = rf"(?:[A-Z][0-9]{{0,3}}|[0-9]{{1,4}}[A-Z]?|[{CN}]{{1,6}}|[{_STEMS}])"

# Which word may not stand behind a bare number: 3号线, 5号路 and 1号公馆 are names, 3号楼 is another part.
_NO_NAME = r"(?![楼栋幢线口路街桥门井池站渠库厅窗坝]|大街|大道|公馆|公路|公园|码头|地块|别墅)"

TOKEN = re.compile(
    "|".join(
        (
            rf"(?P<building>第?{_LABEL}\s?(?:号楼|号栋|号幢|栋楼|幢楼|栋|幢|座|#楼?)|{_N}楼(?=\s?{_N}\s?(?:单元|门)))",
            rf"(?P<unit>第?(?:{_N}|[A-D{_STEMS}东西中])\s?(?:单元|门洞|门栋|梯(?!队))|{_N}\s?门(?=\s?[0-9{CN}]))",
            rf"(?P<below>(?:负|地下|-){_N}\s?(?:层|楼)|B[1-9](?:层|楼|F)?(?![0-9A-Z座栋幢号#]))",
            rf"(?P<room>[A-Z]?(?:[0-9]{{1,5}}|[{CN}]{{1,6}})[A-Z]?\s?(?:号?室(?![0-9一二两三厅])|号?房(?![屋子])|号?户)|[东西中南北左右][边侧手]?(?:户|室)(?![口外]))",
            rf"(?P<floor>第?{_N}\s?(?:层|楼)|[1-9][0-9]?F(?![A-Z]))",
            rf"(?P<sublane>{_N}\s?支弄)",
            rf"(?P<lane>{_N}\s?(?:弄|巷(?!\w?[路道])))",
            rf"(?P<group>第?{_N}\s?(?:村民小?|居民小?|生产大?|小)?(?:组(?!团)|社(?!区)|队))",
            rf"(?P<sub>附\s?{_N}\s?号?|之\s?{_N}(?![号里]))",
            rf"(?P<yard>{_N}\s?号院)",
            rf"(?P<stem>[{_STEMS}]\s?{_N}\s?号{_NO_NAME}|{_N}\s?[{_STEMS}]\s?号{_NO_NAME}|{_N}\s?号\s?[{_STEMS}](?![栋幢座单]))",
            rf"(?P<split>[0-9]{{1,4}}-[0-9]{{1,3}}\s?号{_NO_NAME})",
            rf"(?P<number>第?{_N}\s?号{_NO_NAME})",
            rf"(?P<phase>第?{_N}期|[东西南北中][{CN}]?区(?!域)|[A-Z]区)",
            r"(?P<dashed>(?<![0-9A-Z])[A-Z]?[0-9]{1,3}-(?:[0-9]{1,2}-)?[0-9]{3,4}(?:室|房|户|(?![0-9号])))",
            r"(?P<bare>(?<![0-9A-Z])[A-Z]?[0-9]{3,4}[A-D]?(?![0-9米元年月日户号室弄])|[零〇一二三四五六七八九]{3,4}(?![零〇一二三四五六七八九十百号路街]))",
        )
    )
)
_VALUE = re.compile(rf"[A-Z]?[0-9]+[A-Z]?|[A-Z]|[{CN}]+|[{_STEMS}]")


MANY = 1 << 16  # words kept in canonical form: 17号楼 is said a thousand times in a town


class Source(NamedTuple):
    """Where a counted part was read: the group of TOKEN that found [begin, end), and which of its parts it is."""

    group: str
    begin: int
    end: int
    which: int


class Token(NamedTuple):
    """One counted part: `kind` a part of the address, `value` its canonical words, at [start, end) of the folded text."""

    kind: str
    value: str
    start: int
    end: int
    source: Source


def number_of(written: str) -> str:
    """This will read 17, 017, 十七, 一百零二 or 一七 as digits; letters and stems stay what they are."""
    if written.isascii():
        head = "" if written[:1].isdigit() else written[:1]
        tail = written[len(head) :]
        return head + (tail.lstrip("0") or "0" if tail else "")
    if any(c not in CN for c in written):
        return written
    if not any(c in "十百" for c in written):
        return "".join(str(_DIGIT[c]) for c in written).lstrip("0") or "0"
    total, digit = 0, -1
    for c in written:
        if c in "十百":
            total, digit = total + (10 if c == "十" else 100) * (digit if digit > 0 else 1), -1
        else:
            digit = _DIGIT[c]
    return str(total + max(digit, 0))


def _first(text: str) -> str:
    match = _VALUE.search(text)
    return number_of(match.group()) if match else text


def _rooms(value: str) -> str:
    """A room keeps its zeros (0302 is floor 3 of a tower that counts with four digits) and its letters."""
    plain = value.rstrip("室房户号").strip()
    if plain and not plain.isascii():
        if plain[0] in "东西中南北左右":
            return plain[0] + "户"
        return number_of(plain) + "室"
    return plain + "室"


def _stem(text: str) -> str:
    stem = next(c for c in text if c in _STEMS)
    return f"{_first(text.replace(stem, ''))}号{stem}"


_CANON = {
    "building": lambda t: _first(t.removeprefix("第")) + ("座" if _first(t.removeprefix("第")).isalpha() else "号楼"),
    "unit": lambda t: (_first(t.removeprefix("第")) if _VALUE.search(t) else t[0]) + "单元",
    "below": lambda t: f"负{_first(t.lstrip('负地下-B'))}层",
    "floor": lambda t: f"{_first(t.removeprefix('第'))}层",
    "room": _rooms,
    "sublane": lambda t: f"{_first(t)}支弄",
    "lane": lambda t: f"{_first(t)}{'巷' if t.endswith('巷') else '弄'}",
    "group": lambda t: f"{_first(t.removeprefix('第'))}组",
    "sub": lambda t: f"附{_first(t)}号" if t.startswith("附") else f"之{_first(t)}",
    "yard": lambda t: f"{_first(t)}号院",
    "stem": _stem,
    "split": lambda t: t.replace(" ", ""),
    "number": lambda t: f"{_first(t.removeprefix('第'))}号",
    "phase": lambda t: t if t.endswith("区") else f"{_first(t.removeprefix('第'))}期",
    "bare": _rooms,
}  # fmt: skip
_KIND = {"below": "floor", "yard": "number", "stem": "number", "split": "number"}


def tokens(text: str, start: int, end: int) -> Iterator[Token]:
    """This will find what is counted in [start, end) of a folded text, left to right, in canonical words."""
    for match in TOKEN.finditer(text, start, end):
        group, (begin, stop) = str(match.lastgroup), match.span()
        for which, (kind, value, first, last) in enumerate(counted(group, match.group())):
            yield Token(kind, value, begin + first, begin + last, Source(group, begin, stop, which))


@functools.lru_cache(maxsize=MANY)
def counted(group: str, said: str) -> tuple[tuple[str, str, int, int], ...]:
    """This will give the parts that were said: kind, canonical words, and where they stand in what was said."""
    if group == "dashed":
        return _dashed(said)
    return ((_KIND.get(group, group), _CANON[group](said), 0, len(said)),)


def _dashed(said: str) -> tuple[tuple[str, str, int, int], ...]:
    """3-2-501 is building, unit, room; 3-501 building and room (unit and room where a building stands before it)."""
    pieces = said.rstrip("室房户").split("-")
    at, made = 0, []
    kinds = ("building", "unit", "room") if len(pieces) == 3 else ("first", "room")
    for kind, piece in zip(kinds, pieces, strict=True):
        value = number_of(piece)
        words = f"{piece}室" if kind == "room" else f"{value}单元" if kind == "unit" else f"{value}号楼"
        made.append((kind, words, at, len(said) if kind == "room" else at + len(piece)))
        at += len(piece) + 1
    return tuple(made)


@functools.lru_cache(maxsize=MANY)
def floor_of(room: str) -> str:
    """This will give the floor that a room number tells (301室 → 3层, 1203室 → 12层); empty where it tells none."""
    digits = "".join(c for c in room if c.isdigit())
    if len(digits) not in (3, 4) or not 1 <= int(digits[-2:]) <= 40 or int(digits[:-2]) == 0:
        return ""
    return f"{int(digits[:-2])}层"


_NUMERAL = re.compile(rf"[{CN}]+")


def folded_name(name: str) -> str:
    """This will give the form in which two spellings of a name are compared: 纬三路 and 纬3路 are one."""
    return _NUMERAL.sub(lambda m: number_of(m.group()), name)

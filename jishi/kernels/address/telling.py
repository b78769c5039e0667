"""What is told of a reading: its parts, one line, one key, how exact it is."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from .book import Named
from .grammar import floor_of, folded_name

PARTS = (
    "province", "city", "county", "street", "community", "group", "road", "cross", "lane", "sublane", "number", "sub",
    "compound", "phase", "building", "unit", "floor", "room",
)  # fmt: skip


class Step(NamedTuple):
    """What was done to the words: a code, what was said, what it became."""

    code: str
    said: str
    made: str


@dataclass(frozen=True, slots=True)
class Address:
    """One reading. `key` has no room in it; `candidates` are the places that bear the name, where there are several.

    `precision`: room, unit, building, compound, number, road, community, street, or "" where nothing was read.
    `area`: code of the deepest division that is known; `names`: ids of the rows of the gazetteer that were meant.
    """

    raw: str
    parts: Mapping[str, str]
    normal: str
    key: str
    leftovers: tuple[str, ...]
    confidence: float
    precision: str
    steps: tuple[Step, ...]
    area: str
    names: tuple[int, ...]
    candidates: tuple[Named, ...]



_TIGHT = frozenset("楼栋幢座单元弄室层房户线口路街桥门井池站渠库厅窗坝大公码地别甲乙丙丁戊己支附之院组社队巷期区")
_NUMERAL = frozenset("0123456789零〇一二两三四五六七八九十百ABCDEFGHIJKLMNOPQRSTUVWXYZ-第东西南北中左右负")


_ALONG = frozenset(("road", "lane", "sublane", "group"))
_OF_ROAD = ("road", "cross", "lane", "sublane", "number", "sub")
_NAMES = ("compound", "road")
_NUMBER_BEHIND = tuple(p for p in PARTS[:14] if p not in ("number", "sub")) + ("number", "sub", *PARTS[14:])


def line(parts: Mapping[str, str]) -> str:
    """This will give the canonical line of `parts` (in the order of PARTS); a space stands where two parts would else
    be read as one."""
    words = dict(parts)
    if words.get("floor") and words["floor"] == floor_of(words.get("room", "")):
        del words["floor"]
    if "cross" in words:
        words["road"] = f"{words['road']}与{words.pop('cross')}交叉口"
    order: Sequence[str] = tuple(words)
    if ("number" in words or "sub" in words) and not words.keys() & _ALONG:
        order = [p for p in _NUMBER_BEHIND if p in words]
    made, last = "", ""
    for part in order:
        word = words[part]
        if not word:
            continue
        begins = word[0] in _NUMERAL
        if last and ((begins and last in _NUMERAL) or (part in _NAMES and (begins or word[0] in _TIGHT))):
            made += " "
        made += word
        last = word[-1]
    return made


def finding(parts: Mapping[str, str], *, known_place: bool, known_roads: int) -> tuple[str, ...]:
    """This will name the parts that find the house: a known compound needs no road, a known road no community; never
    the room, nor the floor that it tells."""
    kept = [p for p in parts if p != "room" and not (p == "floor" and "room" in parts)]
    dropped: tuple[str, ...] = ()
    if known_place:
        dropped = ("street", *(_OF_ROAD if "road" in kept else ()))
    elif known_roads == (2 if "cross" in kept else 1) and "compound" not in kept:
        dropped = ("street", "community")
    return tuple(p for p in kept if p not in dropped)


def key(parts: Mapping[str, str], found_by: Sequence[str]) -> str:
    """This will give the hash of the parts that find the house."""
    words = (f"{p}={folded_name(parts[p]) if p == 'road' else parts[p]}" for p in found_by)
    return hashlib.sha256("\x1f".join(words).encode()).hexdigest()[:32]


_PRECISION = (
    ("room", "room"), ("unit", "unit"), ("building", "building"), ("compound", "compound"), ("number", "number"),
    ("sublane", "number"), ("road", "road"), ("lane", "road"), ("group", "community"), ("community", "community"),
    ("street", "street"),
)  # fmt: skip


def precision(parts: Mapping[str, str]) -> str:
    """This will name the finest part that was read."""
    return next((name for part, name in _PRECISION if part in parts), "")

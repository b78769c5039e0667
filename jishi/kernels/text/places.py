# ruff: noqa: E501, SIM905
"""Which places does a text name? Names and aliases of a gazetteer, buildings by number, crossings of two roads.

Names are found by their first two characters in a table, longest first: the time grows with the text, not with the gazetteer.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from .normalise import normalise_all

_CN = "零〇一二三四五六七八九十百两"
_DIGIT = {c: i for i, c in enumerate("零一二三四五六七八九")} | {"〇": 0, "两": 2}
_NUMBER = rf"(?:[0-9]{{1,4}}|[{_CN}]{{1,5}})"
# 12号楼, 12栋, 12幢, 12座, 12#, A座 … then 2单元, 3楼, 501室; "号" alone is a number on a road.
_BUILDING = re.compile(
    rf"(?P<letter>[A-Za-z]?)(?P<number>{_NUMBER}|(?<=[A-Za-z])|[甲乙丙丁])\s?(?P<word>号楼|号栋|号幢|栋楼?|幢楼?|座|#楼?)"
    rf"|(?P<range>{_NUMBER})\s?[-~至到]\s?(?P<range_end>{_NUMBER})\s?(?:号楼|栋|幢)"
)
_UNIT = re.compile(rf"[\s,\-]?(?:第)?(?P<unit>{_NUMBER}|[A-D甲乙丙丁东西])\s?(?:单元|门栋|门洞|梯)")
_ROOM = re.compile(
    rf"[\s,\-]?(?:(?P<floor>{_NUMBER})\s?(?:楼|层)[\s,]?)?(?P<room>[0-9]{{3,4}}|[{_CN}]{{3,5}})\s?(?:室|号?房(?!屋|子|产)|户(?!数))?(?![0-9米元年月户人平个%])"
)
_DOOR = re.compile(rf"\s?(?P<number>{_NUMBER})\s?(?:弄|号)(?![楼线栋幢口])(?P<further>附?[0-9]{{0,3}}号?)")
_GAP = re.compile(r"[的小区院\s,]{0,3}")
_CROSS_WORD = re.compile(r"\s?(?:与|和|跟|同|、|及|-|交)\s?")
_CROSS_TAIL = re.compile(r"\s?(?:的)?(?:交叉路?口|交汇处?|交会处?|路口|十字路口|丁字路口|交界处?|口|相交)")
_EVIDENCE = re.compile(
    r"小区|社区|街道|路|村|镇|广场|公园|学校|医院|家园|花园|[0-9一二三四五六七八九十]+(?:号楼|栋|幢|号|座|单元)|附近|门口|旁边?|对面|里[面头]|位于|住在|家住|地址"
    r"|[0-9]+(?:到|至|-|~)[0-9]+号|[那这](?:边|头|里|块|一带|一段)|一带|[东西南北]头"
)
_LEADING = re.compile(r"(?:在|住|位于|地址:?|到|小区|社区|街道|[整这那]条|沿着?)$")
_ON_IT = re.compile(r"上(?![班学课岗])")  # 老街上: said of a street by its name; 大街上 is any street
SpanOf = Callable[[int, int], tuple[int, int]]
# Names that are everyday words: only with a word of place beside them.
COMMON_WORDS = frozenset(
    "和平 幸福 光明 团结 文明 新华 人民 健康 安康 平安 民生 建设 胜利 解放 友谊 未来 时代 阳光 中心 花园 家园 公园 广场 学校 医院 东方 春天 永和 同心 希望 美好".split()
)


def number_of(written: str) -> int | None:
    """This will read 17, 十七, 一百零二 or 一七 as a number; None where it is none."""
    if written.isdigit():
        return int(written)
    if not written or any(c not in _CN for c in written):
        return None
    if "十" not in written and "百" not in written:
        return int("".join(str(_DIGIT[c]) for c in written))
    total, digit = 0, -1
    for c in written:
        if c == "百":
            total, digit = total + 100 * (digit if digit >= 0 else 1), -1
        elif c == "十":
            total, digit = total + 10 * (digit if digit > 0 else 1), -1
        else:
            digit = _DIGIT[c]
    return total + max(digit, 0)


@dataclass(frozen=True)
class Name:
    """A row of the gazetteer: `within` are codes of the divisions and grids that hold it; degrees are CGCS2000."""

    id: int
    name: str
    kind: str
    aliases: tuple[str, ...] = ()
    lng: float = 0.0
    lat: float = 0.0
    radius_m: float = 0.0
    within: tuple[str, ...] = ()


class Mention(NamedTuple):
    """A place named in a text, as a half-open span of the original; several `name_ids` when the name is not alone in the city.

    `building` is canonical (3号楼), `room` finds a dwelling and is personal. A building without a name has no `name_ids`.
    """

    name_ids: tuple[int, ...]
    start: int
    end: int
    kind: str
    text: str
    building: str = ""
    unit: str = ""
    room: str = ""
    number: str = ""


@dataclass(frozen=True)
class Gazetteer:
    """The names of one edition, ready to be looked for."""

    rows: Mapping[int, Name]
    by_start: Mapping[str, tuple[str, ...]] = field(repr=False)
    ids: Mapping[str, tuple[int, ...]] = field(repr=False)
    starts: re.Pattern[str] = field(repr=False)  # any character that a name begins with

    @classmethod
    def of(cls, rows: Iterable[Name]) -> "Gazetteer":
        """This will build the tables; names and aliases of one character are left out."""
        kept = {row.id: row for row in sorted(rows, key=lambda r: r.id)}
        ids: dict[str, list[int]] = {}
        spellings = [(row.id, spelled) for row in kept.values() for spelled in (row.name, *row.aliases)]
        for (row_id, _), folded in zip(spellings, normalise_all(s for _, s in spellings), strict=True):
            word = folded.text.strip().lower()
            if len(word) > 1 and row_id not in ids.setdefault(word, []):
                ids[word].append(row_id)
        starts: dict[str, list[str]] = {}
        for word in ids:
            starts.setdefault(word[:2], []).append(word)
        by_start = {start: tuple(sorted(words, key=lambda w: (-len(w), w))) for start, words in starts.items()}
        first = "".join(sorted({re.escape(start[0]) for start in by_start}))
        begins = re.compile(f"[{first}]" if first else "(?!)")
        return cls(kept, by_start, {word: tuple(found) for word, found in ids.items()}, begins)


class _Hit(NamedTuple):
    start: int
    end: int
    ids: tuple[int, ...]


def _names(text: str, gazetteer: Gazetteer) -> list[_Hit]:
    """Names from left to right, the longest at each place, none inside another."""
    hits: list[_Hit] = []
    end = 0
    for found in gazetteer.starts.finditer(text):
        at = found.start()
        words = gazetteer.by_start.get(text[at : at + 2]) if at >= end else None
        word = next((w for w in words if text.startswith(w, at) and not _is_inside(text, at, w, gazetteer)), None) if words else None
        if word is not None and _is_place_here(text, at, word):
            end = at + len(word)
            hits.append(_Hit(at, end, gazetteer.ids[word]))
    return hits


def _is_inside(text: str, at: int, word: str, gazetteer: Gazetteer) -> bool:
    """“老街里头” lies in 老街 and names no 老街里; where nothing is called 和平, “和平里头排” is 和平里."""
    return word.endswith("里") and text.startswith("头", at + len(word)) and word[:-1] in gazetteer.ids


def _is_place_here(text: str, at: int, word: str) -> bool:
    """A name that is an everyday word counts only with a word of place right behind it or a building number near."""
    if word not in COMMON_WORDS and len(word) > 2:
        return True
    if word.isascii() and (text[at - 1 : at].isalnum() or text[at + len(word) : at + len(word) + 1].isalnum()):
        return False
    behind = text[at + len(word) : at + len(word) + 8]
    evidence = _EVIDENCE.search(behind)
    before = _LEADING.search(text[max(0, at - 4) : at])
    on_it = word.endswith(("街", "路", "巷", "弄")) and word != "大街" and _ON_IT.match(behind)
    return (evidence is not None and evidence.start() <= 1) or before is not None or bool(on_it)


def spot(texts: Iterable[str], gazetteer: Gazetteer) -> list[list[Mention]]:
    """This will find the places that each text names, left to right: names, buildings behind them, roads with door numbers, crossings.

    A building number without a name before it is a mention of kind `building` without ids: the caller knows the compound or asks.
    """
    kept = list(texts)
    found = [_spotted(folded.text.lower(), folded.original_span, gazetteer) for folded in normalise_all(kept)]
    return [
        [m._replace(text=text[m.start : m.end]) for m in mentions] for text, mentions in zip(kept, found, strict=True)
    ]


def _spotted(text: str, span: SpanOf, gazetteer: Gazetteer) -> list[Mention]:
    hits = _names(text, gazetteer)
    mentions: list[Mention] = []
    used = bytearray(len(text) + 1)
    at = 0
    while at < len(hits):
        crossing = _crossing(text, hits, at, gazetteer)
        if crossing:
            start, end = crossing
            ids = hits[at].ids[:1] + hits[at + 1].ids[:1]
            mentions.append(Mention(ids, *span(start, end), "crossing", text[start:end]))
            used[start:end] = b"\1" * (end - start)
            at += 2
            continue
        mention, start, end = _with_address(text, hits[at], span, gazetteer)
        mentions.append(mention)
        used[start:end] = b"\1" * (end - start)
        at += 1
    return sorted([*mentions, *_bare_buildings(text, used, span)], key=lambda m: (m.start, m.end))


def _crossing(text: str, hits: list[_Hit], at: int, gazetteer: Gazetteer) -> tuple[int, int] | None:
    if at + 1 >= len(hits):
        return None
    first, second = hits[at], hits[at + 1]
    if any(gazetteer.rows[h.ids[0]].kind != "road" for h in (first, second)):
        return None
    between = _CROSS_WORD.fullmatch(text, first.end, second.start)
    tail = _CROSS_TAIL.match(text, second.end)
    return (first.start, tail.end()) if between and tail else None


def _with_address(text: str, hit: _Hit, span: SpanOf, gazetteer: Gazetteer) -> tuple[Mention, int, int]:
    kind = gazetteer.rows[hit.ids[0]].kind
    end, building, unit, room, number = hit.end, "", "", "", ""
    if kind == "road":
        door = _DOOR.match(text, end)
        if door:
            value = number_of(door["number"])
            number, end = f"{value}号" if value is not None else "", door.end()
    else:
        gap = _GAP.match(text, end)
        match = _BUILDING.match(text, gap.end() if gap else end)
        if match and not match["range"]:
            building, unit, room, end = _building_at(text, match)
    return (
        Mention(hit.ids, *span(hit.start, end), kind, text[hit.start : end], building, unit, room, number),
        hit.start,
        end,
    )


def _building_at(text: str, match: re.Match[str]) -> tuple[str, str, str, int]:
    value = number_of(match["number"] or "")
    label = match["letter"].upper() + (str(value) if value is not None else (match["number"] or ""))
    # 栋, 幢, 座 and 号楼 are the same thing in one compound; one spelling lets them be compared.
    building, end, unit, room = f"{label}号楼", match.end(), "", ""
    found_unit = _UNIT.match(text, end)
    if found_unit:
        of_unit = number_of(found_unit["unit"])
        unit, end = f"{of_unit if of_unit is not None else found_unit['unit'].upper()}单元", found_unit.end()
    found_room = _ROOM.match(text, end)
    if found_room:
        of_room = number_of(found_room["room"])
        room, end = str(of_room if of_room is not None else ""), found_room.end()
    return building, unit, room, end


def _bare_buildings(text: str, used: bytearray, span: SpanOf) -> list[Mention]:
    mentions = []
    for match in _BUILDING.finditer(text):
        if (
            1 in used[match.start() : match.end()]
            or match["range"]
            or (match.start() and text[match.start() - 1].isdigit())
        ):
            continue
        building, unit, room, end = _building_at(text, match)
        mentions.append(
            Mention((), *span(match.start(), end), "building", text[match.start() : end], building, unit, room)
        )
    return mentions

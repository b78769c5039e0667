"""What a text says of places, for weighing: the names that the kernel finds, and how they are said.

Beside the kernel's names this reads relative forms (对面, 往东50米) and doubts names that are plain words.
"""

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

from jishi.kernels.text import places as kernel
from jishi.places.things import Ground, building_number

# Names that are also plain words: alone they name a place only beside a word of place, a pin or another name (12 §2).
GENERIC = frozenset(
    [
        "公园",
        "广场",
        "市场",
        "菜市场",
        "菜场",
        "农贸市场",
        "医院",
        "人民医院",
        "市医院",
        "中医院",
        "卫生院",
        "学校",
        "小学",
        "中学",
        "实验小学",
        "中心小学",
        "幼儿园",
        "图书馆",
        "车站",
        "汽车站",
        "客运站",
        "火车站",
        "大道",
        "大街",
        "老街",
        "消防站",
        "派出所",
        "办事大厅",
        "产业园",
        "工业园",
        "工业区",
        "湿地",
        "湿地公园",
        "公厕",
        "钟楼",
        "文化馆",
        "体育馆",
        "超市",
        "银行",
        "邮局",
        "加油站",
        "停车场",
        "花园",
        "小区",
        "家园",
        "公寓",
        "新村",
        "河边",
        "码头",
        "书店",
        "城管",
        "物业",
        "商城",
        "路口",
    ]
)
_KIND_ENDINGS = tuple("路街巷弄桥苑园里村居庭府城寓湾区站河渠塘厦")
_BEFORE = re.compile(r"(?:在|位于|住|地址|我们|到|去|从|往|[整这那]条|沿着?|[:：,，。;；!！?？、\s(（]|^)$")
_AFTER = re.compile(
    r"\s*(?:小区|社区|门口|大门|[东西南北前后正侧][边面侧]?门|旁|斜?对面|附近|里[面头]|内|门前|周边|周围|后面|前面|停车场|"
    r"[东西南北][侧头]|[那这](?:边|头|里|块|一带|一段)|一带|上(?![班学课岗])|[0-9]+\s?(?:到|至|-|~)\s?[0-9]+号|[0-9A-Z一二三四五六七八九十]{1,3}\s?(?:号楼|栋|幢|座|期|#|号)|〔住址)"
)
_OTHER_ROAD = re.compile(r"[东西南北中一二三四五]?(?:路|街|巷|大道|大街|弄)(?![口边上灯面旁段])")
_METRES = r"(?:约|大约|大概)?\s?([0-9]{1,4}|[一二两三四五六七八九十百]{1,5})\s?多?(?:米|m)"
_SHIFT = re.compile(r"\s*(?:再|的)?(?:以|往|向|朝)?([东西南北]{1,2})(?:侧|边|面|方向|走)?" + _METRES)
_SIDE = re.compile(
    r"\s*(?:的)?(?:以([东西南北]{1,2})|([东西南北]{1,2})(?:侧|边|面|头)(?!门))(?![0-9一二三四五六七八九十]*(?:(?:路|街|巷)(?![面边口上灯])|米))"
)
_AWAY = re.compile(r"\s*(?:门口|路口)?(?:前方|前面|过去|外|往前)?(?:的)?" + _METRES + r"(?:处|外|左右|远|的地方)")
_BESIDE = re.compile(r"\s*(?:的)?(?:斜?对面|对过|旁边?|隔壁|附近|周边|周围|一带|边上|后面|前面|背后)")
_BETWEEN = re.compile(r"[\s、,，]*(?:与|和|跟|同|到|至)\s*")
_MIDDLE = re.compile(r"\s*(?:之间|中间|这一段|那一段|路段)")
_JOIN = re.compile(r"[\s、,，]*(?:与|和|跟|同|近|靠近|到|至|-)?\s*")


class Said(NamedTuple):
    """A name said at [start, end): the things it may mean; `weak`: it may be a plain word here."""

    start: int
    end: int
    things: tuple[int, ...]
    weak: bool
    building: str = ""  # the number of a house said with it
    beside: bool = False
    shift: tuple[str, float] | None = None  # direction and metres
    side: str = ""  # a direction without metres: 以东, 北侧
    away: float = 0.0  # metres without a direction: 100米处


class Words(NamedTuple):
    """One text with its names and the house numbers that stand without a name."""

    text: str
    names: tuple[Said, ...]
    houses: tuple[str, ...]


def read(texts: Sequence[str], ground: Ground) -> list[Words]:
    """Read a batch of texts."""
    return [
        _words(text, found, ground) for text, found in zip(texts, kernel.spot(texts, ground.gazetteer), strict=True)
    ]


def joined(words: Words, first: Said, second: Said) -> bool:
    """Whether two roads are said as one crossing: at most a small word stands between them."""
    return _JOIN.fullmatch(words.text, first.end, second.start) is not None


def between(words: Words, first: Said, second: Said) -> bool:
    """Whether what is meant lies between two names: “河西小学和图书馆之间”."""
    is_one = _BETWEEN.fullmatch(words.text, first.end, second.start) is not None
    return is_one and _MIDDLE.match(words.text, second.end) is not None


def _words(text: str, found: Sequence[kernel.Mention], ground: Ground) -> Words:
    names: list[Said] = []
    houses = []
    for mention in found:
        if not mention.name_ids:
            houses.append(building_number(mention.building))
        elif mention.kind == "crossing":
            names += [_said(text, mention, (at,)) for at in mention.name_ids]
        elif not _is_part(text, mention, ground):
            names.append(_said(text, mention, mention.name_ids))
    return Words(text, tuple(names), tuple(h for h in houses if h))


def _said(text: str, mention: kernel.Mention, things: tuple[int, ...]) -> Said:
    after, side, away = (form.match(text, mention.end) for form in (_SHIFT, _SIDE, _AWAY))
    return Said(
        mention.start, mention.end, things, _is_weak(text, mention),
        building=building_number(mention.building) if mention.building else "",
        beside=_BESIDE.match(text, mention.end) is not None,
        shift=(after.group(1), _metres(after.group(2))) if after else None,
        side=(side.group(1) or side.group(2)) if side and not after else "",
        away=_metres(away.group(1)) if away and not after else 0.0,
    )  # fmt: skip


def _metres(said: str) -> float:
    return float(kernel.number_of(said) or 0)


def _is_part(text: str, mention: kernel.Mention, ground: Ground) -> bool:
    """“翠竹苑南路” does not name the compound 翠竹苑."""
    if mention.building or ground.things[mention.name_ids[0]].level in ("road", "river"):
        return False
    return _OTHER_ROAD.match(text, mention.end) is not None


def _is_weak(text: str, mention: kernel.Mention) -> bool:
    if mention.building or mention.number or not _is_plain_word(text[mention.start : mention.end]):
        return False
    before = text[max(0, mention.start - 3) : mention.start]
    return _AFTER.match(text, mention.end) is None and _BEFORE.search(before) is None


@lru_cache(maxsize=100_000)
def _is_plain_word(name: str) -> bool:
    return name in GENERIC or name in kernel.COMMON_WORDS or (len(name) <= 2 and not name.endswith(_KIND_ENDINGS))

"""Which names of the gazetteer does a text say, and which house numbers? Longest name first, from the left."""

import re
from dataclasses import dataclass
from functools import lru_cache

from jishi.places.memory import Ground, building_number

# Names that are also plain words: alone they name a place only beside a word of place, a pin or another name (spec 12 §2).
GENERIC = frozenset(
    "公园 广场 市场 菜市场 菜场 农贸市场 医院 人民医院 市医院 中医院 卫生院 学校 小学 中学 实验小学 中心小学 幼儿园 图书馆 "
    "车站 汽车站 客运站 火车站 大道 大街 老街 消防站 派出所 办事大厅 产业园 工业园 工业区 湿地 湿地公园 公厕 钟楼 文化馆 "
    "体育馆 超市 银行 邮局 加油站 停车场 花园 小区 家园 公寓 新村 学府 河边 码头 书店 和平 幸福 阳光 团结 光明 胜利 解放 "
    "建设 民主 自由 东方 未来 希望 春天 新城 中心 时代 国际 世纪 都市 田园 一品 金色 绿色 美好 和谐 友谊 健康 吉祥 如意 "
    "平安 文明 科技 人民 城市 第一 大厦 商城 桥头 路口 北站 南站 东站 西站 城管 物业 青年 劳动 工人 农民 教育 文化 "
    "春晓 清水 小桥 流水 前进 向阳 新建 永安 安居 乐业 富强 振兴 兴旺".split()
)
_KIND_ENDINGS = tuple("路街巷弄桥苑园里村居庭府城寓湾区站河渠塘厦")
_BEFORE = re.compile(r"(?:在|位于|住|家住|住在|地址|我们|我家|是|到|去|从|往|[:,。;!?、\s(]|^)$")
_AFTER = re.compile(
    r"\s*(?:小区|社区|门口|大门|[东西南北前后正侧][边面侧]?门|旁|对面|附近|里面|内|门前|周边|周围|后面|前面|停车场|路口|"
    r"[东西南北]侧|[0-9A-Z一二三四五六七八九十]{1,3}\s?(?:号楼|栋|幢|座|期|#|号)|〔住址)"
)
_OTHER_ROAD = re.compile(r"[东西南北中一二三四五]?(?:路|街|巷|大道|大街|弄)(?![口边上灯面旁段])")
_NUMBER = r"[A-Za-z]?[0-9]{1,3}|[A-Za-z]|[一二三四五六七八九十百]{1,3}"
_HOUSE = re.compile(rf"(?<![0-9A-Za-z.一二三四五六七八九十第])({_NUMBER})\s?(?:号楼|号院|栋楼|栋|幢|座|#楼|#|号(?=楼|[0-9一二三四五六七八九十]{{0,2}}单元))")
_SHIFT = re.compile(r"(?:以|往|向)?([东西南北]{1,2})(?:侧|边|面|方向)?(?:约|大约)?\s?([0-9]{1,4})\s?(?:多)?(?:米|m)")
_BESIDE = re.compile(r"\s*(?:的)?(?:斜?对面|对过|旁边|附近|周边|周围)")
_JOIN = re.compile(r"[\s、,]*(?:与|和|跟|同|近|靠近|到|至|-)?[\s]*$")


@dataclass(frozen=True, slots=True)
class Mention:
    """A name said at [start, end): the things it may mean. `weak`: it may be a plain word here."""

    start: int
    end: int
    things: tuple[int, ...]
    weak: bool
    beside: bool = False
    shift: tuple[str, float] | None = None  # direction and metres


@dataclass(frozen=True, slots=True)
class House:
    start: int
    end: int
    number: str


def mentions(text: str, ground: Ground) -> list[Mention]:
    """Find the names of the gazetteer in a folded text."""
    heads, names, found, at, last = ground.heads, ground.names, [], 0, len(text) - 1
    while at < last:
        lengths = heads.get(text[at : at + 2])
        step = 1
        for length in lengths or ():
            things = names.get(text[at : at + length])
            if things is not None and not _is_part(text, at, at + length, things, ground):
                found.append(_mention(text, at, at + length, things))
                step = length
                break
        at += step
    return found


def houses(text: str) -> list[House]:
    """Find house numbers: ``3号楼``, ``3栋``, ``B座``, ``十二幢``."""
    return [House(m.start(), m.end(), building_number(m.group(1))) for m in _HOUSE.finditer(text)]


def joined(text: str, first: Mention, second: Mention) -> bool:
    """Whether two roads are said as one crossing: at most a small word stands between them."""
    between = text[first.end : second.start]
    return len(between) <= 4 and _JOIN.match(between) is not None


def _mention(text: str, start: int, end: int, things: tuple[int, ...]) -> Mention:
    after = _SHIFT.match(text, end)
    shift = (after.group(1), float(after.group(2))) if after else None
    return Mention(
        start, end, things, _is_weak(text, start, end), beside=_BESIDE.match(text, end) is not None, shift=shift
    )


def _is_part(text: str, start: int, end: int, things: tuple[int, ...], ground: Ground) -> bool:
    """“翠竹苑南路” does not name the compound 翠竹苑, nor “云溪大道” the town."""
    if ground.things[things[0]].level in ("road", "river"):
        return False
    return _OTHER_ROAD.match(text, end) is not None


def _is_weak(text: str, start: int, end: int) -> bool:
    if not _is_plain_word(text[start:end]):
        return False
    return _AFTER.match(text, end) is None and _BEFORE.search(text[max(0, start - 3) : start]) is None


@lru_cache(maxsize=100_000)
def _is_plain_word(name: str) -> bool:
    return name in GENERIC or (len(name) <= 2 and not name.endswith(_KIND_ENDINGS))

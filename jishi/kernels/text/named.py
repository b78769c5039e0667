# ruff: noqa: E501 — tables of words read better on one line
"""What a text says it is about where no place is known: names of compounds, companies, schools and roads, and the rest of its words.

A name is what stands before a word that such names end in (…小区, …公司, …路). It need not be cut exactly: two texts share a name when
the name of one stands in the other. What is left without the names says what is wrong; the first sentence says it shortest.
"""

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache
from operator import attrgetter
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from . import ordinary
from .features import Ints, counts, opened, plain, weighted
from .normalise import normalise
from .rows import by_first

Doubles = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]
FACTS = ("named_same", "named_within", "named_other", "named_area", "matter_words", "matter_pieces", "head_words")
NAMED = ("named_same", "named_within", "named_other", "named_area", "matter_pieces")  # by `facts`; the others by `cosines`
COSINES = ("head_words", "matter_words")  # the shorter first
_BITS = 18
_READ = 600  # characters
_WIDE = 140  # where a name is looked for when the first sentence has none
_HEAD = 60

_SPOTS = "有限公司 公司 集团 小区 花园 家园 公寓 大厦 国际城 国际 安置区 学校 小学 中学 附中 大学 学院 幼儿园 医院 公园 广场 农贸市场 酒店 饭店 驾校 平台 名园 新城 新村 华庭 雅苑 华府 商场 车站 工业园 嘉园 公馆 山庄 豪庭 丽都 半岛 首府 帝景 一中 二中 三中 财富 车贷 隧道 苑 府 园 城 湾 庭 邸 庄 村 院 郡"
_AREAS = "社区 街道 大道 市场 中心 路 街 镇 乡 组"
_ENDS = sorted((*_SPOTS.split(), *_AREAS.split()), key=len, reverse=True)
_AREA_ENDS = frozenset(_AREAS.split())
_NAME = re.compile(r"([\u4e00-\u9fff0-9a-z]{2,9}?)(" + "|".join(_ENDS) + ")")
# A name does not run over these: small words, people, what is asked, divisions of a city (A3区, 长沙市).
_BREAK = re.compile(
    r"[^\u4e00-\u9fff0-9a-z]+|[a-z][0-9]*[市区县]|[\u4e00-\u9fff]{2}[省市](?![场民政])|我们|我是|我家|你们|他们|关于|投诉|举报|反映|反应|请求|建议|希望|咨询|请问|坚决|反对|强烈|恳请|恳求|要求|位于|地处|居住|住在"
    r"|附近|旁边|门口|周边|对面|里面|严重|存在|违规|违法|非法|什么|怎么|何时|为何|是否|的|在|了|和|与|是|有(?!限)|被|把|将|对|从|到|向|给|因|为|及|请|再|问|加快|解决|处理|尽快|领导|书记|市长|县长|您好|你好|尊敬|业主|居民|村民"
    r"|老板|市民|群众|作为|一名|名为|叫做|本人|整个|这个|那个|住户|购买|购房|开发商|物业|政府|部门|市委|导致|迟迟|多次|配套"
)
_GENERIC = re.compile(
    r"(?:小|本|该|各|全|整|老|新|旧|大|多|几|一|两|二|三|住宅|商业|安置|房地产|投资|科技|城市|农村|教育|培训|人民|物业|工业|建筑|交通|公共|周围|网络|责任|股份|开发|管理|服务|停车|楼上|楼下|居民|生活|道路|马路"
    r"|公交|地铁|国家|社会|上学|幼儿|中|步行|消防|高速|铁|出|进|来|回|过|走|城|网|问|产|互联|民营|公办|普惠|外资|中心|实验|职业|技术|老年|所以|其他|国际|沿海|省会|区域|金融|医疗|消费|大型|小型|部分|附属|第|全部|没|不)+"
)
_SIGNS = frozenset(chr(c) for c in range(0x4E00, 0xA000)) | frozenset("0123456789abcdefghijklmnopqrstuvwxyz")
_ORDINARY = re.compile("|".join(sorted((w for w in ordinary.words() if len(w) > 1), key=lambda w: (-len(w), w))))
_BUILDING = re.compile(r"([a-z]?[0-9]{1,3})\s?(?:号楼|号栋|栋|幢|座|#)")
_DIVISION = re.compile(r"[a-z][0-9]*[市区县]")


class Said(NamedTuple):
    """One text: its first sentence and its beginning, folded; names of things and of areas; what is left without them."""

    head: str
    body: str
    spots: tuple[str, ...]
    in_head: bool
    areas: tuple[str, ...]
    buildings: frozenset[str]
    matter: str
    matter_head: str
    pieces: frozenset[str]


def _names(text: str) -> tuple[set[str], set[str]]:
    spots: set[str] = set()
    areas: set[str] = set()
    for piece in _BREAK.split(text):
        for match in _NAME.finditer(piece) if len(piece) > 2 else ():
            core, end = match[1], match[2]
            if not _GENERIC.fullmatch(core):
                (areas if end in _AREA_ENDS else spots).add(core[-4:])
    return spots, areas


def _pieces(text: str) -> frozenset[str]:
    """Pairs of neighbouring characters, those of words that stand everywhere left out."""
    seen = _ORDINARY.sub(" ", text)
    return frozenset(seen[i : i + 2] for i in range(len(seen) - 1) if seen[i] in _SIGNS and seen[i + 1] in _SIGNS)


@lru_cache(maxsize=4096)
def said(text: str) -> Said:
    """This will read one minimised text."""
    folded = normalise(text[:_READ]).text.lower()
    sentence = re.split(r"[。\n]", folded, maxsplit=1)[0]
    head = sentence[:_HEAD]
    spots, areas = _names(head)
    in_head = bool(spots)
    more, wider = _names(folded[:_WIDE])
    spots, areas = spots or more, areas | wider
    names = sorted(spots | areas, key=lambda n: (-len(n), n))
    matter, matter_head = folded, head
    for name in names:
        matter, matter_head = matter.replace(name, " "), matter_head.replace(name, " ")
    return Said(
        head, folded, tuple(sorted(spots)), in_head, tuple(sorted(areas)), frozenset(_BUILDING.findall(head)),
        _DIVISION.sub(" ", matter), _DIVISION.sub(" ", matter_head), _pieces(_DIVISION.sub(" ", matter)),
    )  # fmt: skip


@lru_cache(maxsize=1)
def _weights() -> npt.NDArray[np.float32]:
    """Words that stand in messages whatever they are about count a part."""
    weights = np.ones(1 << _BITS, np.float32)
    weights[ordinary.windows(_BITS)] = ordinary.PART
    return weights


_Row = tuple[npt.NDArray[np.int32], Doubles]
_KEPT = 1024  # texts whose features are kept, some 8 KiB each
_rows: dict[str, _Row] = {}


def _laid_out(texts: Sequence[str]) -> list[_Row]:
    """Features of texts. A neighbour is compared again and again: the last of them are kept."""
    held = {text: _rows.get(text) for text in texts}
    fresh = [text for text, row in held.items() if row is None]
    if fresh:
        rows = weighted(*counts(plain(fresh), _BITS), _weights(), _BITS)
        for k, text in enumerate(fresh):
            part = slice(rows.indptr[k], rows.indptr[k + 1])
            held[text] = _rows[text] = (rows.indices[part].copy(), rows.values[part].astype(np.float64))
        for old in list(_rows)[: max(0, len(_rows) - _KEPT)]:
            _rows.pop(old, None)
    return [row for text in texts if (row := held[text]) is not None]


def cosines(texts: Sequence[str], first: Ints, second: Ints) -> Doubles:
    """This will give the products of the words of text first[k] with those of text second[k]; no other text is read. Whole steps
    (`features.stepped`): the order of adding is free."""
    rows = sorted({*first.tolist(), *second.tolist()})
    laid = dict(zip(rows, _laid_out([texts[k] for k in rows]), strict=True))
    out = np.zeros(len(first))
    for pairs in by_first(first):
        index, value = laid[int(first[pairs[0]])]
        others = [laid[k] for k in second[pairs].tolist()]
        if not len(index):
            continue
        with opened(index, value, _BITS) as row:
            met = row[np.concatenate([other[0] for other in others])] * np.concatenate([other[1] for other in others])
        owner = np.arange(len(pairs)).repeat([len(other[0]) for other in others])
        out[pairs] = np.bincount(owner, met, minlength=len(pairs))
    return np.minimum(out, 1.0)


def _any_in(names: Sequence[str], text: str) -> bool:
    for name in names:  # noqa: SIM110 - a generator for each of some twenty neighbours costs more than all the looking
        if name in text:
            return True
    return False


def _met(a: Said, b: Said) -> tuple[float, float, float, float]:
    in_heads = _any_in(a.spots, b.head) or _any_in(b.spots, a.head)
    within = in_heads or _any_in(a.spots, b.body) or _any_in(b.spots, a.body)  # a head is the beginning of a body
    other = bool(a.spots and b.spots) and not within
    area = _any_in(a.areas, b.body) or _any_in(b.areas, a.body)
    return float(in_heads), float(within and not in_heads), other * (1.0 if a.in_head and b.in_head else 0.5), float(area)


def facts(read: Sequence[Said], first: Ints, second: Ints) -> tuple[Doubles, Flags, Flags]:
    """This will measure pairs of texts by `NAMED`, every value from 0 to 1, and tell whether their first sentences name the same
    building of the same thing, or other buildings."""
    pairs = list(zip(first.tolist(), second.tolist(), strict=True))
    pieces = [
        len(read[a].pieces & read[b].pieces) / max(1, min(len(read[a].pieces), len(read[b].pieces))) for a, b in pairs
    ]
    met = np.array([_met(read[a], read[b]) for a, b in pairs], np.float64).reshape(-1, 4)
    shared = np.array([bool(read[a].buildings & read[b].buildings) for a, b in pairs], np.bool_)
    same = shared & (met[:, 0] > 0)
    apart = np.array([bool(read[a].buildings and read[b].buildings) for a, b in pairs], np.bool_) & ~shared
    return np.column_stack((met, np.array(pieces))), same, apart


COMPARED = attrgetter("matter_head"), attrgetter("matter")  # of a text, for `COSINES`


def names_of(texts: Iterable[str]) -> list[tuple[str, ...]]:
    """This will give the names each text is about, for people who look why two texts were held together."""
    return [said(text).spots for text in texts]

"""Names that no gazetteer knows: divisions of other places, roads and compounds by how their names end (spec 20 §4)."""

import re
from collections.abc import Iterator
from typing import NamedTuple

_H = r"[\u4e00-\u9fffA-Z0-9·]"
FILLERS = re.compile(r"[\s,。.;:、()\[\]|/!?\"'“”‘’《》【】\-_~]+|的(?!名)|(?:小区|院)?[内里](?![\u4e00-\u9fff])")
_LEAD = re.compile(r"(?:我们?家?住在?|家住在?|住在|住址|家庭住址|地址|位于|居住在|在|住|中国|中华人民共和国)")
_AREAS = re.compile(
    r"(?P<province>[\u4e00-\u9fff]{2,7}?(?:省|自治区))?(?P<city>[\u4e00-\u9fff]{2,8}?(?:自治州|地区|市|盟)(?![场政民容辖]))?"
    r"(?P<county>[\u4e00-\u9fff]{1,8}?(?:(?<![小社园校厂院工街片])区|县|旗|市(?![场政民容辖])))?"
    r"(?P<street>[\u4e00-\u9fff]{1,8}?(?:街道|镇(?![政府])|乡(?![政府])|苏木))?"
    r"(?P<community>[\u4e00-\u9fff]{1,10}?(?:社区居民委员会|社区居委会|社区|村民委员会|村委会|居委会|(?<!新)村(?!路|口)))?"
)
_STREET = re.compile(
    r"(?P<street>[\u4e00-\u9fff]{1,8}?(?:街道|镇(?![政府])|乡(?![政府])|苏木))"
    r"|(?P<community>[\u4e00-\u9fff]{1,10}?(?:社区居民委员会|社区居委会|社区|村民委员会|村委会|居委会|(?<!新)村(?!路|口)))"
)
_ROAD = re.compile(rf"(?!与){_H}{{1,9}}?(?:大道|大街|公路|胡同|路|街(?!道)|巷|弄)")
SUFFIX = re.compile(
    r"(?:小区|花园|家园|公寓|新村|新城|大厦|广场|别墅|山庄|花苑|名苑|佳苑|宿舍|大院|公馆|中心|商城|市场|医院|学校|小学|中学|苑|园|庭|府|湾|邸|居|城|坊|里|轩|阁|寓|郡|墅|台|楼|院|厦|庄)$"
)
_OF_ESTATE = re.compile(r"小区$")
LONGER_ROAD = re.compile(r"[东西南北中上下老新]?[一二三四五六七八九十]?(?:路|街(?!道)|巷|大道|大街|弄(?![堂]))")
_AFTER_ROAD = re.compile(r"与|[和跟同及](?=.{3})|[及、]")
JOIN = re.compile(r"[\s,]*(?:与|和|跟|同|、|及|-|/|近|靠近|交)?\s*")
SURE_JOIN = re.compile(r"[\s,]*(?:与|和|跟|同|交)\s*")
CORNER = re.compile(
    r"\s?的?(?:交叉路?口|交汇路?口|交汇处?|交会处?|交叉处?|十字路口|丁字路口|三岔路口|路口|交界处?|交口|相交处?|转角|口)"
)


class Piece(NamedTuple):
    """Something read in words: `kind` a part, or `rest` for what could not be read."""

    kind: str
    value: str
    start: int
    end: int


def pieces(text: str, start: int, end: int, *, before_house: bool, after_road: bool = False) -> Iterator[Piece]:
    """This will read [start, end) of a folded text; `before_house`: a building or phase follows directly behind it,
    `after_road`: a road stands directly before it, so that 与 begins no name.
    """
    at = start
    while at < end:
        if after_road and (joint := _AFTER_ROAD.match(text, at, end)):
            yield Piece("rest", joint.group(), *joint.span())
            at, after_road = joint.end(), False
            continue
        skipped = FILLERS.match(text, at, end) or _LEAD.match(text, at, end)
        if skipped and skipped.end() > at:
            at = skipped.end()
            continue
        stop = _stop(text, at, end)
        found = list(_read(text, at, stop, before_house=before_house and stop == end))
        yield from found
        at = found[-1].end if found else stop
        after_road = bool(found) and found[-1].kind == "road"


def _stop(text: str, at: int, end: int) -> int:
    filler = FILLERS.search(text, at, end)
    return filler.start() if filler and filler.start() > at else end


def _read(text: str, at: int, end: int, *, before_house: bool) -> Iterator[Piece]:
    wide = _AREAS.match(text, at, end)
    if wide and (wide["province"] or wide["city"]) and wide.end() > at:
        for kind in ("province", "city", "county", "street", "community"):
            if wide[kind]:
                yield Piece(kind, wide[kind], *wide.span(kind))
        return
    small = _STREET.match(text, at, end)
    if small and _ROAD.fullmatch(text, at, small.end()) is None:
        yield Piece(str(small.lastgroup), small.group(), *small.span())
        return
    road = _ROAD.match(text, at, end)
    if road:
        yield Piece("road", road.group(), *road.span())
        return
    rest = text[at:end]
    if len(rest) > 1 and (SUFFIX.search(rest) or before_house):
        yield Piece("compound", estate(rest), at, end)
        return
    yield Piece("rest", rest, at, end)


def estate(name: str) -> str:
    """This will leave out 小区 behind a name that is one without it (翠竹苑小区 is 翠竹苑; 幸福小区 stays)."""
    short = _OF_ESTATE.sub("", name)
    return short if len(short) > 2 and SUFFIX.search(short) else name

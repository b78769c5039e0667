# ruff: noqa: E501 — tables of words and patterns read better on one line
"""Room-level addresses: the building stays readable, unit, floor and room are hidden."""

import re
from collections.abc import Iterator

from .found import Found

_CN = "一二三四五六七八九十百零〇两"
_B = rf"(?:[A-Za-z]?[0-9]{{1,4}}[A-Za-z]?|[A-Za-z]|[{_CN}]{{1,5}}|[甲乙丙丁戊])"
_N = rf"(?:[0-9]{{1,3}}|[{_CN}]{{1,4}}|[A-Da-d甲乙丙丁东西中])"
_BUILDING = rf"(?P<building>(?<![0-9A-Za-z.]){_B}\s?(?:号楼|号栋|号幢|栋楼?|幢楼?|座|#楼?|号院|楼(?=\s?[0-9{_CN}]{{1,3}}\s?单元)|号)(?!线|口))"
_UNIT = rf"(?P<unit>(?:第|附)?{_N}\s?(?:单元|门洞|门栋|梯(?!队)))"
_FLOOR = rf"(?P<floor>{_N}\s?(?:楼|层))"
_NO_ROOM = r"(?![内外温友第厅])"
_NO_HOUSE = r"(?![屋子价产租贷东地型改源管款企委主价])"
_NO_HOLD = r"(?![居业人家外型主口以均共村农住多左])"
_ROOM = rf"(?P<named>(?:[A-Za-z]?[0-9]{{1,5}}[A-Za-z]?|[{_CN}]{{2,5}})\s?(?:号?室{_NO_ROOM}|号?房间|号?房{_NO_HOUSE}|号户{_NO_HOLD}|户{_NO_HOLD}|寝室))"
_SIDE = r"(?P<side>[东西中南北左右][东西南北]?[边侧手]?(?:户|门|室)(?![口外内型卫]))"
_UNITS = r"(?!\s?(?:[0-9]|\.[0-9]|户|人|名|位|米|元|平|㎡|m|年|月|日|套|多|余|个|天|次|台|万|千|路|分|时|点|k|%|[+\-~至到][0-9]|块|盏|层|楼|栋|幢|号楼|单元|辆|岁|厘|公|度|斤|吨|电|线|小区|国道|省道))"
_BARE = rf"(?P<bare>[A-Za-z]?[0-9]{{3,4}}[A-Da-d]?{_UNITS}|[{_CN}]{{3,5}}(?![{_CN}户人米元平年月日套多余个天次台万千路分时点]))"
_DOOR = r"(?P<door>[0-9]{1,4}号(?!楼|线|口|门|院|路|栋|幢|井|机|坝|桥|文|晚|早|上|下|开|停|前|后|起|至|到|-|房|室|户))"
_SEP = r"[\s,\-,]?"

_FULL = re.compile(rf"{_BUILDING}{_SEP}(?:{_UNIT}{_SEP})?(?:{_FLOOR}{_SEP})?(?:{_ROOM}|{_SIDE}|{_BARE})")
_FULL_DOOR = re.compile(rf"{_BUILDING}{_SEP}{_UNIT}{_SEP}(?:{_FLOOR}{_SEP})?{_DOOR}")
_UNIT_ONLY = re.compile(rf"{_UNIT}{_SEP}(?:{_FLOOR}{_SEP})?(?:{_ROOM}|{_SIDE}|{_BARE}|{_DOOR})")
_FLOOR_SIDE = re.compile(rf"{_FLOOR}{_SEP}{_SIDE}")
_ALONE = re.compile(
    rf"(?:(?<![0-9A-Za-z.])[A-Za-z]?[0-9]{{3,5}}[A-Da-d]?|(?<![{_CN}])[{_CN}]{{3,5}})\s?(?:号?室{_NO_ROOM}|号?房间|号房{_NO_HOUSE}|房{_NO_HOUSE}|寝室)"
)
_GROUP_DOOR = re.compile(
    rf"(?P<building>(?<![0-9]){_N}\s?(?:组|社|生产队))\s?(?:门牌)?(?P<door>(?:附)?[0-9]{{1,4}}号(?!楼|线|路|井|机|坝|桥|文|前|后|起|至|到))"
)
_DASHED = re.compile(
    r"(?<![0-9A-Za-z\-.])(?P<b>[A-Z]?[0-9]{1,3})(?P<h>[\-#栋幢]-?)(?:[0-9]{1,2}[\-#])?(?P<r>[0-9]{3,4})(?:室|号|房)?(?![0-9\-#])"
    + _UNITS
)
_HOME_BEFORE = re.compile(
    r"(?:[苑园城府庭湾里家院邸居寓期庄墅郦轩阁台区村]|住址?|地址|家住|住在|小区|公寓)[:是为在\s,]{0,3}$"
)
# 方园5-4304 said of a home that is bought: such words stand within a line of it.
_BOUGHT = re.compile(r"认购|购房|购买|签[定订约]|商品房|预售|交房|收房|网签|首付|业主|房号|新房")
_OFFICE = re.compile(
    r"政务|行政|服务中心|服务大厅|办事|窗口|法院|派出所|街道办|居委会|教学楼|实验楼|门诊|会议|办公楼|机关|信访|大学|教室"
)
_DIGITS = re.compile(r"[0-9]{3,4}")


def _may_be_room(number: str) -> bool:
    """Whether digits read as floor and door (1203 is, 800 and 1350 are amounts)."""
    digits = _DIGITS.search(number)
    return digits is None or 1 <= int(digits.group()[-2:]) <= 40


def _is_office(text: str, start: int) -> bool:
    return _OFFICE.search(text, max(0, start - 10), start) is not None


def _mark(building: str) -> str:
    return f"〔住址·{building.strip()}〕" if building else "〔住址〕"


# A window is a run of signs that addresses are made of; only windows that hold a number and a word of housing are read.
_WINDOW = re.compile(
    rf"[0-9A-Za-z{_CN}甲乙丙丁戊号楼栋幢座单元层室房间户东西南北中左右边侧手门洞#\-\s,梯组社生产队附第院寝牌、/]{{3,}}"
)
_HOUSING = re.compile(r"[室房户栋幢座单#\-组社寝元梯楼]")
_NUMBER = re.compile(rf"[0-9{_CN}]")


def _windows(text: str) -> Iterator[tuple[int, int]]:
    for match in _WINDOW.finditer(text):
        start, end = match.span()
        if _HOUSING.search(text, start, end) and _NUMBER.search(text, start, end):
            yield start, min(len(text), end + 8)


def _full(text: str, start: int, end: int) -> Iterator[Found]:
    for match in _FULL.finditer(text, start, end):
        building = match["building"]
        number_only = building.endswith("号")
        if (match["bare"] and (number_only or not _may_be_room(match["bare"]))) or _is_office(text, match.start()):
            continue
        named = match["named"] or ""
        if not match["unit"] and (named.endswith("户") or (number_only and match["side"])):
            continue  # 44栋724户 counts households
        if named and not match["unit"] and not match["floor"] and len(_SIGNS.findall(named)) < 3:
            continue
        yield Found(match.start(), match.end(), "address", 0.95 if match["bare"] else 0.98, _mark(building))


_SIGNS = re.compile(r"[0-9一-龥]")


# 48栋1102、201、902: rooms behind a room, in the same building.
_MORE = re.compile(
    rf"\s?[、,/和及与]\s?(?P<r>[A-Za-z]?[0-9]{{3,4}}[A-Da-d]?(?:号?室|号?房|户)?)(?=[、,/和及与。;:!?)\s的等在业住漏渗反]|$){_UNITS}"
)


def _more(text: str, at: int) -> Iterator[Found]:
    while match := _MORE.match(text, at):
        if not _may_be_room(match["r"]):
            return
        yield Found(match.start("r"), match.end("r"), "address", 0.85, _mark(""))
        at = match.end()


def rooms_in(text: str) -> Iterator[Found]:
    """This will find room-level addresses in a folded text; what reads as an office, an amount or a floor plan stays."""
    for start, end in _windows(text):
        for first in _full(text, start, end):
            yield first
            yield from _more(text, first.end)
        yield from _parts(text, start, end)
        yield from _dashed(text, start, end)


def _parts(text: str, start: int, end: int) -> Iterator[Found]:
    """Addresses that begin below the building or hang on a villagers' group."""
    for pattern in (_FULL_DOOR, _GROUP_DOOR):
        for match in pattern.finditer(text, start, end):
            yield Found(match.start(), match.end(), "address", 0.92, _mark(match["building"]))
    for match in _UNIT_ONLY.finditer(text, start, end):
        if not match["bare"] or _may_be_room(match["bare"]):
            yield Found(match.start(), match.end(), "address", 0.93, _mark(""))
    for match in (*_FLOOR_SIDE.finditer(text, start, end), *_ALONE.finditer(text, start, end)):
        if _is_room_alone(text, match):
            yield Found(match.start(), match.end(), "address", 0.9, _mark(""))


def _is_room_alone(text: str, match: re.Match[str]) -> bool:
    if match.re is _FLOOR_SIDE:
        return match["side"][-1] == "户"
    return not _is_office(text, match.start()) and text[match.start() - 1 : match.start()] not in ("第", "共", "-")


def _dashed(text: str, start: int, end: int) -> Iterator[Found]:
    """12-3-501, 12#501 and 3栋-501 behind the name of a home."""
    for match in _DASHED.finditer(text, start, end):
        sure = match.group()[-1] in "室房" or match["h"].startswith("#")
        before = text[max(0, match.start() - 8) : match.start()]
        if _may_be_room(match["r"]) and (sure or _HOME_BEFORE.search(before) or _is_bought(text, match)):
            yield Found(match.start(), match.end(), "address", 0.9, _mark(match["b"] + "号楼"))


def _is_bought(text: str, match: re.Match[str]) -> bool:
    """Whether 5-4304 stands right behind a name, and somebody buys or owns what is meant."""
    start, end = match.span()
    named = text[start - 1 : start] >= "\u4e00" and text[start - 1 : start] <= "\u9fff" and text[start - 1] not in "第号编约共至到年月日版从"
    return named and len(match["r"]) == 4 and bool(_BOUGHT.search(text, max(0, start - 24), min(len(text), end + 24)))

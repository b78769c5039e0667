# ruff: noqa: SIM905
"""Personal numbers: phones, identity numbers, bank cards, passports, plates, mail, messenger and account ids.

Digits are read in runs: a run is digits with at most two separators between them; its groups are tried, longest first,
against what a number of each kind looks like. Every pattern is linear: no nested repetition, every look back is
bounded.
"""

import re
from collections.abc import Iterator
from itertools import accumulate
from typing import NamedTuple

from .found import Found, found

_RUN = re.compile(r"\(?[0-9](?:[ \t.·_*()\-]{0,3}[0-9])*[xX]?(?![0-9])")
_GROUP = re.compile(r"[0-9]+")
_LOOSE_CHARS = "0-9OoIl|一二三四五六七八九零〇幺壹贰叁肆伍陆柒捌玖"
_LOOSE = re.compile(rf"[{_LOOSE_CHARS}](?:[ \-.·]{{0,2}}[{_LOOSE_CHARS}]){{9,}}[xX]?")
_LOOSE_DIGITS = str.maketrans("OoIl|一二三四五六七八九零〇幺壹贰叁肆伍陆柒捌玖", "00111123456789001123456789", "")
_SIZES = frozenset((7, 8, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 22))  # how many digits a number of any kind has

_CALL = re.compile(
    r"(?:电话|座机|手机|热线|联系方式|联系|致电|拨打|号码|固话|家电|传真|小灵通|[Tt][Ee][Ll])"
    r"(?:号码|号)?[:是为打\s.\-]{0,4}$"
)
_PAPER = re.compile(
    r"(?:编号|文号|单号|案号|订单号?|受理号?|流水号?|条码|凭证号?|发票号?码?|税号|信用代码|证书号?|许可证号?|序号|批号|图号|工程号)"
    r"[:是为\s]{0,3}$"
)
_CARD_CUE = re.compile(r"(?:卡号|银行卡|储蓄卡|信用卡|账号|账户|帐号|帐户|卡)(?:号码?)?[:是为\s]{0,4}$")
_IDENTITY_CUE = re.compile(r"(?:身份证|证件|公民身份)(?:号码?|证号)?[:是为\s]{0,4}$")
_MONEY = re.compile(r"\s?(?:元|万|亿|平方|平米|立方|吨|公里|千米|米|度|kwh|KWH|℃|㎡|m2|%|栋|幢|号楼|个|户)")
_EXTENSION = re.compile(r"\s?(?:转|分机|ext\.?)\s?[0-9]{1,6}|-[0-9]{1,4}(?![0-9])")
_AREA = re.compile(r"0(?:10|2[0-57-9]|[3-9][0-9]{2})")
_PROVINCES = frozenset(  # GB/T 2260, first two digits
    "11 12 13 14 15 21 22 23 31 32 33 34 35 36 37 41 42 43 44 45 46 50 51 52 53 54 61 62 63 64 65 71 81 82 83".split()
)
_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)  # GB 11643-1999, 6.1
_MOBILE_SHAPES = frozenset(
    [(11,), (3, 4, 4), (3, 8), (3, 3, 5), (4, 4, 3), (7, 4), (5, 6), (6, 5), (4, 3, 4), (3, 5, 3), (3, 2, 6)]
)


def checksum_holds(number: str) -> bool:
    """This will tell whether the last sign of an 18-digit identity number fits the other 17 (GB 11643-1999)."""
    total = sum(int(d) * w for d, w in zip(number[:17], _WEIGHTS, strict=True))
    return "10X98765432"[total % 11] == number[17].upper()


def luhn_holds(digits: str) -> bool:
    """This will tell whether a card number ends in its check digit (ISO/IEC 7812-1, annex B)."""
    total = 0
    for i, digit in enumerate(reversed(digits)):
        value = int(digit) * (1 + i % 2)
        total += value - 9 if value > 9 else value
    return total % 10 == 0


def _is_day(year: int, month: int, day: int) -> bool:
    if not (1900 <= year <= 2099 and 1 <= month <= 12 and day >= 1):
        return False
    leap = year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
    return day <= (31, 29 if leap else 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)[month - 1]


class _Group(NamedTuple):
    start: int
    end: int
    digits: str


class _Read(NamedTuple):
    kind: str
    confidence: float


def _identity(digits: str, before: str) -> _Read | None:
    if digits[:2] not in _PROVINCES:
        return None
    if len(digits) == 18 and _is_day(int(digits[6:10]), int(digits[10:12]), int(digits[12:14])):
        return _Read("identity", 0.999 if checksum_holds(digits) else 0.9)
    if (
        len(digits) == 15
        and digits.isdigit()
        and _is_day(1900 + int(digits[6:8]), int(digits[8:10]), int(digits[10:12]))
    ):
        return None if _PAPER.search(before) else _Read("identity", 0.99 if _IDENTITY_CUE.search(before) else 0.9)
    return None


def _card(digits: str, lengths: tuple[int, ...], before: str) -> _Read | None:
    if (
        not 15 <= len(digits) <= 19
        or digits[0] not in "34569"
        or min(lengths) < 3
        and len(lengths) > 1
        and lengths[-1] > 4
    ):
        return None
    if len(lengths) > 1 and lengths[0] not in (4, 6):
        return None
    cued = _CARD_CUE.search(before)
    if len(digits) >= 16 and luhn_holds(digits) and not _PAPER.search(before):
        return _Read("card", 0.99 if cued else 0.93)
    return _Read("card", 0.9) if cued else None


def _mobile_after_prefix(digits: str, lengths: tuple[int, ...]) -> tuple[str, tuple[int, ...]]:
    for prefix in ("0086", "86", "17951", "12593", "0"):
        if not digits.startswith(prefix) or len(digits) - len(prefix) < 11:
            continue
        if lengths[0] == len(prefix):
            return digits[len(prefix) :], lengths[1:]
        if lengths[0] > len(prefix):
            return digits[len(prefix) :], (lengths[0] - len(prefix), *lengths[1:])
    return digits, lengths


def _looks_listed(lengths: tuple[int, ...], *, alone: bool) -> bool:
    """Whether the groups look like a list of small numbers (13 14 15 …) and not like one number spoken slowly."""
    return not alone or (max(lengths) <= 2 and set(lengths) not in ({1}, {2}, {1, 2})) or len(set(lengths)) > 3


def _mobile(digits: str, lengths: tuple[int, ...], before: str, after: str, *, alone: bool) -> _Read | None:
    digits, lengths = _mobile_after_prefix(digits, lengths)
    if len(digits) == 22 and lengths == (22,) and digits[11] == "1" and digits[12] in "3456789":
        digits, lengths = digits[:11], (11,)
    if len(digits) != 11 or digits[0] != "1" or digits[1] not in "3456789":
        return None
    if lengths not in _MOBILE_SHAPES and _looks_listed(lengths, alone=alone):
        return None
    if _MONEY.match(after) or _PAPER.search(before):
        return None
    return _Read("phone", 0.99 if lengths in _MOBILE_SHAPES else 0.9)


def _fixed(digits: str, lengths: tuple[int, ...], before: str, after: str) -> _Read | None:
    if digits.startswith("86") and lengths[0] == 2 and len(digits) >= 11:
        digits, lengths = "0" + digits[2:], (lengths[1] + 1, *lengths[2:]) if len(lengths) > 1 else lengths
    area = _AREA.match(digits)
    if area and digits[area.end() : area.end() + 1] in tuple("2345678") and not _PAPER.search(before):
        local = len(digits) - area.end()
        if local in (7, 8) and lengths[0] in (area.end(), len(digits)) and min(lengths) >= 3:
            return None if _MONEY.match(after) else _Read("phone", 0.97 if len(lengths) > 1 else 0.9)
    if len(digits) in (7, 8) and digits[0] in "2345678" and min(lengths) >= 3 and _CALL.search(before):
        looks_dated = len(digits) == 8 and _is_day(int(digits[:4]), int(digits[4:6]), int(digits[6:]))
        return None if looks_dated or _MONEY.match(after) else _Read("phone", 0.92)
    return None


def _read(groups: list[_Group], text: str, tail: str, *, alone: bool) -> _Read | None:
    digits = "".join(g.digits for g in groups) + tail
    lengths = tuple(g.end - g.start for g in groups)
    before, after = (
        text[max(0, groups[0].start - 12) : groups[0].start].rstrip("(+"),
        text[groups[-1].end : groups[-1].end + 4],
    )
    if tail:
        return _identity(digits, before) if len(digits) == 18 else None
    if len(digits) in (15, 18):
        seen = _identity(digits, before)
        if seen:
            return seen
    return (
        _card(digits, lengths, before)
        or _mobile(digits, lengths, before, after, alone=alone)
        or _fixed(digits, lengths, before, after)
    )


def _is_decimal_tail(text: str, start: int) -> bool:
    """Whether the group at `start` is the part behind a decimal point, as in a coordinate 120.13812345678."""
    return start >= 3 and text[start - 1] == "." and text[start - 2].isdigit() and text[start - 3].isdigit()


def _in_run(text: str, start: int, end: int) -> Iterator[Found]:
    groups = [_Group(m.start(), m.end(), m.group()) for m in _GROUP.finditer(text, start, end)]
    letter = text[end - 1 : end].upper() == "X"
    upto = [0, *accumulate(g.end - g.start for g in groups)]
    first = 0
    while first < len(groups):
        taken = first
        for last in range(min(len(groups), first + 18), first, -1):
            if upto[last] - upto[first] not in _SIZES or groups[last - 1].end - groups[first].start > 48:
                continue
            part = groups[first:last]
            ends_run = last == len(groups)
            seen = _read(part, text, "X", alone=first == 0 and ends_run) if letter and ends_run else None
            seen = seen or _read(part, text, "", alone=first == 0 and ends_run)
            if seen and not (len(part) == 1 and _is_decimal_tail(text, part[0].start)):
                yield _widened(text, part[0].start, part[-1].end, seen, letter=letter and ends_run)
                taken = last
                break
        first = max(taken, first + 1)


def _widened(text: str, start: int, end: int, seen: _Read, *, letter: bool) -> Found:
    if letter and seen.kind == "identity":
        end += 1
    if start and text[start - 1] == "(":
        start -= 1
    if start and text[start - 1] == "+":
        start -= 1
    if seen.kind == "phone":
        extension = _EXTENSION.match(text, end)
        if extension and text[start : start + 2].strip("(")[:1] == "0":
            end = extension.end()
    return found(start, end, seen.kind, seen.confidence)


def _loose(text: str) -> Iterator[Found]:
    """Numbers with Chinese digits or with letters in the place of digits: 一三八…, l38OOl2…"""
    for match in _LOOSE.finditer(text):
        raw = match.group()
        signs = [(match.start() + i, c) for i, c in enumerate(raw) if c not in " -.·"]
        odd = [c for _, c in signs if not c.isascii() or not c.isdigit()]
        if not odd or len(signs) > 40:
            continue
        digits = "".join(c for _, c in signs).translate(_LOOSE_DIGITS)
        letters = sum(c in "OoIl|" for c in odd)
        around = text[match.start() - 1 : match.start()] + text[match.end() : match.end() + 1]
        if letters and (2 * letters > len(signs) or re.search(r"[A-Za-z]", around)):
            continue
        window = _loose_window(digits, text[max(0, match.start() - 12) : match.start()])
        if window:
            first, last, kind = window
            yield found(signs[first][0], signs[last - 1][0] + 1, kind, 0.93)


def _loose_window(digits: str, before: str) -> tuple[int, int, str] | None:
    if len(digits) == 18 and _identity(digits, before):
        return 0, 18, "identity"
    if 16 <= len(digits) <= 19 and digits.isdigit() and _card(digits, (len(digits),), before):
        return 0, len(digits), "card"
    for first in dict.fromkeys((0, len(digits) - 11)):
        number = digits[first : first + 11]
        if len(digits) <= 13 and len(number) == 11 and number[0] == "1" and number[1] in "3456789":
            return first, first + 11, "phone"
    return None


_HALF_HIDDEN = re.compile(
    r"(?<![0-9])(?:1[3-9][0-9][*xX×•●]{4,8}[0-9]{0,4}|[1-8][0-9]{5,13}[*xX×•●]{3,12}[0-9]{0,4}[xX]?)(?![0-9])"
)
_HIDER = re.compile(r"[0-9][*xX×•●]")
_PASSPORT = re.compile(
    r"(?:[EGDSPHKMegdsphkm][0-9]{8}|[Ee][A-HJ-NP-Za-hj-np-z][0-9]{7}|[HMhm][0-9]{10})(?![0-9A-Za-z])"
)
_PASSPORT_CUE = re.compile(r"(?:护照|通行证|回乡证|台胞证|证件|[Pp]assport)(?:号码?)?[:是为\s]{0,4}$")
_PLATE = re.compile(
    r"[京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼][A-HJ-NP-Za-hj-np-z][ ·.\-]?"
    r"(?:(?=[A-Za-z]{0,3}[0-9*])[A-HJ-NP-Za-hj-np-z0-9*]{5,6}|[A-HJ-NP-Za-hj-np-z0-9]{4}[挂学警港澳使领])(?![0-9A-Za-z])"
)
# Behind the word for it, or before its owner, a part of a number or an unusual sign of the province is enough.
_PLATE_CUED = re.compile(
    r"(?:车牌(?:号码?|照)?|牌照|车号)(?:尾号)?[是为:\s]{0,3}"
    r"(?P<id>(?=[\u4e00-\u9fff]?[A-Za-z]{0,3}[0-9])[\u4e00-\u9fff]?[A-Za-z0-9·]{4,8}[学挂警]?)(?![0-9A-Za-z])"
)
_PLATE_OWNED = re.compile(
    r"(?<=[\u4e00-\u9fff])(?<![号编码型线路区楼栋])[A-HJ-NP-Z]·?(?=[A-Z]{0,2}[0-9])[A-HJ-NP-Z0-9]{5,6}(?=的?(?:车主|司机|轿车|货车|面包车|小车|汽车))"
)
_MAIL_SIGNS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._%+-"
_MAIL_AFTER = re.compile(r"[A-Za-z0-9\-]{1,63}(?:\.[A-Za-z0-9\-]{1,63}){1,4}")
# Literal alternatives: the engine then skips to their first signs, which a class such as [Ww] would prevent.
_MESSENGER = re.compile(
    r"(?:微信号?|wx号?|WX号?|Wx号?|vx号?|VX号?|Vx号?|V信|v信|V号|v号|V:|v:|薇信|威信|QQ群?号?|qq群?号?|Qq号?|扣扣号?|企鹅号?|抖音号?|快手号?|钉钉号?"
    r"|支付宝号?|微博号?|Telegram|telegram)"
    r"(?:账号|账户|号码|帐号|[Ii][Dd])?\s{0,2}(?:[:是为]|加我)?\s{0,2}"
    r"(?P<id>[A-Za-z][A-Za-z0-9_\-]{5,19}|[1-9][0-9]{5,11})(?![0-9A-Za-z_])(?!\s?[年月日元人万个条次米群])"
)
_ACCOUNT = re.compile(
    r"(?:用户号|户号|用户编号|客户编?号|缴费(?:户?号|编号)|燃气(?:卡|表)?号|水表号|电表号|账户?号码?|帐户?号码?|账户|帐户|卡号|社保卡?号|医保卡?号"
    r"|学号|工号|准考证号|病历号|住院号|就诊卡号|档案号|宽带号|公积金号|会员号|保单号|驾驶证号|证件号码?|残疾证号|残疾人证号)"
    r"(?:码|为|是|:|\s){0,3}(?P<id>(?=[A-Za-z\-]{0,8}[0-9])[A-Za-z0-9\-]{4,24})(?![0-9A-Za-z])(?!\s?[年月日元])"
)


def _mails(text: str) -> Iterator[Found]:
    at = text.find("@")
    while at >= 0:
        before = text[max(0, at - 64) : at]
        before = before[len(before.rstrip(_MAIL_SIGNS)) :]
        after = _MAIL_AFTER.match(text, at + 1)
        if before and after:
            yield found(at - len(before), after.end(), "mail", 0.99)
        at = text.find("@", at + 1)


def _passports(text: str) -> Iterator[Found]:
    for match in _PASSPORT.finditer(text):
        before = text[max(0, match.start() - 12) : match.start()]
        if before[-1:].isascii() and before[-1:].isalnum():
            continue
        if _PASSPORT_CUE.search(before):
            yield found(match.start(), match.end(), "passport", 0.98)
        elif match.group()[0] in "EGe" and not re.search(r"[号型单文批件图款]码?[:为是\s]{0,3}$", before):
            yield found(match.start(), match.end(), "passport", 0.8)


def _by_pattern(text: str) -> Iterator[Found]:
    for match in _HALF_HIDDEN.finditer(text) if _HIDER.search(text) else ():
        hidden_phone = match.group()[0] == "1" and match.group()[3] in "*xX×•●"
        yield found(match.start(), match.end(), "phone" if hidden_phone else "identity", 0.9)
    for match in _PLATE.finditer(text):
        if any(c.isdigit() for c in match.group()):
            yield found(match.start(), match.end(), "plate", 0.97)
    for match in _PLATE_CUED.finditer(text):
        yield found(match.start("id"), match.end("id"), "plate", 0.85)
    for match in _PLATE_OWNED.finditer(text):
        yield found(match.start() - 1, match.end(), "plate", 0.85)
    for pattern, kind in ((_MESSENGER, "messenger"), (_ACCOUNT, "account")):
        for match in pattern.finditer(text):
            yield found(match.start("id"), match.end("id"), kind, 0.93)


def numbers_in(text: str) -> Iterator[Found]:
    """This will find personal numbers in a folded text; places may overlap, `minimise` chooses."""
    if "@" in text:
        yield from _mails(text)
    for match in _RUN.finditer(text):
        if match.end() - match.start() >= 7:
            yield from _in_run(text, match.start(), match.end())
    yield from _loose(text)
    yield from _passports(text)
    yield from _by_pattern(text)

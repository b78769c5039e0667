# ruff: noqa: E501 — patterns read better on one line
"""Names of people: those beside a cue word (see `names`), and those of a story, which only their neighbours give away.

A name without any word beside it is taken where it stands in a list of names or of debts, beside a word that only follows a person
(徐某的前妻, 夫妻, 拍板), in front of kin or an office in brackets, or again after it was taken once. Two signs alone are never enough.
Among three names in a row or three debts a given sign may be any (`_could_be`): no table holds all that parents choose.
"""

import re
from collections.abc import Iterator

from .found import Found, found
from .names import CLEAR, GIVEN, GRAMMAR, JOBS, TWO, UNCLEAR, WORDS, bad_before, beside_a_word, name_at

_PLACE_ENDS = frozenset("路街巷道村镇乡区县市山河湖桥苑园港湾湖洲岭坡塘坪冲坝村组店厂矿")
# What no name of a person holds: words, offices, goods and companies do.
_NEVER_GIVEN = frozenset("的了是在不就都也又还有无没等和与及或被把对给让从向为以于其此该这那个只我你他她们人者员长任局部司行会社费款金账户家公")
# What stands right before a name in a story.
_FREE = re.compile(r"(?:[^\u4e00-\u9fff]|^|[、和与及被受由致使向将把对给让跟同因是为经属找请说了在]|委托|项目|追缴|以及|其中|接到)$")
_KIN = r"(?:前妻|前夫|妻子|丈夫|夫妻|夫妇|父亲|母亲|父子|父女|母子|弟弟|哥哥|姐姐|妹妹|儿子|女儿|姐弟|兄弟|兄妹|岳父)"
# Kin or an office told in brackets right behind: only a person has them.
_TOLD_IN_BRACKETS = re.compile(rf"\([^()\n]{{0,8}}{_KIN}\)|\([^()\n]{{0,12}}(?:{JOBS}|派出所所长|大队长|庭长|法定代表人)\)")
# Where three signs after a surname are a name whatever the given ones: who acts for kin, who sued or called (in brackets), and
# whoever speaks behind an office in brackets.
_THREE = r"[\u4e00-\u9fff]{3}"
_ACTED = re.compile(
    rf"(?<![\u4e00-\u9fff])(?P<a>{_THREE})(?=(?:代理|代替|替)其(?:{_KIN}|姐夫|妹夫))"
    rf"|被\((?P<b>{_THREE})\)(?=告|起诉|打|骂|威胁|恐吓)|接到\((?P<c>{_THREE})\)(?=电话|短信|威胁|恐吓)"
    rf"|(?:庭长|大队长|所长)\)(?P<d>{_THREE})(?=说)"
)
# What only stands behind a person; it is looked for first, it is rarer than a surname.
_BEHIND = re.compile(
    rf"[(]?{_KIN}|等人|名下|二人|两人|个人(?:涉|账|挥|资)|出具了|介绍(?![信费函性])|代理其|拍板|户房屋|账户[0-9]|所写的|本人的?[签身账]"
    rf"|\([^()\n]{{0,16}}(?:{JOBS}|总监|推广人|派出所所长|姐夫)\)"
)
_SUM = re.compile(r"(?:账户)?\s?[0-9][0-9,]*(?:\.[0-9]+)?\s?万?元?(?=[^,。;、\n]{0,16}元)")
_NUMBERED = re.compile(r"[0-9]{1,2}[、.](?P<name>[\u4e00-\u9fff]{2,3})(?=(?:账户)?[0-9][0-9,]*(?:\.[0-9]+)?万?元?)")
MANY = 5  # names in one list
_ITEM = r"[\u4e00-\u9fff]{2,4}"
_LIST = re.compile(rf"{_ITEM}(?:\([^()\n]{{0,14}}\))?(?:[、和与及]{_ITEM}(?:\([^()\n]{{0,14}}\))?){{2,}}")
_PART = re.compile(r"\([^()]*\)|[、和与及]")



def _may_be(text: str, start: int, end: int) -> bool:
    """Whether the signs read as a full name: a surname, given signs, no ordinary word and no place."""
    if text[start : start + 2] in TWO:
        return end - start in (3, 4) and all(c in GIVEN for c in text[start + 2 : end])
    if end - start not in (2, 3) or text[start] not in CLEAR | (UNCLEAR - GRAMMAR):
        return False
    given = text[start + 1 : end]
    likely = all(c in GIVEN for c in given) or len(given) == 2 and given[0] == given[1]
    return likely and text[start : start + 2] not in WORDS and not bad_before(text, start) and given[-1] not in _PLACE_ENDS


def _could_be(text: str, start: int, end: int) -> bool:
    """Whether the signs could be a full name where the place itself says that a name stands here: any given signs that
    no place and no word ends with."""
    if end - start not in (2, 3) or text[start] not in CLEAR | (UNCLEAR - GRAMMAR):
        return False
    given = text[start + 1 : end]
    if not all("\u4e00" <= c <= "\u9fff" and c not in _NEVER_GIVEN for c in given) or given[-1] in _PLACE_ENDS:
        return False
    return text[start : start + 2] not in WORDS and not bad_before(text, start)


def _is_plain(said: str) -> bool:
    """Whether nothing in the signs forbids a name, among many that are read as names: parents and tables differ."""
    if len(said) not in (2, 3) or said[-1] in _PLACE_ENDS or said in WORDS:
        return False
    return all("\u4e00" <= c <= "\u9fff" and c not in _NEVER_GIVEN for c in said)


def _sure(text: str, name: tuple[int, int]) -> bool:
    """Three signs, or two with a surname that is no word."""
    start, end = name
    return end - start >= 3 or text[start] in CLEAR


def _name_before(text: str, end: int) -> tuple[int, int] | None:
    """The name that ends here and stands free, the longer first."""
    for start in (end - 3, end - 2, end - 4):
        if start >= 0 and _may_be(text, start, end) and _sure(text, (start, end)) and _FREE.search(text[max(0, start - 2) : start]):
            return start, end
    return None


def _told_of(text: str) -> Iterator[Found]:
    for match in _BEHIND.finditer(text):
        name = _name_before(text, match.start())
        if name:
            yield found(*name, "name", 0.85)


def _told_in_brackets(text: str) -> Iterator[Found]:
    for match in _TOLD_IN_BRACKETS.finditer(text):
        for start in (match.start() - 3, match.start() - 2):
            if start >= 0 and _could_be(text, start, match.start()) and _FREE.search(text[max(0, start - 2) : start]):
                yield found(start, match.start(), "name", 0.85)
                break


def _acted(text: str) -> Iterator[Found]:
    for match in _ACTED.finditer(text):
        start, end = match.span(str(match.lastgroup))
        if text[start] in CLEAR and _could_be(text, start, end):
            yield found(start, end, "name", 0.85)


def _owed(text: str) -> Iterator[Found]:
    """A list of people and sums (1、… 300万元。2、… 120元): three of them, or none."""
    if text.count("元") < 3:
        return
    ends = (m.start() for m in _SUM.finditer(text))
    seen = [name for end in ends if (name := _name_before(text, end)) and not "\u4e00" <= text[name[0] - 1 : name[0]] <= "\u9fff"]
    if len(seen) >= 3:
        for name in seen:
            yield found(*name, "name", 0.85)
        for match in _NUMBERED.finditer(text):  # among so many names, what stands alone between number and sum is one
            said = match.group("name")
            if _could_be(text, *match.span("name")) or len(seen) >= MANY and _is_plain(said):
                yield found(*match.span("name"), "name", 0.85)


def _in_lists(text: str) -> Iterator[Found]:
    """Three or more names in a row, each of which reads as one; streets, goods and cities do not."""
    for run in _LIST.finditer(text) if "、" in text else ():
        names: list[tuple[int, int]] = []
        at = run.start()
        for cut in (*_PART.finditer(text, run.start(), run.end()), None):
            end = cut.start() if cut else run.end()
            if end > at:
                names.append(_trimmed(text, at, end, first=not names, last=cut is None))
            at = cut.end() if cut else end
        for name in _read_as_names(text, names):
            yield found(*name, "name", 0.85)


def _read_as_names(text: str, names: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Those of a row that are names; none where too few of them read as one."""
    whole = [n for n in names if _may_be(text, *n) and _sure(text, n)]
    others = [n for n in names if n not in whole]
    if len(whole) >= 3 and 2 * len(whole) >= len(names) and all(_could_be(text, *n) for n in others):
        return names if sum(n[1] - n[0] == 3 for n in names) >= 2 else []
    if len(whole) >= 3 and text.startswith("等人", names[-1][1]):  # 追缴…、…等人: what stands before the first is no name
        rest = names[names.index(whole[0]) :]
        if len(rest) >= MANY and 2 * len(whole) >= len(rest) and all(_is_plain(text[slice(*n)]) for n in rest):
            return rest
    threes = sum(n[1] - n[0] == 3 for n in whole)
    return whole if len(whole) >= 3 and len(whole) >= len(names) - 1 and threes >= 2 else []


def _trimmed(text: str, start: int, end: int, *, first: bool, last: bool) -> tuple[int, int]:
    """The name of an item; what stands before the first and behind the last is cut off (追缴…, …三人)."""
    if first:
        start = next((at for at in (end - 3, end - 2) if at > start and _may_be(text, at, end)), start)
    if last:
        end = next((to for to in (start + 3, start + 2) if to < end and _may_be(text, start, to)), end)
    return start, end


_AND = re.compile(r"[、和与及]")


def _listed(text: str, seen: list[Found]) -> Iterator[Found]:
    """Names behind a name: 毕业生王伟、李芳、陈小灵都…"""
    for first in seen:
        end = first.end
        while _AND.match(text, end):
            follows = name_at(text, end + 1, strong=False) if text[end + 1 : end + 2] in CLEAR else None
            if follows is None:
                break
            yield found(end + 1, follows, "name", 0.85)
            end = follows


def _again(text: str, names: set[str]) -> Iterator[Found]:
    for name in sorted(names):
        at = text.find(name)
        while at >= 0:
            if text[at + len(name) : at + len(name) + 1] not in _PLACE_ENDS:
                yield found(at, at + len(name), "name", 0.85)
            at = text.find(name, at + len(name))


def names_in(text: str) -> Iterator[Found]:
    """This will find names of people in a folded text; a surname alone, a street or a company is not a name."""
    kin = list(_told_in_brackets(text)) if "(" in text else []
    acted = list(_acted(text))
    seen = [*beside_a_word(text), *_told_of(text), *kin, *acted, *_owed(text), *_in_lists(text)]
    seen += list(_listed(text, seen))
    yield from seen
    full = {text[f.start : f.end] for f in seen}
    full = {n for n in full if _is_again(n)} | {text[f.start : f.end] for f in (*kin, *acted)}
    if len(full) <= 50:
        yield from _again(text, full)


def _is_again(name: str) -> bool:
    """Whether a name is looked for again: full, and no word that is said of other things."""
    if not 2 <= len(name) <= 3 or name[:2] in WORDS or not all(c in GIVEN for c in name[1:]):
        return False
    return name[0] in CLEAR or len(name) == 3 and name[0] in UNCLEAR - GRAMMAR

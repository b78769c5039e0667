"""A condition as a sentence, in Chinese or English. Names come from a mapping; a code without a name stays
a code.

`names` is looked up by "space:code" first ("matter:05.02", "body:B1", "zone:Z", "value.channel:phone",
"answers.depth_cm:deep", "fact:answers.depth_cm"), then by the bare code.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, TypeAlias

from .conditions import All, Any, Cond, Not, Test
from .facts import type_of
from .operators import KNOWN
from .vocabulary import codes_of, space_of

Names: TypeAlias = Mapping[str, str]
NO_NAMES: Final[Names] = {}

FACT_WORDS: Final[Mapping[str, tuple[str, str]]] = {
    "matter": ("事项", "the matter"),
    "caller_kind": ("来电人类别", "the kind of caller"),
    "channel": ("渠道", "the channel"),
    "urgency": ("紧急程度", "the urgency"),
    "kind": ("诉求类型", "the kind of report"),
    "tags": ("标签", "the tags"),
    "risk_marks": ("风险标记", "the risk marks"),
    "place": ("地点", "the place"),
    "facility_owner": ("设施权属", "the owner of the facility"),
    "compound_manager": ("小区物业", "the manager of the compound"),
    "road_owner": ("道路权属", "the owner of the road"),
    "reports_joined": ("合并诉求数", "the number of joined reports"),
    "said_at": ("诉求时间", "the time of the report"),
    "has_photo": ("附有照片", "a photo is attached"),
    "in_emergency": ("处于应急状态", "it is an emergency"),
    "same_as_earlier": ("与以前同一件事", "it is the same as an earlier one"),
}
_OPERATOR_WORDS: Final[Mapping[str, tuple[str, str]]] = {
    "is": ("{f}是{v}", "{f} is {v}"),
    "in": ("{f}是{v}之一", "{f} is one of {v}"),
    "under": ("{f}属于{v}", "{f} is under {v}"),
    "has": ("{f}含{v}", "{f} have {v}"),
    "has_any": ("{f}含{v}之一", "{f} have one of {v}"),
    "has_all": ("{f}同时含{v}", "{f} have all of {v}"),
    "in_division": ("{f}在{v}", "{f} is in {v}"),
    "in_grid": ("{f}在网格{v}", "{f} is in grid {v}"),
    "in_zone": ("{f}在“{v}”范围", "{f} is in zone {v}"),
    "in_kind": ("{f}是{v}一类", "{f} is of kind {v}"),
    "is_kind": ("{f}是{v}一类单位", "{f} is a body of kind {v}"),
    "before": ("{f}早于{v}", "{f} is before {v}"),
    "after": ("{f}晚于{v}", "{f} is after {v}"),
    "weekday_in": ("{f}在{v}", "{f} is on {v}"),
    "between": ("{f}在{v}之间", "{f} is between {v}"),
    "between_days": ("{f}在{v}之间", "{f} is between {v}"),
    "time_between": ("{f}在每天{v}之间", "{f} is between {v} of a day"),
    "season_between": ("{f}在每年{v}之间", "{f} is between {v} of a year"),
    "known": ("已知{f}", "{f} is known"),
}
WEEKDAYS: Final = (
    ("周一", "Monday"),
    ("周二", "Tuesday"),
    ("周三", "Wednesday"),
    ("周四", "Thursday"),
    ("周五", "Friday"),
    ("周六", "Saturday"),
    ("周日", "Sunday"),
)
_BOTH: Final[Mapping[tuple[str, bool], tuple[str, str]]] = {
    ("empty", True): ("{f}为空", "{f} are empty"),
    ("empty", False): ("{f}不为空", "{f} are not empty"),
    ("is_working", True): ("{f}在工作时间", "{f} is in working time"),
    ("is_working", False): ("{f}在非工作时间", "{f} is outside working time"),
    ("is", True): ("{f}", "{f}"),
    ("is", False): ("不是{f}", "not so that {f}"),
}


def sentence(cond: Cond, lang: str = "zh", names: Names = NO_NAMES) -> str:
    """This will say the condition as one sentence without its full stop."""
    at = 1 if lang == "en" else 0
    if isinstance(cond, All) and not cond.parts:
        return ("任何情况", "in every case")[at]
    return _say(cond, at, names, outer=True)


def _say(cond: Cond, at: int, names: Names, *, outer: bool = False) -> str:
    match cond:
        case Test():
            return words_of(cond, at, names)
        case Not(part):
            return ("并非（{}）", "it is not so that ({})")[at].format(_say(part, at, names, outer=True))
        case All(parts) | Any(parts):
            word = (("，并且", "，或者"), (", and ", ", or "))[at][isinstance(cond, Any)]
            said = word.join(_say(part, at, names) for part in parts)
            return said if outer or len(parts) == 1 else ("（{}）", "({})")[at].format(said)


def words_of(test: Test, at: int, names: Names) -> str:
    """One test in words; `at` 0 Chinese, 1 English."""
    said = {"f": fact_words(test.fact, at, names), "v": value_words(test, at, names)}
    if isinstance(test.value, bool) and (test.op, test.value) in _BOTH and test.op != KNOWN:
        return _BOTH[test.op, test.value][at].format(**said)
    if test.op in ("is", "in") and said["f"].endswith(("?", "？")):  # a question is answered, it "is" nothing
        return ("“{f}”答“{v}”", "“{f}” – “{v}”")[at].format(**said)
    if test.op in _OPERATOR_WORDS:
        return _OPERATOR_WORDS[test.op][at].format(**said)
    return f"{said['f']} {test.op} {said['v']}" if at else f"{said['f']}{test.op}{said['v']}"


def fact_words(fact: str, at: int, names: Names) -> str:
    """A fact's name: ours, or the text of the question."""
    if type_of(fact) is not None:
        return FACT_WORDS[fact][at]
    return _named(names, f"fact:{fact}", fact)


def value_words(test: Test, at: int, names: Names) -> str:
    """The value of a test in words."""
    space = space_of(test)
    if space:
        said = [named(names, space, code) for code in codes_of(test)]
        return ("、", ", ")[at].join(said)
    if test.op == "weekday_in" and isinstance(test.value, tuple):
        return ("、", ", ")[at].join(WEEKDAYS[int(day) - 1][at] for day in test.value)
    values = test.value if isinstance(test.value, tuple) else (test.value,)
    joined = ("至", " and ")[at].join(str(value) for value in values)
    return f"{joined} {test.unit}" if test.unit else joined


def named(names: Names, space: str, code: str) -> str:
    """The name of a code in its space."""
    return _named(names, f"{space}:{code}", code)


def _named(names: Names, key: str, code: str) -> str:
    return names[key] if key in names else names.get(code, code)

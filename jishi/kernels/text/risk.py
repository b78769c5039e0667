# ruff: noqa: E501
"""Words of urgent danger, unless they are denied, over, or only imagined. Rules are data; the kernel brings the grammar.

A rule names groups of words: one word of every group must stand in one clause. A mark never closes, declines or calls anybody.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from .normalise import normalise_all
from .places import SpanOf

_CLAUSE = re.compile(r"[^,。;!?\n、]+[?]?")
_SENTENCE = re.compile(r"[^。;!?\n]+[?]?")
_DENIED = re.compile(r"(?:没有?|并?未|并非|不是|不会|无|别|不要|禁止|防止|避免|预防|严禁|排除)[^,。;]{0,4}$")
_PAST = re.compile(
    r"(?:已经?|早就?|昨天就?|上周|后来)[^,。;]{0,6}(?:修好|解决|处理(?:好|完)?|扑灭|救出|换好|恢复|盖好|找到|排除|结束|拆除|抢修完)|(?:修好|解决|扑灭|救出|恢复|找到|盖好)了|(?:去年|前年|多年前|以前|曾经)"
)
_IMAGINED = re.compile(
    r"(?:如果|要是|万一|假如|假设|一旦|倘若|若是|假使)|怎么办|该怎么|应该怎样|演练|演习|培训|宣传|讲座|知识|预案|小说|电影|电视剧|游戏"
)
_STILL = re.compile(r"(?:又|还在|仍然?|现在|正在|再次|依然|没修好|没解决|未解决)")


@dataclass(frozen=True)
class RiskRule:
    """`all_of`: groups of words, one of each must occur in a clause (or in a sentence with `wide`); `never` words switch it off."""

    code: str
    all_of: tuple[tuple[str, ...], ...]
    never: tuple[str, ...] = ()
    wide: bool = False
    call: str = ""
    desk_only: bool = False


@dataclass(frozen=True)
class RiskMark:
    """A rule that fires, the words that made it, the place of the first in the original, the number to call."""

    code: str
    words: tuple[str, ...]
    start: int
    end: int
    call: str = ""
    desk_only: bool = field(default=False)


def risk(texts: Iterable[str], rules: Sequence[RiskRule]) -> list[list[RiskMark]]:
    """This will give the marks of each text, one per rule at most, in the order of the rules.

    A word that is denied (没有起火), over (昨天已经修好) or imagined (如果起火怎么办, 消防演练) does not count, unless the same clause says
    that it goes on (又, 还在, 现在).
    """
    patterns = [
        tuple(re.compile("|".join(map(re.escape, sorted(group, key=len, reverse=True)))) for group in rule.all_of)
        for rule in rules
    ]
    return [_marks(folded.text, folded.original_span, rules, patterns) for folded in normalise_all(texts)]


def _marks(
    text: str, span: SpanOf, rules: Sequence[RiskRule], patterns: Sequence[tuple[re.Pattern[str], ...]]
) -> list[RiskMark]:
    marks = []
    for rule, groups in zip(rules, patterns, strict=True):
        if not all(group.search(text) for group in groups):
            continue
        for part in (_SENTENCE if rule.wide else _CLAUSE).finditer(text):
            words = _fires(text, part, rule, groups)
            if words:
                start, end = span(words[0].start(), words[0].end())
                marks.append(
                    RiskMark(rule.code, tuple(w.group() for w in words), start, end, rule.call, rule.desk_only)
                )
                break
    return marks


def _fires(text: str, part: re.Match[str], rule: RiskRule, groups: Sequence[re.Pattern[str]]) -> list[re.Match[str]]:
    if any(word in part.group() for word in rule.never):
        return []
    words = [
        next(
            (
                w
                for w in g.finditer(text, *part.span())
                if not _DENIED.search(text, max(part.start(), w.start() - 8), w.start())
            ),
            None,
        )
        for g in groups
    ]
    found = [w for w in words if w is not None]
    return found if len(found) == len(groups) and not _is_over_or_imagined(text, part) else []


def _is_over_or_imagined(text: str, part: re.Match[str]) -> bool:
    """Whether the sentence around the words says that it is past or supposed; 又 and 现在 in the words' own clause win over the past."""
    before = max(text.rfind(sign, 0, part.start()) for sign in "。;!?\n") + 1
    behind = _SENTENCE.match(text, before)
    sentence = behind.group() if behind else part.group()
    if _IMAGINED.search(sentence):
        return True
    return _PAST.search(sentence) is not None and not _STILL.search(sentence)

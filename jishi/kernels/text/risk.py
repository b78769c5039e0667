# ruff: noqa: E501
"""Words of urgent danger, unless they are denied, over, or only imagined. Rules are data; the kernel brings the grammar.

A rule names groups of words: one word of every group must stand in one clause. A mark never closes, declines or calls anybody.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cache

from .normalise import normalise_all
from .places import SpanOf

_CLAUSE = re.compile(r"[^,。;!?\n、]+[?]?")
_SENTENCE = re.compile(r"[^。;!?\n]+[?]?")
_DENIED = re.compile(
    r"(?:没有?(?!人[管来理接看])|并?未(?!成年)|并非|不是|不会|无(?![锡线证牌数人])|别(?![墅人的处家])|不要|不至于|禁止|防止|避免|预防|严禁|排除|(?<!消)防)"
    r"(?:发现|发生|再|人|什么|任何)?[^,。;]{0,4}$"
)
# Feared, not seen: 担心…, 怕…, 容易…, 就会发生…. 怕是 says that it is so.
_FEARED = re.compile(r"(?:担心|担忧|害怕|生怕|唯恐|怕(?!是)|以免|以防|容易|极易|会不会|可能会|可能引|可能导致|可能造成|可能出现|将会|随时都?(?:可能|会|有)|到时会|也许会|就会(?:出现|发生|造成|导致|引发))[^,。;!?]{0,14}$")
# Feared across a comma: 我担心,电器没关而造成火灾. Not where it is said that it has come.
_DREADED = re.compile(r"(?:担心|担忧),(?:(?!刚|正在|现在|已经)[^,。;!?]){0,40}(?:造成|导致|引发|引起)$")
# A word of danger in the name of something else: 火灾报警器, 漏电保护器, 起火隐患.
_NAMED = re.compile(
    r"[^,。;!?]{0,12}?(?:隐患|风险)|.{0,3}?(?:报警器|警报器|报警装置|保护器|保险|演练|演习|预案|知识|宣传|讲座|培训|防范|应急|原因|逃生|灾害|影响|地段)"
)
_PAST = re.compile(
    r"(?:已经?|早就?|昨天就?|昨晚就?|上周|后来|当晚|当天|连夜|晚上就?|及时)[^,。;]{0,6}"
    r"(?:修好|解决|处理(?:好|完)?|扑灭|救出|换好|换新|恢复|盖好|补好|填好|抽干|找到|排除|结束|拆除|抢修完|和解)"
    r"|(?:修好|解决|扑灭|救出|恢复|找到|盖好|填好|补好|抢修完)了|才(?:被|把火|把人)?(?:扑灭|救出)|(?:去年|前年|多年前|以前|曾经)|(?:差点|险些)酿成"
)
_SUPPOSED = re.compile(r"才会?(?:重视|来管|有人[来管])|真的?得?等|等(?:到|发生|出|真)[^,。;!?]{0,14}(?:才|再|吗)|如果|要不是|要是|万一|假如|假设|一旦|倘若|若是|假使|新闻说|听说外地|一经[^。;!?]{0,30}(?:将会|必将)")
# What happens again and again, and what is told of another day: no rule for what is going on now (`under_way`) fires on it.
_TOLD = re.compile(
    r"[0-9]{1,2}月|[0-9]{1,2}[日号](?![楼线院栋])|[0-9]{4}年|当时|期间|曾|事后|之后|后来|多次|几次|经常|时常|往往|纠集|参与|导致|遭到|随意|维权|拆迁|强拆|判决|拘留|报了警|未遂"
)
_HABIT = re.compile(r"一(?:下雨|到|遇|涨)[^,。;!?]{0,10}就|遇到?下?雨就|(?:曾|早几年|前几年)[^,。;!?]{0,8}(?:发生|出现)过")
_STAGED = re.compile(r"演练|演习|培训|宣传|讲座|知识|预案|小说|电影|电视剧|游戏|谣言|传谣|案例")
_ASKED = re.compile(r"怎么办|该怎么|应该怎样|怎样报警|找谁|打哪个|打什么电话")
_STILL = re.compile(r"(?:又|还在|仍然?|现在(?![换好已修用装改])|正在|再次|依然|没修好|没解决|未解决)")
_NOW = re.compile(r"了|着|在[漏烧冒打淹喊流砍]|正在|现在|还在|一直")
# What a letter tells of another year, and what says that its danger is of this hour.
_YEAR = re.compile(r"(?:19|20)[0-9]{2}年|[0-9十几多]{1,3}年[前了]|早几年|年年|每年|近几年")
_AT_ONCE = re.compile(r"现在|目前|此刻|眼下|刚刚|刚才|正在|正(?=[被在冒烧漏淹])|今[天日晚早晨]|还在|仍在|一直在|已经?(?:被淹|漫|倒灌)|现.{0,4}已|司空见惯|快来|救命|紧急|火急|不停")
LETTER = 150  # characters: who calls while it happens says less, or says that it happens
NEAR = 30  # characters
_REACH = 40  # characters between the words of a wide rule


@dataclass(frozen=True)
class RiskRule:
    """`all_of`: groups of words, one of each must occur in a clause (or in a sentence with `wide`); `never` words switch it off."""

    code: str
    all_of: tuple[tuple[str, ...], ...]
    never: tuple[str, ...] = ()
    wide: bool = False
    call: str = ""
    desk_only: bool = False
    under_way: bool = False  # what is told of another day does not count, unless it goes on
    at_once: bool = False  # of a letter only the sentences count that say that it is now


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

    A word that is denied (没有起火), over (昨天已经修好), feared (担心漏电) or imagined (如果起火怎么办, 消防演练) does not count, unless the
    sentence says that it goes on (又, 还在, 现在). Several rules may have one code: other ways to say the same danger.
    """
    patterns = [_patterns(rule.all_of) for rule in rules]
    return [_marks(folded.text, folded.original_span, rules, patterns) for folded in normalise_all(texts)]


@cache
def _patterns(groups: tuple[tuple[str, ...], ...]) -> tuple[re.Pattern[str], ...]:
    """The words of each group as one pattern, the longest first; made once for all texts that are ever read."""
    return tuple(re.compile("|".join(map(re.escape, sorted(group, key=len, reverse=True)))) for group in groups)


def _marks(
    text: str, span: SpanOf, rules: Sequence[RiskRule], patterns: Sequence[tuple[re.Pattern[str], ...]]
) -> list[RiskMark]:
    marks: dict[str, RiskMark] = {}
    for rule, groups in zip(rules, patterns, strict=True):
        if groups[0].search(text) is None or rule.code in marks or not all(g.search(text) for g in groups[1:]):
            continue
        for part in (_SENTENCE if rule.wide else _CLAUSE).finditer(text):
            words = _fires(text, part, rule, groups)
            if words:
                start, end = span(words[0].start(), words[0].end())
                said = tuple(w.group() for w in words)
                marks[rule.code] = RiskMark(rule.code, said, start, end, rule.call, rule.desk_only)
                break
    return list(marks.values())


def _fires(text: str, part: re.Match[str], rule: RiskRule, groups: Sequence[re.Pattern[str]]) -> list[re.Match[str]]:
    """The words of one part that make the rule fire: one of each group, near each other; empty where it does not."""
    if any(word in part.group() for word in rule.never):
        return []
    heard = _is_heard(rule)
    found = [[w for w in g.finditer(text, *part.span()) if _counts(text, part, w, heard=heard)] for g in groups]
    if not all(found) or _is_over_or_imagined(text, part, under_way=rule.under_way):
        return []
    if len(text) > LETTER and not heard:
        found = [[w for w in group if not _is_told(text, w, rule)] for group in found[:1]] + found[1:]
    for first in found[0]:
        words = [min(group, key=lambda w: abs(w.start() - first.start())) for group in found]
        if max(w.end() for w in words) - min(w.start() for w in words) <= _REACH or not rule.wide:
            return words
    return []


def _counts(text: str, part: re.Match[str], word: re.Match[str], *, heard: bool) -> bool:
    """Whether a word is said as a danger. Of a life that somebody wants to end the fear alone is heard."""
    first = max(part.start(), text.rfind(",", 0, word.start()) + 1)
    if _DENIED.search(text, max(first, word.start() - 10), word.start()):
        return False
    feared = _FEARED.search(text, first, word.start()) or _DREADED.search(text, max(0, word.start() - 50), word.start())
    return (heard or not feared) and not _NAMED.match(text, word.end())


def _sentence(text: str, part: re.Match[str]) -> str:
    before = max(text.rfind(sign, 0, part.start()) for sign in "。;!?\n") + 1
    behind = _SENTENCE.match(text, before)
    return behind.group() if behind else part.group()


def _is_heard(rule: RiskRule) -> bool:
    """Whether it is said of the own life: that is heard however long the letter is."""
    return rule.desk_only and not rule.under_way


def _is_told(text: str, word: re.Match[str], rule: RiskRule) -> bool:
    """Whether a letter tells it as an account: of a year, or, where the rule asks for it, with no word near it that it is now."""
    first = max(text.rfind(sign, 0, word.start()) for sign in "。;!?\n") + 1
    sentence = _sentence(text, word)
    last = min(first + len(sentence), word.end() + NEAR)
    if _AT_ONCE.search(text, max(first, word.start() - NEAR), last):
        return False
    return rule.at_once or _YEAR.search(sentence) is not None


def _is_over_or_imagined(text: str, part: re.Match[str], *, under_way: bool) -> bool:
    """Whether the sentence around the words says that it is past, supposed, played or only asked about; 又 and 现在 win over the past, a
    finished or lasting verb over the question (着火了怎么办)."""
    sentence = _sentence(text, part)
    if _SUPPOSED.search(sentence) or _STAGED.search(sentence):
        return True
    if _ASKED.search(sentence) and not _NOW.search(sentence):
        return True
    if _STILL.search(sentence):
        return False
    return any(p.search(sentence) for p in ((_PAST, _HABIT, _TOLD) if under_way else (_PAST, _HABIT)))

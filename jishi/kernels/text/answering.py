"""Which kept answer may answer what is asked? One at most, with the words that say so, and nothing when unsure.

An item is found by how people ask: the weight of what its question says (pairs and threes of characters, the rare ones
more) that is said in the text too, and how much of what the text asks the question covers. What is asked *about* a
thing is another question about it: where a licence is applied for does not answer what it costs (`FACETS`). A text
that asks nothing is answered nothing: a complaint has a body that is responsible.
"""

import math
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from .features import plain
from .minimise import minimise
from .reasons import whole as whole_words

READ = 400  # characters of a text that are looked at: people ask first or last
SHORT = 60  # characters that are one question
PART = 0.5  # of what a piece weighs that only the answer says
LEAST = 0.75  # what is less sure is not offered: so it is right nine times of ten (README)
_ASKS = re.compile(
    r"怎么|怎样|如何|咋|请问|咨询|问一下|问下|想问|想知道|了解一下|哪|何[时处]|[几多]点|几号|几天|几岁|几月|什么|啥|多少|多久|多大|多长|"
    r"能否|可否|是否|有无|([能可要有是需上开让])不\1|有没有|吗|？|\?"
)
# What is asked about a thing: two texts that ask for different ones ask different questions.
FACETS: Mapping[str, re.Pattern[str]] = {
    "where": re.compile(r"哪里|哪儿|在哪|去哪|到哪|何处|什么地方|啥地方|哪个地方|地址|哪个窗口"),
    "when": re.compile(
        r"几点|什么时候|啥时候|何时|时间|哪天|几号|几月|上班|下班|开门|哪几天|截止|星期[几六日]|周[六日末]"
    ),
    "long": re.compile(r"多久|几天|多长时间|几个月|几年|有效期"),
    "cost": re.compile(
        r"多少钱|费用|收费|价格|怎么收|[交给补领发]多少|多少元|几块|标准|[津补]贴多少|贵不贵|要不要钱|要钱"
    ),
    "papers": re.compile(r"材料|证件|手续|带什么|带啥|要什么|要带|准备什么|准备些什么|资料"),
    "who": re.compile(r"找谁|哪个部门|哪个单位|谁管|归谁|电话|谁来"),
}
STRICT = frozenset({"cost", "when", "long"})  # asked by one side alone: already another question, in part
_ASKING = re.compile(
    r"请问|咨询一?下?|想?问一?下|想问|想知道|了解一下|您好|你好|麻烦|谢谢|怎么|怎样|如何|咋|哪里|哪儿|哪个|哪些|什么时候|什么|多少|"
    r"几点|能不能|能否|可不可以|可否|是否|是不是|要不要|有没有|需要|可以|关于|有关|相关|问题|事宜|情况|的|了|吗|呢|我|要|在|去|办理|办"
)
_SAME = (
    *((spoken, "丢") for spoken in ("遗失", "弄丢", "掉了", "丢失", "不见了")),
    *((spoken, "孩子") for spoken in ("小孩", "宝宝", "儿童", "娃娃")),
    *((spoken, "老人") for spoken in ("老年人", "老人家")),
    *((spoken, "星期") for spoken in ("礼拜", "周末")), ("外省", "外地"), ("星期六", "星期"), ("星期天", "星期"),
)  # fmt: skip
# What each fact adds: logistic regression on the older half of real inquiries with their answers and half of the golden
# questions (README.md); `facet_less` is set by hand, real inquiries are too long to show it.
WEIGHTS: Mapping[str, float] = {
    "question": 3.3, "text": 3.7, "strength": 0.02, "margin": 2.4, "facet_same": 1.2, "facet_other": -3.4,
    "facet_less": -3.0,
}  # fmt: skip
BIAS = -4.8


@dataclass(frozen=True, slots=True)
class Item:
    """One question in all the ways it is asked, and its answer. `key`: what names it to the caller."""

    key: int
    ways: tuple[str, ...]
    answer: str = ""


@dataclass(frozen=True, slots=True)
class Match:
    """One item that may answer: how sure, and the words of the text that the question shares, the rarest first."""

    key: int
    p: float
    words: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Facts:
    """What speaks for an item (see `WEIGHTS`), before it is weighed."""

    at: int
    values: tuple[float, ...]
    words: tuple[str, ...]


def asks(text: str) -> bool:
    """This will tell whether a text asks something."""
    return _ASKS.search(text) is not None


def facets(text: str) -> frozenset[str]:
    """This will name what is asked about the thing; empty where nothing says it."""
    return frozenset(name for name, said in FACETS.items() if said.search(text))


class Answers:
    """The items in force, ready to be asked: an index of pieces, so that a question looks only at what shares one."""

    def __init__(self, items: Sequence[Item]) -> None:
        self.items = tuple(sorted(items, key=lambda i: i.key))
        self._ways = [(at, frozenset(pieces(way)), facets(way)) for at, i in enumerate(self.items) for way in i.ways]
        spread = Counter(piece for at in range(len(self.items)) for piece in self._of_item(at))
        every = max(1, len(self.items))
        self.idf = {piece: math.log(1.0 + every / n) for piece, n in spread.items()}
        self.unknown = math.log(1.0 + every)
        self._at: dict[str, list[int]] = defaultdict(list)
        for way, (_, said, _facets) in enumerate(self._ways):
            for piece in sorted(said):
                self._at[piece].append(way)
        self._said = [(self._of_item(at), frozenset(pieces(i.answer))) for at, i in enumerate(self.items)]
        self._whole = [self.weight(said) for _, said, _ in self._ways]

    def _of_item(self, at: int) -> frozenset[str]:
        return frozenset(piece for way in self.items[at].ways for piece in pieces(way))

    def weight(self, said: Iterable[str]) -> float:
        """This will add up what pieces weigh; in one order, so that the same pieces weigh the same to the last bit."""
        return math.fsum(self.idf.get(piece, self.unknown) for piece in sorted(said))

    def propose(self, texts: Sequence[str], *, least: float = LEAST) -> list[Match | None]:
        """This will give for each text the item that answers it, or nothing when that is less sure than `least`."""
        shown = [m.shown for m in minimise(texts)]
        return [self._sure(self.facts(text), least) for text in shown]

    def _sure(self, found: Facts | None, least: float) -> Match | None:
        if found is None:
            return None
        p = probability(found.values)
        return Match(self.items[found.at].key, round(p, 3), found.words) if p >= least else None

    def facts(self, text: str) -> Facts | None:
        """This will give what speaks for the best item; nothing where the text asks nothing or shares nothing."""
        text = text[:READ]
        if not asks(text):
            return None
        said = frozenset(pieces(text))
        scored = self._scored(said)
        if not scored:
            return None
        asked = self._asked(text)
        short = len(text) <= SHORT
        ranks = ((self._rank(way, shared, asked, short=short), way) for way, shared in scored.items())
        ranked = sorted(ranks, reverse=True)
        best, way = ranked[0]
        at, own, facet = self._ways[way]
        second = next((score for score, other in ranked if self._ways[other][0] != at), 0.0)
        shared = own & said
        agreement = _agreement(asked, facet, short=short)
        values = (
            self.weight(shared) / self._whole[way], self._covered(at, text), self.weight(shared),
            (best - second) / best if best > 0 else 0.0, *agreement,
        )  # fmt: skip
        return Facts(at, values, self._words(text, shared))

    def _asked(self, text: str) -> frozenset[str]:
        """What is asked, by the sentences that ask; a long story around them asks nothing."""
        return facets(text if len(text) <= SHORT else "。".join(part for part in _sentences(text) if asks(part)))

    def _scored(self, said: frozenset[str]) -> dict[int, float]:
        found: dict[int, float] = defaultdict(float)
        for piece in sorted(said):
            for way in self._at.get(piece, ()):
                found[way] += self.idf[piece]
        return found

    def _rank(self, way: int, shared: float, asked: frozenset[str], *, short: bool) -> float:
        same, other, less = _agreement(asked, self._ways[way][2], short=short)
        return shared / math.sqrt(self._whole[way] + 4.0) * (1.0 + 0.15 * same - 0.35 * other - 0.2 * less)

    def _covered(self, at: int, text: str) -> float:
        """How much of the sentence that asks is in the item: a long story does not count against its question.

        What only the answer says counts a part.
        """
        ways, answer = self._said[at]
        best = 0.0
        for sentence in _sentences(text):
            own = frozenset(pieces(sentence))
            whole = self.weight(own)
            if whole > 0:
                both = self.weight(own & ways) + PART * self.weight((own & answer) - ways)
                best = max(best, both / (whole + self.unknown))
        return best

    def _words(self, text: str, shared: frozenset[str]) -> tuple[str, ...]:
        """The stretches of the text that the question shares, the heaviest first, three at most."""
        line = plain((text,))[0]
        marked = [False] * len(line)
        for size in (2, 3):
            for i in range(len(line) - size + 1):
                if line[i : i + size] in shared:
                    marked[i : i + size] = [True] * size
        found: dict[str, float] = {}
        start = None
        for i, on in enumerate([*marked, False]):
            if on and start is None:
                start = i
            elif not on and start is not None:
                words = line[start:i][:12]
                found[words] = self.weight(piece for piece in pieces(words) if piece in shared)
                start = None
        heaviest = [words for words, _ in sorted(found.items(), key=lambda f: (-f[1], f[0]))[:3]]
        return tuple(dict.fromkeys(whole_words(line, words) or words for words in heaviest))


def probability(values: Sequence[float]) -> float:
    """This will weigh what speaks for an item: how probable it is that it answers."""
    logit = BIAS + math.fsum(w * v for w, v in zip(WEIGHTS.values(), values, strict=True))
    return 1.0 / (1.0 + math.exp(-max(-40.0, min(40.0, logit))))


@lru_cache(maxsize=8192)
def pieces(text: str) -> tuple[str, ...]:
    """This will cut a text into pairs and threes of characters, without the words that only ask, in one spoken form."""
    found: dict[str, None] = {}
    line = plain((text,))[0]
    for spoken, meant in _SAME:
        line = line.replace(spoken, meant)
    for run in _ASKING.sub(" ", line).split():
        if run.isascii():
            found[run] = None
        for size in (2, 3):
            for i in range(len(run) - size + 1):
                found[run[i : i + size]] = None
    return tuple(found)


def _sentences(text: str) -> list[str]:
    return [part for part in re.split(r"[。！？!?；;\n，,]+", text) if part.strip()] or [text]


def _agreement(asked: frozenset[str], facet: frozenset[str], *, short: bool) -> tuple[float, float, float]:
    """Whether both ask the same about it, another thing, or one of them alone says what: `STRICT`.

    A story around the question names times and sums that are not asked for: there only what both say counts.
    """
    if asked & facet:
        return 1.0, 0.0, 0.0
    if asked and facet:
        return 0.0, 1.0, 0.0
    return 0.0, 0.0, float(short and bool((asked | facet) & STRICT))

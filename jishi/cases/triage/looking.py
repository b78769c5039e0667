"""One pipeline, batch first: minimise → locate → classify → risk → near-duplicate → route → deadline (spec 12 §1).

One report at the desk is a batch of one; an import is a batch of thousands; both run this code and get the same answer.
A stage that fails is skipped and says so; intake never waits for it.
"""

import logging
import re
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Any, TypeVar

from django.utils.timezone import localdate

from jishi.cases.states import Channel
from jishi.cases.triage import classifying, danger, duplicates, knowledge, promising, routing
from jishi.duties import queries as duties
from jishi.kernels.text import registration
from jishi.kernels.text.minimise import minimise
from jishi.kernels.text.risk import RiskMark
from jishi.places import queries as places
from jishi.places.queries import Asked, Spot

log = logging.getLogger(__name__)
LONGEST = 10_000  # characters that are looked at
NO_PLACE = "no_place_named"
GAP = "……"
SHORTENED = {"value": "shortened", "label": "只看了开头和结尾", "p": 1.0, "reason": "全文超过 10000 字"}
T = TypeVar("T")


class Stage(StrEnum):
    MINIMISE = "minimise"
    LOCATE = "locate"
    CLASSIFY = "classify"
    RISK = "risk"  # kept beside the others: its answer is for the receiving desk and ends (spec 12 §7)
    DUPLICATES = "duplicates"
    ROUTE = "route"
    DEADLINE = "deadline"
    KNOWLEDGE = "knowledge"  # a kept answer, where somebody is asked while he speaks; no stage of the pipeline


@dataclass(frozen=True, slots=True)
class Words:
    """What triage may look at. No name, sex, age, history, registration: they are not here (spec 12 §1)."""

    text: str
    said_at: datetime
    lng: float | None = None
    lat: float | None = None
    crs: str = ""
    accuracy_m: float | None = None
    address_text: str = ""
    matter: str = ""  # chosen by a person; then it is not guessed
    channel: str = ""
    kind: str = ""
    urgency: str = ""
    answers: Mapping[str, Any] = field(default_factory=dict)
    report_id: int | None = None  # of a stored report that is looked at again


@dataclass(frozen=True, slots=True)
class Suggested:
    """One stage's answer: at most three candidates (value, label, probability, reason), or why it abstained."""

    stage: str
    candidates: tuple[dict[str, Any], ...]
    abstained: str
    edition: str
    ms: float
    cpu_ms: float = 0.0  # of this thread; not stored: a moment's measure, for who looks at the stages


@dataclass(frozen=True, slots=True)
class Looked:
    """All that was found out about one text."""

    shown: str
    place: Spot
    matter: str  # the code a person chose, or the guess that passed its threshold; else empty
    book_edition: int
    promises: Mapping[str, str]
    suggested: tuple[Suggested, ...]
    routed: Any = None
    dangers: tuple[RiskMark, ...] = ()  # never stored with them; whoever writes hears `risks.of_own_words`

    def stage(self, stage: str) -> Suggested:
        """Give one stage's answer."""
        return next(s for s in self.suggested if s.stage == stage)

    def renumbered(self, rows: Mapping[int, int]) -> "Looked":
        """Give the same with likely duplicates of the batch under new rows; those without one are left out."""
        kept = (
            {**c, "row": rows[c["row"]]} if "row" in c else c
            for c in self.stage(Stage.DUPLICATES).candidates
            if c.get("row") is None or c["row"] in rows
        )
        return self._comparing(tuple(kept))

    def with_cases(self, cases: Mapping[int, tuple[int, str]]) -> "Looked":
        """Give the same with likely duplicates of the batch under the id and number of their cases."""
        kept = []
        for one in self.stage(Stage.DUPLICATES).candidates:
            told = dict(one)
            if "row" in told:
                told["case_id"], told["number"] = cases[told.pop("row")]
                told["value"] = told["case_id"]
            kept.append(told)
        return self._comparing(tuple(kept))

    def _comparing(self, candidates: tuple[dict[str, Any], ...]) -> "Looked":
        found = (replace(s, candidates=candidates) if s.stage == Stage.DUPLICATES else s for s in self.suggested)
        return replace(self, suggested=tuple(found))


Homes = Callable[[Sequence[int]], Mapping[int, Spot]]  # rows of a batch that name no place → where their people live


def run(
    batch: Sequence[Words], *, now: datetime, compare: bool = True, homes: Homes | None = None
) -> list[Looked]:
    """Look at a batch; nothing is stored. `compare=False` leaves near-duplicates out: past lives have their cases.

    `homes` is asked about rows that name no place at all, and only about those: who speaks is not known here.
    """
    if not batch:
        return []
    clock = _Stopwatch(len(batch))
    long = [len(w.text) > LONGEST for w in batch]
    batch = [replace(w, text=shortened(w.text)) if is_long else w for w, is_long in zip(batch, long, strict=True)]
    shown = clock.time(
        Stage.MINIMISE, lambda: [m.shown for m in minimise([w.text for w in batch])], lambda: [""] * len(batch)
    )
    read = registration.without(shown)  # whose household is registered where is no fact of any guess
    spots = clock.time(
        Stage.LOCATE, lambda: _located(batch, read, now, homes), lambda: [Spot.nowhere()] * len(batch)
    )
    classes = clock.time(
        Stage.CLASSIFY, lambda: classifying.classify(batch, read), lambda: [classifying.Classes.skipped()] * len(batch)
    )
    calm: list[tuple[RiskMark, ...]] = [()] * len(batch)
    marked = clock.time(Stage.RISK, lambda: danger.look([w.text for w in batch]), lambda: calm)
    alike = clock.time(
        Stage.DUPLICATES,
        lambda: (
            duplicates.find(batch, read, spots, classes, now=now) if compare else [duplicates.NOT_ASKED] * len(batch)
        ),
        lambda: [duplicates.SKIPPED] * len(batch),
    )
    routes = clock.time(
        Stage.ROUTE, lambda: routing.route(batch, spots, classes, now=now), lambda: [routing.SKIPPED] * len(batch)
    )
    promised = clock.time(
        Stage.DEADLINE, lambda: promising.promise(batch, routes, now=now), lambda: [promising.SKIPPED] * len(batch)
    )
    book = duties.book_edition(day=localdate(now))
    return [
        Looked(
            shown=shown[i], place=spots[i], matter=classes[i].chosen, book_edition=book, promises=routes[i].promises,
            routed=routes[i].routed, dangers=marked[i],
            suggested=(
                clock.said(Stage.MINIMISE, (SHORTENED,) if long[i] else (), "", "text"),
                clock.said(Stage.LOCATE, spots[i].candidates, spots[i].abstained, spots[i].edition),
                clock.said(Stage.CLASSIFY, classes[i].candidates, classes[i].abstained, classes[i].edition),
                clock.said(Stage.DUPLICATES, alike[i].candidates, alike[i].abstained, alike[i].edition),
                clock.said(Stage.ROUTE, routes[i].candidates, routes[i].abstained, routes[i].edition),
                clock.said(Stage.DEADLINE, promised[i].candidates, promised[i].abstained, promised[i].edition),
                *clock.only_failed(Stage.RISK),
            ),
        )
        for i in range(len(batch))
    ]  # fmt: skip


def with_answer(looked: Looked, *, now: datetime) -> Looked:
    """Give the same with the kept answer that was offered beside it; nothing offered leaves it as it is."""
    day = localdate(now)
    (found,) = knowledge.propose([looked.shown], day=day)
    if found is None:
        return looked
    told = {"value": found.number, "label": found.question, "p": found.p, "reason": found.reason}
    said = Suggested(Stage.KNOWLEDGE.value, (told,), "", knowledge.in_force(day).edition, 0.0)
    return replace(looked, suggested=(*looked.suggested, said))


_NAMES = {stage: stage.value for stage in Stage}  # an enumeration's `value` is asked of a descriptor each time


class _Stopwatch:
    """Times stages, and turns a stage's fault into "skipped" instead of a lost report."""

    def __init__(self, size: int) -> None:
        self._size = size
        self.ms: dict[str, float] = {}
        self.cpu_ms: dict[str, float] = {}
        self.failed: set[str] = set()

    def time(self, stage: Stage, work: Callable[[], list[T]], otherwise: Callable[[], list[T]]) -> list[T]:
        began, spent = time.perf_counter(), time.thread_time()
        try:
            return work()
        except Exception as fault:  # noqa: BLE001 - spec 12 §1: a stage that fails is skipped and shown as skipped
            log.error("triage stage %s failed: %s", stage.value, type(fault).__name__)
            self.failed.add(stage.value)
            return otherwise()
        finally:
            self.ms[stage.value] = round((time.perf_counter() - began) * 1000 / self._size, 3)
            self.cpu_ms[stage.value] = round((time.thread_time() - spent) * 1000 / self._size, 3)

    def said(self, stage: Stage, candidates: Sequence[dict[str, Any]], abstained: str, edition: str) -> Suggested:
        name = _NAMES[stage]
        if name in self.failed:
            return Suggested(name, (), "skipped", edition, self.ms[name], self.cpu_ms[name])
        return Suggested(name, tuple(candidates[:3]), abstained, edition, self.ms[name], self.cpu_ms[name])

    def only_failed(self, stage: Stage) -> tuple[Suggested, ...]:
        """That a stage was skipped which otherwise leaves nothing here: silence would read as "no danger"."""
        return (self.said(stage, (), "", ""),) if stage.value in self.failed else ()


def _located(batch: Sequence[Words], shown: Sequence[str], now: datetime, homes: Homes | None) -> list[Spot]:
    spots = places.find(_asked(batch, shown, now))
    rows = zip(batch, spots, strict=True)
    silent = [i for i, (w, s) in enumerate(rows) if s.abstained == NO_PLACE and w.lng is None and not w.address_text]
    at_home = homes(silent) if homes is not None and silent else {}
    return [at_home.get(i, spot) for i, spot in enumerate(spots)]


def _asked(batch: Sequence[Words], shown: Sequence[str], now: datetime) -> list[Asked]:
    day = localdate(now)
    return [
        Asked(
            text=_said_of_place(w, s), lng=w.lng, lat=w.lat, crs=w.crs, accuracy_m=w.accuracy_m, day=day,
        )
        for w, s in zip(batch, shown, strict=True)
    ]  # fmt: skip


def _said_of_place(one: Words, shown: str) -> str:
    """Give the words that may place a report: none where a program gave coordinates, which place it (spec 13 §5.3)."""
    by_program = one.channel == Channel.OPEN311 and one.lng is not None
    return "" if by_program else f"{one.address_text} {shown}".strip()


_END = re.compile(r"[。！？!?；;\n]")
_GREETING = re.compile(r"^(尊敬的[^，,：:]{0,12}[，,：:]|您好[，,！!。]?|你好[，,！!。]?|领导[您你]?好[，,！!。]?)\s*")


def shortened(text: str) -> str:
    """Give at most `LONGEST` characters of a long text, by whole sentences from both ends, with a mark between."""
    if len(text) <= LONGEST:
        return text
    half = (LONGEST - len(GAP)) // 2
    head, tail = text[:half], text[-half:]
    last = max((m.end() for m in _END.finditer(head)), default=half)
    first = _END.search(tail)
    head = head[:last] if last > half // 2 else head
    return head + GAP + (tail[first.end() :] if first is not None and first.end() < half // 2 else tail)


_CLAUSE = re.compile(r"[，,、；]")
_OPENS = re.compile(  # a clause that only leads up to what is said: nobody finds a matter again by it
    r"^(?:喂|哎|请问|[您你]好|领导|1\d{4}吗?|(?:先|也)?(?:谢谢|麻烦|请|建议|希望|拜托)(?:[您你]们?|各位)?(?:管一?管|帮忙|看看|转一?下|查一?查|处理|一下)*"
    r"|(?:再|又)说一次|又是我|(?:有个?(?:事|问题))?我?也?(?:想|要)?(?:反映|说|问|咨询|了解)(?:一下|下|一件事|个事|件事|这个|个问题)*"
    r"|.{0,6}说[了过]?(?:好几|多|两|三)[次遍回]了?|有个?(?:事|问题)(?:想|要)(?:反映|说|问)(?:一下)?|.{0,10}(?:发现|看到|注意到)|.{0,8}商量了?一?下)[吧啊呢了吗]*$"
)
_LEADS = re.compile(r"^(?:就是在?|就在|(?:地点|地址|位置)[是在]|在|我们|我?住在?|我?也?要?反映(?:一下)?)(?=.{3})")
TITLE = 24  # characters of Chinese, twice as many of others: what a row of a desk shows without a second line


def title_of(shown: str) -> str:
    """Make a title of the caller's own words, at most `TITLE`: the first sentence that says something, by clauses."""
    text = _GREETING.sub("", shown.strip())
    for part in _END.split(text):
        part = _GREETING.sub("", part.strip())
        if len(part) >= 4:
            return _brief(part)
    return _cut(text or shown)


def _brief(sentence: str) -> str:
    clauses = [c.strip() for c in _CLAUSE.split(sentence) if c.strip()]
    told = [c for c in clauses if not _OPENS.match(c)]
    if sum(map(len, told)) < 4:
        told = clauses or [sentence]
    title = _LEADS.sub("", told[0])
    for clause in told[1:]:
        longer = f"{title}，{clause}" if any(map(_is_han, clause)) else f"{title}, {clause}"
        if _wide(longer) > TITLE and _wide(title) >= TITLE // 2:
            break
        title = longer  # a place alone says nothing of the matter: what follows it is begun, and cut
    return _cut(title)


def _wide(text: str) -> int:
    """Count characters as Chinese ones: two of the Latin alphabet stand in the room of one."""
    return (len(text) + sum(map(_is_han, text)) + 1) // 2


def _is_han(character: str) -> bool:
    return character > "\u2e80"


def _cut(text: str) -> str:
    if len(text) > 2 * TITLE + 1:  # however long a clause is, no more than this is looked at
        text = f"{text[: 2 * TITLE + 1]}…"
    while _wide(text) > TITLE:
        fewer, space, _last = text.rstrip("…").rpartition(" ")
        text = f"{fewer if space and _wide(fewer) > TITLE // 2 else text.rstrip('…')[:-1]}…"
    return text

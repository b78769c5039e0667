"""The trace of a decision: complete, the same bytes whenever it is made again, readable without the lists.

It names every item of the matter's branch and its ancestors (and, where the matter is known only to a
branch, the
items below it) of the lists that hold at the place, and counts the items of the neighbouring branches.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal, TypeAlias, cast

from .conditions import Cond, Test
from .evaluation import Answer, cause_of_false, evaluate
from .facts import Facts, Json, canonical, facts_json
from .items import Item, Line, lineage, matter_of
from .operators import division_head
from .standing import Standing, number_order, standing

if TYPE_CHECKING:
    from .decision import Decision

Role: TypeAlias = Literal[
    "chosen", "same_body", "contested", "refused", "asked", "unknown", "lower", "part", "rejected"
]
COMPARISONS: Final = ("priority", "depth", "place", "tests", "day")


@dataclass(frozen=True, slots=True)
class Trace:
    """The page as plain JSON values; `to_json` gives its one canonical text."""

    page: Mapping[str, Json]

    def to_json(self) -> str:
        """The canonical text: sorted keys, no spaces."""
        return canonical(self.page)

    @staticmethod
    def from_json(text: str) -> Trace:
        """A stored trace, to be explained again."""
        return Trace(cast("dict[str, Json]", json.loads(text)))


def trace_of(decision: Decision) -> Trace:
    """This will write down how a decision came about."""
    facts, editions, day = decision.facts, decision.editions, decision.day
    matter = matter_of(facts)
    lines = [line for line in editions.candidates(facts) if line.item.in_force(day)]
    stands = [standing(line, line.ask(facts), facts, editions, matter) for line in lines]
    best = _best(decision, stands)
    rows: list[Json] = [_row(each, decision, best) for each in stands]
    lists = sorted({(line.item.list_id, line.item.edition) for line in lines})
    page: dict[str, Json] = {
        "engine": decision.engine,
        "day": day.isoformat(),
        "facts": cast(Json, facts_json(facts)),
        "matter_names": {code: editions.matter_name(code) for code in lineage(matter)} if matter else {},
        "lists": [[name, edition] for name, edition in lists],
        "outcome": decision.outcome,
        "item": _ref(decision.item),
        "body": decision.body,
        "assists": [{"body": a.body, "item": _ref(a.item), "part": a.part} for a in decision.assists],
        "refused_assists": [refusal.page() for refusal in decision.refused_assists],
        "candidates": [{"item": _ref(c.item), "body": c.body} for c in decision.candidates],
        "missing": list(decision.missing),
        "refusal": None if decision.refusal is None else decision.refusal.page(),
        "rows": rows,
        "others": _others(decision, lines),
    }
    return Trace(page)


def _ref(item: Item | None) -> Json:
    return None if item is None else list(item.key)


def _best(decision: Decision, stands: list[Standing]) -> Standing | None:
    """The line that the others are compared with: the chosen one, or the first of the best."""
    named = [each for each in stands if each.truth and each.able and each.body]
    return min(named, key=lambda each: (each.rank, number_order(each)), default=None)


def _row(each: Standing, decision: Decision, best: Standing | None) -> Json:
    item, facts = each.line.item, decision.facts
    role = _role(each, decision, best)
    row: dict[str, Json] = {
        "item": _ref(item),
        "kind": item.list_kind,
        "name": item.name,
        "lead": item.lead_body,
        "body": each.body,
        "matters": list[Json](sorted(item.matters)),
        "verdict": each.truth if each.able else False,
        "role": role,
        "priority": item.priority,
        "tests": [{"part": part, **answer.page()} for part, answer in _answers(each.line, facts)],
        "parts": [{"body": a.body, "part": a.part} for a in decision.assists if a.item.key == item.key],
        "missing": list(each.missing(facts)) if each.truth is None else [],
    }
    if not each.able:
        row["cause"] = {"why": "no_body", "lead": item.lead_body}
    elif each.truth is False:
        row["cause"] = _cause(each.line, facts)
    elif role in ("lower", "same_body") and best is not None:
        row["cause"] = _lower(each, best)
    return row


def _role(each: Standing, decision: Decision, best: Standing | None) -> Role:
    item = each.line.item
    if each.truth is False or not each.able:
        return "rejected"
    tied = item.key in {one.item.key for one in decision.candidates}
    if each.truth is None:
        return "asked" if tied and decision.outcome == "ask" else "unknown"
    if decision.item is not None and item.key == decision.item.key:
        return "refused" if decision.outcome == "refused" else "chosen"
    if decision.outcome == "contested" and tied:
        return "contested"
    if any(one.item.key == item.key for one in decision.assists):
        return "part"
    if tied and decision.outcome != "ask":
        return "same_body"
    return "part" if not item.lead_body or best is None else "lower"


def _lower(each: Standing, best: Standing) -> Json:
    """The first comparison that put the line behind the best one; "number" when all five are equal."""
    pairs = zip(COMPARISONS, each.rank, best.rank, strict=True)
    by = next((name for name, own, other in pairs if own != other), "number")
    return {"why": "lower", "by": by, "against": _ref(best.line.item), "against_body": best.body}


def _cause(line: Line, facts: Facts) -> Json:
    """The first sufficient cause: matter before place before the condition; inside, the fewest tests."""
    for part, cond in _parts(line):
        answers = cause_of_false(cond, facts)
        if answers:
            return {"why": "test", "part": part, "tests": [answer.page() for answer in answers]}
    return {"why": "test", "part": "", "tests": []}


def _parts(line: Line) -> tuple[tuple[str, Cond], ...]:
    item = line.item
    return (
        ("matter", line.matter_cond),
        ("holder", line.holder_cond),
        ("scope", line.scope_cond),
        ("condition", item.condition),
    )


def _answers(line: Line, facts: Facts) -> list[tuple[str, Answer]]:
    found = []
    for part, cond in _parts(line):
        for answer in evaluate(cond, facts).tests:
            found.append((part, _narrowed(answer, line, facts, part)))
    return found


def _narrowed(answer: Answer, line: Line, facts: Facts, part: str) -> Answer:
    """Of many branches or areas only the one that covers the fact: the page stays as long as it must be."""
    if answer.verdict is not True or part not in ("matter", "holder"):
        return answer
    codes: tuple[str, ...] = ()
    if part == "matter":
        codes = tuple(code for code in lineage(matter_of(facts) or "") if code in line.item.matters)
    else:
        chain = cast("list[str]", cast("dict[str, Json]", answer.value)["divisions"])
        last = max((division_head(code) for code in chain), key=len)
        codes = tuple(area for area in line.areas if last.startswith(division_head(area)))[-1:]
    return Answer(
        Test(answer.test.fact, answer.test.op, codes[:1]), answer.value, answer.source, answer.verdict
    )


def _others(decision: Decision, lines: list[Line]) -> list[Json]:
    """Items of the same first branch that stand elsewhere in it, counted by their first matter."""
    matter = matter_of(decision.facts)
    if matter is None:
        return []
    looked = {line.item.key for line in lines}
    top: Facts = {**decision.facts, "matter": type(decision.facts["matter"])(lineage(matter)[-1])}
    counts: dict[str, int] = {}
    for line in decision.editions.candidates(top):
        if line.item.key not in looked and line.item.in_force(decision.day):
            code = min(line.item.matters, default="")
            counts[code] = counts.get(code, 0) + 1
    name = decision.editions.matter_name
    return [{"matter": code, "name": name(code), "count": counts[code]} for code in sorted(counts)]

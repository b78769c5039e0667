"""The decision: whose matter is it, by which published line, and which questions would settle it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from typing import Final, Literal, TypeAlias

from .facts import Facts
from .guard import GuardRefusal, guard
from .items import COMMUNITY, MOST_REMEMBERED, STREET, Editions, Item, Rank
from .standing import Standing, number_order, standings
from .trace import Trace, trace_of

Outcome: TypeAlias = Literal["named", "named_with_assist", "contested", "ask", "fallback", "refused"]
MOST_QUESTIONS: Final = 2


@dataclass(frozen=True, slots=True)
class Assist:
    """A body asked to do its own part, by which item."""

    body: str
    item: Item
    part: str


@dataclass(frozen=True, slots=True)
class Candidate:
    """An item among the best, and the body it names (None while the place does not tell)."""

    item: Item
    body: str | None


@dataclass(frozen=True)
class Decision:
    """What the lists say. `missing`: at most two facts to ask for. `trace` is complete and reproducible.

    `candidates`: the tied best items (contested, or several naming one body), or the open ones (ask).
    `refused_assists`: parts that the guard of no pushing down left out.
    """

    outcome: Outcome
    item: Item | None
    body: str | None
    assists: tuple[Assist, ...]
    candidates: tuple[Candidate, ...]
    missing: tuple[str, ...]
    refusal: GuardRefusal | None
    refused_assists: tuple[GuardRefusal, ...]
    engine: str
    day: date
    facts: Facts = field(compare=False, repr=False)
    editions: Editions = field(compare=False, repr=False)

    def on(self, facts: Facts) -> Decision:
        """This will give the same decision with these facts behind it, which must have equal grounds."""
        return Decision(
            self.outcome, self.item, self.body, self.assists, self.candidates, self.missing, self.refusal,
            self.refused_assists, self.engine, self.day, facts, self.editions,
        )  # fmt: skip

    @cached_property
    def trace(self) -> Trace:
        """Every item of the matter's branch and its ancestors with verdict, tests, sources and causes."""
        return trace_of(self)


def decide(facts: Facts, editions: Editions, day: date) -> Decision:
    """This will name the body responsible on that day, or say why it cannot.

    Deterministic: neither the order of items nor of tests nor of facts changes a byte of the decision or its
    trace. Two best items with different leads are `contested`, never picked from.
    """
    known = dict(facts)
    grounds = editions.grounds(known, day)
    found = editions.decided.get(grounds) if grounds is not None else None
    if isinstance(found, Decision):
        return found.on(known)
    made = _decide(known, editions, day)
    if grounds is not None:
        if len(editions.decided) >= MOST_REMEMBERED:
            editions.decided.clear()
        editions.decided[grounds] = made.on({})
    return made


def _decide(known: Facts, editions: Editions, day: date) -> Decision:
    stands = standings(known, editions, day)
    matched = [each for each in stands if each.truth and each.able and each.body]
    best = min((each.rank for each in matched), default=None)
    tied = [each for each in matched if each.rank == best]
    question = _question(known, stands, best, {each.body for each in tied})
    if question is not None:
        open_ones, missing = question
        return _decision("ask", known, editions, day, tied=open_ones, missing=missing)
    if not tied:
        return _decision("fallback", known, editions, day, body=editions.coordinator(known))
    if len({each.body for each in tied}) > 1:
        return _decision("contested", known, editions, day, tied=tied)
    return _named(known, editions, day, tied, stands)


def decide_many(
    many: Iterable[Facts], editions: Editions, day: date | Iterable[date]
) -> tuple[Decision, ...]:
    """This will decide each set of facts, on one day or on a day for each; equal to deciding them one by
    one."""
    if isinstance(day, date):
        return tuple(decide(facts, editions, day) for facts in many)
    return tuple(decide(facts, editions, each) for facts, each in zip(many, day, strict=True))


def _question(
    facts: Facts, stands: Iterable[Standing], best: Rank | None, bodies: set[str | None]
) -> tuple[list[Standing], tuple[str, ...]] | None:
    """The unknown lines that could still be the best, for at most two missing facts; None if there are
    none."""
    asked: list[tuple[Rank, int, tuple[str, ...], Standing]] = []
    for each in stands:
        if each.truth is not None or not each.able or not each.line.item.lead_body:
            continue
        could_win = best is None or each.rank < best
        could_tie = best is not None and each.rank == best and (each.body is None or bodies != {each.body})
        if could_win or could_tie:
            missing = each.missing(facts)
            if 0 < len(missing) <= MOST_QUESTIONS:
                asked.append((each.rank, len(missing), missing, each))
    if not asked:
        return None
    first = min(asked, key=lambda one: (*one[:3], one[3].line.order))
    same = [one[3] for one in asked if one[0] == first[0] and set(one[2]) <= set(first[2])]
    return same, first[2]


def _named(
    facts: Facts, editions: Editions, day: date, tied: list[Standing], stands: Iterable[Standing]
) -> Decision:
    first = min(tied, key=number_order)
    item, body = first.line.item, first.body
    if body is None:  # excluded by the caller; said for the type
        raise AssertionError("a named item names a body")
    refusal = guard(item, body, "lead", editions.body_levels.get(body, ""))
    if refusal is not None:
        return _decision("refused", facts, editions, day, tied=tied, item=item, body=body, refusal=refusal)
    assists, left_out = _assists(facts, editions, first, body, stands)
    outcome: Outcome = "named_with_assist" if assists else "named"
    return _decision(
        outcome, facts, editions, day, tied=tied, item=item, body=body, assists=assists, left_out=left_out
    )


def _assists(
    facts: Facts, editions: Editions, chosen: Standing, lead: str, stands: Iterable[Standing]
) -> tuple[tuple[Assist, ...], tuple[GuardRefusal, ...]]:
    """Parts of the chosen item and of every matching assist item under the same lead, as far as the guard
    allows."""
    asked: dict[str, Assist] = {}
    refused: dict[str, GuardRefusal] = {}
    helpers = [
        each for each in stands if each.truth and each.line.item.list_kind == "assist" and each is not chosen
    ]
    for each in (chosen, *sorted(helpers, key=lambda one: (one.rank, number_order(one)))):
        item = each.line.item
        if each.line.item.lead_body and each.body != lead:
            continue
        for body in assisting(item, facts, editions):
            if body == lead or body in asked:
                continue
            level = editions.body_levels.get(body, "")
            said_no = guard(item, body, "assist", level, part_text=item.own_part)
            if said_no is None:
                asked[body] = Assist(body, item, item.own_part)
            else:
                refused.setdefault(body, said_no)
    left_out = tuple(refused[body] for body in sorted(refused) if body not in asked)
    return tuple(asked[body] for body in sorted(asked)), left_out


def assisting(item: Item, facts: Facts, editions: Editions) -> tuple[str, ...]:
    """The bodies an item asks to assist; an assist item that names none means its own holder."""
    codes = item.assist_bodies
    if not codes and item.list_kind == "assist":
        bodies = tuple(code for code in item.holder if not (len(code) == 12 and code.isdigit()))
        codes = bodies or ((COMMUNITY,) if item.holder_level in ("community", "village") else (STREET,))
    found = (editions.body_for(code, facts)[0] for code in codes)
    return tuple(sorted({body for body in found if body}))


def _decision(
    outcome: Outcome,
    facts: Facts,
    editions: Editions,
    day: date,
    *,
    tied: Iterable[Standing] = (),
    item: Item | None = None,
    body: str | None = None,
    assists: tuple[Assist, ...] = (),
    missing: tuple[str, ...] = (),
    refusal: GuardRefusal | None = None,
    left_out: tuple[GuardRefusal, ...] = (),
) -> Decision:
    candidates = tuple(Candidate(each.line.item, each.body) for each in sorted(tied, key=number_order))
    return Decision(
        outcome,
        item,
        body,
        assists,
        candidates,
        missing,
        refusal,
        left_out,
        editions.engine,
        day,
        facts,
        editions,
    )

"""Uncertain facts: decide every likely world and show how the answer splits."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from .decision import Decision, decide
from .facts import Facts, Json, value_json
from .items import Editions, natural


@dataclass(frozen=True, slots=True)
class WorldAnswer:
    """One answer, how likely it is, and what is particular to the worlds that give it.

    `because`: facts (name, value) in its likeliest world that are otherwise in the likeliest world of the
    leading
    answer; empty for the leading answer itself. `worlds`: positions in what was asked.
    """

    probability: Decimal
    decision: Decision
    worlds: tuple[int, ...]
    because: tuple[tuple[str, Json], ...]


@dataclass(frozen=True, slots=True)
class Split:
    """The answers, likeliest first. `ask`: facts that would settle it (at most two), empty when all agree."""

    answers: tuple[WorldAnswer, ...]
    ask: tuple[str, ...]

    @property
    def settled(self) -> bool:
        """Does every world give one answer?"""
        return len(self.answers) == 1


def decide_worlds(worlds: Iterable[tuple[float | Decimal, Facts]], editions: Editions, day: date) -> Split:
    """This will decide each world and put together those that name the same item and body.

    :raises ValueError: no world, or a probability outside 0–1
    """
    asked = [(Decimal(str(probability)), dict(facts)) for probability, facts in worlds]
    if not asked or any(not 0 <= probability <= 1 for probability, _ in asked):
        raise ValueError("worlds have a probability between 0 and 1, and there is at least one")
    groups: dict[tuple[object, ...], list[tuple[Decimal, int, Facts, Decision]]] = {}
    for at, (probability, facts) in enumerate(asked):
        decision = decide(facts, editions, day)
        groups.setdefault(_answer(decision), []).append((probability, at, facts, decision))
    ranked = sorted(groups.values(), key=_group_order)
    lead = max(ranked[0], key=_likelier)
    answers = tuple(_world_answer(group, lead[2]) for group in ranked)
    return Split(answers, _settling(answers))


def _answer(decision: Decision) -> tuple[object, ...]:
    item = decision.item.key if decision.item else None
    tied = tuple(sorted((one.item.key, one.body or "") for one in decision.candidates))
    return (decision.outcome, item, decision.body, tied, decision.missing)


def _likelier(world: tuple[Decimal, int, Facts, Decision]) -> tuple[Decimal, int]:
    return (world[0], -world[1])


def _group_order(group: list[tuple[Decimal, int, Facts, Decision]]) -> tuple[object, ...]:
    decision = group[0][3]
    number = natural(decision.item.number) if decision.item else ()
    return (-sum(world[0] for world in group), decision.outcome, number, decision.body or "", group[0][1])


def _world_answer(group: list[tuple[Decimal, int, Facts, Decision]], leading: Facts) -> WorldAnswer:
    _, _, facts, decision = max(group, key=_likelier)
    names = sorted({*facts, *leading})
    because = tuple(
        (name, _value(facts, name)) for name in names if _value(facts, name) != _value(leading, name)
    )
    probability = sum((world[0] for world in group), Decimal(0))
    return WorldAnswer(probability, decision, tuple(sorted(world[1] for world in group)), because)


def _value(facts: Facts, name: str) -> Json:
    return value_json(facts[name].value) if name in facts else None


def _settling(answers: tuple[WorldAnswer, ...]) -> tuple[str, ...]:
    """A missing fact that a trace asks for goes first, then what tells the other answers from the leading
    one."""
    names = [name for answer in answers for name in answer.decision.missing]
    if len(answers) > 1:
        names += [name for answer in answers for name, _ in answer.because]
    return tuple(dict.fromkeys(names))[:2]

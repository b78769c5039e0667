"""Three-valued evaluation (Kleene): true, false, unknown (None). It cannot raise and does not look at
order."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import TypeAlias

from .conditions import All, Any, Cond, Not, Test, leaf_json, leaves
from .facts import Facts, Json, Source, canonical, source_json, value_json
from .operators import KNOWN, operator_for

Truth: TypeAlias = bool | None
Ask: TypeAlias = Callable[[Facts], Truth]
Needs: TypeAlias = tuple[frozenset[str], ...]

MOST_WAYS = 64  # of naming the missing facts; beyond it the shortest ones are kept


@dataclass(frozen=True, slots=True)
class Answer:
    """One test, what it found, where that came from, and its verdict."""

    test: Test
    value: Json
    source: Source | None
    verdict: Truth

    def page(self) -> dict[str, Json]:
        """The answer as JSON."""
        source = None if self.source is None else source_json(self.source)
        return {**leaf_json(self.test), "found": self.value, "source": source, "verdict": self.verdict}


@dataclass(frozen=True, slots=True)
class Verdict:
    """A truth value with every test behind it.

    `missing`: the shortest list of facts that, once known, could make it true (only when unknown).
    `cause`: the smallest set of tests that suffices for false (only when false).
    """

    value: Truth
    tests: tuple[Answer, ...]
    missing: tuple[str, ...] = ()
    cause: tuple[Answer, ...] = ()


def judge(test: Test, facts: Facts) -> Truth:
    """One test on these facts."""
    fact = facts.get(test.fact)
    value = None if fact is None else fact.value
    if value is None:
        return False if test.op == KNOWN else None
    found = operator_for(test.fact, test.op)
    return None if found is None else found.judge(value, test.value)


def compiled(cond: Cond) -> Ask:
    """This will turn a condition into one function from facts to its truth, for deciding many facts."""
    match cond:
        case Test():
            return _compiled_test(cond)
        case Not(part):
            inner = compiled(part)

            def negated(facts: Facts) -> Truth:
                truth = inner(facts)
                return None if truth is None else not truth

            return negated
        case All(parts):
            return _joined(tuple(compiled(part) for part in parts), stops=False)
        case Any(parts):
            return _joined(tuple(compiled(part) for part in parts), stops=True)


def _compiled_test(test: Test) -> Ask:
    name, wanted, found = test.fact, test.value, operator_for(test.fact, test.op)
    missing = False if test.op == KNOWN else None
    if found is None:
        return lambda facts: None
    ask = found.judge

    def answer(facts: Facts) -> Truth:
        fact = facts.get(name)
        if fact is None or fact.value is None:
            return missing
        return ask(fact.value, wanted)

    return answer


def _joined(parts: tuple[Ask, ...], *, stops: bool) -> Ask:
    """All (stops at the first false) or any (stops at the first true)."""
    if len(parts) == 1:
        return parts[0]

    def answer(facts: Facts) -> Truth:
        truth: Truth = not stops
        for part in parts:
            each = part(facts)
            if each is stops:
                return stops
            if each is None:
                truth = None
        return truth

    return answer


def truth(cond: Cond, facts: Facts) -> Truth:
    """The truth value alone."""
    return compiled(cond)(facts)


def evaluate(cond: Cond, facts: Facts) -> Verdict:
    """This will judge a condition and show each test, with the missing facts or the cause of rejection."""
    value = truth(cond, facts)
    answers = {answer_key(test): answer_of(test, facts) for _, test in leaves(cond)}
    shown = tuple(answers[key] for key in sorted(answers))
    missing = shortest(needs(cond, facts)) if value is None else ()
    cause = cause_of_false(cond, facts) if value is False else ()
    return Verdict(value, shown, missing, cause)


@lru_cache(maxsize=65536)
def answer_key(test: Test) -> str:
    """The order of tests in a trace: the text of the test."""
    return canonical(leaf_json(test))


def answer_of(test: Test, facts: Facts) -> Answer:
    """One test with what it found."""
    fact = facts.get(test.fact)
    if fact is None or fact.value is None:
        return Answer(test, None, None, judge(test, facts))
    return Answer(test, value_json(fact.value), fact.source, judge(test, facts))


# ---- what is missing ---------------------------------------------------------------------------------------


def needs(cond: Cond, facts: Facts, *, want: bool = True) -> Needs:
    """The minimal sets of facts that must become known for the condition to be able to be `want`; shortest
    first."""
    match cond:
        case Test():
            found = judge(cond, facts)
            return (frozenset({cond.fact}),) if found is None else (frozenset(),) if found is want else ()
        case Not(part):
            return needs(part, facts, want=not want)
        case All(parts) | Any(parts):
            each = [needs(part, facts, want=want) for part in parts]
            return all_of(each) if isinstance(cond, All) is want else one_of(each)


def all_of(ways: Iterable[Needs]) -> Needs:
    """Ways in which every part is served."""
    joined: Needs = (frozenset(),)
    for each in ways:
        joined = _minimal({a | b for a in joined for b in each})
    return joined


def one_of(ways: Iterable[Needs]) -> Needs:
    """Ways in which some part is served."""
    return _minimal({way for each in ways for way in each})


def _minimal(ways: Iterable[frozenset[str]]) -> Needs:
    kept: list[frozenset[str]] = []
    for way in sorted(ways, key=lambda names: (len(names), sorted(names))):
        if not any(other <= way for other in kept):
            kept.append(way)
    return tuple(kept[:MOST_WAYS])


def shortest(ways: Needs) -> tuple[str, ...]:
    """The first of the shortest lists of facts, sorted."""
    return tuple(sorted(ways[0])) if ways else ()


# ---- why it is false ---------------------------------------------------------------------------------------


def cause_of_false(cond: Cond, facts: Facts) -> tuple[Answer, ...]:
    """The smallest set of tests that alone makes the condition false; ties by the text of the tests."""
    found = _cause(cond, facts, wanted=False)
    return tuple(answer_of(test, facts) for test in found or ())


def _cause(cond: Cond, facts: Facts, *, wanted: bool) -> tuple[Test, ...] | None:
    """Tests that suffice for `wanted`; None if the condition is not `wanted`."""
    match cond:
        case Test():
            return (cond,) if judge(cond, facts) is wanted else None
        case Not(part):
            return _cause(part, facts, wanted=not wanted)
        case All(parts) | Any(parts):
            found = [_cause(part, facts, wanted=wanted) for part in parts]
            if isinstance(cond, All) is wanted:  # every part is needed
                if any(each is None for each in found):
                    return None
                joined = {test for each in found if each for test in each}
                return tuple(sorted(joined, key=answer_key))
            ways = [each for each in found if each is not None]
            return min(ways, key=lambda way: (len(way), [answer_key(test) for test in way]), default=None)

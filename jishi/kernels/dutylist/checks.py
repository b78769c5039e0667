"""Checks of whole lists: conflicts with a witness, items that never match or are hidden, gaps, duplicates."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import combinations
from typing import Final, Literal, TypeAlias

from .cells import TooComplex
from .conditions import Cond, ordered, to_json
from .decision import Decision, decide
from .facts import Fact, Facts, FactValue, Place, Source, canonical
from .guard import TOWN_OR_BELOW
from .items import COMMUNITY, STREET, Editions, Item, Line, is_division, rank
from .operators import division_head
from .overlap import MOST_BOXES, search, space_for
from .vocabulary import Finding, Vocabulary, validate, word_findings

State: TypeAlias = Literal["covered", "conditional", "none"]
Accepts: TypeAlias = Callable[[Facts], bool]
_DAY_ONE: Final = date(2000, 1, 1)


@dataclass(frozen=True, slots=True)
class Cell:
    """One matter in one division: covered in every case, in some cases, or by no item; by which items."""

    matter: str
    division: str
    state: State
    items: tuple[tuple[str, int, str], ...]


@dataclass(frozen=True, slots=True)
class Coverage:
    """The matrix, row by row (matters), each row in the order of the divisions."""

    matters: tuple[str, ...]
    divisions: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]

    @property
    def holes(self) -> tuple[Cell, ...]:
        """The cells that no item covers."""
        return tuple(cell for row in self.rows for cell in row if cell.state == "none")


def check(editions: Editions, vocabulary: Vocabulary, *, limit: int = MOST_BOXES) -> list[Finding]:
    """This will give every finding about the lists: words, leads, conflicts, hidden items, duplicates."""
    found = [finding for line in editions.lines for finding in item_findings(line.item, editions, vocabulary)]
    found += duplicates(editions)
    found += conflicts(editions, vocabulary, limit=limit)
    return found + hidden(editions, vocabulary, limit=limit)


def item_findings(item: Item, editions: Editions, vocabulary: Vocabulary) -> list[Finding]:
    """One item by itself: its words over its whole period, its lead, its legal basis."""
    period = (item.effective_from, item.effective_to)
    found = validate(item.condition, vocabulary, period)
    scope, holders = item.scope, [h for h in item.holder if is_division(h)]
    words = [("matter", "matters", item.matters), ("division", "holder", tuple(holders))]
    words += [
        ("division", "scope", scope.divisions),
        ("grid", "scope", scope.grids),
        ("zone", "scope", scope.zones),
    ]
    words += [("body", "lead_body", (item.lead_body,) if item.lead_body else ())]
    words += [("body", "assist_bodies", item.assist_bodies)]
    for space, where, codes in words:
        for code in codes:
            found += word_findings(space, code, vocabulary, period, f"/{where}")
    if item.list_kind in ("taken_back", "assist") and _is_below(item.lead_body, editions):
        code = f"{item.list_kind}_item_names_a_town_lead"
        found.append(Finding(code, "blocker", path="/lead_body", detail=item.lead_body))
    if not item.legal_basis:
        found.append(Finding("no_legal_basis", "warning", path="/legal_basis", detail=item.name))
    return [_about(each, item) for each in found]


def _about(finding: Finding, item: Item) -> Finding:
    return Finding(finding.code, finding.severity, (item.key,), finding.path, finding.detail)


def _is_below(body: str, editions: Editions) -> bool:
    return body in (STREET, COMMUNITY) or editions.body_levels.get(body, "") in TOWN_OR_BELOW


# ---- conflicts ---------------------------------------------------------------------------------------------


def conflicts(editions: Editions, vocabulary: Vocabulary, *, limit: int = MOST_BOXES) -> list[Finding]:
    """This will name every two items that can both be best with different leads, each with a witness.

    Exact over the words of the vocabulary: a witness is a set of facts and a day that `decide` answers with
    `contested` and both items; where there is none, none exists. A pair that needs more than `limit` boxes
    gives
    the finding `too_complex` (split the item).
    """
    found = []
    for first, second in _equal_pairs(editions.lines):
        finding = _conflict(first, second, editions, vocabulary, limit)
        if finding is not None:
            found.append(finding)
    return found


def _equal_pairs(lines: Sequence[Line]) -> Iterable[tuple[Line, Line]]:
    """Pairs that can have one rank: equal but for the matter, with a branch in common, at one time, in one
    area."""
    groups: dict[tuple[object, ...], list[Line]] = {}
    for line in lines:
        if not line.item.lead_body:
            continue
        first, _, *others = rank(line, None)
        for branch in line.item.matters or ("",):
            groups.setdefault((branch, first, *others), []).append(line)
    seen = {
        (a.order, b.order): (a, b)
        for group in groups.values()
        for a, b in combinations(group, 2)
        if a.item.lead_body != b.item.lead_body and _period(a.item, b.item) and _areas_meet(a, b)
    }
    return [seen[key] for key in sorted(seen)]


def _period(a: Item, b: Item) -> tuple[date, date] | None:
    """The days on which both are in force."""
    start = max(a.effective_from, b.effective_from)
    end = min(a.effective_to or date.max, b.effective_to or date.max)
    return (start, end) if start < end else None


def _areas_meet(a: Line, b: Line) -> bool:
    if not a.areas or not b.areas:
        return True
    heads = [(division_head(x), division_head(y)) for x in a.areas for y in b.areas]
    return any(x.startswith(y) or y.startswith(x) for x, y in heads)


def _matters_meet(a: Line, b: Line) -> bool:
    if not a.item.matters or not b.item.matters:
        return True
    pairs = [(x + ".", y + ".") for x in a.item.matters for y in b.item.matters]
    return any(x.startswith(y) or y.startswith(x) for x, y in pairs)


def _conflict(
    first: Line, second: Line, editions: Editions, vocabulary: Vocabulary, limit: int
) -> Finding | None:
    keys = (first.item.key, second.item.key)
    both = set(keys)

    def contested(decision: Decision) -> bool:
        named = {one.item.key: one.body for one in decision.candidates}
        return decision.outcome == "contested" and both <= set(named) and named[keys[0]] != named[keys[1]]

    try:
        witness = _find((first, second), contested, editions, vocabulary, limit)
    except TooComplex as fault:
        return Finding("too_complex", "blocker", keys, detail=f"{fault}; split the item")
    if witness is None:
        return None
    facts, day = witness
    detail = f"{first.item.number} and {second.item.number} are both best"
    return Finding("different_leads", "blocker", keys, detail=detail, witness=facts, day=day)


def _find(
    wanted: tuple[Line, ...],
    accepts: Callable[[Decision], bool],
    editions: Editions,
    vocabulary: Vocabulary,
    limit: int,
) -> tuple[Facts, date] | None:
    """Facts and a day on which all wanted lines hold and the decision is acceptable; None if there are
    none."""
    conds = tuple(line.whole for line in wanted)
    for day in _days(wanted, editions):
        facts = search(space_for(conds, vocabulary, _shown(day), limit=limit), conds, (), lambda facts: True)
        if facts is None:
            return None  # they never hold together, on any day
        if accepts(decide(facts, editions, day)):
            return facts, day
        rivals = _rivals(wanted, editions, day)
        others = tuple(line.whole for line in rivals)
        also = {"place": _bodies(editions), "matter": _depths((*wanted, *rivals))}
        space = space_for((*conds, *others), vocabulary, _shown(day), also=also, limit=limit)
        facts = search(space, conds, others, _judged(accepts, editions, day))
        if facts is not None:
            return facts, day
    return None


def _judged(accepts: Callable[[Decision], bool], editions: Editions, day: date) -> Accepts:
    return lambda facts: accepts(decide(facts, editions, day))


def _shown(day: date) -> date:
    """A day to build moments around: an item without a first day starts in 2000."""
    return max(day, _DAY_ONE)


def _days(wanted: Sequence[Line], editions: Editions) -> list[date]:
    """The days on which what is in force changes while all wanted lines are."""
    start = max(line.item.effective_from for line in wanted)
    end = min(line.item.effective_to or date.max for line in wanted)
    if start >= end:
        return []
    edges = {
        day for line in editions.lines for day in (line.item.effective_from, line.item.effective_to) if day
    }
    return sorted({start, *(day for day in edges if start < day < end)})


def _rivals(wanted: Sequence[Line], editions: Editions, day: date) -> tuple[Line, ...]:
    """Every other line in force that can be as good as the wanted ones or better, where they hold."""
    least = min(line.item.priority for line in wanted)
    return tuple(
        line
        for line in editions.lines
        if line not in wanted
        and line.item.in_force(day)
        and line.item.priority >= least
        and line.item.lead_body
        and all(_areas_meet(line, one) and _matters_meet(line, one) for one in wanted)
    )


def _bodies(editions: Editions) -> Callable[[FactValue], object]:
    """Places are told apart by their street's and community's bodies."""

    def bodies(value: FactValue) -> object:
        facts = {"place": Fact(value)} if isinstance(value, Place) else {}
        return (editions.body_for(STREET, facts), editions.body_for(COMMUNITY, facts))

    return bodies


def _depths(lines: Sequence[Line]) -> Callable[[FactValue], object]:
    """Matters are told apart by how deep each line covers them."""
    return lambda value: tuple(line.depth(value if isinstance(value, str) else None) for line in lines)


# ---- hidden items, duplicates, coverage --------------------------------------------------------------------


def hidden(editions: Editions, vocabulary: Vocabulary, *, limit: int = MOST_BOXES) -> list[Finding]:
    """This will name items that can never match (`never_matches`) and items that others always beat
    (`hidden_by`)."""
    found = []
    for line in editions.lines:
        finding = _hidden(line, editions, vocabulary, limit) if line.item.lead_body else None
        if finding is not None:
            found.append(finding)
    return found


def _hidden(line: Line, editions: Editions, vocabulary: Vocabulary, limit: int) -> Finding | None:
    key, hiders = line.item.key, set[tuple[str, int, str]]()
    matched: list[bool] = []

    def counts(decision: Decision) -> bool:
        matched.append(True)
        parts = {one.item.key for one in decision.assists}
        named = {one.item.key for one in decision.candidates if decision.outcome != "ask"}
        if key in named | parts:
            return True
        hiders.update(named)
        return False

    try:
        witness = _find((line,), counts, editions, vocabulary, limit)
    except TooComplex as fault:
        return Finding("too_complex", "blocker", (key,), detail=f"{fault}; split the item")
    if witness is not None:
        return None
    if not matched:
        return Finding("never_matches", "warning", (key,), path="/condition", detail="no facts make it true")
    numbers = ", ".join(hider[2] for hider in sorted(hiders))
    return Finding("hidden_by", "warning", (key, *sorted(hiders)), detail=f"always behind {numbers}")


def duplicates(editions: Editions) -> list[Finding]:
    """This will name items that say the same: equal matters, condition, scope, holder, lead, period."""
    groups: dict[tuple[object, ...], list[Item]] = {}
    for line in editions.lines:
        item = line.item
        scope = tuple(tuple(sorted(c)) for c in (item.scope.divisions, item.scope.grids, item.scope.zones))
        said = (tuple(sorted(item.matters)), _text(item.condition), scope, tuple(sorted(item.holder)))
        same = (*said, item.list_kind, item.lead_body, item.effective_from, item.effective_to)
        groups.setdefault(same, []).append(item)
    return [
        Finding("duplicate_items", "warning", tuple(i.key for i in group), detail=group[0].name)
        for group in groups.values()
        if len(group) > 1
    ]


def _text(cond: Cond) -> str:
    return canonical(to_json(ordered(cond)))


def coverage(editions: Editions, matters: Iterable[str], divisions: Iterable[str], day: date) -> Coverage:
    """This will show for each matter in each division whether an item covers it always, sometimes or
    never."""
    rows, columns = tuple(matters), tuple(divisions)
    made = tuple(tuple(_cell(matter, division, editions, day) for division in columns) for matter in rows)
    return Coverage(rows, columns, made)


def _cell(matter: str, division: str, editions: Editions, day: date) -> Cell:
    place = Place((division,), exact=False)
    facts = {"matter": Fact(matter, Source("entered")), "place": Fact(place, Source("entered"))}
    lines = [line for line in editions.candidates(facts) if line.item.in_force(day)]
    truths = {line.item.key: line.ask(facts) for line in lines if line.item.lead_body}
    sure = tuple(key for key, truth in truths.items() if truth)
    maybe = tuple(key for key, truth in truths.items() if truth is None)
    state: State = "covered" if sure else "conditional" if maybe else "none"
    return Cell(matter, division, state, sure or maybe)

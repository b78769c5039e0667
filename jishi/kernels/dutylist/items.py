"""Items of the lists in force, and the index that makes a decision quick.

An `Editions` value is built once for a set of published lists and asked many times. Building refuses what
could
not be decided: two items with one number in one list, a matter whose parent is not its own branch.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property, lru_cache
from typing import Final, Literal, TypeAlias

from .conditions import ALWAYS, All, Any, Cond, Not, Test, leaves
from .evaluation import Ask, compiled
from .facts import Facts, Place
from .operators import KNOWN, division_head

ENGINE: Final = "dutylist-1"
STREET: Final = "$street"
COMMUNITY: Final = "$community"
Order: TypeAlias = tuple[str, int, tuple[tuple[int, int, str], ...]]
ListKind: TypeAlias = Literal["basic", "assist", "taken_back"]
PLACE_CLASSES: Final = ("zone", "grid", "community", "street", "district", "city", "province")
MOST_REMEMBERED: Final = 20_000
_BY_CHAIN: Final = frozenset({"in_division", KNOWN})  # tests of a place that look at its divisions alone
TOP: Final = 50


@dataclass(frozen=True, slots=True)
class Scope:
    """Where an item holds inside its holder's area: in one of these; empty says everywhere."""

    divisions: tuple[str, ...] = ()
    grids: tuple[str, ...] = ()
    zones: tuple[str, ...] = ()

    @property
    def cond(self) -> Cond:
        """The scope as a condition on the place."""
        pairs = (("in_division", self.divisions), ("in_grid", self.grids), ("in_zone", self.zones))
        tests = tuple(Test("place", op, tuple(sorted(codes))) for op, codes in pairs if codes)
        return tests[0] if len(tests) == 1 else Any(tests) if tests else ALWAYS


@dataclass(frozen=True, slots=True)
class Item:
    """One line of a duty list.

    `holder`: division codes (the list holds there) or body codes (it holds where that body does; a body
    without
    a division holds everywhere). `holder_level` names the class of bodies the list belongs to.
    `lead_body`: a body code, "$street" or "$community" (the body of the place's division); an assist item may
    name no lead (""). `powers`: codes of the lawful powers that its lead exercises (`guard.POWERS`).
    Periods are half open; `promises` are opaque here.
    """

    number: str
    list_id: str
    list_kind: ListKind
    name: str
    lead_body: str
    holder: tuple[str, ...] = ()
    matters: tuple[str, ...] = ()
    condition: Cond = ALWAYS
    assist_bodies: tuple[str, ...] = ()
    own_part: str = ""
    superior_dept: str = ""
    superior_duty: str = ""
    promises: Mapping[str, str] = field(default_factory=dict, hash=False)
    urgency: str = ""
    scope: Scope = Scope()
    priority: int = TOP
    effective_from: date = date.min
    effective_to: date | None = None
    legal_basis: str = ""
    edition: int = 1
    holder_level: str = "street"
    powers: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not 0 <= self.priority <= 99:
            raise ValueError(f"{self.number}: priority {self.priority} is outside 0–99")
        if self.list_kind not in ("basic", "assist", "taken_back"):
            raise ValueError(f"{self.number}: there is no list of kind {self.list_kind!r}")
        if not self.lead_body and self.list_kind != "assist":
            raise ValueError(f"{self.number}: an item that is not an assist item names its lead")

    @property
    def key(self) -> tuple[str, int, str]:
        """What names the item: list, edition, number."""
        return (self.list_id, self.edition, self.number)

    def in_force(self, day: date) -> bool:
        """Does it hold on this day?"""
        return self.effective_from <= day and (self.effective_to is None or day < self.effective_to)


@dataclass(frozen=True, slots=True)
class Matter:
    """A node of the code book; `parent` is its code without the last part, "" at the top."""

    code: str
    name: str
    parent: str = ""


def parent_of(code: str) -> str:
    """05.02.01 → 05.02; 05 → ""."""
    return code.rpartition(".")[0]


@lru_cache(maxsize=20_000)
def lineage(code: str) -> tuple[str, ...]:
    """05.02 → ("05.02", "05"): the code and its ancestors, deepest first."""
    parts = code.split(".")
    return tuple(".".join(parts[:size]) for size in range(len(parts), 0, -1))


def place_class_of(code: str) -> str:
    """The class of a division by its code."""
    return {2: "province", 4: "city", 6: "district", 9: "street"}.get(len(division_head(code)), "community")


def natural(number: str) -> tuple[tuple[int, int, str], ...]:
    """The order of printed numbers: 基本-9 before 基本-10."""
    parts: list[tuple[int, int, str]] = []
    for char in number:
        if char.isascii() and char.isdigit() and parts and parts[-1][0] == 0:
            parts[-1] = (0, parts[-1][1] * 10 + int(char), "")
        elif char.isascii() and char.isdigit():
            parts.append((0, int(char), ""))
        else:
            parts.append((1, 0, char))
    return tuple(parts)


@dataclass(frozen=True, eq=False)
class Line:
    """An item made ready: where it holds, its whole condition compiled, its rank without the matter's
    depth."""

    item: Item
    areas: tuple[str, ...]
    holder_cond: Cond
    scope_cond: Cond
    ask: Ask
    place_class: str
    tests: int
    order: Order

    def depth(self, matter: str | None) -> int:
        """How deep the item's branch is that covers this matter (0: it names no matter or covers none)."""
        if matter is None or not self.item.matters:
            return 0
        found = (code for code in lineage(matter) if code in self.item.matters)
        return next((code.count(".") + 1 for code in found), 0)

    @cached_property
    def ends_of_rank(self) -> tuple[int, tuple[int, int, int]]:
        """What of its rank does not hang on the matter; see `rank`."""
        item = self.item
        place = PLACE_CLASSES.index(self.place_class)
        return -item.priority, (place, -self.tests, -item.effective_from.toordinal())

    @property
    def matter_cond(self) -> Cond:
        """The item's matters as a condition."""
        return Test("matter", "under", tuple(sorted(self.item.matters))) if self.item.matters else ALWAYS

    @property
    def whole(self) -> Cond:
        """All that must hold for the item to match."""
        return All((self.matter_cond, self.holder_cond, self.scope_cond, self.item.condition))

    @cached_property
    def asks(self) -> frozenset[str]:
        """The facts that it asks for beside matter and place."""
        return frozenset(test.fact for _, test in leaves(self.whole)) - {"matter", "place"}

    @cached_property
    def looks_closely(self) -> bool:
        """Does it ask for more of the place than its divisions?"""
        return any(test.fact == "place" and test.op not in _BY_CHAIN for _, test in leaves(self.whole))


@dataclass(frozen=True, slots=True)
class _Branch:
    """The lines that may concern a matter at a place, the other facts that they ask for, and whether one of them looks
    at more of the place than its divisions."""

    lines: tuple[Line, ...]
    asks: tuple[str, ...]
    looks_closely: bool


Rank: TypeAlias = tuple[int, int, int, int, int]


def rank(line: Line, matter: str | None) -> Rank:
    """The five comparisons of a better item, smaller is better: priority, depth, place class, tests, day."""
    before, after = line.ends_of_rank
    return (before, -line.depth(matter), *after)


def _places_named(cond: Cond, *, positive: bool = True) -> Iterable[str]:
    """Classes of the places that a condition asks to be in (not those it asks to be out of)."""
    match cond:
        case Not(part):
            yield from _places_named(part, positive=not positive)
        case All(parts) | Any(parts):
            for part in parts:
                yield from _places_named(part, positive=positive)
        case Test("place", op, value) if positive and op != "known":
            if op in ("in_zone", "in_grid"):
                yield op[3:]
            elif op == "in_division":
                yield from (place_class_of(code) for code in _codes(value))


def _codes(value: object) -> tuple[str, ...]:
    return tuple(str(each) for each in value) if isinstance(value, tuple) else (str(value),)


def _place_class(item: Item, areas: tuple[str, ...]) -> str:
    scope = item.scope
    named = [*_places_named(item.condition), *_places_named(scope.cond)]
    if not (scope.divisions or scope.grids or scope.zones):
        named += [place_class_of(code) for code in areas]
    return min(named, key=PLACE_CLASSES.index, default="city")


@dataclass(frozen=True, eq=False)
class Editions:
    """The lists, code book and bodies in force: everything a decision is made from but the facts.

    `body_levels`: body → its level (see `guard`). `coordinators`: division → the body that coordinates when
    nothing else matches. `holders`: division (street or community) → its body, for $street and $community.
    """

    items: tuple[Item, ...]
    matters: Mapping[str, Matter] = field(default_factory=dict)
    body_levels: Mapping[str, str] = field(default_factory=dict)
    coordinators: Mapping[str, str] = field(default_factory=dict)
    holders: Mapping[str, str] = field(default_factory=dict)
    engine: str = ENGINE

    def __post_init__(self) -> None:
        keys = [item.key for item in self.items]
        if len(set(keys)) < len(keys):
            twice = sorted({key for key in keys if keys.count(key) > 1})
            raise ValueError(f"two items have one number in one list: {twice[0]}")
        for code, matter in self.matters.items():
            if code != matter.code or matter.parent != parent_of(code):
                raise ValueError(f"matter {code!r}: the parent is the code without its last part")

    @cached_property
    def lines(self) -> tuple[Line, ...]:
        """Every item made ready, in the order of list, edition, number."""
        by_body: dict[str, list[str]] = {}
        for division in sorted(self.holders):
            by_body.setdefault(self.holders[division], []).append(division)
        made = (_line(item, by_body) for item in self.items)
        return tuple(sorted(made, key=lambda line: line.order))

    @cached_property
    def _index(self) -> dict[str, list[Line]]:
        """A branch or anything above it → lines; "" stands for any matter.

        A line stands under its own branches with "=" and under every ancestor of them with "^", so that a
        matter
        known only to a branch also finds the items below it.
        """
        index: dict[str, list[Line]] = {}
        for line in self.lines:
            keys = {"="} if not line.item.matters else set()
            for code in line.item.matters:
                keys.add("=" + code)
                keys.update("^" + above for above in ("", *lineage(code)[1:]))
            for key in keys:
                index.setdefault(key, []).append(line)
        return index

    @cached_property
    def _memory(self) -> dict[tuple[object, ...], _Branch]:
        return {}

    @cached_property
    def decided(self) -> dict[Hashable, object]:
        """What was decided before, by its grounds; see `grounds`."""
        return {}

    def candidates(self, facts: Facts) -> tuple[Line, ...]:
        """Lines of the matter's branch, its ancestors and (for a branch) what lies below, of lists that may
        hold
        at the place; in the order of list, edition, number."""
        return self._branch(matter_of(facts), place_of(facts)).lines

    def grounds(self, facts: Facts, day: date) -> Hashable | None:
        """All that a decision on these facts can depend on: the day, matter and place, and the value of every other
        fact that a line in question asks for. Equal grounds, equal decision. None where a value cannot be compared."""
        place = place_of(facts)
        branch = self._branch(matter_of(facts), place)
        where = place.chain if place is not None and not branch.looks_closely else _value("place", facts)
        key = (day, _value("matter", facts), where, *(_value(name, facts) for name in branch.asks))
        try:
            hash(key)
        except TypeError:
            return None
        return key

    def _branch(self, matter: str | None, place: Place | None) -> _Branch:
        key = (matter, None if place is None else place.chain)
        found = self._memory.get(key)
        if found is None:
            if len(self._memory) >= MOST_REMEMBERED:
                self._memory.clear()
            lines = self._look_up(matter, place)
            asks = frozenset[str]().union(*(line.asks for line in lines))
            closely = any(line.looks_closely for line in lines)
            found = self._memory[key] = _Branch(lines, tuple(sorted(asks)), closely)
        return found

    def _look_up(self, matter: str | None, place: Place | None) -> tuple[Line, ...]:
        lines = self._of_matter(matter)
        if place is None or not place.chain:
            return tuple(line for line, _ in lines)
        areas = self._areas(place)
        return tuple(line for line, heads in lines if not areas.isdisjoint(heads))

    def _of_matter(self, matter: str | None) -> tuple[tuple[Line, frozenset[str]], ...]:
        """Lines that may concern the matter wherever it is, in their order, each with the heads of its areas."""
        known = self._of_matters
        if matter not in known:
            if len(known) >= MOST_REMEMBERED:
                known.clear()
            keys = {"=", "^"} if matter is None else {"=", "^" + matter, *("=" + code for code in lineage(matter))}
            found = {id(line): line for key in keys for line in self._index.get(key, ())}
            lines = sorted(found.values(), key=lambda line: line.order)
            known[matter] = tuple((line, _heads(line)) for line in lines)
        return known[matter]

    @cached_property
    def _of_matters(self) -> dict[str | None, tuple[tuple[Line, frozenset[str]], ...]]:
        return {}

    def _areas(self, place: Place) -> frozenset[str]:
        """Heads of every area that covers the place or lies inside its last known division."""
        known = self._areas_of
        if place.chain not in known:
            if len(known) >= MOST_REMEMBERED:
                known.clear()
            heads = {division_head(code) for code in place.chain}
            last = max(heads, key=len)
            heads.update(last[:size] for size in (2, 4, 6, 9) if size < len(last))
            heads.update(area for area in self._area_heads if area.startswith(last))
            known[place.chain] = frozenset(heads | {""})
        return known[place.chain]

    @cached_property
    def _areas_of(self) -> dict[object, frozenset[str]]:
        return {}

    @cached_property
    def _area_heads(self) -> tuple[str, ...]:
        return tuple(sorted({head for line in self.lines for head in _heads(line)}))

    def body_for(self, code: str, facts: Facts) -> tuple[str | None, bool]:
        """The body a code stands for, and whether that could be told.

        $street and $community are the bodies of the place's division: (None, False) while the place is not
        known
        so far down, (None, True) where no body is named for that division. Any other code is the body itself.
        """
        if code not in (STREET, COMMUNITY):
            return code or None, True
        place, size = place_of(facts), 9 if code == STREET else 12
        head = max((division_head(each) for each in place.chain), key=len, default="") if place else ""
        if len(head) < size:
            return None, False
        return self.holders.get(head[:size].ljust(12, "0")), True

    def coordinator(self, facts: Facts) -> str | None:
        """The body that coordinates when nothing matches: of the smallest division known, else of the
        widest."""
        place = place_of(facts)
        for division in sorted(place.chain, key=lambda c: -len(division_head(c))) if place else ():
            if division in self.coordinators:
                return self.coordinators[division]
        widest = min(self.coordinators, key=lambda c: (len(division_head(c)), c), default=None)
        return None if widest is None else self.coordinators[widest]

    def matter_name(self, code: str) -> str:
        """The name of a matter, else its code."""
        return self.matters[code].name if code in self.matters else code


def _heads(line: Line) -> frozenset[str]:
    """The heads of the areas that a line holds in; "" stands for everywhere."""
    return frozenset(division_head(area) if area else "" for area in line.areas or ("",))


def _value(name: str, facts: Facts) -> tuple[type, object] | None:
    """A fact's value with its type, since 1 and true are equal keys and different answers."""
    fact = facts.get(name)
    return None if fact is None or fact.value is None else (type(fact.value), fact.value)


def matter_of(facts: Facts) -> str | None:
    """The matter's code, None when not known."""
    fact = facts.get("matter")
    return fact.value if fact is not None and isinstance(fact.value, str) else None


def place_of(facts: Facts) -> Place | None:
    """The place, None when not known."""
    fact = facts.get("place")
    return fact.value if fact is not None and isinstance(fact.value, Place) else None


def is_division(code: str) -> bool:
    """Is it a 12-digit division code (and not a body's)?"""
    return len(code) == 12 and code.isascii() and code.isdigit()


def _line(item: Item, by_body: Mapping[str, list[str]]) -> Line:
    areas: set[str] = set()
    everywhere = not item.holder
    for holder in item.holder:
        if is_division(holder):
            areas.add(holder)
        elif holder in by_body:
            areas.update(by_body[holder])
        else:
            everywhere = True
    held = () if everywhere else tuple(sorted(areas))
    holder_cond: Cond = Test("place", "in_division", held) if held else ALWAYS
    parts = [Test("matter", "under", tuple(sorted(item.matters)))] if item.matters else []
    whole = All((*parts, holder_cond, item.scope.cond, item.condition))
    asks: Callable[[Facts], bool | None] = compiled(whole)
    tests = sum(1 for _ in leaves(item.condition))
    order = (item.list_id, item.edition, natural(item.number))
    return Line(item, held, holder_cond, item.scope.cond, asks, _place_class(item, held), tests, order)

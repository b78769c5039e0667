"""What an address may name: divisions with their parents, roads, compounds and other names, ready to be looked up."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

Fold = Callable[[Sequence[str]], Sequence[str]]
DIGITS = frozenset("0123456789")
LEVELS = ("", "province", "city", "county", "street", "community")


@dataclass(frozen=True, slots=True)
class Area:
    """A division in force: 12 digits, level 1 … 5, and the code of what it is part of ("" at the top)."""

    code: str
    name: str
    level: int
    parent: str = ""
    short: str = ""
    placeholder: bool = False


@dataclass(frozen=True, slots=True)
class Alias:
    """Another name of the same place; with `until` the name that it had before that day (a renamed road)."""

    name: str
    until: str = ""


@dataclass(frozen=True, slots=True)
class Named:
    """A row of the gazetteer. `buildings`: number of a house → the ids of the houses that bear it in this compound."""

    id: int
    name: str
    kind: str  # road, compound, facility
    community: str = ""
    aliases: tuple[Alias, ...] = ()
    buildings: Mapping[str, tuple[int, ...]] = field(default_factory=dict)


class Hit(NamedTuple):
    """A name found at [start, end): the rows that it may mean; `until` where it is a former name."""

    start: int
    end: int
    areas: tuple[Area, ...]
    names: tuple[Named, ...]
    until: str


@dataclass(frozen=True)
class Book:
    """The names of one edition. `fold` gives width, traditional forms and digits of any script in one form."""

    areas: Mapping[str, Area]
    fold: Fold = field(repr=False)
    by_start: Mapping[str, tuple[str, ...]] = field(repr=False)
    meant: Mapping[str, tuple[tuple[Area, ...], tuple[Named, ...], str]] = field(repr=False)
    numbered: re.Pattern[str] | None = field(default=None, repr=False)  # the names with a digit in them
    paths: Mapping[str, tuple[Area, ...]] = field(default_factory=dict, repr=False)

    @classmethod
    def of(cls, areas: Iterable[Area], names: Iterable[Named], *, fold: Fold) -> "Book":
        """This will build the tables; names of one character, and statistical placeholders, are never looked for."""
        kept = {a.code: a for a in areas}
        spoken: list[tuple[str, Area | Named, str]] = []
        for area in kept.values():
            if not area.placeholder:
                spoken += [(said, area, "") for said in dict.fromkeys((area.name, area.short)) if len(said) > 1]
        for name in sorted(names, key=lambda n: n.id):
            spoken += [(name.name, name, ""), *((a.name, name, a.until) for a in name.aliases)]
        meant: dict[str, tuple[list[Area], list[Named], str]] = {}
        for (_, row, until), word in zip(spoken, fold([s for s, _, _ in spoken]), strict=True):
            _learn(meant, squeezed(word), row, until)
        starts: dict[str, list[str]] = {}
        for word in meant:
            starts.setdefault(word[:2], []).append(word)
        by_start = {s: tuple(sorted(words, key=lambda w: (-len(w), w))) for s, words in starts.items()}
        numbers = [re.escape(w) for w in meant if any(c in DIGITS for c in w)]
        return cls(
            kept, fold, by_start, {w: (tuple(a), tuple(n), until) for w, (a, n, until) in meant.items()},
            re.compile("|".join(numbers)) if numbers else None, {code: _path(kept, code) for code in kept},
        )  # fmt: skip

    def path(self, code: str) -> tuple[Area, ...]:
        """This will give a division and those above it, widest first; nothing for an unknown code."""
        return self.paths.get(code, ())

    def at(self, text: str, place: int) -> str | None:
        """This will give the longest name that begins at a place."""
        words = self.by_start.get(text[place : place + 2])
        return next((w for w in words if text.startswith(w, place)), None) if words else None


def _path(areas: Mapping[str, Area], code: str) -> tuple[Area, ...]:
    found: list[Area] = []
    while code in areas and len(found) < 6:
        found.append(areas[code])
        code = areas[code].parent
    return tuple(found[::-1])


def squeezed(text: str) -> str:
    """This will give a folded text in capitals, without spaces at its ends."""
    return text.strip().upper()


def _learn(
    meant: dict[str, tuple[list[Area], list[Named], str]], word: str, row: "Area | Named", until: str
) -> None:
    if len(word) < 2:
        return
    areas, names, former = meant.get(word, ([], [], until))
    if isinstance(row, Area):
        areas.append(row)
    elif row not in names:
        names.append(row)
    meant[word] = (areas, names, former if not until or not former else max(until, former))

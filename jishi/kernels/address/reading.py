"""Reads a batch of addresses: names of the book first, then what is counted, then names by how they end."""

from collections.abc import Sequence
from typing import NamedTuple

from .book import LEVELS, Area, Book, Hit, Named, squeezed
from .chunks import CORNER, JOIN, LONGER_ROAD, SUFFIX, SURE_JOIN, pieces
from .grammar import Source, tokens
from .settling import Ground, settled
from .shapes import Placed, Shapes, finish
from .telling import PARTS, Address, Step, finding, key, line, precision


class _Item(NamedTuple):
    kind: str  # a part, area, name, rest, bare, first
    value: str
    start: int
    end: int
    hit: Hit | None = None
    source: Source | None = None  # of what is counted


def normalise(text: str, *, within: str, book: Book) -> Address:
    """This will read one address; the batch form is `normalise_all`."""
    return normalise_all((text,), within=within, book=book)[0]


def normalise_all(texts: Sequence[str], *, within: str, book: Book) -> list[Address]:
    """This will read addresses; missing upper parts come from the division `within`, never from a guess.

    Idempotent: the `normal` line of an address has the same parts, line and key. Nothing is refused: what cannot be
    read stands in `leftovers`, and a text without any part has confidence 0.
    """
    known: dict[str, Address] = {}
    shapes = Shapes(book)
    made = []
    for raw, folded in zip(texts, book.fold(texts), strict=True):
        text = squeezed(folded)
        same = known.get(text) or shapes.filled(text, raw)
        if same is None:
            same = _settled_line(_Reader(text, within, book), raw, shapes)
        known[text] = same
        made.append(same if same.raw == raw else _as_said(same, raw))
    return made


def _settled_line(reader: "_Reader", raw: str, shapes: Shapes) -> Address:
    """Read a text; where names were taken by how they end, read its line too until it is its own line.

    A text in which nothing was guessed needs no second look: every one of its parts carries its own word.
    """
    first = found = reader.read(raw, shapes)
    for _ in range(6 if reader.guessed else 0):
        again = _Reader(squeezed(reader.book.fold([found.normal])[0]), reader.within, reader.book).read(raw, shapes)
        if (again.normal, again.key) == (found.normal, found.key):
            break
        found = again
    if found is first:
        return first
    return Address(
        raw, found.parts, found.normal, found.key, first.leftovers, min(first.confidence, found.confidence),
        found.precision, first.steps, found.area, found.names, found.candidates,
    )  # fmt: skip


def _as_said(same: Address, raw: str) -> Address:
    return Address(
        raw, same.parts, same.normal, same.key, same.leftovers, same.confidence, same.precision, same.steps,
        same.area, same.names, same.candidates,
    )  # fmt: skip


class _Reader:
    """One text on its way; lives as long as the reading takes."""

    def __init__(self, text: str, within: str, book: Book) -> None:
        self.text, self.within, self.book = text, within, book
        self.parts: dict[str, str] = {}
        self.rest: list[str] = []
        self.steps: list[Step] = []
        self.areas: list[tuple[Area, ...]] = []
        self.foreign = False
        self.compounds: tuple[Named, ...] = ()
        self.roads: tuple[Named, ...] = ()
        self.placed: list[Placed] = []
        self.guessed = True

    def read(self, raw: str, shapes: Shapes) -> Address:
        self._assign(self._crossed(self._glued(self._items())))
        ground = settled(
            self.book, self.within, self.areas, self.compounds, foreign=self.foreign,
            said={p: self.parts[p] for p in LEVELS[1:] if p in self.parts},
        )  # fmt: skip
        self.parts.update(ground.parts)
        self.steps += [Step(*step) for step in ground.steps]
        finish(self.parts, self.parts.pop("said_building", ""), self.compounds)
        parts = {p: self.parts[p] for p in PARTS if self.parts.get(p)}
        found_by = finding(parts, known_place=len(ground.named) == 1, known_roads=len(self.roads))
        self.guessed = self._is_guessed()
        made = Address(
            raw, parts, line(parts), key(parts, found_by), tuple(self.rest), self._confidence(ground),
            precision(parts), tuple(self.steps), ground.area,
            tuple(n.id for n in (*ground.named, *self.roads)), ground.candidates,
        )  # fmt: skip
        if not self.guessed:
            shapes.learn(self.text, made, self.placed, self.compounds, found_by)
        return made

    def _is_guessed(self) -> bool:
        """Whether a name was taken by its ending, or something was left over or stands without what it hangs on."""
        known_road = "road" not in self.parts or bool(self.roads)
        known_compound = "compound" not in self.parts or bool(self.compounds)
        hangs = "room" in self.parts and "building" not in self.parts
        return bool(self.rest) or self.foreign or hangs or not (known_road and known_compound)

    # --- finding ---------------------------------------------------------------------------------------------

    def _items(self) -> list[_Item]:
        """Names of the book, longest first; between them what is counted; between those, names by their endings."""
        hits = self._hits()
        found: list[_Item] = []
        at = 0
        for hit in (*hits, Hit(len(self.text), len(self.text), (), (), "")):
            found += self._between(at, hit.start, found)
            if hit.end > hit.start:
                kind = "area" if hit.areas else "name"
                found.append(_Item(kind, self.text[hit.start : hit.end], hit.start, hit.end, hit))
            at = hit.end
        return found

    def _hits(self) -> list[Hit]:
        text, book = self.text, self.book
        hits, at, last = [], 0, len(text) - 1
        while at < last:
            word = book.at(text, at)
            if word is None or not self._stands(word, at):
                at += 1
                continue
            hits.append(Hit(at, at + len(word), *book.meant[word]))
            at += len(word)
        return hits

    def _stands(self, word: str, at: int) -> bool:
        """翠竹苑南路 does not name 翠竹苑; 鹿城 alone means the district only before another name of a place."""
        areas, names, _ = self.book.meant[word]
        end = at + len(word)
        whole = not names and word[-1] in "省市区县" and word == squeezed(areas[0].name)  # no lane is called 鹿城区弄
        if not whole and not any(n.kind == "road" for n in names) and LONGER_ROAD.match(self.text, end):
            return False
        if names or any(word == squeezed(a.name) for a in areas) or word[-1] in "村镇乡区县市省":
            return True
        return self.book.at(self.text, end) is not None

    def _between(self, start: int, end: int, before: list[_Item]) -> list[_Item]:
        found: list[_Item] = []
        at = start
        for token in tokens(self.text, start, end):
            if token.start < at or (token.kind == "phase" and not self._follows_compound(token.start, at, before)):
                continue
            house = token.kind in ("building", "phase", "first")
            found += self._words(at, token.start, [*before, *found], house=house)
            found.append(_Item(token.kind, token.value, token.start, token.end, None, token.source))
            at = token.end
        return [*found, *self._words(at, end, [*before, *found], house=False)]

    def _words(self, start: int, end: int, before: list[_Item], *, house: bool) -> list[_Item]:
        if end <= start:
            return []
        road = bool(before) and before[-1].end == start and self._is_road(before[-1])
        return [_Item(*p) for p in pieces(self.text, start, end, before_house=house, after_road=road)]

    def _follows_compound(self, start: int, at: int, before: list[_Item]) -> bool:
        gap = self.text[at:start]
        if gap:
            return SUFFIX.search(gap) is not None
        return bool(before) and before[-1].end == start and before[-1].kind in ("name", "compound")

    # --- putting together ------------------------------------------------------------------------------------

    def _glued(self, items: list[_Item]) -> list[_Item]:
        """新翠竹苑 is not 翠竹苑: what stands right before a name without a break belongs to it."""
        made: list[_Item] = []
        for item in items:
            last = made[-1] if made else None
            joint = last is not None and last.kind == "rest" and JOIN.fullmatch(last.value) is not None
            if last and last.end == item.start and item.kind == "name" and last.kind == "rest" and not joint:
                kind = "road" if item.hit and item.hit.names[0].kind == "road" else "compound"
                made[-1] = _Item(kind, last.value + item.value, last.start, item.end)
            elif last and last.end == item.start and last.kind == "name" and item.kind == "compound":
                if item.value == "小区":
                    made[-1] = last._replace(end=item.end)
                elif last.hit and last.hit.names[0].kind != "road":
                    made[-1] = _Item("compound", last.value + item.value, last.start, item.end)
                else:
                    made.append(item)
            elif last and last.end == item.start and last.kind == "name" and item.value == "小区":
                made[-1] = last._replace(end=item.end)
            else:
                made.append(item)
        return made

    def _crossed(self, items: list[_Item]) -> list[_Item]:
        """Two roads with a small word between them, or the word for a corner behind them, are a crossing."""
        roads = [n for n, i in enumerate(items) if self._is_road(i)]
        for a, b in zip(roads, roads[1:], strict=False):
            one, other = items[a], items[b]
            tail = CORNER.match(self.text, other.end)
            joined = JOIN.fullmatch(self.text, one.end, other.start)
            if not joined or not (tail or SURE_JOIN.fullmatch(self.text, one.end, other.start)):
                continue
            self._cross(one, other)
            end = tail.end() if tail else other.end
            after = [i._replace(value=self.text[max(i.start, end) : i.end]) for i in items[b + 1 :] if i.end > end]
            return [*items[:a], *after]
        return items

    def _cross(self, one: _Item, other: _Item) -> None:
        named = sorted((self._road(i) for i in (one, other)), key=lambda r: r[0])
        self.parts["road"], self.parts["cross"] = named[0][0], named[1][0]
        self.roads = tuple(row for _, rows in named for row in rows[:1])
        self.steps.append(Step("crossing", self.text[one.start : other.end], f"{named[0][0]}与{named[1][0]}交叉口"))

    def _is_road(self, item: _Item) -> bool:
        return item.kind == "road" or bool(item.hit and item.hit.names and item.hit.names[0].kind == "road")

    def _road(self, item: _Item) -> tuple[str, tuple[Named, ...]]:
        """A road's name of today: a renamed road keeps its old name as an alias."""
        if item.hit is None or not item.hit.names:
            return item.value, ()
        row = item.hit.names[0]
        if item.hit.until:
            self.steps.append(Step("renamed", item.value, row.name))
        return row.name, tuple(n for n in item.hit.names if n.kind == "road")

    def _assign(self, items: list[_Item]) -> None:
        last: _Item | None = None
        for item in items:
            if item.kind == "area" and item.hit:
                self.areas.append(item.hit.areas)
            elif item.kind == "name" or item.kind == "road":
                self._name(item)
            elif item.kind == "rest":
                self.rest.append(item.value)
            elif item.kind in LEVELS:
                self.foreign |= item.kind in ("province", "city", "county")
                self._put(item.kind, item)
            else:
                self._counted(item, last)
            last = item

    def _name(self, item: _Item) -> None:
        if self._is_road(item):
            name, rows = self._road(item)
            if "road" not in self.parts:
                self.parts["road"], self.roads = name, rows
            elif name[-1] in "巷弄里" and "lane" not in self.parts and "cross" not in self.parts:
                self.parts["lane"] = name
            elif self.parts["road"] != name:
                self.rest.append(item.value)
            return
        names = item.hit.names if item.hit else ()
        if "compound" in self.parts:
            if self.parts["compound"] != names[0].name:
                self.rest.append(item.value)
            return
        self.parts["compound"], self.compounds = names[0].name, names
        if names[0].name != item.value:
            self.steps.append(Step("alias", item.value, names[0].name))

    def _counted(self, item: _Item, last: _Item | None) -> None:
        beside = last is not None and last.end == item.start
        below = beside and last is not None and last.kind in ("building", "unit", "floor", "first")
        kind, value = item.kind, item.value
        if kind == "first":
            kind, value = ("unit", value.replace("号楼", "单元")) if "building" in self.parts else ("building", value)
        elif kind == "bare":
            kind = "room" if self.parts.keys() & {"building", "unit"} else "rest"
        elif kind == "number" and below and value.removesuffix("号").isdigit():
            kind, value = "room", value.removesuffix("号") + "室"
        if kind == "rest":
            self.rest.append(self.text[item.start : item.end])
            return
        self._put(kind, item._replace(value=value))

    def _put(self, kind: str, item: _Item) -> None:
        said = self.text[item.start : item.end]
        if kind in self.parts and self.parts[kind] != item.value:
            self.rest.append(said)
            return
        self.parts[kind] = item.value
        self.placed.append(Placed(kind, item.value, item.source, item.start, item.end, len(self.steps)))
        if said != item.value:
            self.steps.append(Step("written", said, item.value))
        if kind == "building":
            self.parts["said_building"] = said

    def _confidence(self, ground: Ground) -> float:
        """1, less for what was left over, for a name nobody knows, for two of a name, for another city."""
        if not self.parts.keys() - set(LEVELS) and not self.areas:
            return 0.0
        sure = 0.9 ** min(len(self.rest), 4) * ground.sure
        if "compound" in self.parts and not self.compounds:
            sure *= 0.8
        if "road" in self.parts and not self.roads and "compound" not in self.parts:
            sure *= 0.8
        return round(sure, 3)

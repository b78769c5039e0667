"""Texts that differ in their digits alone are read once: the others take the same places with digits of their own.

No pattern of the grammar tells 1 … 9 apart; nought is another sign, and so is a further digit. So two texts with the
same shape (every digit but nought made a 1) are cut in the same places, and what is read off words without a digit
is the same. A shape is kept only where that is all there is to it: nothing was guessed or left over, so every digit
was counted; each part was said once; and no name of the book with a digit in it stands in the text.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from .book import DIGITS, Book, Named
from .grammar import Source, counted, floor_of
from .telling import PARTS, Address, Step, key, line

_ALIKE = str.maketrans("23456789", "11111111")
_SAME, _UNIT, _ROOM = 0, 1, 2  # how a counted part became what it is: 3-501 behind a building, 12号 behind a unit


class Placed(NamedTuple):
    """A part put into its place: the text at [start, end), where it was counted, the steps that were taken before."""

    part: str
    value: str
    source: Source | None
    start: int
    end: int
    step: int


class _Field(NamedTuple):
    part: str
    source: Source
    start: int
    end: int
    change: int
    step: int


class _Shape(NamedTuple):
    first: Address
    parts: Mapping[str, str]  # in order; what is counted stands empty
    fields: tuple[_Field, ...]
    steps: tuple[Step, ...]  # those that tell of no digit
    compounds: tuple[Named, ...]
    found_by: tuple[str, ...]


class Shapes:
    """The shapes of one batch."""

    def __init__(self, book: Book) -> None:
        self.numbered = book.numbered
        self.known: dict[str, _Shape | None] = {}

    def filled(self, text: str, raw: str) -> Address | None:
        """This will give the reading of a text whose shape is known, or None."""
        shape = self.known.get(text.translate(_ALIKE))
        if shape is None or (self.numbered is not None and self.numbered.search(text)):
            return None
        first, parts = shape.first, dict(shape.parts)
        steps: list[Step] = []
        before, building = 0, ""
        for part, (group, begin, stop, which), start, end, change, step in shape.fields:
            value = counted(group, text[begin:stop])[which][1]
            if change:
                value = _changed(value, change)
            parts[part] = value
            said = text[start:end]
            if part == "building":
                building = said
            if step > before:
                steps += shape.steps[before:step]
                before = step
            if said != value:
                steps.append(Step("written", said, value))
        steps += shape.steps[before:]
        finish(parts, building, shape.compounds)
        return Address(
            raw, parts, line(parts), key(parts, shape.found_by), first.leftovers, first.confidence, first.precision,
            tuple(steps), first.area, first.names, first.candidates,
        )  # fmt: skip

    def learn(
        self, text: str, made: Address, placed: Sequence[Placed], compounds: tuple[Named, ...], found_by: Sequence[str]
    ) -> None:
        """This will keep the shape of a text that was read, where it has one."""
        alike = text.translate(_ALIKE)
        if alike in self.known or (self.numbered is not None and self.numbered.search(text)):
            return
        self.known[alike] = _shape(text, made, placed, compounds, tuple(found_by))


def _shape(
    text: str, made: Address, placed: Sequence[Placed], compounds: tuple[Named, ...], found_by: tuple[str, ...]
) -> _Shape | None:
    fields, telling = [], 0
    for one in placed:
        if one.source is None:
            continue
        value = counted(one.source.group, text[one.source.begin : one.source.end])[one.source.which][1]
        change = next((c for c in (_SAME, _UNIT, _ROOM) if _changed(value, c) == one.value), None)
        if change is None:
            return None
        fields.append(_Field(one.part, one.source, one.start, one.end, change, one.step - telling))
        telling += text[one.start : one.end] != one.value
    own = {f.part for f in fields}
    steps = tuple(s for s in made.steps if s.code != "written")
    floor = {"floor"} if "room" in own else set()
    plain = [*(w for p, w in made.parts.items() if p not in own | floor), *(w for s in steps for w in s)]
    if len(own) < len(fields) or len(made.steps) - len(steps) != telling or not DIGITS.isdisjoint("".join(plain)):
        return None
    parts = {p: "" if p in own | floor else made.parts[p] for p in PARTS if p in made.parts or p in floor}
    return _Shape(made, parts, tuple(fields), steps, compounds, found_by)


def _changed(value: str, change: int) -> str:
    if change == _SAME:
        return value
    return value.replace("号楼", "单元") if change == _UNIT else value.removesuffix("号") + "室"


def finish(parts: dict[str, str], building: str, compounds: Sequence[Named]) -> None:
    """This will finish the counted parts: 17幢 (`building` as said) is 17号楼 unless the gazetteer knows two houses
    with that number in the compound; a room tells its floor."""
    if building and len(compounds) == 1 and compounds[0].buildings:
        number = parts["building"].removesuffix("号楼").removesuffix("座")
        if number and len(compounds[0].buildings.get(number, ())) > 1:
            parts["building"] = number + next((w for w in ("幢", "栋", "座") if w in building), "号楼")
    if "room" in parts:
        said, told = parts.get("floor", ""), floor_of(parts["room"])
        if told and (not said or said == told):
            parts["floor"] = told
        elif not said:
            parts.pop("floor", None)

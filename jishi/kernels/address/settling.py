"""In which division an address lies: what was said, what the named place says, and what `within` adds."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from .book import LEVELS, Area, Book, Named


@dataclass(frozen=True, slots=True)
class Ground:
    """The upper parts, the deepest division, the named place (one), or the candidates (several)."""

    parts: Mapping[str, str]
    area: str
    named: tuple[Named, ...]
    candidates: tuple[Named, ...]
    steps: tuple[tuple[str, str, str], ...]
    sure: float


def settled(
    book: Book, within: str, areas: Sequence[tuple[Area, ...]], names: Sequence[Named], *, foreign: bool,
    said: Mapping[str, str],
) -> Ground:  # fmt: skip
    """This will settle one address: `areas` are the divisions said (each with all rows of that name), `names` the rows
    that the compound's name may mean, `foreign` tells that a city, county or province was said that the book has not.
    """
    if foreign:
        return Ground({}, "", (), (), (("elsewhere", "".join(said.values()), ""),), 0.5)
    code, doubtful, steps = _deepest(book, within, areas)
    if "street" in said or "community" in said:
        code = _above(book, code, 3 if "street" in said else 4)
        steps.append(("not_in_the_table", said.get("street") or said["community"], ""))
    near = [n for n in names if _agree(book, n.community, code)] if names else []
    sure = 1.0
    if names and not near:
        steps.append(("not_there", names[0].name, "、".join(_told(book, n) for n in names)))
        sure = 0.6
    inside = [n for n in near if _under(book, n.community, within)] if len(near) > 1 else near
    near = inside or near
    if len(near) == 1 and near[0].community and _under(book, near[0].community, code):
        code = near[0].community
    if len(near) > 1:
        code = _common(book, [n.community for n in near], code)
        steps.append(("same_name_twice", near[0].name, "、".join(_told(book, n) for n in near)))
        sure = 0.5
    if doubtful:
        sure *= 0.6
    parts = {LEVELS[a.level]: a.name for a in book.path(code) if not a.placeholder}
    missing = [name for level, name in parts.items() if level not in said]
    if missing and code and not areas:
        steps.append(("filled_from_within", "", "".join(missing)))
    return Ground(
        {**parts, **said}, code, tuple(near) if len(near) == 1 else (), tuple(near) if len(near) > 1 else (),
        tuple(steps), sure,
    )  # fmt: skip


def _deepest(
    book: Book, within: str, areas: Sequence[tuple[Area, ...]]
) -> tuple[str, bool, list[tuple[str, str, str]]]:
    """The deepest division that what was said agrees on; `within` fills what lies below it."""
    code, steps, doubtful = "", [], False
    for rows in sorted(areas, key=lambda r: r[0].level):
        fit = [r for r in rows if not code or _agree(book, r.code, code)]
        if not fit:
            steps.append(("contradicts", rows[0].name, book.areas[code].name))
            doubtful = True
            continue
        near = [r for r in fit if _agree(book, r.code, within)] or fit
        if len(near) > 1:
            steps.append(("same_name_twice", near[0].name, "、".join(_full(book, r.code) for r in near)))
            doubtful = True
            code = _common(book, [r.code for r in near], code or within)
            continue
        if not code or near[0].level > book.areas[code].level:
            code = near[0].code
    if not code or _under(book, within, code):
        return (within if within in book.areas else code), doubtful, steps
    return code, doubtful, steps


def _under(book: Book, code: str, above: str) -> bool:
    return any(a.code == above for a in book.path(code))


def _agree(book: Book, one: str, other: str) -> bool:
    """One of the two lies in the other; what has no division agrees with all."""
    return not one or not other or _under(book, one, other) or _under(book, other, one)


def _above(book: Book, code: str, level: int) -> str:
    """The division that holds `code`, at most as deep as `level`."""
    return next((a.code for a in reversed(book.path(code)) if a.level <= level), "")


def _common(book: Book, codes: Sequence[str], otherwise: str) -> str:
    """The deepest division that holds all of them."""
    paths = [[a.code for a in book.path(c)] for c in codes if c]
    shared = [c for c in paths[0] if all(c in p for p in paths)] if paths else []
    return shared[-1] if shared else otherwise


def _told(book: Book, name: Named) -> str:
    return f"{_full(book, name.community)}{name.name}"


def _full(book: Book, code: str) -> str:
    return "".join(a.name for a in book.path(code) if a.level >= 3 and not a.placeholder)

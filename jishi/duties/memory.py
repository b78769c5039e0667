"""The code book and the lists in force, kept in memory by edition and looked at again when one changes."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from functools import cached_property
from itertools import count
from typing import Any

from django.db import connection
from django.db.models import Q

from jishi.bodies import queries as bodies
from jishi.duties.models import CodeBook, DutyItem, DutyList, FallbackRule, Matter
from jishi.duties.states import ListState
from jishi.foundation import marks, scope
from jishi.kernels import dutylist

IN_FORCE = (ListState.PUBLISHED, ListState.SUPERSEDED)  # what was in force on a past day is superseded today

_MARK = marks.declare(
    "law",
    """
    SELECT json_build_array(
        (SELECT string_agg(id::text, ',' ORDER BY number) FROM duties_codebook
             WHERE tenant_id = %(t)s::bigint AND effective_from <= %(d)s::date),
        (SELECT string_agg(id || '.' || version, ',' ORDER BY id) FROM duties_dutylist
             WHERE tenant_id = %(t)s::bigint AND state IN ('published', 'superseded') AND effective @> %(d)s::date),
        (SELECT string_agg(id || '.' || version, ',' ORDER BY id) FROM duties_fallbackrule
             WHERE tenant_id = %(t)s::bigint AND effective @> %(d)s::date))
    """,
)
_changes = count(1)  # names the law that one transaction sees of its own changes; nobody else shares it


@dataclass(frozen=True, slots=True)
class MatterRow:
    code: str
    name: str
    name_en: str
    parent_code: str
    aliases: tuple[str, ...]
    public: bool
    default_visibility: str
    at_home: bool
    spot: bool
    life_days: int
    questions: tuple[dict[str, Any], ...]
    becomes: dict[str, Any]
    is_leaf: bool

    def called(self, lang: str) -> str:
        return self.name_en if lang.startswith("en") and self.name_en else self.name


@dataclass(frozen=True, slots=True)
class ItemRow:
    """One line of a list as pages show it."""

    id: int
    list_id: int
    number: str
    kind: str
    name: str
    edition: int
    promises: dict[str, str]
    legal_basis: str
    lead_body: str
    superior_dept: str


@dataclass(frozen=True)
class Law:
    """Everything a decision of one day is made from, and how to get back from kernel values to rows."""

    day: date
    mark: tuple[Any, ...]
    book_edition: int
    matters: dict[str, MatterRow]
    editions: dutylist.Editions
    items: dict[tuple[str, int, str], ItemRow]
    body_ids: dict[str, int]
    titles: dict[str, str]  # holder → title of its list
    memo: dict[Any, Any] = field(default_factory=dict, compare=False)

    @cached_property
    def by_item_id(self) -> dict[int, tuple[ItemRow, dutylist.Item]]:
        kernel = {i.key: i for i in self.editions.items}
        return {row.id: (row, kernel[key]) for key, row in self.items.items()}

    @cached_property
    def leaves(self) -> list[MatterRow]:
        """The matters a report may be given: leaves in force, none that has become others."""
        return [m for _, m in sorted(self.matters.items()) if m.is_leaf and not m.becomes.get("codes")]

    def path(self, code: str) -> list[MatterRow]:
        """Give the matter and those above it, widest first."""
        found = []
        while code in self.matters:
            found.append(self.matters[code])
            code = self.matters[code].parent_code
        return found[::-1]


_kept: dict[tuple[str, int, date], Law] = {}
MOST_KEPT = 40  # laws of (database, tenant, day)


def law(day: date) -> Law:
    """Give the law of `day`; asks once per transaction whether an edition has changed.

    What a transaction has changed itself it reads for itself alone: it may yet be rolled back.
    """
    now = scope.current()
    found: Law | None = now.memo.get(f"law {day}")
    if found is None:
        found = _own(day) if "law.changed" in now.memo or "bodies.changed" in now.memo else _shared(day)
        now.memo[f"law {day}"] = found
    return found


def forget() -> None:
    """Look again, because this transaction has changed an edition."""
    memo = scope.current().memo
    for key in [k for k in memo if k.startswith("law ")]:
        del memo[key]
    memo["law.changed"] = True
    marks.forget(_MARK)


def _own(day: date) -> Law:
    return _read(scope.current().actor.tenant_id, day, ("own", next(_changes)))


def _shared(day: date) -> Law:
    tenant_id = scope.current().actor.tenant_id
    key = (str(connection.settings_dict["NAME"]), tenant_id, day)
    own = marks.mark(_MARK, day)  # asked first: its day is then the day of the one statement
    lasting = hash(frozenset(b.id for b in bodies.names().values() if b.lasts_on(day)))
    mark = (*own, bodies.mark(), lasting)
    if key not in _kept or _kept[key].mark != mark:
        if len(_kept) > MOST_KEPT:
            _kept.clear()
        _kept[key] = _same_editions(key, mark) or _read(tenant_id, day, mark)
    return _kept[key]


def _same_editions(key: tuple[str, int, date], mark: tuple[Any, ...]) -> Law | None:
    """Another day with the same editions and bodies in force shares their memory."""
    for (name, tenant_id, _), other in _kept.items():
        if (name, tenant_id) == key[:2] and other.mark == mark:
            return replace(other, day=key[2])
    return None


def _read(tenant_id: int, day: date, mark: tuple[Any, ...]) -> Law:
    book = CodeBook.objects.filter(tenant_id=tenant_id, effective_from__lte=day).order_by("-number").first()
    matters = _matters(book)
    lists = {
        row.id: row for row in DutyList.objects.filter(tenant_id=tenant_id, state__in=IN_FORCE, effective__contains=day)
    }
    rows = list(DutyItem.objects.filter(tenant_id=tenant_id, list_id__in=lists).order_by("list_id", "position"))
    known = [b for b in bodies.names().values() if b.lasts_on(day)]
    levels = {b.code: b.level for b in known}
    items, back = [], {}
    for row in rows:
        item = as_kernel(row, lists[row.list_id], levels)
        items.append(item)
        back[item.key] = ItemRow(
            row.id, row.list_id, row.number, row.kind, row.name, lists[row.list_id].edition, row.promises,
            row.legal_basis, row.lead_body, row.superior_dept,
        )  # fmt: skip
    rules = FallbackRule.objects.filter(Q(tenant_id=tenant_id), effective__contains=day).select_related("body")
    editions = dutylist.Editions(
        tuple(items),
        {m.code: dutylist.Matter(m.code, m.name, m.parent_code) for m in matters.values()},
        levels,
        {r.division_code: r.body.code for r in rules},
        {b.division_code: b.code for b in known if b.level in ("street", "community")},
    )
    ids, titles = {b.code: b.id for b in known}, {r.holder: r.title for r in lists.values()}
    return Law(day, mark, book.number if book else 0, matters, editions, back, ids, titles)


def cited(legal_basis: str) -> str:
    """Give law and article of a stored basis (``law|article|words``, several by ``;``) as one reads them aloud."""
    parts = (part.split("|") for part in legal_basis.replace("；", ";").split(";") if part.strip())
    return "；".join("".join(p.strip() for p in part[:2]) for part in parts)


def as_kernel(row: DutyItem, list_: DutyList, levels: Mapping[str, str]) -> dutylist.Item:
    """Give a stored item as the kernel reads it. `levels`: body → level, to know whose list it is."""
    span = list_.effective
    what, _, division = list_.holder.partition(":")
    level = {"streets": "street", "communities": "community"}[what] if division else levels.get(what, "street")
    return dutylist.Item(
        number=row.number, list_id=list_.holder, list_kind=row.kind, name=row.name, lead_body=row.lead_body,  # type: ignore[arg-type]
        holder=(division or what,), holder_level=level, matters=tuple(row.matters),
        condition=dutylist.parse_condition(row.condition), own_part=row.own_part, superior_dept=row.superior_dept,
        superior_duty=row.superior_duty, assist_bodies=_assisting(row.kind, what) if division else (),
        promises=row.promises, urgency=row.urgency, priority=row.priority,
        effective_from=span.lower if span and span.lower else date.min, effective_to=span.upper if span else None,
        legal_basis=cited(row.legal_basis), edition=list_.edition,
        powers=tuple(row.powers),
    )  # fmt: skip


def _assisting(kind: str, holders: str) -> tuple[str, ...]:
    """The list of a class of bodies asks the one at the place; a body's own list asks that body (the kernel's rule)."""
    if kind != "assist":
        return ()
    return (dutylist.STREET,) if holders == "streets" else (dutylist.COMMUNITY,)


def _matters(book: CodeBook | None) -> dict[str, MatterRow]:
    if book is None:
        return {}
    return {
        m.code: MatterRow(
            m.code, m.name, m.name_en, m.parent_code, tuple(m.aliases), m.public, m.default_visibility, m.at_home,
            m.spot,
            m.life_days, tuple(m.questions), m.becomes, m.is_leaf,
        )
        for m in Matter.objects.filter(book=book).order_by("code")
    }  # fmt: skip

"""Looking at lists and items as citizens and the desk read them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from jishi.bodies import queries as bodies
from jishi.duties import memory
from jishi.duties.memory import IN_FORCE, Law
from jishi.duties.models import DutyItem, DutyList
from jishi.duties.vocabulary import names
from jishi.foundation import scope
from jishi.kernels import dutylist

KINDS = {"basic": ("基本履职", "Basic"), "assist": ("配合履职", "Assist"), "taken_back": ("上级收回", "Taken back")}
CLASSES = {"streets": _("全部街道（镇）"), "communities": _("全部社区（村）"), "departments": _("全部部门")}
PAGE = 50
MOST = 200


@dataclass(frozen=True, slots=True)
class Basis:
    """One legal basis of an item; `words` are quoted from the article, empty when the text was not compared."""

    law: str
    article: str
    words: str

    @property
    def is_verified(self) -> bool:
        return bool(self.words)


@dataclass(frozen=True, slots=True)
class Line:
    """One printed line with what it is called in the reader's language."""

    number: str
    kind: str
    name: str
    matters: tuple[tuple[str, str], ...]
    condition: str
    lead: str
    assists: str
    superior_dept: str
    superior_duty: str
    own_part: str
    receiving_office: str
    way: str
    bases: tuple[Basis, ...]
    promises: Mapping[str, str]
    priority: int
    remark: str
    powers: tuple[tuple[str, str], ...]  # code and name


@dataclass(frozen=True, slots=True)
class Edition:
    """One edition of a holder's lists, for headings and tables."""

    id: int
    version: int
    holder: str
    title: str
    edition: int
    state: str
    first_day: date | None
    last_day: date | None
    document_no: str
    findings: tuple[Mapping[str, Any], ...] = ()
    consulted_at: Any = None
    drafted_by: str = ""
    adopted_by: str = ""

    @property
    def whose(self) -> str:
        """Say whose lists they are: a body, or a class of bodies; a holder of another shape stays its code."""
        what, _sep, _division = self.holder.partition(":")
        if what in CLASSES:
            return str(CLASSES[what])
        lang = get_language() or "zh"
        found = next((b for b in bodies.names().values() if b.code == self.holder), None)
        return found.called(lang) if found else self.holder


def in_force(day: date, holder: str = "") -> list[Edition]:
    """Give the editions that are in force on a day, by holder."""
    rows = _lists().filter(state__in=IN_FORCE, effective__contains=day)
    return [edition_of(r) for r in (rows.filter(holder=holder) if holder else rows).order_by("holder", "id")]


def editions(*, before: int = 0, limit: int = PAGE) -> list[Edition]:
    """Give all editions, the newest first, keyset by id."""
    rows = _lists().filter(id__lt=before) if before else _lists()
    return [edition_of(r) for r in rows.order_by("-id")[:limit]]


def edition(list_id: int) -> Edition | None:
    """Give one edition with its findings, or None."""
    row = _lists().filter(id=list_id).first()
    return edition_of(row) if row else None


def edition_of(row: DutyList) -> Edition:
    """Give a stored edition as pages show it."""
    span = row.effective
    return Edition(
        row.id, row.version, row.holder, row.title, row.edition, row.state, span.lower if span else None,
        span.upper if span else None, row.document_no, tuple(row.findings), row.consulted_at, row.drafted_by,
        row.adopted_by,
    )  # fmt: skip


def counts(list_id: int) -> dict[str, int]:
    """Give how many items of each kind an edition has: one statement over one list, never over history."""
    found = dict.fromkeys(KINDS, 0)
    for kind in DutyItem.objects.filter(tenant_id=_tenant(), list_id=list_id).values_list("kind", flat=True):
        found[kind] += 1
    return found


def lines(
    list_id: int, *, lang: str, law: Law, kind: str = "", words: str = "", after: int = 0, limit: int = PAGE
) -> tuple[list[Line], int | None]:
    """Give printed lines in order and the key of the next page (None: no more).

    `words` are looked for in number, name, parts, departments and the names and other names of the matters.
    """
    rows = DutyItem.objects.filter(tenant_id=_tenant(), list_id=list_id, position__gt=after)
    if kind:
        rows = rows.filter(kind=kind)
    if words.split():
        rows = rows.filter(position__in=_positions(list_id, words.split()[:8], law))
    page = list(rows.order_by("position")[: limit + 1])
    called = names(law, lang)
    more = page[limit - 1].position if len(page) > limit else None
    return [line_of(row, called, law, lang) for row in page[:limit]], more


def line(number: str, *, day: date, lang: str) -> tuple[Line, Edition] | None:
    """Give one item of the lists in force on a day by its printed number, with its edition; None if there is none."""
    rows = DutyItem.objects.filter(
        tenant_id=_tenant(), number=number, list__state__in=IN_FORCE, list__effective__contains=day
    )
    row = rows.select_related("list").order_by("list__holder").first()
    if row is None:
        return None
    law = memory.law(day)
    return line_of(row, names(law, lang), law, lang), edition_of(row.list)


_TEXTS = ("number", "name", "own_part", "superior_dept", "superior_duty", "way", "receiving_office", "legal_basis")


def _positions(list_id: int, words: Sequence[str], law: Law) -> list[int]:
    """Give where the lines stand that every word finds. One list is a few hundred lines: they are read once, by their
    list, and looked through here; the database searches no text by a pattern."""
    rows = DutyItem.objects.filter(tenant_id=_tenant(), list_id=list_id)
    lines = list(rows.values_list("position", "lead_body", "matters", *_TEXTS))
    asked = [(word.lower(), *_named_by(word, law)) for word in words]
    return [
        position for position, lead, matters, *texts in lines
        if all(lead in known or codes & set(matters) or any(w in t.lower() for t in texts) for w, known, codes in asked)
    ]  # fmt: skip


def _named_by(word: str, law: Law) -> tuple[set[str], set[str]]:
    """The bodies and the matters that a word means by one of their names."""
    known = {b.code for b in bodies.names().values() if word in b.name or word in b.short_name or word in b.name_en}
    codes = {
        m.code for m in law.matters.values()
        if word in m.name or word.lower() in m.name_en.lower() or any(word in a for a in m.aliases) or word == m.code
    }  # fmt: skip
    return known, codes


def line_of(row: DutyItem, called: Mapping[str, str], law: Law, lang: str) -> Line:
    """Give a stored item in words."""
    condition = dutylist.parse_condition(row.condition)
    said = dutylist.sentence(condition, "en" if lang.startswith("en") else "zh", called) if row.condition else ""
    assists = called["body:$street"] if row.kind == "assist" else ""
    matters = tuple((c, law.matters[c].called(lang) if c in law.matters else c) for c in row.matters)
    return Line(
        row.number, row.kind, row.name, matters, said, called.get(f"body:{row.lead_body}", row.lead_body), assists,
        row.superior_dept, row.superior_duty, row.own_part, row.receiving_office, row.way, bases_of(row.legal_basis),
        dict(row.promises), row.priority, row.remark,
        tuple((p, dutylist.POWERS[p][lang.startswith("en")]) for p in row.powers),
    )  # fmt: skip


def bases_of(text: str) -> tuple[Basis, ...]:
    """Read "law|article|quoted words" parts, separated by semicolons; a plain text is a law without article."""
    found = []
    for part in text.split(";"):
        if part.strip():
            law, article, words = (*part.split("|"), "", "")[:3]
            found.append(Basis(law.strip(), article.strip(), words.strip()))
    return tuple(found)


def _lists() -> Any:
    return DutyList.objects.filter(tenant_id=_tenant())


def _tenant() -> int:
    return scope.current().actor.tenant_id

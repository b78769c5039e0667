"""知识库 as it is read: by everybody what holds today, by its owner everything, at the desk what answers this."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from django.db.models import Q, QuerySet
from django.utils.timezone import localdate

from jishi.bodies import queries as bodies
from jishi.cases.actions import knowing
from jishi.cases.models import KnowledgeItem
from jishi.cases.triage import knowledge
from jishi.cases.triage.knowledge import Offered
from jishi.duties import queries as duties
from jishi.foundation import numbers
from jishi.foundation.actor import Actor

ROWS = 20
WORDS = 6  # of a search that are looked for; the others change little


@dataclass(frozen=True, slots=True)
class Told:
    """One item in the reader's language. `state`: holds, ends (within a month), stale, ended."""

    row: KnowledgeItem
    owner: str
    matter: str
    state: str
    mine: bool = False


@dataclass(frozen=True, slots=True)
class Page:
    rows: tuple[Told, ...]
    after: str


@dataclass(frozen=True, slots=True)
class Kept:
    """What is offered for words that are being said: the item, whose it is, which words say so."""

    of: Offered
    owner: str

    @property
    def reason(self) -> str:
        return self.of.reason


def public(*, said: str, tenant_id: int, now: datetime, lang: str, after: str = "") -> Page:
    """Give what holds today and says all words of a search, the newest first; no words: everything; three statements.

    A question finds its answer first, though it shares no whole word with it.
    """
    day = localdate(now)
    rows = _with_words(KnowledgeItem.objects.filter(knowledge.valid_on(day), tenant_id=tenant_id), said)
    page = _page(rows, now=now, lang=lang, after=after)
    asked = knowledge.propose([said], day=day)[0] if said.strip() and not after else None
    if asked is None:
        return page
    first = next((t for t in page.rows if t.row.number == asked.number), None)
    if first is None:
        row = KnowledgeItem.objects.get(tenant_id=tenant_id, number=asked.number)
        first = _told(row, day=day, lang=lang)
    return Page((first, *(t for t in page.rows if t.row.number != asked.number)), page.after)


def kept(*, by: Actor, now: datetime, lang: str, state: str = "", after: str = "") -> Page:
    """Give what the actor's bodies keep, ended and stale ones too; `state` narrows it. Two statements."""
    day = localdate(now)
    rows = KnowledgeItem.objects.filter(tenant_id=by.tenant_id, owner_body__in=by.body_ids)
    if state == "holds":
        rows = rows.filter(knowledge.valid_on(day))
    elif state == "stale":
        rows = rows.filter(ended_at=None, valid_to__lte=day)
    elif state == "ended":
        rows = rows.exclude(ended_at=None)
    return _page(rows, now=now, lang=lang, after=after, by=by)


def one(number: int, *, by: Actor, now: datetime, lang: str) -> Told | None:
    """Give one item to a colleague; `mine`: its owner's, who may change it."""
    row = KnowledgeItem.objects.filter(tenant_id=by.tenant_id, number=number).first()
    return _told(row, day=localdate(now), lang=lang, by=by) if row is not None else None


def offered(texts: Sequence[str], *, now: datetime, lang: str) -> list[Kept | None]:
    """Offer each text the kept answer that surely answers it, or nothing."""
    found = knowledge.propose(texts, day=localdate(now))
    return [Kept(one, bodies.names()[one.owner_id].called(lang)) if one else None for one in found]


def _with_words(rows: QuerySet[KnowledgeItem], said: str) -> QuerySet[KnowledgeItem]:
    for word in said.replace("\x00", " ").split()[:WORDS]:
        word = word[:40]
        rows = rows.filter(
            Q(question__icontains=word) | Q(answer__icontains=word) | Q(source__icontains=word)
            | Q(asked__icontains=word)
        )  # fmt: skip
    return rows


def _page(
    rows: QuerySet[KnowledgeItem], *, now: datetime, lang: str, after: str, by: Actor | None = None
) -> Page:
    if numbers.names_a_row(after):
        rows = rows.filter(number__lt=int(after))
    found = list(rows.order_by("-number")[: ROWS + 1])
    day = localdate(now)
    told = tuple(_told(row, day=day, lang=lang, by=by) for row in found[:ROWS])
    return Page(told, str(found[ROWS - 1].number) if len(found) > ROWS else "")


def _told(row: KnowledgeItem, *, day: date, lang: str, by: Actor | None = None) -> Told:
    matter = duties.matters().get(row.matter)
    return Told(
        row, bodies.names()[row.owner_body_id].called(lang), matter.called(lang) if matter else "", _state(row, day),
        by is not None and knowing.may_keep(by, row.owner_body_id),
    )  # fmt: skip


def _state(row: KnowledgeItem, day: date) -> str:
    if row.ended_at is not None:
        return "ended"
    if row.valid_to is None:
        return "holds"
    if row.valid_to <= day:
        return "stale"
    return "ends" if (row.valid_to - day).days <= 30 else "holds"

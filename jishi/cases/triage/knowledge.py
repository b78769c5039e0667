"""知识库: does an answer that is kept answer what is asked? One at most, with the words that say so (spec 10 §3).

Only what holds on the day is offered, and nothing that is less sure than nine times of ten. What is kept is also what a
matter's own documents say on the first day (spec 12 §3). Read once per change of the items, kept in memory.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import count

from django.db import connection
from django.db.models import Q

from jishi.cases.models import KnowledgeItem
from jishi.cases.triage import learned
from jishi.foundation import scope
from jishi.kernels.text.answering import Answers, Item

KIND = "knowledge"
Mark = tuple[object, ...]
NOTHING: Mark = (0, 0, "0")


@dataclass(frozen=True, slots=True)
class Offered:
    """One kept answer for what is asked. `words`: of the text, that the item's question shares."""

    number: int
    question: str
    answer: str
    source: str
    owner_id: int
    valid_to: date | None
    p: float
    words: tuple[str, ...]

    @property
    def reason(self) -> str:
        """One line that a clerk can read."""
        return "文中有" + "、".join(f"“{w}”" for w in self.words)


@dataclass(frozen=True, slots=True)
class InForce:
    """The items that hold on one day, ready to be asked."""

    mark: Mark
    rows: Mapping[int, KnowledgeItem]
    answers: Answers

    @property
    def edition(self) -> str:
        return f"{KIND}@{self.mark[1]}.{self.mark[2]}" if self.rows else ""


_kept: dict[tuple[str, int, date], InForce] = {}
_changes = count(1)  # names what one transaction sees of its own changes; nobody else shares it
MOST_KEPT = 16


def valid_on(day: date) -> Q:
    """Keep what holds on the day: begun, not stale, not taken away."""
    return Q(ended_at=None, valid_from__lte=day) & (Q(valid_to=None) | Q(valid_to__gt=day))


def in_force(day: date) -> InForce:
    """Give what holds on the day; no statement of its own where a model has been asked for, but after a change."""
    now = scope.current()
    memo: dict[date, InForce] = now.memo.setdefault("knowledge", {})
    if day not in memo:
        memo[day] = (
            _read(("own", next(_changes), "0"), day) if "knowledge.changed" in now.memo
            else _shared(now.actor.tenant_id, day)
        )  # fmt: skip
    return memo[day]


def _shared(tenant_id: int, day: date) -> InForce:
    key = (str(connection.settings_dict["NAME"]), tenant_id, day)
    row = learned.row_in_force(KIND)
    mark: Mark = tuple(row[:3]) if row else NOTHING
    if key not in _kept or _kept[key].mark != mark:
        if len(_kept) >= MOST_KEPT:
            _kept.clear()
        _kept[key] = _read(mark, day)
    return _kept[key]


def _read(mark: Mark, day: date) -> InForce:
    if mark == NOTHING:
        return InForce(mark, {}, Answers([]))
    rows = KnowledgeItem.objects.filter(valid_on(day), tenant_id=scope.current().actor.tenant_id).order_by("number")
    found = {row.number: row for row in rows}
    return InForce(mark, found, Answers([Item(n, (r.question, *r.asked), r.answer) for n, r in found.items()]))


def forget() -> None:
    """Look again, because this transaction has changed an item."""
    memo = scope.current().memo
    memo.pop("knowledge", None)
    memo["knowledge.changed"] = True
    learned.forget()


def propose(texts: Sequence[str], *, day: date) -> list[Offered | None]:
    """Offer each text the kept answer that surely answers it, or nothing; a batch of any size, the same for each."""
    held = in_force(day)
    if not held.rows:
        return [None] * len(texts)
    found: list[Offered | None] = []
    for match in held.answers.propose(texts):
        row = held.rows[match.key] if match else None
        found.append(
            Offered(
                row.number, row.question, row.answer, row.source, row.owner_body_id, row.valid_to, match.p, match.words,
            )
            if match and row
            else None
        )  # fmt: skip
    return found


def documents(day: date) -> dict[str, list[str]]:
    """Give what is kept about each matter, as further documents of it: how it is asked, and what is answered."""
    found: dict[str, list[str]] = {}
    for row in in_force(day).rows.values():
        if row.matter:
            found.setdefault(row.matter, []).extend((row.question, *row.asked, row.answer))
    return found

"""Looking: matters, lists, and the answer to "whose is it?" for any number of facts at once."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db.models import Count, Q
from django.utils.timezone import localdate

from jishi.bodies import queries as bodies
from jishi.duties import memory, vocabulary
from jishi.duties.memory import IN_FORCE, ItemRow, Law, MatterRow
from jishi.duties.models import CodeBook, DutyItem, DutyList, Matter
from jishi.duties.states import ListState
from jishi.foundation import scope
from jishi.kernels import dutylist
from jishi.kernels.dutylist import Decision, Facts

__all__ = [
    "Assisted", "Chosen", "ItemRow", "Law", "MatterRow", "Routed", "answered", "book_adopted_at", "book_edition",
    "choices_of", "decide", "explain", "keeping", "law", "leaves", "matter", "matter_path", "matters", "names",
    "past_matters", "question_of", "successor_sentence",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Chosen:
    """The line by which the lists name a body as lead."""

    item_id: int
    edition: int
    number: str
    name: str


@dataclass(frozen=True, slots=True)
class Assisted:
    body_id: int
    body_name: str
    part: str
    number: str

    @property
    def body(self) -> bodies.BodyName:
        """Whom the line names, with both its names."""
        return bodies.names()[self.body_id]


@dataclass(frozen=True)
class Routed:
    """The kernel's decision with rows and ids beside it."""

    law: Law
    decision: Decision

    @property
    def outcome(self) -> str:
        return self.decision.outcome

    @property
    def item(self) -> ItemRow | None:
        return self.law.items.get(self.decision.item.key) if self.decision.item else None

    @property
    def body_id(self) -> int | None:
        return self.law.body_ids.get(self.decision.body) if self.decision.body else None

    @property
    def promises(self) -> dict[str, str]:
        return dict(self.item.promises) if self.item else {}

    @property
    def assists(self) -> list[Assisted]:
        known = bodies.names()
        found = []
        for each in self.decision.assists:
            body_id = self.law.body_ids.get(each.body)
            if body_id is not None:
                found.append(Assisted(body_id, known[body_id].name, each.part, each.item.number))
        return found

    @property
    def candidates(self) -> list[tuple[int, ItemRow]]:
        """The tied or open lines with the body each names, where one stands there."""
        found = []
        for each in self.decision.candidates:
            body_id = self.law.body_ids.get(each.body) if each.body else None
            row = self.law.items.get(each.item.key)
            if body_id is not None and row is not None:
                found.append((body_id, row))
        return found

    @property
    def questions(self) -> list[dict[str, Any]]:
        """The facts that would settle it, as the questions of the matter where the book has them."""
        code = dutylist_matter(self.decision.facts)
        asked = {f"answers.{q['code']}": q for m in self.law.path(code) for q in m.questions}
        return [asked.get(name) or vocabulary.question_of(name) for name in self.decision.missing]

    def offer_to(self, body_id: int, item_id: int | None = None) -> Chosen | None:
        """Give the line by which the lists name this body as lead; None if they do not."""
        named = [(self.body_id, self.item)] if self.outcome in ("named", "named_with_assist") else []
        named += self.candidates if self.outcome in ("contested", "ask") else []
        for body, row in named:
            if body == body_id and row is not None and (item_id is None or row.id == item_id):
                return Chosen(row.id, row.edition, row.number, row.name)
        if self.outcome == "fallback" and self.body_id == body_id:
            return Chosen(0, 0, "", "")
        return None


def dutylist_matter(facts: Facts) -> str:
    """Give the matter code among facts, or an empty text."""
    fact = facts.get("matter")
    return str(fact.value) if fact and fact.value else ""


def question_of(fact: str) -> dict[str, Any]:
    """Give the question for a fact that no matter asks."""
    return vocabulary.question_of(fact)


def answered(answers: Mapping[str, Any], *, matter: str = "", lang: str) -> list[tuple[str, str]]:
    """Say what was asked and answered in the words of the book; a code that no book has stays itself."""
    known = memory.law(_today())
    asked = {str(q["code"]): q for m in (*known.matters.values(), *known.path(matter)) for q in m.questions}
    return [_answered(asked.get(code, {"code": code}), value, lang) for code, value in answers.items()]


def _answered(question: Mapping[str, Any], value: Any, lang: str) -> tuple[str, str]:
    choices = {str(c["code"]): vocabulary.said(c, lang) for c in vocabulary.choices_of(question)}
    given = value if isinstance(value, list) else [value]
    words = [choices.get(str(v)) or (f"{v:g}" if isinstance(v, float) else str(v)) for v in given]
    unit = f" {question['unit']}" if question.get("unit") and question.get("type") == "number" else ""
    return vocabulary.said(question, lang), (", " if lang.startswith("en") else "、").join(words) + unit


def law(day: date) -> Law:
    """Give book and lists of the day, from memory."""
    return memory.law(day)


def _today() -> date:
    return localdate(scope.current().recorded_at)


def decide(batch: Sequence[Facts], *, day: date) -> list[Routed]:
    """Decide each set of facts by the lists of `day`; no statement per row."""
    known = memory.law(day)
    return [Routed(known, d) for d in dutylist.decide_many(batch, known.editions, day)]


def explain(routed: Routed, lang: str = "zh") -> list[str]:
    """Give the lines of the trace as a clerk reads them."""
    own = "en" if lang.startswith("en") else "zh"
    return list(dutylist.explain(routed.decision, own, vocabulary.names(routed.law, own)))


def names(lang: str) -> dict[str, str]:
    """Give what the codes of today's lists are called, by "space:code", for sentences and traces."""
    return vocabulary.names(memory.law(_today()), "en" if lang.startswith("en") else "zh")


def matter(code: str, *, day: date | None = None) -> MatterRow | None:
    """Give one matter of the book in force, or None."""
    return memory.law(day or _today()).matters.get(code)


def matter_path(code: str, *, day: date | None = None) -> list[MatterRow]:
    """Give a matter with those above it, widest first."""
    return memory.law(day or _today()).path(code)


def matters(*, day: date | None = None) -> dict[str, MatterRow]:
    """Give the whole book in force, by code."""
    return memory.law(day or _today()).matters


def leaves(*, day: date | None = None) -> list[MatterRow]:
    """List the matters that a report can have."""
    return memory.law(day or _today()).leaves


def book_edition(*, day: date | None = None) -> int:
    """Give the number of the book in force; 0 when there is none."""
    return memory.law(day or _today()).book_edition


def successor_sentence(code: str) -> str:
    """Say what a retired code has become, or nothing."""
    row = Matter.objects.filter(tenant_id=scope.current().actor.tenant_id, code=code).order_by("-book__number").first()
    if row is None or not row.becomes.get("codes"):
        return ""
    return "现在是：" + "、".join(row.becomes["codes"])


def choices_of(question: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Give the choices of a question of the book; yes and no of one that is answered so."""
    return vocabulary.choices_of(question)


def codes_under(code: str) -> list[str]:
    """Give the codes at and below this one that any edition of the book has had; itself where none had it. Known once
    per edition, so that a list of cases asks the index of matters for codes, not for what begins with one."""
    law = memory.law(_today())
    if "codes" not in law.memo:
        rows = Matter.objects.filter(tenant_id=scope.current().actor.tenant_id)
        law.memo["codes"] = sorted(set(rows.values_list("code", flat=True)))
    return [c for c in law.memo["codes"] if c == code or c.startswith(f"{code}.")] or [code]


def past_matters(codes: Iterable[str]) -> dict[str, tuple[str, str, tuple[str, ...]]]:
    """Give (name, English name, what it has become) of codes that any edition of the book has had, by code."""
    rows = Matter.objects.filter(tenant_id=scope.current().actor.tenant_id, code__in=sorted(set(codes)))
    found = rows.order_by("code", "-book__number").distinct("code")
    return {m.code: (m.name, m.name_en, tuple(m.becomes.get("codes", ()))) for m in found}


def book_adopted_at() -> datetime | None:
    """Give the moment at which the book in force was adopted; None while there is none."""
    rows = CodeBook.objects.filter(tenant_id=scope.current().actor.tenant_id, number=book_edition())
    return rows.values_list("adopted_at", flat=True).first()


@dataclass(frozen=True, slots=True)
class Keeping:
    """What the keeper of the lists has in hand. `list_id`: the edition in force, 0 where none is.

    `without_law`: items that name neither a law nor why there is none.
    """

    list_id: int
    items: int
    without_law: int
    findings: int
    coming: int
    drafts: int


def keeping(*, day: date) -> Keeping:
    """Count the lists in force and those that are being made; two statements."""
    rows = list(DutyList.objects.filter(tenant_id=scope.current().actor.tenant_id).order_by("-id")[:50])
    running = [r for r in rows if r.state in IN_FORCE and r.effective is not None]
    now = [r for r in running if r.effective.lower <= day and (r.effective.upper is None or day < r.effective.upper)]
    items = DutyItem.objects.filter(list__in=now).aggregate(
        all=Count("id"), bare=Count("id", filter=Q(legal_basis="", remark=""))
    )
    return Keeping(
        now[0].id if now else 0, items["all"], items["bare"], sum(len(r.findings) for r in now),
        sum(r.effective.lower > day for r in running),
        sum(r.state in (ListState.DRAFT, ListState.CHECKED, ListState.CONSULTING) for r in rows),
    )  # fmt: skip

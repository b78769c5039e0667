"""知识库: a body writes down what residents ask it again and again, and keeps it true (spec 10 §2).

Every item has an owner that answers for it, a source and, where it ends, a day. Nothing is deleted: what was answered
by an item stays explained by it. What an item says is public; it names no person.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from django.db import transaction
from django.db.models import Max
from django.utils.timezone import localdate

from jishi.bodies import queries as bodies
from jishi.cases.actions.alongside import worded
from jishi.cases.models import KnowledgeItem
from jishi.cases.refusals import (
    KnowledgeNamesAPerson,
    KnowledgeStale,
    KnowledgeThere,
    TooShortOrLong,
    UnknownMatter,
    ValidNoDay,
)
from jishi.cases.triage import knowledge
from jishi.duties import queries as duties
from jishi.foundation import scope, trail
from jishi.foundation.actor import Actor
from jishi.foundation.refusals import NotAllowed, NotFound, Stale, WrongMoment
from jishi.kernels.text.minimise import minimise

KEEPERS = ("handler", "head", "office", "operator", "dispatcher")
OF_A_PERSON = frozenset({"identity", "card", "passport"})
_MOBILE = re.compile(r"1[3-9]\d{9}")
WAYS = 8  # other ways in which one question is asked


@dataclass(frozen=True, slots=True)
class Said:
    """What an item says. `valid_to`: the first day on which it no longer holds; none while it holds."""

    question: str
    answer: str
    source: str
    matter: str = ""
    asked: Sequence[str] = ()
    valid_to: date | None = None


def is_begun(*, by: Actor) -> bool:
    """Tell whether anything is kept, or ever was."""
    return KnowledgeItem.objects.filter(tenant_id=by.tenant_id).exists()


def may_keep(by: Actor, body_id: int) -> bool:
    """Tell whether the actor keeps the answers of this body: in a post of it that answers residents; or the platform,
    which founds a town."""
    return by.kind == "system" or (by.kind == "staff" and by.has(*KEEPERS) and body_id in by.body_ids)


@transaction.atomic
def write(said: Said, *, owner_body_id: int, by: Actor, now: datetime) -> KnowledgeItem:
    """Keep a question with its answer; it is offered from today on.

    :raises NotAllowed: not of the body that will answer for it. :raises KnowledgeThere: the question is answered.
    :raises GroundNeeded, TooShortOrLong, UnknownMatter, ValidNoDay, KnowledgeNamesAPerson: see each.
    """
    if not may_keep(by, owner_body_id) or not bodies.names()[owner_body_id].lasts_on(localdate(now)):
        raise NotAllowed(why="知识库由管这件事的单位自己写。")
    values = _sound(said, now)
    _ensure_new(values["question"], by, now)
    last = KnowledgeItem.objects.filter(tenant_id=by.tenant_id).aggregate(n=Max("number"))["n"] or 0
    row = KnowledgeItem.objects.create(
        tenant_id=by.tenant_id, number=last + 1, owner_body_id=owner_body_id, valid_from=localdate(now),
        changed_at=now, **values,
    )  # fmt: skip
    _tell("knowledge.written", row, by=by, now=now)
    return row


@transaction.atomic
def change(number: int, said: Said, *, by: Actor, now: datetime, version: int | None = None) -> KnowledgeItem:
    """Say it anew: another answer, other ways to ask, another day on which it ends. Its number stays.

    :raises NotAllowed: not of its owner. :raises NotFound. :raises Stale: changed since it was seen.
    :raises WrongMoment: it was taken away. Else as `write`.
    """
    row = _hold(number, by=by, version=version)
    values = _sound(said, now)
    _ensure_new(values["question"], by, now, but=row.number)
    row.change(changed_at=now, **values)
    _tell("knowledge.changed", row, by=by, now=now)
    return row


@transaction.atomic
def end(number: int, *, why: str, by: Actor, now: datetime, version: int | None = None) -> KnowledgeItem:
    """Take it away: it is offered to nobody any more; what it once answered keeps it.

    :raises GroundNeeded, TooShortOrLong: no reason. Else as `change`.
    """
    row = _hold(number, by=by, version=version)
    said = worded(why, least=2, most=500, what="为什么撤掉", what_en="why it is taken away")
    row.change(changed_at=now, ended_at=now)
    _tell("knowledge.ended", row, by=by, now=now, why=said)
    return row


def answer_of(number: int, *, by: Actor, now: datetime) -> KnowledgeItem:
    """Give an item that holds today, to answer with.

    :raises NotFound: no such item. :raises KnowledgeStale: it holds no longer, or not yet.
    """
    row = KnowledgeItem.objects.filter(tenant_id=by.tenant_id, number=number).first()
    if row is None:
        raise NotFound
    if not KnowledgeItem.objects.filter(knowledge.valid_on(localdate(now)), id=row.id).exists():
        raise KnowledgeStale(number=number)
    return row


def _hold(number: int, *, by: Actor, version: int | None) -> KnowledgeItem:
    row = KnowledgeItem.objects.select_for_update().filter(tenant_id=by.tenant_id, number=number).first()
    if row is None or by.kind not in ("staff", "system"):
        raise NotFound
    if not may_keep(by, row.owner_body_id):
        raise NotAllowed(why="知识库由管这件事的单位自己改。")
    if version is not None and version != row.version:
        raise Stale(version=row.version, status="", seen=version, since=[])
    if row.ended_at is not None:
        raise WrongMoment(
            state="ended", state_zh="已经撤掉", state_en="taken away", open=[], open_zh="—", open_en="—"
        )
    return row


def _sound(said: Said, now: datetime) -> dict[str, object]:
    question = worded(said.question, least=4, most=200, what="问题", what_en="the question")
    answer = worded(said.answer, least=10, most=2000, what="答复", what_en="the answer")
    source = worded(said.source, least=2, most=200, what="依据", what_en="the source")
    asked = list(dict.fromkeys(a.strip() for a in said.asked if a.strip() and a.strip() != question))
    if len(asked) > WAYS or any(len(a) > 200 for a in asked):
        raise TooShortOrLong(what="别的问法", what_en="other ways to ask", least=0, most=WAYS, length=len(asked))
    row = duties.matter(said.matter) if said.matter else None
    if said.matter and (row is None or not row.is_leaf):
        raise UnknownMatter(matter=said.matter, successor=duties.successor_sentence(said.matter))
    if said.valid_to is not None and said.valid_to <= localdate(now):
        raise ValidNoDay(until=said.valid_to.isoformat())
    if any(map(_names_a_person, (question, answer, *asked))):
        raise KnowledgeNamesAPerson
    return {
        "question": question, "answer": answer, "source": source, "asked": asked, "matter": said.matter,
        "valid_to": said.valid_to,
    }  # fmt: skip


def _names_a_person(text: str) -> bool:
    """A body's landline and counter may stand there; a person's numbers may not."""
    (seen,) = minimise([text])
    said = [(span.kind, re.sub(r"\D", "", text[span.start : span.end])) for span in seen.spans]
    return any(kind in OF_A_PERSON or (kind == "phone" and _MOBILE.search(digits)) for kind, digits in said)


def _ensure_new(question: object, by: Actor, now: datetime, *, but: int = 0) -> None:
    """One question has one answer. Who writes at the same moment waits here."""
    scope.one_at_a_time("knowledge", 0)
    rows = KnowledgeItem.objects.filter(tenant_id=by.tenant_id).exclude(number=but)
    there = rows.filter(knowledge.valid_on(localdate(now)), question=question).first()
    if there is not None:
        raise KnowledgeThere(number=there.number)


def _tell(verb: str, row: KnowledgeItem, *, by: Actor, now: datetime, why: str = "") -> None:
    """Say what was done; what the item says is public and stands in the entry's words with its version."""
    knowledge.forget()
    codes = {"number": row.number, "version": row.version, "body": row.owner_body_id, "matter": row.matter}
    words = {"why": why} if why else {"question": row.question, "answer": row.answer, "source": row.source}
    trail.record(verb, ("knowledge", row.id), by=by, at=now, codes=codes, words=words)

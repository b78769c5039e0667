"""Dry run: decide the facts of a past period again, by an edition that is not in force. Nothing is written."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from jishi.bodies import queries as bodies
from jishi.duties.findings import Draft
from jishi.duties.models import Decision, DutyList
from jishi.duties.reading import facts_from
from jishi.duties.refusals import PeriodTooLong
from jishi.foundation import scope
from jishi.foundation.refusals import Invalid, NotFound
from jishi.kernels import dutylist

MOST_DAYS: Final = 92
MOST_DECISIONS: Final = 6000  # about eight seconds; more is said to be left out, never counted as the same
BATCH: Final = 500
OUTCOMES: Final = ("same", "different", "contested", "fallback", "ask")


@dataclass(frozen=True, slots=True)
class Sample:
    """One decision that would change: what it was, what it would be."""

    decision_id: int
    made_at: datetime
    matter: str
    was: str
    was_item: str
    would_be: str
    would_be_item: str


@dataclass(slots=True)
class Rehearsed:
    """What a dry run shows. `cells`: (outcome, matter) → how many; `samples`: one of each changed cell."""

    total: int = 0
    left_out: bool = False
    counts: dict[str, int] = field(default_factory=lambda: dict.fromkeys(OUTCOMES, 0))
    cells: dict[tuple[str, str], int] = field(default_factory=dict)
    samples: dict[tuple[str, str], Sample] = field(default_factory=dict)


def dry_run(list_id: int, *, start: datetime, end: datetime) -> Rehearsed:
    """Decide the stored decisions of [start, end) again as if this edition were in force, and compare.

    *Same* names the same body; *contested*, *fallback* and *ask* count what has become so. Reads only.

    :raises NotFound: no such edition. :raises PeriodTooLong: more than 92 days.
    """
    if end <= start:
        raise Invalid(detail="period")
    if end - start > timedelta(days=MOST_DAYS):
        raise PeriodTooLong(most=MOST_DAYS)
    row = DutyList.objects.filter(tenant_id=scope.current().actor.tenant_id, id=list_id).first()
    if row is None:
        raise NotFound
    draft, found = Draft(row), Rehearsed()
    for batch in _batches(start, end):
        if found.total >= MOST_DECISIONS:
            found.left_out = True
            break
        again = dutylist.decide_many([facts_from(d.facts) for d in batch], draft.editions, draft.day)
        for old, new in zip(batch, again, strict=True):
            _compare(old, new, found)
    return found


def _batches(start: datetime, end: datetime) -> Iterator[list[Decision]]:
    last = 0
    rows = Decision.objects.filter(
        tenant_id=scope.current().actor.tenant_id, made_at__gte=start, made_at__lt=end
    ).select_related("item", "body").order_by("id")
    while batch := list(rows.filter(id__gt=last)[:BATCH]):
        yield batch
        last = batch[-1].id


def _compare(old: Decision, new: dutylist.Decision, found: Rehearsed) -> None:
    code = old.body.code if old.body else ""
    kind = _kind(old.outcome, code, new)
    cell = (kind, str(old.facts.get("matter", {}).get("value") or ""))
    found.total += 1
    found.counts[kind] += 1
    found.cells[cell] = found.cells.get(cell, 0) + 1
    if kind != "same" and cell not in found.samples:
        found.samples[cell] = Sample(
            old.id, old.made_at, cell[1], _bodies(old), old.item.number if old.item else "", _named(new),
            "、".join(i.number for i in ([new.item] if new.item else [c.item for c in new.candidates])),
        )  # fmt: skip


def _kind(outcome: str, body: str, new: dutylist.Decision) -> str:
    if new.outcome in ("contested", "fallback", "ask"):
        return "same" if new.outcome == outcome and (new.body or body) == body else new.outcome
    return "same" if outcome.startswith("named") and new.body == body else "different"


def _bodies(old: Decision) -> str:
    if old.body:
        return old.body.name
    tied = {str(c["body"]) for c in json.loads(old.trace)["candidates"] if c["body"]}
    return _spoken(tied)


def _named(new: dutylist.Decision) -> str:
    return _spoken({new.body} if new.body else {c.body for c in new.candidates if c.body})


def _spoken(codes: set[str]) -> str:
    known = {b.code: b.name for b in bodies.names().values()}
    return "、".join(known.get(c, c) for c in sorted(codes))

"""Golden dispatches: facts with the answer the lists must keep giving."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction

from jishi.duties import policies
from jishi.duties.models import GoldenDispatch
from jishi.duties.reading import facts_from
from jishi.foundation import trail
from jishi.foundation.actor import Actor
from jishi.foundation.refusals import Invalid, NotFound

OUTCOMES = ("named", "named_with_assist", "contested", "ask", "fallback", "refused")


@dataclass(frozen=True, slots=True)
class NewGolden:
    """`facts`: plain values or {"value", "source"} by fact name. `expected`: outcome, and of items (printed numbers),
    bodies (codes), ask (facts) what is to be held; what is left out is not compared."""

    ref: str
    facts: Mapping[str, Any]
    expected: Mapping[str, Any]
    why: str
    text: str = ""


@transaction.atomic
def add_many(rows: Sequence[NewGolden], *, by: Actor, now: datetime) -> list[int]:
    """Keep dispatches whose answer every edition must give; gives their ids.

    :raises Invalid: facts that cannot be read, an unknown outcome, a ref twice. :raises NotAllowed: no right.
    """
    policies.ensure_may_keep(by)
    refs = [r.ref for r in rows]
    taken = GoldenDispatch.objects.filter(tenant_id=by.tenant_id, ref__in=refs).values_list("ref", flat=True)
    if doubled := sorted({r for r in refs if refs.count(r) > 1} | set(taken)):
        raise Invalid(detail="、".join(doubled))
    for row in rows:
        facts_from(row.facts)
        if row.expected.get("outcome") not in OUTCOMES or set(row.expected) - {"outcome", "items", "bodies", "ask"}:
            raise Invalid(detail=f"{row.ref}: expected")
    made = GoldenDispatch.objects.bulk_create(
        GoldenDispatch(
            tenant_id=by.tenant_id, ref=r.ref, facts=dict(r.facts), expected=dict(r.expected), why=r.why, text=r.text
        )
        for r in rows
    )
    notes = [trail.Note("golden_dispatch.added", ("golden_dispatch", g.id), now, {"ref": g.ref}) for g in made]
    trail.record_many(notes, by=by, new=True)
    return [g.id for g in made]


@transaction.atomic
def retire(ref: str, *, because: str, by: Actor, now: datetime) -> None:
    """Hold the lists to it no longer; the reason stays. :raises Invalid: no reason. :raises NotFound: not there."""
    policies.ensure_may_keep(by)
    if not because.strip():
        raise Invalid(detail="because")
    row = GoldenDispatch.objects.select_for_update().filter(tenant_id=by.tenant_id, ref=ref, retired_because="").first()
    if row is None:
        raise NotFound
    row.change(retired_because=because.strip()[:300])
    trail.record("golden_dispatch.retired", ("golden_dispatch", row.id), by=by, at=now, words={"because": because})

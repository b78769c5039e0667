"""What happens when a clock runs out (spec 11 §9, column "at expiry"). Run by the worker, replayable."""

import logging
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from django.db import transaction

from jishi.cases.actions import banking, clocks, feedback, handover, mediation, parts, whistle
from jishi.cases.events import CaseMoved
from jishi.cases.models import Case, Clock
from jishi.cases.states import LIVES
from jishi.foundation import outbox, scope, trail
from jishi.foundation.actor import Actor
from jishi.foundation.refusals import Refused

log = logging.getLogger(__name__)

# Verbs that a clock performs; the rest of the table's expiries only tell somebody.
MOVES: Mapping[str, Callable[..., object]] = {
    "handover.sign_by_time": handover.sign_by_time,
    "handover.return_by_time": handover.return_by_time,
    "feedback.conclude": feedback.end_by_time,
    "clocks.resume": clocks.resume,
    "banking.take_up": banking.take_up,
    "parts.sign_by_time": parts.sign_by_time,
    "whistle.lapse": whistle.lapse,
    "whistle.miss": whistle.miss,
    "whistle.rate": whistle.rate,
    "mediation.leave": mediation.leave,
    "mediation.remind": mediation.remind,
}
# Whose clock it is, where it is not the case's own.
BESIDE = ("part_id", "whistle_id", "participant_id", "mediation_id")


def sweep(*, by: Actor, now: datetime, limit: int = 500) -> dict[str, int]:
    """Act on every clock that has run out; one transaction per case, so one fault holds nobody up.

    Gives how many clocks ran out, by what was done. A clock is acted upon once; all are, `limit` at a time. Where the
    program itself fails (`failed`), that clock is left as it is for the next sweep and the others go on.
    """
    done: dict[str, int] = {}
    failed: set[int] = set()
    while due := _run_out(by, now, limit, failed):
        for clock_id, case_id, kind, *beside in due:
            verb = expiry_of(kind)
            whose = next((row for row in beside if row is not None), case_id)
            try:
                with scope.work(by):
                    result = _expire(clock_id, case_id, kind, verb, whose=whose, by=by, now=now)
            except Exception as fault:  # noqa: BLE001 - a fault of one case must not stop the clocks of a town
                log.error("clock %s of case %s: %s", kind, case_id, type(fault).__name__)
                failed.add(clock_id)
                result = "failed"
            done[result] = done.get(result, 0) + 1
    return done


def _run_out(by: Actor, now: datetime, limit: int, without: set[int]) -> list[tuple[Any, ...]]:
    with scope.work(by):
        rows = Clock.objects.filter(tenant_id=by.tenant_id, stopped_at=None, expired_at=None, due_at__lte=now)
        rows = rows.exclude(id__in=sorted(without))
        return list(rows.order_by("due_at", "id").values_list("id", "case_id", "kind", *BESIDE)[:limit])


def expiry_of(kind: str) -> str:
    """Give the verb that the table names for the expiry of `kind`."""
    for life in LIVES:
        for clock in life.clocks:
            if clock.kind == kind:
                return clock.at_expiry
    raise KeyError(kind)


@transaction.atomic
def _expire(clock_id: int, case_id: int, kind: str, verb: str, *, whose: int, by: Actor, now: datetime) -> str:
    Case.objects.select_for_update().filter(id=case_id).first()  # the case first, as every verb does
    still = Clock.objects.filter(id=clock_id, stopped_at=None, expired_at=None, due_at__lte=now)
    if not still.update(expired_at=now):  # stopped, paused or prolonged between the list and the lock
        return "too_late:moved"
    if verb in MOVES:
        try:
            with transaction.atomic():
                MOVES[verb](whose, by=by, now=now)
        except Refused as no:  # somebody moved the case between the list and the lock: their act counts
            return f"too_late:{no.code}"
        return verb
    if verb.startswith("clocks.end_"):  # a right that ends with its time
        Clock.objects.filter(id=clock_id, stopped_at=None).update(stopped_at=now, how="expired")
    trail.record("clock.expired", ("case", case_id), by=by, at=now, codes={"kind": kind, "then": verb})
    outbox.announce(CaseMoved(case_id, verb, "", ()), at=now)
    return verb

"""当场办好: many cases settled where they stand, in a number of statements that does not grow with them."""

from collections.abc import Mapping
from datetime import datetime

from django.db import transaction

from jishi.cases import policies
from jishi.cases.actions import dangers, moving, reckoning
from jishi.cases.actions.reckoning import Turn
from jishi.cases.events import CaseMoved
from jishi.cases.models import Case, Clock
from jishi.cases.refusals import NotOnTheSpotList
from jishi.cases.states import CASE, Outcome
from jishi.duties import queries as duties
from jishi.foundation import outbox, trail
from jishi.foundation.actor import Actor
from jishi.foundation.procedures import ensure_move
from jishi.foundation.refusals import NotFound, Refused
from jishi.kernels.procedure import Move, effects

VERB = "intake.settle_on_spot"
_KEPT = ("status", "status_since", "status_before", "closed_at", "outcome", "changed_at", "version")


def refusal_of(matter: str) -> Refused | None:
    """Say why a matter may not be settled on the spot, before anything is taken in."""
    row = duties.matter(matter) if matter else None
    return None if row is not None and row.spot else NotOnTheSpotList(matter=row.name if row else "—")


@transaction.atomic(savepoint=False)
def settle_many(words: Mapping[int, str], *, by: Actor, now: datetime) -> dict[int, Refused]:
    """Settle cases that have just come in; gives why not, by case, where one may not be.

    The same row of the table as `intake.settle_on_spot`, one entry and one announcement each. Nobody has been asked
    for anything yet in a case that is RECEIVED, so nothing runs beside it.
    """
    refused: dict[int, Refused] = {}
    found = Case.objects.select_for_update().filter(tenant_id=by.tenant_id, id__in=words).order_by("id")
    rows = {case.id: case for case in found}
    clocks: dict[int, list[Clock]] = {i: [] for i in rows}
    for clock in Clock.objects.filter(case__in=rows):
        clocks[clock.case_id].append(clock)
    turn, notes, news = Turn(), [], []
    for case_id in words:
        no = _why_not(rows[case_id], by) if case_id in rows else NotFound()
        if no is not None:
            refused[case_id] = no
            continue
        case, move = rows[case_id], ensure_move(CASE, VERB, rows[case_id].status)
        turn.changed += reckoning.turn(case, None, clocks[case_id], effects([move]), now=now).changed
        _close(case, move, now)
        notes.append(_note(case, move, words[case_id].strip(), now))
        news.append(CaseMoved(case.id, move.verb, case.status, tuple(move.tells)))
    if notes:
        dangers.acted([i for i in rows if i not in refused], by=by, now=now)
        reckoning.save(turn)
        Case.objects.bulk_update([case for i, case in rows.items() if i not in refused], _KEPT)
        trail.record_many(notes, by=by)
        outbox.announce(*news, at=now)
    return refused


def _close(case: Case, move: Move, now: datetime) -> None:
    case.status, case.status_since, case.status_before = str(move.to), now, ""
    case.closed_at, case.outcome = now, Outcome.SOLVED
    for name, value in moving.seen_outside(move.trail, now).items():
        setattr(case, name, value)
    case.version += 1


def _note(case: Case, move: Move, said: str, now: datetime) -> trail.Note:
    codes = {"status": case.status, "version": case.version}
    words = {"text": said} if said else None
    return trail.Note(move.trail, ("case", case.id), now, codes, words=words, rule=f"{CASE.code}@{CASE.edition}")


def _why_not(case: Case, by: Actor) -> Refused | None:
    try:
        move = ensure_move(CASE, VERB, case.status)
        policies.ensure_may(move, by, policies.Stand(case, None))
    except Refused as no:
        return no
    return refusal_of(case.matter)

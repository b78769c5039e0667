"""已联系、已处置: the receiving desk says that it has acted on a danger; the mark is gone from then on (spec 12 §7)."""

from datetime import datetime

from django.db import transaction

from jishi.cases import policies
from jishi.cases.actions import dangers, moving
from jishi.cases.models import Case
from jishi.cases.refusals import NoDangerWaits
from jishi.foundation.actor import Actor
from jishi.foundation.refusals import NotAllowed


@transaction.atomic
def attend(case_id: int, *, is_danger: bool = True, by: Actor, now: datetime, version: int | None = None) -> Case:
    """Say that somebody was called or sent, or (`is_danger=False`) that the words were none of danger. The case stays
    where it is. The entry says that the desk acted, and nothing of the kind or of a person.

    :raises NotAllowed, NotFound: not of the receiving desk. :raises NoDangerWaits: nothing is marked any more.
    """
    held = moving.hold(case_id, by=by, version=version)
    if not any(policies.PARTIES[party](by, held.stand) for party in ("operator", "dispatcher")):
        policies.ensure_may_see(by, held.stand)
        raise NotAllowed(why="险情由受理的岗位处置。")
    if not dangers.acted([case_id], by=by, now=now, is_danger=is_danger):
        raise NoDangerWaits
    moving.beside(held, "case.attended", by=by, now=now)
    return held.case

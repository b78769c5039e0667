"""Bodies that somebody names: they exist on that day, and are no party that must stand aside."""

from collections.abc import Iterable
from datetime import datetime

from django.utils.timezone import localdate

from jishi.bodies import queries as bodies
from jishi.cases.models import Case
from jishi.cases.refusals import BodyDoesNotExist
from jishi.foundation.refusals import NotAllowed

LARGEST = 2**63 - 1


def ensure_bodies(ids: Iterable[int | None], *, case: Case, now: datetime) -> None:
    """Insist that every body named exists today and is not complained about in this case; None names nobody.

    :raises BodyDoesNotExist: not on that day. :raises NotAllowed: it is recused.
    """
    named = {i for i in ids if i is not None}
    known = bodies.existing([i for i in named if 0 < i <= LARGEST], on=localdate(now)) if named else {}
    for body_id in sorted(named):
        if body_id not in known:
            raise BodyDoesNotExist(body=body_id, day=str(localdate(now)))
        if body_id in case.accused_body_ids:
            raise NotAllowed(why="被投诉的单位回避，不能参与这一件。")

"""A report without a place of its own: who sends it, signed in and by name, is served where she lives (spec 20 §3.4).

Only her own row is opened, only when she asked for it and said no place; the reading stands on her list. Nothing is
asked of who speaks anonymously or in confidence, nor about a complaint against a body: that has no place.
"""

import logging
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from django.utils.timezone import localdate

from jishi.cases.states import Kind, Voice
from jishi.cases.triage.looking import Homes
from jishi.foundation import scope
from jishi.foundation.actor import Actor
from jishi.foundation.keys import KeyNotAvailable
from jishi.places import queries as places
from jishi.places.queries import Spot

if TYPE_CHECKING:
    from jishi.cases.actions.arrival import Incoming

log = logging.getLogger(__name__)
PURPOSE = "service"  # a report is a service, and follows living


def asking(rows: Sequence["Incoming"], *, by: Actor, now: datetime) -> Homes | None:
    """Give the question that triage may ask about silent rows; None where none of them may be asked about."""
    if by.kind != "resident" or not any(_may(row, by) for row in rows):
        return None

    def homes(silent: Sequence[int]) -> Mapping[int, Spot]:
        wanted = [i for i in silent if _may(rows[i], by)]
        if not wanted:
            return {}
        try:
            with scope.within(by):
                [spot] = places.homes([places.Asking(by.account_id or 0, PURPOSE, localdate(now))])
        except KeyNotAvailable:
            log.warning("residence is closed: the keys are away; a report without a place stays without one")
            return {}
        return dict.fromkeys(wanted, spot) if spot is not None else {}

    return homes


def _may(row: "Incoming", by: Actor) -> bool:
    open_word = row.voice == Voice.OPEN and row.kind != Kind.TIP_OFF and not row.accused_body_ids
    return row.at_home and open_word and row.reporter_id is not None and row.reporter_id == by.account_id

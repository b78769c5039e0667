"""The guard of 11 §4 for errands: what a worker on the ground may be asked to do, by the lists."""

from datetime import datetime

from django.utils.timezone import localdate

from jishi.bodies import queries as bodies
from jishi.cases.actions import alongside
from jishi.cases.legwork import LOOKING
from jishi.cases.models import Errand
from jishi.cases.triage import routing
from jishi.duties.actions import deciding
from jishi.duties.actions.deciding import PushDownRefused
from jishi.foundation.actor import Actor


def ensure_lists_allow(errand: Errand, *, by: Actor, now: datetime) -> None:
    """Insist that a worker of that place may be asked to do this.

    To look is no part of the work: it only must not need a lawful power, nor be of a matter that was taken back.
    To help or to deliver is a part of it: the worker's own body, the community, must have it on its own list.
    :raises PushDownRefused: with item, department and article; the attempt is counted.
    """
    deciding.ensure_worker_may(errand.duty_item_id, part_text=errand.what, worker=_community(errand), by=by, now=now)
    if errand.case is None:
        _ensure_own_duty(errand, by=by, now=now)
        return
    routed = routing.route_case(errand.case, now=now)
    lines = [routed.item] if routed.item is not None else [row for _body, row in routed.candidates]
    refused: list[PushDownRefused] = []
    for line in lines:
        try:
            deciding.ensure_worker_may(line.id, part_text=errand.what, worker=_community(errand), by=by, now=now)
        except PushDownRefused as no:
            refused.append(no)
    if refused and len(refused) == len(lines):
        raise refused[0]
    body_id = _community(errand)
    if errand.kind not in LOOKING and body_id is not None:
        alongside.ensure_may_help(
            routed, errand.duty_item_id, body_id, what=errand.what, emergency=False, case=errand.case, by=by, now=now
        )


def _ensure_own_duty(errand: Errand, *, by: Actor, now: datetime) -> None:
    body_id = _community(errand)
    if errand.kind not in LOOKING and errand.duty_item_id and body_id is not None:
        deciding.ensure_not_pushed_down(
            errand.duty_item_id, body_id, role="assist", part_text=errand.what, emergency=False, by=by, now=now
        )


def _community(errand: Errand) -> int | None:
    """Give the community or village of the place, whose workers go there."""
    found = bodies.all_bodies(on=localdate(errand.set_at), levels=("community", "village"))
    return next((b.id for b in found if b.division_code == errand.division_code), None)

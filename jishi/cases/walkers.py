"""Who may with an errand, at this moment: workers of the place, whoever set it, whoever took it (spec 10 §12).

`visible_to` is the list form of `sees`. A volunteer or courier sees the place of a free errand, and nothing besides.
"""

from collections.abc import Callable, Mapping

from django.db.models import Q, QuerySet

from jishi.cases.legwork import ErrandStatus
from jishi.cases.models import Errand, PatrolRoute
from jishi.cases.policies import DESK
from jishi.foundation.actor import Actor
from jishi.foundation.refusals import NotAllowed, NotFound
from jishi.kernels.procedure import Move

VOLUNTEER = "volunteer"  # registered; couriers are registered as such too


def _in_reach(actor: Actor, row: Errand | PatrolRoute) -> bool:
    return row.division_code.startswith(actor.area)


def _leads(actor: Actor, errand: Errand) -> bool:
    case = errand.case
    return case is not None and actor.has("handler") and case.lead_id is not None and case.lead_id in actor.body_ids


def is_own_worker(actor: Actor, errand: Errand) -> bool:
    """Tell whether the errand lies in the area of this grid worker; one without an area has none."""
    return actor.has("grid_worker") and bool(actor.area) and _in_reach(actor, errand)


def _may_take_free(actor: Actor, errand: Errand) -> bool:
    return errand.free and actor.has(VOLUNTEER)


def may_take(actor: Actor, errand: Errand) -> bool:
    """Tell whether this is somebody who might have taken it."""
    return is_own_worker(actor, errand) or _may_take_free(actor, errand)


def _took(actor: Actor, errand: Errand) -> bool:
    mine = actor.account_id is not None and errand.taken_by_id == actor.account_id
    return mine and may_take(actor, errand)


def _set(actor: Actor, errand: Errand) -> bool:
    if actor.kind in ("clock", "system"):
        return True
    of_a_route = errand.point_id is not None and actor.has("dispatcher") and _in_reach(actor, errand)
    ours = errand.set_by_body_id in actor.body_ids and actor.has("handler", "dispatcher")
    return of_a_route or ours


PARTIES: Mapping[str, Callable[[Actor, Errand], bool]] = {
    "dispatcher": lambda actor, errand: actor.has("dispatcher") and _in_reach(actor, errand),
    "lead": _leads,
    "route": lambda actor, errand: actor.kind in ("clock", "system"),
    "grid_own_worker": is_own_worker,
    "free_taker": _may_take_free,
    "taker": _took,
    "setter": _set,
}


def ensure_may(move: Move, actor: Actor, errand: Errand) -> None:
    """Insist that one of the parties whom the table names acts; no statement.

    :raises NotFound: the actor may not even see it. :raises NotAllowed: sees it, may not do this.
    """
    if any(PARTIES[party](actor, errand) for party in move.who):
        return
    if not sees(actor, errand):
        raise NotFound
    raise NotAllowed(verb=move.verb, who=list(move.who))


def may(move: Move, actor: Actor, errand: Errand) -> bool:
    """Tell whether the button is shown."""
    return any(PARTIES[party](actor, errand) for party in move.who)


def sees(actor: Actor, errand: Errand) -> bool:
    """Tell whether the actor may know of this errand; recusal is the database's (row security)."""
    if actor.kind in ("clock", "system"):
        return True
    if actor.kind not in ("staff", "client") or errand.tenant_id != actor.tenant_id:
        return False
    if (actor.has(*DESK) and _in_reach(actor, errand)) or is_own_worker(actor, errand):
        return True
    of_ours = errand.set_by_body_id in actor.body_ids and errand.set_by_body_id is not None
    if actor.has("handler") and (of_ours or _leads(actor, errand)):
        return True
    open_to_me = errand.status == ErrandStatus.DUE or errand.taken_by_id == actor.account_id
    return _may_take_free(actor, errand) and open_to_me


def visible_to(actor: Actor, errands: QuerySet[Errand]) -> QuerySet[Errand]:
    """Keep the errands that `actor` may know of."""
    rows = errands.filter(tenant_id=actor.tenant_id)
    if actor.kind in ("clock", "system"):
        return rows
    if actor.kind not in ("staff", "client"):
        return rows.none()
    seen = Q(pk=None)
    if actor.has(*DESK) or (actor.has("grid_worker") and actor.area):
        seen |= Q(division_code__startswith=actor.area)
    if actor.has("handler"):
        seen |= Q(set_by_body__in=actor.body_ids) | Q(case__lead__in=actor.body_ids)
    if actor.has(VOLUNTEER):
        seen |= Q(free=True) & (Q(status=ErrandStatus.DUE) | Q(taken_by=actor.account_id))
    return rows.filter(seen)


def ensure_may_lay_routes(actor: Actor, route: PatrolRoute) -> None:
    """Insist on the desk or the leading group office of the place. :raises NotAllowed: anybody else."""
    here = actor.kind == "staff" and actor.has("dispatcher", "office") and _in_reach(actor, route)
    if not here and actor.kind not in ("clock", "system"):
        raise NotAllowed(why="巡查路线由派单员或领导小组办公室定。")


def routes_of(actor: Actor, routes: QuerySet[PatrolRoute]) -> QuerySet[PatrolRoute]:
    """Keep the routes of the actor's area; they are of the desks and of grid workers."""
    rows = routes.filter(tenant_id=actor.tenant_id)
    if actor.kind in ("clock", "system"):
        return rows
    here = actor.kind == "staff" and (actor.has(*DESK) or (actor.has("grid_worker") and actor.area))
    return rows.filter(division_code__startswith=actor.area) if here else rows.none()

"""公开与不公开: whether strangers may read a case in its minimised words (spec 10 §5.1, 13 §1).

A case starts as its matter says (`making.first_visibility`); a reviewer who has read the minimised words opens it, or
closes it again. Nothing confidential, no tip-off and nothing that complains about a body is ever open.
"""

from collections.abc import Iterable
from datetime import datetime

from django.db import transaction

from jishi.cases import policies
from jishi.cases.actions import moving
from jishi.cases.actions.making import AT_ONCE
from jishi.cases.actions.moving import Held
from jishi.cases.events import CaseMoved
from jishi.cases.models import Case, Membership
from jishi.cases.refusals import GroundNeeded, NotForThePublic, VisibilityStays
from jishi.cases.states import Kind, Visibility, Voice
from jishi.foundation import outbox
from jishi.foundation.actor import Actor
from jishi.foundation.refusals import NotAllowed


@transaction.atomic
def open_(case_id: int, *, by: Actor, now: datetime, version: int | None = None) -> Case:
    """Open a case to the public: the reviewer has read the minimised words of this very version.

    :raises NotForThePublic: somebody in it is confidential, it is a tip-off, or it complains about a body.
    :raises VisibilityStays: it is public already. :raises NotAllowed, NotFound: not a reviewer outside the matter.
    """
    held = moving.hold(case_id, by=by, version=version)
    ensure_may_publish(by, held)
    case = held.case
    if case.visibility == Visibility.PUBLIC:
        raise VisibilityStays(now_zh="公开", now_en="public")
    if must_stay_closed(case):
        raise NotForThePublic
    before = case.visibility
    case.visibility, case.opened_at = Visibility.PUBLIC, case.opened_at or now
    case.save(update_fields=["visibility", "opened_at"])
    moving.beside(held, "case.opened_to_public", by=by, now=now, codes={"from": before})
    outbox.announce(CaseMoved(case.id, "publishing.open", case.status, ("opened_caller",)), at=now)
    return case


@transaction.atomic
def close(case_id: int, *, why: str, by: Actor, now: datetime, version: int | None = None) -> Case:
    """Close a case to the public. Programs that read it before are told once that it is gone.

    :raises GroundNeeded: no reason. :raises VisibilityStays: it is closed already.
    :raises NotAllowed, NotFound: not a reviewer outside the matter.
    """
    held = moving.hold(case_id, by=by, version=version)
    ensure_may_publish(by, held)
    case = held.case
    if not why.strip():
        raise GroundNeeded(what="为什么不公开", what_en="why it is not public")
    if case.visibility == Visibility.CLOSED:
        raise VisibilityStays(now_zh="不公开", now_en="closed to the public")
    before = case.visibility
    case.visibility = Visibility.CLOSED
    case.save(update_fields=["visibility"])
    moving.beside(
        held, "case.closed_to_public", by=by, now=now, codes={"from": before}, words={"why": why.strip()[:500]}
    )
    outbox.announce(CaseMoved(case.id, "publishing.close", case.status, ("hidden_caller",)), at=now)
    return case


def ensure_may_publish(by: Actor, held: Held) -> None:
    """Insist on a reviewer who is not of the body that holds the case.

    :raises NotFound: the actor may not even see it. :raises NotAllowed: sees it, is no reviewer.
    """
    if policies.PARTIES["reviewer"](by, held.stand):
        return
    policies.ensure_may_see(by, held.stand)
    raise NotAllowed(why="公不公开由审核岗决定。")


def must_stay_closed(case: Case) -> bool:
    """Tell whether nobody may open it: one of its callers is confidential, a tip-off, a body is complained about."""
    members = Membership.objects.filter(case=case, to_at=None)
    hidden = members.filter(report__voice=Voice.CONFIDENTIAL) | members.filter(report__kind=Kind.TIP_OFF)
    return bool(case.accused_body_ids) or case.kind == Kind.TIP_OFF or hidden.exists()


def narrowed(case: Case, default: str) -> dict[str, Visibility]:
    """Give what a corrected matter changes: it may close a case to strangers at once, it never opens one."""
    if case.visibility == Visibility.PUBLIC and default != AT_ONCE:
        return {"visibility": Visibility.PARTIES}
    return {}


def narrowed_by(case: Case, origins: Iterable[Case]) -> dict[str, Visibility]:
    """Give what callers from other cases change: words that nobody opened there are not opened by coming here.

    The case waits for a reviewer's look then; it is never opened by a merge.
    """
    if case.visibility == Visibility.PUBLIC and any(one.visibility != Visibility.PUBLIC for one in origins):
        return {"visibility": Visibility.PARTIES}
    return {}

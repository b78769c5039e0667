"""What an auditor and the keeper of the lists come for: what was compared, left out, opened, undone, and contested.

Counts of rows whose pages they may read; no person is named or counted.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count, Q

from jishi.cases import policies
from jishi.cases.models import Case, Exclusion, FeedbackSample, Membership, Ruling, Unsealing
from jishi.cases.queries import recorded
from jishi.cases.states import MembershipEnd, Status
from jishi.foundation.actor import Actor

LATELY = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Watched:
    """Of the last two weeks: days with an anchor, without, and cases that differ. As they stand: exclusions granted and
    waited for. Of the last thirty days: unsealings, merges undone, samples drawn."""

    anchored: int
    missing: int
    different: int
    excluded: int
    to_exclude: int
    unsealing: int
    undone: int
    drawn: int


@dataclass(frozen=True, slots=True)
class Contested:
    """What the lists left open: cases two bodies contest, rulings offered as precedent in the last thirty days."""

    now: int
    precedents: int


def watched(*, by: Actor, now: datetime) -> Watched:
    """Count what an auditor looks at; seven statements."""
    told, since = recorded.checked(by=by, now=now), now - LATELY
    out = Exclusion.objects.filter(tenant_id=by.tenant_id).aggregate(
        granted=Count("id", filter=Q(verdict="approved", revoked_at=None)), waits=Count("id", filter=Q(verdict=""))
    )
    return Watched(
        len(told.days), len(told.missing), told.nights[0].different if told.nights else 0, out["granted"], out["waits"],
        Unsealing.objects.filter(tenant_id=by.tenant_id, asked_at__gte=since).count(),
        Membership.objects.filter(tenant_id=by.tenant_id, end=MembershipEnd.RESTORED, to_at__gte=since).count(),
        FeedbackSample.objects.filter(tenant_id=by.tenant_id, day__gte=since.date()).exclude(head="").count(),
    )  # fmt: skip


def contested(*, by: Actor, now: datetime) -> Contested:
    """Count what the keeper of the lists may have to write into them; two statements."""
    seen = policies.visible_to(by, Case.objects.filter(status=Status.CONSULTING))
    recent = Ruling.objects.filter(tenant_id=by.tenant_id, precedent=True, ruled_at__gte=now - LATELY)
    return Contested(seen.count(), recent.count())

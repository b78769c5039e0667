"""The ledger of exclusions: what waits, what is in force, and the public counts by body and ground (spec 10 §10)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, Q

from jishi.bodies import queries as bodies
from jishi.cases import limits, policies
from jishi.cases.models import Case, Exclusion
from jishi.cases.states import CASE
from jishi.foundation import scope
from jishi.foundation.actor import Actor
from jishi.kernels.procedure import Spoken

MOST = 100


@dataclass(frozen=True, slots=True)
class Counted:
    """One line of the public ledger: bodies and grounds, never a person."""

    body: str
    ground: str
    name: Spoken
    asked: int
    granted: int
    denied: int
    revoked: int


def in_force(*, now: datetime) -> dict[int, tuple[str, ...]]:
    """Give the memberships left out at `now`, each with the rates; one statement. For whoever counts rates."""
    rows = Exclusion.objects.filter(
        Q(revoked_at=None) | Q(revoked_at__gt=now), tenant_id=scope.current().actor.tenant_id, verdict="approved",
        decided_at__lte=now,
    )  # fmt: skip
    return {member: tuple(rates) for member, rates in rows.values_list("membership_id", "rates")}


def counts(*, by: Actor, lang: str = "zh") -> list[Counted]:
    """Count requests by body and ground; open to everybody, one statement."""
    rows = (
        Exclusion.objects.filter(tenant_id=by.tenant_id).values("asked_body_id", "ground")
        .annotate(
            asked=Count("id"), granted=Count("id", filter=Q(verdict="approved")),
            denied=Count("id", filter=Q(verdict="denied")), revoked=Count("id", filter=~Q(revoked_at=None)),
        )
        .order_by("asked_body_id", "ground")
    )  # fmt: skip
    known, grounds = bodies.names(), limits.load().exclusion
    return [
        Counted(
            known[r["asked_body_id"]].called(lang) if r["asked_body_id"] in known else "—", r["ground"],
            grounds[r["ground"]].name, r["asked"], r["granted"], r["denied"], r["revoked"],
        )
        for r in rows
    ]  # fmt: skip


def waiting(*, by: Actor) -> Sequence[Exclusion]:
    """Give the requests that can be decided on now, oldest first, of cases this actor sees; one statement.

    A case that is on the desk again, or lives on in another, has its request rest until it comes back.
    """
    moments = sorted(next(row.sources for row in CASE.acts if row.verb == "exclusion.decide"))
    seen = policies.visible_to(by, Case.objects.filter(status__in=moments))
    rows = Exclusion.objects.filter(tenant_id=by.tenant_id, verdict="", case__in=seen)
    return list(rows.select_related("case", "asked_body", "membership__report").order_by("id")[:MOST])


def decided(*, by: Actor) -> Sequence[Exclusion]:
    """Give the latest decisions, newest first; one statement."""
    seen = policies.visible_to(by, Case.objects.all())
    rows = Exclusion.objects.filter(tenant_id=by.tenant_id, case__in=seen).exclude(verdict="")
    return list(rows.select_related("case", "asked_body").order_by("-decided_at", "-id")[:MOST])


def of_case(case: Case) -> Sequence[Exclusion]:
    """Give what was asked about one case, newest first."""
    return list(Exclusion.objects.filter(case=case).select_related("asked_body").order_by("-id")[:MOST])

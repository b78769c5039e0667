"""Who acts. The edge makes an Actor; every verb takes one as `by`."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal

from jishi.foundation.refusals import FreshSignInNeeded

Kind = Literal["staff", "resident", "reporter", "party", "anonymous", "client", "clock", "system"]


FRESH = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Actor:
    """One person (or clock, or program) in one post at one moment.

    `area` is a prefix of a division code: "" means the whole tenant. `report_id` is set for a
    `reporter`, who holds a receipt number and its word and is otherwise nobody; `party_id` for a `party` of one
    mediation, who is nobody outside it. `tied_to`: bodies in which the same person holds another post; they give no
    right, but recusal follows the person into every post (spec 90 §4.2). `proved_at`: when the person of a browser's
    session last showed who it is (step-up, spec 90 §3); None where there is no session.
    """

    tenant_id: int
    kind: Kind
    account_id: int | None = None
    post_id: int | None = None
    roles: frozenset[str] = frozenset()
    body_ids: frozenset[int] = field(default_factory=frozenset)
    area: str = ""
    report_id: int | None = None
    party_id: int | None = None
    client_id: int | None = None
    run: str = ""
    tied_to: frozenset[int] = field(default_factory=frozenset)
    proved_at: datetime | None = field(default=None, compare=False)

    def has(self, *roles: str) -> bool:
        """Tell whether the actor holds one of `roles`."""
        return not self.roles.isdisjoint(roles)

    @property
    def label(self) -> str:
        """Name the actor for the trail: opaque ids, no names (spec 90 §6)."""
        if self.kind == "clock":
            return f"clock:{self.run}"
        if self.kind in ("anonymous", "system"):
            return self.kind
        own = {"reporter": self.report_id, "client": self.client_id, "party": self.party_id}
        number = own.get(self.kind, self.account_id)
        return f"{self.kind}:{number}" + (f"/post:{self.post_id}" if self.post_id else "")


def ensure_fresh(by: Actor, *, now: datetime) -> None:
    """Insist on a proof of at most ten minutes ago.

    :raises FreshSignInNeeded: the session is older, and nothing was shown since.
    """
    if by.proved_at is not None and now - by.proved_at > FRESH:
        raise FreshSignInNeeded


def clock(tenant_id: int, run: str) -> Actor:
    """Give the actor under which expired clocks move things; `run` names the sweep."""
    return Actor(tenant_id=tenant_id, kind="clock", run=run)


def system(tenant_id: int) -> Actor:
    """Give the actor of loading, upgrading and repairing."""
    return Actor(tenant_id=tenant_id, kind="system", roles=frozenset({"system"}))


def messenger(tenant_id: int) -> Actor:
    """Give the actor who brings notices to people and news to programs: it may open what a purpose lets it open."""
    return Actor(tenant_id=tenant_id, kind="system", roles=frozenset({"messenger"}))

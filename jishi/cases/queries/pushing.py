"""What was asked beside one case (a pause, more time, banking), who pushes, what is left out; what may be done."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet

from jishi.cases import limits, policies
from jishi.cases.models import Banking, Case, Exclusion, Extension, Supervision, Suspension, Urging
from jishi.cases.policies import Stand
from jishi.cases.queries import exclusions
from jishi.cases.states import CASE, SUPERVISION, SupervisionStatus
from jishi.foundation.actor import Actor
from jishi.kernels.procedure import BIRTH, Move, Spoken

LATEST = 5  # urgings shown
# verb of deciding → the request that it needs
NEEDS: Mapping[str, str] = {
    "clocks.suspend": "suspension", "clocks.deny_suspension": "suspension", "clocks.extend": "extension",
    "clocks.deny_extension": "extension", "banking.bank": "banking", "banking.deny": "banking",
}  # fmt: skip
ASKS: Mapping[str, str] = {
    "clocks.ask_suspension": "suspension", "clocks.ask_extension": "extension", "banking.ask": "banking",
    "exclusion.ask": "exclusion",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Beside:
    """What stands beside a case now. A request without verdict waits for another person."""

    suspension: Suspension | None
    extension: Extension | None
    banking: Banking | None
    supervision: Supervision | None
    urgings: Sequence[Urging]
    exclusions: Sequence[Exclusion]

    @property
    def left_out(self) -> Sequence[tuple[Exclusion, Spoken]]:
        """Each exclusion with the name of its ground."""
        grounds = limits.load().exclusion
        return [(e, grounds[e.ground].name) for e in self.exclusions]

    @property
    def exclusion(self) -> Exclusion | None:
        """The request or grant that keeps another from being asked."""
        return next((e for e in self.exclusions if e.verdict in ("", "approved") and e.revoked_at is None), None)

    def waits(self, kind: str) -> bool:
        """Tell whether a request of this kind waits for a decision."""
        row = getattr(self, kind)
        return row is not None and not row.verdict


def of_case(case: Case, happened: Collection[str]) -> Beside:
    """Read what stands beside a case: a statement for each kind of thing that its entries tell of, at most six."""
    open_ = {"case": case, "ended_at": None}
    return Beside(
        _one(Suspension.objects.filter(**open_), told="case.suspension_asked" in happened),
        _one(Extension.objects.filter(case=case, verdict=""), told="clock.extension_asked" in happened),
        _one(Banking.objects.filter(**open_), told="case.banking_asked" in happened),
        _one(Supervision.objects.filter(case=case).select_related("clock"), "body",
             told="supervision.opened" in happened),
        list(Urging.objects.filter(case=case).order_by("-at", "-id")[:LATEST]) if "case.urged" in happened else [],
        exclusions.of_case(case) if "exclusion.asked" in happened else [],
    )


def _one(rows: QuerySet[Any], body: str = "asked_body", *, told: bool) -> Any:
    return rows.select_related(body).order_by("-id").first() if told else None


def open_to(moves: Mapping[str, Any], beside: Beside, *, by: Actor, stand: Stand) -> dict[str, Any]:
    """Give the verbs open to the actor: `moves` of the tables without what nobody asked, and the acts beside them."""
    found = {verb: row for verb, row in moves.items() if verb not in NEEDS or beside.waits(NEEDS[verb])}
    for row in CASE.acts:
        if stand.case.status in row.sources and _may(row, by, stand) and _has_its_moment(row.verb, beside):
            found.setdefault(row.verb, row)
    return found | _of_supervision(beside.supervision, by=by, stand=stand)


def _has_its_moment(verb: str, beside: Beside) -> bool:
    if verb in NEEDS:
        return beside.waits(NEEDS[verb])
    if verb == "exclusion.ask":
        return beside.exclusion is None
    if verb in ("exclusion.decide", "exclusion.revoke"):
        return False  # they stand on the exclusion desk, each beside its request
    if verb.startswith("handling."):
        return False  # these have rows and forms of their own
    return verb not in ASKS or not beside.waits(ASKS[verb])


def _of_supervision(row: Supervision | None, *, by: Actor, stand: Stand) -> dict[str, Move]:
    running = row is not None and row.status != SupervisionStatus.LIFTED
    here = Stand(stand.case, stand.lead, stand.members, row.body_id if row is not None and running else None)
    state = row.status if row is not None and running else BIRTH
    ended = stand.case.status in CASE.ends
    return {
        move.verb: move
        for move in SUPERVISION.open_moves(state)
        if _may(move, by, here)
        and not (ended and move.to == SupervisionStatus.OPENED)
        and not (move.is_birth and stand.lead is None)
    }


def _may(row: Move, by: Actor, stand: Stand) -> bool:
    return any(policies.PARTIES[p](by, stand) for p in row.who if not p.startswith("clock:") and p != "anyone")

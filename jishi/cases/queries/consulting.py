"""会商, as an invited body finds it: what goes on, and whether it has said what it holds (spec 10 §5)."""

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Exists, OuterRef, QuerySet

from jishi.cases import policies
from jishi.cases.models import Case, Clock, Consultation, Position
from jishi.cases.queries import ticking
from jishi.cases.queries.ticking import Ticking
from jishi.cases.states import Status
from jishi.foundation.actor import Actor

MOST = 200  # rows of the list
SPEAKS = "handler", "head"  # who says what a body holds


@dataclass(frozen=True, slots=True)
class Invited:
    """One consultation that goes on: until when, and whether a body of this reader has stated its position."""

    row: Consultation
    clock: Ticking | None
    stated: bool


def may_state(by: Actor, case: Case) -> bool:
    """Tell whether a body of this actor is asked for its position now; no statement unless the case is talked over."""
    if case.status != Status.CONSULTING or not by.has(*SPEAKS):
        return False
    return _invited(by).filter(case=case).exists()


def invitations(*, by: Actor, now: datetime, lang: str) -> list[Invited]:
    """Give the consultations of the actor's bodies, those that wait for a position first; two statements. None to who
    may not speak for his body."""
    if not by.has(*SPEAKS):
        return []
    rows = list(_invited(by).annotate(stated=_stated(by)).select_related("case").order_by("stated", "id")[:MOST])
    clocks = {
        c.case_id: c for c in Clock.objects.filter(case__in=[r.case_id for r in rows], kind="consult", stopped_at=None)
    }
    shown = {c.case_id: ticking.shown([c], lang=lang, now=now)[0] for c in clocks.values()}
    return [Invited(r, shown.get(r.case_id), r.stated) for r in rows]


def waiting(by: Actor) -> QuerySet[Consultation]:
    """Give the consultations in which no body of the actor has said anything yet, to who may say it."""
    return _invited(by).filter(~_stated(by)) if by.has(*SPEAKS) else Consultation.objects.none()


def _invited(by: Actor) -> QuerySet[Consultation]:
    rows = Consultation.objects.filter(concluded_at=None, invited__overlap=sorted(by.body_ids))
    return rows.filter(case__in=policies.visible_to(by, Case.objects.filter(status=Status.CONSULTING)))


def _stated(by: Actor) -> Exists:
    return Exists(Position.objects.filter(consultation=OuterRef("pk"), body__in=sorted(by.body_ids)))

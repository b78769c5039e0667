"""Mediations as pages and programs show them. What is sealed is opened by `actions.papers`, never here."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime

from django.db.models import Q

from jishi.bodies import queries as bodies
from jishi.cases import mediation_rules, policies
from jishi.cases.actions import alongside, disputes, mediation, moving, papers
from jishi.cases.models import Case, Clock, Handover, Mediation, MediationParty, Mediator, Sitting
from jishi.cases.states import MEDIATION, MEDIATION_TALKING, MediationEnd, MediationStatus, Role
from jishi.foundation.actor import Actor
from jishi.foundation.refusals import NotFound
from jishi.kernels.procedure import Spoken

ENDS = {
    MediationEnd.AGREED: Spoken("书面谈成", "agreed in writing"),
    MediationEnd.ORAL_AGREED: Spoken("口头谈成", "agreed by word of mouth"),
    MediationEnd.NOT_AGREED: Spoken("没有谈成", "not agreed"),
    MediationEnd.WITHDRAWN: Spoken("当事人退出", "a party left"),
    MediationEnd.UNSUITABLE: Spoken("不适合调解", "unsuitable"),
}


@dataclass(frozen=True, slots=True)
class OneParty:
    """One party: what he has said yes to. `number` counts within the mediation; names are sealed."""

    row: MediationParty
    number: int
    is_caller: bool
    is_reader: bool

    @property
    def by_link(self) -> bool:
        return not self.is_caller


@dataclass(frozen=True, slots=True)
class OneMediation:
    """One mediation with its parties, its sittings, what runs, and what this reader may do now."""

    row: Mediation
    number: str  # of the case
    state: Spoken
    chip: str
    kind: Spoken
    end: Spoken | None
    mediator: Mediator
    body: str
    parties: Sequence[OneParty]
    sittings: Sequence[Sitting]
    due_at: datetime | None
    confirm_due_at: datetime | None
    may: frozenset[str] = field(default_factory=frozenset)
    leads: bool = False  # the reader is of the body that holds the case
    roads: Sequence[mediation_rules.Road] = ()

    @property
    def said(self) -> int:
        """How many have consented."""
        return sum(1 for p in self.parties if p.row.consented_at is not None)

    @property
    def own(self) -> OneParty | None:
        return next((p for p in self.parties if p.is_reader), None)

    @property
    def talking(self) -> bool:
        return self.row.status in MEDIATION_TALKING


def of_case(case_id: int, *, by: Actor, lang: str) -> list[OneMediation]:
    """Give the mediations of one case, the newest first; whether `by` sees the case was asked before."""
    rows = Mediation.objects.filter(case=case_id).select_related("mediator__body", "case").order_by("-id")
    return [_one(row, by, lang) for row in rows]


def one(mediation_id: int, *, by: Actor, lang: str) -> OneMediation:
    """Give one mediation to its mediator, a party, or somebody who sees its case. :raises NotFound: to anybody else."""
    rows = Mediation.objects.filter(tenant_id=by.tenant_id, id=mediation_id)
    row = rows.select_related("mediator__body", "case").first()
    if row is None:
        raise NotFound
    found = _one(row, by, lang)
    if papers.is_chair(row, by) or found.own is not None:
        return found
    seen = policies.visible_to(by, Case.objects.filter(id=row.case_id))
    if by.kind not in ("staff", "client") or not seen.exists():
        raise NotFound
    return found


def mine(*, by: Actor, lang: str) -> list[OneMediation]:
    """Give what this mediator has before him, open ones first; at most 100."""
    rows = Mediation.objects.filter(mediator__account=by.account_id or 0, recused_ground="")
    found = rows.select_related("mediator__body", "case").order_by("-id")[:100]
    order = {s: n for n, s in enumerate(MediationStatus.values)}
    return [_one(r, by, lang) for r in sorted(found, key=lambda r: (order[r.status], -r.id))]


def waiting(by: Actor) -> int:
    """Count what waits for this mediator."""
    rows = Mediation.objects.filter(mediator__account=by.account_id or 0, recused_ground="")
    return rows.filter(status__in=sorted(MEDIATION_TALKING)).count()


def of_report(report_id: int) -> Mediation | None:
    """Give the newest mediation in which the caller of this report is a party."""
    rows = Mediation.objects.filter(parties__report=report_id).select_related("mediator__body", "case")
    return rows.order_by("-id").first()


def register(*, lang: str, day: date, kind: str = "") -> list[tuple[Mediator, str, list[Spoken]]]:
    """Give the public register: those in force on `day`, by body and name, with body and kinds in words."""
    rows = Mediator.objects.filter(Q(active_to=None) | Q(active_to__gt=day), active_from__lte=day)
    if kind:
        rows = rows.filter(kinds__contains=[kind])
    kinds = mediation_rules.load().kinds
    known = bodies.names()
    return [
        (row, known[row.body_id].called(lang), [kinds[k] for k in row.kinds if k in kinds])
        for row in rows.select_related("body").order_by("body_id", "name", "id")
    ]


def _one(row: Mediation, by: Actor, lang: str) -> OneMediation:
    parties = mediation.parties_of(row)
    state, rules = MEDIATION.state(row.status), mediation_rules.load()
    clocks = {c.kind: c.due_at for c in Clock.objects.filter(mediation=row, stopped_at=None)}
    when = "broken" if row.status == MediationStatus.BROKEN else "ended" if row.status == MediationStatus.ENDED else ""
    return OneMediation(
        row=row, number=row.case.number, state=state.name, chip=str(state.chip), kind=rules.kinds[row.kind],
        end=ENDS.get(MediationEnd(row.end)) if row.end else None, mediator=row.mediator,
        body=(bodies.names()[row.mediator.body_id].called(lang)),
        parties=[
            OneParty(p, n, p.report_id is not None, by.kind == "party" and p.id == by.party_id)
            for n, p in enumerate(parties, start=1)
        ],
        sittings=list(Sitting.objects.filter(mediation=row).order_by("held_at", "id")),
        due_at=next((clocks[k] for k in ("med_consent", "med_term", "med_perform") if k in clocks), None),
        confirm_due_at=clocks.get("med_confirm"), may=_may(row, parties, by),
        leads=policies.PARTIES["lead"](by, policies.Stand(row.case, _lead_of(row))),
        roads=[r for r in rules.roads if r.when == when],
    )  # fmt: skip


def _may(row: Mediation, parties: Sequence[MediationParty], by: Actor) -> frozenset[str]:
    """Say which presses are open: the table, the party, and what was said already."""
    held = moving.Held(row.case, _lead_of(row), [], ())
    stand = alongside.Beside(held, row).stand
    open_ = {
        m.verb.removeprefix("mediation.")
        for m in (*MEDIATION.moves, *MEDIATION.acts)
        if m.fits(row.status, None) and policies.may(m, by, stand)
    }
    own = next((p for p in parties if by.kind == "party" and p.id == by.party_id), None)
    found = {name.removeprefix("note_") if name not in ("note_sitting",) else name for name in open_}
    found = {"confirm_performed" if name == "performed" else name for name in found}
    if own is not None:
        said = {
            "consent": own.consented_at, "agree": own.agreed_at, "confirm_performed": own.performed_at,
            "prolong": own.longer_at,
        }  # fmt: skip
        found -= {name for name, at in said.items() if at is not None}
    if row.drafted_at is None:
        found -= {"agree"}
    if row.recused_ground:
        found -= {"consent", "agree", "recuse", "note_sitting", "draft"}
    else:
        found -= {"name_mediator"}
    return frozenset(found - {"remind", "propose"})


def _lead_of(row: Mediation) -> Handover | None:
    rows = Handover.objects.filter(case=row.case, role=Role.LEAD, status__in=moving.OPEN_HANDOVER)
    return rows.select_related("body").first()



def may_propose(case: Case, stand: policies.Stand, by: Actor) -> bool:
    """Tell whether the form of a proposal is shown on the page of the case."""
    if case.status not in disputes.WHILE or not policies.PARTIES["lead"](by, stand):
        return False
    return not Mediation.objects.filter(case=case, status__in=sorted(MEDIATION_TALKING)).exists()

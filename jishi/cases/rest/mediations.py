"""The API of mediation (spec 10 §16). If-Match is the version of the mediation; of the case, where one is proposed.

Nothing sealed is said here: names, notes and terms are read on the pages, where every look is kept.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.timezone import localdate

from jishi.bodies import queries as bodies
from jishi.cases.actions import disputes, mediation, papers
from jishi.cases.models import Mediation
from jishi.cases.queries import casepage, mediations, resident
from jishi.cases.rest.edge import router
from jishi.cases.shapes import MediationIn, MediationMoveIn, version_seen
from jishi.foundation import scope
from jishi.foundation.actor import Actor
from jishi.foundation.refusals import NotAllowed, NotFound

Run = Callable[[int, MediationMoveIn, Mapping[str, Any]], object]


def _plain(verb: Callable[..., object]) -> Run:
    return lambda row, said, who: verb(row, **who)


def _sat(said: MediationMoveIn, now: datetime) -> mediation.Sat:
    return mediation.Sat(said.held_at or now, said.where, said.came, said.notes)


MOVES: Mapping[str, Run] = {
    "consent": lambda row, said, who: mediation.consent(row, name=said.name, contact=said.contact, **who),
    "agree": _plain(mediation.agree),
    "performed": _plain(mediation.confirm_performed),
    "broken": _plain(mediation.report_broken),
    "prolong": lambda row, said, who: mediation.prolong(row, days=said.days, **who),
    "recuse": lambda row, said, who: mediation.recuse(row, ground=said.ground, **who),
    "leave": lambda row, said, who: mediation.leave(row, end=said.end, **who),
    "sittings": lambda row, said, who: mediation.note_sitting(row, sat=_sat(said, who["now"]), **who),
    "terms": lambda row, said, who: mediation.draft(
        row, draft=mediation.Draft(said.terms, said.dates, said.oral), **who),
    "mediator": lambda row, said, who: mediation.name_mediator(row, mediator_id=said.mediator or 0, **who),
    "link": lambda row, said, who: mediation.give_link(row, party_id=said.party or 0, **who),
}  # fmt: skip


@router.get("/mediators", summary="The public register of mediators", auth=None)
def register(request: HttpRequest, kind: str = "") -> dict[str, Any]:
    """Give who mediates today: organisation, kinds, languages, since when; the organisation's number alone."""
    known = bodies.names()
    rows = mediations.register(lang="zh", day=localdate(timezone.now()), kind=kind)
    return {
        "mediators": [
            {
                "id": row.id, "name": row.name, "committee": row.committee, "body": row.body_id, "body_name": body,
                "phone": known[row.body_id].work_phone, "kinds": row.kinds, "languages": row.languages,
                "from": row.active_from.isoformat(), "to": row.active_to.isoformat() if row.active_to else None,
            }
            for row, body, _kinds in rows
        ]
    }  # fmt: skip


@router.get("/cases/{number}/mediations", summary="Mediations of a case")
def of_case(request: HttpRequest, response: HttpResponse, number: str) -> dict[str, Any]:
    """Give the mediations of a case and how far each is; never what was said."""
    case, by = casepage.find(number, by=request.actor), request.actor  # type: ignore[attr-defined]
    if by.kind not in ("staff", "client"):
        raise NotAllowed(why="当事人看进度页里的调解。")
    response["ETag"] = f'"{case.version}"'
    rows = mediations.of_case(case.id, by=by, lang="zh")
    return {"case": case.number, "version": case.version, "mediations": [_written(m) for m in rows]}


@router.post("/cases/{number}/mediations", summary="Propose mediation", response={201: dict[str, Any]})
def propose(
    request: HttpRequest, response: HttpResponse, number: str, payload: MediationIn
) -> tuple[int, dict[str, Any]]:
    """Propose mediation; the links of those who are no callers are said once, in this answer."""
    version, by = version_seen(request), request.actor  # type: ignore[attr-defined]
    case = casepage.find(number, by=by)
    others = tuple(disputes.Other(o.name, o.contact) for o in payload.others)
    what = disputes.Proposal(payload.kind, payload.what, payload.mediator, others, payload.danger)
    made = mediation.propose(case.id, proposal=what, by=by, now=timezone.now(), version=version)
    response["Cache-Control"] = "no-store"
    return 201, _answer(response, made.mediation.id, by, made)


@router.get("/mediations/{row}", summary="One mediation")
def one(request: HttpRequest, response: HttpResponse, row: int) -> dict[str, Any]:
    """Give one mediation to its mediator, its parties and those who see its case."""
    by = _who(request, row)
    with scope.within(by):
        return _answer(response, row, by)


@router.post("/mediations/{row}/{move}", summary="Move a mediation")
def press(request: HttpRequest, response: HttpResponse, row: int, move: str, payload: MediationMoveIn) -> Any:
    """Do one move: consent, agree, performed, broken, prolong, recuse, leave, sittings, terms, mediator, link."""
    version, run = version_seen(request), MOVES.get(move)
    if run is None:
        raise NotFound
    by = _who(request, row)
    with scope.within(by):
        made = run(row, payload, {"by": by, "now": timezone.now(), "version": version})
        response["Cache-Control"] = "no-store"
        if move == "recuse":  # who stepped aside sees no more of it
            return {"id": row, "recused": True}
        return _answer(response, row, by, made if isinstance(made, mediation.Proposed) else None)


def _who(request: HttpRequest, row: int) -> Actor:
    """Give the actor; a caller acts as the party that he is. :raises NotFound: he is none."""
    by: Actor = request.actor  # type: ignore[attr-defined]
    if by.kind not in ("resident", "reporter"):
        return by
    found = Mediation.objects.filter(tenant_id=by.tenant_id, id=row).first() if 0 < row < 2**63 else None
    if found is None:
        raise NotFound
    own = [by.report_id] if by.kind == "reporter" and by.report_id else resident.own_ids(by)
    return papers.caller_as_party(found, own)


def _answer(
    response: HttpResponse, row: int, by: Actor, made: mediation.Proposed | None = None
) -> dict[str, Any]:
    if not 0 < row < 2**63:
        raise NotFound
    found = mediations.one(row, by=by, lang="zh")
    response["ETag"] = f'"{found.row.version}"'
    links = [{"party": party, "token": token} for party, token in made.links] if made is not None else []
    return {**_written(found), **({"links": links} if links else {})}


def _written(m: mediations.OneMediation) -> dict[str, Any]:
    row = m.row
    return {
        "id": row.id, "version": row.version, "case": m.number, "kind": row.kind, "what": row.what,
        "status": row.status, "end": row.end, "mediator": row.mediator_id, "recused": bool(row.recused_ground),
        "proposed_at": row.proposed_at.isoformat(), "due_at": m.due_at.isoformat() if m.due_at else None,
        "confirm_until": row.confirm_until_on.isoformat() if row.confirm_until_on else None,
        "performance_dates": [d.isoformat() for d in row.performance_dates], "oral": row.oral,
        "sittings": [{"id": s.id, "held_at": s.held_at.isoformat(), "came": s.came} for s in m.sittings],
        "parties": [
            {"id": p.row.id, "caller": p.is_caller, "consented": p.row.consented_at is not None,
             "agreed": p.row.agreed_at is not None, "performed": p.row.performed_at is not None}
            for p in m.parties
        ],
        "may": sorted(m.may),
    }  # fmt: skip

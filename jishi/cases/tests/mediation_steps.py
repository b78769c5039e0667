"""Mediations at any moment of their lives, reached by living them."""

from datetime import datetime, timedelta
from typing import Any

from django.utils.timezone import localdate

from conftest import MONDAY_TEN
from jishi.accounts import queries as accounts
from jishi.cases.actions import disputes, mediation, mediators, papers
from jishi.cases.models import Case, Clock, Mediation, MediationParty, Mediator, Sitting
from jishi.cases.states import Status
from jishi.cases.tests import factories as f
from jishi.foundation import scope, trail
from jishi.foundation.actor import Actor, system

NOISE = "翠竹苑3号楼北门上面那家半夜拖家具、放音乐，说过几次都不听，想请人帮着说和。"
ABOUT = "楼上夜里的响声"
NOTES = "老周说孩子高考，夜里睡不好；楼上说是夜班回来，愿意垫毡子。"
TERMS = "楼上十一点以后不拖家具，家具脚垫毡子；楼下不再敲管子。"
OTHER = disputes.Other("楼上住户老钱", "13900000777")
AT = MONDAY_TEN + timedelta(hours=4)
A_STEP = timedelta(minutes=10)


def chair(town: int, username: str = "tiaojie1") -> Actor:
    """The mediator of the demonstration, in his post."""
    with scope.work(system(town)):
        holder = next(h for h in accounts.people_of("mediator", now=AT) if h.username == username)
    return Actor(
        tenant_id=town, kind="staff", account_id=holder.account_id, post_id=holder.post_id,
        roles=frozenset({"mediator"}), body_ids=frozenset({holder.body_id} - {None}),
    )  # fmt: skip


def line_of(town: int, username: str = "tiaojie1") -> Mediator:
    """His line of the register, written now if it does not stand there."""
    actor = chair(town, username)
    with scope.work(system(town)):
        found = Mediator.objects.filter(account=actor.account_id, active_to=None).first()
    return found or register(town, username)


def register(town: int, username: str = "tiaojie1", **more: Any) -> Mediator:
    actor = chair(town, username)
    given: dict[str, Any] = {
        "account_id": actor.account_id, "body_id": min(actor.body_ids), "name": "宋和平",
        "committee": "河西街道人民调解委员会", "kinds": ("neighbours", "property", "family"),
        "languages": ("普通话", "本地话"), "active_from": localdate(MONDAY_TEN),
    }  # fmt: skip
    line: Mediator = f.do(f.office(town), mediators.register, mediators.Line(**{**given, **more}), now=MONDAY_TEN)
    return line


def proposal(town: int, **more: Any) -> disputes.Proposal:
    given: dict[str, Any] = {
        "kind": "neighbours", "what": ABOUT, "mediator_id": line_of(town).id, "others": (OTHER,), "danger": "none",
    }  # fmt: skip
    return disputes.Proposal(**{**given, **more})


def a_dispute(town: int, **facts: Any) -> Case:
    return f.a_case_at(town, Status.HANDLING, **{"text": NOISE, **facts})


def propose(case: Case, now: datetime = AT, *, by: Actor | None = None, **more: Any) -> mediation.Proposed:
    made: mediation.Proposed = f.do(
        by or f.handler_of(case), mediation.propose, case.id, proposal=proposal(case.tenant_id, **more), now=now
    )
    return made


def parties(row: Mediation) -> list[Actor]:
    with scope.work(system(row.tenant_id)):
        return [papers.as_party(p) for p in MediationParty.objects.filter(mediation=row).order_by("id")]


def each(row: Mediation, verb: Any, now: datetime, **more: Any) -> None:
    for party in parties(row):
        f.do(party, verb, row.id, now=now, **more)


def write(row: Mediation, now: datetime, *, days: tuple[int, ...] = (7,), oral: bool = False) -> None:
    made = mediation.Draft(TERMS, [localdate(now) + timedelta(days=d) for d in days], oral)
    f.do(chair(row.tenant_id), mediation.draft, row.id, draft=made, now=now)


def sit(row: Mediation, now: datetime, notes: str = NOTES) -> Sitting:
    sat = mediation.Sat(now, "社区议事厅", [p.party_id or 0 for p in parties(row)], notes)
    made: Sitting = f.do(chair(row.tenant_id), mediation.note_sitting, row.id, sat=sat, now=now)
    return made


def a_mediation(town: int, status: str = "PROPOSED", **facts: Any) -> Mediation:
    """A mediation that has lived up to `status`."""
    row, now = propose(a_dispute(town, **facts)).mediation, AT + A_STEP
    if status in ("SITTING", "AGREED", "PERFORMED", "BROKEN"):
        each(row, mediation.consent, now)
    if status in ("AGREED", "PERFORMED", "BROKEN"):
        write(row, now)
        each(row, mediation.agree, now)
    if status == "PERFORMED":
        each(row, mediation.confirm_performed, now)
    elif status == "BROKEN":
        f.do(parties(row)[0], mediation.report_broken, row.id, now=now)
    elif status == "ENDED":
        f.do(parties(row)[1], mediation.leave, row.id, now=now)
    assert again(row).status == status
    return again(row)


def again(row: Mediation) -> Mediation:
    with scope.work(system(row.tenant_id)):
        return Mediation.objects.select_related("mediator", "case").get(id=row.id)


def picture(town: int, case_id: int) -> tuple[Any, ...]:
    """Everything that a refusal must leave as it was."""
    with scope.work(system(town)):
        return (
            tuple(Case.objects.filter(id=case_id).values_list("version", "status")),
            tuple(Mediation.objects.filter(case=case_id).order_by("id").values()),
            tuple(MediationParty.objects.filter(mediation__case=case_id).order_by("id").values()),
            tuple(Sitting.objects.filter(mediation__case=case_id).values_list("id")),
            tuple(Clock.objects.filter(case=case_id).order_by("id").values_list("id", "due_at", "stopped_at")),
            len(trail.of("case", case_id)),
        )


def entries(row: Mediation) -> list[str]:
    with scope.work(system(row.tenant_id)):
        return [e.verb for e in trail.of("case", row.case_id)]


def running(row: Mediation) -> set[str]:
    with scope.work(system(row.tenant_id)):
        return set(Clock.objects.filter(mediation=row, stopped_at=None).values_list("kind", flat=True))

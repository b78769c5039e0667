"""Rows of membership: ended and begun, never rewritten, so that who belonged to what at a moment stays answerable.

Nothing here decides; `merging` and `withdrawing` do.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from django.utils.timezone import localdate

from jishi.cases.actions import making, moving, naming, promises, reckoning
from jishi.cases.actions.moving import Held
from jishi.cases.actions.promises import Own
from jishi.cases.events import CaseMoved
from jishi.cases.models import (
    Banking,
    Case,
    Clock,
    Consultation,
    Extension,
    Membership,
    Report,
    Suspension,
    Termination,
)  # fmt: skip
from jishi.cases.models.moving_time import Asked
from jishi.cases.states import CASE, MembershipEnd, Status, Verdict
from jishi.foundation import numbers, outbox, trail
from jishi.foundation.actor import Actor
from jishi.foundation.refusals import NotFound, Stale
from jishi.kernels.procedure import Move


def members_of(case: Case) -> list[Membership]:
    """Give the open memberships of a locked case with their reports, the reports locked behind it; two statements."""
    rows = Membership.objects.filter(case=case, to_at=None)
    list(Report.objects.select_for_update().filter(id__in=rows.values("report")).order_by("id").values_list("id"))
    return list(rows.select_related("report").order_by("id"))


def hold_report(report_id: int, *, by: Actor, version: int | None) -> tuple[Report, list[Held]]:
    """Lock the cases that a report belongs to, then the report. `version` is that of the report.

    :raises NotFound: no such report. :raises Stale: something was added to it, or it moved, since it was seen.
    """
    wanted = Membership.objects.filter(tenant_id=by.tenant_id, report=report_id, to_at=None).order_by("case_id")
    ids = list(wanted.values_list("case_id", flat=True))
    held = [moving.hold(i, by=by) for i in ids]
    report = Report.objects.select_for_update().filter(tenant_id=by.tenant_id, id=report_id).first()
    if report is None or not held:
        raise NotFound
    if version is not None and version != report.version or ids != list(wanted.values_list("case_id", flat=True)):
        raise Stale(version=report.version, seen=version)
    return report, held


def end(members: Sequence[Membership], why: MembershipEnd, *, now: datetime) -> None:
    """End memberships. A clock of another machine may be a moment behind: no interval is negative."""
    for member in members:
        member.to_at, member.end = max(now, member.from_at), why.value
        member.version += 1
    Membership.objects.bulk_update(members, ["to_at", "end", "version"])


def begin(
    case: Case, of: Sequence[tuple[Membership, Own, Clock | None]], *, why: str, by: Actor, now: datetime,
    continues: bool = True, evidence: Mapping[str, Any] | None = None, text: str = "",
) -> list[Membership]:  # fmt: skip
    """Let the callers of other memberships belong to `case`, each with his own promise.

    `of`: whose, what he was promised, the promise clock of `case` that he finds there. `continues`: the new row takes
    the place of the old one, and a merge that is undone finds it by that.
    """
    rows = [
        Membership(
            tenant_id=case.tenant_id, report=m.report, case=case, from_at=m.to_at or now, why=why,
            continues=m if continues else None, by=naming.actor_in(case.id, by), evidence=dict(evidence or {}),
            part_text=text or m.part_text, promise_due_at=m.promise_due_at or case.promise_due_at,
            promise=own.kept(clock),
        )
        for m, own, clock in of
    ]  # fmt: skip
    return list(Membership.objects.bulk_create(rows))


def count(case: Case, members: Iterable[Membership], **more: Any) -> None:
    """Store how many belong to the case now, and the day that binds it."""
    case.change(reports_count=sum(1 for _ in members), promise_due_at=case.promise_due_at, **more)


def conclude_beside(case: Case, *, by: Actor, now: datetime) -> None:
    """End what waits beside a case that ends: nobody is asked for a position, no request for a decision."""
    for talk in Consultation.objects.filter(case=case, concluded_at=None):
        talk.change(concluded_at=now)
    for noun in (Suspension, Banking):
        for row in noun.objects.filter(case=case, ended_at=None):
            who = naming.actor_in(case.id, by)
            row.change(ended_at=max(now, row.from_at or now), ended_by=who, **_lapsed(row, now))
    for asked in (*Extension.objects.filter(case=case, verdict=""), *Termination.objects.filter(case=case, verdict="")):
        asked.change(**_lapsed(asked, now))


def _lapsed(row: Asked, now: datetime) -> dict[str, Any]:
    if row.verdict:
        return {}
    return {"verdict": Verdict.DENIED, "decided_at": now, "why_not": "这一件已经了结，申请失效。"}


def new_case(
    member: Membership, move: Move, own: Own, *, by: Actor, now: datetime, tenant_code: str,
    text: str = "", matter: str | None = None, codes: Mapping[str, Any] | None = None,
    words: Mapping[str, str] | None = None,
) -> Case:  # fmt: skip
    """Give the report of an ended membership a case of its own, born as the row of the table says.

    It is like the one it comes from in place, kind and matter (`matter`: another was said for this part).
    """
    before, report = member.case, member.report
    number = numbers.take("C", tenant_code, localdate(now))[0]
    case = making.case_from(report, before, number, title=text, matter=matter, now=now)
    case.status = Status(move.target(""))
    running = [_clock(case, kind, own, now) for kind in move.starts if not (kind == "promise" and own.answered)]
    promise = next((c for c in running if c.kind == "promise"), None)
    case.promise_due_at = promise.due_at if promise is not None else None
    case.save()
    Clock.objects.bulk_create(running)
    begin(case, [(member, own, promise)], why="parted", by=by, now=now, continues=False, text=text)
    told = {"from": before.number, "report": report.number, "status": case.status, "matter": case.matter,
        "urgency": case.urgency, **(codes or {})}  # fmt: skip
    trail.record(
        move.trail, ("case", case.id), by=by, at=now, codes=told, words=words, rule=f"{CASE.code}@{CASE.edition}",
        new=True,
    )  # fmt: skip
    outbox.announce(CaseMoved(case.id, move.verb, case.status, tuple(move.tells)), at=now)
    return case


def _clock(case: Case, kind: str, own: Own, now: datetime) -> Clock:
    if kind == "promise":
        return promises.begin(case, own)
    return reckoning.start(case, None, [], kind, now=now, amounts={})

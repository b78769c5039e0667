"""Cases as programs see them: one, a page of many, the record. Bounded statements, keyset paging, never by person."""

from datetime import datetime
from typing import Any

from jishi.bodies import queries as bodies
from jishi.cases import policies
from jishi.cases.actions import reckoning
from jishi.cases.models import Case, Choice, Clock, Handover, Membership, Report, Suggestion
from jishi.cases.queries import sifting, ticking
from jishi.cases.states import CASE
from jishi.duties import queries as duties
from jishi.foundation import trail
from jishi.foundation.actor import Actor
from jishi.foundation.refusals import NotFound
from jishi.kernels import worktime


def id_of(number: str, *, by: Actor) -> int:
    """Give the id of a case that `by` may see. :raises NotFound: no such case for this actor."""
    found = policies.visible_to(by, Case.objects.filter(number=number.upper())).values_list("id", flat=True).first()
    if found is None:
        raise NotFound
    return found


def report_id_of(number: str, *, by: Actor) -> int:
    """Give the id of a report that `by` made, or whose case `by` may see. :raises NotFound: neither."""
    return _report(number, by).id


def one(number: str, *, by: Actor) -> dict[str, Any]:
    """Give one case with its moves. :raises NotFound: no such case for this actor."""
    cases = policies.visible_to(by, Case.objects.filter(number=number.upper()))
    case = cases.select_related("grid", "grid_edition").first()
    if case is None:
        raise NotFound
    lead = Handover.objects.filter(case=case, role="lead").order_by("-id").first()
    page = _row(case, _matters())
    page["community"], page["absorbed_into"] = case.community, None
    if case.absorbed_into_id is not None:
        living = policies.visible_to(by, Case.objects.filter(id=case.absorbed_into_id))
        page["absorbed_into"] = living.values_list("number", flat=True).first()
    page["open_moves"] = [m.verb for m in CASE.open_moves(case.status, case.status_before or None)]
    page["handover"] = _handover(lead) if lead else None
    reports = Membership.objects.filter(case=case, to_at=None)
    if by.kind in ("resident", "reporter"):  # the other callers are nobody's business
        reports = reports.filter(report__in=policies.reports_of(by))
    page["reports"] = list(reports.values_list("report__number", flat=True))
    return page


def page(filters: sifting.Filters, *, by: Actor, after: str = "", limit: int = 50) -> dict[str, Any]:
    """Give a page of cases in the order asked for, and the key of the next; none where no row follows."""
    with sifting.patiently(filters):
        found, more = sifting.page(
            filters, by=by, after=after, limit=limit, dress=lambda rows: rows.select_related("grid", "grid_edition")
        )
    matters = _matters()
    return {"items": [_row(case, matters) for case in found], "after": more or None}


def report(number: str, *, by: Actor) -> dict[str, Any]:
    """Give a report in its minimised words. :raises NotFound: not this actor's to see."""
    row = _report(number, by)
    members = Membership.objects.filter(report=row, to_at=None).select_related("case")
    return {
        "number": row.number,
        "version": row.version,
        "channel": row.channel,
        "kind": row.kind,
        "voice": row.voice,
        "text": row.text_shown,
        "title": row.title,
        "said_at": row.said_at.isoformat(),
        "received_at": row.received_at.isoformat(),
        "place": row.place_name,
        "cases": [
            {
                "number": m.case.number, "status": m.case.status, "promise_due_at": _iso(m.promise_due_at),
                "part_text": m.part_text,
            }
            for m in members
        ],  # fmt: skip
    }


def suggestions(number: str, *, by: Actor) -> list[dict[str, Any]]:
    """Give what triage said of a report, with what people did with it."""
    row = _report(number, by)
    rows = readable(list(Suggestion.objects.filter(report=row).order_by("id")), by=by)
    choices = {c.suggestion_id: c for c in Choice.objects.filter(suggestion__in=rows).order_by("id")}
    return [
        {
            "stage": s.stage, "candidates": s.candidates, "abstained": s.abstained, "edition": s.edition,
            "taken": choices[s.id].taken if s.id in choices else None,
            "changed_to": choices[s.id].changed_to if s.id in choices else "",
        }
        for s in rows
    ]  # fmt: skip


def readable(rows: list[Suggestion], *, by: Actor) -> list[Suggestion]:
    """Leave out likely duplicates that `by` may not see: they were found for the desk; one more statement if any."""
    pairs = [r for r in rows if r.stage == "duplicates" and r.candidates]
    ids = {int(c["value"]) for r in pairs for c in r.candidates if c.get("value")}
    seen = set(policies.visible_to(by, Case.objects.filter(id__in=ids)).values_list("id", flat=True)) if ids else set()
    for row in pairs:
        row.candidates = [c for c in row.candidates if c.get("value") and int(c["value"]) in seen]
    return rows


def trail_of(number: str, *, by: Actor) -> list[dict[str, Any]]:
    """Give the record of a case, oldest first, with hashes."""
    case = Case.objects.get(id=id_of(number, by=by))
    entries = trail.of("case", case.id)
    of_the_town = by.kind in ("staff", "client")
    return [
        {**trail.body_of(e), "prev": e.prev, "hash": e.hash}
        if of_the_town and policies.may_read(by, case, e.verb)
        else _public(e)
        for e in entries
    ]


def clocks_of(number: str, *, by: Actor) -> list[dict[str, Any]]:
    """Give every clock of a case, by the name it has on every screen, with the sentence that explains it."""
    rows = Clock.objects.filter(case=id_of(number, by=by)).order_by("started_at", "id")
    return [
        {
            "kind": c.kind, "name": ticking.name_of(c.kind).zh, "name_en": ticking.name_of(c.kind).en,
            "amount": c.amount, "calendar": c.calendar, "rule": c.rule, "provisional": c.provisional,
            "started_at": c.started_at.isoformat(), "due_at": _iso(c.due_at), "stopped_at": _iso(c.stopped_at),
            "pauses": c.pauses, "extensions": c.extensions, "why": explanation(c),
        }
        for c in rows
    ]  # fmt: skip


def explanation(clock: Clock, lang: str = "zh", *, articles: bool = False) -> list[str]:
    """Say step by step why a clock ends when it does, by the calendar it was pinned with."""
    calendar = bodies.calendar_by_label(clock.calendar).calendar
    kernel = reckoning.as_kernel(clock)
    try:
        return list(worktime.explain(worktime.due(kernel, calendar), lang, articles))
    except worktime.CalendarNotKnown as no:
        return [
            f"还没有 {no.year} 年的日历，期限未定。" if lang == "zh" else f"No calendar of {no.year} yet; no due day."
        ]


def _report(number: str, by: Actor) -> Report:
    mine = policies.reports_of(by).filter(number=number.upper()).first()
    if mine is not None:
        return mine
    row = Report.objects.filter(tenant_id=by.tenant_id, number=number.upper()).first()
    if row is not None and by.kind in ("staff", "client"):
        cases = Case.objects.filter(memberships__report=row, memberships__to_at=None)
        if policies.visible_to(by, cases).exists():
            return row
    raise NotFound


def _row(case: Case, matters: dict[str, str]) -> dict[str, Any]:
    lead = bodies.names().get(case.lead_id or 0)
    return {
        "number": case.number, "version": case.version, "title": case.title, "status": case.status,
        "status_since": case.status_since.isoformat(), "matter": case.matter,
        "matter_name": matters.get(case.matter, ""),
        "kind": case.kind, "urgency": case.urgency, "place": case.place_name, "division": case.division_code,
        "grid": case.grid.code if case.grid else None,
        "grid_edition": case.grid_edition.number if case.grid_edition else None,
        "lead": lead.code if lead else None, "lead_name": lead.name if lead else None,
        "received_at": case.received_at.isoformat(),
        "promise_due_at": _iso(case.promise_due_at), "reports": case.reports_count, "outcome": case.outcome,
        "tags": case.tags,
    }  # fmt: skip


def _handover(row: Handover) -> dict[str, Any]:
    return {
        "body": row.body_id, "status": row.status, "item": row.duty_item_id, "edition": row.duty_edition,
        "offered_at": row.offered_at.isoformat(), "signed_at": _iso(row.signed_at), "by_clock": row.signed_by_clock,
        "return_ground": row.return_ground, "designated": row.designated,
    }  # fmt: skip


def _matters() -> dict[str, str]:
    return {code: m.name for code, m in duties.matters().items()}


def _public(entry: Any) -> dict[str, Any]:
    return {"seq": entry.seq, "at": trail.stamp(entry.at), "verb": entry.verb, "hash": entry.hash, "prev": entry.prev}


def _iso(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None

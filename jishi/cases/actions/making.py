"""Report and case as rows, made of what came in and what triage found out. Nothing is stored here."""

from datetime import datetime
from typing import Any

from jishi.cases import triage
from jishi.cases.actions import naming
from jishi.cases.actions.arrival import Incoming
from jishi.cases.models import Case, Placed, Report
from jishi.cases.states import Kind, Status, Visibility, Voice
from jishi.duties import queries as duties
from jishi.foundation.actor import Actor
from jishi.kernels.text.minimise import minimise_one
from jishi.kernels.text.words import tsvector_text

AT_ONCE, AFTER_REVIEW = "public", "public_after_review"  # what a code book says of a matter (spec 11 §1)


def make_report(row: Incoming, seen: triage.Looked, number: str, *, by: Actor, now: datetime) -> Report:
    """Make a report of what came in and what was found out; not stored yet."""
    line, let_in = _line(row, seen, by, now)
    return Report(
        tenant_id=by.tenant_id, number=number, channel=row.channel, kind=row.kind, voice=row.voice,
        said_at=min(row.said_at or now, now), received_at=now, lang=row.lang, title=_title(row, seen),
        text_shown=seen.shown, source_crs=row.crs, source_lng=row.lng, source_lat=row.lat, answers=dict(row.answers),
        accused_body_ids=list(row.accused_body_ids), line_body_ids=line, let_in_body_ids=let_in,
        reporter_id=row.reporter_id, entered_by=entered_by(by),
        external_system=row.external_system, external_id=row.external_id, external_hash=row.external_hash,
        attributes=dict(row.attributes), **_placed(row, seen),
    )  # fmt: skip


def _line(row: Incoming, seen: triage.Looked, by: Actor, now: datetime) -> tuple[list[int], list[int]]:
    """Who stands above the accused learns nothing of what was told in confidence (spec 90 §4.2)."""
    told = row.voice == Voice.CONFIDENTIAL or row.kind == Kind.TIP_OFF
    if not (told and row.accused_body_ids):
        return [], []
    return naming.superior_line(row.accused_body_ids, division=seen.place.division_code, by=by, now=now)


def entered_by(by: Actor) -> str:
    """A colleague or a program by number; a resident as nobody in particular."""
    return "resident" if by.kind == "resident" else by.label


def _placed(row: Incoming, seen: triage.Looked) -> dict[str, Any]:
    spot = seen.place
    return {
        "lng_e7": spot.lng_e7, "lat_e7": spot.lat_e7, "accuracy_m": spot.radius_m,
        "address_text": minimise_one(row.address_text).shown[:200] if row.address_text else "",
        "place_name": spot.name[:120], "grid_id": spot.grid_id, "grid_edition_id": spot.grid_edition_id,
        "division_code": spot.division_code,
    }  # fmt: skip


def _title(row: Incoming, seen: triage.Looked) -> str:
    given = minimise_one(row.title).shown if row.title.strip() else triage.title_of(seen.shown)
    return given.strip()[:80]


def make_case(report: Report, row: Incoming, seen: triage.Looked, number: str, now: datetime) -> Case:
    """Make the case of a report; not stored yet."""
    visibility = first_visibility(report, seen.matter)
    return Case(
        tenant_id=report.tenant_id, number=number, title=report.title, matter=seen.matter,
        book_edition=seen.book_edition, kind=report.kind, status=Status.RECEIVED, status_since=now,
        urgency=row.urgency, received_at=report.received_at,
        visibility=visibility, opened_at=now if visibility == Visibility.PUBLIC else None, changed_at=now,
        accused_body_ids=report.accused_body_ids, line_body_ids=report.line_body_ids,
        let_in_body_ids=report.let_in_body_ids,
        lng_e7=report.lng_e7, lat_e7=report.lat_e7, accuracy_m=report.accuracy_m, address_text=report.address_text,
        place_name=report.place_name, grid_id=report.grid_id, grid_edition_id=report.grid_edition_id,
        division_code=report.division_code,
        search=tsvector_text(searched(report)), routed=seen.routed.outcome if seen.routed else "",
    )  # fmt: skip


def first_visibility(report: Report, matter: str) -> Visibility:
    """Start as the matter says; never public what is confidential, a tip-off, or complains about a body (10 §2)."""
    row = duties.matter(matter) if matter else None
    is_open = row is not None and row.default_visibility == AT_ONCE and not _is_hidden(report)
    return Visibility.PUBLIC if is_open else Visibility.PARTIES


def _is_hidden(report: Report) -> bool:
    return report.voice == Voice.CONFIDENTIAL or report.kind == Kind.TIP_OFF or bool(report.accused_body_ids)


def searched(report: Report) -> str:
    """What is searched: title and words; a title that is the beginning of the words is not said twice."""
    told = report.title.rstrip("…")
    return report.text_shown if told and told in report.text_shown else f"{report.title} {report.text_shown}"


def case_from(report: Report, before: Case, number: str, *, title: str, matter: str | None, now: datetime) -> Case:
    """Make the case of a report that leaves another, like that one but for what is said now; not stored yet."""
    said = matter if matter is not None else before.matter
    visibility = _visibility_after(report, before, said)
    shown = minimise_one(title).shown.strip() if title else ""
    place = {name: getattr(report, name) for name in _PLACED}
    return Case(
        tenant_id=report.tenant_id, number=number, title=(shown or report.title)[:80], matter=said,
        book_edition=before.book_edition, kind=report.kind, status=Status.RECEIVED, status_since=now,
        urgency=before.urgency, received_at=report.received_at, previous_case_id=before.id,
        visibility=visibility, opened_at=now if visibility == Visibility.PUBLIC else None, changed_at=now,
        accused_body_ids=report.accused_body_ids, line_body_ids=report.line_body_ids,
        let_in_body_ids=report.let_in_body_ids,
        aside_account_ids=before.aside_account_ids, search=tsvector_text(shown or searched(report)), **place,
    )  # fmt: skip


def _visibility_after(report: Report, before: Case, matter: str) -> Visibility:
    """Leave a case as open as it was, where the matter is the same: no number vanishes. What was not open stays so."""
    if before.visibility != Visibility.PUBLIC:
        return Visibility(before.visibility)
    stays = matter == before.matter and not _is_hidden(report)
    return Visibility.PUBLIC if stays else first_visibility(report, matter)


_PLACED = tuple(f.attname for f in Placed._meta.fields)

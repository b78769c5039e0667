"""A stored case beside the others: which may be the same matter, and on what grounds two were put together."""

from datetime import datetime
from typing import Any

from jishi.cases.models import Case, Report
from jishi.cases.triage import duplicates
from jishi.cases.triage.classifying import Classes
from jishi.cases.triage.looking import Words
from jishi.places.queries import Spot


def alike_to(report: Report, case: Case, *, now: datetime) -> tuple[dict[str, Any], ...]:
    """Find cases that may be the same matter, by what the report of `case` said and where the case stands.

    At most three, the likeliest first, each with its probability and reasons; three statements.
    """
    words = Words(text=report.text_shown, said_at=report.said_at, matter=case.matter, report_id=report.id)
    spot = Spot(
        lng_e7=case.lng_e7, lat_e7=case.lat_e7, radius_m=case.accuracy_m, name=case.place_name, grid_id=case.grid_id,
        grid_edition_id=case.grid_edition_id, division_code=case.division_code,
    )  # fmt: skip
    chosen = Classes((), case.matter, "", "")
    (found,) = duplicates.find([words], [report.text_shown], [spot], [chosen], now=now)
    return found.candidates


def evidence(report: Report, case: Case, into: Case, *, now: datetime) -> dict[str, Any]:
    """Give what speaks for the two being one matter: score, facts, reason; empty: a person alone saw it."""
    found = next((c for c in alike_to(report, case, now=now) if c["case_id"] == into.id), None)
    return {key: found[key] for key in ("p", "facts", "reason")} if found is not None else {}

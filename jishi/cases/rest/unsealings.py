"""Unsealing, for programs of staff: ask, decide, look, end (spec 10 §13)."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from ninja import Schema
from pydantic import Field

from jishi.cases.actions import unsealing
from jishi.cases.models import Unsealing
from jishi.cases.queries import casepage, listing, unsealings
from jishi.cases.rest.edge import router
from jishi.cases.shapes import WordsIn, version_seen


class AskIn(Schema):
    """`ground`: verify, danger, court, protect; `why`: 10 to 500 characters, told to the reporter."""

    ground: str = Field("", max_length=20)
    why: str = Field("", max_length=2000)


def _who(request: HttpRequest) -> dict[str, Any]:
    return {"by": request.actor, "now": timezone.now()}  # type: ignore[attr-defined]


@router.get("/cases/{number}/unsealings", summary="Who asked to see a confidential reporter, and what was decided")
def listed(request: HttpRequest, number: str) -> list[dict[str, Any]]:
    """Give the unsealings of a case, newest first; never a name."""
    case = casepage.find(number, by=request.actor)  # type: ignore[attr-defined]
    return [_told(row) for row in unsealings.of_case(case)]


@router.post("/reports/{number}/unsealings", response={201: dict[str, Any]}, summary="Ask to unseal")
def ask(request: HttpRequest, number: str, payload: AskIn) -> tuple[int, dict[str, Any]]:
    """Ask to see who is behind a confidential report; a second person of another body decides."""
    who = _who(request)
    report = listing.report_id_of(number, by=who["by"])
    return 201, _told(unsealing.ask(report, ground=payload.ground, why=payload.why, **who))


@router.post("/unsealings/{row}/approve", summary="Approve an unsealing")
def approve(request: HttpRequest, row: int, payload: WordsIn) -> dict[str, Any]:
    """Let the asker look for 24 hours; the reporter is told at once. If-Match is the version of the unsealing."""
    version = version_seen(request)
    return _told(unsealing.approve(_id(row), version=version, **_who(request)))


@router.post("/unsealings/{row}/deny", summary="Deny an unsealing")
def deny(request: HttpRequest, row: int, payload: WordsIn) -> dict[str, Any]:
    """Do not let the asker look, with a reason; If-Match as above."""
    version = version_seen(request)
    return _told(unsealing.deny(_id(row), why=payload.words, version=version, **_who(request)))


@router.post("/unsealings/{row}/look", summary="Look, once")
def look(request: HttpRequest, response: HttpResponse, row: int) -> dict[str, str]:
    """Give name and contact to the one named person, within 24 hours; each look is a reading the reporter sees."""
    response["Cache-Control"] = "no-store"
    return unsealing.look(_id(row), **_who(request))


@router.post("/unsealings/{row}/end", summary="Withdraw an unsealing")
def end(request: HttpRequest, row: int) -> dict[str, Any]:
    """End one's own request, or one's own time to look; If-Match as above."""
    version = version_seen(request)
    return _told(unsealing.end(_id(row), version=version, **_who(request)))


def _id(row: int) -> int:
    return row if 0 < row < 2**53 else 0


def _told(row: Unsealing) -> dict[str, Any]:
    return {
        "id": row.id, "version": row.version, "report": row.report.number, "status": row.status, "ground": row.ground,
        "why": row.why, "asked_body": row.asked_body_id, "asked_at": row.asked_at.isoformat(),
        "decided_body": row.decided_body_id, "decided_why": row.decided_why,
        "open_until": row.open_until.isoformat() if row.open_until else None,
    }  # fmt: skip

"""The API of urgent danger (spec 12 §7): for programs of the receiving desk; nobody else reads a mark."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from ninja import Schema

from jishi.cases.actions import attending
from jishi.cases.queries import risks
from jishi.cases.rest.edge import press, router
from jishi.cases.triage import danger
from jishi.foundation.refusals import NotAllowed


class AttendedIn(Schema):
    is_danger: bool = True


@router.get("/risks", summary="What warns of danger and waits")
def listed(request: HttpRequest) -> dict[str, Any]:
    """Give the cases whose words warn of danger and on which the desk has not acted, the longest waiting first."""
    by = request.actor  # type: ignore[attr-defined]
    if not by.has(*risks.READERS):
        raise NotAllowed(why="险情提示只给受理的岗位看。")
    rows = [
        {
            "case": one.number, "version": one.version, "since": one.since, "call": list(one.numbers),
            "dangers": [
                {"code": m.danger.code, "words": list(m.words), "call": m.danger.call, "verified": m.danger.verified}
                for m in one.marked
            ],
        }
        for one in risks.waiting(by=by)
    ]  # fmt: skip
    return {"edition": danger.load().edition, "risks": rows}


@router.post("/cases/{number}/attended", summary="The desk has acted on a danger")
def attended(request: HttpRequest, response: HttpResponse, number: str, payload: AttendedIn) -> dict[str, Any]:
    """Say that somebody was called or sent, or that it was no danger: the mark is gone."""
    return press(request, response, number, attending.attend, is_danger=payload.is_danger)

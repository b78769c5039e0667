"""Which report belongs to which case, and ends that are asked for (spec 10 §§4, 16)."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from jishi.cases.actions import handling, merging, withdrawing
from jishi.cases.queries import belonging, listing
from jishi.cases.rest.edge import case_id_of, moved, router
from jishi.cases.shapes import AbsorbIn, MemberIn, SplitIn, TerminateIn, WordsIn, version_seen
from jishi.foundation.refusals import Invalid


def _who(request: HttpRequest) -> dict[str, Any]:
    return {"by": request.actor, "now": timezone.now(), "version": version_seen(request)}  # type: ignore[attr-defined]


@router.post("/cases/{number}/absorb", summary="Merge into another case")
def absorb(request: HttpRequest, response: HttpResponse, number: str, payload: AbsorbIn) -> dict[str, Any]:
    """Merge the case into another; answers with this one, which says where it lives on."""
    who = _who(request)
    into = case_id_of(request, payload.into)
    merging.absorb(case_id_of(request, number), into=into, why=payload.words, **who)
    return moved(request, response, number)


@router.post("/cases/{number}/restore", summary="Undo a merge")
def restore(request: HttpRequest, response: HttpResponse, number: str, payload: WordsIn) -> dict[str, Any]:
    """Undo the merge of the case; its reports that are still there come back."""
    who = _who(request)
    merging.restore(case_id_of(request, number), why=payload.words, **who)
    return moved(request, response, number)


@router.post("/cases/{number}/join", summary="Let a report belong to it too")
def join(request: HttpRequest, response: HttpResponse, number: str, payload: MemberIn) -> dict[str, Any]:
    """Let one more report belong to the case."""
    who = _who(request)
    report = listing.report_id_of(payload.report, by=who["by"])
    merging.join(case_id_of(request, number), report_id=report, why=payload.words, **who)
    return moved(request, response, number)


@router.post("/cases/{number}/leave", summary="Take a report out")
def leave(request: HttpRequest, response: HttpResponse, number: str, payload: MemberIn) -> dict[str, Any]:
    """Take one report out; answers with the case to which it belongs now."""
    who = _who(request)
    report = listing.report_id_of(payload.report, by=who["by"])
    tenant_code = request.tenant.code  # type: ignore[attr-defined]
    to = merging.leave(
        case_id_of(request, number), report_id=report, why=payload.words, tenant_code=tenant_code, **who
    )
    return moved(request, response, to.number)


@router.post("/cases/{number}/community", summary="Keep it without a caller")
def community(request: HttpRequest, response: HttpResponse, number: str, payload: WordsIn) -> dict[str, Any]:
    """Keep the case as one that no caller owns, with a reason."""
    who = _who(request)
    merging.keep_as_community(case_id_of(request, number), why=payload.words, **who)
    return moved(request, response, number)


@router.get("/cases/{number}/reports", summary="Who belonged to it, and when")
def reports(request: HttpRequest, number: str) -> list[dict[str, Any]]:
    """Give every stay of a report in the case, also those that a merge has ended; a caller sees his own."""
    return belonging.told(number, by=request.actor)  # type: ignore[attr-defined]


@router.post("/reports/{number}/split", summary="One report, several cases")
def split(request: HttpRequest, number: str, payload: SplitIn) -> list[dict[str, Any]]:
    """Let one report belong to several cases by its parts; If-Match is the version of the report."""
    who = _who(request)
    report = listing.report_id_of(number, by=who["by"])
    case = belonging.case_to_split(report, payload.case, by=who["by"])
    parts = [merging.Part(p.text, p.matter) for p in payload.parts]
    tenant_code = request.tenant.code  # type: ignore[attr-defined]
    cases = merging.split(report, case_id=case, parts=parts, tenant_code=tenant_code, **who)
    return [listing.one(c.number, by=who["by"]) for c in cases]


@router.post("/reports/{number}/withdraw", summary="Withdraw a report")
def withdraw(request: HttpRequest, number: str, payload: WordsIn) -> dict[str, Any]:
    """Withdraw what one said; If-Match is the version of the report."""
    who = _who(request)
    report = listing.report_id_of(number, by=who["by"])
    tenant_code = request.tenant.code  # type: ignore[attr-defined]
    withdrawing.withdraw(report, why=payload.words, tenant_code=tenant_code, **who)
    return listing.report(number, by=who["by"])


@router.post("/cases/{number}/terminate", summary="Ask to end it, or decide on that")
def terminate(request: HttpRequest, response: HttpResponse, number: str, payload: TerminateIn) -> dict[str, Any]:
    """The lead asks that the case ends because the caller refuses what is needed; a supervisor decides."""
    who, case_id = _who(request), case_id_of(request, number)
    if payload.verdict == "approved":
        handling.terminate(case_id, **who)
    elif payload.verdict == "denied":
        handling.deny_termination(case_id, why=payload.words, **who)
    elif payload.verdict == "":
        needed, told = payload.what_was_needed, payload.told_caller
        handling.ask_termination(case_id, what_was_needed=needed, told_caller=told, **who)
    else:
        raise Invalid(detail="verdict: approved | denied")
    return moved(request, response, number)

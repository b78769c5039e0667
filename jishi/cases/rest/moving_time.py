"""The API of time that moves and of people who push: asked by one person, decided by another (spec 10 §16).

If-Match is the version of the case.
"""

from collections.abc import Callable
from typing import Annotated, Any

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from ninja import Query

from jishi.cases.actions import banking, clocks, exclusion, supervision, urging
from jishi.cases.models import Exclusion
from jishi.cases.queries import exclusions
from jishi.cases.rest.edge import case_id_of, moved, press, router
from jishi.cases.shapes import (
    BankIn,
    ExclusionIn,
    ExtensionIn,
    PauseIn,
    SupervisionIn,
    VerdictIn,
    WordsIn,
    version_seen,
)
from jishi.foundation.refusals import NotFound

AfterClock = Annotated[int, Query(ge=0, lt=2**63)]  # the last clock that was looked at


# --- suspension --------------------------------------------------------------------------------------------


@router.post("/cases/{number}/suspend", summary="Ask that time stands still")
def ask_suspension(request: HttpRequest, response: HttpResponse, number: str, payload: PauseIn) -> dict[str, Any]:
    """Ask for a suspension: ground, evidence, until when, what the caller is told."""
    what = clocks.Pause(payload.ground, payload.words, payload.until, payload.told_caller, payload.evidence)
    return press(request, response, number, clocks.ask_suspension, what=what)


@router.post("/cases/{number}/suspend/approve", summary="Suspend")
def suspend(request: HttpRequest, response: HttpResponse, number: str) -> dict[str, Any]:
    """Agree to the suspension that was asked for."""
    return press(request, response, number, clocks.suspend)


@router.post("/cases/{number}/suspend/deny", summary="Deny a suspension")
def deny_suspension(request: HttpRequest, response: HttpResponse, number: str, payload: WordsIn) -> dict[str, Any]:
    """Deny the suspension, with a reason."""
    return press(request, response, number, clocks.deny_suspension, why=payload.words)


@router.post("/cases/{number}/resume", summary="Let time run on")
def resume(request: HttpRequest, response: HttpResponse, number: str, payload: WordsIn) -> dict[str, Any]:
    """End a suspension before its day."""
    return press(request, response, number, clocks.resume, words=payload.words)


# --- extension ---------------------------------------------------------------------------------------------


@router.post("/cases/{number}/extend", summary="Ask for more time")
def ask_extension(request: HttpRequest, response: HttpResponse, number: str, payload: ExtensionIn) -> dict[str, Any]:
    """Ask for more working days; the reason is what the caller reads."""
    return press(request, response, number, clocks.ask_extension, **payload.dict())


@router.post("/cases/{number}/extend/approve", summary="Extend")
def extend(request: HttpRequest, response: HttpResponse, number: str) -> dict[str, Any]:
    """Agree to more time, counted from the old expiry."""
    return press(request, response, number, clocks.extend)


@router.post("/cases/{number}/extend/deny", summary="Deny more time")
def deny_extension(request: HttpRequest, response: HttpResponse, number: str, payload: WordsIn) -> dict[str, Any]:
    """Deny more time, with a reason."""
    return press(request, response, number, clocks.deny_extension, why=payload.words)


@router.get("/clocks/recompute", summary="What a new calendar would move")
def preview(request: HttpRequest, after: AfterClock = 0) -> dict[str, Any]:
    """Say which running clocks would move by the calendars of today; nothing is stored. `after` goes on, null ends."""
    rows, more = clocks.preview(after=after, by=request.actor, now=timezone.now())  # type: ignore[attr-defined]
    return {
        "clocks": [
            {"case": one.clock.case.number, "kind": one.clock.kind, "calendar": one.clock.calendar,
             "due_from": one.due_from.isoformat() if one.due_from else None,
             "due": one.due.isoformat() if one.due else None}
            for one in rows
        ],
        "after": more,
    }  # fmt: skip


@router.post("/clocks/recompute", summary="Count running clocks on the calendars of today")
def recompute(request: HttpRequest, after: AfterClock = 0) -> dict[str, int | None]:
    """Count running clocks again, a thousand a call; a day never moves against whom it was promised to.

    Go on with `after` of the answer until it is null. A call that is repeated moves nothing more.
    """
    done = clocks.recompute(after=after, by=request.actor, now=timezone.now())  # type: ignore[attr-defined]
    return {"moved": done.moved, "after": done.after}


# --- banking -----------------------------------------------------------------------------------------------


@router.post("/cases/{number}/bank", summary="Ask to put a case aside")
def ask_banking(request: HttpRequest, response: HttpResponse, number: str, payload: BankIn) -> dict[str, Any]:
    """Ask to bank: why it cannot be solved, what it waits for, what the caller is told, when it is looked at."""
    what = banking.Wanted(**payload.dict())
    return press(request, response, number, banking.ask, what=what)


@router.post("/cases/{number}/bank/approve", summary="Bank")
def bank(request: HttpRequest, response: HttpResponse, number: str) -> dict[str, Any]:
    """Agree to bank the case."""
    return press(request, response, number, banking.bank)


@router.post("/cases/{number}/bank/deny", summary="Deny banking")
def deny_banking(request: HttpRequest, response: HttpResponse, number: str, payload: WordsIn) -> dict[str, Any]:
    """Deny banking, with a reason."""
    return press(request, response, number, banking.deny, why=payload.words)


@router.post("/cases/{number}/bank/came-true", summary="What it waited for has come true")
def came_true(request: HttpRequest, response: HttpResponse, number: str, payload: WordsIn) -> dict[str, Any]:
    """Say that the condition of a banked case has come true."""
    return press(request, response, number, banking.note_came_true, words=payload.words)


@router.post("/cases/{number}/take-up", summary="Take a banked case up again")
def take_up(request: HttpRequest, response: HttpResponse, number: str, payload: WordsIn) -> dict[str, Any]:
    """Take up a banked case before its day."""
    return press(request, response, number, banking.take_up, words=payload.words)


# --- people who push ---------------------------------------------------------------------------------------


@router.post("/cases/{number}/urgings", summary="Urge")
def urge(request: HttpRequest, response: HttpResponse, number: str, payload: WordsIn) -> dict[str, Any]:
    """Say a sentence to the holder; nothing moves."""
    return press(request, response, number, urging.urge, words=payload.words)


@router.post("/cases/{number}/supervisions", summary="Supervise")
def supervise(request: HttpRequest, response: HttpResponse, number: str, payload: SupervisionIn) -> dict[str, Any]:
    """Open a supervision; the body has two working days to answer."""
    given = {"ground": payload.ground, "demand": payload.demand}
    return press(request, response, number, supervision.open_, **given)


@router.post("/cases/{number}/supervisions/answer", summary="Answer a supervision")
def answer(request: HttpRequest, response: HttpResponse, number: str, payload: WordsIn) -> dict[str, Any]:
    """Answer for the supervised body."""
    return press(request, response, number, supervision.answer, text=payload.words)


@router.post("/cases/{number}/supervisions/lift", summary="Lift a supervision")
def lift(request: HttpRequest, response: HttpResponse, number: str, payload: WordsIn) -> dict[str, Any]:
    """Lift it, by the same supervisor."""
    return press(request, response, number, supervision.lift, why=payload.words)


@router.post("/cases/{number}/supervisions/open-again", summary="Ask again")
def open_again(request: HttpRequest, response: HttpResponse, number: str, payload: WordsIn) -> dict[str, Any]:
    """Open it again, naming what is missing."""
    return press(request, response, number, supervision.open_again, missing=payload.words)


# --- exclusions --------------------------------------------------------------------------------------------


@router.post("/cases/{number}/exclusions", summary="Ask for an exclusion")
def ask_exclusion(request: HttpRequest, response: HttpResponse, number: str, payload: ExclusionIn) -> dict[str, Any]:
    """Ask that one caller's case is left out of rates."""
    what = exclusion.Wanted(**payload.dict())
    return press(request, response, number, exclusion.ask, what=what)


@router.post("/cases/{number}/exclusions/{row}/decide", summary="Decide on an exclusion")
def decide(
    request: HttpRequest, response: HttpResponse, number: str, row: int, payload: VerdictIn
) -> dict[str, Any]:
    """Grant it or not, with reasons."""
    return _of_exclusion(request, response, number, row, exclusion.decide, verdict=payload.verdict, why=payload.why)


@router.post("/cases/{number}/exclusions/{row}/revoke", summary="Revoke an exclusion")
def revoke(request: HttpRequest, response: HttpResponse, number: str, row: int, payload: WordsIn) -> dict[str, Any]:
    """Let the case count again."""
    return _of_exclusion(request, response, number, row, exclusion.revoke, why=payload.words)


@router.get("/exclusions/counts", summary="Exclusions by body and ground")
def counts(request: HttpRequest) -> list[dict[str, Any]]:
    """Count requests, grants, refusals and revocations by body and ground: open to everybody."""
    rows = exclusions.counts(by=request.actor)  # type: ignore[attr-defined]
    return [
        {"body": r.body, "ground": r.ground, "name": r.name.zh, "asked": r.asked, "granted": r.granted,
         "denied": r.denied, "revoked": r.revoked}
        for r in rows
    ]  # fmt: skip


def _of_exclusion(
    request: HttpRequest, response: HttpResponse, number: str, row: int, verb: Callable[..., Any], **given: Any
) -> dict[str, Any]:
    version, case_id = version_seen(request), case_id_of(request, number)
    if not (0 < row < 2**63 and Exclusion.objects.filter(id=row, case=case_id).exists()):
        raise NotFound
    verb(row, by=request.actor, now=timezone.now(), version=version, **given)  # type: ignore[attr-defined]
    return moved(request, response, number)

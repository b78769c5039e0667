"""How good the guesses are, for programs: no key is asked; editions of the model, for those who keep them (§11)."""

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest
from django.utils import timezone

from jishi.cases.actions import learning, taking
from jishi.cases.queries import listing, models_compared, quality
from jishi.cases.rest.edge import router
from jishi.cases.shapes import TakenIn, version_seen
from jishi.foundation.refusals import NotAllowed


@router.get("/quality", summary="What the classifier learned from and how good every stage is")
def get_quality(request: HttpRequest) -> dict[str, Any]:
    """Give each model edition that answers or has answered, and the newest published figures of every stage."""
    tenant: int = request.tenant.id  # type: ignore[attr-defined]
    found = quality.editions(tenant_id=tenant, lang="zh")
    return {"models": [quality.as_json(told) for told in found], "figures": quality.newest(tenant_id=tenant)}


@router.get("/models", summary="Editions of the model, old against new")
def list_models(request: HttpRequest) -> dict[str, Any]:
    """Give every edition with its card, what it answered in the shadow, and the weeks that passed a limit."""
    by = _keeper(request)
    found = models_compared.editions(by=by, now=timezone.now(), lang="zh")
    return {"models": [models_compared.as_json(one) for one in found], "drift": models_compared.drift(by=by, lang="zh")}


@router.post("/models/{number}/shadow", summary="Let an edition answer beside the one in force, unseen")
def shadow(request: HttpRequest, number: int) -> dict[str, Any]:
    """Let an edition answer in the shadow."""
    return _done(request, number, learning.shadow)


@router.post("/models/{number}/adopt", summary="Let an edition answer")
def adopt(request: HttpRequest, number: int) -> dict[str, Any]:
    """Let an edition answer from now on."""
    return _done(request, number, learning.adopt)


@router.post("/models/{number}/return", summary="Let the former edition answer again")
def give_back(request: HttpRequest, number: int) -> dict[str, Any]:
    """Give back the edition in force, by its number."""
    return _done(request, number, learning.give_back)


@router.post("/reports/{number}/suggestions/{stage}", summary="A suggestion was taken, or changed")
def take(request: HttpRequest, number: str, stage: str, payload: TakenIn) -> dict[str, Any]:
    """Keep what became of a suggestion; If-Match is the version of the case."""
    actor = request.actor  # type: ignore[attr-defined]
    report, version = listing.report_id_of(number, by=actor), version_seen(request)
    made = taking.take(report, stage=stage, value=payload.value, by=actor, now=timezone.now(), version=version)
    return {"stage": stage, "taken": made.taken, "changed_to": made.changed_to}


def _keeper(request: HttpRequest) -> Any:
    by = request.actor  # type: ignore[attr-defined]
    if not models_compared.may_see(by):
        raise NotAllowed
    return by


def _done(request: HttpRequest, number: int, verb: Callable[..., Any]) -> dict[str, Any]:
    by, now = _keeper(request), timezone.now()
    verb(number, by=by, now=now)
    found = models_compared.editions(by=by, now=now, lang="zh")
    return next(models_compared.as_json(one) for one in found if one.number == number)

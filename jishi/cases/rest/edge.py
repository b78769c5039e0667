"""What every route of this room asks of its request, and how a move is answered."""

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from ninja import Router

from jishi.cases.queries import listing
from jishi.cases.shapes import version_seen
from jishi.foundation.refusals import Invalid

router = Router(tags=["cases"])


def case_id_of(request: HttpRequest, number: str) -> int:
    """Give the id of a case that this actor may see. :raises NotFound: none."""
    return listing.id_of(number, by=request.actor)  # type: ignore[attr-defined]


def ensure_known(request: HttpRequest, *names: str) -> None:
    """Refuse a question with names that this list does not know: who filters by one would believe the answer.

    :raises Invalid: which names.
    """
    if foreign := sorted(set(request.GET) - set(names)):
        fields = [f"{name[:40]}: unknown name" for name in foreign[:10]]
        raise Invalid(detail="; ".join(fields), fields=fields)


def moved(request: HttpRequest, response: HttpResponse, number: str) -> dict[str, Any]:
    """Answer a move with the case as it is now."""
    page = listing.one(number, by=request.actor)  # type: ignore[attr-defined]
    response["ETag"] = f'"{page["version"]}"'
    return page


def press(
    request: HttpRequest, response: HttpResponse, number: str, verb: Callable[..., Any], **given: Any
) -> dict[str, Any]:
    """Do one verb on a case at the version that was seen, and answer with the case as it is then.

    :raises PreconditionMissing: no version (428). :raises NotFound: no such case. Refusals of the verb as they are.
    """
    version, case_id = version_seen(request), case_id_of(request, number)
    verb(case_id, by=request.actor, now=timezone.now(), version=version, **given)  # type: ignore[attr-defined]
    return moved(request, response, number)

"""What every route of this room asks of its request, and how a move is answered."""

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from ninja import Router

from jishi.cases.queries import listing
from jishi.cases.shapes import version_seen

router = Router(tags=["cases"])


def case_id_of(request: HttpRequest, number: str) -> int:
    """Give the id of a case that this actor may see. :raises NotFound: none."""
    return listing.id_of(number, by=request.actor)  # type: ignore[attr-defined]


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

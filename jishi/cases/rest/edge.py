"""What every route of this room asks of its request, and how a move is answered."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from ninja import Router

from jishi.cases.queries import listing

router = Router(tags=["cases"])


def case_id_of(request: HttpRequest, number: str) -> int:
    """Give the id of a case that this actor may see. :raises NotFound: none."""
    return listing.id_of(number, by=request.actor)  # type: ignore[attr-defined]


def moved(request: HttpRequest, response: HttpResponse, number: str) -> dict[str, Any]:
    """Answer a move with the case as it is now."""
    page = listing.one(number, by=request.actor)  # type: ignore[attr-defined]
    response["ETag"] = f'"{page["version"]}"'
    return page

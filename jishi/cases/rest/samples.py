"""The daily draw of whom the feedback body calls, for whoever draws it again (spec 10 §§9, 16)."""

from datetime import date
from typing import Any

from django.http import HttpRequest

from jishi.cases.actions import sampling
from jishi.cases.rest.edge import router


@router.get("/feedback/samples/{day}", summary="Whom the feedback body calls, and how to draw it again")
def sample(request: HttpRequest, day: date) -> dict[str, Any]:
    """Give the two parts of the seed, the share, the hashed list of that day, and who was drawn.

    `seed` is SHA-256 of "seed", NUL, head, NUL, value; `commitment` of "commit", NUL, value. Each id's number is
    SHA-256 of seed, NUL, id; the lowest are drawn, the share rounded up. `jishi sample FILE` does it.
    """
    return dict(sampling.published(day))

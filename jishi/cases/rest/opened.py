"""Public cases for programs: no key is asked, nobody is named (spec 10 §16 `GET /public/cases`)."""

from datetime import datetime
from typing import Any

from django.http import HttpRequest
from django.utils.translation import get_language
from pydantic import AwareDatetime

from jishi.cases.queries import opendata
from jishi.cases.queries.public import Wanted
from jishi.cases.rest.edge import router
from jishi.foundation.refusals import Invalid


@router.get("/public/cases", summary="Public cases, in minimised words")
def public_cases(
    request: HttpRequest,
    matter: str = "",
    status: str = "",
    since: AwareDatetime | None = None,
    until: AwareDatetime | None = None,
    after: str = "",
    limit: int = 50,
) -> dict[str, Any]:
    """List public cases by the reports they hold, newest first, keyset paging; `status` is open or closed."""
    if status not in ("", "open", "closed"):
        raise Invalid(detail=f"status: {status}")
    wanted = Wanted(
        matters=(matter,) if matter else (), status=frozenset({status}) if status else frozenset(),
        since=_sound(since), until=_sound(until),
    )  # fmt: skip
    lang = "en" if (get_language() or "").startswith("en") else "zh"
    size = min(max(limit, 1), 200)
    return opendata.page(wanted, tenant_id=request.tenant.id, after=after, limit=size, lang=lang)  # type: ignore[attr-defined]


def _sound(moment: datetime | None) -> datetime | None:
    """A moment that no database column holds bounds nothing that is stored."""
    return moment if moment is None or 1900 < moment.year < 3000 else None

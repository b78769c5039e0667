"""The API of one's own: what the signed-in reporter has said, and how far each is (spec 10 §16). Nobody else's list."""

from dataclasses import asdict
from typing import Any

from django.http import HttpRequest
from django.utils import translation

from jishi.cases.queries import resident
from jishi.cases.rest.edge import router
from jishi.foundation.refusals import NotAllowed


@router.get("/my/reports", summary="What I have said")
def my_reports(request: HttpRequest) -> list[dict[str, Any]]:
    """Give the reports of the signed-in resident, newest first, with where each stands; there is no list by person."""
    by = request.actor  # type: ignore[attr-defined]
    if by.kind not in ("resident", "reporter"):
        raise NotAllowed(why="这一份只给说的人自己看。")
    lang = translation.get_language() or "zh"
    rows = resident.mine(resident.own_ids(by), tenant_id=by.tenant_id, lang=lang)
    return [{name: value for name, value in asdict(row).items() if name != "report_id"} for row in rows]

"""The API of hot topics (spec 12 §11): for programs of the desks, minimised words only."""

from datetime import datetime
from typing import Any

from django.http import HttpRequest
from django.utils import timezone

from jishi.cases.queries import clusters
from jishi.cases.rest.edge import router
from jishi.foundation.refusals import Invalid


@router.get("/clusters", summary="Hot topics")
def listed(request: HttpRequest, grid: str = "", since: datetime | None = None) -> dict[str, Any]:
    """Give what several people write about these days, the hottest first: of one grid, with a word since a moment."""
    if since is not None and since.tzinfo is None:
        raise Invalid(detail="since: a moment with its offset")
    rows = clusters.listed(by=request.actor, now=timezone.now(), grid=grid, since=since)  # type: ignore[attr-defined]
    return {"clusters": [_written(told) for told in rows]}


def _written(told: clusters.OneCluster) -> dict[str, Any]:
    row = told.row
    return {
        "id": row.id, "title": row.title, "matter": row.matter, "entity": row.entity or None, "words": row.words,
        "state": row.state, "trend": row.trend, "heat": round(row.heat, 3),
        "novelty": None if row.novelty is None else round(row.novelty, 3), "reports": row.reports_count,
        "places": row.places_count, "first_at": row.first_at, "last_at": row.last_at, "hot_at": row.hot_at,
        "hull": clusters.hull_of(row), "case": row.case.number if row.case is not None else None,
        "body": told.body or None, "made_at": row.made_at,
    }  # fmt: skip

"""How good the guesses are, for programs: no key is asked (spec 12 §11)."""

from typing import Any

from django.http import HttpRequest

from jishi.cases.queries import quality
from jishi.cases.rest.edge import router


@router.get("/quality", summary="What the classifier learned from and how good it is")
def get_quality(request: HttpRequest) -> dict[str, Any]:
    """Give each model edition that answers or has answered: period, cases by matter, figures, hash."""
    found = quality.editions(tenant_id=request.tenant.id, lang="zh")  # type: ignore[attr-defined]
    return {"models": [quality.as_json(told) for told in found]}

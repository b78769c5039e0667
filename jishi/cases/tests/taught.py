"""An edition that the desk's own past has taught: learned once in a process, the same row for whoever only uses it."""

from datetime import date
from typing import Any

from conftest import MONDAY_TEN, TOWN
from jishi.cases.actions import history, learning
from jishi.cases.models import ModelEdition
from jishi.cases.tests import factories as f
from jishi.foundation import scope
from jishi.foundation.actor import Actor, system
from jishi.portal import founding
from jishi.portal.demo import past_cases
from jishi.portal.demo import town as drawn

TODAY = date(2026, 3, 9)
_KEPT: dict[str, Any] = {}


def keeper(town: int) -> Actor:
    return f.staff(town, "office", account=41, body="ldxz")


def remembered(town: int, count: int = 210) -> list[Any]:
    """Past lives of the town, closed, with the matter that people settled on."""
    by = system(town)
    past = [c for c in past_cases(2 * count, seed=12, today=TODAY) if c.status == "closed"][:count]
    with scope.work(by):
        known = founding.Known(drawn(), day=TODAY)
        history.take_in([known.life(c, prefix="L") for c in past], by=by, now=MONDAY_TEN, tenant_code=TOWN)
    return past


def learnt(town: int) -> ModelEdition:
    """Learn from that past, through the verb."""
    remembered(town)
    row = f.do(keeper(town), learning.learn, now=MONDAY_TEN)
    told = ("kind", "number", "made_at", "arrays", "made_from", "sha256", "card")
    _KEPT.update({name: getattr(row, name) for name in told})
    return row


def edition(town: int, **values: Any) -> ModelEdition:
    """Lay the row that was learned, or one that differs from it so; the past of the town is not there."""
    if not _KEPT:
        learnt(town)
        if not values:
            with scope.work(system(town)):
                return ModelEdition.objects.get()
    with scope.work(system(town)):
        return ModelEdition.objects.create(tenant_id=town, **{**_KEPT, **values})


def shadowed(town: int, number: int, cases: int = learning.SHADOWED) -> None:
    """As if the edition had answered so many cases unseen."""
    with scope.work(system(town)):
        ModelEdition.objects.filter(number=number).update(shadowed=cases)

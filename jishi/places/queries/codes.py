"""Which grid is meant by a code, ours or another scheme's, and the groups of a community (spec 20 §11)."""

from dataclasses import dataclass
from datetime import date

from django.db.models import Q

from jishi.foundation import scope
from jishi.places import memory
from jishi.places.models import CodeMap, Group
from jishi.places.refusals import WhichScheme
from jishi.places.things import GridRow


@dataclass(frozen=True, slots=True)
class Called:
    """A grid of a day as it was asked for: `scheme` is empty where the code is our own."""

    grid: GridRow
    scheme: str
    code: str


def grid_called(code: str, *, day: date, scheme: str = "") -> Called | None:
    """Give the grid of a day by a code; None where nobody calls a grid in force so.

    :raises WhichScheme: several schemes use the code for different grids, and none was said.
    """
    ground = memory.ground(day)
    own = ground.by_code.get(code)
    if own is not None and not scheme:
        return Called(own, "", code)
    rows = CodeMap.objects.filter(_lasting(day), tenant_id=scope.current().actor.tenant_id, code=code)
    if scheme:
        rows = rows.filter(scheme=scheme)
    found = [(r.scheme, ground.grids[r.grid_id]) for r in rows.order_by("scheme", "id") if r.grid_id in ground.grids]
    if len({grid.id for _, grid in found}) > 1:
        raise WhichScheme(code=code, schemes="、".join(s for s, _ in found))
    return Called(found[0][1], found[0][0], code) if found else None


def codes(*, day: date, grid: str = "", after: int = 0, limit: int = 51) -> list[CodeMap]:
    """List what grids are called elsewhere on a day, by number; of one grid (our code) or of all."""
    rows = CodeMap.objects.filter(_lasting(day), tenant_id=scope.current().actor.tenant_id, id__gt=after)
    if grid:
        rows = rows.filter(grid__code=grid)
    return list(rows.select_related("grid").order_by("id")[:limit])


def groups(community: str, *, day: date) -> list[Group]:
    """List the groups of a community on a day (of all, without one), by code."""
    rows = Group.objects.filter(_lasting(day), tenant_id=scope.current().actor.tenant_id)
    return list((rows.filter(community=community) if community else rows).order_by("code")[:1000])


def _lasting(day: date) -> Q:
    return Q(active_from__lte=day) & (Q(active_to=None) | Q(active_to__gt=day))

"""Counts of work at houses, handed down by the room that did it (spec 20 §10 `workloads.record`)."""

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any

from django.db import transaction

from jishi.foundation import numbers, trail
from jishi.foundation.actor import Actor
from jishi.foundation.refusals import NotAllowed
from jishi.places import memory, workload_rules
from jishi.places.models import Building, Compound, GroundMark, Workload, WorkloadMonth
from jishi.places.queries.workloads import months_on
from jishi.places.refusals import UnknownHouse, WorkloadDoesNotFit
from jishi.places.shapes import E7

NOUNS: dict[str, Any] = {"b": Building, "c": Compound}
MOST = 10_000_000  # of one house in one month: more is a slip


@transaction.atomic
def record(
    counts: Mapping[str, int], *, kind: str, period: date, source: str, by: Actor, now: datetime
) -> int:
    """This will write down, by house (b12 a building, c7 a compound), how many matters of a kind a month had; gives how
    many houses. A month that is written, of no house too, stays as it is: a later call writes nothing.

    :raises NotAllowed: a person; nobody fills these in. :raises WorkloadDoesNotFit: a kind that is not counted, no
    first day of a month, a count that is negative or not whole. :raises UnknownHouse: of no house of this town.
    """
    if by.kind not in ("clock", "system"):
        raise NotAllowed(why="工作量由平台从办过的事里算，不由人填。")
    _ensure_fits(counts, kind, period)
    known = _known(counts, by)
    list(GroundMark.objects.select_for_update().filter(tenant_id=by.tenant_id))  # one after the other
    if WorkloadMonth.objects.filter(tenant_id=by.tenant_id, kind=kind, period=period).exists():
        return 0
    grids = _grids(known, months_on(period, 1) - timedelta(days=1))
    made = Workload.objects.bulk_create(
        Workload(
            tenant_id=by.tenant_id, building_id=int(house[1:]) if house[0] == "b" else None,
            compound_id=int(house[1:]) if house[0] == "c" else None, grid_id=grids.get(house), kind=kind,
            period=period, value=value, source=source[:40],
        )
        for house, value in sorted(counts.items()) if value
    )  # fmt: skip
    WorkloadMonth.objects.create(tenant_id=by.tenant_id, kind=kind, period=period, houses=len(made))
    codes = {"kind": kind, "period": period.isoformat(), "houses": len(made), "source": source[:40],
             "rules": workload_rules.load().label}  # fmt: skip
    trail.record("workloads.recorded", ("tenant", by.tenant_id), by=by, at=now, codes=codes)
    return len(made)


def _ensure_fits(counts: Mapping[str, int], kind: str, period: date) -> None:
    if kind not in workload_rules.load().kinds:
        raise WorkloadDoesNotFit(what=f"kind {kind[:20]}")
    if period.day != 1:
        raise WorkloadDoesNotFit(what=f"period {period}")
    for house, value in counts.items():
        if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= MOST:
            raise WorkloadDoesNotFit(what=f"{house[:20]} {str(value)[:20]}")


def _known(counts: Mapping[str, int], by: Actor) -> dict[str, tuple[float, float]]:
    """Give those that are houses of this town, with their degrees."""
    found: dict[str, tuple[float, float]] = {}
    for letter, model in NOUNS.items():
        ids = [int(house[1:]) for house in counts if house[:1] == letter and numbers.names_a_row(house[1:])]
        rows = model.objects.filter(tenant_id=by.tenant_id, id__in=ids).values_list("id", "lng_e7", "lat_e7")
        found |= {f"{letter}{row}": (lng / E7, lat / E7) for row, lng, lat in rows}
    for house in counts:
        if house not in found:
            raise UnknownHouse(house=house[:20])
    return found


def _grids(houses: Mapping[str, tuple[float, float]], day: date) -> dict[str, int]:
    """Give the grid in which each stood on a day; one that is wholly a member of another grid stands in that one."""
    ground = memory.ground(day)
    if not houses or not ground.by_code:
        return {}
    at = ground.index.locate([p[0] for p in houses.values()], [p[1] for p in houses.values()]).grid
    found = {h: ground.by_code[ground.index.codes[i]].id for h, i in zip(houses, at, strict=True) if i >= 0}
    for house in houses:
        own, _why = ground.of_floor(int(house[1:]), None) if house[0] == "b" else (None, "")
        if own is not None:
            found[house] = own.id
    return found

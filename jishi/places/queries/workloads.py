"""Looking at workloads: of a grid by quarter, of houses for the planner, and at which house a place lies.

Shown to the public is a grid's sum over a whole quarter whose three months are counted, and never one below five: no
month, no house, no sliding sum, so that no two figures that are shown give a third one away by their difference.
Offices that plan see sliding sums of the grids of a plan, and of a tried move nothing from which a small one follows.
"""

from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import numpy as np
from django.db.models import Q, Sum

from jishi.foundation import scope
from jishi.places import memory, workload_rules
from jishi.places.models import Building, Compound, PlanGrid, Workload, WorkloadMonth
from jishi.places.queries.houses import _standing
from jishi.places.shapes import E7

QUARTERS = 4
MOST_POINTS = 4_000_000  # distances held at once


@dataclass(frozen=True, slots=True)
class GridLoad:
    """One figure: a grid, a quarter from its first day until the first of the next, a kind. `value` None: below five,
    and nobody is told how much."""

    grid: str
    since: date
    until: date
    kind: str
    zh: str
    en: str
    value: int | None

    @property
    def label(self) -> str:
        """Write the figure as it may be shown."""
        return workload_rules.said(self.value)

    @property
    def quarter(self) -> int:
        """Give which of the four."""
        return (self.since.month + 2) // 3


def workloads_of_grids(codes: Sequence[str], *, day: date) -> list[GridLoad]:
    """Give the whole quarters before a day, at most four, latest first, of these grids: those whose every month is
    counted for every kind, none from before the town's first figure. Two statements."""
    tenant, rules = scope.current().actor.tenant_id, workload_rules.load()
    marks = WorkloadMonth.objects.filter(tenant_id=tenant).values_list("kind", "period", "houses")
    closed = {(kind, month): houses for kind, month, houses in marks}
    first = min((month for (_kind, month), houses in closed.items() if houses), default=None)
    wanted = [] if first is None else [q for q in _quarters(day) if q[1] > first and _is_closed(q[0], closed)]
    if not wanted or not codes:
        return []
    held = Workload.objects.filter(tenant_id=tenant, grid__code__in=list(codes),
                                   period__gte=wanted[-1][0], period__lt=wanted[0][1])  # fmt: skip
    sums: dict[tuple[str, date, str], int] = {}
    for code, kind, month, n in held.order_by().values_list("grid__code", "kind", "period").annotate(n=Sum("value")):
        since = date(month.year, (month.month - 1) // 3 * 3 + 1, 1)
        sums[code, since, kind] = sums.get((code, since, kind), 0) + n
    return [
        GridLoad(code, since, until, kind, zh, en, workload_rules.told(sums.get((code, since, kind), 0)))
        for code in codes for since, until in wanted for kind, (zh, en) in rules.kinds.items()
    ]  # fmt: skip


def _is_closed(since: date, closed: Container[tuple[str, date]]) -> bool:
    """Tell whether no month of a quarter can be written any more: one that is shown half gives the rest away later."""
    return all((kind, months_on(since, n)) in closed for kind in workload_rules.load().kinds for n in range(3))


def _quarters(day: date) -> list[tuple[date, date]]:
    """Give quarters that ended long enough ago to be counted, latest first."""
    last = day - timedelta(days=workload_rules.load().days_after)
    until = date(last.year, (last.month - 1) // 3 * 3 + 1, 1)
    found = []
    for _n in range(QUARTERS):
        since = months_on(until, -3)
        found.append((since, until))
        until = since
    return found


def months_on(first: date, n: int) -> date:
    """Give the first day of the month that lies `n` months on."""
    at = first.year * 12 + first.month - 1 + n
    return date(at // 12, at % 12 + 1, 1)


def months_to_count(day: date, kind: str) -> list[date]:
    """Give the whole months, as far back as a plan looks, that ended long enough ago and are not counted yet."""
    rules = workload_rules.load()
    until = (day - timedelta(days=rules.days_after)).replace(day=1)
    months = [months_on(until, -n) for n in range(rules.months, 0, -1)]
    rows = WorkloadMonth.objects.filter(tenant_id=scope.current().actor.tenant_id, kind=kind, period__in=months)
    there = set(rows.values_list("period", flat=True))
    return [m for m in months if m not in there]


def of_units(
    community: str, refs: Sequence[str], of: Sequence[int], households: Any, *, day: date
) -> dict[str, Any]:
    """Give, by kind, what each unit of a plan had in the last whole months before a day. `refs`: houses (b12, c7);
    `of`: the house that each unit is, or is a part of; one of several parts has the share of its households. Kinds
    without any count are not in it. Two statements."""
    of_, homes = np.asarray(of, np.int64), np.asarray(households, np.float64)
    whole = np.bincount(of_, homes, minlength=len(refs))[of_]
    parts = np.bincount(of_, minlength=len(refs))[of_]
    share = np.where((parts > 1) & (whole > 0), homes / np.maximum(whole, 1.0), 1.0 / np.maximum(parts, 1))
    return {kind: (held[of_] * share).astype(np.float32) for kind, held in _of_houses(community, refs, day).items()}


def _of_houses(community: str, refs: Sequence[str], day: date) -> dict[str, Any]:
    """The counts of a compound whose houses became known since are shared out among them."""
    tenant, rules = scope.current().actor.tenant_id, workload_rules.load()
    until = day.replace(day=1)
    place = {ref: n for n, ref in enumerate(refs)}
    houses = [int(ref[1:]) for ref in refs if ref[0] == "b"]
    inside: dict[int, list[int]] = {}
    of = Building.objects.filter(tenant_id=tenant, compound__community=community, id__in=houses)
    for house, compound in of.values_list("id", "compound_id"):
        inside.setdefault(compound or 0, []).append(place[f"b{house}"])
    rows = Workload.objects.filter(
        Q(building__in=houses) | Q(compound__community=community), tenant_id=tenant, kind__in=rules.kinds,
        period__gte=months_on(until, -rules.months), period__lt=until,
    ).order_by().values_list("kind", "building", "compound").annotate(n=Sum("value"))  # fmt: skip
    found: dict[str, Any] = {}
    for kind, building, compound, n in rows:
        own = place.get(f"b{building}", place.get(f"c{compound}"))
        to = [own] if own is not None else inside.get(compound or 0, [])
        for at in to:
            found.setdefault(kind, np.zeros(len(refs)))[at] += n / len(to)
    return found


def as_told(work: Mapping[str, float]) -> dict[str, int | None]:
    """Give sums by kind as they may be shown."""
    return {kind: workload_rules.told(n) for kind, n in sorted(work.items())}


def kinds_in(grids: Sequence[PlanGrid]) -> list[tuple[str, tuple[str, str]]]:
    """Give the kinds that these grids of a plan hold, and put beside each grid its figures as they may be shown."""
    kinds = sorted({kind for g in grids for kind in g.work})
    for grid in grids:
        grid.told = [workload_rules.said(workload_rules.told(grid.work.get(kind, 0))) for kind in kinds]  # type: ignore[attr-defined]
    return [(kind, workload_rules.load().kinds.get(kind, (kind, kind))) for kind in kinds]


@dataclass(frozen=True, slots=True)
class WorkMoved:
    """How much work of a kind a touched grid has before and after; None: below the least that is told. `is_hidden`:
    neither is told of this kind, because a figure below the least would follow from them."""

    grid: str
    kind: str
    before: int | None
    after: int | None
    is_hidden: bool = False

    @property
    def labels(self) -> tuple[str, str]:
        """Write both as they may be shown."""
        return workload_rules.said(self.before), workload_rules.said(self.after)

    @property
    def least(self) -> int:
        """Give below how many a figure is not told."""
        return workload_rules.load().least

    @property
    def names(self) -> tuple[str, str]:
        """Give what the kind is called, zh and en."""
        return workload_rules.load().kinds.get(self.kind, (self.kind, self.kind))


def moved(problem: Any, before: Any, after: Any, codes: Mapping[int, str]) -> tuple[WorkMoved, ...]:
    """Give the work of some grids of a plan before and after a move; of a kind whose figures would give away one below
    the least, those of no grid: what one grid loses the others win."""
    found = []
    for kind, soft in sorted(problem.workloads.items()):
        values = np.asarray(soft.values, np.float64)
        sums = [(code, float(values[before == g].sum()), float(values[after == g].sum())) for g, code in codes.items()]
        hidden = _gives_away([(a, b) for _code, a, b in sums])
        told = (lambda n: None) if hidden else workload_rules.told
        found += [WorkMoved(code, kind, told(a), told(b), hidden) for code, a, b in sums]
    return tuple(found)


def _gives_away(sums: Sequence[tuple[float, float]]) -> bool:
    """Tell whether a small figure follows from some sums before and after: a small difference is what the moved house
    had; a small sum is the difference, which the other grid shows, away from the larger one."""
    least = workload_rules.load().least
    apart = [round(abs(b - a), 6) for a, b in sums]
    return any(0 < d < least for d in apart) or (any(apart) and any(min(pair) < least for pair in sums))


def houses_at(points: Sequence[tuple[float, float]], *, day: date) -> list[str]:
    """Give, for degrees in the order asked, the nearest house of the same grid (b12, or c7 where no building of a
    compound is known); '' on no grid, or on one without any house. Two statements whatever the number."""
    ground, tenant = memory.ground(day), scope.current().actor.tenant_id
    if not points or not ground.by_code:
        return [""] * len(points)
    built = Building.objects.filter(_standing(day), tenant_id=tenant).order_by("id")
    houses = [(f"b{row}", lng, lat, compound)
              for row, lng, lat, compound in built.values_list("id", "lng_e7", "lat_e7", "compound_id")]  # fmt: skip
    known = {h[3] for h in houses}
    bare = Compound.objects.filter(_standing(day), tenant_id=tenant).order_by("id")
    houses += [(f"c{row}", lng, lat, row) for row, lng, lat in bare.values_list("id", "lng_e7", "lat_e7")
               if row not in known]  # fmt: skip
    if not houses:
        return [""] * len(points)
    places = np.array([ground.plane.xy(h[1] / E7, h[2] / E7) for h in houses])
    asked = np.array([ground.plane.xy(*p) for p in points])
    stand = np.asarray(ground.index.locate([h[1] / E7 for h in houses], [h[2] / E7 for h in houses]).grid)
    lie = np.asarray(ground.index.locate([p[0] for p in points], [p[1] for p in points]).grid)
    found = [""] * len(points)
    for grid in sorted({int(g) for g in lie if g >= 0}):
        there, mine = np.flatnonzero(stand == grid), np.flatnonzero(lie == grid)
        if not len(there):
            continue
        step = max(1, MOST_POINTS // len(there))
        for some in (mine[i : i + step] for i in range(0, len(mine), step)):
            apart = ((asked[some, None, :] - places[None, there, :]) ** 2).sum(axis=2)
            for row, near in zip(some.tolist(), apart.argmin(axis=1).tolist(), strict=True):
                found[row] = houses[int(there[near])][0]
    return found


def workload_table(code: str, *, day: date) -> list[dict[str, Any]]:
    """Give what a grid had to do quarter by quarter, latest first, as its page shows it."""
    quarters: dict[date, list[GridLoad]] = {}
    for row in workloads_of_grids([code], day=day):
        quarters.setdefault(row.since, []).append(row)
    return [{"year": since.year, "quarter": held[0].quarter, "held": held} for since, held in quarters.items()]

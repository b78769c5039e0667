"""Plans beside each other: a sweep over bands or prices as a table to choose from, and two drafts compared."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from jishi.foundation.actor import Actor
from jishi.foundation.refusals import NotFound
from jishi.kernels import gridplan as planner
from jishi.kernels.dutylist.operators import division_head
from jishi.places import plan_files
from jishi.places.models import PlanGrid, PlanRun, PlanSweep, RunStatus
from jishi.places.policies import ensure_may_plan
from jishi.places.queries import plans
from jishi.places.refusals import NotComparable, RunNotReady


@dataclass(frozen=True, slots=True)
class Line:
    """One run in numbers to choose by; walks in metres, households-weighted."""

    run: PlanRun
    grids: int
    least: int
    most: int
    mean_walk_m: float
    max_walk_m: float

    @property
    def is_done(self) -> bool:
        return self.run.status == RunStatus.DONE

    @property
    def is_legal(self) -> bool:
        return self.is_done and self.run.verdict.startswith("legal")


def sweep(sweep_id: int, *, by: Actor) -> tuple[PlanSweep, list[Line]]:
    """Give a sweep with its runs in numbers, in the order asked; three statements.

    :raises NotFound: there is none. :raises NotAllowed: of another street.
    """
    row = PlanSweep.objects.filter(tenant_id=by.tenant_id, id=sweep_id).first()
    if row is None:
        raise NotFound
    ensure_may_plan(by, row.community)
    runs = PlanRun.objects.filter(tenant_id=by.tenant_id, sweep=row).defer("frozen", "drawn").order_by("id")
    return row, lines(list(runs))


def latest(*, by: Actor, most: int = 10) -> list[tuple[PlanSweep, str]]:
    """Give the last sweeps with the names of their communities."""
    rows = PlanSweep.objects.filter(tenant_id=by.tenant_id, community__startswith=division_head(by.area))
    return [(row, plans.name_of(row.community)) for row in rows.order_by("-id")[:most]]


def lines(runs: Sequence[PlanRun]) -> list[Line]:
    """Give runs in numbers; one statement."""
    grids: dict[int, list[PlanGrid]] = {}
    for grid in PlanGrid.objects.filter(run__in=[r.id for r in runs]).defer("polygon"):
        grids.setdefault(grid.run_id, []).append(grid)
    found = []
    for run in runs:
        its = grids.get(run.id, [])
        homes = [g.households for g in its]
        walked = sum(g.households * g.mean_walk_m for g in its) / max(sum(homes), 1)
        found.append(
            Line(run, len(its), min(homes, default=0), max(homes, default=0), round(walked, 1),
                 max((g.max_walk_m for g in its), default=0.0))
        )  # fmt: skip
    return found


@dataclass(frozen=True, slots=True)
class Differs:
    """One address that two drafts put in different grids."""

    unit: str
    label: str
    households: int
    first: str
    second: str


@dataclass(frozen=True, slots=True)
class Compared:
    """Two drafts of one community: their numbers, what changes from the first to the second, address by address."""

    name: str
    first: Line
    second: Line
    households: int
    opened: tuple[str, ...]
    dissolved: tuple[str, ...]
    rows: tuple[Differs, ...]


def compared(first_id: int, second_id: int, *, by: Actor) -> Compared:
    """Give what differs between two finished runs. A new grid of one is the same as a new grid of the other where they
    have most households in common, whatever their codes.

    :raises NotFound, NotAllowed: of either. :raises RunNotReady: one has not ended.
    :raises NotComparable: of two communities, or of two states of the ground.
    """
    first, second = (plans.run_of(one, by=by) for one in (first_id, second_id))
    if first.status != RunStatus.DONE or second.status != RunStatus.DONE:
        raise RunNotReady
    (frozen, a), (other, b) = plan_files.plan_of(first), plan_files.plan_of(second)
    if first.community != second.community or list(frozen.refs) != list(other.refs):
        raise NotComparable
    named_a, named_b = (plans.codes_of(run.id) for run in (first, second))
    homes = np.asarray(frozen.problem.units.households, np.int64)
    called = _called(a, b, homes, named_a, named_b, set(frozen.codes))
    before = [named_a.get(int(g), "") for g in a.assignment]
    after = [called.get(int(g), named_b.get(int(g), "")) for g in b.assignment]
    rows = tuple(
        Differs(str(frozen.refs[i]), str(frozen.labels[i]), int(homes[i]), x, y)
        for i, (x, y) in enumerate(zip(before, after, strict=True)) if x != y
    )  # fmt: skip
    ways = lines([first, second])
    return Compared(
        plans.name_of(first.community), ways[0], ways[1], sum(r.households for r in rows),
        tuple(sorted(set(after) - set(before))), tuple(sorted(set(before) - set(after))),
        tuple(sorted(rows, key=lambda r: (r.first, r.second, r.label))),
    )  # fmt: skip


def _called(
    a: planner.Plan, b: planner.Plan, homes: object, named_a: dict[int, str], named_b: dict[int, str], kept: set[str]
) -> dict[int, str]:
    """Name the new grids of the second draft as the first names the ground that they share, most households first."""
    shared: Counter[tuple[int, int]] = Counter()
    for x, y, n in zip(a.assignment.tolist(), b.assignment.tolist(), np.asarray(homes).tolist(), strict=True):
        shared[(int(x), int(y))] += int(n)
    called = {g: code for g, code in named_b.items() if code in kept}
    taken = set(called.values())
    for (x, y), _ in sorted(shared.items(), key=lambda one: (-one[1], one[0])):
        code = named_a.get(x, "")
        if y not in called and code and code not in kept and code not in taken:
            called[y] = code
            taken.add(code)
    fresh = {g: code for g, code in named_b.items() if g not in called}
    return called | {g: (code if code not in taken else f"{code}*") for g, code in fresh.items()}

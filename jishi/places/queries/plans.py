"""Looking at plans of grids: what there is to plan, runs and what came out, proposals, objections, exports."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import shapely
from django.db import connection
from django.db.models import Max, Q
from django.db.models.functions import Coalesce

from jishi.foundation.actor import Actor
from jishi.foundation.refusals import NotAllowed, NotFound, SignInNeeded, Stale
from jishi.kernels import gridplan as planner
from jishi.kernels.dutylist.operators import division_head
from jishi.places import memory, plan_files, plan_words, shapes
from jishi.places.models import (
    Barrier,
    Building,
    Compound,
    Crossing,
    DivisionVersion,
    Grid,
    GridEdition,
    GridPlan,
    GridVersion,
    Objection,
    PlanFinding,
    PlanGrid,
    PlanMove,
    PlanRun,
    RunStatus,
)
from jishi.places.plan_files import Frozen, Special
from jishi.places.policies import ensure_may_plan, may_plan
from jishi.places.queries import plan_walks, workloads
from jishi.places.queries.houses import households_of
from jishi.places.refusals import NothingToPlan, RunNotReady, UnknownUnit
from jishi.places.shapes import E7

MOST_KEPT = 16  # runs of which the units are kept in memory
_units: dict[tuple[Any, ...], list[tuple[str, str, str]]] = {}
NEAR_M = 2_000.0  # barriers around a community


@dataclass(frozen=True)
class Houses:
    """Units to be planned: where, how many households, of which compound, in which grid of today."""

    refs: list[str]
    labels: list[str]
    lng: list[float]
    lat: list[float]
    households: list[int]
    compound: list[int]


def units_for_planning(community: str, *, by: Actor) -> Houses:
    """Give buildings with households, and compounds of which no building is known: counted where the doors of all its
    buildings are known, elsewhere the planned number, shared out by units and floors."""
    now = Q(active_to=None)
    rows = Compound.objects.filter(now, tenant_id=by.tenant_id, community=community).order_by("id")
    houses: dict[int, list[Building]] = {}
    for house in Building.objects.filter(now, tenant_id=by.tenant_id, compound__community=community).order_by("id"):
        houses.setdefault(house.compound_id or 0, []).append(house)
    found = Houses([], [], [], [], [], [])
    known = households_of([h.id for inside in houses.values() for h in inside], tenant_id=by.tenant_id)
    for row in rows:
        homes, inside = row.households_planned or 0, houses.get(row.id, [])
        if not inside:
            _add(found, f"c{row.id}", row.name, row, homes, row.id)
            continue
        weights = [(h.units or 1) * (h.floors_up or 1) for h in inside]
        upto = np.cumsum([0, *weights]) * homes // sum(weights)
        shares = [known[h.id] for h in inside] if known.keys() >= {h.id for h in inside} else np.diff(upto).tolist()
        for house, share in zip(inside, shares, strict=True):
            _add(found, f"b{house.id}", f"{row.name}{house.name}", house, share, row.id)
    return found


def _add(found: Houses, ref: str, label: str, row: Any, homes: int, compound: int) -> None:
    found.refs.append(ref)
    found.labels.append(label)
    found.lng.append(row.lng_e7 / E7)
    found.lat.append(row.lat_e7 / E7)
    found.households.append(homes)
    found.compound.append(compound)


def gather(run: PlanRun, *, day: date, by: Actor) -> Frozen:
    """Give everything a run is calculated from, frozen: units, neighbours, barriers, the grids in force.

    :raises NothingToPlan: no household is known. :raises BadInput: by the planner.
    """
    houses = units_for_planning(run.community, by=by)
    if not sum(houses.households):
        raise NothingToPlan(community=run.community)
    now = memory.ground(day)
    special = [g for g in now.by_code.values() if g.community == run.community and g.kind == "special"]
    wkb = DivisionVersion.objects.filter(code=run.community, valid_to=None).values_list("boundary", flat=True).first()
    border = shapes.read(wkb)
    at = [""] * len(houses.refs)
    if now.by_code:
        at = [now.index.codes[i] if i >= 0 else "" for i in now.index.locate(houses.lng, houses.lat).grid]
        at = [c if c and now.by_code[c].community == run.community else "" for c in at]  # a neighbour's grid is none
    served = {g.code for g in special}
    rows = [i for i, code in enumerate(at) if code not in served]
    middle = (float(np.mean(houses.lng)), float(np.mean(houses.lat)))
    plane = shapes.Plane(*middle)
    ground = None
    if border is not None:
        ground = plane.shape(shapely.difference(border, shapely.union_all([shapes.read(g.polygon) for g in special])))
    xy = np.array([plane.xy(houses.lng[i], houses.lat[i]) for i in rows]).reshape(-1, 2)
    which = {c: n for n, c in enumerate(sorted({houses.compound[i] for i in rows}))}
    freed = run.split_compound_id
    atoms = np.array([-1 if houses.compound[i] == freed else which[houses.compound[i]] for i in rows], np.int64)
    points = planner.Points(
        np.array([houses.refs[i] for i in rows]), xy[:, 0], xy[:, 1],
        np.array([houses.households[i] for i in rows], np.int64), atoms=atoms,
    )  # fmt: skip
    walls, gaps = _barriers(plane, ground, by)
    graph = planner.build_graph(points, ground, band=planner.Band(run.lo, run.hi), cap=run.cap, barriers=walls,
                                crossings=gaps)  # fmt: skip
    codes = sorted({at[i] for i in rows} - {""})
    number = {code: n for n, code in enumerate(codes)}
    previous = np.array([number.get(at[rows[i]], -1) for i in graph.of.tolist()], np.int64)
    ways, walk = plan_walks.table(graph.units, plane, day=day, limit_m=run.max_walk_m)
    refs, of = [houses.refs[i] for i in rows], graph.of.tolist()
    problem = plan_files.problem_of(
        run, work=workloads.of_units(run.community, refs, of, graph.units.households, day=day),
        units=graph.units, edges=graph.edges, atoms=graph.atoms, previous=previous if codes else None, walk=walk,
    )  # fmt: skip
    kept = tuple(Special(g.code, g.name, g.special_of, g.owner_ref, bytes(g.polygon)) for g in special)
    labels = np.array([houses.labels[rows[i]] for i in graph.of.tolist()])
    compounds = np.array([houses.compound[rows[i]] for i in graph.of.tolist()], np.int64)
    return Frozen(problem, graph.units.id, labels, compounds, tuple(codes), graph.cells, *middle,
                  bytes(wkb) if wkb is not None else b"", kept, ways)  # fmt: skip


def _barriers(plane: shapes.Plane, ground: Any, by: Actor) -> tuple[list[planner.Barrier], list[planner.Crossing]]:
    rows = list(Barrier.objects.filter(tenant_id=by.tenant_id, active_to=None).order_by("id"))
    near = [(r, plane.shape(shapes.read(r.geometry))) for r in rows]
    near = [(r, s) for r, s in near if ground is None or s.distance(ground) < NEAR_M]
    ids = [r.id for r, _ in near]
    gaps = Crossing.objects.filter(tenant_id=by.tenant_id, active_to=None, barrier__in=ids).order_by("id")
    places = [plane.xy(g.lng_e7 / E7, g.lat_e7 / E7) for g in gaps]
    return [planner.Barrier(s, r.hard) for r, s in near], [planner.Crossing(x, y) for x, y in places]


# --- what there is ---------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class RunPage:
    """One run with its grids, moves and findings; the names of communities beside codes."""

    run: PlanRun
    name: str
    grids: Sequence[PlanGrid]
    moves: Sequence[PlanMove]
    faults: Sequence[PlanFinding]
    exemptions: Sequence[PlanFinding]
    certificates: Sequence[PlanFinding]
    relaxations: Sequence[PlanFinding]
    plan: GridPlan | None = None
    is_chosen: bool = False

    @property
    def kinds(self) -> list[tuple[str, tuple[str, str]]]:
        """Give the kinds of workload that the plan weighed, with what they are called."""
        return workloads.kinds_in(self.grids)

    @property
    def is_adoptable(self) -> bool:
        return self.run.verdict in ("legal", "legal_with_exemptions") and not self.run.faults


def run_of(run_id: int, *, by: Actor) -> PlanRun:
    """Give a run that the actor may see.

    :raises NotFound: there is none. :raises NotAllowed: of another street.
    """
    run = PlanRun.objects.filter(tenant_id=by.tenant_id, id=run_id).first()
    if run is None:
        raise NotFound
    ensure_may_plan(by, run.community)
    return run


def ensure_office(by: Actor) -> None:
    """:raises SignInNeeded: nobody. :raises NotAllowed: any post but an office's; which ground is asked row by row."""
    if by.kind == "anonymous":
        raise SignInNeeded
    if by.kind != "staff" or not by.has("office"):
        raise NotAllowed


def ensure_seen(run: PlanRun, version: int) -> None:
    """:raises Stale: the run has changed since it was looked at."""
    if run.version != version:
        raise Stale(version=run.version, seen=version)


def runs_after(after: int, limit: int, *, community: str, by: Actor) -> list[PlanRun]:
    """Give runs of the actor's area by id; one statement."""
    rows = PlanRun.objects.filter(tenant_id=by.tenant_id, community__startswith=division_head(by.area), id__gt=after)
    rows = rows.filter(community=community) if community else rows
    return list(rows.defer("frozen", "drawn").order_by("id")[:limit])


def sheet_of(run: PlanRun, code: str) -> dict[str, Any]:
    """Give one grid of a finished run in numbers. :raises RunNotReady. :raises NotFound: no such grid."""
    if run.drawn is None:
        raise RunNotReady
    row = PlanGrid.objects.filter(run=run, code=code).first()
    if row is None:
        raise NotFound
    frozen, plan = plan_files.plan_of(run)
    code_of = codes_of(run.id)
    one = next(s for s in planner.sheets(frozen.problem, plan.assignment, ()) if s.grid == row.number)
    return {
        "code": row.code, "name": row.name, "households": one.households, "units": one.units,
        "slack_lo": one.slack_lo, "slack_hi": one.slack_hi, "connected": one.connected,
        "compactness": round(one.polsby_popper, 3), "mean_walk_m": row.mean_walk_m, "max_walk_m": row.max_walk_m,
        "walks": row.walks, "limit_walk_m": run.max_walk_m, "border_m": round(one.border_m, 1),
        "middle": str(frozen.labels[one.anchor]) if one.anchor >= 0 else "", "exempt": row.exempt,
        "work": workloads.as_told(one.workloads),
        "neighbours": [code_of[g] for g in one.neighbours if g in code_of],
    }  # fmt: skip


def page(run_id: int, *, by: Actor) -> RunPage:
    """Give a run with everything that came out."""
    run = run_of(run_id, by=by)
    plan = GridPlan.objects.filter(tenant_id=by.tenant_id, community=run.community).order_by("-id").first()
    return _page(run, plan)


def _page(run: PlanRun, plan: GridPlan | None, most: int | None = None) -> RunPage:
    found: dict[str, list[PlanFinding]] = {}
    for row in PlanFinding.objects.filter(run=run).order_by("kind", Coalesce("price", -1.0), "id"):
        found.setdefault(row.kind, []).append(row)
    return RunPage(
        run, name_of(run.community), list(PlanGrid.objects.filter(run=run).order_by("code")),
        list(PlanMove.objects.filter(run=run).order_by("after_code", "label", "id")[:most]), found.get("fault", ()),
        found.get("exemption", ()), found.get("certificate", ()), found.get("relaxation", ()), plan,
        plan is not None and plan.run_id == run.id,
    )  # fmt: skip


def name_of(community: str) -> str:
    """Give a community's short name, or its code."""
    row = memory.ground(date.max).divisions.get(community)
    return row.short_name if row is not None else community


def communities(*, by: Actor) -> list[tuple[str, str]]:
    """Give (code, short name) of the communities that the actor may plan."""
    rows, head = memory.ground(date.max).divisions.values(), division_head(by.area)
    return [(r.code, r.short_name) for r in rows if r.level == 5 and not r.placeholder and r.code.startswith(head)]


def community_named(said: str, *, by: Actor) -> str:
    """Give the code of a community by its name, the beginning of it, or its code; '' where that is not one."""
    wanted = said.strip()
    known = communities(by=by)
    exact = [code for code, name in known if wanted in (code, name)]
    near = [code for code, name in known if wanted and name.startswith(wanted)]
    return exact[0] if len(exact) == 1 else near[0] if len(near) == 1 else ""


def latest(*, by: Actor, most: int = 30) -> list[tuple[PlanRun, str]]:
    """Give the last runs with the names of their communities."""
    rows = PlanRun.objects.filter(tenant_id=by.tenant_id, community__startswith=division_head(by.area))
    return [(r, name_of(r.community)) for r in rows.defer("frozen", "drawn").order_by("-id")[:most]]


def plans(*, by: Actor, most: int = 50) -> list[tuple[GridPlan, str, int]]:
    """Give the plans on their way and lately ended, with how many objections are not answered."""
    ours = GridPlan.objects.filter(tenant_id=by.tenant_id, community__startswith=division_head(by.area))
    rows = list(ours.order_by("-id")[:most])
    asked = Objection.objects.filter(plan__in=rows, answered_at=None).values_list("plan_id", flat=True)
    left = list(asked)
    return [(r, name_of(r.community), left.count(r.id)) for r in rows]


def plan_page(plan_id: int, *, by: Actor) -> tuple[GridPlan, RunPage, list[Objection]]:
    """Give a plan with its run and the objections of every round.

    :raises NotFound, NotAllowed: as `run_of`.
    """
    plan = GridPlan.objects.filter(tenant_id=by.tenant_id, id=plan_id).select_related("run").first()
    if plan is None:
        raise NotFound
    ensure_may_plan(by, plan.community)
    return plan, _page(plan.run, plan), list(Objection.objects.filter(plan=plan).order_by("id"))


def notice(plan_id: int, *, by: Actor, most: int) -> tuple[GridPlan, RunPage, int]:
    """Give what everybody may read of a plan that was published, with at most so many moves of how many: no objector,
    no sentence of one.

    :raises NotFound: there is none, or it is not published.
    """
    plan = published(plan_id, by=by)
    return plan, _page(plan.run, plan, most), PlanMove.objects.filter(run=plan.run).count()


def plan_for(plan_id: int, *, by: Actor) -> GridPlan:
    """Give a plan to whoever may plan its community, whatever its state; to others once it is published.

    :raises NotFound: there is none for them.
    """
    plan = GridPlan.objects.filter(tenant_id=by.tenant_id, id=plan_id).first()
    return plan if plan is not None and may_plan(by, plan.community) else published(plan_id, by=by)


def published(plan_id: int, *, by: Actor) -> GridPlan:
    """Give a plan that everybody may read; its run without the frozen bytes. :raises NotFound: as `notice`."""
    public = ("NOTICED", "ANSWERED", "ADOPTED", "IN_FORCE")
    rows = GridPlan.objects.filter(tenant_id=by.tenant_id, id=plan_id, status__in=public)
    plan = rows.select_related("run").defer("run__frozen", "run__drawn").first()
    if plan is None:
        raise NotFound
    return plan


def notices(*, by: Actor) -> list[tuple[GridPlan, str]]:
    """Give the plans on which everybody may speak now."""
    rows = GridPlan.objects.filter(tenant_id=by.tenant_id, status="NOTICED").order_by("notice_to", "id")
    return [(r, name_of(r.community)) for r in rows]


# --- questions -------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Tried:
    """What a move would do: legal or not, what breaks, the touched grids with their households; the mean walk before
    and after, by ``ways`` to the middle of each grid, or ``straight`` to the middle of its homes."""

    legal: bool
    breaks: tuple[tuple[str, str], ...]  # zh, en
    grids: tuple[tuple[str, int], ...]
    households_moved: int
    mean_walk_m: tuple[float, float]
    walks: str = "straight"
    work: tuple[workloads.WorkMoved, ...] = ()


def tried(run: PlanRun, moves: Mapping[str, str]) -> Tried:
    """Try some moves (unit → code of a grid) on a finished run; nothing is stored.

    :raises RunNotReady: it has not ended. :raises UnknownUnit: no such address or grid.
    """
    if run.drawn is None:
        raise RunNotReady
    code_of = dict(PlanGrid.objects.filter(run=run).values_list("number", "code"))
    wanted = numbers_of(run, moves)
    frozen, plan = plan_files.plan_of(run)
    before = _mean_walk(plan.assignment, frozen)
    _, after, faults = plan_files.changed(run, wanted)
    touched = sorted({int(g) for g in after.assignment[after.assignment != plan.assignment]}
                     | {int(g) for g in plan.assignment[after.assignment != plan.assignment]})  # fmt: skip
    w = np.asarray(frozen.problem.units.households, np.int64)
    homes = {g: int(w[after.assignment == g].sum()) for g in touched}
    breaks = tuple(plan_words.fault(f, code_of) for f in faults)
    return Tried(
        not faults, breaks, tuple((code_of.get(g, "?"), homes[g]) for g in touched),
        int(w[after.assignment != plan.assignment].sum()), (before, _mean_walk(after.assignment, frozen)),
        "straight" if frozen.problem.walk is None else "ways",
        workloads.moved(frozen.problem, plan.assignment, after.assignment, {g: code_of.get(g, "?") for g in touched}),
    )  # fmt: skip


@dataclass(frozen=True)
class Because:
    """Why an address is not in a neighbouring grid: what would break, in both languages, or what it would cost."""

    grid: str
    breaks: tuple[tuple[str, str], ...]
    household_km: float


def explained(run: PlanRun, unit: str) -> tuple[str, tuple[Because, ...]]:
    """Give the grid of an address and, for each grid beside it, why it is not there.

    :raises RunNotReady: it has not ended. :raises UnknownUnit: no such address.
    """
    if run.drawn is None:
        raise RunNotReady
    frozen, plan = plan_files.plan_of(run)
    if unit not in set(frozen.refs.tolist()):
        raise UnknownUnit
    code_of, found = codes_of(run.id), planner.explain(plan, unit)
    others = []
    for one in found.others:
        desk = planner.Desk(plan)
        desk.move(desk.with_it(found.unit), one.grid)
        told = tuple(plan_words.fault(f, code_of) for f in desk.breaks((found.grid, one.grid)))
        others.append(Because(code_of.get(one.grid, ""), told, round(one.household_km, 3)))
    return code_of.get(found.grid, ""), tuple(others)


def numbers_of(run: PlanRun, moves: Mapping[str, str]) -> dict[str, int]:
    """Give unit → number of the grid for unit → code of the grid.

    :raises UnknownUnit: the run has no such unit or grid.
    """
    number = dict(PlanGrid.objects.filter(run=run, code__in=moves.values()).values_list("code", "number"))
    known = set(plan_files.thaw(run).refs.tolist())
    for unit, code in moves.items():
        if unit not in known or code not in number:
            raise UnknownUnit
    return {unit: number[code] for unit, code in moves.items()}


def units_of(run: PlanRun) -> list[tuple[str, str, str]]:
    """Give (unit, its address, code of its grid), by grid and address. What a finished run holds does not change: the
    last runs asked for are kept."""
    if run.status != RunStatus.DONE:
        return []
    key = (connection.settings_dict["NAME"], run.tenant_id, run.id, run.version)
    found = _units.get(key)
    if found is None:
        found = _units[key] = _units_of(run)
        while len(_units) > MOST_KEPT:
            _units.pop(next(iter(_units)), None)
    return found


def _units_of(run: PlanRun) -> list[tuple[str, str, str]]:
    code_of = dict(PlanGrid.objects.filter(run=run).values_list("number", "code"))
    frozen, plan = plan_files.plan_of(run)
    rows = zip(frozen.refs.tolist(), frozen.labels.tolist(), plan.assignment.tolist(), strict=True)
    return sorted(((ref, label, code_of.get(g, "")) for ref, label, g in rows), key=lambda r: (r[2], r[1], r[0]))


def _mean_walk(assignment: Any, frozen: Frozen) -> float:
    units = frozen.problem.units
    if frozen.problem.walk is not None:
        grids = planner.sheets(frozen.problem, assignment, ())
        homes = sum(s.households for s in grids)
        return round(sum(s.households * s.mean_walk_m for s in grids) / max(homes, 1), 1)
    x, y, w = (np.asarray(a, np.float64) for a in (units.x, units.y, units.households))
    _, which = np.unique(assignment, return_inverse=True)
    total = np.maximum(np.bincount(which, w), 1e-9)
    cx, cy = (np.bincount(which, w * a) / total for a in (x, y))
    return round(float((w * np.hypot(x - cx[which], y - cy[which])).sum() / max(w.sum(), 1.0)), 1)


def next_number(community: str, *, by: Actor) -> int:
    """Give the first number after those that grids of the community ever had, special ones left out."""
    rows = Grid.objects.filter(tenant_id=by.tenant_id, community=community, kind="general")
    last = rows.aggregate(last=Max("code"))["last"]
    return int(last[12:15]) + 1 if last else 1


def names_of_base(run: PlanRun) -> dict[str, str]:
    """Give the names, by code, of the grids that a run began with."""
    return {g.grid.code: g.name for g in grids_of(run.base_id)}


def grids_of(edition_id: int | None) -> list[GridVersion]:
    """The grids of an edition by code; it stays what it was when another is in force."""
    rows = GridVersion.objects.filter(edition=edition_id) if edition_id is not None else GridVersion.objects.none()
    return list(rows.select_related("grid").order_by("grid__code"))


def specials_of(run: PlanRun) -> list[GridVersion]:
    """Give the special grids that a run left as they were, by code."""
    return [g for g in grids_of(run.base_id) if g.grid.kind == "special"]


def ids_of(codes: Sequence[str], *, by: Actor) -> dict[str, int]:
    """Give the ids of grids that exist, by code."""
    return dict(Grid.objects.filter(tenant_id=by.tenant_id, code__in=codes).values_list("code", "id"))


def codes_of(run_id: int) -> dict[int, str]:
    """Give the codes of a run's grids by their numbers."""
    return dict(PlanGrid.objects.filter(run=run_id).values_list("number", "code"))


def edition_in_force(community: str, day: date, *, by: Actor) -> GridEdition | None:
    """Give the edition of a community that is in force on a day."""
    return GridEdition.objects.filter(tenant_id=by.tenant_id, division_code=community, effective__contains=day).first()

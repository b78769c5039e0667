"""Calculations of plans: asked for at the desk, done by the worker, stopped by a press (spec 21 §12).

Nothing here is decided: a finished run is what people may make a proposal of.
"""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

import shapely
from django.db import transaction
from django.utils.timezone import localdate

from jishi.foundation import scope, trail
from jishi.foundation.actor import Actor, system
from jishi.foundation.refusals import Invalid, NotFound, Refused
from jishi.kernels import gridplan as planner
from jishi.kernels.gridplan.refusals import BadInput
from jishi.places import plan_files, plan_rules, plan_words, workload_rules
from jishi.places.models import Compound, PlanFinding, PlanGrid, PlanMove, PlanRun, PlanSweep, RunStatus
from jishi.places.plan_files import Frozen
from jishi.places.policies import ensure_may_plan
from jishi.places.queries import plans as looking
from jishi.places.refusals import NothingToPlan, PlanRulesMakeNoSense, RunNotReady, UnknownUnit

log = logging.getLogger(__name__)
EVERY = timedelta(seconds=0.5)  # between two figures of progress
MOST_HOUSEHOLDS = 100_000
WALKS_M = (50, 5000)  # a longest walk outside of these is a slip of the pen
MOST_WEIGHT = 50  # tenths
RULES = ("whole", "own_grid")
NO_GROUND = shapely.Polygon()


@dataclass(frozen=True, slots=True)
class Rules:
    """What the town wants: households per grid, compounds, what a change of grid costs, and how far anybody may walk
    to the middle of a grid (21 H7; None: no matter how far)."""

    lo: int = 300
    hi: int = 500
    compounds: str = "whole"
    cap: int | None = None
    price: int = 10
    allow_islands: bool = False
    split_compound_id: int | None = None
    max_walk_m: int | None = None
    work_weight: int = field(default_factory=lambda: workload_rules.load().weight)  # tenths; 0: work counts nothing


@transaction.atomic
def ask(community: str, *, rules: Rules, by: Actor, now: datetime) -> PlanRun:
    """This will have a plan of a community calculated; the worker takes it up within seconds.

    :raises NotAllowed: not the street's or the town's office. :raises PlanRulesMakeNoSense: a band, cap, price or walk.
    :raises NothingToPlan: no household is known. :raises UnknownUnit: no such compound to split.
    """
    ensure_may_plan(by, community)
    if not 0 <= rules.lo <= rules.hi <= MOST_HOUSEHOLDS or rules.hi < 1 or rules.compounds not in RULES:
        raise PlanRulesMakeNoSense(
            what="户数区间写成“下限 ≤ 上限”的整数，例如 300 到 500", what_en="the band is lo ≤ hi, say 300 to 500"
        )
    if rules.cap is not None and not 1 <= rules.cap <= MOST_HOUSEHOLDS or not 0 <= rules.price <= 1000:
        raise PlanRulesMakeNoSense(
            what="小区不拆的上限和变动的价格是不太大的整数", what_en="the cap and the price are whole and not so large"
        )
    if rules.max_walk_m is not None and not WALKS_M[0] <= rules.max_walk_m <= WALKS_M[1]:
        raise PlanRulesMakeNoSense(
            what=f"最远步行在 {WALKS_M[0]} 到 {WALKS_M[1]} 米之间，不限就空着",
            what_en=f"the longest walk is {WALKS_M[0]} to {WALKS_M[1]} m, or empty for any",
        )
    if not 0 <= rules.work_weight <= MOST_WEIGHT:
        raise PlanRulesMakeNoSense(
            what=f"办事量的分量是 0 到 {MOST_WEIGHT}（十分之几）",
            what_en=f"the weight of work is 0 to {MOST_WEIGHT} (tenths)",
        )
    if not sum(looking.units_for_planning(community, by=by).households):
        raise NothingToPlan(community=looking.name_of(community))
    split = rules.split_compound_id
    if split is not None:
        known = Compound.objects.filter(tenant_id=by.tenant_id, id=split, community=community)
        if not known.exists():
            raise UnknownUnit
    run = PlanRun.objects.create(
        tenant_id=by.tenant_id, community=community, lo=rules.lo, hi=rules.hi, compounds=rules.compounds,
        cap=rules.cap, price=rules.price, allow_islands=rules.allow_islands, split_compound_id=split,
        max_walk_m=rules.max_walk_m, work_weight=rules.work_weight, asked_at=now, asked_by=by.label,
        base=looking.edition_in_force(community, localdate(now), by=by),
    )  # fmt: skip
    codes = {"community": community, "band": [rules.lo, rules.hi], "compounds": rules.compounds, "price": rules.price}
    codes["work_weight"] = rules.work_weight
    codes |= {"max_walk_m": rules.max_walk_m} if rules.max_walk_m is not None else {}
    trail.record("plans.asked", ("plan_run", run.id), by=by, at=now, new=True, codes=codes)
    return run


@transaction.atomic
def sweep(community: str, *, over: str, rules: Rules, by: Actor, now: datetime) -> PlanSweep:
    """This will have several plans of a community calculated beside each other, over bands or over prices of a change.

    What else the rules say holds for all of them; which bands and prices stands in institutions/rules/gridplan.toml.
    :raises Invalid: over something else. Refuses as `ask`.
    """
    ensure_may_plan(by, community)
    listed = plan_rules.load()
    if over == "bands":
        wanted = [replace(rules, lo=lo, hi=hi) for lo, hi in listed.bands]
    elif over == "prices":
        wanted = [replace(rules, price=price) for price in listed.prices]
    else:
        raise Invalid(detail="over: bands, prices")
    row = PlanSweep.objects.create(
        tenant_id=by.tenant_id, community=community, over=over, asked_at=now, asked_by=by.label
    )
    runs = [ask(community, rules=one, by=by, now=now) for one in wanted]
    for run in runs:
        run.change(sweep=row)
    codes = {"community": community, "over": over, "runs": [run.id for run in runs]}
    trail.record("plans.swept", ("plan_sweep", row.id), by=by, at=now, new=True, codes=codes)
    return row


@transaction.atomic
def cancel(run_id: int, *, by: Actor, now: datetime) -> PlanRun:
    """This will stop a calculation that has not ended; one that runs stops at its next step.

    :raises NotFound, NotAllowed. :raises RunNotReady: it has ended.
    """
    run = _held(run_id, by)
    ensure_may_plan(by, run.community)
    if run.status not in (RunStatus.QUEUED, RunStatus.RUNNING) or run.cancel_asked:
        raise RunNotReady
    if run.status == RunStatus.QUEUED:
        run.change(status=RunStatus.CANCELLED, cancel_asked=True, ended_at=now)
    else:
        run.change(cancel_asked=True)
    trail.record("plans.cancelled", ("plan_run", run.id), by=by, at=now)
    return run


@transaction.atomic
def change(run_id: int, *, moves: Mapping[str, str], by: Actor, now: datetime) -> PlanRun:
    """This will make a run of a finished one with some addresses in other grids (unit → code), judged anew.

    It may have faults: then they stand in it, and it cannot become a proposal.

    :raises RunNotReady: the run has not ended. :raises UnknownUnit: no such address or grid.
    """
    run = _held(run_id, by)
    ensure_may_plan(by, run.community)
    if run.status != RunStatus.DONE:
        raise RunNotReady
    if not moves:
        raise UnknownUnit
    frozen, plan, faults = plan_files.changed(run, looking.numbers_of(run, moves))
    fresh = PlanRun.objects.create(
        tenant_id=by.tenant_id, community=run.community, lo=run.lo, hi=run.hi, compounds=run.compounds, cap=run.cap,
        price=run.price, allow_islands=run.allow_islands, split_compound_id=run.split_compound_id,
        max_walk_m=run.max_walk_m, work_weight=run.work_weight, asked_at=now, asked_by=by.label, begun_at=now,
        parent=run, base_id=run.base_id,
    )  # fmt: skip
    verdict = "unknown" if faults else "legal_with_exemptions" if plan.exemptions else "legal"
    _store(fresh, frozen, plan, faults, verdict, by, now)
    codes = {"from": run.id, "moves": dict(moves), "faults": len(faults)}
    trail.record("plans.changed", ("plan_run", fresh.id), by=by, at=now, new=True, codes=codes)
    return fresh


# --- the worker ------------------------------------------------------------------------------------------------


def work_off(tenant_id: int, *, clock: Callable[[], datetime]) -> int:
    """This will do the calculations that wait in a tenant, one after the other; gives how many.

    One that breaks is marked as failed, whatever broke, so that those behind it are calculated.
    """
    done = 0
    while (run := _begun(tenant_id, clock)) is not None:
        try:
            with scope.work(system(tenant_id)) as here:
                frozen = looking.gather(run, day=localdate(clock()), by=here.actor)
            plan = _calculated(run, frozen, clock)
            with scope.work(system(tenant_id)) as here:
                _finish(run.id, frozen, plan, here.actor, clock())
        except (BadInput, Refused) as no:
            _give_up(run, no.code, clock)
        except Exception as broken:
            log.error("plan run %s of tenant %s broke: %s", run.id, tenant_id, type(broken).__name__, exc_info=broken)
            _give_up(run, f"broke:{type(broken).__name__}", clock)
        done += 1
    return done


def _begun(tenant_id: int, clock: Callable[[], datetime]) -> PlanRun | None:
    with scope.work(system(tenant_id)) as here:
        run = _next(tenant_id)
        if run is not None:
            base = looking.edition_in_force(run.community, localdate(clock()), by=here.actor)
            run.change(status=RunStatus.RUNNING, begun_at=clock(), base=base)
        return run


def _give_up(run: PlanRun, code: str, clock: Callable[[], datetime]) -> None:
    with scope.work(system(run.tenant_id)) as here:
        _fail(_held(run.id, here.actor), code, here.actor, clock())


def _next(tenant_id: int) -> PlanRun | None:
    """A run that a killed worker left running is taken up again: it begins anew."""
    waiting = PlanRun.objects.filter(tenant_id=tenant_id, status__in=(RunStatus.QUEUED, RunStatus.RUNNING))
    return waiting.select_for_update(skip_locked=True).order_by("id").first()


def _calculated(run: PlanRun, frozen: Frozen, clock: Callable[[], datetime]) -> planner.Plan | None:
    said = [clock()]

    def progress(stage: str, done: int, total: int, faults: int, cost: float) -> bool:
        at = clock()
        if at - said[0] < EVERY:
            return True
        said[0] = at
        with scope.work(system(run.tenant_id)):
            row = PlanRun.objects.filter(tenant_id=run.tenant_id, id=run.id)
            row.update(stage=stage[:20], done=done, total=total)
            return not row.values_list("cancel_asked", flat=True)[0]

    problem = frozen.problem
    try:
        if problem.previous is not None:
            return planner.replan(problem, price=float(run.price), progress=progress)
        return planner.plan_grids(
            problem.units, problem.edges, band=problem.band, atoms=problem.atoms, compounds=problem.compounds,
            cap=problem.cap, exempt=problem.exempt, walk=problem.walk, max_walk_m=problem.max_walk_m,
            workloads=problem.workloads, progress=progress,
        )  # fmt: skip
    except BadInput:
        return None


def _fail(run: PlanRun, code: str, by: Actor, now: datetime) -> None:
    run.change(status=RunStatus.FAILED, error=code[:60], ended_at=now)
    trail.record("plans.failed", ("plan_run", run.id), by=by, at=now, codes={"error": code[:60]})


def _finish(run_id: int, frozen: Frozen, plan: planner.Plan | None, by: Actor, now: datetime) -> None:
    run = _held(run_id, by)
    if plan is None:
        return _fail(run, "bad_input", by, now)
    if run.cancel_asked or plan.used.get("cancelled"):
        run.change(status=RunStatus.CANCELLED, ended_at=now)
        trail.record("plans.stopped", ("plan_run", run.id), by=by, at=now)
        return None
    _store(run, frozen, plan, plan.faults, plan.status, by, now)
    codes = {"verdict": plan.status, "faults": len(plan.faults), "grids": len(plan.grids), "input": run.input_hash}
    trail.record("plans.finished", ("plan_run", run.id), by=by, at=now, codes=codes)
    return None


def _held(run_id: int, by: Actor) -> PlanRun:
    run = PlanRun.objects.select_for_update(of=("self",)).filter(tenant_id=by.tenant_id, id=run_id).first()
    if run is None:
        raise NotFound
    return run


# --- what came out ---------------------------------------------------------------------------------------------


def _store(
    run: PlanRun, frozen: Frozen, plan: planner.Plan, faults: tuple[planner.Fault, ...], verdict: str, by: Actor,
    now: datetime,
) -> None:  # fmt: skip
    assignment = plan.assignment
    codes = _codes(frozen, assignment, run, by)
    sheets = planner_sheets(frozen, plan, faults)
    ground, _ = plan_files.grounds(frozen, assignment)
    homes = [int(h) for h in frozen.problem.units.households]
    names = looking.names_of_base(run)
    ids = looking.ids_of([*codes.values()], by=by)
    bare = {s.grid for s in sheets} - set(ground)  # all its units stand outside the community's border
    walks = planner.walked_by(frozen.problem, assignment)
    exempt, bad = {e.grid: e.kind for e in plan.exemptions}, {f.grid for f in faults} | bare
    PlanGrid.objects.bulk_create(
        PlanGrid(
            tenant_id=run.tenant_id, run=run, number=s.grid, code=codes[s.grid], matched_id=ids.get(codes[s.grid]),
            name=names.get(codes[s.grid]) or f"第{int(codes[s.grid][12:])}网格", households=s.households,
            units=s.units, mean_walk_m=round(s.mean_walk_m, 1), max_walk_m=round(s.max_walk_m, 1),
            walks=walks[s.grid], work={kind: round(n) for kind, n in sorted(s.workloads.items())},
            polygon=shapely.to_wkb(ground.get(s.grid, NO_GROUND)), exempt=exempt.get(s.grid, ""),
            at_fault=s.grid in bad,
        )
        for s in sheets
    )  # fmt: skip
    moves = _moves(frozen, plan)
    PlanMove.objects.bulk_create(
        PlanMove(
            tenant_id=run.tenant_id, run=run, unit=str(frozen.refs[m.unit]), label=str(frozen.labels[m.unit]),
            households=homes[m.unit], before_code=frozen.codes[m.before] if m.before >= 0 else "",
            after_code=codes[m.after], reason=m.reason,
        )
        for m in moves
    )  # fmt: skip
    found = [
        *plan_words.findings(frozen, plan, faults, codes, run), *(plan_words.bare(codes[g]) for g in sorted(bare))
    ]  # fmt: skip
    PlanFinding.objects.bulk_create(PlanFinding(tenant_id=run.tenant_id, run=run, **row) for row in found)
    run.change(
        status=RunStatus.DONE, ended_at=now,
        verdict="unknown" if bare and verdict.startswith("legal") else verdict,
        ways=frozen.ways, faults=len(faults) + len(bare), frozen=plan_files.freeze(frozen),
        drawn=plan_files.keep(assignment, plan.exemptions), households=sum(homes),
        input_hash=str(plan.used.get("input", "")) or (run.parent.input_hash if run.parent else ""),
        households_moved=sum(homes[m.unit] for m in moves if m.before >= 0),
    )  # fmt: skip


def planner_sheets(
    frozen: Frozen, plan: planner.Plan, faults: tuple[planner.Fault, ...]
) -> tuple[planner.Sheet, ...]:
    """Give one sheet per grid, also where a person changed the plan."""
    return plan.grids or planner.sheets(frozen.problem, plan.assignment, faults)


def _codes(frozen: Frozen, assignment: Any, run: PlanRun, by: Actor) -> dict[int, str]:
    """A grid that goes on keeps its code; a new one gets the next number that was never given."""
    fresh = looking.next_number(run.community, by=by)
    if run.parent_id is not None:
        return looking.codes_of(run.parent_id)
    found: dict[int, str] = {}
    for grid in sorted({int(g) for g in assignment}):
        if grid < len(frozen.codes):
            found[grid] = frozen.codes[grid]
        else:
            found[grid] = f"{run.community}{fresh:03d}"
            fresh += 1
    return found


def _moves(frozen: Frozen, plan: planner.Plan) -> tuple[planner.Move, ...]:
    """The planner's own moves with their reasons; of a plan that a person changed, those by hand say so."""
    if plan.moves or frozen.problem.previous is None:
        return plan.moves
    rows = enumerate(zip(frozen.problem.previous.tolist(), plan.assignment.tolist(), strict=True))
    return tuple(planner.Move(i, b, a, "by_hand") for i, (b, a) in rows if b != a)

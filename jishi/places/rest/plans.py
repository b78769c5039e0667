"""The API of plans of grids (spec 21 §8): calculations, questions about them, and what people decide on.

A create carries a key, a step of a plan the version that was seen (If-Match). Only offices plan; a published plan and
an objection to it are everybody's.
"""

import json
from collections.abc import Callable, Mapping
from datetime import date
from typing import Any

from django.http import HttpRequest, HttpResponse
from ninja import Field, Router, Schema

from jishi.foundation import idempotency
from jishi.foundation.actor import Actor
from jishi.foundation.refusals import Invalid, KeyMissing, NotFound
from jishi.places import plan_files, plan_words, workload_rules
from jishi.places.actions import gridplan, plans
from jishi.places.models import GridPlan, PlanFinding, PlanGrid, PlanRun, PlanSweep
from jishi.places.queries import plans as looking
from jishi.places.queries import sweeps, workloads
from jishi.places.refusals import RunNotReady
from jishi.places.rest import edge

router = Router(tags=["gridplans"])
MOST = 200
Shape = dict[str, Any]


class RulesIn(Schema):
    """What the town wants; `over` (of a sweep): bands or prices."""

    community: str = Field(max_length=40)
    lo: int = Field(300, ge=0, le=100_000)
    hi: int = Field(500, ge=0, le=100_000)
    compounds: str = Field("whole", max_length=10)
    cap: int | None = Field(None, ge=0, le=100_000)
    price: int = Field(10, ge=0, le=10_000)
    allow_islands: bool = False
    split_compound: int | None = Field(None, ge=1, le=2**53)
    max_walk_m: int | None = Field(None, ge=0, le=100_000)
    work_weight: int | None = Field(None, ge=0, le=1000)
    over: str = Field("", max_length=10)


class MovesIn(Schema):
    """Addresses with the grid that each should be in."""

    moves: dict[str, str] = Field(max_length=500)


class StepIn(Schema):
    """What a step of a plan needs; what the step does not ask for is not read."""

    days: int = Field(gridplan.NOTICE_DAYS, ge=0, le=10_000)
    run: int = Field(0, ge=0, le=2**53)
    document_no: str = Field("", max_length=200)
    effective_from: date | None = None
    why: str = Field("", max_length=2000)
    objection: int = Field(0, ge=0, le=2**53)
    words: str = Field("", max_length=4000)
    is_right: bool = False


class ObjectionIn(Schema):
    text: str = Field(max_length=4000)
    unit: str = Field("", max_length=60)
    grid: str = Field("", max_length=15)


# --- calculations --------------------------------------------------------------------------------------------


@router.get("/gridplans", summary="Calculations")
def listed(request: HttpRequest, community: str = "", after: int = 0, limit: int = 50) -> Shape:
    """List calculations, oldest first; the next page begins after the last id."""
    by = _office(request)
    if not 1 <= limit <= MOST or not 0 <= after < 2**63:
        raise Invalid(detail=f"limit: 1–{MOST}")
    rows = looking.runs_after(after, limit + 1, community=community[:12], by=by)
    return {"items": [_run(r) for r in rows[:limit]], "next": rows[limit - 1].id if len(rows) > limit else None}


@router.post("/gridplans", summary="Ask for a plan", response={202: Shape})
def ask(request: HttpRequest, response: HttpResponse, payload: RulesIn) -> tuple[int, Shape]:
    """Ask for a calculation; the worker takes it up within seconds. `progress` says how far it is."""
    by = _office(request)

    def make() -> int:
        rules = _rules(payload)
        return plans.ask(_community(payload.community, by), rules=rules, by=by, now=_now(request)).id

    row = _once(request, "gridplans", by, make)
    response["Location"] = f"/api/v1/gridplans/{row}"
    return 202, _run(looking.run_of(row, by=by))


@router.post("/gridplans/sweeps", summary="Ask for a sweep", response={202: Shape})
def ask_sweep(request: HttpRequest, response: HttpResponse, payload: RulesIn) -> tuple[int, Shape]:
    """Ask for plans over several bands, or prices of a change, to choose from."""
    by = _office(request)

    def make() -> int:
        rules, where = _rules(payload), _community(payload.community, by)
        return plans.sweep(where, over=payload.over, rules=rules, by=by, now=_now(request)).id

    row = _once(request, "gridplans/sweeps", by, make)
    response["Location"] = f"/api/v1/gridplans/sweeps/{row}"
    return 202, _sweep(*sweeps.sweep(row, by=by))


@router.get("/gridplans/sweeps/{row}", summary="A sweep")
def one_sweep(request: HttpRequest, row: int) -> Shape:
    """Give the plans of a sweep in numbers."""
    return _sweep(*sweeps.sweep(edge.row(row), by=_office(request)))


@router.get("/gridplans/compare", summary="Two plans")
def compare(request: HttpRequest, a: int, b: int) -> Shape:
    """Give what differs between two finished plans of one community."""
    found = sweeps.compared(edge.row(a), edge.row(b), by=_office(request))
    return {
        "a": _line(found.first), "b": _line(found.second), "households": found.households, "opened": found.opened,
        "dissolved": found.dissolved,
        "units": [{"unit": r.unit, "address": r.label, "a": r.first, "b": r.second} for r in found.rows],
    }  # fmt: skip


@router.get("/gridplans/{row}", summary="One calculation")
def one(request: HttpRequest, response: HttpResponse, row: int) -> Shape:
    """Give a calculation with its grids, moves, and what it found; ETag is its version."""
    page = looking.page(edge.row(row), by=_office(request))
    response["ETag"] = f'"{page.run.version}"'
    return {
        **_run(page.run), "grids": [_grid(g) for g in page.grids],
        "moves": [
            {"unit": m.unit, "address": m.label, "from": m.before_code, "to": m.after_code, "reason": m.reason}
            for m in page.moves
        ],
        "faults": [_finding(f) for f in page.faults], "exemptions": [_finding(f) for f in page.exemptions],
        "certificates": [_finding(f) for f in page.certificates],
        "relaxations": [_finding(f) for f in page.relaxations],
    }  # fmt: skip


@router.get("/gridplans/{row}/progress", summary="How far a calculation is")
def progress(request: HttpRequest, row: int) -> HttpResponse:
    """Give one server-sent event with how far it is; the client asks again by itself until it has ended."""
    run = looking.run_of(edge.row(row), by=_office(request))
    told = {"status": run.status, "stage": run.stage, "done": run.done, "total": run.total, "verdict": run.verdict}
    ended = run.status not in ("QUEUED", "RUNNING")
    text = f"retry: 1000\nevent: {'ended' if ended else 'progress'}\ndata: {json.dumps(told)}\n\n"
    return HttpResponse(text, content_type="text/event-stream")


@router.post("/gridplans/{row}/cancel", summary="Stop a calculation")
def cancel(request: HttpRequest, row: int) -> Shape:
    """Stop a calculation that has not ended. Its version grows while it runs: the press needs none."""
    return _run(plans.cancel(edge.row(row), by=_office(request), now=_now(request)))


@router.get("/gridplans/{row}/assignment", summary="Which address in which grid")
def assignment(request: HttpRequest, row: int, after: int = 0, limit: int = MOST) -> Shape:
    """Give every address with its grid, by grid and address; `after` is how many were read."""
    if not 1 <= limit <= MOST or not 0 <= after < 2**31:
        raise Invalid(detail=f"limit: 1–{MOST}")
    rows = looking.units_of(looking.run_of(edge.row(row), by=_office(request)))
    page = [{"unit": ref, "address": label, "grid": code} for ref, label, code in rows[after : after + limit]]
    return {"items": page, "next": after + limit if len(rows) > after + limit else None}


@router.get("/gridplans/{row}/audit", summary="The audit")
def audit(request: HttpRequest, row: int) -> Shape:
    """Let the auditor judge the stored division again, now: every fault with its grid and number."""
    run = looking.run_of(edge.row(row), by=_office(request))
    if run.drawn is None:
        raise RunNotReady
    codes = looking.codes_of(run.id)
    faults = [(f, plan_words.fault(f, codes)) for f in plan_files.audited(run)]
    return {
        "verdict": run.verdict, "input": run.input_hash,
        "faults": [
            {"rule": f.rule, "code": f.code, "grid": codes.get(f.grid, ""), "number": f.number, "zh": zh, "en": en}
            for f, (zh, en) in faults
        ],
    }  # fmt: skip


@router.get("/gridplans/{row}/grids/{code}", summary="One grid of a plan")
def sheet(request: HttpRequest, row: int, code: str) -> Shape:
    """Give one grid in numbers: households, slack to both ends, walks, its neighbours."""
    run = looking.run_of(edge.row(row), by=_office(request))
    return looking.sheet_of(run, code)


@router.get("/gridplans/{row}/explain", summary="Why is this address here")
def explain(request: HttpRequest, row: int, ref: str) -> Shape:
    """Give, for each grid beside it, what would break or cost if the address were there."""
    here, others = looking.explained(looking.run_of(edge.row(row), by=_office(request)), ref)
    return {
        "unit": ref, "grid": here,
        "others": [
            {"grid": o.grid, "breaks": [{"zh": zh, "en": en} for zh, en in o.breaks], "household_km": o.household_km}
            for o in others
        ],
    }  # fmt: skip


def _hidden() -> Shape:
    least = workload_rules.load().least
    return {"zh": f"差不到 {least} 件，或者有网格不到 {least} 件：不显示",
            "en": f"A difference below {least}, or a grid with fewer than {least}: not shown"}  # fmt: skip


@router.post("/gridplans/{row}/what-if", summary="Try some moves")
def what_if(request: HttpRequest, row: int, payload: MovesIn) -> Shape:
    """Try some moves on a finished plan: legal or not, the touched grids; nothing is stored."""
    found = looking.tried(looking.run_of(edge.row(row), by=_office(request)), payload.moves)
    return {
        "legal": found.legal, "breaks": [{"zh": zh, "en": en} for zh, en in found.breaks],
        "grids": [{"code": code, "households": n} for code, n in found.grids],
        "households_moved": found.households_moved, "mean_walk_m": list(found.mean_walk_m),
        "walks": found.walks,
        "work": [
            {"grid": w.grid, "kind": w.kind, "before": w.before, "after": w.after, "hidden": w.is_hidden}
            for w in found.work
        ],
        "work_hidden": _hidden() if any(w.is_hidden for w in found.work) else None,
    }  # fmt: skip


@router.post("/gridplans/{row}/change", summary="Keep some moves", response={201: Shape})
def change(request: HttpRequest, response: HttpResponse, row: int, payload: MovesIn) -> tuple[int, Shape]:
    """Keep some moves as another plan, judged anew."""
    by = _office(request)
    made = _once(request, f"gridplans/{row}/change", by,
                 lambda: plans.change(edge.row(row), moves=payload.moves, by=by, now=_now(request)).id)  # fmt: skip
    response["Location"] = f"/api/v1/gridplans/{made}"
    return 201, _run(looking.run_of(made, by=by))


@router.post("/gridplans/{row}/proposal", summary="Draft a plan", response={201: Shape})
def propose(request: HttpRequest, response: HttpResponse, row: int) -> tuple[int, Shape]:
    """Make a plan for people to decide on of a finished calculation without fault; If-Match is its version."""
    by = _office(request)
    looking.ensure_seen(looking.run_of(edge.row(row), by=by), edge.version(request))
    plan = gridplan.draft(edge.row(row), by=by, now=_now(request))
    response["Location"] = f"/api/v1/proposals/{plan.id}"
    return 201, _answer(request, response, plan)


# --- what people decide on ------------------------------------------------------------------------------------

Who = Mapping[str, Any]
STEPS: Mapping[str, Callable[[int, StepIn, Who], object]] = {
    "check": lambda row, said, who: gridplan.check(row, **who),
    "publish": lambda row, said, who: gridplan.publish(row, days=said.days, **who),
    "conclude": lambda row, said, who: gridplan.conclude(row, **who),
    "revise": lambda row, said, who: gridplan.revise(row, run_id=said.run, **who),
    "adopt": lambda row, said, who: gridplan.adopt(
        row, document_no=said.document_no, effective_from=said.effective_from or date.min, **who),
    "withdraw": lambda row, said, who: gridplan.withdraw(row, why=said.why, **who),
    "answer": lambda row, said, who: gridplan.answer(
        row, objection_id=said.objection, words=said.words, is_right=said.is_right, **who),
}  # fmt: skip


@router.get("/proposals", summary="Plans that are on notice", auth=None)
def proposals(request: HttpRequest) -> Shape:
    """List the plans on which everybody may speak now."""
    rows = looking.notices(by=_by(request))
    return {"items": [{**_plan(p), "name": name} for p, name in rows]}


@router.get("/proposals/{row}", summary="One plan", auth=None)
def proposal(request: HttpRequest, response: HttpResponse, row: int) -> Shape:
    """Give a plan: to an office whatever its state, to others once it is published; no sentence of an objector."""
    by = _by(request)
    found = looking.plan_for(edge.row(row), by=by)
    return _answer(request, response, found)


@router.post("/proposals/{row}/objections", summary="Object", auth=None, response={201: Shape})
def object_(request: HttpRequest, row: int, payload: ObjectionIn) -> tuple[int, Shape]:
    """Say what is wrong, perhaps with an address and its grid; what that would break is told at once."""
    by = _by(request)
    made = gridplan.object_(
        edge.row(row), text=payload.text, unit=payload.unit, wanted=payload.grid, by=by, now=_now(request)
    )
    breaks = {"zh": made.breaks_zh, "en": made.breaks_en} if made.breaks_zh else None
    return 201, {"id": made.id, "tried": bool(made.unit_label), "breaks": breaks}


@router.post("/proposals/{row}/{step}", summary="Move a plan")
def press(request: HttpRequest, response: HttpResponse, row: int, step: str, payload: StepIn) -> Shape:
    """Do one step: check, publish, answer, conclude, revise, adopt, withdraw. If-Match is the version of the plan."""
    by, run = _office(request), STEPS.get(step)
    if run is None:
        raise NotFound
    version = edge.version(request)
    run(edge.row(row), payload, {"by": by, "now": _now(request), "version": version})
    return _answer(request, response, looking.plan_for(edge.row(row), by=by))


# --- shapes ---------------------------------------------------------------------------------------------------


def _run(run: PlanRun) -> Shape:
    return {
        "id": run.id, "community": run.community, "band": [run.lo, run.hi], "compounds": run.compounds, "cap": run.cap,
        "price": run.price, "allow_islands": run.allow_islands, "max_walk_m": run.max_walk_m,
        "work_weight": run.work_weight,
        "status": run.status, "verdict": run.verdict,
        "faults": run.faults, "households": run.households, "households_moved": run.households_moved,
        "input": run.input_hash, "ways": run.ways, "parent": run.parent_id, "sweep": run.sweep_id,
        "version": run.version, "asked_at": run.asked_at, "ended_at": run.ended_at, "error": run.error,
    }  # fmt: skip


def _line(one: sweeps.Line) -> Shape:
    return {
        **_run(one.run), "grids": one.grids, "least": one.least, "most": one.most, "mean_walk_m": one.mean_walk_m,
        "max_walk_m": one.max_walk_m,
    }  # fmt: skip


def _sweep(row: PlanSweep, lines: list[sweeps.Line]) -> Shape:
    return {"id": row.id, "community": row.community, "over": row.over, "runs": [_line(one) for one in lines]}


def _grid(grid: PlanGrid) -> Shape:
    return {
        "code": grid.code, "name": grid.name, "households": grid.households, "units": grid.units,
        "mean_walk_m": grid.mean_walk_m, "max_walk_m": grid.max_walk_m, "walks": grid.walks, "exempt": grid.exempt,
        "at_fault": grid.at_fault, "work": workloads.as_told(grid.work),
    }  # fmt: skip


def _finding(row: PlanFinding) -> Shape:
    return {"code": row.code, "grid": row.grid_code, "zh": row.zh, "en": row.en, "price": row.price}


def _plan(plan: GridPlan) -> Shape:
    return {
        "id": plan.id, "community": plan.community, "status": plan.status, "gridplan": plan.run_id,
        "rounds": plan.rounds, "notice_from": plan.notice_from, "notice_to": plan.notice_to,
        "document_no": plan.document_no, "effective_from": plan.effective_from, "version": plan.version,
    }  # fmt: skip


def _answer(request: HttpRequest, response: HttpResponse, plan: GridPlan) -> Shape:
    response["ETag"] = f'"{plan.version}"'
    return _plan(plan)


def _rules(said: RulesIn) -> plans.Rules:
    weight = {} if said.work_weight is None else {"work_weight": said.work_weight}
    return plans.Rules(
        lo=said.lo, hi=said.hi, compounds=said.compounds, cap=said.cap, price=said.price,
        allow_islands=said.allow_islands, split_compound_id=said.split_compound, max_walk_m=said.max_walk_m,
        **weight,
    )  # fmt: skip


def _community(said: str, by: Actor) -> str:
    found = looking.community_named(said, by=by)
    if not found:
        raise NotFound
    return found


def _once(request: HttpRequest, route: str, by: Actor, make: Callable[[], int]) -> int:
    key = request.headers.get("Idempotency-Key", "")
    if not key:
        raise KeyMissing
    slot = idempotency.claim(key, route=route, body=request.body, by=by, now=_now(request))
    if slot.is_first:
        slot.fill({"id": make()})
    return int(slot.answer["id"])


def _by(request: HttpRequest) -> Actor:
    return request.actor  # type: ignore[attr-defined,no-any-return]


def _office(request: HttpRequest) -> Actor:
    by = _by(request)
    looking.ensure_office(by)
    return by


def _now(request: HttpRequest) -> Any:
    return request.now  # type: ignore[attr-defined]

"""What a plan was calculated from and what came out, frozen in bytes; and the ground of its grids.

A frozen run can be audited and asked years later: it needs no other table. Columns of numpy, never pickled.
"""

import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import shapely

from jishi.kernels import gridplan as planner
from jishi.places.models import PlanRun
from jishi.places.shapes import Plane

WALKS = ("indptr", "indices", "metres")
STEP = 1e-7  # degrees: corners of grids are whole steps


@dataclass(frozen=True)
class Special:
    """A special grid in force: its ground is left out of the plan and kept as it is."""

    code: str
    name: str
    special_of: str
    owner_ref: str
    wkb: bytes


@dataclass(frozen=True, eq=False)
class Frozen:
    """The problem with the names of its units. `refs` (n,): b12 a building, c7 a compound; `compounds` (n,) ids;
    `codes`: grids in force, as `problem.previous` numbers them; `cells`: ground of each unit, metres of the plane."""

    problem: planner.Problem
    refs: Any
    labels: Any
    compounds: Any
    codes: tuple[str, ...]
    cells: tuple[Any, ...]
    lng: float
    lat: float
    border: bytes
    specials: tuple[Special, ...]
    ways: int | None = None  # number of the net of ways that `problem.walk` was measured on

    @property
    def plane(self) -> Plane:
        """Give the plane that x and y lie in."""
        return Plane(self.lng, self.lat)


def problem_of(run: PlanRun, *, work: Mapping[str, Any], **columns: Any) -> planner.Problem:
    """Put the rules of a run beside its ground; `work`: by kind, how much each unit has."""
    weight = run.work_weight / 10
    return planner.Problem(
        workloads={kind: planner.Soft(values, weight) for kind, values in sorted(work.items())} if weight else {},
        band=planner.Band(run.lo, run.hi), compounds=run.compounds, cap=run.cap, change_price=float(run.price),  # type: ignore[arg-type]
        exempt=planner.Exempt(allow_islands=run.allow_islands), max_walk_m=_limit(run), **columns,
    )  # fmt: skip


def _limit(run: PlanRun) -> float | None:
    return float(run.max_walk_m) if run.max_walk_m is not None else None


def freeze(frozen: Frozen) -> bytes:
    """Write everything but the rules, which are columns of the run."""
    problem, out = frozen.problem, io.BytesIO()
    wkb = [shapely.to_wkb(cell) for cell in frozen.cells]
    said = {
        "codes": frozen.codes, "lng": frozen.lng, "lat": frozen.lat, "border": frozen.border.hex(),
        "specials": [{**vars(s), "wkb": s.wkb.hex()} for s in frozen.specials],
    }  # fmt: skip
    walk = problem.walk
    ways = {} if walk is None else {f"walk_{name}": column for name, column in vars(walk).items()}
    ways |= {f"work_{kind}": np.asarray(soft.values, np.float32) for kind, soft in problem.workloads.items()}
    if frozen.ways is not None:
        said["ways"] = frozen.ways
    none = np.full(len(frozen.refs), -1)
    np.savez_compressed(
        out, refs=frozen.refs, labels=frozen.labels, compounds=frozen.compounds, x=problem.units.x, y=problem.units.y,
        households=problem.units.households, area=np.asarray(problem.units.area), u=problem.edges.u, v=problem.edges.v,
        border=problem.edges.border, barrier=np.asarray(problem.edges.barrier),
        atoms=none if problem.atoms is None else problem.atoms,
        previous=none if problem.previous is None else problem.previous,
        cells=np.frombuffer(b"".join(wkb), np.uint8), lengths=np.array([len(b) for b in wkb], np.int64),
        said=np.array(json.dumps(said)), **ways,
    )  # fmt: skip
    return out.getvalue()


def thaw(run: PlanRun) -> Frozen:
    """Give back what a run was calculated from."""
    with np.load(io.BytesIO(bytes(run.frozen or b"")), allow_pickle=False) as file:
        held = {name: file[name] for name in file.files}
    said, raw, ends = json.loads(str(held["said"])), held["cells"].tobytes(), np.cumsum(held["lengths"]).tolist()
    cells = tuple(shapely.from_wkb(raw[a:b]) for a, b in zip([0, *ends], ends, strict=False))
    units = planner.Units(held["refs"], held["x"], held["y"], held["households"], held["area"])
    edges = planner.Edges(held["u"], held["v"], held["border"], held["barrier"])
    previous = held["previous"] if (held["previous"] >= 0).any() else None
    walk = planner.Walk(*(held[f"walk_{name}"] for name in WALKS)) if "walk_indptr" in held else None
    work = {name.removeprefix("work_"): column for name, column in held.items() if name.startswith("work_")}
    problem = problem_of(
        run, work=work, units=units, edges=edges, atoms=held["atoms"], previous=previous, walk=walk
    )
    specials = tuple(Special(**{**s, "wkb": bytes.fromhex(s["wkb"])}) for s in said["specials"])
    return Frozen(
        problem, held["refs"], held["labels"], held["compounds"], tuple(said["codes"]), cells, said["lng"], said["lat"],
        bytes.fromhex(said["border"]), specials, said.get("ways"),
    )  # fmt: skip


def keep(assignment: Any, exemptions: Sequence[planner.Exemption]) -> bytes:
    """Write a division and the exemptions it lists."""
    out = io.BytesIO()
    np.savez_compressed(
        out, assignment=np.asarray(assignment, np.int32), kinds=np.array([e.kind for e in exemptions], dtype="U20"),
        grids=np.array([e.grid for e in exemptions], np.int64),
        homes=np.array([e.households for e in exemptions], np.int64),
    )  # fmt: skip
    return out.getvalue()


def plan_of(run: PlanRun) -> tuple[Frozen, planner.Plan]:
    """Give the division of a run as the kernel asks questions of it."""
    frozen = thaw(run)
    with np.load(io.BytesIO(bytes(run.drawn or b"")), allow_pickle=False) as file:
        rows = zip(file["kinds"].tolist(), file["grids"].tolist(), file["homes"].tolist(), strict=True)
        exemptions = tuple(planner.Exemption(kind, grid, homes) for kind, grid, homes in rows)
        assignment = file["assignment"]
    status: Any = run.verdict
    return frozen, planner.Plan(status, assignment, frozen.problem, exemptions=exemptions)


def audited(run: PlanRun) -> tuple[planner.Fault, ...]:
    """Judge a stored division again, by the auditor's own code, from what was frozen."""
    _, plan = plan_of(run)
    return planner.audit(plan.assignment, plan.problem, plan.exemptions)


def grounds(frozen: Frozen, assignment: Any) -> tuple[dict[int, Any], dict[str, Any]]:
    """Give the ground of each grid and of each special grid, in degrees of whole steps, without gap or overlap.

    All borders are cut where they meet, so that neighbours share every corner.
    """
    plane = frozen.plane
    cells = [_degrees(plane, cell) for cell in frozen.cells]
    specials = [shapely.from_wkb(s.wkb) for s in frozen.specials]
    every = [*cells, *specials]
    outline = [shapely.boundary(shape) for shape in every]
    border = shapely.from_wkb(frozen.border) if frozen.border else None
    if border is not None:
        outline.append(shapely.boundary(border))
    lines = shapely.union_all(shapely.set_precision(np.array(outline, dtype=object), STEP), grid_size=STEP)
    faces = shapely.get_parts(shapely.polygonize(shapely.get_parts(lines)))
    middle = shapely.point_on_surface(faces)
    if border is not None:
        inside = shapely.contains(border, middle)
        faces, middle = faces[inside], middle[inside]
    else:
        inside = shapely.dwithin(shapely.union_all(every), middle, STEP)
        faces, middle = faces[inside], middle[inside]
    nearest = shapely.STRtree(every).nearest(middle)
    owner = np.concatenate([np.asarray(assignment, np.int64), -1 - np.arange(len(specials))])[nearest]
    joined = {int(g): shapely.normalize(shapely.coverage_union_all(faces[owner == g])) for g in np.unique(owner)}
    ours = {g: shape for g, shape in joined.items() if g >= 0}
    return ours, {s.code: joined[-1 - i] for i, s in enumerate(frozen.specials) if -1 - i in joined}


def _degrees(plane: Plane, shape: Any) -> Any:
    corner, scale = (plane.lng, plane.lat), (plane.east, plane.north)
    return shapely.transform(shape, lambda c: c / scale + corner)


def changed(run: PlanRun, moves: dict[str, int]) -> tuple[Frozen, planner.Plan, tuple[planner.Fault, ...]]:
    """Give the division with some units moved by hand (unit → grid), judged anew; compounds go whole."""
    frozen, plan = plan_of(run)
    desk = planner.Desk(plan)
    for unit, to in moves.items():
        desk.move(desk.with_it(desk.place(unit)), to)
    assignment = desk.grid.astype(np.int32)
    homes = np.bincount(assignment, np.asarray(frozen.problem.units.households, np.int64))
    kept = tuple(replace(e, households=int(homes[e.grid])) for e in plan.exemptions if e.grid < len(homes))
    faults = planner.audit(assignment, frozen.problem, kept)
    needless = {f.grid for f in faults if f.code == "needless_or_false"}
    kept = tuple(e for e in kept if e.grid not in needless)
    return frozen, replace(plan, assignment=assignment, exemptions=kept), planner.audit(
        assignment, frozen.problem, kept
    )

"""The planner's door: a plan that keeps the rules, or why there is none (spec 21 §1–§8).

What comes back was judged by the auditor, whatever the search believed of it.
"""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from . import certifying, contract, covering, hanging, loosening, pacing, relaxing, reporting, shortening, solving
from .auditing import audit
from .contract import FREE, OVERSIZE, Ground
from .problem import check
from .searching import Search, Stopped
from .solving import Piece
from .values import (
    VERSION,
    Array,
    Band,
    Certificate,
    Edges,
    Exempt,
    Exemption,
    Fault,
    Ints,
    Pins,
    Plan,
    Problem,
    Relaxation,
    Soft,
    Status,
    Units,
    Walk,
    Weights,
)

Progress = Callable[[str, int, int, int, float], bool | None]
Grids = npt.NDArray[np.int32]
Timer = Callable[[], float]


USUAL = Band(300, 500)  # households per grid, a setting of the town
WIDE = 400  # atoms: one house without a home does not spoil the rest of so large a piece, searched as long as others


@dataclass
class _Watch:
    """Progress, cancelling and the time limit: all given in, nothing read here."""

    progress: Progress | None
    timer: Timer | None
    until: float
    by_time: bool = False
    by_wish: bool = False

    def __call__(self, stage: str, done: int, total: int, faults: int, cost: Callable[[], float]) -> bool:
        if self.progress is not None and self.progress(stage, done, total, faults, cost()) is False:
            self.by_wish = True
        if self.timer is not None and self.timer() >= self.until:
            self.by_time = True
        return self.by_time or self.by_wish


def plan_grids(
    units: Units, edges: Edges, *, band: Band = USUAL, workloads: Mapping[str, Soft] | None = None,
    atoms: Array | None = None, compounds: str = "whole", cap: int | None = None, community: Array | None = None,
    communities: str = "hard", walk: Walk | None = None,
    max_walk_m: float | None = None, count: int | None = None, pins: Pins | None = None,
    previous: Array | None = None, change_price: float = 0.0, weights: Weights | None = None,
    exempt: Exempt | None = None, effort: float = 30.0, timer: Timer | None = None, time_limit_s: float | None = None,
    threads: int = 1, seed: int = 0, progress: Progress | None = None,
) -> Plan:  # fmt: skip
    """This will give a legal plan, or a plan that is none with its faults, certificates and the cheapest relaxation.

    `effort`: proposals per unit, which fixes the work; `timer()` gives seconds and is asked only with `time_limit_s`;
    `progress(stage, done, total, faults, J)` returns False to cancel. The same input, effort and seed give the same
    plan for any number of `threads` and any order of rows, unless time ran out.

    :raises BadInput: one of `refusals` if the input makes no sense.
    """
    problem = Problem(
        units=units, edges=edges, band=band, workloads=dict(workloads or {}), atoms=atoms, compounds=compounds,  # type: ignore[arg-type]
        cap=cap, community=community, communities=communities, max_walk_m=max_walk_m, count=count,  # type: ignore[arg-type]
        pins=pins or Pins(), previous=previous, change_price=change_price, weights=weights or Weights(),
        exempt=exempt or Exempt(), walk=walk,
    )  # fmt: skip
    watch = watched(progress, timer, time_limit_s)
    return plan(check(problem), Search(problem.weights, effort, seed, threads, watch, change_price))


def watched(progress: Progress | None, timer: Timer | None, time_limit_s: float | None) -> Stopped:
    """This will watch over progress, wish and time; a limit of zero has passed already."""
    if timer is None or time_limit_s is None:
        return _Watch(progress, None, 0.0)
    return _Watch(progress, timer, timer() + time_limit_s)


def plan(problem: Problem, search: Search) -> Plan:
    """This will plan a checked problem."""
    ground = contract.build(problem)
    pieces = solving.divide(ground)
    proofs = certifying.at_once(ground, pieces)
    hung = certifying.hung(ground, pieces)
    hopeless = frozenset(i for i in {**hung, **proofs} if len(pieces[i].rows) <= WIDE)
    part, notes = solving.solve(ground, pieces, search, hopeless)
    guessed = notes["searched_pieces"] + notes["kept_pieces"]  # the others were divided by enumeration
    is_best = not guessed and not len(loosening.may_part(ground))
    coarse = ground, pieces
    ground, pieces, part = loosening.loosen((ground, pieces, part), search, hopeless)
    part = hanging.untangle(ground, pieces, part, search)
    if problem.walk is not None or problem.max_walk_m is not None:
        part, searched = pacing.paced((ground, pieces, part), search), part
        is_best = is_best and bool((searched == part).all())
    if problem.max_walk_m is not None:
        found = part[ground.atom_of]
        ground, pieces, part = shortening.shorten((ground, pieces, part), search)
        is_best = is_best and bool((found == part[ground.atom_of]).all())
    assignment = numbered(problem, ground, part)
    exemptions = exempted(problem, ground, pieces, assignment)
    faults = audit(assignment, problem, exemptions)
    certificates = certifying.by_count(*_finest(ground, pieces))
    relaxations: tuple[Relaxation, ...] = ()
    if faults and not _stopped(search):
        faulty = _faulty(ground, pieces, assignment, faults)
        missing = np.flatnonzero(np.isin(assignment, [f.grid for f in faults if f.rule in ("H4", "H7")]))
        known = {i: one for i, one in hung.items() if len(coarse[1][i].rows) > covering.BY_CHECKER} | proofs
        proved = {row for i in known for row in certifying.units_of(coarse[0], coarse[1][i].rows)}
        open_ = [p for p in faulty if p.fits and certifying.units_of(ground, p.rows)[0] not in proved]
        sought = certifying.by_search(ground, open_, missing)
        proved |= {row for one in sought for row in one.units}
        left = {i: one for i, one in hung.items() if i not in known and not proved.intersection(one.units)}
        certificates += (*(known[i] for i in sorted(known)), *sought, *(left[i] for i in sorted(left)))
        relaxations = relaxing.cheapest(ground, faulty, assignment, faults, search)
    status = _status(assignment, faults, exemptions, certificates)
    return Plan(
        status=status, assignment=assignment, problem=problem, grids=reporting.sheets(problem, assignment, faults),
        faults=faults, exemptions=exemptions, certificates=certificates, relaxations=relaxations,
        bound=0.0 if is_best and not faults else None, metrics=reporting.objective(problem, assignment),
        used=_used(problem, search, notes),
    )  # fmt: skip


def _finest(ground: Ground, pieces: tuple[Piece, ...]) -> tuple[Ground, tuple[Piece, ...]]:
    """Take compounds that may be split building by building: a proof holds however they are cut."""
    if not len(loosening.may_part(ground)):
        return ground, pieces
    loose = ground.anew(contract.EVERY)
    return loose, solving.divide(loose)


def _stopped(search: Search) -> bool:
    watch = search.stop
    return isinstance(watch, _Watch) and (watch.by_time or watch.by_wish)


def numbered(problem: Problem, ground: Ground, part: Array) -> Grids:
    """This will number grids along the curve, or keep the numbers of the plan in force where most households stay."""
    of_unit = part[ground.atom_of]
    _, first = np.unique(part, return_index=True)
    names = part[np.sort(first)]  # atoms stand in curve order
    number = np.full(int(part.max()) + 1, -1, np.int64)
    number[names] = np.arange(len(names))
    if problem.previous is not None:
        number[names] = _kept_numbers(problem, number[of_unit], len(names))
    return np.asarray(number[of_unit], dtype=np.int32)


def _kept_numbers(problem: Problem, grid: Ints, k: int) -> Ints:
    """Give each new grid the old one's number with which it shares most, the largest shares first."""
    previous = np.asarray(problem.previous, dtype=np.int64)
    known = previous >= 0
    pair, back = np.unique(np.stack([grid[known], previous[known]]), axis=1, return_inverse=True)
    common = np.bincount(back, np.asarray(problem.units.households, dtype=np.float64)[known] + 1e-6)
    kept, taken = np.full(k, -1, np.int64), set[int]()
    for i in np.lexsort((pair[1], pair[0], -common)).tolist():
        new, old = int(pair[0, i]), int(pair[1, i])
        if kept[new] < 0 and old not in taken:
            kept[new] = old
            taken.add(old)
    fresh = np.flatnonzero(kept < 0)
    kept[fresh] = int(previous.max()) + 1 + np.arange(len(fresh))
    return kept


def exempted(problem: Problem, ground: Ground, pieces: tuple[Piece, ...], assignment: Grids) -> tuple[Exemption, ...]:
    """This will list the exemptions that the plan needs and the town allows."""
    homes = np.bincount(assignment, np.asarray(problem.units.households, dtype=np.int64)).astype(np.int64)
    grid_of = np.zeros(ground.size, np.int64)
    grid_of[ground.atom_of] = assignment
    exempt, lo, found = problem.exempt, problem.band.lo, []
    if exempt.oversize_alone:
        found += [("oversize_alone", int(grid_of[row])) for row in np.flatnonzero(ground.sealed == OVERSIZE).tolist()]
    cut_off = [p for p in pieces if p.homes < lo and not _touches_sealed(ground, p)]
    found += [("unpeopled", int(grid_of[p.rows[0]])) for p in cut_off if not p.homes and exempt.unpeopled]
    found += [("small_island", int(grid_of[p.rows[0]])) for p in cut_off if p.homes and exempt.allow_islands]
    return tuple(Exemption(kind, grid, int(homes[grid])) for kind, grid in sorted(set(found), key=lambda f: f[::-1]))


def _touches_sealed(ground: Ground, piece: Piece) -> bool:
    around = (ground.indices[ground.indptr[r] : ground.indptr[r + 1]] for r in piece.rows)
    return any((ground.sealed[others] != FREE).any() for others in around)


def _faulty(ground: Ground, pieces: tuple[Piece, ...], assignment: Grids, faults: tuple[Fault, ...]) -> list[Piece]:
    bad = np.isin(assignment, [f.grid for f in faults if f.grid >= 0])
    atoms = np.zeros(ground.size, bool)
    atoms[ground.atom_of[bad]] = True
    return [p for p in pieces if atoms[p.rows].any()]


def _status(
    assignment: Grids, faults: tuple[Fault, ...], exemptions: tuple[Exemption, ...],
    certificates: tuple[Certificate, ...],
) -> Status:  # fmt: skip
    if not faults:
        return "legal_with_exemptions" if exemptions else "legal"
    return "infeasible" if certificates and _is_proved(assignment, faults, certificates) else "unknown"


def _is_proved(assignment: Grids, faults: tuple[Fault, ...], certificates: tuple[Certificate, ...]) -> bool:
    """One certificate shows that no plan of the whole is legal; one for what an exemption covers shows nothing."""
    bad = {f.grid for f in faults}
    covered = {"too_big", "too_small"}
    return any(c.kind not in covered or bad & set(assignment[list(c.units)].tolist()) for c in certificates)


def _used(problem: Problem, search: Search, notes: Mapping[str, float]) -> dict[str, Any]:
    watch = search.stop
    return {
        "seed": search.seed, "effort": search.effort, "weights": vars(problem.weights), "version": VERSION,
        "input": fingerprint(problem), "stopped_by_time": isinstance(watch, _Watch) and watch.by_time,
        "cancelled": isinstance(watch, _Watch) and watch.by_wish, **notes,
        **({} if problem.walk is None else {"walks": "ways"}),
    }  # fmt: skip


def fingerprint(problem: Problem) -> str:
    """This will give a hash of units, edges and band, whatever the order of rows."""
    order = np.argsort(np.asarray(problem.units.id), kind="stable")
    rank = np.empty(len(order), np.int64)
    rank[order] = np.arange(len(order))
    a, b = rank[problem.edges.u], rank[problem.edges.v]
    a, b = np.minimum(a, b), np.maximum(a, b)
    by = np.lexsort((b, a))
    digest = hashlib.sha256(repr((problem.band, problem.compounds, problem.cap, problem.communities)).encode())
    columns: list[Array] = [np.asarray(c)[order] for c in (problem.units.id, problem.units.x, problem.units.y)]
    columns.append(np.asarray(problem.units.households, dtype=np.int64)[order])
    columns += [a[by], b[by], np.asarray(problem.edges.border)[by], np.asarray(problem.edges.barrier)[by]]
    columns += [np.asarray(c, dtype=np.int64)[order] for c in (problem.atoms, problem.community) if c is not None]
    for column in columns:
        digest.update(np.ascontiguousarray(column).tobytes())
    if problem.walk is not None:
        _put_walks(digest, problem, problem.walk, rank)
    elif problem.max_walk_m is not None:
        digest.update(repr(problem.max_walk_m).encode())
    return digest.hexdigest()


def _put_walks(digest: Any, problem: Problem, walk: Walk, rank: Ints) -> None:
    of, to = rank[np.repeat(np.arange(len(rank)), np.diff(walk.indptr))], rank[walk.indices]
    by = np.lexsort((to, of))
    digest.update(repr(problem.max_walk_m).encode())
    for column in (of[by], to[by], np.asarray(walk.metres, dtype=np.float64)[by]):
        digest.update(np.ascontiguousarray(column).tobytes())

"""A plan near the one in force: who changes grid, why, and how few could (spec 21 §7)."""

from dataclasses import dataclass, replace

import numpy as np

from . import contract, reporting
from .auditing import audit
from .planning import Progress, Timer, exempted, fingerprint, plan, watched
from .problem import check, restricted
from .searching import Search
from .solving import divide
from .values import VERSION, Array, Fault, Flags, Ints, Move, Plan, Problem


@dataclass(frozen=True)
class Bound:
    """Households that must move whatever anybody does: with the number of grids kept, and with it free."""

    fixed: int
    free: int


def lower_bound(problem: Problem) -> Bound:
    """This will give the fewest households that can change grid under the new counts (spec 21 §7)."""
    previous = np.asarray(problem.previous, dtype=np.int64)
    known = previous >= 0
    _, which = np.unique(previous[known], return_inverse=True)
    homes = np.bincount(which, np.asarray(problem.units.households)[known]).astype(np.int64)
    over = np.maximum(homes - problem.band.hi, 0)
    under = np.maximum(problem.band.lo - homes, 0)
    fixed, free = max(over.sum(), under.sum()), max(over.sum(), np.minimum(under, homes).sum())
    return Bound(int(fixed), int(free))


def replan(
    problem: Problem, *, price: float = 10.0, effort: float = 30.0, threads: int = 1, seed: int = 0,
    progress: Progress | None = None, timer: Timer | None = None, time_limit_s: float | None = None,
) -> Plan:  # fmt: skip
    """This will give a plan near `problem.previous` under the problem's new units, counts, barriers or band.

    A plan in force that is still legal comes back as it is, with no move. Each move has a reason: `was_over`,
    `was_under`, `cut_off`, `makes_room`, `new_unit`, `border_rule`, `too_far`. `used["bound_fixed"]` and
    `used["bound_free"]` are the lower bounds on households moved, `metrics["moved"]` what was found.

    :raises BadInput: if the problem makes no sense or has no plan in force.
    """
    problem = check(replace(problem, change_price=price))
    previous = np.asarray(problem.previous, dtype=np.int64)
    watch = watched(progress, timer, time_limit_s)
    old = _faults_in_force(problem, previous)
    same = _unchanged(problem, previous, seed, effort) if (previous >= 0).all() else None
    if same is not None:
        return same
    found = plan(problem, Search(problem.weights, effort, seed, threads, watch, price))
    bound = lower_bound(problem)
    moves = _moves(problem, found.assignment, old)
    w = np.asarray(problem.units.households)
    moved = int(sum(w[m.unit] for m in moves if m.before >= 0))
    return replace(
        found, moves=moves, metrics={**found.metrics, "moved": float(moved)},
        used={**found.used, "bound_fixed": bound.fixed, "bound_free": bound.free},
    )  # fmt: skip


def _faults_in_force(problem: Problem, previous: Ints) -> tuple[Fault, ...]:
    """Judge the plan in force by the new rules; of new units, which it does not know, nothing is said."""
    known = np.flatnonzero(previous >= 0)
    if len(known) == len(previous):
        return audit(previous, problem, ())
    return audit(previous[known], restricted(problem, known), ()) if len(known) else ()


def _unchanged(problem: Problem, previous: Ints, seed: int, effort: float) -> Plan | None:
    """Give the plan in force itself if nothing is wrong with it."""
    ground = contract.build(problem)
    assignment = np.asarray(previous, dtype=np.int32)
    exemptions = exempted(problem, ground, divide(ground), assignment)
    if audit(assignment, problem, exemptions):
        return None
    bound = lower_bound(problem)
    used = {"seed": seed, "effort": effort, "weights": vars(problem.weights), "version": VERSION,
            "input": fingerprint(problem), "stopped_by_time": False, "cancelled": False,
            "bound_fixed": bound.fixed, "bound_free": bound.free}  # fmt: skip
    return Plan(
        status="legal_with_exemptions" if exemptions else "legal", assignment=assignment, problem=problem,
        grids=reporting.sheets(problem, assignment, ()), exemptions=exemptions,
        metrics={**reporting.objective(problem, assignment), "moved": 0.0}, used=used,
    )  # fmt: skip


def _moves(problem: Problem, assignment: Array, old: tuple[Fault, ...]) -> tuple[Move, ...]:
    """Name every unit that changes its grid, with the reason that comes first."""
    previous, after = np.asarray(problem.previous, dtype=np.int64), np.asarray(assignment, dtype=np.int64)
    w = np.asarray(problem.units.households, dtype=np.int64)
    width = int(max(previous.max(), after.max())) + 1
    homes = np.bincount(previous[previous >= 0], w[previous >= 0], width)
    loose = _loose(problem, previous)
    bordered, far = ({f.grid for f in old if f.rule in rules} for rules in (("H3", "H5", "H6", "H9"), ("H7",)))
    found = []
    for row in np.flatnonzero(previous != after).tolist():
        before, to = int(previous[row]), int(after[row])
        reason = "makes_room"
        if before < 0:
            reason = "new_unit"
        elif loose[row]:
            reason = "cut_off"
        elif before in bordered:
            reason = "border_rule"
        elif before in far:
            reason = "too_far"
        elif homes[before] > problem.band.hi:
            reason = "was_over"
        elif homes[before] < problem.band.lo or homes[to] < problem.band.lo:
            reason = "was_under"
        found.append(Move(row, before, to, reason))
    return tuple(found)


def _loose(problem: Problem, previous: Ints) -> Flags:
    """Tell which units no longer hang together with the heaviest part of their old grid."""
    from . import compiled

    ground = contract.build(problem)
    label, found = compiled.pieces(ground.indptr, ground.indices, ground.home)
    weight = np.bincount(label[label >= 0], ground.w[label >= 0], found)
    heaviest = np.full(int(ground.home.max()) + 1, -1.0)
    inside = ground.home >= 0
    np.maximum.at(heaviest, ground.home[inside], weight[label[inside]])
    loose = np.zeros(ground.size, bool)
    loose[inside] = weight[label[inside]] < heaviest[ground.home[inside]]
    return np.asarray(loose[ground.atom_of])

"""A division in numbers: one sheet per grid, and J by its aims (spec 21 §2, §8)."""

import numpy as np

from . import walking
from .contract import areas
from .values import Array, Doubles, Fault, Ints, Problem, Sheet


def sheets(
    problem: Problem, assignment: Array, faults: tuple[Fault, ...], *, only: Array | None = None
) -> tuple[Sheet, ...]:
    """This will give one sheet per grid (or per grid of `only`), in order of their numbers."""
    from . import compiled

    names, which = np.unique(np.asarray(assignment, dtype=np.int64), return_inverse=True)
    k = len(names)
    order = np.argsort(which, kind="stable")
    starts = np.searchsorted(which[order], np.arange(k + 1))
    w = np.asarray(problem.units.households, dtype=np.int64)
    x, y = (np.asarray(a, dtype=np.float64) for a in (problem.units.x, problem.units.y))
    homes = np.bincount(which, w, k).astype(np.int64)
    far = _far(which, k, x, y, w)
    border = _borders(problem, which, k)
    if problem.walk is None:
        anchor, longest = compiled.anchors(order, starts, x, y, w)
        longest = longest * walking.BY_ROAD
        mean, square = (np.bincount(which, w * d, k) / np.maximum(homes, 1) for d in (far, far**2))
    else:
        anchor, longest, mean, square = walking.middles(problem, order, starts)
    columns = {
        "grid": names, "matched": _matched(problem, which, k, w), "units": np.diff(starts), "households": homes,
        "slack_lo": homes - problem.band.lo, "slack_hi": problem.band.hi - homes,
        "connected": ~np.isin(names, [f.grid for f in faults if f.rule in ("H2", "H5")]),
        "polsby_popper": _roundness(np.asarray(np.bincount(which, areas(problem), k), dtype=np.float64), border),
        "mean_walk_m": mean, "rms_walk_m": np.sqrt(square), "max_walk_m": longest, "border_m": border, "anchor": anchor,
    }  # fmt: skip
    further = {n: np.bincount(which, np.asarray(s.values, dtype=np.float64), k) for n, s in problem.workloads.items()}
    wanted = range(k) if only is None else np.flatnonzero(np.isin(names, only)).tolist()
    rows = list(zip(*(column.tolist() for column in columns.values()), strict=True))
    near, pointer = _neighbours(problem, which, k, names)
    return tuple(
        Sheet(*rows[g], workloads={n: float(sums[g]) for n, sums in further.items()},  # type: ignore[misc]
              neighbours=tuple(near[pointer[g] : pointer[g + 1]]))
        for g in wanted
    )  # fmt: skip


def _far(which: Ints, k: int, x: Doubles, y: Doubles, w: Ints) -> Doubles:
    """Give the distance of each unit to the mean of the homes of its grid."""
    homes = np.bincount(which, w, k)
    cx, cy = (np.bincount(which, w * a, k) / np.maximum(homes, 1) for a in (x, y))
    return np.asarray(np.where(homes[which] > 0, np.hypot(x - cx[which], y - cy[which]), 0.0))


def _roundness(area: Doubles, border: Doubles) -> Doubles:
    return np.asarray(np.where(border > 0, np.minimum(4 * np.pi * area / np.maximum(border, 1e-9) ** 2, 1.0), 1.0))


def _borders(problem: Problem, which: Ints, k: int) -> Doubles:
    """Give the border of each grid with others."""
    a, b = which[problem.edges.u], which[problem.edges.v]
    cut = a != b
    length = np.asarray(problem.edges.border)[cut]
    return np.asarray(np.bincount(a[cut], length, k) + np.bincount(b[cut], length, k), dtype=np.float64)


def _neighbours(problem: Problem, which: Ints, k: int, names: Ints) -> tuple[list[int], list[int]]:
    """Give the grids that touch each grid, one after the other, and where those of each begin."""
    a, b = which[problem.edges.u], which[problem.edges.v]
    a, b = a[a != b], b[a != b]
    pairs = np.sort(np.concatenate([a * k + b, b * k + a]))
    pairs = pairs[np.concatenate([pairs[:1] >= 0, pairs[1:] != pairs[:-1]])]
    return names[pairs % k].tolist(), np.searchsorted(pairs, np.arange(k + 1) * k).tolist()


def _matched(problem: Problem, which: Ints, k: int, w: Ints) -> Ints:
    """Give the old grid with which each new one has most households in common, −1 without a plan in force."""
    matched = np.full(k, -1, np.int64)
    if problem.previous is None:
        return matched
    previous = np.asarray(problem.previous, dtype=np.int64)
    known = previous >= 0
    pair, back = np.unique(np.stack([which[known], previous[known]]), axis=1, return_inverse=True)
    common = np.bincount(back, w[known] + 1e-6)
    for i in np.lexsort((-pair[1], common)).tolist():
        matched[pair[0, i]] = pair[1, i]
    return matched


def objective(problem: Problem, assignment: Array) -> dict[str, float]:
    """This will give J and each aim by itself, as spec 21 §2 defines them; the same for any name, turn or shift."""
    names, which = np.unique(np.asarray(assignment), return_inverse=True)
    k, w = len(names), np.asarray(problem.units.households, dtype=np.float64)
    x, y = (np.asarray(a, dtype=np.float64) for a in (problem.units.x, problem.units.y))
    x, y = x - x.mean(), y - y.mean()
    homes, area, total = np.bincount(which, w, k), np.bincount(which, areas(problem), k), max(float(w.sum()), 1.0)
    centre = [np.bincount(which, w * a, k) / np.maximum(homes, 1e-9) for a in (x, y)]
    far = np.hypot(x - centre[0][which], y - centre[1][which]) if problem.walk is None else _on_foot(problem, which, k)
    middle = max((problem.band.lo + problem.band.hi) / 2, 1.0)
    radius = np.sqrt(max(float(area.sum()), 1e-9) / np.pi / max(total / middle, 1.0))
    border = _borders(problem, which, k)
    round_ = area > 0
    weights = problem.weights
    aims = {
        "walk": float((w * far).sum() / total / radius),
        "shape": float((border[round_] ** 2 / (4 * np.pi * area[round_]) - 1).sum() / k),
        "balance": float(((homes / (total / k) - 1) ** 2).mean()),
        "change": _changed(problem, assignment) / total, "posts": 0.0, "together": 0.0, "purity": 0.0,
    }  # fmt: skip
    if problem.previous is not None:
        old = np.unique(np.asarray(problem.previous)[np.asarray(problem.previous) >= 0])
        aims["posts"] = (len(np.setdiff1d(names, old)) + len(np.setdiff1d(old, names))) / k
    if problem.community is not None and problem.communities == "soft":
        aims["together"] = _scattered(which, np.asarray(problem.community), w) / total
    if problem.atoms is not None and problem.compounds != "free":
        aims["purity"] = _mixed(which, np.asarray(problem.atoms), w) / total
    price = {**vars(weights), "change": problem.change_price}
    balance = sum(s.weight * _uneven(which, s.values, k) for s in problem.workloads.values())
    aims["J"] = sum(price[name] * value for name, value in aims.items()) + balance
    aims |= {"rms_walk_m": float(np.sqrt((w * far**2).sum() / total)), "mean_walk_m": aims["walk"] * float(radius)}
    length = float(np.asarray(problem.edges.border).sum())
    return {**aims, "cut": float(border.sum() / 2 / length) if length else 0.0, "grids": float(k)}


def _on_foot(problem: Problem, which: Ints, k: int) -> Doubles:
    """Give the metres of each unit along the ways to the middle of its grid."""
    far, order = np.zeros(len(which)), np.argsort(which, kind="stable")
    starts = np.searchsorted(which[order], np.arange(k + 1))
    for g in range(k):
        rows = order[starts[g] : starts[g + 1]]
        far[rows] = walking.middle(problem, rows)[1]
    return far


def _uneven(which: Ints, values: Array, k: int) -> float:
    sums = np.bincount(which, np.asarray(values, dtype=np.float64), k)
    return float(((sums / max(sums.mean(), 1e-9) - 1) ** 2).mean())


def _changed(problem: Problem, assignment: Array) -> float:
    if problem.previous is None:
        return 0.0
    previous = np.asarray(problem.previous)
    moved = (previous >= 0) & (previous != np.asarray(assignment))
    return float(np.asarray(problem.units.households)[moved].sum())


def _scattered(which: Ints, community: Array, w: Doubles) -> float:
    """Households outside the main community of their grid."""
    pair, back = np.unique(np.stack([which, community]), axis=1, return_inverse=True)
    sums = np.bincount(back, w)
    best = np.zeros(int(which.max()) + 1)
    np.maximum.at(best, pair[0], sums)
    return float(w.sum() - best.sum())


def _mixed(which: Ints, atoms: Array, w: Doubles) -> float:
    """Households that share a grid with a piece of a compound that is split, and are not of it."""
    inside = atoms >= 0
    codes, code = np.unique(atoms[inside], return_inverse=True)
    k = int(which.max()) + 1
    pairs, back = np.unique(code * k + which[inside], return_inverse=True)
    split = np.bincount(pairs // k, minlength=len(codes))[pairs // k] > 1
    other = np.bincount(which, w, k)[pairs % k] - np.bincount(back, w[inside], len(pairs))
    return float(other[split].sum())

"""Grounds to plan on, and a naive twin of the planner: everything by trying all partitions."""

from collections.abc import Iterator

import numpy as np

from jishi.kernels.gridplan import Band, Edges, Problem, Units


def ground(households, pairs, *, band=(300, 500), xy=None, borders=None, barrier=None, **more) -> Problem:
    """Make a problem of a list of households and of pairs of neighbours."""
    n = len(households)
    place = np.array(xy if xy is not None else [(100.0 * i, 10.0 * (i % 3)) for i in range(n)], dtype=float)
    pairs = np.array(list(pairs), dtype=np.int64).reshape(-1, 2)
    units = Units(np.arange(n), place[:, 0], place[:, 1], np.array(households, dtype=np.int64))
    edges = Edges(pairs[:, 0], pairs[:, 1], np.full(len(pairs), 50.0) if borders is None else np.array(borders),
                  None if barrier is None else np.array(barrier))  # fmt: skip
    return Problem(units, edges, Band(*band), **more)


def path(households, **more) -> Problem:
    return ground(households, [(i, i + 1) for i in range(len(households) - 1)], **more)


def ring(households, **more) -> Problem:
    n = len(households)
    around = [(100 * np.cos(6.283 * i / n), 100 * np.sin(6.283 * i / n)) for i in range(n)]
    return ground(households, [(i, (i + 1) % n) for i in range(n)], xy=around, **more)


def star(hub, leaves, **more) -> Problem:
    around = [(0.0, 0.0)] + [(100 * np.cos(6.283 * i / len(leaves)), 100 * np.sin(6.283 * i / len(leaves)))
                             for i in range(len(leaves))]  # fmt: skip
    return ground([hub, *leaves], [(0, i + 1) for i in range(len(leaves))], xy=around, **more)


def lattice(rows, columns, households, **more) -> Problem:
    pairs = [(r * columns + c, r * columns + c + 1) for r in range(rows) for c in range(columns - 1)]
    pairs += [(r * columns + c, (r + 1) * columns + c) for r in range(rows - 1) for c in range(columns)]
    weights = households if isinstance(households, list) else [households] * (rows * columns)
    return ground(weights, pairs, xy=[(100.0 * c, 100.0 * r) for r in range(rows) for c in range(columns)], **more)


def planar(rng, n: int, *, most: int = 120, zero: float = 0.1, keep: float = 0.9, **more) -> Problem:
    """Draw a planar ground: neighbours by Delaunay's triangles, a tenth of the edges and of the homes left out."""
    from scipy.spatial import Delaunay

    place = rng.uniform(0, 100 * np.sqrt(n), (n, 2))
    sides = np.concatenate([Delaunay(place).simplices[:, c] for c in ([0, 1], [1, 2], [0, 2])])
    pairs = {(int(a), int(b)) for a, b in np.sort(sides, axis=1)}
    kept = sorted(p for p in sorted(pairs) if rng.random() < keep)
    households = np.where(rng.random(n) < zero, 0, rng.integers(1, most + 1, n))
    if not households.any():
        households[0] = 1
    return ground(households.tolist(), kept, xy=place, borders=rng.uniform(5, 80, len(kept)), **more)


def partitions(problem: Problem) -> Iterator[tuple[tuple[int, ...], ...]]:
    """Give every division into connected grids inside the band: for a dozen units."""
    n = len(problem.units.id)
    near = [set() for _ in range(n)]
    for u, v in zip(problem.edges.u.tolist(), problem.edges.v.tolist(), strict=True):
        near[u].add(v)
        near[v].add(u)
    yield from _covers(problem, near, frozenset(range(n)))


def _covers(problem: Problem, near, free: frozenset[int]) -> Iterator[tuple[tuple[int, ...], ...]]:
    if not free:
        yield ()
        return
    for one in _sets_from(problem, near, free):
        for rest in _covers(problem, near, free - one):
            yield (tuple(sorted(one)), *rest)


def _sets_from(problem: Problem, near, free: frozenset[int]) -> Iterator[frozenset[int]]:
    """Give every connected set inside the band that holds the first free unit."""
    seen, waiting = set(), [frozenset([min(free)])]
    while waiting:
        one = waiting.pop()
        total = sum(int(problem.units.households[i]) for i in one)
        if one in seen or total > problem.band.hi:
            continue
        seen.add(one)
        if total >= problem.band.lo:
            yield one
        waiting += [one | {j} for i in one for j in near[i] if j in free and j not in one]


def scatter(problem: Problem, grids) -> float:
    """Give the sum over households of the squared distance to the mean of the homes of their grid."""
    x, y, w = problem.units.x, problem.units.y, problem.units.households
    total = 0.0
    for rows in (list(g) for g in grids):
        if w[rows].sum():
            cx, cy = np.average(x[rows], weights=w[rows]), np.average(y[rows], weights=w[rows])
            total += float((w[rows] * ((x[rows] - cx) ** 2 + (y[rows] - cy) ** 2)).sum())
    return total

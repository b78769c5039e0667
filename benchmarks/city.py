"""A synthetic city of any size, drawn from a seed: superblocks, compounds, communities (spec 21 §15).

Like the development instances in kind, not in numbers: other sizes and shapes can be drawn than anybody tuned for.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from jishi.kernels import gridplan as planner

STEP = 32.0  # metres between buildings


@dataclass(frozen=True, eq=False)
class City:
    """`units`, `edges` as the planner takes them; `community`, `compound` (n,) codes. Nothing crosses a community."""

    units: planner.Units
    edges: planner.Edges
    community: Any
    compound: Any


def city(size: int, *, seed: int = 1, block: int = 18, homes: float = 29.0, per_compound: float = 13.9) -> City:
    """This will draw about `size` buildings: a jittered lattice, each cell with one diagonal, cut into communities of
    about `block`² buildings and these into compounds of about `per_compound` buildings of about `homes` households."""
    rng = np.random.default_rng(seed)
    side = int(np.sqrt(size))
    place = np.arange(side * side).reshape(side, side)
    row, column = np.divmod(np.arange(side * side), side)
    x, y = (STEP * (a + rng.uniform(-0.3, 0.3, side * side)) for a in (column, row))
    community = _slot(rng, side, block)[row] * side + _slot(rng, side, block)[column]
    community = np.unique(community, return_inverse=True)[1]
    compound = _compounds(rng, community, x, y, per_compound)
    plenty = rng.lognormal(0.0, 0.25, int(compound.max()) + 1)[compound]  # towers here, villas there
    weight = np.clip(np.rint(rng.lognormal(np.log(homes) - 0.13, 0.5, len(x)) * plenty), 4, 300).astype(np.int64)
    u, v = _links(rng, place)
    kept = (community[u] == community[v]) & (rng.random(len(u)) < 0.97)
    u, v = u[kept], v[kept]
    border = rng.uniform(0.5, STEP, len(u))
    return City(planner.Units(np.arange(len(x)), x, y, weight), planner.Edges(u, v, border), community, compound)


def _slot(rng: Any, side: int, block: int) -> Any:
    """Cut a side into stretches of about a block."""
    lengths = rng.integers(max(2, block * 2 // 3), block * 4 // 3 + 1, side)
    return np.repeat(np.arange(side), lengths)[:side]


def _links(rng: Any, place: Any) -> tuple[Any, Any]:
    right, down = (place[:, :-1], place[:, 1:]), (place[:-1], place[1:])
    falling = rng.random((place.shape[0] - 1, place.shape[1] - 1)) < 0.5
    diagonal = (np.where(falling, place[:-1, :-1], place[:-1, 1:]), np.where(falling, place[1:, 1:], place[1:, :-1]))
    return tuple(np.concatenate([pair[i].ravel() for pair in (right, down, diagonal)]) for i in (0, 1))  # type: ignore[return-value]


def _compounds(rng: Any, community: Any, x: Any, y: Any, about: float) -> Any:
    """Draw middles in each community and give each building to the nearest of its own."""
    order = np.argsort(community, kind="stable")
    starts = np.searchsorted(community[order], np.arange(int(community.max()) + 2))
    compound, found = np.empty(len(x), np.int64), 0
    for a, b in zip(starts[:-1].tolist(), starts[1:].tolist(), strict=True):
        rows = order[a:b]
        middles = rng.choice(rows, max(1, round(len(rows) / about)), replace=False)
        far = (x[rows, None] - x[middles]) ** 2 + (y[rows, None] - y[middles]) ** 2
        compound[rows] = found + np.argmin(far, axis=1)
        found += len(middles)
    return np.unique(compound, return_inverse=True)[1]

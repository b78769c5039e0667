"""How far the homes of a planned grid are from its middle, on the net of ways of the day where it leads (21 H7)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np

from jishi.kernels import gridplan as planner
from jishi.kernels.geo.walking import DETOUR
from jishi.places.plan_files import Frozen
from jishi.places.queries import walking
from jishi.places.shapes import E7


@dataclass(frozen=True, slots=True)
class GridWalk:
    """Metres from the homes of a grid to the house in its middle. `walks`: by ``ways``, ``partly``, or ``straight``."""

    mean_m: float
    max_m: float
    walks: str


def measured(
    frozen: Frozen, assignment: Any, sheets: Sequence[planner.Sheet], *, day: date
) -> tuple[int | None, dict[int, GridWalk]]:
    """Give the number of the net in force and the walks of each grid; None and nothing where there is no net.

    Where nobody gets along the ways the straight line × 1.35 stands and is counted as such, never left out.
    """
    net = walking.walk_net(day)
    if net is None:
        return None, {}
    units, plane = frozen.problem.units, frozen.plane
    homes, grid = np.asarray(units.households, np.int64), np.asarray(assignment, np.int64)
    middle = {s.grid: s.anchor for s in sheets if s.anchor >= 0}
    rows = [i for i in np.flatnonzero(homes > 0).tolist() if int(grid[i]) in middle]
    ends = [(middle[int(grid[i])], i) for i in rows]
    places = [tuple(round(c * E7) for c in plane.degrees(float(x), float(y)))
              for x, y in zip(units.x, units.y, strict=True)]  # fmt: skip
    walks = walking.walks_between([(places[a], places[b]) for a, b in ends], day=day)  # type: ignore[misc]
    found: dict[int, list[tuple[int, float, bool]]] = {}
    for (a, b), walk in zip(ends, walks, strict=True):
        straight = float(np.hypot(units.x[a] - units.x[b], units.y[a] - units.y[b])) * DETOUR
        far = straight if walk.metres is None else walk.metres
        found.setdefault(int(grid[b]), []).append((int(homes[b]), far, walk.straight))
    return net.number, {g: _summed(rows) for g, rows in found.items()}


def _summed(rows: Sequence[tuple[int, float, bool]]) -> GridWalk:
    homes = sum(n for n, *_ in rows)
    guessed = {guess for _, far, guess in rows if far > 0}
    walks = "ways" if True not in guessed else "partly" if False in guessed else "straight"  # 0 m is no estimate
    return GridWalk(sum(n * far for n, far, _ in rows) / homes, max(far for _, far, _ in rows), walks)

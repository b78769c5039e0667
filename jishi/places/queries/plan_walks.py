"""How far houses are from each other along the net of ways of the day: what a plan is calculated from (21 H7)."""

from datetime import date
from typing import Any

import numpy as np

from jishi.kernels import gridplan as planner
from jishi.places.queries import walking
from jishi.places.shapes import E7, Plane

REACH_M = 1_000.0  # houses farther apart in a straight line are in no grid together, or estimated
MOST_PAIRS = 200_000  # of one community: with more houses those farther apart are estimated
_HALVINGS = 20  # of the reach: a millimetre


def table(units: planner.Units, plane: Plane, *, day: date) -> tuple[int | None, planner.Walk | None]:
    """Give the number of the net in force and the metres between houses that its ways lead to; None where there is no
    net: everything is then a straight line × 1.35. Pairs that no way leads to are left out: the planner estimates them.
    """
    net = walking.walk_net(day)
    if net is None:
        return None, None
    x, y = (np.asarray(a, np.float64) for a in (units.x, units.y))
    pairs = _near(x, y)
    places = [tuple(round(c * E7) for c in plane.degrees(a, b)) for a, b in zip(x.tolist(), y.tolist(), strict=True)]
    metres, straight = walking.metres_of(places, pairs, day=day)  # type: ignore[arg-type]
    return net.number, planner.walk_between(len(x), pairs[~straight], np.round(metres[~straight], 2))


def _near(x: Any, y: Any) -> Any:
    """Give the pairs of houses (rows) that are near each other, at most MOST_PAIRS: of more the nearest."""
    from scipy.spatial import cKDTree

    tree = cKDTree(np.column_stack((x, y)))
    reach = REACH_M if _pairs_within(tree, REACH_M) <= MOST_PAIRS else 0.0
    if not reach:
        step = REACH_M / 2
        for _ in range(_HALVINGS):
            reach += step if _pairs_within(tree, reach + step) <= MOST_PAIRS else 0.0
            step /= 2
    pairs = tree.query_pairs(reach, output_type="ndarray").reshape(-1, 2)
    return pairs[np.lexsort((pairs[:, 1], pairs[:, 0]))]


def _pairs_within(tree: Any, metres: float) -> int:
    return int((tree.count_neighbors(tree, metres) - tree.n) // 2)

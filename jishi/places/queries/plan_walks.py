"""How far houses are from each other along the net of ways of the day: what a plan is calculated from (21 H7)."""

from datetime import date

import numpy as np

from jishi.kernels import gridplan as planner
from jishi.kernels.geo.walknet import near_pairs
from jishi.places.queries import walking
from jishi.places.shapes import E7, Plane

REACH_M = 1_000.0  # houses farther apart in a straight line are in no grid together, or estimated
MOST_PAIRS = 200_000  # of one community: with more houses those farther apart are estimated


def table(
    units: planner.Units, plane: Plane, *, day: date, limit_m: int | None = None
) -> tuple[int | None, planner.Walk | None]:
    """Give the number of the net in force and the metres between houses that its ways lead to; None where there is no
    net: everything is then a straight line × 1.35. Pairs that no way leads to are left out: the planner estimates them.
    With a longest walk all pairs are measured that could keep to it: who lives farther apart walks farther.
    """
    net = walking.walk_net(day)
    if net is None:
        return None, None
    x, y = (np.asarray(a, np.float64) for a in (units.x, units.y))
    pairs = near_pairs(x, y, reach_m=max(REACH_M, limit_m or 0), most=MOST_PAIRS)
    places = [tuple(round(c * E7) for c in plane.degrees(a, b)) for a, b in zip(x.tolist(), y.tolist(), strict=True)]
    metres, straight = walking.metres_of(places, pairs, day=day)  # type: ignore[arg-type]
    return net.number, planner.walk_between(len(x), pairs[~straight], np.round(metres[~straight], 2))

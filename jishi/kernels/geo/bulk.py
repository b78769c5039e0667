"""Many rings at once: which of them are sound without a second look, where they spike, what they leave between them."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import shapely

from .metres import scale

SPIKE_DEGREES, SPIKE_ARM_M = 1.0, 2.0
Rings = Sequence[npt.NDArray[np.float64]]


def sound_polygons(rings: Rings) -> dict[int, Any]:
    """This will give the polygons of those rings (degrees, each a shell without holes) in which nothing can be wrong.

    Closed, four points or more, no point repeated, counter-clockwise, simple, no spike, more than 0.01 m². What is
    not given here is looked at ring by ring; so the findings are those of the slow way.
    """
    at = [n for n, ring in enumerate(rings) if len(ring) >= 4 and bool((ring[0] == ring[-1]).all())]
    if not at:
        return {}
    lengths = np.array([len(rings[n]) for n in at])
    points = np.concatenate([rings[n] for n in at])
    owner = np.repeat(np.arange(len(at)), lengths)
    steps = np.diff(points, axis=0)
    inner = owner[1:] == owner[:-1]
    bad = np.zeros(len(at), bool)
    bad[owner[:-1][inner & (steps == 0).all(axis=1)]] = True
    bad[owner[spikes(points, owner)]] = True
    bad |= _areas(points, owner, len(at)) < 0.01  # clockwise rings have a negative area
    made = shapely.polygons(shapely.linearrings(points, indices=owner))
    bad |= ~shapely.is_valid(made)
    return {n: shape for n, shape, is_bad in zip(at, made, bad, strict=True) if not is_bad}


def _areas(points: Any, owner: Any, count: int) -> Any:
    """Signed m² of closed rings, counter-clockwise positive."""
    first = np.searchsorted(owner, np.arange(count))
    east, north = scale(points[first, 1])
    x = (points[:, 0] - points[first[owner], 0]) * east[owner]
    y = (points[:, 1] - points[first[owner], 1]) * north[owner]
    inner = owner[1:] == owner[:-1]
    cross = np.where(inner, x[:-1] * y[1:] - x[1:] * y[:-1], 0.0)
    return np.bincount(owner[:-1], weights=cross, minlength=count) / 2


def spikes(points: Any, owner: Any) -> npt.NDArray[np.int64]:
    """This will give the places (in `points`) of corners sharper than 1° with two arms of 2 m or more: a border that
    goes out and comes back. `owner` tells for each point its closed ring; a ring's last point is its first.
    """
    at = np.arange(len(points))
    first = np.searchsorted(owner, owner, side="left")
    last = np.searchsorted(owner, owner, side="right") - 1
    before = np.where(at == first, last - 1, at - 1)
    after = np.where(at == last, first + 1, at + 1)
    inside = (last - first >= 3) & (at != last)  # the last point is the first once more
    east, north = scale(points[:, 1])
    to_before = (points[np.clip(before, 0, None)] - points) * np.column_stack((east, north))
    to_after = (points[np.clip(after, 0, len(points) - 1)] - points) * np.column_stack((east, north))
    long_enough = np.minimum(np.hypot(*to_before.T), np.hypot(*to_after.T)) >= SPIKE_ARM_M
    cross = np.abs(to_before[:, 0] * to_after[:, 1] - to_before[:, 1] * to_after[:, 0])
    dot = (to_before * to_after).sum(axis=1)
    sharp = (dot > 0) & (cross < np.tan(np.radians(SPIKE_DEGREES)) * dot)
    return np.flatnonzero(inside & long_enough & sharp)


def touching(shapes: Sequence[Any]) -> list[tuple[int, int, Any]]:
    """This will give the pairs (lower number first) that share ground, with what they share.

    Only pairs with a shape that is suspect are cut with each other: one with an edge that lies in another shape, or on
    the same side of another's edge, and is no neighbour's (`coverage_invalid_edges`); and whatever shares ground with
    one that is suspect. No pair is missed: of shapes that share ground and are not suspect every edge inside another is
    a neighbour's too, so what lies over each other ends at the same outer edges, on the same side; these are suspect.
    """
    given = np.array(shapes, dtype=object)
    tree = shapely.STRtree(given)
    found: list[tuple[int, int, Any]] = []
    asked = np.zeros(len(given), bool)
    turn = _suspects(given)
    while len(turn):
        left, right = tree.query(given[turn], predicate="intersects")
        left = turn[left]
        new = (left != right) & ~asked[right]
        asked[turn] = True
        pairs = np.unique(np.sort(np.column_stack((left[new], right[new])), axis=1), axis=0)
        common = shapely.intersection(given[pairs[:, 0]], given[pairs[:, 1]])
        held = np.flatnonzero(shapely.area(common) > 0)
        found += [(int(pairs[n, 0]), int(pairs[n, 1]), common[n]) for n in held]
        met = np.unique(pairs[held])
        turn = met[~asked[met]]
    return sorted(found, key=lambda one: one[:2])


def _suspects(given: Any) -> npt.NDArray[np.int64]:
    """The shapes that `touching` begins with; all, where the library cannot say whose edges are matched."""
    if not hasattr(shapely, "coverage_invalid_edges"):
        return np.arange(len(given))
    return np.flatnonzero(~shapely.is_empty(shapely.coverage_invalid_edges(given)))


def together(shapes: Sequence[Any], apart: frozenset[int] = frozenset()) -> Any:
    """This will give the union of shapes; those not in `apart` share no ground with any other.

    Shapes that share no ground are put together along their common edges, which is many times quicker; where their
    corners do not meet, the union is worked out the long way.
    """
    plain = [s for n, s in enumerate(shapes) if n not in apart]
    try:
        quick = shapely.coverage_union_all(plain) if plain else shapely.Polygon()
    except shapely.errors.GEOSException:  # a corner of one stands on the middle of another's edge
        return shapely.union_all(list(shapes))
    if not bool(shapely.is_valid(quick)):
        return shapely.union_all(list(shapes))
    return shapely.union_all([quick, *(shapes[n] for n in sorted(apart))])

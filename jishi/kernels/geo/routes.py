"""In which order are places visited on one walk? Insertion, then 2-opt and or-opt until nothing gets shorter.

The order given is polished in the same way, unless it is long and far from what was found without it.

Never longer than the order given. Ties go to the lower place in the list; the same stops give the same route.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from .walking import Doubles, Pass, Walks, walks
from .walknet import Net, NetWalks, walks_on

_SURE = 1e-9
_FEW = 40  # stops up to which the order given is always polished as well
_NEAR = 1.5  # beyond: only where it is at most so many times as long as what was found without it


@dataclass(frozen=True, slots=True)
class Route:
    """The order in which stops are visited (places in the list given), metres, the points of each leg.

    `left_out` are stops that nobody reaches from the start; `given_m` is how long the given order is; `straight` says
    of each leg whether it is an estimate by straight line. Without a net all are.
    """

    order: tuple[int, ...]
    length_m: float
    given_m: float
    legs: tuple[tuple[tuple[float, float], ...], ...]
    left_out: tuple[int, ...]
    reason: str
    straight: tuple[bool, ...] = ()
    metres: tuple[float, ...] = ()  # of each leg


def route_for(
    stops: Sequence[tuple[float, float]],
    start: tuple[float, float],
    *,
    closed: bool = True,
    barriers: Sequence[Any] = (),
    passes: Sequence[Pass] = (),
    net: Net | None = None,
    step_free: bool = False,
) -> Route:
    """This will order stops (metres of a plane) on a walk from `start`, and back to it where it is `closed`.

    With a `net` it goes along its ways, with `step_free` along those without steps.
    """
    places = [start, *stops]
    ways: Walks | NetWalks = (
        walks(places, barriers, passes)
        if net is None
        else walks_on(net, places, barriers, passes, step_free=step_free)
    )
    metres = ways.metres[: len(stops) + 1, : len(stops) + 1]
    reached = [n for n in range(1, len(stops) + 1) if np.isfinite(metres[0, n])]
    left_out = tuple(n - 1 for n in range(1, len(stops) + 1) if n not in set(reached))
    given = _length(reached, metres, closed=closed)
    tours = [_improved(_inserted(reached, metres, closed=closed), metres, closed=closed)]
    if len(reached) <= _FEW or given <= _NEAR * _length(tours[0], metres, closed=closed):
        tours.append(_improved(reached, metres, closed=closed))
    tour = min(tours, key=lambda t: (round(_length(t, metres, closed=closed), 6), t))
    length = _length(tour, metres, closed=closed)
    if length >= given - _SURE:
        tour, length = reached, given
    return Route(
        tuple(n - 1 for n in tour), round(length, 2), round(given, 2), _legs(tour, ways, closed=closed), left_out,
        "as_given" if tour == reached else "shorter",
        tuple(isinstance(ways, Walks) or bool(ways.straight[a, b]) for a, b in _steps(tour, closed=closed)),
        tuple(round(float(metres[a, b]), 2) for a, b in _steps(tour, closed=closed)),
    )  # fmt: skip


def _length(tour: Sequence[int], metres: Doubles, *, closed: bool) -> float:
    return float(sum(metres[a, b] for a, b in _steps(tour, closed=closed)))


def _legs(tour: Sequence[int], ways: Walks | NetWalks, *, closed: bool) -> tuple[tuple[tuple[float, float], ...], ...]:
    return tuple(tuple(ways.path(a, b)) for a, b in _steps(tour, closed=closed))


def _steps(tour: Sequence[int], *, closed: bool) -> list[tuple[int, int]]:
    stations = [0, *tour, *([0] if closed and tour else [])]
    return list(zip(stations, stations[1:], strict=False))


def _inserted(wanted: Sequence[int], metres: Doubles, *, closed: bool) -> list[int]:
    """Put the farthest stop that is left where it costs least."""
    tour: list[int] = []
    left = np.zeros(len(metres), bool)
    left[list(wanted)] = True
    near = metres[0].copy()
    for _ in wanted:
        one = int(np.argmax(np.where(left, near, -np.inf)))  # of several the first in the list
        left[one] = False
        stations = np.array([0, *tour])
        after = np.array([*tour, 0])
        cost = metres[stations, one] + metres[one, after] - metres[stations, after]
        if not closed:
            cost[-1] = metres[stations[-1], one]
        tour.insert(int(np.argmin(cost)), one)
        near = np.minimum(near, metres[one])
    return tour


def _improved(tour: Sequence[int], metres: Doubles, *, closed: bool) -> list[int]:
    made = list(tour)
    for _ in range(20 * len(made) + 20):
        shorter = _turned(made, metres, closed=closed) or _moved(made, metres, closed=closed)
        if shorter is None:
            return made
        made = shorter
    return made


def _turned(tour: list[int], metres: Doubles, *, closed: bool) -> list[int] | None:
    """2-opt: the stretch whose turning saves most, or None."""
    if len(tour) < 2:
        return None
    steps = _walked(tour, metres)  # by places in the tour, the start at both ends
    n = len(tour)
    one = steps.diagonal(1)
    change = steps[:n, 1 : n + 1] - one[:n, None]
    rest = steps[1 : n + 1, 2:] - one[None, 1:]
    if not closed:
        rest[:, -1] = 0.0
    change += rest
    change[np.tri(n, dtype=bool)] = 0.0
    best = int(np.argmin(change))
    if change.flat[best] >= -1e-6:
        return None
    i, j = divmod(best, n)
    return [*tour[:i], *tour[i : j + 1][::-1], *tour[j + 1 :]]


def _moved(tour: list[int], metres: Doubles, *, closed: bool) -> list[int] | None:
    """Or-opt: one to three stops that cost less elsewhere, or None."""
    steps = _walked(tour, metres)
    best, found = -1e-6, None
    for size in range(1, min(3, len(tour) - 1) + 1):
        change = _changes(steps, size, closed=closed)
        at = int(np.argmin(change))
        if change[at] < best:
            best, found = float(change[at]), (at, size)
    if found is None:
        return None
    at, size = found
    return _placed(tour[at : at + size], [*tour[:at], *tour[at + size :]], metres, closed=closed)


def _walked(tour: list[int], metres: Doubles) -> Doubles:
    """Metres between the places of a tour, the start before and behind it."""
    stations = np.array([0, *tour, 0])
    found: Doubles = metres[stations[:, None], stations]
    return found


def _changes(steps: Doubles, size: int, *, closed: bool) -> Doubles:
    """For every stretch of `size` stops what it costs at its best other place, less what it costs where it is."""
    count = len(steps) - 1 - size  # stretches; each begins at 1 … count
    first, last = np.arange(1, count + 1), np.arange(size, size + count)
    before, behind = first - 1, last + 1
    one = steps.diagonal(1)
    joined = steps[before, behind]
    open_end = (behind == len(steps) - 1) & (not closed)
    saved = steps[before, first] + np.where(open_end, 0.0, steps[last, behind] - joined)
    best = np.full(count, np.inf)
    for head, tail in ((first, last), (last, first)):
        cost = steps[:-1, head].T + steps[tail, 1:] - one  # by stretch and the step into which it is put
        here = steps[before, head] + steps[tail, behind] - joined
        if not closed:
            cost[:, -1] = steps[-2, head]
            here = np.where(open_end, steps[before, head], here)
        for inner in range(size + 1):  # the steps around and within the stretch are one where it is away
            cost[first - 1, before + inner] = here
        best = np.minimum(best, cost.min(axis=1))
    change: Doubles = best - saved
    return change


def _placed(piece: list[int], rest: list[int], metres: Doubles, *, closed: bool) -> list[int]:
    """Put a stretch where it costs least among the others, either way round."""
    stations, after = np.array([0, *rest]), np.array([*rest, 0])
    found = []
    for way in (piece, piece[::-1]):
        cost = metres[stations, way[0]] + metres[way[-1], after] - metres[stations, after]
        if not closed:
            cost[-1] = metres[stations[-1], way[0]]
        place = int(np.argmin(cost))
        found.append((float(cost[place]), [*rest[:place], *way, *rest[place:]]))
    return min(found)[1]

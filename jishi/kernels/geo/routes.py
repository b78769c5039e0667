"""In which order are places visited on one walk? Insertion, then 2-opt and or-opt until nothing gets shorter.

Never longer than the order given. Ties go to the lower place in the list; the same stops give the same route.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from .walking import Doubles, Pass, Walks, walks

_SURE = 1e-9


@dataclass(frozen=True, slots=True)
class Route:
    """The order in which stops are visited (places in the list given), metres, the points of each leg.

    `left_out` are stops that nobody reaches from the start; `given_m` is how long the given order is.
    """

    order: tuple[int, ...]
    length_m: float
    given_m: float
    legs: tuple[tuple[tuple[float, float], ...], ...]
    left_out: tuple[int, ...]
    reason: str


def route_for(
    stops: Sequence[tuple[float, float]],
    start: tuple[float, float],
    *,
    closed: bool = True,
    barriers: Sequence[Any] = (),
    passes: Sequence[Pass] = (),
) -> Route:
    """This will order stops (metres of a plane) on a walk from `start`, and back to it where it is `closed`."""
    ways = walks([start, *stops], barriers, passes)
    metres = ways.metres[: len(stops) + 1, : len(stops) + 1]
    reached = [n for n in range(1, len(stops) + 1) if np.isfinite(metres[0, n])]
    left_out = tuple(n - 1 for n in range(1, len(stops) + 1) if n not in set(reached))
    given = _length(reached, metres, closed=closed)
    tour = min(
        (_improved(t, metres, closed=closed) for t in (_inserted(reached, metres, closed=closed), reached)),
        key=lambda t: (round(_length(t, metres, closed=closed), 6), t),
    )
    length = _length(tour, metres, closed=closed)
    if length >= given - _SURE:
        tour, length = reached, given
    return Route(
        tuple(n - 1 for n in tour), round(length, 2), round(given, 2), _legs(tour, ways, closed=closed), left_out,
        "as_given" if tour == reached else "shorter",
    )  # fmt: skip


def _length(tour: Sequence[int], metres: Doubles, *, closed: bool) -> float:
    stations = [0, *tour, *([0] if closed and tour else [])]
    return float(sum(metres[a, b] for a, b in zip(stations, stations[1:], strict=False)))


def _legs(tour: Sequence[int], ways: Walks, *, closed: bool) -> tuple[tuple[tuple[float, float], ...], ...]:
    stations = [0, *tour, *([0] if closed and tour else [])]
    return tuple(tuple(ways.path(a, b)) for a, b in zip(stations, stations[1:], strict=False))


def _inserted(wanted: Sequence[int], metres: Doubles, *, closed: bool) -> list[int]:
    """Put the farthest stop that is left where it costs least."""
    tour: list[int] = []
    left = list(wanted)
    near = metres[0].copy()
    while left:
        one = max(left, key=lambda n: (near[n], -n))
        left.remove(one)
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
    before = np.array([0, *tour[:-1]])
    here = np.array(tour)
    after = np.array([*tour[1:], 0])
    leaving = metres[here, after].copy()
    arriving = metres[before[:, None], here[None, :]] - metres[before, here][:, None]
    rest = metres[here[:, None], after[None, :]] - leaving[None, :]
    if not closed:
        rest[:, -1] = 0.0
    change = np.where(np.triu(np.ones_like(arriving, bool), 1), arriving + rest, 0.0)
    best = int(np.argmin(change))
    if change.flat[best] >= -1e-6:
        return None
    i, j = divmod(best, len(tour))
    return [*tour[:i], *tour[i : j + 1][::-1], *tour[j + 1 :]]


def _moved(tour: list[int], metres: Doubles, *, closed: bool) -> list[int] | None:
    """Or-opt: one to three stops that cost less elsewhere, or None."""
    best: tuple[float, list[int]] | None = None
    for size in (1, 2, 3):
        for at in range(len(tour) - size + 1):
            piece, rest = tour[at : at + size], [*tour[:at], *tour[at + size :]]
            if not rest:
                continue
            found = _placed(piece, rest, metres, closed=closed)
            before = tour[at - 1] if at else 0
            behind = tour[at + size] if at + size < len(tour) else 0
            open_end = behind == 0 and not closed
            saved = metres[before, piece[0]] + (0.0 if open_end else metres[piece[-1], behind] - metres[before, behind])
            if found[0] - saved < min(-1e-6, best[0] if best else 0.0):
                best = (found[0] - saved, found[1])
    return best[1] if best else None


def _placed(piece: list[int], rest: list[int], metres: Doubles, *, closed: bool) -> tuple[float, list[int]]:
    """Where a stretch costs least among the others, either way round, and how much."""
    stations, after = np.array([0, *rest]), np.array([*rest, 0])
    found = []
    for way in (piece, piece[::-1]):
        cost = metres[stations, way[0]] + metres[way[-1], after] - metres[stations, after]
        if not closed:
            cost[-1] = metres[stations[-1], way[0]]
        place = int(np.argmin(cost))
        found.append((float(cost[place]), [*rest[:place], *way, *rest[place:]]))
    return min(found)

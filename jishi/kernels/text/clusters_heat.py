"""How hot is a topic, and what state is it in? Senders count once, old ones fade, what is usual there does not burn.

Heat = senders weighted by a half-life of three days × distinct places × novelty. Only the number of senders is used;
who they are goes nowhere. Hours are those of the wall clock since 1970-01-01, so that a weekday is a weekday.
"""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from .clusters import APART_HOURS, LEAST_SENDERS, NEAR_M, Said

HALF_LIFE_HOURS = 72.0
HOT = 5.0  # warmth: so many senders of this hour, twice as many of three days ago
NEW = 1.5  # novelty
MOST_NEW = 8.0
COLD = 0.5  # warmth
_EARTH_M = 111_320.0
FORMING, BURNING, COOLING, SETTLED = "forming", "hot", "cooling", "settled"
RISING, STEADY, FALLING = "rising", "steady", "falling"


@dataclass(frozen=True, slots=True)
class Course:
    """How a topic stands at one hour. `novelty` None: nobody knows what is usual. `onset`: when it became hot."""

    state: str
    trend: str
    heat: float
    warmth: float
    places: int
    senders: int
    novelty: float | None
    peak: float
    peak_at: float
    onset: float | None
    first: float
    last: float


def course(
    reports: Sequence[Said], rows: Sequence[int], *, now: float, usual: Sequence[float] | None = None
) -> Course | None:
    """This will follow the reports `rows` up to the hour `now`; None where fewer than `LEAST_SENDERS` senders spoke.

    `usual`: how many reports of this matter and place a Monday, a Tuesday … brings; without it heat knows no novelty.
    """
    order = sorted((i for i in rows if reports[i].at_hours <= now), key=lambda i: (reports[i].at_hours, i))
    if not order:
        return None
    walk = _Walk(usual)
    peak, peak_at, onset, burnt = 0.0, 0.0, None, 0.0
    for i in order:
        walk.add(reports[i])
        warm = walk.warmth(reports[i].at_hours)
        heat = warm * walk.places * (walk.novelty(reports[i].at_hours) or 1.0)
        if heat > peak and len(walk.senders) >= LEAST_SENDERS:
            peak, peak_at = heat, reports[i].at_hours
        if onset is None and _burns(warm, walk.novelty(reports[i].at_hours)):
            onset = reports[i].at_hours
        burnt = max(burnt, warm)
    if len(walk.senders) < LEAST_SENDERS:
        return None
    warm, novelty, before = walk.warmth(now), walk.novelty(now), walk.warmth(now - 24.0)
    last = reports[order[-1]].at_hours
    return Course(
        _state(warm, novelty, burnt, onset is not None, now - last), _trend(warm, before),
        warm * walk.places * (novelty or 1.0), warm, walk.places, len(walk.senders), novelty,
        peak, peak_at, onset, reports[order[0]].at_hours, last,
    )  # fmt: skip


def _burns(warm: float, novelty: float | None) -> bool:
    return warm >= HOT and (novelty is None or novelty >= NEW)


def _state(warm: float, novelty: float | None, burnt: float, was_hot: bool, silent: float) -> str:  # noqa: FBT001
    if silent > APART_HOURS or warm < COLD:
        return SETTLED
    if _burns(warm, novelty) and warm >= burnt / 2:
        return BURNING
    return COOLING if was_hot else FORMING


def _trend(warm: float, before: float) -> str:
    if warm > 1.15 * before:
        return RISING
    return FALLING if warm < 0.85 * before else STEADY


class _Walk:
    """What is known of a topic after each of its reports."""

    def __init__(self, usual: Sequence[float] | None) -> None:
        self.senders: dict[str, list[float]] = {}
        self._usual = usual
        self._corners: list[tuple[float, float]] = []
        self._lately: deque[tuple[float, str]] = deque()

    def add(self, one: Said) -> None:
        # Copies of one text whose sender is not known count as one.
        who = one.sender or "=" + one.text
        self.senders.setdefault(who, []).append(one.at_hours)
        self._lately.append((one.at_hours, who))
        if one.lng == one.lng and not any(_near(one.lng, one.lat, *c) for c in self._corners):
            self._corners.append((one.lng, one.lat))

    @property
    def places(self) -> int:
        """Places more than `NEAR_M` from each other, in the order in which they were named; at least one."""
        return max(1, len(self._corners))

    def warmth(self, hour: float) -> float:
        """Each sender once, by his latest word of that hour."""
        latest = ([t for t in said if t <= hour] for said in self.senders.values())
        return sum(float(0.5 ** ((hour - said[-1]) / HALF_LIFE_HOURS)) for said in latest if said)

    def novelty(self, hour: float) -> float | None:
        """Senders of the last three days against what is usual of these weekdays, both plus one."""
        if self._usual is None:
            return None
        while self._lately and self._lately[0][0] <= hour - HALF_LIFE_HOURS:
            self._lately.popleft()
        seen = len({who for _, who in self._lately})
        days = [int((hour - 24.0 * back) // 24 + 3) % 7 for back in range(3)]
        return float(min(MOST_NEW, (seen + 1.0) / (sum(self._usual[d] for d in days) + 1.0)))


def _near(lng: float, lat: float, to_lng: float, to_lat: float) -> bool:
    east = (lng - to_lng) * _EARTH_M * np.cos(np.radians((lat + to_lat) / 2))
    return bool(np.hypot(east, (lat - to_lat) * _EARTH_M) <= NEAR_M)

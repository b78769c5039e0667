"""How often the broker answers: what a site in full use needs, and no more than a thief may have (T).

What one person asks for is counted against that person alone: who reloads a page or shows bad signatures takes nothing
from the others. Who is not on the list shares one place with all who are not.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

# (a minute, at once)
LIMITS: Mapping[str, tuple[float, float]] = {
    "wrap": (6000, 20000), "unwrap": (600, 2000), "mac": (120_000, 500_000), "sign": (60, 200),
    "wrap_own": (600, 5000), "challenge": (60, 200), "people": (60, 200), "signed": (20, 40), "destroy": (60, 1000),
    "refused": (60, 200),
}  # fmt: skip
Who = tuple[int, int]  # tenant, account


@dataclass
class Bucket:
    """So many at once, filled again by the minute."""

    a_minute: float
    most: float
    left: float
    at: float

    def take(self, now: float, count: float = 1) -> bool:
        """Take so many out, if they are there."""
        self.left = min(self.most, self.left + max(0.0, now - self.at) * self.a_minute / 60)
        self.at = now
        if self.left < count:
            return False
        self.left -= count
        return True


@dataclass
class Buckets:
    """One for each thing that is asked; for what persons ask, one each, as many as the list has persons."""

    limits: Mapping[str, tuple[float, float]]
    held: dict[tuple[str, Who | None], Bucket] = field(default_factory=dict)

    def take(self, name: str, now: float, count: float = 1, *, who: Who | None = None) -> bool:
        """Take so many of `name` out of the bucket of `who`; None: the one that all others share."""
        rate, most = self.limits[name]
        return self.held.setdefault((name, who), Bucket(rate, most, most, now)).take(now, count)

"""Is the clock to be trusted? What acts by itself on time waits while it is not; people's verbs go on (spec 90 §12).

Three signs: since this process began the clock moved more than 15 minutes against the machine's steady counter; it
and the database's differ by more than 5 minutes; it stands before a moment at which the worker has already worked.
A clock that is put right is trusted again by itself, unless the worker worked while it was ahead: what it noted then
lies in the future, and only a person can tell which of the two hours was wrong (`trust`). After a jump that was right
the system administrator starts the worker again.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from django.db import connection

JUMP, APART = 15 * 60.0, 5 * 60.0  # seconds
_SEEN = """
    SELECT extract(epoch FROM clock_timestamp())::float,
           (SELECT max(defer_timestamp) FROM procrastinate_periodic_defers)::float
"""


def _steady() -> float:
    return time.clock_gettime(getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC))


@dataclass
class Watch:
    """Remembers how clock and counter stood when the process began. `wall` and `steady` give seconds."""

    wall: Callable[[], float] = time.time
    steady: Callable[[], float] = _steady
    began: float = field(init=False)

    def __post_init__(self) -> None:
        self.began = self.wall() - self.steady()

    def moved(self) -> float:
        """Give how many seconds the clock was put forwards (or, negative, back) since the process began."""
        return self.wall() - self.steady() - self.began


watch = Watch()


def why_not(now: datetime) -> str:
    """Give why `now` is not to be trusted; empty: it is. One statement."""
    moved = watch.moved()
    if abs(moved) > JUMP:
        return f"the clock was moved by {moved:+.0f} s"
    with connection.cursor() as cursor:
        cursor.execute(_SEEN)
        database, worked = cursor.fetchone()
    if abs(now.timestamp() - database) > APART:
        return f"machine and database are {now.timestamp() - database:+.0f} s apart"
    if worked is not None and now.timestamp() < worked - APART:
        return f"the worker has worked {worked - now.timestamp():.0f} s later than now"
    return ""


def trust(now: datetime) -> int:
    """This will forget that the worker worked later than `now`: the system administrator says that `now` is right.

    Gives how many notes went. The worker must be started again: it remembers when each of its rounds is next.
    """
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM procrastinate_periodic_defers WHERE defer_timestamp > %s", [int(now.timestamp())])
        return int(cursor.rowcount)

"""CPU of one request, in the application and in the database's process that serves it, as the server is set up."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from benchmarks import measures
from benchmarks.run import Figure


def backend() -> Callable[[], float]:
    """Give what reads the seconds of CPU of the database's process that works for us."""
    from django.db import connection

    connection.ensure_connection()
    own = Path(f"/proc/{connection.connection.info.backend_pid}/schedstat")
    return lambda: int(own.read_text().split()[0]) / 1e9


def cpu() -> list[Figure]:
    """Measure CPU of application and database backend per request, 200 requests each, and what a create costs before
    anything is looked at: the same middlewares, key and shape, one row taken and filled."""
    measures.remembered(2000)
    goals = {"create": 12, "API list of 50": 20, "desk page of 50": 50}
    from config import warming

    warming.settle()  # as the server does
    out = []
    for name, door in measures.DOORS.items():
        each, told = _spent(door)
        out.append(Figure(f"CPU per {name} (application + database)", told, f"≤ {goals[name]} ms", each <= goals[name]))
    with _nothing_received():
        told = _spent(measures.create)[1]
        out.insert(1, Figure("   of it before anything is looked at or stored but its key", told, "", None))
    return out


def _spent(door: Callable[[], Any], times: int = 200) -> tuple[float, str]:
    for _ in range(20):
        door()
    database = backend()
    app, base = time.process_time(), database()
    for _ in range(times):
        door()
    app, base = time.process_time() - app, database() - base
    each = (app + base) * 1000 / times
    return each, f"{each:.1f} ms ({app * 1000 / times:.1f} + {base * 1000 / times:.1f})"


@contextmanager
def _nothing_received() -> Iterator[None]:
    """Let the door for reports take nothing in: what is left is what it costs to stand before it."""
    from jishi.cases.rest import moves

    taken = moves._receive
    moves._receive = lambda request, payload, now, slot: slot.fill({"number": "R0"}) or ""
    try:
        yield
    finally:
        moves._receive = taken


ALL: dict[str, Callable[[], list[Figure]]] = {"cpu": cpu}

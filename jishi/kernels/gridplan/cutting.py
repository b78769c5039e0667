"""Units that are heavier than a grid may be, cut into pieces that touch each other and all their neighbours.

For data without the inside of a block (spec 21 §13): the pieces stand at the same point, their households differ by
one at most. The planner itself never cuts a unit: a building is one place.
"""

import numpy as np

from .values import Array, Edges, Ints, Units


def cut_heavy(units: Units, edges: Edges, *, above: float, target: float) -> tuple[Units, Edges, Ints]:
    """This will give units and edges in which each unit above `above` is ⌈households ÷ target⌉ pieces, and the row
    that each piece is of. Ids of the result are its row numbers."""
    w = np.asarray(units.households, dtype=np.int64)
    times = np.where(w > above, np.ceil(w / target), 1).astype(np.int64)
    of = np.repeat(np.arange(len(w)), times)
    first = np.cumsum(times) - times
    nth = np.arange(len(of)) - first[of]
    share = w[of] // times[of] + (nth < w[of] % times[of])
    area = None if units.area is None else np.asarray(units.area)[of] / times[of]
    cut = Units(np.arange(len(of)), np.asarray(units.x)[of], np.asarray(units.y)[of], share, area)
    return cut, _pieced(edges, times, first), of


def _pieced(edges: Edges, times: Ints, first: Ints) -> Edges:
    u, v = np.asarray(edges.u, dtype=np.int64), np.asarray(edges.v, dtype=np.int64)
    pairs = times[u] * times[v]
    edge = np.repeat(np.arange(len(u)), pairs)
    nth = np.arange(len(edge)) - (np.cumsum(pairs) - pairs)[edge]
    a, b = first[u[edge]] + nth // times[v[edge]], first[v[edge]] + nth % times[v[edge]]
    border = np.asarray(edges.border, dtype=np.float64)[edge] / pairs[edge]
    inner = [(first[i] + p, first[i] + q, _width(edges, i)) for i in np.flatnonzero(times > 1).tolist()
             for p in range(times[i]) for q in range(p + 1, times[i])]  # fmt: skip
    barrier: Array = np.zeros(len(u), np.int64) if edges.barrier is None else np.asarray(edges.barrier)
    more = np.array(inner, dtype=np.float64).reshape(-1, 3)
    return Edges(
        np.concatenate([a, more[:, 0].astype(np.int64)]), np.concatenate([b, more[:, 1].astype(np.int64)]),
        np.concatenate([border, more[:, 2]]), np.concatenate([barrier[edge], np.zeros(len(more), np.int64)]),
    )  # fmt: skip


def _width(edges: Edges, row: int) -> float:
    """A cut goes through about a quarter of what surrounds the unit."""
    around = np.asarray(edges.border)[(np.asarray(edges.u) == row) | (np.asarray(edges.v) == row)]
    return max(float(around.sum()) / 4.0, 1.0)

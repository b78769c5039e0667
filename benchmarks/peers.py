"""What others make of the same graph: METIS, KaHIP, GerryChain. None of them is needed; what is absent is not run.

Judged alike: household-weighted rms distance to the grid's centre, share of border length cut, worst deviation,
grids in several pieces. None of them takes a band with a promise, so none of their divisions counts as a plan.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from importlib import metadata
from typing import Any

import numpy as np

from jishi.kernels import gridplan as planner


@dataclass(frozen=True)
class Peer:
    """One division by somebody else: seconds by the wall and by the processor, rms metres, share of border cut, worst
    deviation, broken grids."""

    name: str
    version: str
    seconds: float = 0.0
    cpu: float = 0.0
    rms: float = 0.0
    cut: float = 0.0
    deviation: float = 0.0
    broken: int = 0

    def told(self) -> str:
        """Say it in one line."""
        return (f"{self.seconds:.2f} s (cpu {self.cpu:.2f}), rms {self.rms:.0f} m, cut {self.cut:.3f}, "
                f"worst {self.deviation:.0%}, broken {self.broken} ({self.version})")  # fmt: skip


Graph = tuple[Any, Any, Any, Any]


def installed(name: str) -> str:
    """Give the version of a peer, empty if it is not there."""
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return ""


def all_of(units: planner.Units, edges: planner.Edges, k: int) -> list[Peer]:
    """This will divide by METIS (k-way contiguous, recursive) and KaHIP (eco) where they are installed."""
    graph = _graph(units, edges)
    found = []
    if version := installed("pymetis"):
        for name, how in (("METIS k-way contiguous", {"contiguous": True, "recursive": False}),
                          ("METIS recursive", {"recursive": True})):  # fmt: skip
            found.append(_judged(name, version, partial(_metis, graph, k, how), units, edges, k))
    if version := installed("kahip"):
        found.append(_judged("KaHIP eco", version, partial(_kahip, graph, k), units, edges, k))
    return found


def _graph(units: planner.Units, edges: planner.Edges) -> Graph:
    n = len(units.id)
    ends, others = np.concatenate([edges.u, edges.v]), np.concatenate([edges.v, edges.u])
    order = np.lexsort((others, ends))
    weight = np.maximum(np.rint(np.concatenate([edges.border, edges.border])[order]), 1).astype(int)
    pointer = np.searchsorted(ends[order], np.arange(n + 1))
    return pointer.tolist(), others[order].tolist(), weight.tolist(), units.households.astype(int).tolist()


def _metis(graph: Graph, k: int, how: dict[str, bool]) -> Any:
    import pymetis

    pointer, near, border, homes = graph
    return pymetis.part_graph(k, xadj=pointer, adjncy=near, vweights=homes, eweights=border, **how)[1]


def _kahip(graph: Graph, k: int) -> Any:
    import kahip

    pointer, near, border, homes = graph
    return kahip.kaffpa(homes, pointer, border, near, k, 0.10, True, 1, 1)[1]  # 1: eco


def _judged(
    name: str, version: str, run: Callable[[], Any], units: planner.Units, edges: planner.Edges, k: int
) -> Peer:
    begun, worked = time.perf_counter(), time.process_time()
    grid = np.asarray(run())
    seconds, cpu = time.perf_counter() - begun, time.process_time() - worked
    w = units.households.astype(float)
    homes = np.bincount(grid, w, k)
    centre = [np.bincount(grid, w * a, k) / np.maximum(homes, 1e-9) for a in (units.x, units.y)]
    far = (units.x - centre[0][grid]) ** 2 + (units.y - centre[1][grid]) ** 2
    border = np.asarray(edges.border)
    apart = grid[edges.u] != grid[edges.v]
    return Peer(name, version, seconds, cpu, float(np.sqrt((w * far).sum() / w.sum())),
                float(border[apart].sum() / border.sum()), float(abs(homes / (w.sum() / k) - 1).max()),
                _broken(grid, edges, apart))  # fmt: skip


def _broken(grid: Any, edges: planner.Edges, apart: Any) -> int:
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    u, v = edges.u[~apart], edges.v[~apart]
    links = coo_array((np.ones(len(u), np.int8), (u, v)), shape=(len(grid), len(grid)))
    _, first = np.unique(connected_components(links, directed=False)[1], return_index=True)
    return int((np.bincount(grid[first]) > 1).sum())


def gerrychain(units: planner.Units, edges: planner.Edges, k: int, wide: float) -> tuple[float, float]:
    """This will give the seconds, by the wall and by the processor, until GerryChain's tree has its first plan within
    ± `wide`, recursively cut."""
    import random

    import networkx
    from gerrychain import Graph
    from gerrychain.partition import recursive_tree_part

    graph = networkx.Graph()
    for i, homes in enumerate(units.households.tolist()):
        graph.add_node(i, pop=homes)
    graph.add_edges_from(zip(edges.u.tolist(), edges.v.tolist(), strict=True))
    random.seed(1)
    mean = float(units.households.sum()) / k
    begun, worked = time.perf_counter(), time.process_time()
    recursive_tree_part(Graph.from_networkx(graph), range(k), mean, "pop", wide)
    return time.perf_counter() - begun, time.process_time() - worked

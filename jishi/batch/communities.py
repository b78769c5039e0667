"""A town's communities planned one by one: each is a task of its own, and its plan an answer (spec 21 §10).

A border between communities that no grid may cross makes pieces that know nothing of each other, so each is given to
the planner by itself. A task holds its units in the order of their ids and its edges in the order of their ends: the
same community is the same bytes, whatever stands around it in the table.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from jishi.kernels import gridplan
from jishi.kernels.gridplan.refusals import AtomAcrossCommunity, BadInput, EdgeToNowhere

from .values import Task

NOBODYS = "-"  # units of no community


@dataclass(frozen=True, eq=False)
class Town:
    """Units and neighbours of many communities. `community` (n,) row numbers of `names`, −1 none; `atoms` (n,) codes of
    compounds, −1 alone; `previous` (n,) grids in force, −1 new."""

    units: gridplan.Units
    edges: gridplan.Edges
    community: gridplan.values.Ints
    names: Sequence[str]
    atoms: gridplan.values.Ints | None = None
    previous: gridplan.values.Ints | None = None


@dataclass(frozen=True)
class Rules:
    """What every community is planned by; `price` of a change counts where a plan is in force."""

    band: gridplan.Band = gridplan.Band(300, 500)
    compounds: str = "whole"
    cap: int | None = None
    max_walk_m: float | None = None
    exempt: gridplan.Exempt = gridplan.Exempt()
    effort: float = 30.0
    seed: int = 0
    price: float = 10.0


def tasks(town: Town, rules: Rules) -> Iterator[Task]:
    """This will give one task per community, in the order of their names, those of no community last.

    :raises EdgeToNowhere, AtomAcrossCommunity: what only the whole town shows; each community's own is in its answer.
    """
    n = len(town.units.id)
    ends = np.stack([np.asarray(town.edges.u), np.asarray(town.edges.v)]).astype(np.int64)
    community = np.asarray(town.community, dtype=np.int64)
    _check(town, rules, ends, community)
    order = np.lexsort((np.asarray(town.units.id).astype(str), community))  # communities together, ids in order
    inside = np.flatnonzero(community[ends[0]] == community[ends[1]])
    inside = inside[np.argsort(community[ends[0, inside]], kind="stable")]
    place = np.empty(n, np.int64)
    place[order] = np.arange(n)
    told = json.loads(json.dumps(asdict(rules)))
    codes = np.unique(community)
    for code in sorted(codes.tolist(), key=lambda c: (c < 0, town.names[c] if c >= 0 else "")):
        first, last = np.searchsorted(community[order], [code, code + 1])
        begin, end = np.searchsorted(community[ends[0, inside]], [code, code + 1])
        rows, links = order[first:last], inside[begin:end]
        page = {"rules": told, **_units(town, rows), **_edges(town.edges, place[ends[:, links]] - first, links)}
        yield Task(town.names[code] if code >= 0 else NOBODYS, _bytes(page))


def _check(town: Town, rules: Rules, ends: Any, community: Any) -> None:
    nowhere = np.flatnonzero(((ends < 0) | (ends >= len(town.units.id))).any(axis=0))
    if len(nowhere):
        raise EdgeToNowhere(count=len(nowhere), first=nowhere[:20].tolist())
    if town.atoms is None or rules.compounds == "free":
        return
    atoms = np.asarray(town.atoms, dtype=np.int64)
    atom, times = np.unique(np.unique(np.stack([atoms, community])[:, atoms >= 0], axis=1)[0], return_counts=True)
    if (times > 1).any():
        raise AtomAcrossCommunity(count=int((times > 1).sum()), first=atom[times > 1][:20].tolist())


def plan(given: bytes) -> bytes:
    """This will plan one community: status, grid of each unit, sheets, faults, certificates, relaxations, as JSON.

    Units in certificates, faults and relaxations are places in `id`; `kept` are the grids in force that go on.

    What the planner refuses is an answer too (status `refused`, with its code): asking again would not change it.
    """
    page = json.loads(given)
    try:
        made = _planned(page)
    except BadInput as no:
        return _bytes({"status": "refused", "code": no.code, "says": str(no)})
    return _bytes({
        "status": made.status, "id": page["id"], "grid": made.assignment.tolist(), "moves": len(made.moves),
        "kept": sorted(set(made.assignment.tolist()) & set(page.get("previous", ()))),
        "households": sum(s.households for s in made.grids),
        "grids": [asdict(s) for s in made.grids], "faults": [asdict(f) for f in made.faults],
        "exemptions": [asdict(e) for e in made.exemptions],
        "certificates": [{"kind": c.kind, "units": c.units, "households": c.households, "sentence": c.sentence,
                          "solver_proof": c.solver_proof} for c in made.certificates],
        "relaxations": [asdict(r) for r in made.relaxations], "metrics": dict(made.metrics),
        "bound": made.bound, "input": made.used.get("input", ""),
    })  # fmt: skip


def _planned(page: dict[str, Any]) -> gridplan.Plan:
    rules = page["rules"]
    units = gridplan.Units(
        np.array(page["id"], dtype=str), _doubles(page["x"]), _doubles(page["y"]), _doubles(page["households"]),
        _doubles(page.get("area")),
    )  # fmt: skip
    edges = gridplan.Edges(_ints(page["u"]), _ints(page["v"]), _doubles(page["border"]), _ints(page.get("barrier")))
    fields: dict[str, Any] = {
        "band": gridplan.Band(**rules["band"]), "compounds": rules["compounds"], "cap": rules["cap"],
        "max_walk_m": rules["max_walk_m"], "exempt": gridplan.Exempt(**rules["exempt"]),
        "atoms": _ints(page.get("atoms")),
    }  # fmt: skip
    how: dict[str, Any] = {"effort": rules["effort"], "seed": rules["seed"], "threads": 1}
    if max(page.get("previous", ()), default=-1) < 0:
        return gridplan.plan_grids(units, edges, **fields, **how)
    problem = gridplan.Problem(units, edges, previous=_ints(page["previous"]), **fields)
    return gridplan.replan(problem, price=rules["price"], **how)


# --- one form for one content ------------------------------------------------------------------------------------


def _units(town: Town, rows: Any) -> dict[str, Any]:
    units = town.units
    told = {"id": np.asarray(units.id)[rows].astype(str).tolist()}
    columns = {"x": units.x, "y": units.y, "households": units.households, "area": units.area}
    told |= {k: np.asarray(v, dtype=np.float64)[rows].tolist() for k, v in columns.items() if v is not None}
    if town.atoms is not None:  # numbered anew: a compound of another community changes no code here
        codes = np.asarray(town.atoms, dtype=np.int64)[rows]
        known, number = np.unique(codes, return_inverse=True)
        told["atoms"] = np.where(codes < 0, -1, number - int((known < 0).sum())).tolist()
    if town.previous is not None:
        told["previous"] = np.asarray(town.previous, dtype=np.int64)[rows].tolist()
    return told


def _edges(edges: gridplan.Edges, ends: Any, links: Any) -> dict[str, Any]:
    u, v = ends.min(axis=0), ends.max(axis=0)
    border = np.asarray(edges.border, dtype=np.float64)[links]
    barrier = None if edges.barrier is None else np.asarray(edges.barrier, dtype=np.int64)[links]
    by = np.lexsort((border, v, u))
    told = {"u": u[by].tolist(), "v": v[by].tolist(), "border": border[by].tolist()}
    return told if barrier is None else {**told, "barrier": barrier[by].tolist()}


def _ints(values: Any) -> Any:
    return None if values is None else np.array(values, dtype=np.int64)


def _doubles(values: Any) -> Any:
    return None if values is None else np.array(values, dtype=np.float64)


def _bytes(page: dict[str, Any]) -> bytes:
    return json.dumps(page, ensure_ascii=False, sort_keys=True, separators=(",", ":"), default=_plain).encode()


def _plain(value: Any) -> Any:
    """Give numpy's numbers and arrays as Python's."""
    return value.tolist() if isinstance(value, np.ndarray | np.generic) else str(value)

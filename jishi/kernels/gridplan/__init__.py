"""Divide the ground into grids that keep the rules, or prove that nobody can (spec 21)."""

from .asking import Desk, compare, explain, sheet, what_if
from .auditing import audit
from .building import Barrier, Crossing, Graph, Points, build_graph
from .cutting import cut_heavy
from .planning import plan_grids
from .proving import confirms
from .replanning import lower_bound, replan
from .reporting import sheets
from .values import (
    Band,
    Certificate,
    Edges,
    Exempt,
    Exemption,
    Fault,
    Move,
    Pins,
    Plan,
    Problem,
    Relaxation,
    Sheet,
    Soft,
    Units,
    Walk,
    Weights,
)
from .walking import walk_between, walked_by

__all__ = [
    "Band", "Certificate", "Edges", "Exempt", "Exemption", "Fault", "Move", "Pins", "Plan", "Problem", "Relaxation",
    "Sheet", "Soft", "Units", "Walk", "Weights",
    "Barrier", "Crossing", "Graph", "Points", "build_graph",
    "Desk", "audit", "compare", "confirms", "cut_heavy", "explain", "lower_bound", "plan_grids",
    "replan", "sheet", "sheets", "walk_between", "walked_by", "what_if",
]  # fmt: skip

"""Divide the ground into grids that keep the rules, or prove that nobody can (spec 21)."""

from .auditing import audit
from .cutting import cut_heavy
from .planning import plan_grids
from .proving import confirms
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
    Weights,
)

__all__ = [
    "Band", "Certificate", "Edges", "Exempt", "Exemption", "Fault", "Move", "Pins", "Plan", "Problem", "Relaxation",
    "Sheet", "Soft", "Units", "Weights", "audit", "confirms", "cut_heavy", "plan_grids",
]  # fmt: skip

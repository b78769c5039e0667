"""Divide the ground into grids that keep the rules, or prove that nobody can (spec 21)."""

from .auditing import audit
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
)  # fmt: skip

__all__ = [
    "Band", "Certificate", "Edges", "Exempt", "Exemption", "Fault", "Move", "Pins", "Plan", "Problem", "Relaxation",
    "Sheet", "Soft", "Units", "Weights", "audit",
]  # fmt: skip
